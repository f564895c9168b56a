"""How far the exchange is behind the world, in wall time: what the conductor waits for. Pure but for its
inputs.
"""

from collections import deque
from collections.abc import Iterable

from tocsin.node.worldlink import Tock

LAG_S = 0.05
"""A node that lags by more makes the world wait (ARCHITECTURE.md, two clocks)."""

PATIENCE_S, IMPATIENCE_S = 0.5, 0.01
"""How long the world waits for a laggard, and for one that it waited for in vain: a killed hub is back
within seconds, and a scenario does not stand still meanwhile.
"""

MOST_TICKS = 1_000


class ExchangeLag:
    """Products that should have arrived by now, tick by tick."""

    def __init__(self, partners: int) -> None:
        self._partners = partners
        self._expected: deque[tuple[float, int]] = deque(maxlen=MOST_TICKS)
        self._settled = 0
        self.patience_s = PATIENCE_S

    def note(self, tocks: Iterable[Tock], wall_s: float) -> None:
        """What the halls said after a tick."""
        rows = list(tocks)
        self._settled = sum(row.received + row.decided - row.released for row in rows)
        self._expected.append((wall_s, sum(row.offered for row in rows) * self._partners))

    def behind(self, wall_s: float) -> bool:
        """True while a product offered more than LAG_S ago is neither withheld nor in its partner's
        record.
        """
        while len(self._expected) > 1 and self._expected[1][0] <= wall_s - LAG_S:
            self._expected.popleft()
        said_s, total = self._expected[0] if self._expected else (wall_s, 0)
        return said_s <= wall_s - LAG_S and total > self._settled

    def waited(self, in_vain: bool) -> None:
        """Whether the last wait was worth it sets how long the next one may be."""
        self.patience_s = IMPATIENCE_S if in_vain else PATIENCE_S
