"""Which faults there are: a table."""

from enum import Enum, auto
from itertools import combinations
from typing import NamedTuple

from tocsin.faults import acts
from tocsin.faults.acts import Act
from tocsin.faults.relay import State
from tocsin.model.label import Nation

USA, KOR, JPN = Nation.USA, Nation.KOR, Nation.JPN


class Ground(Enum):
    """What the nodes stand on."""

    PLAIN = auto()
    SMALL = auto()
    FORGETFUL = auto()


class Fault(NamedTuple):
    """One row. `seconds`: about how long it takes, healing too. `usual`: done unless others are named."""

    name: str
    about: str
    act: Act
    seconds: float
    ground: Ground = Ground.PLAIN
    usual: bool = True
    quick: bool = False
    outage: bool = False


def faults() -> tuple[Fault, ...]:
    """All of them, in the order in which they are done."""
    return (*_kills(), *_stops(), *_lines(), *_disturbances(), *_disks(), *_long())


def _kills() -> list[Fault]:
    return [
        Fault(
            f"kill-{role}-{nation.lower()}",
            f"kill -9 of {nation}'s {role}",
            acts.kill(nation, role),
            10.0,
            quick=nation is KOR,
        )
        for nation in Nation
        for role in acts.ROLES
    ]


def _stops() -> list[Fault]:
    return [
        Fault(
            f"stop-{role}-{nation.lower()}",
            f"{nation}'s {role} stopped (SIGSTOP) for {acts.STOPPED_S:.0f} s",
            acts.stop(nation, role),
            15.0,
            quick=nation is JPN and role == "broker",
        )
        for nation in Nation
        for role in acts.ROLES
    ]


def _lines() -> list[Fault]:
    length = f"for {acts.STOPPED_S:.0f} s"
    pairs = [
        Fault(
            f"cut-{one}-{other}".lower(),
            f"line {one}-{other} cut {length}",
            acts.line(State.CUT, one, other),
            15.0,
        )
        for one, other in combinations(Nation, 2)
    ]
    return [
        *pairs,
        Fault("cut-jpn", f"both lines of JPN cut {length}", acts.line(State.CUT, JPN), 15.0, quick=True),
        Fault("cut-usa", f"both lines of the hub cut {length}", acts.line(State.CUT, USA), 15.0),
        Fault("hole-usa-jpn", f"line USA-JPN a black hole {length}", acts.line(State.HOLE, USA, JPN), 15.0),
        Fault(
            "hole-kor",
            f"both lines of KOR black holes {length}",
            acts.line(State.HOLE, KOR),
            15.0,
            quick=True,
        ),
        Fault(
            "deaf-jpn",
            f"nothing from the dialling side on JPN's lines {length}",
            acts.line(State.DEAF, JPN),
            15.0,
        ),
        Fault(
            "flicker", f"a line breaks for {acts.FLICKER_S} s, {acts.FLICKERS} times", acts.flicker(), 20.0
        ),
        Fault(
            "outage-30s",
            "JPN without any line for 30 s",
            acts.line(State.CUT, JPN, seconds=30.0),
            45.0,
            outage=True,
        ),
    ]


def _disturbances() -> list[Fault]:
    share = f"{acts.DISTURBED_SHARE:.0%}"
    about = f"{share} of the messages at every door doubled, {share} overtaken"
    return [
        Fault("disturb", f"{about}, for {acts.DISTURBED_S:.0f} s", acts.disturb(), 45.0, quick=True),
        Fault("efbig-hall-kor", "every write of KOR's hall fails", acts.file_limit(KOR, "hall"), 15.0),
        Fault("efbig-door-kor", "every write of KOR's door fails", acts.file_limit(KOR, "door"), 15.0),
        Fault("kill-20", "kill -9 of 20 programs, one every 2.5 s", acts.kills(20), 60.0),
    ]


def _disks() -> list[Fault]:
    return [
        Fault(
            "full-disk-jpn",
            f"JPN's disk full for {acts.FULL_S:.0f} s",
            acts.full_disk(JPN),
            25.0,
            Ground.SMALL,
        ),
        Fault("power-jpn", "power cut of JPN", acts.power_cut(JPN), 25.0, Ground.FORGETFUL),
        Fault(
            "power-3",
            "power cut of a nation, 3 times, the last of all",
            acts.power_cuts(3, all_at_last=True),
            45.0,
            Ground.FORGETFUL,
        ),
    ]


def _long() -> list[Fault]:
    return [
        Fault(
            "outage-10min",
            "JPN without any line for 10 min",
            acts.line(State.CUT, JPN, seconds=600.0),
            650.0,
            usual=False,
            outage=True,
        ),
        Fault("kill-200", "kill -9 of 200 programs, one every 2.5 s", acts.kills(200), 530.0, usual=False),
        Fault(
            "power-20",
            "power cut of a nation, 20 times",
            acts.power_cuts(20, all_at_last=False),
            260.0,
            Ground.FORGETFUL,
            usual=False,
        ),
    ]
