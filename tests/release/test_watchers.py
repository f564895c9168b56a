"""Who is shown what at home: never more than the label allows, never another plane's."""

from __future__ import annotations

from exchange_samples import PLANE, label, launch, tracklet
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.track import Tracklet
from tocsin.release.policy import Release, Withheld
from tocsin.release.terms import DEFAULT, Kind, PartnerTerms, Policy
from tocsin.release.watchers import Watcher, may_show, shown_form

KOR, JPN, USA = Nation
HOME = Watcher("map", JPN)
LIAISON = Watcher("liaison", USA)
LABELS = st.builds(
    Label,
    st.sampled_from(Plane),
    st.frozensets(st.sampled_from(Nation)),
    st.frozensets(st.sampled_from(Nation)),
    st.frozensets(st.sampled_from(Caveat)),
)


def test_home_sees_its_own_and_what_partners_gave() -> None:
    assert may_show(tracklet(JPN, 1), HOME, JPN, PLANE) == Release("permit.home")
    given = label(KOR, frozenset((JPN,)), Caveat.NO_ONWARD)
    assert may_show(tracklet(KOR, 1, given), HOME, JPN, PLANE) == Release("permit.home")


def test_a_liaison_sees_what_its_nation_would_be_given_and_no_partners_data() -> None:
    assert may_show(tracklet(JPN, 1), LIAISON, JPN, PLANE).rule == "permit.releasable"
    assert may_show(tracklet(JPN, 1, label(JPN, frozenset((KOR,)))), LIAISON, JPN, PLANE) == Withheld(
        "default.deny"
    )
    assert may_show(tracklet(KOR, 1), LIAISON, JPN, PLANE) == Withheld("forbid.foreign-origin")
    none = Policy(partners={USA: PartnerTerms()})
    assert may_show(tracklet(JPN, 1), LIAISON, JPN, PLANE, none) == Withheld("forbid.kind")


def test_what_would_wait_is_not_shown_and_what_is_blurred_is_shown_blurred() -> None:
    sharp = tracklet(JPN, 1, label(JPN, frozenset(Nation), Caveat.COARSEN), canary="callsign")
    verdict = may_show(sharp, LIAISON, JPN, PLANE)
    assert isinstance(verdict, Release)
    shown = shown_form(sharp, verdict)
    assert isinstance(shown, Tracklet)
    assert shown.identity is None
    assert shown.state != sharp.state
    late = tracklet(JPN, 1, label(JPN, frozenset(Nation), Caveat.DELAY))
    waiting = replace(DEFAULT, flow=replace(DEFAULT.flow, delay="wait", delay_s=60))
    assert may_show(late, LIAISON, JPN, PLANE, waiting) == Withheld("forbid.delay")


def test_only_the_kinds_that_were_asked_for() -> None:
    launches = Watcher("map", JPN, frozenset((Kind.LAUNCH,)))
    assert may_show(tracklet(JPN, 1), launches, JPN, PLANE) == Withheld("forbid.kind")
    assert may_show(launch(JPN, 1), launches, JPN, PLANE) == Release("permit.home")


@given(st.sampled_from(Nation), LABELS, st.sampled_from(Nation))
def test_nobody_is_shown_what_their_nation_may_not_read(origin: Nation, of: Label, nation: Nation) -> None:
    """From the design's words: plane, then originators and those they release to."""
    verdict = may_show(tracklet(origin, 1, of), Watcher("map", nation), JPN, PLANE)
    if isinstance(verdict, Release):
        assert of.plane is PLANE
        assert nation in of.releasable_to or of.originators == frozenset((nation,))
        if nation is not JPN:
            assert origin is JPN
            assert Caveat.DELAY not in of.caveats
