"""A draft or released warning as the page lists it."""

from msgspec import Struct

from tocsin.model.time import SECOND_NS
from tocsin.model.warning import Draft, MsgType
from tocsin.page.exposed import people_of
from tocsin.page.moment import ms, ms_or_none


class Bulletin(Struct, frozen=True, omit_defaults=True):
    """A draft or released warning. areas: (code, threat, expected); lead_s: release to the first.

    `short`: the warning's number of the day and, after the first, the message's: 1, then 1.2. `deadline`:
    when `outcome` comes if nobody acts; `policy`: the rule that released it without two officers; `missing`:
    outlets that carried an earlier message of it and not yet this one.
    """

    id: str
    short: str
    serial: int
    type: str
    status: str
    certainty: str
    objects: int
    areas: tuple[tuple[str, str, int], ...]
    tracks: tuple[str, ...]
    drafted: int
    released: int | None = None
    lead_s: float | None = None
    by: tuple[str, ...] = ()
    purpose: str = "warn"
    deadline: int | None = None
    outcome: str | None = None
    called: tuple[str, ...] = ()
    policy: str | None = None
    restored: bool = False
    carried: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    people: int = 0
    """In the cities of its areas."""


def bulletin_of(draft: Draft) -> Bulletin:
    """The row of a draft."""
    warning = draft.warning
    lead_s = None
    if draft.released_ns is not None and warning.msg_type is not MsgType.CANCEL:
        ahead = [area.expected_ns - draft.released_ns for area in warning.areas]
        lead_s = round(min(ahead) / SECOND_NS, 1) if ahead else None
    return Bulletin(
        id=draft.id,
        short=_short(warning.id, warning.serial),
        serial=warning.serial,
        type=warning.msg_type,
        status=draft.status,
        certainty=warning.certainty,
        objects=warning.objects,
        areas=tuple((area.area, str(area.threat), ms(area.expected_ns)) for area in warning.areas),
        tracks=draft.tracks,
        drafted=ms(draft.drafted_ns),
        released=ms_or_none(draft.released_ns),
        lead_s=lead_s,
        by=tuple(name for name in (draft.proposed_by, draft.approved_by) if name),
        purpose=warning.purpose,
        deadline=ms_or_none(draft.deadline_ns),
        outcome=draft.outcome,
        called=draft.called,
        policy=draft.by_policy,
        restored=draft.restored,
        carried=draft.carried,
        missing=tuple(sorted(set(draft.awaited) - set(draft.carried))),
        people=people_of([area.area for area in warning.areas]),
    )


def _short(name: str, serial: int) -> str:
    """Warning ids end in their number."""
    number = name.rpartition("-")[2]
    return number if serial == 1 else f"{number}.{serial}"
