"""GET consent.js: guard, first layer, words and rules in one answer.

A strict answer may be reused, a lax one must be asked for again: an opt-in answer shown too long
asks too much, an opt-out answer shown at the wrong place would let trackers run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Request, Response, request

from .. import builds, languages, notices, sites
from ..db import db
from ..errors import NotFound
from ..parts import parts
from ..regime import Place, Regime, Signals
from ..sites import Site
from . import built, packed, shelf, where
from .authorities import authorities
from .blueprint import base_address, bp, own_address
from .configuration import View, config_of, parts_of, text_of
from .reach import UNREACHED, WRITING, reach

STRICT = "private, max-age=600, stale-while-revalidate=86400"
LAX = "private, no-cache"
VARY = "Accept-Language, Sec-GPC, Accept-Encoding"
PUBLIC_VARY = "Accept-Encoding"
PIN = re.compile(r"[0-9a-f]{64}")
PROFILE = re.compile(r"([A-Z]{2}(?:-[A-Z0-9]{1,3})?|nowhere)(\+gpc)?")
TAG_SEEN_S = 3600
HEADER_MOST = 1024  # of a header that is remembered for what it asks
# What an answer depends on beside place, day and site (PEP 3333), and how long all of it may be.
HEARD_MOST = 1024
HEARD = (
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_HOST",
    "HTTP_IF_NONE_MATCH",
    "HTTP_SEC_GPC",
    "crumbtrail.cookie_path",
    "wsgi.url_scheme",
)


@dataclass(frozen=True)
class Asked:
    """What an answer depends on, of one request.

    `lang` is the path's; `network` is asked for only where a trial runs; `folder` is the demo's
    folder of the choice cookie, else /; `public` is for shared caches, the same whoever asks;
    `tongues`, `accepts`, `known` and `referrer` are headers as they came.
    """

    site: str
    lang: str | None
    place: Place
    signals: Signals
    network: Callable[[], str | None]
    http: str | None
    folder: str
    public: bool
    tongues: str
    accepts: str
    known: str
    referrer: str


@bp.get("/<site>/consent.js", defaults={"lang": None})
@bp.get("/<site>/<lang>/consent.js")
def script(site: str, lang: str | None) -> Response:
    place, signals = where.place(), where.signals()
    return packed.as_response(script_answer(_asked(site, lang, place, signals)))


@bp.get("/<site>/<profile>/<lang>/consent.js")
def public_script(site: str, profile: str, lang: str) -> Response:
    """For a CDN that names the country: everything the answer depends on is in the path."""
    found = PROFILE.fullmatch(profile)
    if not found:
        raise NotFound("not_found", "A profile is a place like PL or US-CA, and +gpc.")
    place = Place.parse(found[1] if found[1] != "nowhere" else "", "cdn")
    asked = _asked(site, lang, place, Signals(bool(found[2])))
    asked = replace(asked, public=True, http=base_address(), tongues="", referrer="")
    return packed.as_response(script_answer(asked))


@bp.get("/<site>/pin/<digest>.js")
def pinned(site: str, digest: str) -> Response:
    """The code alone, for `integrity=`; it asks for its notice by itself."""
    shelf.site(site)
    ours = (builds.pin_of(built.code(lax)) for lax in (True, False))
    body = next((one for one in ours if hashlib.sha256(one).hexdigest() == digest), None)
    if body is None and PIN.fullmatch(digest):
        body = builds.pinned(digest)
    if body is not None:
        return packed.respond(body, "public, max-age=31536000, immutable", "Accept-Encoding")
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
    response = packed.respond(body, caching, "Accept-Encoding")
    response.headers["Access-Control-Allow-Origin"] = "*"  # a module, the same for every page
    return response


@bp.get("/<site>/notice")
def notice(site: str) -> Response:
    """What consent.js carries, for the pinned script."""
    asked = _asked(site, request.args.get("lang"), where.place(), where.signals())
    stands = shelf.standing(site)
    view = _view(asked, stands.site, stands.chosen(asked.network))
    body = _as_json(config_of(view, answer_of(view)))
    caching = STRICT if view.regime.model == "opt-in" else LAX
    return packed.respond(body, caching, VARY, "application/json")


@bp.get("/<site>/<lang>/details.json")
def details(site: str, lang: str) -> Response:
    """The second layer: who asks, and every tracker, in one language."""
    stands = shelf.standing(site)
    content = stands.chosen(where.network).content
    body = _as_json(second_layer(stands.site, content, _language(content, (lang,))))
    caching = "private, max-age=60" if stands.running else "public, max-age=60"
    return packed.respond(body, caching, "Accept-Encoding", "application/json")


def script_answer(asked: Asked) -> packed.Answer:
    """Status, headers and body of consent.js. Reads no request, and no database where the variant
    was made before. Raises NotFound `site_unknown` and `not_published`, Busy where the database is
    away and memory does not know the site."""
    stands = shelf.standing(asked.site)
    if asked.referrer:
        _saw_tag(stands.site, asked.referrer)
    shown = stands.current if asked.public else stands.chosen(asked.network)
    key = _key(asked, stands, shown)
    made = packed.kept(key) or _made(asked, stands.site, shown, key)
    return packed.answer(made, asked.accepts, asked.known)


def held_answer(
    site: str, lang: str | None, request: Request, beside: list[tuple[str, str]]
) -> packed.Answer | None:
    """The same where memory holds the answer, or the variant as it is sent, without a request of
    Flask's; else None. `beside` are the headers of all answers."""
    stands, place = shelf.standing(site), where.place(request)
    held, key = shelf.shelf("said"), _heard(stands, lang, place, request.environ)
    said: packed.Answer | None = held.get(key) if key else None
    if said is None:
        asked = _asked(site, lang, place, where.signals(request), request)
        made = packed.ready(_key(asked, stands, stands.chosen(asked.network)), asked.accepts)
        if made is None:
            return None
        said = packed.whole(packed.answer(made, asked.accepts, asked.known), beside)
        if key:
            weight = packed.EACH + HEARD_MOST + len(stands.edition) + len(said[2])
            held.put(key, said, weight)
    if referrer := request.environ.get("HTTP_REFERER"):
        _saw_tag(stands.site, referrer)
    return said


def _heard(
    stands: shelf.Standing, lang: str | None, place: Place, environ: dict[str, Any]
) -> tuple[object, ...] | None:
    """All that an answer depends on, as it came. None where it is not to be remembered: a trial
    asks for the network, without a host one is made up, and headers may be long."""
    told = [lang or "", *(environ.get(name) or "" for name in HEARD)]
    if stands.running or stands.binding is None or "HTTP_HOST" not in environ:
        return None
    if sum(map(len, told)) > HEARD_MOST:
        return None
    seen = place.country, place.subdivision, place.source, parts().clock().date()
    return stands.edition, _lists_vendors(stands.site), stands.binding.id, *seen, *told


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
        "texts": text_of(content, language, later=True),
        "attribution": {"text": attribution[0], "url": attribution[1]} if attribution else None,
    }


def answer_of(view: View) -> str | None:
    """The digest of this variant, kept before it is handed out; None where it cannot be kept."""
    of, shown, regime = view.of, view.shown, view.regime
    held = shelf.shelf("served")
    key = (of.id, shown.id, regime.id, json.dumps(regime.params()), view.language, view.lax)
    digest = held.get(key)
    if digest is None:
        try:
            with reach(WRITING).asking():
                digest = _keep_answer(view)
        except UNREACHED:
            return None
        if digest is not None:
            held.put(key, digest, shelf.SMALL_WEIGHS)
    return digest


def _keep_answer(view: View) -> str | None:
    kept = db.session.get(notices.Notice, view.shown.id)
    if kept is None:
        return None
    built.keep(view.lax)
    return notices.served(
        view.of,
        kept,
        {
            "v": 1,
            "build": built.build(view.lax),
            "notice": view.shown.digest,
            "regime": view.regime.params(),
            "layout": view.shown.content["layout"],
            "language": view.language,
        },
    )


def _asked(
    site: str, lang: str | None, place: Place, signals: Signals, asked: Request = request
) -> Asked:
    headers = asked.headers
    return Asked(
        site,
        lang,
        place,
        signals,
        lambda: where.network(asked),
        own_address(asked),
        asked.environ.get("crumbtrail.cookie_path", "/"),
        public=False,
        tongues=headers.get("Accept-Language", ""),
        accepts=headers.get("Accept-Encoding", ""),
        known=headers.get("If-None-Match", ""),
        referrer=headers.get("Referer", ""),
    )


def _key(asked: Asked, stands: shelf.Standing, shown: shelf.Shown) -> tuple[object, ...]:
    """All that the body depends on."""
    place = asked.place
    return (
        stands.edition,
        _lists_vendors(stands.site),
        shown.id,
        _spoken(asked, shown),
        (place.country, place.subdivision, place.source),
        asked.signals.gpc,
        parts().clock().date(),
        asked.http,
        asked.folder,
        asked.public,
    )


def _lists_vendors(of: Site) -> bool:
    """Whether it asks by the TCF, and the vendors' list is here."""
    return "tcf" in of.integrations and "tcf" in parts_of(of)


def _made(asked: Asked, of: Site, shown: shelf.Shown, key: tuple[object, ...]) -> packed.Packed:
    """The variant, kept unless it lacks its answer or names an address that is nobody's."""
    view = _view(asked, of, shown)
    answer = answer_of(view)
    text = _as_json(config_of(view, answer)).decode()
    code = built.code(view.lax)
    if "shadow" in of.integrations:
        code = built.SHADOW.replace("DIGEST", built.digest("shadow"))
    caching = STRICT if view.regime.model == "opt-in" else LAX
    vary = VARY
    if asked.public:
        caching, vary = caching.replace("private", "public"), PUBLIC_VARY
    made = packed.pack(f"!function(CMP_CONFIG){{{code}}}({text});".encode(), caching, vary)
    if answer is not None and _known_address(asked.http, of):
        packed.keep(key, made)
    return made


def _known_address(http: str | None, of: Site) -> bool:
    """Whether the Host is ours or the site's: others are invented, as many as somebody likes."""
    ours = base_address()
    return http in (None, ours) or sites.origin_kind(of, http, ()) is not None


def _view(asked: Asked, of: Site, shown: shelf.Shown) -> View:
    regime = _regime(asked.place, asked.signals)
    domain = None if asked.folder != "/" else of.cookie_domain
    cookie = {"domain": domain, "path": asked.folder, "http": asked.http}
    language = _spoken(asked, shown)
    return View(of, shown, language, regime, asked.place, asked.signals, cookie)


def _regime(place: Place, signals: Signals) -> Regime:
    regime = parts().regimes.decide(place, signals, parts().clock().date())
    # Whoever pretends a place in the demo keeps the clock of their own.
    return replace(regime, tz=None) if place.source == "demo" else regime


def _spoken(asked: Asked, shown: shelf.Shown) -> str:
    """The path or page says it, else Accept-Language, else the site's default. What was found is
    remembered, so that a variant in memory needs its notice no more."""
    held = shelf.shelf("tongues")
    key = (shown.id, asked.lang, asked.tongues)
    found = held.get(key)
    if found is None:
        found = _language(shown.content, (asked.lang, *where.wishes(asked.tongues)))
        size = len(asked.tongues) + len(asked.lang or "")
        if size <= HEADER_MOST:
            held.put(key, found, shelf.SMALL_WEIGHS + size)
    return found


def _language(content: dict[str, Any], wishes: tuple[str | None, ...]) -> str:
    """A shared cache keeps what the path alone decided for every browser."""
    return languages.choose(wishes, content["languages"], content["default_language"])


def _as_json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _in_language(purpose: dict[str, str], language: str, default: str) -> str | None:
    return purpose.get(language) or purpose.get(default) or next(iter(purpose.values()), None)


def _saw_tag(of: Site, referrer: str) -> None:
    """`we saw your tag`: a script asked for by one of the owner's pages, noted to the hour."""
    at = parts().clock()
    if of.tag_seen_at is not None and (at - of.tag_seen_at).total_seconds() <= TAG_SEEN_S:
        return
    if sites.origin_kind(of, "/".join(referrer.split("/")[:3]), ()) is None:
        return
    try:
        with reach(WRITING).asking():
            sites.tag_seen(sites.get(of.key), at)
        of.tag_seen_at = at
    except UNREACHED:
        pass  # the next page that asks is as good
