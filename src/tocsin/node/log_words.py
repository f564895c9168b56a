"""What the door remembers of the logs that nations keep of themselves and witness for each other.

Written to door.sqlite with the transaction of the step that changed it (node.log_book). A log has a
generation: the number of the log key that signs it. A door that has lost what it signed or cosigned signs no
more with that key; `tocsin witness retire` begins the next generation.
"""

from typing import NamedTuple, Protocol

from msgspec import Struct

from tocsin.model.alarm import Alarm
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS
from tocsin.record.merkle import Frontier

PERIOD_NS = {Plane.REAL: 10 * SECOND_NS, Plane.EXERCISE: 10 * SECOND_NS, Plane.TEST: SECOND_NS}
"""Fixed wall cadence of checkpoints. Ten seconds: what a nation could still rewrite unseen is less than a
launch takes to be classified, and a year's 3.2 million leaves make a proof of 22 hashes. Own choice."""


class LogSigner(Protocol):
    """Holds a log key (Ed25519) without showing it."""

    @property
    def public(self) -> bytes:
        """32 bytes."""

    def sign(self, data: bytes) -> bytes:
        """64-byte signature."""


class LogKey(Struct, frozen=True):
    """A partner's log key."""

    generation: int
    public: bytes


class LogOffice(Struct, frozen=True):
    """Who signs for this nation's logs, and whose checkpoints and cosignatures are believed."""

    generation: int
    signer: LogSigner
    partners: dict[Nation, LogKey]
    period_ns: int


class OwnLog(Struct, frozen=True):
    """The own national log. `leaves`: commitments of 32 bytes each past the tree `base`; partners that were
    away are brought up to date from them."""

    generation: int = 0
    tree: Frontier = Frontier()
    base: Frontier = Frontier()
    leaves: bytes = b""
    held: dict[Nation, Frontier] = {}
    """What each partner cosigned last."""
    keys: dict[Nation, int] = {}
    """Generation of the key by which it did."""
    proofs: dict[Nation, bytes] = {}
    """The note under which it did."""
    note: bytes = b""
    """The newest checkpoint, signed by us."""


class Seen(Struct, frozen=True):
    """A partner's national log as this node has witnessed it. `notes` and `others` are (size, note):
    checkpoints that it showed us, and those that it showed the third nation; the newest last."""

    generation: int
    tree: Frontier = Frontier()
    notes: tuple[tuple[int, bytes], ...] = ()
    others: tuple[tuple[int, bytes], ...] = ()


class Telling(Struct, frozen=True):
    """The log of what we told a partner: one leaf for each envelope after sequence `after`."""

    generation: int
    after: int
    upto: int
    tree: Frontier = Frontier()
    note: bytes = b""
    """Our signed word on it, made when it was first due; empty when there is more to say."""


class Heard(NamedTuple):
    """One envelope that came: sequences `first`..`last`, digest of its content."""

    first: int
    last: int
    digest: bytes


class Claim(Struct, frozen=True):
    """The origin's signed word on what it told us up to a sequence."""

    generation: int
    after: int
    upto: int
    size: int
    root: bytes
    note: bytes


class Checked(Struct, frozen=True):
    """How far the log of what a partner told us was recomputed here and found to be the one it signed."""

    generation: int = 0
    upto: int = 0
    tree: Frontier = Frontier()
    differs: bool = False


class Told(Struct, frozen=True):
    """The log of what a partner told us. `tail`: envelopes past `checked`, in order of arrival; `recent`: the
    newest of them as they came, to prove a contradiction with."""

    checked: Checked = Checked()
    tail: tuple[Heard, ...] = ()
    recent: tuple[tuple[Heard, bytes], ...] = ()
    claim: Claim | None = None


Way = tuple[Nation, Traffic]


class Logs(Struct, frozen=True):
    """All of it. `alarms` stand until the generation they speak of is over."""

    own: OwnLog = OwnLog()
    seen: dict[Nation, Seen] = {}
    telling: dict[Way, Telling] = {}
    told: dict[Way, Told] = {}
    alarms: tuple[Alarm, ...] = ()
    lost: bool = False
    """Signs no more under this generation: the own log or what was witnessed is gone from the book."""
    asked: int = 0
    """The period of wall time in which the hall was last asked to commit itself."""
    ready: bool = False
    """The own log is as far as the hall's ticks: after a start the book may be behind."""
