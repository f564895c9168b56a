"""What the tracker keeps of one object between steps."""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tocsin.earth.flight import derivative
from tocsin.model.space import EcefState
from tocsin.model.time import Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.batch import evaluate_poly
from tocsin.track.motion import Gaussian, coasting, doubt, long_coasting, powered, seven, slight_doubt
from tocsin.track.rows import pack, unpack

Array = NDArray[np.float64]

POLY: Final = 12 + 144
FLIGHT: Final = 7 + 49
GROUP: Final = 3 + 2
RELIT_S: Final = 5.0  # a motor that burns again may have done so unnoticed


class Record(Struct, frozen=True):
    """One object. Times in seconds since the tracker's base; arrays packed (see `rows`).

    `head` is the estimate at `head_s`: a cubic and its covariance, or x7 and its covariance, in coast and
    while no motor was seen.
    `start` is where the batch over the coast begins (with what was known then, if it is `resumed`); once
    it is long enough `anchor` carries what it knew and the filter goes on from there.
    """

    number: int
    life: Life
    phase: Phase
    kind: ObjectClass
    first_ns: Instant
    last_ns: Instant
    plots: int
    sensors: tuple[int, ...]
    rows: bytes
    head_s: float
    head: bytes
    chi2_ratio: float = 1.0
    confirmed_ns: Instant | None = None
    burnout_ns: Instant | None = None
    down_ns: Instant | None = None
    start_s: float = 0.0
    start: bytes = b""
    anchor_s: float = 0.0
    anchor: bytes = b""
    motor_mps2: float = 0.0
    passes: int = 0
    early: tuple[EcefState, ...] = ()
    resumed: bool = False  # `start` holds what was known before a long gap, or before burnout
    filtered: bool = False  # its numbers are in the fleet
    # Begun in a crowd: velocity (3,) of its group, one sigma of its own about that, and when (s).
    group: bytes = b""
    bare: bytes = b""  # rows as they came, of those that are mixed now (see `contest`)


def poly_of(record: Record) -> tuple[Array, Array]:
    """Cubic (12,) and covariance (12, 12) of a record whose head is one."""
    values = unpack(record.head, POLY)
    return values[:12].copy(), values[12:].reshape(12, 12).copy()


def flies(record: Record) -> bool:
    """Is its head a free flight (also when coast is not sure yet)?"""
    return len(record.head) == 8 * FLIGHT


def flight_of(packed: bytes) -> Gaussian:
    """x7 and its covariance."""
    values = unpack(packed, FLIGHT)
    return Gaussian(values[:7].copy(), values[7:].reshape(7, 7).copy())


def cubic_of(record: Record) -> Array:
    """A cubic (12,) at `head_s`, whatever the head is."""
    if not flies(record):
        return poly_of(record)[0]
    x = flight_of(record.head).x
    push = np.frombuffer(record.start)[7] if len(record.start) == 8 * 8 else 0.0
    accel = derivative(x)[3:] + push * x[3:6] / (float(np.linalg.norm(x[3:6])) + 1e-9)
    return np.concatenate((x[:6], accel, np.zeros(3)))


def group_of(record: Record, time_s: float) -> tuple[Array, float] | None:
    """What its group says of its velocity (and a sigma) at a time; None where that is not known."""
    if len(record.group) != 8 * GROUP:
        return None
    values = unpack(record.group, GROUP)
    return (values[:3].copy(), float(values[3])) if values[4] == time_s else None


def packed(state: Gaussian) -> bytes:
    """The inverse of `flight_of`."""
    return pack(np.concatenate((state.x, state.p.ravel())))


def estimate(record: Record) -> tuple[Gaussian, Array | None]:
    """The estimate at `head_s`, honest about a cubic that fits badly; acceleration of a cubic."""
    if flies(record):
        return flight_of(record.head), None
    c, p = poly_of(record)
    return seven(c[:6], p[:6, :6] * max(1.0, record.chi2_ratio)), c[6:9]


def at(record: Record, time_s: float) -> Gaussian:
    """Where the object is believed to be at another time, wide enough to gate with."""
    dt_s = time_s - record.head_s
    now, accel = estimate(record)
    if record.phase is Phase.COAST:
        moved = long_coasting(now.x, now.p, dt_s)
        staged = record.burnout_ns is not None and record.life is Life.CONFIRMED
        return Gaussian(moved.x, moved.p + slight_doubt(RELIT_S)) if staged else moved
    if record.life is Life.COASTING or abs(dt_s) > 10.0:
        return powered(now.x, now.p, accel, dt_s)
    if flies(record):
        moved = coasting(now.x, now.p, dt_s)
        return Gaussian(moved.x, moved.p + (slight_doubt(dt_s) if record.group else doubt(dt_s)))
    c, p = poly_of(record)
    position, velocity, _ = evaluate_poly(c, dt_s)
    phi = np.kron(np.array([[1.0, dt_s, dt_s**2 / 2, dt_s**3 / 6], [0.0, 1.0, dt_s, dt_s**2 / 2]]), np.eye(3))
    moved = seven(np.concatenate((position, velocity)), phi @ p @ phi.T)
    return Gaussian(moved.x, moved.p + doubt(dt_s))
