"""Payloads that are wrong though their issuer signed them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cases_good import control
from wire_bytes import (
    FUTURE,
    NOW,
    SECOND,
    Case,
    Raw,
    ellipse,
    envelope,
    header,
    heartbeat,
    label,
    launch,
    pack,
    place,
    plot,
    prediction,
    sight_look,
    silence,
    tracklet,
    warning,
)

Product = dict[str, Any]
OPTIONAL = {
    "accel_mps2", "burnout_ns", "identity", "caveats", "range_rate_mps", "range_rate_sigma_mps",
}  # fmt: skip
NUMBERS = {"nan": float("nan"), "infinity": float("inf"), "minus-infinity": float("-inf")}
BAD, WRONG = "bad-payload", "wrong-content"


def cases() -> Iterator[Case]:
    """Classes `payload`, `number`, `label`, `count` and `notes`."""
    kinds = {
        "tracklet": tracklet,
        "launch": launch,
        "prediction": prediction,
        "warning": warning,
        "sensor": silence,
        "plot": plot,
    }
    for name, make in kinds.items():
        yield from _fields(name, make(1))
    sight = plot(look=sight_look())
    inside = {key: sight["look"][key] for key in ("from_ecef_m", "unit", "sigma_rad")}
    for key in inside:
        cut = changed(sight, ("look",), partial(_without, key))
        yield _payload(f"sight.{key}-missing", f"{key} is left out", carried(cut))
        turned = changed(sight, ("look",), partial(_with, key, "1"))
        yield _payload(f"sight.{key}-type", f"{key} is of another type", carried(turned))
    for name, look in (
        ("reported", {"type": "reported", "lat_deg": 38.25, "lon_deg": 127.5}),
        ("mixed", sight_look() | {"range_m": 5.5}),
        ("unit-of-two", sight_look(unit=[0.5, 0.5])),
    ):
        yield _payload(
            f"look-{name}", "a radar's look, or a direction, and nothing else", carried(plot(look=look))
        )
    yield from _kinds()
    yield from _coding()
    yield from _forms()
    yield from _bombs()
    yield from _numbers()
    yield from _labels()
    yield from _counts()
    yield from _notes()


def carried(product: Any, **changes: Any) -> bytes:
    """One product in an envelope of its own traffic."""
    kind = product.get("type") if isinstance(product, dict) else "tracklet"
    traffic = "urgent" if kind in ("launch", "prediction", "warning", "sensor") else "flow"
    return envelope(header(**({"traffic": traffic} | changes)), pack([product]))


def _payload(name: str, why: str, message: bytes) -> Case:
    return Case(f"payload/{name}", why, message, (BAD,))


def changed(product: Product, path: tuple[str, ...], change: Callable[[Product], Product]) -> Product:
    """The product with the map at `path` changed."""
    if not path:
        return change(product)
    return product | {path[0]: changed(product[path[0]], path[1:], change)}


def _maps(product: Product, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Product]]:
    yield path, product
    for key, part in product.items():
        if isinstance(part, dict):
            yield from _maps(part, (*path, key))


def _fields(kind: str, product: Product) -> Iterator[Case]:
    """Each key left out, and each of another type."""
    for path, inside in _maps(product):
        for key, value in inside.items():
            name = ".".join((kind, *path, key))
            if key not in OPTIONAL:
                cut = changed(product, path, partial(_without, key))
                yield _payload(f"{name}-missing", f"{key} is left out", carried(cut, traffic=_traffic(kind)))
            other: Any = 1 if isinstance(value, str | list | dict) or key == "identity" else "1"
            turned = changed(product, path, partial(_with, key, other))
            yield _payload(
                f"{name}-type", f"{key} is of another type", carried(turned, traffic=_traffic(kind))
            )


def _without(key: str, part: Product) -> Product:
    return {name: value for name, value in part.items() if name != key}


def _with(key: str, value: Any, part: Product) -> Product:
    return part | {key: value}


def _traffic(kind: str) -> str:
    return "flow" if kind in ("tracklet", "plot") else "urgent"


def _kinds() -> Iterator[Case]:
    for word in ("report", "fused", "warning", "Tracklet", "", "receipt"):
        yield _payload(f"kind-{word or 'empty'}", "not a product", carried(tracklet(1, type=word)))
    for key, word in (
        ("life", "dead"),
        ("phase", "reentry"),
        ("kind", "drone"),
        ("origin", "PRK"),
        ("life", "CONFIRMED"),
    ):
        yield _payload(f"{key}-{word}", f"{key} has no such word", carried(tracklet(1, **{key: word})))
    yield _payload(
        "launch-as-prediction", "one kind's name, another's fields", carried(launch(type="prediction"))
    )
    yield _payload("array-like", "a product is a map, not an array", carried(list(tracklet(1).values())))
    yield _payload("sequence-float", "a float is no integer", carried(tracklet(1, sequence=1.0)))
    yield _payload("time-float", "times are integers", carried(tracklet(1, first_ns=1.7e18)))
    yield _payload("time-text", "times are integers", carried(tracklet(1, first_ns="2023-11-14T22:13:20Z")))
    yield _payload("acceleration-of-two", "three parts", carried(tracklet(1, accel_mps2=[1.5, 2.5])))
    yield _payload("number-as-boolean", "true is no number", carried(launch(launch=place(lat_deg=True))))


def _raw(name: str, why: str, payload: bytes, **changes: Any) -> Case:
    return _payload(name, why, envelope(header(**changes), payload))


def _coding() -> Iterator[Case]:
    good = pack([tracklet(1)])
    yield _raw("empty", "no byte at all", b"")
    yield _raw("nil", "nothing is no list", b"\xc0")
    yield _raw("bare-product", "a list of products, also for one", pack(tracklet(1)))
    yield _raw("map-of-products", "a list, not a map", pack({"0": tracklet(1)}))
    yield _raw("nested-list", "a list in the list", pack([[tracklet(1)]]))
    yield _raw("trailing-byte", "nothing comes after the payload", good + b"\x00")
    yield _raw("trailing-payload", "two payloads are not one", good + good)
    yield _raw("cut", "cut short, and signed so", good[:-9])
    yield _raw("never-used-byte", "0xc1 is never used", b"\x91\xc1")
    yield _raw("extension", "an extension type", pack([Raw(b"\xd6\x05\x00\x00\x00\x00")]))
    yield _raw(
        "timestamp", "the timestamp extension", pack([tracklet(1, first_ns=Raw(b"\xd6\xff\x65\x53\xf1\x00"))])
    )
    yield _raw("json", "the same as JSON", b'[{"type":"tracklet"}]')
    yield _raw("text-as-bytes", "text is of a text type", pack([tracklet(1, track_id=Raw(b"\xc4\x03abc"))]))
    yield _raw("text-not-utf8", "text is UTF-8", pack([tracklet(1, track_id=Raw(b"\xa3\xff\xfe\xfd"))]))
    yield _raw("key-as-number", "keys are text", pack([Raw(b"\x81\x00\x00")]))


def _forms() -> Iterator[Case]:
    """One form only, as the CBOR around it: two readers must not read two things."""
    full = tracklet(1)
    short = {key: part for key, part in full.items() if part is not None}
    yield _payload("optional-left-out", "all keys are written, null too", carried(short))
    turned = dict(reversed(list(full.items())))
    yield _payload("keys-in-another-order", "keys stand in their one order", carried(turned))
    whole = launch(launch=place(lat_deg=40, lon_deg=-180, time_sigma_s=2))
    yield _payload("whole-numbers", "numbers are floats", carried(whole))
    single = launch(launch=place(lat_deg=Raw(b"\xca\x42\x22\x00\x00")))
    yield _payload("float-32", "floats take 64 bits", carried(single))
    wide = launch(sequence=Raw(b"\xcf\x00\x00\x00\x00\x00\x00\x00\x01"))
    yield _payload("long-integer", "integers take their shortest form", carried(wide))
    yield _payload(
        "unknown-key", "a channel that no policy sees", carried(full | {"note": "nobody reads this"})
    )
    sub = tracklet(1, label=label() | {"releasable": ["USA"]})
    yield _payload("label-unknown-key", "a channel that no policy sees", carried(sub))
    doubled = tracklet(1, label=label(releasable_to=["JPN", "JPN", "USA"]))
    yield _payload("label-doubled-words", "a set holds each word once", carried(doubled))
    unsorted = tracklet(1, label=label(releasable_to=["USA", "JPN"]))
    yield _payload("label-unsorted-words", "a set is written in its order", carried(unsorted))
    body = pack(full)
    assert body[0] < 0x8F
    twice = Raw(bytes([body[0] + 1]) + body[1:] + pack("sequence") + pack(2))
    yield _raw("key-twice", "two readers may read two different products", pack([twice]))


def _bombs() -> Iterator[Case]:
    huge = b"\xff\xff\xff\xff"
    for name, mark in (
        ("list", b"\xdd"),
        ("map", b"\xdf"),
        ("text", b"\xdb"),
        ("bytes", b"\xc6"),
        ("extension", b"\xc9"),
    ):
        yield _raw(f"huge-{name}", "it says that it holds 2^32 - 1", mark + huge)
        yield _raw(
            f"huge-{name}-inside",
            "a field says that it holds 2^32 - 1",
            pack([tracklet(1, identity=Raw(mark + huge))]),
        )
    yield _raw(
        "state-says-4-billion",
        "x says that it holds 2^32 - 1 numbers",
        pack([tracklet(1, state={"epoch_ns": NOW, "x": Raw(b"\xdd" + huge), "p": []})]),
    )
    deep = Raw(b"\x91" * 1_500 + b"\xc0")
    yield _raw("nested", "1,500 levels deep", bytes(deep))
    yield _raw(
        "nested-in-unknown-key",
        "1,500 levels deep in a key nobody reads",
        pack([tracklet(1) | {"more": deep}]),
    )


def _number(name: str, why: str, product: Product) -> Case:
    return Case(f"number/{name}", why, carried(product), (WRONG,))


def _state(**changes: Any) -> Product:
    return tracklet(1, state=tracklet(1)["state"] | changes)


def _numbers() -> Iterator[Case]:
    good = tracklet(1)["state"]
    for name, size in (("none", 0), ("six", 6), ("eight", 8), ("hundred", 100)):
        yield _number(f"x-{name}", "x has 7 numbers", _state(x=(good["x"] * 20)[:size]))
    for name, size in (("none", 0), ("27", 27), ("29", 29), ("49", 49)):
        yield _number(f"p-{name}", "p has 28 numbers", _state(p=(good["p"] * 2)[:size]))
    for name, value in NUMBERS.items():
        for key in ("x", "p"):
            for at in (0, len(good[key]) - 1):
                numbers = [*good[key][:at], value, *good[key][at + 1 :]]
                yield _number(f"{key}-{at}-{name}", "not a finite number", _state(**{key: numbers}))
        yield _number(
            f"acceleration-{name}", "not a finite number", tracklet(1, accel_mps2=[value, 0.5, 0.5])
        )
        for key in ("semi_major_m", "semi_minor_m", "azimuth_rad"):
            wrong = place(ellipse95=ellipse(**{key: value}))
            yield _number(f"launch-{key}-{name}", "not a finite number", launch(launch=wrong))
            yield _number(f"impact-{key}-{name}", "not a finite number", prediction(impact=wrong))
        for key in ("lat_deg", "lon_deg", "time_sigma_s"):
            yield _number(f"launch-{key}-{name}", "not a finite number", launch(launch=place(**{key: value})))
            yield _number(
                f"impact-{key}-{name}", "not a finite number", prediction(impact=place(**{key: value}))
            )
        yield _number(f"apogee-{name}", "not a finite number", prediction(apogee_m=value))
    for name, change in (
        ("north-of-the-pole", {"lat_deg": 90.5}),
        ("south-of-the-pole", {"lat_deg": -90.5}),
        ("twice-around", {"lon_deg": 360.5}),
        ("twice-around-west", {"lon_deg": -720.0}),
    ):
        yield _number(f"launch-{name}", "off the earth", launch(launch=place(**change)))
        yield _number(f"impact-{name}", "off the earth", prediction(impact=place(**change)))


def _label(name: str, why: str, product: Product, **changes: Any) -> Case:
    return Case(f"label/{name}", why, carried(product, **changes), (WRONG,))


def _labels() -> Iterator[Case]:
    alone, none = ["JPN"], list[str]()
    yield _label(
        "wider-than-signed", "the product releases to more than the header", tracklet(1), releasable_to=alone
    )
    narrow = tracklet(1, label=label(releasable_to=alone))
    yield _label("narrower-than-signed", "the header releases to more than the product", narrow)
    yield _label(
        "caveat-only-signed", "a caveat of the header is not the product's", tracklet(1), caveats=["DELAY"]
    )
    marked = tracklet(1, label=label(caveats=["NO_ONWARD"]))
    yield _label("caveat-not-signed", "a caveat of the product is not the header's", marked)
    yield _label(
        "originator-only-signed", "another originator in the header", tracklet(1), originators=["KOR", "USA"]
    )
    shared = tracklet(1, label=label(originators=["KOR", "USA"]))
    yield _label("originator-not-signed", "another originator in the product", shared)
    for plane in ("REAL", "TEST"):
        mixed = tracklet(1, label=label(plane=plane))
        yield _label(f"plane-{plane}".lower(), "the product is of another plane", mixed)
    for name, to in (("nobody", none), ("usa", ["USA"]), ("issuer", ["KOR"])):
        why = f"released to {name}, yet sent to JPN"
        yield _label(f"released-to-{name}", why, tracklet(1, label=label(releasable_to=to)), releasable_to=to)
    for make in (launch, prediction):
        wide = make(1)
        yield _label(f"{wide['type']}-wider", "urgent products are no exception", wide, releasable_to=alone)
    for origin in ("USA", "JPN"):
        relayed = tracklet(1, origin=origin, label=label())
        yield _label(
            f"origin-{origin}".lower(), f"a product of {origin} from KOR: nobody passes others' on", relayed
        )
    for name, who in (("other", ["USA"]), ("two", ["KOR", "USA"]), ("nobody", none)):
        wrong = tracklet(1, label=label(originators=who))
        why = "a nation shares what its own sensors saw: it is the originator, alone"
        yield _label(f"originators-{name}", why, wrong, originators=who)
    second = envelope(header(last=2), pack([tracklet(1), tracklet(2, label=label(caveats=["DELAY"]))]))
    yield Case("label/second-of-two", "every record is looked at, not the first alone", second, (WRONG,))
    yield _label("tracklet-in-urgent", "flow in urgent would pass every queue", tracklet(1), traffic="urgent")
    yield _label("plot-in-urgent", "flow in urgent would pass every queue", plot(1), traffic="urgent")
    yield _label("launch-in-flow", "urgent in flow would wait", launch(), traffic="flow")
    both = envelope(header(last=2), pack([tracklet(1), launch(2)]))
    yield Case("label/launch-among-tracklets", "one traffic in an envelope", both, (WRONG,))


def _counts() -> Iterator[Case]:
    for name, says, has in (
        ("one-less", 2, 1),
        ("one-more", 1, 2),
        ("none", 1, 0),
        ("fifty-less", 50, 0),
        ("double", 4, 8),
    ):
        message = envelope(header(last=says), pack([tracklet(n) for n in range(1, has + 1)]))
        yield Case(f"count/{name}", f"the header says {says}, the payload holds {has}", message, (BAD,))
    yield Case(
        "count/51",
        "51 records and a header that says so",
        envelope(header(traffic="urgent", last=51), pack([launch(n) for n in range(1, 52)])),
        (BAD,),
    )


def _beats() -> Iterator[Case]:
    """The envelope is a second old."""
    why = "every true heartbeat of the time between would then be older"
    for name, at in (
        ("tomorrow", NOW + 86_400 * SECOND),
        ("over-30-s-late", NOW - SECOND + FUTURE + 1),
        ("over-30-s-early", NOW - SECOND - FUTURE - 1),
    ):
        beat = control([heartbeat(at_wall_ns=at)])
        yield Case(f"notes/heartbeat-{name}", why, beat, (WRONG,))


def _list_notes() -> Iterator[Case]:
    def note(name: str, why: str, notes: Any) -> Case:
        return Case(f"notes/{name}", why, control(notes), (BAD,))

    for name, row in (
        ("digest-short", {"version": 1, "digest": "ab" * 31}),
        ("version-negative", {"version": -1, "digest": "ab" * 32}),
        ("no-digest", {"version": 1}),
        ("more", {"version": 1, "digest": "ab" * 32, "more": 1}),
    ):
        why = "a list held: its version and 64 hexadecimal digits"
        yield note(f"heartbeat-list-{name}", why, [heartbeat(lists={"KOR": row})])
    yield note(
        "heartbeat-list-of-nobody", "no such nation", [heartbeat(lists={"PRK": heartbeat()["lists"]["KOR"]})]
    )
    void = {"type": "void", "traffic": "flow", "first": 1, "last": 9}
    for name, changes in (("zero", {"first": 0}), ("text", {"last": "9"}), ("traffic", {"traffic": "all"})):
        yield note(f"void-{name}", "a run of a stream's sequences, from 1", [void | changes])
    news = {"type": "list", "key_list": {"body": b"\x80", "signature": bytes(64)}}
    for name, part in (
        ("body-text", {"body": "x", "signature": bytes(64)}),
        ("body-over-8000", {"body": bytes(8_001), "signature": bytes(64)}),
        ("signature-65", {"body": b"\x80", "signature": bytes(65)}),
        ("signature-missing", {"body": b"\x80"}),
    ):
        yield note(
            f"list-{name}", "a trust list: its body and its root's signature", [news | {"key_list": part}]
        )


def _notes() -> Iterator[Case]:
    def note(name: str, why: str, notes: Any) -> Case:
        return Case(f"notes/{name}", why, control(notes), (BAD,))

    receipt = {"type": "receipt", "traffic": "flow", "upto": 12}
    yield note("tracklet", "products are no control", [tracklet(1)])
    yield note("bare", "a list, also for one", receipt)
    yield note("unknown-kind", "no such note", [receipt | {"type": "order"}])
    yield note("no-kind", "a note says what it is", [{"traffic": "flow", "upto": 12}])
    yield note("receipt-no-traffic", "which stream?", [{"type": "receipt", "upto": 12}])
    yield note("receipt-other-traffic", "no such traffic", [receipt | {"traffic": "bulk"}])
    yield note("receipt-float", "a sequence is an integer", [receipt | {"upto": 12.0}])
    yield note(
        "resend-runs-of-three",
        "a run is two numbers",
        [{"type": "resend", "traffic": "flow", "runs": [[1, 2, 3]]}],
    )
    yield note(
        "resend-bare-numbers", "a run is two numbers", [{"type": "resend", "traffic": "flow", "runs": [1, 2]}]
    )
    for key in (
        "at_wall_ns", "sent", "received", "committed", "step", "step_age_ms", "lists", "seen",
        "certificate_until_ns",
    ):  # fmt: skip
        cut = {k: v for k, v in heartbeat().items() if k != key}
        yield note(f"heartbeat-{key}-missing", f"{key} is left out", [cut])
        yield note(f"heartbeat-{key}-type", f"{key} is of another type", [heartbeat(**{key: "1"})])
    yield from _list_notes()
    yield note("heartbeat-other-traffic", "no such traffic", [heartbeat(sent={"bulk": 1})])
    yield note(
        "heartbeat-huge-map", "it says that it holds 2^32 - 1", [heartbeat(sent=Raw(b"\xdf\xff\xff\xff\xff"))]
    )
    yield note("garbage", "no MessagePack", b"\xc1")
    yield note("empty", "no byte at all", b"")
    yield note("trailing-byte", "nothing comes after", pack([receipt]) + b"\x00")
    for name, wrong in (
        ("not-released", {"releasable_to": ["USA"]}),
        ("originator", {"originators": ["USA"]}),
    ):
        message = control([receipt], **wrong)
        yield Case(f"notes/{name}", "a label of control is kept like any other", message, (WRONG,))
    yield note("receipt-unknown-key", "no key that nobody reads", [receipt | {"note": "x"}])
    turned = {"upto": 12, "traffic": "flow", "type": "receipt"}
    yield note("keys-in-another-order", "keys stand in their one order", [turned])
    yield note("none", "a sequence for nothing", [])
    yield note("17", "at most 16 notes", [receipt] * 17)
    count = control([receipt] * 2, last=2)
    yield Case("notes/two-sequences", "one sequence for an envelope of notes", count, (BAD,))
    for name, upto in (("negative", -1), ("over-2-62", 2**62 + 1)):
        yield note(f"receipt-{name}", "marks are from 0 to 2^62", [receipt | {"upto": upto}])
        yield note(f"heartbeat-{name}", "marks are from 0 to 2^62", [heartbeat(sent={"flow": upto})])
        for key in ("step", "step_age_ms", "echo_wall_ns", "echo_held_ns"):
            yield note(f"heartbeat-{key}-{name}", "from 0 to 2^62", [heartbeat(**{key: upto})])
    for name, runs in (
        ("backward", [[9, 3]]),
        ("descending", [[7, 9], [3, 4]]),
        ("overlapping", [[3, 7], [7, 9]]),
        ("from-0", [[0, 3]]),
        ("none", list[Any]()),
        ("17", [[n, n] for n in range(1, 35, 2)]),
    ):
        why = "1 to 16 runs, ascending and apart"
        yield note(f"resend-{name}", why, [{"type": "resend", "traffic": "flow", "runs": runs}])
    yield from _beats()
    yield Case("notes/in-flow", "notes are no products", envelope(payload=pack([receipt])), (BAD,))
