"""Cities and their people against censuses: close enough for an officer to see how many live in an area."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cities import Place, cities
from tocsin.earth.cities import load_cities, people_in, read_cities
from tocsin.errors import UserError

# Censuses of 2020, people in thousands (Statistics Bureau of Japan; Statistics Korea; US Census Bureau).
CENSUS = {
    "JP-01": 5_225, "JP-02": 1_238, "JP-04": 2_302, "JP-13": 14_048, "JP-27": 8_838, "JP-47": 1_467,
    "KR-11": 9_586, "KR-26": 3_349, "KR-28": 2_945, "KR-29": 1_478, "KR-50": 354,
    "US-AK": 733, "US-CA": 39_538, "US-DC": 690, "US-GU": 154, "US-HI": 1_455, "US-NY": 20_201,
}  # fmt: skip
# Small towns are left out, so that thinly settled areas count less; some counts are older or newer.
LEAST, MOST = 0.5, 1.26


@pytest.mark.parametrize("area", sorted(CENSUS))
def test_an_areas_cities_hold_most_of_its_people(area: str) -> None:
    assert LEAST < people_in(area) / (CENSUS[area] * 1e3) < MOST


def test_every_area_has_a_city_and_seas_have_none() -> None:
    from tocsin.earth.places import load_areas

    assert set(load_cities()) == {area.iso for area in load_areas()}
    assert people_in("JP-SEA-1") == 0


@pytest.mark.parametrize(
    ("name", "area"), [("Gwangju", "KR-29"), ("Busan", "KR-26"), ("Sejong", "KR-50"), ("Aomori", "JP-02")]
)
def test_cities_that_a_coarse_outline_misses_are_in_their_own_area(name: str, area: str) -> None:
    assert name in [city.name for city in load_cities()[area]]


def test_wards_of_a_city_are_not_counted_beside_it() -> None:
    assert "Setagaya" not in [city.name for city in load_cities()["JP-13"]]
    assert "Brooklyn" not in [city.name for city in load_cities()["US-NY"]]
    assert "Hachiōji" in [city.name for city in load_cities()["JP-13"]]


def test_source_without_a_known_city_is_refused(root: Path) -> None:
    land = json.loads((root / "src/tocsin/data/built/areas.json").read_text("utf-8"))["features"]
    with pytest.raises(ValueError, match="has no Tokyo"):
        cities([Place("Sapporo", 43.07, 141.35, 1_973_832, ("JP", "12"))], land)


def test_missing_and_damaged_data_are_told(tmp_path: Path) -> None:
    file = tmp_path / "cities.json"
    with pytest.raises(UserError, match="not built"):
        read_cities(file)
    file.write_text('{"cities": [["Aomori", 40.8]]}')
    with pytest.raises(UserError, match="damaged"):
        read_cities(file)
