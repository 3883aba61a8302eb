"""What was sent to others before a choice, after a refusal, after a withdrawal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ..classify import Proposal, Seen, propose, service_of
from ..saying import say, say_many
from .declared import Declared, served
from .finding import Finding, named
from .model import Pass, Request, Scan
from .places import split
from .standing import NECESSARY, SURE, Standing, after, line

# What runs or opens a line; the rest only shows something.
ACTIVE = ("script", "frame", "beacon", "fetch", "websocket", "worker")
PLATFORM = re.compile(r"/v1/[^/]+/(?:[^/]+/){0,2}consent\.js$")
WHY = say(
    "A request tells a third party the visitor's address and browser, and lets it store and read; "
    "what is not needed for the page waits for consent (ePrivacy Directive art. 5(3))."
)
GATE = say(
    "The first HTML asks for it, so the browser fetches it before any script can hold it. Mark the "
    "tag (docs/blocking.md) or use the gate (docs/gate.md)."
)
Group = dict[str, list[Request]]


def sent(
    scan: Scan,
    declared: Sequence[Declared] | None,
    proposes: Callable[[Seen], Proposal] = propose,
) -> Iterable[Finding]:
    """One finding for each host and pass."""
    platform = {
        split(request.url).netloc
        for one in scan.passes
        for request in one.requests
        if PLATFORM.search(request.url)
    }
    reviewed: set[str] = set()
    for name in ("none", "reject", "withdraw"):
        seen = scan.of(name)
        if seen is None:
            continue
        for host, requests in _grouped(seen, platform).items():
            standing = _standing(requests[0], declared, proposes)
            if standing.necessary:
                continue
            severity = _severity(requests, standing)
            if severity == "error" or host not in reviewed:
                reviewed.add(host)
                yield _finding(scan, name, requests, standing, severity)


def _grouped(seen: Pass, platform: set[str]) -> Group:
    """Third parties' requests by host; the consent server's own are what the page is built on."""
    groups: Group = {}
    for request in seen.requests:
        ours = split(request.url).netloc in platform and "/v1/" in request.url
        if request.party == "third" and not ours:
            groups.setdefault(request.host, []).append(request)
    return groups


def _standing(
    request: Request,
    declared: Sequence[Declared] | None,
    proposes: Callable[[Seen], Proposal],
) -> Standing:
    row = served(request, declared or ())
    if row is not None:
        return Standing(row.category, 1.0, declared=True, service=row.service_name)
    fact = service_of(request.url)
    if fact is not None:
        category = None if fact.category == "unknown" else fact.category
        return Standing(category, 0.9, service=fact.name)
    proposal = proposes(Seen(request.host, request.host, "request", request.party))
    category = None if proposal.category == "unknown" else proposal.category
    return Standing(category, proposal.confidence, proposal=proposal, service=proposal.service_name)


def _severity(requests: list[Request], standing: Standing) -> str:
    if standing.declared:
        return "error"
    if standing.category in ("statistics", "marketing") and standing.confidence >= SURE:
        return "error"
    if standing.category == NECESSARY:
        return "info"
    return "warning" if any(one.kind in ACTIVE for one in requests) else "info"


def _finding(
    scan: Scan, name: str, requests: list[Request], standing: Standing, severity: str
) -> Finding:
    """The request that says most stands for the others: who started it is known."""
    first = next((one for one in requests if one.kind == "script"), requests[0])
    code = "leak-before-choice" if name == "none" else f"leak-after-{name}"
    why = WHY
    if severity != "error":
        code = "needs-review"
        why = say("Nobody has said what this host is for. %(why)s", why=WHY)
    elif scan.banner == "crumbtrail" and any(one.static for one in requests):
        first = next(one for one in requests if one.static)
        code, why = "needs-gate", GATE
    kinds = ", ".join(sorted({one.kind for one in requests}))
    what = say_many(
        "%(num)s request (%(kinds)s) went to %(host)s%(service)s, %(after)s, the first to"
        " %(url)s%(asker)s, on %(page)s.",
        "%(num)s requests (%(kinds)s) went to %(host)s%(service)s, %(after)s, the first to"
        " %(url)s%(asker)s, on %(page)s.",
        sum(one.count for one in requests),
        kinds=kinds,
        host=first.host,
        service=f", {standing.service}" if standing.service else "",
        after=after(name),
        url=first.url,
        asker=_asker(first),
        page=_path(first.page),
    )
    return Finding(
        code,
        severity,
        what,
        first.page,
        why,
        first.cause,
        standing.proposal,
        named(code, name, "request", first.host),
        first.kind,
        first.host,
        first.host,
    )


def _asker(request: Request) -> str:
    cause = request.cause
    if cause is None or not cause.url or cause.how not in ("script", "element"):
        return ""
    where = {"url": cause.url, "line": line(cause)}
    if cause.how == "element":
        return say(", asked for by a tag in %(url)s%(line)s", **where)
    return say(", asked for by %(url)s%(line)s", **where)


def _path(page: str) -> str:
    return split(page).path or "/"
