"""The simulator's memory of signatures says what the library says, of anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model import ed25519
from tocsin.model.label import Nation
from tocsin.sim.virtual import signatures
from tocsin.sim.virtual.keys import SimKey
from tocsin.sim.virtual.plan import Plan
from tocsin.sim.virtual.signatures import Signatures
from tocsin.sim.virtual.world import World

KEY, OTHER = SimKey(Nation.USA, 1), SimKey(Nation.JPN, 1)


@given(st.binary(max_size=80), st.integers(0, 7), st.data())
def test_what_differs_in_one_bit_is_what_the_library_says(data: bytes, bit: int, draw: st.DataObject) -> None:
    known = Signatures()
    whole = (KEY.public, data, KEY.sign(data))
    known.made(*whole)
    assert known.verifies(*whole)
    assert known.checked == 0
    which = draw.draw(st.sampled_from([n for n in range(3) if whole[n]]))
    at = draw.draw(st.integers(0, len(whole[which]) - 1))
    flipped = bytearray(whole[which])
    flipped[at] ^= 1 << bit
    changed = (*whole[:which], bytes(flipped), *whole[which + 1 :])
    for _ in range(2):  # a refusal is not remembered either
        assert known.verifies(*changed) is ed25519.verifies(*changed)
    assert known.checked == 2
    assert known.verifies(*whole)


def test_another_key_another_message_and_another_length() -> None:
    known, signature = Signatures(), KEY.sign(b"seen")
    known.made(KEY.public, b"seen", signature)
    assert not known.verifies(OTHER.public, b"seen", signature)
    assert not known.verifies(KEY.public, b"seen and more", signature)
    assert not known.verifies(KEY.public, b"seen", signature + b"\0")
    assert not known.verifies(KEY.public[:31], b"seen", signature)


def test_what_the_library_found_true_is_known_and_no_more_than_the_limit() -> None:
    known = Signatures(most=8)
    signed = [(KEY.public, bytes([n]), KEY.sign(bytes([n]))) for n in range(20)]
    for one in signed:
        assert known.verifies(*one)
    assert known.checked == 20
    assert all(known.verifies(*one) for one in signed[-4:])
    assert known.checked == 20
    assert known.verifies(*signed[0])
    assert known.checked == 21
    assert len(known._true) + len(known._older) <= 8


def test_a_run_without_the_memory_is_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(seed=5, length_s=30.0, storm_every_s=8.0, burst_every_s=8.0, launches_per_day=0.0)
    with_it = World(plan)
    with_it.run()
    monkeypatch.setattr(Signatures, "_keep", lambda *_: None)
    without = World(plan)
    without.run()
    assert with_it.trace == without.trace
    assert with_it.signatures.signed == without.signatures.signed > 400
    assert with_it.signatures.checked < without.signatures.checked / 4
    assert ed25519.verifies.__module__ == "tocsin.model.ed25519"
    assert not signatures.known.signed
