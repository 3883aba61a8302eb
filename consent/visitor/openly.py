"""/v1/<site>/log: how far the site's log has come and who watches over it, as a page for people.

Only where the owner publishes the log. Everything on it can be had from the log's own files too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Response, request

from .. import languages, ledger
from ..errors import NotFound
from ..ledger.rows import Head
from ..parts import parts
from ..sites import Site
from ..tlog import note
from . import paper, shelf, where
from .blueprint import bp

OUTCOMES = ("all", "wrong", "waiting")  # by the verifier's exit code
SPANS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@bp.get("/<site>/log")
def log_page(site: str) -> Response:
    """The last checkpoint, its witnesses, and what test visits found."""
    of = shelf.site(site)
    if not of.publish_log:
        raise NotFound("not_found", "This site does not publish its log.")
    spoken = languages.choose(
        (request.args.get("lang"), *where.tongues()), tuple(words()), of.default_language
    )
    spoken = spoken if spoken in words() else "en"
    return paper.page(
        "log",
        of,
        spoken=spoken,
        say=_speaker(spoken),
        head=_head(of, _speaker(spoken)),
        witnesses=_witnesses(),
        visits=ledger.told(of),
        outcomes=OUTCOMES,
    )


@cache
def words() -> dict[str, dict[str, str]]:
    """The words of the page, by language."""
    found: dict[str, dict[str, str]] = json.loads(
        files("consent").joinpath("data/log_page.json").read_text("utf-8")
    )
    return found


def _speaker(spoken: str) -> Callable[..., str]:
    def say(key: str, **values: object) -> str:
        return words()[spoken][key].format(**values)

    return say


def _head(of: Site, say: Callable[..., str]) -> dict[str, Any] | None:
    """The signed head; None before there is one."""
    try:
        head: Head = ledger.head_of(of.key)
    except NotFound:
        return None
    known = parts()
    at = known.ledger.signer.signed_at(head.origin)
    origin, size, root = note.parse(head.note)[0].split("\n")[:3]
    return {
        "origin": origin,
        "size": size,
        "root": root,
        "at": at,
        "age": _age(known.clock() - at, say) if at else None,
        "chained": head.chained is not None,
    }


def _age(span: timedelta, say: Callable[..., str]) -> str:
    seconds = max(0, int(span.total_seconds()))
    name, size = next((one for one in SPANS if seconds >= 2 * one[1]), SPANS[-1])
    return say(name, n=seconds // size)


def _witnesses() -> list[tuple[str, datetime | None]]:
    """(name, when it cosigned the newest head of the deployment log) of each in the policy."""
    witnessing = parts().ledger.witnessing
    if witnessing is None:
        return []
    head = witnessing.head()
    signed = {} if head is None else head.cosigned
    return [
        (one.name, _when(signed[one.name]) if one.name in signed else None)
        for one in witnessing.policy.witnesses
    ]


def _when(line: note.Signature) -> datetime:
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(
        seconds=note.cosignature_time(line)
    )
