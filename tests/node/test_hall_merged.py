"""A partner's two tracks that turn out to be one: from its last word to the desk, the record and the
warning's draft.
"""

from functools import lru_cache

from hall_world import configured, seconds_of
from msgspec.structs import replace

from tocsin.model.handoff import HandedItem
from tocsin.model.label import Nation
from tocsin.model.product import Import, Traffic
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, Track, Tracklet
from tocsin.model.warning import WarnStatus
from tocsin.node.desk import picture
from tocsin.node.hall_words import HallState, HandedIn, Pictured, PlotsIn
from tocsin.node.pipeline import hall_step
from tocsin.page.view import view_of
from tocsin.track.body import tracklet_of

JPN, KOR = Nation.JPN, Nation.KOR
UNTIL_S = 240  # free flight; Japan is overflown from 340 s on


@lru_cache(maxsize=1)
def korean() -> tuple[Instant, Track]:
    """Korea's own track, and when."""
    state: HallState | None = None
    for now, some in seconds_of(KOR, UNTIL_S):
        state, _ = hall_step(state, [*([] if state else [configured(KOR)]), PlotsIn(some)], now)
    assert state is not None
    (own,) = state.own
    return now, own


def word(track: Track, name: str, sequence: int, life: Life = Life.CONFIRMED) -> Tracklet:
    return replace(tracklet_of(track, KOR), track_id=name, sequence=sequence, life=life)


def test_a_partners_merged_track_has_a_last_word_and_its_draft_goes_on() -> None:
    now, own = korean()
    state, _ = hall_step(None, [configured(JPN)], now)
    number = 0
    said: list[Pictured] = []

    def hear(now: Instant, *came: Tracklet) -> HallState:
        nonlocal number
        items = []
        for product in came:
            number += 1
            items.append(
                HandedItem(number, Import(KOR, Traffic.FLOW, number, product, Instant(0), Instant(0)))
            )
        after_state, effects = hall_step(state, [HandedIn(tuple(items))], now)
        said.extend(e for e in effects if isinstance(e, Pictured))
        return after_state

    state = hear(after(now, 1), word(own, "KOR-2", 1))
    (draft,) = state.warn.drafts.values()
    state = hear(after(now, 2), word(own, "KOR-1", 1), word(own, "KOR-2", 2))
    assert [track.life for track in state.fused] == [Life.CONFIRMED] * 2
    state = hear(after(now, 3), word(own, "KOR-1", 2), word(own, "KOR-2", 3, Life.MERGED))
    words = {track.id: track.life for track in state.fused}
    assert words == {"F-1": Life.CONFIRMED, "F-2": Life.MERGED}
    assert {track.id: track.life for track in said[-1].fused} == words
    state = hear(after(now, 4), word(own, "KOR-1", 3))
    assert [track.id for track in state.fused] == ["F-1"]
    shown = {(m.layer, m.id): m for m in view_of(picture(state, after(now, 4))).marks}
    later, _ = hall_step(state, [], after(now, 65))
    assert [track.id for track in picture(later, after(now, 65)).fused] == ["F-1"]
    assert shown["fused", "F-2"].life == "merged"
    assert (shown["fused", "F-2"].risks, shown["fused", "F-2"].impact) == ((), None)
    assert shown["fused", "F-1"].risks
    (left,) = (d for d in state.warn.drafts.values() if d.status is WarnStatus.DRAFTED)
    assert (left.id, left.tracks) == (draft.id, ("F-1", "F-2"))
    assert [threat.track_id for threat in state.warn.threats.values()] == ["F-1"]
