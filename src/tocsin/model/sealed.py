"""The only form in which anything leaves a nation. Transports take nothing else; only `release.seal` makes
one.

(The type stands among the words because share carries what release makes, and the rooms do not import each
other.)
"""

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic


class Sealed(Struct, frozen=True):
    """Signed bytes for one recipient: records `first`..`last` of one traffic. `by_hub`: may also go by the
    hub."""

    plane: Plane
    issuer: Nation
    recipient: Nation
    traffic: Traffic
    first: int
    last: int
    by_hub: bool
    data: bytes
    fleeting: bool = False
    """A heartbeat: the next one says it better, so no broker need keep it."""

    @property
    def message_id(self) -> str:
        """What brokers drop second copies by: plane, issuer, recipient, traffic, first and last sequence."""
        return f"{self.plane}.{self.issuer}.{self.recipient}.{self.traffic}.{self.first}-{self.last}"
