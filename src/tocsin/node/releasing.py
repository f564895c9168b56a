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
from tocsin.node.door_words import Held
from tocsin.release.policy import Question, Withheld, decide, may_use_hub, must_encrypt
from tocsin.release.reduce import reduced
from tocsin.release.terms import Policy
from tocsin.release.wording import BACKLOG_FULL, DISK_FULL, HELD_FULL, UNSOUND
from tocsin.share import outbox
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


class _Parcel(Struct, frozen=True):
    """A released product for one partner, ready to be numbered."""

    offer: int
    partner: Nation
    traffic: Traffic
    label: Label
    by_hub: bool
    encrypt: bool
    rule: str
    data: bytes


_Group = tuple[Nation, Traffic, Label, bool, bool]
_Word = Decision | _Parcel | Held


def take_offers(turn: Turn, offers: Iterable[Offer]) -> None:
    """Take what follows on; repeats and what is past a gap are answered with how far we are."""
    turn.answer_hall = True
    fresh: list[Offer] = []
    for offer in offers:
        if offer.number == turn.offers_upto + 1:
            turn.offers_upto = offer.number
            fresh.append(offer)
    turn.offers += fresh
    _carry_out(turn, _for_all(turn, fresh))


def release_due(turn: Turn) -> None:
    """What has waited long enough is decided again, under the policy as it is now, and goes if it may."""
    turn.wait_anew()
    if not turn.held:
        return
    due = sorted(turn.unhold_due(), key=lambda held: (held.offer.number, held.partner))
    forms = encoded([held.offer.product for held in due], turn.state.office.policy)
    _carry_out(
        turn,
        [
            _word(turn, held.offer, data, held.partner, held.taken_wall_ns)
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
    office = turn.state.office
    forms = encoded([offer.product for offer in offers], office.policy)
    for offer, data in zip(offers, forms, strict=True):
        showing.show(turn, offer.product)
        for partner in office.partners:
            yield _word(turn, offer, data, partner, turn.now)


def _word(turn: Turn, offer: Offer, data: bytes | None, partner: Nation, taken_wall_ns: Instant) -> _Word:
    office, product = turn.state.office, offer.product
    asked = question(
        product,
        office.nation,
        partner,
        office.plane,
        office.topology,
        office.policy,
        encrypts=partner in turn.trust.encryption,
    )
    verdict = decide(asked)
    if isinstance(verdict, Withheld):
        return _withheld(offer, partner, verdict.rule)
    if data is None:
        return _withheld(offer, partner, UNSOUND)
    no_room = _no_room(turn, product, partner)
    if no_room is not None:
        return _withheld(offer, partner, no_room)
    due_wall_ns = Instant(taken_wall_ns + verdict.delay_s * SECOND_NS)
    if due_wall_ns > turn.now or partner in turn.unproven:
        return Held(offer, partner, taken_wall_ns, due_wall_ns)
    return _Parcel(
        offer=offer.number,
        partner=partner,
        traffic=traffic_of(product),
        label=product.label,
        by_hub=may_use_hub(asked),
        encrypt=must_encrypt(asked),
        rule=verdict.rule,
        data=data,
    )


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
            group = (word.partner, word.traffic, word.label, word.by_hub, word.encrypt)
            parcels.setdefault(group, []).append(word)
        elif isinstance(word, Decision):
            decided.append(word)
        elif turn.waiting(word.partner) < MOST_HELD:
            turn.hold(word)
        else:
            decided.append(_withheld(word.offer, word.partner, HELD_FULL))
    for group, some in parcels.items():
        for batch in _batches(some, 1 if group[1] is Traffic.URGENT else MAX_RECORDS):
            decided += _sealed(turn, batch)
    decided.sort(key=lambda decision: (decision.offer, decision.partner))
    turn.decisions += decided
    for decision in decided:
        turn.hand(decision)


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
    one = batch[0]
    stream = (one.partner, one.traffic)
    turn.outs[stream], first = outbox.allocate(turn.out(stream), len(batch))
    to = turn.trust.encryption[one.partner] if one.encrypt else None
    last = first + len(batch) - 1
    header = turn.header(one.label, one.partner, one.traffic, first, last, to.key_id if to else "")
    payload = join_products([parcel.data for parcel in batch])
    if to is not None:
        payload = turn.state.office.encrypt(payload, to.public, bound_bytes(header))
    turn.send(header, payload, by_hub=one.by_hub)
    tellings.sealed(turn, header, payload)
    for sequence, parcel in enumerate(batch, start=first):
        yield Decision(parcel.offer, parcel.partner, True, parcel.rule, parcel.traffic, sequence)
