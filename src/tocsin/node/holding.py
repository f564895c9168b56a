"""Whose flow the door leaves in the mailbox for now, where what is urgent passes it (docs/adr/0023). Pure."""

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.node.door_words import DoorState
from tocsin.share import inbox
from tocsin.share.inbox import InStream

MOST_HANDED = 1_000
"""Records of partners' flow that the hall has not committed, beyond which no more is taken. A hall works off
about so many in a second; an idle one has a few.
"""


def held(state: DoorState, now: Instant) -> frozenset[Nation]:
    """Everybody's while the hall is behind; a partner's while something urgent of it is known to be on its
    way, as after an outage."""
    partners = state.office.partners
    waiting = sum(one.last - one.first + 1 for one in state.flights if one.traffic is Traffic.FLOW)
    if waiting > MOST_HANDED:
        return frozenset(partners)
    urgent = {one: state.ins.get((one, Traffic.URGENT), InStream()) for one in partners}
    return frozenset(one for one, stream in urgent.items() if inbox.behind(stream, now))
