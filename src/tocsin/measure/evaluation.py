"""Figures of an evaluation: many trials, one set of figures at each age after first contact.

A run without a track (or a prediction) at an age gives no draw there; `tracked` and `predicted` say how many
runs did. Ratios are against the Cramer-Rao bound of each run's own looks (`crlb`).
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.measure import accuracy
from tocsin.measure.groups import GroupFigures, figures
from tocsin.measure.picture import REACH_M, Siap, count, independent, of_counts, scorer_name
from tocsin.measure.trial import AGES_S, Plan, Trial
from tocsin.sim.scenario import Scenario

Array = NDArray[np.float64]
Band = tuple[float, float]

REFERENCE_S: Final = 60
"""The age whose figures stand at the top of the result: the one of the table in the design of the tracker."""

SALVO_REACH_M: Final = 5e3  # the usual reach of outside scorers
SIZES_KM: Final = (50, 10, 5, 1)
DIMENSIONS: Final = 6


class AtAge(Struct, frozen=True):
    """Figures at one age. `*_se`: standard error of the ratio before it. `reachable_*`: against what can be
    reached of the impact, drag being what it is. `coverage` is that of the impact ellipses,
    `position_coverage` that of the position's ellipsoids. Null: no draw.
    """

    tracked: int
    predicted: int
    position_ratio: float | None
    position_ratio_se: float | None
    velocity_ratio: float | None
    velocity_ratio_se: float | None
    impact_ratio: float | None
    impact_ratio_se: float | None
    reachable_ratio: float | None
    reachable_ratio_se: float | None
    position_rmse_m: float | None
    position_bound_m: float | None
    impact_rmse_m: float | None
    impact_bound_m: float | None
    impact_reachable_m: float | None
    anees: float | None
    anees_band: Band | None
    impact_anees: float | None
    impact_anees_band: Band | None
    coverage: dict[str, float] | None
    position_coverage: dict[str, float] | None
    fused_ratio: float | None
    fused_ratio_se: float | None


class Evaluation(Struct, frozen=True):
    """What `tocsin evaluate --json` prints. Figures at the top are those of `reference_s`.

    `time_to_km`: median seconds from first contact to a 95 % impact ellipse with a semi-major axis that
    small, that stays so (null: more than half of the runs do not get there in `ages` seconds);
    `bound_time_to_km`: the same of the bound.
    """

    scenario: str
    runs: int
    seed: int
    nation: str
    sensors: tuple[str, ...]
    sharing: str
    reference_s: int
    position_ratio: float | None
    velocity_ratio: float | None
    impact_ratio: float | None
    anees: float | None
    anees_band: Band | None
    coverage: dict[str, float] | None
    time_to_km: dict[str, float | None]
    bound_time_to_km: dict[str, float | None]
    fused_ratio: float | None
    siap: Siap
    siap_se: Siap
    siap_by: str
    siap_reach_m: float
    siap_own: Siap
    contact_s: float | None
    track_s: float | None
    unseen_runs: int
    noise_m2_s3: float = 0.0
    at: dict[str, AtAge] = field(default_factory=dict)
    groups: dict[str, GroupFigures] = field(default_factory=dict)
    """By age, where several objects fly."""


def evaluated(plan: Plan, seed: int, runs: int, trials: Sequence[Trial]) -> Evaluation:
    """All figures of the trials; `runs` counts also those in which the sensors never saw the object."""
    at = {str(age): at_age(trials, age) for age in AGES_S}
    if plan.noise_m2_s3:
        at = {age: _unbounded(figures) for age, figures in at.items()}
    top = at[str(REFERENCE_S)]
    reach_m = reach_of(plan.scenario)
    own = of_counts([count(frame, reach_m) for trial in trials for frame in trial.frames])
    scored = [
        found
        for trial in trials
        if trial.frames and (found := independent(trial.frames, reach_m)) is not None
    ]
    nations = {spec.nation for spec in plan.scenario.sensors}
    return Evaluation(
        scenario=plan.scenario.name,
        runs=runs,
        seed=seed,
        nation=plan.nation,
        sensors=tuple(spec.id for spec in plan.scenario.sensors),
        sharing=_sharing(plan, len(nations)),
        reference_s=REFERENCE_S,
        position_ratio=top.position_ratio,
        velocity_ratio=top.velocity_ratio,
        impact_ratio=top.impact_ratio,
        anees=top.anees,
        anees_band=top.anees_band,
        coverage=top.coverage,
        time_to_km={str(km): _time_to(trials, km, lambda trial: trial.sizes_m) for km in SIZES_KM},
        bound_time_to_km={
            str(km): _time_to(trials, km, lambda trial: trial.bound_sizes_m) for km in SIZES_KM
        },
        fused_ratio=top.fused_ratio,
        siap=_mean(scored) if scored else own,
        siap_se=_spread(scored),
        siap_reach_m=reach_m,
        siap_by=scorer_name() if scored else "tocsin",
        siap_own=_rounded(own),
        contact_s=_short(accuracy.median_time([trial.contact_s for trial in trials])),
        track_s=_short(accuracy.median_time([trial.tracked_s for trial in trials])),
        unseen_runs=runs - len(trials),
        noise_m2_s3=plan.noise_m2_s3,
        at=at,
        groups=_groups(trials),
    )


def _groups(trials: Sequence[Trial]) -> dict[str, GroupFigures]:
    found = {age: [t.groups[age] for t in trials if t.groups and age in t.groups] for age in AGES_S}
    return {str(age): figures(rows) for age, rows in found.items() if rows}


def reach_of(scenario: Scenario) -> float:
    """How far from its object a track may be to count as its own in SIAP: less where many fly together."""
    return SALVO_REACH_M if any(flight.salvo for flight in scenario.flights) else REACH_M


def _unbounded(figures: AtAge) -> AtAge:
    """Without what noise of the truth takes the meaning from: bounds, and impacts moved by noise to come."""
    names = ("position", "velocity", "impact")
    nothing = {f"{name}_ratio{end}": None for name in names for end in ("", "_se")}
    return replace(
        figures,
        **nothing,
        position_bound_m=None,
        reachable_ratio=None,
        reachable_ratio_se=None,
        impact_bound_m=None,
        impact_reachable_m=None,
        impact_rmse_m=None,
        impact_anees=None,
        impact_anees_band=None,
        coverage=None,
    )


def at_age(trials: Sequence[Trial], age: int) -> AtAge:
    """Figures at one age, one draw a trial."""
    samples = [trial.samples[age] for trial in trials if age in trial.samples]
    errors, bounds = _drawn([s.error for s in samples]), _drawn([s.bound for s in samples])
    off = _drawn([s.impact_error for s in samples])
    predicted = [s for s in samples if s.impact_error is not None]
    allowed = _drawn([s.impact_bound for s in predicted])
    least = np.array([[s.reachable_m] for s in predicted])
    position = accuracy.rmse_ratio(errors[:, :3], bounds[:, :3, :3]) if len(errors) else None
    velocity = accuracy.rmse_ratio(errors[:, 3:], bounds[:, 3:, 3:]) if len(errors) else None
    impact, fused = accuracy.rmse_ratio(off, allowed), _fused_ratio(trials, age)
    reachable = accuracy.rms_quotient(off, least)
    squares = [s.squared for s in samples if s.squared is not None]
    impacts = [s.impact_squared for s in samples if s.impact_squared is not None]
    places = [s.position_squared for s in samples if s.position_squared is not None]
    return AtAge(
        tracked=len(errors),
        predicted=len(off),
        position_ratio=_value(position),
        position_ratio_se=_error(position),
        velocity_ratio=_value(velocity),
        velocity_ratio_se=_error(velocity),
        impact_ratio=_value(impact),
        impact_ratio_se=_error(impact),
        reachable_ratio=_value(reachable),
        reachable_ratio_se=_error(reachable),
        position_rmse_m=_rms(errors[:, :3]) if len(errors) else None,
        position_bound_m=_root(bounds[:, :3, :3]) if len(bounds) else None,
        impact_rmse_m=_rms(off) if len(off) else None,
        impact_bound_m=_root(allowed) if len(allowed) else None,
        impact_reachable_m=_rms(least) if len(least) else None,
        anees=_short(accuracy.anees(squares)),
        anees_band=accuracy.anees_band(len(squares), DIMENSIONS),
        impact_anees=_short(accuracy.anees(impacts)),
        impact_anees_band=accuracy.anees_band(len(impacts), 2),
        coverage=accuracy.coverage(impacts, 2),
        position_coverage=accuracy.coverage(places, 3),
        fused_ratio=_value(fused),
        fused_ratio_se=_error(fused),
    )


def _fused_ratio(trials: Sequence[Trial], age: int) -> accuracy.Ratio | None:
    """The judged picture's position error over that of one tracker with all plots, where both had a track."""
    pairs = [
        (trial.samples[age].error, trial.central[age].error)
        for trial in trials
        if age in trial.samples and age in trial.central
    ]
    both = [(one[:3], other[:3]) for one, other in pairs if one is not None and other is not None]
    return accuracy.rms_quotient(_drawn([one for one, _ in both]), _drawn([other for _, other in both]))


def _time_to(trials: Sequence[Trial], km: float, sizes: Callable[[Trial], Sequence[float]]) -> float | None:
    every = [sizes(trial) for trial in trials]
    return accuracy.median_time(
        [accuracy.time_to([float(n + 1) for n in range(len(one))], one, 1e3 * km) for one in every]
    )


def _mean(scores: Sequence[Siap]) -> Siap:
    """Over runs."""
    C, A, S = (float(np.mean(column)) for column in zip(*((s.C, s.A, s.S) for s in scores), strict=True))
    return _rounded(Siap(C, A, S))


def _spread(scores: Sequence[Siap]) -> Siap:
    """Standard errors of those means; nil where there is but one run."""
    if len(scores) < 2:
        return Siap(0.0, 0.0, 0.0)
    rows = np.array([(s.C, s.A, s.S) for s in scores])
    C, A, S = (float(v) for v in np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows)))
    return _rounded(Siap(C, A, S))


def _rounded(score: Siap) -> Siap:
    return Siap(round(score.C, 4), round(score.A, 4), round(score.S, 4))


def _sharing(plan: Plan, nations: int) -> str:
    if not plan.sharing:
        return "none"
    if nations == 1:
        return "none: sensors of one nation"
    how = f"delayed by {plan.share_delay_s:g} s" if plan.share_delay_s else "ideal"
    return how if plan.plots else f"{how}, tracklets alone"


def _drawn(values: Sequence[Array | None]) -> Array:
    return np.array([value for value in values if value is not None])


def _rms(errors: Array) -> float:
    return round(float(np.sqrt(np.mean(np.sum(errors**2, axis=1)))), 1)


def _root(bounds: Array) -> float:
    return round(float(np.sqrt(np.mean(np.trace(bounds, axis1=1, axis2=2)))), 1)


def _value(ratio: accuracy.Ratio | None) -> float | None:
    return None if ratio is None else _short(ratio.value)


def _error(ratio: accuracy.Ratio | None) -> float | None:
    return None if ratio is None else _short(ratio.standard_error)


def _short(value: float | None) -> float | None:
    """To a thousandth; null where there is no finite number."""
    return round(float(value), 3) if value is not None and np.isfinite(value) else None
