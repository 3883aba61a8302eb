"""Notices: what visitors are shown, frozen as numbered versions addressed by their digest.

A published body never changes: its bytes are stored, its digest names them, and a record points
at it for as long as the record lives. An `Answer` is one served variant of a notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from . import inventory, leaf, texts, trail, waiting
from .db import Base, Instant, db, rfc3339
from .errors import Invalid, NotFound
from .sites import Site, retention_problem, rights_contact, seconds

RETENTION_EXCEEDED = "RETENTION-EXCEEDED"
VERSION_KEYS = ("version", "asks", "published_at", "effective_at")


@dataclass(frozen=True)
class Finding:
    """What the linter has against a draft; it does not block publishing."""

    code: str
    sentence: str


class Notice(Base):
    """`body` is the RFC 8785 JSON; `digest` its SHA-256 in hex."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    version: Mapped[int]
    asks: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    published_at: Mapped[datetime] = mapped_column(Instant)
    effective_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("site_id", "version"), UniqueConstraint("site_id", "digest"))

    @property
    def content(self) -> dict[str, Any]:
        return _content(self.body)


class Answer(Base):
    """One served variant: build, notice, effective regime, layout and language."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    regime: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(12))
    __table_args__ = (UniqueConstraint("site_id", "digest"),)


@lru_cache(maxsize=256)
def _content(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


def draft(site: Site) -> dict[str, Any]:
    """The notice as it would be published now, without its version numbers and times."""
    asked = [c for c in inventory.CATEGORIES if c != "preferences" or site.preferences]
    return {
        "v": 1,
        "site": site.key,
        "controller": site.controller,
        "contacts": site.contacts,
        "dpo": site.dpo,
        "authority": site.authority,
        "languages": site.languages,
        "default_language": site.default_language,
        "policy_urls": site.policy_urls,
        "categories": [{"id": category} for category in asked],
        "services": [_service(service) for service in inventory.services(site)],
        "trackers": [_tracker(site, tracker) for tracker in inventory.trackers(site)],
        "texts": {tag: texts.own(tag, site.texts.get(tag, {})) for tag in site.languages},
        "layout": site.layout | ({"decided_for_demo": True} if site.decided_for_demo else {}),
        "choice_lifetime": site.choice_lifetime,
        "retention": site.retention,
    }


def _service(service: inventory.Service) -> dict[str, Any]:
    return {
        "id": service.key,
        "name": service.name,
        "category": service.category,
        "provider": service.provider,
        "policy_url": service.policy_url,
        "hosts": service.hosts,
    }


def _tracker(site: Site, tracker: inventory.Tracker) -> dict[str, Any]:
    fields = "name match kind party service category published_label purpose duration reason"
    return {name: getattr(tracker, name) for name in fields.split()}


def hold(content: dict[str, Any]) -> str:
    """The stub's rules: what the inventory names by host or stored name, and what opens it.

    `host=service` and `#name=service`, `*` for a prefix; see docs/blocking.md. What is necessary is
    no rule, and what is unclassified names nothing that could open it.
    """
    found = [
        f"{host.removeprefix('*.')}={service['id']}"
        for service in content["services"]
        if service["category"] != "necessary"
        for host in service["hosts"]
    ]
    for row in content["trackers"]:
        if row["name"] and row["category"] != "necessary" and row["kind"] in inventory.STORED:
            opens = row["category"] and (row["service"] or row["category"])
            star = "*" if row["match"] == "prefix" else ""
            found.append(f"#{row['name']}{star}" + (f"={opens}" if opens else ""))
    return " ".join(dict.fromkeys(rule for rule in found if not re.search(r"\s", rule)))


def latest(site: Site) -> Notice | None:
    """The newest version, whether it binds yet or not."""
    query = select(Notice).where(Notice.site_id == site.id).order_by(Notice.version.desc())
    return db.session.scalar(query.limit(1))


def current(site: Site, at: datetime) -> Notice | None:
    """The version that binds at `at`, or None where nothing was published."""
    query = (
        select(Notice)
        .where(Notice.site_id == site.id, Notice.effective_at <= at)
        .order_by(Notice.version.desc())
    )
    return db.session.scalar(query.limit(1))


def versions(site: Site) -> list[Notice]:
    query = select(Notice).where(Notice.site_id == site.id).order_by(Notice.version.desc())
    return list(db.session.scalars(query))


def by_digest(site: Site, digest: str) -> Notice:
    """Raises NotFound `not_found`."""
    query = select(Notice).where(Notice.site_id == site.id, Notice.digest == digest)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "No notice of this site has that digest.")
    return found


def publish(
    site: Site,
    by: str,
    at: datetime,
    material: bool = False,
    effective_at: datetime | None = None,
) -> Notice:
    """Freeze the draft as the next version; `asks` rises when visitors must be asked again.

    Raises Invalid `notice_incomplete` when a visitor could not tell who is asking, where to turn,
    or for how long the record is kept (GDPR art. 12(2), 13(1)(a), 13(2)(a)).
    """
    body = draft(site)
    _complete(body, site.request_form)
    before = latest(site)
    old = before.content if before else None
    again = material or bool(asks_again(old, body))
    effective_at = effective_at or at
    body |= {
        "version": before.version + 1 if before else 1,
        "asks": before.asks + (1 if again else 0) if before else 1,
        "published_at": rfc3339(at),
        "effective_at": rfc3339(effective_at),
    }
    data = leaf.jcs(body)
    notice = Notice(
        site_id=site.id,
        version=body["version"],
        asks=body["asks"],
        digest=leaf.digest(body),
        body=data,
        published_at=at,
        effective_at=effective_at,
    )
    db.session.add(notice)
    waiting.entry(site.key, at, "notice", h=notice.digest)
    trail.write("notice.publish", by, at, site.key, version=notice.version, digest=notice.digest)
    db.session.commit()
    return notice


def asks_again(old: dict[str, Any] | None, new: dict[str, Any]) -> list[str]:
    """Why visitors must be asked again, in sentences; empty when they need not be.

    A new or wider purpose, category or service, or another controller (GDPR art. 4(11), 6(4), 7).
    """
    if old is None:
        return []
    return [*_wider_controller(old, new), *_wider_services(old, new), *_wider_trackers(old, new)]


def asks_nobody(body: dict[str, Any]) -> bool:
    """Whether all that is declared is necessary, so that no banner need interrupt anybody."""
    declared = [*body["services"], *body["trackers"]]
    return all(one["category"] == "necessary" for one in declared)


def changes(site: Site) -> list[str]:
    """How the draft differs from the newest version, in sentences; empty when it does not."""
    before = latest(site)
    if before is None:
        return ["Nothing is published yet."]
    old, new = before.content, draft(site)
    found = [
        f"{name.replace('_', ' ').capitalize()} changed."
        for name in new
        if name not in ("services", "trackers") and old.get(name) != new[name]
    ]
    found += _listed("Service", _by(old["services"], "id"), _by(new["services"], "id"))
    return found + _listed("Tracker", _tracker_map(old), _tracker_map(new))


def served(site: Site, notice: Notice, body: dict[str, Any]) -> str | None:
    """Keep one served variant and return its digest; None when it could not be kept.

    `body` is {v, build, notice, regime, layout, language}. A digest is only ever handed out after
    its row is committed, so a record's `answer` always resolves.
    """
    digest = leaf.digest(body)
    query = select(Answer.id).where(Answer.site_id == site.id, Answer.digest == digest)
    if db.session.scalar(query) is None:
        db.session.add(
            Answer(
                site_id=site.id,
                notice_id=notice.id,
                digest=digest,
                body=leaf.jcs(body),
                regime=body["regime"]["id"],
                language=body["language"],
            )
        )
        try:
            db.session.commit()
        except IntegrityError:  # another process kept the same variant first
            db.session.rollback()
    return digest


def lint(body: dict[str, Any]) -> list[Finding]:
    """What a draft says that does not fit together.

    RETENTION-EXCEEDED: a tracker lives longer than the draft says its purpose does. One that ends
    with the browser, or whose duration is not stated, is not accused. TEXT-…: the owner's own words
    steer the visitor; where one such finding stands, it names the language and the text.
    """
    limits = body["retention"].get("purposes", {})
    found = []
    for name, tracker in _tracker_map(body).items():
        limit, lasts = limits.get(tracker["category"]), tracker["duration"]
        if limit and isinstance(lasts, dict) and seconds(lasts) > seconds(limit):
            found.append(
                Finding(
                    RETENTION_EXCEEDED,
                    f"{name} lasts {_words(lasts)}, and {tracker['category']} is kept for"
                    f" {_words(limit)} at most.",
                )
            )
    return [*found, *_steering(body)]


def _steering(body: dict[str, Any]) -> Iterator[Finding]:
    for tag, shown in body["texts"].items():
        for problem in texts.problems(tag, shown):
            yield Finding(f"TEXT-{problem.code}", f"{tag}, {problem.key}: {problem.sentence}")


def _words(life: Mapping[str, Any]) -> str:
    return f"{life['value']} {life['unit']}{'' if life['value'] == 1 else 's'}"


def _complete(body: Mapping[str, Any], request_form: bool) -> None:
    problems: dict[str, str] = {}
    if not body["controller"].get("legal_name"):
        problems["legal_name"] = "The controller's legal name is missing."
    if not rights_contact(body["controller"], body["contacts"]) and not request_form:
        problems["contact"] = (
            "Visitors could not exercise their rights: the site names no address, e-mail, phone or"
            " page for it, and the request form is off. Name one, or switch the form on."
        )
    if why := retention_problem(body["retention"]):
        problems["retention"] = why
    if problems:
        raise Invalid("notice_incomplete", "The notice cannot be published yet.", fields=problems)


def _wider_controller(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    if old["controller"].get("legal_name") != new["controller"].get("legal_name"):
        yield "The controller is another one."
    known = {category["id"] for category in old["categories"]}
    for category in new["categories"]:
        if category["id"] not in known:
            yield f"The category {category['id']} is new."


def _wider_services(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before = _by(old["services"], "id")
    for service in new["services"]:
        was = before.get(service["id"])
        if service["category"] in (None, "necessary"):
            continue
        if was is None:
            yield f"The service {service['id']} is new."
        elif was["category"] != service["category"]:
            yield f"The service {service['id']} is now used for {service['category']}."
        elif was["provider"] != service["provider"]:
            yield f"The service {service['id']} is now provided by {service['provider']}."


def _wider_trackers(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before = _tracker_map(old)
    services = {(s["id"], s["category"]) for s in old["services"]}
    for key, tracker in _tracker_map(new).items():
        if tracker["category"] in (None, "necessary"):
            continue
        was = before.get(key)
        if was is None and (tracker["service"], tracker["category"]) not in services:
            yield f"The tracker {key} is new, for {tracker['category']}."
        elif was is not None and was["category"] != tracker["category"]:
            yield f"The tracker {key} is now used for {tracker['category']}."


def _listed(noun: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = [f"{noun} {key} added." for key in new if key not in old]
    found += [f"{noun} {key} removed." for key in old if key not in new]
    for key in new:
        if key in old and old[key] != new[key]:
            fields = [name for name in new[key] if old[key].get(name) != new[key][name]]
            found.append(f"{noun} {key}: {', '.join(fields)} changed.")
    return found


def _by(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {row[name]: row for row in rows}


def _tracker_map(body: dict[str, Any]) -> dict[str, Any]:
    """Trackers by what tells them apart: the name, else the purpose."""
    return {
        f"{t['name'] or next(iter(t['purpose'].values()), '?')}"
        + ("" if t["kind"] == "cookie" else f" ({t['kind']})"): t
        for t in body["trackers"]
    }
