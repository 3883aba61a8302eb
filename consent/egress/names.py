"""TXT records: what the owner of a name says in the DNS (RFC 1464, 8552)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..later import Later
from .fetch import Unreachable

if TYPE_CHECKING:
    from dns import exception, resolver
else:
    exception, resolver = Later("dns.exception"), Later("dns.resolver")

SECONDS = 8.0
LONGEST = 50  # records that are read


def txt(name: str) -> list[str]:
    """The TXT records of a name; [] where there are none. Raises Unreachable where the DNS did not
    answer, so that silence is not taken for a no."""
    try:
        answer = resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    except (exception.DNSException, OSError):
        raise Unreachable("dns") from None
    found = [b"".join(record.strings) for record in list(answer)[:LONGEST]]
    return [one.decode("utf-8", "replace") for one in found]
