"""Sites, their snippet and their file; and whose token this is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import inventory, notices, sitefile, sites
from consent.errors import Conflict
from consent.parts import parts
from consent.sitefile import SiteFile, SiteSettings
from consent.sitefile.applying import content
from consent.sites import Site

from . import door, personal, shapes
from .frame import PAGE, match, operation, page

calls = Blueprint("sites", __name__)
TAG = "admin-sites"


@operation(calls, "GET /me", "Whose token this is", tag=TAG, answer=personal.Me())
def me() -> dict[str, Any]:
    token = door.token()
    return {
        "email": door.user().email,
        "organisation": door.organisation(),
        "held": door.held(),
        "role": token.role,
        "token": token.id,
        "label": token.label,
        "expires_at": token.expires_at,
    }


@operation(
    calls,
    "GET /sites",
    "The sites of the token's organisation",
    tag=TAG,
    query=shapes.Page(),
    answer=shapes.listed("sites", shapes.SiteSummary),
)
def every(query: dict[str, Any]) -> dict[str, Any]:
    limit, after = query.get("limit", PAGE), query.get("after", "")
    rows = [site for site in door.every_site() if site.key > after][: limit + 1]
    found, following = page(rows, lambda site: site.key, limit)
    return {"sites": found, "next": following}


@operation(
    calls,
    "POST /sites",
    "Make a site",
    tag=TAG,
    body=shapes.SiteNew(),
    answer=shapes.SiteAnswer(),
    status=201,
    codes={409: ["site_exists"]},
    more="It has Crumbtrail's own cookies in its inventory, and nothing is published.",
)
def add(body: dict[str, Any]) -> Site:
    made = sites.add(**body, by=door.by(), at=door.now())
    inventory.starter(made, door.by(), door.now())
    return made


@operation(
    calls,
    "GET /sites/<key>",
    "One site",
    tag=TAG,
    answer=shapes.SiteAnswer(),
)
def one(key: str) -> Site:
    return door.site(key)


@operation(
    calls,
    "PATCH /sites/<key>",
    "Change settings of a site",
    tag=TAG,
    body=SiteSettings(),
    answer=shapes.SiteAnswer(),
    matches="needed",
    more="Visitors meet the change with the next notice; integrations work at once.",
)
def change(key: str, body: dict[str, Any]) -> Site:
    site = door.site(key)
    match(shapes.SiteAnswer(), site)
    wanted = {name: value for name, value in body.items() if getattr(site, name) != value}
    if wanted:
        sites.change(site, door.by(), door.now(), **wanted)
    if "tcf" in wanted.get("integrations", {}):
        inventory.declare_framework(site, door.by(), door.now())
    return site


@operation(
    calls,
    "GET /sites/<key>/snippet",
    "What the site's pages paste",
    tag=TAG,
    answer=shapes.Snippet(),
)
def snippet(key: str) -> dict[str, Any]:
    site = door.site(key)
    notice = notices.latest(site)
    hold = notices.hold(notice.content if notice else notices.draft(site))
    return {
        "snippet": sites.snippet(site, parts().config.base_url, hold),
        "hashes": sites.stub_hashes(site),
    }


@operation(
    calls,
    "GET /sites/<key>/file",
    "The whole configuration of a site, as a file has it",
    tag=TAG,
    answer=SiteFile(),
)
def exported(key: str) -> dict[str, Any]:
    return content(door.site(key))


@operation(
    calls,
    "PUT /sites/<key>/file",
    "Make a site what a file says, all of it or nothing",
    tag=TAG,
    query=shapes.FileQuery(),
    body=SiteFile(),
    answer=shapes.FileApplied(),
    codes={409: ["file_key", "site_exists"]},
    more="A site that is not there is made. With `dry_run` nothing is kept.",
)
def applied(key: str, query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if body["key"] != key:
        raise Conflict("file_key", "The file is of another site than the address.")
    dry, prune = query.get("dry_run", False), query.get("prune", False)
    done = sitefile.apply(body, door.by(), door.now(), prune=prune, dry=dry)
    return {"key": done.key, "changes": done.changes, "dry_run": dry}
