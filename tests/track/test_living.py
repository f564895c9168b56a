"""What the passing of time makes of a track: seen, missed, gone, down."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.earth.flight import fall, propagate
from tocsin.earth.frames import ecef_to_geodetic, enu_basis, geodetic_to_ecef
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.batch import LN_BETA_MEAN
from tocsin.track.life import AFTER_IMPACT_S, NEAR_GROUND_M, UNKNOWN_KEPT_S, UNSEEN_THRUST_S
from tocsin.track.living import lived
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, packed

BASE = Instant(1_664_835_600_000_000_000)
HEAD_S = 100.0
PERIODS_S = (1.0, 5.0)


def falling(height_m: float = 150e3) -> np.ndarray:
    """A state (7,) that comes down within minutes."""
    place = geodetic_to_ecef(np.radians(40.0), np.radians(140.0), height_m)
    basis = enu_basis(float(np.radians(40.0)), float(np.radians(140.0)))
    return np.concatenate((place, basis.T @ np.array([1500.0, 500.0, -1200.0]), (LN_BETA_MEAN,)))


def record(life: Life, phase: Phase = Phase.COAST, x: np.ndarray | None = None) -> Record:
    """One that was seen last at HEAD_S, by a sensor that looks every second."""
    return Record(
        number=1 if life is not Life.TENTATIVE else 0,
        life=life,
        phase=phase,
        kind=ObjectClass.BALLISTIC,
        first_ns=BASE,
        last_ns=after(BASE, HEAD_S),
        plots=2,
        sensors=(0,),
        rows=b"",
        head_s=HEAD_S,
        head=packed(Gaussian(falling() if x is None else x, np.eye(7))),
        confirmed_ns=BASE,
    )


def life_after(one: Record, unseen_s: float) -> Life:
    return lived(one, after(BASE, HEAD_S + unseen_s), PERIODS_S, BASE).life


@pytest.mark.parametrize(
    ("sensors", "limit_s"), [((0,), 8.0), ((0, 1), 20.0)], ids=["a fast radar", "with a slow one"]
)
def test_who_misses_its_looks_coasts_and_is_confirmed_when_seen(
    sensors: tuple[int, ...], limit_s: float
) -> None:
    """After four looks of the slowest sensor that saw it, and no sooner than after eight seconds."""
    high = falling(1_000e3)
    one = replace(record(Life.CONFIRMED, x=high), sensors=sensors)
    assert life_after(one, limit_s - 0.1) is Life.CONFIRMED
    assert life_after(one, limit_s + 0.1) is Life.COASTING
    assert life_after(replace(one, life=Life.COASTING), limit_s - 0.1) is Life.CONFIRMED
    assert life_after(replace(one, life=Life.COASTING), limit_s + 0.1) is Life.COASTING


@pytest.mark.parametrize(("sensor", "limit_s"), [(0, 5.0), (1, 15.0)])
def test_a_tentative_one_is_forgotten_soon(sensor: int, limit_s: float) -> None:
    one = replace(record(Life.TENTATIVE), sensors=(sensor,))
    assert life_after(one, limit_s - 0.1) is Life.TENTATIVE
    assert life_after(one, limit_s + 0.1) is Life.LOST


def test_who_is_down_by_prediction_is_lost_a_while_after() -> None:
    down_s = fall(falling()).time_s
    one = record(Life.COASTING)
    assert life_after(one, down_s + AFTER_IMPACT_S - 0.1) is Life.COASTING
    assert life_after(one, down_s + AFTER_IMPACT_S + 0.1) is Life.LOST
    powered = replace(one, phase=Phase.BOOST)
    assert life_after(powered, down_s + UNSEEN_THRUST_S - 0.1) is Life.COASTING
    assert life_after(powered, down_s + UNSEEN_THRUST_S + 0.1) is Life.LOST


@pytest.mark.parametrize("phase", [Phase.UNKNOWN, Phase.BOOST])
def test_without_a_known_coast_nobody_knows_where_it_is_after_a_while(phase: Phase) -> None:
    up = falling(2_000e3)
    up[3:6] *= -1.0  # for long: it climbs
    one = record(Life.COASTING, phase, up)
    assert life_after(one, UNKNOWN_KEPT_S - 0.1) is Life.COASTING
    assert life_after(one, UNKNOWN_KEPT_S + 0.1) is Life.LOST
    assert life_after(replace(one, phase=Phase.COAST), UNKNOWN_KEPT_S + 0.1) is Life.COASTING


@pytest.mark.parametrize(("height_m", "life"), [(0.9, Life.IMPACTED), (1.1, Life.COASTING)])
def test_only_who_was_followed_down_has_impacted(height_m: float, life: Life) -> None:
    """Under NEAR_GROUND_M; not before the rest of its flight is over."""
    x = falling()
    while ecef_to_geodetic(x[:3])[2] > height_m * NEAR_GROUND_M:
        x = propagate(x, 0.25)
    one = record(Life.COASTING, x=x)
    down_s = fall(x).time_s
    assert life_after(replace(one, down_ns=after(BASE, HEAD_S + down_s)), down_s - 0.1) is not Life.IMPACTED
    assert life_after(one, down_s + 4.0) is life
    assert life_after(replace(one, phase=Phase.BOOST), down_s + 4.0) is not Life.IMPACTED


def test_when_it_comes_down_is_predicted_once_and_only_unseen() -> None:
    one = record(Life.CONFIRMED)
    assert lived(one, after(BASE, HEAD_S + 2.9), PERIODS_S, BASE).down_ns is None
    found = lived(one, after(BASE, HEAD_S + 3.1), PERIODS_S, BASE).down_ns
    assert found == after(BASE, HEAD_S + fall(falling()).time_s)
    held = replace(one, down_ns=after(BASE, 1e4))
    assert lived(held, after(BASE, HEAD_S + 3.1), PERIODS_S, BASE).down_ns == held.down_ns


def test_what_never_comes_down_is_predicted_nowhere() -> None:
    away = falling(1_000e3)
    away[3:6] *= -8.0
    assert lived(record(Life.CONFIRMED, x=away), after(BASE, HEAD_S + 4.0), PERIODS_S, BASE).down_ns is None


def test_it_is_confirmed_once() -> None:
    now = after(BASE, HEAD_S + 1.0)
    again = record(Life.COASTING)
    assert lived(again, now, PERIODS_S, BASE).confirmed_ns == BASE
    first = replace(record(Life.CONFIRMED), confirmed_ns=None)
    assert lived(first, now, PERIODS_S, BASE).confirmed_ns == now
