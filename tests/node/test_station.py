"""A node's three programs start side by side; one that cannot leaves none of the others behind."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest
from brokers import free_node_ports

from tocsin.errors import UserError
from tocsin.model.label import Nation
from tocsin.model.time import Instant
from tocsin.node.config import NodeConfig
from tocsin.node.founding import found_demo
from tocsin.node.station import Station


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    return found_demo(tmp_path, Instant(time.time_ns()), free_node_ports())[Nation.KOR]


def gone(pid: int | None) -> bool:
    return pid is None or not Path(f"/proc/{pid}").exists()


def test_all_three_run_and_a_power_cut_starts_none_again(config: NodeConfig) -> None:
    said: list[str] = []

    async def story() -> tuple[list[int | None], list[int | None]]:
        station = Station(config, said.append)
        await station.start()
        before = pids_of(station)
        await station.power_off()
        return before, pids_of(station)

    before, after = asyncio.run(story())
    assert len({*before} - {None}) == 3
    assert after == [None, None, None]
    assert all(gone(pid) for pid in before)
    assert not any("starting it again" in line for line in said)


def test_a_busy_port_stops_the_start_and_leaves_nothing(config: NodeConfig) -> None:
    async def story() -> list[int | None]:
        station = Station(config, lambda _: None)
        with pytest.raises(UserError, match="cannot listen"):
            await station.start()
        pids = pids_of(station)
        await station.stop()
        return pids

    (config.broker_dir / "store").mkdir(parents=True)  # not fresh: nobody waits for the broker
    with socket.socket() as held:
        held.bind((config.broker.host, config.broker.port))
        held.listen()
        assert all(gone(pid) for pid in asyncio.run(story()))


def pids_of(station: Station) -> list[int | None]:
    return [station.broker.pid, station.door.pid, station.hall.pid]
