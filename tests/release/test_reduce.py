"""Coarsened products tell less and stay honest: the widened covariance covers what was blurred."""

import numpy as np
from exchange_samples import label, launch, prediction, tracklet
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
from tocsin.model.track import Tracklet
from tocsin.release.reduce import reduced

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
