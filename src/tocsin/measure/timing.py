"""Figures of a distribution of times."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct


class Spread(Struct, frozen=True):
    """Median and 99th percentile; null where nothing was measured."""

    p50: float | None
    p99: float | None


def spread(values: Iterable[float]) -> Spread:
    """Percentiles by linear interpolation (numpy's default), to a thousandth."""
    rows = np.fromiter(values, dtype=float)
    if rows.size == 0:
        return Spread(None, None)
    p50, p99 = np.percentile(rows, (50, 99))
    return Spread(round(float(p50), 3), round(float(p99), 3))
