"""A node's command API from the command line: sign in, ask, act, sign out. One connection, bounded in
time.
"""

import http.client
import ssl
from types import TracebackType
from typing import Any

import msgspec

from tocsin.errors import UserError
from tocsin.node.config import NodeConfig

ANSWER_S = 15.0
MAX_ANSWER_BYTES = 16_000_000


class DeskClient:
    """Signed in from `with` to its end. UserError for every refusal, in the node's own words."""

    def __init__(self, config: NodeConfig, credential: str, passphrase: str) -> None:
        page = config.page
        self._port, self._name = page.port, page.name
        self._scheme = "http" if config.page_tls is None else "https"
        self._host = page.host
        self._tls = config.page_tls
        self._asked = {"credential": credential, "passphrase": passphrase}
        self._cookie, self._csrf = "", ""

    def __enter__(self) -> "DeskClient":
        said, cookie = self._ask("POST", "/api/login", self._asked)
        self._cookie, self._csrf = cookie, str(said["csrf"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._ask("POST", "/api/logout", {})

    def drafts(self) -> list[dict[str, Any]]:
        """Every message of the desk."""
        rows: list[dict[str, Any]] = self._ask("GET", "/api/drafts")[0]["drafts"]
        return rows

    def partners(self) -> list[dict[str, Any]]:
        """What partners told their people."""
        rows: list[dict[str, Any]] = self._ask("GET", "/api/drafts")[0]["partners"]
        return rows

    def draft(self, name: str) -> dict[str, Any]:
        """One message with its texts."""
        return self._ask("GET", f"/api/drafts/{name}")[0]

    def act(self, kind: str, draft: str, digest: str, areas: tuple[str, ...] = ()) -> dict[str, Any]:
        """Hand in one act; the answer comes when it stands in the record."""
        body = {"kind": kind, "draft": draft, "digest": digest, "areas": list(areas)}
        return self._ask("POST", "/api/acts", body)[0]

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[dict[str, Any], str]:
        connection = self._connection()
        host = f"{self._name}:{self._port}"
        headers = {"Host": host, "Origin": f"{self._scheme}://{host}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._cookie:
            headers |= {"Cookie": self._cookie, "X-Tocsin-CSRF": self._csrf}
        try:
            data = None if body is None else msgspec.json.encode(body)
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            said = msgspec.json.decode(answer.read(MAX_ANSWER_BYTES), type=dict[str, Any])
        except (OSError, http.client.HTTPException, msgspec.MsgspecError) as failure:
            raise UserError(
                f"the node at {self._scheme}://{host} does not answer ({failure})",
                fix="is `tocsin node` running?",
            ) from failure
        finally:
            connection.close()
        if answer.status != 200:
            fix = _FIX.get(answer.status, "mend the command")
            raise UserError(str(said.get("error", answer.reason)), fix=fix)
        return said, (answer.headers.get("Set-Cookie") or "").partition(";")[0]

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        trusted = ssl.create_default_context(cafile=str(self._tls[0]))
        trusted.check_hostname = False  # the node's own certificate, named by its file
        return http.client.HTTPSConnection(self._host, self._port, timeout=ANSWER_S, context=trusted)


_FIX = {
    401: "see `tocsin officer list CONFIG`",
    404: "see `tocsin warn list`",
    409: "see `tocsin warn list` for what is open now",
    429: "wait a minute",
    503: "see `tocsin warn list` before you act again",
}
