"""summary.json: the result of a run, read from the three nations' records and the simulated truth.

A contract: other tools read it. Areas are ISO 3166-2 codes, times UTC with Z, undefined is null.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct, field

from tocsin.demo.objects import ObjectLog, collect
from tocsin.earth.frames import ground_distance_m
from tocsin.measure.exchange import Exchange, measure
from tocsin.measure.timing import Spread
from tocsin.model.event import ImpactPointPrediction, LaunchPointEstimate
from tocsin.model.label import Nation, Plane
from tocsin.model.space import Ellipse95
from tocsin.model.time import to_iso
from tocsin.model.warning import Draft
from tocsin.record.ledger import LedgerReader
from tocsin.sim.truth import FlownFlight
from tocsin.warn.decide import lead_s

DIGITS = 3
CAP_STATUS = {Plane.REAL: "Actual", Plane.EXERCISE: "Exercise", Plane.TEST: "Test"}
"""CAP 1.2, section 3.2.1, `status`."""


class Overflown(Struct, frozen=True):
    """When the corridor about an object's true ground track first touched an area."""

    area: str
    utc: str


class FlightOut(Struct, frozen=True):
    """One object's truth."""

    object: str
    flight_time_s: float
    overflights: tuple[Overflown, ...]


class LaunchOut(Struct, frozen=True):
    """Launch point; the ellipse is [semi-major km, semi-minor km, bearing of the major axis in degrees]."""

    lat: float
    lon: float
    ellipse95_km: tuple[float, float, float]


class ImpactOut(Struct, frozen=True):
    """Last impact prediction of a track."""

    lat: float
    lon: float
    ellipse95_km: tuple[float, float, float]
    utc: str


class TrackOut(Struct, frozen=True):
    """One object as a nation saw it. `impact_error_km`: last prediction against truth."""

    id: str
    kind: str = field(name="class")
    sources: tuple[str, ...]
    confirmed_utc: str | None
    launch_point: LaunchOut | None
    impact_point: ImpactOut | None
    apogee_km: float | None
    impact_error_km: float | None


class WarningOut(Struct, frozen=True):
    """One message to the people; `status` is CAP's. `lead_s`: from release to what was expected, per area;
    negative = a miss.
    """

    id: str
    msg_type: str
    status: str
    areas: tuple[str, ...]
    drafted_utc: str
    released_utc: str | None
    lead_s: dict[str, float]
    cap: tuple[str, ...]


class NodeOut(Struct, frozen=True):
    """One nation's node."""

    plots_decoded: int
    quarantined: dict[str, int]
    tracks: tuple[TrackOut, ...]
    warnings: tuple[WarningOut, ...]
    exchange: Exchange


class BenchOut(Struct, frozen=True):
    """From a plot's arrival at one nation to the commit at its partner, wall time."""

    plot_to_partner_ms: Spread


class Run(Struct, frozen=True):
    """What was asked for and how fast it went."""

    scenario: str
    plane: Plane
    seed: int
    sharing: bool
    topology: str
    speed: float
    speed_reached: float


class Summary(Struct, frozen=True):
    """The whole file."""

    scenario: str
    plane: Plane
    seed: int
    sharing: bool
    topology: str
    speed: float
    speed_reached: float
    flights: tuple[FlightOut, ...]
    nodes: dict[str, NodeOut]
    bench: BenchOut


def summarise(
    run: Run,
    flights: Sequence[FlightOut],
    flown: Sequence[FlownFlight],
    ledgers: Mapping[Nation, LedgerReader],
    cap: Mapping[Nation, Sequence[Path]],
) -> Summary:
    """Read everything from the records; nothing is carried over from the running programs."""
    measured = measure(ledgers)
    nodes = {
        str(nation): _node(ledger, flown, measured.by_nation[nation], cap.get(nation, ()))
        for nation, ledger in ledgers.items()
    }
    return Summary(
        **msgspec.structs.asdict(run),
        flights=tuple(flights),
        nodes=nodes,
        bench=BenchOut(measured.plot_to_partner_ms),
    )


def _node(
    ledger: LedgerReader, flown: Sequence[FlownFlight], exchange: Exchange, cap: Sequence[Path]
) -> NodeOut:
    log = collect(ledger)
    return NodeOut(
        plots_decoded=log.plots,
        quarantined=dict(sorted(log.quarantined.items())),
        tracks=tuple(_track(row, flown) for row in log.objects.values() if row.confirmed_ns is not None),
        warnings=tuple(
            _warning(draft, cap) for draft in log.drafts.values() if draft.released_ns is not None
        ),
        exchange=exchange,
    )


def _track(row: ObjectLog, flown: Sequence[FlownFlight]) -> TrackOut:
    return TrackOut(
        id=row.id,
        kind=row.kind,
        sources=tuple(sorted(row.sources)),
        confirmed_utc=None if row.confirmed_ns is None else to_iso(row.confirmed_ns),
        launch_point=_launch(row.launch),
        impact_point=_impact(row.impact),
        apogee_km=None if row.apogee_m is None else round(row.apogee_m / 1e3, DIGITS),
        impact_error_km=_impact_error_km(row, flown),
    )


def _launch(estimate: LaunchPointEstimate | None) -> LaunchOut | None:
    if estimate is None:
        return None
    return LaunchOut(round(estimate.lat_deg, 5), round(estimate.lon_deg, 5), _ellipse(estimate.ellipse95))


def _impact(prediction: ImpactPointPrediction | None) -> ImpactOut | None:
    if prediction is None:
        return None
    place = (round(prediction.lat_deg, 5), round(prediction.lon_deg, 5))
    return ImpactOut(*place, _ellipse(prediction.ellipse95), to_iso(prediction.time_ns))


def _ellipse(ellipse: Ellipse95) -> tuple[float, float, float]:
    return (
        round(ellipse.semi_major_m / 1e3, DIGITS),
        round(ellipse.semi_minor_m / 1e3, DIGITS),
        round(float(np.degrees(ellipse.azimuth_rad)), 1),
    )


def _impact_error_km(row: ObjectLog, flown: Sequence[FlownFlight]) -> float | None:
    truth = _nearest(row, flown)
    if truth is None or row.impact is None:
        return None
    here = np.radians((row.impact.lat_deg, row.impact.lon_deg))
    there = np.radians((truth.impact.lat_deg, truth.impact.lon_deg))
    return round(float(ground_distance_m(here[0], here[1], there[0], there[1])) / 1e3, DIGITS)


def _nearest(row: ObjectLog, flown: Sequence[FlownFlight]) -> FlownFlight | None:
    """The flight that was nearest to the track's last estimate at that moment."""
    best: tuple[float, FlownFlight] | None = None
    for flight in flown:
        t_s = (row.state.epoch_ns - flight.launch_ns) / 1e9
        if 0.0 <= t_s <= flight.flight_time_s:
            there = flight.states(np.array([t_s]))[0, :3]
            away_m = float(np.linalg.norm(np.array(row.state.x[:3]) - there))
            if best is None or away_m < best[0]:
                best = (away_m, flight)
    return best[1] if best else None


def _warning(draft: Draft, cap: Sequence[Path]) -> WarningOut:
    warning = draft.warning
    mine = f"{warning.id}-{warning.serial}."
    return WarningOut(
        id=draft.id,
        msg_type=warning.msg_type,
        status=CAP_STATUS[warning.plane],
        areas=tuple(area.area for area in warning.areas),
        drafted_utc=to_iso(draft.drafted_ns),
        released_utc=None if draft.released_ns is None else to_iso(draft.released_ns),
        lead_s={area: round(value, DIGITS) for area, value in lead_s(draft).items()},
        cap=tuple(str(path) for path in cap if path.name.startswith(mine)),
    )


def flights_out(
    flown: Sequence[FlownFlight], overflown: Iterable[Sequence[Overflown]]
) -> tuple[FlightOut, ...]:
    """Truth of every flight with the areas it flew over."""
    return tuple(
        FlightOut(flight.flight.object, round(flight.flight_time_s, DIGITS), tuple(areas))
        for flight, areas in zip(flown, overflown, strict=True)
    )
