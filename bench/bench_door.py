"""The door without brokers: seal, verify, the fold's two directions, and the same with the book on this
disk.

Prints one line a figure. The cost of one durable commit is printed beside what depends on it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from tocsin.model.envelope import MAX_RECORDS, header_for
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.space import EcefState
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase, Tracklet
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
    x = (-3_100_000.0 + number, 4_200_000.5, 3_900_000.25, 1_200.0, -2_000.0, 2_500.0, 9.0)
    state = EcefState(NOW, x, tuple(100.0 + n / 7 for n in range(28)))
    return Tracklet(
        Nation.KOR, "K1", number, Life.CONFIRMED, Phase.COAST, ObjectClass.BALLISTIC, state, NOW, NOW, LABEL
    )


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
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times * 1e6


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
    """Run one turn a stimulus; prints products/s and the mean commit."""
    state, commit_s, start = DoorState(office(nation)), 0.0, time.perf_counter()
    for n, stimulus in enumerate(stimuli):
        state, effects = door_step(state, (stimulus,), Instant(NOW + n))
        for effect in effects:
            if isinstance(effect, Store) and book is not None:
                before = time.perf_counter()
                book.commit(effect)
                commit_s += time.perf_counter() - before
            elif isinstance(effect, Send):
                yield effect.sealed
    rate = PRODUCTS / (time.perf_counter() - start)
    commit = f", mean commit {commit_s / len(stimuli) * 1e3:.2f} ms" if book else ""
    print(f"{'with book' if book else 'fold alone'}: {rate:8.0f} products/s{commit}")


def main() -> None:
    seal_and_verify()
    offers = [Offer(n, tracklet(n), NOW) for n in range(1, PRODUCTS + 1)]
    batches = [offers[n : n + MAX_RECORDS] for n in range(0, PRODUCTS, MAX_RECORDS)]
    out: list[DoorStimulus] = [OffersCame(tuple(batch)) for batch in batches]
    with tempfile.TemporaryDirectory() as folder:
        print(f"origin, {MAX_RECORDS} offers a turn, two partners")
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


if __name__ == "__main__":
    main()
