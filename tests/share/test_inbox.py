"""Exactly once, in whatever order: marks against plain sets, receipts and requests against the clock."""

from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.product import Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.share import inbox, outbox
from tocsin.share.inbox import ASK_AGAIN_NS, CATCH_UP_NS, GAP_GRACE_NS, RECEIPT_NS, InStream
from tocsin.share.links import Receipt, Resend
from tocsin.share.marks import MAX_ISLANDS, Marks, Run
from tocsin.share.outbox import PROOF_NS, RECEIPTED_NS, OutStream

FLOW, CONTROL = Traffic.FLOW, Traffic.CONTROL
NOW = Instant(100 * SECOND_NS)
RUNS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda r: (r[0], r[0] + r[1])), max_size=30
)


def numbers(runs: tuple[tuple[int, int], ...]) -> list[int]:
    return [n for first, last in runs for n in range(first, last + 1)]


@given(RUNS)
def test_marks_are_the_set_they_stand_for(runs: list[tuple[int, int]]) -> None:
    marks, seen = Marks(), set[int]()
    for first, last in runs:
        fresh = set(range(first, last + 1)) - seen
        assert numbers(marks.fresh(first, last)) == sorted(fresh)
        marks = marks.add(first, last)
        seen |= fresh
        assert {n for n in range(1, 80) if marks.seen(n)} == seen
        assert marks.upto == next(n for n in range(1, 90) if n not in seen) - 1
        assert numbers(marks.missing(75)) == [n for n in range(1, 76) if n not in seen]
        islands = [(marks.upto - 1, marks.upto), *marks.islands]
        assert all(a[1] + 1 < b[0] <= b[1] for a, b in pairwise(islands))


@given(RUNS, st.integers(0, 3))
def test_squeezed_marks_never_forget_what_was_seen(runs: list[tuple[int, int]], islands: int) -> None:
    marks = Marks()
    for first, last in runs:
        marks = marks.add(first, last).squeezed(islands)
        assert len(marks.islands) <= islands
        assert marks.fresh(first, last) == ()


@given(RUNS)
def test_every_sequence_is_fresh_exactly_once(runs: list[tuple[int, int]]) -> None:
    stream, taken = InStream(), list[int]()
    for first, last in runs:
        stream, fresh = inbox.accept(stream, FLOW, first, last)
        taken += numbers(fresh)
    assert len(taken) == len(set(taken))
    assert set(taken) == {n for first, last in runs for n in range(first, last + 1)}


def test_gaps_are_bounded() -> None:
    stream = InStream()
    for n in range(2, 4 * MAX_ISLANDS, 2):
        stream, _ = inbox.accept(stream, FLOW, n, n)
    assert len(stream.received.islands) == MAX_ISLANDS
    stream, fresh = inbox.accept(stream, FLOW, 1, 1)  # what closes a gap is always taken
    assert fresh == ((1, 1),)
    stream, fresh = inbox.accept(stream, FLOW, 10**9, 10**9)
    assert fresh == ()
    _, fresh = inbox.accept(InStream(), CONTROL, 2**62, 2**62)  # never sent again, so never refused
    assert fresh == ((2**62, 2**62),)
    for n in range(10, 10_000, 2):
        stream, _ = inbox.accept(stream, CONTROL, n, n)
    assert len(stream.received.islands) <= inbox.CONTROL_ISLANDS


def test_receipts_follow_the_hall_and_not_the_door() -> None:
    now = Instant(10 * SECOND_NS)
    stream, _ = inbox.accept(InStream(), FLOW, 1, 5)
    assert inbox.receipt_due(stream, FLOW, now) == (stream, None)
    stream = inbox.hall_has(stream, 1, 2)
    stream, receipt = inbox.receipt_due(stream, FLOW, now)
    assert receipt == Receipt(FLOW, 2)
    stream = inbox.hall_has(stream, 4, 5)
    assert inbox.receipt_due(stream, FLOW, Instant(now + SECOND_NS))[1] is None  # 3 is not committed
    stream = inbox.hall_has(stream, 3, 3)
    assert inbox.receipt_due(stream, FLOW, Instant(now + RECEIPT_NS - 1))[1] is None
    assert inbox.receipt_due(stream, FLOW, Instant(now + RECEIPT_NS))[1] == Receipt(FLOW, 5)


def test_a_gap_is_asked_for_after_grace_and_then_now_and_again() -> None:
    start = Instant(10 * SECOND_NS)
    stream, _ = inbox.accept(InStream(), FLOW, 3, 4)
    stream, request = inbox.resend_due(stream, FLOW, start)
    assert request is None
    asked = []
    for ms in range(0, 6000, 10):
        stream, request = inbox.resend_due(stream, FLOW, Instant(start + ms * MILLISECOND_NS))
        if request is not None:
            asked.append(ms * MILLISECOND_NS)
            assert request == Resend(FLOW, ((1, 2),))
    assert asked == [GAP_GRACE_NS, GAP_GRACE_NS + ASK_AGAIN_NS, GAP_GRACE_NS + 2 * ASK_AGAIN_NS]
    stream, _ = inbox.accept(stream, FLOW, 1, 2)
    stream, request = inbox.resend_due(stream, FLOW, Instant(start + 10 * SECOND_NS))
    assert request is None
    assert stream.gap_ns is None


def test_end_of_stream_is_known_by_what_the_origin_says() -> None:
    stream, _ = inbox.accept(InStream(), FLOW, 1, 2)
    stream = inbox.told(stream, 5)
    stream, _ = inbox.resend_due(stream, FLOW, Instant(SECOND_NS))
    stream, request = inbox.resend_due(stream, FLOW, Instant(10 * SECOND_NS))
    assert request == Resend(FLOW, ((3, 5),))
    assert inbox.told(stream, 3).told == 5


def test_flow_waits_for_what_is_urgent_and_not_for_ever() -> None:
    stream, _ = inbox.accept(InStream(), Traffic.URGENT, 1, 2)
    assert not inbox.behind(stream, NOW)
    stream = inbox.told(stream, 4)
    assert inbox.behind(stream, NOW)
    stream, _ = inbox.resend_due(stream, Traffic.URGENT, NOW)
    assert inbox.behind(stream, Instant(NOW + CATCH_UP_NS - 1))
    assert not inbox.behind(stream, Instant(NOW + CATCH_UP_NS))
    stream, _ = inbox.accept(stream, Traffic.URGENT, 3, 4)
    assert not inbox.behind(stream, NOW)


def test_outbox_allocates_contiguously_and_believes_no_impossible_receipt() -> None:
    stream, first = outbox.allocate(OutStream(), 3)
    stream, second = outbox.allocate(stream, 2)
    assert (first, second, stream.sent, stream.backlog) == (1, 4, 5, 5)
    assert outbox.receipt(stream, 6, NOW) is None
    after = outbox.receipt(stream, 4, NOW)
    assert after is not None
    assert after.backlog == 1
    assert outbox.receipt(after, 2, NOW) is after


@given(RUNS, st.integers(0, 40), st.integers(0, 40))
def test_only_what_was_sent_and_is_open_is_sent_again(
    runs: list[tuple[int, int]], sent: int, receipted: int
) -> None:
    stream = OutStream(sent, min(sent, receipted))
    _, wanted = outbox.resend(stream, tuple(runs), Instant(SECOND_NS))
    asked = {n for first, last in runs for n in range(first, last + 1)}
    assert set(numbers(wanted)) == {n for n in asked if stream.receipted < n <= stream.sent}


def test_asking_without_end_is_served_now_and_then() -> None:
    stream = OutStream(10, 0)
    served = 0
    for ms in range(0, 2000, 10):
        now = Instant(SECOND_NS + ms * MILLISECOND_NS)
        stream, wanted = outbox.resend(stream, ((1, 10),), now)
        served += bool(wanted)
    assert served == 4


class Sent(NamedTuple):
    at_ms: int
    flash: bool
    stored: bool
    alone: bool
    again: tuple[Run, ...]


def sent_each(ms: int, until_ms: int, *, receipts_until_ms: int, heard: bool = True) -> list[Sent]:
    """An envelope of five every `ms`; receipts every 200 ms, for a while."""
    stream, rows = OutStream(), list[Sent]()
    for at in range(0, until_ms, ms):
        now = Instant(NOW + at * MILLISECOND_NS)
        if at % 200 == 0 and at <= receipts_until_ms:
            stream = outbox.receipt(stream, stream.sent, now) or stream
        stream, again = outbox.overdue(stream, now)
        stream, flash, stored, alone = outbox.ways(stream, now, heard=heard)
        stream, _ = outbox.allocate(stream, 5)
        stream = outbox.went_alone(stream) if alone else stream
        rows.append(Sent(at, flash, stored, alone, again))
    return rows


def test_a_direct_way_that_works_is_enough_but_for_a_proof_a_second() -> None:
    rows = sent_each(10, 10_000, receipts_until_ms=10_000)
    proofs = list(range(0, 10_000, PROOF_NS // MILLISECOND_NS))
    assert [row.at_ms for row in rows if not row.alone] == proofs
    assert [row.at_ms for row in rows if row.stored] == proofs
    assert all(row.flash for row in rows)
    assert not any(row.again for row in rows)


def test_without_receipts_everything_goes_by_both_ways_and_what_waits_goes_again_once() -> None:
    rows = sent_each(10, 10_000, receipts_until_ms=2_000)
    late_ms = 2_000 + RECEIPTED_NS // MILLISECOND_NS
    assert any(row.alone for row in rows if 2_000 < row.at_ms < late_ms)
    assert not any(row.alone or row.flash for row in rows if row.at_ms >= late_ms)
    assert all(row.stored for row in rows if row.at_ms >= late_ms)
    assert [row.at_ms for row in rows if row.again] == [late_ms]
    assert next(row.again for row in rows if row.again) == ((1_001, 5 * late_ms // 10),)


def test_what_went_alone_is_overdue_without_anything_new_to_send() -> None:
    stream = outbox.ways(OutStream(twice_ns=NOW), NOW, heard=True).stream
    stream = outbox.went_alone(outbox.allocate(stream, 5)[0])
    late = Instant(NOW + RECEIPTED_NS)
    assert outbox.overdue(stream, Instant(late - 1)) == (stream, ())
    after, again = outbox.overdue(stream, late)
    assert again == ((1, 5),)
    assert outbox.overdue(after, late)[1] == ()
    assert outbox.overdue(outbox.receipt(stream, 5, NOW) or stream, late)[1] == ()


def test_a_backlog_that_is_being_worked_off_is_not_overtaken() -> None:
    """3,000 records at a broker, 500 of them receipted a second, and 10 more sent."""
    stream = OutStream(
        3_000, 0, waits_ns=NOW, twice_ns=NOW, marked=1, marked_ns=Instant(NOW - 60 * SECOND_NS)
    )
    flashed, sizes = list[bool](), list[int]()
    for tenth in range(100):
        now = Instant(NOW + tenth * 100 * MILLISECOND_NS)
        sizes.append(stream.backlog)
        stream, flash, stored, _ = outbox.ways(stream, now, heard=True)
        assert stored or flash
        flashed.append(flash)
        stream, _ = outbox.allocate(stream, 1)
        stream = outbox.receipt(stream, min(stream.sent, stream.receipted + 50), now) or stream
    drained = next(n for n, size in enumerate(sizes) if size <= 1)
    assert not any(flashed[:drained])
    assert all(flashed[drained + 1 :])


def test_a_proof_waits_until_nothing_unreceipted_stands_before_it() -> None:
    """Its stored copy would come before what was flashed in vain just now."""
    last = Instant(NOW - 2 * PROOF_NS)
    stream = OutStream(5, 0, waits_ns=NOW, twice_ns=last, marked_ns=NOW, steady=True)
    assert not outbox.ways(stream, NOW, heard=True).stored
    assert outbox.ways(outbox.receipt(stream, 5, NOW) or stream, NOW, heard=True).stored
    assert outbox.ways(stream, Instant(last + outbox.PATIENCE_NS), heard=True).stored


def test_more_than_a_partner_need_hold_is_stored() -> None:
    stream = OutStream(outbox.MOST_FLASHED, 0, waits_ns=NOW, twice_ns=NOW, marked_ns=NOW, steady=True)
    assert outbox.ways(stream, NOW, heard=True)[1:] == (True, False, True)
    assert outbox.ways(outbox.allocate(stream, 1)[0], NOW, heard=True)[1:] == (False, True, True)


def test_a_partner_that_is_not_heard_directly_is_sent_to_by_both_ways() -> None:
    rows = sent_each(10, 5_000, receipts_until_ms=5_000, heard=False)
    assert all(row.stored and not row.alone and not row.flash for row in rows)


@given(st.integers(0, 10**6), st.integers(-(10**13), 10**13))
def test_a_clock_set_back_sends_by_both_ways(backlog: int, moved_ns: int) -> None:
    stream = OutStream(backlog, 0, waits_ns=NOW, twice_ns=NOW, marked_ns=NOW)
    after, _, stored, alone = outbox.ways(stream, Instant(NOW + moved_ns), heard=True)
    assert stored or alone
    assert alone is (0 <= moved_ns < PROOF_NS)
    assert outbox.ways(after, Instant(NOW + moved_ns), heard=True).alone is (
        backlog == 0 or 0 <= moved_ns < RECEIPTED_NS
    )
