"""Where and when an object comes down if only gravity and air move it from now on: said only once its motor
is seen out.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import Fall, fall, impact_covariance
from tocsin.earth.frames import ecef_to_geodetic
from tocsin.earth.gauss import ellipse95
from tocsin.model.event import ImpactPointPrediction
from tocsin.model.space import Ellipse95
from tocsin.model.time import Instant, after
from tocsin.model.track import FusedTrack, ObjectClass, Phase, Track

Array = NDArray[np.float64]

# A semi-major axis beyond this is no prediction: half the longest warned coast, and past the straight-line
# error theory.
LARGEST_M: Final = 1_000e3


class Prediction(NamedTuple):
    """The predicted impact, its (east, north) covariance, and the fall it comes from."""

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
    x = np.array(track.state.x)
    down = fall(x)
    if not down.hit:
        return None
    matrix = np.zeros((7, 7))
    matrix[np.triu_indices(7)] = track.state.p
    covariance, time_sigma_s = impact_covariance(down, matrix + np.triu(matrix, 1).T)
    if not (np.isfinite(covariance).all() and np.isfinite(time_sigma_s)):
        return None
    region = Ellipse95(*ellipse95(covariance))
    if region.semi_major_m > LARGEST_M:
        return None
    lat, lon, _ = ecef_to_geodetic(down.x_impact7[:3])
    epoch = track.state.epoch_ns
    impact = ImpactPointPrediction(
        lat_deg=float(np.degrees(lat)),
        lon_deg=float(np.degrees(lon)),
        ellipse95=region,
        time_ns=after(epoch, down.time_s),
        time_sigma_s=time_sigma_s,
    )
    return Prediction(impact, covariance, down, x, epoch, down.apogee_m, after(epoch, down.apogee_time_s))


def own_prediction(track: Track) -> tuple[ImpactPointPrediction, float] | None:
    """Impact and apogee (m) of an own track, for sharing."""
    found = predict(track)
    return None if found is None else (found.impact, found.apogee_m)
