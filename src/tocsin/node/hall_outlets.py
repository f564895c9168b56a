"""Public outlets of a hall: what a released warning is carried by, and what a failed one says."""

import sys
from collections.abc import Iterator

from tocsin.earth.places import load_areas
from tocsin.model.label import Plane
from tocsin.node.config import NodeConfig
from tocsin.node.hall_words import OutletReceipt, Told
from tocsin.outlet.file import FileOutlet, OutletError

FILE = "file"


class Outlets:
    """All outlets that this node's configuration switches on; today the CAP file outlet."""

    def __init__(self, config: NodeConfig) -> None:
        self._file = _file_outlet(config)

    def carry(self, told: Told) -> Iterator[OutletReceipt]:
        """Receipts of every outlet that carried it. An outlet that fails is said aloud and tried again by
        nobody silently: the missing receipt stands in the record.
        """
        if told.event != "released" or self._file is None:
            return
        warning = told.draft.warning
        try:
            receipt = self._file.carry(warning)
        except OutletError as failure:
            print(f"OUTLET FAILED {warning.id}-{warning.serial}: {failure}", file=sys.stderr, flush=True)
            return
        yield OutletReceipt(FILE, told.draft.id, warning.serial, str(receipt.path.name))


def _file_outlet(config: NodeConfig) -> FileOutlet | None:
    """Open unless the plane is REAL and no authority file is named: then nothing reaches the public, said
    aloud.
    """
    if config.plane is Plane.REAL and config.authority is None:
        print(
            "outlets are shut: plane REAL and no authority file in the configuration",
            file=sys.stderr,
            flush=True,
        )
        return None
    areas = load_areas()
    return FileOutlet(
        config.outlets_dir,
        config.plane,
        {area.iso: area.polygon for area in areas},
        {area.iso: area.names for area in areas},
        config.root / config.authority if config.authority else None,
    )
