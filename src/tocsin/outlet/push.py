"""Warnings by HTTP to an alert system of the nation: CAP, GeoJSON or a CloudEvent in a POST.

A receiver knows a repetition by `Idempotency-Key` (the CAP identifier). Answers: 2xx = taken, 409 = it had it
already, other 4xx = it will never take this (but 408, 425, 429, which ask to come again), the rest = again.
"""

import ssl
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.errors import UserError
from tocsin.model.time import to_datetime
from tocsin.outlet.contract import Message, OutletError, OutletRefusedError, Receipt

if TYPE_CHECKING:
    import httpx

TIMEOUT_S: Final = 5.0
"""A receiver that takes longer is tried again: the people's time is short."""

MOST_ANSWER: Final = 200
"""Characters of an answer that are told."""

_AGAIN: Final = frozenset((408, 425, 429))
"""RFC 9110 (15.5.9), RFC 8470 and RFC 6585: not now."""

_KNOWN: Final = 409

EVENT_TYPE: Final = "org.tocsin.warning"


class Form(StrEnum):
    """What the body is."""

    CAP = "cap"
    GEOJSON = "geojson"
    CLOUDEVENT = "cloudevent"


MEDIA: Final = {
    Form.CAP: "application/cap+xml",
    Form.GEOJSON: "application/geo+json",
    Form.CLOUDEVENT: "application/cloudevents+json",
}
"""CAP: as OASIS names it; RFC 7946, 12; CloudEvents 1.0, JSON format, structured mode."""


class PushOutlet:
    """One address. `token`: sent as a bearer token; `ca`: PEM file of who signs the receiver's
    certificate.
    """

    def __init__(
        self,
        name: str,
        url: str,
        form: Form = Form.CAP,
        token: str | None = None,
        ca: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._url, self._form, self._timeout_s = url, form, timeout_s
        self._headers = {"Content-Type": MEDIA[form], "User-Agent": "tocsin"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._context = _context(ca)

    async def carry(self, message: Message) -> Receipt:
        """See Outlet."""
        import httpx  # here: a sixth of a second of every start, and most nodes push nothing

        headers = self._headers | {"Idempotency-Key": message.name}
        try:
            # trust_env off: a proxy that somebody set in the environment has no part in a warning.
            async with httpx.AsyncClient(
                timeout=self._timeout_s, verify=self._context, trust_env=False
            ) as client:
                answer = await client.post(self._url, content=body(message, self._form), headers=headers)
        except httpx.HTTPError as failure:
            raise OutletError(f"{self._url}: {str(failure) or type(failure).__name__}") from None
        return self._judged(answer)

    def _judged(self, answer: "httpx.Response") -> Receipt:
        status = answer.status_code
        if answer.is_success or status == _KNOWN:
            where = answer.headers.get("Location", self._url)[:MOST_ANSWER]
            return Receipt(f"{where} {status}", repeated=status == _KNOWN)
        said = f"{self._url} answered {status}: {answer.text[:MOST_ANSWER]!r}"
        if answer.is_client_error and status not in _AGAIN:
            raise OutletRefusedError(said)
        raise OutletError(said)


def body(message: Message, form: Form) -> bytes:
    """The bytes of a message in one form."""
    if form is Form.CAP:
        return message.xml
    return msgspec.json.encode(message.geojson if form is Form.GEOJSON else event(message))


def event(message: Message) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode: the GeoJSON as data, the CAP identifier as id."""
    about = message.geojson["properties"]
    return {
        "specversion": "1.0",
        "id": message.name,
        "source": f"urn:tocsin:{about['sender']}",
        "type": f"{EVENT_TYPE}.{str(message.warning.msg_type).lower()}.v1",
        "subject": message.warning.id,
        "time": to_datetime(message.warning.sent_ns).isoformat(),
        "datacontenttype": MEDIA[Form.GEOJSON],
        "plane": str(message.warning.plane).lower(),
        "data": message.geojson,
    }


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as failure:
        raise UserError(
            f"cannot use {ca} as certificates of an outlet's receiver ({failure})", fix="give a PEM file"
        ) from None
