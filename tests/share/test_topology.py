"""Who is linked, who dials, which ways there are: for every hub and mode."""

from __future__ import annotations

import itertools

import pytest

from tocsin.model.label import Nation
from tocsin.share.topology import Mode, Route, Topology

SHAPES = [Topology(mode, hub) for mode in Mode for hub in Nation]
PAIRS = list(itertools.permutations(Nation, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_link_is_dialled_by_exactly_one_end_and_never_by_the_hub(shape: Topology) -> None:
    for one, other in PAIRS:
        assert shape.dials(one, other) + shape.dials(other, one) == shape.linked(one, other)
        assert not shape.dials(shape.hub, other)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pair_has_a_route_over_links_that_exist(shape: Topology) -> None:
    for origin, recipient in PAIRS:
        routes = shape.routes(origin, recipient)
        assert routes
        for route in routes:
            via = shape.via(recipient, route)
            assert shape.linked(origin, via)
            assert via is recipient or shape.linked(via, recipient)


def test_the_three_shapes_as_the_design_names_them() -> None:
    korea_japan = {mode: Topology(mode).routes(Nation.KOR, Nation.JPN) for mode in Mode}
    assert korea_japan == {
        Mode.HUB: (Route.HUB,),
        Mode.MESH: (Route.DIRECT,),
        Mode.BOTH: (Route.DIRECT, Route.HUB),
    }
    assert Topology().links(Nation.USA) == (Nation.KOR, Nation.JPN)
    assert Topology(Mode.HUB).links(Nation.KOR) == (Nation.USA,)
    assert [n for n in Nation if Topology(Mode.MESH).relays(n)] == []
    assert Topology().routes(Nation.KOR, Nation.KOR) == ()
