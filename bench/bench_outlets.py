"""From a released warning to the last outlet's receipt: file, feed, HTTP push and command, on this machine.

    python bench/bench_outlets.py [RUNS]

Alert and Cancel of one warning in turn, as the hall hands them over after the second approval has been
recorded. Beside it the floor: one signed message written to the disk and forced.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after
from tocsin.model.warning import Certainty, Draft, MsgType, ThreatKind, WarnedArea, Warning, WarnStatus
from tocsin.node.config_outlets import CommandEntry, FeedEntry, FileEntry, PushEntry
from tocsin.node.founding import default_ports, found_demo
from tocsin.node.hall_outlets import Outlets
from tocsin.node.hall_words import OutletReceipt, Told
from tocsin.outlet.disk import write_whole

RUNS = 20


class Taker(BaseHTTPRequestHandler):
    """An alert system that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def draft(number: int, kind: MsgType, now: Instant) -> Draft:
    area = WarnedArea("JP-02", ThreatKind.OVERFLIGHT, after(now, 300))
    warning = Warning(
        id=f"JPN-EXERCISE-BENCH-{number}",
        serial=1 if kind is MsgType.ALERT else 2,
        plane=Plane.EXERCISE,
        nation=Nation.JPN,
        msg_type=kind,
        certainty=Certainty.OBSERVED,
        objects=1,
        areas=(area,),
        launched_ns=now,
        sent_ns=now,
        expires_ns=after(now, 3600),
    )
    if kind is MsgType.CANCEL:
        warning = replace(warning, references=((1, after(now, -60)),))
    return Draft(f"{number}-{kind}", warning, "", WarnStatus.RELEASED, now, ())


async def measure(root: Path, port: int, runs: int) -> dict[str, list[float]]:
    """Milliseconds to the last of four receipts, by message type."""
    config = found_demo(root, Instant(time.time_ns()), {n: default_ports(n) for n in Nation})[Nation.JPN]
    entries = (
        FileEntry(),
        FeedEntry(),
        PushEntry("national", f"http://127.0.0.1:{port}/"),
        CommandEntry("siren", ("/bin/true",)),
    )
    came: asyncio.Queue[OutletReceipt] = asyncio.Queue()
    now = Instant(time.time_ns())
    outlets = Outlets(replace(config, outlet=entries), came.put_nowait, lambda *_: None, lambda: now)
    jobs = [asyncio.create_task(job) for job in outlets.jobs()]
    took: dict[str, list[float]] = {"alert_ms": [], "cancel_ms": [], "floor_ms": []}
    for number in range(runs):
        for kind, name in ((MsgType.ALERT, "alert_ms"), (MsgType.CANCEL, "cancel_ms")):
            began = time.perf_counter()
            outlets.carry(Told("released", draft(number, kind, now)))
            for _ in entries:
                await came.get()
            took[name].append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        write_whole(root / f"floor-{number}.xml", b"x" * 12_000)
        took["floor_ms"].append(1e3 * (time.perf_counter() - began))
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    return took


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measure(Path(folder), server.server_address[1], runs))
    server.shutdown()
    server.server_close()
    found = {
        name: {"p50": round(statistics.median(row), 1), "worst": round(max(row), 1)}
        for name, row in took.items()
    }
    print(json.dumps({"runs": runs, "outlets": 4} | found))


if __name__ == "__main__":
    main()
