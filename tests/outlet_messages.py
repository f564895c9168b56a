"""Messages to carry, made as the hall makes them, and a web server that answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shapely.geometry import box
from warn_worlds import NAMES, warning

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.outlet.contract import Message
from tocsin.outlet.press import Press
from tocsin.outlet.sign import CapSigner, new_certificate

SHAPES = {"JP-02": box(139.5, 40.2, 141.7, 41.5)}


@lru_cache(maxsize=1)
def signer() -> CapSigner:
    cert, key = new_certificate(Nation.JPN, Plane.EXERCISE, Instant(time.time_ns()))
    return CapSigner(key, cert)


def press(plane: Plane = Plane.EXERCISE) -> Press:
    return Press(plane, SHAPES, NAMES, signer())


def message(draft_id: str = "d1", **changes: Any) -> Message:
    return press(changes.get("plane", Plane.EXERCISE)).message(draft_id, warning(**changes))


class Peer:
    """What a receiver got, and what it answers: the statuses of `answers` in turn, the last one for ever."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers) or [200]
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""


@contextmanager
def peer(*answers: int) -> Iterator[Peer]:
    known = Peer(*answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.got.append((dict(self.headers), body))
            status = known.answers.pop(0) if len(known.answers) > 1 else known.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_address[1]}/alerts"
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
