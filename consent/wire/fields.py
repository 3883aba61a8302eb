"""Fields of marshmallow that coerce nothing: a boolean is a boolean, an integer an integer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields

from consent.db import rfc3339
from consent.errors import Invalid
from consent.saying import in_field, say

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL keeps no NUL, UTF-8 no half pair
TYPE = say("Not a valid type.")


class StrictBoolean(fields.Field[bool]):
    """true or false, nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(TYPE)
        return value


class StrictInteger(fields.Field[int]):
    """An integer written as one; 1.0 and true are not. `least` and `most` belong to it."""

    def __init__(self, least: int | None = None, most: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError(TYPE)
        if (self.least is not None and value < self.least) or (
            self.most is not None and value > self.most
        ):
            raise ValidationError(
                say("A whole number from %(least)s to %(most)s.", least=self.least, most=self.most)
            )
        return value


class Text(fields.Field[str]):
    """A string that fits a pattern as a whole."""

    def __init__(self, pattern: re.Pattern[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        if not self.pattern.fullmatch(value):
            raise ValidationError(say("Not of the expected form."))
        return value


class Said(fields.Field[str]):
    """A string that can be kept, of `least` to `most` characters."""

    def __init__(self, most: int, least: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        if UNSTORABLE.search(value):
            raise ValidationError(say("It holds a character that cannot be kept."))
        if not self.least <= len(value) <= self.most:
            raise ValidationError(
                say("From %(least)s to %(most)s characters.", least=self.least, most=self.most)
            )
        return value


class Word(fields.Field[str]):
    """One of some words."""

    def __init__(self, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        if value not in self.words:
            raise ValidationError(say("One of %(known)s.", known=", ".join(self.words)))
        return value


class Moment(fields.Field[datetime]):
    """An RFC 3339 time with its offset, as aware UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        return moment(value)

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else rfc3339(value)


class Facts(fields.Field[Any]):
    """JSON of any shape that can be kept, of at most `most` levels and that the verb looks at
    itself. `kind` is what JSON Schema calls it."""

    def __init__(self, kind: str | list[str] = "object", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        kinds = {"object": dict, "array": list, "string": str}
        wanted = [self.kind] if isinstance(self.kind, str) else self.kind
        if not isinstance(value, tuple(kinds[kind] for kind in wanted if kind in kinds)):
            raise ValidationError(TYPE)
        _storable(value, 12)
        return value


def _storable(value: Any, levels: int) -> None:
    """Raises ValidationError for what JSON cannot say or a database cannot keep."""
    if levels < 0:
        raise ValidationError(say("Nested too deep."))
    if isinstance(value, dict):
        for name, one in value.items():
            if not isinstance(name, str):
                raise ValidationError(TYPE)
            _storable(name, levels - 1)
            _storable(one, levels - 1)
    elif isinstance(value, list):
        for one in value:
            _storable(one, levels - 1)
    else:
        _leaf(value)


def _leaf(value: Any) -> None:
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise ValidationError(say("It holds a character that cannot be kept."))
        return
    # No fractions: nothing that is published holds one, because its canonical form has none.
    if value is not None and not (isinstance(value, int) and abs(value) < 2**53):
        raise ValidationError(TYPE)


def loaded(schema: Schema, data: object) -> dict[str, Any]:
    """`data` by `schema`; raises Invalid field_unknown, field_type or field_value."""
    if not isinstance(data, dict):
        raise Invalid("field_type", "The body must be a JSON object.")
    try:
        return cast(dict[str, Any], schema.load(data))
    except ValidationError as error:
        raise refused(cast(dict[str, Any], error.messages)) from None


def moment(text: str) -> datetime:
    """An RFC 3339 time as aware UTC; raises ValidationError."""
    if not TIME.fullmatch(text):
        raise ValidationError(say("A time like 2026-11-21T10:00:00.000Z."))
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValidationError(say("There is no such time.")) from None
    if not 2000 <= found.year <= 2200:
        raise ValidationError(say("There is no such time."))
    return found


def refused(messages: Mapping[str, Any]) -> Invalid:
    """marshmallow's findings as one refusal: the code of the worst, the sentence of each."""
    flat = dict(_flat(messages))
    said = set(flat.values())
    if "Unknown field." in said:
        code = "field_unknown"
    else:
        code = "field_type" if {TYPE, "Invalid input type."} & said else "field_value"
    first = next(iter(flat))
    return Invalid(code, in_field(first, flat[first]), fields=flat)


def _flat(messages: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in messages.items():
        path = before if name == "_schema" and before else f"{before}.{name}".lstrip(".")
        if isinstance(value, Mapping):
            found += _flat(value, path)
        else:
            found.append((path, value[0]))
    return found
