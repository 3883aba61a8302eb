"""Facts of a site that must be there before anything is published: each row is a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import current_app

from consent import policy
from consent.errors import Invalid
from consent.sites import IP_MODES, ip_mode, region_problem, retention_problem, rights_contact

from . import policies


class Check(NamedTuple):
    """`problem` is a sentence, or None where the fact is there; it gets the body, and whether the
    request form is on. `law` is who asks for it."""

    field: str
    law: str
    problem: Callable[[Mapping[str, Any], bool], str | None]


def _controller(body: Mapping[str, Any], request_form: bool) -> str | None:
    named = body["controller"].get("legal_name")
    return None if named else "The controller's legal name is missing."


def _contact(body: Mapping[str, Any], request_form: bool) -> str | None:
    if request_form or rights_contact(body["controller"], body["contacts"]):
        return None
    return (
        "Visitors could not exercise their rights: the site names no address, e-mail, phone or"
        " page for it, and the request form is off. Name one, or switch the form on."
    )


def _retention(body: Mapping[str, Any], request_form: bool) -> str | None:
    return retention_problem(body["retention"])


def _region(body: Mapping[str, Any], request_form: bool) -> str | None:
    """Only where the operator says where this server stores; else the admin warns."""
    stored_in = current_app.config.get("REGION")
    return region_problem(body.get("facts", {}), stored_in) if stored_in else None


def _ip_mode(body: Mapping[str, Any], request_form: bool) -> str | None:
    """Whoever keeps something of an address must not have a policy that denies it."""
    mode = ip_mode(body.get("facts", {}))
    kept = [] if mode == IP_MODES[0] else policies.texts_of(body.get("policies", {}))
    if not any(policy.denied(text, mode) for text in kept):
        return None
    return (
        "The privacy policy says that no IP address is kept, and this site keeps something of it."
        " Change one of them."
    )


CHECKS = (
    Check("legal_name", "GDPR art. 13(1)(a)", _controller),
    Check("contact", "GDPR art. 12(2)", _contact),
    Check("retention", "GDPR art. 13(2)(a)", _retention),
    Check("storage_region", "GDPR art. 13(1)(f)", _region),
    Check("ip_mode", "GDPR art. 5(1)(a)", _ip_mode),
)


def missing(body: Mapping[str, Any], request_form: bool) -> dict[str, str]:
    """By field, what is missing, in a sentence; {} where all is there."""
    told = {check.field: check.problem(body, request_form) for check in CHECKS}
    return {field: why for field, why in told.items() if why}


def complete(body: Mapping[str, Any], request_form: bool) -> None:
    """Raises Invalid `notice_incomplete`, with `fields`."""
    if problems := missing(body, request_form):
        raise Invalid("notice_incomplete", "The notice cannot be published yet.", fields=problems)
