"""Receivers that must hear the public outlets: each says once in a while that it lives.

In October 2022 one town's receiver had been dead for six days before anybody knew. So a receiver is on the
list before it is needed, beats by itself, and is shown as dead when it does not.
"""

import hashlib
import hmac
from collections.abc import Sequence

from msgspec import Struct

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.time import SECOND_NS, Instant

LIMIT_S = 50.0
"""Dead after this long, so that the desk shows it within 60 s (issue: receivers' heartbeat)."""


class Receiver(Struct, frozen=True):
    """`token_sha256`: hexadecimal SHA-256 of the secret that the receiver beats with."""

    name: str
    token_sha256: str
    limit_s: float = LIMIT_S


class Receivers:
    """Who beat when, by wall time. After a start everybody has `limit_s` to beat first."""

    def __init__(self, receivers: Sequence[Receiver], started_wall_ns: Instant) -> None:
        self._known = {one.name: one for one in receivers}
        self._last = dict.fromkeys(self._known, started_wall_ns)

    def beat(self, name: str, token: str, now_wall_ns: Instant) -> bool:
        """Take a sign of life; False for an unknown name or a wrong secret."""
        receiver = self._known.get(name)
        given = hashlib.sha256(token.encode()).hexdigest()
        if receiver is None or not hmac.compare_digest(given, receiver.token_sha256):
            return False
        self._last[name] = now_wall_ns
        return True

    def dead(self, now_wall_ns: Instant) -> tuple[Alarm, ...]:
        """An alarm for each that has been silent for longer than its limit."""
        return tuple(
            Alarm(AlarmKind.RECEIVER_DEAD, name, f"no sign of life for over {receiver.limit_s:g} s", since)
            for name, receiver in self._known.items()
            if now_wall_ns - (since := self._last[name]) > receiver.limit_s * SECOND_NS
        )
