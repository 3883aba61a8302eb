"""Every refusal a caller can meet.

    Refusal                     one code, one status, one sentence
    ├── NotFound       404      no such thing (`site_unknown`, `not_found`)
    ├── Invalid        422      understood, but cannot be true; `fields` says where
    ├── Unauthorised   401      no key, an unknown one, an expired one
    ├── Forbidden      403      known, but not allowed here
    ├── Conflict       409      true elsewhere, not here
    └── Busy           429/503  come back after `retry_after` seconds; nothing was stored

On the wire: `{"error": {"code", "message", "fields"?}}` and the header `X-Consent-Refused: <code>`.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is answered with an error; `status` is the HTTP status, `code` is stable."""

    status = 400

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        fields: dict[str, str] | None = None,
        retry_after: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or type(self).status
        self.fields = fields
        self.retry_after = retry_after
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON shape of every error."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, **self.extra}
        if self.fields:
            error["fields"] = self.fields
        return {"error": error}


class NotFound(Refusal):
    status = 404


class Invalid(Refusal):
    status = 422


class Unauthorised(Refusal):
    status = 401


class Forbidden(Refusal):
    status = 403


class Conflict(Refusal):
    status = 409


class Busy(Refusal):
    status = 503
