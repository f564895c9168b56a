"""Compile every numba function once, at installation: `python -m tocsin.earth.warm`, called by `make setup`.

A first call costs seconds of compiling, which no alert may wait for. Other rooms that compile functions add
the name of a function without arguments that calls each of theirs to WARMERS.

Numba notices a change in a function's own file only, not in the files of the functions that it calls: so code
compiled before the newest change of a source beside it, or of a source in this folder, is thrown away first.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np

from tocsin.earth import flight
from tocsin.earth.atmosphere import density
from tocsin.earth.frames import geodetic_to_ecef

WARMERS: Final[tuple[tuple[str, str], ...]] = (
    ("tocsin.earth.warm", "warm_flight"),
    ("tocsin.earth.spread_kernels", "warm_spread"),
    ("tocsin.track.warm", "warm_track"),
    ("tocsin.sim.boost", "warm_boost"),
)


def warm_flight() -> None:
    """Call every compiled function of this room with the argument types it will see."""
    x7 = np.concatenate((geodetic_to_ecef(0.7, 2.3, 60e3), (0.0, -900.0, 300.0), (8.0,)))
    flight.derivative(x7)
    flight.propagate(x7, 1.0)
    flight.propagate_stm(x7, 1.0)
    flight.propagate_many(x7[None, :], 1.0)
    flight.ground_track(x7, 2.0, 1.0)
    flight.fall(x7, max_s=2.0)
    density(1e4)


def drop_stale(package: Path) -> int:
    """Remove numba's cached code under `package` that a change made stale; returns how many files went.

    Stale: a source of its folder, or of this room, whose functions it may hold, is newer than a file of it.
    """
    ours_s = _newest_s(package / "earth")
    dropped = 0
    for folder in sorted({index.parent.parent for index in package.rglob("__pycache__/*.nbi")}):
        newest_s = max(ours_s, _newest_s(folder))
        cached = [file for pattern in ("*.nbi", "*.nbc") for file in (folder / "__pycache__").glob(pattern)]
        if any(file.stat().st_mtime < newest_s for file in cached):
            for file in cached:
                file.unlink(missing_ok=True)
            dropped += len(cached)
    return dropped


def _newest_s(folder: Path) -> float:
    return max((source.stat().st_mtime for source in folder.glob("*.py")), default=0.0)


def main() -> int:
    """Warm all rooms and say so in one line."""
    drop_stale(Path(__file__).parent.parent)
    for module, function in WARMERS:
        getattr(import_module(module), function)()
    print(f"compiled and cached: {', '.join(sorted({module.split('.')[1] for module, _ in WARMERS}))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
