"""Who may have a canary, written down a second time, from what labels and terms mean and not from the rules:
an oracle that shares nothing with tocsin.release.
"""

from __future__ import annotations

from flock import PLANE, Canary
from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.label import Nation
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.track import RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.release.terms import Policy

NAMES = {
    Tracklet: "tracklet",
    LaunchEvent: "launch",
    SharedPrediction: "prediction",
    SensorWord: "sensor",
    SharedPlot: "plot",
}
MINUTE_NS = 60_000_000_000


def may_have(canary: Canary, reader: Nation, me: Nation, policy: Policy, waited_s: int) -> bool:
    """May this nation have this product, so long after the door took it?"""
    product = canary.product
    flow = isinstance(product, Tracklet | SharedPlot)
    terms = policy.flow if flow else policy.urgent
    name = NAMES[type(product)]
    given = reader in policy.partners and name in {str(kind) for kind in policy.partners[reader].kinds}
    named = reader in canary.readers
    ours = product.origin is me and canary.plane is PLANE and bool(canary.owners)
    echo = canary.owners == {reader}
    onward = "NO_ONWARD" in canary.caveats and canary.owners != {me}
    blurred = "COARSEN" not in canary.caveats or terms.coarsen == "reduce"
    in_time = "DELAY" not in canary.caveats or (terms.delay == "wait" and waited_s >= terms.delay_s)
    return given and named and ours and not echo and not onward and blurred and in_time


def relay_may(canary: Canary, hub: Nation) -> bool:
    """A relay reads what passes: it must be named, or be the sole owner."""
    return hub in canary.readers or canary.owners == {hub}


def finer(product: Product, sent: Product, policy: Policy) -> list[str]:
    """Fields of a COARSEN product that left finer than the terms' grids allow."""
    found: list[str] = []
    if isinstance(sent, Tracklet) and isinstance(product, Tracklet):
        found += [name for name in ("identity", "accel_mps2") if getattr(sent, name) is not None]
        grids = (policy.flow.grid_m,) * 3 + (policy.flow.grid_mps,) * 3 + (policy.flow.grid_ln_beta,)
        found += [
            f"x[{n}]" for n, (x, g) in enumerate(zip(sent.state.x, grids, strict=True)) if off_grid(x, g)
        ]
        found += ["covariance"] if set(sent.state.p) & set(product.state.p) - {0.0} else []
    elif isinstance(sent, SharedPlot) and isinstance(product, SharedPlot):
        found += finer_look(product.look, sent.look, policy.flow.grid_m)
    elif isinstance(sent, SharedPrediction):
        found += ["apogee_m"] if off_grid(sent.apogee_m, policy.urgent.grid_apogee_m) else []
        found += ["lat_deg"] if off_grid(sent.impact.lat_deg, policy.urgent.grid_deg) else []
    elif isinstance(sent, SensorWord):
        found += ["since_ns"] if sent.since_ns % MINUTE_NS else []
    elif isinstance(sent, LaunchEvent):
        found += ["lat_deg"] if off_grid(sent.launch.lat_deg, policy.urgent.grid_deg) else []
    return found


def finer_look(product: RadarLook | SightLook, sent: RadarLook | SightLook, grid_m: float) -> list[str]:
    """The same of a single look."""
    if isinstance(sent, SightLook):
        found = [f"from[{n}]" for n, x in enumerate(sent.from_ecef_m) if off_grid(x, grid_m)]
        fine = isinstance(product, SightLook) and set(sent.unit) & set(product.unit)
        return found + (["unit"] if fine else []) + (["sigma"] if sent.sigma_rad < 0.1 else [])
    found = ["rate"] if sent.range_rate_mps is not None or sent.range_rate_sigma_mps is not None else []
    found += ["range_m"] if off_grid(sent.range_m, grid_m) else []
    found += ["alt_m"] if off_grid(sent.alt_m, grid_m) else []
    same = [name for name in sent.__struct_fields__ if getattr(sent, name) == getattr(product, name)]
    return found + same


def off_grid(value: float, grid: float) -> bool:
    """True when a number says more than its grid."""
    return abs(value / grid - round(value / grid)) > 1e-4
