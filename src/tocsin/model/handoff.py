"""What hall and door of one nation hand each other over the broker's private account, and how nothing gets
lost.

Each way the sender numbers contiguously from 1 and keeps what is not yet acknowledged; the receiver commits
to its own book, then acknowledges cumulatively. Resent numbers are dropped by the receiver, gaps are not
taken. Subjects: `offer.data` (HallMessage) and `import.ack` (ImportAck) are written by the hall,
`import.data` (DoorMessage) and `offer.ack` (OfferAck) by the door. Coded as MessagePack, tagged by `type`.
"""

from msgspec import Struct

from tocsin.model.alarm import Alarm
from tocsin.model.product import Decision, Import, LinkHealth, Offer, Quarantined, Receipt


class Witnessed(Struct, frozen=True, tag="witnessed"):
    """Door to hall: a checkpoint of this nation's log with a partner's cosignature, a signed note."""

    origin: str
    size: int
    note: bytes


Handed = Import | Decision | Receipt | Quarantined | Witnessed
"""What the hall must learn exactly once: it all stands in the nation's record."""


class HandedItem(Struct, frozen=True):
    """Door to hall, `number` contiguous from 1 in the door's book."""

    number: int
    item: Handed


class OfferBatch(Struct, frozen=True, tag="offers"):
    """Hall to door: offers in order of their numbers. None at all: how far has the door come? `after`: there
    are none between that number and the first; null when it follows on."""

    offers: tuple[Offer, ...]
    after: int | None = None


class CommitWanted(Struct, frozen=True, tag="commit-wanted"):
    """Door to hall, at a fixed wall cadence: commit yourself to the record as it is, as leaf `number` of log
    `generation`. Asked again for a number that the hall has answered, it gives the same answer."""

    generation: int
    number: int


class Committed(Struct, frozen=True, tag="committed"):
    """Hall to door: the blinded commitment. `last`: the last number that the hall has made; a door whose book
    is older asks on until it is there."""

    generation: int
    number: int
    commitment: bytes
    last: int


HallMessage = OfferBatch | Committed
"""Everything that arrives on `offer.data`."""


class OfferAck(Struct, frozen=True, tag="offer-ack"):
    """Door to hall: every offer up to and including `upto` is committed in the door's book. `taken`: the last
    item that the hall has acknowledged. A hall that knows of less was restored from a copy."""

    upto: int
    taken: int = 0


class ImportBatch(Struct, frozen=True, tag="imports"):
    """Door to hall: items in order of their numbers."""

    items: tuple[HandedItem, ...]


class ImportAck(Struct, frozen=True, tag="import-ack"):
    """Hall to door: every item up to `upto` is committed in the hall's book, whose last committed step is
    `step`.

    Also sent without news once a wall second: it is how the door knows that the hall is alive (heartbeat).
    """

    upto: int
    step: int


class LinkReport(Struct, frozen=True, tag="links"):
    """Door to hall, about once a wall second, unnumbered: only the latest counts. `copies` = raw arrivals so
    far.
    """

    links: tuple[LinkHealth, ...]
    copies: int
    alarms: tuple[Alarm, ...] = ()
    """Everything that the door finds wrong now."""


DoorMessage = ImportBatch | LinkReport | CommitWanted
"""Everything that arrives on `import.data`."""
