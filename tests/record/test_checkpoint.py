"""Signed notes, checkpoints and cosignatures against published ones; what must not be believed.

Outside truth, quoted as facts: the example of golang.org/x/mod/sumdb/note (key and note), the verifier key
and note of the C2SP signed-note specification, the checkpoint of a public Certificate Transparency log
(arche2025h1.staging.ct.transparency.dev) with the cosignature of a public witness (remora.n621.de), and
verifier keys from the tests of github.com/transparency-dev/formats.
"""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tocsin.model.label import Nation, Plane
from tocsin.record.checkpoint import (
    Checkpoint,
    believe,
    cosign,
    nation_keys,
    parse_checkpoint,
    record_origin,
    sign_checkpoint,
)
from tocsin.record.note import (
    COSIGNATURE_V1,
    ED25519,
    MAX_NOTE_BYTES,
    Note,
    NoteError,
    NoteKey,
    NoteSigner,
    parse_key,
    parse_note,
    sign_note,
    verify_note,
)

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # its first byte is the type
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ARCHE = "arche2025h1.staging.ct.transparency.dev"
ARCHE_KEY = f"{ARCHE}+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REMORA_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
ARCHE_NOTE = f"""{ARCHE}
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— {ARCHE} ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
"""  # noqa: E501
KOR_SEED, USA_SEED = SigningKey(b"\1" * 32), SigningKey(b"\2" * 32)


def signer(key: NoteKey, seed: SigningKey) -> NoteSigner:
    return NoteSigner(key, lambda data: bytes(seed.sign(data).signature))


KOR, _ = nation_keys(Nation.KOR, Plane.EXERCISE, bytes(KOR_SEED.verify_key))
_, USA = nation_keys(Nation.USA, Plane.EXERCISE, bytes(USA_SEED.verify_key))
POINT = Checkpoint(record_origin(Nation.KOR, Plane.EXERCISE), 42, bytes(range(32)))


def signed() -> Note:
    return sign_checkpoint(POINT, signer(KOR, KOR_SEED))


def test_the_go_example_is_made_and_verified_byte_for_byte() -> None:
    key = parse_key(GO_KEY)
    assert key.text == GO_KEY
    go = signer(key, SigningKey(b64decode(GO_SEED)[1:]))
    assert Note(GO_TEXT, (sign_note(GO_TEXT, go),)).data == GO_NOTE.encode()
    ((found, _),) = verify_note(parse_note(GO_NOTE.encode()), [key])
    assert found == key


def test_the_specifications_example_is_verified() -> None:
    key = parse_key(C2SP_KEY)
    assert key.id.hex() == "530d903a"
    assert verify_note(parse_note(C2SP_NOTE.encode()), [key])


def test_a_public_logs_checkpoint_and_its_witness_are_believed() -> None:
    keys = [parse_key(ARCHE_KEY), parse_key(REMORA_KEY)]
    assert [key.kind for key in keys] == [ED25519, COSIGNATURE_V1]
    found = believe(ARCHE_NOTE.encode(), keys)
    assert found.checkpoint.size == 1_432_088_532
    assert found.checkpoint.text == ARCHE_NOTE.partition("\n\n")[0] + "\n"
    # 0x6a122120: the eight bytes after the key id, by hand.
    assert found.witnesses == (("remora.n621.de", 0x6A122120),)
    with pytest.raises(NoteError, match="has not signed"):
        believe(ARCHE_NOTE.encode(), keys[1:])
    with pytest.raises(NoteError, match="not over this text"):
        believe(ARCHE_NOTE.replace("1432088532", "1432088533").encode(), keys)


@pytest.mark.parametrize(
    "text",
    [
        "bananas.sigstore.dev+12344556",
        "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
        "rekor.sigstore.dev+12345678+AwEB",
        GO_KEY.replace("c74f20a3", "00000000"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
    ],
)
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_key(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no signature\n",
        GO_NOTE[:-1].encode(),
        GO_NOTE.replace("— ", "- ").encode(),
        GO_NOTE.replace("\n\n", "\n").encode(),
        GO_NOTE.replace("AM=", "AM").encode(),
        GO_NOTE.replace("AM=", "AN=").encode(),  # the unused bits of base64 are not free
        GO_NOTE.replace("— PeterNeumann", "— Peter+Neumann").encode(),
        GO_NOTE.replace("If you", "If\tyou").encode(),
        GO_NOTE.replace("If you", "If\ryou").encode(),
        GO_NOTE.encode().replace(b"If", b"I\xff"),
        (GO_TEXT + "\n— PeterNeumann x08goA==\n").encode()[:-9] + b"x08g\n",
        (GO_TEXT + "\n" + GO_NOTE.splitlines(keepends=True)[-1] * 101).encode(),
        (GO_TEXT * (MAX_NOTE_BYTES // len(GO_TEXT) + 1) + GO_NOTE).encode(),
    ],
)
def test_malformed_notes_are_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        parse_note(data)


def test_unknown_keys_are_passed_over_and_a_bad_known_one_voids_the_note() -> None:
    key = parse_key(GO_KEY)
    namesake = NoteKey("PeterNeumann", ED25519, b"\3" * 32)
    assert verify_note(parse_note(GO_NOTE.encode()), [namesake, key])
    with pytest.raises(NoteError, match="no known key"):
        verify_note(parse_note(GO_NOTE.encode()), [namesake])
    good = parse_note(GO_NOTE.encode())
    bad = good.signatures[0]._replace(data=bytes(64))
    with pytest.raises(NoteError, match="not over this text"):
        verify_note(Note(good.text, (bad, *good.signatures)), [key])


def test_a_checkpoint_comes_back_with_its_witness() -> None:
    note = cosign(signed(), signer(USA, USA_SEED), 1_700_000_000)
    found = believe(note.data, [KOR, USA])
    assert found.checkpoint == POINT
    assert found.witnesses == (("tocsin/EXERCISE/USA/witness", 1_700_000_000),)
    assert believe(note.data, [KOR]).witnesses == ()


def test_a_witness_does_not_sign_for_the_log_nor_another_log_for_this_one() -> None:
    with pytest.raises(ValueError, match="does not sign for"):
        sign_checkpoint(POINT, signer(USA, USA_SEED))
    alone = Note(POINT.text, (sign_note(POINT.text, signer(USA, USA_SEED), 5),))
    with pytest.raises(NoteError, match="has not signed"):
        believe(alone.data, [KOR, USA])
    real, _ = nation_keys(Nation.KOR, Plane.REAL, bytes(KOR_SEED.verify_key))
    with pytest.raises(NoteError, match="no known key"):
        believe(signed().data, [real])


def test_signature_and_cosignature_of_one_key_are_not_exchanged() -> None:
    log, witness = nation_keys(Nation.KOR, Plane.EXERCISE, bytes(KOR_SEED.verify_key))
    plain = sign_note(POINT.text, signer(log, KOR_SEED))
    posed = plain._replace(name=witness.name, key_id=witness.id, data=bytes(8) + plain.data)
    with pytest.raises(NoteError, match="not over this text"):
        verify_note(Note(POINT.text, (posed,)), [witness])
    with pytest.raises(ValueError, match="cosignature has a time"):
        sign_note(POINT.text, signer(witness, KOR_SEED))
    with pytest.raises(ValueError, match="cosignature has a time"):
        sign_note(POINT.text, signer(log, KOR_SEED), 5)
    with pytest.raises(ValueError, match="newline"):
        sign_note("no newline", signer(log, KOR_SEED))


@given(st.data())
def test_no_changed_bit_of_a_note_is_believed_as_something_else(data: st.DataObject) -> None:
    note = cosign(signed(), signer(USA, USA_SEED), 1_700_000_000)
    bit = data.draw(st.integers(0, len(note.data) * 8 - 1))
    changed = bytearray(note.data)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        found = believe(bytes(changed), [KOR, USA])
    except NoteError:
        return
    # What is left is a witness that is no longer known by name or id; the checkpoint is the same.
    assert found.checkpoint == POINT
    assert found.witnesses == ()


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n01\nAAAA\n",
        "origin\n-1\n" + POINT.text.split("\n")[2] + "\n",
        "origin\n" + "9" * 5000 + "\n" + POINT.text.split("\n")[2] + "\n",
        "origin\n١\n" + POINT.text.split("\n")[2] + "\n",
        "\n1\n" + POINT.text.split("\n")[2] + "\n",
        "origin\n1\nAAAA\n",
        POINT.text + "\n",
        POINT.text[:-1],
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_extension_lines_are_passed_over() -> None:
    assert parse_checkpoint(POINT.text + "more\n") == POINT
    assert parse_checkpoint("o\n0\n" + POINT.text.split("\n")[2] + "\n").size == 0
