"""Objects that cross within a radar's error: a tracker that knows them all, their plots, and how well it
tells them apart.

Made by hand, as `tocsin.bench.crowd`, whose radar sees them from 1,000 km every 2 s: what is measured is the
production tracker from a minute of sight on (190 m aside, 8 m along the sight, 5 and 0.3 m/s).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.bench.crowd import BASE, SIGMAS, radar
from tocsin.earth.flight import propagate_many
from tocsin.earth.frames import aer_to_ecef, ecef_to_aer
from tocsin.model.label import Nation
from tocsin.model.time import SECOND_NS, after
from tocsin.model.track import Life, ObjectClass, Phase, Plot, RadarFix, Track
from tocsin.track import tracker
from tocsin.track.associate import GATES
from tocsin.track.fleet import Fleet, Flock
from tocsin.track.record import Record
from tocsin.track.rows import from_triangle, pack, sensor_table

Array = NDArray[np.float64]

SENSOR: Final = radar()
TABLE: Final = sensor_table([SENSOR])
SITE_M: Final = TABLE[0, 5:8]
BASIS: Final = TABLE[0, 8:].reshape(3, 3)
LOOKS: Final = 40
PERIOD_S: Final = 2.0
NEAREST_S: Final = 40.0
SIGMAS_M: Final = (8.0, 190.0, 190.0)  # of what is known at first: along the sight, aside
SIGMAS_MPS: Final = (0.3, 5.0, 5.0)
DETECTED: Final = 0.9
THIRD_RAD: Final = np.pi / 3.0  # by so much a third object's way aside is turned


class Crossing(NamedTuple):
    """How objects pass the first of them: their ranges differ by `apart_m` when they are nearest; they move
    aside and along the sight; how many false plots are in the room of a plot's gate.
    """

    apart_m: float
    aside_mps: float
    closing_mps: float = 0.0
    false_plots: float = 0.0
    objects: int = 2


class Passed(NamedTuple):
    """Of a run: part of the tracks nearest to their own object at the end; normalised squared errors of six
    numbers, and errors of position (m), of every track after every look; tracks that are nobody's.
    """

    kept: float
    nees: Array
    off_m: Array
    others: int


def run(crossing: Crossing, seed: int) -> Passed:
    """One run through the tracker."""
    chance = np.random.default_rng(seed)
    starts, p = begun(crossing)
    state = known(starts + chance.standard_normal(starts.shape) @ np.linalg.cholesky(p).T, p)
    errors: list[tuple[float, float]] = []
    own: list[Track] = []
    others = 0
    for look in range(1, LOOKS + 1):
        truth = propagate_many(starts, PERIOD_S * look)
        plots = seen(truth, look, crossing.false_plots, chance)
        state, tracks = tracker.step(state, plots, after(BASE, PERIOD_S * look + 1.9))
        own = [track for track in tracks if number(track) <= crossing.objects]
        others += len(tracks) - len(own)
        errors += [error(track, starts[number(track) - 1]) for track in own]
    places = np.array([track.state.x[:3] for track in own])
    apart = np.linalg.norm(places[:, None] - truth[None, :, :3], axis=2)
    kept = np.argmin(apart, axis=1) == [number(track) - 1 for track in own]
    nees, off_m = np.array(errors).T
    return Passed(float(kept.sum()) / crossing.objects, nees, off_m, others)


def number(track: Track) -> int:
    return int(track.id.rpartition("-")[2])


def begun(crossing: Crossing) -> tuple[Array, Array]:
    """States (n, 7) at the first contact, and the covariance (7, 7) of what is known of each."""
    place = aer_to_ecef(1_000e3, 0.7, 0.35, SITE_M, BASIS)
    sight = (place - SITE_M) / np.linalg.norm(place - SITE_M)
    level = np.cross(sight, BASIS[2]) / np.linalg.norm(np.cross(sight, BASIS[2]))
    over = np.cross(sight, level)
    nearest = np.tile(np.concatenate((place, (3_000.0, 500.0, 500.0) @ BASIS, [8.7])), (crossing.objects, 1))
    for k in range(1, crossing.objects):
        turn = (k - 1) * THIRD_RAD
        nearest[k, :3] += crossing.apart_m * sight * (1.0 if k == 1 else -1.0)
        way = np.cos(turn) * level + np.sin(turn) * over
        nearest[k, 3:6] += crossing.aside_mps * way + crossing.closing_mps * sight
    axes = np.array([sight, level, over])
    p = np.diag([0.0] * 6 + [0.25])
    p[:3, :3] = axes.T @ np.diag(np.square(SIGMAS_M)) @ axes
    p[3:6, 3:6] = axes.T @ np.diag(np.square(SIGMAS_MPS)) @ axes
    return propagate_many(nearest, -NEAREST_S), p


def seen(truth: Array, look: int, false_plots: float, chance: np.random.Generator) -> list[Plot]:
    """A look's plots, in any order."""
    fixes: list[Array] = []
    for place in np.column_stack(ecef_to_aer(truth[:, :3], SITE_M, BASIS)):
        if chance.random() < DETECTED:
            fixes.append(place + chance.standard_normal(3) * SIGMAS)
        for _ in range(chance.poisson(false_plots)):
            way = chance.standard_normal(3)
            out = np.sqrt(GATES[2]) * chance.random() ** (1 / 3) / np.linalg.norm(way)
            fixes.append(place + out * way * SIGMAS)
    return [
        Plot(
            SENSOR.id,
            100 * look + int(n),
            after(BASE, PERIOD_S * look),
            RadarFix(float(fix[0]), float(fix[1] % (2.0 * np.pi)), float(fix[2])),
        )
        for n, fix in zip(chance.permutation(len(fixes)), fixes, strict=True)
    ]


def known(states: Array, p: Array) -> tracker.TrackerState:
    """A tracker whose fleet holds these (n, 7), each known by p (7, 7)."""
    records = [
        Record(
            number=k + 1,
            life=Life.CONFIRMED,
            phase=Phase.COAST,
            kind=ObjectClass.BALLISTIC,
            first_ns=BASE,
            last_ns=BASE,
            plots=30,
            sensors=(0,),
            rows=b"",
            head_s=0.0,
            head=pack(np.concatenate((state, p.ravel()))),
            confirmed_ns=BASE,
            anchor_s=0.0,
            anchor=pack(np.concatenate((state, p.ravel()))),
        )
        for k, state in enumerate(states)
    ]
    flock = Flock(Fleet(), 1)
    inside = flock.admit(records, TABLE)
    return tracker.TrackerState(
        nation=Nation.KOR,
        sensors=(SENSOR,),
        base_ns=BASE,
        newest_ns=BASE,
        stepped_ns=BASE,
        next_number=len(states) + 1,
        numbers=(b"",),
        records=tuple(inside),
        fleet=flock.packed(),
    )


def error(track: Track, start: Array) -> tuple[float, float]:
    """Normalised square of six numbers, and metres, at the track's own time."""
    truth = propagate_many(start[None], (track.state.epoch_ns - BASE) / SECOND_NS)[0]
    off = np.array(track.state.x[:6]) - truth[:6]
    p = from_triangle(track.state.p)[:6, :6]
    return float(off @ np.linalg.solve(p, off)), float(np.linalg.norm(off[:3]))
