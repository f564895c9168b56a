"""How nations come to believe each other: fingerprints, planes, changed keys."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.node.keys import KeyFolder, make_keys
from tocsin.node.rotation import rotate
from tocsin.node.trust import TrustEntry, accept, own_entry, read_entry, read_trust, spoken, write_entry

NOW = Instant(1_767_225_600_000_000_000)
USA = (Nation.USA, Plane.EXERCISE)


def make_entry(root: Path, nation: Nation = Nation.KOR, plane: Plane = Plane.EXERCISE) -> TrustEntry:
    return own_entry(nation, plane, make_keys(root / "keys", nation, plane, (), NOW))


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> TrustEntry:
    return make_entry(tmp_path_factory.mktemp("kor"))


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> TrustEntry:
    return make_entry(tmp_path_factory.mktemp("kor-again"))


def test_it_holds_public_parts_only(entry: TrustEntry, tmp_path: Path) -> None:
    write_entry(tmp_path / "entry.json", entry)
    text = (tmp_path / "entry.json").read_text()
    assert "PRIVATE" not in text
    assert "seed" not in text
    assert '"SU' not in text
    assert read_entry(tmp_path / "entry.json") == entry


def test_fingerprints_are_sha256(entry: TrustEntry) -> None:
    certificate = x509.load_pem_x509_certificate(entry.ca_pem.encode())
    assert entry.parts["authority"] == certificate.fingerprint(hashes.SHA256()).hex()
    assert entry.parts["root key"] == hashlib.sha256(bytes.fromhex(entry.root)).hexdigest()
    assert len(entry.fingerprint) == 64


def test_every_part_is_under_the_fingerprint_or_the_root(
    entry: TrustEntry, renewed: TrustEntry, tmp_path: Path
) -> None:
    changed = [
        replace(entry, ca_pem=renewed.ca_pem),
        replace(entry, root=renewed.root),
        replace(entry, leaf_nkeys=renewed.leaf_nkeys),
        replace(entry, plane=Plane.REAL),
        replace(entry, nation=Nation.JPN),
    ]
    assert len({e.fingerprint for e in (entry, *changed)}) == 6
    write_entry(tmp_path / "entry.json", replace(entry, key_list=renewed.key_list))
    with pytest.raises(UserError, match="not signed by the root key of KOR"):
        read_entry(tmp_path / "entry.json")


def test_the_fingerprint_outlives_a_rotation_and_versions_only_rise(tmp_path: Path) -> None:
    folder = make_keys(tmp_path / "keys", Nation.KOR, Plane.EXERCISE, (), NOW)
    first = own_entry(Nation.KOR, Plane.EXERCISE, folder)
    rotate(folder, Nation.KOR, Plane.EXERCISE, NOW)
    second = own_entry(Nation.KOR, Plane.EXERCISE, folder)
    assert first.fingerprint == second.fingerprint
    assert [e.believed.version for e in (first, second)] == [1, 2]
    trust = tmp_path / "trust"
    for entry in (first, second, second):
        accept(trust, USA, entry, entry.fingerprint, replace=False)
    with pytest.raises(UserError, match="version 1, held is 2"):
        accept(trust, USA, first, first.fingerprint, replace=False)
    with pytest.raises(UserError, match="version 1, held is 2"):
        accept(trust, USA, first, first.fingerprint, replace=True)
    folder.key_list.write_bytes(msgspec.json.encode(first.key_list))
    rotate(folder, Nation.KOR, Plane.EXERCISE, NOW)
    other = own_entry(Nation.KOR, Plane.EXERCISE, folder)
    with pytest.raises(UserError, match="two lists of version 2"):
        accept(trust, USA, other, other.fingerprint, replace=False)
    assert read_trust(trust, Plane.EXERCISE)[Nation.KOR] == second


def test_accepted_as_a_person_types_it(entry: TrustEntry, tmp_path: Path) -> None:
    said = spoken(entry.fingerprint).upper().replace(" ", "-", 3)
    path = accept(tmp_path, USA, entry, f" {said}\n", replace=False)
    assert read_entry(path) == entry
    assert read_trust(tmp_path, Plane.EXERCISE) == {Nation.KOR: entry}
    accept(tmp_path, USA, entry, entry.fingerprint, replace=False)


@given(place=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef"))
def test_one_wrong_digit_is_refused(
    tmp_path_factory: pytest.TempPathFactory, entry: TrustEntry, place: int, digit: str
) -> None:
    right = entry.fingerprint
    said = right[:place] + digit + right[place + 1 :]
    folder = tmp_path_factory.getbasetemp() / "never"
    if said != right:
        with pytest.raises(UserError, match="not the file's"):
            accept(folder, USA, entry, said, replace=False)
        assert not folder.exists()


def test_the_right_fingerprint_is_not_told_to_whoever_gave_a_wrong_one(
    entry: TrustEntry, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as refusal:
        accept(tmp_path, USA, entry, "", replace=False)
    assert entry.fingerprint[:8] not in str(refusal.value).replace(" ", "")


def test_other_planes_and_the_nation_itself_are_refused(entry: TrustEntry, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="plane EXERCISE, this node of REAL"):
        accept(tmp_path, (Nation.USA, Plane.REAL), entry, entry.fingerprint, replace=True)
    with pytest.raises(UserError, match="of KOR itself"):
        accept(tmp_path, (Nation.KOR, Plane.EXERCISE), entry, entry.fingerprint, replace=True)
    accept(tmp_path, USA, entry, entry.fingerprint, replace=False)
    with pytest.raises(UserError, match="plane EXERCISE"):
        read_trust(tmp_path, Plane.REAL)


def test_changed_keys_need_to_be_said(entry: TrustEntry, renewed: TrustEntry, tmp_path: Path) -> None:
    accept(tmp_path, USA, entry, entry.fingerprint, replace=False)
    with pytest.raises(UserError, match=r"authority, root key changed"):
        accept(tmp_path, USA, renewed, renewed.fingerprint, replace=False)
    assert read_trust(tmp_path, Plane.EXERCISE)[Nation.KOR] == entry
    accept(tmp_path, USA, renewed, renewed.fingerprint, replace=True)
    assert read_trust(tmp_path, Plane.EXERCISE)[Nation.KOR] == renewed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"nation": "JPN"}, "not of JPN EXERCISE"),
        ({"plane": "REAL"}, "not of KOR REAL"),
        ({"ca_pem": "nonsense"}, "malformed"),
        ({"root": "00" * 32}, "not signed by the root"),
        ({"root": "00"}, "not 32 bytes"),
        ({"root": "zz"}, "malformed"),
        ({"key_list": {"body": "AAAA", "signature": "AAAA"}}, "not signed by the root"),
        ({"key_list": {"body": "AAAA"}}, "no trust entry"),
        ({"leaf_nkeys": {"USA": 'U" }'}}, "broker user is malformed"),
        ({"more": 1}, "no trust entry"),
        ({"nation": "PRK"}, "no trust entry"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(
    entry: TrustEntry, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(msgspec.json.encode(msgspec.to_builtins(entry) | change))
    with pytest.raises(UserError, match=says):
        read_entry(path)


def test_a_missing_or_endless_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_entry(tmp_path / "none.json")
    (tmp_path / "long.json").write_bytes(b'"' + b"x" * 1_000_000)
    with pytest.raises(UserError, match="no trust entry"):
        read_entry(tmp_path / "long.json")


def test_the_own_entry_needs_its_keys(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="broker key"):
        own_entry(Nation.KOR, Plane.EXERCISE, KeyFolder(tmp_path))
