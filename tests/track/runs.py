"""Run trackers, fusions and assessments of three nations over a scenario, in one process, with ideal
sharing.
"""

from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.assess import assessor
from tocsin.earth.frames import ground_azimuth_rad, ground_distance_m
from tocsin.model.event import Assessment
from tocsin.model.label import Nation, Plane
from tocsin.model.space import Ellipse95, Geodetic
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import FusedTrack, ObjectClass, Plot, Track, Tracklet
from tocsin.sim.scenario import Scenario
from tocsin.sim.sensors import plots
from tocsin.sim.truth import FlownFlight, fly_all
from tocsin.track import fuse, tracker
from tocsin.track.body import tracklet_of
from tocsin.track.life import ENDED

Array = NDArray[np.float64]


def plots_by_second(scenario: Scenario, seed: int, nation: Nation) -> dict[int, list[Plot]]:
    """A nation's plots by the whole second of scenario time in which they arrive."""
    found: dict[int, list[Plot]] = {}
    for entry in plots(scenario, seed):
        if entry.nation is nation:
            found.setdefault(int(seconds_between(scenario.start_ns, entry.deliver_ns)), []).append(entry.plot)
    return found


@dataclass
class Run:
    """What came out: by nation and step, own tracks, fused tracks and assessments."""

    scenario: Scenario
    own: dict[Nation, dict[int, tuple[Track, ...]]] = field(default_factory=dict)
    fused: dict[Nation, dict[int, tuple[FusedTrack, ...]]] = field(default_factory=dict)
    assessed: dict[Nation, dict[int, tuple[Assessment, ...]]] = field(default_factory=dict)

    def flights(self) -> tuple[FlownFlight, ...]:
        return fly_all(self.scenario.flights)

    def ids(self, nation: Nation) -> set[str]:
        return {track.id for tracks in self.fused[nation].values() for track in tracks}

    def objects_of(self, nation: Nation) -> dict[str, set[str]]:
        """Objects that each fused track was nearest to while it was certain of its place."""
        found: dict[str, set[str]] = {}
        for tracks in self.fused[nation].values():
            for track in tracks:
                name = self.nearest(track)
                if name is not None:
                    found.setdefault(track.id, set()).add(name)
        return found

    def nearest(self, track: FusedTrack | Track) -> str | None:
        """The object whose truth is nearest to a track's state at its epoch."""
        best: tuple[float, str] | None = None
        for flown in self.flights():
            age_s = seconds_between(flown.launch_ns, track.state.epoch_ns)
            if 0.0 <= age_s <= flown.flight_time_s:
                truth = flown.states(np.array([age_s]))[0]
                off = float(np.linalg.norm(truth[:3] - np.array(track.state.x[:3])))
                best = min(best or (off, flown.flight.object), (off, flown.flight.object))
        return None if best is None else best[1]


def run(scenario: Scenario, seed: int, share_every: int = 2, sharing: bool = True) -> Run:
    """One second a step; what is shared in a step arrives in the next one."""
    out = Run(scenario)
    nations = tuple(Nation)
    arriving = {nation: plots_by_second(scenario, seed, nation) for nation in nations}
    trackers = {n: tracker.new_tracker(n, scenario.sensors_of(n, Plane.EXERCISE)) for n in nations}
    fusions = {nation: fuse.new_fusion(nation) for nation in nations}
    beliefs = {nation: assessor.new_assess() for nation in nations}
    sent: list[Tracklet] = []
    for nation in nations:
        out.own[nation], out.fused[nation], out.assessed[nation] = {}, {}, {}
    for second in range(int(scenario.duration_s)):
        now, arrived, sent = after(scenario.start_ns, second + 1.0), sent, []
        for nation in nations:
            trackers[nation], own = tracker.step(trackers[nation], arriving[nation].get(second, []), now)
            partners = [share for share in arrived if share.origin is not nation] if sharing else []
            fusions[nation], fused = fuse.step(fusions[nation], own, partners, now)
            beliefs[nation], made = assessor.step(beliefs[nation], fused, own, [], now)
            out.own[nation][second], out.fused[nation][second] = own, fused
            out.assessed[nation][second] = made
            sent += shares(own, nation, second, share_every)
    return out


def shares(own: tuple[Track, ...], nation: Nation, second: int, every: int) -> list[Tracklet]:
    """What a nation would send: every few seconds, and the last word at once."""
    due = [track for track in own if second % every == 0 or track.life in ENDED]
    return [
        replace(tracklet_of(track, nation), sequence=second + 1)
        for track in due
        if track.kind is not ObjectClass.AIR
    ]


def within(ellipse: Ellipse95, lat_deg: float, lon_deg: float, place: Geodetic) -> float:
    """How far a place lies from an ellipse's centre, as a part of the ellipse's radius that way (1 = on
    it).
    """
    ends = np.radians([lat_deg, lon_deg, place.lat_deg, place.lon_deg])
    distance, azimuth = float(ground_distance_m(*ends)), float(ground_azimuth_rad(*ends))
    along = distance * np.cos(azimuth - ellipse.azimuth_rad) / ellipse.semi_major_m
    across = distance * np.sin(azimuth - ellipse.azimuth_rad) / max(ellipse.semi_minor_m, 1.0)
    return float(np.hypot(along, across))


def seconds_after(run_: Run, moment: Instant, second: int) -> float:
    """Age of a step's end since a moment."""
    return seconds_between(moment, after(run_.scenario.start_ns, second + 1.0))
