"""Objects in steady free flight, all together: their numbers as arrays, so that a scan costs each a few
microseconds.

A record of the tracker that is `filtered` keeps here what changes with every plot: three marks of the filter
(see `fleet_kernels`), the rows that are still open to late ones, how many plots and which sensors. `view`
gives it back as a whole record, for whatever happens rarely.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.time import Instant
from tocsin.model.track import Phase
from tocsin.track import fleet_kernels as kernels
from tocsin.track.fleet_kernels import ANCHOR, CHECK, HEAD
from tocsin.track.motion import Gaussian
from tocsin.track.record import Record, flight_of, packed
from tocsin.track.rows import ROW, instant, pack, rows_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# White acceleration noise. What gravity to J4 leaves out changes over hundreds of seconds and comes to 3e-5
# m/s^2 in the median (80 m in 2,400 s, see earth.gravity): over 300 s this noise gives as much.
NOISE_M2_S3: Final = 1e-7
# In air: what a smooth standard atmosphere and one constant beta miss of the drag, held for a second (ours,
# notional; the part that lasts is taken up by ln beta).
DRAG_PART: Final = 0.05
KEEP_S: Final = 10.0  # plots as late as this are put into their place; older ones up to twice that
FIT_SIGMAS: Final = 6.0


class Fleet(Struct, frozen=True):
    """The arrays of `Flock`, packed. `owners`: the record number of each row of `log`; `shares`: see `whole`,
    empty where all are.
    """

    numbers: bytes = b""
    times: bytes = b""
    x: bytes = b""
    p: bytes = b""
    tally: bytes = b""
    plots: bytes = b""
    seen: bytes = b""
    owners: bytes = b""
    log: bytes = b""
    shares: bytes = b""


def whole(rows: Array) -> Array:
    """Shares (n, 2) of rows (n, ROW) that are one object's alone: how much of each is, and the time at which
    it is taken in; shared rows of a look are taken in together.
    """
    return np.column_stack((np.ones(len(rows)), rows[:, 0]))


def likeliest(shares: Array, rows: Array) -> Index:
    """Which rows of one object (n, ROW) are it by itself, in order of time: of a look that it shares the one
    that is likeliest its own.
    """
    order = np.lexsort((rows[:, 3], -shares[:, 0], rows[:, 2], shares[:, 1]))
    looks = np.column_stack((shares[:, 1], rows[:, 2]))[order]
    repeated = (shares[order, 0] < 1.0) & np.append(False, (looks[1:] == looks[:-1]).all(axis=1))
    best = order[~repeated]
    return np.asarray(best[np.lexsort((rows[best, 3], rows[best, 2], rows[best, 0]))])


class Flock:
    """The fleet during one step. Slots: places in the arrays; a slot whose number is -1 is free."""

    def __init__(self, fleet: Fleet, sensors: int) -> None:
        self.numbers = np.frombuffer(fleet.numbers, dtype=np.int64).copy()
        n = len(self.numbers)
        self.times = np.frombuffer(fleet.times).reshape(n, 3).copy()
        self.x = np.frombuffer(fleet.x).reshape(n, 3, 7).copy()
        self.p = np.frombuffer(fleet.p).reshape(n, 3, 7, 7).copy()
        self.tally = np.frombuffer(fleet.tally).reshape(n, 4).copy()
        self.plots = np.frombuffer(fleet.plots, dtype=np.int64).copy()
        self.seen = np.frombuffer(fleet.seen, dtype=np.uint8).reshape(n, sensors).copy()
        self.owners = np.frombuffer(fleet.owners, dtype=np.int64)
        self.log = np.frombuffer(fleet.log).reshape(-1, ROW)
        self.shares = np.frombuffer(fleet.shares).reshape(-1, 2) if fleet.shares else whole(self.log)
        self.slots = {number: slot for slot, number in enumerate(self.numbers.tolist())}

    def packed(self) -> Fleet:
        """The arrays as bytes, free slots left out."""
        used = self.numbers >= 0
        every = bool(used.all())

        def cut(values: NDArray[Any]) -> bytes:
            return (values if every else values[used]).tobytes()

        return Fleet(
            numbers=cut(self.numbers),
            times=cut(self.times),
            x=cut(self.x),
            p=cut(self.p),
            tally=cut(self.tally),
            plots=cut(self.plots),
            seen=cut(self.seen),
            owners=self.owners.tobytes(),
            log=self.log.tobytes(),
            shares=self.shares.tobytes() if np.any(self.shares[:, 0] < 1.0) else b"",
        )

    def moved(self, slots: Index, time_s: float) -> tuple[Array, Array]:
        """States (n, 7) and covariances (n, 7, 7) of heads at another time."""
        x, p = self.x[slots, HEAD], self.p[slots, HEAD]
        out_x, out_p = np.empty_like(x), np.empty_like(p)
        kernels.move_all(x, p, time_s - self.times[slots, HEAD], out_x, out_p)
        return out_x, out_p

    def head(self, record: Record) -> tuple[Gaussian, float]:
        """Estimate of a filtered record and its time."""
        slot = self.slots[record.number]
        return Gaussian(self.x[slot, HEAD].copy(), self.p[slot, HEAD].copy()), float(self.times[slot, HEAD])

    def take(self, slots: Index, rows: Array, table: Array, shares: Array | None = None) -> list[int]:
        """Rows (m, ROW), each with its slot and the slot's share in it (m, 2; see `whole`), into the
        estimates; the slots that free flight explains no more. A look of which several are shared counts as
        one plot.
        """
        shares = whole(rows) if shares is None else shares
        parted = shares[:, 0] < 1.0
        looks = np.column_stack((slots[parted], shares[parted, 1], rows[parted, 2]))
        np.add.at(self.plots, slots[~parted], 1)
        np.add.at(self.plots, np.unique(looks, axis=0)[:, 0].astype(np.int64), 1)
        self.seen[slots, rows[:, 2].astype(np.int64)] = 1
        open_ = shares[:, 1] > self.times[slots, ANCHOR]
        slots, rows, shares = slots[open_], rows[open_], shares[open_]
        if not len(rows):
            return []
        late, again = self._again(slots, shares)
        all_slots, all_rows = np.concatenate((slots, late)), np.concatenate((rows, self.log[again]))
        all_shares = np.concatenate((shares, self.shares[again]))
        self.owners = np.concatenate((self.owners, self.numbers[slots]))
        self.log = np.concatenate((self.log, rows))
        self.shares = np.concatenate((self.shares, shares))
        order = np.lexsort((all_rows[:, 3], all_rows[:, 2], all_shares[:, 1], all_slots))
        touched, starts = np.unique(all_slots[order], return_index=True)
        bounds = np.append(starts, len(order)).astype(np.int64)
        anchors = self.times[touched, ANCHOR]
        kernels.follow(
            touched,
            bounds,
            np.ascontiguousarray(all_rows[order]),
            np.ascontiguousarray(all_shares[order]),
            table,
            self.times,
            self.x,
            self.p,
            self.tally,
            NOISE_M2_S3,
            DRAG_PART,
            KEEP_S,
        )
        if np.any(self.times[touched, ANCHOR] != anchors):
            self._forget()
        chi2, count = self.tally[touched, 0] + self.tally[touched, 2], self.tally[touched, 1::2].sum(axis=1)
        broken = ~(chi2 <= count + FIT_SIGMAS * np.sqrt(2.0 * np.maximum(count, 1.0)) + 0.5 * FIT_SIGMAS)
        return [int(slot) for slot in touched[broken]]

    def _again(self, slots: Index, shares: Array) -> tuple[Index, Index]:
        """Of the slots that get a late row, the kept rows after the mark before it: their slots, and where
        they stand in the log.
        """
        first = np.full(len(self.numbers), np.inf)
        np.minimum.at(first, slots, shares[:, 1])
        late = np.flatnonzero(first <= self.times[:, HEAD])
        if not len(late):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        check = self.times[late, CHECK]
        since = np.full(len(self.numbers), np.inf)
        since[late] = np.where(first[late] > check, check, self.times[late, ANCHOR])
        order = np.argsort(self.numbers, kind="stable")
        owner = order[np.searchsorted(self.numbers[order], self.owners)]
        chosen = np.flatnonzero(self.shares[:, 1] > since[owner])
        return owner[chosen], chosen

    def _forget(self) -> None:
        """Rows that no mark can take in any more, and rows of nobody."""
        used = np.flatnonzero(self.numbers >= 0)
        order = used[np.argsort(self.numbers[used], kind="stable")]
        place = np.searchsorted(self.numbers[order], self.owners)
        place = np.minimum(place, max(len(order) - 1, 0))
        if not len(order):
            keep = np.zeros(len(self.owners), dtype=np.bool_)
        else:
            owner = order[place]
            keep = (self.numbers[owner] == self.owners) & (self.shares[:, 1] > self.times[owner, ANCHOR])
        self.owners, self.log, self.shares = self.owners[keep], self.log[keep], self.shares[keep]

    def recent_sensors(self, within_s: float) -> NDArray[np.bool_]:
        """(slots, sensors): which have seen a slot within the last seconds of its head."""
        seen = np.zeros(self.seen.shape, dtype=np.bool_)
        if len(self.log):
            order = np.argsort(self.numbers, kind="stable")
            owner = order[np.searchsorted(self.numbers[order], self.owners)]
            recent = self.log[:, 0] > self.times[owner, HEAD] - within_s
            seen[owner[recent], self.log[recent, 2].astype(np.int64)] = True
        return seen

    def served(self, sensor: int, time_s: float, same_s: float) -> set[int]:
        """Numbers of those that have a row of a sensor's look."""
        of_look = (self.log[:, 2] == sensor) & (np.abs(self.log[:, 0] - time_s) < same_s)
        return set(self.owners[of_look].tolist())

    def rows_of(self, number: int) -> Array:
        """Open rows of a record, in order, one of each look."""
        mine = self.owners == number
        rows, shares = self.log[mine], self.shares[mine]
        return np.ascontiguousarray(rows[likeliest(shares, rows)])

    def glance(self, record: Record, base_ns: Instant) -> Record:
        """A filtered record with its estimate, without what it would be filtered anew from."""
        slot = self.slots[record.number]
        head_s = float(self.times[slot, HEAD])
        return replace(
            record,
            filtered=False,
            last_ns=max(record.last_ns, instant(base_ns, head_s)),
            plots=int(self.plots[slot]),
            sensors=tuple(np.flatnonzero(self.seen[slot]).tolist()),
            head_s=head_s,
            head=packed(Gaussian(self.x[slot, HEAD], self.p[slot, HEAD])),
        )

    def view(self, record: Record, base_ns: Instant) -> Record:
        """A filtered record with everything in it, as if it were none."""
        slot = self.slots[record.number]
        return replace(
            self.glance(record, base_ns),
            rows=pack(self.rows_of(record.number)),
            anchor_s=float(self.times[slot, ANCHOR]),
            anchor=packed(Gaussian(self.x[slot, ANCHOR], self.p[slot, ANCHOR])),
        )

    def release(self, record: Record, base_ns: Instant) -> Record:
        """A whole record again, and its slot free."""
        whole = self.view(record, base_ns)
        self.numbers[self.slots.pop(record.number)] = -1
        self._forget()
        return whole

    def admit(self, records: Sequence[Record], table: Array) -> list[Record]:
        """Records with an anchor into the fleet; what is left of them outside it."""
        if not records:
            return []
        slots = np.arange(len(self.numbers), len(self.numbers) + len(records))
        anchors = [flight_of(record.anchor) for record in records]
        numbers = np.array([record.number for record in records], dtype=np.int64)
        times = np.repeat([[record.anchor_s] for record in records], 3, axis=1)
        x = np.repeat(np.array([a.x for a in anchors])[:, None], 3, axis=1)
        p = np.repeat(np.array([a.p for a in anchors])[:, None], 3, axis=1)
        seen = np.zeros((len(records), self.seen.shape[1]), dtype=np.uint8)
        for one, record in zip(seen, records, strict=True):
            one[list(record.sensors)] = 1
        self.numbers = np.concatenate((self.numbers, numbers))
        self.times = np.concatenate((self.times, times))
        self.x, self.p = np.concatenate((self.x, x)), np.concatenate((self.p, p))
        self.tally = np.concatenate((self.tally, np.zeros((len(records), 4))))
        self.plots = np.concatenate((self.plots, np.zeros(len(records), dtype=np.int64)))
        self.seen = np.concatenate((self.seen, seen))
        self.slots.update(zip(numbers.tolist(), slots.tolist(), strict=True))
        rows = [rows_of(record.rows) for record in records]
        if sum(map(len, rows)):
            self.take(np.repeat(slots, [len(part) for part in rows]), np.concatenate(rows), table)
        self.plots[slots] = [record.plots for record in records]
        return [hollow(record) for record in records]


def hollow(record: Record) -> Record:
    """A record whose numbers are in the fleet."""
    return replace(record, filtered=True, rows=b"", head=b"", start=b"", anchor=b"", bare=b"")


def ripe(record: Record) -> bool:
    """Is a record the filter's?"""
    return record.phase is Phase.COAST and record.anchor != b"" and record.number > 0


def refiltered(record: Record, rows: Array, table: Array) -> Record | None:
    """One record with an anchor, filtered through all its rows; None when free flight does not explain
    them.
    """
    alone = Flock(Fleet(), len(table))
    named = replace(record, number=1, rows=b"")
    alone.admit([named], table)
    after = rows[rows[:, 0] > record.anchor_s]
    if alone.take(np.zeros(len(after), dtype=np.int64), after, table):
        return None
    whole = alone.view(named, Instant(0))
    return replace(
        record,
        rows=whole.rows,
        head=whole.head,
        head_s=whole.head_s,
        anchor=whole.anchor,
        anchor_s=whole.anchor_s,
        down_ns=None,
    )
