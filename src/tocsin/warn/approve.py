"""The two-person rule: two officers, two credentials, one digest.

In here: the exact content as a digest, and the judgement of one act. Not in here: who is an officer, and
whether the credential is genuine (the node's rim); what follows from the judgement (decide.py).
"""

import hashlib
import unicodedata
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.model.warning import ActKind, Draft, OfficerAct, Warning, WarnStatus
from tocsin.warn.texts import render
from tocsin.warn.words import LANGS

_DOMAIN: Final = b"tocsin warning text v1\n"


class Refusal(StrEnum):
    """Why an act did nothing."""

    UNKNOWN_DRAFT = "no such draft"
    UNNAMED = "an act needs an officer and a credential"
    STALE = "the draft has changed since: read it again"
    NOT_OPEN = "the draft is not open for this act"
    SAME_OFFICER = "the officer who proposed cannot approve"
    SAME_CREDENTIAL = "the credential that proposed cannot approve"


def digest_of(warning: Warning) -> str:
    """SHA-256 (hex) of the canonical JSON of a warning and of its texts in every language, areas by code.

    Every field that a message carries is in it, and so is the wording: changing either needs new approvals.
    """
    texts = [render(warning, {}, lang) for lang in LANGS]
    content = msgspec.json.encode((warning, texts), order="deterministic")
    return hashlib.sha256(_DOMAIN + content).hexdigest()


def refusal(draft: Draft, proposal: OfficerAct | None, act: OfficerAct) -> Refusal | None:
    """Why the act may not be done on the draft, or None. `proposal` is the act that proposed its present
    text.
    """
    if not _same_form(act.officer) or not _same_form(act.credential):
        return Refusal.UNNAMED
    if act.draft_id != draft.id or act.digest != draft.digest or digest_of(draft.warning) != draft.digest:
        return Refusal.STALE
    if act.kind is not ActKind.APPROVE:
        return None
    if proposal is None or draft.status is not WarnStatus.PROPOSED or proposal.kind is not ActKind.PROPOSE:
        return Refusal.NOT_OPEN
    if (proposal.draft_id, proposal.digest) != (draft.id, draft.digest):
        return Refusal.STALE
    if _same_form(proposal.officer) == _same_form(act.officer):
        return Refusal.SAME_OFFICER
    if _same_form(proposal.credential) == _same_form(act.credential):
        return Refusal.SAME_CREDENTIAL
    return None


def _same_form(name: str) -> str:
    """Names compared without case, width or spaces: `Sato` and `ＳＡＴＯ ` are one person."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if unicodedata.category(c)[0] not in "ZC")
