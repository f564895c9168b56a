"""The life of a track as one table: what happened to it, and what it is then.

TENTATIVE tracks stay inside the tracker: a single plot is not an object. CONFIRMED: seen lately. COASTING:
not seen lately, believed to fly on; an extrapolation, and shown as one. LOST ends a track that was not seen
for too long, or whose predicted impact has passed unseen: where it came down is then not known, only
predicted. IMPACTED ends a track that sensors followed down to NEAR_GROUND_M and whose flight from there on,
a matter of seconds, has ended. MERGED ends the name of a track that turned out to be another one's object:
that one goes on. Ended tracks are reported once.
"""

from enum import StrEnum
from typing import Final

from tocsin.model.track import Life

NEAR_GROUND_M: Final = 10e3  # a radar 400 km away sees no lower over its horizon
AFTER_IMPACT_S: Final = 30.0  # given to a prediction before its object is called lost
MISSED_PERIODS: Final = 4.0  # with a detection probability of 0.9, four misses in a row are one in 10,000
MISSED_LEAST_S: Final = 8.0  # reports may be on their way for a few seconds
TENTATIVE_PERIODS: Final = 3.0
TENTATIVE_LEAST_S: Final = 5.0
UNKNOWN_KEPT_S: Final = 400.0  # without a known coast nobody knows where it is after that
UNSEEN_THRUST_S: Final = 60.0  # the same for an object lost from sight under power: it may have flown further
CONFIRM_PLOTS: Final = 4
CONFIRM_GROUPED: Final = 2  # of one that moves as its group does: clutter has no velocity


class Happening(StrEnum):
    """What can happen to a track in a step."""

    SEEN = "seen"
    SURE = "sure"  # seen often enough, and the fit makes sense
    MISSED = "missed"
    GONE = "gone"
    GROUND = "ground"
    TWIN = "twin"  # another track is the same object, and keeps the name


TABLE: Final[dict[tuple[Life, Happening], Life]] = {
    (Life.TENTATIVE, Happening.SURE): Life.CONFIRMED,
    (Life.TENTATIVE, Happening.MISSED): Life.LOST,
    (Life.TENTATIVE, Happening.GONE): Life.LOST,
    (Life.CONFIRMED, Happening.MISSED): Life.COASTING,
    (Life.CONFIRMED, Happening.GONE): Life.LOST,
    (Life.CONFIRMED, Happening.GROUND): Life.IMPACTED,
    (Life.CONFIRMED, Happening.TWIN): Life.MERGED,
    (Life.COASTING, Happening.SEEN): Life.CONFIRMED,
    (Life.COASTING, Happening.SURE): Life.CONFIRMED,
    (Life.COASTING, Happening.GONE): Life.LOST,
    (Life.COASTING, Happening.GROUND): Life.IMPACTED,
    (Life.COASTING, Happening.TWIN): Life.MERGED,
}

ENDED: Final = frozenset((Life.LOST, Life.IMPACTED, Life.MERGED))


def after(life: Life, happening: Happening) -> Life:
    """The life after a happening; what the table does not name changes nothing."""
    return TABLE.get((life, happening), life)
