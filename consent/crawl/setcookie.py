"""A Set-Cookie line, or what a script assigns to document.cookie (RFC 6265bis, 5.6). The value is
measured and dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NAME = 256  # letters of a name that are kept


@dataclass(frozen=True)
class Written:
    """`domain` is empty for a host cookie. `lifetime` in seconds from now, None for the session; 0
    or less deletes."""

    name: str
    size: int
    domain: str = ""
    path: str = ""
    secure: bool = False
    http_only: bool = False
    same_site: str = ""
    partitioned: bool = False
    lifetime: int | None = None

    @property
    def deletes(self) -> bool:
        return self.lifetime is not None and self.lifetime <= 0


def parse(line: str, now: datetime) -> Written:
    """One Set-Cookie line."""
    pair, _, attributes = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    return of(name.strip(), len(value.strip()), attributes, now)


def of(name: str, size: int, attributes: str, now: datetime) -> Written:
    """The parts that a script told; `attributes` is what stands after the first semicolon."""
    said: dict[str, str] = {}
    for part in attributes.split(";"):
        key, _, value = part.partition("=")
        if key.strip():
            said[key.strip().lower()] = value.strip()
    return Written(
        name=name[:NAME],
        size=size,
        domain=said.get("domain", "").lstrip(".").lower()[:NAME],
        path=said.get("path", "")[:NAME],
        secure="secure" in said,
        http_only="httponly" in said,
        same_site=said.get("samesite", "").lower(),
        partitioned="partitioned" in said,
        lifetime=_lifetime(said, now),
    )


def _lifetime(said: dict[str, str], now: datetime) -> int | None:
    """Max-Age goes before Expires; what cannot be read counts as not there."""
    try:
        return int(said["max-age"])
    except (KeyError, ValueError):
        pass
    try:
        end = parsedate_to_datetime(said["expires"].replace("-", " "))
    except (KeyError, ValueError, TypeError, IndexError):
        return None
    return int((end.replace(tzinfo=end.tzinfo or UTC) - now).total_seconds())
