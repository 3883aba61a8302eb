"""What an attacker of the database has: payloads, and every place of every route that takes one.

The names of queries and forms are not listed anywhere: they are what the code asks a request for,
what the pages' own forms have, and what the description says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask, Request, has_request_context, request
from marshmallow import Schema
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

MARK = "zqx7"  # in every payload, whatever else it says
OPENERS = ("", "1", "x'", 'x"', "x')", "1))", "%27", "\\'", "x`", "']")
SHAPES = (
    " OR '{m}'='{m}", " OR '{m}'='{m}' -- ", " OR 1=1 /*{m}*/", " AND 1=2 -- {m}",
    " UNION SELECT '{m}'",
    " UNION SELECT NULL,'{m}',NULL -- ", " UNION ALL SELECT email,'{m}' FROM account -- ",
    "; DROP TABLE site; -- {m}", "; DELETE FROM trail WHERE '{m}'='{m}'; -- ",
    "; UPDATE account SET operator=1; -- {m}", "; INSERT INTO account(email) VALUES('{m}'); -- ",
    " AND pg_sleep(5) IS NULL -- {m}", "; SELECT pg_sleep(5); -- {m}", "||pg_sleep(5)||'{m}",
    " AND randomblob(500000000) -- {m}", " AND 1=LIKE('{m}',UPPER(HEX(RANDOMBLOB(500000000/2))))",
    " ORDER BY 99 -- {m}", ",(SELECT '{m}')", " DESC,(SELECT '{m}') -- ",
    " AND (SELECT count(*) FROM account)>0 -- {m}", " AND CAST('{m}' AS INTEGER)=1 -- ",
    " LIKE '%{m}%' ESCAPE '", "%{m}_%", " GLOB '*{m}*'", "/**/OR/**/'{m}'/**/IS/**/NOT/**/NULL",
    ":{m}", " %({m})s", " {{{m}}} %s ?", "\n;\nVACUUM;--{m}", " COLLATE {m}",
)  # fmt: skip
PAYLOADS = tuple(opener + shape.format(m=MARK) for opener in OPENERS for shape in SHAPES)
HOSTILE = (f"{MARK}\r\nX-Set: {MARK}\r\n\r\n", f"{MARK}\0")  # what ends a line, and a text
NUMBERS = ("2147483648", "9223372036854775808")
HEADERS = (
    "Accept-Language", "Authorization", "Cookie", "If-Match", "If-None-Match", "Origin", "Referer",
    "User-Agent", "X-Forwarded-For",
)  # fmt: skip


@dataclass
class Watch:
    """What the databases were told while it looked."""

    statements: int = 0
    laid_open: list[str] = field(default_factory=list)  # statements with a payload in their text
    wrong: list[str] = field(default_factory=list)  # errors of the database
    bound: int = 0  # statements with a payload among their values
    written: set[str] = field(default_factory=set)  # tables

    def told(self, statement: str, values: object) -> None:
        self.statements += 1
        if MARK in statement.lower():
            self.laid_open.append(statement)
        self.bound += MARK in repr(values).lower()
        if found := re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", statement):
            self.written.add(found[1])


@contextmanager
def watched() -> Iterator[Watch]:
    """Every statement and every error of every engine, for the block."""
    watch = Watch()

    def before(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        watch.told(statement, values)

    def broken(context: Any) -> None:
        watch.wrong.append(f"{context.original_exception!r} in {context.statement}")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "handle_error", broken)
    try:
        yield watch
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "handle_error", broken)


# -- what a request may say ----------------------------------------------------------------------


class Names:
    """The names that the code asked queries and forms for, by endpoint."""

    def __init__(self, app: Flask) -> None:
        self.found: dict[str, set[str]] = defaultdict(set)
        names = self

        class Noted(ImmutableMultiDict[str, str]):
            def get(self, key: Any, *more: Any, **told: Any) -> Any:
                names.note(key)
                return super().get(key, *more, **told)

            def getlist(self, key: Any, *more: Any, **told: Any) -> Any:
                names.note(key)
                return super().getlist(key, *more, **told)

            def __getitem__(self, key: Any) -> Any:
                names.note(key)
                return super().__getitem__(key)

            def __contains__(self, key: Any) -> bool:
                names.note(key)
                return super().__contains__(key)

        class Noting(Request):
            parameter_storage_class = Noted

        app.request_class = Noting

    def note(self, key: object) -> None:
        if has_request_context() and request.endpoint and isinstance(key, str):
            self.found[f"{request.method} {request.endpoint}"].add(key)


@dataclass
class Form:
    """A form of a page, with what stands in it."""

    method: str
    action: str
    fields: dict[str, str]


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.select = self.area = ""

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in given}
        if tag == "form":
            method = told.get("method", "get").upper()
            self.forms.append(Form(method, told.get("action", ""), {}))
        name = told.get("name", "")
        if not self.forms or (not name and tag != "option"):
            return
        fields = self.forms[-1].fields
        if tag == "input":
            off = told.get("type") in ("checkbox", "radio") and "checked" not in told
            fields.setdefault(name, "") if off else fields.update({name: told.get("value", "")})
        elif tag == "button":
            fields.setdefault(name, told.get("value", ""))
        elif tag == "select":
            self.select = name
            fields.setdefault(name, "")
        elif tag == "textarea":
            self.area = name
            fields.setdefault(name, "")
        elif tag == "option" and self.select and (not fields[self.select] or "selected" in told):
            fields[self.select] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.forms[-1].fields[self.area] += data


def forms_of(page: str) -> list[Form]:
    parser = Forms()
    parser.feed(page)
    return parser.forms


def leaves(said: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value in a JSON text, and of each of its objects' keys' values."""
    if isinstance(said, dict):
        for name, value in said.items():
            yield from leaves(value, (*path, name))
    elif isinstance(said, list) and said:
        yield from leaves(said[0], (*path, 0))
    else:
        yield path


def replaced(said: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at that place; keys on the way are made."""
    if not path:
        return value
    if isinstance(said, list):
        return [
            replaced(one, path[1:], value) if n == path[0] else one for n, one in enumerate(said)
        ]
    known = dict(said) if isinstance(said, dict) else {}
    return known | {path[0]: replaced(known.get(path[0]), path[1:], value)}


def of_schema(
    schema: Schema, path: tuple[Any, ...] = (), depth: int = 3
) -> Iterator[tuple[Any, ...]]:
    """The place of every field that a body may have."""
    for name, one in schema.fields.items():
        within = getattr(one, "schema", None)
        if within is not None and depth:
            yield from of_schema(within, (*path, one.data_key or name), depth - 1)
        else:
            yield (*path, one.data_key or name)


# -- where a payload goes ------------------------------------------------------------------------

Send = Callable[[str], Any]


@dataclass(frozen=True)
class Spot:
    """One place of one route; `send` asks with a text in it and answers the status."""

    method: str
    endpoint: str
    kind: str
    name: str
    send: Send = field(compare=False, hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint} {self.kind} {self.name}"


def open_parts(rule: Rule) -> list[str]:
    """The blanks of an address that take any text."""
    kinds = rule._converters
    wide = {"UnicodeConverter", "PathConverter"}
    return sorted(name for name, kind in kinds.items() if type(kind).__name__ in wide)


def number_parts(rule: Rule) -> list[str]:
    """The blanks of an address that take a number."""
    kinds = rule._converters
    return sorted(n for n, kind in kinds.items() if type(kind).__name__ == "IntegerConverter")
