"""Whether visitors must be asked again: what a newer notice adds to or widens in an older one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..saying import Category, Said, say


def asks_again(old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    """Why visitors must be asked again, in sentences; empty when they need not be."""
    return [str(reason) for reason in reasons(old, new)]


def reasons(old: dict[str, Any] | None, new: dict[str, Any]) -> list[Said]:
    """Why visitors must be asked again; empty when they need not be.

    A new or wider purpose, category or service, or another controller (GDPR art. 4(11), 6(4), 7).
    """
    if old is None:
        return []
    return [*_wider_controller(old, new), *_wider_services(old, new), *_wider_trackers(old, new)]


def _wider_controller(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Said]:
    if old["controller"].get("legal_name") != new["controller"].get("legal_name"):
        yield say("The controller is another one.")
    known = {category["id"] for category in old["categories"]}
    for category in new["categories"]:
        if category["id"] not in known:
            yield say("The category %(category)s is new.", category=Category(category["id"]))


def _wider_services(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Said]:
    before = by(old["services"], "id")
    for service in new["services"]:
        key, was = service["id"], before.get(service["id"])
        if service["category"] in (None, "necessary"):
            continue
        if was is None:
            yield say("The service %(service)s is new.", service=key)
        elif was["category"] != service["category"]:
            yield say(
                "The service %(service)s is now used for %(category)s.",
                service=key,
                category=Category(service["category"]),
            )
        elif was["provider"] != service["provider"]:
            yield say(
                "The service %(service)s is now provided by %(provider)s.",
                service=key,
                provider=service["provider"],
            )


def _wider_trackers(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Said]:
    before = tracker_map(old)
    services = {(s["id"], s["category"]) for s in old["services"]}
    for key, tracker in tracker_map(new).items():
        if tracker["category"] in (None, "necessary"):
            continue
        was, category = before.get(key), Category(tracker["category"])
        if was is None and (tracker["service"], tracker["category"]) not in services:
            text = "The tracker %(tracker)s is new, for %(category)s."
            yield say(text, tracker=called(tracker), category=category)
        elif was is not None and was["category"] != tracker["category"]:
            text = "The tracker %(tracker)s is now used for %(category)s."
            yield say(text, tracker=called(tracker), category=category)


def by(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {row[name]: row for row in rows}


def tracker_map(body: dict[str, Any]) -> dict[str, Any]:
    """Trackers by what tells them apart: the name, else the purpose."""
    return {_apart(t, t["name"] or _purpose(t)): t for t in body["trackers"]}


def called(tracker: dict[str, Any]) -> str:
    """What a sentence calls a tracker: its name, else its purpose in quotation marks."""
    return _apart(tracker, tracker["name"] or f"“{_purpose(tracker).rstrip(' .')}”")


def _apart(tracker: dict[str, Any], name: str) -> str:
    return name if tracker["kind"] == "cookie" else f"{name} ({tracker['kind']})"


def _purpose(tracker: dict[str, Any]) -> str:
    return next(iter(tracker["purpose"].values()), "?")
