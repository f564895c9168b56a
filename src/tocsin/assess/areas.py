"""Which first-level areas a predicted flight threatens: impact in them, or passing over them; and the arc
for the map.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.assess.impact import Prediction
from tocsin.earth.flight import ground_track
from tocsin.earth.frames import ground_azimuth_rad
from tocsin.earth.places import Area, area_probabilities, overflight_probabilities, overflown
from tocsin.model.event import ArcPoint, AreaRisk
from tocsin.model.time import after

Array = NDArray[np.float64]

# Overflown: a corridor of this half-width about the ground track touches the area (issue: 50 km).
CORRIDOR_M: Final = 50_000.0
ARC_POINTS: Final = 60
ENTERED_S: Final = 1.0


def path(found: Prediction) -> Array:
    """Ground track rows [t, lat, lon, alt] from the prediction's epoch to impact, at most ARC_POINTS plus
    its end.
    """
    left_s = max(found.fall.time_s, 0.0)  # a track's error may put its last states just below the ground
    return ground_track(found.start7, left_s, max(left_s / (ARC_POINTS - 2), 0.5))


def arc(found: Prediction, track: Array) -> tuple[ArcPoint, ...]:
    """The predicted arc for pictures."""
    return tuple(
        ArcPoint(after(found.epoch_ns, t), float(np.degrees(lat)), float(np.degrees(lon)), alt)
        for t, lat, lon, alt in track.tolist()
    )


def risks(
    found: Prediction, track: Array, p7: Array, areas: Sequence[Area], before: Sequence[AreaRisk]
) -> tuple[AreaRisk, ...]:
    """Areas by ISO code with the probability of impact and of being overflown, and when the corridor enters
    and leaves.

    An area entered already keeps the entry that was predicted `before`. For an area that only an impact
    threatens both times are the impact's.
    """
    lat, lon = np.radians(found.impact.lat_deg), np.radians(found.impact.lon_deg)
    hit = area_probabilities(float(lat), float(lon), found.covariance_en, areas)
    crossed = {entry.iso: entry for entry in overflown(track, areas, CORRIDOR_M)}
    over = overflight_probabilities(track, areas, CORRIDOR_M, _sideways_m(found, track, p7))
    entered = {risk.area: risk.enter_ns for risk in before if risk.enter_ns is not None}
    rows = []
    for iso in sorted({*hit, *crossed, *over}):
        enter = leave = found.impact.time_ns if iso in hit else None
        if iso in crossed:
            enter = after(found.epoch_ns, crossed[iso].enter_s)
            leave = after(found.epoch_ns, crossed[iso].leave_s)
            if crossed[iso].enter_s < ENTERED_S:
                enter = min(entered.get(iso, enter), enter)
        probability = max(over.get(iso, 0.0), 1.0 if iso in crossed and not over else 0.0)
        rows.append(AreaRisk(iso, hit.get(iso, 0.0), probability, enter, leave))
    return tuple(rows)


def _sideways_m(found: Prediction, track: Array, p7: Array) -> Array:
    """Standard deviation across the track at its rows: from the state's own now to the impact's, growing
    with time.
    """
    start = float(np.sqrt(np.trace(p7[:3, :3]) / 3.0))
    last = track[-2:] if len(track) > 1 else track[[0, 0]]
    heading = float(ground_azimuth_rad(last[0, 1], last[0, 2], last[1, 1], last[1, 2]))
    across = np.array([np.cos(heading), -np.sin(heading)])
    end = float(np.sqrt(max(across @ found.covariance_en @ across, 0.0)))
    part = track[:, 0] / max(float(track[-1, 0]), 1e-9)
    return np.asarray(start + (end - start) * part)
