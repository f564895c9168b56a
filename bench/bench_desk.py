"""The desk's figures: from a crossed threshold to the draft, from the second approval to the last receipt,
and from kill -9 of the hall to its desk.

    python bench/bench_desk.py [SCENARIO]

Two parts. `draft`: a scenario through the production folds; beside it every second the areas' probabilities
are computed anew, without the assessor's own pace, so that its lag shows. `node`: a REAL node of real
processes over a flight of now, with four outlets: its hall killed with a proposal on the desk, then the alert
released and withdrawn.
"""

import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import real_node  # the node that tests kill, too

from tocsin.assess.areas import path, risks
from tocsin.assess.impact import matrix_of, predict
from tocsin.demo.halls import Told, play
from tocsin.earth.places import load_areas
from tocsin.errors import UserError
from tocsin.model.event import AreaRisk
from tocsin.model.label import Nation
from tocsin.model.time import Instant, seconds_between
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.model.warning import ActKind, Thresholds
from tocsin.node import hall_words
from tocsin.sim.scenario_file import load
from tocsin.warn.authority import nation_of

SCENARIO = "2022-10-04"
POLL_S = 0.02
OUTLETS = ("file", "feed", "national", "siren")


class Taker(BaseHTTPRequestHandler):
    """An alert system that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def draft(name: str) -> dict[str, Any]:
    """Seconds since launch of Japan's confirmation, true crossing, crossing as assessed, and first draft."""
    scenario = load(name)
    zero = min(flight.launch_ns for flight in scenario.flights)
    found: dict[str, float] = {}
    computed_ns = Instant(0)
    for told in play(scenario, 1):
        if told.nation is not Nation.JPN:
            continue
        at_s = round(seconds_between(zero, told.now_ns), 1)
        flying = [t for t in told.state.fused if t.kind is ObjectClass.BALLISTIC and t.life is Life.CONFIRMED]
        if flying:
            found.setdefault("confirmed_s", at_s)
        if "crossed_s" not in found and seconds_between(computed_ns, told.now_ns) >= 1.0:
            computed_ns = told.now_ns
            if any(_over(row) for track in flying if track.phase is Phase.COAST for row in _anew(track)):
                found["crossed_s"] = at_s
        if any(_over(row) for one in told.state.assessments for row in one.risks):
            found.setdefault("assessed_s", at_s)
        if _drafted(told):
            found["drafted_s"] = at_s
            found["draft_after_crossing_s"] = round(at_s - found.get("crossed_s", at_s), 1)
            break
    return {"scenario": name, "nation": "JPN", "step_s": 0.5} | found


def _anew(track: Any) -> tuple[AreaRisk, ...]:
    found = predict(track)
    return () if found is None else risks(found, path(found), matrix_of(track.state), load_areas(), ())


def _over(row: AreaRisk) -> bool:
    limits = Thresholds()
    over = row.overflight_probability >= limits.overflight_probability
    return nation_of(row.area) is Nation.JPN and (over or row.impact_probability >= limits.impact_probability)


def _drafted(told: Told) -> bool:
    return any(isinstance(one, hall_words.Told) and one.event == "drafted" for one in told.effects)


def node() -> dict[str, Any]:
    """Seconds at a REAL node."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        scenario = real_node.flying_now()
        outlets = (
            {"kind": "file"},
            {"kind": "feed"},
            {"kind": "push", "name": "national", "url": f"http://127.0.0.1:{server.server_address[1]}/"},
            {"kind": "command", "name": "siren", "words": ["/bin/true"]},
        )
        place, port = real_node.made_node(Path(folder) / "JPN", scenario, outlets)
        with real_node.running(place) as running, real_node.feeding(scenario, port):
            name = real_node.wait_for(place, "drafted", 60.0)["id"]
            found = _killed(place, running, name)
            found |= _acts(place, name)
    server.shutdown()
    server.server_close()
    return found


def _acts(place: Path, name: str) -> dict[str, float]:
    """From the second approval (as the officer's machine sends it) to the last outlet's receipt."""
    found = {"alert_to_last_receipt_s": _released(place, name)}
    story = real_node.named(place, name)["warning"]["id"]
    rows = [row for row in real_node.drafts(place) if row["warning"]["id"] == story]
    ready = next(r["id"] for r in rows if r["status"] == "prepared" and r["warning"]["purpose"] == "withdraw")
    return found | {"cancel_to_last_receipt_s": _released(place, ready)}


def _released(place: Path, name: str) -> float:
    with real_node.desk(place, "sato-1") as sato, real_node.desk(place, "ito-1") as ito:
        if sato.draft(name)["status"] != "proposed":
            sato.act(ActKind.PROPOSE, name, sato.draft(name)["digest"])
        digest = ito.draft(name)["digest"]
        began = time.perf_counter()
        ito.act(ActKind.APPROVE, name, digest)
        while set(ito.draft(name)["carried"]) != set(OUTLETS):
            time.sleep(POLL_S)
            if time.perf_counter() - began > 30.0:
                raise SystemExit(f"not carried: {ito.draft(name)['carried']}")
        return round(time.perf_counter() - began, 3)


def _killed(place: Path, running: Any, name: str) -> dict[str, Any]:
    """A proposal on the desk, kill -9 of the hall: until the desk shows both, and the track, as RESTORED."""
    with real_node.desk(place, "sato-1") as sato:
        sato.act(ActKind.PROPOSE, name, sato.draft(name)["digest"])
    os.kill(real_node.hall_of(running), signal.SIGKILL)
    began = time.perf_counter()
    while time.perf_counter() - began < 60.0:
        try:
            back = real_node.named(place, name)
            picture = _picture(place)
        except (UserError, OSError, StopIteration, http.client.HTTPException):
            time.sleep(0.02)
            continue
        took = round(time.perf_counter() - began, 2)
        return {
            "back_after_kill_s": took,
            "hall_cpu_s": _cpu_s(real_node.hall_of(running)),
            "draft_restored": back["restored"],
            "proposal_kept": back["proposed_by"] == "sato",
            "tracks": len(picture["fused"]),
            "tracks_restored": len(picture["restored"]),
        }
    raise SystemExit("the hall did not come back")


def _cpu_s(process: int) -> float:
    """Processor seconds that the new hall has taken: what a quiet machine would need at least (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 2)


def _picture(place: Path) -> dict[str, Any]:
    page = real_node.load_config(place).page
    line = http.client.HTTPConnection(page.host, page.port, timeout=5.0)
    line.request("GET", "/api/picture", headers={"Host": f"{page.name}:{page.port}"})
    answer = line.getresponse()
    body = answer.read()
    line.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    said: dict[str, Any] = json.loads(body)
    return said


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else SCENARIO
    print(json.dumps({"draft": draft(name)}), flush=True)
    print(json.dumps({"node": node()}), flush=True)


if __name__ == "__main__":
    main()
