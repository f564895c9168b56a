"""What came in since the last step, sorted by kind, and the running counts that follow from it. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tocsin.model.alarm import Alarm
from tocsin.model.event import Assessment
from tocsin.model.handoff import Handed
from tocsin.model.product import Decision, Import, LinkHealth, Quarantined, Receipt
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Life, ObjectClass, Plot, SharedPlot, Tracklet
from tocsin.model.warning import OfficerAct
from tocsin.node.clockwatch import widened
from tocsin.node.hall_words import (
    Acted,
    AlarmsIn,
    AliveIn,
    Configured,
    Counts,
    Forgot,
    Gone,
    HallStimulus,
    HandedIn,
    HeardIn,
    LinksIn,
    OutletReceipt,
    PlotsIn,
    RefusedIn,
    Restarted,
    RulesIn,
)
from tocsin.node.sensing import SensorLog
from tocsin.track.life import ENDED

GONE_NS = 10 * 60 * SECOND_NS
"""An officer who looks up after an impact still finds the object; ten minutes is a handover."""

MERGED_NS = 60 * SECOND_NS
"""A name that ended because its object has another one: long enough to be read. A crowd that is given out
anew brings dozens, and they must not push out what came down."""

MOST_GONE = 200

AHEAD_NS = 5 * SECOND_NS
"""A plot from further ahead comes from a clock that is wrong: an object of 7 km/s would be 35 km off. Sensors
keep UTC to milliseconds (ASTERIX counts time in 1/128 s); own choice, far above that and any tick."""

BEHIND_NS = 3600 * SECOND_NS
"""Older than any flight that is still under way (a lofted one: 75 min from launch, minutes of it unseen)."""

LATENCIES = 200
"""Products that the shown latency is of: about a minute of three partners' objects."""


DOOR = "door"
"""Source of the alarms that come with the links' health."""


class Came(NamedTuple):
    """Stimuli of one step, sorted by kind; order of arrival is kept within each."""

    plots: tuple[Plot, ...]
    alive: tuple[str, ...]
    imports: tuple[Import, ...]
    tracklets: tuple[Tracklet, ...]
    looks: tuple[SharedPlot, ...]
    """Partners' single looks, of those whose clock is sure."""
    decisions: tuple[Decision, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[Quarantined, ...]
    acts: tuple[OfficerAct, ...]
    desk: tuple[OutletReceipt | RulesIn | Restarted | HeardIn, ...]
    """What the warning desk learns beside the picture and the acts, in order."""
    links: tuple[LinkHealth, ...] | None
    copies: int | None
    alarms: dict[str, tuple[Alarm, ...]]
    """The newest word of each source that said anything."""


def sort_out(stimuli: Iterable[HallStimulus], now: Instant) -> Came:
    """Stimuli of one step by kind. Plots of a time that cannot be are refused: one from next year would make
    everything after it a relic.
    """
    plots: list[Plot] = []
    alive: list[str] = []
    handed: list[Handed] = []
    acts: list[OfficerAct] = []
    desk: list[OutletReceipt | RulesIn | Restarted | HeardIn] = []
    links: tuple[LinkHealth, ...] | None = None
    copies: int | None = None
    alarms: dict[str, tuple[Alarm, ...]] = {}
    for stimulus in stimuli:
        match stimulus:
            case PlotsIn(plots=some):
                plots += (plot for plot in some if _of_about(plot, now))
                handed += (_mistimed(plot, now) for plot in some if not _of_about(plot, now))
            case AliveIn(sensors=sensors):
                alive += sensors
            case HandedIn(items=items):
                handed += (item.item for item in items)
            case RefusedIn(refused=one):
                handed.append(one)
            case Acted(act=act):
                acts.append(act)
            case LinksIn():
                links, copies = stimulus.links, stimulus.copies
                alarms[DOOR] = stimulus.alarms
            case AlarmsIn(source=source, alarms=some):
                alarms[source] = some
            case OutletReceipt() | RulesIn() | Restarted() | HeardIn():
                desk.append(stimulus)
            case Configured() | Forgot():
                pass
    imports = tuple(item for item in handed if isinstance(item, Import))
    return Came(
        plots=tuple(plots),
        alive=tuple(alive),
        imports=imports,
        tracklets=tuple(
            widened(item.product, item.clock_sigma_s)
            for item in imports
            if isinstance(item.product, Tracklet)
        ),
        looks=tuple(
            item.product
            for item in imports
            if isinstance(item.product, SharedPlot) and item.clock_sigma_s <= 0.0
        ),
        decisions=tuple(item for item in handed if isinstance(item, Decision)),
        receipts=tuple(item for item in handed if isinstance(item, Receipt)),
        refused=tuple(item for item in handed if isinstance(item, Quarantined)),
        acts=tuple(acts),
        desk=tuple(desk),
        links=links,
        copies=copies,
        alarms=alarms,
    )


def _of_about(plot: Plot, now: Instant) -> bool:
    return -BEHIND_NS <= plot.time_ns - now <= AHEAD_NS


def _mistimed(plot: Plot, now: Instant) -> Quarantined:
    off_s = (plot.time_ns - now) / SECOND_NS
    detail = f"plot {plot.number} is {abs(off_s):.0f} s {'ahead' if off_s > 0.0 else 'old'}"
    return Quarantined("sensor-clock", plot.sensor, detail, now)


def alarms(
    before: dict[str, tuple[Alarm, ...]], told: dict[str, tuple[Alarm, ...]]
) -> dict[str, tuple[Alarm, ...]]:
    """What is wrong now, by source; a source that tells of nothing is left out."""
    if all(before.get(source, ()) == some for source, some in told.items()):
        return before
    return {source: some for source, some in sorted((before | told).items()) if some}


def sensor_log(
    log: dict[str, SensorLog], plots: Sequence[Plot], alive: Sequence[str], now: Instant
) -> dict[str, SensorLog]:
    """When each sensor last said anything, and how much it saw."""
    if not plots and not alive:
        return log
    new = dict(log)
    for sensor in alive:
        new[sensor] = SensorLog(new.get(sensor, SensorLog()).plots, now)
    for plot in plots:
        before = new.get(plot.sensor, SensorLog())
        last = plot.time_ns if before.last_ns is None else max(before.last_ns, plot.time_ns)
        new[plot.sensor] = SensorLog(before.plots + 1, last)
    return new


def counted(counts: Counts, came: Came, offers: int) -> Counts:
    """The running counts after a step that made `offers` offers."""
    quarantined = counts.quarantined
    if came.refused:
        quarantined = dict(quarantined)
        for one in came.refused:
            quarantined[one.reason] = quarantined.get(one.reason, 0) + 1
    marked = counts.marked
    for mark in (mark for item in came.imports for mark in item.marks):
        marked = {**marked, mark: marked.get(mark, 0) + 1}
    return Counts(
        marked=marked,
        plots=counts.plots + len(came.plots),
        offered=counts.offered + offers,
        released=counts.released + sum(decision.released for decision in came.decisions),
        withheld=counts.withheld + sum(not decision.released for decision in came.decisions),
        received=counts.received + len(came.imports),
        copies=counts.copies if came.copies is None else came.copies,
        receipted=counts.receipted + len(came.receipts),
        quarantined=quarantined,
    )


def latencies(before: tuple[float, ...], imports: Sequence[Import]) -> tuple[float, ...]:
    """The newest LATENCIES door-to-door times, in milliseconds."""
    if not imports:
        return before
    new = ((row.arrived_wall_ns - row.issued_wall_ns) / MILLISECOND_NS for row in imports)
    return (*before, *new)[-LATENCIES:]


def gone(
    before: tuple[Gone, ...], fused: Sequence[FusedTrack], meanings: Sequence[Assessment], now: Instant
) -> tuple[Gone, ...]:
    """Objects that ended lately, the newest last; air traffic just leaves."""
    meant = {row.track_id: row for row in meanings}
    ended = [
        Gone(track, meant.get(track.id), now)
        for track in fused
        if track.life in ENDED and track.kind is not ObjectClass.AIR
    ]
    if not ended and not before:
        return before
    fresh = {row.track.id for row in ended}
    kept = [row for row in before if now - row.ended_ns <= _kept_ns(row) and row.track.id not in fresh]
    return (*kept, *ended)[-MOST_GONE:]


def _kept_ns(row: Gone) -> int:
    return MERGED_NS if row.track.life is Life.MERGED else GONE_NS
