"""How often somebody may do something: leaky buckets in memory, without addresses.

One process counts for itself; a limit is there to stop floods, not to bill.
"""

import hashlib
import ipaddress
import secrets
import threading
from collections import OrderedDict
from itertools import islice

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Sums of intervals on a large clock lose some microseconds; they must not refuse the last of a
# burst.
_SLACK = 1e-5

_SECRET = secrets.token_bytes(32)


class Limiter:
    """The generic cell rate algorithm: one number a key, a burst, then an even rate.

    A rate of 0 switches the limit off. A key that has its whole burst again is forgotten, and the
    least recently seen ones beyond ``max_keys``, so a flood of addresses costs bounded memory.
    """

    def __init__(self, rate_per_s: float, burst: float, max_keys: int = 100_000) -> None:
        self._interval = 1.0 / rate_per_s if rate_per_s > 0 else 0.0
        self._tolerance = burst * self._interval
        self._max_keys = max_keys
        self._arrivals: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: float, cost: float = 1.0) -> float:
        """0.0 when allowed, else the seconds to wait; a refusal uses nothing up.

        ``cost`` above the burst is never allowed.
        """
        if not self._interval:
            return 0.0
        with self._lock:
            arrival = max(self._arrivals.get(key, now), now) + cost * self._interval
            wait = arrival - self._tolerance - now
            if wait > _SLACK:
                return wait
            self._arrivals[key] = arrival
            self._arrivals.move_to_end(key)
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """More than come, so that none stays for good."""
        for oldest in list(islice(self._arrivals, 2)):
            if len(self._arrivals) > self._max_keys or self._arrivals[oldest] <= now:
                del self._arrivals[oldest]

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._arrivals)


def client_key(address: Address | str | None) -> str:
    """A key for the network of an address: one IPv4 host, or one IPv6 /64.

    The key is a hash with a secret of this process, so no address is kept and no key means
    anything after a restart. All addresses that cannot be read share one key.
    """
    return hashlib.blake2b(_network(address), key=_SECRET, digest_size=16).hexdigest()


def _network(address: Address | str | None) -> bytes:
    try:
        parsed = ipaddress.ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return b""
    if parsed is None:
        return b""
    if parsed.version == 4:
        return parsed.packed
    if parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped.packed
    return parsed.packed[:8]
