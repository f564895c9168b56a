"""The notional climb against an independent integrator, and its own step."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tocsin.earth import flight
from tocsin.earth.frames import ecef_to_aer, enu_basis
from tocsin.sim import boost
from tocsin.sim.boost import GROWTH, LN_BETA, TURNED_PART, VERTICAL_PART, Program, climb, site

PROGRAM = Program(mean_mps2=45.0, tilt_along_rad=0.9, tilt_cross_rad=0.05, boost_s=140.0)
SITE = site(40.5, 126.5, 80.0)


def thrust(time_s: float) -> np.ndarray:
    """The program of the module's docstring, written down a second time."""
    part = time_s / PROGRAM.boost_s
    turn = np.clip((part - VERTICAL_PART) / (TURNED_PART - VERTICAL_PART), 0.0, 1.0)
    along, cross = np.array(PROGRAM[1:3]) * (3.0 * turn**2 - 2.0 * turn**3)
    tilt = np.hypot(along, cross)
    level = np.array([along, cross]) / tilt * np.sin(tilt) if tilt else np.zeros(2)
    strength = PROGRAM.mean_mps2 * (1.0 + GROWTH * (2.0 * part - 1.0))
    return np.asarray(strength * (level @ SITE.frame[:2] + np.cos(tilt) * SITE.frame[2]))


def test_burnout_agrees_with_an_independent_integrator() -> None:
    def rates(time_s: float, x: np.ndarray) -> np.ndarray:
        free = flight.derivative(np.append(x, LN_BETA))
        return np.concatenate((free[:3], free[3:] + thrust(time_s)))

    start = np.concatenate((SITE.r_m, np.zeros(3)))
    found = solve_ivp(rates, (0.0, 140.0), start, method="DOP853", rtol=1e-12, atol=1e-6, max_step=1.0)
    _, states = climb(SITE, PROGRAM)
    assert np.linalg.norm(states[-1, :3] - found.y[:3, -1]) < 0.01
    assert np.linalg.norm(states[-1, 3:6] - found.y[3:, -1]) < 1e-4


def test_halving_the_step_moves_burnout_by_less_than_a_millimetre(monkeypatch: pytest.MonkeyPatch) -> None:
    _, coarse = climb(SITE, PROGRAM)
    monkeypatch.setattr(boost, "STEP_S", boost.STEP_S / 2)
    _, fine = climb(SITE, PROGRAM)
    assert len(fine) > 1.9 * len(coarse)
    assert np.linalg.norm(fine[-1, :3] - coarse[-1, :3]) < 1e-3


def test_rows_are_consistent_states() -> None:
    times, states = climb(SITE, PROGRAM)
    assert times[0] == 0.0
    assert times[-1] == PROGRAM.boost_s
    step = times[1] - times[0]
    slope = (states[2:, :6] - states[:-2, :6]) / (2 * step)
    assert np.abs(slope - states[1:-1, 3:9]).max() < 0.05


def test_it_leaves_along_the_azimuth() -> None:
    _, states = climb(SITE, PROGRAM._replace(tilt_cross_rad=0.0))
    basis = enu_basis(np.radians(40.5), np.radians(126.5))
    _, azimuth, _ = ecef_to_aer(states[-1, :3], SITE.r_m, basis)
    assert np.degrees(azimuth) == pytest.approx(80.0, abs=1.5)  # the turning Earth bends it by about a degree
    _, straight = climb(SITE, PROGRAM._replace(tilt_along_rad=0.0, tilt_cross_rad=0.0))
    _, _, elevation = ecef_to_aer(straight[100, :3], SITE.r_m, basis)
    assert np.degrees(elevation) > 89.5
