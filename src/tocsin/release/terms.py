"""What a nation lays down of its releases: the terms of its policy file, as values.

Terms can only narrow what the fixed rules (policy.py) would release. What a file does not name is not given:
a partner without an entry gets nothing. The label's caveats stay the originator's; terms say what keeping
them means here, per class of traffic.
"""

from enum import StrEnum
from math import isfinite

from msgspec import Struct

from tocsin.model.event import LaunchEvent, SharedPrediction
from tocsin.model.label import Nation
from tocsin.model.product import Product, Traffic
from tocsin.model.sensor import SensorWord
from tocsin.model.track import SharedPlot, Tracklet
from tocsin.model.warning import SharedWarning


class Kind(StrEnum):
    """Kinds of product, by the names they have on the wire."""

    TRACKLET = "tracklet"
    LAUNCH = "launch"
    PREDICTION = "prediction"
    SENSOR = "sensor"
    WARNING = "warning"
    PLOT = "plot"


KINDS = frozenset(Kind)

TRAFFIC_OF_KIND = dict.fromkeys(Kind, Traffic.URGENT) | dict.fromkeys(
    (Kind.TRACKLET, Kind.PLOT), Traffic.FLOW
)
"""As `model.product.traffic_of`; here so that what a comparison depends on stands in this room."""


def kind_of(product: Product) -> Kind:
    """The kind of a product."""
    match product:
        case Tracklet():
            return Kind.TRACKLET
        case LaunchEvent():
            return Kind.LAUNCH
        case SharedPrediction():
            return Kind.PREDICTION
        case SensorWord():
            return Kind.SENSOR
        case SharedWarning():
            return Kind.WARNING
        case SharedPlot():
            return Kind.PLOT


class Coarsening(StrEnum):
    """What the caveat COARSEN does: the product is blurred before it leaves, or it stays."""

    REDUCE = "reduce"
    FORBID = "forbid"


class Delaying(StrEnum):
    """What the caveat DELAY does: the product waits in the door, or it stays."""

    WAIT = "wait"
    FORBID = "forbid"


class Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is a mistake to name, not to ignore."""


class PartnerTerms(Strict, frozen=True):
    """[partners.XXX] `kinds`: what this partner may have at all."""

    kinds: frozenset[Kind] = frozenset()


class UrgentTerms(Strict, frozen=True):
    """[urgent] launches, predictions, words on sensors, warnings. Grids in degrees on the ground, metres of
    apogee.
    """

    coarsen: Coarsening = Coarsening.REDUCE
    grid_deg: float = 0.1
    """About 11 km of latitude: the same neighbourhood as `grid_m` of the flow."""
    grid_apogee_m: float = 10_000.0
    delay: Delaying = Delaying.FORBID
    delay_s: int = 0


class FlowTerms(Strict, frozen=True):
    """[flow] tracklets, single plots. Grids in metres and metres per second on each axis, and of ln(beta)."""

    coarsen: Coarsening = Coarsening.REDUCE
    grid_m: float = 10_000.0
    """Own choice: an object's neighbourhood, not its place; far above a radar's error (tens to hundreds of
    metres)."""
    grid_mps: float = 100.0
    """Own choice: about 2 % of an intermediate-range object's speed."""
    grid_ln_beta: float = 1.0
    """A factor of e in ballistic coefficient: heavy or light, no more."""
    delay: Delaying = Delaying.FORBID
    delay_s: int = 0


class Policy(Strict, frozen=True):
    """A nation's terms. Without any partner nothing leaves."""

    partners: dict[Nation, PartnerTerms] = {}
    urgent: UrgentTerms = UrgentTerms()
    flow: FlowTerms = FlowTerms()

    def gives(self, partner: Nation, kind: Kind) -> bool:
        """May this partner have products of this kind at all?"""
        return partner in self.partners and kind in self.partners[partner].kinds

    def of(self, traffic: Traffic) -> UrgentTerms | FlowTerms:
        """Terms of a class of traffic that carries products."""
        return self.flow if traffic is Traffic.FLOW else self.urgent

    def for_product(self, product: Product) -> UrgentTerms | FlowTerms:
        """Terms of the class of traffic that a product is of."""
        return self.of(TRAFFIC_OF_KIND[kind_of(product)])


DEFAULT = Policy(partners={nation: PartnerTerms(KINDS) for nation in Nation})
"""What `tocsin init` writes for an exercise: labels alone decide, COARSEN blurs, DELAY holds back."""

BOUNDS = {
    "urgent.grid_deg": (0.01, 5.0),
    "urgent.grid_apogee_m": (1_000.0, 1_000_000.0),
    "flow.grid_m": (1_000.0, 100_000.0),
    "flow.grid_mps": (10.0, 2_000.0),
    "flow.grid_ln_beta": (0.1, 2.0),
}
"""Lower: ten times finer than the defaults, still coarser than a radar sees: below it COARSEN would be a word
without a deed. Upper: nothing useful is left, and a rounded state would no longer be one that can be."""

MAX_DELAY_S = 86_400
"""A day, in whole seconds: what waits longer is not early warning of anything."""


def faults(policy: Policy) -> list[tuple[str, str, str]]:
    """(key, what is wrong, fix) of everything that types alone cannot say."""
    found = []
    for key, (low, high) in BOUNDS.items():
        table, _, name = key.partition(".")
        value = getattr(getattr(policy, table), name)
        if not (isfinite(value) and low <= value <= high):
            found.append((key, f"{value} is out of bounds", f"give a number from {low} to {high}"))
    for table, terms in (("urgent", policy.urgent), ("flow", policy.flow)):
        key = f"{table}.delay_s"
        if terms.delay is Delaying.WAIT and not 1 <= terms.delay_s <= MAX_DELAY_S:
            fix = f'give whole seconds from 1 to {MAX_DELAY_S}, or delay = "forbid"'
            found.append((key, f"{terms.delay_s} s is no delay", fix))
        if terms.delay is Delaying.FORBID and terms.delay_s != 0:
            fix = f'say {table}.delay = "wait", or delay_s = 0'
            found.append((key, f'{terms.delay_s} s of waiting, but delay = "forbid"', fix))
    return found
