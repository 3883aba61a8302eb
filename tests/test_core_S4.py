"""The core rows of voipstudio.pl's terms of use (S4), one test each, through the front door.

A docstring says what the row asks; what it asks of later work is not tested here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from consent import inventory, notices, sites, users
from consent.db import db
from consent.permissions import Right, needed
from consent.users import ApiKey
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.owner import inside
from tests.pages import Website
from tests.server import Server
from tests.test_admin import OURS, Owner

SITE = "voipstudio.pl"
EMAIL = "olga@example.com"
WORDS = "river lamp stone 42"
AUTHORITY = {"name": "Prezes Urzędu Ochrony Danych Osobowych", "email": "kancelaria@uodo.gov.pl"}
# What anybody may ask for: the script and its notice, a choice, and pages that tell nothing.
PUBLIC = {
    "visitor.consents",
    "visitor.script",
    "visitor.public_script",
    "visitor.pinned",
    "visitor.lazy_code",
    "visitor.notice",
    "visitor.details",
    "visitor.rules",
    "visitor.declared",
    "visitor.declared_as",
    "visitor.site_gpc",
    "visitor.vendor_list",
    "own.own_gpc",
    "visitor.ask",
    "visitor.asked",
    "visitor.plain",
    "visitor.chosen",
    "visitor.how_to_open",
    "visitor.log_page",  # heads and keys, of a site whose owner lets it be read
    "staged.file",  # opened by the seal in its address: test_preview.py
    "visitor.me",  # opened by the secret in its body: test_me.py
    "auditor.openapi",
    "auditor.docs",
    "health.alive",
    "health.ready",
    "log.check",
    "log.head",
    "log.keys",
    "log.tile",
    "front.static",
    "front.landing",
    "metrics.metrics",  # to this machine alone, or by a token: test_metrics.py
}
NAMED = {
    "site": "example.com",
    "key": "example.com",
    "organisation": "main",
    "number": "1",
    "version": "1",
    "session_id": "1",
    "name": "ads",
    "key_id": "x",
    "record_id": "019aa5e0-6e00-7000-8000-000000000001",
    "digest": "0" * 64,
    "rest": "nothing",
    "lang": "en",
    "tag": "en",
}


def cookies(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def guarded_routes(app: Flask) -> list[tuple[str, str]]:
    """Every method and address that is not for everybody, with something in each blank."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.endpoint.startswith("demo."):
            continue
        if needed(rule.endpoint) == Right.DOOR:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda blank: NAMED.get(blank[1], "1"), rule.rule)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(method, path) for method in sorted(methods)]
    return found


@pytest.fixture
def person(app: Flask, client: FlaskClient, clock: Clock) -> Owner:
    """Somebody signed in, beside a site with a notice."""
    make_site(app, clock())
    users.add_user(EMAIL, WORDS, "cli", clock())
    signed_in = Owner(client)
    assert signed_in.sign_in(WORDS, EMAIL).status_code == 303
    return signed_in


def test_S4_1_an_outage_breaks_no_page_releases_nothing_and_loses_no_choice(
    make_server: Callable[..., Server], elsewhere: Website, page: Page
) -> None:
    """Down or hanging: the page loads, what needs consent stays blocked. A choice made while the
    server is down holds, is queued, and is delivered when the server is back."""
    ours = make_server()
    head = ours.get(f"/demo/@PL/{SITE}/").text
    head = head[head.index("<script data-site=") : head.index('<link rel="stylesheet"')]
    tag = ours.get("/demo-tags/analytics.js").text
    elsewhere.put("/analytics.js", tag, "text/javascript")
    held = (
        '<script type="text/plain" data-category="statistics" data-service="google-analytics"'
        ' data-src="/analytics.js"></script>'
    )
    for name, source in (("down", ours.url), ("hangs", elsewhere.url)):
        snippet = head.replace('src="/demo', f'src="{source}/demo')
        assert snippet != head
        elsewhere.put(
            f"/{name}",
            f'<!doctype html><html lang="pl"><head>{snippet}{held}</head>'
            "<body><h1>Centrala</h1></body></html>",
        )

    page.goto(f"{ours.url}/demo/@PL/{SITE}/")
    expect(page.locator("#cmp-dialog [data-cmp=reject]")).to_be_visible()
    ours.stop()
    page.click("[data-cmp=reject]")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    kept = "Object.values(localStorage).some((text) => text.includes(consent.get().id))"
    page.wait_for_function(f"consent.debug().queue.length === 1 && {kept}")
    state: dict[str, Any] = page.evaluate("consent.get()")
    assert (state["decided"], state["pending"]) == (True, True)

    hung: list[Route] = []
    other = page.context.new_page()
    for name, how in (("down", "load"), ("hangs", "domcontentloaded")):
        if name == "hangs":
            other.route("**/consent.js", lambda route: hung.append(route))
        other.goto(f"{elsewhere.url}/{name}", wait_until=how)  # type: ignore[arg-type]
        expect(other.get_by_role("heading", name="Centrala")).to_be_visible()
        assert other.evaluate("consent.allowed('statistics')") is False
        assert other.evaluate("window.__ran || []") == []
    assert len(hung) == 1
    assert "/analytics.js" not in elsewhere.asked
    assert not {"_ga", "_gid", "_gat"} & cookies(page)
    hung[0].abort()

    ours.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_function("!consent.get().pending")
    [record] = ours.audit(f"{SITE}/records")["records"]
    assert (record["id"], record["action"]) == (state["id"], "reject_all")


def test_S4_6_a_visitor_from_Poland_gets_Polish_rules_words_and_authority(
    make_server: Callable[..., Server], page: Page
) -> None:
    """The profile of Poland, the banner in Polish, and the Polish authority its owner names."""
    server = make_server()
    with inside(server) as (_, at):
        site = sites.get(SITE)
        sites.change(site, BY, at, authority=AUTHORITY)
        version = notices.publish(site, BY, at).version
    server.stop()
    server.start()
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    banner = page.locator("#cmp-dialog")
    expect(banner).to_have_attribute("lang", "pl")
    expect(banner.locator("[data-cmp=reject]")).to_have_text("Odrzuć wszystkie")
    told = page.evaluate("consent.debug().config")
    assert (told["regime"]["id"], told["regime"]["model"]) == ("PL", "opt-in")
    assert set(told["regime"]["categories"].values()) == {"opt-in"}
    assert (told["version"], told["place"]["country"]) == (version, "PL")
    page.click("[data-cmp=preferences]:visible")
    block = page.locator("dialog#cmp-dialog section", has_text=AUTHORITY["name"])
    expect(block.locator("a[href='mailto:kancelaria@uodo.gov.pl']")).to_be_visible()
    page.click("[data-cmp=reject]")
    page.wait_for_function("consent.get().decided && !consent.get().pending")
    [record] = server.audit(f"{SITE}/records")["records"]
    assert (record["regime"], record["place"]["country"], record["language"]) == ("PL", "PL", "pl")


def test_S4_9_a_key_is_shown_once_kept_as_a_hash_and_ends_when_revoked(
    app: Flask, client: FlaskClient, person: Owner, clock: Clock
) -> None:
    """Each key has its purpose, and its maker in the trail; the site's key in the snippet is no
    secret and reads nothing."""
    form = {"label": "Yearly audit", "sites": ["example.com"], "expires_at": "2027-01-31"}
    form |= {"scopes": list(users.SCOPES)}
    made = person.send("/keys/", form)
    assert made.status_code == 201
    [key] = set(re.findall(r"ctk_[0-9A-Za-z]+_[\w-]{43}", made.text))
    secret = key.split("_", 2)[2]
    pages = ("/keys/", "/trail", "/sites/example.com/", "/account")
    assert [path for path in pages if secret in person.page(path)] == []
    assert "Yearly audit" in person.page("/keys/")
    table = ApiKey.__table__
    kept = [str(value) for row in db.session.execute(select(table)) for value in row]
    assert kept and not [value for value in kept if secret in value]

    reader, path = app.test_client(), "/v1/audit/example.com/records"
    bearer = {"Authorization": f"Bearer {key}"}
    assert reader.get(path, headers=bearer).status_code == 200
    assert person.send(f"/keys/{key.split('_')[1]}/revoke").status_code == 303
    assert reader.get(path, headers=bearer).status_code == 401

    record = NAMED["record_id"]
    readable = (path, f"{path}/{record}", f"/v1/audit/example.com/notices/{'0' * 64}")
    own = (f"/v1/example.com/receipts/{record}", "/v1/example.com/visitor/records")
    for address in (*readable, *own):
        for scheme in ("Bearer", "Visitor", "Basic"):
            reply = reader.get(address, headers={"Authorization": f"{scheme} example.com"})
            assert reply.status_code == 401, (address, scheme)
    assert reader.get("/admin/sites/example.com/records/").status_code == 401


def test_S4_10_no_guarded_route_opens_without_a_session_a_token_and_ones_own_number(
    app: Flask, client: FlaskClient, person: Owner, clock: Clock
) -> None:
    """Every route that is not public answers a stranger 401 or 403 (the admin's with the sign-in
    form in its place, and nothing else); no form without its token; a lock-out; nobody else's
    things by their number."""
    stranger = app.test_client()
    routes = guarded_routes(app)
    assert len(routes) > 35
    for method, path in routes:
        reply = stranger.open(path, method=method, headers=OURS)
        if path.startswith("/admin/"):
            assert reply.status_code == 401, (method, path)
            assert "<h1>Sign in</h1>" in reply.text, path
            assert "example.com/" not in reply.text.replace(path, ""), path
        else:
            assert reply.status_code in (401, 403), (method, path)
    for method, path in routes:
        if method == "POST" and path.startswith("/admin/"):
            for token in ("", "0" * 64):
                reply = client.post(path, data={"csrf": token}, headers=OURS)
                assert reply.status_code == 403, path

    notice = make_site(app, clock(), "other.example")
    body = choice_body(notice.digest, clock(), page="https://other.example/")
    assert post_choice(stranger, "other.example", body).status_code == 201
    theirs = inventory.trackers(sites.get("other.example"))[0].id
    assert person.get(f"/sites/other.example/inventory/{theirs}").status_code == 200
    assert person.get(f"/sites/other.example/records/{body['id']}").status_code == 200
    base = "/sites/example.com"
    assert person.get(f"{base}/inventory/{theirs}").status_code == 404
    assert person.send(f"{base}/inventory/{theirs}/remove").status_code == 404
    assert person.get(f"{base}/records/{body['id']}").status_code == 404
    jan, _ = users.add_user("jan@example.com", WORDS, "cli", clock())
    jans = Owner(app.test_client())
    assert jans.sign_in(WORDS, "jan@example.com").status_code == 303
    [session] = users.sessions(jan, clock())
    person.send(f"/account/sessions/{session.id}/end")
    assert jans.get("/account").status_code == 200

    locked = Owner(app.test_client())
    tries = [locked.sign_in("not the password", EMAIL).status_code for _ in range(11)]
    assert set(tries) == {401, 429} and tries[-1] == 429
    assert locked.sign_in(WORDS, EMAIL).status_code == 429
    clock.advance(minutes=5)
    assert locked.sign_in(WORDS, EMAIL).status_code == 303
