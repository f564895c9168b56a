"""A trust list is believed by the signature of its root alone, replaced by newer ones only, and its words are
kept: next, current, former, retired, revoked at a sequence."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nacl.signing import SigningKey

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.share.keylist import (
    LIST_REASONS,
    MAX_KEYS,
    MAX_LIST_BYTES,
    SIGNED_FOR,
    Believed,
    KeyList,
    ListedKey,
    ListRefused,
    SignedList,
    SignedUpto,
    Use,
    believe,
    list_body,
    newer,
)
from tocsin.share.trust import trusted

KOR, PLANE = Nation.KOR, Plane.EXERCISE
ROOT = SigningKey(sha256(b"tests only KOR root").digest())
OTHER_ROOT = SigningKey(sha256(b"tests only another root").digest())


def listed(name: str, use: Use, **more: object) -> ListedKey:
    return ListedKey(f"KOR-EXERCISE-{name}", sha256(name.encode()).digest(), use, **more)  # type: ignore[arg-type]


SIGNING = (listed("1", Use.CURRENT), listed("2", Use.NEXT))
ENCRYPTION = (listed("E1", Use.CURRENT), listed("E2", Use.NEXT))
GOOD = KeyList(KOR, PLANE, 3, 0, SIGNING, ENCRYPTION)


def signed(keys: KeyList | bytes = GOOD, root: SigningKey = ROOT) -> SignedList:
    body = keys if isinstance(keys, bytes) else list_body(keys)
    return SignedList(body, bytes(root.sign(SIGNED_FOR + body).signature))


def believed(keys: KeyList = GOOD) -> Believed:
    found = believe(KOR, PLANE, bytes(ROOT.verify_key), signed(keys))
    assert isinstance(found, Believed)
    return found


def refusal(some: SignedList) -> ListRefused:
    found = believe(KOR, PLANE, bytes(ROOT.verify_key), some)
    assert isinstance(found, ListRefused)
    assert found.reason in LIST_REASONS
    return found


def test_a_good_list_is_believed() -> None:
    assert believed().keys == GOOD
    assert believed().version == 3
    assert GOOD.of_use(Use.NEXT) == SIGNING[1]
    assert GOOD.encrypts_to == ENCRYPTION[0]


@given(st.data())
def test_one_changed_bit_of_list_or_signature_is_not(data: st.DataObject) -> None:
    good = signed()
    whole = bytearray(good.body + good.signature)
    place = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[place // 8] ^= 1 << place % 8
    found = refusal(SignedList(bytes(whole[:-64]), bytes(whole[-64:])))
    assert found.reason == "list-unsigned"


def test_only_the_root_and_only_as_a_list() -> None:
    assert refusal(signed(root=OTHER_ROOT)).reason == "list-unsigned"
    body = list_body(GOOD)
    for data in (body, b"Signature1" + body, SIGNED_FOR[:-1] + body):
        assert refusal(SignedList(body, bytes(ROOT.sign(data).signature))).reason == "list-unsigned"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (replace(GOOD, nation=Nation.JPN), "is of JPN"),
        (replace(GOOD, plane=Plane.REAL), "is of KOR REAL"),
        (replace(GOOD, version=0), "version"),
        (replace(GOOD, signing=()), "exactly one current"),
        (replace(GOOD, signing=(SIGNING[0], listed("2", Use.CURRENT))), "exactly one current"),
        (replace(GOOD, signing=(*SIGNING, listed("3", Use.NEXT))), "exactly one current"),
        (replace(GOOD, signing=(*SIGNING, replace(SIGNING[0], use=Use.FORMER))), "stands in it twice"),
        (replace(GOOD, signing=(*SIGNING, replace(SIGNING[0], key_id="KOR-EXERCISE-3"))), "twice"),
        (replace(GOOD, signing=(replace(SIGNING[0], key_id="JPN-EXERCISE-1"),)), "does not begin with"),
        (replace(GOOD, encryption=(replace(ENCRYPTION[0], key_id="KOR-EXERCISE-9"),)), "does not begin with"),
        (replace(GOOD, encryption=(replace(ENCRYPTION[0], revoked=()),)), "encryption key is revoked"),
        (replace(GOOD, signing=(replace(SIGNING[0], public=b"short"),)), "public"),
        (
            replace(GOOD, signing=tuple(listed(str(n), Use.RETIRED) for n in range(MAX_KEYS + 1))),
            "length <= 16",
        ),
    ],
)  # fmt: skip
def test_a_list_that_contradicts_itself_is_malformed_though_signed(keys: KeyList, says: str) -> None:
    found = refusal(signed(keys))
    assert found.reason == "list-malformed"
    assert says in found.detail


def test_other_bytes_for_the_same_list_are_malformed() -> None:
    rows = msgspec.to_builtins(GOOD)
    rows["signing"] = [
        {**row, "public": key.public} for row, key in zip(rows["signing"], SIGNING, strict=True)
    ]
    rows["encryption"] = []
    turned = msgspec.msgpack.encode(dict(reversed(rows.items())))
    for body in (b"", b"\xc1", list_body(GOOD) + b"\x00", turned, b"\x81" * 1_000):
        assert refusal(signed(body)).reason == "list-malformed"


def test_versions_only_rise() -> None:
    held = believed()
    assert newer(held, held.signed) is None
    after = newer(held, signed(replace(GOOD, version=9)))
    assert isinstance(after, Believed)
    assert after.version == 9
    older, same = signed(replace(GOOD, version=2)), signed(replace(GOOD, made_wall_ns=5))
    assert newer(held, older) == ListRefused("list-older", "version 2, held is 3")
    twice = newer(held, same)
    assert isinstance(twice, ListRefused)
    assert twice.reason == "list-equivocation"
    foreign = newer(held, signed(replace(GOOD, version=9), OTHER_ROOT))
    assert isinstance(foreign, ListRefused)
    assert foreign.reason == "list-unsigned"


def test_the_largest_list_fits() -> None:
    uptos = tuple(SignedUpto(n, t, 2**62) for n in (Nation.USA, Nation.JPN) for t in Traffic)
    some = tuple(listed(str(n), Use.RETIRED, revoked=uptos) for n in range(1, MAX_KEYS))
    others = tuple(listed(f"E{n}", Use.RETIRED) for n in range(1, MAX_KEYS))
    full = replace(
        GOOD, signing=(listed("0", Use.CURRENT), *some), encryption=(listed("E0", Use.CURRENT), *others)
    )
    assert len(list_body(full)) < MAX_LIST_BYTES
    assert believed(full).keys == full


def test_what_verify_makes_of_it() -> None:
    upto = (SignedUpto(Nation.JPN, Traffic.FLOW, 7),)
    keys = replace(
        GOOD,
        signing=(
            listed("1", Use.RETIRED),
            listed("2", Use.FORMER, revoked=upto),
            listed("3", Use.CURRENT),
            listed("4", Use.NEXT),
        ),
    )
    trust = trusted([believed(keys)])
    assert [trust.keys[f"KOR-EXERCISE-{n}"].retired for n in (1, 2, 3, 4)] == [True, False, False, False]
    stolen = trust.keys["KOR-EXERCISE-2"]
    assert [stolen.counts_at(Nation.JPN, Traffic.FLOW, n) for n in (1, 7, 8)] == [True, True, False]
    assert not stolen.counts_at(Nation.JPN, Traffic.URGENT, 1)
    assert not stolen.counts_at(Nation.USA, Traffic.FLOW, 1)
    assert trust.keys["KOR-EXERCISE-3"].counts_at(Nation.USA, Traffic.FLOW, 2**62)
    assert trust.encryption[KOR].key_id == "KOR-EXERCISE-E1"
    assert trust.find("KOR-EXERCISE-3", Nation.USA) is None
