"""HPKE against the RFC's own vectors, and both of our uses of it against each other."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.hpke import OVERHEAD_BYTES, SUITE, decrypt, encrypt

WRITER = Path(__file__).resolve().parents[2] / "conformance" / "hpke_bytes.py"
SEAL: Callable[..., bytes] = runpy.run_path(str(WRITER))["seal"]
"""The vectors' own writer of HPKE."""

# RFC 9180, appendix A.2.1: base setup, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305; sequence 0.
SK_E = bytes.fromhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600")
SK_R = bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
PK_R = bytes.fromhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
ENC = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
AAD = bytes.fromhex("436f756e742d30")
TEXT = bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479")
CIPHER = bytes.fromhex(
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
)
KEY = X25519PrivateKey.from_private_bytes(SK_R)


def test_the_library_opens_the_rfcs_vector_with_our_suite() -> None:
    assert KEY.public_key().public_bytes_raw() == PK_R
    opened = openssl.hpke._decrypt_with_aad(SUITE, ENC + CIPHER, KEY, INFO, AAD)
    assert opened == TEXT


def test_the_conformance_writer_makes_the_rfcs_vector() -> None:
    ephemeral = X25519PrivateKey.from_private_bytes(SK_E)
    assert SEAL(TEXT, PK_R, ephemeral, INFO, AAD) == ENC + CIPHER


@given(st.binary(max_size=300), st.binary(max_size=100), st.binary(min_size=32, max_size=32))
def test_two_writers_one_reader(payload: bytes, info: bytes, seed: bytes) -> None:
    ours = encrypt(payload, PK_R, info)
    theirs = SEAL(payload, PK_R, X25519PrivateKey.from_private_bytes(seed), info)
    assert len(ours) == len(theirs) == len(payload) + OVERHEAD_BYTES
    assert decrypt(ours, KEY, info) == decrypt(theirs, KEY, info) == payload
    assert decrypt(ours, KEY, info + b"x") is None
    assert decrypt(ours, X25519PrivateKey.from_private_bytes(seed), info) is None


@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject) -> None:
    whole = bytearray(encrypt(b"a warning", PK_R, INFO))
    place = data.draw(st.integers(0, 8 * len(whole) - 1))
    # RFC 7748, 5: the exchange ignores the highest bit of an X25519 key; HPKE binds the bytes themselves.
    whole[place // 8] ^= 1 << place % 8
    assert decrypt(bytes(whole), KEY, INFO) is None


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(32), bytes(48), bytes(100), b"\xff" * 100])
def test_rubbish_is_refused_quietly(data: bytes) -> None:
    assert decrypt(data, KEY, INFO) is None


def test_a_key_that_is_none_is_an_error() -> None:
    for public in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="X25519"):
            encrypt(b"x", public, INFO)
