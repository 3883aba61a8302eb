"""What a field takes, and a mapping of fields, as JSON Schema (draft 2020-12)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields

from .fields import Facts, Moment, Said, StrictBoolean, StrictInteger, Text, Word

Named = dict[str, dict[str, Any]]


def described(schema: Schema, named: Named, where: str, answer: bool = False) -> dict[str, Any]:
    """The schema of a mapping: a `$ref` below `where`, its text put into `named`.

    Of an `answer` every field is there, unless the schema says that it is not `whole`; what is sent
    needs only those that are required.
    """
    name = name_of(schema)
    if name not in named:
        named[name] = {}  # one that holds itself finds its place
        every = {
            f.data_key or n: field_schema(f, named, where, answer) for n, f in schema.fields.items()
        }
        whole = answer and getattr(schema, "whole", True)
        needed = [f.data_key or n for n, f in schema.fields.items() if whole or f.required]
        named[name] = {
            **({"description": text} if (text := _doc(schema)) else {}),
            "type": "object",
            **({"required": needed} if needed else {}),
            "properties": every,
            "additionalProperties": False,
        }
    return {"$ref": f"{where}{name}"}


def name_of(schema: Schema) -> str:
    return type(schema).__name__


def _doc(schema: Schema) -> str:
    if "__doc__" not in type(schema).__dict__:
        return ""
    return " ".join((inspect.getdoc(type(schema)) or "").split())


def field_schema(field: Any, named: Named, where: str, answer: bool = False) -> dict[str, Any]:
    """The schema of one field, with its description."""
    told = _told(field, named, where, answer)
    if field.allow_none:
        told = _or_null(told)
    if text := field.metadata.get("description"):
        told = {**told, "description": text}
    return told


def _or_null(told: dict[str, Any]) -> dict[str, Any]:
    if "type" in told and "enum" not in told:
        kinds = told["type"] if isinstance(told["type"], list) else [told["type"]]
        return {**told, "type": [*kinds, "null"]}
    if "enum" in told:
        return {"enum": [*told["enum"], None]}
    return {"anyOf": [told, {"type": "null"}]}


def _told(field: Any, named: Named, where: str, answer: bool) -> dict[str, Any]:
    for kind, tell in LEAVES.items():
        if isinstance(field, kind):
            return tell(field)
    if isinstance(field, fields.Nested):
        return described(field.schema, named, where, answer)
    if isinstance(field, fields.List):
        return {"type": "array", "items": field_schema(field.inner, named, where, answer)}
    if isinstance(field, fields.Dict):
        values = field_schema(field.value_field, named, where, answer) if field.value_field else {}
        keys = _told(field.key_field, named, where, answer) if field.key_field else {}
        names = {"propertyNames": keys} if keys else {}
        return {"type": "object", **names, "additionalProperties": values}
    told: dict[str, Any] = field.told(named, where, answer)  # a field that describes itself
    return told


def _whole(field: Any) -> dict[str, Any]:
    span = {"minimum": field.least, "maximum": field.most}
    return {"type": "integer", **{name: end for name, end in span.items() if end is not None}}


def _line(field: Any) -> dict[str, Any]:
    least = {"minLength": field.least} if field.least else {}
    return {"type": "string", **least, "maxLength": field.most}


LEAVES: dict[type, Callable[[Any], dict[str, Any]]] = {
    StrictBoolean: lambda field: {"type": "boolean"},
    StrictInteger: _whole,
    Text: lambda field: {"type": "string", "pattern": f"^(?:{_plain(field.pattern)})$"},
    Said: _line,
    Word: lambda field: {"enum": list(field.words)},
    Moment: lambda field: {"type": "string", "format": "date-time"},
    Facts: lambda field: {"type": field.kind},
}


def _plain(pattern: re.Pattern[str]) -> str:
    """Named groups are Python's own; ECMA-262 has plain ones."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern)
