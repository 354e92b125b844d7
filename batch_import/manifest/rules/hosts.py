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
#: Maximum length of a host name, in characters (RFC 1035).
_MAX_NAME_LENGTH: Final = 253
#: Labels of up to 63 characters, separated by dots; the last one has at least two characters.
_HOST_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
#: A part of an IPv4 address in the notations of the C library. `0x` alone means 0.
_NUMBER = re.compile(r"(?P<hex>0x[0-9a-f]*)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9][0-9]*)")
#: Prefix of IPv4 addresses that are translated to IPv6 (RFC 6052), as DNS64 returns them.
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: The IPv6 addresses of the public internet (IANA). Others are reserved or private, such as
#: `fec0::/10`, which Python calls global.
_PUBLIC_IPV6: Final = IPv6Network("2000::/3")
#: IPv6 addresses for documentation (RFC 9637), which Python 3.11 calls global.
_DOCUMENTATION: Final = IPv6Network("3fff::/20")
#: Number of bytes of an IPv4 address.
_IPV4_BYTES: Final = 4
#: Maximum length of a part of an IPv4 address, in characters; longer texts are not converted.
_MAX_NUMBER_LENGTH: Final = 16

_PRIVATE_HINT = "Give a URL that works from the internet, without a VPN or a login to a network."
_INVALID_HOST = Violation(
    "url-host", "the host of the source URL is not valid", "Write it like https://host/video.mp4."
)


def _private_host(reason: str) -> Violation:
    return Violation(
        "url-private", f"the platform cannot reach the source: {reason}", _PRIVATE_HINT
    )


def violation_of(host: str) -> Violation | None:
    """Return the violation of the host of a URL; None if the host may be public.

    Args:
        host: a host name or an IP address, without the port. An IPv6 address is in brackets.
    """
    return _violation_of(host) if len(host) <= _MAX_NAME_LENGTH else _INVALID_HOST


# Cached, because most URLs of a manifest have the same host.
@lru_cache(maxsize=4096)
def _violation_of(host: str) -> Violation | None:
    name = ascii_host(host).removesuffix(".")
    if name.startswith("["):
        return _violation_of_ip(_parse_ipv6(name[1:-1]))
    last_label = name.rpartition(".")[2]
    if last_label.isdigit() or _NUMBER.fullmatch(last_label):
        return _violation_of_ip(_parse_ipv4(name))
    if name == "localhost":
        return _private_host("localhost is each computer itself")
    if name and "." not in name:
        return _private_host("a name without a dot is known only inside of a network")
    if name.endswith(_PRIVATE_ENDS):
        return _private_host(f"names in .{last_label} are known only inside of a network")
    is_valid = _HOST_NAME.fullmatch(name) and len(name) <= _MAX_NAME_LENGTH
    return None if is_valid else _INVALID_HOST


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an IP address is public: not private, loopback, link-local or reserved.

    An IPv4 address that is embedded in an IPv6 address is checked as IPv4. An address of a Teredo
    tunnel is not public, because the server of a video has none.
    """
    if isinstance(address, IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour or _translated_ipv4(address)
        if embedded:
            return is_public(embedded)
        if address.teredo or address not in _PUBLIC_IPV6 or address in _DOCUMENTATION:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _translated_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that was translated to an IPv6 address; None for another address."""
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _violation_of_ip(address: IPv4Address | IPv6Address | None) -> Violation | None:
    """Return the violation of an IP address; None for the address means that it is not valid."""
    if address is None:
        return _INVALID_HOST
    return None if is_public(address) else _private_host("its address is inside of a network")


def _parse_ipv6(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _parse_ipv4(text: str) -> IPv4Address | None:
    """Parse an IPv4 address as the C library does: `127.1`, `0x7f.1`, `2130706433` are loopback.

    The last number fills all bytes that the numbers before it leave.

    Returns:
        None if the text is not an IPv4 address.
    """
    numbers = [number for part in text.split(".") if (number := _parse_number(part)) is not None]
    if len(numbers) != text.count(".") + 1 or len(numbers) > _IPV4_BYTES:
        return None
    *first_bytes, last_number = numbers
    last_length = _IPV4_BYTES - len(first_bytes)
    if last_number >= 256**last_length or any(number >= 256 for number in first_bytes):  # noqa: PLR2004
        return None
    return IPv4Address((int.from_bytes(bytes(first_bytes)) << 8 * last_length) + last_number)


def _parse_number(text: str) -> int | None:
    """Parse a hexadecimal, octal or decimal number; None if the text is not a number."""
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > _MAX_NUMBER_LENGTH:
        return None
    if match["hex"]:
        return int(text[2:] or "0", 16)
    return int(text, 8 if match["octal"] else 10)
