from __future__ import annotations

import math

import msgspec
import pymap3d
import pytest
from made_picture import picture
from msgspec.structs import replace

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.event import ArcShape, AreaRisk, Footprint, Mishap, Motion, RangeBand
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.model.track import ObjectClass
from tocsin.model.warning import MsgType
from tocsin.page import view as page_view
from tocsin.page.feed import encode
from tocsin.page.view import MAX_ARC_POINTS, level_of, view_of


@pytest.mark.parametrize(
    ("impact", "over", "level"),
    [
        (0.6, 0.0, 5),
        (0.5, 0.9, 5),
        (0.2, 0.0, 4),
        (0.01, 0.0, 3),
        (0.009, 0.5, 2),
        (0.009, 0.49, 1),
        (0.0, 0.1, 1),
    ],
)
def test_level(impact: float, over: float, level: int) -> None:
    assert level_of(AreaRisk("JP-02", impact, over)) == level


def test_place_and_course_agree_with_pymap3d() -> None:
    shown = picture(Nation.JPN, 400.0, air=3)
    marks = {mark.id: mark for mark in view_of(shown).marks if mark.layer == "fused"}
    assert len(marks) == 4
    for track in shown.fused:
        x, y, z, vx, vy, vz = track.state.x[:6]
        lat, lon, alt = (float(value) for value in pymap3d.ecef2geodetic(x, y, z))
        east, north, up = (float(value) for value in pymap3d.ecef2enuv(vx, vy, vz, lat, lon))
        mark = marks[track.id]
        assert (mark.lat, mark.lon) == pytest.approx((lat, lon), abs=1e-4)
        assert mark.alt == pytest.approx(alt / 1e3, abs=0.01)
        assert mark.speed == pytest.approx(math.hypot(east, north, up) / 1e3, abs=1e-3)
        assert mark.course == pytest.approx(math.degrees(math.atan2(east, north)) % 360.0, abs=0.1)


def test_own_partners_and_fused_stand_apart() -> None:
    marks = view_of(picture(Nation.KOR, 400.0, air=0)).marks
    assert [(mark.layer, mark.sources) for mark in marks] == [
        ("fused", ("JPN", "KOR", "USA")),
        ("own", ("KOR-R-1",)),
        ("partner", ("USA",)),
        ("partner", ("JPN",)),
    ]


def test_air_is_bounded_and_what_is_left_out_is_counted() -> None:
    shown = view_of(picture(Nation.JPN, 400.0, air=20), max_air=5)
    assert sum(mark.kind == ObjectClass.AIR for mark in shown.marks) == 5
    assert shown.air_left_out == 15
    assert any(mark.kind == ObjectClass.BALLISTIC for mark in shown.marks)


def test_arc_is_thinned_and_keeps_its_ends() -> None:
    shown = picture(Nation.JPN, 400.0)
    whole = shown.assessments[0].arc
    assert len(whole) > MAX_ARC_POINTS
    thin = next(mark for mark in view_of(shown).marks if mark.arc).arc
    assert len(thin) == MAX_ARC_POINTS
    assert [thin[0][0], thin[-1][0]] == [whole[0].time_ns // 1_000_000, whole[-1].time_ns // 1_000_000]


def test_lead_time_is_from_release_to_the_first_expected_event() -> None:
    shown = picture(Nation.JPN, 400.0)
    draft = shown.drafts[0]
    first = min(area.expected_ns for area in draft.warning.areas)
    assert draft.released_ns is not None
    assert view_of(shown).warnings[0].lead_s == round((first - draft.released_ns) / 1e9, 1)
    assert view_of(picture(Nation.JPN, 195.0)).warnings[0].lead_s is None


def test_a_cancel_has_no_lead_time_and_messages_are_numbered() -> None:
    shown = picture(Nation.JPN, 400.0)
    draft = shown.drafts[0]
    warning = msgspec.structs.replace(draft.warning, msg_type=MsgType.CANCEL, serial=2)
    cancel = msgspec.structs.replace(draft, warning=warning)
    first, second = view_of(msgspec.structs.replace(shown, drafts=(draft, cancel))).warnings
    assert (first.type, first.short) == ("Alert", "1")
    assert first.lead_s is not None
    assert (second.type, second.short, second.lead_s) == ("Cancel", "1.2", None)


def test_alarms_are_shown_with_their_priority() -> None:
    alarm = Alarm(AlarmKind.RECEIVER_DEAD, "town hall", "no beat for 61 s", Instant(5_000_000))
    shown = view_of(msgspec.structs.replace(picture(Nation.JPN, 400.0), alarms=(alarm,))).alarms
    assert [(row.kind, row.priority, row.about, row.since) for row in shown] == [
        ("receiver-dead", 2, "town hall", 5)
    ]


def test_nothing_seen_yet() -> None:
    shown = view_of(picture(Nation.USA, 5.0, air=0))
    assert shown.marks == ()
    assert shown.warnings == ()


def test_a_thousand_tracks_stay_below_the_budget() -> None:
    # PAGE.md asks for 32-90 kB as binary; as JSON it is 275 kB. The Picture itself is five times that.
    text = encode(picture(Nation.JPN, 400.0, air=1_000))
    assert len(text) < 300_000
    assert msgspec.json.decode(text)["now"] == view_of(picture(Nation.JPN, 400.0)).now


def test_level_thresholds_fall() -> None:
    probabilities = [probability for _, probability in page_view.LEVELS]
    assert probabilities == sorted(probabilities, reverse=True)


def test_an_object_without_an_impact_shows_its_region_its_class_and_what_went_wrong() -> None:
    shown = picture(Nation.JPN, 400.0)
    footprint = Footprint(
        ((41.0, 140.0), (41.5, 141.0), (40.5, 141.5)), Instant(5_000_000), Instant(9_000_000)
    )
    strange = replace(
        shown.assessments[0],
        impact=None,
        footprint=footprint,
        motion=Motion.MANOEUVRING,
        band=RangeBand.MEDIUM,
        shape=ArcShape.DEPRESSED,
        mishap=Mishap.BROKEN_UP,
        mishap_ns=Instant(7_000_000),
        pieces=3,
    )
    marks = view_of(replace(shown, assessments=(strange, *shown.assessments[1:]))).marks
    mark = next(mark for mark in marks if mark.id == strange.track_id)
    assert mark.impact is None
    assert mark.region is not None
    assert (mark.region.corners, mark.region.earliest, mark.region.latest) == (footprint.region, 5, 9)
    assert (mark.band, mark.shape, mark.mishap, mark.mishap_t, mark.pieces) == (
        "medium", "depressed", "broken_up", 7, 3,
    )  # fmt: skip
