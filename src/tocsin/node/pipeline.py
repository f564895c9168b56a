"""The way of an observation, on one page: plot -> track -> assess -> warn / offer; offer -> release ->
partner.

Two pure folds, `(state, stimuli, now) -> (state, effects)`. Live, drill, replay and simulation all run these.
No clock, dice, socket or file is in here; the shells (hall.py, door.py) bring stimuli and carry out effects.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from tocsin.assess import assessor
from tocsin.model.label import Nation
from tocsin.model.product import Decision, Import, LinkHealth, Quarantined, Receipt
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Plot, Tracklet
from tocsin.model.warning import OfficerAct
from tocsin.node import partners, sharing
from tocsin.node.hall_words import (
    Acted,
    ActRefused,
    AliveIn,
    Configured,
    Counts,
    HallEffect,
    HallState,
    HallStimulus,
    HandedIn,
    LinksIn,
    Offered,
    OutletReceipt,
    Pictured,
    PlotsIn,
    RefusedIn,
    SensorLog,
    Told,
)
from tocsin.track import fuse, tracker
from tocsin.warn import decide

PICTURE_PERIOD_NS = SECOND_NS
"""Track files and analysts read the fused picture once a second (TRACKING.md, Scoring)."""


def hall_start(config: Configured, now: Instant) -> HallState:
    """The state of a hall that has just learnt who it is and has seen nothing yet."""
    return HallState(
        config=config,
        started_ns=now,
        step=0,
        tracker=tracker.new_tracker(config.nation, config.sensors),
        fusion=fuse.new_fusion(config.nation),
        assess=assessor.AssessState(),
        warn=decide.new_warn(config.nation, config.plane, config.thresholds),
    )


def hall_step(
    state: HallState | None, stimuli: Sequence[HallStimulus], now: Instant
) -> tuple[HallState, tuple[HallEffect, ...]]:
    """One turn of the hall. The first stimulus a record ever holds is `Configured`; ValueError without it."""
    state = state or _configured(stimuli, now)
    came = _sorted(stimuli)

    tracking, own = tracker.step(state.tracker, came.plots, now)
    fusion, fused = fuse.step(state.fusion, own, came.tracklets, now)
    heard = partners.heard(state, came.imports, now)
    assessing, assessments = assessor.step(state.assess, fused, own, tuple(heard.launches.values()), now)
    warning, told = decide.step(state.warn, assessments, fused, came.acts, now)
    shared, offers = sharing.offers(state.shared, own, state.counts.offered, state.config.nation, now)

    pictured = now - state.pictured_ns >= PICTURE_PERIOD_NS
    after = replace(
        state,
        step=state.step + 1,
        tracker=tracking,
        fusion=fusion,
        assess=assessing,
        warn=warning,
        own=own,
        fused=fused,
        assessments=assessments,
        partners=heard.tracklets,
        launches=heard.launches,
        predictions=heard.predictions,
        shared=shared,
        sensors=_sensor_log(state.sensors, came.plots, came.alive, now),
        counts=_counted(state.counts, came, len(offers)),
        links=came.links if came.links is not None else state.links,
        pictured_ns=now if pictured else state.pictured_ns,
    )
    effects: list[HallEffect] = [Offered(offer) for offer in offers]
    effects += [_told(effect) for effect in told]
    if pictured and (fused or state.fused):
        effects.append(Pictured(fused, tuple(replace(row, arc=()) for row in assessments)))
    return after, tuple(effects)


class _Came(NamedTuple):
    """Stimuli of one step, sorted by kind; order of arrival is kept within each."""

    plots: tuple[Plot, ...]
    alive: tuple[str, ...]
    imports: tuple[Import, ...]
    tracklets: tuple[Tracklet, ...]
    decisions: tuple[Decision, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[Quarantined, ...]
    acts: tuple[OfficerAct, ...]
    links: tuple[LinkHealth, ...] | None
    copies: int | None


def _configured(stimuli: Sequence[HallStimulus], now: Instant) -> HallState:
    if not stimuli or not isinstance(stimuli[0], Configured):
        raise ValueError("the first stimulus of a record must be `configured`")
    return hall_start(stimuli[0], now)


def _sorted(stimuli: Iterable[HallStimulus]) -> _Came:
    plots: list[Plot] = []
    alive: list[str] = []
    handed: list[Import | Decision | Receipt | Quarantined] = []
    acts: list[OfficerAct] = []
    links: tuple[LinkHealth, ...] | None = None
    copies: int | None = None
    for stimulus in stimuli:
        match stimulus:
            case PlotsIn(plots=some):
                plots += some
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
            case Configured() | OutletReceipt():
                pass
    imports = tuple(item for item in handed if isinstance(item, Import))
    return _Came(
        plots=tuple(plots),
        alive=tuple(alive),
        imports=imports,
        tracklets=tuple(item.product for item in imports if isinstance(item.product, Tracklet)),
        decisions=tuple(item for item in handed if isinstance(item, Decision)),
        receipts=tuple(item for item in handed if isinstance(item, Receipt)),
        refused=tuple(item for item in handed if isinstance(item, Quarantined)),
        acts=tuple(acts),
        links=links,
        copies=copies,
    )


def _sensor_log(
    log: dict[str, SensorLog], plots: Sequence[Plot], alive: Sequence[str], now: Instant
) -> dict[str, SensorLog]:
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


def _counted(counts: Counts, came: _Came, offers: int) -> Counts:
    quarantined = counts.quarantined
    if came.refused:
        quarantined = dict(quarantined)
        for one in came.refused:
            quarantined[one.reason] = quarantined.get(one.reason, 0) + 1
    return Counts(
        plots=counts.plots + len(came.plots),
        offered=counts.offered + offers,
        released=counts.released + sum(decision.released for decision in came.decisions),
        withheld=counts.withheld + sum(not decision.released for decision in came.decisions),
        received=counts.received + len(came.imports),
        copies=counts.copies if came.copies is None else came.copies,
        receipted=counts.receipted + len(came.receipts),
        quarantined=quarantined,
    )


def _told(effect: decide.WarnEffect) -> Told | ActRefused:
    if isinstance(effect, decide.Refused):
        return ActRefused(effect.act, effect.reason)
    return Told(type(effect).__name__.lower(), effect.draft)


def recipients(nation: Nation) -> tuple[Nation, ...]:
    """Everybody of the mechanism but oneself, in a fixed order."""
    return tuple(other for other in Nation if other is not nation)
