"""Objects that fly together, closer than the sensors can part: what is known of them as one."""

from msgspec import Struct

from tocsin.model.event import ImpactPointPrediction
from tocsin.model.space import EcefState
from tocsin.model.time import Instant


class Extent(Struct, frozen=True):
    """The ellipsoid that the objects fill: half axes over the ground, the bearing of the longer one
    (clockwise from north), half the height. It is that of objects spread evenly (`track.extent`), with what
    sensors err by taken off. `sigma_m`: one sigma of a half axis.
    """

    semi_major_m: float
    semi_minor_m: float
    azimuth_rad: float
    half_height_m: float
    sigma_m: float


class ObjectCount(Struct, frozen=True):
    """How many they are: the likeliest number, and an interval that holds the true one with 95 % if every
    object gives a plot of its own. Of objects closer than its resolution a radar shows one plot: then `low`
    is a bound, and the others are none. `looks`: of own radars that were counted; with none it rests on the
    number of tracks alone.
    """

    low: int
    likely: int
    high: int
    looks: int


class Group(Struct, frozen=True):
    """Fused tracks (`members`, ids) that move alike and cannot be told apart: which of them is which object
    is not known, and there may be more or fewer objects than tracks. `centre`: their middle and its
    covariance; `each`: any object of the group, the same state with what objects differ by in its
    covariance; `impact`: where and when that one comes down, with 95 %. `astray`: the share of a look's plots
    that go to a neighbour's track, expected.
    """

    id: str
    since_ns: Instant
    members: tuple[str, ...]
    count: ObjectCount
    centre: EcefState
    each: EcefState
    extent: Extent
    astray: float
    impact: ImpactPointPrediction | None = None
