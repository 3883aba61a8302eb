"""Copies, templates, and the same act on many sites."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from consent import bulk, sitefile
from consent.bulk import Bulk
from consent.errors import Conflict
from consent.parts import at_home
from consent.sitefile import Template
from consent.sites import Site
from consent.sites.table import KEY
from consent.wire import Facts, Moment, Said, StrictInteger, Text, Word

from . import door, shapes
from .frame import operation

calls = Blueprint("many", __name__)
TAG = "admin-many"


class CopyBody(Schema):
    """What is the new site's own."""

    key = Text(KEY, required=True)
    name = Said(120, 1, required=True)
    origins = fields.List(Said(253, 1), required=True)


class TemplateBody(Schema):
    """The site whose settings and inventory are kept, and a name for them."""

    site = Text(KEY, required=True)
    name = Said(120, 1, required=True)


class TemplateAnswer(Schema):
    """A template: a piece of a site's file."""

    id = StrictInteger()
    name = Said(120)
    by = Said(320)
    made_at = Moment()
    said = Facts()


class TemplateList(Schema):
    """Every template, by name."""

    templates = fields.List(fields.Nested(TemplateAnswer))


class BulkBody(Schema):
    """An act, and the sites; for `apply` a piece of a file, or the number of a template."""

    action = Word(bulk.ACTIONS, required=True)
    sites = fields.List(Text(KEY), required=True)
    said = Facts()
    template = StrictInteger(1, 2**31 - 1)


class StepAnswer(Schema):
    """How it went for one site."""

    site = Said(63)
    state = Said(8)
    result = Said(100_000, allow_none=True)


class BulkAnswer(Schema):
    """An act on many sites, and how far it is."""

    id = StrictInteger()
    action = Said(8)
    by = Said(320)
    asked_at = Moment()
    steps = fields.List(fields.Nested(StepAnswer))


@operation(
    calls,
    "POST /sites/<key>/copy",
    "Make a site like this one",
    tag=TAG,
    body=CopyBody(),
    answer=shapes.SiteAnswer(),
    status=201,
    codes={409: ["site_exists"]},
    more="Settings, texts, layout and inventory; no origins, keys, records, webhooks, schedule.",
)
def copy(key: str, body: dict[str, Any]) -> Site:
    said, by, at = sitefile.copied(door.site(key)), door.by(), door.now()
    with at_home():
        return door.site(sitefile.begin(said, **body, by=by, at=at).key)


@operation(calls, "GET /templates", "Templates", tag=TAG, answer=TemplateList())
def templates() -> dict[str, Any]:
    return {"templates": sitefile.templates()}


@operation(
    calls,
    "POST /templates",
    "Save a site's settings and inventory as a template",
    tag=TAG,
    body=TemplateBody(),
    answer=TemplateAnswer(),
    status=201,
)
def save(body: dict[str, Any]) -> Template:
    return sitefile.save_template(door.site(body["site"]), body["name"], door.by(), door.now())


@operation(calls, "DELETE /templates/<int:number>", "Remove a template", tag=TAG, status=204)
def remove(number: int) -> None:
    sitefile.remove_template(number, door.by(), door.now())


@operation(
    calls,
    "POST /templates/<int:number>/sites",
    "Start a site from a template",
    tag=TAG,
    body=CopyBody(),
    answer=shapes.SiteAnswer(),
    status=201,
    codes={409: ["site_exists"]},
)
def begin(number: int, body: dict[str, Any]) -> Site:
    said = sitefile.template(number).said
    return door.site(sitefile.begin(said, **body, by=door.by(), at=door.now()).key)


@operation(
    calls,
    "POST /bulk",
    "Ask for the same act on many sites",
    tag=TAG,
    body=BulkBody(),
    answer=BulkAnswer(),
    status=201,
    codes={409: ["bulk_twice"]},
    more="Each site is a transaction of its own; ask again for how far it is.",
)
def start(body: dict[str, Any]) -> dict[str, Any]:
    if "said" in body and "template" in body:
        raise Conflict("bulk_twice", "A piece of a file or a template, not both.")
    said = body.get("said", {})
    if "template" in body:
        said = sitefile.template(body["template"]).said
    if body["action"] == "apply":
        sitefile.piece(said)
    chosen = [door.site(key) for key in dict.fromkeys(body["sites"])]
    return _told(bulk.start(body["action"], chosen, said, door.by(), door.now()))


@operation(calls, "GET /bulk/<int:number>", "How far it is", tag=TAG, answer=BulkAnswer())
def one(number: int) -> dict[str, Any]:
    return _told(bulk.get(number))


def _told(of: Bulk) -> dict[str, Any]:
    steps = [
        {"site": site.key, "state": step.state, "result": step.result}
        for step, site in bulk.steps(of)
    ]
    told = {name: getattr(of, name) for name in ("id", "action", "by", "asked_at")}
    return {**told, "steps": steps}
