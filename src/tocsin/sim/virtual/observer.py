"""What must hold, judged from outside: by what halls committed and what doors let out, never by what a node
says of itself.

The rules are written here a second time and on purpose: none of release, share or the folds is called. An
observer that shared their code would share their mistakes.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any

import cbor2
import msgspec

from tocsin.model import hpke
from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import LinkReport, Witnessed
from tocsin.model.label import Caveat, Label, Nation
from tocsin.model.product import Import, Offer, Product, Receipt, Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS
from tocsin.model.track import SharedPlot, Tracklet
from tocsin.node.door_words import DoorState
from tocsin.node.hall_words import Forgot, HallEffect, HandedIn
from tocsin.record.ledger import ImportKey, Step
from tocsin.share.topology import Mode, Topology
from tocsin.sim.virtual.door_memory import Tables
from tocsin.sim.virtual.hall_memory import MemoryLedger
from tocsin.sim.virtual.invariants import Broken
from tocsin.sim.virtual.keys import PLANE, decryption_key
from tocsin.sim.virtual.logs_seen import LogKeys, LogObserver
from tocsin.sim.virtual.products import Due, Uid, coarse, kind, uid
from tocsin.sim.virtual.reach import Contiguous
from tocsin.sim.virtual.terms import Terms
from tocsin.sim.virtual.time import Timeline
from tocsin.sim.virtual.watch import is_draft

FORGED = "FORGED-"
"""Track ids of everything that liars make begin so (attack.py)."""

MOST_TOLD = 20
"""Details kept of one broken invariant."""

KEY_ID, ENCRYPTED_TO = 10, 13
"""Where they stand in an envelope's header."""

FORGOTTEN = (AlarmKind.OLD_BACKUP, AlarmKind.SEQUENCE_JUMP, AlarmKind.WITNESS_LOST)
ACCUSING = (*FORGOTTEN, AlarmKind.EQUIVOCATION, AlarmKind.RECORD_DIFFERS)

_HANDED = msgspec.json.Decoder(HandedIn)
_OFFER = msgspec.msgpack.Decoder(Offer)
_FORGOT = msgspec.json.Decoder(Forgot)
_PRODUCTS = msgspec.msgpack.Decoder(tuple[Product, ...])

_Thread = tuple[tuple[Nation, Nation, Traffic], int, str, Label]
"""Stream, how often its origin was restored before, track, label."""


class Observer:
    """Watches one run. `broken` is the verdict."""

    def __init__(
        self, time: Timeline, topology: Topology, terms: dict[Nation, Terms], start_ns: int, keys: LogKeys
    ) -> None:
        self._time, self._topology, self._terms, self._start_ns = time, topology, terms, start_ns
        self.logs = LogObserver(time, keys, self.breaks)
        self.lists: dict[tuple[Nation, Nation], int] = {}
        """The version of the second's trust list that the first says it holds."""
        self.broken: list[Broken] = []
        self.counts: Counter[str] = Counter()
        self.objects: set[tuple[Nation, str]] = set()
        self._due: dict[tuple[Nation, Uid], Due] = {}
        self._got: dict[tuple[Nation, Uid], ImportKey] = {}
        self._streams: dict[tuple[Nation, Nation, Traffic], Contiguous] = {}
        self._sequence_of: dict[_Thread, dict[int, int]] = {}
        self._signed: dict[tuple[Nation, Nation, Traffic], int] = {}
        self._more: Counter[tuple[Nation, Uid]] = Counter()
        """How often a product may come again: its origin's book forgot that it was sent."""
        self._ages: dict[tuple[Nation, Nation, Traffic], list[int]] = {}
        """Last sequence before each restoration of the origin."""
        self._untold: set[Nation] = set()
        """Nations whose officers have not been told yet that their door's book is an old copy."""
        self._newest = dict.fromkeys(Nation, 0)
        self._unsaid: set[Nation] = set()
        """Nations whose officers have not been told yet that their hall's record is an old copy."""
        self._gone: dict[Nation, list[tuple[int, int]]] = {nation: [] for nation in Nation}
        """Numbers of offers that no record holds any more: first and last."""
        self._offers_acked = dict.fromkeys(Nation, 0)
        self._imports_acked = dict.fromkeys(Nation, 0)
        self._drafted: dict[Nation, list[int]] = {nation: [] for nation in Nation}
        self._beats = 0

    @property
    def open(self) -> int:
        """Deliveries that must still come. Counted anew: a name may be accepted twice (an old record)."""
        return sum(due.must and key not in self._got for key, due in self._due.items())

    def breaks(self, invariant: str, detail: str) -> None:
        """It does not hold."""
        self.counts[invariant] += 1
        if self.counts[invariant] <= MOST_TOLD:
            at_s = round((self._time.now - self._start_ns) / SECOND_NS, 3)
            self.broken.append(Broken(invariant, at_s, detail))

    # ---- halls

    def committed(self, nation: Nation, step: Step) -> None:
        """A step stands in a hall's record: its offers are accepted, its imports are taken in."""
        for entry in step.stimuli:
            if entry.kind == "forgot":
                for offer in _FORGOT.decode(entry.body).again:
                    self._replaced(nation, offer)
        for _, body in step.offers:
            self._accepted(nation, _OFFER.decode(body))
        for entry in step.stimuli:
            if entry.kind == "handed":
                for item in _HANDED.decode(entry.body).items:
                    if isinstance(item.item, Import):
                        self._imported(nation, item.item)
                    elif isinstance(item.item, Receipt):
                        self._receipted(nation, item.item)
                    elif isinstance(item.item, Witnessed):
                        self.logs.witnessed(nation, item.item)

    def _accepted(self, origin: Nation, offer: Offer) -> None:
        self.counts["offered"] += 1
        self.objects.add((origin, offer.product.track_id))
        self._newest[origin] = offer.number
        for partner in Nation:
            if partner is not origin:
                due = self._allowed(origin, partner, offer)
                if due is not None:
                    self._due[partner, uid(offer.product)] = due

    def _replaced(self, origin: Nation, offer: Offer) -> None:
        """It was made under a used number, never sent, and is offered again under another name."""
        for partner in Nation:
            due = self._due.get((partner, uid(offer.product)))
            if due is not None and due.number == offer.number:
                self._excused(partner, uid(offer.product), due)

    def _excused(self, partner: Nation, name: Uid, due: Due) -> None:
        """It need not come any more, and may."""
        self._due[partner, name] = due._replace(must=False)

    def _allowed(self, origin: Nation, partner: Nation, offer: Offer) -> Due | None:
        product, terms = offer.product, self._terms[origin]
        label = product.label
        if partner not in label.releasable_to or kind(product) not in terms.kinds[partner]:
            return None
        urgent = not isinstance(product, Tracklet | SharedPlot)
        delay_s = 0
        if Caveat.DELAY in label.caveats:
            delay_s = terms.urgent_delay_s if urgent else terms.flow_delay_s
            if not delay_s:
                return None
        if Caveat.COARSEN in label.caveats and not terms.coarsens:
            return None
        return Due(product, offer.number, self._time.now, True, delay_s)

    def _imported(self, me: Nation, got: Import) -> None:
        product, key = got.product, (me, uid(got.product))
        stream = (got.origin, me, got.traffic)
        self._streams.setdefault(stream, Contiguous()).add(got.sequence)
        if product.track_id.startswith(FORGED) or product.origin is not got.origin:
            return self.breaks("forged", f"{me} took in {uid(product)} from {got.origin}")
        due = self._due.get(key)
        if due is None:
            known = any((other, key[1]) in self._due or other is got.origin for other in Nation)
            return self.breaks("leaked" if known else "forged", f"{me} took in {uid(product)}")
        if key in self._got:
            self._more[key] -= 1
            if self._more[key] < 0:
                self.breaks("duplicated", f"{me} has {uid(product)} twice")
            return None
        self._got[key] = (got.origin, got.traffic, got.sequence)
        self.counts["delivered"] += 1
        if not due.delay_s:
            age = bisect_left(self._ages.get(stream, []), got.sequence)
            thread = (stream, age, product.track_id, product.label)
            self._sequence_of.setdefault(thread, {})[got.sequence] = due.number
        return self._compare(me, due, product)

    def _compare(self, me: Nation, due: Due, got: Product) -> None:
        if got.label != due.product.label or got.label.plane is not PLANE:
            return self.breaks("altered", f"{me}: label of {uid(got)}")
        if Caveat.COARSEN in due.product.label.caveats:
            if not coarse(due.product, got):
                self.breaks("reduced", f"{me} has {uid(got)} as fine as it was")
        elif got != due.product:
            self.breaks("altered", f"{me} has another {uid(got)}")
        return None

    def _receipted(self, me: Nation, receipt: Receipt) -> None:
        if receipt.upto > self.reach(me, receipt.origin, receipt.traffic).most:
            self.breaks("false-receipt", f"{me} believes that {receipt.origin} has {receipt.upto}")

    def reach(self, origin: Nation, recipient: Nation, traffic: Traffic) -> Contiguous:
        """What of a stream the recipient's hall has committed."""
        return self._streams.get((origin, recipient, traffic), Contiguous())

    def effects(self, nation: Nation, effects: Iterable[HallEffect]) -> None:
        """Warnings that a nation drafted."""
        if any(is_draft(effect) for effect in effects):
            self._drafted[nation].append(self._time.now)

    def expect_draft(self, nation: Nation, after_ns: int, until_ns: int) -> None:
        """Cut off from everybody, this nation must have drafted between these times."""
        self.counts["isolated_warnings"] += 1
        if not any(after_ns <= at <= until_ns for at in self._drafted[nation]):
            self.breaks("warning-waits", f"{nation} drafted no warning in time while it was alone")

    def imports_acked(self, nation: Nation, upto: int) -> None:
        """The hall has told its door."""
        self._imports_acked[nation] = max(self._imports_acked[nation], upto)

    def hall_started(self, nation: Nation, handed: int) -> None:
        """A hall is back: what it acknowledged stands in its record."""
        if handed < self._imports_acked[nation]:
            self.breaks(
                "acked-lost", f"{nation} hall acknowledged {self._imports_acked[nation]}, has {handed}"
            )

    # ---- doors

    def offers_acked(self, nation: Nation, upto: int) -> None:
        """The door has told its hall."""
        self._offers_acked[nation] = max(self._offers_acked[nation], upto)

    def door_started(self, nation: Nation, state: DoorState) -> None:
        """A door is back: what it acknowledged stands in its book."""
        if state.offers_upto < self._offers_acked[nation]:
            told = self._offers_acked[nation]
            self.breaks("acked-lost", f"{nation} door acknowledged offer {told}, has {state.offers_upto}")

    def restored(self, nation: Nation, old: Tables) -> None:
        """An old copy of a door's book is put back. What it forgot is offered and sent again, under new
        numbers; what of it was lost on the way never comes under the old ones."""
        self.logs.restored(nation)
        if self._imports_acked[nation] > old.handed_upto:
            self._untold.add(nation)
        self._offers_acked[nation] = old.offers_upto
        self._lose(nation, old.offers_upto)
        for (partner, name), due in self._due.items():
            if name[0] == nation and (due.number > old.offers_upto or (due.number, partner) in old.held):
                self._more[partner, name] += 1
        for partner in self._topology.partners(nation):
            self._signed.pop((nation, partner, Traffic.CONTROL), None)
            for traffic in (Traffic.URGENT, Traffic.FLOW):
                stream, row = (nation, partner, traffic), old.outs.get((partner, traffic))
                self._streams.setdefault(stream, Contiguous()).forgets((row.sent if row else 0) + 1)
                self._ages.setdefault(stream, []).append(self._signed.get(stream, 0))

    def record_restored(self, nation: Nation, old: MemoryLedger, door: Tables) -> None:
        """An old copy of a hall's record is put back. What its door has taken goes on; what it has not is
        lost."""
        self.logs.record_restored(nation)
        if old.mark("handed") < door.hall_upto or old.offers_upto < door.offers_upto:
            self._unsaid.add(nation)
        self._imports_acked[nation] = old.mark("handed")
        for (me, name), place in self._got.items():
            if me is nation and not old.imported([place]):
                self._more[me, name] += 1
        self._gone[nation].append((old.offers_upto + 1, self._newest[nation]))
        self._lose(nation, door.offers_upto)

    def _lose(self, origin: Nation, after: int) -> None:
        """Of the offers that no record holds, the door holds none past this number."""
        for (partner, name), due in list(self._due.items()):
            gone = any(first <= due.number <= last for first, last in self._gone[origin])
            if name[0] == origin and due.number > after and gone:
                self._excused(partner, name, due)

    def desk(self, nation: Nation, alarms: Iterable[Alarm]) -> None:
        """What a hall has its officers see of itself."""
        for alarm in alarms:
            if alarm.kind is AlarmKind.OLD_BACKUP:
                self._unsaid.discard(nation)
                if nation not in self.logs.suspect:
                    self.breaks("false-alarm", f"{nation}: {alarm.detail}")

    def sent(self, sealed: Sealed) -> None:
        """A door lets an envelope out for the first time."""
        stream = (sealed.issuer, sealed.recipient, sealed.traffic)
        if sealed.first <= self._signed.get(stream, 0):
            self.breaks("reused", f"{'-'.join(stream)} {sealed.first} is signed again")
        self._signed[stream] = sealed.last
        if sealed.traffic is Traffic.CONTROL:
            self._beats += sealed.fleeting
            # A heartbeat's marks are cumulative: a false one still stands in the next.
            if not sealed.fleeting or self._beats % 5 == 0:
                self._notes(sealed)
            return
        self.logs.sealed(sealed)
        if stream in self._ages:
            self._streams[stream].resumes(sealed.first)
        for product in self._read(sealed):
            self._let_out(sealed, product)

    def again(self, sealed: Sealed) -> None:
        """A door lets out what stands in its outbox: once more, or at last after a crash."""
        if sealed.first > self._signed.get((sealed.issuer, sealed.recipient, sealed.traffic), 0):
            return self.sent(sealed)
        for product in self._read(sealed):
            self._past_hub(sealed, product)
        return None

    def _read(self, sealed: Sealed) -> tuple[Product, ...]:
        """As its recipient reads it: whoever relays it holds no such key."""
        header, payload = _opened(sealed.data)
        if header[ENCRYPTED_TO]:
            bound = [*header[:KEY_ID], "", 0, 0, header[ENCRYPTED_TO]]
            key = decryption_key(header[ENCRYPTED_TO])
            payload = hpke.decrypt(payload, key, cbor2.dumps(bound)) or b""
        return _PRODUCTS.decode(payload)

    def _let_out(self, sealed: Sealed, product: Product) -> None:
        due = self._due.get((sealed.recipient, uid(product)))
        if due is None:
            return self.breaks("leaked", f"{uid(product)} was sent to {sealed.recipient}")
        self._past_hub(sealed, product)
        # A delay is by the wall clock; one that was turned in between is no measure of it.
        turned = self._time.set_ns[sealed.issuer] >= due.committed_ns
        if self._time.now - due.committed_ns < due.delay_s * SECOND_NS and not turned:
            self.breaks("reduced", f"{uid(product)} left before its delay")
        return None

    def _past_hub(self, sealed: Sealed, product: Product) -> None:
        """What the relay's nation may not read passes it encrypted or not at all."""
        hub = self._topology.hub
        by_relay = sealed.by_hub and hub not in (sealed.issuer, sealed.recipient)
        plain = not _opened(sealed.data)[0][ENCRYPTED_TO]
        readable = plain and hub not in product.label.releasable_to
        if by_relay and self._topology.mode is not Mode.MESH and readable:
            self.breaks("leaked", f"{uid(product)} was sent by way of {hub}")

    def shown(self, nation: Nation, report: LinkReport) -> None:
        """What a door has its officers see."""
        self.logs.shown(nation, report.alarms)
        if any(alarm.kind in FORGOTTEN for alarm in report.alarms):
            self._untold.discard(nation)
        for alarm in report.alarms:
            about = alarm.about.partition("/")[0]
            of = Nation(about) if about in list(Nation) else nation
            if alarm.kind in ACCUSING and not {nation, of} & self.logs.suspect:
                self.breaks("false-alarm", f"{nation}: {alarm.kind} {alarm.about}: {alarm.detail}")

    def uninformed(self, versions: dict[Nation, int]) -> list[str]:
        """Partners that do not say that they hold a nation's newest list."""
        return [
            f"{one} holds list {self.lists.get((one, of), 0)} of {of}, the newest is {version}"
            for of, version in versions.items()
            for one in Nation
            if self.lists.get((one, of), 0) < version
        ]

    def _notes(self, sealed: Sealed) -> None:
        for note in msgspec.msgpack.decode(bytes(cbor2.loads(sealed.data)[1].value[2])):
            claims: dict[str, int] = {}
            if note["type"] == "receipt":
                claims = {note["traffic"]: note["upto"]}
            elif note["type"] == "heartbeat":
                claims = note["committed"]
                for of, mark in note.get("lists", {}).items():
                    self.lists[sealed.issuer, Nation(of)] = mark["version"]
            elif note["type"] == "told-so-far":
                self.logs.word(sealed.issuer, sealed.recipient, note)
            for traffic, upto in claims.items():
                if upto > self.reach(sealed.recipient, sealed.issuer, Traffic(traffic)).most:
                    self.breaks("false-receipt", f"{sealed.issuer} says that its hall has {traffic} {upto}")

    # ---- the end

    def close(self, versions: dict[Nation, int]) -> None:
        """After the healing time: what did not arrive will not. `versions`: of the nations' newest lists."""
        self.logs.close()
        for nation in self._untold:
            self.breaks("unnoticed", f"{nation}'s door has an old book and nobody was told")
        for nation in self._unsaid:
            self.breaks("unnoticed", f"{nation}'s hall has an old record and nobody was told")
        for detail in self.uninformed(versions):
            self.breaks("old-list", detail)
        for (partner, name), due in self._due.items():
            if due.must and (partner, name) not in self._got:
                self.breaks("lost", f"{partner} never got {name}")
        for stream, numbers in self._streams.items():
            if numbers.gaps:
                self.breaks("contiguous", f"{'-'.join(stream)} has a gap after {numbers.upto}")
        for (stream, _, track, _), offers in self._sequence_of.items():
            ordered = [offers[sequence] for sequence in sorted(offers)]
            if ordered != sorted(ordered):
                self.breaks("order", f"{track} in {'-'.join(stream)} does not follow the offers")


def _opened(data: bytes) -> tuple[list[Any], bytes]:
    """Header and payload of an envelope, read without the code that made it."""
    aad, sign1 = cbor2.loads(data)
    return list(cbor2.loads(aad)), bytes(sign1.value[2])
