"""What a far radar's range leaves of an object's place is a piece of a shell: its told mean and covariance
against drawn shells, and what the fold tells of a track.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tocsin.model.label import Nation, Plane
from tocsin.model.time import after
from tocsin.model.track import Track
from tocsin.sim import sensors
from tocsin.sim.scenario_file import load
from tocsin.sim.truth import fly_all
from tocsin.track import tracker
from tocsin.track.bent import bend, bends, flat, told
from tocsin.track.motion import Gaussian
from tocsin.track.record import estimate
from tocsin.track.rows import LOS, MIXED, RADAR, ROW, SENSOR, SITE, from_triangle, sensor_table, sites

Array = NDArray[np.float64]

SITE_M = np.array([-3.1e6, 4.1e6, 3.7e6])
RANGE_M = 1.4e6
DRAWS = 40_000


def shell(
    sigma: tuple[float, ...], draws: int = DRAWS, rate: float = 900.0, turn: float = 4e-3
) -> tuple[Gaussian, Array]:
    """A state whose range, two directions and their rates have these sigmas (m, rad, m/s, rad/s; directions
    and their rates are tied by a half), as a flat Gaussian; and states (draws, 6) from the shell itself.
    """
    unit = np.array([0.36, -0.48, 0.8])
    axes = np.vstack((unit, np.linalg.svd(unit[None, :])[2][1:]))
    range_sigma, angle, rate_sigma, turning = sigma

    def place(r: Array, theta: Array, rr: Array, omega: Array) -> Array:
        """States of numbers along the sight: directions are turned about, one after the other."""
        c, s = np.cos(theta), np.sin(theta)
        toward = np.stack((c[:, 0] * c[:, 1], s[:, 0] * c[:, 1], s[:, 1]), axis=1)
        first = np.stack((-s[:, 0] * c[:, 1], c[:, 0] * c[:, 1], 0.0 * r), axis=1)
        second = np.stack((-c[:, 0] * s[:, 1], -s[:, 0] * s[:, 1], c[:, 1]), axis=1)
        velocity = rr[:, None] * toward + r[:, None] * (omega[:, :1] * first + omega[:, 1:] * second)
        return np.hstack(((r[:, None] * toward) @ axes + SITE_M, velocity @ axes))

    dice = np.random.default_rng(7)
    z = dice.standard_normal((draws // 2, 6))
    z = np.concatenate((z, -z))  # what is straight cancels out of the mean
    theta = angle * z[:, 1:3]
    omega = turn + turning * (0.5 * z[:, 1:3] + np.sqrt(0.75) * z[:, 4:6])
    drawn = place(RANGE_M + range_sigma * z[:, 0], theta, rate + rate_sigma * z[:, 3], omega)
    nominal = place(np.array([RANGE_M]), np.zeros((1, 2)), np.array([rate]), np.full((1, 2), turn))[0]
    # The flat covariance: that of a shell a thousand times smaller, scaled.
    small = 1e-3
    near = place(
        RANGE_M + small * range_sigma * z[:, 0],
        small * theta,
        rate + small * rate_sigma * z[:, 3],
        turn + small * (omega - turn),
    )
    p = np.zeros((7, 7))
    p[:6, :6], p[6, 6] = np.cov(near.T) / small**2, 0.25
    return Gaussian(np.append(nominal, 8.7), p), drawn


FAR = (2.0, 1e-3, 0.2, 2e-5)


def test_told_mean_and_covariance_are_the_shells() -> None:
    plane, drawn = shell(FAR)
    found = told(plane, SITE_M[None])
    unit = (plane.x[:3] - SITE_M) / RANGE_M
    along = np.kron(np.eye(2), unit)
    mean, spread = along @ (drawn.mean(axis=0) - plane.x[:6]), along @ np.cov(drawn.T) @ along.T
    claimed = along @ found.p[:6, :6] @ along.T
    assert np.allclose(along @ (found.x - plane.x)[:6], mean, rtol=0.05), (found.x - plane.x, mean)
    assert abs(mean[0]) > 1.0  # the middle of the shell lies a metre this side of the plane
    assert np.allclose(claimed, spread, rtol=0.05)
    assert claimed[0, 0] > 1.3 * (along @ plane.p[:6, :6] @ along.T)[0, 0]


def test_errors_are_what_is_told_and_not_what_the_plane_says() -> None:
    plane, drawn = shell(FAR)
    found = told(plane, SITE_M[None])
    squares = [
        float(np.mean(np.einsum("ni,ij,nj->n", off, np.linalg.inv(p[:6, :6]), off)))
        for off, p in ((drawn - plane.x[:6], plane.p), (drawn - found.x[:6], found.p))
    ]
    assert squares[0] > 6.7
    assert abs(squares[1] - 6.0) < 0.1


@given(
    st.floats(0.5, 100.0), st.floats(1e-5, 3e-3), st.floats(0.01, 10.0), st.floats(1e-7, 1e-4), st.booleans()
)
def test_telling_never_claims_more(a: float, b: float, c: float, d: float, twice: bool) -> None:
    plane, _ = shell((a, b, c, d), draws=200)
    found = told(plane, np.tile(SITE_M, (1 + twice, 1)))
    scale = 1.0 / np.sqrt(np.diag(plane.p))
    more = (found.p - plane.p) * np.outer(scale, scale)
    assert np.linalg.eigvalsh(more).min() > -1e-9
    assert np.array_equal(found.x[6:], plane.x[6:])
    assert np.array_equal(found.p[6], plane.p[6])


def test_only_what_bends_is_told_otherwise() -> None:
    thin, _ = shell(FAR, draws=200)
    thick, _ = shell((30.0, 1e-3, 2.0, 2e-5), draws=200)  # a near radar's range, at that distance
    elsewhere = SITE_M + 3e6 * np.array([0.8, 0.6, 0.0])
    found = bends(np.stack((thin.x, thick.x)), np.stack((thin.p, thick.p)), np.stack((SITE_M, elsewhere)))
    assert found.tolist() == [[True, False], [False, False]]


def test_a_young_track_of_a_far_radar_is_told_by_its_shell() -> None:
    """And by the radar that sees it: what its own least squares holds stays as it was."""
    scenario = load("far")
    flown = fly_all(scenario.flights)
    specs = scenario.sensors_of(Nation.USA, Plane.TEST)
    state = tracker.new_tracker(Nation.USA, specs)
    deliveries = [d for d in sensors.plots(scenario, 1, flown) if d.nation is Nation.USA]
    first = deliveries[0].deliver_ns
    tracks: tuple[Track, ...] = ()
    for second in range(40):
        now = after(first, float(second))
        due = [d.plot for d in deliveries if after(first, second - 1.0) < d.deliver_ns <= now]
        state, tracks = tracker.step(state, due, now)
    (track,) = [one for one in tracks if one.plots > 20]
    (record,) = [one for one in state.records if one.plots == track.plots]
    held = estimate(record)[0]
    unit = held.x[:3] - sensor_table(specs)[0, SITE]
    unit /= np.linalg.norm(unit)
    p = from_triangle(track.state.p)
    assert (np.array(track.state.x)[:3] - held.x[:3]) @ unit < -0.1
    assert unit @ p[:3, :3] @ unit > 1.02 * (unit @ held.p[:3, :3] @ unit)


@pytest.mark.parametrize("place", [SITE_M, SITE_M + 1e200, np.full(3, np.inf), SITE_M + 5.0])
def test_absurd_states_are_no_shells(place: Array) -> None:
    plane, _ = shell(FAR, draws=200)
    x = np.concatenate((place, plane.x[3:]))
    assert not bends(x[None], plane.p[None], SITE_M[None]).any()


def test_a_start_for_the_filter_is_flat_or_not_yet() -> None:
    """By place, and by velocity alone: a filter would never find out that its start was bent."""
    near, _ = shell((2.0, 2e-4, 0.2, 2e-6), draws=2_000)
    wide, _ = shell((2.0, 1e-3, 0.2, 2e-6), draws=2_000)
    turning, _ = shell((200.0, 1e-3, 0.02, 2e-5), draws=2_000)
    site = SITE_M[None]
    assert [flat(one, site, 0.1) for one in (near, wide, turning)] == [True, False, False]
    assert abs(bend(turning, SITE_M).mean[0]) < 0.1 * np.sqrt(bend(turning, SITE_M).thick[0, 0])
    assert flat(wide, np.empty((0, 3)), 0.1)  # lines of sight alone have no range to bend


def test_mixed_rows_have_their_radars_place_too() -> None:
    table = np.arange(3.0 * SENSOR).reshape(3, SENSOR)
    rows = np.zeros((4, ROW))
    rows[:, 1], rows[:, 2] = [RADAR, MIXED, LOS, RADAR], [0, 2, 1, 0]
    assert sites(rows, table).tolist() == [table[0, SITE].tolist(), table[2, SITE].tolist()]
