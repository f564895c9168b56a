"""What must be accepted: a verifier that refuses everything is no verifier."""

from collections.abc import Iterator
from typing import Any

from wire_bytes import (
    FUTURE,
    KEYS,
    MAX_BYTES,
    NATIONS,
    NOW,
    PLANES,
    SECOND,
    Case,
    envelope,
    header,
    heartbeat,
    key_row,
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


def cases() -> Iterator[Case]:
    """Class `good`."""
    yield from _kinds()
    yield from _ways()
    yield from _values()
    yield from _notes()
    yield from _limits()


def _good(name: str, why: str, message: bytes, **context: Any) -> Case:
    return Case(f"good/{name}", why, message, **context)


def urgent(product: dict[str, Any]) -> bytes:
    """One urgent product."""
    return envelope(header(traffic="urgent"), pack([product]))


def control(notes: Any, **changes: Any) -> bytes:
    """Notes in a control envelope; a payload in bytes is taken as it is."""
    payload = notes if isinstance(notes, bytes) else pack(notes)
    return envelope(header(traffic="control", **changes), payload)


def _kinds() -> Iterator[Case]:
    yield _good("tracklet", "one tracklet from KOR to JPN", envelope(header()))
    batch = envelope(header(first=7, last=9), pack([tracklet(n) for n in (7, 8, 9)]))
    yield _good("batch-of-three", "a micro-batch, sequences 7 to 9", batch, fresh=[(7, 9)])
    fifty = envelope(header(traffic="urgent", last=50), pack([launch(n) for n in range(1, 51)]))
    yield _good("batch-of-fifty", "as many records as one envelope may hold", fifty, fresh=[(1, 50)])
    yield _good("launch", "a launch event is urgent", urgent(launch()))
    yield _good("prediction", "an impact prediction is urgent", urgent(prediction()))
    yield _good("warning", "what a nation tells its people is urgent", urgent(warning()))
    yield _good("sensor", "that a sensor is silent is urgent", urgent(silence()))
    looks = [plot(1), plot(2, look=sight_look()), tracklet(3)]
    seen = envelope(header(last=3), pack(looks))
    yield _good("plots", "single looks of a radar and from orbit, beside a tracklet", seen, fresh=[(1, 3)])
    both = envelope(header(traffic="urgent", last=2), pack([launch(1), prediction(2)]))
    yield _good("launch-and-prediction", "kinds of one traffic may share an envelope", both, fresh=[(1, 2)])


def _ways() -> Iterator[Case]:
    for issuer in NATIONS:
        for recipient in (nation for nation in NATIONS if nation != issuer):
            fields = header(
                issuer=issuer,
                recipient=recipient,
                originators=[issuer],
                key_id=f"{issuer}-EXERCISE-1",
                releasable_to=sorted(set(NATIONS) - {issuer}),
            )
            message = envelope(fields, pack([tracklet(1, issuer)]))
            keys = [key_row(f"{nation}-EXERCISE-1") for nation in NATIONS if nation != recipient]
            name = f"way-{issuer}-{recipient}".lower()
            yield _good(name, f"from {issuer} to {recipient}", message, nation=recipient, keys=keys)
    for plane in PLANES:
        if plane != "EXERCISE":
            one = tracklet(1, label=label(plane=plane))
            message = envelope(header(plane=plane, key_id=f"KOR-{plane}-1"), pack([one]))
            keys = [key_row(f"KOR-{plane}-1")]
            why = f"a message of plane {plane} in a node of it"
            yield _good(f"plane-{plane.lower()}", why, message, plane=plane, keys=keys)
    both = [*KEYS, key_row("KOR-EXERCISE-2")]
    for number in (1, 2):
        message = envelope(header(key_id=f"KOR-EXERCISE-{number}"))
        why = "while keys are rotated, the current and the next one both count"
        yield _good(f"rotation-key-{number}", why, message, keys=both)
    long = "KOR-EXERCISE-" + "x" * 51
    yield _good("key-id-64", "the longest key id", envelope(header(key_id=long)), keys=[key_row(long)])
    alone = tracklet(1, label=label(releasable_to=["JPN"]))
    yield _good(
        "bilateral", "released to the recipient alone", envelope(header(releasable_to=["JPN"]), pack([alone]))
    )
    caveats = ["COARSEN", "DELAY", "NO_ONWARD"]
    marked = tracklet(1, label=label(caveats=caveats))
    yield _good("all-caveats", "every caveat, in order", envelope(header(caveats=caveats), pack([marked])))


def _values() -> Iterator[Case]:
    for key, words in (
        ("life", ("tentative", "coasting", "lost", "impacted")),
        ("phase", ("unknown", "boost")),
        ("kind", ("unknown", "air")),
    ):
        for word in words:
            message = envelope(payload=pack([tracklet(1, **{key: word})]))
            yield _good(f"{key}-{word}", f"{key} may be {word}", message)
    boost = tracklet(1, phase="boost", accel_mps2=[1.5, -2.5, 30.25], burnout_ns=NOW)
    yield _good(
        "acceleration", "acceleration and burnout are given in boost", envelope(payload=pack([boost]))
    )
    named = tracklet(1, identity="물체 対象 7")
    yield _good("identity-unicode", "text is UTF-8 of any script", envelope(payload=pack([named])))
    for name, lat, lon in (
        ("pole", 90.0, 0.0),
        ("date-line", 0.0, 180.0),
        ("south-pole", -90.0, -180.0),
        ("once-around", 0.0, 360.0),
    ):
        yield _good(
            name,
            f"an edge of the earth: {lat}, {lon}",
            urgent(launch(launch=place(lat_deg=lat, lon_deg=lon))),
        )


def _notes() -> Iterator[Case]:
    receipt = {"type": "receipt", "traffic": "flow", "upto": 12}
    resend = {"type": "resend", "traffic": "urgent", "runs": [[3, 3], [7, 9]]}
    yield _good("receipt", "a receipt is cumulative", control([receipt]))
    yield _good("resend", "a request for what is missing", control([resend]))
    yield _good("heartbeat", "marks by traffic, and how far the hall is", control([heartbeat()]))
    void = {"type": "void", "traffic": "flow", "first": 1, "last": 9}
    yield _good("void", "the origin has forgotten what it sent as 1 to 9", control([void]))
    news = {"type": "list", "key_list": {"body": b"\x80", "signature": bytes(64)}}
    why = "a trust list is judged apart from its envelope: this one is refused, the envelope is not"
    yield _good("list", why, control([news]))
    sixteen = [[n, n] for n in range(1, 33, 2)]
    yield _good("resend-16", "as many runs as one request may hold", control([resend | {"runs": sixteen}]))
    yield _good("notes-16", "as many notes as one envelope may hold", control([receipt] * 16))
    zero = [receipt | {"upto": 0}, heartbeat(sent={"flow": 0})]
    yield _good("marks-of-0", "nothing has come yet", control(zero))
    most = [receipt | {"upto": 2**62}, resend | {"runs": [[1, 2**62]]}]
    yield _good("marks-of-2-62", "the last sequence there is", control(most))
    for name, at in (("early", NOW - SECOND - FUTURE), ("late", NOW - SECOND + FUTURE)):
        why = "a heartbeat within 30 s of its envelope's time"
        yield _good(f"heartbeat-{name}", why, control([heartbeat(at_wall_ns=at)]))
    blind = heartbeat(step_age_ms=None, echo_wall_ns=None, echo_held_ns=0)
    yield _good("heartbeat-first", "no step and nothing to echo yet", control([blind]))


def _limits() -> Iterator[Case]:
    edge = envelope(header(issued_wall_ns=NOW + FUTURE, expires_wall_ns=NOW + 2 * FUTURE))
    yield _good("clock-30-s-ahead", "a partner's clock may be exactly this far ahead", edge)
    last = envelope(header(issued_wall_ns=NOW - SECOND, expires_wall_ns=NOW))
    longest = envelope(header(issued_wall_ns=NOW, expires_wall_ns=NOW + 172_800 * SECOND))
    yield _good("life-48-h", "the longest life of an envelope", longest)
    instant = envelope(header(issued_wall_ns=NOW, expires_wall_ns=NOW))
    yield _good("life-of-nothing", "it may end as it begins", instant)
    yield _good("expires-now", "the expiry itself is still in time", last)
    yield _good("largest", f"exactly {MAX_BYTES} bytes", sized(MAX_BYTES), fresh=[(1, 50)])


def sized(wanted: int) -> bytes:
    """A good message of exactly that many bytes: fifty tracklets, by the lengths of their identities."""
    most = 66
    bare = ["물" * 190] * 50
    rest = wanted - len(_fifty(bare))
    names = [name + "x" * min(most, max(rest - most * at, 0)) for at, name in enumerate(bare)]
    message = _fifty(names)
    assert len(message) == wanted
    return message


def _fifty(identities: list[str]) -> bytes:
    products = [tracklet(n, identity=name) for n, name in enumerate(identities, start=1)]
    return envelope(header(last=50), pack(products))
