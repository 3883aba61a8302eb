"""Hosts: read out of an address, and found under the hosts of a service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def host_of(text: str) -> str:
    """The host of an address, an origin or a cookie's domain; "" where there is none."""
    return _split(text)[0]


def found(text: str, known: Mapping[str, T]) -> T | None:
    """What `known` has for the longest `host/path` or host that `text` lies under."""
    host, path = _split(text)
    while host:
        for place in (*_paths(host, path), host):
            if place in known:
                return known[place]
        host = host.partition(".")[2]
    return None


def under(text: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address or a cookie's domain lies under one of `hosts`; their paths are left."""
    host, bare = host_of(text), (one.partition("/")[0] for one in hosts)
    return bool(host) and any(host == one or host.endswith("." + one) for one in bare)


def same_site(one: str, other: str) -> bool:
    """Whether one host is the other or lies below it, `www` aside."""
    a, b = (host_of(text).removeprefix("www.") for text in (one, other))
    return bool(a and b) and (a == b or a.endswith("." + b) or b.endswith("." + a))


def mentioned(text: str) -> list[str]:
    """Every host that a text names."""
    return HOST.findall(text.casefold())


def _paths(host: str, path: str) -> Iterator[str]:
    while path:
        yield f"{host}/{path}"
        path = path.rpartition("/")[0]


def _split(text: str) -> tuple[str, str]:
    """(host, path) in lower case, without user, port, query and outer slashes."""
    text = text.strip().casefold()
    text = text.partition("://")[2] or text
    host, _, path = text.removeprefix("//").partition("/")
    host = host.rpartition("@")[2]
    host = host.partition(":")[0] if host.count(":") == 1 else host
    return host.strip("."), re.split(r"[?#]", path, maxsplit=1)[0].strip("/")
