"""Constant errors of a nation's radars (range, azimuth, elevation), from objects that several of them see.

Every WINDOW_S a few objects in free flight are looked at again: the rows of one window, the object's state
taken out of the normal equations (it is nobody's business here), leave what they say of the radars' offsets
alone. Rows of different windows and objects have independent errors, so that this is added up; what is old
is forgotten slowly. Before anything is seen an offset is as large as PRIOR of its random error, so that what
no geometry shows stays unknown, and is said to be.

What is known well and is not nothing is taken off new plots, and its uncertainty added to their errors. A
correction changes between windows only, so that all rows of a window have the same one.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.gauss import invert, symmetrise
from tocsin.model.sensor import Offsets
from tocsin.track.batch import NO_PRIOR, flight_fit, plausible
from tocsin.track.registration_kernels import OFFSETS, offset_normal
from tocsin.track.rows import RADAR, pack, unpack

Array = NDArray[np.float64]

WINDOW_S: Final = 8.0  # shorter than rows are kept of a filtered object (fleet.KEEP_S)
LATE_S: Final = 2.5  # a window is looked at when its late plots are there
OBJECTS: Final = 4  # looked at in a window
LEAST_ROWS: Final = 6
PRIOR: Final = 2.0  # of the random error, one sigma: notional, for radars that are surveyed at all
FORGET_S: Final = 3_600.0  # a radar's registration changes over hours: heat, levelling
KNOWN: Final = 0.5  # of the prior's sigma: so well an offset must be known to be taken off
SEEN_SIGMAS: Final = 3.0  # and so clearly not nothing
FIT_SIGMAS: Final = 4.0
HISTORY: Final = 4  # windows whose corrections are remembered: plots come late


class Registration(Struct, frozen=True):
    """What the plots said of all offsets (3 n,) up to `mark_s`: information (3 n, 3 n) and its product with
    the mean; `applied` (HISTORY, 3 n): corrections of windows, the next one's first, then that of the one
    after `mark_s`, and older ones. Packed.
    """

    mark_s: float = 0.0
    information: bytes = b""
    vector: bytes = b""
    applied: bytes = b""


class Known(NamedTuple):
    """Means and sigmas (3 n,) of the offsets."""

    mean: Array
    sigma: Array


def prior_of(table: Array) -> Array:
    """One sigma (3 n,) of every offset before anything is seen."""
    return np.asarray(PRIOR * table[:, :OFFSETS].ravel())


def known(state: Registration, table: Array) -> Known:
    """What is held of the offsets now."""
    sigma = prior_of(table)
    if not state.information:
        return Known(np.zeros(len(sigma)), sigma)
    total = np.diag(sigma**-2) + unpack(state.information, len(sigma), len(sigma))
    cov = invert(total)
    return Known(cov @ unpack(state.vector, len(sigma)), np.sqrt(np.diag(cov)))


def corrections(state: Registration, table: Array) -> Array:
    """(HISTORY, 3 n) as arrays."""
    size = OFFSETS * len(table)
    return unpack(state.applied, HISTORY, size) if state.applied else np.zeros((HISTORY, size))


def corrected(rows: Array, state: Registration, table: Array) -> Array:
    """Rows with the offsets of their window taken off."""
    if not state.applied or not len(rows):
        return rows
    ahead_s = state.mark_s + WINDOW_S
    back = np.clip(np.ceil((ahead_s - rows[:, 0]) / WINDOW_S), 0, HISTORY - 1).astype(np.int64)
    off = corrections(state, table).reshape(HISTORY, len(table), OFFSETS)[back, rows[:, 2].astype(np.int64)]
    out = rows.copy()
    out[:, 4:7] -= np.where(rows[:, 1:2] == RADAR, off, 0.0)
    return out


def widened(state: Registration, table: Array) -> Array:
    """The sensors' table with the uncertainty of what is taken off in their errors."""
    newest = corrections(state, table)[0]
    if not newest.any():
        return table
    out = table.copy()
    more = np.where(newest != 0.0, known(state, table).sigma, 0.0)
    out[:, :OFFSETS] = np.hypot(table[:, :OFFSETS], more.reshape(-1, OFFSETS))
    return out


def due(state: Registration, newest_s: float) -> bool:
    """Is there a whole window to look at?"""
    return newest_s >= state.mark_s + WINDOW_S + LATE_S


def learnt(
    state: Registration, seen: Iterable[tuple[Array, Array]], table: Array, newest_s: float
) -> Registration:
    """With one more window: objects' rows of it (in order of time) and their states (7,) at its first row."""
    size = OFFSETS * len(table)
    part = np.exp(-WINDOW_S / FORGET_S)
    information = (
        part * unpack(state.information, size, size) if state.information else np.zeros((size, size))
    )
    vector = part * unpack(state.vector, size) if state.vector else np.zeros(size)
    before = corrections(state, table)
    for rows, guess in seen:
        found = _said(rows, guess, table)
        if found is not None:
            information = information + found[0]
            vector = vector + found[1] + found[0] @ before[1]
    new = Registration(state.mark_s + WINDOW_S, pack(information), pack(vector))
    if newest_s - new.mark_s > WINDOW_S + LATE_S:  # nothing came for a while: all since had the same one
        mark_s = float(np.floor((newest_s - LATE_S) / WINDOW_S) * WINDOW_S)
        history = np.repeat(before[:1], HISTORY, axis=0)
        return replace(new, mark_s=mark_s, applied=pack(history) if history.any() else b"")
    now = known(new, table)
    sure = (now.sigma < KNOWN * prior_of(table)) & (np.abs(now.mean) > SEEN_SIGMAS * now.sigma)
    history = np.concatenate((np.where(sure, now.mean, 0.0)[None], before[:-1]))
    return replace(new, applied=pack(history) if history.any() else b"")


def _said(rows: Array, guess: Array, table: Array) -> tuple[Array, Array] | None:
    """What one object's rows say of the offsets that are left in them: information and its product with the
    mean.
    """
    t0_s = float(rows[0, 0])
    fit = flight_fit(rows, table, guess, t0_s)
    size = OFFSETS * len(table)
    normal, right = np.zeros((7 + size, 7 + size)), np.zeros(7 + size)
    normal[:7, :7] = NO_PRIOR.information
    right[:7] = NO_PRIOR.information @ (NO_PRIOR.mean - fit.start)
    chi2 = offset_normal(rows, table, fit.start, t0_s, normal, right)
    if not np.isfinite(chi2) or not np.isfinite(normal).all():
        return None
    try:
        inverse = invert(normal[:7, :7])
    except np.linalg.LinAlgError:
        return None
    across = normal[7:, :7] @ inverse
    information = symmetrise(normal[7:, 7:] - across @ normal[:7, 7:])
    vector = right[7:] - across @ right[:7]
    rest = invert(information + np.diag(prior_of(table) ** -2))
    left = chi2 - float(vector @ rest @ vector)
    sensors = len(np.unique(rows[:, 2]))
    fits = plausible(left, 3 * len(rows), 6 + OFFSETS * (sensors - 1), FIT_SIGMAS)
    return (information, vector) if fits else None


def shown(state: Registration, table: Array) -> list[Offsets | None]:
    """Offsets of all sensors for people; None where nothing was learnt yet."""
    if not state.information:
        return [None] * len(table)
    now, newest = known(state, table), corrections(state, table)[0]
    unknown = prior_of(table)
    out: list[Offsets | None] = []
    for i in range(len(table)):
        part = slice(OFFSETS * i, OFFSETS * (i + 1))
        if not np.any(now.sigma[part] < KNOWN * unknown[part]):
            out.append(None)
            continue
        large = np.abs(newest[part]) > table[i, :OFFSETS]
        (range_m, az_rad, el_rad), sigmas = now.mean[part].tolist(), now.sigma[part].tolist()
        flags = bool(newest[part].any()), bool(large.any())
        out.append(Offsets(range_m, az_rad, el_rad, sigmas[0], sigmas[1], sigmas[2], *flags))
    return out
