"""What an unsure clock makes of a partner's tracklet: its place at a time is as unsure as the time. Pure."""

import numpy as np
from msgspec.structs import replace

from tocsin.model.space import STATE_SIZE
from tocsin.model.track import Tracklet

GRAVITY_MPS2 = 9.80665
"""Standard gravity (ISO 80000-3): how fast a coasting object's velocity changes."""

_UPPER = np.triu_indices(STATE_SIZE)


def widened(tracklet: Tracklet, clock_sigma_s: float) -> Tracklet:
    """With a clock error of that standard deviation in its covariance: along its velocity, and in its
    velocity by gravity. Unchanged for 0 s.
    """
    if clock_sigma_s <= 0.0:
        return tracklet
    change = np.zeros(STATE_SIZE)
    change[:3] = tracklet.state.x[3:6]
    place = np.array(tracklet.state.x[:3])
    change[3:6] = -GRAVITY_MPS2 * place / np.linalg.norm(place)
    more = np.outer(change, change)[_UPPER] * clock_sigma_s**2
    wider = tuple(float(value) for value in np.array(tracklet.state.p) + more)
    return replace(tracklet, state=replace(tracklet.state, p=wider))
