"""One certificate authority per nation and plane: ECDSA P-256, short-lived end certificates, plane in every
name."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, from_datetime, to_datetime

CA_DAYS = 3650
"""An authority outlives many certificates; partners compare its fingerprint by voice, so it changes
seldom."""

CERT_DAYS = 397
"""Longest life that the CA/Browser Forum's baseline requirements allowed for server certificates since
2020."""

BACKDATED = timedelta(minutes=5)
"""Partners' clocks may be a little behind ours when a new node first dials them."""


class KeyPair(Struct, frozen=True):
    """A certificate and its private key, PEM."""

    cert_pem: bytes
    key_pem: bytes


def new_authority(nation: Nation, plane: Plane, now: Instant) -> KeyPair:
    """A self-signed authority of this nation in this plane; it may sign end certificates only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(nation, plane, "authority")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (
        _builder(name, name, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue(
    ca: KeyPair, nation: Nation, plane: Plane, role: str, names: Sequence[str], now: Instant
) -> KeyPair:
    """A certificate for `role`: client always, server too when it has `names` (hosts and addresses)."""
    ca_cert = x509.load_pem_x509_certificate(ca.cert_pem)
    ca_key = serialization.load_pem_private_key(ca.key_pem, password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is not an ECDSA key")
    key = ec.generate_private_key(ec.SECP256R1())
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
    uri = x509.UniformResourceIdentifier(f"tocsin://{plane}/{nation}/{role}")
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _builder(_name(nation, plane, role), ca_cert.subject, key.public_key(), now, CERT_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName([uri, *map(_host, names)]), critical=False)
        .add_extension(issuer_key_id, critical=False)
    )
    return _pair(builder.sign(ca_key, hashes.SHA256()), key)


def ends(cert_pem: bytes) -> Instant:
    """When a certificate's life ends; ValueError when it is none."""
    return from_datetime(x509.load_pem_x509_certificate(cert_pem).not_valid_after_utc)


def names_of(cert_pem: bytes) -> tuple[str, ...]:
    """Hosts and addresses that a certificate names; ValueError when it is none or names none."""
    try:
        found = x509.load_pem_x509_certificate(cert_pem).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound as failure:
        raise ValueError("the certificate names no host") from failure
    hosts = found.value.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, found.value.get_values_for_type(x509.IPAddress)))


def fingerprint(cert_pem: bytes) -> str:
    """SHA-256 of a certificate's DER form, hexadecimal; ValueError when it is none."""
    return x509.load_pem_x509_certificate(cert_pem).fingerprint(hashes.SHA256()).hex()


def subject_of(cert_pem: bytes) -> tuple[str, str]:
    """(nation, plane) that a certificate names; ValueError when it is none or names none."""
    subject = x509.load_pem_x509_certificate(cert_pem).subject
    found = [
        subject.get_attributes_for_oid(o)
        for o in (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)
    ]
    if not all(found):
        raise ValueError("the certificate names no nation and plane")
    return str(found[0][0].value), str(found[1][0].value)


def _name(nation: Nation, plane: Plane, role: str) -> x509.Name:
    parts = [
        (NameOID.ORGANIZATION_NAME, str(nation)),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, str(plane)),
        (NameOID.COMMON_NAME, f"tocsin {nation} {plane} {role}"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: Instant, days: int
) -> x509.CertificateBuilder:
    start = to_datetime(now)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(start + timedelta(days=days))
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), private)
