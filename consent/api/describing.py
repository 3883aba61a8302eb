"""The admin API's part of /openapi.json, made from the schemas that check and dump."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from marshmallow import Schema

from consent import permissions
from consent.wire import described, name_of
from consent.wire.describing import Named, field_schema

from .frame import OPERATIONS, Operation

WHERE = "#/components/schemas/"
ROOT = "/v1/admin"
TAGS = {
    "admin-sites": "Sites, their settings and their file. Everything below `/v1/admin/` is for "
    "programs with a token that a person has made; it does what the admin's pages do.",
    "admin-inventory": "What a site stores and sends, and the services that do so.",
    "admin-notice": "Texts, the draft, and what was published.",
    "admin-scans": "What a browser sees on the site's pages.",
    "admin-review": "What is proposed for the inventory, and the answer to it.",
    "admin-records": "Records of choices, and the trail. Each read is noted.",
    "admin-requests": "What visitors ask about their data.",
    "admin-statistics": "Counts of choices; no visitor is kept for them.",
    "admin-people": "Who is what in the organisation.",
    "admin-keys": "Keys that auditors hold.",
    "admin-many": "Copies, templates, and the same act on many sites.",
    "admin-webhooks": "Signed messages about what happened, sent until they arrive.",
}
GENERAL = {
    "400": "`json`: the body is not JSON that everybody reads alike.",
    "401": "`token_missing`, `token_unknown`, `token_expired`, `token_revoked`.",
    "403": "`role`: the role of this token does not open this.",
    "404": "`site_unknown`, `not_found`, `key_unknown`, `member_unknown`, "
    "`invitation_unknown`: there is no such thing here.",
    "412": "`changed_meanwhile`: it has changed since you read it.",
    "413": "`too_large`: the body is larger than two megabytes.",
    "415": "`content_type`: send `application/json`.",
    "422": "`field_unknown`, `field_type`, `field_value` or a code of the verb; see `fields`.",
    "428": "`if_match_missing`: send If-Match with the ETag of what you have read.",
    "429": "`slow_down`: too many requests with this token.",
    "500": "`server_error`.",
    "503": "`busy`: the database or the log is away; nothing was changed.",
}


def describe(api: dict[str, Any], app: Flask) -> None:
    """Add tags, paths and components of the admin API to a description."""
    named: Named = {}
    for known in OPERATIONS:
        rule = next(r for r in app.url_map.iter_rules() if r.endpoint == known.endpoint)
        path = re.sub(r"<(?:[^:<>]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        api["paths"].setdefault(path, {})[known.method.lower()] = _operation(
            known, rule.rule, named
        )
    api["tags"] += [{"name": name, "description": text} for name, text in TAGS.items()]
    if twice := set(named) & set(api["components"]["schemas"]):
        raise ValueError(f"two schemas of one name: {sorted(twice)}")
    api["components"]["schemas"] |= named
    api["components"]["securitySchemes"]["adminToken"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An admin API token, as `Authorization: Bearer cta_…`. It has a role.",
    }
    api["components"]["responses"] |= {
        f"Admin{status}": {
            "description": text,
            "content": {"application/json": {"schema": {"$ref": f"{WHERE}Error"}}},
        }
        for status, text in GENERAL.items()
    }


def _operation(known: Operation, rule: str, named: Named) -> dict[str, Any]:
    right = permissions.needed(known.endpoint)
    roles = [role for role in permissions.Role if right and permissions.may(role, right)]
    told: dict[str, Any] = {
        "tags": [known.tag],
        "operationId": known.endpoint.removeprefix("api.").replace(".", "_") + "_admin",
        "summary": known.summary,
        "description": f"{known.more} For the roles {', '.join(roles)}.".strip(),
        "security": [{"adminToken": []}],
    }
    if parameters := [*_of_path(rule), *_of_query(known.query, named), *_matching(known)]:
        told["parameters"] = parameters
    if known.body is not None:
        content = {"application/json": {"schema": described(known.body, named, WHERE)}}
        told["requestBody"] = {"required": True, "content": content}
    told["responses"] = _responses(known, named)
    return told


def _of_path(rule: str) -> list[dict[str, Any]]:
    words = {
        "key": "The site's key.",
        "number": "Its number.",
        "name": "Its name.",
        "tag": "A language of the site.",
        "record_id": "The id of a record.",
        "version": "Of the notice.",
    }
    found = []
    for kind, name in re.findall(r"<(?:([^:<>]+):)?([a-z_]+)>", rule):
        schema: dict[str, Any] = {"type": "string"}
        if kind == "int":
            schema = {"type": "integer", "minimum": 0}
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": words[name],
                "schema": schema,
            }
        )
    return found


def _of_query(query: Schema | None, named: Named) -> list[dict[str, Any]]:
    if query is None:
        return []
    return [
        {
            "name": field.data_key or name,
            "in": "query",
            "description": field.metadata["description"],
            "schema": field_schema(field, named, WHERE),
        }
        for name, field in query.fields.items()
    ]


def _matching(known: Operation) -> list[dict[str, Any]]:
    if not known.matches:
        return []
    said = "Needed." if known.matches == "needed" else "Heeded where it is sent."
    return [
        {
            "name": "If-Match",
            "in": "header",
            "description": f"The ETag of what you have read, or `*`. {said}",
            "schema": {"type": "string"},
        }
    ]


def _responses(known: Operation, named: Named) -> dict[str, Any]:
    codes = ["401", "403", "404", "422", "429", "500", "503"]
    codes += ["400", "413", "415"] if known.body is not None else []
    codes += ["412"] if known.matches else []
    codes += ["428"] if known.matches == "needed" else []
    good: dict[str, Any] = {"description": "Done."}
    if known.answer is not None:
        schema = described(known.answer, named, WHERE, answer=True)
        good = {
            "description": f"`{name_of(known.answer)}`.",
            "content": {"application/json": {"schema": schema}},
        }
        if known.method == "GET" or known.matches:
            text = "For If-Match of a change."
            good["headers"] = {"ETag": {"description": text, "schema": {"type": "string"}}}
    found = {str(known.status): good}
    found |= {code: {"$ref": f"#/components/responses/Admin{code}"} for code in sorted(codes)}
    for status, words in known.codes.items():
        found[str(status)] = {
            "description": ", ".join(f"`{word}`" for word in words) + ".",
            "content": {"application/json": {"schema": {"$ref": f"{WHERE}Error"}}},
        }
    return found
