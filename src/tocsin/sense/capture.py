"""Network captures (pcap, pcapng) -> the UDP datagrams in them, each with its time and offset in the file.

Link layers: Ethernet (VLAN tags too), Linux cooked (v1), BSD loopback, raw IP. Frames without UDP are
counted, fragments and cut frames are faults. Anything that is not a capture is one datagram: the whole file.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from struct import error as StructError
from typing import Any, NamedTuple

import dpkt

from tocsin.model.time import SECOND_NS, Instant
from tocsin.sense.format import Decoded, Decoder, Fault

PCAP_MAGICS = frozenset(
    bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1")
)
"""First bytes of pcap files: micro-, nanosecond and patched form, both byte orders (pcap-savefile(5))."""
PCAPNG_MAGIC = bytes.fromhex("0a0d0d0a")
"""First bytes of a pcapng section header (draft-ietf-opsawg-pcapng)."""
DLT_RAW_VALUES = (12, 14, 101)
"""Raw IP: 101 in files (LINKTYPE_RAW), 12 or 14 as some systems write it (tcpdump.org/linktypes.html)."""
UDP_HEADER_BYTES = 8
LAST_NS = 2**63 - 2 * 86_400 * SECOND_NS
"""Instants are signed 64-bit numbers wherever they are stored; a time of day may lie a day later."""

_BROKEN = (dpkt.Error, StructError, ValueError, IndexError)
"""What dpkt lets through on damaged input beside its own errors (found by fuzzing)."""


class Datagram(NamedTuple):
    """One UDP payload; `time_ns` is when it was captured, None outside a capture."""

    offset: int
    time_ns: Instant | None
    payload: bytes


def is_capture(data: bytes) -> bool:
    """True for pcap and pcapng."""
    return data[:4] in PCAP_MAGICS or data[:4] == PCAPNG_MAGIC


def datagrams(data: bytes, faults: list[Fault], counts: Counter[str]) -> Iterator[Datagram]:
    """The UDP payloads in file order; what cannot be read goes to `faults` and `counts`."""
    if not is_capture(data):
        yield Datagram(0, None, data)
        return
    for offset, time_ns, frame, unwrap in _frames(data, faults):
        counts["frames"] += 1
        try:
            payload = _udp_payload(unwrap(frame))
        except _BROKEN as error:
            faults.append(Fault(offset, "broken-frame", f"{type(error).__name__} {error}".strip()))
            continue
        if isinstance(payload, str):
            faults.append(Fault(offset, payload, "only whole UDP datagrams are read"))
        elif payload is None:
            counts["frames without UDP"] += 1
        else:
            yield Datagram(offset + max(frame.find(payload), 0), time_ns, payload)


def decode_all(data: bytes, decoder: Decoder, now: Instant) -> Decoded:
    """Decode a whole file, capture or not. Offsets are the file's; a capture's times stand in for `now`."""
    faults: list[Fault] = []
    counts: Counter[str] = Counter()
    parts: list[Decoded] = []
    for datagram in datagrams(data, faults, counts):
        part = decoder.decode(datagram.payload, now if datagram.time_ns is None else datagram.time_ns)
        faults += [Fault(fault.offset + datagram.offset, fault.reason, fault.detail) for fault in part.faults]
        counts.update(part.counts)
        parts.append(part)
    return Decoded(
        plots=tuple(plot for part in parts for plot in part.plots),
        faults=tuple(sorted(faults, key=lambda fault: fault.offset)),
        services=tuple(service for part in parts for service in part.services),
        counts=dict(counts),
    )


Unwrap = Callable[[bytes], Any]


def _frames(data: bytes, faults: list[Fault]) -> Iterator[tuple[int, Instant, bytes, Unwrap]]:
    """(offset, time, frame, link layer) of each packet; a file that breaks off is a fault at that point."""
    stream = io.BytesIO(data)
    before = 0
    try:
        reader = dpkt.pcap.UniversalReader(stream)
        unwrap = _link(reader.datalink())
        before = stream.tell()
        for seconds, frame in reader:
            offset = max(data.find(frame, before, stream.tell()), before)
            yield offset, _instant(seconds), bytes(frame), unwrap
            before = stream.tell()
    except _BROKEN as error:
        faults.append(Fault(before, "broken-capture", f"{type(error).__name__} {error}".strip()))


def _link(datalink: int) -> Unwrap:
    layers: dict[int, Unwrap] = {
        dpkt.pcap.DLT_EN10MB: lambda frame: dpkt.ethernet.Ethernet(frame).data,
        dpkt.pcap.DLT_LINUX_SLL: lambda frame: dpkt.sll.SLL(frame).data,
        dpkt.pcap.DLT_NULL: lambda frame: dpkt.loopback.Loopback(frame).data,
        dpkt.pcap.DLT_LOOP: lambda frame: dpkt.loopback.Loopback(frame).data,
        **dict.fromkeys(DLT_RAW_VALUES, _ip),
    }
    if datalink not in layers:
        raise ValueError(f"link type {datalink} is not read")
    return layers[datalink]


def _ip(frame: bytes) -> Any:
    return dpkt.ip6.IP6(frame) if frame[0] >> 4 == 6 else dpkt.ip.IP(frame)


def _udp_payload(packet: Any) -> bytes | str | None:
    """The payload, None for other traffic, or the reason why a UDP packet's payload cannot be had."""
    if not isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6):
        return None
    if isinstance(packet, dpkt.ip.IP) and packet.p == dpkt.ip.IP_PROTO_UDP and (packet.mf or packet.offset):
        return "fragment"
    udp = packet.data
    if not isinstance(udp, dpkt.udp.UDP):
        return None
    payload = bytes(udp.data)
    return payload if len(payload) == udp.ulen - UDP_HEADER_BYTES else "cut-datagram"


def _instant(seconds: float | Decimal) -> Instant:
    """Capture time; floats (dpkt's microsecond files) hold whole microseconds exactly after rounding."""
    match seconds:
        case Decimal():
            time_ns = int(seconds * SECOND_NS)
        case _:
            time_ns = round(seconds * 1e6) * 1000
    if not 0 <= time_ns < LAST_NS:
        raise ValueError(f"a packet's time is {seconds:.0f} s")
    return Instant(time_ns)
