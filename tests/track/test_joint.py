"""Single looks of several nations: one estimator with all looks in it, in which no look counts twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.earth.flight import propagate
from tocsin.earth.frames import enu_basis, geodetic_to_ecef
from tocsin.measure import crlb
from tocsin.measure.looks import look as partials
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.sensor import Sensor, SensorErrors, SensorKind
from tocsin.model.space import EcefState, Geodetic
from tocsin.model.time import SECOND_NS, Instant, after, seconds_between
from tocsin.model.track import (
    Life,
    Member,
    ObjectClass,
    Phase,
    Plot,
    RadarFix,
    RadarLook,
    SharedPlot,
    Tracklet,
)
from tocsin.share.bounds import sound
from tocsin.track.batch import LN_BETA_MEAN, LN_BETA_SIGMA
from tocsin.track.body import combine, fused_coast
from tocsin.track.joint import Joint, joined, spoken
from tocsin.track.looks import Looks, heard
from tocsin.track.rows import from_triangle, pack, triangle

START = Instant(1_664_835_600_000_000_000)
NATIONS = (Nation.JPN, Nation.KOR)
SITES = {Nation.JPN: Geodetic(40.9, 140.3, 30.0), Nation.KOR: Geodetic(38.2, 128.5, 650.0)}
LABELS = {n: Label(Plane.EXERCISE, frozenset((n,)), frozenset(Nation) - {n}) for n in NATIONS}
SIGMAS = (25.0, 1e-3, 1.2e-3)
SPAN_S = 14


def rising() -> np.ndarray:
    """Free flight over the sea: (7,)."""
    place = geodetic_to_ecef(np.radians(40.5), np.radians(132.0), 250e3)
    basis = enu_basis(float(np.radians(40.5)), float(np.radians(132.0)))
    return np.concatenate((place, basis.T @ np.array([3500.0, 600.0, 2500.0]), (LN_BETA_MEAN,)))


def falling() -> np.ndarray:
    """The same coming down through 85 km."""
    place = geodetic_to_ecef(np.radians(40.5), np.radians(134.0), 85e3)
    basis = enu_basis(float(np.radians(40.5)), float(np.radians(134.0)))
    return np.concatenate((place, basis.T @ np.array([2500.0, 300.0, -3200.0]), (LN_BETA_MEAN,)))


def measured(nation: Nation, x: np.ndarray, chance: np.random.Generator) -> RadarLook:
    site = SITES[nation]
    lat, lon = float(np.radians(site.lat_deg)), float(np.radians(site.lon_deg))
    east, north, up = enu_basis(lat, lon) @ (x[:3] - geodetic_to_ecef(lat, lon, site.alt_m))
    true = (
        np.sqrt(east**2 + north**2 + up**2),
        np.arctan2(east, north),
        np.arctan2(up, np.hypot(east, north)),
    )
    noisy = [
        float(value + sigma * chance.standard_normal()) for value, sigma in zip(true, SIGMAS, strict=True)
    ]
    return RadarLook(site.lat_deg, site.lon_deg, site.alt_m, noisy[0], noisy[1], noisy[2], *SIGMAS)


def plots(x0: np.ndarray, seed: int, span_s: int = SPAN_S) -> list[SharedPlot]:
    """Both nations' looks, once a second, the second nation's half a second later."""
    chance = np.random.default_rng(seed)
    out = []
    for n, nation in enumerate(NATIONS):
        for k in range(span_s):
            time_s = k + 0.5 * n
            one = measured(nation, propagate(x0, time_s), chance)
            out.append(SharedPlot(nation, f"{nation}-1", k + 1, after(START, time_s), one, LABELS[nation]))
    return out


def source(nation: Nation, x: np.ndarray, sigmas: np.ndarray, last_s: float, phase: Phase) -> Tracklet:
    epoch = after(START, last_s)
    return Tracklet(
        origin=nation, track_id=f"{nation}-1", sequence=1, life=Life.CONFIRMED, phase=phase,
        kind=ObjectClass.BALLISTIC, state=EcefState(epoch, tuple(x.tolist()), triangle(np.diag(sigmas**2))),
        first_ns=START, last_ns=epoch, label=LABELS[nation],
    )  # fmt: skip


SHARP = np.array([200.0] * 3 + [40.0] * 3 + [LN_BETA_SIGMA])


def sources(x0: np.ndarray, phase: Phase, sigmas: np.ndarray = SHARP, span_s: int = SPAN_S) -> list[Tracklet]:
    last_s = {Nation.JPN: span_s - 1.0, Nation.KOR: span_s - 0.5}
    return [source(n, propagate(x0, last_s[n]), sigmas, last_s[n], phase) for n in NATIONS]


def by_source(some: tuple[Looks, ...]) -> dict[tuple[Nation, str], Looks]:
    return {(one.origin, one.track_id): one for one in some}


def estimated(some: list[SharedPlot], alive: list[Tracklet]) -> Joint:
    looks = by_source(heard((), (), some, after(START, SPAN_S)))
    joint = None
    for _ in range(3):  # coast is said after two looks in a row
        joint = joined(None if joint is None else replace(joint, newest=(0, 0.0)), alive, looks, lambda: None)
    assert joint is not None
    return joint


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_and_repetition_of_looks_change_nothing(seed: int) -> None:
    chance = np.random.default_rng(seed)
    some = plots(rising(), 1)
    mixed = [*some, *(one for one in some if chance.random() < 0.3)]
    mixed = [mixed[n] for n in chance.permutation(len(mixed))]
    cut = len(mixed) // 2
    now = after(START, SPAN_S)
    ordered = heard((), (), some, now)
    mixed_up = heard(heard((), (), mixed[:cut], now), (), mixed[cut:], now)
    alive = sources(rising(), Phase.UNKNOWN)
    one = joined(None, alive, by_source(ordered), lambda: None)
    other = joined(None, alive, by_source(mixed_up), lambda: None)
    assert one is not None
    assert other is not None
    assert spoken(one, alive).state.x == pytest.approx(spoken(other, alive).state.x, rel=1e-12)
    assert one.newest[0] == other.newest[0] == 2 * SPAN_S


@settings(max_examples=8, deadline=None)
@given(st.floats(0.001, 100.0), st.integers(0, 1000))
def test_what_tracklets_say_is_in_no_estimate_made_from_looks(factor: float, seed: int) -> None:
    """Tracklets hold the same looks: claimed a thousand times sharper they still add nothing."""
    some = plots(rising(), seed)
    said = [sources(rising(), Phase.UNKNOWN, sigmas) for sigmas in (SHARP, SHARP * factor)]
    found = []
    for alive in said:
        joint = estimated(some, alive)
        known = {(one.origin, one.track_id): one for one in alive}
        out = combine(1, joint.members, known, START, after(START, SPAN_S), joint)
        assert out is not None
        found.append(out)
    assert found[0].state.epoch_ns == found[1].state.epoch_ns
    assert found[0].state.x == pytest.approx(found[1].state.x, rel=1e-7)
    one, other = (from_triangle(out.state.p)[:6, :6] for out in found)
    assert np.allclose(one, other, rtol=1e-3, atol=1e-6 * np.abs(one).max())


def bound_of(some: list[SharedPlot], x0: np.ndarray, last_s: float) -> np.ndarray:
    """The Cramer-Rao bound of these looks, by the evaluation's own partials and recursion."""
    ordered = sorted(some, key=lambda one: one.time_ns)
    times = np.array([seconds_between(START, one.time_ns) for one in ordered])
    path = crlb.free_path(x0, times)
    rows = []
    for one, state in zip(ordered, path.states, strict=True):
        look = one.look
        assert isinstance(look, RadarLook)
        sensor = Sensor(
            "R", one.origin, SensorKind.RADAR, SensorErrors(*SIGMAS), one.label, SITES[one.origin]
        )
        fix = RadarFix(look.range_m, look.az_rad, look.el_rad)
        rows.append(partials(Plot("R", one.sequence, one.time_ns, fix), sensor, state))
    empty = np.zeros((len(rows), 4, 0)), np.zeros(0)
    information = crlb.inform(path, np.array(rows), crlb.prior(LN_BETA_SIGMA, None), *empty)
    return crlb.state_bound(information, np.ones(len(rows), dtype=np.bool_), last_s)[:6, :6]


def test_it_claims_what_its_looks_allow_and_no_more() -> None:
    """A look that counted twice would claim a covariance far below the bound of the looks that there are."""
    some = plots(rising(), 3)
    alive = sources(rising(), Phase.COAST)
    joint = joined(None, [replace(alive[0], phase=Phase.UNKNOWN), alive[1]],
                   by_source(heard((), (), [*some, *some], after(START, SPAN_S))), lambda: None)  # fmt: skip
    assert joint is not None
    out = spoken(joint, alive)
    assert out.phase is Phase.COAST
    last_s = seconds_between(START, out.state.epoch_ns)
    claimed = from_triangle(out.state.p)[:6, :6]
    root = np.linalg.cholesky(np.linalg.inv(bound_of(some, rising(), last_s)))
    ratios = np.linalg.eigvalsh(root.T @ claimed @ root)
    assert ratios.min() > 0.97
    assert ratios.max() < 1.03
    error = np.array(out.state.x[:6]) - propagate(rising(), last_s)[:6]
    assert float(error @ np.linalg.solve(claimed, error)) < 22.5  # 99.9 % of six numbers


def test_in_re_entry_only_looks_after_all_tracklets_are_added() -> None:
    alive = sources(falling(), Phase.COAST, span_s=4)
    epoch_s = max(seconds_between(START, one.state.epoch_ns) for one in alive)
    some = plots(falling(), 5, 8)
    older = [one for one in some if seconds_between(START, one.time_ns) <= epoch_s]
    newer = [one for one in some if seconds_between(START, one.time_ns) > epoch_s]
    assert older
    assert newer
    now = after(START, 8.0)
    later = [replace(one, last_ns=after(START, 7.5)) for one in alive]
    fresh = by_source(heard((), (), newer, now))
    alone = joined(None, later, fresh, lambda: fused_coast(alive))
    whole = joined(None, later, by_source(heard((), (), some, now)), lambda: fused_coast(alive))
    assert alone is not None
    assert whole is not None
    assert whole.falling
    assert spoken(alone, later).state == spoken(whole, later).state
    third = replace(later[0], origin=Nation.USA, track_id="USA-1")
    assert joined(None, [*later, third], fresh, lambda: fused_coast(alive)) is None  # a tracklet of no looks
    renamed = [later[0], replace(later[1], track_id="KOR-2")]
    under = {**fresh, (Nation.KOR, "KOR-2"): fresh[Nation.KOR, "KOR-1"]}
    assert joined(whole, later, fresh, lambda: None) is not None
    assert joined(whole, renamed, under, lambda: None) is None  # what is in the filter cannot be taken out
    start = fused_coast(alive)
    assert start is not None
    before, after_it = (
        np.trace(from_triangle(state.p)[:3, :3]) for state in (start, spoken(whole, later).state)
    )
    assert after_it < before


def test_what_is_not_all_here_counts_by_its_tracklet() -> None:
    some = plots(rising(), 2)
    alive = sources(rising(), Phase.UNKNOWN)
    looks = by_source(heard((), (), some, after(START, SPAN_S)))
    assert joined(None, alive, looks, lambda: None) is not None
    silent = [alive[0], replace(alive[1], last_ns=after(alive[1].last_ns, 5.0))]
    assert joined(None, silent, looks, lambda: None) is None  # its tracklets have gone on without looks
    ended = [alive[0], replace(alive[1], life=Life.LOST)]
    assert joined(None, ended, looks, lambda: None) is None
    early = [alive[0], replace(alive[1], first_ns=Instant(START - 10 * SECOND_NS))]
    assert joined(None, early, looks, lambda: None) is None  # its tracklet knows what came before the looks
    mixed = replace(alive[1], label=replace(alive[1].label, originators=frozenset(NATIONS)))
    assert joined(None, [alive[0], mixed], looks, lambda: None) is None  # others' looks may be in it
    assert joined(None, alive[:1], looks, lambda: None) is None  # one nation's looks are its own track


def test_it_speaks_for_all_its_sources() -> None:
    """Seen since the first's first look, up to the last's last, by whoever sees it still; a push in boost."""
    alive = sources(rising(), Phase.UNKNOWN)
    joint = estimated(plots(rising(), 2), alive)
    looks = by_source(heard((), (), plots(rising(), 2), after(START, SPAN_S)))
    again = joined(joint, alive, looks, lambda: None)
    assert again is not None
    assert again.record is joint.record  # nothing came: nothing is computed
    earlier, later = Instant(START - 3 * SECOND_NS), after(START, 60.0)
    both = [replace(alive[0], life=Life.COASTING, last_ns=later), replace(alive[1], first_ns=earlier)]
    for some in (both, both[::-1]):
        out = spoken(joint, some)
        assert (out.first_ns, out.last_ns, out.life) == (earlier, later, Life.CONFIRMED)
    cubic = pack(np.concatenate((np.arange(12.0), np.eye(12).ravel())))
    boosting = replace(joint, record=replace(joint.record, phase=Phase.BOOST, head=cubic))
    assert spoken(boosting, alive).accel_mps2 == (6.0, 7.0, 8.0)
    unknown = replace(joint, record=replace(joint.record, phase=Phase.UNKNOWN, head=cubic))
    assert spoken(unknown, alive).accel_mps2 is None


def test_a_look_or_two_are_no_estimate() -> None:
    """One look of a kind would stand in the place of two tracks, singular or knowing nothing."""
    some = plots(rising(), 2)
    last = [one for one in some if one.sequence == SPAN_S]
    alive = [replace(one, first_ns=one.last_ns) for one in sources(rising(), Phase.UNKNOWN)]
    assert len(last) == 2
    assert joined(None, alive, by_source(heard((), (), last, after(START, SPAN_S))), lambda: None) is None


def test_looks_that_do_not_fit_one_object_do_not_speak_for_it() -> None:
    """A radar that is turned by ten of its errors: the most precise tracklet is the better word."""
    some = [
        replace(one, look=replace(one.look, az_rad=one.look.az_rad + 0.01))
        if one.origin is Nation.KOR and isinstance(one.look, RadarLook)
        else one
        for one in plots(rising(), 4)
    ]
    alive = sources(rising(), Phase.UNKNOWN)
    joint = estimated(some, alive)
    assert not joint.fits
    known = {(one.origin, one.track_id): one for one in alive}
    out = combine(1, joint.members, known, START, after(START, SPAN_S), joint)
    assert out is not None
    assert out.state in [one.state for one in alive]


def test_a_coast_that_the_other_nations_looks_contradict_ends_nothing() -> None:
    """One source is sure that it coasts; the other's looks lie 50 km off."""
    some = []
    for one in plots(rising(), 1):
        assert isinstance(one.look, RadarLook)
        off_m = 5e4 if one.origin is Nation.JPN else 0.0
        some.append(replace(one, look=replace(one.look, range_m=one.look.range_m + off_m)))
    jpn, kor = sources(rising(), Phase.COAST)
    joint = joined(
        None,
        [replace(jpn, phase=Phase.UNKNOWN), kor],
        by_source(heard((), (), some, after(START, SPAN_S))),
        lambda: None,
    )
    assert joint is None or not joint.fits


WILD = st.floats(0.0, 1.0)


@st.composite
def wild_look(draw: st.DrawFn) -> RadarLook:
    """Any that a partner may sign: from beside a radar to beyond the Moon, from sure to knowing nothing."""
    low = np.array([-90.0, -360.0, -2e4, 1.0, -6.28, -1.57])
    high = np.array([90.0, 360.0, 1e5, 2e8, 6.28, 1.57])
    lat, lon, alt, range_m, az, el = (low + (high - low) * [draw(WILD) for _ in range(6)]).tolist()
    sigma_m, az_rad, el_rad = 10.0 ** draw(st.floats(-3, 7)), 10.0 ** draw(st.floats(-9, 0.8)), 1e-9
    rate = draw(st.none() | st.floats(-4e4, 4e4))
    rate_sigma = None if rate is None else 10.0 ** draw(st.floats(-4, 5))
    return RadarLook(lat, lon, alt, range_m, az, el, sigma_m, az_rad, el_rad, rate, rate_sigma)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(wild_look(), min_size=1, max_size=12),
    st.sampled_from(list(Phase)),
    st.integers(-7000, 14),
    st.booleans(),
)
def test_whatever_a_partner_signs_ends_no_fusion(
    wild: list[RadarLook], phase: Phase, epoch_s: int, ancient: bool
) -> None:
    """Sound looks that no object can have made, of a track that coasts since 1970, or not."""
    told = [
        SharedPlot(Nation.KOR, "KOR-1", 100 + n, after(START, SPAN_S - 0.5 * n), look, LABELS[Nation.KOR])
        for n, look in enumerate(wild)
    ]
    assert all(sound(one) for one in told)
    jpn, kor = sources(rising(), Phase.UNKNOWN)
    first = Instant(0) if ancient else START
    theirs = replace(
        kor, phase=phase, first_ns=first, state=replace(kor.state, epoch_ns=after(START, epoch_s))
    )
    honest = [one for one in plots(rising(), 1) if one.origin is Nation.JPN]
    looks = by_source(heard((), (), [*honest, *told], after(START, SPAN_S)))
    joint = None
    for alive in ([jpn, kor], [jpn, theirs], [replace(jpn, phase=phase), theirs]):
        joint = joined(joint, alive, looks, lambda alive=alive: fused_coast(alive))  # type: ignore[misc]
        known = {(one.origin, one.track_id): one for one in alive}
        members = tuple(Member(one.origin, one.track_id) for one in alive)
        out = combine(1, members, known, START, after(START, SPAN_S), joint)
        assert out is not None
        assert np.isfinite([*out.state.x, *out.state.p]).all()
