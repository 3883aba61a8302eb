"""How an operation is declared: once, for the route, the checks and the description."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema

from consent.errors import Invalid, Refusal
from consent.parts import as_json
from consent.strict_json import Malformed, parse
from consent.wire import loaded

BODY = 2 * 1024 * 1024
DEPTH, KEYS, STRING = 14, 2000, 1024 * 1024
PAGE, LARGEST = 100, 1000
CONVERTERS = {"int": "integer", "string": "string", "": "string"}


@dataclass(frozen=True)
class Operation:
    """One method of one address. `codes` are the refusals beyond those that any may meet, by
    status; `matches` says whether If-Match is `needed`, heeded if `given`, or not looked at."""

    endpoint: str
    method: str
    path: str
    summary: str
    tag: str
    body: Schema | None = None
    query: Schema | None = None
    answer: Schema | None = None
    status: int = 200
    matches: str = ""
    codes: dict[int, Sequence[str]] = field(default_factory=dict)
    more: str = ""


OPERATIONS: list[Operation] = []
View = Callable[..., Any]


def operation(calls: Blueprint, line: str, summary: str, **told: Any) -> Callable[[View], View]:
    """Declare a view: `line` is a method and a path below /v1/admin.

    The view is called with the path's values, and with `body` and `query` as loaded where they are
    declared. What it answers is dumped by `answer`, so nothing leaves that is not described.
    """
    method, _, path = line.partition(" ")

    def declare(view: View) -> View:
        known = Operation(f"api.{calls.name}.{view.__name__}", method, path, summary, **told)
        OPERATIONS.append(known)

        @functools.wraps(view)
        def call(**values: Any) -> Response:
            _storable(values)
            if known.query is not None:
                values["query"] = _query(known.query)
            elif request.args:
                raise _unknown(sorted(request.args))
            if known.body is not None:
                values["body"] = loaded(known.body, _body())
            return _answer(known, view(**values))

        calls.add_url_rule(path, view.__name__, call, methods=[method])
        return view

    return declare


def etag(content: Any) -> str:
    """The strong ETag of what an answer says."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def match(known: Schema, held: Any, needed: bool = True) -> None:
    """Raises 428 where If-Match is needed and missing, 412 where it names another state than
    `held`, the thing as it is now (RFC 9110 13.1.1, RFC 6585 3)."""
    if not request.if_match and request.headers.get("If-Match", "").strip() != "*":
        if needed:
            message = "Send If-Match with the ETag of what you have read."
            raise Refusal("if_match_missing", message, status=428)
        return
    if not request.if_match.contains(etag(known.dump(held))):
        message = "It has changed since you read it. Read it again."
        raise Refusal("changed_meanwhile", message, status=412)


def page(rows: Sequence[Any], name: Callable[[Any], object], limit: int) -> tuple[list[Any], Any]:
    """Of `limit` + 1 rows or fewer those of this page, and the cursor of the next or None."""
    found = list(rows[:limit])
    return found, str(name(found[-1])) if len(rows) > limit else None


def _answer(known: Operation, said: Any) -> Response:
    if isinstance(said, Response):
        return said
    if known.answer is None:
        response = Response(status=known.status)
        response.headers["Cache-Control"] = "no-store"
        return response
    content = known.answer.dump(said)
    response = as_json(content, known.status)
    if known.method == "GET" or known.matches:
        response.set_etag(etag(content))
    return response


def _body() -> object:
    if request.mimetype != "application/json":
        message = "Send JSON, as Content-Type: application/json."
        raise Refusal("content_type", message, status=415)
    too_large = Refusal("too_large", "The body is larger than two megabytes.", status=413)
    if (request.content_length or 0) > BODY:
        raise too_large
    raw = request.stream.read(BODY + 1)
    if len(raw) > BODY:
        raise too_large
    try:
        return parse(raw, DEPTH, KEYS, STRING)
    except Malformed as why:
        raise Refusal("json", f"The body cannot be read: {why}.", status=400) from None


def _query(schema: Schema) -> dict[str, Any]:
    """The query by its schema; whole numbers and flags are read from their text."""
    repeated = sorted(name for name in request.args if len(request.args.getlist(name)) > 1)
    if repeated:
        raise _unknown(repeated)
    said: dict[str, Any] = {}
    for name, text in request.args.items():
        kind = type(schema.fields.get(name)).__name__
        if kind == "StrictInteger" and re.fullmatch("-?[0-9]{1,15}", text):
            said[name] = int(text)
        elif kind == "StrictBoolean" and text in ("true", "false"):
            said[name] = text == "true"
        else:
            said[name] = text
    return loaded(schema, said)


def _unknown(names: Sequence[str]) -> Invalid:
    fields = dict.fromkeys(names, "Not a parameter here, or given twice.")
    return Invalid("field_unknown", "The address has a parameter that is none.", fields=fields)


def _storable(values: dict[str, Any]) -> None:
    """Numbers beyond a database's are numbers of nothing."""
    for value in values.values():
        if isinstance(value, int) and value > 2**31 - 1:
            raise Refusal("not_found", "There is nothing of that number.", status=404)
