"""Names on the brokers: subjects (the plane always first), accounts, streams, consumers, JetStream domains.

Broker configuration and transport must agree on every one of them, so they are made here and nowhere else.
`sender` and `recipient` are the ends of one hop; `origin` is the nation whose product it is.
"""

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic

DOOR_CONSUMER = "DOOR"
"""Durable consumer of an IN stream through which the nation's own door reads."""

OFFER_SUBJECTS = ("offer.data", "import.ack")
"""What the hall may say on the private account."""

IMPORT_SUBJECTS = ("import.data", "offer.ack")
"""What the door may say on the private account."""


def domain(nation: Nation | str, plane: Plane) -> str:
    """JetStream domain of a node: a publish stored elsewhere is told by PubAck.domain."""
    return f"{nation}-{plane}"


def link_account(partner: Nation | str) -> str:
    """Account that holds the streams of the link with one partner, and nothing else."""
    return f"LINK_{partner}"


def out_stream(partner: Nation | str, traffic: Traffic) -> str:
    """Stream of what goes to a partner; the only one that it can pull."""
    return f"OUT_{partner}_{traffic.upper()}"


def in_stream(partner: Nation | str, traffic: Traffic) -> str:
    """Stream of what came over the link with a partner (its own and what it relayed)."""
    return f"IN_{partner}_{traffic.upper()}"


def to_consumer(partner: Nation | str) -> str:
    """The owner-made consumer of an OUT stream: the release valve."""
    return f"TO_{partner}"


def relay_consumer(recipient: Nation | str) -> str:
    """At the hub: the owner-made consumer of an IN stream that takes what is for another spoke."""
    return f"RELAY_{recipient}"


def relay_api(spoke: Nation | str) -> str:
    """At the hub: prefix under which another account reaches the RELAY consumers of a spoke's account."""
    return f"xapi.{spoke}"


def product(plane: Plane, recipient: Nation | str, origin: Nation | str, traffic: Traffic | str) -> str:
    """A sealed product from its origin to its recipient, whichever way it goes."""
    return f"{plane}.rel.{recipient}.{origin}.{traffic}"


def delivery(plane: Plane, sender: Nation | str, recipient: Nation | str, traffic: Traffic | str) -> str:
    """Where a TO consumer delivers over a leaf connection."""
    return f"{plane}.dlv.{sender}.{recipient}.{traffic}"


def crossing(plane: Plane, recipient: Nation | str, sender: Nation | str, traffic: Traffic | str) -> str:
    """Where a RELAY consumer delivers, between two accounts of the hub."""
    return f"{plane}.xdlv.{recipient}.{sender}.{traffic}"


def heartbeat(plane: Plane, recipient: Nation | str, origin: Nation | str) -> str:
    """Signed heartbeats: core messages, never stored."""
    return f"{plane}.hb.{recipient}.{origin}"


def flash(plane: Plane, recipient: Nation | str, origin: Nation | str, traffic: Traffic | str) -> str:
    """Core copies of products: no disk on their way. Of urgent ones never instead of the stored ones; of
    flow, while receipts come (share.outbox.ways)."""
    return f"{plane}.flash.{recipient}.{origin}.{traffic}"


def local(plane: Plane, partner: Nation | str, traffic: Traffic | str) -> str:
    """Where an IN stream delivers to the nation's own door; denied to every leaf connection."""
    return f"{plane}.local.{partner}.{traffic}"


def private(plane: Plane, topic: str) -> str:
    """Handoff between hall and door on the private account."""
    return f"{plane}.{topic}"
