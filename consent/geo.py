"""Where an address is: the geo database, and which address is the visitor's.

Doubt is never lax: without a readable answer there is no place, and no place means the
strictest rules. An address is used here and forgotten here.
"""

import hashlib
import importlib.resources
import ipaddress
import logging
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geoip2.database
import geoip2.errors
import maxminddb
import yaml

from .regime import Place
from .saying import Said, of_error, say

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOWHERE = Place(None, None, "none", None)

_LOG = logging.getLogger(__name__)

_DATA = Path(str(importlib.resources.files("consent"))) / "data"
_SHIPPED = _DATA / "dbip-country-lite.mmdb"
_SHIPPED_SHA256 = "f06d4086ae3491161fce7caf81b6f2ccffbb19767543f5f1e23ed9cc5a043ac1"

# Networks of nobody in particular. The blocks reserved for documentation are not among them: a
# database that places them was made to do so.
_PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip

_SPANS = {
    version: [
        (int(block.network_address), int(block.broadcast_address))
        for block in _PRIVATE
        if block.version == version
    ]
    for version in (4, 6)
}

# The reader in C takes a fifteenth of the time of the one in Python, but it maps a file, and who
# cuts a mapped file short ends the process: it gets a copy in memory that has no other name.
_IN_C = hasattr(os, "memfd_create") and find_spec("maxminddb.extension") is not None
MODE = maxminddb.MODE_MMAP_EXT if _IN_C else maxminddb.MODE_MEMORY

PLACES = 8192  # that are remembered by name; ISO 3166-2 has some five thousand
_PROBE_SECONDS = 5
# A damaged file may hang a reader or eat all memory, so a child process reads it first.
_PROBE = """
import ipaddress, itertools, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
except (ImportError, ValueError, OSError):
    pass
import maxminddb
with maxminddb.open_database(sys.argv[1], int(sys.argv[2])) as reader:
    for high in range(1, 224):
        reader.get(ipaddress.IPv4Address((high << 24) + 1))
    for record in itertools.islice(reader, 2000):
        pass
"""

_ATTRIBUTIONS = (
    ("dbip", ("IP Geolocation by DB-IP", "https://db-ip.com")),
    (
        "geolite",
        ("This product includes GeoLite Data created by MaxMind", "https://www.maxmind.com"),
    ),
    ("geoip2", ("IP geolocation by MaxMind", "https://www.maxmind.com")),
)

_Codes = tuple[str | None, str | None]


class Unusable(Exception):
    """The geo database cannot be used; the message says why, for the operator."""


class Geo:
    """A geo database held in memory; without a usable one, a Geo that places nobody.

    ``problem`` is a sentence for the operator where something is wrong, ``database`` names the
    file's type and build date, ``attribution`` is the text and link its licence asks for.
    """

    def __init__(self, path: Path | None) -> None:
        self.problem: str | None = None
        self.database: str | None = None
        self.built: date | None = None
        self.attribution: tuple[str, str] | None = None
        self._look_up: Callable[[Address], _Codes] | None = None
        self._place = lru_cache(maxsize=PLACES)(self._named)
        try:
            self._open(path)
        except Unusable as error:
            self._report(of_error(error))

    def locate(self, address: str | Address | None) -> Place:
        """The place of an address. Never raises: in doubt it is no place at all."""
        parsed = parse_address(address) if isinstance(address, str) else address
        if parsed is None or self._look_up is None or is_private(parsed):
            return NOWHERE
        try:
            return self._place(*self._look_up(parsed))
        except geoip2.errors.AddressNotFoundError:
            return NOWHERE
        except Exception as error:
            # A damaged file raises whatever its bytes lead to; the visitor must not notice.
            if self.problem is None:
                self._report(
                    say("The geo database is damaged (%(name)s).", name=type(error).__name__)
                )
            return NOWHERE

    def _named(self, country: str | None, subdivision: str | None) -> Place:
        place = Place(country, subdivision, "database", self.database)
        return place if place.country else NOWHERE

    def _report(self, problem: str) -> None:
        self.problem = say(
            "%(problem)s Visitors it cannot place get the strictest rules.",
            problem=Said.of(problem),
        )
        _LOG.warning("%s", self.problem)

    def _open(self, path: Path | None) -> None:
        if path is None:
            raise Unusable(say("No geo database is set."))
        _probe(path)
        try:
            with _held(path) as held:
                with maxminddb.open_database(held, MODE) as reader:
                    metadata = reader.metadata()
                built = datetime.fromtimestamp(metadata.build_epoch, UTC).date()
                look_up = _adapter(held, str(metadata.database_type))
        except Unusable:
            raise
        except Exception as error:
            raise Unusable(
                say("The geo database %(name)s cannot be read.", name=path.name)
            ) from error
        self.built = built
        self.database = f"{metadata.database_type} {built.isoformat()}"
        self.attribution = _attribution(str(metadata.database_type))
        self._look_up = look_up


def shipped_database() -> Path:
    """The country database that ships with the product."""
    return _SHIPPED


def parse_address(text: str | None) -> Address | None:
    """An address as proxies write them: with a port, in brackets, with a zone; else None."""
    bare = (text or "").strip()
    if bare[:1] == "[" and (match := re.fullmatch(r"\[([^\]]*)\](?::\d{1,5})?", bare)):
        bare = match[1]
        if ":" not in bare:
            return None
    elif bare.count(":") == 1 and (match := re.fullmatch(r"([0-9.]+):\d{1,5}", bare)):
        bare = match[1]
    try:
        parsed = ipaddress.ip_address(bare.partition("%")[0] if ":" in bare else bare)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def is_private(address: Address) -> bool:
    """Whether an address belongs to no place: loopback, local networks, multicast."""
    number = int(address)
    return any(low <= number <= high for low, high in _SPANS[address.version])


def client_address(
    peer: str | None, forwarded_for: str | None, trusted: tuple[Network, ...]
) -> str | None:
    """The same as `client`, written out."""
    found = client(peer, forwarded_for, trusted)
    return None if found is None else str(found)


def client(
    peer: str | None, forwarded_for: str | None, trusted: tuple[Network, ...]
) -> Address | None:
    """The visitor's address: the first one from the right that no trusted proxy has.

    What stands left of an untrusted hop was written by strangers. None where a trusted proxy
    said nothing readable, or where only public proxies are left: no visitor is at their place.
    """
    found, believed = _peer(peer, trusted)
    hops = forwarded_for.split(",") if forwarded_for and forwarded_for.strip() else []
    while found is not None and hops and believed:
        found = parse_address(hops.pop())
        believed = found is not None and _within(found, trusted)
    if found is None or (believed and not is_private(found)):
        return None
    return found


def untrusted_forwarding(
    peer: str | None, forwarded_for: str | None, trusted: tuple[Network, ...]
) -> bool:
    """Whether a proxy on our own network forwards visitors, and nobody said to trust it."""
    if not forwarded_for:
        return False
    address, believed = _peer(peer, trusted)
    return address is not None and not believed and is_private(address)


def _peer(peer: str | None, trusted: tuple[Network, ...]) -> tuple[Address | None, bool]:
    """Who is at the other end of the connection, and whether that is a trusted proxy."""
    return _proxy(peer, trusted) if trusted else (parse_address(peer), False)


@lru_cache(maxsize=8)  # where proxies are trusted, few else are at the other end
def _proxy(peer: str | None, trusted: tuple[Network, ...]) -> tuple[Address | None, bool]:
    address = parse_address(peer)
    return address, address is not None and _within(address, trusted)


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


@contextmanager
def _held(path: Path) -> Iterator[str]:
    """The name under which readers open what the file holds now; what is open stays so."""
    if MODE == maxminddb.MODE_MEMORY:
        yield str(path)
        return
    copy = os.memfd_create("geo")
    try:
        with path.open("rb") as file, os.fdopen(copy, "wb", closefd=False) as held:
            shutil.copyfileobj(file, held)
        yield f"/proc/self/fd/{copy}"
    finally:
        os.close(copy)


def _probe(path: Path) -> None:
    """Read the file in a child process first, unless it is the one we ship."""
    # A pipe or a device would be read for ever.
    if not path.is_file():
        raise Unusable(say("The geo database %(path)s is not there.", path=path))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(say("The geo database %(path)s cannot be opened.", path=path)) from error
    if hashlib.sha256(content).hexdigest() == _SHIPPED_SHA256:
        return
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter, our own words, one path
            [sys.executable, "-P", "-c", _PROBE, str(path), str(MODE)],
            timeout=_PROBE_SECONDS,
            capture_output=True,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise Unusable(
            say("The geo database %(name)s could not be tried out.", name=path.name)
        ) from error
    if child.returncode != 0:
        raise Unusable(
            say("The geo database %(name)s is damaged, or no MaxMind DB file.", name=path.name)
        )


def _adapter(path: str, database_type: str) -> Callable[[Address], _Codes]:
    """How to ask this file: the MaxMind record shape, or one flat record per network."""
    if "City" in database_type or "Enterprise" in database_type:
        return _from_cities(path, database_type)
    if "Country" in database_type:
        return _from_countries(path)
    return _from_flat(path, database_type)


def _from_cities(path: str, database_type: str) -> Callable[[Address], _Codes]:
    reader = geoip2.database.Reader(path, mode=MODE)
    ask = reader.enterprise if "Enterprise" in database_type else reader.city

    def look_up(address: Address) -> _Codes:
        found = ask(address)
        # `country` is where the visitor is; `registered_country` is where the provider is.
        country = found.country.iso_code
        # The first subdivision is the widest one, and the only one that laws speak of.
        for part in found.subdivisions[:1]:
            return country, part.iso_code or _code_of(country, part.names.get("en"))
        return country, None

    return look_up


def _from_countries(path: str) -> Callable[[Address], _Codes]:
    """The one code of the record, without the models of all that it may say besides."""
    reader = maxminddb.open_database(path, MODE)

    def look_up(address: Address) -> _Codes:
        found: Any = reader.get(address)
        return (None if found is None else found.get("country", {}).get("iso_code")), None

    return look_up


def _from_flat(path: str, database_type: str) -> Callable[[Address], _Codes]:
    reader = maxminddb.open_database(path, MODE)
    if not _is_flat(reader):
        raise Unusable(
            say(
                "The geo database (%(database_type)s) names no countries.",
                database_type=database_type,
            )
        )

    def look_up(address: Address) -> _Codes:
        found: Any = reader.get(address)
        if found is None:
            return None, None
        country = found["country_code"]
        return country, _code_of(country, found.get("state1"))

    return look_up


def _is_flat(reader: maxminddb.Reader) -> bool:
    for _, record in reader:
        return isinstance(record, dict) and isinstance(record.get("country_code"), str)
    return False


def _attribution(database_type: str) -> tuple[str, str] | None:
    kind = database_type.lower().replace("-", "")
    for prefix, attribution in _ATTRIBUTIONS:
        if kind.startswith(prefix):
            return attribution
    return None


def _names() -> dict[tuple[str, str], str]:
    content = yaml.load((_DATA / "subdivisions.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return {
        (country, _plain(name)): code
        for country, codes in content.items()
        for code, names in codes.items()
        for name in names
    }


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters.casefold() if letter.isalnum())


_SUBDIVISIONS = _names()


def _code_of(country: str | None, name: str | None) -> str | None:
    return _SUBDIVISIONS.get((country or "", _plain(name))) if name else None
