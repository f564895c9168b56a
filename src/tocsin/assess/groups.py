"""Where and when the objects of a group come down: one region for all of them.

It is that of the group's middle, wider by what its objects differ by. Members' own predictions are not
united: a track of mixed plots has a velocity that no object has, and a few such tracks made of a region of
20 km one of 200. Warnings do rest on members' own predictions: nothing is taken from those.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from tocsin.assess.impact import of_state
from tocsin.model.group import Group
from tocsin.model.track import FusedTrack, Phase

COAST: Final = 0.5  # of the members must be known to fly freely, for all are said to do the same


def with_impacts(groups: Sequence[Group], fused: Iterable[FusedTrack]) -> tuple[Group, ...]:
    """The groups with where any of their objects comes down, once most members are in free flight."""
    if not groups:
        return ()
    coasting = {track.id for track in fused if track.phase is Phase.COAST}
    return tuple(_with_impact(group, coasting) for group in groups)


def _with_impact(group: Group, coasting: set[str]) -> Group:
    if len(coasting.intersection(group.members)) < COAST * len(group.members):
        return group
    found = of_state(group.each)
    return group if found is None else replace(group, impact=found.impact)
