"""The same work by another library: Stone Soup's extended Kalman filter, where it is installed."""

import time
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Final

import numpy as np

from tocsin.bench.crowd import SIGMAS

UPDATES: Final = 300
WARM: Final = 20
PLACE_M: Final = (300e3, 300e3, 400e3)
VELOCITY_MPS: Final = (3_000.0, 500.0, 500.0)


def foreign_us_per_update() -> tuple[float | None, str | None]:
    """Median microseconds of one predict and update, and the library's version; nulls without it."""
    try:
        from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRange
        from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
        from stonesoup.predictor.kalman import ExtendedKalmanPredictor
        from stonesoup.types.detection import Detection
        from stonesoup.types.hypothesis import SingleHypothesis
        from stonesoup.types.state import GaussianState, State
        from stonesoup.updater.kalman import ExtendedKalmanUpdater
    except ImportError:
        return None, None
    when = datetime(2000, 1, 1, tzinfo=UTC)
    x = np.array([value for pair in zip(PLACE_M, VELOCITY_MPS, strict=True) for value in pair])
    noise = np.diag([SIGMAS[2] ** 2, SIGMAS[1] ** 2, SIGMAS[0] ** 2])
    seen = CartesianToElevationBearingRange(ndim_state=6, mapping=(0, 2, 4), noise_covar=noise)
    predictor = ExtendedKalmanPredictor(
        CombinedLinearGaussianTransitionModel([ConstantVelocity(1e-3) for _ in range(3)])
    )
    updater = ExtendedKalmanUpdater(seen)
    state = GaussianState(x.reshape(6, 1), np.diag([2500.0, 1.0] * 3), timestamp=when)
    move = np.kron(np.eye(3), np.array([[1.0, 1.0], [0.0, 1.0]]))
    spent: list[float] = []
    for n in range(WARM + UPDATES):
        when += timedelta(seconds=1)
        x = move @ x
        plot = Detection(
            seen.function(State(x.reshape(6, 1)), noise=False), timestamp=when, measurement_model=seen
        )
        begun = time.perf_counter()
        state = updater.update(SingleHypothesis(predictor.predict(state, timestamp=when), plot))
        if n >= WARM:
            spent.append(time.perf_counter() - begun)
    return float(np.median(spent)) * 1e6, metadata.version("stonesoup")
