"""Programs are kept running; a user's mistake ends the keeping with the program's own words."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.errors import UserError
from tocsin.node.supervise import Program

READY_THEN_WAIT = "import time; print('ready', flush=True); time.sleep(60)"


def program(tmp_path: Path, code: str, said: list[str] | None = None) -> Program:
    say = (said if said is not None else []).append
    return Program("thing", (sys.executable, "-c", code), tmp_path / "thing.log", say=say)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def test_a_killed_program_is_started_again(tmp_path: Path) -> None:
    async def story() -> tuple[int | None, int | None, int, list[str]]:
        said: list[str] = []
        thing = program(tmp_path, READY_THEN_WAIT, said)
        await thing.start(10)
        first = thing.pid
        thing.kill()
        await until(lambda: thing.pid not in (None, first))
        second = thing.pid
        await thing.stop()
        return first, second, thing.restarts, said

    first, second, restarts, said = asyncio.run(story())
    assert first
    assert second
    assert first != second
    assert restarts == 1
    assert "starting it again" in said[0]


def test_nothing_is_left_after_stop(tmp_path: Path) -> None:
    async def story() -> tuple[int, int | None]:
        thing = program(tmp_path, READY_THEN_WAIT)
        await thing.start(10)
        pid = thing.pid
        await thing.stop()
        assert pid is not None
        return pid, thing.pid

    pid, after = asyncio.run(story())
    assert after is None
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_deaf_to_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.node.supervise.STOP_S", 0.3)
    said: list[str] = []
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY_THEN_WAIT

    async def story() -> int | None:
        thing = program(tmp_path, deaf, said)
        await thing.start(10)
        await thing.stop()
        return thing.pid

    assert asyncio.run(story()) is None
    assert "killed" in said[-1]


def test_a_users_mistake_is_not_tried_again(tmp_path: Path) -> None:
    mistaken = "import sys; print('error: no such sensor; mend it', file=sys.stderr); sys.exit(2)"

    async def story() -> int:
        thing = program(tmp_path, mistaken)
        with pytest.raises(UserError, match="no such sensor"):
            await thing.start(10)
        return thing.restarts

    assert asyncio.run(story()) == 0


def test_a_program_that_never_gets_ready_is_a_clear_error(tmp_path: Path) -> None:
    async def story() -> None:
        thing = program(tmp_path, "import time; time.sleep(60)")
        with pytest.raises(UserError, match="not ready within"):
            await thing.start(0.3)
        assert thing.pid is None

    asyncio.run(story())


def test_last_words_of_a_log_that_is_not_there(tmp_path: Path) -> None:
    assert program(tmp_path, "").last_words() == "no log"


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: only Linux ends a child with its parent")
def test_a_supervisor_killed_outright_leaves_nothing_running(tmp_path: Path) -> None:
    supervisor = """
import asyncio, sys
from pathlib import Path
from tocsin.node.supervise import Program
async def main():
    thing = Program("thing", (sys.executable, "-c", sys.argv[1]), Path(sys.argv[2]))
    await thing.start(10)
    print(thing.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    argv = (sys.executable, "-c", supervisor, READY_THEN_WAIT, str(tmp_path / "thing.log"))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    asyncio.run(until(lambda: not Path(f"/proc/{child}").exists()))
