"""What partners told us, as the hall keeps it: the newest of each source, replaced and never added up."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.product import Import
from tocsin.model.sensor import SensorWord
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Tracklet
from tocsin.node.hall_words import HallState

KEEP_NS = 15 * 60 * SECOND_NS
"""A source that said nothing for this long is no longer shown (a lofted coast hides an object for minutes).
"""

MOST_SOURCES = 4_096
"""Bound on what partners can make us keep; the newest stay."""


NEAR_NS = 2 * 3600 * SECOND_NS
"""A state further from now than this is not propagated: longer than any flight that does not go into orbit
(earth.flight.MAX_FALL_S), more than a clock that is an hour off, and short enough to compute.
"""


class Heard(NamedTuple):
    """Newest word of each partner's source, by `NATION/track-id`."""

    tracklets: dict[str, Tracklet]
    launches: dict[str, LaunchEvent]
    predictions: dict[str, SharedPrediction]
    sensors: dict[str, SensorWord]


def heard(state: HallState, imports: Sequence[Import], now: Instant) -> Heard:
    """The state's dictionaries with this step's imports in them; the same objects when nothing came."""
    products = [item.product for item in imports]
    return Heard(
        _newest(state.partners, (p for p in products if isinstance(p, Tracklet)), now),
        _newest(state.launches, (p for p in products if isinstance(p, LaunchEvent)), now),
        _newest(state.predictions, (p for p in products if isinstance(p, SharedPrediction)), now),
        _newest(state.partner_sensors, (p for p in products if isinstance(p, SensorWord)), now),
    )


def near(tracklets: Sequence[Tracklet], now: Instant) -> tuple[Tracklet, ...]:
    """Those whose states are of about now: what fusion may reckon with. Others are heard and shown only."""
    return tuple(
        row for row in tracklets if max(abs(now - row.state.epoch_ns), abs(now - row.last_ns)) <= NEAR_NS
    )


P = TypeVar("P", Tracklet, LaunchEvent, SharedPrediction, SensorWord)


def _newest(known: dict[str, P], arrived: Iterable[P], now: Instant) -> dict[str, P]:
    fresh = {key: row for key, row in known.items() if _lasts(row) or now - _spoken_ns(row) <= KEEP_NS}
    for row in arrived:
        key = f"{row.origin}/{row.track_id}"
        before = fresh.get(key)
        if before is None or row.sequence > before.sequence:
            fresh[key] = row
    if len(fresh) > MOST_SOURCES:
        newest = sorted(fresh, key=lambda key: (_spoken_ns(fresh[key]), key))[-MOST_SOURCES:]
        fresh = {key: fresh[key] for key in sorted(newest)}
    return fresh if fresh != known else known


def _lasts(row: Tracklet | LaunchEvent | SharedPrediction | SensorWord) -> bool:
    """A sensor's silence lasts until it speaks again, and tells how far its words have come after that."""
    return isinstance(row, SensorWord)


def _spoken_ns(row: Tracklet | LaunchEvent | SharedPrediction | SensorWord) -> Instant:
    match row:
        case Tracklet():
            return row.last_ns
        case LaunchEvent():
            return row.confirmed_ns
        case SharedPrediction():
            return row.made_ns
        case SensorWord():
            return row.since_ns
