"""Live sensor bytes: UDP (unicast, multicast), TCP and followed files, each cut into pieces for a decoder.

All feeds of a node pour into one bounded `Inlet`. Streams (TCP, files) wait when it is full, so that their
senders slow down; datagrams cannot wait: they are dropped and counted. A busy port is a UserError with a fix.
"""

from tocsin.node.feed_file import FileReceiver
from tocsin.node.feed_tcp import TcpReceiver
from tocsin.node.feed_udp import UdpReceiver
from tocsin.node.inlet import Feed, Inlet, Piece, Receiver

__all__ = ["Feed", "Inlet", "Piece", "Receiver", "open_feed"]


async def open_feed(feed: Feed, inlet: Inlet) -> Receiver:
    """Start receiving. UserError for a busy port, a foreign address, no group or no path."""
    match feed.kind:
        case "tcp":
            return await TcpReceiver.start(feed, inlet)
        case "file":
            return await FileReceiver.start(feed, inlet)
        case _:
            return await UdpReceiver.start(feed, inlet)
