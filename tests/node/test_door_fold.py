"""Three doors over a bad network: nothing lost, nothing doubled, nothing that may not leave leaves."""

from collections import Counter
from pathlib import Path

import pytest
from door_world import Net, World
from exchange_samples import label, product, tracklet

from tocsin.model.label import Caveat, Nation
from tocsin.model.product import Traffic
from tocsin.model.time import MILLISECOND_NS
from tocsin.share.topology import Mode, Route, Topology

OFFERED = 120


def offer_all(world: World, count: int = OFFERED) -> None:
    for nation, hall in world.halls.items():
        for n in range(1, count + 1):
            hall.offer(product(nation, n))


def assert_exactly_once(world: World, count: int = OFFERED) -> None:
    for me, hall in world.halls.items():
        got = Counter((one.origin, one.product) for one in hall.imports())
        assert max(got.values()) == 1
        for origin in Nation:
            if origin is not me:
                assert {row for who, row in got if who is origin} == {
                    product(origin, n) for n in range(1, count + 1)
                }
        assert len(hall.decisions()) == 2 * count
        assert all(one.released for one in hall.decisions())
        assert not hall.quarantined()


def test_quiet_network(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    offer_all(world)
    world.run(1.5)
    assert world.settled()
    assert_exactly_once(world)
    for hall in world.halls.values():
        assert {link.partner for link in hall.links} == {
            link.partner for link in hall.links if link.heard_age_s is not None
        }
        assert {
            (r.origin, r.traffic): r.upto for r in hall.receipts()
        }  # cumulative, both partners, both classes
    world.close()


@pytest.mark.parametrize("seed", range(3))
def test_loss_doubles_and_reordering(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, Net(loss=0.3, double=0.3, delay_ms=150.0, handoff_loss=0.3), seed)
    offer_all(world)
    world.run(4.0)
    world.drain()
    assert_exactly_once(world)
    world.close()


@pytest.mark.parametrize("seed", range(3))
def test_door_dies_between_effects(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, Net(loss=0.1, double=0.1, delay_ms=30.0, handoff_loss=0.1), seed)
    world.crashes = set(range(3 + seed, 4000, 7))
    offer_all(world)
    world.run(4.0)
    world.drain()
    assert_exactly_once(world)
    world.close()


def test_every_single_crash_point(tmp_path: Path) -> None:
    """One crash per run, at each effect of a short exchange in turn."""
    (tmp_path / "reference").mkdir()
    reference = World(tmp_path / "reference", Net())
    offer_all(reference, 1)
    reference.run(0.2)
    points = reference.effects
    reference.close()
    assert points > 12
    for point in range(1, points + 1):
        folder = tmp_path / str(point)
        folder.mkdir()
        world = World(folder, Net())
        world.crashes = {point}
        offer_all(world, 1)
        world.run(0.3)
        world.drain()
        assert_exactly_once(world, 1)
        world.close()


def test_end_of_a_stream_is_missed_too(tmp_path: Path) -> None:
    """Nothing follows the lost messages: only the heartbeat's high-water marks betray them."""
    world = World(tmp_path, Net())
    world.run(0.1)
    world.cut = True
    world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 1))
    world.run(0.3)
    assert world.sent[-1].issuer is not None
    world.cut = False
    world.run(5.0)
    assert [one.product for one in world.halls[Nation.JPN].imports()] == [tracklet(Nation.KOR, 1)]
    world.close()


def flow_of_korea(world: World, first: int, count: int) -> list[int]:
    """A tracklet every 100 ms; how late each came to Japan in ms, by its number."""
    for n in range(first, first + count):
        world.halls[Nation.KOR].offer(tracklet(Nation.KOR, n))
        world.run(0.1)
    world.run(3.0)
    late = {
        one.product.sequence: (one.arrived_wall_ns - one.issued_wall_ns) // MILLISECOND_NS
        for one in world.halls[Nation.JPN].imports()
    }
    return [late[n] for n in range(first, first + count)]


def test_the_hub_carries_what_the_direct_way_does_not(tmp_path: Path) -> None:
    """While the direct way works flow needs no copy by the hub; after a second without receipts it all goes
    there too, and first what was under way."""
    world = World(tmp_path, Net())
    world.run(1.5)
    assert max(flow_of_korea(world, 1, 20)) < 200
    to_japan = [one for one in world.sent if one.recipient is Nation.JPN and one.traffic is Traffic.FLOW]
    assert 2 <= sum(one.by_hub for one in to_japan) <= 4
    world.broken = {(Nation.KOR, Nation.JPN, Route.DIRECT)}
    late = flow_of_korea(world, 21, 40)
    assert max(late) < 1_400
    assert max(late[12:]) < 200
    numbers = [one.product.sequence for one in world.halls[Nation.JPN].imports()]
    assert sorted(numbers) == list(range(1, 61))
    world.close()


def flow_stored_for(world: World, partner: Nation) -> list[int]:
    """First sequences of the flow to this partner that a broker was given to keep, each as often."""
    return [s.first for s in world.stored if s.recipient is partner and s.traffic is Traffic.FLOW]


def test_while_receipts_come_one_envelope_a_second_is_stored(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.run(1.5)
    assert max(flow_of_korea(world, 1, 30)) < 200
    for partner in (Nation.USA, Nation.JPN):
        assert 3 <= len(flow_stored_for(world, partner)) <= 5
    world.close()


def test_what_is_flashed_in_vain_is_stored_after_a_second_and_late_once(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.run(1.5)
    flow_of_korea(world, 1, 3)
    world.net = Net(flash_loss=1.0)
    late = flow_of_korea(world, 4, 40)
    assert 900 < max(late) < 2_000  # the partner asks for the first one itself, so that a receipt moves on
    assert max(late[20:]) < 200
    numbers = [one.product.sequence for one in world.halls[Nation.JPN].imports()]
    assert sorted(numbers) == list(range(1, 44))
    world.close()


def test_the_last_of_the_flow_is_stored_too_when_its_receipt_stays_out(tmp_path: Path) -> None:
    """Nothing new has to be sent for it."""
    world = World(tmp_path, Net())
    world.run(1.5)
    flow_of_korea(world, 1, 3)
    world.cut = True
    for n in (4, 5):  # the first is stored anyhow, as the proof of this second
        world.halls[Nation.KOR].offer(tracklet(Nation.KOR, n))
        world.run(0.2)
    world.run(0.5)
    assert 5 not in flow_stored_for(world, Nation.JPN)
    world.run(0.5)
    assert flow_stored_for(world, Nation.JPN).count(5) == 1
    assert flow_stored_for(world, Nation.USA).count(5) == 1
    world.run(1.0)
    assert flow_stored_for(world, Nation.JPN).count(5) == 1
    world.close()


@pytest.mark.parametrize("at", range(1, 13))
def test_a_crash_around_a_flash_copy_loses_nothing(tmp_path: Path, at: int) -> None:
    world = World(tmp_path, Net(flash_loss=0.5), seed=at)
    world.run(1.5)
    flow_of_korea(world, 1, 3)
    world.crashes = {world.effects + at}
    for n in range(4, 9):
        world.halls[Nation.KOR].offer(tracklet(Nation.KOR, n))
        world.run(0.02)
    world.run(1.5)
    world.drain()
    for partner in (Nation.USA, Nation.JPN):
        numbers = [one.product.sequence for one in world.halls[partner].imports()]
        assert sorted(numbers) == list(range(1, 9))
    world.close()


def test_flow_for_the_hub_itself_and_without_a_direct_way_is_as_before(tmp_path: Path) -> None:
    for number, mode in enumerate(Mode):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World(folder, Net(), topology=Topology(mode))
        assert max(flow_of_korea(world, 1, 5)) < 200
        flow = [one for one in world.sent if one.traffic is Traffic.FLOW]
        if mode is Mode.HUB:
            assert all(one.by_hub for one in flow if one.recipient is Nation.JPN)
        assert {one.recipient for one in flow} == {Nation.USA, Nation.JPN}
        world.close()


def test_link_health_shows_a_cut_within_three_seconds(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.run(2.5)
    health = {link.partner: link for link in world.halls[Nation.JPN].links}
    assert health[Nation.KOR].paths_up == ("direct", "hub")
    assert health[Nation.USA].paths_up == ("direct",)
    trip_ms = health[Nation.KOR].round_trip_ms
    assert trip_ms is not None
    assert 0 <= trip_ms < 150
    world.cut = True
    world.run(4.1)
    assert all(link.paths_up == () for link in world.halls[Nation.JPN].links)
    assert all((link.heard_age_s or 0) >= 3.0 for link in world.halls[Nation.JPN].links)
    world.close()


def test_what_may_not_leave_is_in_no_byte(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    secret = {
        Nation.USA: tracklet(
            Nation.KOR, 1, label(Nation.KOR, frozenset((Nation.JPN,))), "CANARY-NOT-FOR-USA"
        ),
        Nation.JPN: tracklet(
            Nation.KOR, 2, label(Nation.KOR, frozenset((Nation.USA,))), "CANARY-NOT-FOR-JPN"
        ),
    }
    nobody = tracklet(Nation.KOR, 3, label(Nation.KOR, frozenset()), "CANARY-NOBODY")
    for one in (*secret.values(), nobody):
        world.halls[Nation.KOR].offer(one)
    world.run(2.0)
    assert world.settled()
    for partner in secret:
        to_partner = b"".join(sealed.data for sealed in world.sent if sealed.recipient is partner)
        assert f"CANARY-NOT-FOR-{partner}".encode() not in to_partner
        other = next(nation for nation in secret if nation is not partner)
        assert f"CANARY-NOT-FOR-{other}".encode() in to_partner
    everything = b"".join(sealed.data for sealed in world.sent)
    assert b"CANARY-NOBODY" not in everything
    # The hub's nation relays: what it may not have must not pass through it.
    by_hub = b"".join(sealed.data for sealed in world.sent if sealed.by_hub)
    assert b"CANARY-NOT-FOR-USA" not in by_hub
    world.close()


def test_hub_only_withholds_what_the_hub_may_not_read(tmp_path: Path) -> None:
    world = World(tmp_path, Net(), topology=Topology(Mode.HUB))
    only_japan = label(Nation.KOR, frozenset((Nation.JPN,)))
    world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 1, only_japan))
    world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 2))
    world.run(2.0)
    rules = {(one.offer, one.partner): one.rule for one in world.halls[Nation.KOR].decisions()}
    assert rules[1, Nation.JPN] == "forbid.hub-may-not-read"
    assert rules[1, Nation.USA] == "default.deny"
    assert [one.product for one in world.halls[Nation.JPN].imports()] == [tracklet(Nation.KOR, 2)]
    world.close()


def test_two_worlds_that_differ_in_secrets_say_the_same_to_the_others(tmp_path: Path) -> None:
    """Non-interference: products, receipts and heartbeats to JPN are byte for byte the same."""
    heard = []
    for name, secrets in (("a", 0), ("b", 7)):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name, Net())
        for n in range(1, 20):
            world.halls[Nation.KOR].offer(product(Nation.KOR, n))
            for s in range(secrets):
                to_usa = label(Nation.KOR, frozenset((Nation.USA,)))
                world.halls[Nation.KOR].offer(tracklet(Nation.KOR, 1000 + s, to_usa))
        world.run(0.5)
        heard.append([s.data for s in world.sent if s.issuer is Nation.KOR and s.recipient is Nation.JPN])
        world.close()
    assert heard[0] == heard[1]


def test_coarsened_before_it_leaves(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    fine = tracklet(Nation.USA, 1, label(Nation.USA, frozenset(Nation), Caveat.COARSEN), "CANARY-IDENTITY")
    world.halls[Nation.USA].offer(fine)
    world.run(1.0)
    for nation in (Nation.KOR, Nation.JPN):
        (one,) = world.halls[nation].imports()
        assert one.product != fine
        assert one.product.label == fine.label
    assert b"CANARY-IDENTITY" not in b"".join(sealed.data for sealed in world.sent)
    world.close()


def test_urgent_goes_single_flow_in_batches(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    offer_all(world, 110)
    world.run(0.5)
    urgent = [s for s in world.sent if s.traffic is Traffic.URGENT]
    flow = [s for s in world.sent if s.traffic is Traffic.FLOW]
    assert all(s.first == s.last for s in urgent)
    assert len(urgent) == 4 * 3 * 2 * 10  # ten of each of four kinds, of three nations, to two partners
    assert len(flow) == 6 * 2
    assert max(s.last - s.first + 1 for s in flow) <= 50
    world.close()
