"""Decoder plug-ins: a package with an entry point, as a user would install it."""

import sys
from pathlib import Path

import pytest

from tocsin.errors import UserError
from tocsin.model.time import Instant
from tocsin.node.formats import formats, make_decoder
from tocsin.sense.format import FORMATS

CODE = """
from tocsin.sense.format import Decoded

class Nothing:
    def __init__(self, sensors, date=None, plane=None, *, accept_unknown=False):
        pass
    def decode(self, data, now):
        return Decoded(counts={"bytes": len(data)})
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "made_up_decoder.py").write_text(CODE)
    info = tmp_path / "made_up-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tocsin.decoders]\nnothing = made_up_decoder:Nothing\njsonl = made_up_decoder:Nothing\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_up_decoder", raising=False)
    return info


@pytest.mark.usefixtures("plugin")
def test_a_plug_in_adds_a_format_and_replaces_none_of_ours() -> None:
    assert set(formats()) == {"asterix", "jsonl", "nothing"}
    assert formats()["jsonl"] is FORMATS["jsonl"]
    assert make_decoder("nothing", ()).decode(b"abc", Instant(0)).counts == {"bytes": 3}


def test_a_plug_in_that_does_not_load_is_named(plugin: Path) -> None:
    (plugin / "entry_points.txt").write_text("[tocsin.decoders]\nbroken = made_up_decoder:Missing\n")
    with pytest.raises(UserError, match="plug-in 'broken' does not load"):
        formats()


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="no input format") as mistake:
        make_decoder("cobol", ())
    assert "asterix, jsonl" in mistake.value.fix
