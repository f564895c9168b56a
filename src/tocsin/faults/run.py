"""A run: the chosen faults one after the other on three nodes that stay, a new three for each kind of
disk."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tocsin.faults.disks import ForgetfulDisk, SmallDisk
from tocsin.faults.plan import Fault, Ground
from tocsin.faults.theatre import Disks, Say, Theatre
from tocsin.faults.words import Row, skipped
from tocsin.model.label import Nation

HEALED_BOUND_S = 60.0
"""What has not come by then counts as lost."""

CALM_S = 1.0
"""Between two faults."""

START_S = 60.0

OnRow = Callable[[Row], None]


async def run(
    faults: Sequence[Fault], folder: Path | None, fuse_python: Path | None, say: Say, on_row: OnRow
) -> list[Row]:
    """Rows in the order of `faults`' grounds; `on_row` sees each as it is done. Everything that is started is
    stopped, and its folder under `folder` (default: the temporary folder) removed."""
    rows: list[Row] = []
    for ground in Ground:
        some = [fault for fault in faults if fault.ground is ground]
        why_not = _why_not(ground, fuse_python)
        if some and why_not is not None:
            for fault in some:
                rows.append(skipped(fault.name, fault.about, why_not))
                on_row(rows[-1])
        elif some:
            rows += await _run_on(ground, some, folder, fuse_python, say, on_row)
    return rows


def _why_not(ground: Ground, fuse_python: Path | None) -> str | None:
    match ground:
        case Ground.SMALL:
            return SmallDisk.why_not()
        case Ground.FORGETFUL:
            return ForgetfulDisk.why_not(fuse_python)
        case Ground.PLAIN:
            return None


async def _run_on(
    ground: Ground,
    faults: Sequence[Fault],
    folder: Path | None,
    fuse_python: Path | None,
    say: Say,
    on_row: OnRow,
) -> list[Row]:
    root = Path(tempfile.mkdtemp(prefix="tocsin-faults-", dir=folder))
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        disks = await _disks(ground, root, fuse_python, stack)
        seconds = START_S + sum(fault.seconds for fault in faults) * 2
        theatre = Theatre(root, seconds, say, disks)
        stack.push_async_callback(theatre.stop)
        say("starting three nations: broker, door and hall each")
        await theatre.start()
        rows: list[Row] = []
        for fault in faults:
            say(f"{fault.name}: {fault.about}")
            rows.append(await _row(theatre, fault))
            on_row(rows[-1])
            await asyncio.sleep(CALM_S)
    return rows


async def _disks(ground: Ground, root: Path, fuse_python: Path | None, stack: AsyncExitStack) -> Disks:
    if ground is Ground.SMALL:
        small = {nation: SmallDisk(root / nation) for nation in Nation}
        for one in small.values():
            one.mount()
            stack.callback(one.remove)
        return Disks(small=small)
    if ground is Ground.FORGETFUL and fuse_python is not None:
        forgetful = {nation: ForgetfulDisk(root / nation, fuse_python) for nation in Nation}
        for disk in forgetful.values():
            await disk.mount()
            stack.callback(disk.remove)
        return Disks(forgetful=forgetful)
    return Disks()


async def _row(theatre: Theatre, fault: Fault) -> Row:
    account = theatre.account
    since = account.window()
    times = await fault.act(theatre)
    over_s, over = time.monotonic(), account.window()
    back, theatre.afterwards = theatre.afterwards, None
    returning = asyncio.ensure_future(_await(back))
    healed_s = await theatre.healed(over, HEALED_BOUND_S)
    await returning
    upto = account.window()
    await theatre.drained(upto, HEALED_BOUND_S)
    found = account.verdict(since, upto)
    while theatre.later:
        await theatre.later.pop()()
    urgent = account.last_arrival(since, over, urgent=True) if fault.outage else None
    flow = account.last_arrival(since, over, urgent=False) if fault.outage else None
    return Row(
        fault.name,
        fault.about,
        times,
        *found,
        healed_s=None if healed_s is None else round(healed_s, 1),
        urgent_s=None if urgent is None else round(urgent - over_s, 1),
        flow_s=None if flow is None else round(flow - over_s, 1),
    )


async def _await(work: Awaitable[object] | None) -> None:
    if work is not None:
        await work
