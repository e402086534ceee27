"""Connections to public addresses only: a URL that anyone may write must not lead into the network we stand in.

What counts is the address that a socket is opened for: by then names are resolved and odd spellings (0x7f.1) are read,
so a name that leads elsewhere from one moment to the next (DNS rebinding) gains nothing. Knows no destination.
"""

import errno
import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from aiohttp.connector import AddrInfoType

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""Its last four bytes are an IPv4 address (RFC 6052)."""
_CLOSED: Final = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments (RFC 6890); one cloud's metadata stand here
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "168.63.129.16/32",  # Azure: each machine's own host, under a public address
        "fec0::/10",  # site-local, once (RFC 3879)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""Not public, though the standard library of Python 3.11 calls them so."""


def is_public(text: str) -> bool:
    """Whether this is an address of the open internet, and so is the IPv4 address that it carries, if any.

    Not public: loopback, private, link-local (the clouds' metadata among them), shared (100.64.0.0/10), multicast,
    reserved, unspecified; and whatever is no address.
    """
    try:
        address = _carried(ipaddress.ip_address(text))
    except ValueError:
        return False
    is_open = address.is_global and not address.is_multicast and not address.is_reserved
    return is_open and not any(address in block for block in _CLOSED)


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv4-mapped, 6to4 or NAT64 one; any other as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


class PublicOnly:
    """A `socket_factory` for aiohttp's connector, which asks it for every socket, just before it connects."""

    def __init__(self) -> None:
        self.refused = ""
        """The address that was refused last; whoever reads it clears it first."""

    def __call__(self, found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = found
        address = str(where[0])
        if not is_public(address):
            self.refused = address
            # An OSError: aiohttp goes on to the name's next address, and reports "cannot connect" after the last.
            raise PermissionError(errno.EACCES, "not a public address")
        return socket.socket(family, kind, protocol)
