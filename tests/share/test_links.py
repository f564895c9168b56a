"""A link's health is what was verified and when, nothing else."""

from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.time import MILLISECOND_NS, SECOND_NS, Instant
from tocsin.share import links
from tocsin.share.links import Heartbeat, Link

T0 = Instant(1_000 * SECOND_NS)


def at(seconds: float) -> Instant:
    return Instant(T0 + round(seconds * SECOND_NS))


def beat(seconds: float, echo: Instant | None = None, held_ms: int = 0) -> Heartbeat:
    none = dict.fromkeys(Traffic, 0)
    return Heartbeat(at(seconds), none, none, none, 7, 12, echo, held_ms * MILLISECOND_NS)


def test_never_heard() -> None:
    health = links.health(Nation.KOR, Link(), 4, T0)
    assert (health.heard_age_s, health.round_trip_ms, health.backlog, health.paths_up) == (None, None, 4, ())


def test_a_path_is_down_three_seconds_after_its_last_word() -> None:
    link = links.heard(links.heard(Link(), "direct", beat(0.0), T0), "hub", beat(2.0), at(2.0))
    assert links.health(Nation.KOR, link, 0, at(2.9)).paths_up == ("direct", "hub")
    assert links.health(Nation.KOR, link, 0, at(3.1)).paths_up == ("hub",)
    last = links.health(Nation.KOR, link, 0, at(5.5))
    assert (last.paths_up, last.heard_age_s) == ((), 3.5)


def test_a_replayed_heartbeat_keeps_no_dead_path_alive() -> None:
    link = links.heard(Link(), "direct", beat(0.0), T0)
    for second in range(1, 10):
        link = links.heard(link, "direct", beat(0.0), at(second))
    assert links.health(Nation.KOR, link, 0, at(9.0)).paths_up == ()
    assert links.heard(link, "hub", beat(0.0), at(9.0)).heard_ns["hub"] == at(
        9.0
    )  # the other path's first copy


def test_round_trip_leaves_out_what_the_partner_held() -> None:
    """We beat at 0 s by our clock; the partner held it 400 ms; its answer is here at 0.430 s: 30 ms on the
    way.
    """
    link = links.took_beat(Link(), beat(5.0, echo=T0, held_ms=400), at(0.430))
    assert link.round_trip_ms == 30.0
    assert links.echo(link, at(1.430)) == (at(5.0), SECOND_NS)


def test_the_slower_paths_older_beat_changes_nothing() -> None:
    link = links.took_beat(Link(), beat(5.0, echo=T0), at(0.030))
    assert links.took_beat(link, beat(4.0, echo=T0), at(1.0)) is link
    assert links.took_beat(link, beat(5.0, echo=T0), at(1.0)) is link


def test_beats_once_a_second() -> None:
    link, beats = Link(), 0
    for ms in range(0, 5_000, 20):
        if links.beat_due(link, at(ms / 1000)):
            link = links.beaten(link, at(ms / 1000))
            beats += 1
    assert beats == 5
