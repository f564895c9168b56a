import io
import socket
import struct
from collections import Counter
from collections.abc import Callable
from typing import Any

import dpkt
import pytest
from asterix_blocks import block, radar_record
from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.time import Instant, from_iso
from tocsin.sense.asterix import AsterixDecoder
from tocsin.sense.capture import Datagram, datagrams, decode_all, is_capture
from tocsin.sense.format import Fault

PAYLOADS = (b"first datagram", b"", b"third")
TIMES = (1_664_883_600.000001, 1_664_883_600.5, 1_664_883_601.25)


def ip_packet(payload: bytes) -> bytes:
    udp = dpkt.udp.UDP(sport=8600, dport=8600, data=payload, ulen=8 + len(payload))
    packet = dpkt.ip.IP(
        src=socket.inet_aton("192.0.2.1"), dst=socket.inet_aton("232.1.1.1"), p=17, data=udp,
        len=28 + len(payload), ttl=9,
    )  # fmt: skip
    return bytes(packet)


def ip6_packet(payload: bytes) -> bytes:
    udp = dpkt.udp.UDP(sport=8600, dport=8600, data=payload, ulen=8 + len(payload))
    ends = {"src": b"\x20\x01\x0d\xb8" + b"\x01" * 12, "dst": b"\x01" * 16}
    return bytes(dpkt.ip6.IP6(**ends, nxt=17, hlim=9, plen=len(udp), data=udp))


def ethernet(packet: bytes, kind: int = 0x0800) -> bytes:
    return b"\x01\x00\x5e\x01\x01\x01" + b"\x02" * 6 + kind.to_bytes(2, "big") + packet


COOKED = struct.pack(">HHH8sH", 0, 1, 6, b"\x02" * 8, 0x0800)
FRAMES: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "ethernet": (1, lambda payload: ethernet(ip_packet(payload))),
    "ethernet with padding": (1, lambda payload: ethernet(ip_packet(payload)).ljust(60, b"\x00")),
    "VLAN": (1, lambda payload: ethernet(b"\x00\x05\x08\x00" + ip_packet(payload), 0x8100)),
    "IPv6": (1, lambda payload: ethernet(ip6_packet(payload), 0x86DD)),
    "Linux cooked": (113, lambda payload: COOKED + ip_packet(payload)),
    "loopback": (0, lambda payload: struct.pack("<I", 2) + ip_packet(payload)),
    "raw IP": (101, ip_packet),
}


def capture(writer: Any, linktype: int, frames: list[bytes]) -> bytes:
    stream = io.BytesIO()
    out = writer(stream, linktype=linktype)
    for time, frame in zip(TIMES, frames, strict=True):
        out.writepkt(frame, time)
    return stream.getvalue()


def read(data: bytes) -> tuple[list[Datagram], list[Fault], Counter[str]]:
    faults: list[Fault] = []
    counts: Counter[str] = Counter()
    return list(datagrams(data, faults, counts)), faults, counts


# dpkt writes pcapng for Ethernet only; it reads the other link layers the same way in both forms.
FORMS = [(dpkt.pcap.Writer, kind) for kind in FRAMES]
FORMS += [(dpkt.pcapng.Writer, kind) for kind, (linktype, _) in FRAMES.items() if linktype == 1]


@pytest.mark.parametrize(("writer", "kind"), FORMS)
def test_payloads_times_and_offsets_of_every_link_layer(writer: Any, kind: str) -> None:
    linktype, frame = FRAMES[kind]
    data = capture(writer, linktype, [frame(payload) for payload in PAYLOADS])
    assert is_capture(data)
    found, faults, counts = read(data)
    assert faults == []
    assert counts == {"frames": 3}
    assert [one.payload for one in found] == list(PAYLOADS)
    assert [one.time_ns for one in found] == [
        1_664_883_600_000_001_000, 1_664_883_600_500_000_000, 1_664_883_601_250_000_000,
    ]  # fmt: skip
    assert all(data[one.offset :].startswith(one.payload) for one in found)


def test_nanosecond_captures_keep_their_nanoseconds() -> None:
    frame = ethernet(ip_packet(b"x"))
    head = struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)
    packet = struct.pack("<IIII", 1_664_883_600, 123_456_789, len(frame), len(frame)) + frame
    [found], faults, _ = read(head + packet)
    assert (found.time_ns, faults) == (1_664_883_600_123_456_789, [])


def test_other_traffic_is_counted_fragments_and_cut_datagrams_are_faults() -> None:
    whole = ip_packet(b"payload")
    fragment = bytearray(whole)
    fragment[6] = 0x20  # more fragments
    arp = ethernet(b"\x00\x01\x08\x00\x06\x04\x00\x01" + b"\x00" * 20, 0x0806)
    cut = ethernet(whole)[:-3]
    found, faults, counts = read(capture(dpkt.pcap.Writer, 1, [ethernet(bytes(fragment)), arp, cut]))
    assert found == []
    assert [fault.reason for fault in faults] == ["fragment", "cut-datagram"]
    assert counts == {"frames": 3, "frames without UDP": 1}


def test_capture_that_breaks_off_keeps_what_was_before() -> None:
    data = capture(dpkt.pcap.Writer, 1, [ethernet(ip_packet(payload)) for payload in PAYLOADS])
    _, _, whole = read(data)
    found, faults, _ = read(data + b"\x01\x02\x03")
    assert len(found) == whole["frames"] == 3
    assert [(fault.offset, fault.reason) for fault in faults] == [(len(data), "broken-capture")]


def test_capture_time_beyond_any_calendar_is_a_fault() -> None:
    data = bytearray(capture(dpkt.pcapng.Writer, 1, [ethernet(ip_packet(block(48, radar_record())))] * 3))
    second = data.index(b"\x06\x00\x00\x00", data.index(b"\x06\x00\x00\x00") + 64)
    data[second + 12 : second + 16] = b"\xff" * 4  # high half of the packet's time
    decoded = decode_all(bytes(data), AsterixDecoder((), accept_unknown=True), Instant(0))
    assert len(decoded.plots) == 1
    assert [fault.reason for fault in decoded.faults] == ["broken-capture"]


def test_unread_link_type_is_named() -> None:
    found, faults, _ = read(capture(dpkt.pcap.Writer, 147, [b"a", b"b", b"c"]))
    assert found == []
    assert [(fault.reason, "147" in fault.detail) for fault in faults] == [("broken-capture", True)]


def test_anything_else_is_one_datagram() -> None:
    assert read(b"\x30\x00\x03")[0] == [Datagram(0, None, b"\x30\x00\x03")]


def test_faults_point_into_the_file_and_times_come_from_the_capture() -> None:
    good, bad = block(48, radar_record(0.0)), b"\x30\x00\x05\xff\xff"
    frames = [ethernet(ip_packet(payload)) for payload in (good, good + bad, b"\x63\x00\x03")]
    data = capture(dpkt.pcap.Writer, 1, frames)
    decoded = decode_all(data, AsterixDecoder((), accept_unknown=True), Instant(0))
    assert {plot.time_ns for plot in decoded.plots} == {from_iso("2022-10-04T00:00:00Z")}
    assert [(data[fault.offset : fault.offset + 3], fault.reason) for fault in decoded.faults] == [
        (bad[:3], "malformed-block"),
        (b"\x63\x00\x03", "unsupported-category"),
    ]


@given(st.binary(max_size=200), st.sampled_from([0, 1, 101, 113]), st.booleans())
def test_random_frames_never_raise(frame: bytes, linktype: int, broken_length: bool) -> None:
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, linktype)
    length = len(frame) + 1000 * broken_length
    read(head + struct.pack("<IIII", 1, 2, length, length) + frame)


@given(st.binary(max_size=120))
def test_random_pcapng_never_raises(tail: bytes) -> None:
    read(capture(dpkt.pcapng.Writer, 1, [b"", b"", b""])[:48] + tail)
    read(bytes.fromhex("0a0d0d0a") + tail)
