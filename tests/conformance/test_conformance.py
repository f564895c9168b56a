"""The vectors are right about our verifier, and they are what their script makes."""

import os
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import cbor2
import msgspec
import pytest

from tocsin.commands.conformance import OPEN, run
from tocsin.commands.conformance_vectors import Outcome, read_vectors
from tocsin.model.envelope import Header
from tocsin.model.product import Product
from tocsin.release._key import ReleaseKey
from tocsin.release.seal import seal
from tocsin.share.wire import REASONS, encode_product, join_products

FOLDER = Path(__file__).resolve().parents[2] / "conformance"
ALL = read_vectors(FOLDER / "vectors")
SETTLED = tuple(vector for vector in ALL if vector.group != OPEN)
MARKS = ("replayed", "not-now")
"""Reasons that the marks give, after the verifier."""


def wrong(outcome: Outcome) -> bool:
    return not (outcome.verdict_right and outcome.reason_right)


@pytest.mark.parametrize("group", sorted({vector.group for vector in SETTLED}))
def test_every_vector_has_its_verdict(group: str) -> None:
    outcomes = run(vector for vector in SETTLED if vector.group == group)
    assert [(one.vector.name, one.answer) for one in outcomes if wrong(one)] == []


def test_there_are_enough_of_each_kind() -> None:
    verdicts = Counter(vector.expected.verdict for vector in SETTLED)
    assert set(verdicts) == {"accept", "refuse"}
    assert verdicts["accept"] >= 40
    assert verdicts["refuse"] >= 200
    assert len({vector.name for vector in ALL}) == len(ALL)


@pytest.mark.parametrize("reason", [*REASONS, *MARKS])
def test_every_reason_has_a_vector_that_allows_no_other(reason: str) -> None:
    assert [vector.name for vector in SETTLED if vector.expected.reasons == (reason,)]


def test_no_vector_expects_a_reason_that_does_not_exist() -> None:
    assert {reason for vector in ALL for reason in vector.expected.reasons} <= {*REASONS, *MARKS}


def test_open_questions_are_still_open() -> None:
    """One that our verifier now answers as proposed has to move to a class that counts."""
    outcomes = run(vector for vector in ALL if vector.group == OPEN)
    assert [one.vector.name for one in outcomes if not wrong(one)] == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_bytes_are_made_again(tmp_path: Path, seed: str) -> None:
    subprocess.run(
        [sys.executable, str(FOLDER / "make.py"), "--out", str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
        timeout=60,
    )
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in (FOLDER / "vectors").iterdir()}
    assert made == kept
    assert sum(map(len, kept.values())) < 1_700_000


@pytest.mark.parametrize("name", ["good/tracklet", "good/batch-of-three", "good/launch", "good/prediction"])
def test_our_own_sealing_writes_the_same_message(name: str) -> None:
    """The vectors are written without any of our code: two writers, one form."""
    message = next(vector.question.message for vector in ALL if vector.name == name)
    aad, cose = cbor2.loads(message)
    header = msgspec.convert(cbor2.loads(aad), Header)
    products = msgspec.msgpack.decode(cose.value[2], type=tuple[Product, ...])
    seed = sha256(f"tocsin conformance test key {header.key_id}".encode()).digest()
    payload = join_products([encode_product(product) for product in products])
    assert seal(header, payload, ReleaseKey(header.key_id, seed), by_hub=False).data == message
