"""Hostile bytes at every rim where a stranger's bytes come in: whatever comes, nothing but the stated
refusals.

    python tools/fuzz.py --count 1000000 --jobs 2 [--only RIM] [--seed N]
    python tools/fuzz.py --only RIM --at CASE          runs one case again and prints it

A case is a number: rim and number give the same bytes every time. The corpus is made at run time from
tocsin's own encoders; a case takes one of its inputs and changes it as bytes, or as the tree that it encodes
(values of other kinds, keys gone, doubled, renamed, deep nesting, huge numbers). A rim may raise what its
own words allow (UserError for files that people edit); anything else prints rim and case, exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
import msgspec
import tomlkit
from msgspec.structs import replace

import skies
from flips import LIFE_NS, TRUST
from flips import envelope as random_envelope
from flock import PLANE, START, key
from flock import random_canary as canary_of
from tocsin.bench import samples
from tocsin.errors import TocsinError, UserError
from tocsin.model.envelope import header_for
from tocsin.model.handoff import (
    Committed,
    CommitWanted,
    DoorMessage,
    HandedItem,
    ImportAck,
    ImportBatch,
    LinkReport,
    OfferAck,
    OfferBatch,
)
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Import, Offer, Quarantined, Receipt, Traffic
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import Geodetic
from tocsin.model.time import Instant
from tocsin.model.track import Plot, RadarFix
from tocsin.node import equivocation
from tocsin.node.bus import UNREADABLE
from tocsin.node.config import parse_config
from tocsin.node.door_fold import door_step
from tocsin.node.door_words import Arrived, DoorState, Office
from tocsin.node.founding import config_text, default_ports
from tocsin.node.policy_file import parse_policy
from tocsin.node.policy_text import default_policy, policy_text
from tocsin.node.trust import read_entry
from tocsin.page.server import make_app
from tocsin.record.note import parse_key, parse_note
from tocsin.record.proof import parse_proof
from tocsin.release.seal import seal
from tocsin.sense.asterix import AsterixDecoder
from tocsin.sense.capture import decode_all
from tocsin.sense.jsonl import JsonlDecoder, encode_plot
from tocsin.share.links import Heartbeat, Resend
from tocsin.share.topology import Topology
from tocsin.share.wire import encode_notes, encode_product, join_products, verify
from tocsin.sim.scenario_file import parse as parse_scenario
from tocsin.warn.cap import check as check_cap
from tocsin.warn.lint import lint_cap

KOR, JPN = Nation.KOR, Nation.JPN
PIECE = 2_000
"""Cases of one piece of work."""

LONGEST_PAYLOAD = 50_000
"""What still fits an envelope: longer ones are refused by their size alone."""

NAME = Path("fuzz.toml")
WORDS = ("", "0", "KOR", "JPN", "EXERCISE", "REAL", "\0", "\ud7ff", "../..", "a" * 5_000, "NaN", "null", "—")
NUMBERS = (0, 1, -1, 255, 256, 2**31, -(2**31), 2**53, 2**62, 2**63 - 1, -(2**63), 2**64 - 1)
FLOATS = (0.0, -0.0, 1e-308, 1e308, float("nan"), float("inf"), float("-inf"), 91.0, -181.0)

Dice = random.Random


class Rim(NamedTuple):
    """Where bytes come in. `make` gives a hostile input, `take` lets it in; `share`: of all cases."""

    name: str
    share: float
    make: Callable[[Dice], Any]
    take: Callable[[Any], object]
    allowed: tuple[type[Exception], ...] = ()


# ---- changing


def hostile_bytes(dice: Dice, good: bytes) -> bytes:
    """A few changes of bytes."""
    data = bytearray(good)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1 if at < len(data):
                data[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                data[at:at] = dice.randbytes(dice.choice((1, 2, 8, 64)))
            case 3:
                del data[at : at + dice.choice((1, 2, 8, 64))]
            case 4:
                data[at:at] = data[at : at + dice.choice((1, 4, 32, 256))]
            case 5:
                del data[at:]
            case _:
                end = dice.randrange(len(data) + 1)
                data[at:] = good[end:]
    return bytes(data)


def hostile_tree(dice: Dice, tree: Any) -> Any:
    """The same tree with one node replaced, gone, doubled or renamed."""
    match tree:
        case dict() if tree and dice.random() < 0.85:
            name = dice.choice(list(tree))
            changed = dict(tree)
            match dice.randrange(8):
                case 0:
                    del changed[name]
                case 1:
                    changed[dice.choice(WORDS)] = changed.pop(name)
                case 2:
                    changed[f"{name}x"] = changed[name]
                case _:
                    changed[name] = hostile_tree(dice, tree[name])
            return changed
        case list() | tuple() if tree and dice.random() < 0.85:
            at = dice.randrange(len(tree))
            rows = list(tree)
            match dice.randrange(6):
                case 0:
                    del rows[at]
                case 1:
                    rows += rows[at : at + 1] * dice.choice((1, 2, 300))
                case _:
                    rows[at] = hostile_tree(dice, rows[at])
            return rows
        case _:
            return any_value(dice, 0)


def any_value(dice: Dice, depth: int) -> Any:
    """Something of any kind."""
    match dice.randrange(9):
        case 0:
            return dice.choice(NUMBERS)
        case 1:
            return dice.choice(FLOATS)
        case 2:
            return dice.choice((True, False))
        case 3:
            return dice.randint(-1000, 1000)
        case 4 if depth < 40:
            return [any_value(dice, depth + 1)] * dice.choice((0, 1, 3))
        case 5 if depth < 40:
            return {dice.choice(WORDS): any_value(dice, depth + 1)}
        case _:
            return dice.choice(WORDS)


def changed(dice: Dice, good: bytes, load: Callable[[bytes], Any], dump: Callable[[Any], bytes]) -> bytes:
    """As bytes or as a tree; a tree that has no such form is changed as bytes."""
    if dice.random() < 0.5:
        return hostile_bytes(dice, good)
    tree = load(good)
    for _ in range(dice.choice((1, 1, 2, 3))):
        tree = hostile_tree(dice, tree)
    try:
        return dump(tree)
    except (ValueError, TypeError, OverflowError, UnicodeError, AttributeError, msgspec.MsgspecError):
        return hostile_bytes(dice, good)
    except tomlkit.exceptions.TOMLKitError:
        return hostile_bytes(dice, good)


def packed(dice: Dice, good: bytes) -> bytes:
    """MessagePack."""
    return changed(dice, good, msgspec.msgpack.decode, msgspec.msgpack.encode)


def toml(dice: Dice, good: bytes) -> bytes:
    """TOML."""
    return changed(dice, good, lambda b: tomllib.loads(b.decode()), lambda t: tomlkit.dumps(t).encode())


def json_text(dice: Dice, good: bytes) -> bytes:
    """JSON, with the numbers that Python adds to it."""
    return changed(dice, good, json.loads, lambda t: json.dumps(t, ensure_ascii=dice.random() < 0.5).encode())


# ---- corpora


@cache
def envelopes() -> list[bytes]:
    """Valid ones for JPN."""
    dice = random.Random(1)
    return [data for data, me in (random_envelope(dice) for _ in range(300)) if me is JPN]


def envelope(dice: Dice) -> bytes:
    """An envelope changed as bytes, as CBOR outside, or as CBOR in its header."""
    good = dice.choice(envelopes())
    if dice.random() < 0.7:
        return changed(dice, good, cbor2.loads, lambda t: cbor2.dumps(t, canonical=dice.random() < 0.8))
    header, sealed = cbor2.loads(good)
    return bytes(cbor2.dumps([changed(dice, header, cbor2.loads, cbor2.dumps), sealed], canonical=True))


@cache
def payloads() -> list[tuple[Traffic, bytes]]:
    """Payloads of every kind, from KOR."""
    dice = random.Random(2)
    label = Label(PLANE, frozenset((KOR,)), frozenset((JPN,)))
    made = [canary_of(dice, n, KOR).product for n in range(60)]
    made = [replace(one, origin=KOR, label=label) for one in made]
    beat = Heartbeat(START, {Traffic.FLOW: 3}, {Traffic.FLOW: 1}, {Traffic.FLOW: 1}, 7, 12)
    notes = [encode_notes([beat]), encode_notes([Resend(Traffic.FLOW, ((1, 3), (7, 9)))])]
    return [
        *((Traffic.FLOW, join_products([encode_product(one)])) for one in made if hasattr(one, "state")),
        *(
            (Traffic.URGENT, join_products([encode_product(one)]))
            for one in made
            if not hasattr(one, "state")
        ),
        *((Traffic.CONTROL, note) for note in notes),
    ]


def byzantine(dice: Dice) -> bytes:
    """What a partner with a good key may sign: any payload under any sequence."""
    traffic, payload = dice.choice(payloads())
    first = dice.choice((1, 2, 3, 10**6, 2**40, 2**62))
    header = header_for(
        Label(PLANE, frozenset((KOR,)), frozenset((JPN,))),
        issuer=KOR,
        recipient=JPN,
        traffic=traffic,
        first=first,
        last=first + dice.choice((0, 0, 0, 1, 49)),
        key_id=key(KOR).key_id,
        issued_wall_ns=START,
        expires_wall_ns=Instant(START + LIFE_NS),
    )
    return seal(header, packed(dice, payload)[:LONGEST_PAYLOAD], key(KOR), by_hub=False).data


@cache
def handoffs() -> list[tuple[Any, bytes]]:
    """Messages between hall and door, with their decoders."""
    product = samples.tracklet(KOR, START)
    taken = Import(KOR, Traffic.FLOW, 1, product, START, START)
    items = (HandedItem(1, taken), HandedItem(2, Receipt(KOR, Traffic.FLOW, 1)))
    refused = HandedItem(3, Quarantined("malformed", "KOR", "no CBOR", START))
    messages: list[tuple[Any, Any]] = [
        (OfferBatch | Committed, OfferBatch((Offer(1, product, START),))),
        (DoorMessage, ImportBatch((*items, refused))),
        (DoorMessage, LinkReport((), 3)),
        (DoorMessage, CommitWanted(1, 1)),
        (ImportAck, ImportAck(7, 9)),
        (OfferAck, OfferAck(7)),
    ]
    return [(msgspec.msgpack.Decoder(kind), msgspec.msgpack.encode(one)) for kind, one in messages]


def handoff(dice: Dice) -> tuple[Any, bytes]:
    """One of them, changed."""
    decoder, good = dice.choice(handoffs())
    return decoder, packed(dice, good)


@cache
def sensors() -> tuple[Sensor, ...]:
    """A registry of one radar."""
    label = Label(PLANE, frozenset((KOR,)), frozenset())
    errors = SensorErrors(range_m=30.0, az_rad=1e-3, el_rad=1e-3)
    return (Sensor("R", KOR, SensorKind.RADAR, errors, label, Geodetic(36.5, 127.5), sac=1, sic=2),)


def plot_lines(dice: Dice) -> bytes:
    """JSON lines of plots."""
    good = encode_plot(Plot("R", dice.randrange(99), START, RadarFix(1e5, 0.3, 0.2)), PLANE)
    return json_text(dice, good) + b"\n" * dice.randrange(3)


ASTERIX = (
    bytes.fromhex(
        "300030fdf70219c9356d4da0c5aff1e0020005283c660c10c236d4182001c0780031bc0000400deb07b9582e410020f5"
    ),
    bytes.fromhex("22000bf0010202000000aa"),
    bytes.fromhex("30000a8001020000ff00"),
)
"""A CAT048 record of public decoder documentation (EUROCONTROL example), and short blocks of two
categories."""


def blocks(dice: Dice) -> bytes:
    """ASTERIX blocks, with right lengths half of the time."""
    data = hostile_bytes(dice, dice.choice(ASTERIX))
    if len(data) > 3 and dice.random() < 0.5:
        category = dice.choice((21, 34, 48, 62, 65, data[0]))
        data = bytes((category,)) + len(data).to_bytes(2, "big") + data[3:]
    return data


@cache
def config_good() -> bytes:
    """As `tocsin init` writes it."""
    leaves = dict.fromkeys(Nation, "127.0.0.1:7422")
    return config_text(JPN, Plane.EXERCISE, default_ports(JPN), Topology(), leaves).encode()


@cache
def scenario_good() -> bytes:
    """A shipped one."""
    import tocsin.sim.scenario_file as at

    return (at._SCENARIOS / "2022-10-04.toml").read_bytes()


TRUST_GOOD = {
    "form": 1,
    "nation": "KOR",
    "plane": "EXERCISE",
    "ca_pem": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "leaf_nkeys": {"JPN": "U" + "A" * 55},
    "release": [{"key_id": "KOR-EXERCISE-1", "public": "00" * 32}],
}


def trust_file(data: bytes) -> object:
    """Through a file, as `tocsin trust accept` reads it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_entry(Path(file.name))


CAP = (
    b'<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>a'
    b"</identifier><sender>b</sender><sent>2022-10-04T07:22:00+09:00</sent><status>Exercise</status><msgType>"
    b"Alert</msgType><scope>Public</scope><info><language>en</language><category>Safety</category><event>e</event>"
    b"<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Likely</certainty><area><areaDesc>x"
    b"</areaDesc><polygon>40,140 41,140 41,141 40,140</polygon></area></info></alert>"
)
XML = (b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"&x;", b"<a>", b"</info>", b"]]>", b"<!--", b"&#0;", b"\xff\xfe")


def cap_text(dice: Dice) -> bytes:
    """CAP with XML's own traps."""
    data = bytearray(hostile_bytes(dice, CAP))
    at = dice.randrange(len(data) + 1)
    data[at:at] = dice.choice(XML) if dice.random() < 0.5 else b""
    return bytes(data)


NOTES = (
    b"tocsin/KOR-EXERCISE\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 KOR AAAAAAAA\n",
    b"c2sp.org/tlog-proof@v1\nextra e30=\nindex 3\nAAAA\n\ntocsin\n7\nAAAA\n\n\xe2\x80\x94 KOR AAAA\n",
    b"KOR+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
)


def take_note(data: bytes) -> None:
    """A stranger's checkpoint, proof or key."""
    for parse in (parse_note, parse_proof, lambda text: parse_key(text.decode("utf-8", "replace"))):
        try:
            parse(data)
        except TocsinError:
            continue
        except ValueError as refused:
            if type(refused).__module__.split(".")[0] != "tocsin":
                raise


PATHS = ("/", "/api/picture", "/feed", "/../etc/passwd", "/%00", "/static/x", "/" + "a" * 3000, "//", "/api")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "", "\x00")


def request(dice: Dice) -> dict[str, Any]:
    """An HTTP request as the server hands it to the page."""
    path = dice.choice(PATHS) + dice.choice(("", dice.choice(WORDS)))
    names = (b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"if-none-match", b"accept-encoding")
    values = (b"localhost", b"127.0.0.1:1", b"", b"null", b"cross-site", b"\xff\xfe", b"[::1", b"a:b:c", b"*")
    headers = [(dice.choice(names), dice.choice(values)) for _ in range(dice.randrange(5))]
    headers.append((b"host", b"localhost" if dice.random() < 0.7 else dice.choice(values)))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": dice.choice(METHODS),
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": dice.randbytes(dice.choice((0, 3, 40))),
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


@cache
def page() -> tuple[Any, asyncio.AbstractEventLoop]:
    """The page's application and a loop for it."""
    return make_app(lambda: None, nation=JPN, plane=PLANE), asyncio.new_event_loop()


def answer(scope: dict[str, Any]) -> int:
    """Its status."""
    app, loop = page()
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    loop.run_until_complete(app(scope, receive, send))
    return int(said[0]["status"])


@cache
def door() -> DoorState:
    """JPN's door, fresh."""
    return DoorState(Office(JPN, PLANE, Topology(), TRUST, key(JPN), default_policy(JPN)))


def arrive(data: bytes) -> object:
    """Through the door's fold, twice: what was taken must not harm what comes after it."""
    state, _ = door_step(door(), (Arrived("direct", KOR, data, START),), START)
    return door_step(state, (Arrived("hub", KOR, data, START),), Instant(START + 10**9))


RIMS = (
    Rim("envelope", 0.334, envelope, lambda b: verify(b, TRUST, JPN, PLANE, START)),
    Rim("byzantine", 0.10, byzantine, arrive),
    Rim("handoff", 0.18, handoff, lambda case: case[0].decode(case[1]), UNREADABLE),
    Rim("json-lines", 0.12, plot_lines, lambda b: JsonlDecoder(sensors(), plane=PLANE).decode(b, START)),
    Rim("asterix", 0.12, blocks, lambda b: AsterixDecoder(sensors(), plane=PLANE).decode(b, START)),
    Rim("capture", 0.02, blocks, lambda b: decode_all(b, AsterixDecoder(sensors()), START)),
    Rim(
        "policy",
        0.02,
        lambda dice: toml(dice, policy_text(KOR, default_policy(KOR)).encode()),
        lambda b: parse_policy(tomllib.loads(b.decode()), NAME),
        (UserError, tomllib.TOMLDecodeError, UnicodeDecodeError),
    ),
    Rim(
        "node.toml",
        0.02,
        lambda dice: toml(dice, config_good()),
        lambda b: parse_config(tomllib.loads(b.decode()), NAME),
        (UserError, tomllib.TOMLDecodeError, UnicodeDecodeError),
    ),
    Rim(
        "scenario", 0.002, lambda d: toml(d, scenario_good()), lambda b: parse_scenario(b, "f"), (UserError,)
    ),
    Rim(
        "trust", 0.02, lambda dice: json_text(dice, json.dumps(TRUST_GOOD).encode()), trust_file, (UserError,)
    ),
    Rim("page", 0.02, request, answer),
    Rim("cap", 0.008, cap_text, lambda b: (check_cap(b, None), lint_cap(b, None)), (UserError,)),
    Rim("record", 0.02, lambda dice: hostile_bytes(dice, dice.choice(NOTES)), take_note),
    Rim(
        "equivocation",
        0.012,
        lambda dice: json_text(dice, b'{"form": "x", "one": "AA==", "other": "AA=="}'),
        lambda b: equivocation.judge(b, equivocation.Keys(TRUST, ())),
    ),
    *(Rim(name, share, make, skies.take) for name, share, make in skies.RIMS),
)


# ---- running


def case_dice(rim: Rim, seed: int, case: int) -> Dice:
    """Chance of one case."""
    return random.Random(f"{rim.name} {seed} {case}")


def run(name: str, seed: int, first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Cases of one rim: how each ended, and what crashed."""
    rim = next(one for one in RIMS if one.name == name)
    seen: Counter[str] = Counter()
    crashed: list[str] = []
    for case in range(first, first + count):
        hostile = rim.make(case_dice(rim, seed, case))
        try:
            rim.take(hostile)
            seen["taken"] += 1
        except rim.allowed:
            seen["refused"] += 1
        except Exception as crash:  # noqa: BLE001  # that is what is looked for
            seen["crashed"] += 1
            crashed.append(f"{name} --seed {seed} --at {case}: {type(crash).__name__}: {str(crash)[:200]}")
    return seen, crashed


def main() -> int:
    """Run them all; exit code 1 when anything crashed."""
    ask = argparse.ArgumentParser(description="Hostile bytes at every rim.")
    ask.add_argument("--count", type=int, default=1_000_000)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", choices=[rim.name for rim in RIMS])
    ask.add_argument("--at", type=int, help="run this case of --only alone, with its trace")
    said = ask.parse_args()
    rims = [rim for rim in RIMS if said.only in (None, rim.name)]
    if said.at is not None:
        hostile = rims[0].make(case_dice(rims[0], said.seed, said.at))
        print(hostile)
        rims[0].take(hostile)
        return 0
    share = sum(rim.share for rim in rims)
    totals = {rim.name: Counter[str](taken=0, refused=0, crashed=0) for rim in rims}
    with ProcessPoolExecutor(said.jobs) as pool:
        work = {}
        for rim in rims:
            cases = max(1, round(said.count * rim.share / share))
            for first in range(0, cases, PIECE):
                piece = (rim.name, said.seed, first, min(PIECE, cases - first))
                work[pool.submit(run, *piece)] = rim.name
        for done, one in enumerate(as_completed(work), 1):
            seen, crashed = one.result()
            totals[work[one]] += seen
            for line in crashed[:3]:
                print(f"CRASH {line}", file=sys.stderr, flush=True)
            if done % 25 == 0:
                inputs = sum(n.total() for n in totals.values())
                print(f"{inputs:,} inputs", file=sys.stderr, flush=True)
    rows = {name: {"inputs": n.total(), **n} for name, n in totals.items()}
    inputs, crashed_n = (sum(row.get(k, 0) for row in rows.values()) for k in ("inputs", "crashed"))
    print(json.dumps({"seed": said.seed, "inputs": inputs, "crashed": crashed_n, "rims": rows}))
    return 1 if crashed_n else 0


if __name__ == "__main__":
    sys.exit(main())
