"""What several sources' errors have in common when the object itself does not fly as assumed.

Sensors err apart, but what the air does to an object that no model foresees moves it for everybody: filters
that look at the same object are late by the same push. Added up as if they were independent, their fused
ellipse comes out too small: three radars' 95 % region then holds 63 %.

A filter that has long looked at an object pushed by white acceleration of density q settles at a velocity
variance of sqrt(2) q T with T^2 = position variance / velocity variance, and half of its covariance then is
that push's doing (the steady Kalman filter of a twice integrated white noise: Bar-Shalom, Li and Kirubarajan
2001, section 6.2, as continuous limit). One that knows less than that owes less of its error to the push. So
the part in common follows from what a source says of itself, at any time: nothing has to be remembered, and a
tracklet that is lost or comes late changes nothing.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.kernels import air
from tocsin.track.fleet import DRAG_PART, NOISE_M2_S3
from tocsin.track.motion import Gaussian

Array = NDArray[np.float64]

STEADY_PART: Final = 0.5  # of a settled filter's covariance that the push makes
# Far more than the hardest published entry took (Galileo's probe at Jupiter: 228 g, 2,240 m/s^2; Young 1998).
# A ballistic coefficient that contradictory sources make knows no bound.
MOST_DRAG_MPS2: Final = 1.0e5
_STEADY: Final = float(np.sqrt(2.0))


def noise_m2_s3(x7: Array) -> float:
    """Density of the white acceleration that our filters assume at a state x7: see `track.fleet`."""
    strength = air(x7[0], x7[1], x7[2], x7[6])[0]
    drag_mps2 = min(strength * float(x7[3:6] @ x7[3:6]), MOST_DRAG_MPS2)
    return float(NOISE_M2_S3 + (DRAG_PART * drag_mps2) ** 2)


def correlation(p: Array, noise: float) -> float:
    """Part (0 to STEADY_PART) of a covariance p (7, 7) that a push of this density explains."""
    place, speed = float(np.trace(p[:3, :3])) / 3.0, float(np.trace(p[3:6, 3:6])) / 3.0
    if not (place > 0.0 and speed > 0.0):
        return 0.0
    return STEADY_PART * min(_STEADY * noise * float(np.sqrt(place / speed)) / speed, 1.0)


def widening(
    fused_p: Array, information: Sequence[Array], sources: Sequence[Gaussian], noise: float
) -> float:
    """Factor on the covariance fused from sources as if they were independent.

    With weights w_i (parts of the information) and errors correlated by rho, the variance of the weighted
    mean is 1 + rho ((sum of sqrt w_i)^2 - 1) times what independence gives.
    """
    weights = np.array([float(np.einsum("ij,ji->", fused_p[:6, :6], one[:6, :6])) for one in information])
    weights = np.maximum(weights, 0.0)  # rounding, of sources that differ by all digits there are
    if not 0.0 < weights.sum() < np.inf:
        return 1.0
    weights /= weights.sum()
    rho = float(weights @ [correlation(source.p, noise) for source in sources])
    return 1.0 + rho * (float(np.sqrt(weights).sum()) ** 2 - 1.0)
