"""Pictures of an evaluation as SVG: a few lines of our own, so that no plotting library is needed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tocsin.errors import UserError
from tocsin.measure.evaluation import Evaluation

WIDTH: Final = 640
HEIGHT: Final = 360
LEFT: Final = 64
RIGHT: Final = 150
TOP: Final = 36
BOTTOM: Final = 48
COLOURS: Final = ("#1b6ca8", "#c44f2b", "#3b7d3b", "#7a4b9a")
RATIOS: Final = {
    "position": "position",
    "velocity": "velocity",
    "impact": "impact",
    "reachable": "impact / reachable",
}
TICKS: Final = 5


class Line(NamedTuple):
    """A line with a name; `spread`: one standard error either way, or empty. `dots`: points, not joined."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float] = ()
    dots: bool = False


class Chart(NamedTuple):
    """Lines over one pair of axes, and a level band that good values lie in."""

    title: str
    x_name: str
    y_name: str
    lines: Sequence[Line]
    band: tuple[float, float] | None = None


def write_pictures(found: Evaluation, folder: Path) -> list[Path]:
    """Ratios, calibration and ellipse sizes of one evaluation, as NAME-*.svg. UserError when it cannot."""
    sensors = "-".join(found.sensors) if len(found.sensors) < 3 else "all"
    name = f"{found.scenario}-{sensors}"
    return [write(chart, folder / f"{name}-{part}.svg") for part, chart in charts(found).items()]


def charts(found: Evaluation) -> dict[str, Chart]:
    """The charts by the last part of their file's name."""
    ages = [float(age) for age in found.at]
    rows = list(found.at.values())
    about = f"{found.scenario}, {found.runs} runs, {found.nation}"
    ratios = [
        Line(
            name,
            ages,
            [_or_nan(getattr(row, f"{key}_ratio")) for row in rows],
            [_or_nan(getattr(row, f"{key}_ratio_se")) for row in rows],
        )
        for key, name in RATIOS.items()
    ]
    held = [
        Line(f"{level} %", ages, [100.0 * r.coverage[level] if r.coverage else np.nan for r in rows])
        for level in ("50", "90", "95")
    ]
    after = "s after first contact"
    return {
        "ratio": Chart(f"RMSE over the bound: {about}", after, "ratio", ratios, (0.95, 1.05)),
        "coverage": Chart(f"Impacts inside their ellipses: {about}", after, "%", held, (93.0, 97.0)),
    }


def write(chart: Chart, path: Path) -> Path:
    """The chart into a file, its folder made if need be. UserError when that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg(chart), encoding="utf-8")
    except OSError as failure:
        raise UserError(
            f"cannot write {path} ({failure.strerror})", fix="check the folder, its rights and its space"
        ) from failure
    return path


class _Frame(NamedTuple):
    """From values to places in the picture."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a value."""
        across = (WIDTH - LEFT - RIGHT) / (self.x[1] - self.x[0])
        upward = (HEIGHT - TOP - BOTTOM) / (self.y[1] - self.y[0])
        return LEFT + (x - self.x[0]) * across, HEIGHT - BOTTOM - (y - self.y[0]) * upward


def svg(chart: Chart) -> str:
    """The chart as text."""
    frame = _Frame(
        _limits([x for line in chart.lines for x in line.x], ()),
        _limits([y for line in chart.lines for y in line.y], chart.band or ()),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_axes(chart, frame),
    ]
    for n, line in enumerate(chart.lines):
        colour, y = COLOURS[n % len(COLOURS)], TOP + 16 * (n + 1)
        parts += _drawn(line, colour, frame.at)
        parts.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 28}" y="{y}">{_text(line.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _axes(chart: Chart, frame: _Frame) -> Iterator[str]:
    """Title, band, ticks and names."""
    yield f'<text x="{LEFT}" y="18" font-size="14">{_text(chart.title)}</text>'
    if chart.band is not None:
        (x, top), (right, low) = frame.at(frame.x[0], chart.band[1]), frame.at(frame.x[1], chart.band[0])
        size = f'width="{right - x:.1f}" height="{low - top:.1f}"'
        yield f'<rect x="{x:.1f}" y="{top:.1f}" {size} fill="#e4efe4"/>'
    for value in np.linspace(*frame.x, TICKS):
        x, y = frame.at(float(value), frame.y[0])
        yield f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{value:.4g}</text>'
    for value in np.linspace(*frame.y, TICKS):
        x, y = frame.at(frame.x[0], float(value))
        yield f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        yield f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{_text(chart.x_name)}</text>'
    yield f'<text x="{LEFT - 8}" y="{TOP - 4}" text-anchor="end">{_text(chart.y_name)}</text>'


def _drawn(line: Line, colour: str, at: Callable[[float, float], tuple[float, float]]) -> list[str]:
    """One line with its spread; what is not a number is left out."""
    good = [
        n for n, (x, y) in enumerate(zip(line.x, line.y, strict=True)) if np.isfinite(x) and np.isfinite(y)
    ]
    points = [at(line.x[n], line.y[n]) for n in good]
    parts = []
    for n, (x, _) in zip(good, points, strict=True):
        if line.spread and np.isfinite(line.spread[n]):
            (_, low), (_, high) = (at(line.x[n], line.y[n] + s * line.spread[n]) for s in (-1.0, 1.0))
            parts.append(f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{colour}"/>')
    if line.dots or len(points) < 20:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
    if not line.dots and points:
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return parts


def _limits(values: Sequence[float], also: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis that holds all values, with a little room."""
    finite = [value for value in [*values, *also] if np.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _text(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
