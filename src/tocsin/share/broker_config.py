"""The configuration of one nation's nats-server. Pure: a plan in, text out.

It is the second wall behind the door (the first is in the code): an account per partner link in which the
door alone may publish, a private account for hall and door with one user each, and a leaf connection per link
whose far end may do what sourcing needs and no more: reset its pre-made consumer, answer flow control,
deliver its data, beat. The shape follows configurations that ran against injection, foreign API calls,
wildcard spying, foreign certificates, unknown keys and a malicious hub.

The text is JSON, which nats-server reads as its own format: quoting is the JSON library's, not ours.
"""

import json
from typing import Any

from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.share import subjects
from tocsin.share.topology import Topology

Json = dict[str, Any]

MAX_PAYLOAD_BYTES = 256 * 1024
"""Largest message: a batch of 50 records of about 1 kB, sealed, with room (nats-server's default: 1 MiB)."""

MAX_FILE_BYTES = 2 * 1024**3
"""Disk that JetStream may use: above the sum of all limits in share.streams, so that those bind first."""

HEADER = "# Written by tocsin from the node's configuration at every start: edits here are lost.\n"

# Replies and flow control of JetStream sourcing between two servers (nats-server 2.14, seen in traces).
SOURCING_SUBJECTS = ("$JS.FC.>", "$JSC.R.>", "_R_.>", "_GR_.>", "$JS.S.>")

# The part of our JetStream API that must never answer a server we dialled: all but CONSUMER.RESET. The
# dialling side of a leaf has no allow list in nats-server, only deny lists.
DENIED_API = (
    "INFO",
    "STREAM.>",
    "DIRECT.>",
    "META.>",
    "SERVER.>",
    "ACCOUNT.>",
    "CONSUMER.CREATE.>",
    "CONSUMER.DURABLE.>",
    "CONSUMER.DELETE.>",
    "CONSUMER.MSG.>",
    "CONSUMER.NAMES.>",
    "CONSUMER.LIST.>",
    "CONSUMER.INFO.>",
    "CONSUMER.PAUSE.>",
    "CONSUMER.UNPIN.>",
    "CONSUMER.LEADER.>",
)


class TlsFiles(Struct, frozen=True):
    """PEM files of one end: its certificate, its key, the authorities it believes."""

    cert: str
    key: str
    ca: str


class LinkPlan(Struct, frozen=True):
    """One partner link: `dial_url`, `leaf_seed` if we dial; `leaf_nkey` (the partner's) if it dials us."""

    partner: Nation
    door_nkey: str
    partner_ca: str
    dial_url: str | None = None
    leaf_seed: str | None = None
    leaf_nkey: str | None = None


class BrokerPlan(Struct, frozen=True):
    """All that one nation's broker is made of; nkeys are public (`U...`), `leaf_seed` is not."""

    nation: Nation
    plane: Plane
    topology: Topology
    listen: str
    monitor: str
    store_dir: str
    log_file: str
    tls: TlsFiles
    sys_nkey: str
    hall_nkey: str
    door_nkey: str
    links: tuple[LinkPlan, ...]
    leaf_listen: str | None = None
    leaf_ca: str | None = None
    """Authorities of the partners that dial us, in one file."""


def render(plan: BrokerPlan) -> str:
    """The configuration as text; UserError for a value that no configuration can carry."""
    config = _server(plan) | {"accounts": _accounts(plan), "leafnodes": _leafnodes(plan)}
    _check(config)
    return HEADER + json.dumps(config, indent=1, ensure_ascii=False) + "\n"


def _server(plan: BrokerPlan) -> Json:
    return {
        "server_name": subjects.domain(plan.nation, plan.plane),
        "listen": plan.listen,
        "http": plan.monitor,
        "log_file": plan.log_file,
        "logfile_size_limit": 8 * 1024**2,
        "logfile_max_num": 3,
        "ping_interval": "2s",
        "ping_max": 2,
        "write_deadline": "5s",
        "max_payload": MAX_PAYLOAD_BYTES,
        "jetstream": {
            "store_dir": plan.store_dir,
            "domain": subjects.domain(plan.nation, plan.plane),
            "max_mem": 0,
            "max_file": MAX_FILE_BYTES,
            "sync_interval": "always",
        },
        "tls": _tls(plan.tls) | {"verify": True, "timeout": 3},
        "system_account": "SYS",
    }


def _tls(files: TlsFiles) -> Json:
    return {"cert_file": files.cert, "key_file": files.key, "ca_file": files.ca}


def _accounts(plan: BrokerPlan) -> Json:
    accounts: Json = {"SYS": {"users": [{"nkey": plan.sys_nkey}]}, "NAT": {"users": _private_users(plan)}}
    for link in plan.links:
        accounts[subjects.link_account(link.partner)] = _link_account(plan, link)
    return accounts


def _private_users(plan: BrokerPlan) -> list[Json]:
    hall = [subjects.private(plan.plane, topic) for topic in subjects.OFFER_SUBJECTS]
    door = [subjects.private(plan.plane, topic) for topic in subjects.IMPORT_SUBJECTS]
    return [_user(plan.hall_nkey, hall, door), _user(plan.door_nkey, door, hall)]


def _user(nkey: str, publish: list[str], subscribe: list[str]) -> Json:
    allow = {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}
    return {"nkey": nkey, "permissions": allow}


def _link_account(plan: BrokerPlan, link: LinkPlan) -> Json:
    users = [_door_user(plan, link)]
    if link.leaf_nkey is not None:
        users.append(_leaf_user(plan, link, link.leaf_nkey))
    account: Json = {"jetstream": "enabled", "users": users}
    others = [other.partner for other in plan.links if other.partner is not link.partner]
    if plan.topology.relays(plan.nation) and others:
        account["exports"] = [row for other in others for row in _exports(plan.plane, link.partner, other)]
        account["imports"] = [row for other in others for row in _imports(plan.plane, link.partner, other)]
    return account


def _door_user(plan: BrokerPlan, link: LinkPlan) -> Json:
    plane, me = plan.plane, plan.nation
    publish = [
        subjects.product(plane, "*", me, "*"),
        subjects.heartbeat(plane, "*", me),
        subjects.flash(plane, "*", me, "*"),
        "$JS.API.>",
        "$JS.ACK.>",
    ]
    subscribe = [
        subjects.heartbeat(plane, me, "*"),
        subjects.flash(plane, me, "*", "*"),
        subjects.local(plane, link.partner, "*"),
        "_INBOX.>",
    ]
    return _user(link.door_nkey, publish, subscribe)


def _leaf_user(plan: BrokerPlan, link: LinkPlan, nkey: str) -> Json:
    """What a partner that dials us may send into our account, and what it may receive from it."""
    plane, me, far = plan.plane, plan.nation, link.partner
    any_of_me = "*" if plan.topology.relays(me) else me
    any_of_far = "*" if plan.topology.relays(far) else far
    publish = [
        *_resets(plane, owner=me, puller=far),
        *SOURCING_SUBJECTS,
        subjects.delivery(plane, far, me, "*"),
        subjects.heartbeat(plane, any_of_me, any_of_far),
        *_flashes(plane, any_of_me, any_of_far),
    ]
    subscribe = [
        *_resets(plane, owner=far, puller=me),
        *SOURCING_SUBJECTS,
        subjects.delivery(plane, me, far, "*"),
        subjects.heartbeat(plane, any_of_far, any_of_me),
        *_flashes(plane, any_of_far, any_of_me),
    ]
    return _user(nkey, publish, subscribe)


def _flashes(plane: Plane, recipient: Nation | str, origin: Nation | str) -> list[str]:
    """Class by class: a leaf may subscribe to more than is allowed only where that is a whole subject."""
    return [subjects.flash(plane, recipient, origin, traffic) for traffic in (Traffic.URGENT, Traffic.FLOW)]


def _resets(plane: Plane, *, owner: Nation, puller: Nation) -> list[str]:
    api = f"$JS.{subjects.domain(owner, plane)}.API.CONSUMER.RESET"
    return [f"{api}.{subjects.out_stream(puller, t)}.{subjects.to_consumer(puller)}" for t in Traffic]


def _exports(plane: Plane, spoke: Nation, other: Nation) -> list[Json]:
    """In the account of `spoke`: what the account of `other` may take, to pass it on to `other`."""
    accounts = [subjects.link_account(other)]
    rows: list[Json] = []
    for traffic in Traffic:
        stream = subjects.in_stream(spoke, traffic)
        rows.append({"service": f"$JS.API.{_reset_name(stream, other)}"})
        rows.append({"service": f"$JS.FC.{stream}.>"})
        rows.append({"stream": subjects.crossing(plane, other, spoke, traffic)})
    rows += [{"stream": subject} for subject in _relayed_core(plane, other, spoke)]
    return [row | {"accounts": accounts} for row in rows]


def _imports(plane: Plane, spoke: Nation, other: Nation) -> list[Json]:
    """In the account of `spoke`: what it takes from the account of `other`, to pass it on to `spoke`."""
    account = subjects.link_account(other)
    rows: list[Json] = []
    for traffic in Traffic:
        stream = subjects.in_stream(other, traffic)
        reset = _reset_name(stream, spoke)
        rows.append(
            {
                "service": {"account": account, "subject": f"$JS.API.{reset}"},
                "to": f"{subjects.relay_api(other)}.{reset}",
            }
        )
        rows.append({"service": {"account": account, "subject": f"$JS.FC.{stream}.>"}})
        crossing = subjects.crossing(plane, spoke, other, traffic)
        rows.append({"stream": {"account": account, "subject": crossing}})
    for subject in _relayed_core(plane, spoke, other):
        rows.append({"stream": {"account": account, "subject": subject}})
    return rows


def _relayed_core(plane: Plane, recipient: Nation, origin: Nation) -> tuple[str, str]:
    """What a hub passes on unstored. Flow is not: its flash copies go by the direct way alone."""
    return (
        subjects.heartbeat(plane, recipient, origin),
        subjects.flash(plane, recipient, origin, Traffic.URGENT),
    )


def _reset_name(stream: str, recipient: Nation) -> str:
    return f"CONSUMER.RESET.{stream}.{subjects.relay_consumer(recipient)}"


def _leafnodes(plan: BrokerPlan) -> Json:
    leaf: Json = {
        "reconnect": "1s",
        "no_advertise": True,
        "remotes": [_remote(plan, link) for link in plan.links if link.dial_url is not None],
    }
    if plan.leaf_listen is not None:
        files = TlsFiles(plan.tls.cert, plan.tls.key, plan.leaf_ca or plan.tls.ca)
        leaf |= {"listen": plan.leaf_listen, "tls": _tls(files) | {"verify": True, "timeout": 3}}
    return leaf


def _remote(plan: BrokerPlan, link: LinkPlan) -> Json:
    mine = [f"{plan.plane}.rel.>", f"{plan.plane}.local.>", "_INBOX.>"]
    return {
        "urls": [link.dial_url],
        "account": subjects.link_account(link.partner),
        "nkey": link.leaf_seed,
        "tls": _tls(TlsFiles(plan.tls.cert, plan.tls.key, link.partner_ca)),
        "compression": "off",
        "ignore_discovered_servers": True,
        "deny_imports": [*_denied_api(plan, link), "$JS.ACK.>", *mine],
        # Advisories would tell the far end of every change and acknowledgement in our streams.
        "deny_exports": [*mine, "$JS.EVENT.>", "$JS.ACK.>"],
    }


def _denied_api(plan: BrokerPlan, link: LinkPlan) -> list[str]:
    api = f"$JS.{subjects.domain(plan.nation, plan.plane)}.API"
    inner = [f"CONSUMER.RESET.{subjects.in_stream(link.partner, traffic)}.>" for traffic in Traffic]
    return [f"{api}.{name}" for name in (*DENIED_API, *inner)]


def _check(value: object) -> None:
    """Control characters and lone surrogates have no form that both JSON and nats-server read alike."""
    match value:
        case str() if not value.isprintable():
            raise UserError(
                f"{value!r} cannot stand in a broker configuration",
                fix="use a path or name of printable characters",
            )
        case dict():
            for key, inner in value.items():
                _check(key)
                _check(inner)
        case list():
            for inner in value:
                _check(inner)
