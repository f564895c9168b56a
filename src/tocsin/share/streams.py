"""JetStream's side of a nation's links, as API requests. Pure: which streams and consumers, with which
settings.

For each partner link and class of traffic: OUT (what the door stores for that partner), its consumer TO (made
by us: the release valve), IN (pulled from the partner's OUT through the TO that it made for us), and DOOR,
the consumer through which our own door reads. At the hub, IN also has a RELAY consumer per other spoke, from
which that spoke's OUT sources. Work queues: what the next hop has stored is removed, so streams stay as small
as the backlog.
"""

from typing import Any, NamedTuple

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.share import subjects
from tocsin.share.topology import Topology

Json = dict[str, Any]

SECOND_NS = 1_000_000_000
DEDUPLICATE_S = 120
"""Window in which a broker drops a second copy by message id (nats-server's default; 0 would switch it
off)."""

STREAM_BYTES = {Traffic.CONTROL: 16 * 1024**2, Traffic.URGENT: 32 * 1024**2, Traffic.FLOW: 128 * 1024**2}
"""Backlog on disk per link and class; full means that send() fails and the outbox keeps the row."""

PENDING = {Traffic.CONTROL: 256, Traffic.URGENT: 256, Traffic.FLOW: 512}
"""Messages that the door may hold unacknowledged, per link and class."""

SOURCE_PENDING = 5_000
"""Messages in flight between two brokers before flow control answers (EXCHANGE.md)."""

ACK_WAIT_S = 5
"""An arrival that the door has not acknowledged for so long comes again; commits take milliseconds."""


class Request(NamedTuple):
    """One call of the JetStream API: subject after `$JS.API.` and its body."""

    api: str
    body: Json


def requests(
    nation: Nation, plane: Plane, topology: Topology, partner: Nation, partners: tuple[Nation, ...]
) -> tuple[Request, ...]:
    """Everything to make in the account of one partner link, in order; `partners` are all linked ones."""
    others = tuple(p for p in partners if p is not partner) if topology.relays(nation) else ()
    made: list[Request] = []
    for traffic in Traffic:
        made += _outward(nation, plane, partner, traffic, others)
        made += _inward(nation, plane, partner, traffic, others)
    return tuple(made)


def _outward(
    nation: Nation, plane: Plane, partner: Nation, traffic: Traffic, others: tuple[Nation, ...]
) -> list[Request]:
    name = subjects.out_stream(partner, traffic)
    relayed = [
        _source(
            subjects.in_stream(other, traffic),
            subjects.relay_api(other),
            subjects.relay_consumer(partner),
            subjects.crossing(plane, partner, other, traffic),
        )
        for other in others
    ]
    stream = _stream(name, traffic) | {"subjects": [subjects.product(plane, "*", nation, traffic)]}
    if relayed:
        stream["sources"] = relayed
    deliver = subjects.delivery(plane, nation, partner, traffic)
    return [_create(stream), _sourcing_consumer(name, subjects.to_consumer(partner), deliver, ">")]


def _inward(
    nation: Nation, plane: Plane, partner: Nation, traffic: Traffic, others: tuple[Nation, ...]
) -> list[Request]:
    name = subjects.in_stream(partner, traffic)
    source = _source(
        subjects.out_stream(nation, traffic),
        f"$JS.{subjects.domain(partner, plane)}.API",
        subjects.to_consumer(nation),
        subjects.delivery(plane, partner, nation, traffic),
    )
    made = [_create(_stream(name, traffic) | {"sources": [source]})]
    for other in others:
        deliver = subjects.crossing(plane, other, partner, traffic)
        mine = subjects.product(plane, other, partner, traffic)
        made.append(_sourcing_consumer(name, subjects.relay_consumer(other), deliver, mine))
    made.append(_door_consumer(nation, plane, partner, traffic, name))
    # What a door that died had not acknowledged comes at once, not after ACK_WAIT_S.
    made.append(Request(f"CONSUMER.RESET.{name}.{subjects.DOOR_CONSUMER}", {}))
    return made


def _stream(name: str, traffic: Traffic) -> Json:
    return {
        "name": name,
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "max_bytes": STREAM_BYTES[traffic],
        "duplicate_window": DEDUPLICATE_S * SECOND_NS,
        "num_replicas": 1,
    }


def _source(stream: str, api: str, consumer: str, deliver: str) -> Json:
    return {
        "name": stream,
        "external": {"api": api, "deliver": ""},
        "consumer": {"name": consumer, "deliver_subject": deliver},
    }


def _create(stream: Json) -> Request:
    return Request(f"STREAM.CREATE.{stream['name']}", stream)


def _sourcing_consumer(stream: str, name: str, deliver: str, only: str) -> Request:
    """What another stream sources from: acknowledged by flow control, in order, without end."""
    config: Json = {
        "durable_name": name,
        "deliver_subject": deliver,
        "deliver_policy": "all",
        "ack_policy": "flow_control",
        "flow_control": True,
        "idle_heartbeat": SECOND_NS,
        "max_deliver": -1,
        "max_ack_pending": SOURCE_PENDING,
        "replay_policy": "instant",
    }
    if only != ">":
        config["filter_subject"] = only
    return Request(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})


def _door_consumer(nation: Nation, plane: Plane, partner: Nation, traffic: Traffic, stream: str) -> Request:
    name = subjects.DOOR_CONSUMER
    config = {
        "durable_name": name,
        "deliver_subject": subjects.local(plane, partner, traffic),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": ACK_WAIT_S * SECOND_NS,
        "max_deliver": -1,
        "max_ack_pending": PENDING[traffic],
        "filter_subject": subjects.product(plane, nation, "*", traffic),
        "replay_policy": "instant",
    }
    return Request(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})
