"""Who made it, who may have it, in which plane: the label that every datum carries.

Labels join along lineage and the strictest wins (originator control: what was fused from A's data goes to C
only if A's label allows it). Joining two planes is a broken invariant and raises.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce

from msgspec import Struct

from tocsin.errors import TocsinError


class Nation(StrEnum):
    """The parties of the mechanism, by ISO 3166-1 alpha-3 code."""

    USA = "USA"
    KOR = "KOR"
    JPN = "JPN"


class Plane(StrEnum):
    """Reality, exercise and test never mix: keys, brokers, subjects, stores and texts are bound to one of
    them.
    """

    REAL = "REAL"
    EXERCISE = "EXERCISE"
    TEST = "TEST"


class Caveat(StrEnum):
    """What a recipient may not do with it, or what must happen to it before it leaves."""

    NO_ONWARD = "NO_ONWARD"
    COARSEN = "COARSEN"
    DELAY = "DELAY"


class PlaneMixError(TocsinError):
    """Two planes met in one datum: a broken invariant, never an expected outcome."""


class Label(Struct, frozen=True, forbid_unknown_fields=True):
    """originators: whose sensors are in it; releasable_to: who else may have it (empty = nobody)."""

    plane: Plane
    originators: frozenset[Nation]
    releasable_to: frozenset[Nation]
    caveats: frozenset[Caveat] = frozenset()

    def readable_by(self, nation: Nation) -> bool:
        """True for the originators themselves and those they release to."""
        return nation in self.releasable_to or self.originators == frozenset((nation,))


UNKNOWN = frozenset[Nation]()
"""Originators of what nobody is known to have made: no door releases it."""


def join(one: Label, other: Label) -> Label:
    """The label of what was made from both: the strictest of each part. PlaneMixError for two planes.

    An originator may read its own contribution; the join is readable by those whom *every* originator allows.
    What is partly of unknown making (no originators) is wholly so: nobody may pass for its sole originator.
    """
    if one.plane is not other.plane:
        raise PlaneMixError(f"a datum of plane {one.plane} met one of plane {other.plane}")
    return Label(
        plane=one.plane,
        originators=one.originators | other.originators if one.originators and other.originators else UNKNOWN,
        releasable_to=_readers(one) & _readers(other),
        caveats=one.caveats | other.caveats,
    )


def join_all(labels: Iterable[Label]) -> Label:
    """Join of one or more labels; ValueError for none (an unlabelled datum does not exist)."""
    rows = list(labels)
    if not rows:
        raise ValueError("no label to join: every datum has one")
    return reduce(join, rows)


def _readers(label: Label) -> frozenset[Nation]:
    sole = label.originators if len(label.originators) == 1 else frozenset[Nation]()
    return label.releasable_to | sole
