"""Flights that leave their arcs, and those that do not. 14 January 2024 manoeuvres, 3 November 2022 vanishes,
29 August 2017 comes apart.
"""

import numpy as np
import pytest
import shapely
from watched import watched

from tocsin.assess import manoeuvre
from tocsin.earth.places import load_areas
from tocsin.model.event import Mishap, Motion
from tocsin.model.label import Nation
from tocsin.model.space import EcefState
from tocsin.sim import scenario_file
from tocsin.sim.truth import FlownFlight, fly_all


def truth(name: str) -> FlownFlight:
    return fly_all(scenario_file.load(name).flights)[0]


def test_14_january_2024_gets_a_region_instead_of_an_ellipse() -> None:
    """Free flight is told while it lasts; once it is left, no ellipse any more, and the region holds the
    place where the object came down, 1,000 km from its launch.
    """
    flown, leaves_s = truth("2024-01-14"), 145.0
    before, said, held = 0, None, []
    for age_s, _, made in watched("2024-01-14", Nation.KOR, 300.0):
        for one in made:
            if age_s < leaves_s:
                assert one.motion is not Motion.MANOEUVRING
                before += one.impact is not None
            elif one.motion is Motion.MANOEUVRING:
                said = said or age_s
                assert one.impact is None
                assert one.footprint is not None
                ring = shapely.Polygon([(lon, lat) for lat, lon in one.footprint.region])
                held.append(ring.contains(shapely.Point(flown.impact.lon_deg, flown.impact.lat_deg)))
                assert one.footprint.earliest_ns < flown.impact_ns < one.footprint.latest_ns
                assert all(risk.impact_probability > 0.0 for risk in one.risks)
    assert before > 40
    assert said is not None
    assert said < leaves_s + 45.0
    assert np.mean(held) > 0.9


def test_3_november_2022_vanishes_from_all_sensors_at_once() -> None:
    gone_s = truth("2022-11-03").flight_time_s
    said = {
        age_s: one
        for age_s, _, made in watched("2022-11-03", Nation.KOR, gone_s + 60.0)
        for one in made
        if one.mishap is not None
    }
    assert {one.mishap for one in said.values()} == {Mishap.VANISHED}
    assert gone_s < min(said) < gone_s + 15.0
    last = said[max(said)]
    assert last.impact is not None  # what was predicted stays, as an extrapolation
    assert last.mishap_ns is not None
    assert abs(last.mishap_ns - truth("2022-11-03").launch_ns) / 1e9 == pytest.approx(gone_s, abs=3.0)


def test_29_august_2017_comes_apart_into_three() -> None:
    flight = scenario_file.load("2017-08-29").flights[0]
    assert flight.failure is not None
    said = [
        (age_s, one)
        for age_s, _, made in watched("2017-08-29", Nation.JPN, flight.failure.at_s + 110.0)
        for one in made
        if one.mishap is not None
    ]
    assert {one.mishap for _, one in said} == {Mishap.BROKEN_UP}
    assert flight.failure.at_s < said[0][0] < flight.failure.at_s + 60.0
    last_s, last = said[-1]
    assert last.pieces == 3
    assert last.mishap_ns is not None
    when_s = (last.mishap_ns - truth("2017-08-29").launch_ns) / 1e9
    assert when_s == pytest.approx(flight.failure.at_s, abs=15.0)
    assert len({one.track_id for age_s, one in said if age_s == last_s}) >= 3


@pytest.mark.parametrize(("name", "nation"), [("2022-10-04", Nation.JPN), ("near", Nation.KOR)])
def test_a_free_flight_is_never_called_anything_else(name: str, nation: Nation) -> None:
    seen = 0
    for _, _, made in watched(name, nation, 420.0):
        for one in made:
            assert one.motion is not Motion.MANOEUVRING
            assert one.mishap is not Mishap.BROKEN_UP
            seen += one.motion is Motion.FREE
    assert seen > 100


def test_a_footprint_lies_ahead_and_shrinks_with_speed() -> None:
    flown, sizes = truth("2024-01-14"), []
    for slower in (1.0, 0.7, 0.3):
        x = np.append(flown.states(np.array([200.0]))[0], 8.7)
        x[3:6] *= slower
        region = manoeuvre.footprint(EcefState(flown.launch_ns, tuple(x.tolist()), (0.0,) * 28))
        ring = shapely.Polygon([(lon, lat) for lat, lon in region.region])
        assert ring.is_valid
        assert region.earliest_ns < region.latest_ns
        sizes.append(ring.area)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.2 * sizes[0]


def test_areas_get_their_part_of_the_region() -> None:
    flown = truth("2022-10-04")
    x = np.append(flown.states(np.array([350.0]))[0], 8.7)
    region = manoeuvre.footprint(EcefState(flown.launch_ns, tuple(x.tolist()), (0.0,) * 28))
    rows = manoeuvre.footprint_risks(region, load_areas())
    assert {"JP-01", "JP-02"} <= {row.area for row in rows}
    assert 0.0 < sum(row.impact_probability for row in rows) < 1.0
