"""Pictures made for the page's tests: an arc like that of 4 October 2022 as three desks see it.

Run it to look at the page:  python tests/browser/made_picture.py [NATION] [PORT] [SPEED]
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.earth import flight, places
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.model.event import (
    ArcPoint,
    AreaRisk,
    Assessment,
    ImpactPointPrediction,
    LaunchPointEstimate,
)
from tocsin.model.group import Extent, Group, ObjectCount
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.picture import ExchangeCount, Picture, SensorHealth
from tocsin.model.product import LinkHealth
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant, after, from_iso
from tocsin.model.track import FusedTrack, Life, Member, ObjectClass, Phase, Track, Tracklet
from tocsin.model.warning import (
    Certainty,
    Draft,
    MsgType,
    ThreatKind,
    WarnedArea,
    WarnStatus,
)
from tocsin.model.warning import Warning as PublicWarning

LAUNCHED: Final = from_iso("2022-10-03T22:22:00+00:00")
LAUNCH_DEG: Final = (40.6, 126.4)
BURNOUT_S: Final = 140.0
CONFIRMED_S: Final = 45.0
WARNED_S: Final = 190.0
CORRIDOR_M: Final = 50_000.0
SITES: Final = {
    Nation.USA: ("USA-IR-1", 36.0, 140.0),
    Nation.KOR: ("KOR-R-1", 36.5, 127.5),
    Nation.JPN: ("JPN-R-1", 40.5, 140.0),
}
AnyTrack = TypeVar("AnyTrack", FusedTrack, Track, Tracklet)
OWNERS: Final = (Nation.USA, Nation.KOR, Nation.JPN)


@lru_cache(maxsize=1)
def burnout7() -> NDArray[np.float64]:
    """A state at 150 km, azimuth 80 degrees; the speed (by bisection) gives the published apogee."""
    lat, lon = math.radians(40.9), math.radians(128.8)
    east, north, up = enu_basis(lat, lon)
    level = math.sin(math.radians(80.0)) * east + math.cos(math.radians(80.0)) * north
    climb = math.radians(34.0)
    low, high = 4_000.0, 7_000.0
    for _ in range(40):
        speed = 0.5 * (low + high)
        velocity = speed * (math.cos(climb) * level + math.sin(climb) * up)
        x7 = np.concatenate((geodetic_to_ecef(lat, lon, 150e3), velocity, [9.0]))
        low, high = (speed, high) if flight.fall(x7).apogee_m < 970e3 else (low, speed)
    return x7


@lru_cache(maxsize=1)
def arc() -> tuple[ArcPoint, ...]:
    """The free arc from burnout on, every 15 s."""
    rows = flight.ground_track(burnout7(), 2_400.0, 15.0)
    return tuple(
        ArcPoint(after(LAUNCHED, BURNOUT_S + t), math.degrees(lat), math.degrees(lon), alt)
        for t, lat, lon, alt in rows.tolist()
    )


@lru_cache(maxsize=1)
def overflights() -> tuple[AreaRisk, ...]:
    """Areas that the corridor touches."""
    rows = flight.ground_track(burnout7(), 2_400.0, 15.0)
    found = places.overflown(rows, places.load_areas(), CORRIDOR_M)
    return tuple(
        AreaRisk(
            row.iso,
            0.0,
            0.97,
            after(LAUNCHED, BURNOUT_S + row.enter_s),
            after(LAUNCHED, BURNOUT_S + row.leave_s),
        )
        for row in found
    )


def picture(nation: Nation, t_s: float, *, air: int = 24, plane: Plane = Plane.EXERCISE) -> Picture:
    """The desk of `nation`, `t_s` seconds after the launch."""
    now = after(LAUNCHED, t_s)
    seen = t_s >= CONFIRMED_S
    return Picture(
        nation=nation,
        plane=plane,
        now_ns=now,
        step=int(t_s * 10),
        own=(_own(nation, t_s, plane),) if seen else (),
        partners=tuple(_tracklet(n, t_s, plane) for n in OWNERS if n is not nation) if seen else (),
        fused=(
            *((_fused(nation, t_s, plane),) if seen else ()),
            *(_aircraft(nation, i, t_s, plane) for i in range(air)),
        ),
        assessments=(_assessment(nation, t_s),) if seen else (),
        drafts=(_draft(nation, plane, t_s),) if t_s >= WARNED_S else (),
        sensors=_sensors(nation, t_s),
        links=tuple(
            LinkHealth(n, 0.4, 42.0 if n is not Nation.KOR else 310.0, 0, ("hub", "mesh"))
            for n in OWNERS
            if n is not nation
        ),
        quarantined={"bad-signature": 1} if t_s > 300 else {},
        exchange=ExchangeCount(
            int(t_s), int(t_s * 0.9), int(t_s * 0.1), int(t_s * 1.7), int(t_s * 3.3), int(t_s * 0.9)
        ),
        plots_decoded=int(t_s * 3),
        scenario="2022-10-04",
    )


def unseen(shown: Picture, t_s: float) -> Picture:
    """The same desk at `t_s`, nothing ballistic having been seen since `shown`."""

    def coasts(track: AnyTrack) -> AnyTrack:
        still = track.kind is ObjectClass.AIR or track.life is not Life.CONFIRMED
        return track if still else msgspec.structs.replace(track, life=Life.COASTING)

    return msgspec.structs.replace(
        shown,
        now_ns=after(LAUNCHED, t_s),
        step=int(t_s * 10),
        own=tuple(map(coasts, shown.own)),
        partners=tuple(map(coasts, shown.partners)),
        fused=tuple(map(coasts, shown.fused)),
    )


def grouped(shown: Picture, count: int) -> Picture:
    """The same desk with the object `count` times over, as one group."""
    one, meaning = shown.fused[0], shown.assessments[0]
    names = [f"{one.id}{chr(97 + i)}" for i in range(count)]
    group = Group(
        id="G-1",
        since_ns=shown.now_ns,
        members=tuple(names),
        count=ObjectCount(count - 1, count, count + 2, looks=9),
        centre=one.state,
        each=one.state,
        extent=Extent(1_600.0, 1_450.0, 0.3, 100.0, 60.0),
        astray=0.6,
        impact=meaning.impact,
    )
    return msgspec.structs.replace(
        shown,
        fused=(*(msgspec.structs.replace(one, id=name) for name in names), *shown.fused[1:]),
        assessments=tuple(msgspec.structs.replace(meaning, track_id=name) for name in names),
        groups=(group,),
    )


def _label(nation: Nation, plane: Plane) -> Label:
    return Label(plane, frozenset((nation,)), frozenset(OWNERS))


def _state(t_s: float) -> EcefState:
    """On the arc after burnout; before it on a straight way from the ground."""
    if t_s >= BURNOUT_S:
        end = flight.fall(burnout7()).time_s
        x = flight.propagate(burnout7(), min(t_s - BURNOUT_S, end))
    else:
        start = geodetic_to_ecef(math.radians(LAUNCH_DEG[0]), math.radians(LAUNCH_DEG[1]), 0.0)
        way = (burnout7()[:3] - start) * (t_s / BURNOUT_S) ** 2
        x = np.concatenate((start + way, burnout7()[3:6] * t_s / BURNOUT_S, [9.0]))
    p = np.zeros(28)
    p[[0, 7, 13]] = (400.0 + 2e5 / (t_s + 1.0)) ** 2 / 3.0
    return EcefState(after(LAUNCHED, t_s), tuple(x.tolist()), tuple(p.tolist()))


def _life(t_s: float) -> Life:
    return Life.IMPACTED if after(LAUNCHED, t_s) >= arc()[-1].time_ns else Life.CONFIRMED


def _phase(t_s: float) -> Phase:
    return Phase.COAST if t_s >= BURNOUT_S else Phase.BOOST


def _fused(nation: Nation, t_s: float, plane: Plane) -> FusedTrack:
    members = tuple(Member(n, f"{n}-{7 + i}") for i, n in enumerate(OWNERS) if n is not nation or t_s > 200)
    last = after(LAUNCHED, t_s - 0.4)
    return FusedTrack(
        f"{nation}-F1",
        members,
        _life(t_s),
        _phase(t_s),
        ObjectClass.BALLISTIC,
        _state(t_s),
        after(LAUNCHED, 30),
        last,
        _label(nation, plane),
        confirmed_ns=after(LAUNCHED, CONFIRMED_S),
    )


def _own(nation: Nation, t_s: float, plane: Plane) -> Track:
    return Track(
        f"{nation}-{7 + OWNERS.index(nation)}",
        _life(t_s),
        _phase(t_s),
        ObjectClass.BALLISTIC,
        _state(t_s),
        after(LAUNCHED, 30),
        after(LAUNCHED, t_s),
        (SITES[nation][0],),
        int(t_s),
        _label(nation, plane),
    )


def _tracklet(origin: Nation, t_s: float, plane: Plane) -> Tracklet:
    return Tracklet(
        origin,
        f"{origin}-{7 + OWNERS.index(origin)}",
        int(t_s),
        _life(t_s),
        _phase(t_s),
        ObjectClass.BALLISTIC,
        _state(t_s),
        after(LAUNCHED, 30),
        after(LAUNCHED, t_s - 1.5),
        _label(origin, plane),
    )


def _aircraft(nation: Nation, i: int, t_s: float, plane: Plane) -> FusedTrack:
    lat = math.radians(34.0 + (i * 37 % 80) / 10)
    lon = math.radians(127.0 + (i * 53 % 160) / 10 + t_s * 0.0022 * (-1) ** i)
    east = enu_basis(lat, lon)[0] * 230.0 * (-1) ** i
    x = (*geodetic_to_ecef(lat, lon, 9_000.0 + 100 * i).tolist(), *east.tolist(), 9.0)
    now = after(LAUNCHED, t_s)
    state = EcefState(now, x, (0.0,) * 28)
    return FusedTrack(
        f"{nation}-A{i}",
        (Member(nation, f"A{i}"),),
        Life.CONFIRMED,
        Phase.UNKNOWN,
        ObjectClass.AIR,
        state,
        LAUNCHED,
        now,
        _label(nation, plane),
        identity=f"TST{100 + i}",
    )


def _assessment(nation: Nation, t_s: float) -> Assessment:
    launch = LaunchPointEstimate(*LAUNCH_DEG, Ellipse95(9_000.0, 4_000.0, 1.4), after(LAUNCHED, 1), 1.5)
    if t_s < BURNOUT_S:
        return Assessment(f"{nation}-F1", after(LAUNCHED, t_s), launch)
    end = arc()[-1]
    grown = 1.0 + 900.0 / (t_s - BURNOUT_S + 10.0)
    ellipse = Ellipse95(12_000.0 * grown, 4_000.0 * grown, math.radians(100.0))
    impact = ImpactPointPrediction(end.lat_deg, end.lon_deg, ellipse, end.time_ns, 2.0 * grown)
    top = max(arc(), key=lambda point: point.alt_m)
    return Assessment(
        f"{nation}-F1", after(LAUNCHED, t_s), launch, impact, top.alt_m, top.time_ns, overflights(), arc()
    )


def _draft(nation: Nation, plane: Plane, t_s: float) -> Draft:
    areas = tuple(WarnedArea(r.area, ThreatKind.OVERFLIGHT, r.enter_ns or LAUNCHED) for r in overflights())
    sent = after(LAUNCHED, WARNED_S + 10)
    warning = PublicWarning(
        f"{nation}-20221004-1",
        1,
        plane,
        nation,
        MsgType.ALERT,
        Certainty.OBSERVED,
        1,
        areas,
        LAUNCHED,
        sent,
        after(sent, 1_800),
    )
    done = t_s >= WARNED_S + 10
    return Draft(
        warning.id,
        warning,
        "0" * 64,
        WarnStatus.RELEASED if done else WarnStatus.DRAFTED,
        after(LAUNCHED, WARNED_S),
        (f"{nation}-F1",),
        "SATO" if done else None,
        "MORI" if done else None,
        sent if done else None,
    )


def _sensors(nation: Nation, t_s: float) -> tuple[SensorHealth, ...]:
    name, lat, lon = SITES[nation]
    return (
        SensorHealth(name, "radar", lat, lon, int(t_s * 2), 0.4, False),
        SensorHealth(f"{nation}-IR-9", "infrared", None, None, int(t_s), 1.2, False),
        SensorHealth(f"{nation}-R-2", "radar", lat - 4.0, lon - 2.0, 0, None, True),
    )


async def _show(nation: Nation, port: int, speed: float, start_s: float) -> None:
    from tocsin.page.server import make_app, serve

    picture(nation, start_s)  # compiles and solves before the clock starts
    began = time.monotonic()
    last: dict[str, Picture] = {}

    def newest() -> Picture:
        t_s = start_s + round((time.monotonic() - began) * speed, 1)
        if "p" not in last or last["p"].now_ns != Instant(LAUNCHED + int(t_s * SECOND_NS)):
            last["p"] = picture(nation, t_s)
        return last["p"]

    app = make_app(newest, nation=nation, plane=Plane.EXERCISE)
    await serve(app, "127.0.0.1", port, on_ready=lambda p: print(f"http://127.0.0.1:{p}/"))


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    asyncio.run(
        _show(
            Nation(given.get(1, "JPN")),
            int(given.get(2, "0")),
            float(given.get(3, "1")),
            float(given.get(4, "205")),
        )
    )
