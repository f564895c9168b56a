"""The Kalman filter that goes on where the batch stops, re-run from an anchor so that late plots fall into
their place.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.track import kernels
from tocsin.track.motion import Gaussian

Array = NDArray[np.float64]

# White acceleration noise: covers what zonal gravity to J4 leaves out (up to 3e-4 m/s^2, changing over
# hundreds of seconds).
NOISE_M2_S3: Final = 1e-6
# In air: what a smooth standard atmosphere and one constant beta miss of the drag, held for a second (ours,
# notional; the part that lasts is taken up by ln beta).
DRAG_PART: Final = 0.05

KEEP_S: Final = 10.0  # rows younger than this stay open to late plots
REBASE_S: Final = 20.0


class Filtered(NamedTuple):
    """Anchor and rows to keep, the estimate at the last row, and how well the rows fitted."""

    anchor: Gaussian
    anchor_s: float
    rows: Array
    head: Gaussian
    head_s: float
    chi2: float
    numbers: int


def run(rows: Array, table: Array, anchor: Gaussian, anchor_s: float) -> Filtered:
    """Filter the rows (in order of time) from the anchor on; moves the anchor up once more than REBASE_S
    are open.
    """
    rows = rows[rows[:, 0] >= anchor_s]
    if len(rows) == 0:
        return Filtered(anchor, anchor_s, rows, anchor, anchor_s, 0.0, 0)
    last_s = float(rows[-1, 0])
    if last_s - float(rows[0, 0]) > REBASE_S:
        old = rows[:, 0] < last_s - KEEP_S
        anchor, chi2, numbers = _through(rows[old], table, anchor, anchor_s)
        anchor_s = float(rows[old][-1, 0])
        rows = rows[~old]
    head, chi2, numbers = _through(rows, table, anchor, anchor_s)
    return Filtered(anchor, anchor_s, rows, head, last_s, chi2, numbers)


def _through(rows: Array, table: Array, start: Gaussian, start_s: float) -> tuple[Gaussian, float, int]:
    x, p = start.x.copy(), start.p.copy()
    chi2, numbers = kernels.run_filter(
        np.ascontiguousarray(rows), table, x, p, start_s, NOISE_M2_S3, DRAG_PART
    )
    return Gaussian(x, p), chi2, numbers
