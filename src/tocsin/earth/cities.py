"""Who lives where: the cities of 15,000 people and more in each first-level area.

`make setup` builds the data (tools/cities.py; GeoNames, CC BY 4.0). It serves what officers read beside a
draft; no text to the public and no decision rests on it, so records do not name it.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from tocsin.errors import UserError


class City(NamedTuple):
    """A city, its people as GeoNames counts them, and the ISO 3166-2 area that it belongs to."""

    name: str
    lat_deg: float
    lon_deg: float
    people: int
    area: str


@lru_cache(maxsize=1)
def load_cities() -> Mapping[str, tuple[City, ...]]:
    """Cities by area, the largest first; UserError when the data is missing or damaged."""
    return read_cities(resources.files("tocsin") / "data" / "built" / "cities.json")


def read_cities(source: Traversable) -> Mapping[str, tuple[City, ...]]:
    """The cities of a built file: rows [name, latitude, longitude, people, area]."""
    try:
        rows = [_city(row) for row in json.loads(source.read_bytes())["cities"]]
    except OSError as failure:
        raise UserError(
            f"the cities are not built ({source.name} is missing)", fix="run make setup"
        ) from failure
    except (ValueError, KeyError, TypeError) as failure:
        raise UserError(
            f"the cities' data is damaged ({source.name}: {failure})", fix="run make setup"
        ) from failure
    found: dict[str, list[City]] = {}
    for city in sorted(rows, key=lambda city: (city.area, -city.people, city.name)):
        found.setdefault(city.area, []).append(city)
    return {area: tuple(some) for area, some in found.items()}


def people_in(area: str) -> int:
    """People in the cities of an area: a floor of how many live there, 0 for a sea area."""
    return sum(city.people for city in load_cities().get(area, ()))


def _city(row: list[str | float]) -> City:
    name, lat_deg, lon_deg, people, area = row
    return City(str(name), float(lat_deg), float(lon_deg), int(people), str(area))
