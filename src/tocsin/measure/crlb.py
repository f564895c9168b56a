"""The posterior Cramer-Rao bound: how well anybody could know an object's state and impact from these looks.

Free flight has no process noise here, so all information is carried to one instant, the origin (burnout),
by the state-transition matrix along the true path and added there:
J = J0 + sum_k Phi_k' H_k' R_k^-1 H_k Phi_k.
The covariance bound J^-1 at the origin is moved to any other instant, or onto the ground, by the same
matrices. J0 holds the prior of ln beta (and a position and velocity prior so wide that it says nothing, to
keep J regular), and what was known at burnout from looks under power.

Looks under power: the stated model is a constant acceleration with white jerk of spectral density
JERK_M2_S5, burnout time and state known to be continuous: only position and velocity pass over to the
coast. The bound of that linear model is Tichavsky's recursion (IEEE Trans. Signal Process. 46(5), 1998),
J' = (Q + F J^-1 F')^-1 + H' R^-1 H; it is a bound for this model, not for every motor.

The looks are those that were really made (detections of one run), so the bound is that of the run, and an
estimator is compared with the mean of its runs' bounds.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.earth.flight import Fall, fall, propagate_stm
from tocsin.earth.frames import ecef_to_geodetic, enu_basis
from tocsin.earth.gauss import invert, symmetrise

Array = NDArray[np.float64]

JERK_M2_S5: Final = 1.0  # ours, notional: 1 m/s^3 for a second; the simulated climbs turn at up to 0.8 m/s^3
POSITION_PRIOR_M: Final = 1e7
VELOCITY_PRIOR_MPS: Final = 2e4
ACCELERATION_PRIOR_MPS2: Final = 50.0
STEP_S: Final = 5.0
GROUND_NODES: Final = 7


class Path(NamedTuple):
    """A free flight through `times_s` (n,) after its origin x7: states (n, 7), transitions (n, 7, 7)."""

    origin7: Array
    times_s: Array
    states: Array
    phi: Array


class Information(NamedTuple):
    """Of every look, seen from the origin (n, k, k), in the order of the path's times; k is 7 and so many
    numbers as sensors' constant errors are not known.
    """

    path: Path
    by_look: Array
    prior: Array


def prior(ln_beta_sigma: float, powered: Array | None = None) -> Array:
    """J0 (7, 7): ln beta by its prior, position and velocity by what looks under power gave (6, 6) or hardly
    anything.
    """
    start = np.diag([POSITION_PRIOR_M**-2] * 3 + [VELOCITY_PRIOR_MPS**-2] * 3 + [ln_beta_sigma**-2])
    if powered is not None:
        start[:6, :6] = powered
    return start


def free_path(origin7: Array, times_s: Array) -> Path:
    """Fly from the origin through rising `times_s` (n,)."""
    states, phis = np.empty((len(times_s), 7)), np.empty((len(times_s), 7, 7))
    x, phi, now_s = origin7.copy(), np.eye(7), 0.0
    for n, time_s in enumerate(times_s):
        if time_s != now_s:
            x, part = propagate_stm(x, float(time_s) - now_s, STEP_S)
            phi, now_s = part @ phi, float(time_s)
        states[n], phis[n] = x, phi
    return Path(origin7, times_s, states, phis)


def inform(
    path: Path, whitened: Array, start: Array, offsets: Array | None = None, offset_sigma: Array | None = None
) -> Information:
    """Information of whitened partials (n, m, 7) made along the path.

    `offsets` (n, m, b): whitened partials by b constant errors of sensors that nobody knows (nuisance
    parameters), with prior sigmas (b,). What the looks say of them costs what they could say of the state.
    """
    if offsets is None or offset_sigma is None or not len(offset_sigma):
        return Information(path, per_look(path.phi, whitened), start)
    seen = np.concatenate((whitened @ path.phi, offsets), axis=2)
    whole = np.zeros((7 + len(offset_sigma),) * 2)
    whole[:7, :7] = start
    whole[7:, 7:] = np.diag(offset_sigma**-2.0)
    return Information(path, np.asarray(np.swapaxes(seen, 1, 2) @ seen), whole)


def per_look(phi: Array, whitened: Array) -> Array:
    """(W Phi)' (W Phi) of every look (n, k, k): transitions (n, k, k), whitened partials (n, m, k)."""
    seen = whitened @ phi
    return np.asarray(np.swapaxes(seen, 1, 2) @ seen)


def origin_covariance(information: Information, used: NDArray[np.bool_]) -> Array:
    """Bound (7, 7) at the origin from the looks in `used` (n,)."""
    return np.asarray(invert(information.prior + information.by_look[used].sum(axis=0))[:7, :7])


def state_bound(information: Information, used: NDArray[np.bool_], time_s: float) -> Array:
    """Bound (7, 7) at `time_s` after the origin."""
    _, phi = propagate_stm(information.path.origin7, time_s, STEP_S)
    return symmetrise(phi @ origin_covariance(information, used) @ phi.T)


class Ground(NamedTuple):
    """What a true flight's impact makes of the state at its origin. `partials` (3, 7): impact's east, north
    (m) and time (s) by that state, averaged over the prior of ln beta. `drag_off_m`: from the impact of the
    mean drag, averaged likewise, to the true one; `ln_beta_sigma`: of that prior.
    """

    partials: Array
    drag_off_m: float
    ln_beta_sigma: float


def grounded(origin7: Array, ln_beta_mean: float, ln_beta_sigma: float) -> Ground:
    """Of a true state at the origin and the estimators' prior of ln beta (Gauss-Hermite, GROUND_NODES).

    Averaged, because drag makes the impact a bent function of ln beta: the bound of a function g of a random
    state is E[G] J^-1 E[G]' (van Trees 1968, section 2.4). ValueError when a fall reaches no ground.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(GROUND_NODES)
    weights /= weights.sum()
    ends = [fall(np.append(origin7[:6], ln_beta_mean + ln_beta_sigma * node), STEP_S) for node in nodes]
    partials = np.einsum("n,nij->ij", weights, [slid(end) for end in ends])
    mean = weights @ [end.x_impact7[:3] for end in ends]
    off = fall(origin7, STEP_S).x_impact7[:3] - mean
    return Ground(partials, float(np.linalg.norm(off)), ln_beta_sigma)


def slid(end: Fall) -> Array:
    """The same of one fall: an error at the nominal time slides along the velocity onto the ground."""
    if not end.hit:
        raise ValueError("no impact: the flight did not reach the ground")
    lat, lon, _ = ecef_to_geodetic(end.x_impact7[:3])
    basis = enu_basis(float(lat), float(lon))
    velocity, error = basis @ end.x_impact7[3:6], basis @ end.phi[:3]
    time = -error[2] / velocity[2]
    return np.vstack((error[:2] + np.outer(velocity[:2], time), time))


class ImpactBound(NamedTuple):
    """Bound of the impact point (2, 2) in m^2 and of its time; `reachable_m`: what one errs by in this very
    flight (RMS over looks) who knows the state as well as the bound, of the drag no more than the looks and
    the prior, and says the mean impact.
    """

    covariance: Array
    time_s: float
    reachable_m: float


def impact_bound(information: Information, used: NDArray[np.bool_], ground: Ground) -> ImpactBound:
    """Of the looks in `used` (n,).

    The bound is reached by straight functions only. Far from the air no look says anything of ln beta, and
    the least mean square anybody reaches is the variance of the impact over its prior, which is half as much
    again or more: so the straight part of ln beta is taken out, and the true flight's own distance put in.
    """
    known = origin_covariance(information, used)
    whole = symmetrise(ground.partials @ known @ ground.partials.T)
    straight_m2 = known[6, 6] * float(np.sum(ground.partials[:2, 6] ** 2))
    drag_m2 = known[6, 6] / ground.ln_beta_sigma**2 * ground.drag_off_m**2
    reachable_m2 = float(np.trace(whole[:2, :2])) - straight_m2 + drag_m2
    return ImpactBound(whole[:2, :2], float(np.sqrt(whole[2, 2])), float(np.sqrt(reachable_m2)))


def powered_information(
    times_s: Array, whitened: Array, burnout_s: float, jerk_m2_s5: float = JERK_M2_S5
) -> Array:
    """Information (6, 6) on position and velocity at burnout from looks (n, m, 7) under power at rising
    times (n,), by the stated model.
    """
    covariance = np.diag(
        np.repeat([POSITION_PRIOR_M**2, VELOCITY_PRIOR_MPS**2, ACCELERATION_PRIOR_MPS2**2], 3)
    )
    now_s = float(times_s[0]) if len(times_s) else burnout_s
    for time_s, rows in zip(times_s, whitened, strict=True):
        covariance = jerked(covariance, float(time_s) - now_s, jerk_m2_s5)
        seen = np.zeros((len(rows), 9))
        seen[:, :6] = rows[:, :6]
        covariance = invert(invert(covariance) + seen.T @ seen)
        now_s = float(time_s)
    return invert(jerked(covariance, burnout_s - now_s, jerk_m2_s5)[:6, :6])


def jerked(covariance: Array, dt_s: float, jerk_m2_s5: float) -> Array:
    """A covariance (9, 9) of position, velocity and acceleration, `dt_s` later under white jerk."""
    one, s = np.eye(3), dt_s
    phi = np.kron(np.array([[1.0, s, s * s / 2.0], [0.0, 1.0, s], [0.0, 0.0, 1.0]]), one)
    noise = np.array(
        [
            [s**5 / 20.0, s**4 / 8.0, s**3 / 6.0],
            [s**4 / 8.0, s**3 / 3.0, s * s / 2.0],
            [s**3 / 6.0, s * s / 2.0, s],
        ]
    )
    return symmetrise(phi @ covariance @ phi.T + jerk_m2_s5 * np.kron(noise, one))
