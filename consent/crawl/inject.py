"""Puts our elements into a page on its way into the browser, so that nothing need be installed."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession
from playwright.sync_api import Error as PlaywrightError

MOUNT = "/_ct"  # where the page finds what `answers` holds
HEAD = re.compile(rb"<head(?:\s[^>]*)?>", re.IGNORECASE)
# The page's body changes, and its policy cannot know our stub; a report says that it was set aside.
DROPPED = ("content-length", "content-encoding", "content-security-policy", "transfer-encoding")
SCRIPT = [{"name": "Content-Type", "value": "text/javascript; charset=utf-8"}]


def inject(session: CDPSession, head: str, answers: dict[str, str]) -> None:
    """From now on each HTML document of the page gets `head`; `answers` by path below MOUNT."""
    main = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def paused(event: dict[str, Any]) -> None:
        try:
            if urlsplit(event["request"]["url"]).path.startswith(f"{MOUNT}/"):
                _answer(session, event, answers)
            elif event.get("frameId") == main and _is_page(event):
                _rewrite(session, event, head)
            else:
                session.send("Fetch.continueRequest", {"requestId": event["requestId"]})
        except PlaywrightError:
            return  # the page is gone

    session.on("Fetch.requestPaused", paused)
    patterns = [
        {"urlPattern": f"*{MOUNT}/*", "requestStage": "Request"},
        {"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"},
    ]
    session.send("Fetch.enable", {"patterns": patterns})


def with_head(page: bytes, head: str) -> bytes:
    """`head` first in <head>; where there is none, as early as the parser allows."""
    start = page[:20_000]
    if found := HEAD.search(start):
        at = found.end()
    elif found := re.search(rb"<body(?:\s[^>]*)?>", start, re.IGNORECASE):
        at = found.start()
    else:
        found = re.match(rb"\s*<!doctype[^>]*>", start, re.IGNORECASE)
        at = found.end() if found else 0
    return page[:at] + head.encode("ascii", "xmlcharrefreplace") + page[at:]


def _is_page(event: dict[str, Any]) -> bool:
    kind = "".join(
        one["value"]
        for one in event.get("responseHeaders", [])
        if one["name"].lower() == "content-type"
    )
    return event.get("responseStatusCode") == 200 and "html" in kind.lower()


def _answer(session: CDPSession, event: dict[str, Any], answers: dict[str, str]) -> None:
    path = urlsplit(event["request"]["url"]).path.removeprefix(MOUNT)
    body = answers.get(path)
    session.send(
        "Fetch.fulfillRequest",
        {
            "requestId": event["requestId"],
            "responseCode": 404 if body is None else 200,
            "responseHeaders": SCRIPT,
            "body": base64.b64encode((body or "").encode()).decode(),
        },
    )


def _rewrite(session: CDPSession, event: dict[str, Any], head: str) -> None:
    name = {"requestId": event["requestId"]}
    got = session.send("Fetch.getResponseBody", name)
    body = base64.b64decode(got["body"]) if got["base64Encoded"] else got["body"].encode()
    kept = [one for one in event["responseHeaders"] if one["name"].lower() not in DROPPED]
    session.send(
        "Fetch.fulfillRequest",
        {
            **name,
            "responseCode": 200,
            "responseHeaders": kept,
            "body": base64.b64encode(with_head(body, head)).decode(),
        },
    )
