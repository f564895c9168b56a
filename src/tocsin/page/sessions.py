"""Who is signed in at this page, and how often somebody may try: in memory, bounded, gone with the
process.
"""

import secrets
from collections import defaultdict, deque

from msgspec import Struct

from tocsin.model.warning import Officer

SESSION_S = 12 * 3600.0
"""A shift. Whoever stays longer signs in again."""
MOST_SESSIONS = 64
"""Two desks of a dozen officers, and some to spare; the oldest is signed out."""
FAILURES, FAILURES_S = 5, 60.0
"""Failed sign-ins of one credential in a minute."""
ATTEMPTS, ATTEMPTS_S = 30, 60.0
"""Sign-ins of everybody in a minute: each costs a twentieth of a second of hashing."""
ACTS, ACTS_S = 60, 60.0
"""Acts of one session in a minute: a salvo's worth, and no flood."""


class Session(Struct, frozen=True):
    """One officer signed in. `csrf` must come back in a header with every command."""

    officer: Officer
    csrf: str
    until_s: float


class Pace:
    """At most `count` events within `within_s` for each key; keys that are quiet are forgotten."""

    def __init__(self, count: int, within_s: float) -> None:
        self._count, self._within_s = count, within_s
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)

    def full(self, key: str, now_s: float) -> bool:
        """True when one more would be too many."""
        self._forget(now_s)
        return len(self._seen.get(key, ())) >= self._count

    def note(self, key: str, now_s: float) -> None:
        """One more."""
        self._seen[key].append(now_s)

    def _forget(self, now_s: float) -> None:
        for key in list(self._seen):
            times = self._seen[key]
            while times and times[0] <= now_s - self._within_s:
                times.popleft()
            if not times:
                del self._seen[key]


class Sessions:
    """Tokens and whose they are. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, officer: Officer, now_s: float) -> tuple[str, Session]:
        """A new session and its token."""
        if len(self._open) >= MOST_SESSIONS:
            del self._open[next(iter(self._open))]
        token = secrets.token_urlsafe(32)
        session = Session(officer, secrets.token_urlsafe(32), now_s + SESSION_S)
        self._open[token] = session
        return token, session

    def of(self, token: str | None, now_s: float) -> Session | None:
        """The session of a token, while it lasts."""
        session = self._open.get(token or "")
        if session is not None and session.until_s <= now_s:
            self.end(token)
            return None
        return session

    def end(self, token: str | None) -> None:
        """Sign out."""
        self._open.pop(token or "", None)
