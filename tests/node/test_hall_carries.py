"""A released warning reaches the people, whatever the sharing does and whenever the hall dies."""

import asyncio
import time
from pathlib import Path

import pytest
from hall_world import configured
from msgspec.structs import replace

from tocsin.model.event import LaunchEvent, LaunchPointEstimate
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Offer
from tocsin.model.space import Ellipse95
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.warning import (
    Certainty,
    Draft,
    MsgType,
    ThreatKind,
    Thresholds,
    WarnedArea,
    Warning,
    WarnStatus,
)
from tocsin.node.config_outlets import FileEntry
from tocsin.node.founding import default_ports, found_demo
from tocsin.node.hall import Hall
from tocsin.node.hall_words import Offered, Told
from tocsin.node.pipeline import hall_start
from tocsin.record.ledger import Ledger

T0 = Instant(1_664_835_720 * SECOND_NS)
WARNING = Warning(
    id="JPN-EXERCISE-1",
    serial=1,
    plane=Plane.EXERCISE,
    nation=Nation.JPN,
    msg_type=MsgType.ALERT,
    certainty=Certainty.OBSERVED,
    objects=1,
    areas=(WarnedArea("JP-02", ThreatKind.OVERFLIGHT, after(T0, 200)),),
    launched_ns=T0,
    sent_ns=T0,
    expires_ns=after(T0, 3600),
)
RELEASED = Draft("d1", WARNING, "aa", WarnStatus.RELEASED, T0, ("F-1",), released_ns=T0)
LABEL = Label(Plane.EXERCISE, frozenset((Nation.JPN,)), frozenset((Nation.KOR,)))
POINT = LaunchPointEstimate(40.6, 126.4, Ellipse95(1e3, 1e3, 0.0), T0, 1.0)
OFFER = Offer(1, LaunchEvent(Nation.JPN, "JPN-1", 1, T0, POINT, LABEL), T0)


class DeadDoor:
    """A door that takes nothing."""

    async def committed(self, step: int) -> None:
        raise ConnectionError("the door is gone")

    async def send(self, offers: object) -> None:
        raise ConnectionError("the door is gone")


def make_hall(root: Path) -> Hall:
    ports = {nation: default_ports(nation) for nation in Nation}
    config = found_demo(root, Instant(time.time_ns()), ports)[Nation.JPN]
    return Hall(replace(config, outlet=(FileEntry(),)), Ledger(config.hall_book))


def carried(hall: Hall) -> list[str]:
    """Names of the files after the post boxes have run for as long as anything waits in them."""

    async def run() -> None:
        jobs = [asyncio.create_task(post.run()) for post in hall.outlets.posts]
        async with asyncio.timeout(10):
            while any(post.waiting for post in hall.outlets.posts):
                await asyncio.sleep(0.01)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    asyncio.run(run())
    return [path.name for path in hall.config.outlets_dir.glob("**/*.xml")]


def test_a_dead_door_stops_no_warning(tmp_path: Path) -> None:
    hall = make_hall(tmp_path)
    hall.door = DeadDoor()  # type: ignore[assignment]
    with pytest.raises(ConnectionError):
        asyncio.run(hall.carry_out((Offered(OFFER), Told("released", RELEASED))))
    assert len(carried(hall)) == 1
    hall.ledger.close()


def test_what_a_crash_kept_from_the_outlet_is_carried_at_the_next_start(tmp_path: Path) -> None:
    hall = make_hall(tmp_path)
    start = hall_start(configured(Nation.JPN), T0)
    ended = replace(RELEASED, id="d0", status=WarnStatus.ENDED, warning=replace(WARNING, id="JPN-OLD"))
    drafts = {"d0": ended, "d1": RELEASED}
    hall.turner.state = replace(start, warn=replace(start.warn, drafts=drafts))
    hall.carry_released()
    assert len(carried(hall)) == 1
    stimuli, _ = hall.pending.take()
    assert [stimulus.draft_id for stimulus in stimuli] == ["d1"]  # type: ignore[union-attr]
    hall.carry_released()  # and again: the outlet knows what it has
    assert len(carried(hall)) == 1
    hall.ledger.close()


def test_settings_that_a_record_was_begun_without_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = make_hall(tmp_path)
    asyncio.run(hall.turn())
    config = hall.config
    hall.ledger.close()
    other = replace(config, scenario="another", warn=Thresholds(impact_probability=0.5))
    again = Hall(other, Ledger(config.hall_book))
    assert "begun with other scenario: those stay in use" in capsys.readouterr().err
    asyncio.run(again.turn())
    assert again.turner.state is not None
    assert again.turner.state.warn.thresholds.impact_probability == 0.5  # this one is taken
    again.ledger.close()
