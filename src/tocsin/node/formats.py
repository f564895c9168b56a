"""The input formats of this installation: those of `tocsin.sense` and those that installed packages bring."""

from collections.abc import Sequence
from datetime import date
from importlib.metadata import entry_points

from tocsin.errors import UserError
from tocsin.model.label import Plane
from tocsin.model.sensor import Sensor
from tocsin.sense.format import FORMATS, Decoder, Factory

ENTRY_POINT_GROUP = "tocsin.decoders"


def formats() -> dict[str, Factory]:
    """Name -> factory. A plug-in never replaces a format of ours. UserError for one that does not load."""
    found: dict[str, Factory] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            found[point.name] = point.load()
        except (ImportError, AttributeError) as error:
            raise UserError(
                f"the decoder plug-in {point.name!r} does not load: {error}",
                fix=f"repair or uninstall the package that brings {point.value}",
            ) from error
    return found | FORMATS


def make_decoder(
    name: str,
    sensors: Sequence[Sensor],
    date: date | None = None,
    plane: Plane | None = None,
    *,
    accept_unknown: bool = False,
) -> Decoder:
    """A decoder of format `name`; UserError with the known names for an unknown one."""
    known = formats()
    if name not in known:
        raise UserError(f"no input format is called {name!r}", fix=f"give one of {', '.join(sorted(known))}")
    return known[name](sensors, date, plane, accept_unknown=accept_unknown)
