"""Two worlds that differ only in what Japan may not have give Japan identical bytes: products, receipts,
heartbeats, checkpoints and all else that the door says; and a map of Japan's people the same objects.

Chance is handed in: the commitments of the national log are random to whoever has not the salt, so both
worlds are given the same. What is left out of the property stands in the threat model: the moments at which
messages leave the machine.
"""

from collections.abc import Callable
from hashlib import sha256

from door_world import LOG_PERIOD_NS, log_key
from exchange_samples import NOW, PLANE, key, label, launch, plot, prediction, tracklet, trust_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.label import Caveat, Label, Nation
from tocsin.model.product import Offer, Product, Traffic
from tocsin.model.time import MILLISECOND_NS, Instant
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import (
    Arrived,
    AskCommit,
    CommitmentCame,
    DoorState,
    DoorStimulus,
    HallHas,
    OffersCame,
    Office,
    Send,
    SendAgain,
    Show,
    Tick,
)
from tocsin.node.log_words import LogKey, LogOffice
from tocsin.node.notary import settled
from tocsin.release.terms import Delaying, FlowTerms, Kind, PartnerTerms, Policy, UrgentTerms
from tocsin.release.watchers import Watcher
from tocsin.share.topology import Topology

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN
TURN_NS = 200 * MILLISECOND_NS
POLICY = Policy(
    {USA: PartnerTerms(frozenset(Kind)), JPN: PartnerTerms(frozenset({Kind.TRACKLET, Kind.LAUNCH}))},
    UrgentTerms(),
    FlowTerms(delay=Delaying.WAIT, delay_s=1),
)

MAPS = (Watcher("Japan's", JPN), Watcher("our own", KOR))

OPEN = frozenset(Nation)
SHUT = frozenset({KOR, USA})


def shared(number: int) -> Product:
    """What Japan may have: at once, later, or less exactly."""
    if number % 5 == 0:
        return launch(KOR, number, label(KOR, OPEN))
    caveats: tuple[Caveat, ...] = ((), (Caveat.DELAY,), (Caveat.COARSEN,))[number % 3]
    return tracklet(KOR, number, label(KOR, OPEN, *caveats))


def secret(number: int) -> Product:
    """What Japan may not have, and the United States may."""
    makers: tuple[Callable[[Nation, int, Label], Product], ...] = (tracklet, launch, prediction, plot)
    return makers[number % 4](KOR, 10_000 + number, label(KOR, SHUT))


class Door:
    """Korea's door, driven turn by turn; `secrets` is how much a turn's offers hold that is not Japan's."""

    def __init__(self, nation: Nation = KOR) -> None:
        partners = {n: LogKey(1, log_key(n, 1).public) for n in Nation if n is not nation}
        log = LogOffice(1, log_key(nation, 1), partners, LOG_PERIOD_NS)
        self.nation = nation
        self.state = DoorState(
            Office(nation, PLANE, Topology(), trust_of(nation), key(nation), POLICY, watchers=MAPS, log=log)
        )
        self.state = self.with_generation()
        self.offers = self.made = self.steps = 0
        self.asked: AskCommit | None = None
        self.shown: list[Show] = []

    def with_generation(self) -> DoorState:
        return replace(self.state, logs=settled(self.state.logs, self.state.office.log))

    def turn(self, now: Instant, given: int, secrets: int, arrivals: list[bytes]) -> list[bytes]:
        """One turn; what it says to Japan."""
        some: list[Product] = []
        for n in range(given):
            self.made += 1
            some.append(shared(self.made))
            some += [secret(self.offers + len(some) + k) for k in range(secrets if n == 0 else 0)]
        if not given:
            some = [secret(self.offers + k) for k in range(secrets)]
        offers = tuple(Offer(self.offers + n, one, NOW) for n, one in enumerate(some, 1))
        self.offers += len(offers)
        self.steps += 1 + secrets  # a busier hall steps more often
        stimuli: list[DoorStimulus] = [HallHas(self.state.handed_upto, self.steps)]
        stimuli += [OffersCame(offers)] if offers else []
        stimuli += [Arrived("direct", JPN, data, now) for data in arrivals]
        if self.asked is not None:
            blind = sha256(f"{self.nation} {self.asked.number}".encode()).digest()
            stimuli.append(CommitmentCame(1, self.asked.number, blind, self.asked.number))
        self.asked = None
        self.state, effects = door_step(self.state, (*stimuli, Tick()), now)
        said: list[bytes] = []
        for effect in effects:
            if isinstance(effect, AskCommit):
                self.asked = effect
            if isinstance(effect, SendAgain):
                said.append(repr(effect).encode() if effect.partner is JPN else b"")
            if isinstance(effect, Show) and effect.watcher == "Japan's":
                self.shown.append(effect)
            if isinstance(effect, Send) and effect.sealed.recipient is JPN:
                said.append(effect.sealed.data)
        return [one for one in said if one]


FEW, MANY = st.integers(0, 4), st.integers(0, 25)
TURNS = st.lists(st.tuples(FEW, MANY, MANY), min_size=1, max_size=12)


@settings(max_examples=25)
@given(turns=TURNS)
def test_japan_gets_the_same_bytes_in_both_worlds(turns: list[tuple[int, int, int]]) -> None:
    """Japan's own door answers what it hears: its receipts, cosignatures and requests come back in."""
    one, other, japan = Door(), Door(), Door(JPN)
    to_korea: list[bytes] = []
    kinds: set[str] = set()
    for n, (given_, here, there) in enumerate([*turns, *[(0, 0, 0)] * 8]):
        now = Instant(NOW + n * TURN_NS)
        said, same = one.turn(now, given_, here, to_korea), other.turn(now, given_, there, to_korea)
        assert said == same
        assert one.shown == other.shown
        kinds |= {traffic for traffic in Traffic if any(traffic.encode() in data for data in said)}
        to_korea = reply(japan, now, said)
    assert one.state.logs.own.held.get(JPN) == other.state.logs.own.held.get(JPN)
    assert Traffic.CONTROL in kinds


def reply(japan: Door, now: Instant, heard: list[bytes]) -> list[bytes]:
    stimuli: list[DoorStimulus] = [Arrived("direct", KOR, data, now) for data in heard]
    japan.steps += 1
    stimuli.append(HallHas(japan.state.handed_upto, japan.steps))
    japan.state, effects = door_step(japan.state, (*stimuli, Tick()), now)
    return [one.sealed.data for one in effects if isinstance(one, Send) and one.sealed.recipient is KOR]


def test_the_worlds_do_differ_and_checkpoints_are_among_what_is_compared() -> None:
    """The property would hold of a door that says nothing."""
    one, japan, back = Door(), Door(JPN), list[bytes]()
    said: list[bytes] = []
    for n in range(20):
        now = Instant(NOW + n * TURN_NS)
        out = one.turn(now, 3, 5, back)
        back = reply(japan, now, out)
        said += out
    assert one.offers == 20 * 8
    assert one.shown
    assert one.state.logs.own.held[JPN].size >= 2
    assert sum(b"log-grew" in data for data in said) >= 2
    assert any(b"told-so-far" in data for data in said)
    assert any(b"heartbeat" in data for data in said)
    assert japan.state.ins[KOR, Traffic.FLOW].received.upto > 20
