"""Runs of an evaluation kept in a file, so that hundreds can be gathered in pieces and judged as one.

A file is one MessagePack object: the plan (the whole scenario in it), the first seed, how many seeds were
flown, and the trials. Runs are added up only when their plans are the same to the last key and no seed is
there twice: a run counted twice would make every standard error too small.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.errors import UserError
from tocsin.measure.trial import Plan, Trial

Array = NDArray[np.float64]

FORMAT: Final = "tocsin-runs-2"
LARGEST_BYTES: Final = 1 << 30


class Kept(Struct, frozen=True):
    """Runs of one plan with the seeds from `seed` on; `runs` counts those too that saw nothing."""

    plan: Plan
    seed: int
    runs: int
    trials: tuple[Trial, ...]
    format: str = FORMAT


def write_runs(kept: Kept, path: Path) -> None:
    """Into a file, over what was there. UserError when it cannot be written."""
    try:
        path.write_bytes(msgspec.msgpack.encode(kept, enc_hook=_listed))
    except OSError as failure:
        raise UserError(
            f"cannot write {path}: {failure.strerror}", fix="give --save another place"
        ) from failure


def read_runs(path: Path) -> Kept:
    """From a file. UserError when it is not one of ours."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path} is too large for runs", fix="give files that --save wrote")
        kept = msgspec.msgpack.decode(path.read_bytes(), type=Kept, dec_hook=_array)
    except OSError as failure:
        raise UserError(
            f"cannot read {path}: {failure.strerror}", fix="give files that --save wrote"
        ) from failure
    except msgspec.MsgspecError as failure:
        raise UserError(f"{path} holds no runs: {failure}", fix="give files that --save wrote") from failure
    if kept.format != FORMAT:
        raise UserError(f"{path} is of format {kept.format!r}, not {FORMAT!r}", fix="run those seeds anew")
    return kept


def merged(parts: Sequence[tuple[str, Kept]]) -> Kept:
    """All runs of parts (name, runs) as one. UserError for two plans, and for a seed that is there twice."""
    ordered = sorted(parts, key=lambda part: part[1].seed)
    (before, first), rest = ordered[0], ordered[1:]
    until = first.seed + first.runs
    for name, part in rest:
        if _words(part.plan) != _words(first.plan):
            raise UserError(
                f"{name} and {before} are runs of different plans",
                fix="merge runs of one scenario with the same --sensors, --nation and other options",
            )
        if part.seed < until:
            raise UserError(
                f"seed {part.seed} is in {before} and in {name}", fix="give each piece a --seed of its own"
            )
        before, until = name, part.seed + part.runs
    return Kept(
        first.plan,
        first.seed,
        sum(part.runs for _, part in ordered),
        tuple(trial for _, part in ordered for trial in part.trials),
    )


def _words(plan: Plan) -> bytes:
    return msgspec.msgpack.encode(plan)


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(type(value).__name__)


def _array(kind: type, value: Any) -> Any:
    """Lists of numbers as arrays: what else a type of ours may be, msgspec knows itself."""
    return np.array(value, dtype=np.float64)
