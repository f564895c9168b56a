"""What all tests share: the real data beside the checkout, and one profile for Hypothesis."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["brokers"]

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Same examples every time: a red test must be red again on the next machine.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("explore", deadline=None, derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public launch record, ASTERIX captures, CAP schema: ../shared/data, or $TOCSIN_SHARED_DATA."""
    place = Path(os.environ.get("TOCSIN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"NOT TESTED: no real data at {place}; set TOCSIN_SHARED_DATA to its folder")
    return place


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a chromium, for tests marked `browser`."""
    named = os.environ.get("TOCSIN_CHROMIUM")
    found = named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("NOT TESTED: no chromium on this machine; install it or set TOCSIN_CHROMIUM")
    return found
