"""One object's estimate, brought up to date with its new rows: powered flight, the step to coast, coast,
and back.
"""

from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth.flight import propagate
from tocsin.earth.gauss import invert
from tocsin.model.time import Instant
from tocsin.model.track import Life, Phase
from tocsin.track.batch import (
    FREE_MPS2,
    LN_BETA_MEAN,
    NO_FLIGHT,
    CoastTest,
    FlightFit,
    Prior,
    coast_test,
    flight_fit,
    plausible,
    poly_fit,
    quiet,
    shifted,
)
from tocsin.track.bent import flat, told
from tocsin.track.burnout import Burnout, burnout, weighed
from tocsin.track.early import smoothed
from tocsin.track.fleet import KEEP_S, refiltered
from tocsin.track.lately import undecided
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, cubic_of, estimate, flies, flight_of, group_of, packed
from tocsin.track.rows import instant, merged, pack, rows_of, sites
from tocsin.track.young import Young, coast_prior, young_fit

Array = NDArray[np.float64]

BATCH_S: Final = 100.0  # least squares over so much coast, then the filter (TRACKING.md: 60 to 100 s)
LEAST_BATCH_S: Final = 20.0
BENT: Final = (
    0.1  # of a sigma: a hundredth of chi-squared; the filter never finds out that its start was bent
)
POWERED_KEPT_S: Final = 60.0
POWERED_WINDOW_S: Final = 16.0
SHORT_WINDOW_S: Final = 8.0
LEAST_ROWS: Final = 8
MISFIT: Final = 3.0  # chi-squared per number above which the shorter window follows better
# A motor must at least carry the object: its push along the velocity is never far below gravity (9.8 m/s^2).
MOTOR_LEAST_MPS2: Final = 10.0
MOTOR_MOST_MPS2: Final = 40.0
# A cubic that fits as well as this has no burnout in it; what was likelier out than not is looked at again.
DOUBT_SIGMAS: Final = 0.5
SURE_ODDS: Final = float(np.log(100.0))  # against a motor that burns on
PASSES: Final = 2  # looks in a row that must say coast
TESTED_FROM_MPS: Final = 400.0
HEAD_CUT: Final = 0.15  # of a window that passed: the tail of the boost may still be in it
HEAD_CUT_LEAST_S: Final = 1.0
CUTS: Final = 4
SHORTEST_COAST_S: Final = 5.0
FIT_SIGMAS: Final = 4.0
EARLY_S: Final = 15.0


def update(record: Record, new: Array, table: Array, base_ns: Instant) -> Record:
    """The record with `new` rows in it (duplicates already taken out)."""
    rows = merged(rows_of(record.rows), new)
    last_s = float(rows[-1, 0])
    record = replace(
        record,
        last_ns=max(record.last_ns, instant(base_ns, last_s)),
        plots=record.plots + len(new),
        sensors=tuple(sorted({*record.sensors, *(int(i) for i in new[:, 2])})),
    )
    if record.phase is Phase.COAST:
        coasted = _coast(record, rows, table)
        if coasted is not None:
            return coasted
        record = _uncoast(record, rows)
    return _powered(record, rows, table, base_ns)


def rebuilt(
    record: Record, rows: Array, state: Gaussian, state_s: float, table: Array, base_ns: Instant
) -> Record:
    """A record of a group that has other rows than it was thought to have, and its state at a time."""
    first_s = float(rows[0, 0])
    begun = propagate(state.x, first_s - state_s)
    told, group = group_of(record, record.start_s), b""
    if told is not None:
        moved = propagate(np.concatenate((begun[:3], told[0], begun[6:])), first_s - record.start_s)
        group = pack(np.concatenate((moved[3:6], [told[1], first_s])))
    bare = replace(
        record,
        phase=Phase.UNKNOWN,
        last_ns=instant(base_ns, float(rows[-1, 0])),
        plots=0,
        rows=b"",
        head=packed(state),
        head_s=state_s,
        start=pack(np.append(begun, 0.0)),
        start_s=first_s,
        group=group,
        motor_mps2=0.0,
        early=(),
        burnout_ns=None,
        down_ns=None,
        passes=PASSES if record.phase is Phase.COAST else 0,
    )
    return update(bare, rows, table, base_ns)


def broken_off(record: Record, table: Array, base_ns: Instant) -> Record:
    """A record whose free flight does not explain its rows any more, as not knowing what it does."""
    rows = rows_of(record.rows)
    return _powered(_uncoast(record, rows), rows, table, base_ns)


def _coast(record: Record, rows: Array, table: Array) -> Record | None:
    """Batch or filter; None when free flight does not explain the rows."""
    if record.anchor:
        return refiltered(record, rows, table)
    rows = np.ascontiguousarray(rows[rows[:, 0] >= record.start_s])
    values = np.frombuffer(record.start)
    found = _resumed(rows, table, values, record.start_s) if record.resumed else None
    if found is None and (not record.resumed or record.burnout_ns is not None):
        cut = int(record.resumed)
        record, values = replace(record, resumed=False), values[:7]
        found = _trimmed(rows, table, values, record.start_s, record, cut)
    if found is None:
        return None
    fit, part = found
    record = replace(
        record,
        start=pack(np.concatenate((fit.start, values[7:]))),
        start_s=record.start_s if record.resumed else float(part[0, 0]),
        rows=pack(part),
        down_ns=None,
        head=packed(Gaussian(fit.end, fit.end_p)),
        head_s=float(part[-1, 0]),
        chi2_ratio=fit.chi2 / max(fit.numbers - 6, 1),
    )
    return _anchored(record, part, table) if _settled(fit, part, table) else record


def _trimmed(
    rows: Array, table: Array, guess: Array, guess_s: float, record: Record, first: int = 0
) -> tuple[FlightFit, Array] | None:
    """The batch, its first part cut away (some boost in it) until free flight fits; None when it never does,
    or only where a motor may burn unseen.
    """
    for cut in range(first, CUTS):
        span = float(rows[-1, 0] - rows[0, 0]) if len(rows) else 0.0
        if span < SHORTEST_COAST_S:
            return None
        t0_s = float(rows[0, 0])
        prior = coast_prior(group_of(record, t0_s))
        fit = flight_fit(rows, table, propagate(guess, t0_s - guess_s), t0_s, prior=prior)
        if fit is NO_FLIGHT:
            return None
        if plausible(fit.chi2, fit.numbers, 6, FIT_SIGMAS):
            return (fit, rows) if not cut or _unpushed(rows, table, fit, t0_s) else None
        guess, guess_s = fit.start, t0_s
        rows = np.ascontiguousarray(rows[rows[:, 0] > t0_s + max(1.0, 0.2 * span)])
    return None


def _unpushed(rows: Array, table: Array, fit: FlightFit, t0_s: float) -> bool:
    """Do rows that had to be cut until free flight fits show that nothing pushes, or are they only few?"""
    pushed = flight_fit(rows, table, fit.start, t0_s, push_mps2=FREE_MPS2)
    return quiet(pushed.push_mps2, pushed.push_sigma)


def _resumed(rows: Array, table: Array, values: Array, start_s: float) -> tuple[FlightFit, Array] | None:
    """The batch of an object seen again after a long time: what was known when it was last seen is its
    prior.
    """
    prior = prior_of(values)
    fit = flight_fit(rows, table, values[:7].copy(), start_s, prior=prior)
    return (fit, rows) if plausible(fit.chi2, fit.numbers, 0, FIT_SIGMAS) else None


def resumed(record: Record) -> Record:
    """A filtered record, seen again after so long that its error is no ellipsoid any more, handed back to the
    batch.
    """
    state = flight_of(record.head)
    return replace(
        record,
        resumed=True,
        rows=b"",
        start_s=record.head_s,
        start=pack(np.concatenate((state.x, state.x, state.p.ravel()))),
        anchor=b"",
    )


def prior_of(values: Array) -> Prior:
    """The prior in a resumed record's `start`: where the search begins (7), then state and covariance."""
    return Prior(values[7:14].copy(), invert(values[14:].reshape(7, 7)))


def _settled(fit: FlightFit, part: Array, table: Array) -> bool:
    """May the filter go on from here? Its errors must be so small that no radar's sphere of equal range bends
    within them; else after BATCH_S.
    """
    span_s = float(part[-1, 0] - part[0, 0])
    if span_s > BATCH_S or span_s < LEAST_BATCH_S:
        return span_s > BATCH_S
    return flat(Gaussian(fit.end, fit.end_p), sites(part, table), BENT)


def _anchored(record: Record, part: Array, table: Array) -> Record:
    """From batch to filter: the anchor knows all rows but the youngest, which stay open to late plots. Where
    it still bends, it has the shell's mean and covariance.
    """
    old = part[:, 0] <= part[-1, 0] - KEEP_S
    rows = np.ascontiguousarray(part[old])
    values = np.frombuffer(record.start)
    prior = prior_of(values) if record.resumed else coast_prior(group_of(record, record.start_s))
    fit = flight_fit(rows, table, values[:7].copy(), record.start_s, prior=prior)
    return replace(
        record,
        resumed=False,
        anchor=packed(told(Gaussian(fit.end, fit.end_p), sites(rows, table))),
        anchor_s=float(rows[-1, 0]),
        rows=pack(part[~old]),
        start=b"",
    )


def _uncoast(record: Record, rows: Array) -> Record:
    """Free flight was wrong after all: back to not knowing, from where the estimate stood."""
    now = flight_of(record.head)
    guess = propagate(now.x, float(rows[-1, 0]) - record.head_s)
    head = np.concatenate((guess[:6], np.zeros(6 + 144)))
    return replace(
        record,
        phase=Phase.UNKNOWN,
        burnout_ns=None,
        down_ns=None,
        resumed=False,
        start=b"",
        anchor=b"",
        passes=0,
        head=pack(head),
        head_s=float(rows[-1, 0]),
    )


def _powered(record: Record, rows: Array, table: Array, base_ns: Instant) -> Record:
    """Not in coast: two models while no motor was seen, then a cubic over the last seconds."""
    rows = np.ascontiguousarray(rows[rows[:, 0] >= rows[-1, 0] - POWERED_KEPT_S])
    record = replace(record, rows=pack(rows), down_ns=None)
    if record.motor_mps2 == 0.0:
        first_s = float(rows[0, 0])
        group = group_of(record, first_s)
        found = young_fit(rows, table, _young_guess(record, rows), first_s, MOTOR_LEAST_MPS2, group)
        if found is not None:
            return _young(record, rows, table, found, base_ns)
    return _cubic(replace(record, start=b""), rows, table, base_ns)


def _young_guess(record: Record, rows: Array) -> Array:
    """State and push at the first row's time, from what was held before."""
    if record.start:
        values = np.frombuffer(record.start)
        return np.append(propagate(values[:7], float(rows[0, 0]) - record.start_s), values[7])
    c = shifted(cubic_of(record), float(rows[0, 0]) - record.head_s)
    return np.concatenate((c[:6], [LN_BETA_MEAN, 0.0]))


def _young(record: Record, rows: Array, table: Array, found: Young, base_ns: Instant) -> Record:
    start = found.free if found.coast else found.pushed
    record = replace(
        record,
        start=pack(np.append(start.start, found.pushed.push_mps2)),
        start_s=float(rows[0, 0]),
        head=packed(found.state),
        head_s=float(rows[-1, 0]),
        chi2_ratio=found.ratio,
    )
    speed_mps = float(np.linalg.norm(found.state.x[3:6]))
    if record.life is Life.TENTATIVE or speed_mps < TESTED_FROM_MPS:
        return record
    if found.coast:
        record = replace(record, passes=record.passes + 1)
        return _coasts(record, rows, found.free, None) if record.passes >= PASSES else record
    push, sigma = found.pushed.push_mps2, found.pushed.push_sigma
    test = CoastTest(False, push, sigma, float(rows[0, 0]), None)
    return _pushed(replace(record, passes=0), rows, table, test, base_ns)


def _coasts(record: Record, rows: Array, fit: FlightFit, burnout_ns: Instant | None) -> Record:
    return replace(
        record,
        phase=Phase.COAST,
        burnout_ns=burnout_ns,
        start=pack(fit.start),
        start_s=float(rows[0, 0]),
        rows=pack(rows),
        head=packed(Gaussian(fit.end, fit.end_p)),
        head_s=float(rows[-1, 0]),
        chi2_ratio=1.0,
    )


def _cubic(record: Record, rows: Array, table: Array, base_ns: Instant) -> Record:
    last_s = float(rows[-1, 0])
    guess = shifted(cubic_of(record), last_s - record.head_s)
    part = _window(rows, POWERED_WINDOW_S)
    fit = poly_fit(part, table, guess, last_s)
    doubtful = flies(record) or not plausible(fit.chi2, fit.numbers, 12, DOUBT_SIGMAS)
    if fit.ratio > MISFIT:
        part = _window(rows, SHORT_WINDOW_S)
        fit = poly_fit(part, table, fit.x, last_s)
    tested = record.life is not Life.TENTATIVE and float(np.linalg.norm(fit.x[3:6])) >= TESTED_FROM_MPS
    seen = record.motor_mps2 > 0.0
    mixed = undecided(part, table, fit, last_s) if tested and seen else fit
    record = replace(
        record, head=pack(np.concatenate((mixed.x, mixed.p.ravel()))), head_s=last_s, chi2_ratio=mixed.ratio
    )
    if not tested:
        return record
    out = burnout(rows, table, fit.x, last_s) if doubtful and seen else None
    if out is not None and out.fits:
        return _going_out(record, rows, out, base_ns)
    motor = max(record.motor_mps2, MOTOR_LEAST_MPS2)
    test = coast_test(rows, table, fit.x, last_s, motor)
    if test.coast and test.fit is not None:
        return _burnt_out(record, rows, table, test, base_ns)
    return _pushed(replace(record, passes=0), rows, table, test, base_ns)


def _burnt_out(record: Record, rows: Array, table: Array, test: CoastTest, base_ns: Instant) -> Record:
    """One more look that says coast; with enough of them the record coasts."""
    record = replace(record, passes=record.passes + 1)
    if record.passes < PASSES or test.fit is None:
        return record
    start_s = test.start_s + max(HEAD_CUT * (float(rows[-1, 0]) - test.start_s), HEAD_CUT_LEAST_S)
    part = np.ascontiguousarray(rows[rows[:, 0] >= start_s])
    found = _trimmed(part, table, test.fit.start, test.start_s, record)
    if found is None:
        return replace(record, passes=0)
    # Only a motor seen goes out.
    out_ns = instant(base_ns, test.start_s) if record.motor_mps2 > 0.0 else None
    return _coasts(record, found[1], found[0], out_ns)


def _going_out(record: Record, rows: Array, out: Burnout, base_ns: Instant) -> Record:
    """A motor that has likelier gone out than not: coast once that is sure and nothing else pushes."""
    now = weighed(out, estimate(record)[0])
    record = replace(record, head=packed(now), chi2_ratio=1.0)
    free = out.odds > SURE_ODDS and quiet(out.push_mps2, out.push_sigma)
    record = replace(record, passes=record.passes + 1 if free else 0)
    if record.passes < PASSES:
        return record
    held = np.concatenate((out.held.x, out.held.p.ravel()))
    return replace(
        record,
        phase=Phase.COAST,
        burnout_ns=instant(base_ns, out.time_s),
        resumed=not record.group,  # members of a group have a prior of their own
        start=pack(out.start if record.group else np.concatenate((out.start, held))),
        start_s=out.start_s,
        rows=pack(rows[rows[:, 0] > out.start_s]),
        head=packed(out.now),
    )


def _pushed(record: Record, rows: Array, table: Array, test: CoastTest, base_ns: Instant) -> Record:
    """A push along the velocity is a motor; remember how strong it is, and keep the first states for the
    launch point.
    """
    push, sigma = test.push_mps2, test.push_sigma
    if test.pushed:
        seen = float(np.clip(0.8 * (push - 2.0 * sigma), MOTOR_LEAST_MPS2, MOTOR_MOST_MPS2))
        record = replace(record, phase=Phase.BOOST, motor_mps2=max(record.motor_mps2, seen))
    young = float(rows[-1, 0] - rows[0, 0]) < EARLY_S + 5.0
    if record.phase is Phase.BOOST and (young or not record.early):
        first_s = float(rows[0, 0])
        guess = shifted(cubic_of(record), first_s - record.head_s)
        return replace(record, early=smoothed(rows[rows[:, 0] <= first_s + EARLY_S], table, guess, base_ns))
    return record


def _window(rows: Array, window_s: float) -> Array:
    """Rows of the last seconds, or the last few where they are sparse."""
    first = min(int(np.searchsorted(rows[:, 0], rows[-1, 0] - window_s)), max(len(rows) - LEAST_ROWS, 0))
    return np.ascontiguousarray(rows[first:])
