"""An auditor's own test visits: choices made as a browser makes them, demanded in the log later.

A log proves nothing about what was never logged. Whoever makes visits that the server cannot tell
from others, and finds every one of them in the log, knows that much about the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from consent.tlog.merkle import Wrong
from consent.tlog.note import Verifier

from . import period
from .archive import as_object
from .keys import Keys, parse_all, parse_lines
from .memory import DEFAULT, Memory
from .receipt import Proven, prove, remember, remembered, verify_promise
from .report import OK, UNCHECKED, Report, Unreadable

TIMEOUT_S = 30
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/150.0.0.0 Safari/537.36"
)
ANSWER = 4 * 1024 * 1024
WORDS = ("reject_all", "accept_all", "save", "withdraw")  # in turn


def main(words: Sequence[str]) -> int:
    """The exit code, as of the verifier."""
    asked = _parser().parse_args(words)
    if asked.check:
        return _check(asked)
    if not asked.url or not asked.site:
        raise Unreadable("name the server and the site: probe URL SITE --state FILE")
    return _visit(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify probe",
        description="Makes test visits of your own (probe URL SITE --state FILE), and later demands"
        " every one of them in the log (probe --check --state FILE).",
    )
    parser.add_argument("url", nargs="?", help="the server, like https://consent.example.com")
    parser.add_argument("site", nargs="?", help="the site's key, like example.com")
    parser.add_argument("--state", type=Path, required=True, help="the visits and their secrets")
    parser.add_argument("--check", action="store_true", help="demand what was sent before")
    parser.add_argument("--visits", type=int, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument("--origin", help="the page's origin (default https://SITE)")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="pin a key")
    parser.add_argument("--memory", type=Path, metavar="FILE", help=f"default {DEFAULT}")
    parser.add_argument("--no-memory", action="store_true", help="neither read nor write one")
    return parser


def _visit(asked: argparse.Namespace) -> int:
    """Send so many choices; each is in the state file before it is sent, so none is forgotten."""
    url, site = asked.url.rstrip("/"), asked.site
    state = _state(asked.state, {"v": 1, "url": url, "site": site, "visits": []})
    if (state["url"], state["site"]) != (url, site):
        raise Unreadable(f"{asked.state} is about {state['site']} at {state['url']}.")
    origin = asked.origin or f"https://{site}"
    for _ in range(asked.visits):
        shown = _fetch(f"{url}/v1/{site}/notice")
        visit: dict[str, Any] = {
            "sent": _choice(shown, origin, len(state["visits"])),
            "answer": None,
        }
        state["visits"].append(visit)
        _save(asked.state, state)
        body = json.dumps(visit["sent"]).encode()
        visit["answer"] = _fetch(f"{url}/v1/{site}/consents", body, Origin=origin)
        _save(asked.state, state)
        if visit["answer"].get("test"):
            raise Unreadable(f"{origin} is a test origin there: nothing of it is logged.")
    print(f"{asked.visits} visits made; {len(state['visits'])} in {asked.state}.")
    print(f"In a minute or later: probe --check --state {asked.state}")
    return OK


def _check(asked: argparse.Namespace) -> int:
    state = _state(asked.state, None)
    url, site = str(state["url"]), str(state["site"])
    report = Report(f"PROBE of {site} at {url}")
    try:
        keys, brought = Keys(parse_all(asked.key)), _keys_of(url)
    except Wrong as wrong:
        raise Unreadable(f"the keys: {wrong}.") from None
    memory = Memory.load(None if asked.no_memory else asked.memory or DEFAULT.expanduser())
    proofs: list[Proven] = []
    waiting = 0
    for visit in state["visits"]:
        try:
            proven = _demand(url, site, visit, keys, brought)
            if proven is None:
                waiting += 1
                continue
            remembered(proven, memory)
        except Wrong as wrong:
            report.wrong(f"The visit {visit['sent']['id']} of {visit['sent']['at']}: {wrong}.")
            continue
        proofs.append(proven)
    report.checked.append(f"{len(state['visits'])} test visits: promise, record, proof, chain.")
    if waiting:
        report.notes.append(f"{waiting} are younger than a minute and not in the log yet.")
    report.proven.append(
        f"{len(proofs)} visits are in the log, and their records say what was sent."
    )
    report.unproven += [
        "That other visits were logged too. The less the server can tell yours from others (other"
        " addresses, other days), the more these say about the rest.",
        "That nobody else is shown another log: check the bundle with the same memory.",
    ]
    if not keys.pinned:
        report.unproven.append(f"Whose key it is: it was fetched from {url}.")
    print(report.text())
    if report.code == OK:
        for proven in proofs:
            remember(proven, memory)
        memory.save()
    return UNCHECKED if waiting and report.code == OK else report.code


def _demand(
    url: str, site: str, visit: dict[str, Any], keys: Keys, brought: list[Verifier]
) -> Proven | None:
    """Where the visit is in the log; None while it may still wait; Wrong if it is not there."""
    sent, answer = visit["sent"], visit["answer"]
    secret = f"Visitor {sent['visitor']}"
    try:
        receipt = _fetch(f"{url}/v1/{site}/receipts/{sent['id']}", Authorization=secret)
    except Unreadable as why:
        if answer is None:
            if _young(sent["at"]):
                return None
            raise Wrong(f"it was sent, no answer came, and it is not there ({why})") from None
        raise Wrong(f"it was acknowledged, and its receipt is missing ({why})") from None
    if answer is not None:
        verify_promise(answer, keys, brought)
    if receipt.get("proof") is None:
        record = receipt.get("record")
        received = str(record.get("received_at")) if isinstance(record, dict) else ""
        if period.is_time(received) and _young(received):
            return None
        raise Wrong("it was received more than a minute ago and is not in the log")
    proven = prove(receipt, keys, brought)
    if answer is not None and proven.commitment != answer.get("commitment"):
        raise Wrong("the log holds another commitment than the one that was promised")
    record = receipt["record"]
    for name in ("id", "action", "categories", "services", "notice", "language", "layer"):
        if record.get(name) != sent.get(name):
            raise Wrong(f"its record says another {name} than was sent")
    return proven


def _choice(shown: dict[str, Any], origin: str, turn: int) -> dict[str, Any]:
    """A choice as the script sends it, by a visitor who was never there before."""
    action = WORDS[turn % len(WORDS)]
    asked = [name for name in shown["categories"] if name != "necessary"]
    granted = {
        name: action == "accept_all" or (action == "save" and not n) for n, name in enumerate(asked)
    }
    services = {
        one["id"]: granted[one["category"]]
        for one in shown["services"]
        if one["category"] in granted
    }
    at, answer = datetime.now(UTC), shown.get("answer")
    seen = at - timedelta(milliseconds=2000 + secrets.randbelow(10_000))
    served = {"answer": answer} if answer else {}
    return {
        "v": 1,
        "id": _uuid7(),
        "visitor": secrets.token_urlsafe(16),
        "notice": shown["notice"],
        "action": action,
        "categories": granted,
        "services": services,
        "language": shown["lang"],
        "layer": 1 if action in ("accept_all", "reject_all") else 2,
        "page": f"{origin}/",
        "at": period.spelt(at),
        "shown_at": period.spelt(seen),
        **served,
        "device": "desktop",
        "signals": {"gpc": False, "dnt": False},
    }


def _uuid7() -> str:
    h = f"{time.time_ns() // 1_000_000:012x}7{secrets.randbits(12):03x}"
    h += f"{secrets.randbits(62) | 1 << 63:016x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _young(at: str) -> bool:
    return datetime.fromisoformat(period.now()) - datetime.fromisoformat(at) <= period.GRACE


def _keys_of(url: str) -> list[Verifier]:
    """Those of the deployment log, which is open to all and has the same key."""
    return parse_lines(_get(f"{url}/log/vkeys").decode())


def _fetch(url: str, body: bytes | None = None, **headers: str) -> dict[str, Any]:
    try:
        return as_object(_get(url, body, **headers), url)
    except Wrong as wrong:
        raise Unreadable(f"{wrong}.") from None


def _get(url: str, body: bytes | None = None, **headers: str) -> bytes:
    """The body of a 2xx answer; Unreadable for every other."""
    if not url.startswith(("http://", "https://")):
        raise Unreadable(f"{url} is not a web address.")
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked above
    request.add_header("User-Agent", BROWSER)
    if body is not None:
        request.add_header("Content-Type", "text/plain;charset=UTF-8")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
            found: bytes = reply.read(ANSWER)
            return found
    except urllib.error.HTTPError as error:
        with error:
            raise Unreadable(f"{url} answers {error.code} {error.read(500)!r}") from None
    except OSError as error:
        raise Unreadable(f"{url}: {error}") from None


def _state(file: Path, fresh: dict[str, Any] | None) -> dict[str, Any]:
    if not file.exists() and fresh is not None:
        return fresh
    try:
        known = as_object(file.read_bytes(), str(file))
    except (Wrong, OSError) as error:
        raise Unreadable(f"{error}.") from None
    if known.get("v") != 1 or not isinstance(known.get("visits"), list):
        raise Unreadable(f"{file} is not a state of probe.")
    return known


def _save(file: Path, state: dict[str, Any]) -> None:
    """Whole or not at all; for nobody else, because it holds secrets."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(state, out, indent=1)
    os.replace(fresh, file)
