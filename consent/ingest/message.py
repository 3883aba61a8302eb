"""A choice as it lies in the buffer: what the database will be given, and what was answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from ..records.job import Job, same
from ..records.rows import Line, uuid_text
from ..records.verb import Choice, Facts
from ..records.writer import COLUMNS
from ..regime import Place

SUBJECTS = "crumbtrail.consents"
NUMBERED = ("rule_id", "place_id", "page_id")  # given by the database, when it is there
BYTES = ("id", "visitor", "salt", "previous", "services")
FIELDS = tuple(name for name in COLUMNS if name not in NUMBERED)


@dataclass
class Taken(Job):
    """A choice out of the buffer. Its time, salt, page and commitment were answered: they stay."""

    def seal(self) -> None:
        pass


def name_of(site: str, record_id: bytes) -> str:
    """What the buffer knows a choice by: an id is bound to its content within a site."""
    return f"{site}/{uuid_text(record_id)}"


def subject_of(site: str, record_id: bytes) -> str:
    """The one subject of a choice; a point in a site's key would begin another word."""
    return f"{SUBJECTS}.{quote(site, safe='').replace('.', '%2E')}.{uuid_text(record_id)}"


def site_in(subject: str) -> str:
    """The site that a subject names; "" where it names none."""
    words = subject.removeprefix(f"{SUBJECTS}.").split(".")
    return unquote(words[0]) if len(words) == 2 else ""


def encode(job: Job) -> bytes:
    """A sealed job as JSON. Holds the visitor's code, never their secret."""
    row = {name: getattr(job.row, name) for name in FIELDS}
    told = {
        "v": 1,
        "row": {name: v.hex() if isinstance(v, bytes) else v for name, v in row.items()},
        "record": job.record,
        "commitment": job.commitment,
        "asks": job.facts.notice["asks"],
        "burst": job.facts.burst,
        "kept": job.facts.kept,
        "denied": job.facts.denied,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Taken:
    """Raises ValueError for what is no message of ours."""
    try:
        return _taken(json.loads(body))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a choice: {type(error).__name__}") from None


def agree(first: Taken, sent: Job, page: str) -> bool:
    """Whether a repeated id carries what lies under it; `page` is the one sent, not yet cut."""
    return first.page in cuts(page) and same(first.row, sent.row)


def cuts(page: str) -> tuple[str, str, str]:
    """The forms in which a page may be kept: whole, as its origin, as nothing."""
    return page, "/".join(page.split("/")[:3]) + "/*", "*"


def _taken(told: dict[str, Any]) -> Taken:
    if told["v"] != 1:
        raise ValueError("a message of another version")
    values: dict[str, Any] = {
        name: bytes.fromhex(value) if name in BYTES and value is not None else value
        for name, value in told["row"].items()
        if name in FIELDS
    }
    record, row, kept = told["record"], Line(**values), told["kept"]
    place = {name: record["place"][name] for name in ("country", "subdivision", "source")}
    database = record["place"]["database"]
    facts = Facts(
        site_id=row.site_id,
        site=record["site"],
        notice_id=row.notice_id,
        notice={"asks": told["asks"]},
        answer_id=row.answer_id,
        regime_shown=record["regime_shown"],
        superseded=record["superseded"],
        test=False,  # as every flag, it stands in the row
        regime=record["regime"],
        regimes=record["regimes"],
        place=Place(**place, database=database),
        browser=record["browser"],
        burst=told["burst"],
        kept=(kept[0], kept[1]) if kept else None,
        denied=told["denied"],
    )
    return Taken(
        row=row,
        rule=(record["regime"], record["regimes"]),
        place=tuple((*(v or "" for v in place.values()), database or "")),  # type: ignore[arg-type]
        page=record["page"],
        claimed=row.claimed + row.seq // 1000,
        choice=_choice(record, row),
        facts=facts,
        record=record,
        commitment=told["commitment"],
    )


def _choice(record: dict[str, Any], row: Line) -> Choice:
    return Choice(
        id=row.id,
        visitor=None,
        notice=record["notice"],
        action=record["action"],
        categories=record["categories"],
        services=record["services"],
        language=record["language"],
        layer=record["layer"],
        page=record["page"],
        at=datetime.fromisoformat(record["claimed_at"]),
        shown_at=datetime.fromisoformat(record["shown_at"]) if record["shown_at"] else None,
        answer=record["answer"],
        device=record["device"],
        gpc=record["signals"]["gpc"],
        dnt=record["signals"].get("dnt"),
        previous=row.previous,
    )
