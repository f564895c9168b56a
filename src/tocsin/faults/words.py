"""What a run of faults says: a row for each fault, and the verdict on it."""

from msgspec import Struct

HEALED_WITHIN_S = 5.0
"""After a fault is over: issue 3, "healed <= 5 s after the last fault"."""


class Row(Struct, frozen=True):
    """One fault. A product counts once for each partner that is owed it; `offered` counts what halls
    committed."""

    fault: str
    about: str
    times: int
    """How often the fault was done."""
    offered: int
    due: int
    """Offered products, once for each partner to whom the door decided to release them."""
    delivered: int
    lost: int
    duplicated: int
    unkept: int
    """Offers that were seen committed, and were gone or changed later: a promise that the disk did not
    keep."""
    disordered: int
    """Arrivals of the flow out of the order of their origin's sequence. Urgent ones are not counted: their
    flash copies overtake on purpose, the newest first."""
    healed_s: float | None
    """From the end of the (last) fault until everything before it had arrived and every nation's news reached
    both partners; null when that did not come."""
    urgent_s: float | None = None
    flow_s: float | None = None
    """After an outage: until the last urgent product and the last of the flow that it held up had arrived."""
    skipped: str | None = None
    """Why it could not be done on this machine."""

    def sound(self, within_s: float) -> bool:
        """Nothing lost, doubled or taken back, and healed in time."""
        if self.skipped is not None:
            return True
        healed = self.healed_s is not None and self.healed_s <= within_s
        return healed and not (self.lost or self.duplicated or self.unkept) and self.delivered > 0


def skipped(fault: str, about: str, why: str) -> Row:
    """The row of a fault that this machine cannot have."""
    return Row(fault, about, 0, 0, 0, 0, 0, 0, 0, 0, None, skipped=why)
