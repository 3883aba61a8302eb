"""TXT records: what the owner of a name says in the DNS (RFC 1464, 8552)."""

from __future__ import annotations

import dns.exception
import dns.resolver

from .fetch import Unreachable

SECONDS = 8.0
LONGEST = 50  # records that are read


def txt(name: str) -> list[str]:
    """The TXT records of a name; [] where there are none. Raises Unreachable where the DNS did not
    answer, so that silence is not taken for a no."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        raise Unreachable("dns") from None
    found = [b"".join(record.strings) for record in list(answer)[:LONGEST]]
    return [one.decode("utf-8", "replace") for one in found]
