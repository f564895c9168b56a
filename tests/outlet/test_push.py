"""Warnings by HTTP against a real server: forms that others can read, and what each answer leads to."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from outlet_messages import message, peer

from tocsin.errors import UserError
from tocsin.outlet.contract import OutletError, OutletRefusedError, Receipt
from tocsin.outlet.push import Form, PushOutlet
from tocsin.warn.cap import check


def carry(outlet: PushOutlet) -> Receipt:
    return asyncio.run(outlet.carry(message()))


def test_cap_arrives_as_it_was_signed_with_its_key_and_secret() -> None:
    with peer(201) as server:
        assert carry(PushOutlet("n", server.url, token="secret")) == Receipt(f"{server.url} 201")
    ((headers, body),) = server.got
    assert body == message().xml
    assert check(body) == ()
    assert headers["Content-Type"] == "application/cap+xml"
    assert headers["Idempotency-Key"] == message().name
    assert headers["Authorization"] == "Bearer secret"


def test_geojson_and_cloudevents_are_read_by_others() -> None:
    with peer() as server:
        for form in (Form.GEOJSON, Form.CLOUDEVENT):
            carry(PushOutlet("n", server.url, form))
    (_, plain), (headers, wrapped) = server.got
    assert msgspec.json.decode(plain) == message().geojson
    event = from_http_event(HTTPMessage(headers=headers, body=wrapped), JSONFormat())
    assert event.get_id() == message().name
    assert event.get_type() == "org.tocsin.warning.alert.v1"
    assert event.get_extension("plane") == "exercise"
    assert event.get_data() == message().geojson


@pytest.mark.parametrize(("status", "repeated"), [(200, False), (202, False), (409, True)])
def test_taken(status: int, repeated: bool) -> None:
    with peer(status) as server:
        assert carry(PushOutlet("n", server.url)).repeated is repeated


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_never(status: int) -> None:
    with peer(status) as server, pytest.raises(OutletRefusedError, match=str(status)):
        carry(PushOutlet("n", server.url))


@pytest.mark.parametrize("status", [302, 408, 429, 500, 503])
def test_later(status: int) -> None:
    with peer(status) as server, pytest.raises(OutletError, match=str(status)) as caught:
        carry(PushOutlet("n", server.url))
    assert not isinstance(caught.value, OutletRefusedError)


def test_nobody_there_and_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(OutletError, match="Timeout"):
            carry(PushOutlet("n", url, timeout_s=0.2))
    with pytest.raises(OutletError, match="onnect"):
        carry(PushOutlet("n", url, timeout_s=0.5))


def test_certificates_that_are_none_are_named(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("nothing")
    with pytest.raises(UserError, match=r"ca\.pem"):
        PushOutlet("n", "https://127.0.0.1/", ca=bad)
