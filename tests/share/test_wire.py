"""What a stranger can send is refused by name and never raises; what a partner signed is taken as it was
sealed.
"""

import os
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from exchange_samples import (
    ALL,
    NOW,
    PLANE,
    key,
    label,
    launch,
    prediction,
    product,
    tracklet,
    trust_of,
    trusted,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.envelope import (
    EDDSA,
    MAX_ENVELOPE_BYTES,
    Header,
    canonical,
    envelope_bytes,
    header_bytes,
    header_for,
    protected_bytes,
    to_be_signed,
)
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Product, Traffic
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import SharedPlot, Tracklet
from tocsin.release.seal import seal
from tocsin.share.links import Receipt
from tocsin.share.trust import TrustList, trust_list
from tocsin.share.wire import (
    FUTURE_NS,
    REASONS,
    Refused,
    Verified,
    encode_notes,
    encode_product,
    join_products,
    sound,
    verify,
)

KOR, JPN, USA = Nation.KOR, Nation.JPN, Nation.USA
TRUST = trust_of(JPN)


def header(first: int = 1, last: int = 1, of: Label | None = None, traffic: Traffic = Traffic.FLOW) -> Header:
    return header_for(
        of or label(KOR),
        issuer=KOR,
        recipient=JPN,
        traffic=traffic,
        first=first,
        last=last,
        key_id="KOR-EXERCISE-1",
        issued_wall_ns=NOW,
        expires_wall_ns=Instant(NOW + 60 * SECOND_NS),
    )


def payload(*products: Product) -> bytes:
    return join_products([encode_product(one) for one in products])


def envelope(head: Header, content: bytes, signer: Nation = KOR) -> bytes:
    """Signed by any key, whatever the header says."""
    aad = header_bytes(head)
    protected = protected_bytes(EDDSA, head.key_id)
    signature = key(signer).sign(to_be_signed(protected, aad, content))
    return envelope_bytes(aad, protected, content, signature)


def judge(data: bytes, now: int = NOW, trust: TrustList = TRUST) -> str:
    outcome = verify(data, trust, JPN, PLANE, Instant(now))
    return "" if isinstance(outcome, Verified) else outcome.reason


GOOD = envelope(header(1, 2), payload(tracklet(KOR, 1), tracklet(KOR, 2)))


def test_a_partners_batch() -> None:
    outcome = verify(GOOD, TRUST, JPN, PLANE, NOW)
    assert isinstance(outcome, Verified)
    assert outcome.products == (tracklet(KOR, 1), tracklet(KOR, 2))
    assert (outcome.header.first, outcome.header.last) == (1, 2)


def test_what_release_seals_share_verifies() -> None:
    for one, traffic in ((launch(KOR, 1), Traffic.URGENT), (prediction(KOR, 1), Traffic.URGENT)):
        content = payload(one)
        made = seal(header(traffic=traffic), content, key(KOR), by_hub=True)
        outcome = verify(made.data, TRUST, JPN, PLANE, NOW)
        assert isinstance(outcome, Verified)
        assert outcome.products == (one,)


def test_every_single_bit_flip_is_refused() -> None:
    small = envelope(header(), payload(tracklet(KOR, 1)))
    assert judge(small) == ""
    reasons = set()
    for bit in range(8 * len(small)):
        changed = bytearray(small)
        changed[bit // 8] ^= 1 << bit % 8
        reason = judge(bytes(changed))
        assert reason in REASONS
        reasons.add(reason)
    assert {"bad-signature", "malformed", "not-canonical", "bad-algorithm"} <= reasons


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    assert judge(data) in REASONS


@given(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=9), st.integers(0, 9))
def test_anything_cut_or_put_in_is_refused_by_name(at: int, put: bytes, cut: int) -> None:
    changed = GOOD[:at] + put + GOOD[at + cut :]
    assert changed == GOOD or judge(changed) in REASONS


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # an array of 2^64 items
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",  # a string of 2^63 bytes
        b"\x81" * 50_000,  # nested
        b"\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",  # bigfloat 2^(2^63)
        b"\xd8\x23" + cbor2.dumps("(" * 20_000 + "a" + ")" * 20_000),  # regular expression
        b"\xc2" + cbor2.dumps(b"\xff" * 50_000),  # bignum
    ],
)
def test_bombs(bomb: bytes) -> None:
    assert judge(bomb) == "malformed"


def test_too_large_is_not_even_parsed() -> None:
    assert judge(bytes(MAX_ENVELOPE_BYTES + 1)) == "too-large"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (replace(header(), protocol=2), "other-protocol"),
        (replace(header(), plane=Plane.REAL), "wrong-plane"),
        (replace(header(), plane=Plane.TEST), "wrong-plane"),
        (replace(header(), recipient=USA), "wrong-recipient"),
        (replace(header(), recipient=KOR), "wrong-recipient"),
        (replace(header(), key_id="KOR-EXERCISE-9"), "unknown-key"),
        (replace(header(), key_id="USA-EXERCISE-1"), "unknown-key"),  # a key, but not that nation's
        (replace(header(), issuer=USA), "unknown-key"),
        (replace(header(), issuer=JPN), "unknown-key"),
        (replace(header(), first=5, last=4), "bad-payload"),
        (replace(header(), last=51), "bad-payload"),
        (replace(header(), last=2), "bad-payload"),
        (replace(header(), traffic=Traffic.URGENT), "wrong-content"),
        (replace(header(), traffic=Traffic.CONTROL), "bad-payload"),
        (replace(header(), releasable_to=(USA,)), "wrong-content"),
        (replace(header(), originators=(JPN,)), "wrong-content"),
        (replace(header(), issued_wall_ns=NOW + FUTURE_NS + 1), "future"),
        (replace(header(), expires_wall_ns=NOW - 1), "expired"),
        (replace(header(), releasable_to=(USA, JPN)), "not-canonical"),
        (replace(header(), releasable_to=(JPN, JPN, USA)), "not-canonical"),
    ],
)
def test_every_wrong_header_has_its_reason(head: Header, reason: str) -> None:
    """Signed by the issuer's true key: the words are wrong, not the signature."""
    assert judge(envelope(head, payload(tracklet(KOR, 1)))) == reason


def test_true_header_under_another_key() -> None:
    assert judge(envelope(header(), payload(tracklet(KOR, 1)), signer=USA)) == "bad-signature"


def test_key_of_another_plane_is_unknown() -> None:
    real = trust_list([trusted(KOR, Plane.REAL)])
    head = replace(header(), key_id="KOR-REAL-1")
    aad = header_bytes(head)
    protected = protected_bytes(EDDSA, head.key_id)
    content = payload(tracklet(KOR, 1))
    signature = key(KOR, Plane.REAL).sign(to_be_signed(protected, aad, content))
    assert judge(envelope_bytes(aad, protected, content, signature), trust=real) == "unknown-key"


@pytest.mark.parametrize("algorithm", [-7, -39, 0, "EdDSA", None])
def test_algorithm_is_never_taken_from_the_message(algorithm: object) -> None:
    aad, content = header_bytes(header()), payload(tracklet(KOR, 1))
    protected = canonical({1: algorithm, 4: b"KOR-EXERCISE-1"})
    signature = key(KOR).sign(to_be_signed(protected, aad, content))
    assert judge(envelope_bytes(aad, protected, content, signature)) == "bad-algorithm"


def test_unprotected_header_must_be_empty() -> None:
    aad, tagged = cbor2.loads(GOOD)
    protected, _, content, signature = tagged.value
    changed = cbor2.CBORTag(18, [protected, {4: b"KOR-EXERCISE-1"}, content, signature])
    assert judge(canonical([aad, changed])) == "not-canonical"


def test_other_encodings_of_the_same_value_are_refused() -> None:
    aad, tagged = cbor2.loads(GOOD)
    assert (
        judge(cbor2.dumps([aad, cbor2.CBORTag(18, list(tagged.value))], indefinite_containers=True))
        == "malformed"
    )
    assert judge(GOOD + b"\x00") == "not-canonical"
    assert judge(b"\xd9\xd9\xf7" + GOOD) in ("malformed", "not-canonical")


BROKEN = [
    replace(tracklet(KOR, 1), state=replace(tracklet(KOR, 1).state, x=(1.0,) * 6)),
    replace(tracklet(KOR, 1), state=replace(tracklet(KOR, 1).state, p=(1.0,) * 27)),
    replace(tracklet(KOR, 1), state=replace(tracklet(KOR, 1).state, x=(float("nan"),) * 7)),
    replace(tracklet(KOR, 1), accel_mps2=(float("inf"), 0.0, 0.0)),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_numbers_that_would_poison_a_filter(broken: Tracklet) -> None:
    assert not sound(broken)
    assert judge(envelope(header(), payload(broken))) == "wrong-content"


def test_places_off_the_earth() -> None:
    one = launch(KOR, 1)
    off = replace(one, launch=replace(one.launch, lat_deg=91.0))
    assert judge(envelope(header(traffic=Traffic.URGENT), payload(off))) == "wrong-content"


def test_a_product_with_a_wider_label_than_signed_is_refused() -> None:
    wider = tracklet(KOR, 1, label(KOR))
    head = header(of=label(KOR, frozenset((JPN,))))
    assert judge(envelope(head, payload(wider))) == "wrong-content"


def test_control_holds_notes() -> None:
    head = header(traffic=Traffic.CONTROL, of=label(KOR, frozenset((JPN,))))
    outcome = verify(envelope(head, encode_notes([Receipt(Traffic.FLOW, 7)])), TRUST, JPN, PLANE, NOW)
    assert isinstance(outcome, Verified)
    assert outcome.notes == (Receipt(Traffic.FLOW, 7),)
    assert judge(envelope(head, b"\xc1")) == "bad-payload"


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_equal_products_are_equal_bytes_in_every_process(seed: str) -> None:
    """Sets have an order of their own in every process; it must not show, or bytes would tell of it."""
    folder = str(Path(__file__).parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {folder!r})\n"
        "from exchange_samples import *; from tocsin.share.wire import encode_product\n"
        "of = label(Nation.KOR, ALL, *Caveat)\n"
        "sys.stdout.write(encode_product(tracklet(Nation.KOR, 1, of)).hex())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert run.stdout == encode_product(tracklet(KOR, 1, label(KOR, ALL, *Caveat))).hex()


@given(st.integers(1, 10_000))
def test_products_survive_the_wire(number: int) -> None:
    one = product(KOR, number)
    traffic = Traffic.FLOW if isinstance(one, Tracklet | SharedPlot) else Traffic.URGENT
    outcome = verify(envelope(header(number, number, traffic=traffic), payload(one)), TRUST, JPN, PLANE, NOW)
    assert not isinstance(outcome, Refused)
    assert outcome.products == (one,)


def test_trust_list_refuses_what_it_cannot_check() -> None:
    mine = trusted(KOR)
    with pytest.raises(ValueError, match="two keys"):
        trust_list([mine, mine])
    with pytest.raises(ValueError, match="algorithm"):
        trust_list([replace(mine, algorithm=-7)])
    with pytest.raises(ValueError, match="bytes long"):
        trust_list([replace(mine, public=b"short")])


@given(st.text(max_size=400))
def test_what_a_refusal_quotes_can_be_shown(said: str) -> None:
    detail = Refused("malformed", said).detail
    assert detail.isprintable()
    assert len(detail) <= 200
    assert not said.isprintable() or detail == said[:200]


def test_a_strangers_words_are_written_out() -> None:
    head = replace(header(), key_id="\x1b[2J\n\u202e")
    outcome = verify(envelope(head, payload(tracklet(KOR, 1))), TRUST, JPN, PLANE, NOW)
    assert isinstance(outcome, Refused)
    assert outcome.detail == "\\x1b[2J\\n\\u202e of KOR"
