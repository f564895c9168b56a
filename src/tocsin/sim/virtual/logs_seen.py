"""What must hold of the logs of checkpoints, judged from outside: by what halls committed to, by the notes
that came back into their records, and by what doors said of each direction.

Notes and trees are read and computed a second time here, by the standards (c2sp.org/signed-note,
c2sp.org/tlog-cosignature, RFC 6962), as in observer.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tocsin.model.alarm import Alarm, AlarmKind
from tocsin.model.handoff import Committed, Witnessed
from tocsin.model.label import Nation
from tocsin.model.product import Traffic
from tocsin.model.sealed import Sealed
from tocsin.model.time import SECOND_NS
from tocsin.sim.virtual.time import Timeline

GRACE_NS = 45 * SECOND_NS
"""Four periods of checkpoints: one is signed, cosigned and recorded by then when nothing is in its way."""

Direction = tuple[Nation, Nation, Traffic]
LogKeys = Callable[[Nation, int], bytes]
"""A nation's log key of a generation, 32 bytes."""


class LogObserver:
    """Watches the logs of one run; `breaks` is told of what does not hold."""

    def __init__(self, time: Timeline, keys: LogKeys, breaks: Callable[[str, str], None]) -> None:
        self._time, self._keys, self._breaks = time, keys, breaks
        self._ticks: dict[Nation, tuple[int, list[tuple[int, bytes]]]] = {}
        """Generation of the log, and (when, commitment) of its leaves."""
        self._notes: dict[tuple[Nation, Nation], tuple[int, int, bytes]] = {}
        """By nation and witness: generation, size, note."""
        self._told: dict[Direction, list[tuple[int, int]]] = {}
        """(when, last sequence) of the envelopes of a direction."""
        self._words: dict[Direction, int] = {}
        self.suspect: set[Nation] = set()
        """Nations that did sign two truths, or whose book is an old one."""
        self._forgot: set[Nation] = set()
        self._rewrites: set[Nation] = set()
        self._shown: dict[Nation, tuple[Alarm, ...]] = {}

    def shown(self, nation: Nation, alarms: tuple[Alarm, ...]) -> None:
        """What a door has its officers see now."""
        self._shown[nation] = alarms

    def restored(self, nation: Nation) -> None:
        """It has forgotten what it said: until a new log, its words on directions are of the past."""
        self.suspect.add(nation)
        self._forgot.add(nation)

    def record_restored(self, nation: Nation) -> None:
        """Its hall has forgotten what it committed to, perhaps before its door heard it."""
        self.suspect.add(nation)
        self._rewrites.add(nation)

    def begins(self, nation: Nation) -> None:
        """A new log key: its direction logs begin anew too."""
        self._forgot.discard(nation)
        for way in self._told:
            if way[0] is nation:
                self._told[way], self._words[way] = [], 0

    # ---- the national logs

    def committed(self, nation: Nation, said: Committed) -> None:
        """A hall answers its door."""
        generation, leaves = self._ticks.get(nation, (0, []))
        if said.generation > generation:
            generation, leaves = said.generation, []
        if said.generation == generation and said.number == len(leaves) + 1:
            leaves.append((self._time.now, said.commitment))
        elif said.generation == generation and leaves[said.number - 1][1] != said.commitment:
            last = said.number == len(leaves) or nation in self._forgot
            if nation in self._rewrites and last:  # the record that said the other is gone
                leaves[said.number - 1 :] = [(self._time.now, said.commitment)]
                return
            self._breaks("uncosigned", f"{nation} commits itself twice as leaf {said.number}")
        self._ticks[nation] = (generation, leaves)

    def witnessed(self, nation: Nation, item: Witnessed) -> None:
        """A cosigned checkpoint has come back into the record."""
        generation = int(item.origin.rpartition("-")[2])
        for one in Nation:
            before = self._notes.get((nation, one), (0, 0, b""))
            if f"/{one}/witness ".encode() in item.note and (generation, item.size) > before[:2]:
                self._notes[nation, one] = (generation, item.size, item.note)

    # ---- the directions

    def sealed(self, sealed: Sealed) -> None:
        """Something was told to a partner."""
        way = (sealed.issuer, sealed.recipient, sealed.traffic)
        self._told.setdefault(way, []).append((self._time.now, sealed.last))

    def word(self, issuer: Nation, recipient: Nation, note: dict[str, Any]) -> None:
        """A door's signed word on a direction: as many envelopes as it let out."""
        way = (issuer, recipient, Traffic(note["traffic"]))
        told, size = self._told.get(way, []), int(note["note"].split(b"\n")[1])
        count = sum(note["after"] < last <= note["upto"] for _, last in told)
        generation = int(note["note"].split(b"/")[3].rpartition(b"-")[2])
        if (
            size != count
            and issuer not in self._forgot
            and generation == self._ticks.get(issuer, (generation,))[0]
        ):
            self._breaks("untold", f"{'-'.join(way)}: {size} envelopes by its word, {count} were let out")
        self._words[way] = max(self._words.get(way, 0), note["upto"])

    # ---- the verdict

    def late(self) -> list[str]:
        """What should be cosigned or signed by now, and is not."""
        due = self._time.now - GRACE_NS
        found = []
        for nation, (generation, leaves) in self._ticks.items():
            wanted = sum(at <= due for at, _ in leaves[-8:]) + max(len(leaves) - 8, 0)
            for witness in Nation:
                known = self._notes.get((nation, witness), (0, 0, b""))
                if witness is nation or not wanted or self._stopped(nation, witness):
                    continue
                if known[0] != generation or known[1] < wanted:
                    found.append(f"{witness} has cosigned {known[1]} of {wanted} checkpoints of {nation}")
        return found

    def _stopped(self, nation: Nation, witness: Nation) -> bool:
        """True when there is cause not to cosign, which both sides' officers see."""
        lost = (AlarmKind.OLD_BACKUP, AlarmKind.WITNESS_LOST)
        forgot = any(
            alarm.kind in lost
            for one in (nation, witness)
            for alarm in self._shown.get(one, ())
            if one in self.suspect
        )
        two = (AlarmKind.EQUIVOCATION, nation)
        accused = any((one.kind, one.about) == two for one in self._shown.get(witness, ()))
        return forgot or (accused and nation in self.suspect)

    def close(self) -> None:
        """At the end of a run."""
        for detail in self.late():
            self._breaks("uncosigned", detail)
        for (nation, witness), (generation, size, note) in self._notes.items():
            if (newest := self._ticks[nation])[0] == generation:
                fault = self._fault(nation, witness, generation, [leaf for _, leaf in newest[1][:size]], note)
                if fault:
                    self._breaks("uncosigned", f"{nation}, checkpoint {size} by {witness}: {fault}")
        for way, told in self._told.items():
            upto = max((last for at, last in told if at <= self._time.now - GRACE_NS), default=0)
            if (
                self._words.get(way, 0) < upto
                and way[0] not in self._forgot
                and not self._stopped(way[0], way[0])
            ):
                self._breaks(
                    "untold", f"{'-'.join(way)}: its word goes to {self._words.get(way, 0)} of {upto}"
                )

    def _fault(
        self, nation: Nation, witness: Nation, generation: int, leaves: Sequence[bytes], note: bytes
    ) -> str | None:
        text, _, lines = note.partition(b"\n\n")
        text += b"\n"
        if text.split(b"\n")[1:3] != [str(len(leaves)).encode(), b64encode(root(leaves))]:
            return "its root is not that of the commitments"
        own, past = self._keys(nation, generation), range(1, self._ticks[witness][0] + 1)
        for name, keys, stamped in (
            (f"/{nation}/log-{generation}", [own], False),
            (f"/{witness}/witness", [self._keys(witness, one) for one in past], True),
        ):
            signed = (
                _signs(line, name, key, text, stamped=stamped) for line in lines.splitlines() for key in keys
            )
            if not any(signed):
                return f"no signature of {name}"
        return None


def root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0] if leaves else b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest()


def _signs(line: bytes, name: str, public: bytes, text: bytes, *, stamped: bool) -> bool:
    _, signer, encoded = line.split(b" ")
    if not signer.endswith(name.encode()):
        return False
    raw = b64decode(encoded)
    said = b"cosignature/v1\ntime %d\n" % int.from_bytes(raw[4:12]) + text if stamped else text
    try:
        VerifyKey(public).verify(said, raw[-64:])
    except (BadSignatureError, ValueError):
        return False
    return True
