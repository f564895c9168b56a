"""The live terminal view: three pictures side by side, the links between them, the chain's counts."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tocsin.model.event import Assessment
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.model.product import LinkHealth
from tocsin.model.time import Instant, seconds_between, to_iso
from tocsin.model.track import FusedTrack, Life, ObjectClass
from tocsin.model.warning import Draft, WarnStatus

MOST_ROWS = 12
"""Rows of one nation's table: what fits a terminal of 40 lines beside the rest."""

LIFE_STYLE = {
    Life.TENTATIVE: "dim",
    Life.CONFIRMED: "bold",
    Life.COASTING: "yellow",
    Life.LOST: "red",
    Life.IMPACTED: "dim",
    Life.MERGED: "dim",
}


class Stage(NamedTuple):
    """What the view shows beside the pictures."""

    scenario: str
    start_ns: Instant
    speed_reached: float
    note: str
    pages: Mapping[Nation, str]


def render(stage: Stage, pictures: Mapping[Nation, Picture]) -> RenderableType:
    """The whole screen for this moment."""
    now = max((picture.now_ns for picture in pictures.values()), default=stage.start_ns)
    head = Text.assemble(
        ("EXERCISE 훈련 訓練  ", "bold black on yellow"),
        f"  {stage.scenario}   {to_iso(now)}   T+{seconds_between(stage.start_ns, now):.0f} s"
        f"   x{stage.speed_reached:.0f}   {stage.note}",
    )
    present = [nation for nation in Nation if nation in pictures]
    return Group(head, *(_nation(pictures[nation], stage.pages.get(nation, "")) for nation in present))


def _nation(picture: Picture, page: str) -> RenderableType:
    assessed = {row.track_id: row for row in picture.assessments}
    shown = [track for track in picture.fused if track.kind is not ObjectClass.AIR]
    air = len(picture.fused) - len(shown)
    tracks = Table(expand=True, box=None, pad_edge=False)
    for name in ("object", "class", "life", "sources", "apogee km", "impact in", "± km", "areas"):
        tracks.add_column(name, no_wrap=True, overflow="ellipsis")
    for track in shown[:MOST_ROWS]:
        tracks.add_row(*_track_cells(track, assessed.get(track.id), picture.now_ns))
    if not shown:
        tracks.add_row("-", "", "no ballistic object", "", "", "", "", "")
    rest = f"+{len(shown) - MOST_ROWS} more objects   " if len(shown) > MOST_ROWS else ""
    counts = picture.exchange
    foot = Text(
        f"{rest}own {len(picture.own)}  partners' {len(picture.partners)}"
        f"  fused {len(picture.fused)} (air {air})   plots {picture.plots_decoded}"
        f"   out {counts.released}/{counts.offered}x2  in {counts.received}"
        f"  quarantined {sum(picture.quarantined.values())}   {_links(picture)}",
        style="dim",
    )
    drafts = [_draft(draft) for draft in picture.drafts]
    return Panel(Group(tracks, *drafts, foot), title=f"{picture.nation}  {page}", title_align="left")


def _track_cells(track: FusedTrack, assessed: Assessment | None, now: Instant) -> tuple[Text | str, ...]:
    impact = assessed.impact if assessed else None
    apogee_m = assessed.apogee_m if assessed else None
    risks = assessed.risks if assessed else ()
    areas = " ".join(
        f"{risk.area} {max(risk.impact_probability, risk.overflight_probability):.0%}" for risk in risks[:4]
    )
    return (
        track.id,
        track.kind if track.phase != "boost" else f"{track.kind} (boost)",
        Text(track.life, style=LIFE_STYLE[track.life]),
        "+".join(track.sources),
        f"{apogee_m / 1e3:.0f}" if apogee_m is not None else "-",
        countdown(now, impact.time_ns) if impact else "-",
        f"{impact.ellipse95.semi_major_m / 1e3:.1f}" if impact else "-",
        areas or "-",
    )


def countdown(now: Instant, then: Instant) -> str:
    """`-02:26` before, `+00:05` after."""
    left_s = seconds_between(now, then)
    sign, whole = ("-" if left_s >= 0 else "+"), int(abs(left_s))
    return f"{sign}{whole // 60:02d}:{whole % 60:02d}"


def _draft(draft: Draft) -> Text:
    style = "bold red" if draft.status is WarnStatus.RELEASED else "yellow"
    areas = ", ".join(f"{area.area} ({area.threat})" for area in draft.warning.areas)
    return Text(f"{draft.warning.msg_type} {draft.id}: {draft.status}  {areas}", style=style)


def _links(picture: Picture) -> str:
    exchange = picture.exchange
    chain = ""
    if exchange.latency_p50_ms is not None:
        chain = (
            f"partners' products p50 {exchange.latency_p50_ms:.0f} p99 {exchange.latency_p99_ms:.0f} ms   "
        )
    return chain + "  ".join(_link(link) for link in picture.links)


def _link(link: LinkHealth) -> str:
    age = "?" if link.heard_age_s is None else f"{link.heard_age_s:.1f} s ago"
    trip = "" if link.round_trip_ms is None else f" {link.round_trip_ms:.0f} ms"
    return f"{link.partner} {'+'.join(link.paths_up) or 'DOWN'}{trip}, {age}"
