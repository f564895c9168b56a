"""What `tocsin init` writes as policy.toml: every key with a comment, to be edited by hand."""

from tocsin.model.label import Nation, Plane
from tocsin.release.terms import KINDS, MAX_DELAY_S, Kind, PartnerTerms, Policy

_HEAD = """\
# What may leave {nation}. Read by the door when it starts; check an edit with: tocsin policy check FILE
# A label (whose sensors, releasable to whom, which caveats) decides first; the terms below can only narrow
# what it allows. What is not named here is not given.
# The same as law text: tocsin policy show FILE --cedar. A policy.cedar beside this file is compared with it.

# Whose policy this is: another nation's node refuses it.
nation = "{nation}"
"""

_PARTNER = """
# What {partner} may have at all. kinds: "tracklet" (a track of own sensors), "launch" (that something was
# launched, and where), "prediction" (where and when it comes down), "sensor" (that a sensor is silent, or
# speaks again), "warning" (what the people here were told, and its end), "plot" (single looks of sensors
# at what may be under power or comes down through the air, with where the sensor stands and how well it
# sees: fused better than tracks there; not given unless named). [] = nothing.
[partners.{partner}]
kinds = [{kinds}]
"""

_URGENT = """
# Launches, predictions, silence of sensors, warnings.
[urgent]
# Caveat COARSEN of a label: "reduce" = it leaves blurred to the grids below, "forbid" = it stays.
coarsen = "{coarsen}"
# Times of silence are cut to the minute.
# Places on the ground are rounded to so many degrees (0.1 = about 11 km), their ellipses widened by more.
grid_deg = {grid_deg}
# Apogees are rounded to so many metres.
grid_apogee_m = {grid_apogee_m}
# Caveat DELAY of a label: "wait" = it leaves delay_s after the door took it, "forbid" = it stays.
delay = "{delay}"
# Whole seconds of wall time, 1 to {longest}; 0 with "forbid".
delay_s = {delay_s}
"""

_FLOW = """
# Tracklets and plots.
[flow]
# COARSEN: as above; identity, acceleration and range rate are struck out too.
coarsen = "{coarsen}"
# Positions, and places of sensors, are rounded to so many metres on each axis, errors widened by more.
grid_m = {grid_m}
# Velocities are rounded to so many metres per second on each axis.
grid_mps = {grid_mps}
# The logarithm of the ballistic coefficient is rounded to this (1.0 = a factor of 2.7).
grid_ln_beta = {grid_ln_beta}
# DELAY: as above.
delay = "{delay}"
delay_s = {delay_s}
"""


def default_policy(nation: Nation, plane: Plane = Plane.REAL) -> Policy:
    """Labels alone decide, COARSEN blurs, DELAY holds back. Single plots say where sensors stand: in the
    plane REAL a nation names them itself, or they stay.
    """
    kinds = KINDS - {Kind.PLOT} if plane is Plane.REAL else KINDS
    return Policy(partners={partner: PartnerTerms(kinds) for partner in Nation if partner is not nation})


def policy_text(nation: Nation, policy: Policy) -> str:
    """The whole file."""
    parts = [_HEAD.format(nation=nation)]
    for partner, terms in sorted(policy.partners.items()):
        kinds = ", ".join(f'"{kind}"' for kind in Kind if kind in terms.kinds)
        parts.append(_PARTNER.format(partner=partner, kinds=kinds))
    urgent, flow = policy.urgent, policy.flow
    parts.append(
        _URGENT.format(
            coarsen=urgent.coarsen,
            grid_deg=urgent.grid_deg,
            grid_apogee_m=urgent.grid_apogee_m,
            delay=urgent.delay,
            delay_s=urgent.delay_s,
            longest=MAX_DELAY_S,
        )
    )
    parts.append(
        _FLOW.format(
            coarsen=flow.coarsen,
            grid_m=flow.grid_m,
            grid_mps=flow.grid_mps,
            grid_ln_beta=flow.grid_ln_beta,
            delay=flow.delay,
            delay_s=flow.delay_s,
        )
    )
    return "".join(parts)
