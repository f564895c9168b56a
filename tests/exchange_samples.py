"""Products, labels, keys and clocks for tests of release, share and the door."""

from hashlib import sha256

from tocsin.model.event import ImpactPointPrediction, LaunchEvent, LaunchPointEstimate, SharedPrediction
from tocsin.model.label import Caveat, Label, Nation, Plane
from tocsin.model.product import Product
from tocsin.model.sensor import SensorWord
from tocsin.model.space import EcefState, Ellipse95
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase, RadarLook, SharedPlot, SightLook, Tracklet
from tocsin.model.warning import (
    Certainty,
    MsgType,
    Purpose,
    SharedWarning,
    ThreatKind,
    WarnedArea,
)
from tocsin.release._key import ReleaseKey
from tocsin.share.trust import TrustedKey, TrustList, trust_list

NOW = Instant(1_700_000_000 * SECOND_NS)
PLANE = Plane.EXERCISE
ALL = frozenset(Nation)


def label(origin: Nation, to: frozenset[Nation] = ALL, *caveats: Caveat, plane: Plane = PLANE) -> Label:
    return Label(plane, frozenset((origin,)), to - {origin}, frozenset(caveats))


def tracklet(origin: Nation, number: int, of: Label | None = None, canary: str | None = None) -> Tracklet:
    x = (-3_100_000.0 + number, 4_200_000.5, 3_900_000.25, 1_200.0, -2_000.0, 2_500.0, 9.0)
    p = tuple(float(100 + n) if n in (0, 7, 13, 18, 22, 25, 27) else 0.5 for n in range(28))
    return Tracklet(
        origin=origin,
        track_id=f"{origin}-{number % 7}",
        sequence=number,
        life=Life.CONFIRMED,
        phase=Phase.COAST,
        kind=ObjectClass.BALLISTIC,
        state=EcefState(NOW, x, p),
        first_ns=NOW,
        last_ns=NOW,
        label=of or label(origin),
        identity=canary,
    )


def launch(origin: Nation, number: int, of: Label | None = None) -> LaunchEvent:
    place = LaunchPointEstimate(40.4, 127.0, Ellipse95(4_000.0, 2_000.0, 0.3), NOW, 1.5)
    return LaunchEvent(origin, f"{origin}-1", number, NOW, place, of or label(origin))


def prediction(origin: Nation, number: int, of: Label | None = None) -> SharedPrediction:
    place = ImpactPointPrediction(40.1, 153.2, Ellipse95(9_000.0, 3_000.0, 0.9), NOW, 4.0)
    return SharedPrediction(origin, f"{origin}-1", number, NOW, place, 970_000.0, of or label(origin))


def silence(origin: Nation, number: int, of: Label | None = None) -> SensorWord:
    """To the second at which it fell silent: blurred, this is another time."""
    since_ns = Instant(NOW - 301 * SECOND_NS)
    return SensorWord(origin, f"{origin}-RADAR-1", number, number % 2 == 0, since_ns, of or label(origin))


def plot(origin: Nation, number: int, of: Label | None = None) -> SharedPlot:
    """One look of a radar or from orbit, by turns; every number is finer than any grid."""
    looks = (
        RadarLook(38.123456, 127.654321, 651.5, 812_345.6, 0.789, 0.345, 12.3, 1.2e-3, 1.4e-3, -1_234.5, 2.3),
        SightLook((-4_123_456.7, 5_534_567.8, 2_545_678.9), (0.48, 0.6, 0.64), 1.1e-4),
    )
    return SharedPlot(origin, f"{origin}-{number % 7}", number, NOW, looks[number % 2], of or label(origin))


def public_warning(origin: Nation, number: int, of: Label | None = None) -> SharedWarning:
    """What `origin` told its people."""
    return SharedWarning(
        origin=origin,
        track_id=f"{origin}-EXERCISE-20231114T221300Z-{number}",
        sequence=number,
        msg_type=MsgType.ALERT,
        purpose=Purpose.WARN,
        certainty=Certainty.OBSERVED,
        objects=1,
        areas=(WarnedArea("JP-02", ThreatKind.IMPACT, Instant(NOW + 300 * SECOND_NS)),),
        sent_ns=NOW,
        expires_ns=Instant(NOW + 3_600 * SECOND_NS),
        label=of or label(origin),
        region=False,
    )


def product(origin: Nation, number: int, of: Label | None = None) -> Product:
    """Mostly flow, now and then urgent."""
    if number % 11 == 0:
        return launch(origin, number, of)
    if number % 11 == 5:
        return prediction(origin, number, of)
    if number % 11 == 8:
        return silence(origin, number, of)
    if number % 11 == 9:
        return public_warning(origin, number, of)
    if number % 11 in (2, 3):
        return plot(origin, number, of)
    return tracklet(origin, number, of)


def key(nation: Nation, plane: Plane = PLANE, number: int = 1) -> ReleaseKey:
    """The same every time, and nobody else's."""
    name = f"{nation}-{plane}-{number}"
    return ReleaseKey(name, sha256(f"tests only {name}".encode()).digest())


def trusted(nation: Nation, plane: Plane = PLANE, number: int = 1) -> TrustedKey:
    made = key(nation, plane, number)
    return TrustedKey(nation, plane, made.key_id, made.public)


def trust_of(me: Nation) -> TrustList:
    return trust_list(trusted(nation) for nation in Nation if nation is not me)
