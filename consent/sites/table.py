"""The table of sites, and the words its columns are written in."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from consent import tenancy, texts
from consent.db import Base, Instant, Json

KEY = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
RESERVED = frozenset({"admin", "audit"})  # first words of addresses below /v1/ that are no sites
HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]+(?::\d{1,5})?")
LANGUAGES = texts.available()
UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "month": 2_629_746, "year": 31_556_952}
ANCHORS = ("choice", "expiry", "withdrawal")
ACTIONS = ("delete", "aggregate", "anonymise")
PURPOSES = ("preferences", "statistics", "marketing")
LEAST_S = 31 * 86_400  # a purged id must be too old to be taken again
RIGHTS = ("page", "email", "phone", "post")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
CHANGEABLE = frozenset(
    "name controller contacts dpo authority origins preview_hosts cookie_domain languages "
    "default_language policy_urls preferences choice_lifetime retention layout publish_log "
    "request_form request_days integrations texts facts".split()
)


class Site(Base):
    """`controller` is {trading_name, legal_name, …}; a lifetime is {value, unit}.

    `choice_lifetime` is how long a choice counts. `retention` is how long its record is kept: a
    lifetime with `anchor` (one of ANCHORS, absent: choice), `action` (one of ACTIONS, absent:
    delete) and `purposes`, {category: lifetime}, how long what serves a purpose may live; {} until
    somebody has stated it. `request_days` is what the site promises for requests of visitors, in
    days, None where it promises nothing. `integrations` is {part: {option: value}}, see
    integrations.py; unlike the rest it is no part of a notice, and takes effect at once. `texts`
    are the owner's words in place of ours: {language: {key: text}}, a text with plural forms being
    {category: text}. `facts` are what `facts.py` judges; what nobody stated is left out.
    """

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(63), unique=True)
    organisation_id: Mapped[int] = mapped_column(default=tenancy.owner)
    name: Mapped[str] = mapped_column(String(120))
    controller: Mapped[dict[str, Any]] = mapped_column(Json)
    contacts: Mapped[dict[str, Any]] = mapped_column(Json)
    dpo: Mapped[dict[str, Any] | None] = mapped_column(Json)
    authority: Mapped[dict[str, Any] | None] = mapped_column(Json)
    origins: Mapped[list[str]] = mapped_column(Json)
    preview_hosts: Mapped[list[str]] = mapped_column(Json)
    cookie_domain: Mapped[str | None] = mapped_column(String(253))
    languages: Mapped[list[str]] = mapped_column(Json)
    default_language: Mapped[str] = mapped_column(String(12))
    policy_urls: Mapped[dict[str, str]] = mapped_column(Json)
    preferences: Mapped[bool]
    choice_lifetime: Mapped[dict[str, Any]] = mapped_column(Json)
    retention: Mapped[dict[str, Any]] = mapped_column(Json)
    layout: Mapped[dict[str, Any]] = mapped_column(Json)
    decided_for_demo: Mapped[bool]
    publish_log: Mapped[bool]
    request_form: Mapped[bool]
    request_days: Mapped[int | None]
    integrations: Mapped[dict[str, Any]] = mapped_column(Json)
    texts: Mapped[dict[str, dict[str, Any]]] = mapped_column(Json)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    tag_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
