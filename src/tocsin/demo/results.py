"""The folder that a run leaves: records, CAP messages, tables, summary and a picture to open in a browser."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tocsin.demo.objects import pictures
from tocsin.demo.stage import Site
from tocsin.demo.summary import Overflown, Run, Summary, flights_out, summarise
from tocsin.demo.tables import write_tracks, write_truth
from tocsin.earth.places import load_areas
from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Nation
from tocsin.model.picture import Picture
from tocsin.model.time import to_iso
from tocsin.page.export import picture_html
from tocsin.record.ledger import Ledger, LedgerReader
from tocsin.record.rows import open_record
from tocsin.sim.scenario import Scenario
from tocsin.sim.truth import fly_all, overflights, truth_rows

LEAST_FREE_BYTES = 300 * 1024 * 1024
"""A run writes some 50 MB of records and as much again for the brokers; less than this ends badly in the
middle.
"""


class UnwrittenError(UserError):
    """The run is over and its results could not be written: the nodes' books are all there is of it."""


def check_room(folder: Path) -> None:
    """Make the folder; UserError when it cannot be made or its disk is nearly full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as failure:
        raise UserError(
            f"cannot write to {folder} ({failure.strerror})", fix="choose another folder"
        ) from failure
    if free < LEAST_FREE_BYTES:
        raise UserError(
            f"the disk of {folder} is full ({free >> 20} MB free, a run needs {LEAST_FREE_BYTES >> 20} MB)",
            fix="free some space or choose a folder on another disk",
        )


def leave_results(
    out: Path,
    run: Run,
    scenario: Scenario,
    sites: Mapping[Nation, Site],
    samples: Mapping[Nation, Sequence[Picture]],
) -> Summary:
    """Write everything into `out`. UnwrittenError when the disk fills up meanwhile."""
    try:
        return _leave(out, run, scenario, sites, samples)
    except (OSError, TocsinError) as failure:
        why = failure.strerror if isinstance(failure, OSError) else failure.args[0]
        raise UnwrittenError(
            f"cannot write the results to {out} ({why})", fix="free some space and run again"
        ) from failure


def _leave(
    out: Path,
    run: Run,
    scenario: Scenario,
    sites: Mapping[Nation, Site],
    samples: Mapping[Nation, Sequence[Picture]],
) -> Summary:
    out.mkdir(parents=True, exist_ok=True)
    records = {
        nation: _copy_record(site, out / "records" / f"{nation}.sqlite") for nation, site in sites.items()
    }
    cap = {nation: _copy_cap(site, out) for nation, site in sites.items()}
    write_truth(out / "truth.csv", ((t, name, *state) for t, name, state in truth_rows(scenario)))
    ledgers = {nation: LedgerReader(open_record(path)) for nation, path in records.items()}
    try:
        for nation, ledger in ledgers.items():
            write_tracks(out / f"tracks-{nation}.csv", pictures(ledger), scenario.start_ns)
        flown = fly_all(scenario.flights)
        over = [
            [Overflown(area, to_iso(at)) for area, at in overflights(flight, load_areas())]
            for flight in flown
        ]
        summary = summarise(run, flights_out(flown, over), flown, ledgers, cap)
    finally:
        for ledger in ledgers.values():
            ledger.close()
    text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (out / "summary.json").write_bytes(text + b"\n")
    meta = {"scenario": run.scenario, "title": scenario.title, "seed": str(run.seed), "plane": run.plane}
    (out / "picture.html").write_bytes(picture_html(samples, meta))
    return summary


def _copy_record(site: Site, path: Path) -> Path:
    """The nation's record, checkpointed into one file."""
    source = site.config.hall_book
    Ledger(source).close()  # a hall that was killed leaves a write-ahead log: opening and closing folds it in
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(path.name + "*"):
        stale.unlink()
    shutil.copyfile(source, path)
    return path


def _copy_cap(site: Site, out: Path) -> list[Path]:
    """CAP messages under out/cap/NATION; paths relative to `out`."""
    folder = out / "cap" / site.config.nation
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = sorted(site.config.outlets_dir.glob("**/*.xml"))
    return [Path(shutil.copy(path, folder)).relative_to(out) for path in found]
