"""Compile every numba function once, at installation: `python -m tocsin.earth.warm`, called by `make setup`.

A first call costs seconds of compiling, which no alert may wait for. Other rooms that compile functions add
the name of a function without arguments that calls each of theirs to WARMERS.

Numba notices a change in a function's own file only, not in the files of the functions that it calls: so
compiled code that is older than any source of the same folder is thrown away first.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np

from tocsin.earth import flight, kernels
from tocsin.earth.atmosphere import density
from tocsin.earth.frames import geodetic_to_ecef

WARMERS: Final[tuple[tuple[str, str], ...]] = (("tocsin.earth.warm", "warm_flight"),)


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


def drop_stale(folder: Path) -> int:
    """Remove numba's cached code in a source folder when a source is newer; returns how many files went."""
    newest_s = max(source.stat().st_mtime for source in folder.glob("*.py"))
    cached = [file for pattern in ("*.nbi", "*.nbc") for file in (folder / "__pycache__").glob(pattern)]
    if not any(file.stat().st_mtime < newest_s for file in cached):
        return 0
    for file in cached:
        file.unlink(missing_ok=True)
    return len(cached)


def main() -> int:
    """Warm all rooms and say so in one line."""
    folders = {Path(str(import_module(module).__file__)).parent for module, _ in WARMERS}
    for folder in sorted(folders):
        drop_stale(folder)
    for module, function in WARMERS:
        getattr(import_module(module), function)()
    compiled = len(kernels.fall_block.signatures)
    print(f"compiled and cached: {len(WARMERS)} room(s), integrator ready ({compiled} signature)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
