"""A notice as a page to read: every word of it as text, without a script. The JSON is the evidence;
this only shows it, so its bytes depend on nothing but the notice and MADE_BY."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

MADE_BY = "crumbtrail notice page 1"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}dt{font-weight:600}code{font-size:90%}"
)


def render(notice: dict[str, Any], digest: str) -> bytes:
    """The page of a notice. Whatever it holds is escaped; nothing is left out."""
    title = f"Notice {notice.get('version')} of {notice.get('site')}"
    body = "".join(_body(notice))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_text(title)}</title>"
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f'style-src \'unsafe-inline\'"><meta name="generator" content="{MADE_BY}">'
        f"<style>{_STYLE}</style></head>\n<body><h1>{_text(title)}</h1>\n"
        f"<p>SHA-256 of the notice: <code>{_text(digest)}</code></p>\n{body}</body></html>\n"
    ).encode()


def _body(notice: dict[str, Any]) -> Iterator[str]:
    apart = {"categories", "services", "trackers", "texts"}
    plain = {name: value for name, value in notice.items() if name not in apart}
    yield f"<h2>What it says of itself</h2>{_value(plain)}\n"
    for name in ("categories", "services", "trackers"):
        rows = notice.get(name)
        yield f"<h2>{name.capitalize()}</h2>{_table(rows) if rows else '<p>None.</p>'}\n"
    texts = notice.get("texts")
    for language, words in texts.items() if isinstance(texts, dict) else ():
        yield f'<h2>Words in {_text(language)}</h2><div lang="{_text(language)}">'
        yield f"{_value(words)}</div>\n"


def _table(rows: Any) -> str:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _value(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    lines = (
        "".join(f"<td>{_value(row[name]) if name in row else ''}</td>" for name in names)
        for row in rows
    )
    return f"<table><tr>{head}</tr>\n{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _value(value: Any) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        parts = (f"<dt>{_text(k)}</dt><dd>{_value(v)}</dd>" for k, v in value.items())
        return f"<dl>{''.join(parts)}</dl>" if value else "none"
    if isinstance(value, list):
        return f"<ul>{''.join(f'<li>{_value(v)}</li>' for v in value)}</ul>" if value else "none"
    return _text(value)


def _text(value: Any) -> str:
    return escape(str(value))
