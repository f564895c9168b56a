"""One run of an evaluation: the production trackers and fusion of all nations over simulated plots, in this
process, and what they believed against the truth and against what anybody could have known.

One step a second of scenario time, as the halls do it. Sharing is ideal: every nation's tracklets of a step
reach its partners in the same step, or `share_delay_s` later. The truth's ln beta is drawn for every run from
the estimators' own prior; nothing else of a flight changes from run to run.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.measure.groups import Grouped, grouped
from tocsin.measure.judge import Sample, bounds_of, judged, nearest
from tocsin.measure.picture import Frame
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import FusedTrack, Plot, SharedPlot, Track, Tracklet
from tocsin.sim.scenario import Scenario
from tocsin.sim.sensors import Delivery, plots
from tocsin.sim.truth import FlownFlight, fly_all, with_ln_beta, with_noise
from tocsin.track import fuse, together, tracker
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.body import moved, tracklet_of
from tocsin.track.life import ENDED
from tocsin.track.looks import Looks, Shown, own_looks
from tocsin.track.looks import shared as shared_looks

Array = NDArray[np.float64]

AGES_S: Final = (10, 30, 60, 120, 240)
FRAME_EVERY_S: Final = 5
TELL_EVERY_S: Final = 30
PRIOR: Final = (LN_BETA_MEAN, LN_BETA_SIGMA)
NOISE_STREAM: Final = 0x6E6F6973  # "nois"
BETA_STREAM: Final = 0x62657461  # "beta": keeps this stream apart from the sensors'


class Plan(NamedTuple):
    """What every run of an evaluation shares. `nation`: whose picture is judged. `noise_m2_s3`: white
    acceleration of the true objects, the same for all who look; then there is no bound and no judged impact.
    """

    scenario: Scenario
    nation: Nation
    sharing: bool = True
    share_delay_s: float = 0.0
    noise_m2_s3: float = 0.0
    until_s: int = AGES_S[-1]
    plots: bool = True
    """Single looks are shared too, in boost and re-entry."""


class Trial(NamedTuple):
    """One run. Samples by age, of the judged picture and of one tracker that has all plots; sizes (m) of the
    claimed and the best possible 95 % impact ellipse by age 1, 2, ... s; scenes for SIAP; seconds from
    launch to contact and to the first confirmed track (inf: never).
    """

    seed: int
    samples: dict[int, Sample]
    central: dict[int, Sample]
    sizes_m: tuple[float, ...]
    bound_sizes_m: tuple[float, ...]
    frames: tuple[Frame, ...]
    contact_s: float
    tracked_s: float
    groups: dict[int, Grouped | None] | None = None
    """The largest group of the judged picture by age, in salvos."""


class _World:
    """Trackers and fusions of a run, stepped together."""

    def __init__(self, plan: Plan, deliveries: Sequence[Delivery]) -> None:
        self.plan = plan
        scenario = plan.scenario
        sensors = {nation: scenario.sensors_of(nation, Plane.TEST) for nation in Nation}
        self.nations = [nation for nation in Nation if sensors[nation] or nation is plan.nation]
        self.trackers = {nation: tracker.new_tracker(nation, sensors[nation]) for nation in self.nations}
        self.fusion = fuse.new_fusion(plan.nation)
        every = [sensor for nation in Nation for sensor in sensors[nation]]
        self.centre = tracker.new_tracker(plan.nation, every)
        self.coming = deque(deliveries)
        self.under_way: deque[tuple[Instant, Tracklet | SharedPlot]] = deque()
        self.shown: dict[tuple[Nation, str], Shown] = {}
        self.sensors = sensors[plan.nation]
        self.together = together.TogetherState()
        self.sequence = 0

    def step(self, now: Instant) -> tuple[tuple[FusedTrack, ...], tuple[Track, ...]]:
        """The judged nation's picture, and the tracks of the one tracker that has everything."""
        arrived: dict[Nation, list[Plot]] = {nation: [] for nation in Nation}
        while self.coming and self.coming[0].deliver_ns <= now:
            delivery = self.coming.popleft()
            arrived[delivery.nation].append(delivery.plot)
        self.sequence += 1
        own: dict[Nation, tuple[Track, ...]] = {}
        for nation in self.nations:
            self.trackers[nation], own[nation] = tracker.step(self.trackers[nation], arrived[nation], now)
        looks = {nation: self._looks(nation, own[nation]) for nation in self.nations}
        tracklets, plots = self._partners(own, looks, now)
        ours = own[self.plan.nation], looks[self.plan.nation]
        self.fusion, fused = fuse.step(self.fusion, ours[0], tracklets, now, ours[1], plots)
        self.together = together.step(
            self.together,
            fused,
            ours[0],
            arrived[self.plan.nation],
            self.sensors,
            now,
            fuse.silent(self.fusion),
        )
        if len(self.nations) == 1:
            return fused, own[self.plan.nation]
        every = [plot for nation in Nation for plot in arrived[nation]]
        self.centre, central = tracker.step(self.centre, every, now)
        return fused, central

    def _looks(self, nation: Nation, own: Sequence[Track]) -> tuple[Looks, ...]:
        if not (self.plan.sharing and self.plan.plots and len(self.nations) > 1):
            return ()
        return own_looks(self.trackers[nation], own)

    def _partners(
        self, own: Mapping[Nation, Iterable[Track]], looks: Mapping[Nation, Iterable[Looks]], now: Instant
    ) -> tuple[list[Tracklet], list[SharedPlot]]:
        if not self.plan.sharing:
            return [], []
        due = after(now, self.plan.share_delay_s)
        for nation in self.nations:
            if nation is not self.plan.nation:
                shared = (
                    replace(tracklet_of(track, nation), sequence=self.sequence) for track in own[nation]
                )
                self.under_way.extend((due, tracklet) for tracklet in shared)
                for one in looks[nation]:
                    self.under_way.extend((due, plot) for plot in self._shown(one))
        tracklets: list[Tracklet] = []
        plots: list[SharedPlot] = []
        while self.under_way and self.under_way[0][0] <= now:
            product = self.under_way.popleft()[1]
            if isinstance(product, SharedPlot):
                plots.append(product)
            else:
                tracklets.append(product)
        return tracklets, plots

    def _shown(self, looks: Looks) -> tuple[SharedPlot, ...]:
        key = looks.origin, looks.track_id
        before = self.shown.get(key, Shown())
        self.shown[key], products = shared_looks(looks, before, self.trackers[looks.origin].sensors)
        return products


def run(plan: Plan, seed: int, tell: Callable[[str], None] | None = None) -> Trial | None:
    """One seed; None when the sensors never see the first object in free flight. `tell` hears of it."""
    scenario = plan.scenario
    truths = draw_truths(scenario, seed, plan.noise_m2_s3)
    bounds = bounds_of(_judged_sensors(plan), scenario, seed, truths[0], PRIOR)
    if bounds is None:
        return None
    contact = bounds.contact_ns
    deliveries = [
        d for d in plots(scenario, seed, truths) if d.deliver_ns <= after(contact, plan.until_s + 2)
    ]
    world = _World(plan, deliveries)
    first_s = int(seconds_between(scenario.start_ns, deliveries[0].deliver_ns))
    last_s = int(np.ceil(seconds_between(scenario.start_ns, contact))) + plan.until_s
    trial = Trial(seed, {}, {}, (), (), (), bounds.contact_s, float("inf"))
    told_of: dict[int, Grouped | None] = {}
    sizes: list[float] = []
    best: list[float] = []
    frames: list[Frame] = []
    seen_ns = _first_seen(scenario, seed, truths)
    for second in range(first_s + 1, last_s + 1):
        now = after(scenario.start_ns, float(second))
        fused, central = world.step(now)
        if tell is not None and second % TELL_EVERY_S == 0:
            tell(f"run {seed}: {second - first_s} of {last_s - first_s} s")
        track = nearest(fused, truths[0], now)
        if track is not None and not np.isfinite(trial.tracked_s):
            trial = trial._replace(tracked_s=seconds_between(truths[0].launch_ns, now))
        age = int(seconds_between(contact, now))
        if age < 1:
            continue
        sample = judged(track, truths[0], bounds, now)
        sizes.append(sample.claimed_m)
        best.append(sample.best_m)
        if age in AGES_S and age not in trial.samples:
            trial.samples[age] = sample
            trial.central[age] = judged(nearest(central, truths[0], now), truths[0], bounds, now)
            if len(truths) > 1:
                told_of[age] = grouped(world.together.groups, fused, truths, now)
        if age % FRAME_EVERY_S == 0:
            frames.append(_frame(truths, seen_ns, fused, now, contact))
    return trial._replace(
        sizes_m=tuple(sizes), bound_sizes_m=tuple(best), frames=tuple(frames), groups=told_of
    )


def draw_truths(scenario: Scenario, seed: int, noise_m2_s3: float = 0.0) -> tuple[FlownFlight, ...]:
    """The scenario's flights, each with a ballistic coefficient drawn for this run, and noise if asked."""
    stream = np.random.default_rng([seed, BETA_STREAM])
    drawn = tuple(
        with_ln_beta(flown, LN_BETA_MEAN + LN_BETA_SIGMA * float(stream.standard_normal()))
        for flown in fly_all(scenario.flights)
    )
    if not noise_m2_s3:
        return drawn
    return tuple(
        with_noise(flown, noise_m2_s3, np.random.default_rng([seed, NOISE_STREAM, n]))
        for n, flown in enumerate(drawn)
    )


def _judged_sensors(plan: Plan) -> frozenset[str]:
    """Sensors whose looks the judged nation could have known of."""
    return frozenset(spec.id for spec in plan.scenario.sensors if plan.sharing or spec.nation is plan.nation)


def _first_seen(scenario: Scenario, seed: int, truths: Sequence[FlownFlight]) -> dict[str, Instant | None]:
    """When the first plot of each object arrived anywhere."""
    clean = replace(scenario, sensors=tuple(replace(s, false_plots_per_min=0.0) for s in scenario.sensors))
    found: dict[str, Instant | None] = {}
    for flown in truths:
        own = plots(clean, seed, [flown])
        found[flown.flight.object] = own[0].deliver_ns if own else None
    return found


def _frame(
    truths: Sequence[FlownFlight],
    seen_ns: Mapping[str, Instant | None],
    fused: Iterable[FusedTrack],
    now: Instant,
    contact: Instant,
) -> Frame:
    """Objects that anybody has seen and that fly, and tracks that are alive, all at `now`."""
    objects: dict[str, Array] = {}
    for flown in truths:
        since, age_s = seen_ns[flown.flight.object], seconds_between(flown.launch_ns, now)
        if since is not None and since <= now and age_s <= flown.flight_time_s:
            objects[flown.flight.object] = flown.states(np.array([age_s]))[0, :3]
    tracks = {track.id: moved(track, now).x[:3] for track in fused if track.life not in ENDED}
    return Frame(seconds_between(contact, now), objects, tracks)
