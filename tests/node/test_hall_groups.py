"""A salvo closer than a radar parts, through the hall: one group on the desk, every object warned of."""

from collections import defaultdict
from functools import lru_cache

from hall_world import configured
from msgspec.structs import replace

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, after, seconds_between
from tocsin.model.track import Life, Phase, Plot
from tocsin.model.warning import WarnStatus
from tocsin.node.desk import picture
from tocsin.node.hall_words import Configured, HallEffect, HallState, HallStimulus, Pictured, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.page.view import view_of
from tocsin.sim.scenario import Salvo, Scenario
from tocsin.sim.scenario_file import load
from tocsin.sim.sensors import plots

OBJECTS = 9
SEEN_S = 60


def scenario() -> Scenario:
    whole = load("salvo-0.3km")
    flight = replace(whole.flights[0], salvo=Salvo(count=OBJECTS, spacing_km=0.3))
    quiet = tuple(replace(sensor, false_plots_per_min=0.0) for sensor in whole.sensors)
    return replace(whole, flights=(flight,), sensors=quiet)


@lru_cache(maxsize=1)
def japan() -> tuple[HallState, tuple[HallEffect, ...], Instant]:
    """Japan's hall, by its own radar alone, a minute after the first look."""
    whole = scenario()
    arriving: dict[int, list[Plot]] = defaultdict(list)
    for entry in plots(whole, 1):
        if entry.nation is Nation.JPN:
            arriving[int(seconds_between(whole.start_ns, entry.deliver_ns))].append(entry.plot)
    state: HallState | None = None
    effects: list[HallEffect] = []
    begun = replace(configured(Nation.JPN), sensors=tuple(whole.sensors_of(Nation.JPN, Plane.EXERCISE)))
    assert isinstance(begun, Configured)
    first = min(arriving)
    now = whole.start_ns
    for second in range(first, first + SEEN_S):
        now = after(whole.start_ns, second + 1.0)
        words: list[HallStimulus] = [] if state else [begun]
        state, new = hall_step(state, [*words, PlotsIn(tuple(arriving[second]))], now)
        effects += new
    assert state is not None
    return state, tuple(effects), now


def test_the_desk_shows_one_group_with_its_count_and_where_it_comes_down() -> None:
    state, effects, now = japan()
    (group,) = picture(state, now).groups
    assert group.count.low <= OBJECTS <= group.count.high
    assert set(group.members) <= {track.id for track in state.fused}
    assert group.impact is not None
    assert view_of(picture(state, now)).groups[0].impact is not None
    told = [effect for effect in effects if isinstance(effect, Pictured)]
    assert [one.id for one in told[-1].groups] == [group.id]


def test_every_object_of_a_group_is_warned_of_in_one_draft() -> None:
    """What warns is each track by itself: the group takes none away, and nobody reads nine drafts."""
    state, _, _ = japan()
    open_ = [draft for draft in state.warn.drafts.values() if draft.status is WarnStatus.DRAFTED]
    land = [draft for draft in open_ if not any("-SEA-" in area.area for area in draft.warning.areas)]
    assert len(land) == 1
    flying = {t.id for t in state.fused if t.life is Life.CONFIRMED and t.phase is Phase.COAST}
    assert flying & set(state.together.groups[0].members)
    assert set(land[0].tracks) >= flying & set(state.together.groups[0].members)
    assert land[0].warning.objects >= len(flying & set(state.together.groups[0].members))
