"""The shipped scenarios through trackers, fusion and assessment of three nations: one object, one track,
honest ellipses.
"""

import numpy as np
import pytest
import runs

from tocsin.model.label import Nation
from tocsin.model.space import Geodetic
from tocsin.model.track import ObjectClass, Phase
from tocsin.sim import scenario_file

SEED = 20221004


@pytest.fixture(scope="module")
def overflight() -> runs.Run:
    return runs.run(scenario_file.load("2022-10-04"), SEED)


@pytest.fixture(scope="module")
def salvo() -> runs.Run:
    return runs.run(scenario_file.load("salvo"), SEED)


@pytest.fixture(scope="module")
def lofted() -> runs.Run:
    return runs.run(scenario_file.load("2023-12-18"), SEED)


@pytest.mark.parametrize("name", ["overflight", "lofted"])
def test_one_object_is_one_track_from_all_three_over_the_whole_run(
    name: str, request: pytest.FixtureRequest
) -> None:
    run: runs.Run = request.getfixturevalue(name)
    for nation in Nation:
        assert run.ids(nation) == {"F-1"}
        last = [tracks[0] for tracks in run.fused[nation].values() if tracks][-1]
        assert last.sources == (Nation.JPN, Nation.KOR, Nation.USA)
        assert last.kind is ObjectClass.BALLISTIC
        assert last.phase is Phase.COAST


def test_salvo_is_eight_objects_and_eight_tracks_in_all_three_pictures(salvo: runs.Run) -> None:
    names = {flown.flight.object for flown in salvo.flights()}
    for nation in Nation:
        objects = salvo.objects_of(nation)
        assert len(objects) == len(names) == 8
        assert all(len(seen) == 1 for seen in objects.values())
        assert set().union(*objects.values()) == names


@pytest.mark.parametrize("name", ["overflight", "lofted", "salvo"])
def test_no_prediction_in_boost_and_soon_after_burnout(name: str, request: pytest.FixtureRequest) -> None:
    run: runs.Run = request.getfixturevalue(name)
    tracked = {track.id: run.nearest(track) for s in run.fused[Nation.KOR].values() for track in s}
    for flown in run.flights():
        ages = [
            runs.seconds_after(run, flown.launch_ns, second) - flown.burnout_s
            for second, made in run.assessed[Nation.KOR].items()
            for one in made
            if one.impact is not None and tracked[one.track_id] == flown.flight.object
        ]
        assert 0.0 < min(ages) <= 20.0


@pytest.mark.parametrize("name", ["overflight", "lofted", "salvo"])
def test_last_prediction_is_near_and_says_so(name: str, request: pytest.FixtureRequest) -> None:
    run: runs.Run = request.getfixturevalue(name)
    tracked = {track.id: run.nearest(track) for s in run.fused[Nation.JPN].values() for track in s}
    last = {one.track_id: one for made in run.assessed[Nation.JPN].values() for one in made}
    truths = {flown.flight.object: flown for flown in run.flights()}
    assert len(last) == len(truths)
    for track_id, one in last.items():
        flown = truths[str(tracked[track_id])]
        assert one.impact is not None
        off = runs.within(one.impact.ellipse95, one.impact.lat_deg, one.impact.lon_deg, flown.impact)
        assert off < 1.6  # 95 % lie within 1, all but 5 in 10,000 within 1.6
        assert one.impact.ellipse95.semi_major_m < 5e3
        assert one.apogee_m == pytest.approx(flown.apogee_m, rel=0.02)


def test_launch_point_holds_the_truth(overflight: runs.Run) -> None:
    flown = overflight.flights()[0]
    for nation in (Nation.KOR, Nation.USA):
        made = [one for step in overflight.assessed[nation].values() for one in step]
        launch = made[-1].launch
        assert launch is not None
        truth = Geodetic(flown.flight.lat_deg, flown.flight.lon_deg)
        assert runs.within(launch.ellipse95, launch.lat_deg, launch.lon_deg, truth) < 1.6
        assert abs(launch.time_ns - flown.launch_ns) / 1e9 < 3.0 * launch.time_sigma_s


def test_aomori_is_threatened_in_time_with_the_right_entry(overflight: runs.Run) -> None:
    flown = overflight.flights()[0]
    first = next(
        (second, risk)
        for second, made in overflight.assessed[Nation.JPN].items()
        for one in made
        for risk in one.risks
        if risk.area == "JP-02" and risk.overflight_probability > 0.5
    )
    age_s = runs.seconds_after(overflight, flown.launch_ns, first[0])
    assert first[1].enter_ns is not None
    enters_s = (first[1].enter_ns - flown.launch_ns) / 1e9
    assert 355.0 < enters_s < 385.0  # the scenario's own truth: about T+373 s
    assert enters_s - age_s > 180.0


def test_without_sharing_japan_sees_later(overflight: runs.Run) -> None:
    alone = runs.run(scenario_file.load("2022-10-04"), SEED, sharing=False)
    first = [min(s for s, tracks in r.fused[Nation.JPN].items() if tracks) for r in (overflight, alone)]
    predicted = [
        min(s for s, made in r.assessed[Nation.JPN].items() if any(one.impact for one in made))
        for r in (overflight, alone)
    ]
    assert first[0] + 30 < first[1]
    assert predicted[0] < predicted[1]
    assert {track.sources for tracks in alone.fused[Nation.JPN].values() for track in tracks} == {
        (Nation.JPN,)
    }


def test_fused_errors_are_as_large_as_they_say(overflight: runs.Run) -> None:
    """One run: a coarse check (the Monte Carlo is in test_accuracy); never far over-confident."""
    flown = overflight.flights()[0]
    for second, tracks in overflight.fused[Nation.JPN].items():
        track = tracks[0] if tracks else None
        if track is None or track.phase is not Phase.COAST or second % 50:
            continue
        age_s = (track.state.epoch_ns - flown.launch_ns) / 1e9
        if age_s > flown.flight_time_s:
            continue
        off = np.array(track.state.x[:6]) - flown.states(np.array([age_s]))[0]
        p = np.zeros((7, 7))
        p[np.triu_indices(7)] = track.state.p
        p = (p + np.triu(p, 1).T)[:6, :6]
        assert off @ np.linalg.solve(p, off) < 30.0
