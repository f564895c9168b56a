"""Shows a TAK server an object, its impact point and the area, as a door does, and reads them back as a
client.

    python examples/tak_peer.py --port 8087

Start a TAK server first (examples/tak_peer.sh starts FreeTAKServer in an environment of its own and runs
this). Everything is of plane EXERCISE. Exit code 0: the server handed on all three events, marked as
exercise.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from lxml import etree

from tocsin.earth.frames import geodetic_to_ecef
from tocsin.model.event import ImpactPointPrediction, SharedPrediction
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Product
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import Instant, after
from tocsin.model.track import Life, ObjectClass, Phase, Tracklet
from tocsin.node.config_tak import TakEntry
from tocsin.node.tak import TakLine
from tocsin.release.policy import Release
from tocsin.release.watchers import Watcher, may_show

PATIENCE_S = 60.0
LABEL = Label(Plane.EXERCISE, frozenset((Nation.JPN,)), frozenset((Nation.USA, Nation.KOR)))
HELLO = (
    '<event version="2.0" uid="reader" type="a-f-G-U-C" how="h-e" time="{t}" start="{t}" stale="{t}">'
    '<point lat="35.7" lon="139.7" hae="0" ce="10" le="10"/>'
    '<detail><contact callsign="reader" endpoint="*:-1:stcp"/></detail></event>'
)


def products(now: Instant) -> list[Product]:
    """A notional object over the Sea of Japan and where it would come down."""
    place = geodetic_to_ecef(0.716, 2.34, 400_000.0)
    covariance = tuple(1e4 if n in (0, 7, 13, 18, 22, 25, 27) else 0.0 for n in range(28))
    state = EcefState(now, (*map(float, place), -3_000.0, -2_500.0, 1_000.0, 8.7), covariance)
    impact = ImpactPointPrediction(40.1, 153.2, Ellipse95(12_000.0, 4_000.0, 1.2), after(now, 600), 5.0)
    return [
        Tracklet(
            Nation.JPN, "JPN-1", 1, Life.CONFIRMED, Phase.COAST, ObjectClass.BALLISTIC, state, now, now, LABEL
        ),
        SharedPrediction(Nation.JPN, "JPN-1", 1, now, impact, 970_000.0, LABEL),
    ]


async def shown(port: int, opex: bool) -> list[etree._Element]:
    """The events that came back from the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3600))
    writer.write(HELLO.format(t=stamp).encode())
    await writer.drain()
    line = TakLine(TakEntry("example", port, opex=opex), Path())
    running = asyncio.create_task(line.run())
    found: dict[str, etree._Element] = {}
    watcher, now = Watcher("example", Nation.JPN), Instant(time.time_ns())
    asking = asyncio.create_task(_put_again(line, watcher, now))
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < 3:
            event = etree.fromstring((await reader.readuntil(b"</event>")).strip())
            uid = str(event.get("uid"))
            if uid.startswith("tocsin."):
                found[uid] = event
    for task in (running, asking):
        task.cancel()
    writer.close()
    return list(found.values())


async def _put_again(line: TakLine, watcher: Watcher, now: Instant) -> None:
    """As tracklets come: again every second."""
    while True:
        for product in products(now):
            if isinstance(may_show(product, watcher, Nation.JPN, Plane.EXERCISE), Release):
                line.put(product)
        await asyncio.sleep(1.0)


def main() -> int:
    """One run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8087, help="of the TAK server on this machine")
    parser.add_argument("--no-opex", action="store_true", help="for a server that refuses this attribute")
    port, no_opex = (args := parser.parse_args()).port, args.no_opex
    try:
        events = asyncio.run(shown(port, not no_opex))
    except (OSError, TimeoutError) as failure:
        print(f"error: no TAK server handed the events on ({failure!r}); fix: start one on port {port}")
        return 2
    for event in events:
        callsign = event.find("detail/contact")
        print(event.get("type"), event.get("uid"), callsign.get("callsign") if callsign is not None else "")
    return 0 if all("EXERCISE" in etree.tostring(event, encoding="unicode") for event in events) else 1


if __name__ == "__main__":
    sys.exit(main())
