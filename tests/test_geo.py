"""Where addresses are, whose address it is, and that doubt is never lax."""

import ipaddress
import json
import random
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import maxminddb
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from consent import geo
from consent.geo import (
    NOWHERE,
    Geo,
    client_address,
    parse_address,
    shipped_database,
    untrusted_forwarding,
)
from consent.regime import FALLBACK, Place, Signals, default_table
from tests.prepare import ROOT

TODAY = date(2026, 11, 21)
DATA = Path(__file__).parent.parent / "consent" / "data"

# Prefixes that are reserved for documentation (RFC 5737, RFC 3849), each put somewhere.
NETWORKS = {
    "192.0.2.0/27": ("CA", "QC", "Quebec"),
    "192.0.2.32/27": ("CA", "ON", "Ontario"),
    "192.0.2.64/27": ("US", "CA", "California"),
    "192.0.2.96/27": ("US", "TX", "Texas"),
    "198.51.100.0/26": ("FR", "IDF", "Île-de-France"),
    "198.51.100.64/26": ("PL", "14", "Mazovia"),
    "203.0.113.0/26": ("GB", "ENG", "England"),
    "203.0.113.64/26": ("CH", "ZH", "Zurich"),
    "2001:db8:1::/48": ("CA", "QC", "Quebec"),
}
PLACES = [
    ("192.0.2.1", "CA", "QC"),
    ("192.0.2.33", "CA", "ON"),
    ("192.0.2.65", "US", "CA"),
    ("192.0.2.97", "US", "TX"),
    ("2001:db8:1::1", "CA", "QC"),
    ("::ffff:192.0.2.65", "US", "CA"),
]


def as_city(country, code, name):
    return {
        "country": {"iso_code": country, "names": {"en": country}},
        "registered_country": {"iso_code": "GB"},
        "subdivisions": [
            {"iso_code": code, "names": {"en": name}},
            {"iso_code": "WBK", "names": {"en": "a part of it"}},
        ],
    }


def as_country(country, code, name):
    return {"country": {"iso_code": country}, "registered_country": {"iso_code": "GB"}}


def as_dbip_city(country, code, name):
    return {"country": {"iso_code": country}, "subdivisions": [{"names": {"en": name}}]}


def as_flat_city(country, code, name):
    return {"city": "somewhere", "country_code": country, "state1": name, "state2": ""}


def as_flat_country(country, code, name):
    return {"country_code": country}


def write(path, kind, record, ip_version=6, only=lambda network: True):
    writer = MMDBWriter(
        ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=kind, languages=["en"]
    )
    for network, place in NETWORKS.items():
        if only(network):
            writer.insert_network(IPSet([network]), record(*place))
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("geo")


@pytest.fixture(scope="module")
def city_file(folder):
    return write(folder / "city.mmdb", "GeoIP2-City", as_city)


@pytest.fixture(scope="module")
def city(city_file):
    return Geo(city_file)


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("GeoIP2-City", as_city),
        ("GeoLite2-City", as_city),
        ("GeoIP2-Enterprise", as_city),
        ("DBIP-City-Lite", as_dbip_city),
        ("city ipvAll", as_flat_city),
    ],
)
def test_a_city_file_of_any_shape_knows_the_part_of_the_country(folder, kind, record):
    found = Geo(write(folder / f"{kind}.mmdb", kind, record))
    assert found.problem is None
    for address, country, subdivision in PLACES:
        assert found.locate(address) == Place(country, subdivision, "database", found.database)


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("GeoLite2-Country", as_country),
        ("DBIP-Country-Lite", as_country),
        ("country ipvAll", as_flat_country),
    ],
)
def test_a_country_file_of_any_shape_knows_the_country_alone(folder, kind, record):
    found = Geo(write(folder / f"{kind}.mmdb", kind, record))
    assert found.problem is None
    for address, country, _ in PLACES:
        assert found.locate(address) == Place(country, None, "database", found.database)


def test_the_place_is_where_the_visitor_is_and_not_where_the_network_is_registered(city):
    assert city.locate("198.51.100.1").country == "FR"


def test_the_first_subdivision_is_the_one_that_counts(city):
    assert city.locate("203.0.113.1").subdivision == "ENG"


def test_a_subdivision_whose_name_nobody_knows_is_unknown_and_so_strict(folder):
    def misspelt(country, code, name):
        return as_dbip_city(country, code, f"{name} (approximately)")

    place = Geo(write(folder / "misspelt.mmdb", "DBIP-City-Lite", misspelt)).locate("192.0.2.33")
    assert (place.country, place.subdivision) == ("CA", None)
    assert default_table().decide(place, Signals(False), TODAY).id == "CA-QC"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.1.1", "0.0.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "224.0.0.1", "255.255.255.255",
     "203.0.113.200", "2001:db8:ffff::1", "", None, "unknown", "192.0.2.1, 192.0.2.2",
     "192.0.2.1/32", "192.0.2.256", "1", "0x7f000001", "192.0.2.01", "é", "\x00", "[", "[]"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_public_address_or_in_no_network_is_nowhere(city, address):
    assert city.locate(address) == NOWHERE


def test_the_shipped_file_is_usable_and_names_its_licence():
    shipped = Geo(shipped_database())
    assert shipped.problem is None
    assert shipped.locate("8.8.8.8") == Place("US", None, "database", shipped.database)
    assert shipped.locate("83.0.0.1").country == "PL"
    assert shipped.locate("24.48.0.1").country == "CA"
    assert shipped.locate("2a01:cb00::1").country == "FR"
    assert shipped.locate("127.0.0.1") == NOWHERE
    assert shipped.database == f"DBIP-Country-Lite {shipped.built.isoformat()}"
    assert shipped.attribution == ("IP Geolocation by DB-IP", "https://db-ip.com")


def test_the_shipped_file_has_the_digest_that_spares_it_the_trial(monkeypatch):
    monkeypatch.setattr("sys.executable", "/nonexistent")
    assert Geo(shipped_database()).problem is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("GeoLite2-City", "This product includes GeoLite Data created by MaxMind"),
        ("GeoIP2-City", "IP geolocation by MaxMind"),
        ("DBIP-City-Lite", "IP Geolocation by DB-IP"),
    ],
)
def test_the_attribution_is_that_of_the_file(folder, kind, text):
    found = Geo(write(folder / "attributed.mmdb", kind, as_city))
    assert found.attribution[0] == text
    assert found.built == datetime.now(UTC).date()


def nobody_is_placed(found):
    assert found.problem
    assert found.problem.endswith("Visitors it cannot place get the strictest rules.")
    assert found.database is None
    assert found.attribution is None
    assert [found.locate(address) for address, _, _ in PLACES] == [NOWHERE] * len(PLACES)
    regime = default_table().decide(found.locate("192.0.2.97"), Signals(False), TODAY)
    assert regime.id == FALLBACK


@pytest.mark.parametrize(
    "path", [None, Path("/nonexistent/geo.mmdb"), DATA, Path("/dev/zero")], ids=repr
)
def test_without_a_file_nobody_is_placed(path):
    nobody_is_placed(Geo(path))


def test_a_damaged_file_places_nobody(folder, city_file):
    content = city_file.read_bytes()
    for name, damaged in {
        "empty": b"",
        "text": b"this is no database\n" * 100,
        "no_end": content[: len(content) // 2],
        "no_start": content[len(content) // 2 :],
        "no_tree": content[content.index(b"\xab\xcd\xefMaxMind.com") :],
    }.items():
        path = folder / f"{name}.mmdb"
        path.write_bytes(damaged)
        nobody_is_placed(Geo(path))


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("GeoLite2-ASN", lambda *_: {"autonomous_system_number": 64496}),
        ("something else", lambda *_: {"country": {"iso_code": "US"}}),
        ("flat list", lambda *_: ["US"]),
        ("flat number", lambda *_: {"country_code": 7}),
    ],
)
def test_a_file_about_something_else_places_nobody(folder, kind, record):
    nobody_is_placed(Geo(write(folder / "foreign.mmdb", kind, record)))


@pytest.mark.parametrize(
    "record",
    [
        {"country": "US"},
        {"country": {"iso_code": 7}},
        {"country": {"iso_code": "United States"}},
        {"country": {}},
        {},
        {"subdivisions": 1, "country": {"iso_code": "US"}},
    ],
    ids=repr,
)
def test_a_record_that_lies_about_its_shape_is_nowhere_or_no_part(folder, record):
    path = write(folder / "lying.mmdb", "GeoIP2-City", lambda *_: record)
    place = Geo(path).locate("192.0.2.97")
    assert place.subdivision is None
    assert default_table().decide(place, Signals(False), TODAY).id in (FALLBACK, "US-CA")


def test_a_file_for_one_family_says_nothing_about_the_other(folder):
    four = Geo(
        write(folder / "four.mmdb", "GeoIP2-City", as_city, 4, lambda network: "." in network)
    )
    assert four.locate("192.0.2.1").subdivision == "QC"
    assert four.locate("2001:db8:1::1") == NOWHERE
    six = Geo(write(folder / "six.mmdb", "GeoIP2-City", as_city, 6, lambda network: ":" in network))
    assert six.locate("2001:db8:1::1").subdivision == "QC"
    assert six.locate("192.0.2.1") == NOWHERE


def test_changing_the_file_under_a_running_server_changes_nothing(folder, city_file):
    path = folder / "running.mmdb"
    shutil.copy(city_file, path)
    found = Geo(path)
    path.write_bytes(b"")
    assert found.locate("192.0.2.1").subdivision == "QC"


def test_mutants_never_raise_and_never_place_anybody_but_in_a_country(folder, city_file):
    original, dice = city_file.read_bytes(), random.Random(20261121)
    path, usable = folder / "mutant.mmdb", 0
    for _ in range(40):
        mutant = bytearray(original)
        for _ in range(dice.randint(1, 4)):
            mutant[dice.randrange(len(mutant))] = dice.randrange(256)
        path.write_bytes(mutant)
        found = Geo(path)
        usable += found.problem is None
        for address, _, _ in PLACES:
            place = found.locate(address)
            assert place == NOWHERE or (place.source == "database" and len(place.country) == 2)
    assert 0 < usable < 40, "some mutants are noticed, and some can still be asked"


def test_a_file_that_cannot_be_tried_out_places_nobody(city_file, monkeypatch):
    monkeypatch.setattr("sys.executable", "/nonexistent")
    nobody_is_placed(Geo(city_file))


def test_damage_that_shows_only_when_asked_is_reported_once(folder):
    path = write(folder / "late.mmdb", "GeoIP2-City", lambda *_: {"country": {"iso_code": 7}})
    found = Geo(path)
    assert found.problem is None
    assert found.locate("192.0.2.1") == found.locate("192.0.2.2") == NOWHERE
    assert found.problem.startswith("The geo database is damaged (")


def test_every_state_and_province_has_its_code_in_any_spelling():
    table = yaml.load((DATA / "subdivisions.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    assert {country: len(codes) for country, codes in table.items()} == {"CA": 13, "US": 51}
    for country, codes in table.items():
        for code, names in codes.items():
            for name in names:
                assert geo._code_of(country, name) == code
                assert geo._code_of(country, name.upper()) == code
    assert geo._code_of("CA", "Quebec") == geo._code_of("CA", "Que\u0301bec") == "QC"
    assert geo._code_of("US", "Quebec") is None
    assert geo._code_of("US", "Washington") == "WA"
    assert geo._code_of("US", "Washington, D.C.") == "DC"
    ids = [key for key in default_table().ids if "-" in key]
    assert [key for key in ids if key[3:] not in table[key[:2]]] == []


TRUSTED = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "198.51.100.0/24", "2001:db8:9::/48")
)
FORWARDED = [
    # nobody is trusted unless he is listed
    ("203.0.113.5", None, "203.0.113.5"),
    ("203.0.113.5", "192.0.2.1", "203.0.113.5"),
    ("192.168.0.1", "192.0.2.1", "192.168.0.1"),
    ("127.0.0.1", "192.0.2.1", "127.0.0.1"),
    # a trusted proxy's word counts, from the right
    ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "192.0.2.66, 192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "192.0.2.66,192.0.2.1,198.51.100.7", "192.0.2.1"),
    ("198.51.100.7", "192.0.2.66, 192.0.2.1 , 10.0.0.9", "192.0.2.1"),
    ("2001:db8:9::1", "2001:db8:1::5", "2001:db8:1::5"),
    ("::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
    # as proxies write it
    ("10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
    ("10.0.0.1", "[2001:db8:1::5]:4711", "2001:db8:1::5"),
    ("10.0.0.1", "[2001:db8:1::5]", "2001:db8:1::5"),
    ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
    ("10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
    # something unreadable stops the walk, and then nobody knows
    ("10.0.0.1", "192.0.2.1, unknown", None),
    ("10.0.0.1", "192.0.2.1,", None),
    ("10.0.0.1", "192.0.2.1, _hidden", None),
    ("10.0.0.1", '"192.0.2.1"', None),
    ("10.0.0.1", "for=192.0.2.1", None),
    ("10.0.0.1", "192.0.2.1, 1.2.3", None),
    ("10.0.0.1", "garbage, 192.0.2.1", "192.0.2.1"),
    # only proxies: our own network may visit, a public proxy is nobody's place
    ("10.0.0.1", None, "10.0.0.1"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
    ("198.51.100.7", None, None),
    ("198.51.100.7", "198.51.100.8", None),
    (None, "192.0.2.1", None),
    ("", "192.0.2.1", None),
    ("a.socket", "192.0.2.1", None),
]


@pytest.mark.parametrize(("peer", "forwarded_for", "client"), FORWARDED)
def test_the_visitor_is_the_first_from_the_right_whom_nobody_vouches_for(
    peer, forwarded_for, client
):
    assert client_address(peer, forwarded_for, TRUSTED) == client


@given(
    st.text(max_size=200) | st.lists(st.sampled_from(["192.0.2.1", "10.0.0.1", ""])).map(",".join)
)
def test_a_stranger_cannot_move_himself(forwarded_for):
    assert client_address("203.0.113.5", forwarded_for, TRUSTED) == "203.0.113.5"
    assert client_address("127.0.0.1", forwarded_for, ()) == "127.0.0.1"


@given(st.text(max_size=100))
def test_what_stands_left_of_the_visitor_does_not_matter(left):
    forged = f"{left}, 203.0.113.5, 10.0.0.3"
    assert client_address("10.0.0.1", forged, TRUSTED) == "203.0.113.5"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_not(text):
    parsed = parse_address(text)
    assert parsed is None or ipaddress.ip_address(str(parsed)) == parsed


@given(st.ip_addresses())
def test_an_address_comes_back_with_or_without_its_port(address):
    plain = getattr(address, "ipv4_mapped", None) or address
    written = f"[{address}]:443" if address.version == 6 else f"{address}:443"
    assert parse_address(str(address)) == plain
    assert parse_address(written) == plain


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "warns"),
    [
        ("127.0.0.1", "192.0.2.1", (), True),
        ("172.18.0.2", "192.0.2.1", TRUSTED, True),
        ("::1", "192.0.2.1", TRUSTED, True),
        ("10.0.0.1", "192.0.2.1", TRUSTED, False),
        ("127.0.0.1", None, (), False),
        ("127.0.0.1", "", (), False),
        ("203.0.113.5", "192.0.2.1", (), False),
        (None, "192.0.2.1", (), False),
    ],
)
def test_a_proxy_on_our_own_network_that_nobody_trusts_is_noticed(
    peer, forwarded_for, trusted, warns
):
    assert untrusted_forwarding(peer, forwarded_for, trusted) is warns


def test_a_place_holds_no_address(city):
    place = city.locate("192.0.2.1")
    assert "192.0.2" not in json.dumps(vars(place))


CUT_SHORT = """
import os, sys
from pathlib import Path
import maxminddb
from consent.geo import Geo, MODE
file = Path(sys.argv[1])
if sys.argv[2] == "ours":
    look_up = Geo(file).locate
else:
    look_up = maxminddb.open_database(file, MODE).get
os.truncate(file, 4096)
print(look_up("81.2.69.142"))
"""


@pytest.mark.skipif(geo.MODE == maxminddb.MODE_MEMORY, reason="no file is mapped on this machine")
@pytest.mark.parametrize(("who", "survives"), [("ours", True), ("the twin", False)])
def test_a_database_that_is_cut_short_while_it_serves_is_still_read_whole(tmp_path, who, survives):
    """The twin maps the file itself: the system ends it."""
    copy = shutil.copy(shipped_database(), tmp_path / "geo.mmdb")
    command = [sys.executable, "-c", CUT_SHORT, str(copy), who]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ("country='" in done.stdout, done.returncode == 0) == (survives, survives), done.stderr
