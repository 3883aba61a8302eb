"""The core rows on the rights of visitors, of all four policies, one test each, through the front
door: S0-22, S0-44, S0-45, S1-18, S1-19, S2-13, S2-16, S3-8, S3-9, S3-11, S3-23.

A docstring says what the row asks; what it asks of the linter is tested with the linter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect
from werkzeug.test import TestResponse

from consent import demo, ledger, notices, requests, sites, trail, users
from consent.errors import Invalid
from consent.ledger.fsck import fsck
from consent.records.rows import ERASED
from consent.requests import Wish
from tests.acts import BY, SECRET, choice_body, make_site, post_choice, rows
from tests.conftest import Clock
from tests.server import Server
from tests.visitor import cookies, delivered, open_settings

SITE = "example.com"
MINE = {"Authorization": f"Visitor {SECRET}"}
ERASE = f"/v1/{SITE}/visitor/erase"
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1"}


def tick(app: Flask, clock: Clock) -> None:
    with app.app_context():
        app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))


def audited(client: FlaskClient, clock: Clock, path: str = "") -> dict[str, Any]:
    key = users.create_key("An auditor", [SITE], clock() + timedelta(days=9), BY, clock())
    bearer = {"Authorization": f"Bearer {key}"}
    found: dict[str, Any] = client.get(f"/v1/audit/{SITE}/records{path}", headers=bearer).get_json()
    return found


def signed_in(client: FlaskClient, clock: Clock) -> Callable[[str], str]:
    """A reader of the admin's pages."""
    users.add_user("olga@example.com", "river lamp stone 42", BY, clock())
    token = client.get("/admin/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": token, "email": "olga@example.com", "password": "river lamp stone 42"}
    sent = client.post("/admin/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert sent.status_code == 303
    return lambda path: unescape(client.get(f"/admin/sites/{path}").text)


def card(opened: Locator, title: str) -> Locator:
    return opened.locator("section", has=opened.page.get_by_role("heading", name=title))


# -- erasing -------------------------------------------------------------------------------------


def test_S0_22_erasing_the_history_leaves_a_tombstone_only(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """A visitor may erase the history tied to the receipt. (The control that opens the settings
    again, and the new record of a change: test_core_S0.py.)"""
    digest = make_site(app, clock()).digest
    sent = [choice_body(digest, clock()) for _ in range(2)]
    made = [post_choice(client, SITE, body).get_json() for body in sent]
    tick(app, clock)
    assert client.post(ERASE, headers=MINE).get_json()["erased"] == 2
    for reply in made:
        left = audited(client, clock, f"/{reply['id']}")
        assert set(left) == {"v", "id", "site", "erased", "log"}
        assert left["log"]["commitment"] == reply["commitment"] and left["log"]["salt"] is None
        assert client.get(reply["receipt"], headers=MINE).status_code == 410


def test_S0_44_erasing_a_visitor_leaves_a_log_that_verifies_and_says_so(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Personal fields are gone from record and exports, the log still verifies, and both the log
    and the trail have the act."""
    digest = make_site(app, clock(), publish_log=True).digest
    made = post_choice(client, SITE, choice_body(digest, clock())).get_json()
    tick(app, clock)
    [record] = client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"]
    visitor, place = record["visitor"], record["log"]["index"]
    assert client.post(ERASE, headers=MINE).get_json()["indices"] == [place]
    tick(app, clock)
    assert visitor not in json.dumps(audited(client, clock))
    assert audited(client, clock, f"?visitor={visitor}")["records"] == []
    [row] = rows()
    assert row.flags & ERASED and row.visitor is None and row.salt is None
    assert list(fsck(app.extensions["crumbtrail"].ledger.signer, clock())) == []
    head = ledger.head_of(SITE)
    entries = [json.loads(ledger.entry_proof(SITE, index)[0]) for index in range(head.size)]
    assert [one["r"] for one in entries if one["k"] == "erase"] == [place]
    [act] = [entry for entry in trail.entries(SITE) if entry.verb == "record.erase"]
    assert (act.actor, act.detail) == ("visitor", {"count": 1})
    assert visitor not in json.dumps(act.detail) and made["id"]


def test_S2_16_after_erasure_what_is_shown_of_a_record_is_that_it_was_erased(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Accountability stays: the place and its digest; the admin's list says [erased]."""
    digest = make_site(app, clock()).digest
    made = post_choice(client, SITE, choice_body(digest, clock())).get_json()
    tick(app, clock)
    client.post(ERASE, headers=MINE)
    [listed] = audited(client, clock)["records"]
    assert listed["erased"] is True and listed["log"]["commitment"] == made["commitment"]
    read = signed_in(client, clock)
    assert "[erased]" in read(f"{SITE}/records/")
    page = read(f"{SITE}/records/{made['id']}")
    assert "Erased record" in page and made["commitment"] in page


def test_S3_11_a_record_is_erased_on_its_first_day_whatever_its_retention(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    digest = make_site(app, clock(), retention={"value": 90, "unit": "day"}).digest
    post_choice(client, SITE, choice_body(digest, clock()))
    tick(app, clock)
    assert client.post(ERASE, headers=MINE).get_json()["erased"] == 1
    assert client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"] == []


# -- seeing --------------------------------------------------------------------------------------


def test_S2_13_the_key_of_a_receipt_opens_every_event_of_that_visitor_and_nothing_else(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Without an account; to see and to download."""
    digest = make_site(app, clock()).digest
    mine = [post_choice(client, SITE, choice_body(digest, clock())).get_json() for _ in range(3)]
    other = choice_body(digest, clock(), visitor="somebody-else-entirely")
    post_choice(client, SITE, other)
    tick(app, clock)
    ids = [reply["id"] for reply in mine]
    found = client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"]
    assert [record["id"] for record in found] == ids
    form = {"visitor": SECRET, "do": "json"}
    file = client.post(f"/v1/{SITE}/me", data=form)
    assert [one["record"]["id"] for one in file.get_json()["records"]] == ids
    assert other["id"] not in file.text
    page = client.post(f"/v1/{SITE}/me", data={"visitor": SECRET}).text
    assert all(one in page for one in ids) and other["id"] not in page


def own_page(page: Page) -> Page:
    """The visitor's own page, opened from the settings in a tab of its own."""
    delivered(page)
    if not page.locator("dialog#cmp-dialog").count():
        open_settings(page)
    with page.context.expect_page() as opened:
        page.click(".ctl-mine button")
    opened.value.wait_for_load_state()
    return opened.value


def test_S3_8_access_without_an_account_and_the_address_for_rights_in_Polish(
    visit: Callable[..., Page],
) -> None:
    """One's records, and gdpr@voipstudio.pl, both in Polish."""
    page = visit()
    page.click("[data-cmp=reject]")
    record = delivered(page)
    own = own_page(page)
    assert (
        "crumbtrail_visitor" in cookies(page) and cookies(page)["crumbtrail_visitor"] not in own.url
    )
    expect(own.locator("html")).to_have_attribute("lang", "pl")
    expect(own.locator("h1")).to_have_text("Moje zapisy")
    expect(own.locator("main")).to_contain_text(record)
    expect(own.locator("main")).to_contain_text("Odrzucono wszystko")
    rights = own.locator("section", has=own.get_by_role("heading", name="Twoje prawa"))
    expect(rights.get_by_role("link", name="gdpr@voipstudio.pl")).to_be_visible()


def test_S3_9_the_contact_for_rights_is_not_the_general_one_and_costs_nothing(
    visit: Callable[..., Page],
) -> None:
    """gdpr@ for rights, marketing@ for general questions, free of charge; in the settings and on
    the visitor's own page."""
    page = visit()
    page.click("[data-cmp=reject]")
    opened = open_settings(page)
    rights = card(opened, "Twoje prawa: do kogo się zwrócić")
    expect(rights).to_contain_text("gdpr@voipstudio.pl")
    expect(rights).to_contain_text("bezpłatne")
    expect(rights).not_to_contain_text("marketing@voipstudio.pl")
    general = card(opened, "Administrator danych")
    expect(general).to_contain_text("marketing@voipstudio.pl")
    expect(general).not_to_contain_text("gdpr@voipstudio.pl")
    own = own_page(page).locator("section[aria-labelledby=h-rights]")
    for label, address in (
        ("Kontakt w sprawie Twoich praw", "gdpr@voipstudio.pl"),
        ("Pytania ogólne", "marketing@voipstudio.pl"),
    ):
        line = own.locator("dl > div", has=own.page.get_by_text(label, exact=True))
        expect(line).to_contain_text(address)
    expect(own).to_contain_text("bezpłatne")


def test_S3_23_withdrawing_and_withdrawing_with_erasure_stand_side_by_side(
    visit: Callable[..., Page], server: Server
) -> None:
    """One screen with both; both acts are logged."""
    start = datetime.now(UTC)
    page = visit()
    page.click("[data-cmp=accept]")
    own = own_page(page)
    both = own.locator("section", has=own.get_by_role("heading", name="Wycofanie zgody"))
    expect(both.get_by_role("button")).to_have_text(
        ["Wycofaj zgodę", "Wycofaj zgodę i usuń zapisy"]
    )
    both.get_by_role("button").first.click()
    expect(own.get_by_role("status")).to_contain_text("Wycofanie zgody zostało zapisane")
    own.get_by_role("button", name="Moje zapisy").click()
    expect(own.locator("h3").first).to_have_text("Wycofano zgodę")
    own.get_by_role("button", name="Wycofaj zgodę i usuń zapisy").click()
    expect(own.locator("h1")).to_have_text("Usunąć moje zapisy?")
    own.get_by_role("button", name="Wycofaj zgodę i usuń teraz").click()
    expect(own.locator("h1")).to_have_text("Usunięto")
    places = [int(n) for n in re.findall(r"\d+", own.get_by_role("status").inner_text())[1:]]
    assert len(places) == 2
    moment = start.isoformat().replace("+00:00", "Z")
    found = server.audit(f"voipstudio.pl/records?from={moment}")["records"]
    erased = [one for one in found if one.get("erased")]
    assert [one["log"]["index"] for one in erased] == places


# -- asking --------------------------------------------------------------------------------------


def test_S0_45_the_preference_centre_names_the_contact_and_the_form_offers_the_types(
    visit: Callable[..., Page], client: FlaskClient, clock: Clock, app: Flask
) -> None:
    """'Contact us' and support@VoIP.ms in the second layer, on the receipt and beside the form;
    see, update, delete, other."""
    page = visit("voip.ms/")
    page.click("[data-cmp=reject]")
    delivered(page)
    page.evaluate("consent.open()")
    opened = page.locator("dialog#cmp-dialog")
    rights = card(opened, "Your rights: whom to ask")
    expect(rights).to_contain_text("Contact us")
    expect(rights).to_contain_text("support@VoIP.ms")
    with page.context.expect_page() as asked:
        rights.get_by_role("link", name="Send a request").click()
    form = asked.value
    expect(form.locator("legend")).to_have_text("What would you like?")
    for kind in ("See my data", "Correct or update my data", "Delete my data", "Something else"):
        expect(form.get_by_role("radio", name=kind)).to_be_visible()
    expect(form.locator("main")).to_contain_text("support@VoIP.ms")
    demo.seed(clock())
    digest = notices.versions(sites.get("voip.ms"))[0].digest
    none = {"preferences": False, "statistics": False, "marketing": False}
    body = choice_body(digest, clock(), categories=none, page="https://voip.ms/")
    receipt = client.get(post_choice(client, "voip.ms", body).get_json()["receipt"], headers=MINE)
    assert receipt.get_json()["contacts"] == {"page": "Contact us"}
    assert receipt.get_json()["controller"]["email"] == "support@VoIP.ms"


def test_S1_18_a_request_is_due_by_the_promise_shortened_by_the_visitors_law(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Created 2025-01-01: due 2025-04-01, for a visitor from the EU 2025-02-01; the admin shows
    what is overdue. (No mail is sent.)"""
    demo.seed(clock())
    site = sites.get("iplum.com")
    assert site.request_days == 90
    wish = Wish("access", "anna@example.org", "", None, "en")
    usual = requests.add(site, "AAAA-AAAA-AAAA", wish, "US", NEW_YEAR)
    sooner = requests.add(site, "BBBB-BBBB-BBBB", wish, "PL", NEW_YEAR)
    assert f"{usual.due_at:%Y-%m-%d}" == "2025-04-01"
    assert f"{sooner.due_at:%Y-%m-%d}" == "2025-02-01"
    read = signed_in(client, clock)
    queue = read("iplum.com/requests/")
    assert "Overdue: 2" in queue and queue.index("BBBB") < queue.index("AAAA")
    assert "1 Feb 2025" in queue and "1 Apr 2025" in queue
    sent = from_place(client, "PL")
    assert "21 December 2026" in sent.text
    assert "19 February 2027" in from_place(client, "US").text


def from_place(client: FlaskClient, place: str) -> TestResponse:
    """A request sent as a visitor of the demo from that place."""
    path = f"/demo/@{place}/v1/iplum.com/requests"
    token = client.get(f"{path}?lang=en").text.split('name="token" value="')[1].split('"')[0]
    form = {"token": token, "kind": "erasure", "contact": "anna@example.org", "lang": "en"}
    reply = client.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert reply.status_code == 200
    return reply


def test_S1_19_without_a_contact_for_rights_and_without_the_form_nothing_is_published(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """iplum.com names nobody to write to: the platform's form fills the gap, or the notice is
    refused with an explanation."""
    demo.seed(clock())
    site = sites.get("iplum.com")
    sites.change(site, BY, clock(), contacts={}, request_form=False)
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock())
    why = (refused.value.fields or {})["contact"]
    assert "exercise their rights" in why and "request form is off" in why
    assert len(notices.versions(site)) == 1
    sites.change(site, BY, clock(), request_form=True)
    assert notices.publish(site, BY, clock.advance(minutes=1)).version == 2


# -- how it looks and handles --------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_visitors_pages_pass_axe_fit_a_phone_and_need_no_mouse(
    server: Server, new_page: Callable[..., Page], axe_source: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 700})
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/")
    page.click("[data-cmp=accept]")
    own = own_page(page)
    sound(own, axe_source)
    pressed = keyboard(own, "Wycofaj zgodę i usuń zapisy")
    assert pressed < 6
    expect(own.locator("h1")).to_have_text("Usunąć moje zapisy?")
    sound(own, axe_source)
    keyboard(own, "Nie, wróć")
    expect(own.locator("h1")).to_have_text("Moje zapisy")
    own.goto(f"{server.url}/demo/@PL/v1/voipstudio.pl/requests?lang=pl")
    sound(own, axe_source)
    own.get_by_label("Chcę usunąć swoje dane").check()
    own.get_by_label("Twój adres e-mail").fill("anna@example.org")
    keyboard(own, "Wyślij")
    expect(own.locator("h1")).to_have_text("Twój wniosek dotarł")
    sound(own, axe_source)


def sound(page: Page, axe_source: str) -> None:
    """No finding of the checker, and nothing sticks out at any width."""
    page.evaluate(axe_source)
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def keyboard(page: Page, name: str) -> int:
    """Tab to the button of that name and press it; how many stops it took."""
    for stop in range(1, 60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == name:
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return stop
    raise AssertionError(f"{name} is not reached by Tab")
