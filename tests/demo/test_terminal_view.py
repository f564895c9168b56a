"""The terminal view says what the picture says, for every state of a link and an object."""

from msgspec.structs import replace
from rich.console import Console

from tocsin.demo.view import Stage, countdown, render
from tocsin.model.event import AreaRisk, Assessment, ImpactPointPrediction
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.picture import ExchangeCount, Picture
from tocsin.model.product import LinkHealth
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant, after
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase

T0 = Instant(1_664_835_720 * SECOND_NS)
LABEL = Label(Plane.EXERCISE, frozenset((Nation.KOR,)), frozenset())
TRACK = FusedTrack(
    id="F-1",
    members=(Member(Nation.KOR, "KOR-1"), Member(Nation.USA, "USA-4")),
    life=Life.COASTING,
    phase=Phase.COAST,
    kind=ObjectClass.BALLISTIC,
    state=EcefState(T0, (7e6, 0.0, 0.0, 0.0, 0.0, 0.0, 8.5), (1.0,) * 28),
    first_ns=T0,
    last_ns=T0,
    label=LABEL,
)
IMPACT = ImpactPointPrediction(33.5, 177.0, Ellipse95(1_234.0, 500.0, 0.0), after(T0, 600), 1.0)
ASSESSED = Assessment("F-1", T0, impact=IMPACT, apogee_m=970e3, risks=(AreaRisk("JP-02", 0.0, 0.93),))
PICTURE = Picture(
    nation=Nation.JPN,
    plane=Plane.EXERCISE,
    now_ns=T0,
    step=1,
    own=(),
    partners=(),
    fused=(TRACK,),
    assessments=(ASSESSED,),
    drafts=(),
    sensors=(),
    links=(
        LinkHealth(Nation.KOR, 0.3, 42.0, 0, ("direct", "hub")),
        LinkHealth(Nation.USA, None, None, 0, ()),
    ),
    quarantined={"bad-signature": 2},
    exchange=ExchangeCount(offered=5, released=9, received=7, latency_p50_ms=12.0, latency_p99_ms=80.0),
    plots_decoded=33,
)


def shown(*pictures: Picture) -> str:
    console = Console(width=200, record=True, force_terminal=False)
    stage = Stage("a launch", T0, 9.5, "", {Nation.JPN: "http://jpn"})
    with console.capture() as said:
        console.print(render(stage, {picture.nation: picture for picture in pictures}))
    return said.get()


def test_an_object_stands_in_its_row() -> None:
    text = shown(PICTURE)
    for word in ("EXERCISE", "F-1", "ballistic", "coasting", "KOR+USA", "970", "-10:00", "1.2", "JP-02 93%"):
        assert word in text


def test_links_and_latencies_are_told() -> None:
    text = shown(PICTURE)
    assert "KOR direct+hub 42 ms, 0.3 s ago" in text
    assert "USA DOWN, ?" in text
    assert "p50 12 p99 80 ms" in text
    assert "quarantined 2" in text


def test_nothing_known_is_said_as_such() -> None:
    empty = replace(PICTURE, fused=(), assessments=(), exchange=ExchangeCount())
    text = shown(empty)
    assert "no ballistic object" in text
    assert "p50" not in text


def test_air_traffic_is_counted_and_not_listed() -> None:
    text = shown(replace(PICTURE, fused=(replace(TRACK, kind=ObjectClass.AIR),)))
    assert "air 1" in text
    assert "F-1" not in text


def test_nations_stand_in_a_fixed_order() -> None:
    text = shown(replace(PICTURE, nation=Nation.KOR), PICTURE, replace(PICTURE, nation=Nation.USA))
    assert text.index("USA ") < text.index(" KOR ") < text.index(" JPN ")


def test_countdown_before_and_after() -> None:
    assert countdown(T0, after(T0, 146)) == "-02:26"
    assert countdown(after(T0, 5), T0) == "+00:05"
