"""A warning becomes one message for all outlets, of its own plane, sound, signed, the same each time."""

from __future__ import annotations

import pytest
import shapely
from msgspec.structs import replace
from outlet_messages import SHAPES, message, press, signer
from shapely.geometry import shape
from warn_worlds import warning

from tocsin.model.label import Plane, PlaneMixError
from tocsin.model.warning import MsgType
from tocsin.outlet.contract import OutletRefusedError
from tocsin.outlet.sign import verified


def test_the_same_warning_gives_the_same_message() -> None:
    assert message() == message()
    verified(message().xml, signer().cert_pem)


@pytest.mark.parametrize("mine", Plane)
@pytest.mark.parametrize("its", Plane)
def test_no_plane_makes_anothers(mine: Plane, its: Plane) -> None:
    if mine is its:
        assert press(mine).message("d1", warning(plane=its)).geojson["properties"]["plane"] == its
        return
    with pytest.raises(PlaneMixError):
        press(mine).message("d1", warning(plane=its))


@pytest.mark.parametrize("bad", ["../x", "a/b", ".hidden", "a b", "x" * 200, "a\n"])
def test_an_id_cannot_leave_its_folder(bad: str) -> None:
    with pytest.raises(OutletRefusedError, match="cannot be a file's name"):
        message(id=bad)


def test_what_breaks_the_rules_is_not_made() -> None:
    late = warning()
    with pytest.raises(OutletRefusedError, match="expires is not after sent"):
        press().message("d1", replace(late, expires_ns=late.sent_ns))
    with pytest.raises(OutletRefusedError, match="no shape for the area JP-01"):
        message(areas=[replace(late.areas[0], area="JP-01")])


def test_geojson_says_the_same_and_covers_the_area() -> None:
    made = message(msg_type=MsgType.ALERT).geojson
    assert made["properties"]["msgType"] == "Alert"
    assert set(made["properties"]["texts"]) == {"en", "ko", "ja"}
    (feature,) = made["features"]
    drawn = shape(feature["geometry"])
    assert shapely.is_valid(drawn)
    assert drawn.covers(SHAPES["JP-02"])
    assert all(shapely.is_ccw(shapely.get_exterior_ring(part)) for part in shapely.get_parts(drawn))


def test_every_text_of_an_exercise_is_marked_first_and_last() -> None:
    for lang, texts in message().geojson["properties"]["texts"].items():
        mark = {"en": "EXERCISE", "ko": "훈련", "ja": "訓練"}[lang]
        for name, text in texts.items():
            assert mark in text[:40], (lang, name)
            assert mark in text[-40:], (lang, name)
