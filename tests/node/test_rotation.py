"""Keys change while products flow: nothing is lost, a stolen key forges nothing beyond its last sequence, and
a relay cannot read what is encrypted past it. The production keys, lists, folds and books; a bad network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from door_world import Net, World
from exchange_samples import NOW, PLANE, label, launch, tracklet
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.alarm import AlarmKind
from tocsin.model.envelope import header_for
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node.door_book import told_so_far
from tocsin.node.door_words import Arrived, Officed
from tocsin.node.keys import ENCRYPTION, SIGNING, KeyFolder, make_keys
from tocsin.node.rotation import own_list, revoke, rotate
from tocsin.node.trust import own_entry
from tocsin.release._key import ReleaseKey, load_decryption_keys, load_release_key
from tocsin.release.seal import seal
from tocsin.share.keylist import MAX_KEYS, Use
from tocsin.share.topology import Mode, Route, Topology
from tocsin.share.trust import TrustList
from tocsin.share.wire import encode_product, join_products

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA


@dataclass
class Keyed:
    """Three doors with real key folders, and what an operator does with them."""

    world: World
    folders: dict[Nation, KeyFolder]

    def take_over(self, nation: Nation) -> None:
        """What the running door does when its files have changed."""
        door, folder = self.world.doors[nation], self.folders[nation]
        own = own_list(folder, nation, PLANE)
        held = {key.key_id: key for key in map(load_release_key, folder.all_of(SIGNING))}
        current = own.keys.of_use(Use.CURRENT)
        assert current is not None
        signer = held.pop(current.key_id)
        door.office = replace(
            door.office,
            signer=signer,
            former=tuple(held.values()),
            own=own,
            trust=TrustList({}),
            lists=door.office.lists or self.lists(nation),
            decrypt=load_decryption_keys(folder.all_of(ENCRYPTION)),
        )
        door.stimuli.append(Officed(door.office))

    def lists(self, me: Nation) -> dict[Nation, object]:
        return {n: own_entry(n, PLANE, self.folders[n]).believed for n in Nation if n is not me}

    def rotate(self, nation: Nation) -> None:
        rotate(self.folders[nation], nation, PLANE, self.world.now)
        self.take_over(nation)

    def current(self, nation: Nation) -> ReleaseKey:
        key = own_list(self.folders[nation], nation, PLANE).keys.of_use(Use.CURRENT)
        assert key is not None
        path = next(
            p for p in self.folders[nation].all_of(SIGNING) if load_release_key(p).key_id == key.key_id
        )
        return load_release_key(path)

    def offer(self, first: int, last: int, nation: Nation = KOR, **more: object) -> None:
        for number in range(first, last + 1):
            self.world.halls[nation].offer(tracklet(nation, number, **more))  # type: ignore[arg-type]

    def arrived(self, at: Nation = JPN, origin: Nation = KOR) -> list[int]:
        rows = [item for item in self.world.halls[at].imports() if item.origin is origin]
        return sorted(item.product.sequence for item in rows)

    def reasons(self, at: Nation = JPN) -> set[str]:
        return {one.reason for one in self.world.halls[at].quarantined()}


def keyed(folder: Path, net: Net | None = None, seed: int = 1, topology: Topology | None = None) -> Keyed:
    folders = {n: make_keys(folder / f"keys-{n}", n, PLANE, (), NOW) for n in Nation}
    made = Keyed(World(folder, net or Net(), seed, topology), folders)
    for nation in Nation:
        made.take_over(nation)
    made.world.run(0.1)
    return made


def forged(stolen: ReleaseKey, first: int, number: int, now: Instant) -> Sealed:
    """What a thief of KOR's key would write to Japan."""
    one = tracklet(KOR, number)
    header = header_for(
        one.label,
        issuer=KOR,
        recipient=JPN,
        traffic=Traffic.FLOW,
        first=first,
        last=first,
        key_id=stolen.key_id,
        issued_wall_ns=now,
        expires_wall_ns=Instant(now + 60 * SECOND_NS),
    )
    return seal(header, join_products([encode_product(one)]), stolen, by_hub=True)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_rotation_while_products_flow_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rotations: int
) -> None:
    it = keyed(tmp_path_factory.mktemp("world"), Net(loss=0.2, double=0.2, delay_ms=200.0), seed)
    for round_ in range(rotations):
        it.offer(10 * round_ + 1, 10 * round_ + 10)
        it.world.run(0.3)
        it.rotate(KOR)
        it.world.run(0.3)
    it.offer(10 * rotations + 1, 10 * rotations + 10)
    it.world.drain(60.0)
    it.world.run(4.0)
    for nation in (JPN, USA):
        assert it.arrived(nation) == list(range(1, 10 * rotations + 11))
        held = it.world.doors[nation].state.lists[KOR]
        assert held == own_list(it.folders[KOR], KOR, PLANE)
    it.world.close()


def test_a_partner_that_was_cut_off_through_two_rotations_learns_the_keys_from_the_message_itself(
    tmp_path: Path,
) -> None:
    it = keyed(tmp_path)
    it.offer(1, 5)
    it.world.drain(20.0)
    it.world.cut = True
    it.offer(6, 10)
    it.world.run(0.5)
    for _ in range(3):
        it.rotate(KOR)
        it.world.run(0.5)
    it.world.drain(30.0)
    it.world.run(6.0)
    it.world.drain(30.0)
    assert it.arrived() == list(range(1, 11))
    assert it.world.doors[JPN].state.lists[KOR].version == 4
    it.world.close()


def test_a_new_list_outlives_a_restart_and_an_older_file_does_not_count(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    first = it.world.doors[JPN].office.lists[KOR]
    it.world.run(3.0)
    it.rotate(KOR)
    it.world.run(5.0)
    jpn = it.world.doors[JPN]
    assert jpn.state.lists[KOR].version == 2
    jpn.crash()
    jpn.start()
    assert jpn.office.lists[KOR] == first
    assert jpn.state.lists[KOR].version == 2
    it.world.close()


def test_a_stolen_key_forges_nothing_beyond_its_last_sequence(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    it.world.run(2.0)
    stolen = it.current(KOR)
    it.offer(1, 8)
    it.world.run(2.0)
    assert receipted(it)[JPN, Traffic.FLOW] == 8
    revoke(it.folders[KOR], KOR, PLANE, stolen.key_id, receipted(it), it.world.now)
    it.take_over(KOR)
    it.offer(9, 12)
    it.world.run(40.0)
    before = it.arrived()
    assert before == list(range(1, 13))
    for first, number in ((13, 900), (14, 901), (50, 902), (3, 903)):
        data = forged(stolen, first, number, it.world.now).data
        it.world.inject(Arrived("direct", KOR, data, it.world.now), JPN)
    it.world.run(1.0)
    assert it.arrived() == before
    assert "revoked-key" in it.reasons()
    assert (AlarmKind.KEY_REVOKED, "KOR") in it.world.doors[JPN].state.troubles
    it.offer(13, 15)
    it.world.drain(20.0)
    assert it.arrived() == list(range(1, 16))
    it.world.close()


def receipted(it: Keyed, nation: Nation = KOR) -> dict[tuple[Nation, Traffic], int]:
    """What `tocsin trust revoke` names."""
    return told_so_far(it.world.doors[nation].path).receipted


def test_a_thief_fills_no_place_that_waits_for_the_true_message(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    it.offer(1, 4)
    it.world.run(3.0)
    it.world.cut = True
    stolen = it.current(KOR)
    it.offer(5, 12)
    it.world.run(0.5)
    assert receipted(it) == {(nation, Traffic.FLOW): 4 for nation in (JPN, USA)}
    revoke(it.folders[KOR], KOR, PLANE, stolen.key_id, receipted(it), it.world.now)
    it.take_over(KOR)
    jpn = it.world.doors[JPN]
    jpn.office = replace(jpn.office, lists={**jpn.office.lists, KOR: own_list(it.folders[KOR], KOR, PLANE)})
    jpn.stimuli.append(Officed(jpn.office))
    it.world.run(0.1)
    for first in range(1, 15):
        data = forged(stolen, first, 900 + first, it.world.now).data
        it.world.inject(Arrived("direct", KOR, data, it.world.now), JPN)
    it.world.run(0.5)
    assert it.arrived() == [1, 2, 3, 4]
    it.world.drain(30.0)
    it.world.run(5.0)
    it.world.drain(30.0)
    assert it.arrived() == it.arrived(USA) == list(range(1, 13))
    it.world.close()


def test_what_waits_under_a_revoked_key_goes_again_before_anybody_asks(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    it.world.run(2.0)
    it.world.cut = True
    it.offer(1, 8)
    it.world.run(0.5)
    it.world.cut = False
    it.world.broken = {(JPN, KOR, route) for route in Route}
    revoke(it.folders[KOR], KOR, PLANE, it.current(KOR).key_id, receipted(it), it.world.now)
    it.take_over(KOR)
    it.world.run(0.2)
    assert it.arrived() == list(range(1, 9))
    it.world.close()


def test_the_last_words_under_a_revoked_key_alarm_nobody_and_later_ones_do(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    it.world.run(2.0)
    stolen = it.current(KOR)
    revoke(it.folders[KOR], KOR, PLANE, stolen.key_id, receipted(it), it.world.now)
    it.take_over(KOR)
    it.world.run(5.0)
    for waited_s, told in ((0.5, False), (30.0, True)):
        data = forged(stolen, 1, 900, it.world.now).data
        it.world.inject(Arrived("direct", KOR, data, it.world.now), JPN)
        it.world.run(waited_s)
        it.world.inject(Arrived("direct", KOR, data, it.world.now), JPN)
        it.world.run(0.5)
        assert "revoked-key" in it.reasons()
        assert ((AlarmKind.KEY_REVOKED, "KOR") in it.world.doors[JPN].state.troubles) is told
    it.world.close()


def test_what_is_under_way_under_a_revoked_key_still_arrives(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    it.world.run(2.0)
    it.world.cut = True
    it.offer(1, 8)
    it.world.run(0.5)
    stolen = it.current(KOR)
    revoke(it.folders[KOR], KOR, PLANE, stolen.key_id, {}, it.world.now)
    it.take_over(KOR)
    it.world.run(0.5)
    it.world.drain(30.0)
    it.world.run(5.0)
    it.world.drain(30.0)
    assert it.arrived() == list(range(1, 9))
    it.world.close()


def test_two_lists_of_one_version_are_told_by_both_who_hold_them(tmp_path: Path) -> None:
    """KOR's root signs one list for Japan and another of the same version for the USA."""
    it = keyed(tmp_path)
    folder = it.folders[KOR]
    signed = folder.key_list.read_bytes()
    one = rotate(folder, KOR, PLANE, it.world.now)
    folder.key_list.write_bytes(signed)
    other = rotate(folder, KOR, PLANE, Instant(it.world.now + 1))
    assert one.version == other.version
    for nation, believed in ((JPN, one), (USA, other)):
        door = it.world.doors[nation]
        door.office = replace(door.office, lists={**door.office.lists, KOR: believed})
        door.stimuli.append(Officed(door.office))
    it.world.run(3.0)
    for nation in (JPN, USA):
        assert "list-equivocation" in it.reasons(nation)
        assert (AlarmKind.EQUIVOCATION, "KOR") in it.world.doors[nation].state.troubles
    it.world.close()


def test_keys_restored_from_a_copy_are_told_and_the_next_list_goes_beyond(tmp_path: Path) -> None:
    it = keyed(tmp_path)
    folder = it.folders[KOR]
    copy = folder.key_list.read_bytes()
    it.world.run(2.0)
    it.rotate(KOR)
    it.rotate(KOR)
    it.world.run(6.0)
    folder.key_list.write_bytes(copy)
    it.take_over(KOR)
    it.world.run(3.0)
    state = it.world.doors[KOR].state
    assert (AlarmKind.OLD_BACKUP, "keys") in state.troubles
    assert state.list_seen == 3
    after = rotate(folder, KOR, PLANE, it.world.now, beyond=state.list_seen)
    assert after.version == 4
    it.take_over(KOR)
    it.world.run(6.0)
    assert it.world.doors[JPN].state.lists[KOR].version == 4
    it.world.close()


@pytest.mark.parametrize("mode", [Mode.HUB, Mode.BOTH])
def test_the_hub_carries_and_cannot_read(tmp_path: Path, mode: Mode) -> None:
    """Products that the hub's nation may not have; the plaintext of none is in what it sees."""
    it = keyed(tmp_path, topology=Topology(mode))
    alone = label(KOR, frozenset((JPN,)))
    for number in range(1, 31):
        it.world.halls[KOR].offer(
            replace(tracklet(KOR, number, alone, canary=f"CANARY-{number}"), track_id="SECRET")
        )
    it.world.halls[KOR].offer(replace(launch(KOR, 31, alone), track_id="SECRET"))
    it.world.drain(20.0)
    assert len(it.arrived()) == 31
    assert it.arrived(USA) == []
    secret = [one for one in it.world.sent if one.issuer is KOR and one.traffic is not Traffic.CONTROL]
    assert secret
    assert all(one.by_hub for one in secret)
    seen = b"".join(one.data for one in it.world.sent if one.by_hub)
    assert not re.search(rb"CANARY|SECRET|ballistic|confirmed", seen)
    plain = encode_product(tracklet(KOR, 1, alone))
    assert not any(plain[at : at + 24] in seen for at in range(150, len(plain) - 24, 8))
    hub = load_decryption_keys(it.folders[USA].all_of(ENCRYPTION))
    names = {key.key_id for key in own_list(it.folders[JPN], JPN, PLANE).keys.encryption}
    assert all(hub(name, one.data, b"") is None for name in names for one in secret)
    it.world.close()


def test_decryption_keys_rotate_without_loss(tmp_path: Path) -> None:
    it = keyed(tmp_path, Net(loss=0.2), topology=Topology(Mode.HUB))
    alone = label(KOR, frozenset((JPN,)))
    for round_ in range(3):
        it.offer(10 * round_ + 1, 10 * round_ + 10, of=alone)
        it.world.run(0.4)
        it.rotate(JPN)
        it.world.run(0.4)
    it.world.drain(40.0)
    assert it.arrived() == list(range(1, 31))
    it.world.close()


def test_the_life_of_a_key_and_the_bounds_of_a_list(tmp_path: Path) -> None:
    folder = make_keys(tmp_path / "keys", KOR, PLANE, (), NOW)
    for turn in range(2 * MAX_KEYS):
        found = rotate(folder, KOR, PLANE, NOW)
        assert found.version == turn + 2
        uses = [key.use for key in found.keys.signing]
        assert (uses.count(Use.CURRENT), uses.count(Use.NEXT), uses.count(Use.FORMER)) == (1, 1, 1)
        assert len(found.keys.signing) <= MAX_KEYS
        assert own_list(folder, KOR, PLANE) == found
    with pytest.raises(UserError, match="no release key that could be revoked"):
        revoke(folder, KOR, PLANE, "KOR-EXERCISE-1", {}, NOW)
    spare = found.keys.of_use(Use.NEXT)
    assert spare is not None
    after = revoke(folder, KOR, PLANE, spare.key_id, {}, NOW).keys
    assert after.of_use(Use.CURRENT) == found.keys.of_use(Use.CURRENT)
    assert after.of_use(Use.NEXT) != spare
    with pytest.raises(UserError, match="no release key"):
        revoke(folder, KOR, PLANE, spare.key_id, {}, NOW)
