"""The eight launches that three governments documented (documented_launches.csv): what is flown again takes
the time that was published, within the bracket of its arc, and is of the class that was reported. The one of
14 January 2024 glided: its speed would have carried it farther than Japan's 500 km.
"""

from typing import NamedTuple

import numpy as np
import pytest

from tocsin.assess.kind import arc_of
from tocsin.earth.constants import WGS84_A_M, WGS84_GM_M3_S2
from tocsin.model.event import ArcShape, RangeBand
from tocsin.sim.boost import site
from tocsin.sim.solve import Published, fly_program, likely_azimuth_of, solve, workable_boost

MINUTE_S = 60.0


class Launch(NamedTuple):
    """As published: place, azimuth, apogee and range (km), flight time (s) and to what it is rounded (s)."""

    day: str
    published: Published
    flight_s: float | None
    rounded_s: float
    band: RangeBand
    shape: ArcShape


def launch(
    day: str,
    place: tuple[float, float, float],
    arc_km: tuple[float, float],
    flight: tuple[float | None, float],
    band: RangeBand,
    shape: ArcShape,
) -> Launch:
    return Launch(day, Published(*place, 1e3 * arc_km[0], 1e3 * arc_km[1]), *flight, band, shape)


LONG, LOFTED = RangeBand.INTERCONTINENTAL, ArcShape.LOFTED
LAUNCHES = (
    launch("2017-11-29", (39.282, 125.869, 76.0), (4_475.0, 950.0), (53 * 60.0, MINUTE_S), LONG, LOFTED),
    launch("2022-03-24", (39.200, 125.673, 72.0), (6_248.5, 1_090.0), (71 * 60.0, MINUTE_S), LONG, LOFTED),
    launch(
        "2022-10-04", (40.611, 126.426, 80.0), (970.0, 4_500.0), (22 * 60.0, MINUTE_S),
        RangeBand.INTERMEDIATE, ArcShape.NORMAL,
    ),
    launch(
        "2022-11-03", (39.203, 125.709, 90.0), (1_920.0, 760.0), (None, 0.0), RangeBand.INTERMEDIATE, LOFTED
    ),
    launch("2022-11-18", (39.200, 125.673, 70.0), (6_100.0, 1_000.0), (69 * 60.0, MINUTE_S), LONG, LOFTED),
    launch("2023-04-13", (39.112, 125.998, 63.0), (3_000.0, 1_000.0), (None, 0.0), LONG, LOFTED),
    launch("2023-12-18", (39.127, 125.965, 61.0), (6_518.2, 1_002.3), (4_415.0, 1.0), LONG, LOFTED),
    launch(
        "2024-01-14", (39.112, 125.998, 64.0), (50.0, 500.0), (None, 0.0),
        RangeBand.MEDIUM, ArcShape.DEPRESSED,
    ),
)  # fmt: skip


def unpowered_s(apogee_m: float, range_m: float) -> float:
    """Flight time of the Kepler arc from the ground to the ground with this apogee and range: the bracket's
    lower end. Half the range's angle h: r = p / (1 - e cos(h)) at the surface, apogee p / (1 - e).
    """
    half, crest_m = 0.5 * range_m / WGS84_A_M, WGS84_A_M + apogee_m
    e = apogee_m / (crest_m - WGS84_A_M * np.cos(half))
    axis = crest_m / (1.0 + e)
    eccentric = 2.0 * np.arctan(np.sqrt((1.0 - e) / (1.0 + e)) * np.tan(0.5 * (np.pi - half)))
    mean = eccentric - e * np.sin(eccentric)
    return float(2.0 * (np.pi - mean) / np.sqrt(WGS84_GM_M3_S2 / axis**3))


@pytest.mark.parametrize("one", LAUNCHES, ids=[one.day for one in LAUNCHES])
def test_flight_time_lies_in_the_bracket_of_its_arc(one: Launch) -> None:
    """No flight is shorter than its arc would be without a boost, nor longer by more than the whole boost."""
    boost_s, _ = workable_boost(one.published)
    place = site(one.published.lat_deg, one.published.lon_deg, one.published.azimuth_deg)
    program = solve(one.published, boost_s, likely_azimuth_of(one.published))
    flown = fly_program(one.published, place, program)
    shortest_s = unpowered_s(one.published.apogee_m, one.published.range_m)
    longest_s = shortest_s + boost_s
    assert shortest_s < flown.flight_time_s < longest_s
    if one.flight_s is not None:
        assert shortest_s - one.rounded_s < one.flight_s < longest_s + one.rounded_s
        assert flown.flight_time_s == pytest.approx(
            one.flight_s, abs=max(one.rounded_s, 0.005 * one.flight_s)
        )
    arc = arc_of(flown.burnout7[:6])
    assert (arc.band, arc.shape) == (one.band, one.shape)
