"""The objects of one nation during one step: records, the fleet of those in steady free flight, and lines of
sight that wait for one that crosses them.

What is done to one record is done by `solve`; what is done to all at once is done here, without a look at
each.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tocsin.model.sensor import Sensor
from tocsin.model.time import SECOND_NS, Instant
from tocsin.model.track import Life, ObjectClass, Phase
from tocsin.track.associate import Candidates, assign, gate, scans
from tocsin.track.contest import contested
from tocsin.track.crib import Crib
from tocsin.track.fleet import Fleet, Flock, hollow, likeliest, ripe, whole
from tocsin.track.fleet_kernels import HEAD
from tocsin.track.life import ENDED
from tocsin.track.living import QUIET_S, lived
from tocsin.track.nursery import HOLD_S
from tocsin.track.record import Record, at, estimate
from tocsin.track.rows import LOS, ROW, instant, merged, rows_of, seconds, unpack
from tocsin.track.shares import price, shares
from tocsin.track.solve import broken_off, resumed, update
from tocsin.track.start import LOOSE_S, from_radar, from_sights
from tocsin.track.work import behind, put_off

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BLIND_S: Final = 12.0
DOWN_NS: Final = 10 * SECOND_NS
# Seen again after so long, and known so badly (a chord of 4 km bends by 2 m over 1,000 km), the batch goes
# on.
GAP_S: Final = 20.0
VAGUE_M: Final = 2_000.0
LOOSE_LIMIT: Final = 64
HELD_LIMIT: Final = 4_000
# Plots of one object so close in time are of one look of a sensor.
SAME_LOOK: Final = 0.6
SAME_LOOK_S: Final = 0.5
TENTATIVE_LIMIT: Final = 1_000
SOMEWHERE_M: Final = 1e9  # farther than the Moon: no object's neighbour
SILENT_S: Final = 10.0  # after so long a radar sends no more rows that those which wait could wait for


class Scene:
    """Records (`records`) by number, tentative ones last; `flock`: numbers of the filtered ones."""

    def __init__(
        self,
        records: Sequence[Record],
        fleet: Fleet,
        loose: Array,
        crib: Crib,
        table: Array,
        sensors: Sequence[Sensor],
        base_ns: Instant,
        now: Instant,
        fits: float = np.inf,
    ) -> None:
        self.records = list(records)
        self.flock = Flock(fleet, len(table))
        self.loose = loose
        self.crib = crib
        self.table = table
        self.periods_s = [sensor.period_s for sensor in sensors]
        self.base_ns = base_ns
        self.now_s = seconds(base_ns, now)
        self.held = np.empty((0, ROW))
        self.fits = fits

    def take(self, chunk: Array) -> None:
        """Give a chunk's rows to their objects: the confirmed choose first, then the tentative; the rest may
        begin new ones.
        """
        self.loose = self.loose[self.loose[:, 0] > chunk[0, 0] - LOOSE_S]
        taken: dict[int, list[Array]] = {}
        for scan in scans(chunk, self.periods_s):
            left, time_s = scan, float(np.mean(scan[:, 0]))
            served = self._served(int(scan[0, 2]), time_s)
            for tentative in (False, True):
                if not len(left):
                    break
                chosen = self._asking(tentative, time_s)
                means, covs = self._states(chosen, time_s)
                if not tentative:
                    around = means[_somewhere(means), :3]
                free = [k for k, i in enumerate(chosen) if i not in served]
                chosen, means, covs = [chosen[k] for k in free], means[free], covs[free]
                found = gate(left, self.table, means, covs, time_s)
                if not tentative and self.now_s - time_s < min(HOLD_S, self.periods_s[int(scan[0, 2])]):
                    left, found = self._hold(left, found)
                pairs = assign(found)
                for i, row in self._given(left, chosen, found, pairs):
                    taken.setdefault(i, []).append(row)
                left = np.ascontiguousarray(np.delete(left, [plot for _, plot in pairs], axis=0))
            self._begin(self._to_crib(left, around, time_s, taken))
        self._update(taken)

    def _hold(self, left: Array, found: Candidates) -> tuple[Array, Candidates]:
        """Rows that more than one track may have made wait until their look is whole: who has no plot yet
        would take a neighbour's.
        """
        many = np.bincount(found.plots, minlength=len(left)) > 1
        if not many.any():
            return left, found
        self.held = merged(self.held, left[many])[-HELD_LIMIT:]
        place, kept = np.cumsum(~many) - 1, ~many[found.plots]
        rest = Candidates(found.tracks[kept], place[found.plots[kept]], found.costs[kept])
        return np.ascontiguousarray(left[~many]), rest

    def _given(
        self, left: Array, chosen: Sequence[int], found: Candidates, pairs: Sequence[tuple[int, int]]
    ) -> list[tuple[int, Array]]:
        """Rows of the pairs (indices of records), each with the record's share in it (ROW + 2; see
        `fleet.whole`). Only the filtered share.
        """
        if not pairs:
            return []
        rows = np.concatenate((left, whole(left)), axis=1)
        inside = np.array([self.records[i].filtered for i in chosen], dtype=np.bool_)
        unsure: set[int] = set()
        given: list[tuple[int, Array]] = []
        for group in shares(found, pairs, inside, price(left[0], self.table[int(left[0, 2])])):
            when_s = min(float(left[share.plot, 0]) for share in group)
            for share in group:
                given.append((chosen[share.track], np.append(left[share.plot], (share.part, when_s))))
                unsure.add(share.track)
        return [(chosen[track], rows[plot]) for track, plot in pairs if track not in unsure] + given

    def _served(self, sensor: int, time_s: float) -> set[int]:
        """Records (indices) that have a row of this look already: it may come in parts, over steps, and a
        look gives an object at most one plot.
        """
        same_s = min(SAME_LOOK, SAME_LOOK_S / self.periods_s[sensor]) * self.periods_s[sensor]
        numbers = self.flock.served(sensor, time_s, same_s)
        found: set[int] = set()
        for i, record in enumerate(self.records):
            if record.filtered:
                if record.number in numbers:
                    found.add(i)
            else:
                rows = unpack(record.rows, -1, ROW)
                if np.any((rows[:, 2] == sensor) & (np.abs(rows[:, 0] - time_s) < same_s)):
                    found.add(i)
        return found

    def _to_crib(self, left: Array, around: Array, time_s: float, taken: dict[int, list[Array]]) -> Array:
        """Rows that nobody wants, those in a crowd taken away; `around` (n, 3): where the confirmed are. What
        began just now in the middle of a crowd was begun too early, unless it has `taken` a row since; those
        that have keep their rows where the records move up.
        """
        if not len(left) or left[0, 1] == LOS:
            return left
        young = [
            i
            for i, record in enumerate(self.records)
            if i not in taken and self.crib.takes_back(record, time_s)
        ]
        left, crowd = self.crib.take(left, around, [self.records[i] for i in young])
        gone = {young[k] for k in crowd}
        if gone:
            kept = [i for i in range(len(self.records)) if i not in gone]
            moved = {place: taken[i] for place, i in enumerate(kept) if i in taken}
            taken.clear()
            taken.update(moved)
            self.records = [self.records[i] for i in kept]
        return left

    def hatch(self) -> None:
        """Objects that the crib's rows show now; rows that waited too long begin objects by themselves."""
        for sensor in self.crib.sensors():
            time_s = self.crib.newest_s(sensor)
            chosen = self._asking(False, time_s)
            means, _ = self._states(chosen, time_s)
            means = means[_somewhere(means)]
            born, again = self.crib.hatch(sensor, self.now_s, means)
            self.records += born
            self.held = merged(self.held, again)[-HELD_LIMIT:]
            self._begin(self.crib.stale(sensor, max(time_s, self.now_s - SILENT_S)))

    def _asking(self, tentative: bool, time_s: float) -> list[int]:
        """Records that may choose plots now. One lost from sight under power is anywhere by now: it waits
        to be stitched.
        """
        now = instant(self.base_ns, time_s)
        return [
            i
            for i, record in enumerate(self.records)
            if (record.life is Life.TENTATIVE) is tentative and _asks(record, time_s, now)
        ]

    def _states(self, chosen: Sequence[int], time_s: float) -> tuple[Array, Array]:
        """Means (n, 6) and covariances (n, 6, 6) of records at a time."""
        means, covs = np.empty((len(chosen), 6)), np.empty((len(chosen), 6, 6))
        filtered = [self.records[i].filtered for i in chosen]
        inside = np.flatnonzero(filtered)
        if len(inside):
            slots = self._slots([chosen[k] for k in inside.tolist()])
            x, p = self.flock.moved(slots, time_s)
            means[inside], covs[inside] = x[:, :6], p[:, :6, :6]
        for k, i in enumerate(chosen):
            if not filtered[k]:
                state = at(self.records[i], time_s)
                means[k], covs[k] = state.x[:6], state.p[:6, :6]
        return means, covs

    def _slots(self, chosen: Sequence[int]) -> Index:
        slots = self.flock.slots
        return np.array([slots[self.records[i].number] for i in chosen], dtype=np.int64)

    def _resume(self, taken: dict[int, list[Array]]) -> None:
        """Records seen again after a gap that made more of their errors than the filter can take."""
        for i, rows in taken.items():
            record = self.records[i]
            if not record.filtered:
                continue
            gap_s = float(rows[0][0]) - float(self.flock.times[self.flock.slots[record.number], HEAD])
            if gap_s > GAP_S:
                _, p = self.flock.moved(self._slots([i]), float(rows[0][0]))
                if np.trace(p[0, :3, :3]) > VAGUE_M**2:
                    self.records[i] = resumed(self.flock.release(record, self.base_ns))

    def _update(self, taken: dict[int, list[Array]]) -> None:
        self._resume(taken)
        inside = [i for i in sorted(taken) if self.records[i].filtered]
        if inside:
            rows = np.array([row for i in inside for row in taken[i]])
            slots = np.repeat(self._slots(inside), [len(taken[i]) for i in inside])
            by_slot = dict(zip(self._slots(inside).tolist(), inside, strict=True))
            for i in inside:
                if self.records[i].down_ns is not None:
                    self.records[i] = replace(self.records[i], down_ns=None)
            for slot in self.flock.take(slots, rows[:, :ROW], self.table, rows[:, ROW:]):
                i = by_slot[slot]
                whole = self.flock.release(self.records[i], self.base_ns)
                self.records[i] = broken_off(whole, self.table, self.base_ns)
        young = [i for i in taken if not self.records[i].filtered and i not in inside]
        new = {}
        for i in young:
            rows = np.array(taken[i])
            new[i] = np.ascontiguousarray(rows[likeliest(rows[:, ROW:], rows), :ROW])
        self.fits = contested(self.records, new, self.table, self.periods_s, self.fits)
        for i in sorted(young, key=lambda i: (self.records[i].head_s, i)):
            self._estimate(i, new[i])

    def _estimate(self, i: int, new: Array) -> None:
        """A record with new rows, if there is room for one more estimate; else it waits with them."""
        if self.fits < 1.0:
            self.records[i] = put_off(self.records[i], new, self.base_ns)
            return
        self.fits -= 1.0
        self.records[i] = update(self.records[i], new, self.table, self.base_ns)

    def catch_up(self) -> None:
        """Estimates that were put off, as many as there is room for: the oldest first."""
        late = [i for i, record in enumerate(self.records) if behind(record)]
        for i in sorted(late, key=lambda i: (self.records[i].head_s, i))[: int(min(self.fits, len(late)))]:
            self._estimate(i, np.empty((0, ROW)))

    def _begin(self, left: Array) -> None:
        """Plots that nobody wants: a radar's begins an object, a line of sight waits for one that crosses
        it.
        """
        room = TENTATIVE_LIMIT - sum(record.life is Life.TENTATIVE for record in self.records)
        for row in left:
            if room <= 0:
                break
            if row[1] != LOS:
                self.records.append(from_radar(row, self.table, self.base_ns))
                room -= 1
                continue
            begun = from_sights(row, self.loose, self.table, self.base_ns)
            if begun is None:
                self.loose = np.concatenate((self.loose, row.reshape(1, -1)))[-LOOSE_LIMIT:]
            else:
                self.records.append(begun[0])
                room -= 1
                self.loose = np.delete(self.loose, begun[1], axis=0)

    def admit(self) -> None:
        """Whoever lives and has an anchor and a number goes into the fleet."""
        chosen = [
            i
            for i, record in enumerate(self.records)
            if not record.filtered and ripe(record) and record.life not in ENDED
        ]
        for i, inside in zip(
            chosen, self.flock.admit([self.records[i] for i in chosen], self.table), strict=True
        ):
            self.records[i] = inside

    def age(self, now: Instant) -> None:
        """Lives of all records at `now`. One of the fleet that is confirmed, of a known kind and seen just
        now lives on as it is.
        """
        quiet = self._quiet(now)
        for i, record in enumerate(self.records):
            if record.number in quiet and record.life is Life.CONFIRMED and _known(record):
                continue
            whole = self.flock.glance(record, self.base_ns) if record.filtered else record
            after = lived(whole, now, self.periods_s, self.base_ns)
            if after is not whole:
                self.records[i] = hollow(after) if record.filtered else after

    def _quiet(self, now: Instant) -> set[int]:
        """Numbers of the fleet's that were seen within QUIET_S."""
        now_s = (now - self.base_ns) / SECOND_NS
        recent = (now_s - self.flock.times[:, 2] < QUIET_S) & (self.flock.numbers >= 0)
        return set(self.flock.numbers[recent].tolist())

    def last_ns(self, record: Record) -> Instant:
        """When a record was seen last."""
        if not record.filtered:
            return record.last_ns
        head_s = float(self.flock.times[self.flock.slots[record.number], HEAD])
        return max(record.last_ns, instant(self.base_ns, head_s))

    def places(self, records: Sequence[Record]) -> Array:
        """Positions (n, 3) of records, all flown straight on to the newest estimate's time."""
        states, times = np.empty((len(records), 6)), np.empty(len(records))
        for k, record in enumerate(records):
            if record.filtered:
                slot = self.flock.slots[record.number]
                states[k], times[k] = self.flock.x[slot, HEAD, :6], self.flock.times[slot, HEAD]
            else:
                states[k], times[k] = estimate(record)[0].x[:6], record.head_s
        return np.asarray(states[:, :3] + (times.max() - times)[:, None] * states[:, 3:])

    def recent_sensors(self, records: Sequence[Record], within_s: float) -> NDArray[np.bool_]:
        """(n, sensors): which have seen a record within the last seconds of its estimate."""
        seen = np.zeros((len(records), len(self.table)), dtype=np.bool_)
        inside = self.flock.recent_sensors(within_s)
        for k, record in enumerate(records):
            if record.filtered:
                seen[k] = inside[self.flock.slots[record.number]]
            else:
                rows = rows_of(record.rows)
                seen[k, rows[rows[:, 0] > record.head_s - within_s, 2].astype(np.int64)] = True
        return seen

    def whole(self, record: Record) -> Record:
        """A record with its numbers, wherever they are."""
        return self.flock.view(record, self.base_ns) if record.filtered else record

    def released(self, record: Record) -> Record:
        """The same, taken out of the fleet for good."""
        return self.flock.release(record, self.base_ns) if record.filtered else record


def _somewhere(means: Array) -> NDArray[np.bool_]:
    """Which of the states (n, 6) are where objects fly: absurd plots make absurd ones."""
    with np.errstate(all="ignore"):
        return np.asarray(np.isfinite(means).all(axis=1) & (np.abs(means[:, :3]) < SOMEWHERE_M).all(axis=1))


def _known(record: Record) -> bool:
    return record.filtered and record.kind is ObjectClass.BALLISTIC


def _asks(record: Record, time_s: float, now: Instant) -> bool:
    if record.phase is not Phase.COAST:
        return time_s - record.head_s < BLIND_S
    return record.down_ns is None or now < record.down_ns + DOWN_NS
