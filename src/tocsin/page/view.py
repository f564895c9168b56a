"""What the page draws, made from a Picture: places in degrees, times in whole milliseconds, sensible digits.

A Picture holds full states and covariances; 1,000 air tracks of it are a megabyte. The view of the same is a
fifth, and the browser needs no geodesy. The live feed and the exported run carry this one form. Where an
object is, and whether that is measured or predicted, is `place`'s business.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from tocsin.model.alarm import Alarm
from tocsin.model.event import (
    ArcPoint,
    AreaRisk,
    Assessment,
)
from tocsin.model.picture import ExchangeCount, Picture, SensorHealth
from tocsin.model.product import LinkHealth
from tocsin.model.track import FusedTrack, ObjectClass, Track, Tracklet
from tocsin.model.warning import Conflict, at_sea
from tocsin.page.bulletin import Bulletin, bulletin_of
from tocsin.page.moment import ms, ms_or_none
from tocsin.page.place import Basis, Place, places_of
from tocsin.page.region import Region, region_of
from tocsin.page.spot import Spot, spot_of
from tocsin.page.theirs import Theirs, theirs_of
from tocsin.page.together import Together, together_of

MAX_ARC_POINTS: Final = 72
"""Of one arc on a screen: a point every 20 s of a 24-minute flight."""

MAX_AIR: Final = 2_000
"""Air tracks in one view; what is left out is counted in `air_left_out`."""

LEVELS: Final = ((5, 0.5), (4, 0.1), (3, 0.01))
"""Level of an area from its impact probability. 0.01 is model.warning.Thresholds' default: from there on a
warning is drafted. 2 = likely overflown (0.5, same source), 1 = possible. Shown with the five-level palette
of Japan's Cabinet Office (black > purple > red > yellow > white)."""

LIKELY_OVERFLIGHT: Final = 0.5


class Risk(Struct, frozen=True, omit_defaults=True):
    """An area that is threatened or may be overflown."""

    area: str
    level: int
    impact: float
    over: float
    enter: int | None = None
    leave: int | None = None


class Mark(Struct, frozen=True, omit_defaults=True):
    """An object as one source has it. `layer`: fused, own or partner. Units: km, km/s, degrees.

    lat to course hold at the picture's time and rest on `basis` (see `place.Basis`); where that is not a
    measurement, `seen` is the last measured (lat, lon, alt), of the time `last`.
    """

    id: str
    layer: str
    kind: str
    life: str
    phase: str
    sigma_km: float
    first: int
    last: int
    sources: tuple[str, ...]
    lat: float | None = None
    lon: float | None = None
    alt: float | None = None
    speed: float | None = None
    course: float | None = None
    basis: str = Basis.MEASURED
    seen: tuple[float, float, float] | None = None
    members: tuple[tuple[str, str], ...] = ()
    confirmed: int | None = None
    identity: str | None = None
    launch: Spot | None = None
    impact: Spot | None = None
    apogee_km: float | None = None
    apogee: int | None = None
    made: int | None = None
    risks: tuple[Risk, ...] = ()
    restored: bool = False
    """Known from the record alone: nothing has seen it since the hall came back."""
    arc: tuple[tuple[int, float, float, float], ...] = ()
    band: str | None = None
    shape: str | None = None
    range_km: float | None = None
    region: Region | None = None
    """While it manoeuvres, in place of an impact."""
    mishap: str | None = None
    mishap_t: int | None = None
    pieces: int = 1


class Trouble(Struct, frozen=True, omit_defaults=True):
    """An alarm of the system itself; `since`: wall time, ms."""

    kind: str
    priority: int
    about: str
    detail: str
    since: int


class View(Struct, frozen=True):
    """One desk's screen at `now` (scenario time, ms)."""

    nation: str
    plane: str
    scenario: str
    now: int
    step: int
    plots: int
    marks: tuple[Mark, ...]
    warnings: tuple[Bulletin, ...]
    sensors: tuple[SensorHealth, ...]
    links: tuple[LinkHealth, ...]
    quarantined: dict[str, int]
    exchange: ExchangeCount
    air_left_out: int = 0
    alarms: tuple[Trouble, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    silent_abroad: tuple[tuple[str, str, int], ...] = ()
    """(nation, sensor, since in ms) of partners' silent sensors."""
    theirs: tuple[Theirs, ...] = ()
    groups: tuple[Together, ...] = ()


def view_of(picture: Picture, max_air: int = MAX_AIR) -> View:
    """The view of a picture. Of the air traffic at most `max_air` fused tracks are kept, the newest first."""
    air = sorted((t for t in picture.fused if t.kind is ObjectClass.AIR), key=lambda t: (-t.last_ns, t.id))
    dropped = {track.id for track in air[max_air:]}
    fused = [track for track in picture.fused if track.id not in dropped]
    not_air = [t for t in picture.own if t.kind is not ObjectClass.AIR]
    partners = [t for t in picture.partners if t.kind is not ObjectClass.AIR]
    assessed = {row.track_id: row for row in picture.assessments}
    impacts = {row.track_id: row.impact.time_ns for row in picture.assessments if row.impact}
    where = places_of([*fused, *not_air, *partners], picture.now_ns, impacts)
    marks = [_fused_mark(t, where[i], assessed.get(t.id)) for i, t in enumerate(fused)]
    marks += [
        _own_mark(t, str(picture.nation), row) for t, row in zip(not_air, where[len(fused) :], strict=False)
    ]
    marks += [
        _partner_mark(t, row) for t, row in zip(partners, where[len(fused) + len(not_air) :], strict=True)
    ]
    known = set(picture.restored)
    marks = [replace(mark, restored=True) if mark.id in known else mark for mark in marks]
    return View(
        nation=picture.nation,
        plane=picture.plane,
        scenario=picture.scenario,
        now=ms(picture.now_ns),
        step=picture.step,
        plots=picture.plots_decoded,
        marks=tuple(marks),
        warnings=tuple(bulletin_of(draft) for draft in picture.drafts),
        sensors=tuple(_sensor(sensor) for sensor in picture.sensors),
        links=picture.links,
        quarantined=dict(picture.quarantined),
        exchange=picture.exchange,
        air_left_out=len(dropped),
        alarms=tuple(_trouble(alarm) for alarm in picture.alarms),
        conflicts=picture.conflicts,
        silent_abroad=tuple((w.origin, w.sensor, ms(w.since_ns)) for w in picture.silent_abroad),
        theirs=tuple(theirs_of(row) for row in picture.warnings),
        groups=tuple(together_of(group) for group in picture.groups),
    )


def level_of(risk: AreaRisk) -> int:
    """5 (highest) to 1: how grave the threat to an area is."""
    for level, probability in LEVELS:
        if risk.impact_probability >= probability:
            return level
    return 2 if risk.overflight_probability >= LIKELY_OVERFLIGHT else 1


def _fused_mark(track: FusedTrack, where: Place, made: Assessment | None) -> Mark:
    members = tuple((str(member.nation), member.track_id) for member in track.members)
    mark = _mark(track, where, "fused", track.id, tuple(str(nation) for nation in track.sources), members)
    mark = replace(mark, confirmed=ms_or_none(track.confirmed_ns))
    if made is None:
        return mark
    return replace(
        mark,
        launch=spot_of(made.launch),
        impact=spot_of(made.impact),
        apogee_km=None if made.apogee_m is None else round(made.apogee_m / 1e3, 1),
        apogee=ms_or_none(made.apogee_ns),
        made=ms(made.made_ns),
        risks=_risks(made.risks),
        arc=_arc(made.arc),
        band=made.band,
        shape=made.shape,
        range_km=None if made.range_m is None else round(made.range_m / 1e3),
        region=region_of(made.footprint),
        mishap=made.mishap,
        mishap_t=ms_or_none(made.mishap_ns),
        pieces=made.pieces,
    )


def _own_mark(track: Track, nation: str, where: Place) -> Mark:
    mark = _mark(track, where, "own", track.id, track.sensors, ((nation, track.id),))
    return replace(mark, confirmed=ms_or_none(track.confirmed_ns))


def _partner_mark(track: Tracklet, where: Place) -> Mark:
    source = str(track.origin)
    return _mark(track, where, "partner", track.track_id, (source,), ((source, track.track_id),))


def _mark(
    track: FusedTrack | Track | Tracklet,
    where: Place,
    layer: str,
    name: str,
    sources: tuple[str, ...],
    members: tuple[tuple[str, str], ...],
) -> Mark:
    return Mark(
        id=name,
        layer=layer,
        kind=track.kind,
        life=track.life,
        phase=track.phase,
        sigma_km=where.sigma_km,
        first=ms(track.first_ns),
        last=ms(track.last_ns),
        sources=sources,
        lat=where.lat,
        lon=where.lon,
        alt=where.alt,
        speed=where.speed,
        course=where.course,
        basis=where.basis,
        seen=where.seen,
        members=members,
        identity=track.identity,
    )


def _risks(risks: Sequence[AreaRisk]) -> tuple[Risk, ...]:
    """Gravest first. A sea is shown where something may come down in it, not where it is crossed."""
    rows = [
        Risk(
            r.area,
            level_of(r),
            round(r.impact_probability, 4),
            round(r.overflight_probability, 4),
            ms_or_none(r.enter_ns),
            ms_or_none(r.leave_ns),
        )
        for r in risks
        if not at_sea(r.area) or r.impact_probability >= LEVELS[-1][1]
    ]
    return tuple(sorted(rows, key=lambda r: (-r.level, -r.impact, -r.over, r.enter or 0, r.area)))


def _arc(points: Sequence[ArcPoint]) -> tuple[tuple[int, float, float, float], ...]:
    """(time in ms, lat, lon, alt in km), thinned evenly to MAX_ARC_POINTS; both ends stay."""
    if len(points) > MAX_ARC_POINTS:
        points = [
            points[i] for i in np.linspace(0, len(points) - 1, MAX_ARC_POINTS).round().astype(int).tolist()
        ]
    return tuple(
        (ms(p.time_ns), round(p.lat_deg, 3), round(p.lon_deg, 3), round(p.alt_m / 1e3, 1)) for p in points
    )


def _trouble(alarm: Alarm) -> Trouble:
    return Trouble(alarm.kind, alarm.priority, alarm.about, alarm.detail, ms(alarm.since_wall_ns))


def _sensor(sensor: SensorHealth) -> SensorHealth:
    if sensor.age_s is None:
        return sensor
    return SensorHealth(
        sensor.id,
        sensor.kind,
        sensor.lat_deg,
        sensor.lon_deg,
        sensor.plots,
        round(sensor.age_s, 1),
        sensor.silent,
        sensor.offsets,
    )
