"""Which products can be: physical bounds for every number, time and name that a partner's key may sign.

Folds square, invert and propagate what is let in here, so "finite" is not enough: one 1e300 from a partner
would end the hall again at every redelivery. The door asks the same before it seals: what partners must
refuse never takes a sequence. Bounds are wide of anything that flies; they are own choices where no source is
named.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import STATE_SIZE, TRIANGLE_SIZE, EcefState
from tocsin.model.time import SECOND_NS
from tocsin.model.track import RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.model.warning import SharedWarning

Numbers = NDArray[np.floating[Any]]
Verdicts = NDArray[np.bool_]

LOWEST_M, HIGHEST_M = 6.0e6, 1.0e8
"""From the Earth's centre: the polar radius is 6,356,752 m (WGS-84), geostationary 42,164,000 m."""

FASTEST_MPS = 2.0e4
"""Escape velocity is 11,186 m/s; ground-relative speed adds at most 465 m/s at the surface."""

LN_BETA = (-5.0, 60.0)
"""ln(beta / (kg/m^2)) from lighter than a feather to no drag at all (earth.flight: 50 is a vacuum)."""

WIDEST = (1.0e8,) * 3 + (1.0e5,) * 3 + (1.0e2,)
"""Largest standard deviations of a state: beyond them nothing is known at all."""

NARROWEST = 1.0e-6
"""Smallest standard deviation of any part of a state: below a micrometre an inverse is rounding error."""

LEAST_EIGENVALUE = 1.0e-9
"""Of a correlation matrix: below it an inverse has lost all digits (own tracks of the example scenarios: over
1e-3)."""

HARDEST_MPS2 = 2.0e3
"""Two hundred g: several times what any launcher stands."""

LARGEST_REGION_M = 2.0e7
"""Half the Earth's circumference."""

LONGEST_SIGMA_S = 1.0e5
"""A day, about."""

APOGEE_M = (-1.0e4, 1.0e8)

TURN_RAD = 6.283185307179587
"""Azimuths may be written from 0 to 2 pi or from -pi to pi."""

LAST_NS = 7_258_118_400 * SECOND_NS
"""2200-01-01T00:00:00Z. Times are the scenario's, which may be years from the wall clock's in an exercise;
all of them and their differences stay within 63 bits."""

MAX_SEQUENCE = 2**53
"""Whole numbers that every JSON reader keeps (RFC 8259, 6)."""

MAX_NAME = 64
MAX_IDENTITY = 256
"""Characters of a track id and of an identity; both are shown on screens, so none of them is invisible."""


SITE_M = (-2.0e4, 1.0e5)
"""Height of a radar above the ellipsoid, rounded to a grid of a policy or not: from below the Dead Sea to
where nothing stays."""

RANGE_M = (1.0, 2.0e8)
"""Twice the farthest place."""

SIGMA_M = (1.0e-3, 1.0e7)
SIGMA_RAD = (1.0e-9, 7.0)
SIGMA_MPS = (1.0e-4, 1.0e5)
"""Standard deviations of what a sensor measures: from better than any to knowing nothing."""

UNIT_SLACK = 1.0e-3
"""Of the squared length of a unit vector."""

MOST_AREAS = 200
"""Of one warning; first-level areas and sea areas of the three nations are 133."""

MOST_OBJECTS = 10_000
LONGEST_CODE = 16
"""Characters of an area's code."""


def sound(product: Product) -> bool:
    """True when every part of a product is something that can be: what folds may rely on."""
    return soundness((product,))[0]


def soundness(products: Sequence[Product]) -> list[bool]:
    """`sound` of each. Together, because the numbers of one product cost as much as a whole batch's."""
    found = [_sound_but_for_state(product) for product in products]
    at = [n for n, one in enumerate(products) if found[n] and isinstance(one, Tracklet)]
    states = [one.state for one in (products[n] for n in at) if isinstance(one, Tracklet)]
    for n, good in zip(at, _sound_states(states), strict=True):
        found[n] = good
    return found


def _sound_but_for_state(product: Product) -> bool:
    name = product.of_track if isinstance(product, SharedPlot) else product.track_id
    if not _named(name, product.sequence) or product.label.originators != {product.origin}:
        return False
    if isinstance(product, Tracklet):
        return _sound_tracklet(product)
    if isinstance(product, SensorWord):
        return _datable(product.since_ns)
    if isinstance(product, SharedWarning):
        return _sound_warning(product)
    if isinstance(product, SharedPlot):
        return _datable(product.time_ns) and _sound_look(product.look)
    place = product.launch if isinstance(product, LaunchEvent) else product.impact
    spoken_ns = product.confirmed_ns if isinstance(product, LaunchEvent) else product.made_ns
    apogee_m = 0.0 if isinstance(product, LaunchEvent) else product.apogee_m
    return _datable(spoken_ns) and within(apogee_m, *APOGEE_M) and _sound_place(place)


def within(value: float, low: float, high: float) -> bool:
    """True from `low` to `high`, both in it; never for NaN."""
    return low <= value <= high


def _named(track_id: str, sequence: int) -> bool:
    printable = track_id.isascii() and track_id.isprintable()
    return printable and within(len(track_id), 1, MAX_NAME) and within(sequence, 1, MAX_SEQUENCE)


def _datable(*times_ns: int) -> bool:
    return min(times_ns) >= 0 and max(times_ns) <= LAST_NS


def _sound_place(place: LaunchPointEstimate | ImpactPointPrediction) -> bool:
    region = place.ellipse95
    return _datable(place.time_ns) and all(
        (
            within(place.lat_deg, -90.0, 90.0),
            within(place.lon_deg, -360.0, 360.0),
            within(region.semi_major_m, 0.0, LARGEST_REGION_M),
            within(region.semi_minor_m, 0.0, region.semi_major_m),
            within(region.azimuth_rad, -TURN_RAD, TURN_RAD),
            within(place.time_sigma_s, 0.0, LONGEST_SIGMA_S),
        )
    )


def _sound_tracklet(one: Tracklet) -> bool:
    """All but the numbers of its state, whose count is right."""
    if not _datable(one.first_ns, one.last_ns, one.state.epoch_ns, one.burnout_ns or 0):
        return False
    if one.last_ns < one.first_ns:
        return False
    if one.identity is not None and not (one.identity.isprintable() and len(one.identity) <= MAX_IDENTITY):
        return False
    if len(one.state.x) != STATE_SIZE or len(one.state.p) != TRIANGLE_SIZE:
        return False
    return all(within(push, -HARDEST_MPS2, HARDEST_MPS2) for push in one.accel_mps2 or ())


def _sound_look(look: RadarLook | SightLook) -> bool:
    """A sensor that can stand there, and what it can measure, with errors that are some."""
    if isinstance(look, SightLook):
        squared = sum(part * part for part in look.unit)
        place_m2 = sum(part * part for part in look.from_ecef_m)
        seen = within(squared, 1.0 - UNIT_SLACK, 1.0 + UNIT_SLACK)
        return seen and within(place_m2, LOWEST_M**2, HIGHEST_M**2) and within(look.sigma_rad, *SIGMA_RAD)
    rated = look.range_rate_mps is not None
    if rated is not (look.range_rate_sigma_mps is not None):
        return False
    return all(
        (
            within(look.lat_deg, -90.0, 90.0),
            within(look.lon_deg, -360.0, 360.0),
            within(look.alt_m, *SITE_M),
            within(look.range_m, *RANGE_M),
            within(look.az_rad, -TURN_RAD, TURN_RAD),
            within(look.el_rad, -TURN_RAD / 4.0, TURN_RAD / 4.0),
            within(look.range_sigma_m, *SIGMA_M),
            within(look.az_sigma_rad, *SIGMA_RAD),
            within(look.el_sigma_rad, *SIGMA_RAD),
            within(look.range_rate_mps or 0.0, -2.0 * FASTEST_MPS, 2.0 * FASTEST_MPS),
            within(1.0 if look.range_rate_sigma_mps is None else look.range_rate_sigma_mps, *SIGMA_MPS),
        )
    )


def _sound_warning(one: SharedWarning) -> bool:
    codes = [row.area for row in one.areas]
    named = all(code.isascii() and code.isprintable() and 1 <= len(code) <= LONGEST_CODE for code in codes)
    counted = within(len(codes), 1, MOST_AREAS) and within(one.objects, 1, MOST_OBJECTS)
    times = (one.sent_ns, one.expires_ns, *(row.expected_ns for row in one.areas))
    return named and counted and _datable(*times) and one.sent_ns < one.expires_ns


def _sound_states(states: Sequence[EcefState]) -> list[bool]:
    """Whether each flies somewhere, and is known as well as anything can be."""
    if not states:
        return []
    x, p = np.array([one.x for one in states]), np.array([one.p for one in states])
    # Squared: numbers as large as 1e300 make infinity of it, which is beyond every bound as well.
    with np.errstate(over="ignore"):
        squares = x[:, :6] ** 2
        places_m2, speeds_m2ps2 = squares[:, :3].sum(axis=1), squares[:, 3:].sum(axis=1)
    good = _all_within(places_m2, LOWEST_M**2, HIGHEST_M**2) & (speeds_m2ps2 <= FASTEST_MPS**2)
    good &= _all_within(x[:, 6], *LN_BETA)
    good &= _all_within(p[:, _DIAGONAL], NARROWEST**2, _WIDEST_SQUARED).all(axis=1)
    good[good] = _positive(p[good])
    return [bool(one) for one in good]


def _all_within(values: Numbers, low: float, high: float | Numbers) -> Verdicts:
    """`within` of each."""
    return (low <= values) & (values <= high)


def _positive(triangles: Numbers) -> Verdicts:
    """Whether each makes a correlation matrix that is one. Their variances must be within bounds."""
    matrices = np.zeros((len(triangles), STATE_SIZE, STATE_SIZE))
    matrices[:, *_UPPER] = triangles
    scale = 1.0 / np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    with np.errstate(over="ignore"):
        matrices *= scale[:, :, None] * scale[:, None, :]
    finite = np.isfinite(matrices).all(axis=(1, 2))
    matrices[~finite] = 0.0  # singular: its least eigenvalue is out of bounds too
    least = np.linalg.eigvalsh(matrices, UPLO="U")[:, 0]
    return _all_within(least, LEAST_EIGENVALUE, STATE_SIZE)


def _diagonal() -> Iterator[int]:
    """Where the diagonal stands: row i of an upper triangle begins i * (2n - i + 1) / 2 numbers in."""
    return (row * (2 * STATE_SIZE - row + 1) // 2 for row in range(STATE_SIZE))


_UPPER = np.triu_indices(STATE_SIZE)
_DIAGONAL = list(_diagonal())
_WIDEST_SQUARED = np.square(WIDEST)
