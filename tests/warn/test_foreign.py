"""Others' messages: samples accepted or refused for the right reason, drills stay drills, nothing crashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from warn_worlds import NAMES, warning

from tocsin.model.label import Plane
from tocsin.model.warning import ForeignAlert, MsgType
from tocsin.warn.cap import to_cap
from tocsin.warn.foreign import NotHeard, read

DATA = Path(__file__).parents[3] / "shared" / "data"
SHAPES = {"JP-02": box(139.5, 40.2, 141.7, 41.5), "JP-13": box(138.9, 35.5, 139.9, 35.9)}
needs_samples = pytest.mark.skipif(not DATA.exists(), reason="the samples are not beside this checkout")

CAP_SAMPLES = {
    "google_australia.cap": (Plane.REAL, MsgType.ALERT),
    "google_wcatwc-warning.cap": (Plane.REAL, MsgType.UPDATE),
    "google_canada_errors.cap": "Update without references",
    "google_earthquake.cap": "not a CAP 1.2 alert",
    "google_earthquake_signed.cap": "not a CAP 1.2 alert",
    "google_invalid.cap": "no scope",
    "google_no_optional_fields.cap": "not a CAP 1.2 alert",
    "google_xee.cap": "external entities",
}


def of_ours() -> bytes:
    return to_cap(warning(), SHAPES, NAMES)


@needs_samples
@pytest.mark.parametrize("name", sorted(CAP_SAMPLES))
def test_cap_samples_of_others(name: str) -> None:
    heard, expected = read((DATA / "cap" / "samples" / name).read_bytes(), SHAPES, "test"), CAP_SAMPLES[name]
    if isinstance(expected, str):
        assert isinstance(heard, NotHeard)
        assert expected in heard.detail
    else:
        assert isinstance(heard, ForeignAlert)
        assert (heard.plane, heard.msg_type) == expected
        assert heard.expires_ns > heard.sent_ns


@needs_samples
def test_every_sample_of_cap_is_named_above() -> None:
    assert {path.name for path in (DATA / "cap" / "samples").iterdir()} == set(CAP_SAMPLES)


@needs_samples
def test_jma_samples_keep_their_status() -> None:
    drills: list[Plane] = []
    real: list[Plane] = []
    for path in sorted((DATA / "jma").glob("*.xml")):
        heard = read(path.read_bytes(), SHAPES, "test")
        assert isinstance(heard, ForeignAlert), path.name
        assert heard.sender in ("気象庁", "大阪管区気象台"), path.name
        said_drill = "<Status>訓練</Status>" in path.read_text("utf-8")
        (drills if said_drill else real).append(heard.plane)
    assert set(drills) == {Plane.EXERCISE}
    assert set(real) == {Plane.REAL}
    assert (len(drills), len(real)) == (4, 7)


JMA = """<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>t</Title><DateTime>2024-04-17T14:14:57Z</DateTime>
<Status>{status}</Status><PublishingOffice>office</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<ReportDateTime>{time}</ReportDateTime><EventID>1</EventID><InfoType>{kind}</InfoType><Serial>2</Serial></Head></Report>"""


def jma(status: str = "通常", kind: str = "発表", time: str = "2024-04-17T23:14:57+09:00") -> bytes:
    return JMA.format(status=status, kind=kind, time=time).encode()


def test_jma_words() -> None:
    for word, plane in (
        ("通常", Plane.REAL),
        ("訓練", Plane.EXERCISE),
        ("試験", Plane.TEST),
    ):
        heard = read(jma(status=word), SHAPES, "test")
        assert isinstance(heard, ForeignAlert)
        assert (heard.plane, heard.identifier) == (plane, "1-2")
    cancelled = read(jma(kind="取消"), SHAPES, "test")
    assert isinstance(cancelled, ForeignAlert)
    assert cancelled.lifts


def acknowledgement() -> bytes:
    names = b"<references>a,b,2022-10-03T22:24:30+09:00</references>"
    return of_ours().replace(b"<msgType>Alert", b"<msgType>Ack").replace(b"</scope>", b"</scope>" + names)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jma(status="本物"), "jma-status"),
        (jma(kind="攻撃"), "jma-type"),
        (jma(time="2024-04-17T23:14:57"), "jma-time"),
        (jma(time="yesterday"), "jma-time"),
        (jma().replace(b"<EventID>1</EventID>", b""), "jma-head"),
        (jma().replace(b"Report", b"Reports"), "jma-rules"),
        (jma()[:-5], "not-xml"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + jma()[39:], "jma-rules"),
        (b"", "cap-rules"),
        (of_ours().replace(b"<status>Exercise", b"<status>Draft"), "cap-status"),
        (acknowledgement(), "cap-type"),
        (of_ours().replace(b"<msgType>Alert", b"<msgType>Urgent"), "cap-rules"),
    ],
)
def test_what_is_wrong_is_refused_and_never_an_alert(data: bytes, reason: str) -> None:
    heard = read(data, SHAPES, "test")
    assert isinstance(heard, NotHeard)
    assert heard.reason == reason


def test_areas_by_code_and_by_polygon() -> None:
    heard = read(of_ours(), SHAPES, "test")
    assert isinstance(heard, ForeignAlert)
    assert heard.areas == ("JP-02",)
    uncoded = read(of_ours().replace(b"ISO3166-2", b"SAME"), SHAPES, "test")
    assert isinstance(uncoded, ForeignAlert)
    assert uncoded.areas == ("JP-02",)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 20_000), st.sampled_from((of_ours(), jma())))
def test_nothing_that_a_stranger_sends_raises(piece: bytes, at: int, whole: bytes) -> None:
    at %= len(whole)
    read(whole[:at] + piece + whole[at + len(piece) :], SHAPES, "test")
