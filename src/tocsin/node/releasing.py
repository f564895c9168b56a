"""The hall's offers at the door: decided for each partner, reduced, made to wait where the label asks for it,
numbered, sealed; flow in micro-batches."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from tocsin.model.envelope import MAX_ENVELOPE_BYTES, MAX_RECORDS, bound_bytes
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Decision, Offer, Product, Traffic, traffic_of
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node import showing, tellings
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Held, OffersCame, SendAgain, Stream
from tocsin.release.policy import Question, Verdict, Withheld, decide, may_use_hub, must_encrypt
from tocsin.release.reduce import reduced
from tocsin.release.terms import Policy
from tocsin.release.wording import BACKLOG_FULL, DISK_FULL, HELD_FULL, UNSOUND
from tocsin.share import links, outbox
from tocsin.share.inbox import MAX_AHEAD
from tocsin.share.topology import Route, Topology
from tocsin.share.wire import encode_product, join_products, soundness

ENVELOPE_ROOM = 2_000
"""Header, keys and signature take under 500 bytes; the rest is for the products."""

MAX_PRODUCT_BYTES = 8_000
"""Ten times a usual tracklet; only a runaway text field gets there."""

MOST_BACKLOG = MAX_AHEAD
"""Records of flow that wait for one partner's receipts, about 1 GB: a thousand objects through a cut of a
quarter of an hour, and as far as the partner would take them ahead of a gap."""

MOST_HELD = 20_000
"""Products that wait for one partner, about 30 MB; what comes when so many wait is withheld, loudly."""


class _Way(Struct, frozen=True):
    """What is true of every product of one kind, origin and label that is offered to one partner."""

    partner: Nation
    traffic: Traffic
    label: Label
    verdict: Verdict
    by_hub: bool
    encrypt: bool
    quick: bool
    """Flow that has a direct way: while it works it is enough, without a disk on it (share.outbox.ways)."""
    no_room: str | None
    """The rule by which there is no room for it now."""

    @property
    def group(self) -> "_Group":
        """What may share an envelope."""
        return (self.partner, self.traffic, self.label, self.by_hub, self.encrypt)


class _Parcel(Struct, frozen=True):
    """A released product for one partner, ready to be numbered."""

    offer: int
    way: _Way
    data: bytes


_Group = tuple[Nation, Traffic, Label, bool, bool]
_Word = Decision | _Parcel | Held


class _Ways:
    """The policy's answers, each asked for once: of a product it looks at kind, origin and label alone
    (tests/release/test_policy.py), and what waits for a partner grows only when all is decided."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._known: dict[tuple[type[Product], Nation, Label], dict[Nation, _Way]] = {}

    def of(self, product: Product) -> dict[Nation, _Way]:
        """By partner."""
        key = (type(product), product.origin, product.label)
        ways = self._known.get(key)
        if ways is None:
            partners = self._turn.state.office.partners
            self._known[key] = ways = {one: _way(self._turn, product, one) for one in partners}
        return ways


def take_offers(turn: Turn, batches: Iterable[OffersCame]) -> None:
    """Take what follows on; repeats and what is past a gap are answered with how far we are."""
    turn.answer_hall = True
    fresh: list[Offer] = []
    for offer in _on_from(turn, batches):
        if offer.number == turn.offers_upto + 1:
            turn.offers_upto = offer.number
            fresh.append(offer)
    turn.offers += fresh
    _carry_out(turn, _for_all(turn, fresh))


def _on_from(turn: Turn, batches: Iterable[OffersCame]) -> Iterator[Offer]:
    """All of them. Where the hall has no numbers between what we have and its first, that one follows on."""
    for batch in batches:
        if batch.after is not None and batch.offers and batch.after <= turn.offers_upto:
            turn.offers_upto = max(turn.offers_upto, batch.offers[0].number - 1)
        yield from batch.offers


def release_due(turn: Turn) -> None:
    """What has waited long enough is decided again, under the policy as it is now, and goes if it may."""
    turn.wait_anew()
    if not turn.held:
        return
    due = sorted(turn.unhold_due(), key=lambda held: (held.offer.number, held.partner))
    forms, ways = encoded([held.offer.product for held in due], turn.state.office.policy), _Ways(turn)
    _carry_out(
        turn,
        [
            _word(turn, held.offer, data, ways.of(held.offer.product)[held.partner], held.taken_wall_ns)
            for held, data in zip(due, forms, strict=True)
        ],
    )


def encoded(products: Sequence[Product], policy: Policy) -> list[bytes | None]:
    """Products in the form in which they may leave; null for one that is nothing that could be sent."""
    less = [reduced(product, policy) for product in products]
    forms = [encode_product(product) for product in less]
    return [
        data if good and len(data) <= MAX_PRODUCT_BYTES else None
        for data, good in zip(forms, soundness(less), strict=True)
    ]


def question(
    product: Product,
    issuer: Nation,
    partner: Nation,
    plane: Plane,
    topology: Topology,
    policy: Policy,
    *,
    encrypts: bool,
) -> Question:
    """What a door asks its policy. `encrypts`: the partner's trust list names a key to encrypt to."""
    routes = topology.routes(issuer, partner)
    return Question(
        product=product,
        issuer=issuer,
        partner=partner,
        plane=plane,
        direct=Route.DIRECT in routes,
        hub=topology.hub if Route.HUB in routes else None,
        policy=policy,
        encrypts=encrypts,
    )


def _for_all(turn: Turn, offers: Sequence[Offer]) -> Iterator[_Word]:
    """One word for each offer and partner; a product is encoded once."""
    forms, ways = encoded([offer.product for offer in offers], turn.state.office.policy), _Ways(turn)
    for offer, data in zip(offers, forms, strict=True):
        showing.show(turn, offer.product)
        for way in ways.of(offer.product).values():
            yield _word(turn, offer, data, way, turn.now)


def _way(turn: Turn, product: Product, partner: Nation) -> _Way:
    office = turn.state.office
    asked = question(
        product,
        office.nation,
        partner,
        office.plane,
        office.topology,
        office.policy,
        encrypts=partner in turn.trust.encryption,
    )
    traffic, by_hub = traffic_of(product), may_use_hub(asked)
    return _Way(
        partner=partner,
        traffic=traffic,
        label=product.label,
        verdict=decide(asked),
        by_hub=by_hub,
        encrypt=must_encrypt(asked),
        quick=asked.direct and traffic is Traffic.FLOW,
        no_room=_no_room(turn, product, partner),
    )


def _word(turn: Turn, offer: Offer, data: bytes | None, way: _Way, taken_wall_ns: Instant) -> _Word:
    verdict = way.verdict
    if isinstance(verdict, Withheld):
        return _withheld(offer, way.partner, verdict.rule)
    if data is None:
        return _withheld(offer, way.partner, UNSOUND)
    if way.no_room is not None:
        return _withheld(offer, way.partner, way.no_room)
    due_wall_ns = Instant(taken_wall_ns + verdict.delay_s * SECOND_NS)
    if due_wall_ns > turn.now or way.partner in turn.unproven:
        return Held(offer, way.partner, taken_wall_ns, due_wall_ns)
    return _Parcel(offer.number, way, data)


def _no_room(turn: Turn, product: Product, partner: Nation) -> str | None:
    """The rule by which flow finds no room now. What is urgent always has some."""
    traffic = traffic_of(product)
    if traffic is not Traffic.FLOW:
        return None
    if turn.full:
        return DISK_FULL
    return BACKLOG_FULL if turn.out((partner, traffic)).backlog >= MOST_BACKLOG else None


def _withheld(offer: Offer, partner: Nation, rule: str) -> Decision:
    product = offer.product
    return Decision(offer.number, partner, False, rule, traffic_of(product), track_id=product.track_id)


def _carry_out(turn: Turn, words: Iterable[_Word]) -> None:
    """Let wait, number and seal; every decision is also the hall's."""
    decided: list[Decision] = []
    parcels: dict[_Group, list[_Parcel]] = {}
    for word in words:
        if isinstance(word, _Parcel):
            parcels.setdefault(word.way.group, []).append(word)
        elif isinstance(word, Decision):
            decided.append(word)
        elif turn.waiting(word.partner) < MOST_HELD:
            turn.hold(word)
        else:
            decided.append(_withheld(word.offer, word.partner, HELD_FULL))
    for group, some in parcels.items():
        for batch in _batches(some, 1 if group[1] is Traffic.URGENT else MAX_RECORDS):
            decided += _sealed(turn, batch)
    decided.sort(key=_order)
    turn.decisions += decided
    for decision in decided:
        turn.hand(decision)


def _order(decision: Decision) -> tuple[int, Nation]:
    return decision.offer, decision.partner


def _batches(parcels: Sequence[_Parcel], records: int) -> Iterator[list[_Parcel]]:
    """Cut by number and by size."""
    batch: list[_Parcel] = []
    size = 0
    for parcel in parcels:
        full = len(batch) == records or size + len(parcel.data) > MAX_ENVELOPE_BYTES - ENVELOPE_ROOM
        if batch and full:
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += len(parcel.data)
    if batch:
        yield batch


def _sealed(turn: Turn, batch: Sequence[_Parcel]) -> Iterator[Decision]:
    way = batch[0].way
    stream = (way.partner, way.traffic)
    ways = _ways(turn, stream) if way.quick else None
    turn.outs[stream], first = outbox.allocate(turn.out(stream), len(batch))
    if ways is not None and ways.alone:
        turn.outs[stream] = outbox.went_alone(turn.outs[stream])
    to = turn.trust.encryption[way.partner] if way.encrypt else None
    last = first + len(batch) - 1
    header = turn.header(way.label, way.partner, way.traffic, first, last, to.key_id if to else "")
    payload = join_products([parcel.data for parcel in batch])
    if to is not None:
        payload = turn.state.office.encrypt(payload, to.public, bound_bytes(header))
    turn.send(header, payload, by_hub=way.by_hub, ways=ways)
    tellings.sealed(turn, header, payload)
    for sequence, parcel in enumerate(batch, start=first):
        rule = parcel.way.verdict.rule
        yield Decision(parcel.offer, way.partner, True, rule, way.traffic, sequence)


def _ways(turn: Turn, stream: Stream) -> outbox.Ways:
    """How the next envelope of flow goes."""
    link = turn.links.get(stream[0], links.Link())
    ways = outbox.ways(turn.out(stream), turn.now, heard=links.path_up(link, Route.DIRECT, turn.now))
    turn.outs[stream] = ways.stream
    return ways


def store_overdue(turn: Turn) -> None:
    """What the direct way may not have carried is stored on every way it may take, before what is new."""
    for partner in turn.state.office.partners:
        stream = (partner, Traffic.FLOW)
        after, again = outbox.overdue(turn.out(stream), turn.now)
        if again:
            turn.outs[stream] = after
            turn.sends.append(SendAgain(*stream, again))
