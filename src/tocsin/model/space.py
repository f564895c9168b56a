"""Places, states and regions; the frame is in the type, units are last in the name."""

from msgspec import Struct

from tocsin.model.time import Instant

STATE_SIZE = 7
"""x, y, z (m), vx, vy, vz (m/s) in ECEF (WGS-84, rotating), ln(beta / (kg/m^2))."""

TRIANGLE_SIZE = STATE_SIZE * (STATE_SIZE + 1) // 2


class Geodetic(Struct, frozen=True):
    """WGS-84 geodetic place; altitude above the ellipsoid."""

    lat_deg: float
    lon_deg: float
    alt_m: float = 0.0


class EcefState(Struct, frozen=True, forbid_unknown_fields=True):
    """An estimate at an epoch: `x` has STATE_SIZE numbers, `p` the upper triangle of their covariance, row-
    wise.
    """

    epoch_ns: Instant
    x: tuple[float, ...]
    p: tuple[float, ...]


class Ellipse95(Struct, frozen=True, forbid_unknown_fields=True):
    """95 % region on the ground: half axes and the bearing of the major one, clockwise from north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_rad: float
