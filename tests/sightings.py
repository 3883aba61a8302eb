"""What a scan may have seen, for tests that need no browser."""

from __future__ import annotations

from typing import Any

from consent.findings import Cause, Pass, Request, Scan, Thing

PAGE = "https://example.com/"
GTAG = "https://www.googletagmanager.com/gtag/js"


def cookie(name: str, **more: Any) -> Thing:
    values: dict[str, Any] = {"domain": "example.com", "path": "/", "page": PAGE, "size": 20}
    return Thing("cookie", name, **{**values, **more})


def saw(*things: Thing, requests: list[Request] | None = None, before: bool = True) -> Scan:
    """A scan of one page: the things were there before a choice, or only after accepting."""
    first = Pass("none", pages=[PAGE], things=list(things) if before else [])
    first.requests = requests or []
    accepted = Pass("accept", pages=[PAGE], things=list(things))
    return Scan(
        PAGE,
        started="2026-11-21T10:00:00Z",
        ended="2026-11-21T10:00:30Z",
        browser="Chromium 156",
        banner="crumbtrail",
        passes=[first, accepted],
        pages=[PAGE],
    )


def analytics() -> list[Thing]:
    """The cookies of Google Analytics, as its script sets them."""
    cause = Cause("script", GTAG, 12, "google-analytics", [f"{GTAG}:12"])
    year = 365 * 86_400
    return [
        cookie("_ga", lifetime=2 * year, cause=cause),
        cookie("_ga_ABC123", lifetime=2 * year, cause=cause),
        cookie("_gid", lifetime=86_400, cause=cause),
    ]


def finding(id: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "code": "leak-before-choice",
        "severity": severity,
        "what": f"cookie {id}",
        "where": PAGE,
        "why": "It was set before a choice.",
        "cause": None,
        **more,
    }
