"""Numbers, times and names that no object has, each beside the last one that is taken."""

from collections.abc import Iterator
from typing import Any

from cases_payload import carried
from wire_bytes import (
    NOW,
    SECOND,
    Case,
    ellipse,
    launch,
    place,
    plot,
    prediction,
    radar_look,
    sight_look,
    silence,
    tracklet,
    warning,
)

Product = dict[str, Any]
LAST = 7_258_118_400 * SECOND
"""The year 2200."""
UP = 1 + 2**-40
"""Beyond an edge, if only just."""
DIAGONAL = (0, 7, 13, 18, 22, 25, 27)
TURN = 6.283185307179587


def cases() -> Iterator[Case]:
    """Edges in class `good`, what is beyond them in class `number`."""
    yield from _states()
    yield from _covariances()
    yield from _places()
    yield from _times()
    yield from _names()
    yield from _looks()


def _edge(name: str, why: str, product: Product) -> Case:
    return Case(f"good/edge-{name}", why, carried(product))


def _wrong(name: str, why: str, product: Product) -> Case:
    return Case(f"number/{name}", why, carried(product), ("wrong-content",))


def state(**changes: Any) -> Product:
    """A tracklet with its state changed."""
    return tracklet(1, state=tracklet(1)["state"] | changes)


def _x(*values: float) -> Product:
    """The first numbers of x replaced."""
    return state(x=[*values, *tracklet(1)["state"]["x"][len(values) :]])


def _states() -> Iterator[Case]:
    why = "from the Earth's centre: 6,000 to 100,000 km"
    yield _edge("highest", why, _x(1e8, 0.0, 0.0))
    yield _edge("lowest", why, _x(0.0, -6e6, 0.0))
    yield _wrong("too-high", why, _x(1e8 * UP, 0.0, 0.0))
    yield _wrong("too-low", why, _x(0.0, -6e6 / UP, 0.0))
    yield _wrong("far-in-each", "each part in range, the distance is not", _x(9e7, 9e7, 9e7))
    yield _wrong("huge-position", "finite, yet its square is not", state(x=[1e300] * 7))
    where = (-3_100_000.5, 4_200_000.25, 3_900_000.75)
    yield _edge("fastest", "20 km/s", _x(*where, 0.0, -2e4, 0.0))
    yield _edge("standing", "what stands still", _x(*where, 0.0, 0.0, 0.0))
    yield _wrong("too-fast", "over 20 km/s", _x(*where, 0.0, -2e4 * UP, 0.0))
    for name, value in (("least", -5.0), ("most", 60.0)):
        beyond = value * UP
        yield _edge(f"ln-beta-{name}", "ln beta from -5 to 60", _x(*where, 0.5, 0.5, 0.5, value))
        yield _wrong(f"ln-beta-{name}", "ln beta from -5 to 60", _x(*where, 0.5, 0.5, 0.5, beyond))
    for sign in (-1, 1):
        name = "ahead" if sign > 0 else "back"
        why = "each part of an acceleration within 2,000 m/s^2"
        yield _edge(f"push-{name}", why, tracklet(1, accel_mps2=[sign * 2e3, 0.5, 0.5]))
        yield _wrong(f"push-{name}", why, tracklet(1, accel_mps2=[0.5, 0.5, sign * 2e3 * UP]))


def _diagonal(at: int, value: float) -> list[float]:
    """The covariance without its small correlations, one variance changed."""
    p = [100.5 if n in DIAGONAL else 0.0 for n in range(28)]
    p[DIAGONAL[at]] = value
    return p


def _covariances() -> Iterator[Case]:
    least = 1e-6**2
    for at, widest in enumerate([1e8] * 3 + [1e5] * 3 + [1e2]):
        most = widest**2
        yield _edge(f"variance-{at}-least", "a micrometre", state(p=_diagonal(at, least)))
        yield _edge(f"variance-{at}-most", "nothing is known any more", state(p=_diagonal(at, most)))
        yield _wrong(f"variance-{at}-small", "smaller cannot be inverted", state(p=_diagonal(at, least / UP)))
        yield _wrong(f"variance-{at}-large", "larger than all there is", state(p=_diagonal(at, most * UP)))
    yield _wrong("variance-none", "nothing is known exactly", state(p=_diagonal(3, 0.0)))
    p = tracklet(1)["state"]["p"]
    yield _wrong("variance-negative", "no variance is negative", state(p=[-1.5, *p[1:]]))
    yield _wrong("correlation-over-one", "no correlation is over 1", state(p=[p[0], 101.5, *p[2:]]))
    yield _wrong("correlation-huge", "finite, far from any covariance", state(p=[p[0], 1e300, *p[2:]]))
    yield _wrong("correlation-nan", "not a number", state(p=[p[0], float("nan"), *p[2:]]))
    pairs = [*_diagonal(0, 100.5)]
    pairs[1], pairs[2], pairs[8] = 90.5, 90.5, -90.5
    yield _wrong("correlations-that-contradict", "each could be, all together cannot", state(p=pairs))


def _places() -> Iterator[Case]:
    for key, low, high in (
        ("semi_major_m", 3000.5, 2e7),
        ("semi_minor_m", 0.0, 9000.5),
        ("azimuth_rad", -TURN, TURN),
    ):
        for end, value, off in (("least", low, low - 1e-6), ("most", high, high * UP)):
            kinds = (
                ("launch", launch(launch=place(ellipse95=ellipse(**{key: value})))),
                ("impact", prediction(impact=place(ellipse95=ellipse(**{key: value})))),
            )
            for kind, product in kinds:
                yield _edge(f"{kind}-{key}-{end}", f"{key} from {low} to {high}", product)
            beyond = launch(launch=place(ellipse95=ellipse(**{key: off})))
            yield _wrong(f"{key}-{end}", f"{key} from {low} to {high} here", beyond)
    negative = launch(launch=place(ellipse95=ellipse(semi_major_m=-1.5, semi_minor_m=-1.5)))
    yield _wrong("negative-region", "no length is negative", negative)
    point = launch(launch=place(ellipse95=ellipse(semi_major_m=0.0, semi_minor_m=0.0)))
    yield _edge("region-of-a-point", "no doubt at all may be claimed", point)
    for name, sigma in (("least", 0.0), ("most", 1e5)):
        yield _edge(f"sigma-{name}", "0 to 100,000 s", launch(launch=place(time_sigma_s=sigma)))
    for name, sigma in (("negative", -1.5), ("long", 1e5 * UP)):
        yield _wrong(f"sigma-{name}", "0 to 100,000 s", prediction(impact=place(time_sigma_s=sigma)))
    for key, wide in (
        ("time_sigma_s", {"time_sigma_s": 1e300}),
        ("semi_major_m", {"ellipse95": ellipse(semi_major_m=1e300)}),
    ):
        why = "finite, yet its square is not: a reader that squares it falls over, again at every redelivery"
        yield _wrong(f"huge-{key}", why, launch(launch=place(**wide)))
    yield _wrong("huge-apogee", "finite, yet beyond the universe", prediction(apogee_m=1e300))
    for name, apogee in (("least", -1e4), ("most", 1e8)):
        yield _edge(f"apogee-{name}", "-10 to 100,000 km", prediction(apogee_m=apogee))
        yield _wrong(f"apogee-{name}", "-10 to 100,000 km", prediction(apogee_m=apogee * UP))


def _timed(key: str, time: int) -> Product:
    match key:
        case "epoch":
            return state(epoch_ns=time)
        case "burnout" | "first":
            return tracklet(1, **{f"{key}_ns": time}, **({"last_ns": time} if key == "first" else {}))
        case "last":
            return tracklet(1, first_ns=min(time, NOW), last_ns=time)
        case "confirmed":
            return launch(confirmed_ns=time)
        case "looked":
            return plot(time_ns=time)
        case "since":
            return silence(since_ns=time)
        case "made":
            return prediction(made_ns=time)
        case "launch":
            return launch(launch=place(time_ns=time))
        case _:
            return prediction(impact=place(time_ns=time))


def _times() -> Iterator[Case]:
    why = "times are the scenario's: from 1970 to 2200"
    for key in (
        "epoch",
        "first",
        "last",
        "burnout",
        "confirmed",
        "made",
        "launch",
        "impact",
        "since",
        "looked",
    ):
        yield _edge(f"{key}-1970", why, _timed(key, 0))
        yield _edge(f"{key}-2200", why, _timed(key, LAST))
        yield _wrong(f"{key}-before-1970", why, _timed(key, -1))
        yield _wrong(f"{key}-after-2200", why, _timed(key, LAST + 1))
        yield _wrong(f"{key}-2-64", "no time needs more than 63 bits", _timed(key, 2**64 - 1))
    first_only = tracklet(1, first_ns=-1)
    yield _wrong("first-alone-before-1970", why, first_only)
    once = tracklet(1, first_ns=NOW, last_ns=NOW)
    yield _edge("seen-once", "first and last may be one instant", once)
    backward = tracklet(1, last_ns=NOW - 3600 * SECOND)
    yield _wrong("last-before-first", "seen last before it was seen first", backward)
    year = NOW + 365 * 86_400 * SECOND
    yield _edge(
        "state-of-next-year", "an exercise may play another year than the wall's", state(epoch_ns=year)
    )


def _names() -> Iterator[Case]:
    why = "a track id has 1 to 64 printable ASCII characters"
    yield _edge("track-id-64", why, tracklet(1, track_id="x" * 64))
    yield _edge("track-id-1", why, tracklet(1, track_id="~"))
    for name, said in (
        ("empty", ""),
        ("65", "x" * 65),
        ("control", "\n\x1b[2J"),
        ("direction", "\u202e"),
        ("delete", "\x7f"),
        ("script", "물체"),
    ):
        yield _wrong(f"track-id-{name}", why, tracklet(1, track_id=said))
    yield _wrong("sensor-control", why, silence(sensor="\x1b[2J"))
    yield _edge("sensor-64", why, silence(sensor="x" * 64))
    yield _wrong("plot-track-control", why, plot(of_track="\x1b[2J"))
    yield _edge("plot-track-64", why, plot(of_track="x" * 64))
    yield _wrong("plot-track-empty", why, plot(of_track=""))
    yield _wrong("launch-track-id-control", why, launch(track_id="\x1b[2J"))
    why = "a warning has 1 to 200 areas with codes of at most 16 printable characters, an object, and an end"
    row = warning()["areas"][0]
    for name, changes in (
        ("no-areas", {"areas": []}),
        ("201-areas", {"areas": [row] * 201}),
        ("code-17", {"areas": [row | {"area": "K" * 17}]}),
        ("code-control", {"areas": [row | {"area": "\x1b[2J"}]}),
        ("no-objects", {"objects": 0}),
        ("ends-when-sent", {"expires_ns": warning()["sent_ns"]}),
    ):
        yield _wrong(f"warning-{name}", why, warning(**changes))
    yield _edge("warning-200-areas", why, warning(areas=[row] * 200))
    why = "an identity has at most 256 printable characters of any script"
    yield _edge("identity-256", why, tracklet(1, identity="x" * 256))
    yield _edge("identity-empty", why, tracklet(1, identity=""))
    yield _wrong("identity-257", why, tracklet(1, identity="x" * 257))
    yield _wrong("identity-control", why, tracklet(1, identity="\x1b[2J"))
    why = "a product's own sequence is from 1 to 2^53"
    yield _edge("sequence-1", why, launch(sequence=1))
    yield _edge("sequence-2-53", why, launch(sequence=2**53))
    for name, number in (("0", 0), ("negative", -1), ("over-2-53", 2**53 + 1), ("2-64", 2**64 - 1)):
        yield _wrong(f"sequence-{name}", why, launch(sequence=number))


def _looks() -> Iterator[Case]:
    """What a sensor can measure, and where it can stand."""
    quarter = TURN / 4.0
    for key, low, high in (
        ("lat_deg", -90.0, 90.0),
        ("lon_deg", -360.0, 360.0),
        ("alt_m", -2e4, 1e5),
        ("range_m", 1.0, 2e8),
        ("az_rad", -TURN, TURN),
        ("el_rad", -quarter, quarter),
        ("range_sigma_m", 1e-3, 1e7),
        ("az_sigma_rad", 1e-9, 7.0),
        ("el_sigma_rad", 1e-9, 7.0),
        ("range_rate_mps", -4e4, 4e4),
        ("range_rate_sigma_mps", 1e-4, 1e5),
    ):
        why = f"{key} from {low:g} to {high:g}"
        for end, value, off in (
            ("least", low, low * UP if low < 0.0 else low / UP),
            ("most", high, high * UP),
        ):
            yield _edge(f"plot-{key}-{end}", why, plot(look=radar_look(**{key: value})))
            yield _wrong(f"plot-{key}-{end}", why, plot(look=radar_look(**{key: off})))
        yield _wrong(f"plot-{key}-nan", "not a finite number", plot(look=radar_look(**{key: float("nan")})))
    bare = radar_look(range_rate_mps=None, range_rate_sigma_mps=None)
    yield _edge("plot-no-rate", "a radar that measures no range rate", plot(look=bare))
    for key in ("range_rate_mps", "range_rate_sigma_mps"):
        yield _wrong(
            f"plot-{key}-alone", "a rate and its sigma, or neither", plot(look=radar_look(**{key: None}))
        )
    why = "a unit vector: its squared length within 0.001 of 1"
    yield _edge("plot-unit-long", why, plot(look=sight_look(unit=[1.0004, 0.0, 0.0])))
    yield _wrong("plot-unit-long", why, plot(look=sight_look(unit=[1.0006, 0.0, 0.0])))
    yield _wrong("plot-unit-none", why, plot(look=sight_look(unit=[0.0, 0.0, 0.0])))
    yield _wrong("plot-unit-nan", why, plot(look=sight_look(unit=[float("nan"), 0.0, 1.0])))
    why = "a platform from 6,000 to 100,000 km from the Earth's centre"
    for name, place_m in (("low", 6e6), ("high", 1e8)):
        beyond = place_m * UP if name == "high" else place_m / UP
        yield _edge(f"plot-platform-{name}", why, plot(look=sight_look(from_ecef_m=[0.0, 0.0, place_m])))
        yield _wrong(f"plot-platform-{name}", why, plot(look=sight_look(from_ecef_m=[0.0, 0.0, beyond])))
    for name, sigma in (("least", 1e-9), ("most", 7.0)):
        beyond = sigma * UP if name == "most" else sigma / UP
        yield _edge(
            f"plot-sight-sigma-{name}", "sigma from 1e-9 to 7", plot(look=sight_look(sigma_rad=sigma))
        )
        yield _wrong(
            f"plot-sight-sigma-{name}", "sigma from 1e-9 to 7", plot(look=sight_look(sigma_rad=beyond))
        )
