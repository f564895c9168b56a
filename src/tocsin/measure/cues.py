"""What a nation gains from its partners: the same runs with and without their tracklets."""

from collections.abc import Sequence

from msgspec import Struct

from tocsin.measure import accuracy
from tocsin.measure.trial import Trial

TEN_KM_M = 10e3


class Cue(Struct, frozen=True):
    """Median seconds from launch to a nation's first confirmed track and to a 95 % impact ellipse of 10 km,
    with sharing and alone; null where more than half of the runs never get there.
    """

    track_s: float | None
    track_alone_s: float | None
    ten_km_s: float | None
    ten_km_alone_s: float | None


class Cues(Struct, frozen=True):
    """What `tocsin evaluate --compare-sharing --json` prints."""

    scenario: str
    runs: int
    seed: int
    nations: dict[str, Cue]


def cue(shared: Sequence[Trial], alone: Sequence[Trial]) -> Cue:
    """From the trials with sharing and without."""
    return Cue(_track_s(shared), _track_s(alone), _ten_km_s(shared), _ten_km_s(alone))


def _track_s(trials: Sequence[Trial]) -> float | None:
    return _short(accuracy.median_time([trial.tracked_s for trial in trials]))


def _ten_km_s(trials: Sequence[Trial]) -> float | None:
    times = []
    for trial in trials:
        ages = [float(n + 1) for n in range(len(trial.sizes_m))]
        times.append(trial.contact_s + accuracy.time_to(ages, trial.sizes_m, TEN_KM_M))
    return _short(accuracy.median_time(times))


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
