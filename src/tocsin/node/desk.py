"""The picture for the desk, derived from the hall's state; pure."""

from itertools import chain

from tocsin.model.alarm import by_urgency
from tocsin.model.picture import ExchangeCount, Picture, SensorHealth
from tocsin.model.sensor import Offsets, Sensor
from tocsin.model.time import Instant
from tocsin.node.hall_words import HallState
from tocsin.node.sensing import SensorLog, is_silent, quiet_s
from tocsin.track import tracker


def picture(state: HallState, now: Instant) -> Picture:
    """Everything one desk shows at `now` (scenario time)."""
    counts, shown = state.counts, {track.id for track in state.fused}
    gone = [row for row in state.gone if row.track.id not in shown]
    return Picture(
        nation=state.config.nation,
        plane=state.config.plane,
        now_ns=now,
        step=state.step,
        own=state.own,
        partners=tuple(state.partners.values()),
        fused=(*state.fused, *(row.track for row in gone)),
        assessments=(*state.assessments, *(row.assessment for row in gone if row.assessment)),
        drafts=tuple(state.warn.drafts.values()),
        sensors=_sensors(state, now),
        links=state.links,
        groups=state.together.groups,
        silent_abroad=tuple(word for word in state.partner_sensors.values() if word.silent),
        quarantined=counts.quarantined,
        exchange=ExchangeCount(
            offered=counts.offered,
            released=counts.released,
            withheld=counts.withheld,
            received=counts.received,
            copies=counts.copies,
            receipted=counts.receipted,
            marked=counts.marked,
            latency_p50_ms=_rank(state.latencies_ms, 0.5),
            latency_p99_ms=_rank(state.latencies_ms, 0.99),
        ),
        plots_decoded=counts.plots,
        scenario=state.config.scenario,
        alarms=by_urgency(tuple(chain.from_iterable(state.alarms.values()))),
        questions=tuple(
            sorted(state.asking.open.values(), key=lambda row: (row.deadline_ns, row.offer, row.partner))
        ),
        conflicts=state.warn.conflicts,
        warnings=tuple(state.warnings.values()),
        restarted_ns=state.restarted_ns,
        restored=_restored(state),
    )


def _restored(state: HallState) -> tuple[str, ...]:
    """Tracks that were there at the restart and that no sensor has seen since."""
    since = state.restarted_ns
    if since is None:
        return ()
    return tuple(track.id for track in state.own if track.last_ns <= since) + tuple(
        track.id for track in state.fused if track.last_ns <= since
    )


def _sensors(state: HallState, now: Instant) -> tuple[SensorHealth, ...]:
    offsets = tracker.offsets(state.tracker)
    return tuple(
        _sensor_health(state, sensor, offsets.get(sensor.id), now) for sensor in state.config.sensors
    )


def _sensor_health(state: HallState, sensor: Sensor, offsets: Offsets | None, now: Instant) -> SensorHealth:
    log = state.sensors.get(sensor.id, SensorLog())
    return SensorHealth(
        id=sensor.id,
        kind=sensor.kind,
        lat_deg=sensor.place.lat_deg if sensor.place else None,
        lon_deg=sensor.place.lon_deg if sensor.place else None,
        plots=log.plots,
        age_s=None if log.last_ns is None else quiet_s(log, state.started_ns, now),
        silent=is_silent(sensor, log, state.started_ns, now),
        offsets=offsets,
    )


def _rank(values: tuple[float, ...], part: float) -> float | None:
    """The value below which `part` of the others lie (nearest rank)."""
    rows = sorted(values)
    return round(rows[min(len(rows) - 1, int(part * len(rows)))], 1) if rows else None
