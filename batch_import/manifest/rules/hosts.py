"""Find hosts that the platform cannot reach from the internet. No I/O, and no DNS lookups.

This module must not know other parts of URLs.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from batch_import.addresses.urls import ascii_host
from batch_import.manifest.rules.violation import Violation

#: Top-level names that public DNS does not resolve (RFC 6761, 6762, 8375, ICANN's .internal), and
#: usual names of private networks.
_PRIVATE_ENDS: Final = tuple(
    f".{name}" for name in
    "local localhost localdomain internal intranet home.arpa lan home corp private".split()
)  # fmt: skip
_LONGEST_NAME: Final = 253
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_NUMBER = re.compile(r"(?P<hex>0x[0-9a-f]*)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*)")
#: Prefix of IPv4 addresses that are translated to IPv6 (RFC 6052), as DNS64 returns them.
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: The IPv6 addresses of the public internet (IANA). Others are reserved or private, such as
#: `fec0::/10`, which Python calls global.
_UNICAST: Final = IPv6Network("2000::/3")
#: Addresses for documentation (RFC 9637), which Python 3.11 does not know.
_DOCUMENTATION: Final = IPv6Network("3fff::/20")
_BYTES: Final = 4

_PUBLIC = "Give an address that works from the internet, without a VPN or a login to a network."
_NO_NAME = Violation(
    "url-host", "the host of the source URL cannot be one", "Write it like https://host/video.mp4."
)


def _private(what: str) -> Violation:
    return Violation("url-private", f"the platform cannot reach the source: {what}", _PUBLIC)


def violation_of(host: str) -> Violation | None:
    """Validate the host of a URL; None if it may be public."""
    return _violation_of(host) if len(host) <= _LONGEST_NAME else _NO_NAME


@lru_cache(maxsize=4096)
def _violation_of(host: str) -> Violation | None:
    name = ascii_host(host).removesuffix(".")
    if name.startswith("["):
        return _violation_of_address(_ipv6(name[1:-1]))
    last = name.rpartition(".")[2]
    if last.isdigit() or _NUMBER.fullmatch(last):
        return _violation_of_address(_ipv4(name))
    if name == "localhost":
        return _private("localhost is each computer itself")
    if name and "." not in name:
        return _private("a name without a dot is known only inside of a network")
    if name.endswith(_PRIVATE_ENDS):
        return _private(f"names in .{name.rpartition('.')[2]} are known only inside of a network")
    return None if _NAME.fullmatch(name) and len(name) <= _LONGEST_NAME else _NO_NAME


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an IP address is public: not private, loopback, link-local or reserved.

    An IPv4 address that is embedded in an IPv6 address is checked as IPv4.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner or address.teredo:
            return inner is not None and is_public(inner)
        if address not in _UNICAST or address in _DOCUMENTATION:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _violation_of_address(address: IPv4Address | IPv6Address | None) -> Violation | None:
    if address is None:
        return _NO_NAME
    return None if is_public(address) else _private("its address is inside of a network")


def _ipv6(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _ipv4(text: str) -> IPv4Address | None:
    """Parse an IP address as the C library does: `127.1`, `0x7f.1`, `2130706433` are loopback."""
    numbers = [_number(part) for part in text.split(".")]
    *first, last = (number if number is not None else -1 for number in numbers)
    room = _BYTES - len(first)
    if room < 1 or not (0 <= last < 256**room and all(0 <= byte < 256 for byte in first)):  # noqa: PLR2004
        return None
    return IPv4Address((int.from_bytes(bytes(first)) << 8 * room) + last)


def _number(text: str) -> int | None:
    found = _NUMBER.fullmatch(text)
    if not found or len(text) > 16:  # noqa: PLR2004 - longer than any IP address
        return None
    if found["hex"]:
        return int(text[2:] or "0", 16)
    return int(text, 8 if found["octal"] else 10)
