"""What one nation's record says of each object over the whole run."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from tocsin.model.event import Assessment, ImpactPointPrediction, LaunchPointEstimate
from tocsin.model.space import EcefState
from tocsin.model.time import Instant
from tocsin.model.track import FusedTrack, Life
from tocsin.model.warning import Draft
from tocsin.node.hall_words import Pictured, Told
from tocsin.record.ledger import LedgerReader

_PICTURED = msgspec.json.Decoder(Pictured)
_TOLD = msgspec.json.Decoder(Told)

_PLOTS = """
SELECT coalesce(sum(json_array_length(body, '$.plots')), 0) FROM entries
WHERE kind = 'plots' AND side = 'stimulus'
"""
_REFUSED = (
    "SELECT json_extract(body, '$.refused.reason') FROM entries WHERE kind = 'refused' AND side = 'stimulus'"
)
_QUARANTINED = """
SELECT json_extract(i.value, '$.item.reason') FROM entries, json_each(entries.body, '$.items') AS i
WHERE kind = 'handed' AND side = 'stimulus' AND json_extract(i.value, '$.item.type') = 'quarantined'
"""


@dataclass
class ObjectLog:
    """One fused object: its newest estimate, the best that was known of it, who contributed."""

    id: str
    kind: str
    state: EcefState
    confirmed_ns: Instant | None = None
    sources: set[str] = field(default_factory=set)
    launch: LaunchPointEstimate | None = None
    impact: ImpactPointPrediction | None = None
    apogee_m: float | None = None


@dataclass
class RunLog:
    """One nation's run."""

    plots: int
    quarantined: Counter[str]
    objects: dict[str, ObjectLog]
    drafts: dict[str, Draft]


def pictures(ledger: LedgerReader) -> Iterator[tuple[Instant, Pictured]]:
    """The fused picture with its time, once a scenario second."""
    for now, body in ledger.effects_at("pictured"):
        yield now, _PICTURED.decode(body)


def collect(ledger: LedgerReader) -> RunLog:
    """Walk the record once."""
    reasons = [row[0] for sql in (_REFUSED, _QUARANTINED) for row in ledger.rows(sql)]
    log = RunLog(
        plots=sum(int(str(row[0])) for row in ledger.rows(_PLOTS)),
        quarantined=Counter(str(reason) for reason in reasons),
        objects={},
        drafts={},
    )
    for now, picture in pictures(ledger):
        for track in picture.fused:
            _see(log.objects, track)
        for row in picture.assessments:
            if row.track_id in log.objects:
                _assess(log.objects[row.track_id], row, now)
    for _, body in ledger.effects("told"):
        told = _TOLD.decode(body)
        log.drafts[told.draft.id] = told.draft
    return log


def _see(objects: dict[str, ObjectLog], track: FusedTrack) -> None:
    log = objects.setdefault(track.id, ObjectLog(track.id, track.kind, track.state))
    log.confirmed_ns = log.confirmed_ns or track.confirmed_ns
    log.sources.update(track.sources)
    if track.life in (Life.CONFIRMED, Life.COASTING):
        log.kind, log.state = track.kind, track.state


def _assess(log: ObjectLog, row: Assessment, now: Instant) -> None:
    """What was believed last while it still lay ahead: after its time a prediction is no news."""
    log.launch = row.launch or log.launch
    if row.impact is not None and now <= row.impact.time_ns:
        log.impact = row.impact
    log.apogee_m = log.apogee_m if row.apogee_m is None else row.apogee_m
