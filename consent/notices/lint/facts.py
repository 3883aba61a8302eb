"""Facts: what is asked for without saying what, for how long, by whom and where to read more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from consent.languages import NAMES
from consent.sites import seconds

from ...saying import Category, Said, say
from ..asking import called
from .finding import Mend, Rule

RETENTION_EXCEEDED = "RETENTION-EXCEEDED"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SETTINGS = Mend("settings")
Found = Iterator[tuple[Said, Mend]]


def _exceeded(body: dict[str, Any]) -> Found:
    """One that ends with the browser, or whose duration is not stated, is not accused."""
    limits = body["retention"].get("purposes", {})
    for tracker in body["trackers"]:
        limit, lasts = limits.get(tracker["category"]), tracker["duration"]
        if limit and isinstance(lasts, dict) and seconds(lasts) > seconds(limit):
            text = "%(name)s lasts %(lasts)s, and %(category)s is kept for %(limit)s at most."
            values = {"name": called(tracker), "lasts": lasts, "limit": limit}
            yield (
                Said(text, values | {"category": Category(tracker["category"])}),
                _tracker(tracker),
            )


def _unreasoned(body: dict[str, Any]) -> Found:
    for tracker in body["trackers"]:
        if tracker["category"] == "necessary" and not (tracker["reason"] or "").strip():
            yield (
                say("%(name)s is called necessary without a reason.", name=called(tracker)),
                _tracker(tracker),
            )


def _purposeless(body: dict[str, Any]) -> Found:
    for tracker in body["trackers"]:
        without = [tag for tag in body["languages"] if not tracker["purpose"].get(tag, "").strip()]
        if without:
            spoken = tuple(Said(NAMES.get(tag, tag)) for tag in without)
            text = "%(name)s: what it is for is not said in %(languages)s."
            yield say(text, name=called(tracker), languages=spoken), _tracker(tracker)


def _timeless(body: dict[str, Any]) -> Found:
    for tracker in body["trackers"]:
        if tracker["category"] not in (None, "necessary") and not tracker["duration"]:
            yield (
                say("%(name)s: how long it lasts is not stated.", name=called(tracker)),
                _tracker(tracker),
            )


def _unclassified(body: dict[str, Any]) -> Found:
    for tracker in body["trackers"]:
        if tracker["category"] is None:
            text = "%(name)s is unclassified: listed, and held whatever is accepted."
            yield say(text, name=called(tracker)), _tracker(tracker)


def _unprovided(body: dict[str, Any]) -> Found:
    third = {t["service"] for t in body["trackers"] if t["party"] == "third"}
    for service in body["services"]:
        if service["category"] not in (None, "necessary") and not service["provider"]:
            if service["id"] in third:
                text = "%(name)s sends data to a third party that is not named."
                yield say(text, name=service["name"]), Mend("service", service["id"])


def _policyless(body: dict[str, Any]) -> Found:
    urls, default = body["policy_urls"], body["default_language"]
    for tag in body["languages"]:
        if not urls.get(tag) and not urls.get(default):
            text = "The first layer has no link to a privacy policy in %(language)s."
            yield say(text, language=Said(NAMES.get(tag, tag))), SETTINGS


def _dead(body: dict[str, Any]) -> Found:
    """The first layer's own link."""
    for address in dict.fromkeys(body["policy_urls"].values()):
        if not _whole(address):
            yield say("The link %(address)s leads nowhere.", address=address), SETTINGS


def _dead_service(body: dict[str, Any]) -> Found:
    for service in body["services"]:
        address = service["policy_url"]
        if address and not _whole(address):
            text = "The link %(address)s leads nowhere."
            yield say(text, address=address), Mend("service", service["id"])


def _whole(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _plain_http(body: dict[str, Any]) -> Found:
    for address, mend in _links(body):
        if not _whole(address) or not address.startswith("http://"):
            continue
        if urlsplit(address).hostname not in LOOPBACK:
            yield say("The link %(address)s is not encrypted.", address=address), mend


def _links(body: dict[str, Any]) -> Iterator[tuple[str, Mend]]:
    for address in dict.fromkeys(body["policy_urls"].values()):
        yield address, SETTINGS
    for service in body["services"]:
        if service["policy_url"]:
            yield service["policy_url"], Mend("service", service["id"])


def _tracker(tracker: dict[str, Any]) -> Mend:
    return Mend("tracker", tracker["name"] or next(iter(tracker["purpose"].values()), ""))


RULES = (
    Rule("NECESSARY-UNREASONED", True, "ePrivacy Directive art. 5(3); WP 194", _unreasoned),
    Rule("LINK-DEAD", True, "EDPB Guidelines 03/2022, 3.4", _dead),
    Rule("LINK-DEAD-SERVICE", False, "EDPB Guidelines 03/2022, 3.4", _dead_service),
    Rule("LINK-HTTP", False, "GDPR art. 32(1)", _plain_http),
    Rule("POLICY-MISSING", False, "GDPR art. 13; EDPB Guidelines 05/2020, 64", _policyless),
    Rule("TRACKER-PURPOSE", False, "GDPR art. 13(1)(c); CJEU C-673/17, 75-81", _purposeless),
    Rule("TRACKER-DURATION", False, "CJEU C-673/17 Planet49, 75-81", _timeless),
    Rule("TRACKER-UNCLASSIFIED", False, "GDPR art. 5(1)(b)", _unclassified),
    Rule("PROVIDER-UNNAMED", False, "GDPR art. 13(1)(e)", _unprovided),
    Rule(RETENTION_EXCEEDED, False, "GDPR art. 5(1)(e)", _exceeded),
)
