"""Two persons, attacked: no acts by one person, with one credential or over another text release."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from warn_worlds import Room, act, at, drafted, into, meaning, over, released, track, warning

from tocsin.model.label import Plane
from tocsin.model.warning import ActKind, Certainty, Draft, MsgType, OfficerAct, WarnStatus
from tocsin.warn.approve import Refusal, digest_of, refusal
from tocsin.warn.decide import Drafted, Prepared, Refused, Released, WarnEffect

AOMORI = over("JP-02", 0.9)
SEEN = ([track()], [meaning(AOMORI)])


def open_room() -> tuple[Room, Draft]:
    room = Room()
    (draft,) = drafted(room.see(160.0, *SEEN))
    return room, draft


def reasons(room: Room, *acts: OfficerAct) -> list[str]:
    effects = room.see(room.now_s + 1.0, *SEEN, acts)
    assert not released(effects)
    return [e.reason for e in effects if isinstance(e, Refused)]


def test_what_is_refused() -> None:
    room, draft = open_room()
    propose, approve = act(draft, ActKind.PROPOSE, "sato"), act(draft, ActKind.APPROVE, "suzuki")
    assert reasons(room, approve) == [Refusal.NOT_OPEN]
    assert reasons(room, replace(propose, draft_id=f"{draft.id}9")) == [Refusal.UNKNOWN_DRAFT]
    other = draft.id.replace("EXERCISE", "REAL")
    assert reasons(room, replace(propose, draft_id=other)) == [Refusal.OTHER_DESK]
    assert reasons(room, replace(propose, officer="mallory")) == [Refusal.UNKNOWN_OFFICER]
    assert reasons(room, replace(propose, credential="key-x")) == [Refusal.UNKNOWN_OFFICER]
    assert reasons(room, replace(propose, digest="0" * 64)) == [Refusal.STALE]
    assert reasons(room, replace(propose, officer=" ")) == [Refusal.UNNAMED]
    assert reasons(room, replace(propose, credential="")) == [Refusal.UNNAMED]
    assert reasons(room, propose) == []
    assert reasons(room, propose) == [Refusal.NOT_OPEN]
    assert reasons(room, replace(approve, officer="sato")) == [Refusal.SAME_OFFICER]
    assert reasons(room, replace(approve, officer="ＳＡＴＯ ")) == [Refusal.SAME_OFFICER]
    assert reasons(room, replace(approve, credential="key-sato")) == [Refusal.SAME_CREDENTIAL]
    assert reasons(room, replace(approve, digest="0" * 64)) == [Refusal.STALE]
    assert room.state.drafts[draft.id].status is WarnStatus.PROPOSED
    assert released(room.see(room.now_s + 1.0, *SEEN, [approve]))
    assert reasons(room, approve, propose) == [Refusal.NOT_OPEN, Refusal.NOT_OPEN]


def test_a_changed_draft_needs_both_again() -> None:
    room, draft = open_room()
    room.see(161.0, *SEEN, [act(draft, ActKind.PROPOSE, "sato")])
    wider = ([track()], [meaning(AOMORI, into("JP-01", 0.3))])
    (changed,) = drafted(room.see(181.0, *wider))
    assert changed.digest != draft.digest
    assert (changed.status, room.state.proposals) == (WarnStatus.DRAFTED, {})
    stale = act(draft, ActKind.APPROVE, "suzuki")
    fresh = act(changed, ActKind.APPROVE, "suzuki")
    effects = room.see(182.0, *wider, [stale, fresh, act(draft, ActKind.PROPOSE, "sato")])
    assert [e.reason for e in effects if isinstance(e, Refused)] == [
        Refusal.NOT_OPEN, Refusal.NOT_OPEN, Refusal.STALE,
    ]  # fmt: skip
    assert released(room.release(changed))


def test_the_digest_covers_every_field() -> None:
    base = warning()
    others = [
        replace(base, serial=2),
        replace(base, plane=Plane.TEST),
        replace(base, msg_type=MsgType.UPDATE, references=((1, at(100)),)),
        replace(base, certainty=Certainty.LIKELY),
        replace(base, objects=2),
        replace(base, areas=(replace(base.areas[0], expected_ns=at(374)),)),
        replace(base, launched_ns=None),
        replace(base, sent_ns=at(161)),
        replace(base, expires_ns=at(3001)),
        replace(base, references=((1, at(1)),)),
    ]
    digests = {digest_of(row) for row in [base, *others]}
    assert len(digests) == 1 + len(others)
    assert digest_of(warning()) == digest_of(base)


def test_a_draft_whose_text_is_not_that_of_its_digest_is_refused() -> None:
    """A record that was tampered with: the digest is what officers saw, the text is another."""
    room, draft = open_room()
    desk = room.state
    forged = replace(draft, warning=replace(draft.warning, objects=9))
    propose = act(forged, ActKind.PROPOSE)
    assert refusal(desk, draft, None, propose) is None
    assert refusal(desk, forged, None, propose) is Refusal.STALE
    assert refusal(replace(desk, plane=Plane.REAL), draft, None, propose) is Refusal.OTHER_DESK


OFFICERS = ("sato", "Sato", "suzuki", "kim")
CREDENTIALS = ("k1", "K1 ", "k2")
MOVES = st.lists(
    st.tuples(
        st.sampled_from(ActKind),
        st.sampled_from(OFFICERS),
        st.sampled_from(CREDENTIALS),
        st.integers(0, 5),  # which of the drafts seen so far, oldest last
        st.sampled_from(("keep", "keep", "widen", "lose")),
    ),
    min_size=1,
    max_size=20,
)


def same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def shown(effects: Sequence[WarnEffect]) -> list[Draft]:
    """Every text that an officer could act on: drafts, what lies ready, what is in force."""
    return [e.draft for e in effects if isinstance(e, (Drafted, Prepared, Released))]


def aimed(draft: Draft, kind: ActKind, officer: str, credential: str) -> OfficerAct:
    """A correction keeps the first area."""
    made = act(draft, kind, officer, credential)
    return replace(made, areas=(draft.warning.areas[0].area,) if kind is ActKind.CORRECT else ())


@settings(max_examples=200, deadline=None)
@given(MOVES)
def test_no_sequence_of_acts_releases_without_two(moves: list[tuple[ActKind, str, str, int, str]]) -> None:
    """An oracle of its own: who made the text that went out ready to be approved, and who approved it."""
    room, first = open_room()
    seen = [first]
    areas = 1
    proposer: dict[str, OfficerAct] = {}
    tracks = [track()]
    for kind, officer, credential, back, picture in moves:
        areas = min(areas + (picture == "widen"), 9)
        tracks = [] if picture == "lose" else tracks
        rows = [AOMORI, *(into(f"JP-{10 + i}", 0.5) for i in range(areas))]
        made = aimed(seen[-1 - min(back, len(seen) - 1)], kind, officer, credential)
        effects = room.see(room.now_s + 7.0, tracks, [meaning(*rows)], [made])
        done = not any(isinstance(e, Refused) for e in effects)
        for out in released(effects):
            if out.by_policy == "downgrade":
                assert out.warning.areas in [d.warning.areas for d in seen]
                continue
            assert (made.kind, done, out.by_policy) == (ActKind.APPROVE, True, None)
            assert made.digest == out.digest == digest_of(out.warning)
            first_of_two = proposer[out.digest]
            assert not same(first_of_two.officer, officer)
            assert not same(first_of_two.credential, credential)
        seen += shown(effects)
        if done and kind in (ActKind.PROPOSE, ActKind.CORRECT):
            proposer |= {d.digest: made for d in room.state.drafts.values() if d.status is WarnStatus.PROPOSED
                         and d.digest not in proposer}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(MOVES, st.booleans())
def test_one_person_never_releases(moves: list[tuple[ActKind, str, str, int, str]], in_force: bool) -> None:
    """One officer with every credential; every officer with one credential; before and after an alert."""
    for fixed in ({"officer": "sato"}, {"credential": "k1"}):
        room, draft = open_room()
        if in_force:
            room.release(draft)
        for kind, officer, credential, back, _ in moves:
            rows = list(room.state.drafts.values())
            made = replace(aimed(rows[-1 - min(back, len(rows) - 1)], kind, officer, credential), **fixed)
            assert not released(room.see(room.now_s + 1.0, *SEEN, [made]))
