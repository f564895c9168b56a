"""The door without brokers: seal, verify, the fold's two directions, and the same with the book on this
disk.

Prints one line a figure: processor time, which other work on the machine changes little.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from tocsin.bench import samples
from tocsin.model.envelope import MAX_RECORDS, header_for
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Tracklet
from tocsin.node.door_book import DoorBook
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import Arrived, DoorState, DoorStimulus, OffersCame, Office, Send, Store
from tocsin.release._key import ReleaseKey
from tocsin.release.seal import seal
from tocsin.share.topology import Topology
from tocsin.share.trust import TrustedKey, trust_list
from tocsin.share.wire import encode_product, join_products, verify

NOW = Instant(1_700_000_000 * SECOND_NS)
PLANE = Plane.TEST
PRODUCTS = 5_000
KEYS = {nation: ReleaseKey(f"{nation}-TEST-1", sha256(nation.encode()).digest()) for nation in Nation}
LABEL = Label(PLANE, frozenset((Nation.KOR,)), frozenset((Nation.USA, Nation.JPN)))


def tracklet(number: int) -> Tracklet:
    return replace(samples.tracklet(Nation.KOR, NOW), sequence=number, label=LABEL)


def office(nation: Nation) -> Office:
    keys = (TrustedKey(n, PLANE, key.key_id, key.public) for n, key in KEYS.items() if n is not nation)
    return Office(nation, PLANE, Topology(), trust_list(keys), KEYS[nation])


def sealed(records: int) -> Sealed:
    header = header_for(
        LABEL,
        issuer=Nation.KOR,
        recipient=Nation.JPN,
        traffic=Traffic.FLOW,
        first=1,
        last=records,
        key_id="KOR-TEST-1",
        issued_wall_ns=NOW,
        expires_wall_ns=Instant(NOW + SECOND_NS),
    )
    payload = join_products([encode_product(tracklet(n)) for n in range(records)])
    return seal(header, payload, KEYS[Nation.KOR], by_hub=True)


def each_us(work: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e6


def seal_and_verify() -> None:
    trust = office(Nation.JPN).trust
    for records in (1, MAX_RECORDS):
        made = sealed(records)
        envelope = made.data
        seal_us = each_us(partial(sealed, records), 200)
        verify_us = each_us(partial(verify, envelope, trust, Nation.JPN, PLANE, NOW), 200)
        size = f"{records:3d} records, {len(envelope):6d} bytes"
        print(f"{size}: encode + seal {seal_us:6.0f} us, verify {verify_us:6.0f} us")


def turns(nation: Nation, stimuli: list[DoorStimulus], book: DoorBook | None) -> Iterator[Sealed]:
    """Run one turn a stimulus; prints what it took of the processor."""
    state, commit_s, start = DoorState(office(nation)), 0.0, time.process_time()
    for n, stimulus in enumerate(stimuli):
        state, effects = door_step(state, (stimulus,), Instant(NOW + n))
        for effect in effects:
            if isinstance(effect, Store) and book is not None:
                before = time.process_time()
                book.commit(effect)
                commit_s += time.process_time() - before
            elif isinstance(effect, Send):
                yield effect.sealed
    spent_s = time.process_time() - start
    commit = f", {commit_s / len(stimuli) * 1e3:.2f} ms of it a commit" if book else ""
    turn = f"{spent_s / len(stimuli) * 1e3:.2f} ms a turn{commit}"
    print(f"{'with book' if book else 'fold alone'}: {spent_s / PRODUCTS * 1e6:5.0f} us a product, {turn}")


def both_sides(records: int) -> None:
    """The origin's and a recipient's door, `records` a turn."""
    offers = [Offer(n, tracklet(n), NOW) for n in range(1, PRODUCTS + 1)]
    out: list[DoorStimulus] = [
        OffersCame(tuple(offers[n : n + records])) for n in range(0, PRODUCTS, records)
    ]
    with tempfile.TemporaryDirectory() as folder:
        print(f"origin, {records} offers a turn, two partners")
        sent = list(turns(Nation.KOR, out, None))
        list(turns(Nation.KOR, out, DoorBook(Path(folder) / "origin.sqlite")))
        print("recipient, one envelope a turn")
        come: list[DoorStimulus] = [
            Arrived("direct", Nation.KOR, one.data, NOW)
            for one in sent
            if one.recipient is Nation.JPN and one.traffic is Traffic.FLOW
        ]
        list(turns(Nation.JPN, come, None))
        list(turns(Nation.JPN, come, DoorBook(Path(folder) / "recipient.sqlite")))


def main() -> None:
    seal_and_verify()
    for records in (5, MAX_RECORDS):
        both_sides(records)


if __name__ == "__main__":
    main()
