"""What a site's file may hold: one shape for files, for the admin API and for the description."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from ..config import REGIONS
from ..inventory import CATEGORIES, KINDS
from ..inventory.rows import MATCHES, PARTIES, SERVICE_KEY
from ..scans import EVERY
from ..sites import ACTIONS, ANCHORS, IP_MODES, LANGUAGES, PURPOSES, UNITS
from ..sites.facts import AGES
from ..sites.table import KEY
from ..webhooks import EVENTS
from ..wire import TYPE, Facts, Said, StrictBoolean, StrictInteger, Text, Word, described

TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")


def some(*, at: str, **more: Any) -> dict[str, Any]:
    """Arguments of a field with its description."""
    return {"metadata": {"description": at}, **more}


class Shape(Schema):
    """What has another field is refused; as an answer it may leave fields out."""

    whole = False

    class Meta:
        unknown = RAISE


class LifetimeRow(Shape):
    """So many minutes, hours, days, months or years."""

    value = StrictInteger(1, 1200, required=True)
    unit = Word(tuple(UNITS), required=True)


class Lasting(fields.Field[Any]):
    """How long a tracker lasts: `session`, a lifetime, or null where nobody has said."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == "session":
            return value
        if not isinstance(value, dict):
            raise ValidationError(TYPE)
        return LifetimeRow().load(value)

    def told(self, named: dict[str, Any], where: str, answer: bool) -> dict[str, Any]:
        life = described(LifetimeRow(), named, where, answer)
        return {"anyOf": [{"const": "session"}, life]}


class RetentionRow(Shape):
    """How long a record is kept, from when, and what becomes of it; `{}` until stated."""

    value = StrictInteger(1, 1200)
    unit = Word(tuple(UNITS))
    anchor = Word(ANCHORS)
    action = Word(ACTIONS)
    purposes = fields.Dict(keys=Word(PURPOSES), values=fields.Nested(LifetimeRow))


class ServiceValues(Shape):
    """What a service says beside its key."""

    name = Said(120, 1)
    category = Word(CATEGORIES, allow_none=True)
    provider = Said(120, allow_none=True)
    policy_url = Said(500, allow_none=True)
    hosts = fields.List(Said(253, 1))


class ServiceRow(ServiceValues):
    """A tool that stores or sends things."""

    key = Text(SERVICE_KEY, required=True)


class TrackerRow(Shape):
    """One thing that a service stores or sends; what is left out keeps its value."""

    name = Said(256, 1, allow_none=True)
    match = Word(MATCHES)
    kind = Word(tuple(KINDS))
    party = Word(PARTIES, allow_none=True)
    service = Text(SERVICE_KEY, allow_none=True)
    category = Word(CATEGORIES, allow_none=True)
    published_label = Said(120, allow_none=True)
    purpose = fields.Dict(keys=Text(TAG), values=Said(1000))
    duration = Lasting(allow_none=True)
    reason = Said(500, allow_none=True)
    set_by = Said(120, allow_none=True)


class InventoryRows(Shape):
    """Services and trackers; with `--prune`, the only ones there are."""

    services = fields.List(fields.Nested(ServiceRow))
    trackers = fields.List(fields.Nested(TrackerRow))


class WatchRow(Shape):
    """How often the site is scanned by itself, and who is told of what is new."""

    every = Word(EVERY, required=True)
    url = Said(2000, 1, required=True)
    webhook = Said(500, allow_none=True)
    email = Said(320, allow_none=True)


class WebhookRow(Shape):
    """A webhook, without its secret: told apart by its address."""

    url = Said(500, 1, required=True)
    events = fields.List(Word(EVENTS), required=True)
    active = StrictBoolean()


class FactsRow(Shape):
    """What the site states beside; what is left out nobody has stated."""

    storage_region = Word(REGIONS)
    ip_mode = Word(IP_MODES)
    min_age = StrictInteger(min(AGES), max(AGES))
    ask_age = StrictBoolean()
    sells_or_shares = StrictBoolean()


class SiteSettings(Shape):
    """The settings of a site; what is left out keeps its value."""

    name = Said(120, 1)
    controller = fields.Dict(keys=Text(WORD), values=Said(1000, allow_none=True))
    contacts = fields.Dict(keys=Text(WORD), values=Said(1000, allow_none=True))
    dpo = fields.Dict(keys=Text(WORD), values=Said(1000, allow_none=True), allow_none=True)
    authority = fields.Dict(keys=Text(WORD), values=Said(1000, allow_none=True), allow_none=True)
    origins = fields.List(Said(253, 1))
    preview_hosts = fields.List(Said(253, 1))
    cookie_domain = Said(253, 1, allow_none=True)
    languages = fields.List(Word(LANGUAGES))
    default_language = Word(LANGUAGES)
    policy_urls = fields.Dict(keys=Text(TAG), values=Said(2000))
    preferences = StrictBoolean()
    choice_lifetime = fields.Nested(LifetimeRow)
    retention = fields.Nested(RetentionRow)
    layout = Facts()
    publish_log = StrictBoolean()
    request_form = StrictBoolean()
    request_days = StrictInteger(1, 365, allow_none=True)
    integrations = Facts()
    texts = fields.Dict(keys=Text(TAG), values=Facts())
    facts = fields.Nested(FactsRow)


class SiteFile(SiteSettings):
    """A site's configuration: its key, any of its settings, its inventory, scans and webhooks."""

    key = Text(KEY, required=True)
    inventory = fields.Nested(InventoryRows)
    scan = fields.Nested(WatchRow)
    webhooks = fields.List(fields.Nested(WebhookRow))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a file, for editors and checks in the owner's repository."""
    named: dict[str, dict[str, Any]] = {}
    root = described(SiteFile(), named, "#/$defs/")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A site of Crumbtrail",
        **root,
        "$defs": named,
    }
