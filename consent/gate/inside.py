"""What stands between tags: inline scripts, styles, import maps, speculation rules. Pure."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from .hold import Judge

EMPTY_MODULE = "data:text/javascript,"
NOWHERE = b"about:invalid"
URLS = re.compile(
    rb"""url\(\s*+(?:"(?P<a>[^"\r\n]*+)"|'(?P<b>[^'\r\n]*+)'"""
    rb"""|(?P<q>&quot;|&\#3[49];)(?P<c>[^"'()<>]*?)(?P=q)|(?P<d>[^"'()\s]++))"""
    rb"""|@import\s++(?:"(?P<e>[^"\r\n]*+)"|'(?P<f>[^'\r\n]*+)')""",
    re.IGNORECASE,
)


def style(text: bytes, judge: Judge) -> bytes:
    """CSS whose published addresses lead nowhere. All else stays as it is."""

    def without(found: re.Match[bytes]) -> bytes:
        name = next(name for name in "abcdef" if found[name] is not None)
        said = html.unescape(found[name].decode("latin-1")).strip(" \t\n\r\f\"'")
        if judge(said) is None:
            return found[0]
        start, end = found.start(name) - found.start(), found.end(name) - found.start()
        return found[0][:start] + NOWHERE + found[0][end:]

    return URLS.sub(without, text)


def import_map(text: bytes, judge: Judge) -> bytes:
    """An import map whose published addresses lead to an empty module (html.spec.whatwg.org,
    8.1.5.2). One that is not JSON is the browser's to refuse."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(body, dict):
        return text
    tables = [body.get("imports"), *_values(body.get("scopes"))]
    changed = False
    for table in tables:
        for name, url in table.items() if isinstance(table, dict) else ():
            if isinstance(url, str) and judge(url):
                table[name] = EMPTY_MODULE
                changed = True
    integrity = body.get("integrity")
    if isinstance(integrity, dict) and changed:
        body["integrity"] = {url: said for url, said in integrity.items() if not judge(url)}
    return _dumped(body) if changed else text


def speculation(text: bytes, judge: Judge) -> bytes:
    """Speculation rules without published addresses (wicg.github.io/nav-speculation)."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(body, dict):
        return text
    changed = False
    for action, rules in body.items():
        if isinstance(rules, list):
            body[action] = kept = [one for one in (_kept(rule, judge) for rule in rules) if one]
            changed = changed or kept != rules
    return _dumped(body) if changed else text


def _kept(rule: Any, judge: Judge) -> Any:
    """The rule without the addresses that are held; None where nothing is left of it."""
    if not isinstance(rule, dict):
        return rule
    urls = rule.get("urls")
    if isinstance(urls, list):
        rest = [url for url in urls if not (isinstance(url, str) and judge(url))]
        return {**rule, "urls": rest} if rest else None
    return None if any(judge(text) for text in _strings(rule.get("where"))) else rule


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [text for part in parts for text in _strings(part)]
    return []


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _dumped(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).replace("<", "\\u003c").encode()
