"""Sea areas around the three nations, in which ships and aircraft are warned; and all areas together.

Our own coarse outlines (src/tocsin/data/sea_areas.toml, docs/adr/0030), land cut out by tools/seas.py when
`make setup` builds the map data. Land alerts never reach into them: `places.load_areas` is land alone.
"""

from functools import lru_cache
from importlib import resources

from tocsin.earth.places import Area, load_areas, read_areas


@lru_cache(maxsize=1)
def load_sea_areas() -> tuple[Area, ...]:
    """All sea areas, ordered by code; UserError when the map data is missing or damaged."""
    return read_areas(resources.files("tocsin") / "data" / "built" / "sea_areas.json")


@lru_cache(maxsize=1)
def all_areas() -> tuple[Area, ...]:
    """Land and sea, ordered by code: whatever a message can name."""
    return tuple(sorted((*load_areas(), *load_sea_areas()), key=lambda area: area.iso))
