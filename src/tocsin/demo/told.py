"""What the desks told their people over a scenario: every message, lead per area, certainty over time."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tocsin.demo.halls import Told, play
from tocsin.earth.seas import all_areas
from tocsin.model.label import Nation
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import FusedTrack, Life, ObjectClass
from tocsin.model.warning import Draft, MsgType, NoAct, Thresholds, at_sea
from tocsin.node import hall_words
from tocsin.sim.scenario import Scenario
from tocsin.sim.truth import fly_all, overflights
from tocsin.warn.authority import nation_of
from tocsin.warn.lint import lint
from tocsin.warn.texts import afloat, render
from tocsin.warn.words import LANGS


class Message(Struct, frozen=True):
    """One message that went out. Seconds since the first launch. `lead_s`: to the first area's expected
    time.
    """

    at_s: float
    serial: int
    msg_type: str
    purpose: str
    certainty: str
    objects: int
    areas: tuple[str, ...]
    by: str
    lead_s: float | None
    faults: tuple[str, ...]
    """Of the linter over its three texts: words that state a prediction as fact, marks, answers missing."""


class AreaLead(Struct, frozen=True):
    """One area: when it was first warned, and what was due there. `entered_s`: by the truth, null where the
    object never came (the flight had failed). A negative lead is a miss.
    """

    area: str
    warned_s: float
    expected_s: float
    lead_s: float
    entered_s: float | None


class Change(Struct, frozen=True):
    """From `at_s` on: how the gravest object was tracked, and what people in force were told of certainty."""

    at_s: float
    track: str
    told: str


class NationTold(Struct, frozen=True):
    """One nation's desk. `crossed_s`: the probability of an area on land was above the threshold for the
    first time; `drafted_s`: the first draft for land stood before the officers.
    """

    crossed_s: float | None
    drafted_s: float | None
    messages: tuple[Message, ...]
    leads: tuple[AreaLead, ...]
    certainty: tuple[Change, ...]
    calls: tuple[str, ...]


def told_over(
    scenario: Scenario, seed: int = 1, *, officers: int = 2, no_act: NoAct | None = None
) -> Mapping[Nation, NationTold]:
    """Play a scenario through three halls and gather what each told its people."""
    books = {nation: _Book(scenario, nation) for nation in Nation}
    for told in play(scenario, seed, officers=officers, no_act=no_act):
        books[told.nation].note(told)
    return {nation: book.close() for nation, book in books.items()}


class _Book:
    def __init__(self, scenario: Scenario, nation: Nation) -> None:
        self._scenario, self._nation = scenario, nation
        self._zero = min((f.launch_ns for f in scenario.flights), default=scenario.start_ns)
        self._names = {area.iso: area.names for area in all_areas()}
        self._crossed: float | None = None
        self._drafted: float | None = None
        self._messages: list[Message] = []
        self._first: dict[str, tuple[Instant, Instant]] = {}
        self._changes: list[Change] = []
        self._calls: list[str] = []

    def note(self, told: Told) -> None:
        at_s = self._since(told.now_ns)
        if self._crossed is None and _crossed(told, self._nation):
            self._crossed = at_s
        for effect in told.effects:
            if isinstance(effect, hall_words.Told) and effect.event == "drafted":
                if self._drafted is None and not afloat(effect.draft.warning):
                    self._drafted = at_s
            elif isinstance(effect, hall_words.Told) and effect.event == "released":
                self._release(effect.draft, told.now_ns)
            elif isinstance(effect, hall_words.CalledOut):
                self._calls.append(f"{effect.call} at {at_s:.1f} s")
        now = Change(at_s, _track(told.state.fused), _certainty(told))
        if not self._changes or (self._changes[-1].track, self._changes[-1].told) != (now.track, now.told):
            self._changes.append(now)

    def _release(self, draft: Draft, now: Instant) -> None:
        warning = draft.warning
        lifts = warning.msg_type is MsgType.CANCEL
        if not lifts:
            for row in warning.areas:
                self._first.setdefault(row.area, (now, row.expected_ns))
        first = min(row.expected_ns for row in warning.areas)
        faults = [
            f"{lang}: {fault}"
            for lang in LANGS
            for fault in lint(render(warning, self._names, lang), lang, warning.plane)
        ]
        self._messages.append(
            Message(
                at_s=self._since(now),
                serial=warning.serial,
                msg_type=warning.msg_type,
                purpose=warning.purpose,
                certainty=warning.certainty,
                objects=warning.objects,
                areas=tuple(row.area for row in warning.areas),
                by=draft.by_policy or "two officers",
                lead_s=None if lifts else round(seconds_between(now, first), 1),
                faults=tuple(faults),
            )
        )

    def close(self) -> NationTold:
        return NationTold(
            self._crossed,
            self._drafted,
            tuple(self._messages),
            tuple(self._leads()),
            tuple(self._changes),
            tuple(self._calls),
        )

    def _leads(self) -> Iterable[AreaLead]:
        entered: dict[str, Instant] = {}
        ours = [area for area in all_areas() if area.iso in self._first]
        for flown in fly_all(self._scenario.flights):
            for area, at in overflights(flown, ours):
                entered[area] = min(at, entered.get(area, at))
        for area, (warned, expected) in sorted(self._first.items(), key=lambda row: (row[1][1], row[0])):
            came = entered.get(area)
            yield AreaLead(
                area=area,
                warned_s=self._since(warned),
                expected_s=self._since(expected),
                lead_s=round(seconds_between(warned, expected if came is None else came), 1),
                entered_s=None if came is None else self._since(came),
            )

    def _since(self, at: Instant) -> float:
        return round(seconds_between(self._zero, at), 1)


def _crossed(told: Told, nation: Nation) -> bool:
    limits = Thresholds()
    return any(
        nation_of(risk.area) is nation
        and not at_sea(risk.area)
        and (
            risk.impact_probability >= limits.impact_probability
            or risk.overflight_probability >= limits.overflight_probability
        )
        for row in told.state.assessments
        for risk in row.risks
    )


def _track(fused: Iterable[FusedTrack]) -> str:
    """Of the ballistic objects the worst known: lost before coasting before tracked."""
    lives = {track.life for track in fused if track.kind is ObjectClass.BALLISTIC}
    for life in (Life.LOST, Life.COASTING, Life.CONFIRMED, Life.IMPACTED):
        if life in lives:
            return str(life)
    return "none"


def _certainty(told: Told) -> str:
    in_force = [s.in_force.certainty for s in told.state.warn.stories.values() if s.in_force is not None]
    return ", ".join(sorted(set(map(str, in_force)))) or "-"
