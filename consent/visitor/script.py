"""GET consent.js: guard, first layer, words and rules in one answer.

A strict answer may be reused, a lax one must be asked for again: an opt-in answer shown too long
asks too much, an opt-out answer shown at the wrong place would let trackers run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Any

import brotli
from flask import Response, request

from .. import builds, languages, notices, sites, theme, vendors
from ..db import db
from ..errors import NotFound
from ..parts import parts
from ..regime import Place, Regime, Signals
from ..sites import Site
from . import built, cookies, shelf, where
from .authorities import authorities
from .blueprint import base_address, bp, own_address

STRICT = "private, max-age=600, stale-while-revalidate=86400"
LAX = "private, no-cache"
VARY = "Accept-Language, Sec-GPC, Accept-Encoding"
PIN = re.compile(r"[0-9a-f]{64}")
PROFILE = re.compile(r"([A-Z]{2}(?:-[A-Z0-9]{1,3})?|nowhere)(\+gpc)?")
# What the first layer says only where things run until refused, or where the signal is a choice.
LAX_TEXTS = frozenset("bar opt_out ok gpc_done gpc_why gpc_conflict".split())
CACHE_BYTES = 32 * 1024 * 1024


@bp.get("/<site>/consent.js", defaults={"lang": None})
@bp.get("/<site>/<lang>/consent.js")
def script(site: str, lang: str | None) -> Response:
    of = shelf.site(site)
    place, signals = where.place(), where.signals()
    _saw_tag(of)
    shown = shelf.chosen(of, where.network())
    return _answer(of, shown, lang, place, signals, STRICT, LAX)


@bp.get("/<site>/<profile>/<lang>/consent.js")
def public_script(site: str, profile: str, lang: str) -> Response:
    """For a CDN that names the country: everything the answer depends on is in the path."""
    found = PROFILE.fullmatch(profile)
    if not found:
        raise NotFound("not_found", "A profile is a place like PL or US-CA, and +gpc.")
    place = Place.parse(found[1] if found[1] != "nowhere" else "", "cdn")
    of = shelf.site(site)
    shown = shelf.current(of)  # the same for all: no trial
    lang = _named(shown.content, lang)
    strict = STRICT.replace("private", "public")
    lax = LAX.replace("private", "public")
    response = _answer(of, shown, lang, place, Signals(bool(found[2])), strict, lax)
    response.headers["Vary"] = "Accept-Encoding"
    return response


@bp.get("/<site>/pin/<digest>.js")
def pinned(site: str, digest: str) -> Response:
    """The code alone, for `integrity=`; it asks for its notice by itself."""
    shelf.site(site)
    ours = (builds.pin_of(built.code(lax)) for lax in (True, False))
    body = next((one for one in ours if hashlib.sha256(one).hexdigest() == digest), None)
    if body is None and PIN.fullmatch(digest):
        body = builds.pinned(digest)
    if body is not None:
        return _compressed(body, "public, max-age=31536000, immutable", "Accept-Encoding")
    raise NotFound("not_found", "This server has no script of that digest.")


@bp.get("/<site>/code/<name>.<digest>.js")
def lazy_code(site: str, name: str, digest: str) -> Response:
    """Code that is fetched where it is needed: what a first view can do without, the settings when
    they open, and the parts that a site has switched on. A script of an older build gets ours."""
    shelf.site(site)
    if not built.has(name):
        raise NotFound("not_found", "This server has no code of that name.")
    body = built.text(f"{name}.js").encode()
    exact = digest == built.digest(name)
    caching = "public, max-age=31536000, immutable" if exact else "no-cache"
    response = _compressed(body, caching, "Accept-Encoding")
    response.headers["Access-Control-Allow-Origin"] = "*"  # a module, the same for every page
    return response


@bp.get("/<site>/notice")
def notice(site: str) -> Response:
    """What consent.js carries, for the pinned script."""
    of = shelf.site(site)
    place, signals = where.place(), where.signals()
    regime = _regime(place, signals)
    shown = shelf.chosen(of, where.network())
    config = config_of(of, shown, request.args.get("lang"), regime, place, signals)
    data = json.dumps(config, ensure_ascii=False, separators=(",", ":")).encode()
    strict = regime.model == "opt-in"
    response = _compressed(data, STRICT if strict else LAX, VARY, "application/json")
    return response


@bp.get("/<site>/<lang>/details.json")
def details(site: str, lang: str) -> Response:
    """The second layer: who asks, and every tracker, in one language."""
    of = shelf.site(site)
    content = shelf.chosen(of, where.network()).content
    body = second_layer(of, content, _named(content, lang))
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    caching = "private, max-age=60" if shelf.running(of) else "public, max-age=60"
    return _compressed(data, caching, "Accept-Encoding", "application/json")


def second_layer(of: Site, content: dict[str, Any], language: str) -> dict[str, Any]:
    """What the settings say beside what the first layer brought."""
    providers = {s["id"]: s["provider"] for s in content["services"]}
    trackers = [
        tracker
        | {
            "purpose": _in_language(tracker["purpose"], language, content["default_language"]),
            "provider": providers.get(tracker["service"]),
        }
        for tracker in content["trackers"]
    ]
    attribution = parts().geo.attribution
    names = "controller contacts dpo authority published_at version choice_lifetime retention"
    return {name: content[name] for name in names.split()} | {
        "facts": content.get("facts", {}),
        "authorities": authorities(),
        "decided_for_demo": bool(content["layout"].get("decided_for_demo")),
        "rights": sites.rights_contact(content["controller"], content["contacts"]),
        "requests": of.request_form,
        "services": [
            {name: s[name] for name in ("id", "name", "category", "provider", "policy_url")}
            for s in content["services"]
        ],
        "trackers": trackers,
        "texts": _texts(content, language, later=True),
        "attribution": {"text": attribution[0], "url": attribution[1]} if attribution else None,
    }


def _answer(
    of: Site,
    shown: shelf.Shown,
    lang: str | None,
    place: Place,
    signals: Signals,
    strict: str,
    lax: str,
) -> Response:
    regime = _regime(place, signals)
    config = config_of(of, shown, lang, regime, place, signals)
    if strict.startswith("public"):  # one body for all: nothing in it depends on who asked how
        config["cookie"]["http"] = base_address()
    text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    code = built.code(is_lax(regime, config["categories"]))
    if "shadow" in of.integrations:
        code = built.SHADOW.replace("DIGEST", built.digest("shadow"))
    body = f"!function(CMP_CONFIG){{{code}}}({text});".encode()
    return _compressed(body, strict if regime.model == "opt-in" else lax, VARY)


def _regime(place: Place, signals: Signals) -> Regime:
    regime = parts().regimes.decide(place, signals, parts().clock().date())
    # Whoever pretends a place in the demo keeps the clock of their own.
    return replace(regime, tz=None) if place.source == "demo" else regime


def config_of(
    of: Site,
    shown: shelf.Shown,
    lang: str | None,
    regime: Regime,
    place: Place,
    signals: Signals,
    keep: bool = True,
) -> dict[str, Any]:
    """CMP_CONFIG: see docs/api.md for its shape. Without `keep` it is served to no visitor, and its
    answer is not kept."""
    content = shown.content
    language = _language(content, lang)
    asked = [c["id"] for c in content["categories"] if c["id"] != "necessary"]
    default = content["default_language"]
    policies = content["policy_urls"]
    isolated = partial(languages.isolated, tag=language)
    return {
        "v": 1,
        "site": of.key,
        "build": built.build(is_lax(regime, asked)),
        "day": parts().clock().date().isoformat(),
        "notice": shown.digest,
        "version": shown.version,
        "asks": shown.asks,
        "answer": _served(of, shown, regime, language, asked) if keep else None,
        "lang": language,
        "languages": content["languages"],
        "regime": _as_shown(regime, asked, content),
        "signals": {"gpc": signals.gpc},
        "place": {
            "country": place.country,
            "subdivision": place.subdivision,
            "source": place.source,
        },
        "life": cookies.life(content, regime),
        "cookie": {
            "domain": None if request.environ.get("crumbtrail.cookie_path") else of.cookie_domain,
            "path": request.environ.get("crumbtrail.cookie_path", "/"),
            "http": own_address(),
        },
        "categories": asked,
        "services": [
            {name: s[name] for name in ("id", "name", "category", "hosts")}
            for s in content["services"]
        ],
        "trackers": [
            [t["name"], t["match"], t["kind"], t["service"], t["category"]]
            for t in content["trackers"]
            if t["name"] and t["category"] != "necessary"
        ],
        "name": isolated(content["controller"].get("trading_name") or of.name),
        "who": isolated(_who(content["controller"], of.name)),
        "policy_url": policies.get(language) or policies.get(default),
        "partners": _partners(content),
        "texts": {
            name: text
            for name, text in _texts(content, language, later=False).items()
            if name not in LAX_TEXTS or is_lax(regime, asked)
        },
        **_lazy(of),
        **_look(content),
    }


def _look(content: dict[str, Any]) -> dict[str, str]:
    """`css` of a layout that is not ours as shipped, so that the others cost nothing."""
    css = theme.sheet(content["layout"])
    return {"css": css} if css else {}


def _lazy(of: Site) -> dict[str, Any]:
    """`parts` and `options` of the site, where there are any; the TCF needs its vendor list."""
    without = set() if vendors.there(parts().config.instance_path / "gvl") else {"tcf"}
    wanted = {n: o for n, o in of.integrations.items() if built.has(n) and n not in without}
    options = {name: chosen for name, chosen in wanted.items() if chosen}
    names = [f"{name}.{built.digest(name)}" for name in wanted]
    return ({"parts": names} if names else {}) | ({"options": options} if options else {})


def _who(controller: dict[str, Any], name: str) -> str:
    """Who asks, as it stands within a sentence: the trading name, and the legal one beside it."""
    name, legal = controller.get("trading_name") or name, controller.get("legal_name")
    if not legal or legal == name:
        return name
    return f"{name} – {legal} –" if "(" in legal else f"{name} ({legal})"


def _texts(content: dict[str, Any], language: str, later: bool) -> dict[str, Any]:
    """The words of the first layer, or those that only the settings need (`more_…`)."""
    words = content["texts"][language]
    return {name: text for name, text in words.items() if name.startswith("more_") == later}


def is_lax(regime: Regime, asked: list[str]) -> bool:
    """Whether anything that is asked for may run before it is answered."""
    return any(regime.categories[category] != "opt-in" for category in asked)


def _as_shown(regime: Regime, asked: list[str], content: dict[str, Any]) -> dict[str, Any]:
    """The rules as the script gets them. Where all that is declared is necessary, nobody is asked:
    the settings stay, and what nobody declared stays held."""
    found: dict[str, Any] = {name: value for name, value in regime.params().items() if value}
    found |= {"categories": {c: regime.categories[c] for c in asked}}
    if notices.asks_nobody(content):
        found["show"] = "link"
    return found


def _served(
    of: Site, shown: shelf.Shown, regime: Regime, language: str, asked: list[str]
) -> str | None:
    """The digest of this variant, kept before it is handed out; None where it cannot be kept."""
    key = (of.id, shown.id, regime.id, json.dumps(regime.params()), language)
    memory = parts().memory.setdefault("served", {})
    if key not in memory:
        kept = db.session.get(notices.Notice, shown.id)
        if kept is None:
            return None
        built.keep(is_lax(regime, asked))
        memory[key] = notices.served(
            of,
            kept,
            {
                "v": 1,
                "build": built.build(is_lax(regime, asked)),
                "notice": shown.digest,
                "regime": regime.params(),
                "layout": shown.content["layout"],
                "language": language,
            },
        )
    digest: str | None = memory[key]
    return digest


def _language(content: dict[str, Any], lang: str | None) -> str:
    """The path or page says it, else Accept-Language, else the site's default."""
    wishes = (lang, *where.tongues())
    return languages.choose(wishes, content["languages"], content["default_language"])


def _named(content: dict[str, Any], lang: str) -> str:
    """What the path says, else the default: a shared cache keeps the answer for every browser."""
    return languages.choose((lang,), content["languages"], content["default_language"])


def _partners(content: dict[str, Any]) -> int:
    """How many companies other than the controller get data once all is accepted.

    A service without a provider is the controller's own, unless one of its trackers is declared a
    third party's: then it is a company nobody has named. What is unclassified gets nothing.
    """
    own = {str(content["controller"].get(n)).casefold() for n in ("legal_name", "trading_name")}
    third = {t["service"] for t in content["trackers"] if t["party"] == "third"}
    asked = [s for s in content["services"] if s["category"] not in (None, "necessary")]
    named = {s["provider"].casefold() for s in asked if s["provider"]}
    unnamed = [s for s in asked if not s["provider"] and s["id"] in third]
    return len(named - own) + len(unnamed)


def _in_language(purpose: dict[str, str], language: str, default: str) -> str | None:
    return purpose.get(language) or purpose.get(default) or next(iter(purpose.values()), None)


def _saw_tag(of: Site) -> None:
    """`we saw your tag`: a script asked for by one of the owner's pages, noted to the hour."""
    at = parts().clock()
    stale = of.tag_seen_at is None or (at - of.tag_seen_at).total_seconds() > 3600
    if stale and _from_own_page(of):
        sites.tag_seen(sites.get(of.key), at)
        of.tag_seen_at = at


def _from_own_page(of: Site) -> bool:
    referrer = request.headers.get("Referer", "")
    origin = "/".join(referrer.split("/")[:3])
    return sites.origin_kind(of, origin, ()) is not None


_bodies: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def _compressed(
    body: bytes, cache_control: str, vary: str, mimetype: str = "text/javascript"
) -> Response:
    """The body, in brotli where the browser takes it, with an ETag of its own per encoding."""
    small = request.accept_encodings["br"] > 0
    etag = hashlib.sha256(body).hexdigest()[:32] + ("-br" if small else "")
    response = Response(mimetype=mimetype)
    response.headers["Cache-Control"] = cache_control
    response.headers["Vary"] = vary
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(etag)
    if small:
        response.headers["Content-Encoding"] = "br"
        body = _brotli(etag, body)
    response.set_data(body)
    response.make_conditional(request)
    return response


def _brotli(etag: str, body: bytes) -> bytes:
    """Compressed once per variant; the least lately used go when CACHE_BYTES are full."""
    with _lock:
        found = _bodies.get(etag)
        if found is not None:
            _bodies.move_to_end(etag)
            return found
    packed: bytes = brotli.compress(body, quality=11)
    with _lock:
        _bodies[etag] = packed
        while sum(map(len, _bodies.values())) > CACHE_BYTES:
            _bodies.popitem(last=False)
    return packed
