"""Planted bugs: small patches of production functions, made for one run and taken back after it.

The production code has no hooks for them. A property that lets one of these through is worth nothing, so
every one must be caught; docs/simulation.md lists which invariant does.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from msgspec.structs import replace

from tocsin.model.handoff import HandedItem, ImportBatch
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.node import door_book, door_turn, hall_door, hearing, pipeline, releasing, speaking
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import AckOffers, HandOver, OffersCame, Store
from tocsin.node.hall_words import Told
from tocsin.release import policy
from tocsin.release.policy import Release
from tocsin.release.seal import reopen
from tocsin.share import inbox, links, outbox, wire
from tocsin.share.wire import Refused, Verified
from tocsin.sim.virtual import plants
from tocsin.sim.virtual.plants import Patches
from tocsin.sim.virtual.world import World


class Mutant(NamedTuple):
    """A planted bug. `plant` gives its patches; `faults` are those under which it shows."""

    what: str
    plant: Callable[[], Patches]
    faults: tuple[str, ...] = ()
    world: Callable[[World], None] | None = None
    """What is wrong with the world itself."""
    launch: bool = False
    """It shows only when something flies."""


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Production with the bug in it. AttributeError when what it patches is no longer there."""
    patches = mutant.plant()
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


# ---- sending


def _drop() -> Patches:
    true = Turn.send

    def send(self: Turn, header: Any, payload: bytes, **kw: Any) -> None:
        if header.traffic is Traffic.CONTROL or header.first % 5:
            true(self, header, payload, **kw)

    return [(Turn, "send", send)]


def _outbox_early() -> Patches:
    true = outbox.allocate

    def allocate(stream: Any, count: int) -> Any:
        after, first = true(stream, count)
        return replace(after, receipted=after.sent), first

    return [(outbox, "allocate", allocate)]


def _order_of(first: type) -> Callable[[], Patches]:
    """Effects of one kind are carried out before the transaction."""

    def plant() -> Patches:
        true = Turn.done

        def done(self: Turn) -> Any:
            state, effects = true(self)
            return state, tuple(sorted(effects, key=lambda effect: not isinstance(effect, first)))

        return [(Turn, "done", done)]

    return plant


def _stale_marks() -> Patches:
    true = Turn._store

    def store(self: Turn) -> Store:
        return replace(true(self), ins=self.state.ins)

    return [(Turn, "_store", store)]


def _sequence_reused() -> Patches:
    return [(door_book, "outs_after_start", dict)]


def _no_renewal() -> Patches:
    def renewed(data: bytes, signer: Any, *, former: Any, by_hub: bool, now: int, life_ns: int) -> Any:
        for key in (signer, *former):
            if key.key_id.encode() in data:
                return reopen(data, key, by_hub=by_hub)
        raise AssertionError("a row of no key of ours")

    return [(door_book, "renewed", renewed)]


def _offer_twice() -> Patches:
    true = releasing.take_offers

    def take(turn: Turn, batches: Sequence[OffersCame]) -> None:
        for offer in (offer for batch in batches for offer in batch.offers):
            turn.offers_upto = offer.number - 1
            true(turn, [OffersCame((offer,))])

    return [(releasing, "take_offers", take)]


def _offer_gap() -> Patches:
    true = releasing.take_offers

    def take(turn: Turn, batches: Sequence[OffersCame]) -> None:
        rows = [offer for batch in batches for offer in batch.offers if offer.number > turn.offers_upto]
        if rows:
            turn.offers_upto = rows[0].number - 1
        true(turn, [OffersCame(tuple(rows))])

    return [(releasing, "take_offers", take)]


# ---- releasing


def _release_all() -> Patches:
    return [(releasing, "decide", lambda question: Release("permit.everything"))]


def _without(*names: str) -> Callable[[], Patches]:
    def plant() -> Patches:
        left = tuple(rule for rule in policy.FORBID if rule[0] not in names)
        if len(left) + len(names) != len(policy.FORBID):
            raise AttributeError(f"no rules {names}")
        return [(policy, "FORBID", left)]

    return plant


def _no_delay() -> Patches:
    true = policy._release
    return [(policy, "_release", lambda rule, question: replace(true(rule, question), delay_s=0))]


def _as_it_is() -> Patches:
    return [(releasing, "reduced", lambda product, *_: product)]


# ---- hearing


def _dedup_off() -> Patches:
    true = inbox.accept

    def accept(stream: Any, traffic: Traffic, first: int, last: int) -> Any:
        after, _ = true(stream, traffic, first, last)
        return after, ((first, last),)

    return [(inbox, "accept", accept)]


def _gap_not_asked() -> Patches:
    return [(inbox, "resend_due", lambda stream, traffic, now: (stream, None))]


def _clock_order() -> Patches:
    true, newest = wire.verify, dict[tuple[Nation, Nation, Traffic], int]()

    def verify(data: bytes, trust: Any, me: Nation, plane: Any, now: Any, *rest: Any) -> Verified | Refused:
        found = true(data, trust, me, plane, now, *rest)
        if isinstance(found, Verified) and found.header.traffic is not Traffic.CONTROL:
            key = (found.header.issuer, me, found.header.traffic)
            if found.header.issued_wall_ns < newest.get(key, 0):
                return Refused("expired", "older than the newest")
            newest[key] = found.header.issued_wall_ns
        return found

    return [(hearing, "verify", verify)]


def _passes(name: str) -> Callable[[], Patches]:
    """A step of the verifier finds nothing wrong, ever."""
    return lambda: [(wire, name, lambda *_: None)]


def _unsigned() -> Patches:
    return [(wire, "signed_by", lambda *_: True)]


def _addressed(skipped: str) -> Callable[[], Patches]:
    def plant() -> Patches:
        true = wire._addressed

        def addressed(*args: Any) -> Refused | None:
            found = true(*args)
            return None if found is not None and found.reason == skipped else found

        return [(wire, "_addressed", addressed)]

    return plant


# ---- receipts


def _receipt_forged() -> Patches:
    true = inbox.receipt_due

    def receipt_due(stream: Any, traffic: Traffic, now: Any) -> Any:
        upto = max(stream.told, stream.committed.upto)
        return true(replace(stream, committed=replace(stream.committed, upto=upto)), traffic, now)

    return [(inbox, "receipt_due", receipt_due)]


def _receipt_early() -> Patches:
    true = inbox.accept

    def accept(stream: Any, traffic: Traffic, first: int, last: int) -> Any:
        after, fresh = true(stream, traffic, first, last)
        return replace(after, committed=after.received), fresh

    return [(inbox, "accept", accept)]


def _receipt_believed() -> Patches:
    def receipt(stream: Any, upto: int, now: Any) -> Any:
        return stream if upto <= stream.receipted else replace(stream, receipted=upto)

    return [(outbox, "receipt", receipt)]


# ---- the hall


def _hall_acks_early() -> Patches:
    true = hall_door.DoorLink._take

    async def take(self: Any, batch: ImportBatch) -> None:
        await true(self, batch)
        await self.acknowledge(self._queued_upto, self._ledger.last_step())

    return [(hall_door.DoorLink, "_take", take)]


def _hall_skips() -> Patches:
    def contiguous(items: Sequence[HandedItem], upto: int) -> tuple[HandedItem, ...]:
        return tuple(item for item in items if item.number > upto)

    return [(hall_door, "contiguous", contiguous)]


def _warning_waits() -> Patches:
    true = pipeline.hall_step

    def hall_step(state: Any, stimuli: Any, now: Any) -> Any:
        after, effects = true(state, stimuli, now)
        if state is None or any(link.paths_up for link in after.links):
            return after, effects
        return replace(after, warn=state.warn), tuple(one for one in effects if not isinstance(one, Told))

    return [(pipeline, "hall_step", hall_step)]


# ---- clocks and disks


def _clock_back() -> Patches:
    def passed(since: int, span_ns: int, now: int) -> bool:
        return now - since >= span_ns

    return [(module, "passed", passed) for module in (links, inbox, outbox, door_turn, speaking)]


def _unsynchronous(world: World) -> None:
    for disk in world.disks.values():
        disk.synchronous = False


CRASH = ("crash-door", "crash-hall", "eio")

MUTANTS: dict[str, Mutant] = {
    "drop": Mutant("every fifth envelope is numbered and never sent", _drop),
    "outbox-early": Mutant("a row of the outbox goes before its receipt", _outbox_early, ("loss",)),
    "ack-before-commit": Mutant("offers are acknowledged before the commit", _order_of(AckOffers), CRASH),
    "handover-before-commit": Mutant("the hall gets items before the commit", _order_of(HandOver), CRASH),
    "stale-marks": Mutant("the marks stored are those of the step before", _stale_marks, (*CRASH, "delay")),
    "sequence-reused": Mutant("after a start control goes on where it stood", _sequence_reused, CRASH),
    "no-renewal": Mutant("what waits is sent under the seal it had", _no_renewal,
                         ("skew", "loss", "partition")),
    "offer-twice": Mutant("an offer that comes again is taken again", _offer_twice, ("loss",)),
    "offer-gap": Mutant("offers past a gap are taken", _offer_gap, ("loss", "crash-broker")),
    "wider-label": Mutant("everything is released", _release_all),
    "skipped-forbid": Mutant("kinds that a partner is not given leave", _without("forbid.kind")),
    "caveat-ignored": Mutant("what the terms keep back for a caveat leaves",
                             _without("forbid.coarsen", "forbid.delay")),
    "delay-ignored": Mutant("what asks to wait leaves at once", _no_delay),
    "coarsen-ignored": Mutant("what asks to be coarsened leaves as it is", _as_it_is),
    "flash-alone": Mutant("what is urgent leaves as a flash copy and stands in no outbox",
                          plants.flash_alone, ("loss",)),
    "flash-believed": Mutant("what left as a flash copy alone counts as receipted", plants.flash_believed,
                             ("loss",)),
    "hub-reads": Mutant("what the relay's nation may not read passes it in the clear", plants.hub_reads),
    "dedup-off": Mutant("every copy is new", _dedup_off, ("duplicate", "crash-door", "delay")),
    "gap-not-asked": Mutant("what is missing is not asked for", _gap_not_asked, ("loss",)),
    "clock-order": Mutant("what is older than the newest is refused", _clock_order, ("reorder",)),
    "verify-skipped": Mutant("signatures are not checked", _unsigned, ("spoofed", "bitflip")),
    "expired-accepted": Mutant("times of validity are not checked", _passes("_in_time"), ("future",)),
    "wrong-plane": Mutant("the plane is not checked", _addressed("wrong-plane"), ("spoofed",)),
    "wrong-recipient": Mutant("the recipient is not checked", _addressed("wrong-recipient"), ("replayed",)),
    "others-data": Mutant("a partner may pass on others' data", _passes("_unlawful"), ("wider-label",)),
    "content-unchecked": Mutant("products need not be what the header says", _passes("_first_fault"),
                                ("wider-label",)),
    "receipt-forged": Mutant("a receipt is given for what was only announced", _receipt_forged, ("loss",)),
    "receipt-early": Mutant("a receipt is given before the hall's commit", _receipt_early, CRASH),
    "receipt-believed": Mutant("a receipt for what was never sent is believed", _receipt_believed,
                               ("false-receipt",)),
    "hall-acks-early": Mutant("the hall acknowledges before its commit", _hall_acks_early, CRASH),
    "hall-skips": Mutant("the hall takes items past a gap", _hall_skips, ("loss", "crash-broker")),
    "warning-waits": Mutant("no warning while no partner is heard", _warning_waits, ("leap",), launch=True),
    "clock-back": Mutant("a clock set back stops what is due again and again", _clock_back, ("skew", "loss")),
    "revoked-accepted": Mutant("a revoked key counts on", plants.revoked_accepted, ("stolen-key",)),
    "revoked-as-sent": Mutant("a revoked key counts for what is numbered and not there",
                              plants.revoked_as_sent, ("stolen-key",)),
    "list-kept": Mutant("a new trust list is told to nobody", plants.list_kept, ("rotated-key",)),
    "list-unsigned": Mutant("a trust list needs no root's signature", plants.list_unsigned, ("false-list",)),
    "not-cosigned": Mutant("a partner's checkpoints are not cosigned", plants.not_cosigned),
    "tick-altered": Mutant("the log's leaves are not what the hall committed to", plants.tick_altered),
    "told-unsigned": Mutant("nothing is signed of what a partner was told", plants.told_unsigned),
    "telling-lost": Mutant("every third envelope is missing in its log", plants.telling_lost),
    "backup-unnoticed": Mutant("a door with an old book goes on and tells nobody", plants.backup_unnoticed,
                               ("old-backup",)),
    "backup-told-once": Mutant("a door that dies before it has reported an old book tells nobody",
                               plants.backup_told_once, ("old-backup",)),
    "backup-reuses": Mutant("a door with an old book numbers on from there", plants.backup_reuses,
                            ("old-backup", "loss")),
    "imported-twice": Mutant("what a hall has is taken under a new number", plants.imported_twice,
                             ("old-backup", "loss", "delay")),
    "record-goes-on": Mutant("a hall with an old record numbers on from there", plants.record_goes_on,
                             ("old-record",)),
    "record-unnoticed": Mutant("a hall with an old record tells nobody", plants.record_unnoticed,
                               ("old-record",)),
    "fsync-off": Mutant("a commit is not on the disk when it returns", list, CRASH, _unsynchronous),
}  # fmt: skip
