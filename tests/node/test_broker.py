"""The broker as a child process: found or refused, busy ports, a refused configuration, crash and restart."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest
from brokers import Trio, free_ports

from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Nation
from tocsin.node.broker import Broker, check_free, find_server


def fake_server(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def config(port: int, monitor: int) -> str:
    return f'{{"listen": "127.0.0.1:{port}", "http": "127.0.0.1:{monitor}"}}'


def test_it_comes_with_the_environment() -> None:
    assert find_server().name == "nats-server"


def test_a_named_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = fake_server(tmp_path / "mine", "nats-server: v3.0.1")
    monkeypatch.setenv("NATS_SERVER", str(server))
    assert find_server() == server


@pytest.mark.parametrize("says", ["nats-server: v2.9.10", "nats-server: v2.13.9", "nats-server: v1.4.0"])
def test_an_old_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    monkeypatch.setenv("NATS_SERVER", str(fake_server(tmp_path / "old", says)))
    with pytest.raises(UserError, match=r"too old .*needs >= 2.14"):
        find_server()


@pytest.mark.parametrize(
    "says",
    ["hello", "", "ls (GNU coreutils) 9.1\nLicense GPLv3.0: GNU GPL version 3", "x" * 500, "otherd v2.15"],
)
def test_another_program_is_no_nats_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    monkeypatch.setenv("NATS_SERVER", str(fake_server(tmp_path / "other", says)))
    with pytest.raises(UserError, match="other is no nats-server") as refused:
        find_server()
    words = str(refused.value)
    assert "\n" not in words
    assert "License" not in words
    assert "too old" not in words
    assert len(words) < 300 + len(str(tmp_path))


def test_a_missing_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_SERVER", str(tmp_path / "none"))
    with pytest.raises(UserError, match="no nats-server"):
        find_server()
    monkeypatch.delenv("NATS_SERVER")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(UserError, match="make setup"):
        find_server()


def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}"):
            check_free("127.0.0.1", port)
        broker = Broker(config(port, free_ports(1)[0]), tmp_path, 1, (("127.0.0.1", port),))
        with pytest.raises(UserError, match="already in use"):
            asyncio.run(broker.start())
    assert broker.pid is None
    assert list(tmp_path.iterdir()) == []
    check_free("127.0.0.1", port)


def test_a_refused_configuration_is_told_in_the_servers_words(tmp_path: Path) -> None:
    broker = Broker("{ nonsense: true }", tmp_path, 1, ())
    with pytest.raises(UserError, match="nonsense"):
        asyncio.run(broker.start())


def test_start_crash_restart_stop(tmp_path: Path) -> None:
    port, monitor = free_ports(2)
    broker = Broker(config(port, monitor), tmp_path, monitor, (("127.0.0.1", port), ("127.0.0.1", monitor)))

    async def work() -> list[int]:
        codes = []
        await broker.start()
        first = broker.pid
        await broker.kill()
        codes.append(await broker.wait())
        await broker.start()
        assert broker.pid not in (None, first)
        assert (os.stat(tmp_path / "nats.conf").st_mode & 0o777) == 0o600
        await broker.restart()
        await broker.stop()
        await broker.stop()
        codes.append(await broker.wait())
        assert await broker.leaves() == ()
        return codes

    assert asyncio.run(work()) == [-9, 0]
    assert broker.pid is None


def test_links_that_do_not_come_are_told(tmp_path: Path) -> None:
    port, monitor = free_ports(2)
    broker = Broker(config(port, monitor), tmp_path, monitor, ())

    async def work() -> None:
        await broker.start()
        lonely = Broker("", tmp_path, monitor, (), links=2)
        with pytest.raises(TocsinError, match="only 0 of 2 partner links"):
            await lonely.until_linked(0.1)
        await broker.stop()

    asyncio.run(work())


def test_live_links_name_the_partners(trio: Trio) -> None:
    leaves = trio.run(trio.brokers[Nation.USA].leaves())
    assert {(leaf.account, leaf.remote) for leaf in leaves} == {
        ("LINK_KOR", "KOR-EXERCISE"),
        ("LINK_JPN", "JPN-EXERCISE"),
    }
