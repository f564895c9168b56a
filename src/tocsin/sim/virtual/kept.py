"""Outcomes of seeds kept in a file, one JSON object a line, so that a long run can be stopped and go on."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

import tocsin
from tocsin.errors import UserError
from tocsin.sim.virtual.run import Outcome


class _Line(Struct, frozen=True):
    code: str
    """Digest of the sources that ran and of the faults chosen: outcomes of others do not count."""
    outcome: Outcome


_LINE = msgspec.json.Decoder(_Line)


class Kept:
    """The file. UserError when it cannot be read or written."""

    def __init__(self, path: Path, faults: Sequence[str]) -> None:
        self._path, self._code = path, _code(faults)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or not path.read_bytes().endswith(b"\n"):
                with path.open("ab") as file:
                    file.write(b"\n")  # a line that was cut short ends here
        except OSError as fault:
            raise UserError(
                f"cannot write {path}: {fault.strerror}", fix="name a file that can be written"
            ) from None

    def known(self) -> list[Outcome]:
        """Outcomes of these very sources and faults. A last line that was cut short is passed over."""
        found = []
        for line in self._path.read_bytes().split(b"\n"):
            try:
                one = _LINE.decode(line)
            except msgspec.MsgspecError:
                continue
            if one.code == self._code:
                found.append(one.outcome)
        return found

    def keep(self, outcome: Outcome) -> None:
        """One more."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(_Line(self._code, outcome)) + b"\n")


def _code(faults: Sequence[str]) -> str:
    sha = sha256(",".join(faults).encode())
    root = Path(tocsin.__file__).parent
    for path in sorted(root.rglob("*.py")):
        sha.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]
