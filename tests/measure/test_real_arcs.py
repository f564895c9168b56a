"""Two real unpowered arcs, from webcast telemetry: apogee and fall foretold from 30 s of coast."""

import numpy as np
import pytest

from tocsin.measure.real_arcs import FLIGHTS, QUANTUM_M, SEEN_S, follow, telemetry

TWO_SIGMA = 1.96
ELLIPSE_95 = 5.991


@pytest.mark.parametrize("name", list(FLIGHTS))
def test_apogee_and_fall_are_where_they_were_foretold(name: str) -> None:
    found = follow(name)
    assert found is not None
    assert found.recorded_apogee_s > found.rows.times_s[0] + SEEN_S  # it had not been seen
    height_m = TWO_SIGMA * found.apogee_sigma_m + QUANTUM_M
    assert abs(found.predicted_apogee_m - found.recorded_apogee_m) < height_m
    assert height_m < 3e3
    assert abs(found.predicted_apogee_s - found.recorded_apogee_s) < TWO_SIGMA * found.apogee_time_sigma_s
    assert found.apogee_time_sigma_s < 3.0
    assert found.last_squared < ELLIPSE_95
    assert np.sqrt(np.linalg.det(found.last_covariance)) < 3e3**2


@pytest.mark.parametrize("name", list(FLIGHTS))
def test_the_recorded_heights_are_a_free_flight(name: str) -> None:
    """Every recorded height after the first 30 s, most of them minutes later, within the predicted doubt."""
    found = follow(name)
    assert found is not None
    later = found.rows.times_s > found.rows.times_s[0] + SEEN_S
    off = np.abs(found.foretold - found.rows.height_m)[later]
    assert off.max() < TWO_SIGMA * np.sqrt(found.last_covariance[1, 1]) + QUANTUM_M
    assert np.median(off) < 1e3  # one step of the recorded height


def test_the_rows_are_the_published_ones() -> None:
    """Against the analysed telemetry's own way downrange, which leaves out the Earth's bend (2 %)."""
    rows = telemetry("BulgariaSat-1")
    assert len(rows.times_s) == 227
    assert rows.height_m.max() == 119e3
    assert rows.way_m[-1] == pytest.approx(1e3 * (582.4 - 99.5), rel=0.02)
