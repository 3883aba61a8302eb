"""What the operations of a notice take and answer."""

from __future__ import annotations

import re

from marshmallow import Schema, fields

from consent.notices.reading import STATES
from consent.wire import Facts, Moment, Said, StrictBoolean, StrictInteger, Text, Word

SEEN = re.compile(r"[0-9]{1,9}\.[0-9a-f]{64}")
SEEN_WORDS = "The `seen` of the draft that you have read."


class Piece(Schema):
    """A piece of a text: `same`, `old` or `new`."""

    how = Word(("same", "old", "new"))
    text = Said(100_000)


class ChangeAnswer(Schema):
    """One difference in a sentence; of a text also word by word, in `language`."""

    group = Said(60)
    sentence = Said(2000)
    language = Said(12, allow_none=True)
    words = fields.List(fields.Nested(Piece))


class MendAnswer(Schema):
    """Where it is mended."""

    where = Said(20)
    name = Said(500)


class Finding(Schema):
    """What the lint has against a draft, by which law; one that blocks refuses publishing."""

    code = Said(60)
    sentence = Said(1000)
    law = Said(500)
    blocks = StrictBoolean()
    mend = fields.Nested(MendAnswer)


class DraftAnswer(Schema):
    """What would be published, how it differs from the newest version, whether visitors are asked
    again and why, and what is against it: `missing` and findings that block refuse it."""

    draft = Facts()
    seen = Text(SEEN)
    changed = StrictBoolean()
    changes = fields.List(fields.Nested(ChangeAnswer))
    asks_again = fields.List(Said(1000))
    missing = fields.Dict(keys=Said(60), values=Said(1000))
    findings = fields.List(fields.Nested(Finding))
    unclassified = StrictInteger()
    two_people = StrictBoolean()


class PlanBody(Schema):
    """`material` asks all visitors again whatever the rules say; a later `effective_at` schedules
    it; `share` is the percentage of networks that meet it first."""

    material = StrictBoolean()
    effective_at = Moment()
    share = StrictInteger(1, 99)


class PublishBody(PlanBody):
    """How it is published."""

    seen = Text(SEEN, metadata={"description": SEEN_WORDS})


class ProposeBody(PlanBody):
    """How it would be published; `rollback` proposes what that version said."""

    rollback = StrictInteger(1, 2**31 - 1)


class RollbackBody(Schema):
    """With `newest`, the number of the newest version that you have seen, asking twice publishes
    once, and nothing is published where another was faster."""

    newest = StrictInteger(1, 2**31 - 1)


class EndBody(Schema):
    """Whether what was tried is for everybody from now on."""

    keep = StrictBoolean(required=True)


class DeclineBody(Schema):
    """Why not."""

    word = Said(500)


class NoticeSummary(Schema):
    """A published version. `told` is why all are asked again, `material`, the version a `rollback`
    repeats, and who `proposed` it, as far as there is something to tell."""

    version = StrictInteger()
    asks = StrictInteger()
    digest = Said(64)
    state = Word(STATES)
    published_at = Moment()
    effective_at = Moment()
    withdrawn_at = Moment(allow_none=True)
    by = Said(320, allow_none=True)
    told = Facts()


class Notices(Schema):
    """Every version, the newest first."""

    versions = fields.List(fields.Nested(NoticeSummary))


class NoticeAnswer(NoticeSummary):
    """A version with its content as it was frozen."""

    content = Facts()


class NoticeProposal(Schema):
    """A draft that waits for a second person, or was decided."""

    id = StrictInteger()
    state = Word(("open", "approved", "declined", "taken"))
    digest = Said(64)
    material = StrictBoolean()
    effective_at = Moment(allow_none=True)
    share = StrictInteger(allow_none=True)
    rollback = StrictInteger(allow_none=True)
    by = Said(320)
    at = Moment()
    decided_by = Said(320, allow_none=True)
    decided_at = Moment(allow_none=True)
    word = Said(500, allow_none=True)
    content = Facts()


class NoticeProposals(Schema):
    """The last fifty, the newest first."""

    proposals = fields.List(fields.Nested(NoticeProposal))
