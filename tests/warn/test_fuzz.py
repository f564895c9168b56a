"""The fuzzing of `make fuzz-warn`, a little of it; and that it would find a desk that one person can move."""

import random

import pytest
import warn_fuzz

from tocsin.warn import approve


def test_bad_input_makes_no_alert_and_no_crash() -> None:
    rng = random.Random(7)
    warn_fuzz.desk_rounds(rng, 8, 100)
    warn_fuzz.cap_round(rng, 20)


def test_a_desk_without_the_second_person_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approve, "_second_person", lambda *_: None)
    rng = random.Random(7)
    with pytest.raises(AssertionError, match="released"):
        warn_fuzz.desk_rounds(rng, 50, 100)
