"""Two tracks of one nation that turn out to be one object: a new one where an old one was lost from sight,
or twins.
"""

from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tocsin.earth.frames import ecef_to_geodetic
from tocsin.earth.gauss import chi2_gate
from tocsin.model.time import Instant
from tocsin.model.track import Life, Phase
from tocsin.track.life import ENDED, Happening, after
from tocsin.track.motion import distance2, rises_anew, under_ground
from tocsin.track.record import Record, at, estimate
from tocsin.track.rows import rows_of
from tocsin.track.scene import Scene
from tocsin.track.solve import update

Array = NDArray[np.float64]

GATE: Final = chi2_gate(6, 0.999)
OVERLAP_NS: Final = 2_000_000_000
REBORN_NS: Final = 5_000_000_000
SWERVE_OVERLAP_NS: Final = 6_000_000_000
# Lift in the air: a few times gravity for some seconds is what gliders are said to pull (notional, own), and
# below this height there is air to pull on.
SWERVE_MPS2: Final = 50.0
SWERVE_LEAST_M: Final = 1_000.0  # by so much the filter had fallen behind when it was left
SWERVE_LONGEST_S: Final = 30.0
SWERVE_SIGMAS: Final = 3.0
AIR_M: Final = 100e3
TWIN_SEEN_S: Final = 3.0
STRAIGHT_M: Final = 2e3  # what gravity bends away from a straight line within a few seconds
TWIN_M: Final = 10e3  # twins lie no further apart than the vaguest of them wanders


def join(scene: Scene) -> None:
    """Make every stitched pair one record, which keeps the older one's number."""
    _hand_over(scene)
    _merge_twins(scene)
    scene.records.sort(key=lambda record: (record.number == 0, record.number, record.first_ns, record.rows))


def _hand_over(scene: Scene) -> None:
    new = [record for record in scene.records if record.confirmed_ns is not None and record.number == 0]
    if not new:
        return
    latest_ns = max(record.first_ns for record in new) + SWERVE_OVERLAP_NS
    unseen = [record for record in scene.records if record.number and record.life not in ENDED]
    unseen = [record for record in unseen if scene.last_ns(record) <= latest_ns]
    for record in new:
        old = [scene.whole(other) for other in unseen]
        near = [o for o in old if _may_precede(o, record) and _distance(o, record) < GATE]
        near = near or [o for o in old if _swerved(o, record)]
        if len(near) == 1:
            unseen = [other for other in unseen if other.number != near[0].number]
            _replace(scene, near[0].number, record, _handed_over(near[0], record, scene.table, scene.base_ns))


def _merge_twins(scene: Scene) -> None:
    """Different sensors' tracks of one object. Only pairs that lie close are looked at."""
    alive = [record for record in scene.records if record.life is Life.CONFIRMED]
    if len(alive) < 2 or len(scene.table) < 2:
        return
    places, recent = scene.places(alive), scene.recent_sensors(alive, TWIN_SEEN_S)
    gone: set[int] = set()
    for i, j in sorted(cKDTree(places).query_pairs(TWIN_M + STRAIGHT_M)):
        if np.any(recent[i] & recent[j]) or gone & {i, j}:
            continue
        one, other = scene.whole(alive[i]), scene.whole(alive[j])
        if _twins(one, other):
            gone |= {i, j}
            merged = _merged(one, other, scene.table, scene.base_ns)
            kept, lost = (i, j) if alive[i].number == merged.number and merged.number else (j, i)
            last = _replace_records(scene, alive[kept], alive[lost], merged)
            if last.number:
                scene.records.append(replace(last, life=after(last.life, Happening.TWIN)))


def _replace(scene: Scene, number: int, new: Record, joined: Record) -> None:
    old = next(record for record in scene.records if record.number == number)
    _replace_records(scene, old, new, joined)


def _replace_records(scene: Scene, old: Record, other: Record, joined: Record) -> Record:
    """Both out of the scene, and what they make together in; returns the other as it was at last."""
    scene.released(old)
    last = scene.released(other)
    scene.records = [record for record in scene.records if record is not old and record is not other]
    scene.records.append(joined)
    return last


def _may_precede(old: Record, new: Record) -> bool:
    if old.number == 0 or old.life in ENDED or old.last_ns > new.first_ns + OVERLAP_NS:
        return False
    if new.group and old.life is Life.CONFIRMED:  # a neighbour
        return False
    apart_ns = new.first_ns - old.last_ns
    return apart_ns < REBORN_NS or not rises_anew(estimate(old)[0].x, estimate(new)[0].x)


def _distance(one: Record, other: Record) -> float:
    time_s = max(one.head_s, other.head_s)
    first, second = at(one, time_s), at(other, time_s)
    if under_ground(first.x) or under_ground(second.x):
        return float("inf")
    return distance2(first, second)[0]


def _swerved(old: Record, new: Record) -> bool:
    """May an object in free flight have left its arc in the air, in the seconds it was not seen, and be the
    new one?
    """
    gap_s = new.head_s - old.head_s
    if old.phase is not Phase.COAST or not 0.0 < gap_s < SWERVE_LONGEST_S or not _falls_silent(old, new):
        return False
    first, second = at(old, new.head_s), at(new, new.head_s)
    if under_ground(first.x) or not float(ecef_to_geodetic(second.x[:3])[2]) < AIR_M:
        return False
    apart = np.abs(first.x[:6] - second.x[:6])
    spread = SWERVE_SIGMAS * np.sqrt(np.diag(first.p + second.p)[:6])
    way_m, speed_mps = SWERVE_LEAST_M + 0.5 * SWERVE_MPS2 * gap_s**2, SWERVE_MPS2 * gap_s
    return bool(np.all(apart < spread + np.repeat([way_m, speed_mps], 3)))


def _falls_silent(old: Record, new: Record) -> bool:
    """Has the old one had few plots, if any, since the new one began? Some of the new one's may have passed
    for its own.
    """
    if old.number == 0 or old.life in ENDED or old.last_ns > new.first_ns + SWERVE_OVERLAP_NS:
        return False
    since = float(np.min(rows_of(new.rows)[:, 0]))
    return 2 * int(np.sum(rows_of(old.rows)[:, 0] >= since)) <= new.plots


def _handed_over(old: Record, new: Record, table: Array, base_ns: Instant) -> Record:
    """The old one's name and history on the new one's estimate; a known coast takes the new plots in
    instead.
    """
    if old.phase is Phase.COAST:
        longer = update(old, rows_of(new.rows), table, base_ns)
        if longer.phase is Phase.COAST:
            return replace(longer, life=Life.CONFIRMED)
    return replace(
        new,
        number=old.number,
        first_ns=old.first_ns,
        confirmed_ns=old.confirmed_ns,
        plots=old.plots + new.plots,
        early=old.early or new.early,
        sensors=tuple(sorted({*old.sensors, *new.sensors})),
        kind=old.kind if old.kind == "ballistic" else new.kind,
    )


def _twins(one: Record, other: Record) -> bool:
    """Do different sensors follow the same object as two?"""
    time_s = max(one.head_s, other.head_s)
    first, second = at(one, time_s), at(other, time_s)
    near = float(np.linalg.norm(first.x[:3] - second.x[:3])) < TWIN_M
    return near and distance2(first, second)[0] < GATE


def _merged(one: Record, other: Record, table: Array, base_ns: Instant) -> Record:
    old, new = sorted((one, other), key=lambda record: (record.number == 0, record.number, record.first_ns))
    if old.phase is not Phase.COAST and new.phase is Phase.COAST:
        return _handed_over(old, update(new, rows_of(old.rows), table, base_ns), table, base_ns)
    return update(old, rows_of(new.rows), table, base_ns)
