"""What reaches the door's fold (stimuli), what comes out of it (effects), and the state in between.

The rule for whoever carries effects out: `Store` is committed before any other effect of the same step is
touched. All times here are wall time: the door knows no other clock.
"""

from msgspec import Struct

from tocsin.model import hpke
from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import HandedItem, LinkReport
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Decision, Offer, Product, Quarantined, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node.log_words import LogOffice, Logs
from tocsin.release.seal import Signer
from tocsin.release.terms import DEFAULT, Policy
from tocsin.release.watchers import Watcher
from tocsin.share.inbox import InStream
from tocsin.share.keylist import Believed
from tocsin.share.links import Link
from tocsin.share.marks import Run
from tocsin.share.outbox import OutStream
from tocsin.share.topology import Topology
from tocsin.share.trust import TrustList

Stream = tuple[Nation, Traffic]
"""The other nation and the class of traffic; which way is told by the table that it is a key of."""

# ---- stimuli
# -------------------------------------------------------------------------------------------------


class OffersCame(Struct, frozen=True, tag="offers"):
    """From the hall, in order; repeats and gaps are the fold's business. `after`: the hall has none between
    that number and the first."""

    offers: tuple[Offer, ...]
    after: int | None = None


class Arrived(Struct, frozen=True, tag="arrived"):
    """Bytes from outside: by which path ("direct", "hub") and whose they are said to be. Nothing is sure
    yet."""

    path: str
    said: Nation
    data: bytes
    at_wall_ns: Instant

    @property
    def source(self) -> str:
        """For evidence: "KOR direct"."""
        return f"{self.said} {self.path}"


class HallHas(Struct, frozen=True, tag="hall-has"):
    """The hall has committed every item up to `upto`; its last committed step. Also its sign of life."""

    upto: int
    step: int


class CommitmentCame(Struct, frozen=True, tag="commitment"):
    """The hall's answer to `AskCommit`."""

    generation: int
    number: int
    commitment: bytes
    last: int


class Tick(Struct, frozen=True, tag="tick"):
    """Time has passed: receipts, requests and heartbeats may be due."""


class Officed(Struct, frozen=True, tag="officed"):
    """The nation's own keys, or what it believes of others by hand, have changed: from now on this is the
    office."""

    office: "Office"


class Disk(Struct, frozen=True, tag="disk"):
    """The disk of the book is full but for its reserve, or has room again."""

    full: bool


DoorStimulus = OffersCame | Arrived | HallHas | CommitmentCame | Disk | Tick | Officed

# ---- effects
# -------------------------------------------------------------------------------------------------


class InRow(Struct, frozen=True):
    """One product of a partner, as it stands in the inbox: handed to the hall as `number`."""

    origin: Nation
    traffic: Traffic
    sequence: int
    number: int
    issued_wall_ns: Instant
    arrived_wall_ns: Instant
    path: str
    digest: bytes
    """Of the content it came in, whatever seal was on it (share.wire.Verified)."""


class Evidence(Struct, frozen=True):
    """What was refused and why; the bytes are kept, bounded."""

    quarantined: Quarantined
    data: bytes


class Proof(Struct, frozen=True):
    """A nation signed two truths; `body` is the file that shows it (node.equivocation)."""

    nation: Nation
    says: str
    at_wall_ns: Instant
    body: bytes


class ShowDecision(Struct, frozen=True):
    """What was decided of a product for a recipient at home: shown, or not, and by which rule."""

    watcher: str
    origin: Nation
    track_id: str
    sequence: int
    released: bool
    rule: str


class Held(Struct, frozen=True):
    """A product that may go to this partner, but not before `due_wall_ns` (caveat DELAY). Decided again then,
    under the policy of that day.
    """

    offer: Offer
    partner: Nation
    taken_wall_ns: Instant
    due_wall_ns: Instant

    @property
    def order(self) -> tuple[int, int, str]:
        """Held products leave in this order."""
        return (self.due_wall_ns, self.offer.number, self.partner)


class Store(Struct, frozen=True, tag="store"):
    """One transaction: the rows that this step makes, and all marks as they are now."""

    at_wall_ns: Instant
    offers: tuple[Offer, ...] = ()
    decisions: tuple[Decision, ...] = ()
    sealed: tuple[Sealed, ...] = ()
    held: tuple[Held, ...] = ()
    """Products that begin to wait, or wait on."""
    unheld: tuple[tuple[int, Nation], ...] = ()
    """(offer, partner) whose wait is over."""
    rows_in: tuple[InRow, ...] = ()
    handed: tuple[HandedItem, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    outs: dict[Stream, OutStream] = {}
    ins: dict[Stream, InStream] = {}
    hall_upto: int = 0
    handed_upto: int = 0
    copies: int = 0
    logs: Logs | None = None
    """Null: as they were."""
    ticks: tuple[tuple[int, int, bytes], ...] = ()
    """New leaves of the own log: generation, number, commitment."""
    proofs: tuple[Proof, ...] = ()
    lists: tuple[Believed, ...] = ()
    """Trust lists that are new."""
    list_seen: int = 0
    """The newest version of our own list that a partner holds."""
    shown: tuple[ShowDecision, ...] = ()


class AckOffers(Struct, frozen=True, tag="ack-offers"):
    """To the hall: committed up to here (the answer to repeats and gaps too), and what it has taken."""

    upto: int
    taken: int = 0


class HandOver(Struct, frozen=True, tag="hand-over"):
    """To the hall."""

    items: tuple[HandedItem, ...]


class Send(Struct, frozen=True, tag="send"):
    """To a partner, for the first time. Other than control it stands in the outbox until receipted. `flash`:
    first as a copy that no broker stores; `stored`: to the broker, until it has it."""

    sealed: Sealed
    flash: bool = False
    stored: bool = True


class SendAgain(Struct, frozen=True, tag="send-again"):
    """Whatever of the outbox overlaps these runs, once more."""

    partner: Nation
    traffic: Traffic
    runs: tuple[Run, ...]


class AskCommit(Struct, frozen=True, tag="ask-commit"):
    """To the hall: the commitment for this leaf of the national log."""

    generation: int
    number: int


class Show(Struct, frozen=True, tag="show"):
    """To a recipient at home, in the form that it may see."""

    watcher: str
    product: Product


class Report(Struct, frozen=True, tag="report"):
    """To the hall, unnumbered: the links' health now."""

    report: LinkReport


DoorEffect = Store | AckOffers | HandOver | Send | SendAgain | AskCommit | Show | Report

# ---- state
# ---------------------------------------------------------------------------------------------------


class Office(Struct, frozen=True):
    """Who this door is. `signer` holds the release key; it signs and tells nothing."""

    nation: Nation
    plane: Plane
    topology: Topology
    trust: TrustList
    signer: Signer
    policy: Policy = DEFAULT
    former: tuple[Signer, ...] = ()
    """Own keys that signed before, and may have sealed what still waits in the outbox."""
    watchers: tuple[Watcher, ...] = ()
    """Recipients at home that are shown objects."""
    log: LogOffice | None = None
    """Null: this door keeps no logs and witnesses none."""
    own: Believed | None = None
    """Our trust list, which partners are to have."""
    lists: dict[Nation, Believed] = {}
    """Partners' lists as the node was given them by hand; newer ones come over the links. Without any,
    `trust` is all that is believed."""
    certificate_until_ns: Instant | None = None
    """When the first certificate of this node ends; null = not known."""
    decrypt: hpke.Decrypt = hpke.cannot
    encrypt: hpke.Encrypt = hpke.encrypt

    @property
    def partners(self) -> tuple[Nation, ...]:
        """All other nations of the mechanism."""
        return self.topology.partners(self.nation)


class Flight(Struct, frozen=True):
    """Imports handed to the hall under `number`.. and not yet committed there: sequences `first`..`last`."""

    number: int
    origin: Nation
    traffic: Traffic
    first: int
    last: int


class DoorState(Struct, frozen=True):
    """All that the door knows. What must survive a crash also stands in door.sqlite (node.door_book)."""

    office: Office
    offers_upto: int = 0
    handed_upto: int = 0
    hall_upto: int = 0
    hall_step: int = 0
    hall_seconds: int = 0
    """Wall seconds in which the hall has gone on: partners may know that, and not how busy it is."""
    hall_heard_ns: Instant | None = None
    outs: dict[Stream, OutStream] = {}
    ins: dict[Stream, InStream] = {}
    flights: tuple[Flight, ...] = ()
    links: dict[Nation, Link] = {}
    held: tuple[Held, ...] = ()
    """In the order of `Held.order`."""
    copies: int = 0
    taken: dict[bytes, int] = {}
    """Envelopes of products taken lately: SHA-256 of their bytes, and how many records were in them."""
    logs: Logs = Logs()
    full: bool = False
    """No room but the reserve, which is for what is urgent: flow is refused, given and taken."""
    reported_ns: Instant = Instant(0)
    lists: dict[Nation, Believed] = {}
    """The newest trust list of each partner."""
    trust: TrustList | None = None
    """What follows from them; null = as the office has it."""
    list_seen: int = 0
    disputed: frozenset[tuple[Nation, int]] = frozenset()
    """Lists (nation, version) of which there are two truths, and numbers that a partner cannot have seen of
    ours; told once."""
    opened_ns: Instant = Instant(0)
    """When this run of the door began."""
    unproven: frozenset[Nation] = frozenset()
    """Our book is an old copy, and these partners have not said yet what they have seen of us: products
    wait (node.restored)."""
    troubles: dict[tuple[AlarmKind, str], Alarm] = {}
    """What went wrong in this run and is to be seen."""
    stored_ns: Instant = Instant(0)
    dirty: bool = False
    """Marks have changed since the last `Store`."""
