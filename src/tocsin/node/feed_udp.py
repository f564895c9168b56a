"""UDP, unicast and multicast: one datagram is one piece, and cannot wait: without room it is dropped."""

import asyncio
import ipaddress
import socket
import struct

from tocsin.errors import UserError
from tocsin.node.inlet import Feed, Inlet, Piece, listen_mistake

UDP_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel; it may give less. Carries a burst while the fold is busy."""


class UdpReceiver(asyncio.DatagramProtocol):
    """One datagram is one piece."""

    def __init__(self, feed: Feed, inlet: Inlet, address: tuple[str, int]) -> None:
        self.address: tuple[str, int] | None = address
        self._feed = feed
        self._inlet = inlet
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def start(cls, feed: Feed, inlet: Inlet) -> "UdpReceiver":
        """Bind, join the group if there is one, receive."""
        bound = _udp_socket(feed)
        receiver = cls(feed, inlet, bound.getsockname()[:2])
        loop = asyncio.get_running_loop()
        receiver._transport, _ = await loop.create_datagram_endpoint(lambda: receiver, sock=bound)
        return receiver

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        """Called by asyncio."""
        self._inlet.offer(Piece(self._feed.name, data))

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio for what the network reports: counted, the feed stays open."""
        self._inlet.dropped[f"{self._feed.name} {type(exc).__name__}"] += 1

    async def close(self) -> None:
        """Stop receiving."""
        if self._transport is not None:
            self._transport.abort()
            await asyncio.sleep(0)  # the transport closes its socket in the loop's next turn


def _udp_socket(feed: Feed) -> socket.socket:
    group = _group(feed)
    family = socket.AF_INET6 if ":" in feed.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
        if group is None:
            bound.bind((feed.host, feed.port))
        else:
            # Several programs may listen to one group. Bound to it, other traffic of the port stays out.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((group, feed.port))
            member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(feed.host))
            bound.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError as error:
        bound.close()
        raise listen_mistake(feed, error) from error
    return bound


def _group(feed: Feed) -> str | None:
    """The multicast group to join; None for unicast."""
    if feed.group is None:
        if feed.kind == "multicast":
            raise UserError("a multicast feed has no group", fix='give group = "239.x.y.z"')
        return None
    try:
        interface, group = ipaddress.IPv4Address(feed.host), ipaddress.IPv4Address(feed.group)
    except ipaddress.AddressValueError as error:
        raise UserError(f"multicast: {error}", fix="give group and host as IPv4 addresses") from error
    if not group.is_multicast or interface.is_multicast:
        raise UserError(
            f"{group} on {interface} is no multicast group on an interface",
            fix="give a group in 224.0.0.0/4 and as host the address of the interface it comes in by",
        )
    return str(group)
