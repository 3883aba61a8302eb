"""Sites: a website, its controller, the origins it may speak from, and what it promises."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import integrations, texts, trail
from .db import Base, Instant, Json, db
from .errors import Conflict, Invalid, NotFound

KEY = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]+(?::\d{1,5})?")
LANGUAGES = texts.available()
UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "month": 2_629_746, "year": 31_556_952}
ANCHORS = ("choice", "expiry", "withdrawal")
ACTIONS = ("delete", "aggregate", "anonymise")
PURPOSES = ("preferences", "statistics", "marketing")
LEAST_S = 31 * 86_400  # a purged id must be too old to be taken again
RIGHTS = ("page", "email", "phone", "post")
WHOLE = "guard-stub"  # the larger stub: holds the rarer ways too from the first byte on
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
A_LIFETIME = "A whole number of days, months or years."
CHANGEABLE = frozenset(
    "name controller contacts dpo authority origins preview_hosts cookie_domain languages "
    "default_language policy_urls preferences choice_lifetime retention layout publish_log "
    "request_form request_days integrations texts".split()
)


class Site(Base):
    """`controller` is {trading_name, legal_name, …}; a lifetime is {value, unit}.

    `choice_lifetime` is how long a choice counts. `retention` is how long its record is kept: a
    lifetime with `anchor` (one of ANCHORS, absent: choice), `action` (one of ACTIONS, absent:
    delete) and `purposes`, {category: lifetime}, how long what serves a purpose may live; {} until
    somebody has stated it. `request_days` is what the site promises for requests of visitors, in
    days, None where it promises nothing. `integrations` is {part: {option: value}}, see
    integrations.py; unlike the rest it is no part of a notice, and takes effect at once. `texts`
    are the owner's words in place of ours: {language: {key: text}}, a text with plural forms being
    {category: text}.
    """

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    controller: Mapped[dict[str, Any]] = mapped_column(Json)
    contacts: Mapped[dict[str, Any]] = mapped_column(Json)
    dpo: Mapped[dict[str, Any] | None] = mapped_column(Json)
    authority: Mapped[dict[str, Any] | None] = mapped_column(Json)
    origins: Mapped[list[str]] = mapped_column(Json)
    preview_hosts: Mapped[list[str]] = mapped_column(Json)
    cookie_domain: Mapped[str | None] = mapped_column(String(253))
    languages: Mapped[list[str]] = mapped_column(Json)
    default_language: Mapped[str] = mapped_column(String(12))
    policy_urls: Mapped[dict[str, str]] = mapped_column(Json)
    preferences: Mapped[bool]
    choice_lifetime: Mapped[dict[str, Any]] = mapped_column(Json)
    retention: Mapped[dict[str, Any]] = mapped_column(Json)
    layout: Mapped[dict[str, Any]] = mapped_column(Json)
    decided_for_demo: Mapped[bool]
    publish_log: Mapped[bool]
    request_form: Mapped[bool]
    request_days: Mapped[int | None]
    integrations: Mapped[dict[str, Any]] = mapped_column(Json)
    texts: Mapped[dict[str, dict[str, Any]]] = mapped_column(Json)
    tag_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


def get(key: str) -> Site:
    """The site of that key; raises NotFound `site_unknown`."""
    site = db.session.scalar(select(Site).where(Site.key == key))
    if site is None:
        raise NotFound("site_unknown", f"There is no site {key!r} here.")
    return site


def all_sites() -> list[Site]:
    return list(db.session.scalars(select(Site).order_by(Site.key)))


def add(
    key: str,
    name: str,
    controller: dict[str, Any],
    origins: list[str],
    languages: list[str],
    by: str,
    at: datetime,
    **more: Any,
) -> Site:
    """Make a site; raises Conflict `site_exists`, Invalid with `fields`.

    Without `retention` it cannot be published: nobody but the owner knows how long.
    """
    values: dict[str, Any] = {
        "contacts": {},
        "dpo": None,
        "authority": None,
        "preview_hosts": [],
        "cookie_domain": None,
        "default_language": languages[0] if languages else "en",
        "policy_urls": {},
        "preferences": False,
        "choice_lifetime": {"value": 6, "unit": "month"},
        "retention": {},
        "layout": {"position": "bottom"},
        "decided_for_demo": False,
        "publish_log": False,
        "request_form": True,
        "request_days": None,
        "integrations": {},
        "texts": {},
    }
    values |= {"name": name, "controller": controller, "origins": origins, "languages": languages}
    values |= more
    problems = _problems(values)
    if not KEY.fullmatch(key):
        problems["key"] = "Lower-case letters, digits, dots and dashes, like example.com."
    if problems:
        raise Invalid("field_value", "The site cannot be made like this.", fields=problems)
    if db.session.scalar(select(Site.id).where(Site.key == key)) is not None:
        raise Conflict("site_exists", f"There is a site {key!r} already.", fields={"key": "Taken."})
    site = Site(key=key, created_at=at, **_clean(values))
    db.session.add(site)
    trail.write("site.add", by, at, key)
    db.session.commit()
    return site


def change(site: Site, by: str, at: datetime, **fields: Any) -> Site:
    """Change settings of a site; visitors see them when the next notice is published.

    Integrations go to the trail as they are from now on: they work at once, without a notice.
    """
    unknown = set(fields) - CHANGEABLE
    if unknown:
        raise Invalid("field_unknown", f"Not a setting of a site: {', '.join(sorted(unknown))}.")
    merged = {name: getattr(site, name) for name in CHANGEABLE} | fields
    problems = _problems(merged)
    if problems:
        raise Invalid("field_value", "The site cannot be changed like this.", fields=problems)
    for name, value in _clean(merged).items():
        setattr(site, name, value)
    told = {"integrations": site.integrations} if "integrations" in fields else {}
    trail.write("site.change", by, at, site.key, fields=sorted(fields), **told)
    db.session.commit()
    return site


def tag_seen(site: Site, at: datetime) -> None:
    """Remember that the owner's page asked for the script; kept to the hour, names nobody."""
    if site.tag_seen_at is None or (at - site.tag_seen_at).total_seconds() > 3600:
        site.tag_seen_at = at
        db.session.commit()


def seconds(lifetime: dict[str, Any]) -> int:
    """A {value, unit} as seconds; months and years are mean Gregorian ones."""
    return int(lifetime["value"]) * UNITS[lifetime["unit"]]


def rights_contact(controller: dict[str, Any], contacts: dict[str, Any]) -> dict[str, str]:
    """Where a visitor asks about their data: page, email, phone, post, as far as stated.

    The contacts for rights; where they name nothing to write to or to call, the controller's own.
    """
    found = {name: contacts[name] for name in RIGHTS if contacts.get(name)}
    if not set(found) & {"email", "phone", "post"}:
        own = {"email": "email", "phone": "phone", "post": "address", "page": "contact_page"}
        more = {name: controller[field] for name, field in own.items() if controller.get(field)}
        found = more | found
    return found


def origin_kind(site: Site, origin: str | None, own_origins: tuple[str, ...]) -> str | None:
    """'real', 'test' or None (refused) for an Origin header.

    Hosts match exactly, or below an explicit `*.` entry, in any letter case. `own_origins` are
    whole origins that also count as real (the demo's own server).
    """
    if not origin or origin == "null":
        return None
    if origin.lower() in own_origins:
        return "real"
    parts = urlsplit(origin.lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        return None
    hosts = (parts.netloc, parts.hostname)
    if any(_host_matches(host, entry) for host in hosts for entry in site.origins):
        return "real"
    if parts.netloc.rsplit(":", 1)[0] in LOOPBACK or parts.netloc in LOOPBACK:
        return "test"
    if any(_host_matches(host, entry) for host in hosts for entry in site.preview_hosts):
        return "test"
    return None


def covers(site: Site, host: str) -> bool:
    """Whether a host, in lower case and without a port, is among the site's origins or below an
    explicit `*.` one."""
    return any(_host_matches(host, entry.rsplit(":", 1)[0]) for entry in site.origins)


def same_site(own: str, page: str, cookie_domain: str | None) -> bool:
    """Whether a cookie that `own` sets by HTTP is one that scripts of `page` would share.

    Both are origins; ports do not count, because cookies ignore them. The owner declared
    `cookie_domain`, so no list of public suffixes is asked. The script has the same rule
    (`sameSite` in verdict.js).
    """
    try:
        ours, theirs = urlsplit(own.lower()), urlsplit(page.lower())
    except ValueError:
        return False
    if ours.scheme != theirs.scheme or not ours.hostname or not theirs.hostname:
        return False
    if cookie_domain:
        return all(_within(host, cookie_domain) for host in (ours.hostname, theirs.hostname))
    return ours.hostname == theirs.hostname


def snippet(site: Site, base_url: str, hold: str = "", first: str = "stub") -> str:
    """What an owner pastes first into <head>: the inline stubs and the async script.

    The first stub (or the WHOLE one) is there for everybody, with its rules (`notices.hold`); those
    of Google and of the IAB where the site's integrations need to speak before any vendor's script.
    """
    key, base = html.escape(site.key), html.escape(base_url)
    rules = f' data-hold="{html.escape(hold)}"' if hold else ""
    inline = [f'<script data-site="{key}"{rules}>{stub(first)}</script>']
    for name, attributes in _more_stubs(site.integrations):
        inline.append(f"<script{attributes}>{stub(name)}</script>")
    async_ = f'<script async fetchpriority="high" src="{base}/v1/{key}/consent.js"></script>'
    return async_ if "shadow" in site.integrations else "\n".join([*inline, async_])


def _more_stubs(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and attributes of each further inline stub, in the order of the page."""
    found = []
    google = wanted.get("signals", {})
    wait = f' data-wait="{google["wait_for_update"]}"' if "wait_for_update" in google else ""
    if said := wait + (" data-redact" if google.get("ads_data_redaction") else ""):
        found.append(("google-stub", said))
    if apis := [name for name in ("gpp", "tcf") if name in wanted]:
        found.append(("iab-stub", f' data-apis="{" ".join(apis)}"'))
    return found


@cache
def stub(name: str = "stub") -> str:
    """An inline stub as built: the same bytes for every site, so its CSP hash is one."""
    dist = Path(str(files("consent"))).parent.joinpath("static/js/dist")
    return dist.joinpath(f"{name}.js").read_text("utf-8").strip()


@cache
def stub_hash(name: str = "stub") -> str:
    """What a page's Content-Security-Policy names to let it run (CSP Level 3, 6.7)."""
    digest = hashlib.sha256(stub(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def stub_hashes(site: Site, first: str = "stub") -> list[str]:
    """Those of all inline stubs in the site's snippet."""
    more = [stub_hash(name) for name, _ in _more_stubs(site.integrations)]
    return [stub_hash(first), *more]


def _host_matches(host: str, entry: str) -> bool:
    entry = entry.lower()
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry


def _problems(values: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not str(values["name"]).strip():
        found["name"] = "The site needs a name."
    if not values["origins"] or not all(HOST.fullmatch(_bare(o)) for o in values["origins"]):
        found["origins"] = "One host a line, like example.com or *.example.com."
    if not values["languages"] or not set(values["languages"]) <= set(LANGUAGES):
        found["languages"] = f"Choose from {', '.join(LANGUAGES)}."
    elif values["default_language"] not in values["languages"]:
        found["default_language"] = "Must be one of the site's languages."
    found |= _wrong_spans(values) | integrations.problems(values["integrations"])
    found |= _wrong_texts(values["texts"])
    domain = values["cookie_domain"]
    if domain and not all(_within(_bare(o), domain) for o in values["origins"]):
        found["cookie_domain"] = "Every origin must be this domain or below it."
    for language, url in values["policy_urls"].items():
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            found["policy_urls"] = f"{language}: a whole address, like https://example.com/privacy."
    return found


def _wrong_spans(values: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not _is_lifetime(values["choice_lifetime"]):
        found["choice_lifetime"] = A_LIFETIME
    if values["retention"] and (why := retention_problem(values["retention"])):
        found["retention"] = why
    if values["request_days"] is not None and not 1 <= values["request_days"] <= 365:
        found["request_days"] = "A whole number of days, at most a year; or empty."
    return found


def _wrong_texts(own: dict[str, dict[str, Any]]) -> dict[str, str]:
    """By field, like `texts.de.reject`; what only steers the visitor is not refused."""
    found: dict[str, str] = {}
    for language, words in own.items():
        if language not in LANGUAGES or not isinstance(words, dict):
            found[f"texts.{language}"] = f"Texts by language, one of {', '.join(LANGUAGES)}."
            continue
        for problem in texts.problems(language, words):
            if problem.blocks:
                found[f"texts.{language}.{problem.key}"] = problem.sentence
    return found


def retention_problem(kept: dict[str, Any]) -> str | None:
    """Why a site cannot be published with this retention, in a sentence; None where it can."""
    if not kept:
        return "Say how long the record of a choice is kept."
    if not _is_lifetime(kept):
        return A_LIFETIME
    if seconds(kept) < LEAST_S:
        return "At least 31 days: until then a browser may still deliver the choice."
    if kept.get("anchor", "choice") not in ANCHORS:
        return f"It begins at one of {', '.join(ANCHORS)}."
    if kept.get("action", "delete") not in ACTIONS:
        return f"At its end, one of {', '.join(ACTIONS)}."
    purposes = kept.get("purposes", {})
    if not set(purposes) <= set(PURPOSES) or not all(map(_is_lifetime, purposes.values())):
        return f"Of {', '.join(PURPOSES)}, each a whole number of days, months or years."
    if extra := set(kept) - {"value", "unit", "anchor", "action", "purposes"}:
        return f"Not part of a retention: {', '.join(sorted(extra))}."
    return None


def _is_lifetime(life: Any) -> bool:
    if not isinstance(life, dict):
        return False
    value = life.get("value")
    return life.get("unit") in UNITS and isinstance(value, int) and 1 <= value <= 1200


def _within(host: str, domain: str) -> bool:
    host = host.removeprefix("*.").rsplit(":", 1)[0]
    return host == domain or host.endswith("." + domain)


def _bare(origin: str) -> str:
    """`https://Example.com/` as people paste it, as the host it names."""
    return re.sub(r"^https?://", "", origin.strip().lower()).rstrip("/")


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    hosts = {name: [_bare(o) for o in values[name]] for name in ("origins", "preview_hosts")}
    return values | hosts | {"integrations": integrations.clean(values["integrations"])}
