"""Small runs of what `make fuzz`, `make flips` and `make canaries` do at length, and that each can fail."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

import canaries
import flips
import fuzz
import worlds
from tocsin.node import releasing, showing
from tocsin.release import policy
from tocsin.release.policy import Question, Release, Verdict, Withheld
from tocsin.share import wire

CASES = {"envelope": 500, "byzantine": 150, "handoff": 500, "json-lines": 300, "asterix": 150}


@pytest.mark.parametrize("rim", [rim.name for rim in fuzz.RIMS])
def test_hostile_bytes_are_refused_in_order(rim: str) -> None:
    count = 8 if rim == "scenario" else CASES.get(rim, 100)
    seen, crashed = fuzz.run(rim, 7, 0, count)
    assert crashed == []
    assert seen.total() == count


def test_a_case_is_the_same_every_time() -> None:
    for rim in fuzz.RIMS:
        one, other = (rim.make(fuzz.case_dice(rim, 3, 5)) for _ in range(2))
        assert one == other


def test_a_crash_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = fuzz.RIMS[2]._replace(allowed=())
    monkeypatch.setattr(fuzz, "RIMS", (broken,))
    seen, crashed = fuzz.run("handoff", 1, 0, 200)
    assert seen["crashed"] == len(crashed) > 0


def test_no_flipped_bit_is_believed() -> None:
    seen = flips.flip_all(5, 1)
    assert seen["bits"] > 2_000
    assert seen["accepted"] == 0


def test_a_signature_that_nobody_checks_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wire, "_signature", lambda parts, key: None)
    assert flips.flip_all(5, 1)["accepted"] > 0
    assert "accepted: seed 5" in capsys.readouterr().err


def flown(seeds: range) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in seeds:
        total += canaries.fly(seed, 400)
    return total


def test_no_canary_of_random_policies_leaks_and_every_other_arrives() -> None:
    seen = flown(range(1, 7))
    assert seen["leaked"] == seen["labels"] == 0
    assert seen["carried"] == seen["due"] == seen["read"] > 300


def in_two_worlds() -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in range(1, 6):
        total += worlds.compare(seed, 200)
    return total


def test_two_worlds_look_the_same_to_whom_their_difference_is_hidden() -> None:
    seen = in_two_worlds()
    assert seen["differing"] == 0
    assert min(seen["hidden"], seen["compared"]) > 150


@pytest.mark.parametrize("rule", ["default.deny", "forbid.kind"])
def test_a_wider_rule_tells_the_worlds_apart(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    def wider(question: Question) -> Verdict:
        verdict = policy.decide(question)
        return Release("hole") if verdict == Withheld(rule) else verdict

    monkeypatch.setattr(releasing, "decide", wider)
    assert in_two_worlds()["differing"]


def test_a_map_that_is_shown_everything_tells_the_worlds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "may_show", lambda *_: Release("hole"))
    assert in_two_worlds()["differing"]


RULES = (
    "default.deny",
    "forbid.kind",
    "forbid.coarsen",
    "forbid.delay",
    "forbid.other-plane",
    "delay",
    "coarsen",
)


@pytest.mark.parametrize("rule", RULES)
def test_a_wider_rule_is_found(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    def wider(question: Question) -> Verdict:
        verdict = policy.decide(question)
        if verdict == Withheld(rule):
            return Release("hole")
        return replace(verdict, delay_s=0) if rule == "delay" and isinstance(verdict, Release) else verdict

    monkeypatch.setattr(releasing, "decide", wider)
    if rule == "coarsen":
        monkeypatch.setattr(releasing, "reduced", lambda product, _: product)
    assert any(canaries.fly(seed, 400)["leaked"] for seed in range(1, 17))
