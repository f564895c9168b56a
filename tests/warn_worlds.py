"""Small worlds for the tests of the warning room: objects, areas, officers, all times from one launch."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tocsin.model.event import AreaRisk, Assessment, ImpactPointPrediction, LaunchPointEstimate
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant, after, from_iso
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase
from tocsin.model.warning import (
    ActKind,
    Certainty,
    DeskRules,
    Draft,
    MsgType,
    NoAct,
    Officer,
    OfficerAct,
    ThreatKind,
    WarnedArea,
    Warning,
)
from tocsin.warn.decide import Drafted, Released, WarnEffect, WarnState, new_warn, step

T0 = from_iso("2022-10-04T07:22:00+09:00")
LABEL = Label(Plane.EXERCISE, frozenset({Nation.JPN}), frozenset())
ELLIPSE = Ellipse95(40_000.0, 10_000.0, 1.4)
NAMES = {
    "JP-01": {"en": "Hokkaido", "ko": "홋카이도", "ja": "北海道"},
    "JP-02": {"en": "Aomori", "ko": "아오모리현", "ja": "青森県"},
    "JP-03": {"en": "Iwate", "ko": "이와테현", "ja": "岩手県"},
    "KR-11": {"en": "Seoul", "ko": "서울특별시", "ja": "ソウル特別市"},
    "US-AK": {"en": "Alaska", "ko": "알래스카주", "ja": "アラスカ州"},
    "US-GU": {"en": "Guam", "ko": "괌", "ja": "グアム"},
    "US-HI": {"en": "Hawaii", "ko": "하와이주", "ja": "ハワイ州"},
}


def at(seconds: float) -> Instant:
    """Seconds after the launch of 4 October 2022, 07:22 JST."""
    return after(T0, seconds)


def track(name: str = "F1", life: Life = Life.CONFIRMED, **other: object) -> FusedTrack:
    made = FusedTrack(
        id=name,
        members=(Member(Nation.JPN, f"J-{name}"),),
        life=life,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(T0, (0.0,) * 7, (0.0,) * 28),
        first_ns=T0,
        last_ns=T0,
        label=LABEL,
        confirmed_ns=T0,
    )
    return replace(made, **other)


def over(area: str, probability: float, enter_s: float = 373.0, leave_s: float = 420.0) -> AreaRisk:
    return AreaRisk(area, 0.0, probability, at(enter_s), at(leave_s))


def into(area: str, probability: float) -> AreaRisk:
    return AreaRisk(area, probability, 0.0)


def meaning(*risks: AreaRisk, name: str = "F1", impact_s: float = 1320.0) -> Assessment:
    return Assessment(
        track_id=name,
        made_ns=T0,
        launch=LaunchPointEstimate(40.0, 126.0, ELLIPSE, T0, 2.0),
        impact=ImpactPointPrediction(36.0, 170.0, ELLIPSE, at(impact_s), 5.0),
        risks=risks,
    )


def warning(
    msg_type: MsgType = MsgType.ALERT,
    plane: Plane = Plane.EXERCISE,
    nation: Nation = Nation.JPN,
    certainty: Certainty = Certainty.OBSERVED,
    areas: Sequence[WarnedArea] | None = None,
    **other: object,
) -> Warning:
    first = msg_type is MsgType.ALERT
    made = Warning(
        id=f"{nation}-{plane}-20221003T222430Z-1",
        serial=1 if first else 2,
        plane=plane,
        nation=nation,
        msg_type=msg_type,
        certainty=certainty,
        objects=1,
        areas=tuple(areas) if areas else (WarnedArea("JP-02", ThreatKind.OVERFLIGHT, at(373)),),
        launched_ns=T0,
        sent_ns=at(160.25),
        expires_ns=at(3000),
        references=() if first else ((1, at(150.75)),),
    )
    return replace(made, **other)


def act(draft: Draft, kind: ActKind, officer: str = "sato", credential: str | None = None) -> OfficerAct:
    return OfficerAct(officer, credential or f"key-{officer}", kind, draft.id, draft.digest)


PEOPLE = ("sato", "suzuki", "Sato", "kim", "ＳＡＴＯ ")
KEYS = (*(f"key-{name}" for name in PEOPLE), "k1", "K1 ", "k2")
PATIENT = NoAct(900.0, 900.0, 900.0, 900.0)
"""For tests of other things than the countdown."""
RULES = DeskRules(tuple(Officer(name, key) for name in PEOPLE for key in KEYS), PATIENT)


class Room:
    """The fold with its state kept, and every effect so far."""

    def __init__(
        self, nation: Nation = Nation.JPN, plane: Plane = Plane.EXERCISE, rules: DeskRules = RULES
    ) -> None:
        self.state: WarnState = new_warn(nation, plane, rules=rules)
        self.effects: list[WarnEffect] = []
        self.now_s = 0.0
        self.picture: tuple[Sequence[FusedTrack], Sequence[Assessment]] = ((), ())

    def see(
        self,
        now_s: float,
        tracks: Sequence[FusedTrack] = (),
        meanings: Sequence[Assessment] = (),
        acts: Sequence[OfficerAct] = (),
    ) -> tuple[WarnEffect, ...]:
        self.now_s = now_s
        self.picture = (tracks, meanings)
        self.state, effects = step(self.state, meanings, tracks, acts, at(now_s))
        self.effects += effects
        return effects

    def run(
        self, until_s: float, tracks: Sequence[FusedTrack] = (), meanings: Sequence[Assessment] = ()
    ) -> list[WarnEffect]:
        """The same picture once a second."""
        found: list[WarnEffect] = []
        while self.now_s + 1.0 <= until_s:
            found += self.see(self.now_s + 1.0, tracks, meanings)
        return found

    def release(self, draft: Draft) -> tuple[WarnEffect, ...]:
        """Two officers, over the draft as it stands, in the picture last seen."""
        acts = (act(draft, ActKind.PROPOSE, "sato"), act(draft, ActKind.APPROVE, "suzuki"))
        return self.see(self.now_s, *self.picture, acts)


def drafted(effects: Sequence[WarnEffect]) -> list[Draft]:
    return [effect.draft for effect in effects if isinstance(effect, Drafted)]


def released(effects: Sequence[WarnEffect]) -> list[Draft]:
    return [effect.draft for effect in effects if isinstance(effect, Released)]
