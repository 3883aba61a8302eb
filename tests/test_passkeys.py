"""Passkeys, in a browser with an authenticator that is not there (WebAuthn over CDP)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import webauthn
from flask import Flask
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import select

from consent import trail, users
from consent.admin import challenge
from consent.db import db
from consent.errors import Unauthorised
from consent.users import Challenge, Party, Passkey
from tests.conftest import Clock
from tests.outside import served
from tests.stage import violations
from tests.test_admin import EMAIL, WORDS

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def admin(app: Flask, clock: Clock) -> Iterator[str]:
    """The address of the admin under the name that passkeys know this machine by."""
    users.add_user(EMAIL, WORDS, "cli", clock())
    with served(app) as url:
        yield f"{url}/admin".replace("127.0.0.1", "localhost")


class Device:
    """A phone or a key, as Chromium pretends it."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.id = self.add()

    def add(self) -> str:
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(made["authenticatorId"])

    def recognises(self, yes: bool) -> None:
        known = {"authenticatorId": self.id, "isUserVerified": yes}
        self.cdp.send("WebAuthn.setUserVerified", known)

    def credentials(self) -> list[dict[str, Any]]:
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])


@pytest.fixture
def page(new_page: Callable[..., Page], admin: str) -> Page:
    made = new_page(locale="en-GB", bypass_csp=False, viewport={"width": 320, "height": 640})
    made.goto(f"{admin}/sign-in")
    return made


@pytest.fixture
def device(page: Page) -> Device:
    return Device(page)


def sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Password")).to_have_count(0)


def make_one(page: Page, admin: str, name: str = "My phone") -> None:
    page.goto(f"{admin}/account")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    # The browser sends the form when the authenticator has answered, not with the click.
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def test_a_passkey_is_made_signs_in_alone_and_is_the_second_step(
    page: Page, device: Device, admin: str, clock: Clock
) -> None:
    sign_in(page)
    make_one(page, admin)
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.get_by_role("textbox", name="Recovery codes").input_value().split()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("My phone")).to_be_visible()
    [held] = device.credentials()
    assert held["rpId"] == "localhost" and held["isResidentCredential"]
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    clock.advance(minutes=1)
    # Alone: without e-mail and password.
    page.goto(f"{admin}/keys/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Keys for auditors")).to_be_visible()
    page.goto(f"{admin}/account")
    expect(page.locator("tr", has_text="this one").locator("p.help")).to_have_text("Passkey")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    clock.advance(minutes=1)
    # After the password.
    page.goto(f"{admin}/sign-in")
    sign_in(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    # As a proof of who it is, with the form kept.
    clock.advance(minutes=11)
    page.goto(f"{admin}/lost-access/")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name=f"A link for {EMAIL}")).to_be_visible()
    told = [entry.verb for entry in trail.entries()]
    assert told.count("user.sign_in") == 3 and "user.passkey_add" in told and "user.proof" in told


def test_without_finger_or_pin_a_passkey_opens_nothing(
    page: Page, device: Device, admin: str, clock: Clock
) -> None:
    sign_in(page)
    make_one(page, admin)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    device.recognises(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Nothing came of it. Please try again.")).to_be_visible()
    page.goto(f"{admin}/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_passkey_is_renamed_and_once_removed_opens_nothing(
    page: Page, device: Device, admin: str, clock: Clock
) -> None:
    sign_in(page)
    make_one(page, admin)
    page.goto(f"{admin}/account")
    page.get_by_text("My phone").click()
    page.get_by_label("Name").fill("Old <b>phone</b>")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("Old <b>phone</b>")).to_be_visible()
    page.get_by_text("Old <b>phone</b>").click()
    page.get_by_role("button", name="Remove this passkey").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_have_text("This passkey was not accepted.")


def test_an_answer_counts_once_for_its_challenge_its_page_and_its_owner(
    app: Flask, page: Page, device: Device, admin: str, clock: Clock
) -> None:
    sign_in(page)
    make_one(page, admin)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    kept: list[str] = []
    page.route("**/passkey/check", lambda route: (
        kept.append(route.request.post_data or ""), route.fulfill(status=204)))  # fmt: skip
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[name=answer]")).not_to_have_value("")
    options = json.loads(page.locator("form[data-passkey]").get_attribute("data-options") or "{}")
    answer = page.locator("[name=answer]").input_value()
    value = webauthn.base64url_to_bytes(options["challenge"])
    host, at = Party("localhost", admin.removesuffix("/admin")), clock()
    right = Challenge(value, at)
    eve, _ = users.add_user("eve@example.com", WORDS, "cli", at)
    wrong: list[tuple[Party, Challenge, str, users.User | None]] = [
        (host, Challenge(b"x" * 32, at), answer, None),
        (Party("localhost", "https://evil.example"), right, answer, None),
        (Party("evil.example", host.origin), right, answer, None),
        (host, right, answer, eve),
        (host, right, answer.replace('"type":"public-key"', '"type":"password"'), None),
        *((host, right, junk, None) for junk in ("", "[]", "{}", "null", "x" * 30_000)),
        (host, right, re.sub(r'"signature":"..', '"signature":"AA', answer), None),
    ]
    for party, asked, sent, user in wrong:
        with pytest.raises(Unauthorised):
            users.prove(party, asked, sent, at, user)
    assert users.prove(host, right, answer, clock.advance(seconds=5)).email == EMAIL
    db.session.commit()
    with pytest.raises(Unauthorised):  # the counter, and the moment of its last use
        users.prove(host, right, answer, at)
    known = db.session.scalars(select(Passkey)).one()
    known.sign_count = 0
    with pytest.raises(Unauthorised):
        users.prove(host, right, answer, at)
    secret = app.extensions["crumbtrail"].config.secret_key
    assert secret
    with app.test_request_context("/admin/", base_url=host.origin):
        closed = challenge.close("sign-in", right)
        assert challenge.opened("proof", closed, at) is None
        assert challenge.opened("sign-in", closed, at) == right


@pytest.mark.parametrize(
    ("settings", "host", "party"),
    [
        ({}, "localhost:8000", Party("localhost", "http://localhost:8000")),
        ({}, "127.0.0.1:8000", None),
        ({}, "evil.example", None),
        ({"BASE_URL": "https://c.example.com"}, "c.example.com",
         Party("c.example.com", "https://c.example.com")),
        ({"BASE_URL": "https://c.example.com"}, "evil.example",
         Party("c.example.com", "https://c.example.com")),
    ],
)  # fmt: skip
def test_passkeys_are_for_the_address_of_the_settings_or_for_localhost(
    app: Flask, settings: dict[str, str], host: str, party: Party | None
) -> None:
    with app.test_request_context("/admin/", base_url=f"http://{host}"):
        assert challenge.party() == party


def test_the_pages_of_signing_in_hold_on_the_smallest_phone(
    new_page: Callable[..., Page], admin: str, axe_source: str, clock: Clock
) -> None:
    made = new_page(locale="en-GB", bypass_csp=True, viewport={"width": 320, "height": 640})
    made.goto(f"{admin}/sign-in")
    Device(made)
    wrong: dict[str, Any] = {}

    def look(name: str) -> None:
        sticking = made.evaluate("document.documentElement.scrollWidth") - 320
        broken = violations(made, axe_source)
        if sticking > 0 or broken:
            wrong[name] = (sticking, broken)

    look("sign-in")
    made.goto(f"{admin}/sign-in/forgot")
    look("forgot")
    made.get_by_label("E-mail").fill(EMAIL)
    made.get_by_role("button", name="Ask the owners").click()
    look("asked")
    made.goto(f"{admin}/sign-in/reset/{users.make_link(EMAIL, 'cli', clock())}")
    look("reset")
    made.goto(f"{admin}/sign-in")
    sign_in(made)
    made.goto(f"{admin}/account/app")
    look("app")
    made.get_by_role("button", name="Connect an app").click()
    look("app, its secret")
    made.goto(f"{admin}/account")
    made.get_by_role("button", name="Add a passkey").click()
    look("new passkey")
    made.get_by_role("button", name="Make the passkey").click()
    expect(made.get_by_role("heading", name="Recovery codes")).to_be_visible()
    look("codes")
    made.goto(f"{admin}/account")
    made.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    look("account")
    made.goto(f"{admin}/lost-access/")
    look("lost access")
    clock.advance(minutes=11)
    made.get_by_role("button", name="Make a link").click()
    look("is it you?")
    made.goto(f"{admin}/account")
    made.get_by_role("button", name="Sign out", exact=True).first.click()
    sign_in(made)
    look("second step")
    assert not wrong, wrong
