"""What partners told us, as the hall keeps it: the newest of each source, replaced and never added up."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.product import Import
from tocsin.model.sensor import SensorWord
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Tracklet
from tocsin.model.warning import MsgType, PartnerWarning, SharedWarning, Standing
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


REMEMBER_NS = 6 * 3600 * SECOND_NS
"""A warning that is over is known for so long: no message of it is in force longer, and cuts are shorter."""

SETTLE_NS = 3 * SECOND_NS
"""A late warning is shown as late for so long: what lay behind a cut comes within it (docs/benchmarks.md,
urgent in a flood: 0.2 s)."""


class Heard(NamedTuple):
    """Newest word of each partner's source, by `NATION/track-id`."""

    tracklets: dict[str, Tracklet]
    launches: dict[str, LaunchEvent]
    predictions: dict[str, SharedPrediction]
    sensors: dict[str, SensorWord]
    warnings: dict[str, PartnerWarning]


def heard(state: HallState, imports: Sequence[Import], now: Instant) -> Heard:
    """The state's dictionaries with this step's imports in them; the same objects when nothing came."""
    products = [item.product for item in imports]
    return Heard(
        _newest(state.partners, (p for p in products if isinstance(p, Tracklet)), now),
        _newest(state.launches, (p for p in products if isinstance(p, LaunchEvent)), now),
        _newest(state.predictions, (p for p in products if isinstance(p, SharedPrediction)), now),
        _newest(state.partner_sensors, (p for p in products if isinstance(p, SensorWord)), now),
        _warnings(state.warnings, imports, now),
    )


def near(tracklets: Sequence[Tracklet], now: Instant) -> tuple[Tracklet, ...]:
    """Those whose states are of about now: what fusion may reckon with. Others are heard and shown only."""
    return tuple(
        row for row in tracklets if max(abs(now - row.state.epoch_ns), abs(now - row.last_ns)) <= NEAR_NS
    )


def _warnings(
    known: dict[str, PartnerWarning], imports: Sequence[Import], now: Instant
) -> dict[str, PartnerWarning]:
    """The highest serial of each warning, whatever the order of arrival; what is over is remembered, so that
    an alert that comes after its end is not taken for a new one.
    """
    fresh = {key: row for key, row in known.items() if now - row.warning.expires_ns <= REMEMBER_NS}
    for item in imports:
        if isinstance(item.product, SharedWarning):
            key = f"{item.product.origin}/{item.product.track_id}"
            before = fresh.get(key)
            if before is None or item.product.sequence > before.warning.sequence:
                fresh[key] = PartnerWarning(item.product, now, item.marks)
    if len(fresh) > MOST_SOURCES:
        newest = sorted(fresh, key=lambda key: (fresh[key].came_ns, key))[-MOST_SOURCES:]
        fresh = {key: fresh[key] for key in sorted(newest)}
    fresh = {key: replace(row, standing=_standing(row, now)) for key, row in fresh.items()}
    return fresh if fresh != known else known


def _standing(row: PartnerWarning, now: Instant) -> Standing:
    if row.warning.msg_type is MsgType.CANCEL:
        return Standing.CANCELLED
    if row.warning.expires_ns <= now:
        return Standing.EXPIRED
    unsettled = "late" in row.marks and now - row.came_ns < SETTLE_NS
    return Standing.LATE if unsettled else Standing.IN_FORCE


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
