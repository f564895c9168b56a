"""The page's files: ours (static/) and what `make setup` built (land, areas, modules), read once into memory.

A fixed table of names, so there is no path to walk out of.
"""

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from tocsin.errors import UserError

BUILT: Final = {
    "data/land-110m.json": "land-110m.json",
    "data/land-50m.json": "land-50m.json",
    "data/areas.json": "areas.json",
    "data/sea_areas.json": "sea_areas.json",
    "vendor/d3-geo.js": "vendor/d3-geo.js",
}
"""Name on the page -> name under the package's data/built."""

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One file of the page."""

    data: bytes
    media_type: str


def load_assets(built: Traversable | None = None) -> dict[str, Asset]:
    """Every file by its name on the page. UserError when what `make setup` puts into `built` is missing."""
    built = built or resources.files("tocsin") / "data" / "built"
    found = {name: _asset(name, _read_built(built, place)) for name, place in BUILT.items()}
    _collect(resources.files("tocsin.page") / "static", "", found)
    return found


def _collect(folder: Traversable, prefix: str, found: dict[str, Asset]) -> None:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = prefix + entry.name
        if entry.is_dir():
            _collect(entry, name + "/", found)
        elif _suffix(name) in MEDIA_TYPES:
            found[name] = _asset(name, entry.read_bytes())


def _read_built(built: Traversable, place: str) -> bytes:
    try:
        return built.joinpath(*place.split("/")).read_bytes()
    except OSError as failure:
        raise UserError(
            f"the page's map data is not built ({place} is missing)", fix="run make setup"
        ) from failure


def _asset(name: str, data: bytes) -> Asset:
    return Asset(data, MEDIA_TYPES[_suffix(name)])


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]
