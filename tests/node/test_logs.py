"""The logs that nations keep and witness for each other: bad network, crashes, old backups and a liar."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from door_world import LOG_PERIOD_NS, Net, World, log_key
from exchange_samples import NOW, PLANE, key, label, launch, tracklet, trust_of
from msgspec.structs import replace

from tocsin.model.alarm import AlarmKind
from tocsin.model.envelope import header_for
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import Instant
from tocsin.node import equivocation
from tocsin.node.door_words import Arrived
from tocsin.node.log_words import Logs
from tocsin.record.checkpoint import (
    Checkpoint,
    believe,
    log_origin,
    nation_log_keys,
    sign_checkpoint,
    told_key,
)
from tocsin.record.merkle import Frontier
from tocsin.record.note import NoteKey, NoteSigner
from tocsin.record.tick import grown
from tocsin.release.seal import seal
from tocsin.share.links import Accused, LogGrew, ToldSoFar
from tocsin.share.outbox import OutStream, allocate
from tocsin.share.wire import encode_notes, encode_product, join_products

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN
Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    worlds: list[World] = []

    def made(net: Net | None = None, seed: int = 1) -> World:
        folder = tmp_path / str(len(worlds))
        folder.mkdir()
        worlds.append(World(folder, net or Net(), seed, logs=True))
        return worlds[-1]

    yield made
    for world in worlds:
        world.close()


def busy(world: World, seconds: int, start: int = 1) -> None:
    for second in range(seconds):
        for nation in Nation:
            world.halls[nation].offer(tracklet(nation, start + second))
        world.run(1.0)


def logs(world: World, nation: Nation) -> Logs:
    return world.doors[nation].state.logs


def kinds(world: World, nation: Nation) -> set[tuple[AlarmKind, str]]:
    return {(alarm.kind, alarm.about) for alarm in world.halls[nation].alarms}


def keys_of(nation: Nation, generation: int = 1) -> tuple[NoteKey, NoteKey]:
    return nation_log_keys(nation, PLANE, generation, log_key(nation, generation).public)


def agree(world: World) -> None:
    """Every log is witnessed to its end, what was told is what was heard, and nobody complains."""
    world.run(2.5)
    for nation in Nation:
        mine = logs(world, nation)
        assert not mine.alarms
        for other in mine.own.held:
            assert mine.own.tree.size - mine.own.held[other].size <= 1
            assert mine.own.tree.size - logs(world, other).seen[nation].tree.size <= 1
        for (other, traffic), telling in mine.telling.items():
            assert logs(world, other).told[nation, traffic].checked.tree == telling.tree
        assert len(mine.own.held) == 2


def test_checkpoints_come_back_cosigned_and_the_hall_keeps_them(make: Make) -> None:
    world = make()
    busy(world, 8)
    agree(world)
    for nation in Nation:
        log, _ = keys_of(nation)
        witnesses = [keys_of(other)[1] for other in Nation if other is not nation]
        newest = max(world.halls[nation].witnessed(), key=lambda row: row.size)
        believed = believe(newest.note, (log, *witnesses))
        assert believed.checkpoint.size == newest.size
        assert len(believed.witnesses) == 1
        commitments = [one for _, one in sorted(world.halls[nation].commitments.items())]
        assert grown(Frontier(), commitments[: newest.size]).root() == believed.checkpoint.root


@pytest.mark.parametrize("seed", range(2))
def test_loss_doubling_and_crashes_disturb_nothing(make: Make, seed: int) -> None:
    world = make(Net(loss=0.3, double=0.2, delay_ms=40, handoff_loss=0.2), seed)
    world.crashes = {world.dice.randrange(2_500) for _ in range(20)}
    busy(world, 14)
    world.drain()
    world.run(4.0)
    agree(world)
    assert not any(hall.quarantined() for hall in world.halls.values())


def test_a_partner_that_was_away_is_led_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.notary.MAX_LEAVES", 7)
    world = make()
    world.run(3.0)
    world.cut = True
    world.run(33.0)
    assert logs(world, KOR).own.tree.size - logs(world, KOR).own.held[JPN].size > 30
    world.cut = False
    world.run(3.0)
    agree(world)


def test_leaves_beyond_memory_are_an_alarm(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.notary.MOST_LEAVES", 20)
    world = make()
    world.run(3.0)
    world.cut = True
    world.run(30.0)
    assert (AlarmKind.WITNESS_LOST, str(JPN)) in kinds(world, KOR)
    assert logs(world, KOR).own.tree.root() == grown(logs(world, KOR).own.base, leaves(world)).root()


def leaves(world: World) -> list[bytes]:
    data = logs(world, KOR).own.leaves
    return [data[at : at + 32] for at in range(0, len(data), 32)]


# ---- old backups


def backup(world: World, nation: Nation, to: Path) -> None:
    door = world.doors[nation]
    door.crash()
    shutil.copy(door.path, to)
    door.start()


def restore(world: World, nation: Nation, of: Path) -> None:
    door = world.doors[nation]
    door.crash()
    for left in door.path.parent.glob(f"{door.path.name}*"):
        left.unlink()
    shutil.copy(of, door.path)
    door.start()
    jump(world, nation)


def jump(world: World, nation: Nation) -> None:
    """After a restore a door must leave out the sequences that it may have used (not the logs' business)."""
    state = world.doors[nation].state
    outs = {way: allocate(state.outs.get(way, OutStream()), 100_000)[0] for way in ways(nation)}
    world.doors[nation].state = replace(state, outs={**state.outs, **outs})


def ways(nation: Nation) -> list[tuple[Nation, Traffic]]:
    return [(other, Traffic.CONTROL) for other in Nation if other is not nation]


def test_an_old_door_book_gets_its_own_log_back_and_gives_up_witnessing(make: Make, tmp_path: Path) -> None:
    world = make()
    world.run(5.0)
    backup(world, KOR, tmp_path / "old.sqlite")
    world.run(10.0)
    before = logs(world, KOR).own.tree.size
    world.cut = True
    restore(world, KOR, tmp_path / "old.sqlite")
    world.run(3.0)
    assert logs(world, KOR).own.tree.size >= before, "the hall has said it all before"
    assert kinds(world, KOR) == {(AlarmKind.OLD_BACKUP, "door")}
    world.cut = False
    world.run(3.0)
    assert (AlarmKind.WITNESS_LOST, "witness") in kinds(world, KOR)
    cosigned = logs(world, USA).own.held[KOR].size
    world.run(3.0)
    assert logs(world, USA).own.held[KOR].size == cosigned, "it signs no more"
    world.retire(KOR)
    world.run(4.0)
    assert not kinds(world, KOR)
    assert logs(world, KOR).own.generation == 2
    agree(world)


def test_an_old_backup_of_hall_and_door_is_told_by_what_partners_hold(make: Make, tmp_path: Path) -> None:
    world = make()
    world.run(5.0)
    backup(world, KOR, tmp_path / "old.sqlite")
    then = dict(world.halls[KOR].commitments)
    world.run(10.0)
    world.halls[KOR].commitments = then
    world.halls[KOR].name = "another life"
    restore(world, KOR, tmp_path / "old.sqlite")
    world.run(3.0)
    assert (AlarmKind.OLD_BACKUP, "record") in kinds(world, KOR)
    size = logs(world, KOR).own.tree.size
    world.run(3.0)
    assert logs(world, KOR).own.tree.size == size
    world.doors[KOR].crash()
    world.doors[KOR].start()
    world.run(2.0)
    assert (AlarmKind.OLD_BACKUP, "record") in kinds(world, KOR), "a restart does not make it forget"
    world.retire(KOR)
    world.run(4.0)
    agree(world)


def test_a_lost_door_book_is_noticed_too(make: Make) -> None:
    world = make()
    world.run(5.0)
    door = world.doors[JPN]
    door.crash()
    for left in door.path.parent.glob(f"{door.path.name}*"):
        left.unlink()
    door.start()
    jump(world, JPN)
    world.run(3.0)
    assert (AlarmKind.WITNESS_LOST, "witness") in kinds(world, JPN)


# ---- a liar: Korea's keys in other hands


def say(world: World, to: Nation, *notes: object, number: int = 1_000_000) -> None:
    """A control message of Korea's release key that Korea's door knows nothing of."""
    header = header_for(
        label(KOR),
        issuer=KOR,
        recipient=to,
        traffic=Traffic.CONTROL,
        first=number,
        last=number,
        key_id=key(KOR).key_id,
        issued_wall_ns=world.now,
        expires_wall_ns=Instant(world.now + LOG_PERIOD_NS * 1000),
    )
    sealed = seal(header, encode_notes(notes), key(KOR), by_hub=True)  # type: ignore[arg-type]
    world.inject(Arrived("direct", KOR, sealed.data, world.now), to)


def forked(size: int, tree: Frontier) -> bytes:
    signer = NoteSigner(keys_of(KOR)[0], log_key(KOR, 1).sign)
    return sign_checkpoint(Checkpoint(log_origin(KOR, PLANE, 1), size, tree.root()), signer).data


def test_two_checkpoints_of_one_size_are_proven_and_told_to_the_third(make: Make) -> None:
    world = make()
    world.run(5.0)
    other = grown(Frontier(), [bytes(32)] * 3)
    say(world, JPN, LogGrew(forked(3, other), 3, (), other.peaks))
    world.run(1.5)
    for nation in (JPN, USA):
        assert (AlarmKind.EQUIVOCATION, str(KOR)) in kinds(world, nation)
        proof = proofs(world, nation)[0]
        trust = equivocation.Keys(trust_of(nation), (keys_of(KOR)[0],))
        found = equivocation.judge(proof, trust)
        assert isinstance(found, equivocation.Found)
        assert (found.nation, found.says) == (KOR, "two roots for tocsin/EXERCISE/KOR/log-1 at size 3")
    held = logs(world, KOR).own.held[JPN].size
    world.run(3.0)
    assert logs(world, KOR).own.held[JPN].size == held, "who was caught is cosigned no more"


def proofs(world: World, nation: Nation) -> list[bytes]:
    rows = world.doors[nation].book._db.execute("SELECT body FROM proof")
    return [bytes(row[0]) for row in rows]


def test_different_logs_shown_to_two_nations_are_found_out(make: Make) -> None:
    """Japan is cut off from Korea and shown another log: no size is ever shown to one of them twice."""
    world = make()
    world.run(3.0)
    seen = logs(world, JPN).seen[KOR].tree
    size = seen.size
    while logs(world, USA).seen[KOR].tree.size <= size:
        world.run(0.1)
        world._air = [row for row in world._air if not (row[2] is JPN and row[3].said is KOR)]
    lie = grown(seen, [b"L" * 32])
    say(world, JPN, LogGrew(forked(size + 1, lie), size, (b"L" * 32,)))
    world.run(1.0)
    assert (AlarmKind.EQUIVOCATION, str(KOR)) in kinds(world, JPN)
    assert (AlarmKind.EQUIVOCATION, str(KOR)) in kinds(world, USA)


def test_leaves_that_do_not_lead_to_the_root_are_not_cosigned(make: Make) -> None:
    world = make()
    world.run(5.0)
    size = logs(world, JPN).seen[KOR].tree.size
    say(world, JPN, LogGrew(forked(size + 1, grown(Frontier(), [b"x" * 32])), size, (b"y" * 32,)))
    world.run(1.5)
    assert (AlarmKind.RECORD_DIFFERS, str(KOR)) in kinds(world, JPN)
    assert [row.reason for row in world.halls[JPN].quarantined()] == ["inconsistent-log"]


def test_what_one_says_it_told_is_compared_with_what_the_other_heard(make: Make) -> None:
    world = make()
    busy(world, 5)
    told = logs(world, JPN).told[KOR, Traffic.FLOW].checked
    assert told.tree.size > 0
    signer = NoteSigner(
        told_key(KOR, PLANE, 1, log_key(KOR, 1).public, JPN, Traffic.FLOW), log_key(KOR, 1).sign
    )
    tree = grown(told.tree, [bytes(32)])
    note = sign_checkpoint(Checkpoint(signer.key.name, tree.size, tree.root()), signer).data
    say(world, JPN, ToldSoFar(Traffic.FLOW, 0, 7, note))
    world.run(1.5)
    assert not kinds(world, JPN), "a gap is waited for"
    busy(world, 4, 100)
    assert kinds(world, JPN) == {(AlarmKind.RECORD_DIFFERS, f"{KOR}/flow")}


def test_a_stream_that_began_just_before_a_crash_is_read_back(make: Make) -> None:
    world = make()
    busy(world, 4)
    world.run(0.4)  # between two checkpoints: nothing else writes the logs' rows
    world.halls[KOR].offer(launch(KOR, 1))
    while Traffic.URGENT not in {traffic for _, traffic in logs(world, JPN).told}:
        world.run(0.02)
    world.doors[JPN].crash()
    world.doors[JPN].start()
    agree(world)
    assert logs(world, JPN).told[KOR, Traffic.URGENT].checked.tree.size == 1


def test_a_partner_that_signs_nothing_of_what_it_tells_is_named(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.node.tellings.MOST_TAIL", 3)
    monkeypatch.setattr("tocsin.node.tellings.take_word", lambda *_: None)
    world = make()
    busy(world, 6)
    assert (AlarmKind.RECORD_DIFFERS, f"{KOR}/flow") in kinds(world, JPN)
    assert len(logs(world, JPN).told[KOR, Traffic.FLOW].tail) <= 3


def first_told(world: World) -> Sealed:
    """The first of what Korea told Japan."""
    way = (KOR, JPN, Traffic.FLOW, 1)
    found = (one for one in world.sent if (one.issuer, one.recipient, one.traffic, one.first) == way)
    sealed: Sealed = next(found)
    return sealed


def told_otherwise(sealed: Sealed) -> bytes:
    """Another content for the same, under Korea's key."""
    header = header_for(
        label(KOR),
        issuer=KOR,
        recipient=JPN,
        traffic=Traffic.FLOW,
        first=sealed.first,
        last=sealed.last,
        key_id=key(KOR).key_id,
        issued_wall_ns=NOW,
        expires_wall_ns=Instant(NOW + LOG_PERIOD_NS * 1000),
    )
    count = sealed.last - sealed.first + 1
    payload = join_products([encode_product(tracklet(KOR, 777)) for _ in range(count)])
    return seal(header, payload, key(KOR), by_hub=True).data


def test_another_content_for_a_sequence_is_proven(make: Make) -> None:
    world = make()
    busy(world, 3)
    world.inject(Arrived("hub", KOR, told_otherwise(first_told(world)), world.now), JPN)
    world.run(1.5)
    for nation in (JPN, USA):
        assert (AlarmKind.EQUIVOCATION, str(KOR)) in kinds(world, nation)
    trust = equivocation.Keys(trust_of(JPN), ())
    found = equivocation.judge(proofs(world, JPN)[0], trust)
    assert isinstance(found, equivocation.Found)
    assert found.nation is KOR


def test_a_proof_that_comes_after_the_log_was_retired_stops_the_next_one_too(make: Make) -> None:
    """When its contents were sealed only the accused says, who may lie; the next log key is the way out."""
    world = make()
    busy(world, 2)
    world.retire(KOR)
    world.run(3.0)
    assert logs(world, KOR).own.held[JPN].size
    one = first_told(world)
    say(world, JPN, Accused(equivocation.of_envelopes(one.data, told_otherwise(one))))
    world.run(1.5)
    held = logs(world, KOR).own.held[JPN].size
    world.run(2.0)
    assert logs(world, KOR).own.held[JPN].size == held
    world.retire(KOR)
    world.run(3.0)
    assert (AlarmKind.EQUIVOCATION, str(KOR)) not in kinds(world, JPN)
    assert logs(world, KOR).own.held[JPN].size > 0


def test_no_accusation_stands_without_its_proof(make: Make) -> None:
    world = make()
    busy(world, 3)
    one = next(one for one in world.sent if one.recipient is JPN and one.traffic is Traffic.FLOW)
    trust = equivocation.Keys(trust_of(JPN), [keys_of(n)[0] for n in (USA, KOR)])
    note = world.halls[KOR].witnessed()[0].note
    other = world.halls[KOR].witnessed()[-1].note
    for proof, why in (
        (equivocation.of_envelopes(one.data, one.data), "say the same"),
        (equivocation.of_envelopes(one.data, one.data[:-1] + b"x"), "not believed"),
        (equivocation.of_checkpoints(note, note), "say the same"),
        (equivocation.of_checkpoints(note, other), "do not contradict"),
        (equivocation.of_checkpoints(note, note.replace(b"/log-1", b"/log-2")), "not believed"),
        (b"{}", "not a proof"),
        (b'{"form":"tocsin-equivocation/1"}', "either two"),
    ):
        found = equivocation.judge(proof, trust)
        assert isinstance(found, str)
        assert why in found


def test_a_door_without_log_key_keeps_no_log(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    busy(world, 3)
    assert all(replace(logs(world, nation), ready=False) == Logs() for nation in Nation)
    world.close()
