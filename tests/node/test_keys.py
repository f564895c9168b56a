"""Secrets of a node: modes, plane in every certificate, and what other tools make of them."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from nacl.signing import VerifyKey

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import from_datetime
from tocsin.node import authority
from tocsin.node.keys import (
    KeyFolder,
    ReleaseKey,
    is_loopback,
    make_keys,
    public_nkey,
    read_release_key,
    read_seed,
    write_secret,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = from_datetime(START)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    root = tmp_path_factory.mktemp("node") / "keys"
    return make_keys(root, Nation.KOR, Plane.EXERCISE, ("broker.kor.example", "192.0.2.7"), NOW)


def certificate(folder: KeyFolder, role: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(folder.certificate(role).read_bytes())


def test_only_the_owner_reads_secrets_and_the_doors_are_apart(folder: KeyFolder) -> None:
    secrets = [p for p in folder.root.rglob("*") if p.suffix in {".key", ".nk", ".json"}]
    secrets.remove(folder.key_list)  # it is for everybody to read
    assert len(secrets) == 4 + 7 + 2 + 2 + 1 + 1
    assert {stat.S_IMODE(p.stat().st_mode) for p in secrets} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (folder.root, folder.door)} == {0o700}
    assert sorted(p.name for p in folder.door.iterdir()) == [
        "door-JPN.nk",
        "door-USA.nk",
        "door.key",
        "door.nk",
        "door.pem",
        "encryption-1.json",
        "encryption-2.json",
        "log-1.json",
        "release-1.json",
        "release-2.json",
    ]


def test_a_verifier_of_another_library_accepts_the_chain(folder: KeyFolder) -> None:
    """cryptography's X.509 verifier is the outside truth: names, dates, key usage."""
    policy = PolicyBuilder().store(Store([certificate(folder, "ca")])).time(START + timedelta(days=30))
    for name in ("127.0.0.1", "192.0.2.7"):
        verifier = policy.build_server_verifier(x509.IPAddress(ip_address(name)))
        assert len(verifier.verify(certificate(folder, "node"), [])) == 2
    policy.build_server_verifier(x509.DNSName("broker.kor.example")).verify(certificate(folder, "node"), [])
    for role in ("node", "hall", "door"):
        policy.build_client_verifier().verify(certificate(folder, role), [])


@pytest.mark.parametrize("days", [-1, authority.CERT_DAYS + 1])
def test_it_is_valid_only_in_its_time(folder: KeyFolder, days: int) -> None:
    policy = PolicyBuilder().store(Store([certificate(folder, "ca")])).time(START + timedelta(days=days))
    with pytest.raises(VerificationError):
        policy.build_client_verifier().verify(certificate(folder, "door"), [])


def test_another_nations_authority_and_a_client_as_server_are_refused(folder: KeyFolder) -> None:
    other = authority.new_authority(Nation.KOR, Plane.EXERCISE, NOW)
    stranger = PolicyBuilder().store(Store([x509.load_pem_x509_certificate(other.cert_pem)])).time(START)
    with pytest.raises(VerificationError):
        stranger.build_client_verifier().verify(certificate(folder, "door"), [])
    own = PolicyBuilder().store(Store([certificate(folder, "ca")])).time(START)
    with pytest.raises(VerificationError):
        own.build_server_verifier(x509.DNSName("localhost")).verify(certificate(folder, "hall"), [])


@pytest.mark.parametrize("role", ["ca", "node", "hall", "door"])
def test_nation_and_plane_stand_in_every_certificate(folder: KeyFolder, role: str) -> None:
    pem = folder.certificate(role).read_bytes()
    assert authority.subject_of(pem) == ("KOR", "EXERCISE")
    if role != "ca":
        names = (
            certificate(folder, role).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        assert uris == [f"tocsin://EXERCISE/KOR/{role}"]
    key = load_pem_private_key(folder.private(role).read_bytes(), None)
    assert key.public_key() == certificate(folder, role).public_key()


def test_broker_users_are_nkeys_and_all_different(folder: KeyFolder) -> None:
    seeds = [read_seed(path) for path in folder.root.rglob("*.nk")]
    publics = [public_nkey(seed) for seed in seeds]
    assert len(set(publics)) == 7
    assert all(public.startswith("U") and len(public) == 56 for public in publics)
    pair = nkeys.from_seed(bytearray(seeds[0].encode()))
    assert pair.verify(b"nonce", pair.sign(b"nonce"))


def test_release_keys_name_nation_plane_and_number(folder: KeyFolder) -> None:
    keys = [read_release_key(folder.release(number)) for number in (1, 2)]
    assert [key.key_id for key in keys] == ["KOR-EXERCISE-1", "KOR-EXERCISE-2"]
    assert keys[0].seed != keys[1].seed
    assert len(bytes(VerifyKey(bytes.fromhex(keys[0].public_hex)))) == 32


def test_mistakes_are_told_with_a_fix(folder: KeyFolder, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="already holds keys"):
        make_keys(folder.root, Nation.KOR, Plane.EXERCISE, (), NOW)
    with pytest.raises(UserError, match="cannot read the broker key"):
        read_seed(tmp_path / "none.nk")
    write_secret(tmp_path / "bad.nk", b"SUNOTASEED")
    with pytest.raises(UserError, match="cannot read the broker key"):
        read_seed(tmp_path / "bad.nk")
    with pytest.raises(UserError, match="cannot read the release key"):
        read_release_key(tmp_path / "none.json")
    open_to_all = tmp_path / "open.json"
    open_to_all.write_bytes(folder.release(1).read_bytes())
    open_to_all.chmod(0o644)
    with pytest.raises(UserError, match="read by others"):
        read_release_key(open_to_all)
    write_secret(tmp_path / "short.json", b'{"key_id":"KOR-EXERCISE-1","seed":"00"}')
    with pytest.raises(UserError, match="cannot read the release key"):
        read_release_key(tmp_path / "short.json")


def test_a_release_keys_public_part_is_rfc_8032s() -> None:
    """RFC 8032, 7.1, TEST 1."""
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert ReleaseKey("KOR-EXERCISE-1", seed).public_hex == public


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "kor-exercise.localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.org", "localhost.example.org"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_secret_is_never_readable_in_between(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o666)
    write_secret(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"new"
