"""Schemathesis against a whole server: requests made from /openapi.json, valid and not, and every
answer held against the description. `python -m tests.described 100` is the long run (docs/api.md).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import SkipTest

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation

from app import create_app, utc_now
from consent import cli, config, requests, sites, tokens, users, webhooks
from consent.db import db
from consent.permissions import Role
from consent.requests import Wish
from tests import acts

SITE, BY = "example.com", "test"
# What is of the right shape may still be untrue, which no schema can say: 422 is then right.
# The usual ones, and 413: a text that is too long may already be a body that is.
REFUSALS = [str(n) for n in (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429)] + ["5xx"]
LEFT_OUT = ("positive_data_acceptance",)
load_all_checks()
OUT = [check for check in CHECKS.get_all() if check.__name__ in LEFT_OUT]


def prepared(folder: Path) -> tuple[Flask, dict[str, str]]:
    """A server with something of everything, and the header that opens each tag."""
    values = {"INSTANCE_PATH": str(folder), "RATE_KEY": "0", "RATE_SITE": "0", "RATE_CLIENT": "0"}
    app = create_app(config.load(values))
    at = utc_now()
    with app.app_context():
        cli.upgrade()
        notice = acts.make_site(app, at, publish_log=True)
        site = sites.get(SITE)
        user, _ = users.add_user("olga@example.com", "a long password of olga", BY, at)
        ends = at + timedelta(days=90)
        token = tokens.create_token(user, users.seats(user)[0], Role.OWNER, "A test", ends, BY, at)
        key = users.create_key("A test", [SITE], ends, BY, at)
        requests.add(site, "AAAA-BBBB", Wish("other", "a@example.org", "", None, "en"), None, at)
        hook = webhooks.add(site, "https://hooks.example/", webhooks.EVENTS, BY, at)
        webhooks.test(hook, site, BY, at)
        body = acts.choice_body(notice.digest, at)
        assert acts.post_choice(app.test_client(), SITE, body).status_code == 201
        app.extensions["crumbtrail"].ledger.tick(at)
        db.session.remove()
    opened = dict.fromkeys(("audit", "log"), f"Bearer {key}")
    return app, {**opened, "visitor": f"Visitor {acts.SECRET}", "admin": f"Bearer {token}"}


def run(
    app: Flask, opened: dict[str, str], examples: int, only: str = ""
) -> Iterator[tuple[str, int, list[str]]]:
    """(operation, requests sent, what is not as described) of each with `only` in its name."""
    known = schemathesis.Config.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
    )
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=known)
    for one in schema.get_all_operations():
        operation = one.ok()
        if only not in operation.label:
            continue
        tag = (operation.tags or ["server"])[0].partition("-")[0]
        header = {"Accept-Encoding": "identity"}
        header |= {"Authorization": opened[tag]} if tag in opened else {}
        sent, wrong = 0, []
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for case in _cases(operation, mode, (examples + 1) // 2):
                sent += 1
                try:
                    reply = case.call(headers=header)
                    case.validate_response(reply, headers=header, excluded_checks=OUT)
                except (FailureGroup, AssertionError) as group:
                    for failure in getattr(group, "exceptions", [group]):
                        wrong.append(f"{mode.value} {type(failure).__name__}: {failure}"[:600])
        yield operation.label, sent, wrong


def _cases(operation: Any, mode: GenerationMode, examples: int) -> list[Any]:
    """As many requests; every second one is about a site that is there."""
    found: list[Any] = []

    @seed(1)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    try:
        collect()
    except (Unsatisfiable, SkipTest):  # nothing invalid can be made where nothing is taken
        return []
    # An empty list is no parameter once it stands in an address, so nothing about it is wrong.
    found = [case for case in found if not any(v in ([], {}) for v in (case.query or {}).values())]
    for case in found[::2]:
        path = case.meta.components.get(ParameterLocation.PATH)
        for name in ("key", "site"):
            if path and path.mode == GenerationMode.POSITIVE and name in case.path_parameters:
                case.path_parameters[name] = SITE
    return found


def main(examples: int, only: str = "") -> int:
    """Each operation with `only` in its name; 1 where anything is not as described."""
    begun, total, bad = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        app, opened = prepared(Path(folder))
        for label, sent, wrong in run(app, opened, examples, only):
            total += sent
            bad += bool(wrong)
            print(f"{'WRONG' if wrong else 'ok':6}{sent:5}  {label}", flush=True)
            for line in list(dict.fromkeys(wrong))[:3]:
                print("      ", line.replace("\n", " | "), f"({len(wrong)})", flush=True)
        app.extensions["crumbtrail"].close()
    print(
        f"{total} requests in {time.monotonic() - begun:.0f} s, {bad} operations not as described"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(int((sys.argv[1:] or ["100"])[0]), *sys.argv[2:3]))
