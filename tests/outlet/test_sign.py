"""Signatures on CAP: held by two independent verifiers, broken by every change, by no other key."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from lxml import etree
from outlet_messages import message, signer

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.time import Instant
from tocsin.outlet.sign import CapSigner, SignatureError, new_certificate, verified

XSD = Path(__file__).parents[3] / "shared" / "data" / "cap" / "xsd" / "CAP-v1.2.xsd"


def test_what_is_signed_is_what_is_read() -> None:
    read = verified(message().xml, signer().cert_pem)
    assert read.findtext("{*}identifier") == message().name


@pytest.mark.skipif(
    shutil.which("xmlsec1") is None, reason="no xmlsec1 on this machine (apt install xmlsec1)"
)
def test_xmlsec1_accepts_it_and_refuses_a_changed_one(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(signer().cert_pem)

    def verify(xml: bytes) -> subprocess.CompletedProcess[str]:
        (tmp_path / "message.xml").write_bytes(xml)
        words = ["xmlsec1", "--verify", "--trusted-pem", "cert.pem", "message.xml"]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    good = verify(message().xml)
    assert good.returncode == 0, good.stderr
    changed = message().xml.replace(b"<msgType>Alert", b"<msgType>Cancel")
    assert changed != message().xml
    assert verify(changed).returncode != 0


@pytest.mark.skipif(not XSD.exists(), reason="the OASIS schema is not beside this checkout")
def test_a_signed_message_is_valid_by_the_schema() -> None:
    # xmldsig is a foreign namespace to it (processContents="lax"): no other schema is fetched.
    schema = etree.XMLSchema(etree.parse(str(XSD), etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(message().xml))


def test_every_changed_part_breaks_it() -> None:
    root = etree.fromstring(message().xml)
    texts = [e for e in root.iter("{urn:oasis:names:tc:emergency:cap:1.2}*") if (e.text or "").strip()]
    assert len(texts) > 40
    for element in texts:
        kept, element.text = element.text, f"{element.text}x"
        with pytest.raises(SignatureError):
            verified(etree.tostring(root), signer().cert_pem)
        element.text = kept
    verified(etree.tostring(root), signer().cert_pem)


def test_another_key_an_unsigned_and_a_wrapped_message_are_refused() -> None:
    other, _ = new_certificate(Nation.JPN, Plane.EXERCISE, Instant(time.time_ns()))
    with pytest.raises(SignatureError):
        verified(message().xml, other)
    root = etree.fromstring(message().xml)
    signature = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    root.remove(signature)
    with pytest.raises(SignatureError):
        verified(etree.tostring(root), signer().cert_pem)
    # Signature wrapping: the signed alert hangs below one that says something else.
    wrapper = etree.fromstring(message().xml)
    wrapper.find("{*}msgType").text = "Cancel"  # type: ignore[union-attr]
    wrapper.append(etree.fromstring(message().xml))
    with pytest.raises(SignatureError):
        verified(etree.tostring(wrapper), signer().cert_pem)


def test_a_key_that_is_none_is_named() -> None:
    with pytest.raises(UserError, match="cannot be used"):
        CapSigner(b"nothing", signer().cert_pem)


def test_a_key_of_another_certificate_is_named() -> None:
    _, key = new_certificate(Nation.JPN, Plane.EXERCISE, Instant(time.time_ns()))
    with pytest.raises(UserError, match="not that of its certificate"):
        CapSigner(key, signer().cert_pem)
