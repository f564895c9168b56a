"""The part of a node's configuration that is about its warning desk: officers, patience, regions, hooks."""

from msgspec import Struct

from tocsin.model.label import Nation
from tocsin.model.warning import NoAct, Outcome, Role

LEAST_ABORT_S = 5.0
"""Shortest abort window: a person reads a headline and presses a key."""
MOST_PATIENCE_S = 3600.0
"""Nothing ballistic flies for an hour."""


class OfficerEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """[[officers]] who may act on drafts: name, the credential's public name, roles; `tocsin officer add`
    writes them. `delay_s` makes a scripted officer (never in plane REAL).
    """

    name: str
    credential: str
    delay_s: float | None = None
    roles: tuple[Role, ...] = (Role.WATCH, Role.RELEASER, Role.APPROVER)


class DeskEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """[desk] how drafts are handled. `regions`: name -> areas that a first alert warns whole (absent: the
    nation's customary ones; empty: each area for itself). `no_act`: tocsin.model.warning.NoAct.
    `downgrades_itself`: a lost track is said on every outlet without an officer. `warnings_releasable_to`:
    partners who may have what the people here were told (all, unless it says less).
    """

    no_act: NoAct = NoAct()
    regions: dict[str, tuple[str, ...]] | None = None
    downgrades_itself: bool = True
    warnings_releasable_to: tuple[Nation, ...] = tuple(Nation)


class HookEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """[hooks] commands (a list of words each, no shell) for a draft that nobody acts on, in this order."""

    sounder: tuple[str, ...] = ()
    second_desk: tuple[str, ...] = ()
    pager: tuple[str, ...] = ()


def patience_faults(no_act: NoAct) -> list[tuple[str, str, str]]:
    """Calls come in their order and before the outcome; an abort window is long enough for a person."""
    steps = (0.0, no_act.sounder_s, no_act.second_desk_s, no_act.pager_s, no_act.limit_s, MOST_PATIENCE_S)
    if list(steps) != sorted(steps):
        fix = f"let sounder_s <= second_desk_s <= pager_s <= limit_s <= {MOST_PATIENCE_S:.0f}"
        return [("desk.no_act", "the calls are not in order", fix)]
    if no_act.outcome is Outcome.RELEASE and not LEAST_ABORT_S <= no_act.abort_s <= MOST_PATIENCE_S:
        fix = f"give {LEAST_ABORT_S:.0f} s or more: the last chance of a person to stop it"
        return [("desk.no_act.abort_s", f"{no_act.abort_s:g} s is no abort window", fix)]
    return []
