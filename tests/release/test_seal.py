"""The seal against published vectors and an independent implementation; the key against careless handling."""

from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from exchange_samples import NOW, key, label, tracklet
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.envelope import (
    EDDSA,
    Header,
    canonical,
    envelope_bytes,
    header_bytes,
    header_for,
    protected_bytes,
    to_be_signed,
)
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS, Instant
from tocsin.release._key import ReleaseKey, load_release_key
from tocsin.release.seal import SealError, reopen, seal

# RFC 8032, 7.1, tests 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]

# Made by pycose 1.1.0 with cbor2 5.9.0 (a COSE implementation that shares no code with this): Sign1Message
# with protected {alg: EdDSA, kid: b"KOR-EXERCISE-1"}, this payload, external_aad = AAD, key(KOR)'s seed.
PAYLOAD = b"This is the content."
AAD = (
    "8e01684558455243495345634b4f52634a504e64666c6f77070781634b4f5282634a504e63555341806e4b4f522d4558455243495345"
    "2d311b17979cfe362a00001b17979d0c2e71580060"
)
PYCOSE = (
    "d28453a20127044e4b4f522d45584552434953452d31a054546869732069732074686520636f6e74656e742e5840a96ab38290d6bdaf"
    "93c34e1be09ac027eaf86994c7ebd4617e3968915d3ff207a164d81b1d4edefce52e0000065424f3dab5b1ce65032b6044e62ccef3aa"
    "9e02"
)


def header(**changed: object) -> Header:
    made = header_for(
        label(Nation.KOR),
        issuer=Nation.KOR,
        recipient=Nation.JPN,
        traffic=Traffic.FLOW,
        first=7,
        last=7,
        key_id="KOR-EXERCISE-1",
        issued_wall_ns=NOW,
        expires_wall_ns=Instant(NOW + 60 * SECOND_NS),
    )
    return replace(made, **changed)


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    signer = ReleaseKey("test", bytes.fromhex(seed))
    assert signer.public.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert signer.verifies(bytes.fromhex(message), bytes.fromhex(signature))
    assert not signer.verifies(bytes.fromhex(message) + b"x", bytes.fromhex(signature))


def test_to_be_signed_as_published() -> None:
    """cose-wg/Examples, sign1-tests/sign-pass-02: protected {1: -7}, external 11aa22bb33cc44dd55006699."""
    published = (
        "846A5369676E61747572653143A101264C11AA22BB33CC44DD5500669954546869732069732074686520636F6E74656E742E"
    )
    made = to_be_signed(canonical({1: -7}), bytes.fromhex("11aa22bb33cc44dd55006699"), PAYLOAD)
    assert made == bytes.fromhex(published)


def test_byte_for_byte_as_pycose() -> None:
    assert header_bytes(header()).hex() == AAD
    sealed = seal(header(), PAYLOAD, key(Nation.KOR), by_hub=True)
    aad, inner = cbor2.loads(sealed.data)
    assert aad.hex() == AAD
    assert canonical(inner).hex() == PYCOSE


@given(parts=st.tuples(*[st.sampled_from((0, 23, 24, 255, 256, 65_535, 65_536)).map(bytes)] * 4))
def test_what_is_signed_and_sent_is_what_a_cbor_library_writes(parts: tuple[bytes, ...]) -> None:
    """The fixed form, string by string, at every width of a length."""
    aad, protected, payload, signature = parts
    tagged = cbor2.CBORTag(18, [protected, {}, payload, signature])
    assert envelope_bytes(aad, protected, payload, signature) == canonical([aad, tagged])
    assert to_be_signed(protected, aad, payload) == canonical(["Signature1", protected, aad, payload])


def test_another_library_verifies_it() -> None:
    signer = key(Nation.KOR)
    aad, tagged = cbor2.loads(seal(header(), PAYLOAD, signer, by_hub=True).data)
    protected, unprotected, payload, signature = tagged.value
    assert not unprotected
    structure = cbor2.dumps(["Signature1", protected, aad, payload])
    Ed25519PublicKey.from_public_bytes(signer.public).verify(signature, structure)


def test_signature_binds_every_field_of_the_header() -> None:
    base = to_be_signed(protected_bytes(EDDSA, "KOR-EXERCISE-1"), header_bytes(header()), PAYLOAD)
    others = [
        header(protocol=2),
        header(plane="REAL"),
        header(issuer=Nation.USA),
        header(recipient=Nation.USA),
        header(traffic=Traffic.URGENT),
        header(first=6),
        header(last=8),
        header(originators=(Nation.USA,)),
        header(releasable_to=(Nation.JPN,)),
        header(caveats=("COARSEN",)),
        header(key_id="KOR-EXERCISE-2"),
        header(issued_wall_ns=NOW + 1),
        header(expires_wall_ns=NOW),
        header(encrypted_to="JPN-EXERCISE-E1"),
    ]
    assert len(others) == len(Header.__struct_fields__)
    for other in others:
        assert to_be_signed(protected_bytes(EDDSA, "KOR-EXERCISE-1"), header_bytes(other), PAYLOAD) != base


def test_refuses_another_keys_header_and_what_is_too_large() -> None:
    with pytest.raises(SealError, match="KOR-EXERCISE-2"):
        seal(header(key_id="KOR-EXERCISE-2"), PAYLOAD, key(Nation.KOR), by_hub=True)
    with pytest.raises(SealError, match="limit"):
        seal(header(), bytes(60_000), key(Nation.KOR), by_hub=True)


def test_a_damaged_row_of_the_book_is_not_sealed_again() -> None:
    sealed = seal(header(), PAYLOAD, key(Nation.KOR), by_hub=False)
    assert reopen(sealed.data, key(Nation.KOR), by_hub=False) == sealed
    with pytest.raises(SealError, match="not signed"):
        reopen(sealed.data, key(Nation.USA), by_hub=False)
    for place in range(0, len(sealed.data), 7):
        broken = bytearray(sealed.data)
        broken[place] ^= 1
        with pytest.raises(SealError):
            reopen(bytes(broken), key(Nation.KOR), by_hub=False)
    with pytest.raises(SealError, match="damaged"):
        reopen(b"", key(Nation.KOR), by_hub=False)


def write_key(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_loads_a_key_and_keeps_its_seed_to_itself(tmp_path: Path) -> None:
    seed = RFC_8032[0][0]
    path = write_key(tmp_path / "k.json", f'{{"key_id": "KOR-REAL-1", "seed": "{seed}"}}')
    loaded = load_release_key(path)
    assert loaded.key_id == "KOR-REAL-1"
    assert loaded.public.hex() == RFC_8032[0][1]
    assert seed not in repr(loaded) + str(vars(loaded))


@pytest.mark.parametrize(
    ("text", "mode", "what"),
    [
        ('{"key_id": "K", "seed": "00"}', 0o600, "64 digits"),
        ('{"key_id": "K", "seed": "zz"}', 0o600, "64 digits"),
        ('{"key_id": "K"}', 0o600, "no release key"),
        ("nonsense", 0o600, "no release key"),
        ('{"key_id": "K", "seed": "' + "00" * 32 + '"}', 0o640, "read by others"),
    ],
)
def test_bad_keys_are_users_mistakes(tmp_path: Path, text: str, mode: int, what: str) -> None:
    with pytest.raises(UserError, match=what):
        load_release_key(write_key(tmp_path / "k.json", text, mode))


def test_missing_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_release_key(tmp_path / "none.json")


def test_samples_are_what_the_door_would_share() -> None:
    assert tracklet(Nation.KOR, 1).label == label(Nation.KOR)
