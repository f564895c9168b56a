"""A restart from a snapshot is the same hall: same states from there on, and nothing false is believed."""

from itertools import islice
from pathlib import Path

import apsw
import pytest
from hall_world import configured, seconds_of

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.model.warning import ActKind, OfficerAct
from tocsin.node import snapshot
from tocsin.node.canonical import canonical_json, digest
from tocsin.node.hall_words import Acted, AlarmsIn, HallStimulus, PlotsIn
from tocsin.node.replay import rebuild, replay
from tocsin.node.snapshot import Cadence, freeze, thaw
from tocsin.node.turn import Turner
from tocsin.record.ledger import KEPT_SNAPSHOTS, Ledger

UNTIL_S = 330


def stimuli_of(second: int, some: tuple[object, ...], turner: Turner) -> list[HallStimulus]:
    stimuli: list[HallStimulus] = [] if turner.state else [configured(Nation.JPN)]
    if second % 50 == 7:
        wrong = Alarm(AlarmKind.CLOCK_UNSURE, "clock", f"at {second}", Instant(second))
        stimuli.append(AlarmsIn("node", (wrong,)))
    drafts = turner.state.warn.drafts if turner.state else {}
    for draft in list(drafts.values())[:1]:
        kind = ActKind.PROPOSE if second % 2 else ActKind.APPROVE
        who = f"officer-{second % 2}"
        stimuli.append(Acted(OfficerAct(who, f"key-{second % 2}", kind, draft.id, draft.digest)))
    return [*stimuli, PlotsIn(some)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A record over a launch and a warning, a snapshot in every tenth step, and its last state's hash."""
    path = tmp_path_factory.mktemp("snapshots") / "hall.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "MOST_STEPS", 10)
        ledger = Ledger(path)
        turner = Turner(ledger, None, Instant(0))
        for second, (now, some) in enumerate(seconds_of(Nation.JPN, UNTIL_S)):
            turner.turn(stimuli_of(second, some, turner), now, Instant(1))
        ledger.close()
    assert turner.state is not None
    assert turner.state.warn.drafts
    return path, digest(turner.state)


def reopened(path: Path, folder: Path) -> Ledger:
    copy = folder / "hall.sqlite"
    copy.write_bytes(path.read_bytes())
    return Ledger(copy)


def test_every_state_comes_back_whole_and_goes_on_the_same(book: tuple[Path, bytes], tmp_path: Path) -> None:
    """Going on shows what the hash does not: the order of a dict, a type that JSON writes the same."""
    ledger = reopened(book[0], tmp_path)
    for step in list(replay(ledger))[6::9]:
        thawed = thaw(freeze(step.state), step.recorded)
        assert thawed is not None
        assert canonical_json(thawed) == canonical_json(step.state)
        assert all(row.same for row in islice(replay(ledger, thawed), 3))
    ledger.close()


def test_a_restart_runs_the_tail_alone(book: tuple[Path, bytes], tmp_path: Path) -> None:
    ledger = reopened(book[0], tmp_path)
    newest = next(ledger.snapshots())[0].step
    assert ledger.last_step() - newest < 10
    # Steps before the newest snapshot are not read: they may even be unreadable to a newer tocsin.
    ledger._db.execute("UPDATE entries SET body = '{' WHERE step < ?", (newest,))
    state, _ = rebuild(ledger)
    assert state is not None
    assert digest(state) == book[1]
    ledger.close()


def test_only_the_newest_snapshots_are_kept(book: tuple[Path, bytes], tmp_path: Path) -> None:
    ledger = reopened(book[0], tmp_path)
    kept = [step.step for step, _ in ledger.snapshots()]
    assert len(kept) == KEPT_SNAPSHOTS
    assert kept == sorted(kept, reverse=True)
    ledger.close()


@pytest.mark.parametrize("harm", ["other-state", "damage", "none"])
def test_a_false_snapshot_is_passed_over(book: tuple[Path, bytes], tmp_path: Path, harm: str) -> None:
    ledger = reopened(book[0], tmp_path)
    (newest, good), (_, older) = list(ledger.snapshots())[:2]
    false = {"other-state": older, "damage": good[:-9] + b"x" * 9, "none": b""}[harm]
    ledger._db.execute("UPDATE snapshots SET state = ? WHERE step = ?", (false, newest.step))
    if harm == "none":
        ledger._db.execute("DELETE FROM snapshots")
    state, _ = rebuild(ledger)
    assert state is not None
    assert digest(state) == book[1]
    ledger.close()


def test_a_snapshot_is_due_by_time_or_by_steps() -> None:
    cadence = Cadence()
    assert [cadence.due(snapshot.RERUN_S / 2) for _ in range(4)] == [False, True, False, True]
    quiet = Cadence()
    assert sum(quiet.due(0.0) for _ in range(2 * snapshot.MOST_STEPS)) == 2


def test_a_step_that_is_not_written_leaves_no_snapshot(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "hall.sqlite")
    turner = Turner(ledger, None, Instant(0))
    turner.turn([configured(Nation.KOR)], Instant(1), Instant(1))
    again = next(ledger.steps())
    with pytest.raises(apsw.ConstraintError):
        ledger.append(again._replace(snapshot=b"x"))
    assert list(ledger.snapshots()) == []
    ledger.close()
