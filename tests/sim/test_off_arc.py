"""Manoeuvres, failures and noise of the truth: continuous, as large as asked, nothing before their time."""

import numpy as np
import pytest
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.sim.departures import disturbed
from tocsin.sim.scenario import Failure, Flight, Manoeuvre, Salvo
from tocsin.sim.scenario_file import load, parse, render
from tocsin.sim.truth import FlownFlight, fly, fly_all, with_noise


def flight() -> Flight:
    return load("near").flights[0]


def path(flown: FlownFlight, times_s: np.ndarray) -> np.ndarray:
    return flown.states(times_s)


def test_a_push_moves_it_by_half_a_t_squared_and_nothing_before() -> None:
    free = fly(flight())
    (pushed,) = fly_all((replace(flight(), manoeuvre=Manoeuvre(from_s=400.0, for_s=20.0, up_mps2=5.0)),))
    before = np.array([50.0, 110.0, 399.0])
    assert np.allclose(path(free, before), path(pushed, before), atol=1e-3)
    off = path(pushed, np.array([420.0])) - path(free, np.array([420.0]))
    assert np.linalg.norm(off[0, :3]) == pytest.approx(0.5 * 5.0 * 20.0**2, rel=0.03)
    assert np.linalg.norm(off[0, 3:]) == pytest.approx(100.0, rel=0.02)
    assert pushed.flight_time_s > free.flight_time_s


def test_pieces_part_from_one_place_at_the_asked_speed() -> None:
    pieces = fly_all((replace(flight(), failure=Failure(at_s=500.0, pieces=3, apart_mps=40.0)),))
    assert [piece.flight.object for piece in pieces] == ["A", "A-2", "A-3"]
    assert [piece.begins_s for piece in pieces] == [0.0, 500.0, 500.0]
    whole = path(fly(flight()), np.array([500.0, 510.0]))
    at = np.array([path(piece, np.array([500.0, 510.0])) for piece in pieces])
    assert np.allclose(at[:, 0, :3], whole[0, :3], atol=1e-3)
    assert np.linalg.norm(at[:, 1, :3] - whole[1, :3], axis=1) == pytest.approx(400.0, rel=0.02)
    assert np.allclose(at[:, 0, 3:].mean(axis=0), whole[0, 3:], atol=1e-6)


def test_what_vanishes_is_no_more() -> None:
    (gone,) = fly_all((replace(flight(), failure=Failure(at_s=300.0)),))
    assert gone.flight_time_s == 300.0
    with pytest.raises(ValueError, match="after impact"):
        gone.states(np.array([301.0]))


def test_noise_is_a_random_walk_of_its_density() -> None:
    """Velocity off the free path after 100 s over 24 draws: sqrt(q t) in each direction, and position
    sqrt(q t^3 / 3); gravity's gradient changes that by a few per cent.
    """
    free, density = fly(flight()), 0.04
    off = []
    for seed in range(24):
        noisy = with_noise(free, density, np.random.default_rng(seed))
        off.append(
            path(noisy, np.array([free.burnout_s + 100.0])) - path(free, np.array([free.burnout_s + 100.0]))
        )
    spread = np.sqrt(np.mean(np.array(off)[:, 0] ** 2, axis=0))
    assert np.sqrt(np.mean(spread[3:] ** 2)) == pytest.approx(np.sqrt(density * 100.0), rel=0.25)
    assert np.sqrt(np.mean(spread[:3] ** 2)) == pytest.approx(np.sqrt(density * 100.0**3 / 3.0), rel=0.25)
    nodes = disturbed(free.burnout7, density, np.random.default_rng(1))
    again = disturbed(free.burnout7, density, np.random.default_rng(1))
    assert np.array_equal(nodes.states, again.states)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"failure": Failure(at_s=20.0)}, "under power"),
        ({"manoeuvre": Manoeuvre(from_s=20.0, for_s=5.0)}, "under power"),
        ({"failure": Failure(at_s=300.0, pieces=1)}, "no failure"),
        ({"failure": Failure(at_s=300.0), "salvo": Salvo(count=3, spacing_km=1.0)}, "only one"),
    ],
)
def test_mistakes_are_named(wrong: dict[str, object], said: str) -> None:
    whole = load("near")
    mine = replace(whole, flights=(replace(whole.flights[0], **wrong),))
    with pytest.raises(UserError, match=said):
        parse(render(mine).encode(), "mine.toml")
