"""A user's mistake is one line that names the cause and the fix, and exit code 2. Never a trace."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import apsw
import pytest


def tocsin(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin.cli", *words],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert "; " in last
    for word in words:
        assert word in last


def test_missing_record(tmp_path: Path) -> None:
    one_line(tocsin("replay", str(tmp_path / "no.sqlite")), "no.sqlite")


def test_what_is_no_record_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    empty, foreign = tmp_path / "empty.toml", tmp_path / "foreign.sqlite"
    empty.touch()
    db = apsw.Connection(str(foreign))
    db.execute("CREATE TABLE a(b)")
    db.close()
    for path in (empty, foreign):
        before = path.read_bytes()
        one_line(tocsin("replay", str(path)), path.name)
        assert path.read_bytes() == before
        assert sorted(tmp_path.iterdir()) == [empty, foreign]


def test_missing_scenario() -> None:
    one_line(tocsin("demo", "--headless", "--scenario", "no-such-scenario"), "no-such-scenario")


def test_bad_toml(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    one_line(tocsin("demo", "--headless", "--scenario", str(broken)), "broken.toml")


def test_missing_configuration(tmp_path: Path) -> None:
    one_line(tocsin("node", str(tmp_path / "node.toml")), "node.toml")


def test_missing_capture(tmp_path: Path) -> None:
    one_line(tocsin("decode", "--format", "asterix", str(tmp_path / "no.pcap")), "no.pcap")


def test_old_broker(tmp_path: Path) -> None:
    old = tmp_path / "nats-server"
    old.write_text("#!/bin/sh\necho nats-server: v2.9.10\n")
    old.chmod(0o755)
    done = tocsin("demo", "--headless", "--out", str(tmp_path / "out"), env={"NATS_SERVER": str(old)})
    one_line(done, "too old", "2.14")


def test_busy_page_port() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8802))
        except OSError:
            pytest.skip("NOT TESTED: something else uses port 8802 on this machine")
        taken.listen()
        one_line(tocsin("demo"), "8802")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT TESTED: no /dev/full here")
def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    one_line(tocsin("demo", "--headless", "--out", str(blocked / "out")), "out")


def test_unknown_option_is_a_mistake_too() -> None:
    assert tocsin("demo", "--no-such-option").returncode == 2


def test_another_program_instead_of_the_broker() -> None:
    done = tocsin("demo", "--headless", env={"NATS_SERVER": "/bin/ls"})
    one_line(done, "/bin/ls is no nats-server")
    assert done.stderr.count("error:") == 1
    assert "License" not in done.stderr


def test_verify_says_what_it_wants() -> None:
    one_line(tocsin("verify"), "give a RECORD or --proof")
    one_line(tocsin("verify", "a.sqlite", "--proof", "b.tlog-proof"), "not both")
