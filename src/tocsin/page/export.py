"""A run as ONE file: map, arcs, areas, warnings and a time slider, to be opened offline from anywhere.

The same modules draw it that draw the live page. The file may load nothing at all: its policy names the
hashes of its one script and one style. The views inside are gzipped JSON; a long run is sampled more
coarsely until the file fits.
"""

import gzip
import html
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
import shapely
from shapely.geometry import mapping, shape

from tocsin.errors import TocsinError
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.page.assets import Asset, load_assets
from tocsin.page.bundle import bundle
from tocsin.page.view import View, view_of

MAX_BYTES: Final = 4_900_000
"""Of the whole file: small enough for a mail."""

MAX_AIR: Final = 150
"""Air tracks of one view: scenery in a recorded run."""

MAX_SAMPLES: Final = 480
"""Views of one nation: more than a slider has places."""

SIMPLIFY_DEG: Final = 0.01
"""Outlines of areas to about a kilometre, two pixels at the closest useful view."""


class ExportError(TocsinError):
    """The run does not fit into one file, or a module holds what may not stand in it."""


def picture_html(
    pictures: Mapping[Nation, Sequence[Picture]], meta: Mapping[str, str], *, max_bytes: int = MAX_BYTES
) -> bytes:
    """The run as a self-contained HTML file of at most `max_bytes`.

    `pictures`: of each nation, in order of time. `meta`: what is said of the run, name by name. ExportError
    when there is no picture or no room; UserError without map data.
    """
    nations = [nation for nation in Nation if pictures.get(nation)]
    if not nations:
        raise ExportError("a run without a single picture cannot be shown")
    assets = load_assets()
    maps = {
        "coarse": json.loads(assets["data/land-110m.json"].data),
        "areas": _areas(assets["data/areas.json"], assets["data/sea_areas.json"]),
    }
    plane = str(pictures[nations[0]][0].plane)
    samples = min(MAX_SAMPLES, max(len(pictures[nation]) for nation in nations))
    while samples >= 1:
        views = {str(n): [view_of(p, MAX_AIR) for p in _sampled(pictures[n], samples)] for n in nations}
        page = _page(assets, plane, nations[0], views, maps, meta)
        if len(page) <= max_bytes:
            return page
        samples = samples * 2 // 3
    raise ExportError(f"the run does not fit into {max_bytes} bytes")


def _sampled(pictures: Sequence[Picture], most: int) -> list[Picture]:
    """At most `most` of them, evenly; the last one always, for a run is judged by its end."""
    if len(pictures) <= most:
        return list(pictures)
    return [pictures[-1 - i * (len(pictures) - 1) // max(most - 1, 1)] for i in range(most)][::-1]


def _page(
    assets: Mapping[str, Asset],
    plane: str,
    first: Nation,
    views: Mapping[str, Sequence[View]],
    maps: Mapping[str, Any],
    meta: Mapping[str, str],
) -> bytes:
    run = msgspec.json.encode({"meta": dict(meta), "views": views, "maps": maps})
    sources = {name: asset.data.decode() for name, asset in assets.items() if name.endswith(".js")}
    script = bundle(sources, "replay.js")
    style = assets["page.css"].data.decode()
    if "</script" in script or "<!--" in script or "</style" in style:
        raise ExportError("a module or the style holds what would end it early")
    policy = (
        f"default-src 'none'; script-src {_hashed(script)}; style-src {_hashed(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    packed = b64encode(gzip.compress(run, compresslevel=9, mtime=0)).decode()
    title = html.escape(" ".join(part for part in (plane, meta.get("scenario", "")) if part))
    return (
        f'<!doctype html>\n<html lang="en" data-nation="{first}" data-plane="{plane}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="dark">\n'
        f'<title>{title} · tocsin</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{style}</style>\n</head>\n<body>\n"
        '<div id="app"></div>\n<noscript>This page needs JavaScript.</noscript>\n'
        f'<script type="application/gzip" id="run-data">{packed}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    ).encode()


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _areas(*some: Asset) -> dict[str, Any]:
    """The areas' outlines, simplified one by one and to three digits (100 m)."""
    features = [feature for asset in some for feature in json.loads(asset.data)["features"]]
    for feature in features:
        thin = shapely.simplify(shape(feature["geometry"]), SIMPLIFY_DEG)
        drawn = mapping(thin)
        feature["geometry"] = {"type": drawn["type"], "coordinates": _rounded(drawn["coordinates"])}
    return {"type": "FeatureCollection", "features": features}


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else [_rounded(part) for part in value]
