"""Caveats kept at the door: DELAY really waits, over restarts and changes of policy; COARSEN really blurs."""

from collections.abc import Iterator
from pathlib import Path

import cbor2
import msgspec
import pytest
from exchange_samples import (
    NOW,
    PLANE,
    key,
    label,
    launch,
    prediction,
    product,
    public_warning,
    silence,
    tracklet,
    trust_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.event import LaunchEvent
from tocsin.model.label import Caveat, Label, Nation
from tocsin.model.product import Decision, Offer, Product
from tocsin.model.sealed import Sealed
from tocsin.model.sensor import SensorWord
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import SharedPlot, SightLook, Tracklet
from tocsin.model.warning import SharedWarning
from tocsin.node import releasing
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import DoorState, DoorStimulus, HandOver, OffersCame, Office, Send, Store
from tocsin.release.reduce import reduced
from tocsin.release.terms import (
    DEFAULT,
    KINDS,
    Coarsening,
    Delaying,
    FlowTerms,
    Kind,
    PartnerTerms,
    Policy,
    UrgentTerms,
    kind_of,
)
from tocsin.share.topology import Topology

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
BOTH = {JPN: PartnerTerms(KINDS), USA: PartnerTerms(KINDS)}
WAIT_FLOW_S, WAIT_URGENT_S = 40, 3
WAITING = Policy(
    BOTH,
    UrgentTerms(delay=Delaying.WAIT, delay_s=WAIT_URGENT_S),
    FlowTerms(delay=Delaying.WAIT, delay_s=WAIT_FLOW_S),
)
DELAYED = label(KOR, frozenset(Nation), Caveat.DELAY)


def office(policy: Policy) -> Office:
    return Office(KOR, PLANE, Topology(), trust_of(KOR), key(KOR), policy)


class Door:
    """The fold and, if it has one, its book; what it sent and said, and when."""

    def __init__(self, policy: Policy = WAITING, path: Path | None = None) -> None:
        self.path = path
        self.book = None if path is None else DoorBook(path)
        self.state = DoorState(office(policy))
        self.sent: list[tuple[float, Sealed]] = []
        self.decisions: list[tuple[float, Decision]] = []

    def at(self, second: float, *stimuli: DoorStimulus) -> None:
        now = Instant(NOW + round(second * SECOND_NS))
        self.state, effects = door_step(self.state, stimuli, now)
        for effect in effects:
            if isinstance(effect, Store) and self.book is not None:
                self.book.commit(effect)
            elif isinstance(effect, Send) and effect.sealed.traffic != "control":
                self.sent.append((second, effect.sealed))
            elif isinstance(effect, HandOver):
                items = (row.item for row in effect.items)
                self.decisions += [(second, item) for item in items if isinstance(item, Decision)]

    def restart(self, policy: Policy) -> None:
        assert self.book is not None
        assert self.path is not None
        self.book.close()
        self.book = DoorBook(self.path)
        self.state = self.book.load(office(policy))

    def products(self, partner: Nation) -> Iterator[tuple[float, Product]]:
        for second, sealed in self.sent:
            if sealed.recipient is partner:
                _, tagged = cbor2.loads(sealed.data)
                for one in msgspec.msgpack.decode(tagged.value[2], type=tuple[Product, ...]):
                    yield second, one


def offers(*some: Product, first: int = 1) -> OffersCame:
    return OffersCame(tuple(Offer(n, one, NOW) for n, one in enumerate(some, first)))


def test_it_waits_as_long_as_the_policy_says_and_not_longer() -> None:
    door = Door()
    door.at(0.0, offers(tracklet(KOR, 1, DELAYED), launch(KOR, 2, DELAYED), tracklet(KOR, 3)))
    assert [one.sequence for _, one in door.products(JPN)] == [3]
    assert [one.offer for _, one in door.decisions] == [3, 3]
    for tenth in range(1, 10 * WAIT_FLOW_S + 1):
        door.at(tenth / 10)
    assert [(at, one.sequence) for at, one in door.products(JPN)] == [(0.0, 3), (3.0, 2), (40.0, 1)]
    assert [(at, one.offer, one.released) for at, one in door.decisions[2:]] == [
        (3.0, 2, True), (3.0, 2, True), (40.0, 1, True), (40.0, 1, True),
    ]  # fmt: skip
    assert door.state.held == ()


def test_sequences_have_no_gap_while_something_waits() -> None:
    """A number given away before its time would look like a loss, and tell that something is held."""
    door = Door()
    door.at(0.0, offers(*(tracklet(KOR, n, DELAYED if n % 2 else None) for n in range(1, 21))))
    assert door.state.outs[JPN, "flow"].sent == 10  # type: ignore[index]
    door.at(float(WAIT_FLOW_S))
    assert door.state.outs[JPN, "flow"].sent == 20  # type: ignore[index]


def test_what_waits_survives_restarts_and_goes_once(tmp_path: Path) -> None:
    door = Door(path=tmp_path / "door.sqlite")
    door.at(0.0, offers(tracklet(KOR, 1, DELAYED)))
    for second in (10.0, 20.0, 39.9):
        door.restart(WAITING)
        assert len(door.state.held) == 2
        door.at(second)
        assert door.sent == []
    door.restart(WAITING)
    door.at(40.0)
    assert {one.recipient for _, one in door.sent} == {USA, JPN}
    door.restart(WAITING)
    assert door.state.held == ()
    door.at(100.0)
    assert len(door.sent) == 2


def test_a_crash_before_the_commit_sends_nothing_twice(tmp_path: Path) -> None:
    door = Door(path=tmp_path / "door.sqlite")
    door.at(0.0, offers(tracklet(KOR, 1, DELAYED)))
    door_step(door.state, (), Instant(NOW + 50 * SECOND_NS))  # its effects are lost with the process
    door.restart(WAITING)
    door.at(60.0)
    assert [one.sequence for _, one in door.products(JPN)] == [1]
    assert [one.sequence for _, one in door.decisions] == [1, 1]


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (DEFAULT, "forbid.delay"),
        (replace(WAITING, partners={JPN: PartnerTerms(frozenset({Kind.LAUNCH}))}), "forbid.kind"),
    ],
)
def test_what_is_due_is_decided_by_the_policy_of_that_day(tmp_path: Path, policy: Policy, rule: str) -> None:
    door = Door(path=tmp_path / "door.sqlite")
    door.at(0.0, offers(tracklet(KOR, 1, DELAYED)))
    door.restart(policy)
    door.at(41.0)
    assert door.sent == []
    assert {(one.rule, one.released, one.track_id) for _, one in door.decisions} == {(rule, False, "KOR-1")}


def test_a_longer_delay_holds_on(tmp_path: Path) -> None:
    door = Door(path=tmp_path / "door.sqlite")
    door.at(0.0, offers(tracklet(KOR, 1, DELAYED)))
    longer = replace(WAITING, flow=replace(WAITING.flow, delay_s=100))
    door.restart(longer)
    door.at(99.9)
    assert door.sent == []
    door.restart(longer)
    door.at(100.0)
    assert len(door.sent) == 2


def test_more_than_can_wait_is_withheld_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "MOST_HELD", 3)
    door = Door()
    door.at(0.0, offers(*(tracklet(KOR, n, DELAYED) for n in range(1, 6))))
    assert len(door.state.held) == 6
    assert [(one.offer, one.rule) for _, one in door.decisions] == [
        (n, "forbid.held-full") for n in (4, 4, 5, 5)
    ]


def test_what_waits_for_one_partner_is_not_told_to_the_other() -> None:
    """Two worlds that differ in what waits for USA say the same to JPN, byte for byte, and when."""
    heard = []
    for secrets in (0, 9):
        door = Door()
        for second in range(60):
            for_usa = label(KOR, frozenset((USA,)), Caveat.DELAY)
            hidden = [tracklet(KOR, 1000 + n, for_usa) for n in range(secrets)]
            some = (*hidden, tracklet(KOR, second + 1, DELAYED if second % 2 else None))
            door.at(float(second), offers(*some, first=door.state.offers_upto + 1))
        heard.append([(at, one.data) for at, one in door.sent if one.recipient is JPN])
    assert heard[0] == heard[1]
    assert len(heard[0]) > 30


GRIDS = st.tuples(st.floats(1e3, 1e5), st.floats(10.0, 2e3), st.floats(0.01, 5.0), st.floats(1e3, 1e6))
CAVEATS = st.frozensets(st.sampled_from(list(Caveat)))
WAITS = st.sampled_from([(Delaying.FORBID, 0), (Delaying.WAIT, 1), (Delaying.WAIT, 7)])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    grid_m, grid_mps, grid_deg, apogee_m = draw(GRIDS)
    kinds = st.frozensets(st.sampled_from(list(Kind))).map(PartnerTerms)
    return Policy(
        {JPN: draw(kinds), USA: draw(kinds)},
        UrgentTerms(draw(st.sampled_from(Coarsening)), grid_deg, apogee_m, *draw(WAITS)),
        FlowTerms(draw(st.sampled_from(Coarsening)), grid_m, grid_mps, 1.0, *draw(WAITS)),
    )


@settings(max_examples=40)
@given(policies(), st.lists(st.tuples(CAVEATS, st.frozensets(st.sampled_from([JPN, USA]))), max_size=12))
def test_nothing_is_ever_finer_or_earlier_than_label_and_policy_allow(
    policy: Policy, rows: list[tuple[frozenset[Caveat], frozenset[Nation]]]
) -> None:
    makers = (tracklet, launch, prediction, silence, public_warning)
    given_: list[Product] = [
        makers[n % 5](KOR, n, Label(PLANE, frozenset((KOR,)), readers, caveats))
        for n, (caveats, readers) in enumerate(rows, 1)
    ]
    door = Door(policy)
    taken = {}
    for n, one in enumerate(given_, 1):
        taken[n] = n * 0.3
        door.at(taken[n], offers(one, first=n))
    for half in range(2 * 9):
        door.at(0.3 * len(rows) + half / 2)
    for partner in (JPN, USA):
        for at, one in door.products(partner):
            fine = given_[one.sequence - 1]
            terms = policy.for_product(fine)
            assert partner in fine.label.releasable_to
            assert kind_of(fine) in policy.partners[partner].kinds
            waited_s = at - taken[one.sequence]
            if Caveat.DELAY in fine.label.caveats:
                assert terms.delay is Delaying.WAIT
                assert waited_s >= terms.delay_s - 1e-9
                assert waited_s <= terms.delay_s + 0.5
            else:
                assert waited_s == 0.0
            assert one == reduced(fine, policy)
            if Caveat.COARSEN in fine.label.caveats:
                assert terms.coarsen is Coarsening.REDUCE
                assert is_coarse(one, policy)


def is_coarse(one: Product, policy: Policy) -> bool:
    """Every number stands on the policy's grid, and no ellipse or variance is below it."""
    if isinstance(one, Tracklet):
        grids = [policy.flow.grid_m] * 3 + [policy.flow.grid_mps] * 3 + [policy.flow.grid_ln_beta]
        on_grid = all(abs(x / g - round(x / g)) < 1e-6 for x, g in zip(one.state.x, grids, strict=True))
        variances = [one.state.p[n] for n in (0, 7, 13, 18, 22, 25, 27)]
        wide = all(p >= g**2 for p, g in zip(variances, grids, strict=True))
        return on_grid and wide and one.identity is None and one.accel_mps2 is None
    if isinstance(one, SharedPlot):
        look, grid = one.look, policy.flow.grid_m
        if isinstance(look, SightLook):
            return look.sigma_rad > 0.1 and all(
                abs(x / grid - round(x / grid)) < 1e-6 for x in look.from_ecef_m
            )
        on_grid = abs(look.range_m / grid - round(look.range_m / grid)) < 1e-6
        return on_grid and look.range_sigma_m >= grid and look.range_rate_mps is None
    if isinstance(one, SensorWord):
        return one.since_ns % (60 * SECOND_NS) == 0
    if isinstance(one, SharedWarning):
        return True  # nothing finer than areas is in it
    place = one.launch if isinstance(one, LaunchEvent) else one.impact
    grid = policy.urgent.grid_deg
    on_grid = abs(place.lat_deg / grid - round(place.lat_deg / grid)) < 1e-3
    ellipse = place.ellipse95
    return on_grid and ellipse.semi_major_m == ellipse.semi_minor_m >= grid * 110_500.0


def test_samples_are_finer_than_any_grid() -> None:
    """Else the property above would hold of a door that reduces nothing."""
    assert not any(is_coarse(one, WAITING) for one in (tracklet(KOR, 1), launch(KOR, 1), prediction(KOR, 1)))
    assert product(KOR, 1) != reduced(
        replace(product(KOR, 1), label=label(KOR, frozenset(Nation), Caveat.COARSEN))
    )
