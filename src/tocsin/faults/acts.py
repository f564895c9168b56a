"""What is done to the nodes. Each act returns when the (last) fault is over; healing is counted from
there."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from resource import RLIMIT_FSIZE, prlimit

from tocsin.demo.stage import free_ports
from tocsin.errors import UserError
from tocsin.faults.disturber import Disturber
from tocsin.faults.relay import Relay, State
from tocsin.faults.theatre import Theatre
from tocsin.model.label import Nation
from tocsin.node.supervise import Program

Act = Callable[[Theatre], Awaitable[int]]
"""Does the fault; how often it was done."""

ROLES = ("broker", "door", "hall")

STOPPED_S = 5.0
"""A stopped program, a cut, a hole: longer than the 3 s after which silence shows, and the 4 s after which
the brokers give a connection up."""

KILL_EVERY_S = 2.5
"""Quicker than a hall comes back: the next program dies while the last still starts."""

FLICKERS = 20
FLICKER_S = 0.5
DISTURBED_S = 20.0
DISTURBED_SHARE = 0.2
"""Issue 3: 20 % duplicates and reordering."""

SETTLE_S = 3.0
SEED = 14
FULL_S = 5.0
UP_S = 30.0
UP_POLL_S = 0.05


def kill(nation: Nation, role: str) -> Act:
    """kill -9 of one program."""

    async def act(theatre: Theatre) -> int:
        return int(theatre.signal(nation, role, signal.SIGKILL))

    return act


def kills(count: int) -> Act:
    """kill -9 of programs by chance, one every KILL_EVERY_S; one that is down already is passed over."""

    async def act(theatre: Theatre) -> int:
        dice, done = random.Random(SEED), 0
        while done < count:
            await asyncio.sleep(KILL_EVERY_S if done else 0.0)
            done += theatre.signal(dice.choice(list(Nation)), dice.choice(ROLES), signal.SIGKILL)
            theatre.account.read_on()
            theatre.progress(done, count)
        return done

    return act


def stop(nation: Nation, role: str) -> Act:
    """SIGSTOP, and SIGCONT after STOPPED_S."""

    async def act(theatre: Theatre) -> int:
        done = theatre.signal(nation, role, signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)
        theatre.signal(nation, role, signal.SIGCONT)
        return int(done)

    return act


def line(state: State, *nations: Nation, seconds: float = STOPPED_S) -> Act:
    """The line between two nations, or all lines of one, in that state for a while."""

    async def act(theatre: Theatre) -> int:
        await _set(theatre.lines_of(*nations), state)
        await theatre.wait(seconds)
        await _set(theatre.lines_of(*nations), State.PASS)
        return 1

    return act


def flicker() -> Act:
    """Lines break by chance, again and again, each for FLICKER_S."""

    async def act(theatre: Theatre) -> int:
        dice = random.Random(SEED)
        for n in range(FLICKERS):
            relay = dice.choice(list(theatre.relays.values()))
            await _set([relay], State.CUT)
            await asyncio.sleep(FLICKER_S)
            await _set([relay], State.PASS)
            theatre.progress(n + 1, FLICKERS)
        return FLICKERS

    return act


async def _set(relays: Iterable[Relay], state: State) -> None:
    for relay in relays:
        await relay.set(state)


def disturb() -> Act:
    """Every door behind a Disturber for a while. Over = messages pass undisturbed again."""

    async def act(theatre: Theatre) -> int:
        disturbers = await _put_between(theatre)
        await asyncio.sleep(SETTLE_S)
        for one in disturbers:
            one.share = DISTURBED_SHARE
        await theatre.wait(DISTURBED_S)
        for one in disturbers:
            one.share = 0.0
        theatre.later.extend(one.close for one in disturbers)
        return sum(one.doubled + one.delayed for one in disturbers)

    return act


async def _put_between(theatre: Theatre) -> list[Disturber]:
    """Doors restart with the disturber's port for their broker's; they find the real one again at the end."""
    made: list[Disturber] = []
    for nation, port in zip(Nation, free_ports(len(Nation)), strict=True):
        disturber = Disturber(theatre.sites[nation].config, port, random.Random(SEED + len(made)))
        await disturber.open()
        made.append(disturber)
        door = theatre.stations[nation].door
        own = door.argv[-1]
        door.argv[-1] = theatre.with_broker_port(nation, port)
        theatre.later.append(_back(door, own))
        await _restarted(door)
    return made


def _back(door: Program, source: str) -> Callable[[], Awaitable[None]]:
    async def back() -> None:
        door.argv[-1] = source
        await _restarted(door)

    return back


async def _restarted(program: Program) -> None:
    before = program.pid
    program.kill()
    for _ in range(round(UP_S / UP_POLL_S)):
        if program.pid not in (None, before):
            return
        await asyncio.sleep(UP_POLL_S)
    raise UserError(f"{program.name} does not come back", fix=f"read {program.log}")


def file_limit(nation: Nation, role: str) -> Act:
    """Every write of one program beyond what its files hold fails (EFBIG), as on a failing disk; the
    restarted program is free of the limit."""

    async def act(theatre: Theatre) -> int:
        pid = theatre.pid(nation, role)
        if pid is None:
            return 0
        prlimit(pid, RLIMIT_FSIZE, (0, 0))
        for _ in range(round(UP_S / UP_POLL_S)):
            if theatre.pid(nation, role) != pid:
                return 1
            await asyncio.sleep(UP_POLL_S)
        return 0

    return act


def full_disk(nation: Nation) -> Act:
    """The node's disk is full for FULL_S; then there is room again, and the operator starts the node anew."""

    async def act(theatre: Theatre) -> int:
        disk = theatre.disks.small[nation]
        disk.fill()
        await asyncio.sleep(FULL_S)
        disk.free()
        await theatre.stop_node(nation)
        theatre.afterwards = theatre.start_node(nation)
        return 1

    return act


def power_cut(nation: Nation) -> Act:
    """The power of one nation goes: its programs die, its disk forgets what was not confirmed."""

    async def act(theatre: Theatre) -> int:
        await theatre.power_off(nation)
        theatre.afterwards = theatre.start_node(nation)
        return 1

    return act


def power_cuts(count: int, *, all_at_last: bool) -> Act:
    """The power of one nation goes, again and again (the last time, if so told, of all three): every program
    dies, the disk forgets what was not confirmed, the node is started again on what is left."""

    async def act(theatre: Theatre) -> int:
        dice = random.Random(SEED)
        for n in range(count):
            last = n == count - 1
            hit: Sequence[Nation] = list(Nation) if last and all_at_last else [dice.choice(list(Nation))]
            await asyncio.sleep(dice.uniform(2.0, 4.0))
            await asyncio.gather(*(theatre.power_off(nation) for nation in hit))
            restart = asyncio.gather(*(theatre.start_node(nation) for nation in hit))
            if last:
                theatre.afterwards = restart
            else:
                await restart
            theatre.progress(n + 1, count)
        return count

    return act
