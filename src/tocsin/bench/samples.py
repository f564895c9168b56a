"""One product of each kind for the doors to carry: of ordinary size and label, about nothing."""

from tocsin.model.event import LaunchEvent, LaunchPointEstimate
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase, Tracklet

TRACK_ID = "bench"
STATE = (-3_100_000.25, 4_200_000.5, 3_900_000.75, 1_200.5, -2_000.25, 2_500.75, 9.125)
"""Somewhere 400 km above the sea, with digits in every number as an estimate has them."""

SIGMA = (120.5, 120.5, 120.5, 8.25, 8.25, 8.25, 0.75)


def tracklet(origin: Nation, now: Instant) -> Tracklet:
    """A confirmed coasting track with a full covariance, releasable to both partners."""
    return Tracklet(
        origin=origin,
        track_id=TRACK_ID,
        sequence=0,
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(now, STATE, _covariance()),
        first_ns=now,
        last_ns=now,
        label=_label(origin),
    )


def launch(origin: Nation, now: Instant) -> LaunchEvent:
    """A launch event, urgent, releasable to both partners."""
    place = LaunchPointEstimate(40.4, 127.0, Ellipse95(4_000.0, 2_000.0, 0.3), now, 1.5)
    return LaunchEvent(origin, TRACK_ID, 0, now, place, _label(origin))


def _covariance() -> tuple[float, ...]:
    size = range(len(SIGMA))
    return tuple(SIGMA[i] * SIGMA[j] * (1.0 if i == j else 0.125) for i in size for j in size if j >= i)


def _label(origin: Nation) -> Label:
    return Label(Plane.EXERCISE, frozenset((origin,)), frozenset(Nation) - {origin})
