"""The wire, in marshmallow: shape only. Whether it can be true is the verb's business.

Nothing is coerced: a boolean is a boolean and an integer an integer, because a consent that was
guessed is none.
"""

from __future__ import annotations

import re
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from .errors import Invalid
from .records import Choice, reduced_page
from .records.rows import ACTIONS, DEVICES
from .wire import TYPE, Moment, StrictBoolean, StrictInteger, Text, Word, moment, refused

__all__ = ["choice", "missing", "moment", "refused", "uuid_bytes"]

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEX64 = re.compile(r"[0-9a-f]{64}")
SECRET = re.compile(r"[A-Za-z0-9_-]{22,86}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


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
