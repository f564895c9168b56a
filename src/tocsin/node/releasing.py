"""The hall's offers at the door: decided for each partner, reduced, numbered, sealed; flow in
micro-batches."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from tocsin.model.envelope import MAX_ENVELOPE_BYTES, MAX_RECORDS
from tocsin.model.label import Label, Nation
from tocsin.model.product import Decision, Offer, Traffic, traffic_of
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Office
from tocsin.release.policy import Question, Release, Verdict, Withheld, decide, may_use_hub
from tocsin.release.reduce import reduced
from tocsin.share import outbox
from tocsin.share.topology import Route
from tocsin.share.wire import encode_product, join_products, sound

ENVELOPE_ROOM = 2_000
"""Header, keys and signature take under 500 bytes; the rest is for the products."""

MAX_PRODUCT_BYTES = 8_000
"""Ten times a usual tracklet; only a runaway text field gets there."""


class _Parcel(Struct, frozen=True):
    """A released product for one partner, ready to be numbered."""

    offer: int
    partner: Nation
    traffic: Traffic
    label: Label
    by_hub: bool
    rule: str
    data: bytes


_Group = tuple[Nation, Traffic, Label, bool]


def take_offers(turn: Turn, offers: Iterable[Offer]) -> None:
    """Take what follows on; repeats and what is past a gap are answered with how far we are."""
    turn.answer_hall = True
    decided: list[Decision] = []
    parcels: dict[_Group, list[_Parcel]] = {}
    for offer in offers:
        if offer.number != turn.offers_upto + 1:
            continue
        turn.offers_upto = offer.number
        turn.offers.append(offer)
        for verdict in _for_all(turn.state.office, offer):
            if isinstance(verdict, Decision):
                decided.append(verdict)
            else:
                group = (verdict.partner, verdict.traffic, verdict.label, verdict.by_hub)
                parcels.setdefault(group, []).append(verdict)
    for group, some in parcels.items():
        for batch in _batches(some, 1 if group[1] is Traffic.URGENT else MAX_RECORDS):
            decided += _sealed(turn, batch)
    decided.sort(key=lambda decision: (decision.offer, decision.partner))
    turn.decisions += decided
    for decision in decided:
        turn.hand(decision)


def _for_all(office: Office, offer: Offer) -> Iterator[Decision | _Parcel]:
    """One word for each partner; products that reduce to the same are encoded once."""
    product = reduced(offer.product)
    data = encode_product(product)
    fit = sound(product) and len(data) <= MAX_PRODUCT_BYTES
    traffic = traffic_of(product)
    for partner in office.partners:
        question = _question(office, offer, partner)
        verdict: Verdict = decide(question) if fit else Withheld("forbid.unsound")
        if isinstance(verdict, Release):
            by_hub = may_use_hub(question)
            yield _Parcel(offer.number, partner, traffic, product.label, by_hub, verdict.rule, data)
        else:
            yield Decision(offer.number, partner, False, verdict.rule, traffic)


def _question(office: Office, offer: Offer, partner: Nation) -> Question:
    routes = office.topology.routes(office.nation, partner)
    return Question(
        product=offer.product,
        issuer=office.nation,
        partner=partner,
        plane=office.plane,
        direct=Route.DIRECT in routes,
        hub=office.topology.hub if Route.HUB in routes else None,
    )


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
    header = turn.header(one.label, one.partner, one.traffic, first, first + len(batch) - 1)
    turn.send(header, join_products([parcel.data for parcel in batch]), by_hub=one.by_hub)
    for sequence, parcel in enumerate(batch, start=first):
        yield Decision(parcel.offer, parcel.partner, True, parcel.rule, parcel.traffic, sequence)
