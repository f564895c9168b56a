"""Coarse first, refined by an Update: blocks of areas, and an island that nobody threatens let go again."""

from __future__ import annotations

from msgspec.structs import replace
from warn_worlds import RULES, Room, at, drafted, into, meaning, over, released, track

from tocsin.earth.places import load_areas
from tocsin.model.label import Nation
from tocsin.model.track import Life
from tocsin.model.warning import MsgType, Purpose, ThreatKind
from tocsin.warn.decide import REFINE_S
from tocsin.warn.regions import REGIONS

TOHOKU = tuple(f"JP-{n:02d}" for n in range(2, 8))
BLOCKS = replace(RULES, blocks=(TOHOKU, ("JP-08", "JP-09")))
AOMORI, HOKKAIDO = over("JP-02", 0.9, 900.0, 950.0), over("JP-01", 0.9, 880.0, 930.0)
SEEN = ([track()], [meaning(AOMORI, HOKKAIDO)])


def test_a_first_alert_warns_the_whole_block_and_an_update_refines_it() -> None:
    room = Room(rules=BLOCKS)
    (draft,) = drafted(room.see(160.0, *SEEN))
    assert {row.area for row in draft.warning.areas} == {"JP-01", *TOHOKU}
    assert {row.expected_ns for row in draft.warning.areas if row.area in TOHOKU} == {at(900)}
    room.release(draft)
    assert drafted(room.run(160.0 + REFINE_S - 1.0, *SEEN)) == []
    (update,) = drafted(room.run(160.0 + REFINE_S + 5.0, *SEEN))
    assert (update.drafted_ns, update.warning.msg_type) == (at(160 + REFINE_S), MsgType.UPDATE)
    assert [row.area for row in update.warning.areas] == ["JP-01", "JP-02"]
    room.release(update)
    assert drafted(room.run(800.0, *SEEN)) == []


def test_a_block_is_told_the_worst_and_the_earliest_and_a_member_its_own() -> None:
    room = Room(rules=BLOCKS)
    seen = meaning(over("JP-03", 0.9, 800.0, 850.0), into("JP-02", 0.5), impact_s=1000.0)
    (draft,) = drafted(room.see(160.0, [track()], [seen]))
    rows = {row.area: row for row in draft.warning.areas}
    assert (rows["JP-02"].threat, rows["JP-03"].threat) == (ThreatKind.IMPACT, ThreatKind.OVERFLIGHT)
    assert (rows["JP-04"].threat, rows["JP-04"].expected_ns) == (ThreatKind.IMPACT, at(800))
    assert "JP-08" not in rows


def test_a_loss_within_the_first_minute_says_no_more_than_what_was_told() -> None:
    room = Room(rules=BLOCKS)
    (draft,) = drafted(room.see(160.0, *SEEN))
    room.release(draft)
    (down,) = released(room.see(165.0, [], []))
    assert down.warning.purpose is Purpose.DOWNGRADE
    assert down.warning.areas == draft.warning.areas


def test_a_salvo_while_the_first_draft_is_open_is_one_draft() -> None:
    room = Room(rules=BLOCKS)
    names = [f"F{n}" for n in range(8)]
    for n in range(8):
        tracks = [track(name) for name in names[: n + 1]]
        room.see(160.0 + n, tracks, [meaning(AOMORI, name=name) for name in names[: n + 1]])
    open_ones = [d for d in room.state.drafts.values() if d.status == "drafted"]
    assert [d.warning.objects for d in open_ones] == [8]
    assert open_ones[0].tracks == tuple(names)
    assert len(released(room.release(open_ones[0]))) == 1


def test_the_customary_regions_name_real_areas_once() -> None:
    known = {area.iso for area in load_areas() if area.nation == "JPN"}
    named = [area for region in REGIONS[Nation.JPN].values() for area in region]
    assert len(named) == len(set(named))
    assert known - set(named) == {"JP-01", "JP-47"}  # regions of their own
    assert set(named) <= known


def test_the_end_of_a_salvo_speaks_of_all_its_objects() -> None:
    """Its objects end one after the other; the all-clear is not of the last one alone."""
    room = Room(rules=BLOCKS)
    early, late = meaning(AOMORI, name="F1"), meaning(over("JP-02", 0.9, 1500.0, 1600.0), name="F2")
    (draft,) = drafted(room.see(160.0, [track("F1"), track("F2")], [early, late]))
    assert draft.warning.objects == 2
    room.release(draft)
    ended = [track("F1", life=Life.IMPACTED), track("F2", life=Life.IMPACTED)]
    effects = room.run(2400.0, ended, [])
    (end,) = [d for d in drafted(effects) if d.warning.msg_type is MsgType.CANCEL]
    assert (end.warning.purpose, end.warning.objects) == (Purpose.ALL_CLEAR, 2)
