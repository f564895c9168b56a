"""Liars: a stranger on the wire, a thief with a stolen key, a partner that means ill.

Everything they make up is called `FORGED-`, so that the observer knows it wherever it turns up. What a
partner signs with its own key about its own objects is its word and no forgery: that much it can always do.
"""

import random
from collections import deque
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from tocsin.model.envelope import Header, header_for
from tocsin.model.label import Label, Nation, Plane
from tocsin.model.product import Traffic, traffic_of
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS, Instant
from tocsin.release.seal import seal
from tocsin.share.keylist import KeyList, ListedKey, Use
from tocsin.share.links import Heartbeat, ListNews, Note, Receipt
from tocsin.share.wire import encode_notes, encode_product, join_products
from tocsin.sim.virtual.keys import PLANE, SimKey, signed_by_root
from tocsin.sim.virtual.net import Network
from tocsin.sim.virtual.observer import FORGED
from tocsin.sim.virtual.reach import Contiguous
from tocsin.sim.virtual.time import Timeline
from tocsin.sim.virtual.watch import made

FAR = 2**40
"""Control sequences of liars: far from any that an honest door uses, so that none of its own is spoilt."""

PRODUCT_TRAFFIC = (Traffic.URGENT, Traffic.FLOW)

FLOOD = 150
"""Messages of one flood."""

REMEMBERED = 64
"""Envelopes that the stranger has overheard."""


class Liar:
    """Makes and sends what must never be taken in."""

    def __init__(
        self,
        time: Timeline,
        network: Network,
        dice: random.Random,
        signer: Callable[[Nation], SimKey],
        reach: Callable[[Nation, Nation, Traffic], Contiguous],
    ) -> None:
        self._time, self._network, self._dice, self._signer, self._reach = time, network, dice, signer, reach
        self._newest: dict[tuple[Nation, Nation, Traffic], int] = {}
        self._overheard: deque[Sealed] = deque(maxlen=REMEMBERED)
        self._serial = 0
        self.lied: Callable[[Nation], None] = _nobody
        """Told of nations that have signed two truths."""

    def overhear(self, sealed: Sealed) -> None:
        """Something passed on the wire."""
        if sealed.traffic is not Traffic.CONTROL:
            self._overheard.append(sealed)
            self._newest[sealed.issuer, sealed.recipient, sealed.traffic] = sealed.last

    def malformed(self) -> None:
        """No envelope at all, or one that is cut or doubled in the middle."""
        dice = self._dice
        sealed = self._one_overheard()
        data = sealed.data if sealed else dice.randbytes(200)
        shapes = (
            dice.randbytes(dice.randrange(1, 400)),
            data[: len(data) // 2],
            data + data,
            b"\x9f" * 300,
            b"",
        )
        issuer, recipient = self._pair()
        for shape in shapes:
            self._network.inject(issuer, recipient, shape)

    def spoofed(self) -> None:
        """In another's name, with a key that is not its own; and in the liar's own name for another plane."""
        issuer, recipient = self._pair()
        self._forge(issuer, recipient, SimKey(recipient, 1))
        self._forge(issuer, recipient, SimKey(recipient, 1).called(self._signer(issuer).key_id))
        self._forge(issuer, recipient, SimKey(issuer, 1, Plane.REAL), plane=Plane.REAL)
        other = next(one for one in Nation if one not in (issuer, recipient))
        self._forge(issuer, recipient, self._signer(issuer), origin=other)
        self._forge(issuer, recipient, self._signer(issuer), plane=Plane.TEST)

    def replayed(self) -> None:
        """True envelopes once more, to their recipient and to the other."""
        for sealed in list(self._overheard)[-16:]:
            self._network.inject(sealed.issuer, sealed.recipient, sealed.data)
            other = next(one for one in Nation if one not in (sealed.issuer, sealed.recipient))
            self._network.inject(sealed.issuer, other, sealed.data)

    def future(self) -> None:
        """Truly signed, of tomorrow."""
        issuer, recipient = self._pair()
        self._forge(issuer, recipient, self._signer(issuer), at=86_400 * SECOND_NS)

    def flood(self) -> None:
        """Rubbish and truly signed heartbeats, many at once."""
        issuer, recipient = self._pair()
        for n in range(FLOOD):
            if n % 3:
                self._network.inject(issuer, recipient, self._dice.randbytes(300))
            else:
                self._say(issuer, recipient, self._beat(issuer))

    def contradicting(self) -> Nation | None:
        """Another content under a sequence that the partner has long had; who signed both, if anybody."""
        sealed = self._one_overheard()
        if sealed is None:
            return None
        known = [self._reach(sealed.issuer, sealed.recipient, traffic).whole for traffic in PRODUCT_TRAFFIC]
        if not all(known):
            return None
        first = self._dice.randint(1, min(known))
        self._forge(sealed.issuer, sealed.recipient, self._signer(sealed.issuer), first=first)
        self.lied(sealed.issuer)
        return sealed.issuer

    def wider(self) -> None:
        """A partner passes on what is not its own, and what its label does not release to the recipient."""
        issuer, recipient = self._pair()
        other = next(one for one in Nation if one not in (issuer, recipient))
        signer = self._signer(issuer)
        both = Label(PLANE, frozenset((issuer, other)), frozenset((recipient,)))
        self._forge(issuer, recipient, signer, label=both)
        self._forge(issuer, recipient, signer, label=Label(PLANE, frozenset((issuer,)), frozenset((other,))))
        self._forge(issuer, recipient, signer, label=both, header_label=self._label(issuer, recipient))

    def false_receipts(self) -> None:
        """A partner receipts what was never sent to it."""
        issuer, recipient = self._pair()
        self._say(issuer, recipient, Receipt(Traffic.FLOW, FAR), Receipt(Traffic.URGENT, FAR))

    def thief(self, key: SimKey, recipient: Nation) -> None:
        """With a stolen key, after it was revoked there: in the places that wait for the true message too."""
        for n in range(4):
            self._forge(key.nation, recipient, key, awaited=n % 2 == 1)

    def false_list(self) -> None:
        """A list that no root signed, in a nation's name, and what its key would open."""
        issuer, recipient = self._pair()
        key = SimKey(recipient, 1).called(f"{issuer}-{PLANE}-{FAR}")
        self._serial += 1
        way = ListedKey(f"{issuer}-{PLANE}-E{FAR}", key.public, Use.CURRENT)
        keys = KeyList(issuer, PLANE, FAR + self._serial, 0, (key.listed(Use.CURRENT),), (way,))
        news = ListNews(signed_by_root(keys, SimKey(recipient, "liar")).signed)
        header = self._header(
            self._label(issuer, recipient),
            issuer,
            recipient,
            Traffic.CONTROL,
            FAR + self._serial,
            key.key_id,
            0,
        )
        self._put(seal(header, encode_notes([news]), key, by_hub=False))
        self._forge(issuer, recipient, key)
        self._time.after(SECOND_NS, partial(self._forge, issuer, recipient, key))

    # ---- making

    def _forge(
        self,
        issuer: Nation,
        recipient: Nation,
        signer: SimKey,
        *,
        origin: Nation | None = None,
        plane: Plane = PLANE,
        at: int = 0,
        first: int | None = None,
        awaited: bool = False,
        label: Label | None = None,
        header_label: Label | None = None,
    ) -> None:
        label = label or self._label(origin or issuer, recipient, plane)
        self._serial += 1
        product = made(origin or issuer, self._serial, label, self._dice)
        product = replace(product, track_id=f"{FORGED}{self._serial}")
        traffic = traffic_of(product)
        if awaited:
            first = self._reach(issuer, recipient, traffic).whole + 1
        if first is None:  # the very one that is awaited, or about that
            first = self._newest.get((issuer, recipient, traffic), 0) + self._dice.randint(1, 3)
        header = self._header(header_label or label, issuer, recipient, traffic, first, signer.key_id, at)
        payload = join_products([encode_product(product)])
        self._put(seal(header, payload, signer, by_hub=False))

    def _say(self, issuer: Nation, recipient: Nation, *notes: Note) -> None:
        self._serial += 1
        signer = self._signer(issuer)
        label = self._label(issuer, recipient)
        header = self._header(label, issuer, recipient, Traffic.CONTROL, FAR + self._serial, signer.key_id, 0)
        self._put(seal(header, encode_notes(notes), signer, by_hub=False))

    def _header(
        self,
        label: Label,
        issuer: Nation,
        recipient: Nation,
        traffic: Traffic,
        first: int,
        key_id: str,
        at: int,
    ) -> Header:
        issued = self._time.wall(issuer) + at
        return header_for(
            label,
            issuer=issuer,
            recipient=recipient,
            traffic=traffic,
            first=first,
            last=first,
            key_id=key_id,
            issued_wall_ns=Instant(issued),
            expires_wall_ns=Instant(issued + 3600 * SECOND_NS),
        )

    def _put(self, sealed: Sealed) -> None:
        self._network.inject(sealed.issuer, sealed.recipient, sealed.data)

    def _beat(self, issuer: Nation) -> Heartbeat:
        return Heartbeat(self._time.wall(issuer), {}, {}, {}, 1, 0)

    def _label(self, issuer: Nation, recipient: Nation, plane: Plane = PLANE) -> Label:
        return Label(plane, frozenset((issuer,)), frozenset((recipient,)))

    def _pair(self) -> tuple[Nation, Nation]:
        issuer, recipient = self._dice.sample(list(Nation), 2)
        return issuer, recipient

    def _one_overheard(self) -> Sealed | None:
        return self._overheard[0] if self._overheard else None


def _nobody(_nation: Nation) -> None:
    """Whoever listens is told later."""
