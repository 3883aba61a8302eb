"""What operations about records, requests, keys and the trail take and answer."""

from __future__ import annotations

from marshmallow import Schema, fields

from consent.requests import GROUNDS, STATES
from consent.sites.table import KEY
from consent.users import OVERLAP, SCOPES
from consent.wire import Facts, Moment, Said, StrictInteger, Text, Word

from .shapes import NumberPage, Page


class RecordQuery(Page):
    from_ = Moment(data_key="from", metadata={"description": "Received at this time or later."})
    to = Moment(metadata={"description": "Received before this time."})
    visitor = Said(100, metadata={"description": "The pseudonym in a record."})
    action = Said(40, metadata={"description": "What the visitor did."})
    category = Said(40, metadata={"description": "One granted; with `!` before it, denied."})
    country = Said(10, metadata={"description": "Two letters."})
    notice = Said(100, metadata={"description": "The digest of the notice."})


class Records(Schema):
    """A page of records in order of arrival, as an auditor has them."""

    records = fields.List(Facts())
    next = Said(200, allow_none=True)


class RecordAnswer(Schema):
    """A record as an auditor has it."""

    record = Facts()


class EraseBody(Schema):
    """Why; and whether all of the visitor's records go, not this one alone."""

    reason = Said(300, 1, required=True)
    scope = Word(("record", "visitor"), required=True)


class Erased(Schema):
    """How many records are erased now that were not."""

    erased = StrictInteger()


class RequestSummary(Schema):
    """What a visitor asked about their data."""

    number = Said(20)
    kind = Said(12)
    state = Said(8)
    country = Said(6, allow_none=True)
    language = Said(12)
    created_at = Moment()
    due_at = Moment()
    because = Said(120)
    extended_at = Moment(allow_none=True)
    closed_at = Moment(allow_none=True)


class NoteAnswer(Schema):
    """What somebody did about a request."""

    at = Moment()
    by = Said(320)
    text = Said(4000)


class RequestAnswer(RequestSummary):
    """The same with what the visitor wrote, and what was done."""

    contact = Said(320)
    text = Said(4000)
    record = Said(36, allow_none=True)
    notes = fields.List(fields.Nested(NoteAnswer))
    extended_why = Said(4000, allow_none=True)
    note = Said(4000, allow_none=True)
    ground = Said(20, allow_none=True)


class Requests(Schema):
    """Open ones, the one due first at the top; or the closed ones."""

    requests = fields.List(fields.Nested(RequestSummary))


class RequestQuery(Schema):
    state = Word(("open", "closed"), metadata={"description": "`open` where not said."})


class CloseBody(Schema):
    """How a request was answered, and what was done or why not; a refusal names its ground."""

    state = Word(STATES[2:], required=True)
    note = Said(4000, 1, required=True)
    ground = Word(tuple(GROUNDS))


class DidBody(Schema):
    """What was done."""

    text = Said(4000, 1, required=True)


class LongerBody(Schema):
    """Why it takes longer, as the visitor was told."""

    why = Said(4000, 1, required=True)


class KeyBody(Schema):
    """A key of an auditor: who holds it, the sites it opens, its end, perhaps a period."""

    label = Said(200, 1, required=True)
    sites = fields.List(Text(KEY), required=True)
    expires_at = Moment(required=True)
    period_from = Moment()
    period_to = Moment()
    scopes = fields.List(
        Word(SCOPES), metadata={"description": "What the key may do; all where it is not said."}
    )


class KeyAnswer(Schema):
    """A key of an auditor; of its secret there is only a fingerprint."""

    id = Said(32)
    label = Said(200)
    sites = fields.List(Said(63))
    period_from = Moment(allow_none=True)
    period_to = Moment(allow_none=True)
    scopes = fields.List(Said(20))
    old_until = Moment(
        allow_none=True, metadata={"description": "Until then the secret before opens too."}
    )
    created_at = Moment()
    expires_at = Moment()
    revoked_at = Moment(allow_none=True)
    last_used_at = Moment(allow_none=True)


class Keys(Schema):
    """Every key, the newest first."""

    keys = fields.List(fields.Nested(KeyAnswer))


class RotateBody(Schema):
    """How many days the secret before works on; 0 ends it at once."""

    overlap_days = StrictInteger(0, OVERLAP.days)


class KeyMade(Schema):
    """The whole key, the only time it can be read."""

    key = Said(100)


class TrailEntry(Schema):
    """Who did or read what, when."""

    id = StrictInteger()
    at = Moment()
    site = Said(80, allow_none=True)
    actor = Said(320)
    verb = Said(60)
    detail = Facts()


class TrailQuery(NumberPage):
    site = Text(KEY, metadata={"description": "One site only."})


class Me(Schema):
    """Whose token this is, what it may do, and until when."""

    email = Said(255)
    organisation = Said(40)
    held = Said(8, allow_none=True, metadata={"description": "The person's own role there."})
    role = Said(8)
    token = Said(12)
    label = Said(200)
    expires_at = Moment()
