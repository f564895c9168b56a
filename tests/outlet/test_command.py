"""Commands of the nation's own: what they are handed, and what becomes of one that fails or hangs."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from outlet_messages import message

from tocsin.outlet.command import CommandOutlet
from tocsin.outlet.contract import OutletError, Receipt

KEEP = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).write_text(sys.stdin.read())
Path(sys.argv[2]).write_text(str(dict(os.environ)))
"""


def carry(*words: str, timeout_s: float = 10.0) -> Receipt:
    return asyncio.run(CommandOutlet("siren", words, timeout_s).carry(message()))


def test_it_is_handed_the_message_and_nothing_of_the_halls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SECRET", "of the hall")
    given, env = tmp_path / "given.json", tmp_path / "env"
    carry(sys.executable, "-c", KEEP, str(given), str(env))
    assert msgspec.json.decode(given.read_bytes()) == message().geojson
    said = env.read_text()
    assert "'TOCSIN_PLANE': 'EXERCISE'" in said
    assert "'TOCSIN_AREAS': 'JP-02'" in said
    assert "of the hall" not in said


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    carry("/bin/echo", f"$(touch {tmp_path}/made); touch {tmp_path}/made")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_told_in_its_own_words() -> None:
    with pytest.raises(OutletError, match="ended with 3: 'no relay'"):
        carry(sys.executable, "-c", "import sys; print('no relay', file=sys.stderr); sys.exit(3)")
    with pytest.raises(OutletError, match="cannot be run"):
        carry("/nowhere/siren")


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    mine = tmp_path / "pid"
    code = f"import os, time; open({str(mine)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(OutletError, match="had not ended after 1 s"):
        carry(sys.executable, "-c", code, timeout_s=1.0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mine.read_text()), 0)


def test_one_that_reads_nothing_is_carried_all_the_same() -> None:
    began = time.monotonic()
    carry("/bin/true")
    assert time.monotonic() - began < 10.0


@pytest.mark.parametrize("words", [("/bin/true",), ("/bin/sh", "-c", "exec 0<&-; sleep 0.02")])
def test_one_that_never_reads_what_it_is_told_has_carried_and_ends_nothing(words: tuple[str, ...]) -> None:
    """A siren needs no text. By the event loop that halls run on: it calls a closed pipe a RuntimeError."""
    big = replace(message(), geojson={**message().geojson, "more": "x" * 300_000})

    async def carry_all() -> list[Receipt]:
        outlet = CommandOutlet("siren", words)
        return list(await asyncio.gather(*(outlet.carry(big) for _ in range(12))))

    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(carry_all()) == [Receipt(f"{words[0]} 0")] * 12
