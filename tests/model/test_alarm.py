from tocsin.model.alarm import PRIORITY, Alarm, AlarmKind, Priority, by_urgency
from tocsin.model.time import Instant


def test_every_kind_has_a_priority() -> None:
    assert set(PRIORITY) == set(AlarmKind)


def test_the_most_urgent_stands_first_and_of_equals_the_newest() -> None:
    old = Alarm(AlarmKind.RECEIVER_DEAD, "A", "", Instant(1))
    new = Alarm(AlarmKind.RECEIVER_DEAD, "B", "", Instant(2))
    last_day = Alarm(AlarmKind.CERTIFICATE_ENDS, "leaf", "", Instant(3), Priority.NOW)
    assert by_urgency((old, last_day, new)) == (last_day, new, old)
