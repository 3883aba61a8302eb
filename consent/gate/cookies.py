"""Set-Cookie, the one thing that depends on the visitor. Pure.

An answer in which it did is for that visitor alone, and says so to every cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from .choice import Choice, pairs
from .rules import NECESSARY, Rules, Tracker

Headers = list[tuple[str, str]]
MOST = 12  # names expired by one answer
SHARED = ("cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "edge-control")


def apply(
    headers: Headers, rules: Rules, cookie: str, choice: Choice | None, host: str, https: bool
) -> Headers:
    """Without the Set-Cookie of trackers that are not granted; with those of a refusal expired."""
    kept, decided = [], False
    for name, value in headers:
        tracker = _tracker(rules, value.partition("=")[0].strip()) if _sets(name) else None
        decided = decided or tracker is not None
        if tracker is None or _granted(tracker, choice, rules):
            kept.append((name, value))
    gone = list(_expired(rules, cookie, choice, host, https))
    return private(kept + gone) if decided or gone else kept


def private(headers: Headers) -> Headers:
    """The same answer, for one visitor: Cache-Control `private` (RFC 9111, 5.2.2.7)."""
    said = ", ".join(value for name, value in headers if name.lower() == "cache-control")
    parts = [part.strip() for part in said.split(",") if part.strip()]
    names = [part.partition("=")[0].lower() for part in parts]
    parts = [p for p, n in zip(parts, names, strict=True) if n not in ("public", "s-maxage")]
    if "no-store" not in names and "private" not in [part.lower() for part in parts]:
        parts = ["private", *(p for p in parts if not p.lower().startswith("private="))]
    dropped = ("cache-control", "x-accel-expires", *SHARED)
    rest = [(name, value) for name, value in headers if name.lower() not in dropped]
    return vary([*rest, ("Cache-Control", ", ".join(parts))], "Cookie")


def vary(headers: Headers, name: str) -> Headers:
    said = [value for own, value in headers if own.lower() == "vary"]
    listed = [part.strip().lower() for part in ",".join(said).split(",")]
    if name.lower() in listed or "*" in listed:
        return headers
    rest = [(own, value) for own, value in headers if own.lower() != "vary"]
    return [*rest, ("Vary", ", ".join([*said, name]))]


def _sets(name: str) -> bool:
    return name.lower() == "set-cookie"


def _tracker(rules: Rules, name: str) -> Tracker | None:
    """The tracker that asks for consent and has this name; exact names go before prefixes."""
    found = [one for one in rules.trackers if one.matches(name)]
    found.sort(key=lambda one: (one.prefix, -len(one.name)))
    return found[0] if found and found[0].category != NECESSARY else None


def _granted(tracker: Tracker, choice: Choice | None, rules: Rules) -> bool:
    return choice is not None and choice.grants(tracker.category, tracker.service, rules.asks)


def _expired(
    rules: Rules, cookie: str, choice: Choice | None, host: str, https: bool
) -> Iterator[tuple[str, str]]:
    """Set-Cookie lines that end what the browser still sends and the visitor has refused. The
    unclassified wait for a person's decision, so they are not deleted."""
    if choice is None:
        return
    names = dict.fromkeys(name for name, _ in pairs(cookie))
    refused = [
        name
        for name in names
        if (one := _tracker(rules, name)) and one.category and not _granted(one, choice, rules)
    ]
    for name in refused[:MOST]:
        end = f"{name}=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        secure = "; Secure" if https else ""
        yield "Set-Cookie", end + secure
        if https:
            yield "Set-Cookie", f"{end}; Secure; SameSite=None; Partitioned"
        if not name.startswith("__Host-"):
            for domain in _domains(host, rules.cookie_domain):
                yield "Set-Cookie", f"{end}; Domain={domain}{secure}"


def _domains(host: str, own: str | None) -> list[str]:
    """The host and the domains above it that a cookie may have; none for an address."""
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit():
        return []
    above = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return list(dict.fromkeys([*above, *([own] if own and f".{host}".endswith(f".{own}") else [])]))
