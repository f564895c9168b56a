"""ASTERIX data blocks for tests, encoded by libasterix from given values, and sensors to hear them."""

from typing import Any

from asterix import generated as tables

from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind

SAC, SIC = 25, 201
SOURCE = (("SAC", SAC), ("SIC", SIC))
SPECS = {
    21: tables.Cat_021_2_7,
    34: tables.Cat_034_1_29,
    48: tables.Cat_048_1_32,
    62: tables.Cat_062_1_21,
    65: tables.Cat_065_1_6,
}
LABEL = Label(Plane.EXERCISE, frozenset({Nation.JPN}), frozenset())


def block(category: int, *records: dict[str, Any]) -> bytes:
    """One data block of records given as libasterix's item values."""
    spec: Any = SPECS[category]
    return bytes(spec.create([spec.cv_record.create(record) for record in records]).unparse().to_bytes())


def radar_record(tod_s: float = 43_200.0, **items: Any) -> dict[str, Any]:
    """CAT048: range 100 NM, azimuth 45 degrees, flight level 330, unless `items` (`i040=`) say otherwise."""
    base = {
        "010": SOURCE,
        "140": (tod_s, "s"),
        "020": (0,),  # groups of an extended item, seven bits each
        "040": (("RHO", (100.0, "NM")), ("THETA", (45.0, "°"))),
        "090": (("V", 0), ("G", 0), ("FL", (330.0, "FL"))),
    }
    return base | {key.removeprefix("i"): value for key, value in items.items()}


def track_record(tod_s: float = 43_200.0, **items: Any) -> dict[str, Any]:
    """CAT062 at 35 N, 135 E, moving."""
    base = {
        "010": SOURCE,
        "070": (tod_s, "s"),
        "105": (("LAT", (35.0, "°")), ("LON", (135.0, "°"))),
        "185": (("VX", (-100.0, "m/s")), ("VY", (200.0, "m/s"))),
        "040": 7,
        "080": (0,),
        "130": (35_000.0, "ft"),
    }
    return base | {key.removeprefix("i"): value for key, value in items.items()}


def adsb_record(tod_s: float = 43_200.0, **items: Any) -> dict[str, Any]:
    """CAT021 at 36.5 N, 127.25 E, flight level 350, address ABCDEF."""
    base = {
        "010": SOURCE,
        "073": (tod_s, "s"),
        "131": (("LAT", (36.5, "°")), ("LON", (127.25, "°"))),
        "145": (350.0, "FL"),
        "080": 0xABCDEF,
    }
    return base | {key.removeprefix("i"): value for key, value in items.items()}


def sensor(
    name: str = "JPN-ATC", kind: SensorKind = SensorKind.RADAR, sac: int | None = SAC, sic: int | None = SIC
) -> Sensor:
    """A registry entry."""
    return Sensor(name, Nation.JPN, kind, SensorErrors(), LABEL, sac=sac, sic=sic)
