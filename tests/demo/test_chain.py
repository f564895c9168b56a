"""The whole chain in real processes: three halls, three doors, three brokers, one recorded launch.

These runs are what the README promises; each is made once and looked at by several tests.
"""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from lxml import etree

NATIONS = ("USA", "KOR", "JPN")
RUN_WITHIN_S = 300
AOMORI = "JP-02"


def tocsin(*words: str, within_s: float = RUN_WITHIN_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin.cli", *words],
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


class Result:
    """A results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary: dict[str, Any] = json.loads((folder / "summary.json").read_text())

    def node(self, nation: str) -> dict[str, Any]:
        node: dict[str, Any] = self.summary["nodes"][nation]
        return node

    def tracks(self, nation: str, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.node(nation)["tracks"] if row["class"] == kind]

    def alert(self, nation: str) -> dict[str, Any]:
        """The first message to the people that was released."""
        return next(row for row in self.node(nation)["warnings"] if row["released_utc"])


def demo(folder: Path, *words: str) -> Result:
    done = tocsin("demo", "--headless", "--out", str(folder), "--speed", "120", *words)
    assert done.returncode == 0, done.stderr[-2000:]
    return Result(folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return demo(tmp_path_factory.mktemp("shared"), "--scenario", "2022-10-04")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return demo(tmp_path_factory.mktemp("alone"), "--scenario", "2022-10-04", "--no-sharing")


pytestmark = pytest.mark.timeout(RUN_WITHIN_S * 2)


class TestOverflight:
    """4 October 2022."""

    @pytest.mark.parametrize("nation", NATIONS)
    def test_one_object_is_one_track_from_everybodys_sensors(self, shared: Result, nation: str) -> None:
        (track,) = shared.tracks(nation, "ballistic")
        assert set(track["sources"]) == set(NATIONS)
        assert track["impact_error_km"] < 20

    def test_truth_is_as_published(self, shared: Result) -> None:
        (flight,) = shared.summary["flights"]
        assert flight["flight_time_s"] == pytest.approx(22 * 60, abs=60)
        assert AOMORI in {row["area"] for row in flight["overflights"]}

    def test_aomori_is_warned_three_minutes_before(self, shared: Result) -> None:
        alert = shared.alert("JPN")
        assert alert["msg_type"] == "Alert"
        assert alert["status"] == "Exercise"
        assert alert["lead_s"][AOMORI] >= 180

    def test_sharing_makes_japan_earlier(self, shared: Result, alone: Result) -> None:
        def confirmed(result: Result) -> str:
            return min(str(row["confirmed_utc"]) for row in result.tracks("JPN", "ballistic"))

        assert confirmed(shared) < confirmed(alone)
        assert shared.alert("JPN")["released_utc"] < alone.alert("JPN")["released_utc"]

    @pytest.mark.parametrize("nation", NATIONS)
    def test_nothing_is_lost_or_doubled(self, shared: Result, nation: str) -> None:
        exchange = shared.node(nation)["exchange"]
        assert exchange["lost"] == exchange["duplicated"] == 0
        assert exchange["released"] > 500
        assert exchange["copies"] > exchange["received"]  # both ways deliver

    @pytest.mark.parametrize("nation", NATIONS)
    def test_without_sharing_nothing_leaves(self, alone: Result, nation: str) -> None:
        exchange = alone.node(nation)["exchange"]
        assert exchange["released"] == exchange["received"] == 0
        assert exchange["withheld"] == 2 * exchange["offered"]
        assert all(row["sources"] == [nation] for row in alone.tracks(nation, "ballistic"))

    def test_same_seed_same_truth_and_plots(self, shared: Result, alone: Result) -> None:
        assert (shared.folder / "truth.csv").read_bytes() == (alone.folder / "truth.csv").read_bytes()
        for nation in NATIONS:
            assert shared.node(nation)["plots_decoded"] == alone.node(nation)["plots_decoded"] > 0

    @pytest.mark.parametrize("nation", NATIONS)
    def test_the_record_runs_again_to_the_same_picture(self, shared: Result, nation: str) -> None:
        done = tocsin("replay", str(shared.folder / "records" / f"{nation}.sqlite"), "--json")
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["same"] is True
        assert said["steps"] > 500

    def test_a_changed_record_is_found(self, shared: Result, tmp_path: Path) -> None:
        path = tmp_path / "JPN.sqlite"
        path.write_bytes((shared.folder / "records" / "JPN.sqlite").read_bytes())
        book = apsw.Connection(str(path))
        book.execute(
            "UPDATE entries SET body = replace(body, '\"range_m\":', '\"range_m\":1') "
            "WHERE kind = 'plots' AND step = (SELECT max(step) FROM entries WHERE body LIKE '%range_m%')"
        )
        book.close()
        done = tocsin("replay", str(path))
        assert done.returncode == 1
        assert "differs" in done.stdout

    def test_cap_messages_are_valid(self, shared: Result, shared_data: Path) -> None:
        schema = etree.XMLSchema(etree.parse(str(shared_data / "cap" / "xsd" / "CAP-v1.2.xsd")))
        alert = shared.alert("JPN")
        assert alert["cap"]
        for name in alert["cap"]:
            message = etree.parse(str(shared.folder / name))
            schema.assertValid(message)
            space = {"c": "urn:oasis:names:tc:emergency:cap:1.2"}
            assert message.findtext("c:status", namespaces=space) == "Exercise"
            languages = [row.text for row in message.findall("c:info/c:language", space)]
            assert {language[:2] for language in languages if language} == {"en", "ko", "ja"}

    @pytest.mark.parametrize("nation", NATIONS)
    def test_tables_hold_the_picture_and_the_truth(self, shared: Result, nation: str) -> None:
        with (shared.folder / f"tracks-{nation}.csv").open() as file:
            rows = list(csv.DictReader(file))
        with (shared.folder / "truth.csv").open() as file:
            truth = {round(float(row["t"])): row for row in csv.DictReader(file)}
        assert len(rows) > 500
        late = [row for row in rows if float(row["t"]) > 400 and round(float(row["t"])) in truth]
        off = [
            abs(float(row[axis]) - float(truth[round(float(row["t"]))][axis]))
            for row in late
            for axis in ("x", "y", "z")
        ]
        assert (
            sorted(off)[len(off) // 2] < 5_000
        )  # half a second of flight, since the epochs are not whole seconds

    def test_the_picture_is_one_file_that_asks_for_nothing(self, shared: Result) -> None:
        page = (shared.folder / "picture.html").read_text("utf-8")
        assert "EXERCISE" in page
        assert 'src="http' not in page
        assert 'href="http' not in page


def test_a_killed_hub_loses_nothing(tmp_path: Path) -> None:
    result = demo(tmp_path, "--scenario", "2022-10-04", "--kill-hub-at", "300")
    for nation in NATIONS:
        exchange = result.node(nation)["exchange"]
        assert exchange["lost"] == exchange["duplicated"] == 0
        assert exchange["copies"] >= exchange["received"]
        (track,) = result.tracks(nation, "ballistic")
        assert set(track["sources"]) == set(NATIONS)


def test_quiet_skies_warn_nobody(tmp_path: Path, shared_data: Path) -> None:
    capture = shared_data / "asterix" / "croatia_cat_034_048.pcap"
    result = demo(tmp_path, "--scenario", "quiet", "--plots", str(capture))
    independent = (capture.with_suffix(".txt")).read_text(errors="replace")
    plots = independent.count("Item 040")  # a CAT048 record with a measured position is a plot
    assert plots == 126
    assert sum(result.node(nation)["plots_decoded"] for nation in NATIONS) == plots
    records = [row for row in independent.split("Data Record") if "Item 040" in row]
    addresses = {address for row in records for address in re.findall(r"AircraftAddress: (\w{6})", row)}
    assert len(result.tracks("KOR", "air")) == len(addresses) == 62
    for nation in NATIONS:
        assert result.node(nation)["warnings"] == []
        assert result.node(nation)["quarantined"] == {}
        assert not result.tracks(nation, "ballistic")
