"""Which nations are linked, who dials whom, which ways a product can go. Pure.

Public record of the real mechanism: a linking station joins two bilateral links; there is no direct line
between the other two. HUB is that, MESH the direct lines, BOTH (default) the two at once: the receiver
de-duplicates, so losing the hub needs no switch-over.
"""

from enum import StrEnum

from msgspec import Struct

from tocsin.model.label import Nation

_OTHERS = {nation: tuple(other for other in Nation if other is not nation) for nation in Nation}


class Mode(StrEnum):
    """Shape of the exchange."""

    HUB = "hub"
    MESH = "mesh"
    BOTH = "both"


class Route(StrEnum):
    """A way from origin to recipient: over their own link, or relayed by the hub."""

    DIRECT = "direct"
    HUB = "hub"


class Topology(Struct, frozen=True):
    """The shape all three agree on. `hub` relays in HUB and BOTH."""

    mode: Mode = Mode.BOTH
    hub: Nation = Nation.USA

    def partners(self, nation: Nation) -> tuple[Nation, ...]:
        """All other nations of the mechanism, linked or not."""
        return _OTHERS[nation]

    def linked(self, one: Nation, other: Nation) -> bool:
        """True where a leaf connection of their own joins the two."""
        return one is not other and (self.mode is not Mode.HUB or self.hub in (one, other))

    def links(self, nation: Nation) -> tuple[Nation, ...]:
        """Partners to whom this nation has a link of its own."""
        return tuple(other for other in self.partners(nation) if self.linked(nation, other))

    def dials(self, one: Nation, other: Nation) -> bool:
        """True when `one` opens the link: spokes dial the hub, else the later code dials the earlier."""
        if not self.linked(one, other):
            return False
        return other is self.hub or (one is not self.hub and one > other)

    def relays(self, nation: Nation) -> bool:
        """True when this nation passes on what others send one another."""
        return nation is self.hub and self.mode is not Mode.MESH

    def routes(self, origin: Nation, recipient: Nation) -> tuple[Route, ...]:
        """The ways a product can go, best first; never empty for two different nations."""
        if origin is recipient:
            return ()
        direct = (Route.DIRECT,) if self.linked(origin, recipient) else ()
        relayed = self.mode is not Mode.MESH and self.hub not in (origin, recipient)
        return direct + ((Route.HUB,) if relayed else ())

    def via(self, recipient: Nation, route: Route) -> Nation:
        """The nation at the other end of the first link of a route."""
        return recipient if route is Route.DIRECT else self.hub
