"""XML signatures on CAP messages (CAP 1.2, 3.3.4.1; W3C XML Signature): enveloped, RSA with SHA-256.

RSA PKCS #1 v1.5 and not ECDSA, because it gives the same bytes each time: a message that is carried again is
the same file. The key is the hall's own for this purpose: it is no release key and opens nothing.
"""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature as CryptographyInvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidInput, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant, to_datetime
from tocsin.warn.cap_schema import parse

KEY_BITS: Final = 3072
"""NIST SP 800-57 part 1: as strong as 128 bits, beyond 2030."""

CERT_DAYS: Final = 397
"""As the node's other certificates (node.authority)."""

_SIGNED: Final = SignatureConfiguration(
    require_x509=True,
    location="./",
    expect_references=1,
    signature_methods=frozenset((SignatureMethod.RSA_SHA256,)),
    digest_algorithms=frozenset((DigestAlgorithm.SHA256,)),
)
"""One signature, directly below <alert>, over the whole message, by what `CapSigner` uses: nothing else."""


class SignatureError(TocsinError):
    """A message is not signed by the certificate it should be signed by, or was changed since."""


class CapSigner:
    """Signs with one certificate. UserError for a key or certificate that cannot be used."""

    def __init__(self, key_pem: bytes, cert_pem: bytes) -> None:
        self.cert_pem = cert_pem
        try:
            # Whether its numbers are prime takes a tenth of a second of every start; _fits tells what counts.
            key = serialization.load_pem_private_key(
                key_pem, password=None, unsafe_skip_rsa_key_validation=True
            )
            self._cert = x509.load_pem_x509_certificate(cert_pem)
        except ValueError as fault:
            raise UserError(
                f"the key for CAP messages cannot be used ({fault})", fix="restore the node's keys"
            ) from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise UserError("the key for CAP messages is no RSA key", fix="give one of 3072 bits")
        if not _fits(key, self._cert):
            raise UserError(
                "the key for CAP messages is not that of its certificate", fix="restore the node's keys"
            )
        self._key = key
        self._signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )

    def signed(self, xml: bytes) -> bytes:
        """The message with its signature as the last child of <alert>."""
        root = self._signer.sign(parse(xml), key=self._key, cert=[self._cert])
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _fits(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> bool:
    """True when the certificate tells a signature of the key to be good."""
    public, words, how = certificate.public_key(), b"tocsin", (padding.PKCS1v15(), hashes.SHA256())
    try:
        return isinstance(public, rsa.RSAPublicKey) and not public.verify(key.sign(words, *how), words, *how)
    except (CryptographyInvalidSignature, ValueError):
        return False


def verified(xml: bytes, cert_pem: bytes) -> etree._Element:
    """The <alert> as it was signed: use this and not what was handed in. SignatureError, ValueError (no
    CAP).
    """
    root = parse(xml)
    try:
        result = XMLVerifier().verify(root, x509_cert=cert_pem.decode("ascii"), expect_config=_SIGNED)
    except (InvalidSignature, InvalidDigest, InvalidCertificate, InvalidInput) as fault:
        raise SignatureError(f"the signature does not hold: {fault}") from fault
    signed = result.signed_xml if not isinstance(result, list) else None
    if signed is None or signed.tag != root.tag:
        raise SignatureError("the signature is not over the whole message")
    return signed


def new_certificate(nation: Nation, plane: Plane, now: Instant) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for messages of one nation in one plane; self-signed: a nation that has an
    authority for its alerts puts that one's in their place."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, str(nation)),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, str(plane)),
            x509.NameAttribute(NameOID.COMMON_NAME, f"tocsin {nation} {plane} public warnings"),
        ]
    )
    start = to_datetime(now)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=CERT_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
