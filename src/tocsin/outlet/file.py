"""The file outlet: a released warning becomes `cap/<id>-<serial>.xml`, whole or not at all, once.

Carrying the same message again changes nothing and gives the same receipt; another text under the same name
is refused.
"""

import asyncio
from pathlib import Path
from typing import Final

from tocsin.outlet.contract import Message, OutletRefusedError, Receipt
from tocsin.outlet.disk import sync_folder, told, write_whole

FOLDER: Final = "cap"


class FileOutlet:
    """Writes CAP files below a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder / FOLDER

    async def carry(self, message: Message) -> Receipt:
        """See Outlet. The disk is waited for in a thread of its own."""
        return await asyncio.to_thread(self._write, message)

    def _write(self, message: Message) -> Receipt:
        path = self._folder / f"{message.name}.xml"
        repeated = keep(path, message.xml)
        return Receipt(path.name, repeated)


def keep(path: Path, data: bytes) -> bool:
    """Write a file that must never change; True when it had been there with the same bytes."""
    with told(path):
        if path.exists():
            if path.read_bytes() != data:
                raise OutletRefusedError(f"{path} holds another text of the same message; it is not replaced")
            sync_folder(path.parent)
            return True
    write_whole(path, data)
    return False
