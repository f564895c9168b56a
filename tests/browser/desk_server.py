"""The page's server in a thread of its own, for browsers that are driven from the test's thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue

from tocsin.model.label import Nation, Plane
from tocsin.model.picture import Picture
from tocsin.page.server import make_app, serve

WAIT_S = 30


@contextmanager
def desk_server(source: Callable[[], Picture | None], nation: Nation, plane: Plane) -> Iterator[str]:
    """The page's address while the block runs; browsers know *.localhost."""
    host = f"{nation}-{plane}.localhost".lower()
    started: Queue[tuple[int, asyncio.AbstractEventLoop, asyncio.Task[None]]] = Queue()

    async def run() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        app = make_app(source, nation=nation, plane=plane, hosts=[host])
        await serve(app, "127.0.0.1", 0, on_ready=lambda port: started.put((port, loop, task)))

    def body() -> None:
        try:
            asyncio.run(run())
        except asyncio.CancelledError:
            return

    thread = threading.Thread(target=body)
    thread.start()
    port, loop, task = started.get(timeout=WAIT_S)
    try:
        yield f"http://{host}:{port}/"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(WAIT_S)
