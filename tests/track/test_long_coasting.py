"""Prediction over an hour of free flight: what is not linear in it belongs to its errors."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tocsin.earth.flight import propagate_many
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.sim import scenario_file
from tocsin.sim.truth import fly_all
from tocsin.track.motion import CURVED_S, Gaussian, coasting, long_coasting
from tocsin.track.record import Record, at, packed

Array = NDArray[np.float64]
Predict = Callable[[Array, Array, float], Gaussian]

DRAWS = 200
MEAN_SIX = (5.5, 6.5)  # of 200 draws of chi-squared of six numbers, 95 %


def lofted_after_burnout() -> tuple[Array, Array]:
    """A state of the lofted flight of 18 December 2023 a minute after burnout, as one radar knows it then."""
    flown = fly_all(scenario_file.load("2023-12-18").flights)[0]
    x = np.append(flown.states(np.array([flown.burnout_s + 60.0]))[0][:6], 9.0)
    sigmas = np.array([60.0, 60.0, 60.0, 3.0, 3.0, 3.0, 0.1])
    lean = np.eye(7)
    lean[3:6, :3] = 0.02 * np.eye(3)  # what is wrong in place is wrong in velocity
    return x, lean @ np.diag(sigmas**2) @ lean.T


def nees_after(dt_s: float, x: Array, p: Array, predict: Predict) -> float:
    """Mean squared error of drawn flights over the predicted covariance, six numbers."""
    draws = np.random.default_rng(18).multivariate_normal(x, p, DRAWS)
    off = (propagate_many(draws, dt_s) - predict(x, p, dt_s).x)[:, :6]
    return float(np.einsum("ni,ij,nj->n", off, np.linalg.inv(predict(x, p, dt_s).p[:6, :6]), off).mean())


@pytest.mark.parametrize("dt_s", [600.0, 2_000.0, 3_900.0])
def test_drawn_flights_err_by_what_is_said_over_an_hour(dt_s: float) -> None:
    x, p = lofted_after_burnout()
    assert MEAN_SIX[0] < nees_after(dt_s, x, p, long_coasting) < MEAN_SIX[1]


def test_an_own_track_is_looked_for_after_an_hour_where_it_is() -> None:
    """A new track may be its object, seen again (see `stitch`)."""
    x, p = lofted_after_burnout()
    record = Record(
        number=1,
        life=Life.COASTING,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        first_ns=Instant(0),
        last_ns=Instant(0),
        plots=20,
        sensors=(0,),
        rows=b"",
        head_s=60.0,
        head=packed(Gaussian(x, p)),
    )

    def predicted(x: Array, p: Array, dt_s: float) -> Gaussian:
        return at(record, record.head_s + dt_s)

    assert MEAN_SIX[0] < nees_after(3_900.0, x, p, predicted) < MEAN_SIX[1]


def test_the_linear_prediction_of_an_hour_is_sure_of_what_is_not_so() -> None:
    x, p = lofted_after_burnout()
    assert nees_after(3_900.0, x, p, coasting) > 100.0


def test_minutes_are_predicted_as_before() -> None:
    x, p = lofted_after_burnout()
    for one, other in zip(long_coasting(x, p, CURVED_S), coasting(x, p, CURVED_S), strict=True):
        assert np.array_equal(one, other)


def test_what_flies_into_the_ground_stays_finite_and_symmetrical() -> None:
    x, p = lofted_after_burnout()
    moved = long_coasting(x, 1e4 * p, 4_400.0)
    assert np.isfinite(moved.x).all()
    assert np.allclose(moved.p, moved.p.T, rtol=1e-9)
