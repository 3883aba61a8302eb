"""Which addresses a scan may speak to. Pure: nothing is looked up, no socket is opened.

The blocks are those of the IANA special-purpose registries (RFC 6890 and its successors) and of
the multicast registries. Of IPv6 only 2000::/3 is given out as global unicast (RFC 4291), so all
else is refused, but for the NAT64 prefix that networks without IPv4 need (RFC 6052). Where the
registry calls a part of 192.0.0.0/24 or 2001::/23 reachable we refuse all the same: it holds
relays and tests, no website.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ..saying import say

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_V4 = (
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "private"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "reserved"),
    ("192.88.99.0/24", "tunnel"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "reserved"),
    ("198.51.100.0/24", "reserved"),
    ("203.0.113.0/24", "reserved"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
# The first that matches decides, so the narrow stand before the wide.
_V6 = (
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "tunnel"),
    ("::ffff:0:0/96", "tunnel"),
    ("2001::/32", "tunnel"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "reserved"),
    ("2002::/16", "tunnel"),
    ("3fff::/20", "reserved"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
)
GLOBAL_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
OURS = frozenset({"loopback", "private"})  # what `private=True` opens
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(block), reason) for block, reason in _V4 + _V6
)

# Where clouds hand their machines credentials. Never, whoever asks.
METADATA: tuple[Network, ...] = tuple(
    ip_network(block)
    for block in (
        "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "169.254.42.42/32",
        "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
        "fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128",
    )
)  # fmt: skip
METADATA_NAMES = frozenset(
    "metadata metadata.google.internal metadata.goog metadata.internal instance-data"
    " instance-data.ec2.internal metadata.tencentyun.com metadata.platformequinix.com".split()
)

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Misspelt(ValueError):
    """Not a host as a browser writes it after reading an address (URL Standard, host parsing)."""


def read_host(text: str) -> Address | str:
    """An address, or a lower-case name without its final dot; raises Misspelt.

    Browsers turn every way to write an address (decimal, octal, hexadecimal, short, in full-width
    digits) into the one that is read here. What comes otherwise is meant to be read in two ways.
    """
    if text.startswith("[") and text.endswith("]"):
        return _address(text[1:-1], IPv6Address)
    host = text.lower().removesuffix(".")
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return _address(host, IPv4Address)
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Misspelt(text)
    return host


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> Address:
    try:
        if "%" in text:  # a zone means something on one machine alone
            raise Misspelt(text)
        return kind(text)
    except ValueError:
        raise Misspelt(text) from None


def why_not(address: Address, private: bool = False) -> str | None:
    """Why a scan may not speak to `address`, as one of `SENTENCES`; None where it may.

    An IPv6 address that carries an IPv4 one is as bad as what it carries. `private` opens
    loopback and private networks in their own spelling, and never what METADATA names.
    """
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return "link-local"
    all_of_it = (address, *carried(address))
    if any(one in block for one in all_of_it for block in METADATA):
        return "metadata"
    for one in carried(address):
        if reason := _special(one):
            return reason
    reason = _special(address)
    return None if private and reason in OURS else reason


def carried(address: Address) -> list[IPv4Address]:
    """The IPv4 addresses within an IPv6 one, by every method that was ever standardised."""
    if isinstance(address, IPv4Address):
        return []
    number = int(address)
    low = IPv4Address(number & 0xFFFFFFFF)
    found: list[IPv4Address] = []
    if number < 2:  # ::, ::1
        return []
    if number >> 32 in (0, 0xFFFF) or address in NAT64:  # compatible, mapped (RFC 4291), NAT64
        found.append(low)
    if number >> 80 == 0x0064FF9B0001:  # NAT64 for local use (RFC 8215), at its three places
        found += [low, _at(number, 48, skip=True), _at(number, 64, skip=True)]
    if number >> 112 == 0x2002:  # 6to4 (RFC 3056)
        found.append(_at(number, 16))
    if number >> 96 == 0x20010000:  # Teredo (RFC 4380): the server, and the client upside down
        found += [_at(number, 32), IPv4Address(int(low) ^ 0xFFFFFFFF)]
    if number >> 32 & 0xFDFFFFFF == 0x00005EFE:  # ISATAP (RFC 5214), in any prefix
        found.append(low)
    return found


def _at(number: int, bit: int, skip: bool = False) -> IPv4Address:
    """Thirty-two bits from `bit` on; with `skip`, bits 64 to 71 are left out (RFC 6052, 2.2)."""
    if skip:
        number, bit = (number >> 64 << 56) | (number & (1 << 56) - 1), bit
        return IPv4Address(number >> (120 - bit - 32) & 0xFFFFFFFF)
    return IPv4Address(number >> (128 - bit - 32) & 0xFFFFFFFF)


def _special(address: Address) -> str | None:
    for block, reason in _SPECIAL:
        if address in block:
            return reason
    if isinstance(address, IPv6Address) and address not in GLOBAL_V6 and address not in NAT64:
        return "reserved"
    return None


def parse(text: str) -> Address:
    """An address as a resolver writes it, a zone included; raises ValueError."""
    return ip_address(text)


SENTENCES = {
    "loopback": say("This address is the scanning machine itself."),
    "private": say("This address is in a private network."),
    "link-local": say("This address is on the scanning machine's own link."),
    "metadata": say("At this address a cloud hands out credentials."),
    "own": say("This address is one of the scanning machine's own."),
    "denied": say("This host is one that the scanner's operator keeps it from."),
    "multicast": say("This address is of a group, not of a website."),
    "reserved": say("This address is reserved; no website can be there."),
    "tunnel": say("This address hides another one in it."),
    "unspecified": say("This address is of no machine."),
    "port": say("Websites are asked at ports 80 and 443 alone."),
    "spelling": say("The address is spelt so that it could be read in two ways."),
    "request": say("The request is not one that a browser sends."),
    "scheme": say("Only http and https pages are opened."),
    "unresolved": say("The name leads to no address."),
    "unreachable": say("Nothing answered at this address."),
    "bytes": say("The scan has had all the bytes it may have."),
    "page": say("The page has had all that a page may have."),
    "time": say("The scan has had all the time it may have."),
    "windows": say("The page opens more windows than a scan looks at."),
    "busy": say("The scan has as many connections as it may have."),
}
