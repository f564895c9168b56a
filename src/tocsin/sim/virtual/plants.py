"""Planted bugs in trust lists, encryption, flash copies, logs and restored books; see mutants."""

from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.envelope import Header
from tocsin.model.product import Traffic
from tocsin.node import door_trust, forgotten, notary, releasing, restored, tellings, witness
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Send
from tocsin.node.hall_door import DoorLink
from tocsin.node.pending import Pending
from tocsin.node.turn import Turner
from tocsin.record.tick import grown as grown_true
from tocsin.share import keylist, outbox
from tocsin.share.trust import TrustedKey

Patches = list[tuple[Any, str, Any]]
"""(object, attribute, what stands there instead)."""


# ---- keys, lists, encryption


def revoked_accepted() -> Patches:
    """A revoked key counts on."""
    return [(TrustedKey, "counts_at", lambda self, recipient, traffic, sequence: True)]


def revoked_as_sent() -> Patches:
    """A revocation names what the door has numbered, be it there or not."""
    return [(outbox, "receipted", lambda outs: {stream: row.sent for stream, row in outs.items()})]


def list_kept() -> Patches:
    """A new list is told to nobody."""
    return [(door_trust, "list_due", lambda turn, partner: None)]


def list_unsigned() -> Patches:
    """No root's signature is looked at."""
    return [(keylist, "ed25519", SimpleNamespace(verifies=lambda *_: True))]


def hub_reads() -> Patches:
    """Nothing is encrypted."""
    return [(releasing, "must_encrypt", lambda question: False)]


# ---- the urgent way


def flash_alone() -> Patches:
    """What is urgent leaves as a copy that nobody stores, and stands in no outbox."""
    true = Turn.send

    def send(self: Turn, header: Header, payload: bytes, **kw: Any) -> None:
        true(self, header, payload, **kw)
        if header.traffic is Traffic.URGENT:
            self.sends[-1] = Send(self.sealed.pop(), flash=True, stored=False)

    return [(Turn, "send", send)]


def flash_believed() -> Patches:
    """What left by the direct way alone counts as receipted."""
    return [
        (outbox, "went_alone", lambda s: replace(s, alone_upto=s.sent, receipted=s.sent)),
    ]


# ---- logs


def not_cosigned() -> Patches:
    """No cosignature is given."""
    return [(witness, "_cosign", lambda turn, log, partner, data: None)]


def tick_altered() -> Patches:
    """Every fourth leaf is another than the hall's."""
    true = grown_true

    def grown(tree: Any, commitments: Any) -> Any:
        return true(tree, [bytes(32) if one[0] < 64 else one for one in commitments])

    return [(notary, "grown", grown), (witness, "grown", grown)]


def told_unsigned() -> Patches:
    """No word is given on directions."""
    return [(tellings, "sign_all", lambda turn, log: None)]


def telling_lost() -> Patches:
    """Every third envelope is left out of the log."""
    true = tellings.sealed

    def sealed(turn: Turn, header: Header, payload: bytes) -> None:
        if header.first % 3:
            true(turn, header, payload)

    return [(tellings, "sealed", sealed)]


# ---- a restored book


def backup_unnoticed() -> Patches:
    """The door goes on beyond what hall and partners know, and tells nobody."""
    true = Turn.trouble_with

    def trouble_with(self: Turn, kind: AlarmKind, about: str, detail: str) -> None:
        if kind not in (AlarmKind.OLD_BACKUP, AlarmKind.SEQUENCE_JUMP):
            true(self, kind, about, detail)

    unsaid = [(Turn, name, lambda self, alarm: None) for name in ("lose", "alarm")]
    return [(Turn, "trouble_with", trouble_with), *unsaid]


def backup_told_once() -> Patches:
    """What a door knows of its old book is only in its memory."""
    true = Turn.alarm

    def alarm(self: Turn, alarm: Alarm) -> bool:
        if alarm.about != notary.BOOK:
            return true(self, alarm)
        self.trouble_with(alarm.kind, alarm.about, alarm.detail)
        return True

    return [(Turn, "alarm", alarm)]


def backup_reuses() -> Patches:
    """The door goes on where its book ends."""
    return [(restored, "_go_on", lambda turn, stream, sent: None)]


def record_goes_on() -> Patches:
    """The hall asks its door nothing: what the door has is what the record says."""
    return [(DoorLink, "_known", lambda self: True)]


def record_unnoticed() -> Patches:
    """It goes on beyond what the door has, and no officer is told."""
    true = forgotten.beyond

    def beyond(state: Any, stimuli: Any, now: Any) -> Any:
        after, again = true(state, stimuli, now)
        return replace(after, alarms=state.alarms), again

    silent = (Pending, "put_alarms", lambda self, source, alarms: None)
    return [(forgotten, "beyond", beyond), silent]


def imported_twice() -> Patches:
    """The hall does not look whether it has what comes under a new number."""
    return [(Turner, "_once", lambda self, handed, at_wall_ns: handed)]
