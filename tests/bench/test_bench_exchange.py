"""A very short run of the exchange's benchmark over three real nations: that it measures, never how fast."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest

from tocsin.bench import exchange
from tocsin.bench.result import Result

# Starting three nations takes a second each on a quiet machine, and many on a busy one.
pytestmark = pytest.mark.timeout(300)

KEYS = {
    "rate_per_s",
    "fsync_ms",
    "p50_ms",
    "p99_ms",
    "urgent_p50_ms",
    "urgent_flood_p99_ms",
    "floor_p50_ms",
    "ratio_p50",
    "lost",
    "duplicated",
    "plot_to_partner_ms",
}


def children() -> set[str]:
    """Command lines of this process's living descendants (Linux; elsewhere none are seen)."""
    found: set[str] = set()
    waiting = [os.getpid()]
    while waiting:
        for path in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            for pid in path.read_text().split():
                waiting.append(int(pid))
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if "tocsin.node" in command or "nats-server" in command:
                    found.add(f"{pid} {command}")
    return found


class Ran(msgspec.Struct):
    result: Result
    folder: Path
    left: set[str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("bench")
    before = children()
    result = asyncio.run(exchange.run(4.0, folder, lambda line: None))
    return Ran(result, folder, children() - before)


def test_nothing_is_lost_or_doubled_on_any_way(ran: Ran) -> None:
    found = ran.result
    assert (found.lost, found.duplicated) == (0, 0)
    assert (found.floor_lost, found.floor_duplicated) == (0, 0)
    assert found.withheld == 0
    assert found.released == 2 * found.offered


def test_prints_the_keys_that_others_read(ran: Ran) -> None:
    printed = msgspec.json.decode(msgspec.json.encode(ran.result))
    assert set(printed) >= KEYS
    assert set(printed["plot_to_partner_ms"]) == {"p50", "p99"}
    assert None not in [printed[key] for key in KEYS]


def test_every_way_was_measured(ran: Ran) -> None:
    found = ran.result
    assert found.rate_per_s > 0
    assert found.bare_floor_rate_per_s > 0
    assert found.flood_per_s == 2_000.0
    assert found.fsync_ms > 0
    assert found.plots > 0
    assert found.chain_products > 0
    assert found.offered > found.chain_products / 2  # the chain's products and those of the doors alone
    assert found.core_floor_p50_ms
    for row in found.at_rates:
        assert None not in [
            value for key, value in msgspec.structs.asdict(row).items() if key != "cpu_per_1000"
        ]
        assert row.envelope_records >= 1
        assert row.envelope_bytes > 200  # a signature, a label and a state
        if sys.platform == "linux":
            assert row.cpu_per_1000 is not None
            assert min(msgspec.structs.astuple(row.cpu_per_1000)) > 0


def test_leaves_no_process_and_no_file(ran: Ran) -> None:
    assert ran.left == set()
    assert list(ran.folder.iterdir()) == []
