"""Scripted officers: two per nation, who propose and approve every draft after a stated time. Demo and drills
only.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tocsin.model.time import Instant, after
from tocsin.model.warning import ActKind, Draft, OfficerAct, WarnStatus
from tocsin.node.config import OfficerEntry

_NEXT_ACT = {WarnStatus.DRAFTED: ActKind.PROPOSE, WarnStatus.PROPOSED: ActKind.APPROVE}


class _Intent(NamedTuple):
    act: OfficerAct
    due_ns: Instant


class Desk:
    """One nation's two officers: the first proposes, the second approves."""

    def __init__(self, first: OfficerEntry, second: OfficerEntry) -> None:
        self._officers = {ActKind.PROPOSE: first, ActKind.APPROVE: second}
        self._intents: dict[tuple[str, str, ActKind], _Intent] = {}
        self._done: set[tuple[str, str, ActKind]] = set()

    def see(self, drafts: Iterable[Draft], now: Instant) -> None:
        """What the desk shows now: each draft starts the clock of the officer whose turn it is."""
        waiting: set[tuple[str, str, ActKind]] = set()
        for draft in drafts:
            kind = _NEXT_ACT.get(draft.status)
            if kind is None:
                continue
            key = (draft.id, draft.digest, kind)
            waiting.add(key)
            if key not in self._intents and key not in self._done:
                self._intents[key] = self._intend(draft, kind, now)
        for gone in self._intents.keys() - waiting:
            del self._intents[gone]

    def acts(self, now: Instant) -> tuple[OfficerAct, ...]:
        """Acts that are due; each is made once."""
        due = [key for key, intent in self._intents.items() if intent.due_ns <= now]
        self._done.update(due)
        return tuple(self._intents.pop(key).act for key in due)

    def _intend(self, draft: Draft, kind: ActKind, now: Instant) -> _Intent:
        officer = self._officers[kind]
        act = OfficerAct(officer.name, officer.credential, kind, draft.id, draft.digest)
        return _Intent(act, after(now, officer.delay_s or 0.0))
