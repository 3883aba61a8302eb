"""What operations answer, and the small bodies they take. What a site's file has too is in
`sitefile.shape`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, fields

from consent.sitefile import ServiceRow, SiteSettings, TrackerRow
from consent.sites.table import KEY
from consent.wire import Facts, Moment, Said, StrictBoolean, StrictInteger, Text, Word

from .frame import LARGEST, PAGE

NUMBER = re.compile(r"[0-9]{1,15}")


def listed(name: str, rows: type[Schema]) -> Schema:
    """A page of rows under `name`, and the cursor of the next one."""
    members: dict[str, Any] = {
        name: fields.List(fields.Nested(rows)),
        "next": Said(100, allow_none=True, metadata={"description": "Null at the end."}),
    }
    return Schema.from_dict(members, name=f"{rows.__name__}s")()


class Page(Schema):
    """Where to go on, and how much."""

    after = Said(100, metadata={"description": "The `next` of the page before."})
    limit = StrictInteger(1, LARGEST, metadata={"description": f"Rows of a page, else {PAGE}."})


class NumberPage(Schema):
    """The same, where the cursor is a number."""

    after = Text(NUMBER, metadata={"description": "The `next` of the page before."})
    limit = StrictInteger(1, LARGEST, metadata={"description": f"Rows of a page, else {PAGE}."})


class Done(Schema):
    """What was done."""

    done = StrictBoolean()


class SiteSummary(Schema):
    """A site in a list."""

    key = Said(63)
    name = Said(120)
    origins = fields.List(Said(253))
    created_at = Moment()


class SiteAnswer(SiteSettings):
    """A site with all its settings."""

    whole = True

    key = Text(KEY)
    decided_for_demo = StrictBoolean()
    tag_seen_at = Moment(allow_none=True)
    created_at = Moment()


class SiteNew(SiteSettings):
    """A site to make: its key and whatever is known of it."""

    key = Text(KEY, required=True)
    name = Said(120, 1, required=True)
    controller = fields.Dict(keys=Said(60), values=Said(1000, allow_none=True), required=True)
    origins = fields.List(Said(253, 1), required=True)
    languages = fields.List(Said(12, 2), required=True)


class Snippet(Schema):
    """What is pasted first into <head>, and the CSP hashes of its inline scripts."""

    snippet = Said(1_000_000)
    hashes = fields.List(Said(100))


class FileQuery(Schema):
    dry_run = StrictBoolean(metadata={"description": "`true` tries it and keeps nothing."})
    prune = StrictBoolean(
        metadata={"description": "`true` removes what the file's lists do not name."}
    )


class FileApplied(Schema):
    """What changed, or would, in sentences; empty where the site is as the file says."""

    key = Said(63)
    changes = fields.List(Said(1000))
    dry_run = StrictBoolean()


class TrackerAnswer(TrackerRow):
    """A tracker with its number."""

    whole = True

    id = StrictInteger()


class TrackerQuery(NumberPage):
    q = Said(200, metadata={"description": "In the name, service, provider or purpose."})
    category = Said(20, metadata={"description": "A category, or `unclassified`."})
    kind = Said(20, metadata={"description": "A kind of tracker."})


class ServiceAnswer(ServiceRow):
    """A service."""

    whole = True


class ServiceList(Schema):
    """All services of a site, by key."""

    services = fields.List(fields.Nested(ServiceAnswer))


class CsvBody(Schema):
    """Rows of a CSV, with the columns named in the first line."""

    csv = Said(1_000_000, 1, required=True)


class CsvRefusal(Schema):
    line = StrictInteger()
    why = Said(1000)


class CsvTaken(Schema):
    """Good rows are kept; the others come back with their lines."""

    added = StrictInteger()
    changed = StrictInteger()
    refused = fields.List(fields.Nested(CsvRefusal))


class InventoryVersion(Schema):
    """A state that the inventory had."""

    id = StrictInteger()
    at = Moment()
    by = Said(320)
    what = Said(200)
    digest = Said(64)


class InventoryVersions(Schema):
    """The last hundred, the newest first."""

    versions = fields.List(fields.Nested(InventoryVersion))


class RestoreBody(Schema):
    """The version to go back to, and the newest one that you have seen."""

    version = StrictInteger(1, 2**31 - 1, required=True)
    seen = StrictInteger(0, 2**31 - 1, required=True)


class TextsBody(Schema):
    """The owner's words of one language; what is left out is ours."""

    texts = Facts(required=True)


class Problem(Schema):
    """What steers a visitor, or cannot be shown."""

    key = Said(100)
    code = Said(40)
    sentence = Said(500)
    blocks = StrictBoolean()


class TextsAnswer(Schema):
    """The owner's own words, ours, and what is wrong with the former."""

    language = Said(12)
    texts = Facts()
    ours = Facts()
    problems = fields.List(fields.Nested(Problem))


class ScanBody(Schema):
    """The address to begin at, on one of the site's proven hosts."""

    url = Said(2000, 1, required=True)


class ScanSummary(Schema):
    """A scan in a list."""

    id = StrictInteger()
    url = Said(2000)
    state = Said(8)
    by = Said(320)
    asked_at = Moment()
    started_at = Moment(allow_none=True)
    ended_at = Moment(allow_none=True)
    summary = Facts()
    problem = Said(16, allow_none=True)


class ScanAnswer(ScanSummary):
    """A scan with what it found."""

    progress = Facts()
    found = fields.List(Facts())


class ProposalAnswer(Schema):
    """What a scan or a policy proposes, and where that comes from."""

    id = StrictInteger()
    source = Said(8)
    state = Said(9)
    tracker = StrictInteger(allow_none=True)
    fields_ = Facts(attribute="fields", data_key="fields")
    service = Facts(allow_none=True)
    suggestion = Facts()
    evidence = Facts()
    percent = StrictInteger()
    made_at = Moment()
    decided_at = Moment(allow_none=True)
    decided_by = Said(320, allow_none=True)
    why = Said(500, allow_none=True)


class Proposals(Schema):
    """What waits, the surest first; or what was decided last."""

    proposals = fields.List(fields.Nested(ProposalAnswer))


class ProposalQuery(Schema):
    state = Word(("open", "decided"), metadata={"description": "`open` where not said."})


class AcceptBody(Schema):
    """Numbers of proposals; `edits` replace what is proposed, for a single one."""

    numbers = fields.List(StrictInteger(1, 2**31 - 1), required=True)
    edits = fields.Nested(TrackerRow)


class NotTaken(Schema):
    id = StrictInteger()
    code = Said(60)
    message = Said(1000)


class Accepted(Schema):
    """What is in the inventory now, and what is not and why."""

    taken = fields.List(fields.Nested(TrackerAnswer))
    refused = fields.List(fields.Nested(NotTaken))


class WhyBody(Schema):
    """A reason, in a few words, without a visitor's name."""

    why = Said(500, 1, required=True)


class PolicyBody(Schema):
    """The text of a policy; `propose` queues the trackers that it declares."""

    text = Said(1_000_000, 1, required=True)
    propose = StrictBoolean()


class PolicyAnswer(Schema):
    """What a policy says that is wrong, and the trackers it declares."""

    language = Said(12)
    findings = fields.List(Facts())
    trackers = fields.List(Facts())
    proposed = StrictInteger()
