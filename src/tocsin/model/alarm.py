"""What is wrong with the system itself and must be seen: one form for every source, one list on the desk.

A source (the door, the outlets, the node) tells everything that it finds wrong now; what it no longer tells
is over. Not in here: sensors' silence and links' health, which have rows of their own, and warnings to the
people.
"""

from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from tocsin.model.time import Instant


class Priority(IntEnum):
    """Three alarm priorities (PAGE.md); more would not be told apart at three in the morning."""

    NOW = 1
    """Act at once: people may be told something wrong, or not be told."""
    SOON = 2
    """Act in this watch: something that lives depend on works by its reserve."""
    TODAY = 3
    """Pass it on: it becomes grave if nobody acts."""


class AlarmKind(StrEnum):
    """Closed list: each has a text in every catalogue of the page (`alarm.<kind>`) and a priority."""

    UNAPPROVED_MESSAGE = "unapproved-message"
    OUTLET_FAILED = "outlet-failed"
    RECEIVER_DEAD = "receiver-dead"
    EQUIVOCATION = "equivocation"
    OLD_BACKUP = "old-backup"
    SEQUENCE_JUMP = "sequence-jump"
    RECORD_DIFFERS = "record-differs"
    WITNESS_LOST = "witness-lost"
    TRUST_REFUSED = "trust-refused"
    KEY_REVOKED = "key-revoked"
    CERTIFICATE_ENDS = "certificate-ends"
    CLOCK_UNSURE = "clock-unsure"
    DISK_FULL = "disk-full"
    PARTNER_FLOODS = "partner-floods"
    NOBODY_ACTS = "nobody-acts"
    CONFLICT = "conflict"


PRIORITY: Final = {
    AlarmKind.UNAPPROVED_MESSAGE: Priority.NOW,
    AlarmKind.OUTLET_FAILED: Priority.NOW,
    AlarmKind.NOBODY_ACTS: Priority.NOW,
    AlarmKind.CONFLICT: Priority.NOW,
    AlarmKind.DISK_FULL: Priority.NOW,
    AlarmKind.RECEIVER_DEAD: Priority.SOON,
    AlarmKind.EQUIVOCATION: Priority.SOON,
    AlarmKind.OLD_BACKUP: Priority.SOON,
    AlarmKind.SEQUENCE_JUMP: Priority.SOON,
    AlarmKind.RECORD_DIFFERS: Priority.SOON,
    AlarmKind.TRUST_REFUSED: Priority.SOON,
    AlarmKind.KEY_REVOKED: Priority.SOON,
    AlarmKind.CLOCK_UNSURE: Priority.SOON,
    AlarmKind.PARTNER_FLOODS: Priority.SOON,
    AlarmKind.WITNESS_LOST: Priority.TODAY,
    AlarmKind.CERTIFICATE_ENDS: Priority.TODAY,
}


class Alarm(Struct, frozen=True):
    """`about`: what it concerns (an outlet, a partner, a key); `detail`: the cause, in words.

    `priority` is the kind's unless a source knows it to be graver (a certificate's last day).
    """

    kind: AlarmKind
    about: str
    detail: str
    since_wall_ns: Instant
    graver: Priority | None = None

    @property
    def priority(self) -> Priority:
        """Lower is more urgent."""
        return self.graver or PRIORITY[self.kind]


def by_urgency(alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
    """Most urgent first; of equals the newest."""
    return tuple(sorted(alarms, key=lambda one: (one.priority, -one.since_wall_ns, one.kind, one.about)))
