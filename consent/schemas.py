"""The wire, in marshmallow: shape only. Whether it can be true is the verb's business.

Nothing is coerced: a boolean is a boolean and an integer an integer, because a consent that was
guessed is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from .errors import Invalid
from .records import Choice, reduced_page
from .records.rows import ACTIONS, DEVICES

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEX64 = re.compile(r"[0-9a-f]{64}")
SECRET = re.compile(r"[A-Za-z0-9_-]{22,86}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TYPE = "Not a valid type."


class StrictBoolean(fields.Field[bool]):
    """true or false, nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(TYPE)
        return value


class StrictInteger(fields.Field[int]):
    """An integer written as one; 1.0 and true are not."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError(TYPE)
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
            raise ValidationError("Not of the expected form.")
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
            raise ValidationError(f"One of {', '.join(self.words)}.")
        return value


class Moment(fields.Field[datetime]):
    """An RFC 3339 time with its offset, as aware UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        return moment(value)


class WebPage(fields.Field[str]):
    """An http(s) address, reduced to what is kept of it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(TYPE)
        try:
            return reduced_page(value)
        except ValueError:
            raise ValidationError("Not a web address.") from None


class Choices(fields.Field[dict[str, bool]]):
    """Names, each with true or false."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, bool]:
        if not isinstance(value, dict):
            raise ValidationError(TYPE)
        for name, chosen in value.items():
            if not isinstance(chosen, bool):
                raise ValidationError({name: [TYPE]})
            if not NAME.fullmatch(name):
                raise ValidationError({name: ["Not a name of the notice."]})
        return dict(value)


class SignalsSchema(Schema):
    class Meta:
        unknown = RAISE

    gpc = StrictBoolean(required=True)
    dnt = StrictBoolean()


class ChoiceSchema(Schema):
    """The body of POST /v1/<site>/consents."""

    class Meta:
        unknown = RAISE

    v = StrictInteger(required=True, validate=validate.OneOf([1]))
    id = Text(UUID7, required=True)
    visitor = Text(SECRET)
    notice = Text(HEX64, required=True)
    action = Word(ACTIONS, required=True)
    categories = Choices(required=True)
    services = Choices()
    language = Text(LANGUAGE, required=True)
    layer = StrictInteger(required=True, validate=validate.Range(0, 9))
    page = WebPage(required=True)
    at = Moment(required=True)
    shown_at = Moment()
    answer = Text(HEX64)
    device = Word(DEVICES)
    signals = fields.Nested(SignalsSchema, required=True)
    previous = Text(UUID7)


CHOICE = ChoiceSchema()


def choice(data: object) -> Choice:
    """The choice in a parsed body; raises Invalid field_unknown, field_type or field_value."""
    if not isinstance(data, dict):
        raise Invalid("field_type", "The body must be a JSON object.")
    try:
        loaded = CHOICE.load(data)
    except ValidationError as error:
        raise refused(cast(dict[str, Any], error.messages)) from None
    signals, previous = loaded["signals"], loaded.get("previous")
    return Choice(
        id=uuid_bytes(loaded["id"]),
        visitor=loaded.get("visitor"),
        notice=loaded["notice"],
        action=loaded["action"],
        categories=loaded["categories"],
        services=loaded.get("services"),
        language=loaded["language"],
        layer=loaded["layer"],
        page=loaded["page"],
        at=loaded["at"],
        shown_at=loaded.get("shown_at"),
        answer=loaded.get("answer"),
        device=loaded.get("device"),
        gpc=signals["gpc"],
        dnt=signals.get("dnt"),
        previous=uuid_bytes(previous) if previous else None,
    )


def missing(field: str) -> Invalid:
    """The refusal of a field that the shape lets be absent, but this request may not."""
    return refused({field: [fields.Field.default_error_messages["required"]]})


def uuid_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def moment(text: str) -> datetime:
    """An RFC 3339 time as aware UTC; raises ValidationError."""
    if not TIME.fullmatch(text):
        raise ValidationError("A time like 2026-11-21T10:00:00.000Z.")
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValidationError("There is no such time.") from None
    if not 2000 <= found.year <= 2200:
        raise ValidationError("There is no such time.")
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
    return Invalid(code, f"{first}: {flat[first]}", fields=flat)


def _flat(messages: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in messages.items():
        path = before if name == "_schema" and before else f"{before}.{name}".lstrip(".")
        if isinstance(value, Mapping):
            found += _flat(value, path)
        else:
            found.append((path, str(value[0])))
    return found
