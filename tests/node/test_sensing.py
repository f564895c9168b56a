"""Silence of sensors: told to partners once when it begins and once when it ends; the door decides as of any
product."""

from dataclasses import dataclass

import pytest
from exchange_samples import NOW, PLANE, label, silence
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Caveat, Nation
from tocsin.model.product import Import, Traffic
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind, SensorWord
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.warning import Thresholds
from tocsin.node.desk import picture
from tocsin.node.hall_words import AliveIn, Configured, HallEffect, HallState, HandedIn, Offered
from tocsin.node.partners import KEEP_NS
from tocsin.node.pipeline import hall_step
from tocsin.node.sensing import SensorLog, Told, words
from tocsin.release.policy import Question, Release, Withheld, decide
from tocsin.release.reduce import reduced
from tocsin.release.terms import Kind, PartnerTerms, Policy
from tocsin.share.bounds import sound

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
LIMIT_S = 30.0
RADAR = Sensor(
    "KOR-RADAR-1", KOR, SensorKind.RADAR, SensorErrors(range_m=50.0), label(KOR), silence_limit_s=LIMIT_S
)
SECRET = replace(RADAR, id="KOR-RADAR-2", label=label(KOR, frozenset()))


@dataclass(frozen=True)
class Watch:
    nation: Nation = KOR
    sensors: tuple[Sensor, ...] = (RADAR,)


def at(seconds: float) -> Instant:
    return Instant(NOW + round(seconds * SECOND_NS))


def configured(nation: Nation, *sensors: Sensor) -> Configured:
    return Configured(nation, PLANE, "test", sensors, Thresholds(), "")


class Hall:
    def __init__(self, *sensors: Sensor, nation: Nation = KOR) -> None:
        self.state: HallState | None = None
        self._first = configured(nation, *sensors)

    def at(self, seconds: float, *stimuli: AliveIn | HandedIn) -> list[SensorWord]:
        first = () if self.state else (self._first,)
        effects: tuple[HallEffect, ...]
        self.state, effects = hall_step(self.state, (*first, *stimuli), at(seconds))
        offered = [one.offer.product for one in effects if isinstance(one, Offered)]
        return [one for one in offered if isinstance(one, SensorWord)]


def test_a_silence_is_offered_once_and_its_end_once() -> None:
    hall = Hall(RADAR)
    assert hall.at(0, AliveIn((RADAR.id,))) == []
    assert hall.at(30) == []
    assert hall.at(31) == [SensorWord(KOR, RADAR.id, 1, True, at(0), RADAR.label)]
    assert hall.at(40) == []
    assert hall.at(50, AliveIn((RADAR.id,))) == [SensorWord(KOR, RADAR.id, 2, False, at(50), RADAR.label)]
    assert hall.at(51) == []


def test_a_sensor_that_never_spoke_is_silent_since_the_start() -> None:
    hall = Hall(RADAR)
    hall.at(0)
    assert hall.at(31) == [SensorWord(KOR, RADAR.id, 1, True, at(0), RADAR.label)]


def test_offers_of_silence_take_their_numbers_with_the_others() -> None:
    hall = Hall(RADAR, SECRET)
    hall.at(0)
    hall.at(31)
    assert hall.state is not None
    assert hall.state.counts.offered == 2


@given(st.lists(st.floats(0.0, 90.0), max_size=30), st.lists(st.booleans(), min_size=30, max_size=30))
def test_words_alternate_and_count_from_one(steps: list[float], spoke: list[bool]) -> None:
    told: dict[str, Told] = {}
    said: list[SensorWord] = []
    log, now = SensorLog(), at(0)
    for pause, speaks in zip(steps, spoke, strict=False):
        now = Instant(now + round(pause * SECOND_NS))
        log = SensorLog(0, now) if speaks else log
        told, new = words(told, Watch(), {RADAR.id: log}, at(0), now)
        said += new
    assert [one.silent for one in said] == [n % 2 == 0 for n in range(len(said))]
    assert [one.sequence for one in said] == list(range(1, len(said) + 1))
    assert all(sound(one) for one in said)


def heard_by_japan(*told: SensorWord, after_s: float = 0.0) -> tuple[SensorWord, ...]:
    hall = Hall(nation=JPN)
    items = tuple(
        HandedItem(n, Import(KOR, Traffic.URGENT, n, one, NOW, NOW)) for n, one in enumerate(told, start=1)
    )
    hall.at(0, HandedIn(items))
    hall.at(after_s)
    assert hall.state is not None
    return picture(hall.state, at(after_s)).silent_abroad


def test_a_partners_silent_sensor_is_shown_until_it_speaks() -> None:
    quiet = replace(silence(KOR, 1), silent=True)
    again = replace(quiet, sequence=2, silent=False)
    assert heard_by_japan(quiet) == (quiet,)
    assert heard_by_japan(quiet, after_s=KEEP_NS / SECOND_NS * 3) == (quiet,)
    assert heard_by_japan(quiet, again) == ()
    assert heard_by_japan(again, quiet) == ()  # in whatever order they come


@pytest.mark.parametrize(
    ("sensor", "kinds", "rule"),
    [
        (RADAR, frozenset(Kind), "permit.releasable"),
        (SECRET, frozenset(Kind), "default.deny"),
        (RADAR, frozenset(Kind) - {Kind.SENSOR}, "forbid.kind"),
    ],
)
def test_label_and_policy_decide_what_is_told(sensor: Sensor, kinds: frozenset[Kind], rule: str) -> None:
    word = SensorWord(KOR, sensor.id, 1, True, NOW, sensor.label)
    verdict = decide(Question(word, KOR, JPN, PLANE, policy=Policy({JPN: PartnerTerms(kinds)})))
    assert isinstance(verdict, Release if rule.startswith("permit") else Withheld)
    assert verdict.rule == rule


def test_coarsened_it_tells_the_minute_and_no_more() -> None:
    word = silence(KOR, 1, label(KOR, frozenset(Nation), Caveat.COARSEN))
    less = reduced(word)
    assert isinstance(less, SensorWord)
    assert less != word
    assert less.since_ns % (60 * SECOND_NS) == 0
    assert 0 <= word.since_ns - less.since_ns < 60 * SECOND_NS
