"""A scenario seen by one nation's production tracker, and its assessments, second by second."""

from collections import deque
from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.assess import assessor
from tocsin.model.event import Assessment
from tocsin.model.label import Nation, Plane
from tocsin.model.time import after, seconds_between
from tocsin.model.track import FusedTrack
from tocsin.sim import scenario_file
from tocsin.sim.scenario import Scenario
from tocsin.sim.sensors import plots
from tocsin.sim.truth import fly_all
from tocsin.track import fuse, tracker

Second = tuple[float, tuple[FusedTrack, ...], tuple[Assessment, ...]]


def watched(scenario: str | Scenario, nation: Nation, until_s: float, seed: int = 1) -> Iterator[Second]:
    """(seconds since the first launch, fused tracks, assessments) at every whole second of the scenario."""
    whole = scenario_file.load(scenario) if isinstance(scenario, str) else scenario
    mine = replace(whole, sensors=tuple(spec for spec in whole.sensors if spec.nation is nation))
    launch_ns = fly_all(whole.flights)[0].launch_ns
    coming = deque(plots(mine, seed))
    state, fusion = tracker.new_tracker(nation, mine.sensors_of(nation, Plane.TEST)), fuse.new_fusion(nation)
    assessing = assessor.new_assess()
    for second in range(int(whole.duration_s)):
        now = after(whole.start_ns, float(second))
        age_s = seconds_between(launch_ns, now)
        if age_s > until_s:
            return
        here = []
        while coming and coming[0].deliver_ns <= now:
            here.append(coming.popleft().plot)
        state, own = tracker.step(state, here, now)
        fusion, fused = fuse.step(fusion, own, [], now)
        assessing, made = assessor.step(assessing, fused, own, [], now)
        yield age_s, fused, made
