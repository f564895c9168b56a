"""The two-person rule: two officers, two credentials, one digest.

In here: the exact content as a digest, and the judgement of one act: that its officer stands in the nation's
list with that credential and may do it, over this text, as another person than the first. Not in here:
whether the credential is genuine (the node's rim); what follows from the judgement (acts.py).
"""

import hashlib
import unicodedata
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.model.warning import ActKind, DeskRules, Draft, OfficerAct, Role, Warning, WarnStatus
from tocsin.warn.authority import may_send
from tocsin.warn.state import WarnState
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS

_DOMAIN: Final = b"tocsin warning text v1\n"


class Refusal(StrEnum):
    """Why an act did nothing."""

    UNKNOWN_DRAFT = "no such draft"
    OTHER_DESK = "the draft belongs to another nation or plane"
    UNNAMED = "an act needs an officer and a credential"
    STALE = "the draft has changed since: read it again"
    NOT_OPEN = "the draft is not open for this act"
    SAME_OFFICER = "the officer who proposed cannot approve"
    SAME_CREDENTIAL = "the credential that proposed cannot approve"
    UNKNOWN_OFFICER = "no officer of this desk has that name and credential"
    ROLE = "the officer's roles do not include this act"
    NO_AUTHORITY = "this office has no authority to send that in one of the areas"
    NOTHING_CORRECTED = "a correction keeps some of the warned areas, and not all of them"


_ROLE_OF: Final = {
    ActKind.PROPOSE: (Role.RELEASER,),
    ActKind.CORRECT: (Role.RELEASER,),
    ActKind.APPROVE: (Role.APPROVER,),
    ActKind.REJECT: (Role.RELEASER, Role.APPROVER),
}


def digest_of(warning: Warning) -> str:
    """SHA-256 (hex) of the canonical JSON of a warning and of its texts in every language, areas by code.

    Every field that a message carries is in it, and so is the wording: changing either needs new approvals.
    """
    texts = [render(warning, {}, lang) for lang in LANGS]
    content = msgspec.json.encode((warning, texts), order="deterministic")
    return hashlib.sha256(_DOMAIN + content).hexdigest()


def refusal(desk: WarnState, draft: Draft, proposal: OfficerAct | None, act: OfficerAct) -> Refusal | None:
    """Why the act may not be done on the draft, or None. `proposal` is the act that proposed its present
    text.
    """
    if not _same_form(act.officer) or not _same_form(act.credential):
        return Refusal.UNNAMED
    if (draft.warning.nation, draft.warning.plane) != (desk.nation, desk.plane):
        return Refusal.OTHER_DESK
    if act.draft_id != draft.id or act.digest != draft.digest or digest_of(draft.warning) != draft.digest:
        return Refusal.STALE
    second = _second_person(draft, proposal, act) if act.kind is ActKind.APPROVE else None
    return second or _entitled(desk.rules, draft, act)


def _second_person(draft: Draft, proposal: OfficerAct | None, act: OfficerAct) -> Refusal | None:
    if proposal is None or draft.status is not WarnStatus.PROPOSED or proposal.kind is not ActKind.PROPOSE:
        return Refusal.NOT_OPEN
    if (proposal.draft_id, proposal.digest) != (draft.id, draft.digest):
        return Refusal.STALE
    if _same_form(proposal.officer) == _same_form(act.officer):
        return Refusal.SAME_OFFICER
    if _same_form(proposal.credential) == _same_form(act.credential):
        return Refusal.SAME_CREDENTIAL
    return None


def _entitled(rules: DeskRules, draft: Draft, act: OfficerAct) -> Refusal | None:
    known = [o for o in rules.officers if (o.name, o.credential) == (act.officer, act.credential)]
    if not known:
        return Refusal.UNKNOWN_OFFICER
    if not any(role in officer.roles for officer in known for role in _ROLE_OF[act.kind]):
        return Refusal.ROLE
    sends = act.kind in (ActKind.PROPOSE, ActKind.APPROVE)
    return Refusal.NO_AUTHORITY if sends and not may_send(rules, draft.warning) else None


def _same_form(name: str) -> str:
    """Names compared without case, width or spaces: `Sato` and `ＳＡＴＯ ` are one person."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if unicodedata.category(c)[0] not in "ZC")
