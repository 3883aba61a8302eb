"""Which addresses a scan may speak to (SECURITY: S06, S07), against rules written a second time."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from consent.egress import addresses, why_not, why_not_open
from consent.egress.addresses import Misspelt, carried, read_host

# Bad addresses that Python's own is_global lets pass, and their neighbours.
BAD = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.0.1 172.16.0.1 172.31.255.255
192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::7f00:1
2002:7f00:1:: 2001:0:7f00:1::1 2001:db8::1 fc00::1 fd00::1 fe80::1 fec0::1 ff02::1 ff0e::1
2a00:1450::5efe:127.0.0.1 2a00:1450::200:5efe:10.0.0.1 3fff::1 5f00::1 100::1 4000::1
""".split()
GOOD = """
1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700:4700::1111 2a00:1450:4001::8a 64:ff9b::808:808 2a00:1450::5efe:8.8.8.8
""".split()
METADATA = """
169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16 192.0.0.192
fd00:ec2::254 fd00:ec2::23 fd20:ce::254 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::169.254.169.254
64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe:: 2001:0:a9fe:a9fe::1
2a00:1450::5efe:169.254.169.254 2a00:1450::200:5efe:a9fe:a9fe ::ffff:100.100.100.200
64:ff9b::6464:64c8
""".split()

# The IANA special-purpose registries as numbers, a second time and another way: first bits, how
# many of them, and whether the registry (or RFC 4291 for what is not in it) calls it reachable.
REGISTRY_4 = """
00000000/8 0a000000/8 64400000/10 7f000000/8 a9fe0000/16 ac100000/12 c0000000/24 c0000200/24
c0586300/24 c0a80000/16 c6120000/15 c6336400/24 cb007100/24 e0000000/4 f0000000/4
""".split()
REGISTRY_6 = """
2001000000000000/23 20010db800000000/32 2002000000000000/16 3fff000000000000/20
""".split()


def reachable(number: int, bits: int) -> bool:
    """By the registries alone, in integers. Of IPv6, 2000::/3 and NAT64 of what is reachable; an
    ISATAP host of what is not is not."""
    table, width = (REGISTRY_4, 32) if bits == 32 else (REGISTRY_6, 64)
    top = number >> (bits - width)
    for line in table:
        first, length = line.split("/")
        if (top ^ int(first, 16)) >> (width - int(length)) == 0:
            return False
    if bits == 32:
        return True
    low = number % 2**32
    if number // 2**32 == 0x0064FF9B_00000000_00000000:
        return reachable(low, 32) and low not in (0xA83F8110,)
    middle = number // 2**32 % 2**32
    inside = middle in (0x00005EFE, 0x02005EFE)
    return number // 2**125 == 1 and (not inside or (reachable(low, 32) and low != 0xA83F8110))


@pytest.mark.parametrize("text", BAD)
def test_a_bad_address_is_refused_also_where_the_scan_may_go_inside_in_a_disguise(
    text: str,
) -> None:
    address = ip_address(text)
    assert why_not(address) in addresses.SENTENCES
    if why_not(address, private=True) is None:
        assert why_not(address) in ("private", "loopback") and not carried(address)


@pytest.mark.parametrize("text", GOOD)
def test_a_public_address_is_not_refused(text: str) -> None:
    assert why_not(ip_address(text)) is None


def test_python_alone_would_not_do() -> None:
    """The broken twin: is_global of the standard library lets bad addresses pass."""
    passed = [text for text in BAD if ip_address(text).is_global]
    assert len(passed) >= 5, passed
    assert "224.0.0.1" in passed and "64:ff9b::7f00:1" in passed


def test_S06_metadata_is_never_reached_not_even_inside() -> None:
    assert len(METADATA) == 20
    for text in METADATA:
        assert why_not(ip_address(text)) == "metadata"
        assert why_not(ip_address(text), private=True) == "metadata"


def test_a_private_address_opens_with_private_and_only_then() -> None:
    for text in ("127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "::1", "fd12::1"):
        assert why_not(ip_address(text)) in ("loopback", "private")
        assert why_not(ip_address(text), private=True) is None
    for text in ("0.1.2.3", "169.254.1.1", "224.0.0.1", "fe80::1", "::ffff:127.0.0.1"):
        assert why_not(ip_address(text), private=True) is not None


def test_a_zone_is_link_local_whatever_stands_before_it() -> None:
    assert why_not(ip_address("2a00:1450::1%eth0")) == "link-local"


def test_S07_a_hundred_thousand_addresses_agree_with_the_registries() -> None:
    """Half are anywhere; half are at and around the edges of the special blocks."""
    chance = random.Random(7)
    edges = [
        int(edge) + step
        for block, _ in addresses._SPECIAL
        for edge in (block.network_address, block.broadcast_address)
        for step in (-1, 0, 1)
        if block.version == 6
    ]
    edges_4 = [
        int(edge) + step
        for block, _ in addresses._SPECIAL
        for edge in (block.network_address, block.broadcast_address)
        for step in (-1, 0, 1)
        if block.version == 4
    ]
    disagreed = []
    refused = 0
    for turn in range(100_000):
        bits = 32 if turn % 2 else 128
        number = _some(chance, bits, edges_4 if bits == 32 else edges)
        address = IPv4Address(number) if bits == 32 else IPv6Address(number)
        ours = why_not(address) in (None, "metadata")
        refused += not ours
        if ours != reachable(number, bits) and why_not(address) != "metadata":
            disagreed.append(str(address))
    assert not disagreed, disagreed[:10]
    assert 10_000 < refused < 90_000  # the sample has both kinds


def _some(chance: random.Random, bits: int, edges: list[int]) -> int:
    kind = chance.randrange(4)
    if kind == 0:
        return min(max(chance.choice(edges), 0), 2**bits - 1)
    if kind == 1:
        return (chance.choice(edges) + chance.getrandbits(16)) % 2**bits
    if kind == 2 and bits == 128:  # global unicast, sometimes with an address in the last bits
        low = chance.choice([0x7F000001, 0x0A000001, 0x08080808, chance.getrandbits(32)])
        middle = chance.choice([0x5EFE, 0x02005EFE, chance.getrandbits(32)])
        high = chance.choice([0x0064FF9B << 32, chance.getrandbits(61) | 1 << 61])
        return high << 64 | (middle if high >> 61 == 1 else 0) << 32 | low
    return chance.getrandbits(bits)


def test_what_an_address_carries() -> None:
    within = {
        "::ffff:1.2.3.4": {"1.2.3.4"},
        "64:ff9b::1.2.3.4": {"1.2.3.4"},
        "2002:102:304::": {"1.2.3.4"},
        "2001:0:102:304:0:0:f5ff:fffe": {"1.2.3.4", "10.0.0.1"},
        "fe80::5efe:1.2.3.4": {"1.2.3.4"},
        "2a00::200:5efe:1.2.3.4": {"1.2.3.4"},
        "2606:4700::1": set(),
    }
    for text, inside in within.items():
        assert {str(one) for one in carried(ip_address(text))} == inside, text
    # RFC 6052, 2.4: 192.0.2.33 under a /48, where bits 64 to 71 are left out
    assert IPv4Address("192.0.2.33") in carried(ip_address("64:ff9b:1:c000:2:2100::"))


AMBIGUOUS = (
    "127.1 0177.0.0.1 0x7f.0.0.1 0x7f000001 2130706433 1.2.3 1.2.3.4.5 256.1.1.1 a.0x1 a.b.09 a..b"
    " .a -a.de a-.de 127.0.0.1%00 [127.0.0.1] [::1 ::1 [fe80::1%25eth0] a/b a?b a@b a\\b".split()
)


@pytest.mark.parametrize(
    "text",
    [*AMBIGUOUS, "", ".", "a b", "a\tb", "\uff11", "x" * 64 + ".de", "a." * 127 + "de"],
)
def test_a_host_that_could_be_read_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(Misspelt):
        read_host(text)


def test_a_host_is_read_as_browsers_write_it() -> None:
    assert read_host("Example.COM.") == "example.com"
    assert read_host("xn--bcher-kva.example") == "xn--bcher-kva.example"
    assert read_host("_dmarc.example.com") == "_dmarc.example.com"
    assert read_host("127.0.0.1") == IPv4Address("127.0.0.1")
    assert read_host("[::ffff:7f00:1]") == IPv6Address("::ffff:127.0.0.1")


def test_only_the_web_is_opened() -> None:
    for address in ("http://a.example/", "HTTPS://a.example/", " http://a.example/"):
        assert why_not_open(address) is None
    for address in ("file:///etc/passwd", "FILE:///x", " fi\nle:///x", "chrome://version", "a.de"):
        assert why_not_open(address) == "scheme"
