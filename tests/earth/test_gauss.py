import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, multivariate_normal

from tocsin.earth import gauss


def covariance(n: int, seed: int) -> gauss.Array:
    """A random covariance whose axes differ by powers of ten, as metres, metres per second and ln beta do."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-1, 4, n)
    half = rng.normal(size=(n, n)) + 2.0 * np.eye(n)
    return np.asarray((half @ half.T) * np.outer(scale, scale))


@given(st.integers(1, 9), st.floats(0.5, 0.999999))
def test_gate_is_the_quantile_of_chi_squared(dimension: int, probability: float) -> None:
    assert gauss.chi2_gate(dimension, probability) == pytest.approx(
        chi2.ppf(probability, dimension), rel=1e-9
    )


@given(st.integers(1, 7), st.integers(0, 10_000))
def test_mahalanobis_agrees_with_the_density_of_scipy(n: int, seed: int) -> None:
    p, residual = covariance(n, seed), np.random.default_rng(seed).normal(size=n)
    scale = np.sqrt(np.diag(p))
    normal = multivariate_normal(np.zeros(n), p / np.outer(scale, scale))
    expected = 2.0 * (normal.logpdf(np.zeros(n)) - normal.logpdf(residual))
    assert gauss.mahalanobis2(residual * scale, p) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_fusion_is_least_squares_in_any_order(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    estimates = [(rng.normal(size=n), covariance(n, seed + i)) for i in range(3)]
    x, p = gauss.information_fuse(estimates)
    whitening = [np.linalg.inv(np.linalg.cholesky(p_i)) for _, p_i in estimates]
    expected = np.linalg.lstsq(
        np.vstack(whitening),
        np.concatenate([w @ x_i for w, (x_i, _) in zip(whitening, estimates, strict=True)]),
    )[0]
    sigma = np.sqrt(np.diag(p))
    np.testing.assert_allclose((x - expected) / sigma, 0.0, atol=1e-6)
    again, _ = gauss.information_fuse(estimates[::-1])
    np.testing.assert_allclose((x - again) / sigma, 0.0, atol=1e-9)


def test_fusing_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        gauss.information_fuse([])


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_covariance_intersection_is_never_overconfident(n: int, seed: int) -> None:
    # For any correlation of the two errors the true covariance of the result stays below the stated one.
    rng = np.random.default_rng(seed)
    pa, pb = covariance(n, seed), covariance(n, seed + 1)
    _, p, weight = gauss.covariance_intersection((np.zeros(n), pa), (np.ones(n), pb))
    assert 0.0 <= weight <= 1.0
    ka, kb = weight * p @ np.linalg.inv(pa), (1.0 - weight) * p @ np.linalg.inv(pb)
    rotation, _ = np.linalg.qr(rng.normal(size=(n, n)))
    cross = rng.uniform(-1, 1) * np.linalg.cholesky(pa) @ rotation @ np.linalg.cholesky(pb).T
    true = ka @ pa @ ka.T + kb @ pb @ kb.T + ka @ cross @ kb.T + kb @ cross.T @ ka.T
    sigma = np.sqrt(np.diag(p))
    assert np.linalg.eigvalsh((p - true) / np.outer(sigma, sigma)).min() > -1e-6


def test_covariance_intersection_of_one_with_itself_changes_nothing() -> None:
    x, p = np.arange(3.0), covariance(3, 5)
    fused, p_fused, _ = gauss.covariance_intersection((x, p), (x, p))
    np.testing.assert_allclose(fused, x, atol=1e-9)
    np.testing.assert_allclose(p_fused, p, rtol=1e-9)


def test_nearest_psd_mends_only_what_is_broken() -> None:
    good = covariance(4, 1)
    np.testing.assert_allclose(gauss.nearest_psd(good), good)
    broken = np.diag([4.0, -1.0, 2.0]) + np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    mended = gauss.nearest_psd(broken, floor=0.5)
    np.testing.assert_allclose(mended, mended.T)
    assert np.linalg.eigvalsh(mended).min() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("azimuth_deg", "major", "minor"), [(0, 3, 1), (30, 5, 2), (90, 8, 1), (150, 2, 1.5)]
)
def test_ellipse_recovers_axes_and_azimuth(azimuth_deg: float, major: float, minor: float) -> None:
    azimuth = np.radians(azimuth_deg)
    along = np.array([np.sin(azimuth), np.cos(azimuth)])
    across = np.array([np.cos(azimuth), -np.sin(azimuth)])
    p = major**2 * np.outer(along, along) + minor**2 * np.outer(across, across)
    semi_major, semi_minor, found = gauss.ellipse95(p)
    assert (semi_major, semi_minor) == pytest.approx((major * 5.991**0.5, minor * 5.991**0.5), rel=1e-4)
    assert abs((found - azimuth + np.pi / 2) % np.pi - np.pi / 2) < 1e-9


def test_ellipse_holds_95_percent_of_draws() -> None:
    p = np.array([[9e6, -5e6], [-5e6, 4e6]])
    draws = np.random.default_rng(3).multivariate_normal(np.zeros(2), p, 20_000)
    major, minor, azimuth = gauss.ellipse95(p)
    along = draws @ [np.sin(azimuth), np.cos(azimuth)]
    across = draws @ [np.cos(azimuth), -np.sin(azimuth)]
    inside = np.mean((along / major) ** 2 + (across / minor) ** 2 <= 1.0)
    assert inside == pytest.approx(0.95, abs=0.005)
