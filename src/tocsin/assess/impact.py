"""Where and when an object comes down if only gravity and air move it from now on: said only once its motor
is seen out.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import Fall
from tocsin.earth.gauss import ellipse95
from tocsin.earth.spread import landing
from tocsin.model.event import ImpactPointPrediction
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, ObjectClass, Phase, Track

Array = NDArray[np.float64]

# A semi-major axis beyond this is no prediction: half the longest warned coast, and past the straight-line
# error theory.
LARGEST_M: Final = 1_000e3


class Prediction(NamedTuple):
    """The predicted impact, its (east, north) covariance, and the straight fall it comes from."""

    impact: ImpactPointPrediction
    covariance_en: Array
    fall: Fall
    start7: Array
    epoch_ns: Instant
    apogee_m: float
    apogee_ns: Instant


def predict(track: Track | FusedTrack) -> Prediction | None:
    """The prediction for a ballistic object in coast; None in boost, for aircraft, and where it would be
    meaningless.
    """
    if track.phase is not Phase.COAST or track.kind is not ObjectClass.BALLISTIC:
        return None
    return of_state(track.state)


def of_state(state: EcefState) -> Prediction | None:
    """The prediction for a state that is taken to fly freely; None where it would be meaningless."""
    x = np.array(state.x)
    down = landing(x, matrix_of(state))
    if down is None or not np.isfinite(down.covariance).all() or down.covariance[2, 2] < 0.0:
        return None
    region = Ellipse95(*ellipse95(down.covariance[:2, :2]))
    if region.semi_major_m > LARGEST_M:
        return None
    epoch = state.epoch_ns
    impact = ImpactPointPrediction(
        lat_deg=float(np.degrees(down.lat_rad)),
        lon_deg=float(np.degrees(down.lon_rad)),
        ellipse95=region,
        time_ns=after(epoch, down.time_s),
        time_sigma_s=float(np.sqrt(down.covariance[2, 2])),
    )
    return Prediction(
        impact,
        down.covariance[:2, :2],
        down.fall,
        x,
        epoch,
        down.fall.apogee_m,
        after(epoch, down.fall.apogee_time_s),
    )


def matrix_of(state: EcefState) -> Array:
    """The covariance (7, 7) of a published state."""
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = state.p
    return np.asarray(matrix + np.triu(matrix, 1).T)


def own_prediction(track: Track) -> tuple[ImpactPointPrediction, float] | None:
    """Impact and apogee (m) of an own track, for sharing."""
    found = predict(track)
    return None if found is None else (found.impact, found.apogee_m)
