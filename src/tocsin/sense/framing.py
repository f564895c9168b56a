"""Byte streams (TCP, followed files) -> whole lines or whole ASTERIX data blocks, with a bounded buffer.

What cannot be framed is passed on cut short, so that the decoder refuses and names it in the usual way.
"""

from typing import Protocol

MAX_LINE_BYTES = 8192
"""Bound of a JSON line. The longest line tocsin writes is under 500 bytes."""

BLOCK_HEADER_BYTES = 3
"""ASTERIX data block: category (1 byte), length of the whole (2 bytes, big-endian): EUROCONTROL-SPEC-0149."""


def block_length(header: bytes) -> int:
    """The length field of a data block; `header` holds at least BLOCK_HEADER_BYTES."""
    return int.from_bytes(header[1:BLOCK_HEADER_BYTES], "big")


class Framer(Protocol):
    """Cuts a stream into pieces for a decoder."""

    broken: bool
    """The stream has lost its framing for good: close it."""

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces completed by `data`."""
        ...

    def end(self) -> list[bytes]:
        """What is left when the stream ends."""
        ...


class Lines:
    """Newline-ended lines. Of a line beyond the bound only the first MAX_LINE_BYTES + 1 bytes are kept."""

    def __init__(self) -> None:
        self.broken = False
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Whole lines with their newline."""
        *whole, tail = data.split(b"\n")
        lines = []
        for part in whole:
            self._keep(part)
            lines.append(bytes(self._rest) + b"\n")
            self._rest.clear()
        self._keep(tail)
        return lines

    def end(self) -> list[bytes]:
        """A last line without newline is a line."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [rest] if rest else []

    def _keep(self, part: bytes) -> None:
        self._rest += part[: MAX_LINE_BYTES + 1 - len(self._rest)]


class Blocks:
    """ASTERIX data blocks by their length fields. A length below the header's own size breaks the stream."""

    def __init__(self) -> None:
        self.broken = False
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Whole blocks; a block with an impossible length is passed on as its header and ends the stream."""
        rest = self._rest + data
        blocks, start = [], 0
        while not self.broken and len(rest) - start >= BLOCK_HEADER_BYTES:
            length = block_length(rest[start : start + BLOCK_HEADER_BYTES])
            self.broken = length < BLOCK_HEADER_BYTES
            length = max(length, BLOCK_HEADER_BYTES)
            if len(rest) - start < length:
                break
            blocks.append(rest[start : start + length])
            start += length
        self._rest = b"" if self.broken else rest[start:]
        return blocks

    def end(self) -> list[bytes]:
        """A cut block, for the decoder to name."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


FRAMERS: dict[str, type[Lines] | type[Blocks]] = {"asterix": Blocks}
"""Formats that are not lines."""


def framer(format_name: str) -> Framer:
    """The framer of a format: lines unless it says otherwise."""
    return FRAMERS.get(format_name, Lines)()
