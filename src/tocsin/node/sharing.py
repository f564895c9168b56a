"""What a hall offers its partners of its own tracks and its warnings, and how often. The door decides what of
it may leave.

Only own-sensor data is ever offered (EXCHANGE.md, TRACKING.md: re-shared fusions are how nations come to
believe their own echo). Air traffic is not offered at all.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from tocsin.assess.impact import own_prediction
from tocsin.assess.launch import launch_point
from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.label import Label, Nation
from tocsin.model.product import Offer, Product
from tocsin.model.sensor import Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase, Track, Tracklet
from tocsin.model.warning import SharedWarning, Warning
from tocsin.node.hall_words import Shared
from tocsin.track.body import tracklet_of
from tocsin.track.life import ENDED
from tocsin.track.looks import Looks
from tocsin.track.looks import shared as shown_looks

TRACKLET_PERIOD_NS = SECOND_NS
"""A tracklet once a second: the rate of the radars; more would say nothing new."""

PREDICTION_PERIOD_NS = 5 * SECOND_NS
"""Partners predict from the tracklets themselves; the origin's own prediction is for comparison."""

LAUNCH_GAIN = 0.7
"""A launch point is shared again when its ellipse has shrunk to this part of what partners have."""


def public(messages: Iterable[Warning], readers: Iterable[Nation]) -> tuple[SharedWarning, ...]:
    """What was just told to the people here, for partners: officers or policy have made it public."""
    allowed = frozenset(readers)
    return tuple(
        SharedWarning(
            origin=one.nation,
            track_id=one.id,
            sequence=one.serial,
            msg_type=one.msg_type,
            purpose=one.purpose,
            certainty=one.certainty,
            objects=one.objects,
            areas=one.areas,
            sent_ns=one.sent_ns,
            expires_ns=one.expires_ns,
            label=Label(one.plane, frozenset((one.nation,)), allowed - {one.nation}),
            region=one.region,
        )
        for one in messages
    )


def offers(
    shared: dict[str, Shared],
    own: Sequence[Track],
    offered: int,
    nation: Nation,
    now: Instant,
    words: Sequence[Product] = (),
    looks: Sequence[Looks] = (),
    sensors: Sequence[Sensor] = (),
) -> tuple[dict[str, Shared], tuple[Offer, ...]]:
    """New bookkeeping and the offers of this step, numbered on from `offered`: `words` on warnings and
    sensors first, single looks (of this nation's `sensors`) last.
    """
    alive = {track.id for track in own}
    after = {key: row for key, row in shared.items() if key in alive}
    products = list(words)
    for track in own:
        if not _shareable(track, shared.get(track.id)):
            continue
        row, new = _of_track(shared.get(track.id, Shared()), track, nation, now)
        after[track.id] = row
        products += new
    for one in looks:
        if one.track_id in after:
            row = after[one.track_id]
            shown, plots = shown_looks(one, row.shown, sensors)
            after[one.track_id] = replace(row, shown=shown)
            products += plots
    numbered = (Offer(offered + n, product, now) for n, product in enumerate(products, start=1))
    return after, tuple(numbered)


def _shareable(track: Track, before: Shared | None) -> bool:
    if before is not None and before.over:
        return False
    confirmed = track.life in (Life.CONFIRMED, Life.COASTING) and track.kind is ObjectClass.BALLISTIC
    return confirmed or before is not None


def _of_track(row: Shared, track: Track, nation: Nation, now: Instant) -> tuple[Shared, list[Product]]:
    products: list[Product] = []
    for offer_one in (_launch, _prediction, _tracklet):
        row, product = offer_one(row, track, nation, now)
        if product is not None:
            products.append(product)
    return row, products


def _tracklet(row: Shared, track: Track, nation: Nation, now: Instant) -> tuple[Shared, Tracklet | None]:
    over = track.life in ENDED
    if not over and now - row.tracklet_ns < TRACKLET_PERIOD_NS:
        return row, None
    tracklet = replace(tracklet_of(track, nation), sequence=row.sequence + 1)
    return replace(row, sequence=row.sequence + 1, tracklet_ns=now, over=over), tracklet


def _launch(row: Shared, track: Track, nation: Nation, now: Instant) -> tuple[Shared, LaunchEvent | None]:
    if track.confirmed_ns is None or not track.early or track.early == row.early:
        return row, None  # the estimate follows from the early states alone
    row = replace(row, early=track.early)
    estimate = launch_point(track.early)
    if estimate is None or estimate.ellipse95.semi_major_m > LAUNCH_GAIN * row.launch_major_m:
        return row, None
    event = LaunchEvent(nation, track.id, row.sequence + 1, track.confirmed_ns, estimate, track.label)
    major_m = estimate.ellipse95.semi_major_m
    return replace(row, sequence=row.sequence + 1, launch_ns=now, launch_major_m=major_m), event


def _prediction(
    row: Shared, track: Track, nation: Nation, now: Instant
) -> tuple[Shared, SharedPrediction | None]:
    due = track.phase is Phase.COAST and now - row.prediction_ns >= PREDICTION_PERIOD_NS
    predicted = own_prediction(track) if due else None
    if predicted is None:
        return row, None
    impact, apogee_m = predicted
    product = SharedPrediction(nation, track.id, row.sequence + 1, now, impact, apogee_m, track.label)
    return replace(row, sequence=row.sequence + 1, prediction_ns=now), product
