"""A REAL node of real processes: an alert released by two officers over the command line, the hall killed,
and everything back within seconds, marked RESTORED.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from real_node import (
    back_after_s,
    desk,
    feeding,
    flying_now,
    hall_of,
    made_node,
    named,
    running,
    tocsin,
    wait_for,
)

from tocsin.errors import UserError

BACK_S = 5.0
SLACK_S = 15.0
"""More for a busy machine: the figure itself is measured (bench/bench_desk.py)."""


@pytest.mark.timeout(300)  # real processes on a machine that may be busy
def test_a_killed_real_hall_is_back_with_drafts_tracks_and_approvals_marked(tmp_path: Path) -> None:
    scenario = flying_now()
    path, port = made_node(tmp_path / "JPN", scenario)
    for secret in ("root.json", "ca.key"):  # no program reads them: they may lie in a safe
        (path.parent / "keys" / secret).unlink()
    with running(path) as node, feeding(scenario, port):
        first = wait_for(path, "drafted", 40.0)
        name, digest = first["id"], first["digest"]
        with desk(path) as sato:
            sato.act("propose", name, digest)
            with pytest.raises(UserError, match="cannot approve"):
                sato.act("approve", name, digest)
        os.kill(hall_of(node), signal.SIGKILL)
        print(f"back after {back_after_s(path, BACK_S + SLACK_S):.1f} s", file=sys.stderr)
        back = named(path, name)
        assert (back["restored"], back["proposed_by"], back["digest"]) == (True, "sato", digest)
        shown = tocsin("warn", "show", str(path), name, "--as", "ito-1", root=path.parent)
        assert "s from now" in shown.stdout
        assert "people in cities (" in shown.stdout
        said = tocsin(
            "warn", "approve", str(path), name, "--as", "ito-1", "--digest", digest[:12], root=path.parent
        )
        assert said.returncode == 0, said.stderr
        released = named(path, name)
        assert (released["approved_by"], released["restored"]) == ("ito", True)
        deadline = time.monotonic() + 10.0
        while not named(path, name)["carried"] and time.monotonic() < deadline:
            time.sleep(0.2)
        assert named(path, name)["carried"]
    messages = list((tmp_path / "JPN" / "outlets").glob("**/*.xml"))
    assert messages
    assert all(b"<status>Actual</status>" in message.read_bytes() for message in messages)
