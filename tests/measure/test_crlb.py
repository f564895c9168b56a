"""The bound against closed forms, against Monte Carlo, and against a Fisher matrix by brute force."""

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.earth import flight
from tocsin.earth.frames import ecef_to_aer, enu_basis, geodetic_to_ecef
from tocsin.measure import crlb, judge, trial
from tocsin.measure.looks import look
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant
from tocsin.model.track import LineOfSight, Measurement, Plot, RadarFix
from tocsin.sim import scenario_file
from tocsin.sim.truth import fly_all

Array = NDArray[np.float64]

LABEL = Label(Plane.TEST, frozenset((Nation.KOR,)), frozenset())
SITE = Geodetic(36.5, 127.5, 100.0)
RADAR = Sensor(
    "R",
    Nation.KOR,
    SensorKind.RADAR,
    SensorErrors(range_m=30.0, az_rad=1e-3, el_rad=1.2e-3, range_rate_mps=2.0),
    LABEL,
    SITE,
)
EYE = Sensor("I", Nation.USA, SensorKind.INFRARED, SensorErrors(los_rad=4e-5), LABEL)
PLATFORM = np.array([-3.2e7, 2.7e7, 1e6])
LN_BETA, SIGMA = 8.7, 0.5
START = np.concatenate((geodetic_to_ecef(np.radians(40.5), np.radians(129.0), 180e3), np.zeros(3), [LN_BETA]))
START[3:6] = np.array([500.0, 3200.0, 1500.0]) @ enu_basis(float(np.radians(40.5)), float(np.radians(129.0)))
TIMES = np.concatenate((np.arange(0.0, 60.0, 3.0), np.arange(470.0, 520.0, 10.0)))  # some of it in air


def plot(sensor: Sensor) -> Plot:
    """What it says does not matter to the bound, only what kind it is."""
    measurement: Measurement = RadarFix(1.0, 1.0, 1.0, range_rate_mps=1.0)
    if sensor is EYE:
        measurement = LineOfSight(tuple(PLATFORM.tolist()), (1.0, 0.0, 0.0))
    return Plot(sensor.id, 1, Instant(1), measurement)


def measured(sensor: Sensor, state: Array) -> Array:
    """The measurement itself, over its sigmas: another way to the same partials."""
    if sensor is EYE:
        off = state[:3] - PLATFORM
        return np.asarray(off / np.linalg.norm(off) / 4e-5)
    lat, lon = np.radians(SITE.lat_deg), np.radians(SITE.lon_deg)
    place = geodetic_to_ecef(lat, lon, SITE.alt_m)
    distance, az, el = ecef_to_aer(state[:3], place, enu_basis(float(lat), float(lon)))
    rate = (state[:3] - place) @ state[3:6] / distance
    return np.array([distance / 30.0, az / 1e-3, el / 1.2e-3, rate / 2.0])


def information() -> crlb.Information:
    path = crlb.free_path(START, TIMES)
    rows = [
        look(plot(EYE if n % 4 == 0 else RADAR), EYE if n % 4 == 0 else RADAR, state)
        for n, state in enumerate(path.states)
    ]
    return crlb.inform(path, np.array(rows), crlb.prior(SIGMA))


def test_information_is_that_of_brute_force() -> None:
    """Central differences of the whole vector of measurements by the seven numbers of the origin."""

    def everything(x7: Array) -> Array:
        states = flight.sample(x7, TIMES, 1.0)
        return np.concatenate([measured(EYE if n % 4 == 0 else RADAR, s) for n, s in enumerate(states)])

    steps = np.array([10.0] * 3 + [0.05] * 3 + [0.01])
    columns = []
    for i, step in enumerate(steps):
        move = np.zeros(7)
        move[i] = step
        columns.append((everything(START + move) - everything(START - move)) / (2.0 * step))
    jacobian = np.stack(columns, axis=1)
    brute = jacobian.T @ jacobian
    ours = information().by_look.sum(axis=0)
    scale = np.sqrt(np.outer(np.diag(brute), np.diag(brute)))
    assert float(np.max(np.abs(ours - brute) / scale)) < 1e-4
    assert np.diag(brute)[6] > 0.0  # drag is in it


def test_line_of_uniform_motion_has_the_known_variances() -> None:
    """n looks at a straight line: var(end) = s^2 2(2n-1)/(n(n+1)), var(slope) = 12 s^2/(T^2 n(n^2-1))."""
    n, sigma, period = 12, 7.0, 2.0
    times = period * np.arange(n)
    phi = np.array([[[1.0, t], [0.0, 1.0]] for t in times])
    rows = np.tile(np.array([[1.0 / sigma, 0.0]]), (n, 1, 1))
    end = phi[-1] @ np.linalg.inv(crlb.per_look(phi, rows).sum(axis=0)) @ phi[-1].T
    assert end[0, 0] == pytest.approx(sigma**2 * 2 * (2 * n - 1) / (n * (n + 1)))
    assert end[1, 1] == pytest.approx(12 * sigma**2 / (period**2 * n * (n**2 - 1)))


def test_least_squares_over_many_draws_reaches_the_line_bound() -> None:
    n, sigma, draws = 12, 7.0, 20_000
    times = np.arange(n, dtype=float)
    phi = np.array([[[1.0, t], [0.0, 1.0]] for t in times])
    rows = np.tile(np.array([[1.0 / sigma, 0.0]]), (n, 1, 1))
    bound = np.linalg.inv(crlb.per_look(phi, rows).sum(axis=0))
    noise = np.random.default_rng(1).normal(0.0, sigma, (draws, n))
    errors = np.linalg.lstsq(phi[:, 0], noise.T, rcond=None)[0].T
    spread = errors.T @ errors / draws
    # Standard error of a variance over 20,000 draws: 1 %.
    assert np.abs(np.diag(spread) / np.diag(bound) - 1.0).max() < 0.05


def test_known_burnout_under_power_is_the_joint_gaussian_posterior() -> None:
    """The recursion against one big linear-Gaussian problem: all accelerations' walks as unknowns."""
    period, looks, sigma, jerk = 2.0, 6, 20.0, 0.5
    times = np.linspace(0.0, period * (looks - 1), looks)
    rows = np.zeros((looks, 3, 7))
    rows[:, :, :3] = np.eye(3) / sigma
    found = crlb.powered_information(times, rows, float(times[-1]), jerk)
    # The same for one axis: x_{k+1} = F x_k + w_k, unknowns x_0 ... x_5 stacked, solved as one system.
    noise = crlb.jerked(np.zeros((9, 9)), period, jerk)[::3, ::3]
    step = np.array([[1.0, period, period**2 / 2], [0.0, 1.0, period], [0.0, 0.0, 1.0]])
    whole = np.zeros((3 * looks, 3 * looks))
    whole[:3, :3] = np.diag(
        [crlb.POSITION_PRIOR_M**-2, crlb.VELOCITY_PRIOR_MPS**-2, crlb.ACCELERATION_PRIOR_MPS2**-2]
    )
    for k in range(looks):
        whole[3 * k, 3 * k] += sigma**-2
        if k:
            tie = np.zeros((3, 3 * looks))
            tie[:, 3 * k : 3 * k + 3], tie[:, 3 * k - 3 : 3 * k] = np.eye(3), -step
            whole += tie.T @ np.linalg.inv(noise) @ tie
    last = np.linalg.inv(whole)[-3:-1, -3:-1]
    ours = np.linalg.inv(found)
    assert ours[:2, :2] == pytest.approx(np.eye(2) * last[0, 0], rel=1e-4)
    assert ours[3, 3] == pytest.approx(last[1, 1], rel=1e-4)
    assert ours[0, 3] == pytest.approx(last[0, 1], rel=1e-4)


def test_white_jerk_makes_what_it_says() -> None:
    """Simulated: jerk held for 10 ms, density 2 m^2/s^5, three seconds."""
    density, dt, steps = 2.0, 0.01, 300
    jerks = np.random.default_rng(2).normal(0.0, np.sqrt(density / dt), (4_000, steps))
    accel = np.cumsum(jerks * dt, axis=1)
    speed = np.cumsum(accel * dt, axis=1)
    way = np.cumsum(speed * dt, axis=1)
    claimed = crlb.jerked(np.zeros((9, 9)), 3.0, density)[::3, ::3]
    simulated = np.cov(np.stack((way[:, -1], speed[:, -1], accel[:, -1])))
    assert simulated == pytest.approx(claimed, rel=0.12)


def test_bound_at_another_time_goes_through_the_flight() -> None:
    known, used = information(), TIMES < 40.0
    at_origin = crlb.origin_covariance(known, used)
    draws = np.random.default_rng(3).multivariate_normal(START, at_origin, 400)
    moved = flight.propagate_many(draws, 100.0)
    claimed = crlb.state_bound(known, used, 100.0)
    spread = np.cov(moved[:, :6].T)
    assert np.diag(spread) == pytest.approx(np.diag(claimed)[:6], rel=0.35)  # 400 draws: 7 % each, 5 sigmas


def test_impact_bound_slides_the_error_onto_the_ground() -> None:
    """With ln beta hardly uncertain: spread of the impacts of drawn states."""
    path = crlb.free_path(START, TIMES)
    rows = np.array([look(plot(RADAR), RADAR, state) for state in path.states])
    known, used = crlb.inform(path, rows, crlb.prior(1e-3)), TIMES < 60.0
    claimed, time_s, reachable_m = crlb.impact_bound(known, used, crlb.grounded(START, LN_BETA, 1e-3))
    draws = np.random.default_rng(4).multivariate_normal(START, crlb.origin_covariance(known, used), 400)
    ends = [flight.fall(x) for x in draws]
    lat, lon = np.radians(_place(flight.fall(START).x_impact7[:3]))
    places = np.array([end.x_impact7[:3] for end in ends]) - flight.fall(START).x_impact7[:3]
    spread = np.cov((enu_basis(float(lat), float(lon)) @ places.T)[:2])
    assert np.linalg.eigvalsh(spread) == pytest.approx(np.linalg.eigvalsh(claimed), rel=0.35)
    assert np.std([end.time_s for end in ends]) == pytest.approx(time_s, rel=0.2)
    assert reachable_m == pytest.approx(np.sqrt(np.trace(claimed)), rel=1e-3)  # nothing bends so near


def test_more_looks_never_hurt_and_the_prior_bounds_beta() -> None:
    known = information()
    ground = crlb.grounded(START, LN_BETA, SIGMA)
    sizes = [
        float(np.trace(crlb.impact_bound(known, t >= TIMES, ground)[0])) for t in (9.0, 30.0, 60.0, 520.0)
    ]
    assert sizes == sorted(sizes, reverse=True)
    early = crlb.origin_covariance(known, TIMES < 60.0)
    assert np.sqrt(early[6, 6]) == pytest.approx(SIGMA, rel=0.01)
    assert np.sqrt(crlb.origin_covariance(known, TIMES <= 520.0)[6, 6]) < 0.9 * SIGMA


def test_mean_partials_by_beta_are_the_slope_of_the_mean_impact() -> None:
    """E[dg/dtheta] = d E[g(theta + c)]/dc: the impact, averaged over the prior, by a shift of the prior."""
    partials = crlb.grounded(START, LN_BETA, SIGMA).partials
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)

    def mean_impact(shift: float) -> Array:
        falls = [flight.fall(np.append(START[:6], LN_BETA + shift + SIGMA * n), 5.0) for n in nodes]
        return np.asarray(np.average([f.x_impact7[:3] for f in falls], axis=0, weights=weights))

    lat, lon = np.radians(_place(flight.fall(START).x_impact7[:3]))
    slope = enu_basis(float(lat), float(lon)) @ (mean_impact(0.02) - mean_impact(-0.02)) / 0.04
    assert partials[:2, 6] == pytest.approx(slope[:2], rel=0.03, abs=5.0)


def test_what_can_be_reached_is_the_spread_of_impacts_over_the_prior_of_drag() -> None:
    """Nobody sees drag in space: a state known to the metre falls to where ln beta takes it, drawn here."""
    path = crlb.free_path(START, TIMES[:20])
    exact = np.zeros((20, 6, 7))
    exact[:, :, :6] = np.diag([0.1] * 3 + [1e2] * 3)
    known, used = crlb.inform(path, exact, crlb.prior(SIGMA)), np.ones(20, dtype=bool)
    drawn = [np.append(START[:6], b) for b in np.random.default_rng(5).normal(LN_BETA, SIGMA, 400)]
    places = np.array([flight.fall(x).x_impact7[:3] for x in drawn])
    spread_m = np.sqrt(np.sum(np.var(places, axis=0)))
    found = [crlb.impact_bound(known, used, crlb.grounded(x, LN_BETA, SIGMA)) for x in drawn]
    assert np.sqrt(np.mean([one.reachable_m**2 for one in found])) == pytest.approx(spread_m, rel=0.03)
    assert np.sqrt(np.mean([np.trace(one.covariance) for one in found])) < 0.9 * spread_m


def test_a_drag_that_looks_have_shown_can_be_reached_like_the_rest() -> None:
    path = crlb.free_path(START, TIMES[:2])
    exact = np.tile(np.diag([1.0, 1.0, 1.0, 1e2, 1e2, 1e2, 1e3]), (2, 1, 1))
    known, used = crlb.inform(path, exact, crlb.prior(SIGMA)), np.ones(2, dtype=bool)
    off = np.append(START[:6], LN_BETA + 2.0 * SIGMA)
    found = crlb.impact_bound(known, used, crlb.grounded(off, LN_BETA, SIGMA))
    assert found.reachable_m == pytest.approx(np.sqrt(np.trace(found.covariance)), rel=0.01)


def test_plots_without_elevation_have_no_look() -> None:
    flat = Plot("R", 1, Instant(1), RadarFix(1.0, 1.0))
    with pytest.raises(ValueError, match="no elevation"):
        look(flat, RADAR, START)


def _place(r: Array) -> tuple[float, float]:
    from tocsin.earth.frames import ecef_to_geodetic

    lat, lon, _ = ecef_to_geodetic(r)
    return float(np.degrees(lat)), float(np.degrees(lon))


def test_a_sensor_out_of_true_costs_what_nobody_knows_of_it() -> None:
    """n looks of one number with a common offset: sigma^2 / n + offset^2, and no offset is none."""
    n, sigma, offset = 50, 30.0, 12.0
    path = crlb.Path(np.zeros(7), np.arange(float(n)), np.zeros((n, 7)), np.tile(np.eye(7), (n, 1, 1)))
    rows = np.zeros((n, 4, 7))
    rows[:, 0, 0] = 1.0 / sigma
    aside = np.zeros((n, 4, 1))
    aside[:, 0, 0] = 1.0 / sigma
    every, start = np.ones(n, dtype=bool), crlb.prior(0.5)
    plain = crlb.origin_covariance(crlb.inform(path, rows, start), every)
    out = crlb.origin_covariance(crlb.inform(path, rows, start, aside, np.array([offset])), every)
    assert plain.shape == out.shape == (7, 7)
    assert plain[0, 0] == pytest.approx(sigma**2 / n, rel=1e-6)
    assert out[0, 0] == pytest.approx(sigma**2 / n + offset**2, rel=1e-6)
    none = crlb.origin_covariance(crlb.inform(path, rows, start, aside, np.array([1e-6])), every)
    assert none[0, 0] == pytest.approx(plain[0, 0], rel=1e-6)


def test_the_bound_of_a_hidden_bias_is_wider_than_without() -> None:
    whole = scenario_file.load("salvo-20km")
    flown = fly_all(whole.flights)[0]
    true = replace(whole, sensors=tuple(replace(spec, bias=None) for spec in whole.sensors))
    sizes = []
    for scenario in (true, whole):
        found = judge.bounds_of(frozenset({"JPN-R1"}), scenario, 1, flown, trial.PRIOR)
        assert found is not None
        used = np.ones(len(found.deliver_ns), dtype=bool)
        sizes.append(float(np.trace(crlb.state_bound(found.information, used, 100.0)[:3, :3])))
    assert sizes[1] > 2.0 * sizes[0]
