"""Classes of arcs: the public record's own words for its launches, and two-body geometry by another way."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tocsin.assess.kind import EARTH_M, arc_of, reach, shape_of
from tocsin.earth.constants import WGS84_GM_M3_S2
from tocsin.model.event import ArcShape, RangeBand
from tocsin.sim import scenario_file
from tocsin.sim.truth import fly_all


def kind(name: str, age_s: float = 200.0) -> tuple[RangeBand, ArcShape | None]:
    arc = arc_of(fly_all(scenario_file.load(name).flights)[0].states(np.array([age_s]))[0])
    return arc.band, arc.shape


def test_documented_launches_are_what_they_were_reported_as() -> None:
    """4 October 2022 an intermediate-range missile, 18 December 2023 and 14 May 2017 (4,500 km if flown flat,
    by the published analyses of its apogee) on lofted arcs, 14 January 2024 low and short on its first arc.
    """
    assert kind("2022-10-04") == (RangeBand.INTERMEDIATE, ArcShape.NORMAL)
    assert kind("2023-12-18") == (RangeBand.INTERCONTINENTAL, ArcShape.LOFTED)
    assert kind("lofted") == (RangeBand.INTERMEDIATE, ArcShape.LOFTED)
    assert kind("2024-01-14", 100.0)[1] is ArcShape.DEPRESSED


def circular(height_m: float, excess_mps: float = 0.0) -> np.ndarray:
    r = EARTH_M + height_m
    speed = np.sqrt(WGS84_GM_M3_S2 / r) + excess_mps
    return np.array([0.0, 0.0, r, speed, 0.0, 0.0])


def test_what_goes_round_is_a_space_launch() -> None:
    for state in (circular(300e3), circular(500e3, 200.0), circular(300e3, 5_000.0)):
        assert arc_of(state).band is RangeBand.SPACE_LAUNCH
    assert arc_of(circular(300e3, -800.0)).band is RangeBand.INTERCONTINENTAL


@pytest.mark.parametrize("range_km", [300, 1_000, 3_000, 5_500, 10_000])
def test_reach_is_the_arc_of_least_energy(range_km: float) -> None:
    """Least speed over a range, found by searching the angle of climb on Kepler arcs."""
    angle = 1e3 * range_km / EARTH_M

    def energy(climb: float) -> float:
        # hit equation: v^2 R / GM = 2 (1 - cos a) / (...) solved for the speed (Bate, Mueller and White 6.2)
        q = (1.0 - np.cos(angle)) / (np.cos(climb) * (np.cos(climb) - np.cos(angle + climb)))
        return float((0.5 * q - 1.0) * WGS84_GM_M3_S2 / EARTH_M)

    best = minimize_scalar(energy, bounds=(0.05, 1.5), method="bounded")
    assert reach(float(best.fun)) == pytest.approx(1e3 * range_km, rel=1e-3)


def test_an_arc_of_least_energy_is_normal() -> None:
    for range_m in (300e3, 2_000e3, 9_000e3):
        half = 0.5 * range_m / EARTH_M
        least = 0.5 * EARTH_M * (np.sin(half) + np.cos(half) - 1.0)
        assert shape_of(least, range_m) is ArcShape.NORMAL
        assert shape_of(2.0 * least, range_m) is ArcShape.LOFTED
        assert shape_of(0.5 * least, range_m) is ArcShape.DEPRESSED
