"""The admin's pages about programs: tokens of a person, and a site's webhooks."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import pytest

from consent import sites, tokens, users, webhooks
from tests.conftest import Clock
from tests.test_admin import SITE, Owner, owner, site, stranger

__all__ = ["owner", "site", "stranger"]  # fixtures
HOOKS = "/sites/example.com/webhooks/"


def shown(text: str) -> str:
    found = re.search(r'<textarea id="made"[^>]*>([^<]+)</textarea>', text)
    assert found, text
    return unescape(found[1])


def test_a_token_is_made_on_a_page_shown_once_used_and_revoked(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    form = {"label": "The pipeline", "role": "editor", "expires_at": "2027-01-31"}
    made = owner.send("/account/tokens/", form)
    token = shown(made.text)
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    header = {"Authorization": f"Bearer {token}"}
    assert owner.client.get("/v1/admin/sites", headers=header).status_code == 200
    assert owner.client.get("/v1/admin/keys", headers=header).status_code == 403
    page = owner.page("/account/tokens/")
    assert "The pipeline" in page and token not in page and "editor" in page
    [kept] = tokens.tokens(users.users()[0])
    assert owner.send(f"/account/tokens/{kept.id}/revoke").status_code == 303
    assert owner.client.get("/v1/admin/sites", headers=header).status_code == 401


@pytest.mark.sqlite_only
def test_a_token_that_cannot_be_is_refused_with_what_was_typed(owner: Owner) -> None:
    for form in (
        {"label": "", "role": "editor", "expires_at": "2027-01-31"},
        {"label": "x", "role": "emperor", "expires_at": "2027-01-31"},
        {"label": "x", "role": "editor", "expires_at": "2029-01-31"},
        {"label": "x", "role": "editor", "expires_at": "soon"},
    ):
        reply = owner.send("/account/tokens/", form)
        assert reply.status_code == 422 and form["label"] in reply.text
    assert tokens.tokens(users.users()[0]) == []


def test_a_webhook_is_added_tested_changed_and_removed_on_pages(
    owner: Owner, site: sites.Site
) -> None:
    made = owner.send(HOOKS, {"url": "https://hooks.example/in", "events": ["notice.published"]})
    assert made.status_code == 201 and shown(made.text).startswith("whsec_")
    [kept] = webhooks.of_site(site)
    at = f"{HOOKS}{kept.id}"
    assert "whsec_" not in owner.page(at)
    assert owner.send(f"{at}/test").status_code == 303
    [sent] = webhooks.deliveries(kept)
    assert sent.name in owner.page(at)
    form = {"url": "https://hooks.example/in", "events": ["request.received", "scan.finished"]}
    assert urlsplit(owner.send(at, form).headers["Location"]).path.endswith(at)
    changed = webhooks.get(site, kept.id)
    assert changed.events == ["scan.finished", "request.received"] and not changed.active
    assert owner.send(at, {"url": "nowhere"}).status_code == 422
    assert shown(owner.send(f"{at}/rotate").text).startswith("whsec_")
    assert owner.send(f"{at}/replay/{sent.name}").status_code == 409
    assert owner.send(f"{at}/remove").status_code == 303
    assert webhooks.of_site(site) == [] and "No webhooks yet" in owner.page(HOOKS)
    assert SITE["name"] in owner.page("/")
