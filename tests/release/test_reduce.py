"""Coarsened products tell less and stay honest: the widened covariance covers what was blurred."""

import numpy as np
import pymap3d
from exchange_samples import label, launch, plot, prediction, tracklet
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec.structs import replace
from pyproj import Geod

from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.label import Caveat, Nation
from tocsin.model.product import Product
from tocsin.model.space import STATE_SIZE, EcefState
from tocsin.model.time import Instant
from tocsin.model.track import RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.release.reduce import reduced
from tocsin.share.bounds import sound

COARSE = label(Nation.KOR, frozenset(Nation), Caveat.COARSEN)
UPPER = np.triu_indices(STATE_SIZE)
WGS84 = Geod(ellps="WGS84")


def square(p: tuple[float, ...]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    full = np.zeros((STATE_SIZE, STATE_SIZE))
    full[UPPER] = p
    return full + np.triu(full, 1).T


def test_without_the_caveat_nothing_changes() -> None:
    for one in (tracklet(Nation.KOR, 1), launch(Nation.KOR, 1), prediction(Nation.KOR, 1)):
        product: Product = one
        assert reduced(product) is product


def test_identity_and_acceleration_are_struck_out() -> None:
    fine = replace(tracklet(Nation.KOR, 1, COARSE, "HL1234"), accel_mps2=(1.0, 2.0, 3.0))
    coarse = reduced(fine)
    assert isinstance(coarse, Tracklet)
    assert coarse.identity is None
    assert coarse.accel_mps2 is None
    assert coarse.label == fine.label


@given(
    arrays(np.float64, (STATE_SIZE, STATE_SIZE), elements=st.floats(-300.0, 300.0)),
    st.lists(st.floats(-7e6, 7e6), min_size=STATE_SIZE, max_size=STATE_SIZE),
)
def test_covariance_covers_the_truth_and_what_was_moved(
    root: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", x: list[float]
) -> None:
    p = root @ root.T + np.eye(STATE_SIZE) * 1e-3
    fine = replace(
        tracklet(Nation.KOR, 1, COARSE), state=EcefState(fine_epoch(), tuple(x), tuple(p[UPPER].tolist()))
    )
    coarse = reduced(fine)
    assert isinstance(coarse, Tracklet)
    wide = square(coarse.state.p)
    smallest = np.linalg.eigvalsh(wide - p).min()
    assert smallest >= -1e-9 * np.abs(p).max()
    moved = np.array(coarse.state.x) - np.array(x)
    assert (moved**2 <= np.diag(wide) - np.diag(p)).all()


def fine_epoch() -> Instant:
    return tracklet(Nation.KOR, 1).state.epoch_ns


def test_two_near_objects_look_the_same() -> None:
    one, other = (
        replace(tracklet(Nation.KOR, 1, COARSE), state=replace(tracklet(Nation.KOR, 1).state, x=x))
        for x in (
            (1e6, 2e6, 3e6, 10.0, 20.0, 30.0, 9.0),
            (1e6 + 900.0, 2e6, 3e6 - 700.0, 12.0, 18.0, 31.0, 9.1),
        )
    )
    assert reduced(one) == reduced(other)


@given(st.floats(-89.0, 89.0), st.floats(-180.0, 180.0))
def test_blurred_place_lies_within_its_ellipse(lat_deg: float, lon_deg: float) -> None:
    fine = launch(Nation.KOR, 1, COARSE)
    fine = replace(fine, launch=replace(fine.launch, lat_deg=lat_deg, lon_deg=lon_deg))
    coarse = reduced(fine)
    assert isinstance(coarse, LaunchEvent)
    ellipse = coarse.launch.ellipse95
    moved_m = WGS84.inv(lon_deg, lat_deg, coarse.launch.lon_deg, coarse.launch.lat_deg)[2]
    assert moved_m + fine.launch.ellipse95.semi_major_m <= ellipse.semi_major_m
    assert ellipse.semi_major_m == ellipse.semi_minor_m


def test_prediction_loses_its_last_digits() -> None:
    fine = prediction(Nation.KOR, 1, COARSE)
    coarse = reduced(replace(fine, apogee_m=971_234.0))
    assert isinstance(coarse, SharedPrediction)
    assert coarse.apogee_m == 970_000.0
    assert coarse.impact.time_ns == fine.impact.time_ns


AZIMUTHS = st.floats(-np.pi, np.pi)


def seen_from(
    look: RadarLook, at: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> tuple[float, float, float]:
    """Azimuth, elevation and range by pymap3d of a place (ECEF) from where a look says its radar stands."""
    east, north, up = pymap3d.ecef2enu(*at, look.lat_deg, look.lon_deg, look.alt_m)
    az_deg, el_deg, range_m = pymap3d.enu2aer(east, north, up)
    return np.radians(az_deg), np.radians(el_deg), range_m


@given(
    st.floats(-75.0, 75.0), st.floats(-180.0, 180.0), st.floats(0.0, 3_000.0),
    AZIMUTHS, st.floats(0.0, 1.4), st.floats(30e3, 4e6),
)  # fmt: skip
def test_a_blurred_radar_look_stays_honest_about_where_the_object_was(
    lat_deg: float, lon_deg: float, alt_m: float, az_rad: float, el_rad: float, range_m: float
) -> None:
    """Seen from the blurred place, the object lies within two claimed sigmas of what the look says."""
    fine = RadarLook(lat_deg, lon_deg, alt_m, range_m, az_rad, el_rad, 10.0, 1e-3, 1e-3, -1_500.0, 2.0)
    at = np.array(pymap3d.aer2ecef(*np.degrees([az_rad, el_rad]), range_m, lat_deg, lon_deg, alt_m))
    product = reduced(replace(plot(Nation.KOR, 1, COARSE), look=fine))
    assert isinstance(product, SharedPlot)
    look = product.look
    assert isinstance(look, RadarLook)
    az, el, distance = seen_from(look, at)
    turn = (az - look.az_rad + np.pi) % (2.0 * np.pi) - np.pi
    assert abs(distance - look.range_m) < 2.0 * look.range_sigma_m
    assert abs(el - look.el_rad) < 2.0 * look.el_sigma_rad
    assert abs(turn) < 2.0 * look.az_sigma_rad
    assert look.range_rate_mps is None
    assert look.range_rate_sigma_mps is None
    assert sound(product)
    assert look.range_m / 10e3 == round(look.range_m / 10e3)
    assert look.alt_m / 10e3 == round(look.alt_m / 10e3)
    sigmas = (look.range_sigma_m, look.az_sigma_rad, look.el_sigma_rad)
    assert all(sigma == 4.0 or np.log2(sigma) == round(np.log2(sigma)) for sigma in sigmas)


@given(
    AZIMUTHS, st.floats(-1.5, 1.5), AZIMUTHS, st.floats(-1.5, 1.5), st.floats(7e6, 4e7), st.floats(100e3, 4e7)
)
def test_a_blurred_line_of_sight_stays_honest(
    lon: float, lat: float, az: float, el: float, radius_m: float, distance_m: float
) -> None:
    def unit(a: float, b: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])

    platform, sight = radius_m * unit(lon, lat), unit(az, el)
    (px, py, pz), (x, y, z) = platform.tolist(), sight.tolist()
    fine = SightLook((px, py, pz), (x, y, z), 1e-4)
    product = reduced(replace(plot(Nation.KOR, 1, COARSE), look=fine))
    assert isinstance(product, SharedPlot)
    look = product.look
    assert isinstance(look, SightLook)
    assert sound(product)
    towards = platform + distance_m * sight - np.array(look.from_ecef_m)
    cosine = float(towards @ look.unit) / float(np.linalg.norm(towards))
    assert np.arccos(np.clip(cosine, -1.0, 1.0)) < 2.0 * look.sigma_rad
    assert np.all(
        np.abs(np.array(look.from_ecef_m) / 10e3 - np.round(np.array(look.from_ecef_m) / 10e3)) < 1e-9
    )
