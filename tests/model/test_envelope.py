"""The header's bytes against another encoder of the same standard."""

import cbor2
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.envelope import Header, header_bytes
from tocsin.model.label import Caveat, Nation, Plane
from tocsin.model.product import Traffic

NUMBERS = (
    st.integers(0, 2**64 - 1) | st.integers(0, 300) | st.sampled_from((2**16, 2**16 - 1, 2**32, 2**32 - 1))
)
WORDS = st.text(max_size=64)
HEADERS = st.builds(
    Header,
    protocol=st.integers(-(2**64), 2**64 - 1),
    plane=st.sampled_from(Plane),
    issuer=st.sampled_from(Nation),
    recipient=st.sampled_from(Nation),
    traffic=st.sampled_from(Traffic),
    first=NUMBERS,
    last=NUMBERS,
    originators=st.lists(st.sampled_from(Nation), max_size=3).map(tuple),
    releasable_to=st.lists(st.sampled_from(Nation), max_size=3).map(tuple),
    caveats=st.lists(st.sampled_from(Caveat), max_size=3).map(tuple),
    key_id=WORDS,
    issued_wall_ns=NUMBERS,
    expires_wall_ns=NUMBERS,
    encrypted_to=WORDS,
)


@given(HEADERS)
def test_a_header_is_its_fields_in_canonical_cbor(header: Header) -> None:
    assert header_bytes(header) == cbor2.dumps(msgspec.to_builtins(header), canonical=True)


@given(NUMBERS, NUMBERS)
def test_headers_of_one_stream_differ_by_what_is_different(first: int, last: int) -> None:
    one = Header(1, Plane.TEST, Nation.KOR, Nation.JPN, Traffic.FLOW, first, last, (), (), (), "k", 1, 2, "")
    other = msgspec.structs.replace(one, first=last, last=first)
    assert (header_bytes(one) == header_bytes(other)) == (first == last)
