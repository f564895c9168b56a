"""Alarms on their way from a source to the desk."""

from hall_world import configured

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import LinkReport
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.node.desk import picture
from tocsin.node.hall_words import AlarmsIn, HallState, HallStimulus
from tocsin.node.pending import Pending
from tocsin.node.pipeline import hall_step

DEAD = Alarm(AlarmKind.RECEIVER_DEAD, "town hall", "no beat for 61 s", Instant(1))
ENDS = Alarm(AlarmKind.CERTIFICATE_ENDS, "leaf", "7 days", Instant(2))


def stepped(state: HallState | None, *stimuli: HallStimulus) -> HallState:
    return hall_step(state, stimuli, Instant(10))[0]


def test_what_a_source_no_longer_tells_is_over() -> None:
    pending = Pending()
    pending.put_links(LinkReport((), 0, (ENDS,)))
    pending.put_alarms("outlets", ())
    pending.put_alarms("outlets", (DEAD,))
    state = stepped(None, configured(Nation.JPN), *pending.take()[0])
    assert picture(state, Instant(10)).alarms == (DEAD, ENDS)
    assert pending.take()[0] == []

    state = stepped(state, AlarmsIn("outlets", ()))
    assert picture(state, Instant(10)).alarms == (ENDS,)
    pending.put_links(LinkReport((), 0))
    state = stepped(state, *pending.take()[0])
    assert picture(state, Instant(10)).alarms == ()


def test_an_alarm_waits_for_no_other_news() -> None:
    pending = Pending()
    pending.put_alarms("outlets", (DEAD,))
    assert pending.waiting
