"""Core rows that speak of the house itself: who keeps what where, for how long it is in force, and
to whom a visitor may turn. One test for each row, through the front door."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from consent import inventory, notices, policy, sites, users
from consent.errors import Invalid, Refusal
from tests.acts import BY, CONTROLLER, add_site, choice_body, code_of, make_site, post_choice, rows
from tests.conftest import Clock
from tests.owner import inside, owner
from tests.server import Server
from tests.test_core_S1 import sign_in

KEY = "example.com"
WEAK = "password1"
OURS = {"Sec-Fetch-Site": "same-origin"}
ICO = "Information Commissioner"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1", "RATE_CLIENT": "20"}


def test_S0_17_S1_22_under_https_every_answer_insists_on_it_and_so_does_every_cookie(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """HSTS on pages, scripts and refusals; the admin's cookies are Secure, SameSite and `__Host-`;
    the snippet's address is https. (Sending plain http away is the proxy's: docs/operating.md.)"""
    known, base = app.extensions["crumbtrail"], "https://consent.example.com"
    known.config = replace(known.config, base_url=base)
    make_site(app, clock())
    for path in ("/healthz", "/admin/sign-in", f"/v1/{KEY}/consent.js", "/nothing"):
        told = client.get(path, base_url=base).headers
        assert told["Strict-Transport-Security"] == "max-age=31536000", path
    cookies = client.get("/admin/sign-in", base_url=base).headers.getlist("Set-Cookie")
    assert cookies
    for line in cookies:
        assert line.startswith("__Host-") and "Secure" in line and "SameSite" in line, line
    assert 'src="https://' in sites.snippet(sites.get(KEY), base)


def test_S2_1_a_version_of_tomorrow_is_not_used_today_and_new_choices_carry_it_after(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    first = make_site(app, clock())
    site = sites.get(KEY)
    sites.change(site, BY, clock(), choice_lifetime={"value": 3, "unit": "month"})
    tomorrow = clock() + timedelta(days=1)
    second = notices.publish(site, BY, clock(), effective_at=tomorrow)
    assert client.get(f"/v1/{KEY}/notice").get_json()["notice"] == first.digest
    clock.now = tomorrow
    assert client.get(f"/v1/{KEY}/notice").get_json()["notice"] == second.digest
    assert post_choice(client, KEY, choice_body(second.digest, clock())).status_code == 201
    [row] = rows()
    assert row.notice_id == second.id


def test_S2_6_a_brand_alone_is_nobody_a_notice_can_name(app: Flask, clock: Clock) -> None:
    """A notice names a legal entity, and a policy that names four is found ambiguous."""
    site = add_site(clock(), controller={"trading_name": "SipSim", "email": "a@example.com"})
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock())
    assert "legal_name" in (refused.value.fields or {})
    text = (
        "Privacy policy\n\nThe data controller is Example Sp. z o.o.\n\n"
        "The entity responsible for managing visitors' cookies is Example.\n\n"
        "The data controller is Example LLC.\n"
    )
    found = {one.code for one in policy.lint(policy.document(text.encode()))}
    assert "CONTROLLER-AMBIGUOUS" in found


def test_S2_20_whoever_reads_while_we_publish_gets_one_version_whole(changed: Server) -> None:
    """The rules, the second layer and the notice by its digest agree in every answer."""
    server, key = changed, "iplum.com"
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def reading() -> None:
        while not stop.is_set():
            rules = server.get(f"/v1/{key}/notice").json()
            shown = server.get(
                f"/v1/audit/{key}/notices/{rules['notice']}",
                Authorization=f"Bearer {server.auditor_key}",
            ).json()
            seen.append((rules["version"], shown["version"]))

    reader = threading.Thread(target=reading)
    reader.start()
    with inside(server):
        try:
            for days in range(100, 600):
                if len(seen) > 20:
                    break
                site, at = sites.get(key), datetime.now(UTC)
                sites.change(site, BY, at, choice_lifetime={"value": days, "unit": "day"})
                wanted = notices.publish(site, BY, at).version
        finally:
            stop.set()
            reader.join(60)
    assert len(seen) > 20 and all(told == shown for told, shown in seen)
    assert server.get(f"/v1/{key}/notice").json()["version"] <= wanted


def test_S2_21_a_new_purpose_waits_for_everybody_who_answered_before(
    changed: Server, page: Page
) -> None:
    """Who had accepted all is asked again, and what is new stays off until then."""
    server, key = changed, "sipsim.com"
    page.goto(f"{server.url}/demo/@FR/{key}/")
    page.click("[data-cmp=accept]")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    with owner(server, key) as (site, at):
        inventory.put_service(
            site, BY, at, "chat", name="Chat", category="marketing", provider="Chatco", hosts=[]
        )
        notices.publish(site, BY, at)
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(f"{server.url}/demo/@FR/{key}/")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.allowed('chat')") is False
    page.click("[data-cmp=accept]")
    page.wait_for_function("consent.allowed('chat')")


def test_S2_31_a_weak_password_is_refused_and_ten_failures_lock(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    with pytest.raises(Invalid, match="at least"):
        users.add_user("owner@example.com", WEAK, BY, clock())
    users.add_user("owner@example.com", "river lamp stone 42", BY, clock())
    tried = [sign_in(client, "owner@example.com", "wrong words here") for _ in range(10)]
    assert set(tried) == {401}
    assert sign_in(client, "owner@example.com", "river lamp stone 42") == 429


@pytest.mark.parametrize(("place", "other"), [("PL", "UODO"), ("FR", "CNIL"), ("GB", "")])
def test_S3_16_the_authority_of_the_visitors_place_stands_beside_the_sites(
    server: Server, page: Page, place: str, other: str
) -> None:
    """The policy names the British one; who is in Britain reads it once."""
    page.goto(f"{server.url}/demo/@{place}/voipstudio.pl/")
    page.click("[data-cmp=preferences]:visible")
    block = page.locator("dialog#cmp-dialog section", has_text=ICO)
    expect(block).to_have_count(1)
    text = block.inner_text()
    assert text.count(ICO) == 1
    assert (other in text) if other else ("UODO" not in text and "CNIL" not in text)
    if other:
        expect(block.locator("a[href^='https://']")).to_have_count(1)


def test_S3_17_what_nobody_declared_cannot_be_sent_and_is_not_kept(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """There is no field for an operating system, an address or a browser's version; one that is
    sent is refused, not dropped in silence."""
    shown = make_site(app, clock())
    for field in ("os", "ip", "user_agent", "referrer"):
        reply = post_choice(client, KEY, choice_body(shown.digest, clock(), **{field: "Windows"}))
        assert (reply.status_code, code_of(reply)) == (422, "field_unknown")
    assert rows() == []
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0"
    body = choice_body(shown.digest, clock())
    assert post_choice(client, KEY, body, User_Agent=agent).status_code == 201
    stored = {name: str(value) for name, value in vars(rows()[0]).items()}
    assert not any("Windows" in value or "150" in value for value in stored.values())


def test_S3_18_no_referring_address_is_sent_or_kept(server: Server, page: Page) -> None:
    """Our requests carry the page's origin at most, and the record the page without its query."""
    sent: list[str] = []
    page.on(
        "request",
        lambda one: sent.append(one.headers.get("referer", "")) if "/v1/" in one.url else None,
    )
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/?from=a-secret-place#part")
    page.click("[data-cmp=reject]")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    id = page.evaluate("consent.get().id")
    assert sent and not any("secret" in one for one in sent if "/consents" in one)
    [record] = [one for one in server.audit("voipstudio.pl/records")["records"] if one["id"] == id]
    assert "secret" not in str(record) and "referrer" not in record


def test_S3_26_a_promise_of_another_region_is_not_published_and_exports_name_ours(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Stated by the operator (REGION) and by the site; they must not contradict each other."""
    site = add_site(clock(), facts={"storage_region": "EEA"})
    app.config["REGION"] = "NA"
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock())
    assert "EEA" in (refused.value.fields or {})["storage_region"]
    assert notices.versions(site) == []
    app.config["REGION"] = "EEA"
    shown = notices.publish(site, BY, clock()).content
    assert shown["facts"] == {"storage_region": "EEA"}
    known = app.extensions["crumbtrail"]
    known.config = replace(known.config, region="EEA")
    key = users.create_key("an auditor", [KEY], clock() + timedelta(days=1), BY, clock())
    for path in ("records", "export?format=csv"):
        answer = client.get(f"/v1/audit/{KEY}/{path}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200
        assert answer.headers["Crumbtrail-Storage-Region"] == "EEA", path


def test_S3_28_a_policy_that_promises_no_third_party_and_names_one_contradicts_itself() -> None:
    text = (
        "Privacy policy\n\nWe will not share any of your data with any third parties for any"
        " purposes.\n\nCookies\n\nThird-party cookies:\n\n"
        "| Name | Provider | Purpose | Category |\n|---|---|---|---|\n"
        "| _ga | Google.com | tells unique users apart | Performance |\n"
        "| _ar_V4 | Google.com | tracks conversions of advertisements | Marketing |\n"
    )
    [found] = [
        one for one in policy.lint(policy.document(text.encode())) if one.code == "PROMISE-CONFLICT"
    ]
    assert "third" in str(found).lower()


def test_S4_7_a_burst_is_slowed_down_and_others_are_not(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """The one who floods gets 429 with a time to wait; another visitor, at the same moment, 201."""
    known = app.extensions["crumbtrail"]
    shown = make_site(app, clock())
    burst = known.config.rate_client

    def sent(address: str) -> int:
        return client.post(
            f"/v1/{KEY}/consents",
            json=choice_body(shown.digest, clock()),
            headers={"Origin": f"https://{KEY}"},
            environ_overrides={"REMOTE_ADDR": address},
        ).status_code

    answers = [sent("203.0.113.5") for _ in range(burst + 5)]
    assert answers[0] == 201 and answers[-1] == 429
    assert sent("198.51.100.77") == 201


def test_facts_of_a_site_are_checked_one_by_one(app: Flask, clock: Clock) -> None:
    site = add_site(clock())
    for facts, field in (
        ({"storage_region": "Mars"}, "storage_region"),
        ({"min_age": 0}, "min_age"),
        ({"min_age": True}, "min_age"),
        ({"sells_or_shares": "no"}, "sells_or_shares"),
        ({"moon": 1}, "facts"),
    ):
        with pytest.raises(Refusal) as refused:
            sites.change(site, BY, clock(), facts=facts)
        assert field in (refused.value.fields or {})
    assert sites.get(KEY).facts == {} and CONTROLLER == site.controller
