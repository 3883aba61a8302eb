"""The declaration: a published notice's cookie table in one language, and what Japan asks for.

Everything here is made from a notice's content, so it says what visitors were told and nothing
else. What the inventory does not know is said to be not stated.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from . import languages, texts
from .sites import Site

COLUMNS = ("name", "provider", "purpose", "duration", "party")
ORDER = ("necessary", "preferences", "statistics", "marketing", None)
# What a service of that kind is, so that an item of it is sent rather than stored.
SENT = ("beacon", "script", "iframe")
RULES = ("jp",)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")

Say = Callable[..., str]
Cell = dict[str, Any]


def speaker(content: Mapping[str, Any], tag: str) -> Say:
    """`say("unit_month", n=13)`: the words that were published, ours where the site has none.

    A text with plural forms takes `n`; the keys of the second layer need no `more_`.
    """
    words = texts.words(tag) | content["texts"].get(tag, {})

    def say(key: str, **values: object) -> str:
        found = words.get(key) or words[f"more_{key}"]
        if isinstance(found, dict):
            form = languages.plural(tag, int(str(values["n"])))
            found = found.get(form) or found["other"]
        text: str = found.format(**values)
        return text

    return say


def duration(say: Say, value: Any) -> str:
    """13 miesięcy"""
    if not value:
        return say("not_stated")
    if value == "session":
        return say("session")
    return say(f"unit_{value['unit'].removesuffix('s')}", n=value["value"])


def day(at: str, tag: str) -> str:
    """21 listopada 2026"""
    words, when = texts.paper(tag), datetime.fromisoformat(at)
    text: str = words["day"].format(d=when.day, month=words["months"][when.month - 1], y=when.year)
    return text


def tag(site: Site, base_url: str) -> str:
    """The element that an owner puts where the table shall stand."""
    at = html.escape(f"{base_url}/v1/{site.key}/declaration.js")
    return f'<script async src="{at}"></script>'


def table(content: Mapping[str, Any], digest: str, tag: str) -> dict[str, Any]:
    """{v, site, name, notice, version, published_at, lang, dir, title, version_text, columns,
    services, categories: [{id, name, purpose, trackers: [{…, cells}]}]}.

    A tracker has its published values, and `cells`, one for each column: {text, lang?, url?, note?}
    with `lang` where the owner wrote it in another language only.
    """
    say = speaker(content, tag)
    groups = []
    for category in ORDER:
        mine = [row for row in content["trackers"] if row["category"] == category]
        if mine:
            mine.sort(key=lambda row: (row["name"] is None, (row["name"] or "").casefold()))
            groups.append(_group(content, say, tag, category, mine))
    return _head(content, digest, tag, texts.paper(tag)["shown_trackers"]) | {
        "rule": None,
        "columns": [{"id": name, "text": say(f"column_{name}")} for name in COLUMNS],
        "services": [
            {name: one[name] for name in ("id", "name", "category", "provider", "policy_url")}
            for one in content["services"]
        ],
        "categories": groups,
    }


def external(content: Mapping[str, Any], digest: str, tag: str) -> dict[str, Any]:
    """What is sent from the visitor's device to others, as Japan's law wants it told: the
    information, the name of who receives it, and what for (Telecommunications Business Act, art.
    27-12; its Ordinance, art. 22-2-29).

    One row for each service, {service, recipient, information, purposes, category, hosts, cells},
    in the shape of `table` with one group. `recipient` None and empty lists are what the inventory
    does not state. What stays with the controller is left out and counted in `own`.
    """
    say, words = speaker(content, tag), external_words(tag)
    rows = [row for row in _recipients(content) if not _stays(content, row)]
    shown = [_sent(content, say, tag, words, row) for row in rows]
    title = words["title"]
    head = _head(content, digest, tag, title)
    return head | {
        "rule": "jp",
        "intro": words["intro"].format(name=head["name"]),
        "more": words["more"],
        "words_lang": words["lang"],
        "own": len(_recipients(content)) - len(rows),
        "columns": [{"id": n, "text": words[n]} for n in ("service", "info", "recipient", "use")],
        "categories": [
            {"id": "external", "name": title, "purpose": None, "trackers": shown} for _ in shown[:1]
        ],
        "none": words["none"],
    }


def as_csv(told: Mapping[str, Any]) -> str:
    """The table as CSV: one line for each tracker (or recipient), RFC 4180.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    by_category = told["rule"] is None
    heads = [column["text"] for column in told["columns"]]
    write.writerow(["category", *heads] if by_category else heads)
    for group in told["categories"]:
        for row in group["trackers"]:
            cells = [_plain(cell) for cell in row["cells"]]
            write.writerow([_tame(one) for one in ([group["name"]] if by_category else []) + cells])
    return out.getvalue()


@cache
def external_words(tag: str) -> dict[str, str]:
    """The words of Japan's table: Japanese or English, `lang` says which."""
    file = files("consent").joinpath("data/external.json")
    found: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8"))
    spoken = tag if tag in found else "en"
    return found[spoken] | {"lang": spoken}


def _head(content: Mapping[str, Any], digest: str, tag: str, title: str) -> dict[str, Any]:
    say, published = speaker(content, tag), content["published_at"]
    controller = content["controller"]
    policies = content["policy_urls"]
    date = day(published, tag)
    return {
        "v": 1,
        "site": content["site"],
        "name": controller.get("trading_name") or controller.get("legal_name") or content["site"],
        "notice": digest,
        "version": content["version"],
        "published_at": published,
        "lang": tag,
        "dir": languages.direction(tag),
        "title": title,
        "version_text": say("published", version=content["version"], date=date),
        "demo": say("demo") if content["layout"].get("decided_for_demo") else None,
        "policy": say("policy"),
        "policy_url": policies.get(tag) or policies.get(content["default_language"]),
    }


def _group(
    content: Mapping[str, Any], say: Say, tag: str, category: str | None, mine: list[dict[str, Any]]
) -> dict[str, Any]:
    purpose = None if category is None else "purpose_" + category
    return {
        "id": category,
        "name": say(f"category_{category}") if category else say("unclassified"),
        "purpose": say(purpose) if purpose else None,
        "trackers": [
            {
                **{k: row[k] for k in ("name", "match", "kind", "party", "service", "category")},
                **{k: row[k] for k in ("published_label", "purpose", "duration", "reason")},
                "provider": _service(content, row["service"]).get("provider"),
                "cells": _cells(content, say, tag, row),
            }
            for row in mine
        ],
    }


def _cells(content: Mapping[str, Any], say: Say, tag: str, row: dict[str, Any]) -> list[Cell]:
    service, unsaid = _service(content, row["service"]), say("not_stated")
    star = "*" if row["match"] == "prefix" else ""
    provider = _named(service, unsaid)
    purpose = _purpose(content, tag, row) or {"text": unsaid}
    if row["published_label"]:
        purpose["note"] = say("label", label=row["published_label"])
    return [
        {"text": row["name"] + star, "code": True} if row["name"] else {"text": say("unnamed")},
        provider,
        purpose,
        {"text": duration(say, row["duration"])},
        {"text": say(f"party_{row['party']}") if row["party"] else unsaid},
    ]


def _named(service: Mapping[str, Any], unsaid: str) -> Cell:
    """Who it is, with a link to their policy: only to a web address, whatever was typed."""
    url, provider = service.get("policy_url") or "", service.get("provider")
    linked = provider and url.startswith(("https://", "http://"))
    return {"text": provider or unsaid} | ({"url": url} if linked else {})


def _purpose(content: Mapping[str, Any], tag: str, row: Mapping[str, Any]) -> Cell | None:
    """In the language asked for, else in the site's first one, else in any."""
    said = {key: text for key, text in row["purpose"].items() if text}
    found = next((one for one in (tag, content["default_language"], *said) if one in said), None)
    if found is None:
        return None
    return {"text": said[found]} | ({} if found == tag else {"lang": found})


def _service(content: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    return next((one for one in content["services"] if one["id"] == key), {})


def _recipients(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each service with its trackers, and each tracker without a service by itself."""
    found = [
        {**one, "trackers": [t for t in content["trackers"] if t["service"] == one["id"]]}
        for one in content["services"]
    ]
    nobody: dict[str, Any] = {
        "id": None,
        "name": None,
        "provider": None,
        "policy_url": None,
        "hosts": [],
    }
    known = {one["id"] for one in content["services"]}
    found += [
        {**nobody, "category": one["category"], "trackers": [one]}
        for one in content["trackers"]
        if one["service"] not in known
    ]
    return found


def _stays(content: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the inventory says that nobody but the controller gets it: one who is named is the
    controller, or nobody is named and all of it is the site's own."""
    if row["id"] == "crumbtrail":
        return True
    own = {str(content["controller"].get(n)).casefold() for n in ("legal_name", "trading_name")}
    if row["provider"]:
        return row["provider"].casefold() in own
    if row["hosts"]:
        return False
    return bool(row["trackers"]) and all(t["party"] == "first" for t in row["trackers"])


def _sent(
    content: Mapping[str, Any], say: Say, tag: str, words: Mapping[str, str], row: dict[str, Any]
) -> dict[str, Any]:
    unsaid, lang = say("not_stated"), words["lang"]
    other = {} if lang == tag else {"lang": lang}
    items = []
    for one in row["trackers"]:
        star = "*" if one["match"] == "prefix" else ""
        name = f"{one['name']}{star}" if one["name"] else say("unnamed")
        kind = "sent" if one["kind"] in SENT else one["kind"]
        items.append({"kind": one["kind"], "name": one["name"], "text": words[kind].format(n=name)})
    said = [found for one in row["trackers"] if (found := _purpose(content, tag, one))]
    purposes = list({one["text"]: one for one in said}.values())
    category = row["category"] or next((t["category"] for t in row["trackers"]), None)
    recipient = _named(row, unsaid)
    sentence = {"text": " · ".join(i["text"] for i in items), **other} if items else {}
    return {
        "service": row["id"],
        "recipient": row["provider"],
        "information": items,
        "purposes": purposes,
        "category": category,
        "hosts": row["hosts"],
        "cells": [
            {"text": row["name"] or unsaid},
            sentence or {"text": unsaid},
            recipient,
            _joined(purposes, say, category) or {"text": unsaid},
        ],
    }


def _joined(purposes: list[Cell], say: Say, category: str | None) -> Cell | None:
    if not purposes:
        return None
    found: Cell = {"text": " ".join(one["text"] for one in purposes)}
    if tongue := next((one["lang"] for one in purposes if "lang" in one), None):
        found["lang"] = tongue
    return found | ({"note": say(f"category_{category}")} if category else {})


def _plain(cell: Cell) -> str:
    return f"{cell['text']} ({cell['note']})" if cell.get("note") else str(cell["text"])


def _tame(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text
