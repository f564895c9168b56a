"""Which of two sources is a new launch, and not the old object seen again."""

import numpy as np
import pytest
from msgspec.structs import replace
from test_fuse import START, tracklet

from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.label import Nation
from tocsin.model.time import after
from tocsin.model.track import Phase, Tracklet
from tocsin.track import match

LAUNCH_RAD = (np.radians(40.5), np.radians(127.0))


def climbing(height_m: float, age_s: float, climb_mps: float = 800.0, phase: Phase = Phase.BOOST) -> Tracklet:
    """Above the launch site."""
    up = enu_basis(float(LAUNCH_RAD[0]), float(LAUNCH_RAD[1]))[2]
    place = geodetic_to_ecef(*LAUNCH_RAD, height_m)
    x = (*place.tolist(), *(climb_mps * up).tolist(), 8.7)
    one = tracklet(Nation.KOR, 1, 1, 0.0, phase=phase)
    return replace(one, state=replace(one.state, x=x, epoch_ns=after(START, age_s)))


OLD = climbing(60e3, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "reborn"),
    [
        (OLD, climbing(20e3, 11.0), True),
        (OLD, climbing(20e3, 9.0), False),  # two nations may be apart by so much about one
        (OLD, climbing(70e3, 11.0), False),  # higher: it went on
        (OLD, climbing(20e3, 11.0, climb_mps=-800.0), False),  # coming down
        (climbing(60e3, 0.0, climb_mps=-800.0), climbing(20e3, 11.0), False),
        (climbing(60e3, 0.0, phase=Phase.COAST), climbing(20e3, 11.0), False),
    ],
)
def test_what_climbs_later_from_lower_is_another_launch(old: Tracklet, new: Tracklet, reborn: bool) -> None:
    assert match._reborn(old, new) is reborn  # type: ignore[arg-type]
    assert match._reborn(new, old) is reborn  # type: ignore[arg-type]
