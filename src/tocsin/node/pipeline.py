"""The way of an observation, on one page: plot -> track -> assess -> warn, and -> offer.

One of a node's two pure folds, `(state, stimuli, now) -> (state, effects)`: live, drill, replay and
simulation all run it. No clock, dice, socket or file is in here; the shell (hall.py) brings stimuli and
carries out effects. An offer goes on in the door's process, offer -> release -> share -> partner, by the
other fold: `door_fold.door_step` (docs/adr/0003).
"""

from collections.abc import Sequence

from msgspec.structs import replace

from tocsin.assess import assessor
from tocsin.assess.groups import with_impacts
from tocsin.model.product import Product
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import FusedTrack, Track
from tocsin.model.warning import ForeignAlert
from tocsin.node import arrivals, forgotten, partners, questions, sensing, sharing
from tocsin.node.hall_words import (
    ActRefused,
    Asked,
    CalledOut,
    Configured,
    ConflictFound,
    HallEffect,
    HallState,
    HallStimulus,
    HeardIn,
    Offered,
    OutletReceipt,
    Pictured,
    Restarted,
    RulesIn,
    Told,
)
from tocsin.track import fuse, together, tracker
from tocsin.track.looks import own_looks
from tocsin.warn import decide, incoming

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
    came = arrivals.sort_out(stimuli, now)
    state, again = forgotten.beyond(state, stimuli, now)

    tracking, own = tracker.step(state.tracker, came.plots, now)
    looks = own_looks(tracking, own)
    theirs = partners.near(came.tracklets, now)
    fusion, fused = fuse.step(state.fusion, own, theirs, now, looks, came.looks)
    heard = partners.heard(state, came.imports, now)
    assessing, assessments = assessor.step(
        state.assess, fused, own, tuple(heard.launches.values()), now, tuple(heard.tracklets.values())
    )
    warning, told = decide.step(_informed(state.warn, came), assessments, fused, came.acts, now, _heard(came))
    asking, asked = questions.step(state.asking, state.config, came.decisions, own, fused, assessments, now)
    sensors = arrivals.sensor_log(state.sensors, came.plots, came.alive, now)
    sensors_told, words = sensing.words(state.sensors_told, state.config, sensors, state.started_ns, now)
    released = (one.draft.warning for one in told if isinstance(one, decide.Released))
    news: list[Product] = [*again, *sharing.public(released, warning.rules.releasable_to), *words]
    shared, offers = sharing.offers(
        state.shared, own, state.counts.offered, state.config.nation, now, news, looks, tracking.sensors
    )

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
        together=_together(state, fusion, fused, own, came, now),
        gone=arrivals.gone(state.gone, fused, assessments, now),
        partners=heard.tracklets,
        launches=heard.launches,
        predictions=heard.predictions,
        warnings=heard.warnings,
        shared=shared,
        sensors=sensors,
        sensors_told=sensors_told,
        partner_sensors=heard.sensors,
        counts=arrivals.counted(state.counts, came, len(offers)),
        links=came.links if came.links is not None else state.links,
        alarms=arrivals.alarms(state.alarms, came.alarms),
        asking=asking,
        latencies_ms=arrivals.latencies(state.latencies_ms, came.imports),
        pictured_ns=now if pictured else state.pictured_ns,
        restarted_ns=now if any(isinstance(w, Restarted) for w in came.desk) else state.restarted_ns,
    )
    effects: list[HallEffect] = [Offered(offer) for offer in offers]
    effects += [*map(_told, told), *map(Asked, asked)]
    if pictured and (fused or state.fused):
        effects.append(_pictured(after))
    return after, tuple(effects)


def _configured(stimuli: Sequence[HallStimulus], now: Instant) -> HallState:
    if not stimuli or not isinstance(stimuli[0], Configured):
        raise ValueError("the first stimulus of a record must be `configured`")
    return hall_start(stimuli[0], now)


def _together(
    state: HallState,
    fusion: fuse.FusionState,
    fused: Sequence[FusedTrack],
    own: Sequence[Track],
    came: arrivals.Came,
    now: Instant,
) -> together.TogetherState:
    """Groups of tracks that cannot be told apart, with where their objects come down."""
    sensors = state.config.sensors
    after = together.step(state.together, fused, own, came.plots, sensors, now, fuse.silent(fusion))
    if after.looked_ns == state.together.looked_ns:
        return after
    return replace(after, groups=with_impacts(after.groups, fused))


def _pictured(state: HallState) -> Pictured:
    without = tuple(replace(row, arc=()) for row in state.assessments)
    return Pictured(state.fused, without, state.together.groups)


def _informed(desk: decide.WarnState, came: arrivals.Came) -> decide.WarnState:
    """The desk with what reached it beside the picture and the acts."""
    for word in came.desk:
        match word:
            case RulesIn(rules=rules):
                desk = incoming.ruled(desk, rules)
            case Restarted():
                desk = incoming.restored(desk)
            case OutletReceipt(outlet=outlet, draft_id=name):
                desk = incoming.carried(desk, name, outlet)
    return desk


def _heard(came: arrivals.Came) -> list[ForeignAlert]:
    return [word.alert for word in came.desk if isinstance(word, HeardIn)]


def _told(effect: decide.WarnEffect) -> Told | ActRefused | CalledOut | ConflictFound:
    if isinstance(effect, decide.Refused):
        return ActRefused(effect.act, effect.reason)
    if isinstance(effect, decide.Called):
        return CalledOut(effect.call, effect.draft)
    if isinstance(effect, decide.Conflicting):
        return ConflictFound(effect.conflict)
    return Told(type(effect).__name__.lower(), effect.draft)
