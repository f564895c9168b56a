"""The file outlet: a released warning becomes `cap/<id>-<serial>.xml`, whole or not at all, once.

A file appears under its name only when all its bytes are on the disk (write beside it, fsync, rename, fsync
of the folder). Carrying the same message again changes nothing and gives the same receipt. In the REAL
plane the outlet is shut until the nation's authority file is named and stands there.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from tocsin.errors import TocsinError, UserError
from tocsin.model.label import Plane, PlaneMixError
from tocsin.model.warning import Warning
from tocsin.warn.cap import check, identifier, to_cap
from tocsin.warn.texts import Names

FOLDER: Final = "cap"
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


class OutletError(TocsinError):
    """A released warning could not be carried: the cause in words, for the officers' eyes at once."""


class FileReceipt(Struct, frozen=True):
    """The message is on the disk: where, its SHA-256 (hex), and whether it had been there before."""

    warning_id: str
    serial: int
    path: Path
    sha256: str
    repeated: bool


class FileOutlet:
    """Writes CAP files of one plane below a folder. `area_shapes`, `names`: those of the nation's areas.

    UserError for a REAL outlet without an authority file.
    """

    def __init__(
        self,
        folder: Path,
        plane: Plane,
        area_shapes: Mapping[str, BaseGeometry],
        names: Names,
        authority: Path | None = None,
    ) -> None:
        if plane is Plane.REAL:
            _authorised(authority)
        self._folder = folder / FOLDER
        self._plane = plane
        self._shapes = area_shapes
        self._names = names

    def carry(self, warning: Warning) -> FileReceipt:
        """Write one message. OutletError when it cannot be written whole; PlaneMixError for another
        plane's.
        """
        if warning.plane is not self._plane:
            raise PlaneMixError(
                f"a warning of plane {warning.plane} came to an outlet of plane {self._plane}"
            )
        name = identifier(warning.id, warning.serial)
        if not _SAFE.fullmatch(name):
            raise OutletError(f"{name!r} cannot be a file's name")
        message = self._message(warning, name)
        path = self._folder / f"{name}.xml"
        with _rim(path):
            repeated = path.exists()
            if repeated:
                _same(path, message)
            else:
                _write_whole(path, message)
            _sync(path.parent)
        return FileReceipt(
            warning_id=warning.id,
            serial=warning.serial,
            path=path,
            sha256=hashlib.sha256(message).hexdigest(),
            repeated=repeated,
        )

    def _message(self, warning: Warning, name: str) -> bytes:
        try:
            message = to_cap(warning, self._shapes, self._names)
        except KeyError as missing:
            raise OutletError(f"{name}: no shape for the area {missing.args[0]}") from missing
        if faults := check(message, self._plane):
            raise OutletError(f"{name} breaks the rules of CAP: {'; '.join(faults)}")
        return message


def _authorised(authority: Path | None) -> None:
    if authority is None:
        raise UserError("the file outlet is shut in the REAL plane", fix="name the nation's authority file")
    try:
        empty = not authority.read_bytes().strip()
    except OSError as failure:
        raise UserError(
            f"the authority file {authority} cannot be read: {failure.strerror}",
            fix="give the path of the nation's authority file",
        ) from failure
    if empty:
        raise UserError(f"the authority file {authority} is empty", fix="ask the authority for its file")


def _same(path: Path, message: bytes) -> None:
    if path.read_bytes() != message:
        raise OutletError(f"{path} holds another text of the same message; it is not replaced")


def _write_whole(path: Path, message: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as stream:
            stream.write(message)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """The name itself survives a power cut only when its folder is on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _rim(path: Path) -> Iterator[None]:
    """The disk's failures in words."""
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutletError(
                f"the disk is full: {path} was not written; free some space, it is still to be carried"
            ) from failure
        raise OutletError(f"{path} was not written: {failure.strerror}") from failure
