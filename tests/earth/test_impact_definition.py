"""Drag and impact against an independent way: the air by the U.S. Standard Atmosphere's defining layers
(NOAA-S/T 76-1562, section 1.2, table 4) instead of its table of densities, scipy's DOP853 instead of our
integrator, the potential's gradient by heyoka's symbolic derivatives, heights by pymap3d.
"""

import numpy as np
import pytest
import zonal_truth
from scipy.integrate import solve_ivp
from test_atmosphere import defined_density

from tocsin.earth import flight
from tocsin.earth.frames import enu_basis, geodetic_to_ecef

TOP_M = 86e3  # of the definition; what drag there is above moves these impacts by less than a metre


def start(speed: float, climb_deg: float, ln_beta: float) -> np.ndarray:
    lat, lon, climb = np.radians([40.0, 128.0, climb_deg])
    basis = enu_basis(float(lat), float(lon))
    level = np.sin(1.4) * basis[0] + np.cos(1.4) * basis[1]
    velocity = speed * (np.cos(climb) * level + np.sin(climb) * basis[2])
    return np.concatenate((geodetic_to_ecef(lat, lon, 100e3), velocity, [ln_beta]))


def other_way(x7: np.ndarray) -> tuple[float, np.ndarray]:
    """Time and place of the impact."""

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        r_m, v = y[:3], y[3:]
        pull = np.asarray(zonal_truth.derivatives()(np.ascontiguousarray(r_m)))[1:4]
        high = zonal_truth.height(t, y)
        density = defined_density(max(high, 0.0)) if high < TOP_M else 0.0
        drag = 0.5 * density * np.exp(-x7[6]) * np.linalg.norm(v) * v
        turning = 2 * np.cross(zonal_truth.SPIN, v) + np.cross(
            zonal_truth.SPIN, np.cross(zonal_truth.SPIN, r_m)
        )
        return np.concatenate((v, pull - turning - drag))

    def ground(t: float, y: np.ndarray) -> float:
        return zonal_truth.height(t, y)

    ground.terminal, ground.direction = True, -1  # type: ignore[attr-defined]
    run = solve_ivp(rate, (0.0, 5e3), x7[:6], method="DOP853", rtol=1e-9, atol=1e-4, events=ground)
    assert run.t_events is not None
    assert run.y_events is not None
    return float(run.t_events[0][0]), np.asarray(run.y_events[0][0][:3])


@pytest.mark.parametrize(
    ("speed", "climb_deg", "beta"),
    [(3_000.0, 25.0, 3_000.0), (2_000.0, 20.0, 3_000.0), (4_500.0, 25.0, 6_000.0)],
)
def test_impact_with_drag_is_the_same_to_a_hundredth_of_what_drag_does(
    speed: float, climb_deg: float, beta: float
) -> None:
    """The two atmospheres differ by up to 1.2 % between the table's rows, so impacts may by as much of the
    way that drag takes from the range.
    """
    x7 = start(speed, climb_deg, float(np.log(beta)))
    ours = flight.fall(x7)
    vacuum = flight.fall(np.append(x7[:6], flight.VACUUM_LN_BETA))
    time_s, place = other_way(x7)
    drag_m = float(np.linalg.norm(vacuum.x_impact7[:3] - ours.x_impact7[:3]))
    assert drag_m > 500.0
    assert np.linalg.norm(ours.x_impact7[:3] - place) < 0.012 * drag_m
    assert abs(ours.time_s - time_s) < 0.1
