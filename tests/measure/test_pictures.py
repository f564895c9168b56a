"""Pictures are well-formed SVG that hold every line, number or not."""

from pathlib import Path

import pytest
from lxml import etree

from tocsin.errors import UserError
from tocsin.measure.cues import cue
from tocsin.measure.pictures import Chart, Line, svg, write
from tocsin.measure.trial import AGES_S, Trial

NOT = float("nan")


def test_a_chart_is_well_formed_and_leaves_out_what_is_no_number() -> None:
    chart = Chart(
        "a < b & c", "s", "m", (Line("one", [1, 2, 3], [1.0, NOT, 3.0], [0.1, 0.1, NOT]),), (0.9, 1.1)
    )
    root = etree.fromstring(svg(chart).encode())
    circles = root.findall("{*}circle")
    assert len(circles) == 2
    assert "a < b & c" in {text.text for text in root.findall("{*}text")}


def test_a_chart_of_nothing_is_still_one() -> None:
    assert etree.fromstring(svg(Chart("", "", "", (Line("x", [10.0], [NOT]),))).encode()) is not None


def test_a_folder_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write(Chart("", "", "", ()), tmp_path / "file" / "chart.svg")


def trial(contact_s: float, tracked_s: float, small_from: int) -> Trial:
    sizes = tuple(50e3 if age < small_from else 5e3 for age in range(1, AGES_S[-1] + 1))
    return Trial(1, {}, {}, sizes, sizes, (), contact_s, tracked_s)


def test_a_cue_counts_from_the_launch() -> None:
    found = cue([trial(100.0, 105.0, 30)], [trial(150.0, float("inf"), 1_000)])
    assert (found.track_s, found.ten_km_s) == (105.0, 130.0)
    assert (found.track_alone_s, found.ten_km_alone_s) == (None, None)
