"""What one fsync costs on the disk under a folder: every durable figure has to be read beside it."""

import os
import statistics
import tempfile
import time
from pathlib import Path

PAGE = b"\0" * 4096
LEAST, MOST = 20, 400


def fsync_ms(folder: Path, seconds: float = 0.5) -> float:
    """Median time of appending 4 kB and forcing it to the disk."""
    took_ms: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        end = time.monotonic() + seconds
        while len(took_ms) < LEAST or (time.monotonic() < end and len(took_ms) < MOST):
            begun_ns = time.perf_counter_ns()
            file.write(PAGE)
            file.flush()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)
    return round(statistics.median(took_ms), 3)
