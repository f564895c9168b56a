"""What waited longer than its seal lives, or than its key signs, still arrives: once, and as it was."""

from pathlib import Path

import apsw
import pytest
from door_world import Net, World
from exchange_samples import NOW, key, tracklet, trusted
from msgspec.structs import replace

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.door_turn import VALID_NS
from tocsin.release.seal import SealError
from tocsin.share.trust import trust_list
from tocsin.share.wire import Verified, verify

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
FLOW = (JPN, Traffic.FLOW)


def cut_off(folder: Path) -> World:
    """KOR has offered ten; no message ever arrived."""
    world = World(folder, Net(loss=1.0))
    for number in range(1, 11):
        world.halls[KOR].offer(tracklet(KOR, number))
    world.run(1.0)
    assert world.halls[JPN].imports() == []
    return world


def arrived(world: World) -> list[int]:
    return sorted(item.product.sequence for item in world.halls[JPN].imports())


@pytest.mark.parametrize("days", [0.4, 1.1, 40.0])
def test_an_outage_of_days_closes_its_gap(tmp_path: Path, days: float) -> None:
    world = cut_off(tmp_path)
    world.now = Instant(world.now + round(days * 86_400 * SECOND_NS))
    world.drain(20.0)
    assert arrived(world) == list(range(1, 11))
    assert world.settled()
    assert world.halls[JPN].quarantined() == []
    world.close()


def test_a_new_seal_says_the_same(tmp_path: Path) -> None:
    world = cut_off(tmp_path)
    door = world.doors[KOR]
    trust = trust_list([trusted(KOR), trusted(KOR, number=2)])
    rotated = replace(door.office, signer=key(KOR, number=2), former=(key(KOR),))
    later = Instant(NOW + 2 * VALID_NS)
    old = door.book.outbox(FLOW, 0, 100, door.office, world.now)
    for office, now in ((door.office, later), (rotated, world.now), (rotated, later)):
        new = door.book.outbox(FLOW, 0, 100, office, now)
        assert [row.message_id for row in new] == [row.message_id for row in old]
        for before, after in zip(old, new, strict=True):
            one = verify(before.data, trust, JPN, office.plane, world.now)
            other = verify(after.data, trust, JPN, office.plane, now)
            assert isinstance(one, Verified)
            assert isinstance(other, Verified)
            assert before.data != after.data
            assert (one.digest, one.products) == (other.digest, other.products)
            assert other.header.key_id == office.signer.key_id
            assert other.header.expires_wall_ns == now + VALID_NS
    assert door.book.outbox(FLOW, 0, 100, door.office, world.now) == old
    world.close()


def test_a_rotated_key_seals_what_the_former_one_left(tmp_path: Path) -> None:
    world = cut_off(tmp_path)
    door = world.doors[KOR]
    door.office = replace(door.office, signer=key(KOR, number=2), former=(key(KOR),))
    door.crash()
    door.start()
    keys = [trusted(KOR, number=2), *(trusted(nation) for nation in (USA, JPN))]
    for nation in (USA, JPN):
        other = world.doors[nation]
        others = [one for one in keys if one.nation is not nation]
        other.office = replace(other.office, trust=trust_list(others))
        other.crash()
        other.start()
    world.drain(20.0)
    assert arrived(world) == list(range(1, 11))
    world.close()


def test_a_key_that_was_never_ours_is_not_sealed_over(tmp_path: Path) -> None:
    world = cut_off(tmp_path)
    door = world.doors[KOR]
    for former in ((), (key(USA),)):
        stranger = replace(door.office, signer=key(KOR, number=2), former=former)
        with pytest.raises(SealError, match="not signed"):
            door.book.outbox(FLOW, 0, 100, stranger, world.now)
    world.close()
    apsw.Connection(str(door.path)).execute("UPDATE outbox SET data = zeroblob(9)")
    door.start()
    with pytest.raises(SealError):
        door.book.outbox(FLOW, 0, 100, door.office, Instant(world.now + 2 * VALID_NS))
    world.close()
