"""A door whose book is an old copy: no sequence and no handoff number is used for two contents, nothing that
the hall offered is lost, and it is said aloud. What its partners hold cannot be played back into it twice.
"""

import shutil
from pathlib import Path

import pytest
from door_world import Net, World
from exchange_samples import PLANE, key, tracklet
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.alarm import AlarmKind
from tocsin.model.envelope import header_for
from tocsin.model.label import Label, Nation
from tocsin.model.product import Quarantined, Traffic
from tocsin.model.time import Instant
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import Arrived, DoorState, HallHas, Store
from tocsin.node.restored import BEYOND, MAX_JUMP
from tocsin.release.seal import seal
from tocsin.share.links import Heartbeat, Receipt
from tocsin.share.wire import encode_notes

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
FLOW = (JPN, Traffic.FLOW)


def copied(world: World, nation: Nation, copy: Path) -> None:
    door = world.doors[nation]
    door.crash()
    shutil.copy(door.path, copy)
    door.start()


def restored(world: World, nation: Nation, copy: Path) -> None:
    """The book as it was; what the hall has and what partners have stays."""
    door = world.doors[nation]
    door.crash()
    for stale in door.path.parent.glob(f"{door.path.name}*"):
        stale.unlink()
    if copy.exists():
        shutil.copy(copy, door.path)
    door.start()


def offer(world: World, first: int, last: int, nation: Nation = KOR) -> None:
    for number in range(first, last + 1):
        world.halls[nation].offer(tracklet(nation, number))


def kinds(state: DoorState) -> set[AlarmKind]:
    return {kind for kind, _ in state.troubles} | {alarm.kind for alarm in state.logs.alarms}


def contents(world: World, origin: Nation = KOR) -> dict[int, set[int]]:
    """Product numbers that Japan's hall has taken under each sequence."""
    found: dict[int, set[int]] = {}
    for item in world.halls[JPN].imports():
        if item.origin is origin:
            found.setdefault(item.sequence, set()).add(item.product.sequence)
    return found


@pytest.mark.parametrize("before", [0, 5])
def test_it_goes_on_beyond_what_partners_saw(tmp_path: Path, before: int) -> None:
    world = World(tmp_path, Net())
    offer(world, 1, before)
    world.run(2.0)
    if before:
        copied(world, KOR, tmp_path / "copy")
    offer(world, before + 1, 30)
    world.run(3.0)
    saw = world.doors[JPN].state.ins[KOR, Traffic.FLOW].received.highest
    handed = world.doors[KOR].state.handed_upto
    assert saw == 30
    restored(world, KOR, tmp_path / "copy")
    world.halls[KOR].acked = before  # what the hall makes of the door's word
    offer(world, 31, 40)
    world.run(4.0)  # what waits for a partner's word stands in no outbox yet
    world.drain(30.0)
    after = world.doors[KOR].state
    assert after.outs[FLOW].sent > saw
    assert after.handed_upto > handed
    assert AlarmKind.OLD_BACKUP in kinds(after)
    assert AlarmKind.SEQUENCE_JUMP in kinds(world.doors[JPN].state)
    taken = contents(world)
    assert all(len(products) == 1 for products in taken.values()), "one sequence, two contents"
    assert {next(iter(one)) for one in taken.values()} == set(range(1, 41))
    assert world.settled()
    assert [item.number for item in world.halls[KOR].items] == list(range(1, len(world.halls[KOR].items) + 1))
    world.close()


def test_a_door_that_dies_before_its_report_tells_after_it(tmp_path: Path) -> None:
    """The commit that goes on beyond the old book is the last that knows of it: what is not in it, no officer
    learns, and a book that is put back twice would number again what it sealed after the first time."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, KOR, tmp_path / "copy")
    offer(world, 6, 30)
    world.run(3.0)
    restored(world, KOR, tmp_path / "copy")
    door = world.doors[KOR]
    _, (store, *_) = door_step(door.state, [HallHas(len(world.halls[KOR].items), 1)], world.now)
    assert isinstance(store, Store)
    door.book.commit(store)
    door.crash()
    door.start()
    assert door.state.unproven == {JPN, USA}
    world.run(2.0)
    (alarm,) = [one for one in world.halls[KOR].alarms if one.kind is AlarmKind.OLD_BACKUP]
    assert alarm.about == "door"
    assert "the hall has taken items up to" in alarm.detail
    world.close()


def test_control_is_heard_though_a_partner_has_seen_a_liars_number(tmp_path: Path) -> None:
    """It says so with every heartbeat: kept as evidence once, and the restored door is heard all the same."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, KOR, tmp_path / "copy")
    offer(world, 6, 30)
    world.run(120.0)
    lie = header_for(
        Label(PLANE, frozenset((KOR,)), frozenset((JPN,))),
        issuer=KOR,
        recipient=JPN,
        traffic=Traffic.CONTROL,
        first=2**40,
        last=2**40,
        key_id=key(KOR).key_id,
        issued_wall_ns=world.now,
        expires_wall_ns=Instant(world.now + 10**12),
    )
    world._send(seal(lie, encode_notes([Receipt(Traffic.FLOW, 1)]), key(KOR), by_hub=False))
    world.run(2.0)
    assert world.doors[JPN].state.ins[KOR, Traffic.CONTROL].received.highest == 2**40
    restored(world, KOR, tmp_path / "copy")
    world.halls[KOR].acked = 5
    offer(world, 31, 40)
    before = len(world.halls[KOR].items)
    world.drain(30.0)
    world.run(10.0)
    assert world.settled()
    said = [one.item for one in world.halls[KOR].items[before:] if isinstance(one.item, Quarantined)]
    assert [one.reason for one in said] == ["false-receipt"]
    world.close()


def test_what_was_under_way_when_the_book_was_lost_is_offered_again(tmp_path: Path) -> None:
    """Sealed, sent, lost on the way, and forgotten: the sequences are declared void, the products arrive."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, KOR, tmp_path / "copy")
    world.cut = True
    offer(world, 6, 9)
    world.run(0.5)
    world.cut = False
    offer(world, 10, 10)
    world.run(0.3)  # 10 arrives, 6 to 9 do not
    restored(world, KOR, tmp_path / "copy")
    world.halls[KOR].acked = 5
    world.drain(30.0)
    world.run(6.0)
    state = world.doors[JPN].state
    assert {item.product.sequence for item in world.halls[JPN].imports()} == set(range(1, 11))
    assert AlarmKind.SEQUENCE_JUMP in kinds(state)
    assert not state.ins[KOR, Traffic.FLOW].received.islands
    assert all(link.missing == 0 for link in world.halls[JPN].links)
    world.close()


def test_the_receivers_book_restored_takes_nothing_twice_into_its_hall(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, JPN, tmp_path / "copy")
    offer(world, 6, 20)
    world.run(2.0)
    before = len(world.halls[JPN].items)
    restored(world, JPN, tmp_path / "copy")
    world.run(5.0)
    offer(world, 21, 30)
    world.drain(30.0)
    assert AlarmKind.OLD_BACKUP in kinds(world.doors[JPN].state)
    numbers = [item.number for item in world.halls[JPN].items]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > before
    assert {item.product.sequence for item in world.halls[JPN].imports()} == set(range(1, 31))
    world.close()


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_everything_played_back_after_a_restart_is_taken_once(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    world = World(tmp_path_factory.mktemp("world"), Net(loss=0.1, double=0.2), seed)
    offer(world, 1, 20)
    offer(world, 1, 20, USA)
    world.drain(30.0)
    tape = list(world.sent)
    taken = len(world.halls[JPN].imports())
    assert taken == 40
    door = world.doors[JPN]
    for round_ in range(2):
        if round_:
            door.crash()
            door.start()
        for sealed in tape:
            if sealed.recipient is JPN:
                world.inject(Arrived("direct", sealed.issuer, sealed.data, world.now), JPN)
        world.run(1.0)
    assert len(world.halls[JPN].imports()) == taken
    assert world.halls[JPN].quarantined() == []
    world.close()


def test_a_partner_cannot_make_us_skip_without_bound(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    offer(world, 1, 3)
    world.run(3.0)
    jpn, kor = world.doors[JPN], world.doors[KOR]
    stream = (KOR, Traffic.FLOW)
    marks = jpn.state.ins[stream].received
    lie = replace(jpn.state.ins[stream], received=marks.add(MAX_JUMP + 100, MAX_JUMP + 100))
    jpn.state = replace(jpn.state, ins={**jpn.state.ins, stream: lie})
    world.run(2.5)
    assert kor.state.outs[FLOW].sent == 3
    assert {one.reason for one in world.halls[KOR].quarantined()} == {"false-receipt"}
    assert isinstance(kor.state.links[JPN].beat, Heartbeat)
    world.close()


def test_receipts_go_on_after_the_receivers_book_was_restored(tmp_path: Path) -> None:
    """What it has receipted its partner no longer holds: it waited for that for ever."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, JPN, tmp_path / "copy")
    offer(world, 6, 20)
    world.drain(30.0)
    assert world.doors[KOR].state.outs[FLOW].backlog == 0
    restored(world, JPN, tmp_path / "copy")
    world.run(6.0)
    offer(world, 21, 30)
    world.drain(30.0)
    assert world.doors[KOR].state.outs[FLOW].backlog == 0
    assert all(link.missing == 0 for link in world.halls[JPN].links)
    world.close()


def test_the_hall_offers_again_though_it_has_nothing_new(tmp_path: Path) -> None:
    """Sealed, lost on the way and forgotten; no later offer tells the hall what its door remembers."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, KOR, tmp_path / "copy")
    world.cut = True
    offer(world, 6, 9)
    world.run(0.5)
    world.cut = False
    restored(world, KOR, tmp_path / "copy")
    world.run(3.0)
    world.drain(30.0)
    assert {item.product.sequence for item in world.halls[JPN].imports()} == set(range(1, 10))
    world.close()


def test_what_is_under_way_and_forgotten_never_meets_another_content(tmp_path: Path) -> None:
    """The partner has seen nothing of it: its word proves nothing about what a broker still holds."""
    world = World(tmp_path, Net())
    offer(world, 1, 5)
    world.run(2.0)
    copied(world, KOR, tmp_path / "copy")
    world.cut = True
    offer(world, 6, 9)
    world.run(0.5)
    world.cut = False
    under_way = [one for one in world.sent if one.issuer is KOR and one.recipient is JPN and one.first > 5]
    assert any(one.traffic is Traffic.FLOW for one in under_way)
    assert world.doors[JPN].state.ins[KOR, Traffic.FLOW].received.highest == 5
    restored(world, KOR, tmp_path / "copy")
    world.halls[KOR].acked = 5
    offer(world, 10, 12)
    world.drain(30.0)
    for sealed in under_way:
        world.inject(Arrived("direct", KOR, sealed.data, world.now), JPN)
    world.run(3.0)
    fresh = {one.first for one in world.sent if one.issuer is KOR and one.traffic is Traffic.FLOW}
    assert max(fresh) > BEYOND
    assert all(len(products) == 1 for products in contents(world).values())
    assert not any(alarm.kind is AlarmKind.EQUIVOCATION for alarm in world.doors[JPN].state.logs.alarms)
    world.close()
