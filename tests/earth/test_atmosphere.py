"""The density curve against rows of the U.S. Standard Atmosphere that are no knots, and its smoothness."""

import numpy as np
import pytest

from tocsin.earth.atmosphere import US76_ROWS, density, log_density

# Height (km), density (kg/m^3), NOAA-S/T 76-1562 tables I and VIII; none is a knot of the spline.
BETWEEN = (
    (0.5, 1.1673), (1.0, 1.1117), (3.0, 9.0925e-1), (5.0, 7.3643e-1), (11.0, 3.6480e-1), (15.0, 1.9476e-1),
    (77.0, 2.9448e-5), (92.0, 2.393e-6), (125.0, 1.291e-8), (170.0, 7.815e-10), (230.0, 1.029e-10),
    (350.0, 7.014e-12), (450.0, 1.184e-12), (550.0, 2.384e-13), (650.0, 5.712e-14), (750.0, 1.788e-14),
    (850.0, 7.824e-15), (950.0, 4.453e-15),
)  # fmt: skip


@pytest.mark.parametrize(("height_km", "published"), BETWEEN)
def test_rows_between_the_knots(height_km: float, published: float) -> None:
    assert density(height_km * 1e3) == pytest.approx(published, rel=0.01)


# The standard's definition below 86 km (section 1.2, table 4): geopotential base (m'), lapse rate (K/m').
LAYERS = (
    (0.0, -6.5e-3),
    (11e3, 0.0),
    (20e3, 1e-3),
    (32e3, 2.8e-3),
    (47e3, 0.0),
    (51e3, -2.8e-3),
    (71e3, -2e-3),
)
GAS_CONSTANT = 8314.32 / 28.9644  # J/(kg K)


def defined_density(height_m: float) -> float:
    """Density (kg/m^3) by the defining layers, hydrostatic in geopotential height."""
    geopotential = 6_356_766.0 * height_m / (6_356_766.0 + height_m)
    temperature, pressure = 288.15, 101_325.0
    for (base, lapse), (top, _) in zip(LAYERS, (*LAYERS[1:], (90e3, 0.0)), strict=True):
        rise = min(geopotential, top) - base
        warmer = temperature + lapse * rise
        exponent = 9.80665 / GAS_CONSTANT
        pressure *= (
            (temperature / warmer) ** (exponent / lapse) if lapse else np.exp(-exponent * rise / temperature)
        )
        temperature = warmer
        if geopotential <= top:
            break
    return float(pressure / (GAS_CONSTANT * temperature))


def test_below_86_km_it_is_the_standard_s_definition() -> None:
    for height_m in np.arange(0.0, 86e3, 250.0):
        assert density(height_m) == pytest.approx(defined_density(height_m), rel=0.012)


@pytest.mark.parametrize(("height_km", "published"), US76_ROWS)
def test_knots_are_met(height_km: float, published: float) -> None:
    assert density(height_km * 1e3) == pytest.approx(published, rel=1e-12)


def test_the_air_below_80_km_weighs_the_published_surface_pressure() -> None:
    # Hydrostatics, an outside check of the curve: 101,325 Pa = integral of g rho, g falling with height.
    height_m = np.linspace(0.0, 80e3, 8001)
    weight = (
        np.array([density(h) for h in height_m]) * 9.80665 * (6_356_766.0 / (6_356_766.0 + height_m)) ** 2
    )
    assert np.trapezoid(weight, height_m) == pytest.approx(101_325.0, rel=2e-4)


def test_it_falls_everywhere_and_its_slope_is_its_derivative() -> None:
    for height_m in np.concatenate((np.arange(-5e3, 1_200e3, 1_234.5), [0.0, 1_000e3])):
        value, slope = log_density(height_m)
        assert slope < 0.0
        around = (log_density(height_m + 1.0)[0] - log_density(height_m - 1.0)[0]) / 2.0
        assert slope == pytest.approx(around, rel=1e-4)
        assert density(height_m) == pytest.approx(np.exp(value), rel=1e-14)


def test_slope_and_curvature_have_no_jump_within_the_table() -> None:
    for height_km, _ in US76_ROWS[1:-1]:
        below, above = (log_density(1e3 * height_km + side)[1] for side in (-0.01, 0.01))
        further = log_density(1e3 * height_km + 0.03)[1]
        assert abs(above - below) < 1e-9
        assert abs((further - above) - (above - below)) < 1e-11


def test_nothing_is_left_above_the_table() -> None:
    assert 0.0 < density(2_000e3) < 1e-15
