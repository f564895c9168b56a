"""Links' health as every node shows it: a cut or withheld stream within 3 s, a blind hall, the last
end-to-end proof, certificates' days, clocks; what comes late, expired or of an unsure clock is marked.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from door_world import Net, World
from exchange_samples import NOW, tracklet
from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind, Priority
from tocsin.model.label import Nation
from tocsin.model.product import LinkHealth, Traffic
from tocsin.model.time import SECOND_NS, Instant
from tocsin.node import door_alarms
from tocsin.node.clockwatch import widened
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Arrived, Officed

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
DAY_NS = 86_400 * SECOND_NS


def link(world: World, at: Nation, of: Nation) -> LinkHealth:
    return next(row for row in world.halls[at].links if row.partner is of)


def running(folder: Path) -> World:
    world = World(folder, Net())
    world.halls[KOR].offer(tracklet(KOR, 1))
    world.run(4.0)
    return world


def alarms(world: World, at: Nation) -> list[Alarm]:
    return list(door_alarms.standing(Turn(world.doors[at].state, world.now)))


def test_a_good_link_has_nothing_to_say(tmp_path: Path) -> None:
    world = running(tmp_path)
    good = link(world, JPN, KOR)
    assert good.paths_up == ("direct", "hub")
    assert (good.missing, good.blind, good.certificate_days) == (0, False, None)
    assert good.hall_age_s is not None
    assert good.hall_age_s < 2.0
    proof = link(world, KOR, JPN).proof_age_s
    assert proof is not None
    assert proof < 2.5
    assert alarms(world, JPN) == []
    world.close()


def test_a_cut_link_is_shown_within_three_seconds(tmp_path: Path) -> None:
    world = running(tmp_path)
    world.cut = True
    world.run(4.1)  # 3 s, and a second until the report
    assert link(world, JPN, KOR).paths_up == ()
    before = link(world, KOR, JPN).proof_age_s
    world.run(5.0)
    after = link(world, KOR, JPN).proof_age_s
    assert before is not None
    assert after is not None
    assert after > before + 4
    world.close()


def test_a_withheld_stream_is_shown_within_three_seconds(tmp_path: Path) -> None:
    """Control goes through, products do not: a relay that chooses."""
    world = running(tmp_path)
    put = world.inject

    def choosing(arrived: Arrived, to: Nation, at: int | None = None) -> None:
        if to is not JPN or b"urgent" in arrived.data[:200] or b"control" in arrived.data[:200]:
            put(arrived, to, at)

    world.inject = choosing  # type: ignore[method-assign]
    world.halls[KOR].offer(tracklet(KOR, 2))
    world.run(3.2)
    assert link(world, JPN, KOR).missing == 1
    world.inject = put  # type: ignore[method-assign]
    world.run(5.0)
    assert link(world, JPN, KOR).missing == 0
    world.close()


def test_a_hall_that_is_silent_for_two_seconds_is_blind(tmp_path: Path) -> None:
    world = running(tmp_path)
    world.mute = {KOR}
    world.run(4.5)
    assert link(world, JPN, KOR).blind
    assert link(world, JPN, KOR).paths_up == ("direct", "hub")
    assert not link(world, JPN, USA).blind
    world.mute = set()
    world.run(2.5)
    assert not link(world, JPN, KOR).blind
    world.close()


@pytest.mark.parametrize(
    ("days", "priority"),
    [(31.0, None), (29.9, Priority.TODAY), (6.9, Priority.SOON), (0.9, Priority.NOW), (-3.0, Priority.NOW)],
)
def test_certificates_alarm_at_30_7_and_1_day_on_both_ends(
    tmp_path: Path, days: float, priority: Priority | None
) -> None:
    world = World(tmp_path, Net())
    door = world.doors[KOR]
    door.office = replace(door.office, certificate_until_ns=Instant(NOW + round(days * DAY_NS)))
    door.stimuli.append(Officed(door.office))
    world.run(3.0)
    for nation in (KOR, JPN):
        found = [one for one in alarms(world, nation) if one.kind is AlarmKind.CERTIFICATE_ENDS]
        assert [one.priority for one in found] == ([] if priority is None else [priority])
        assert all(one.about == "KOR" for one in found)
    shown = link(world, JPN, KOR).certificate_days
    assert shown == pytest.approx(days, abs=0.01)
    world.halls[KOR].offer(tracklet(KOR, 1))
    world.run(1.0)
    assert len(world.halls[JPN].imports()) == 1, "an expiry stops no sharing"
    world.close()


@pytest.mark.parametrize("ahead_s", [0.5, -0.5, 5.0, -5.0, -50.0])
def test_a_partners_clock_widens_and_is_shown(tmp_path: Path, ahead_s: float) -> None:
    world = World(tmp_path, Net())
    world.skew_ns = {KOR: round(ahead_s * SECOND_NS)}
    world.run(4.0)
    world.halls[KOR].offer(tracklet(KOR, 1))
    world.run(2.0)
    unsure = abs(ahead_s) > 1
    kinds = {(one.kind, one.about) for one in alarms(world, JPN)}
    assert ((AlarmKind.CLOCK_UNSURE, "KOR") in kinds) is unsure
    (only,) = world.halls[JPN].imports()
    assert ("clock-unsure" in only.marks) is unsure
    assert only.clock_sigma_s == pytest.approx(abs(ahead_s) if unsure else 0.0, abs=0.2)
    world.close()


def test_a_clock_far_ahead_is_quarantined_and_what_it_said_comes_when_it_is_set(tmp_path: Path) -> None:
    world = World(tmp_path, Net())
    world.skew_ns = {KOR: 50 * SECOND_NS}
    world.run(2.0)
    world.halls[KOR].offer(tracklet(KOR, 1))
    world.run(2.0)
    assert (AlarmKind.CLOCK_UNSURE, "KOR") in {(one.kind, one.about) for one in alarms(world, JPN)}
    assert world.halls[JPN].imports() == []
    assert {one.reason for one in world.halls[JPN].quarantined()} == {"future"}
    world.skew_ns = {}
    world.run(60.0)
    assert [item.product.sequence for item in world.halls[JPN].imports()] == [1]
    world.close()


def test_a_slow_way_is_not_taken_for_a_clock(tmp_path: Path) -> None:
    world = World(tmp_path, Net(delay_ms=2_500.0), 3)
    world.run(20.0)
    assert not [one for one in alarms(world, JPN) if one.kind is AlarmKind.CLOCK_UNSURE]
    world.close()


def test_what_comes_late_is_marked_and_never_dropped(tmp_path: Path) -> None:
    world = running(tmp_path)
    world.cut = True
    world.halls[KOR].offer(tracklet(KOR, 2))
    world.run(0.5)
    first = next(
        one for one in world.sent if one.traffic is Traffic.FLOW and one.recipient is JPN and one.first == 2
    )
    world.now = Instant(world.now + 2 * DAY_NS)
    world.inject(Arrived("direct", KOR, first.data, world.now), JPN)  # the very envelope, after its life
    world.run(0.1)
    late = world.halls[JPN].imports()[-1]
    assert late.product.sequence == 2
    assert set(late.marks) == {"expired", "late"}
    world.close()


def test_a_wider_clock_is_wider_along_the_track() -> None:
    one = tracklet(KOR, 1)
    wider = widened(one, 2.0)
    assert widened(one, 0.0) is one
    upper = np.triu_indices(7)
    more = np.zeros((7, 7))
    more[upper] = np.array(wider.state.p) - np.array(one.state.p)
    along = np.array(one.state.x[3:6])
    assert more[:3, :3][np.triu_indices(3)] == pytest.approx(
        (4.0 * np.outer(along, along))[np.triu_indices(3)]
    )
    full = np.zeros((7, 7))
    full[upper] = wider.state.p
    full = full + np.triu(full, 1).T
    assert np.linalg.eigvalsh(full).min() > 0
    assert np.sqrt(np.diag(more)[3:6].sum()) == pytest.approx(2.0 * 9.80665)
