import pytest
from asterix_blocks import block, radar_record
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sense.framing import MAX_LINE_BYTES, Blocks, Framer, Lines, framer


def fed(cut: Framer, stream: bytes, sizes: list[int]) -> list[bytes]:
    """The pieces of a stream that arrives in parts of these sizes."""
    pieces, start = [], 0
    for size in sizes:
        pieces += cut.feed(stream[start : start + size])
        start += size
    return pieces + cut.feed(stream[start:]) + cut.end()


parts = st.lists(st.integers(0, 40), max_size=30)


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line)), parts)
def test_lines_come_out_whole_however_they_arrive(lines: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    assert fed(Lines(), stream, sizes) == [line + b"\n" for line in lines]


def test_a_last_line_without_newline_is_a_line() -> None:
    assert fed(Lines(), b"one\ntwo", []) == [b"one\n", b"two"]


@pytest.mark.parametrize("size", [1000, 10**6])
def test_a_line_beyond_the_bound_is_cut_and_takes_no_memory(size: int) -> None:
    cut = Lines()
    for _ in range(20):
        assert cut.feed(b"x" * size) == []
    pieces = cut.feed(b"x\nnext\n")
    assert [len(piece) for piece in pieces] == [MAX_LINE_BYTES + 2, 5]
    assert cut.end() == []


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=8), parts)
def test_blocks_come_out_whole_however_they_arrive(blocks: list[tuple[int, bytes]], sizes: list[int]) -> None:
    whole = [bytes([kind]) + (3 + len(body)).to_bytes(2, "big") + body for kind, body in blocks]
    assert fed(Blocks(), b"".join(whole), sizes) == whole


def test_an_impossible_length_is_passed_on_and_breaks_the_stream() -> None:
    cut = Blocks()
    good = block(48, radar_record())
    assert cut.feed(good + b"\x30\x00\x02" + good) == [good, b"\x30\x00\x02"]
    assert cut.broken
    assert cut.feed(good) == cut.end() == []


def test_a_cut_block_is_passed_on_at_the_end() -> None:
    good = block(48, radar_record())
    assert fed(Blocks(), good + good[:-1], [5]) == [good, good[:-1]]


def test_formats_are_lines_unless_they_are_not() -> None:
    assert isinstance(framer("asterix"), Blocks)
    assert isinstance(framer("jsonl"), Lines)
    assert isinstance(framer("a-plug-in"), Lines)
