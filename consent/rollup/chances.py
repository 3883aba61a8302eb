"""How far a share can be trusted, and how long people took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Z = 1.959963984540054  # of 95 %


def wilson(hits: int, count: int, z: float = Z) -> tuple[float, float] | None:
    """The interval in which the true share lies, by Wilson's score, at 95 % unless told; None for
    no cases.

    (Wilson 1927; it keeps what it promises for small counts and shares near 0 and 1, which the
    usual formula does not.)
    """
    if count == 0:
        return None
    share = hits / count
    base = 1 + z * z / count
    middle = share + z * z / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / base), min(1.0, (middle + spread) / base)


def differ(one: tuple[int, int], other: tuple[int, int]) -> bool | None:
    """Whether two shares (hits, count) differ by more than chance would explain, at 95 %.

    Newcombe's interval of the difference, made of the two of Wilson (Newcombe 1998, method 10);
    None where either has no cases.
    """
    a, b = wilson(*one), wilson(*other)
    if a is None or b is None:
        return None
    p, q = one[0] / one[1], other[0] / other[1]
    low = p - q - sqrt((p - a[0]) ** 2 + (b[1] - q) ** 2)
    high = p - q + sqrt((a[1] - p) ** 2 + (q - b[0]) ** 2)
    return low > 0 or high < 0


def quantile(buckets: Sequence[tuple[int, int | None, int]], share: float) -> float | None:
    """About where `share` of the cases lie below: (from, to, count) rising; even within a bucket.

    None for no cases; the lower bound where it falls into the last bucket, which has no end.
    """
    wanted = share * sum(count for _, _, count in buckets)
    below = 0
    for start, end, count in buckets:
        if count and below + count >= wanted:
            return start if end is None else start + (end - start) * (wanted - below) / count
        below += count
    return None
