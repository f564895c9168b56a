"""Ports and host names as a person types them, checked before they get into a file or a certificate."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

from tocsin.errors import UserError

HIGHEST_PORT = 65_535
"""RFC 793 section 3.1: sixteen bits; 0 is no port to be found at."""

LONGEST_NAME = 253
"""RFC 1035 section 2.3.4: 255 octets in the form of the wire."""

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)
"""RFC 1123 section 2.1."""


def check_ports(ports: Sequence[int]) -> None:
    """UserError for a number that is no port, or for two listeners on one."""
    for port in ports:
        if not 1 <= port <= HIGHEST_PORT:
            raise UserError(
                f"{port} is no port (1 to {HIGHEST_PORT})", fix="give another --base-port or --page-port"
            )
    twice = next((port for port in ports if ports.count(port) > 1), None)
    if twice is not None:
        raise UserError(
            f"port {twice} would be used twice", fix="give --base-port and --page-port further apart"
        )


def check_host(host: str) -> None:
    """UserError for what is neither an IP address nor a host name of ASCII letters, digits and hyphens."""
    labels = host.split(".")
    if _is_address(host) or (
        len(host) <= LONGEST_NAME
        and all(LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdecimal()  # 1.2.3: an address with a slip in it (RFC 3696 section 2)
    ):
        return
    raise UserError(
        f"--host {host!r} is neither a host name nor an IP address",
        fix="give one such as broker.kor.example (other scripts in their xn-- form) or 192.0.2.1",
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone means something on one machine only
