"""Signing in through the front door: lost passwords, second factors, fresh proofs, and those who
try what is not theirs."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import django.contrib.auth
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from consent import envelope, permissions, sites, trail, users
from consent.admin import guard
from consent.admin.throttle import Throttle
from consent.db import db
from consent.errors import Busy, Invalid
from consent.permissions import Right, needed
from consent.users import RecoveryCode, Reset, totp
from tests.conftest import Clock
from tests.postbox import Postbox, postbox
from tests.test_admin import EMAIL, OURS, SITE, WORDS, Owner

NEW = "another four words 7"
KEY = "not a secret"  # SECRET_KEY of the tests' app
PAGE = "/sign-in"
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def stranger(client: FlaskClient, clock: Clock) -> Owner:
    users.add_user(EMAIL, WORDS, "cli", clock())
    return Owner(client)


@pytest.fixture
def owner(stranger: Owner) -> Owner:
    assert stranger.sign_in().status_code == 303
    return stranger


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as made:
        yield made


def cookie(owner: Owner, kind: str = "admin") -> str:
    found = owner.client.get_cookie(f"crumbtrail_{kind}", path="/admin/")
    return found.value if found else ""


def verbs() -> list[str]:
    return [entry.verb for entry in reversed(trail.entries())]


def knock(owner: Owner, path: str, form: dict[str, str], at: str = "") -> TestResponse:
    """Send a form that stands before the sign-in."""
    found = re.search(r'name="csrf" value="([^"]+)"', owner.get(at or path).text)
    sent = {"csrf": found[1] if found else "", **form}
    return owner.client.post("/admin" + path, data=sent, headers=OURS)


def connect_app(owner: Owner, clock: Clock) -> tuple[bytes, list[str]]:
    """Connect an app; answers its secret and the recovery codes."""
    assert owner.send("/account/app/begin").status_code == 303
    user = users.user_by_email(EMAIL)
    assert user is not None
    secret = users.enrolling(user, KEY, clock())
    assert secret is not None
    page = owner.page("/account/app")
    assert users.spelt(secret) in page and "data:image/svg+xml" in page
    answer = owner.send("/account/app/confirm", {"code": code(secret, clock)})
    assert answer.status_code == 201
    shown = re.search(r"<textarea[^>]*>([^<]+)</textarea>", answer.text)
    assert shown is not None
    return secret, shown[1].split()


def code(secret: bytes, clock: Clock, steps: int = 0) -> str:
    return totp.code_at(secret, totp.step_of(clock()) + steps)


# -- a lost password ---------------------------------------------------------------------------


class TestByLetter:
    @pytest.fixture
    def settings(self, box: Postbox) -> dict[str, str]:
        return {"SMTP_URL": box.url, "BASE_URL": "https://consent.example.com"}

    def link(self, stranger: Owner, box: Postbox) -> str:
        asked = knock(stranger, "/sign-in/forgot", {"email": EMAIL})
        assert asked.status_code == 200
        letter = box.wait()[-1]
        assert letter.to == [EMAIL]
        found = re.search(r"https://consent\.example\.com/admin(/sign-in/reset/\S+)", letter.body)
        assert found is not None
        return found[1]

    def test_a_link_sets_a_password_once_and_ends_every_session(
        self, stranger: Owner, box: Postbox
    ) -> None:
        session, _ = users.sign_in(EMAIL, WORDS, stranger_clock(stranger))
        link = self.link(stranger, box)
        assert stranger.page(link) and stranger.page(link)  # opening uses nothing up
        weak = knock(stranger, link, {"new": "short", "again": "short"})
        assert weak.status_code == 422
        done = knock(stranger, link, {"new": NEW, "again": NEW})
        assert (done.status_code, done.headers["Location"]) == (303, "/admin/sign-in?changed=1")
        assert users.session_for(session, stranger_clock(stranger)) is None
        again = knock(stranger, link, {"new": WORDS, "again": WORDS}, at=PAGE)
        assert again.status_code == 404 and "used already" in again.text
        assert users.sign_in(EMAIL, NEW, stranger_clock(stranger))

    def test_a_link_ends_after_thirty_minutes_and_when_a_newer_one_is_made(
        self, stranger: Owner, box: Postbox, clock: Clock
    ) -> None:
        first = self.link(stranger, box)
        knock(stranger, "/sign-in/forgot", {"email": EMAIL})
        box.wait(2)
        assert stranger.get(first).status_code == 404
        second = box.letters[1].body.split("/admin")[1].split()[0]
        clock.advance(minutes=29, seconds=59)
        assert stranger.get(second).status_code == 200
        clock.advance(seconds=1)
        assert stranger.get(second).status_code == 404

    def test_a_known_and_an_unknown_e_mail_get_the_same_bytes(
        self, stranger: Owner, box: Postbox
    ) -> None:
        known = knock(stranger, "/sign-in/forgot", {"email": EMAIL})
        unknown = knock(stranger, "/sign-in/forgot", {"email": "nobody@example.com"})
        assert known.data == unknown.data and known.status_code == unknown.status_code
        assert [letter.to for letter in box.wait()] == [[EMAIL]]
        assert verbs()[-2:] == ["user.reset_asked", "user.reset_asked"]

    def test_the_database_has_the_links_fingerprint_only(
        self, stranger: Owner, box: Postbox
    ) -> None:
        token = self.link(stranger, box).rsplit("/", 1)[1]
        kept = db.session.scalars(select(Reset)).one()
        assert token not in str(vars(kept)) and len(kept.token_hash or "") == 64
        assert token not in str([entry.detail for entry in trail.entries()])

    def test_the_host_header_writes_no_link(self, stranger: Owner, box: Postbox) -> None:
        found = re.search(r'name="csrf" value="([^"]+)"', stranger.get("/sign-in/forgot").text)
        assert found is not None
        stranger.client.post(
            "/admin/sign-in/forgot",
            data={"csrf": found[1], "email": EMAIL},
            headers={**OURS, "Host": "evil.example", "X-Forwarded-Host": "evil.example"},
            base_url="https://localhost",
        )
        for letter in box.letters:
            assert "evil" not in letter.text


def stranger_clock(owner: Owner) -> Any:
    return owner.client.application.extensions["crumbtrail"].clock()


def test_without_mail_the_owners_see_who_asked_and_one_of_them_makes_a_link(
    owner: Owner, clock: Clock
) -> None:
    users.add_user("bob@example.com", WORDS, "cli", clock())
    bob = Owner(owner.client.application.test_client())
    asked = knock(bob, "/sign-in/forgot", {"email": "bob@example.com"})
    assert "ask one of them for a link" in asked.text
    assert "21 Nov 2026" in owner.page("/lost-access/")
    made = owner.send("/lost-access/link", {"email": "bob@example.com"})
    assert made.status_code == 201
    address = re.search(r"http://\S+/admin(/sign-in/reset/[\w-]+)", made.text)
    assert address is not None
    assert address[1] not in owner.page("/lost-access/")  # shown once
    assert knock(bob, address[1], {"new": NEW, "again": NEW}).status_code == 303
    assert bob.sign_in(NEW, "bob@example.com").status_code == 303
    assert "user.reset_link" in verbs()


def test_a_reset_does_not_skip_the_second_factor(owner: Owner, clock: Clock) -> None:
    connect_app(owner, clock)
    token = users.make_link(EMAIL, "cli", clock())
    assert knock(owner, f"/sign-in/reset/{token}", {"new": NEW, "again": NEW}).status_code == 303
    assert owner.get("/account").status_code == 401
    assert owner.sign_in(NEW).headers["Location"] == "/admin/sign-in/second"
    assert owner.get("/account").status_code == 401


def test_the_command_line_makes_links_and_forgets_factors(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    connect_app(owner, clock)
    run = app.test_cli_runner().invoke
    made = run(args=["user", "reset-link", "OLGA@example.com"])
    assert re.fullmatch(r"http://\S+/admin/sign-in/reset/[\w-]{43}\n", made.output)
    forgotten = run(args=["user", "forget-factors", EMAIL])
    assert forgotten.output == f"{EMAIL} signs in with the password alone from now on.\n"
    assert owner.get("/account").status_code == 401
    assert owner.sign_in().headers["Location"] == "/admin/"
    unknown = run(args=["user", "forget-factors", "nobody@example.com"])
    assert unknown.exit_code == 1 and "No account has this e-mail." in unknown.output
    assert {"user.reset_link", "user.factors_forgotten"} <= set(verbs())


# -- the authenticator app and recovery codes --------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(seconds: int, expected: str) -> None:
    assert totp.code_at(b"12345678901234567890", seconds // totp.STEP) == expected


def test_after_the_password_the_code_is_asked_for_and_counts_once(
    owner: Owner, clock: Clock
) -> None:
    secret, codes = connect_app(owner, clock)
    assert len(codes) == 10 and all(re.fullmatch(r"(\w{4}-){5}\w{4}", one) for one in codes)
    clock.advance(seconds=60)
    before = cookie(owner)
    at_door = owner.sign_in(next="/admin/keys/")
    assert at_door.headers["Location"] == "/admin/sign-in/second"
    assert knock(owner, "/sign-in/second", {"code": "000000"}).status_code == 401
    now = code(secret, clock)
    into = knock(owner, "/sign-in/second", {"code": f"{now[:3]} {now[3:]}"})
    assert (into.status_code, into.headers["Location"]) == (303, "/admin/keys/")
    assert cookie(owner) != before and users.session_for(before, clock()) is None
    assert "Password and app" in owner.page("/account")
    other = Owner(owner.client.application.test_client())
    other.sign_in()
    assert knock(other, "/sign-in/second", {"code": now}).status_code == 401
    assert knock(other, "/sign-in/second", {"code": code(secret, clock, 1)}).status_code == 303
    assert knock(other, "/sign-in/second", {"code": code(secret, clock, 1)}).status_code == 401


def test_a_code_may_be_one_step_early_or_late_and_no_more(owner: Owner, clock: Clock) -> None:
    connect_app(owner, clock)
    secret, now = b"x" * 20, clock()
    taken = [totp.matching(secret, code(secret, clock, step), now) for step in range(-3, 4)]
    step = totp.step_of(now)
    assert taken == [None, None, step - 1, step, step + 1, None, None]
    for junk in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345"):
        assert totp.matching(secret, junk, now) is None


def test_a_recovery_code_opens_once_and_is_kept_as_a_fingerprint(
    owner: Owner, clock: Clock
) -> None:
    _, codes = connect_app(owner, clock)
    stored = " ".join(db.session.scalars(select(RecoveryCode.code_hash)))
    assert all(one.replace("-", "") not in stored for one in codes)
    owner.sign_in()
    assert knock(owner, "/sign-in/second", {"code": codes[3].upper()}).status_code == 303
    assert "9 left" in owner.page("/account")
    other = Owner(owner.client.application.test_client())
    other.sign_in()
    assert knock(other, "/sign-in/second", {"code": codes[3]}).status_code == 401
    assert knock(other, "/sign-in/second", {"code": codes[4]}).status_code == 303
    fresh = owner.send("/account/codes")
    assert fresh.status_code == 201 and codes[5] not in fresh.text
    other.sign_in()
    assert knock(other, "/sign-in/second", {"code": codes[5]}).status_code == 401


def test_the_apps_secret_is_not_in_the_database_nor_in_the_trail(
    owner: Owner, clock: Clock
) -> None:
    secret, codes = connect_app(owner, clock)
    kept = db.session.get_one(users.Totp, 1).secret
    told = str([entry.detail for entry in trail.entries()])
    for spelt in (secret.hex(), users.spelt(secret), users.spelt(secret).replace(" ", "")):
        assert spelt not in kept and spelt not in told
    assert codes[0] not in told
    assert envelope.unclose("another key", "totp/1", kept, clock(), totp.FOR_EVER) is None
    assert envelope.unclose(KEY, "totp/2", kept, clock(), totp.FOR_EVER) is None


def test_adding_or_removing_a_factor_ends_the_other_sessions(owner: Owner, clock: Clock) -> None:
    other, _ = users.sign_in(EMAIL, WORDS, clock())
    connect_app(owner, clock)
    assert users.session_for(other, clock()) is None
    assert owner.send("/account/app/remove").status_code == 303
    assert owner.get("/account").status_code == 200
    assert db.session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
    assert [verb for verb in verbs() if "app" in verb] == ["user.app_add", "user.app_remove"]


def test_half_a_sign_in_opens_nothing_and_ends_after_ten_minutes(
    owner: Owner, clock: Clock
) -> None:
    secret, _ = connect_app(owner, clock)
    owner.client.delete_cookie("crumbtrail_admin", path="/admin/")
    clock.advance(seconds=60)
    owner.sign_in()
    half = cookie(owner, "half")
    for path in ("/", "/account", "/keys/"):
        assert owner.get(path).status_code == 401
    owner.client.set_cookie("crumbtrail_admin", half, path="/admin/")
    assert owner.get("/account").status_code == 401
    clock.advance(minutes=10)
    late = knock(owner, "/sign-in/second", {"code": code(secret, clock)}, at=PAGE)
    assert late.status_code == 401 and "took too long" in late.text


def test_an_owner_forgets_the_factors_of_another_but_not_their_own(
    owner: Owner, clock: Clock
) -> None:
    connect_app(owner, clock)
    assert owner.send("/lost-access/forget", {"email": EMAIL}).status_code == 403
    users.add_user("bob@example.com", WORDS, "cli", clock())
    bob = Owner(owner.client.application.test_client())
    bob.sign_in(email="bob@example.com")
    assert bob.send("/lost-access/forget", {"email": EMAIL}).status_code == 404  # runs the server
    users.make_operator("bob@example.com", True, "cli", clock())
    assert bob.send("/lost-access/forget", {"email": EMAIL}).status_code == 303
    assert owner.get("/account").status_code == 401
    assert owner.sign_in().headers["Location"] == "/admin/"


# -- who must have one -------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"REQUIRE_SECOND_FACTOR": "owners"}])
def test_where_a_second_factor_is_asked_for_only_its_pages_are_open(
    owner: Owner, clock: Clock
) -> None:
    for path in ("/", "/keys/", "/trail", "/sites/new"):
        answer = owner.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/account"), path
    assert owner.send("/sites/new", SITE).status_code == 403
    assert "Set one up below" in owner.page("/account")
    connect_app(owner, clock)
    assert owner.get("/").status_code == 200
    assert owner.send("/sites/new", SITE).status_code == 303


# -- is it you? --------------------------------------------------------------------------------


def test_after_ten_minutes_the_password_is_asked_again_and_the_form_is_not_lost(
    owner: Owner, clock: Clock
) -> None:
    before = cookie(owner)
    clock.advance(minutes=10)
    asked = owner.send("/sites/new", SITE)
    assert asked.status_code == 401 and "<h1>Is it you?</h1>" in asked.text
    carried = re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', asked.text, re.S)
    form: dict[str, Any] = {}
    for name, text in carried:
        form.setdefault(name, []).append(unescape(text))
    sent = {name: text if isinstance(text, list) else [text] for name, text in SITE.items()}
    assert form == sent and sites.all_sites() == []
    wrong = owner.send("/sites/new", {**form, "proof_password": "not it"})
    assert wrong.status_code == 401 and "The password is not right." in wrong.text
    assert "Example Ltd" in wrong.text and "not it" not in wrong.text
    done = owner.send("/sites/new", {**form, "proof_password": WORDS})
    assert done.status_code == 303 and sites.get("example.com").name == "Example"
    assert cookie(owner) != before and users.session_for(before, clock()) is None
    assert owner.get("/account").status_code == 200
    assert {"user.proof", "user.proof_refused"} <= set(verbs())


def test_a_form_from_before_the_proof_still_works_after_it(owner: Owner, clock: Clock) -> None:
    token = owner.token()
    clock.advance(minutes=11)
    owner.send("/sites/new", {**SITE, "proof_password": WORDS})
    answer = owner.client.post("/admin/sign-out", data={"csrf": token}, headers=OURS)
    assert answer.status_code == 303


def test_a_form_with_a_file_leads_back_to_where_the_file_is_chosen_again(
    owner: Owner, clock: Clock
) -> None:
    token = owner.token()
    clock.advance(minutes=11)
    asked = owner.client.post(
        "/admin/sites/new",
        data={"csrf": token, "name": "x", "file": (io.BytesIO(b"y"), "a.txt")},
        headers={**OURS, "Referer": "http://localhost/admin/sites/new"},
    )
    assert asked.status_code == 401 and "choose it again" in asked.text
    assert 'action="/admin/account/prove"' in asked.text
    assert '<textarea name="next" hidden>\n/admin/sites/new</textarea>' in asked.text
    back = owner.send("/account/prove", {"proof_password": WORDS, "next": "/admin/sites/new"})
    assert back.headers["Location"] == "/admin/sites/new"
    assert owner.send("/sites/new", SITE).status_code == 303


def test_what_does_not_matter_so_much_asks_nothing(owner: Owner, clock: Clock) -> None:
    owner.send("/sites/new", SITE)
    clock.advance(minutes=20)
    at = "/sites/example.com/inventory/services/new"
    assert owner.send(at, {"key": "x", "name": "X"}).status_code != 401
    assert owner.page("/keys/") and owner.page("/sites/example.com/settings")


def test_every_route_that_governs_or_publishes_asks_for_a_fresh_proof(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    owner.send("/sites/new", SITE)
    clock.advance(minutes=11)
    token, asked = owner.token(), 0
    for path, endpoint in writing(app):
        answer = owner.client.post(path, data={"csrf": token}, headers=OURS)
        right = permissions.needed(endpoint)
        if right in ("govern", "publish"):
            assert answer.status_code == 401, path
            asked += 1
    assert asked >= 8


def writing(app: Flask) -> list[tuple[str, str]]:
    known = {"key": "example.com", "number": "1", "name": "crumbtrail", "session_id": "1"}
    known |= {"organisation": "main", "person": "1"}
    rules = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("admin.")]
    return sorted(
        (re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known.get(m[1], "x"), rule.rule), rule.endpoint)
        for rule in rules
        if "POST" in (rule.methods or ()) and rule.endpoint != "admin.account.leave"
    )


# -- sessions ----------------------------------------------------------------------------------


def test_a_person_has_five_sessions_and_a_sixth_ends_the_one_seen_longest_ago(
    stranger: Owner, clock: Clock
) -> None:
    tokens = []
    for _ in range(6):
        clock.advance(seconds=1)
        tokens.append(users.sign_in(EMAIL, WORDS, clock())[0])
    alive = [users.session_for(token, clock()) is not None for token in tokens]
    assert alive == [False, True, True, True, True, True]


@pytest.mark.parametrize("settings", [{"BASE_URL": "https://consent.example.com"}])
def test_every_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(
    stranger: Owner, clock: Clock
) -> None:
    user = users.user_by_email(EMAIL)
    assert user is not None
    users.enrol(user, KEY, clock())
    secret = users.enrolling(user, KEY, clock())
    assert secret is not None
    first = stranger.client.get("/admin/sign-in", base_url="https://consent.example.com")
    found = re.search(r'name="csrf" value="([^"]+)"', first.text)
    assert found is not None
    into = stranger.client.post(
        "/admin/sign-in", base_url="https://consent.example.com", headers=OURS,
        data={"csrf": found[1], "email": EMAIL, "password": WORDS},
    )  # fmt: skip
    cookies = [*first.headers.getlist("Set-Cookie"), *into.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 3
    for one in cookies:
        assert one.startswith("__Host-crumbtrail_"), one
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in one, one
        assert "Domain" not in one


# -- attacks -----------------------------------------------------------------------------------


def digest(app: Flask) -> str:
    """All that the database holds, but when a session was last seen and who read what."""
    rows = []
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)).all():
            if row._mapping.get("verb") == "page.read":
                continue
            rows.append((table.name, *(v for k, v in row._mapping.items() if k != "seen_at")))
    return str(rows)


def test_no_form_of_another_site_and_none_without_its_own_token_changes_anything(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    owner.send("/sites/new", SITE)
    users.add_user("bob@example.com", WORDS, "cli", clock())
    bob = Owner(app.test_client())
    bob.sign_in(email="bob@example.com")
    mine, theirs, before = owner.token(), bob.token(), digest(app)
    attacks: list[Callable[[str], TestResponse]] = [
        lambda path: owner.client.post(path, headers=OURS),
        lambda path: owner.client.post(path, data={"csrf": "0" * 64}, headers=OURS),
        lambda path: owner.client.post(path, data={"csrf": theirs}, headers=OURS),
        lambda path: owner.client.post(path, data={"csrf": mine}),
        lambda path: owner.client.post(path, data=f"csrf={mine}", headers={
            "Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}),
        lambda path: owner.client.post(path, data=f"csrf={mine}", headers={
            **OURS, "Content-Type": "text/plain"}),
        lambda path: owner.client.post(path, json={"csrf": mine}, headers=OURS),
        lambda path: owner.client.get(f"{path}?_method=POST&csrf={mine}", headers={
            "X-HTTP-Method-Override": "POST", "Sec-Fetch-Site": "cross-site"}),
        lambda path: owner.client.post(f"{path}?csrf={mine}", headers=OURS),
        lambda path: owner.client.put(path, data={"csrf": mine}, headers=OURS),
    ]  # fmt: skip
    paths = [*(path for path, _ in writing(app)), "/admin/sign-out"]
    assert len(paths) > 40
    for path in paths:
        for attack in attacks:
            answer = attack(path)
            assert answer.status_code >= 400 or answer.request.method == "GET", path
    assert digest(app) == before


def test_reading_any_page_changes_nothing(app: Flask, owner: Owner) -> None:
    owner.send("/sites/new", SITE)
    known = {"key": "example.com", "number": "1", "version": "1", "name": "crumbtrail"}
    before = digest(app)
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("admin.") or "GET" not in (rule.methods or ()):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known.get(m[1], "x"), rule.rule)
        if needed(rule.endpoint) == Right.READ or rule.endpoint in guard.PERSONAL:
            continue  # every read of personal data is written down
        assert owner.client.get(path).status_code in (200, 303, 401, 404), path
        assert owner.client.head(path).status_code in (200, 303, 401, 404), path
    assert digest(app) == before


def test_of_two_hundred_guesses_ten_are_looked_at_whatever_is_guessed(
    owner: Owner, clock: Clock
) -> None:
    """In five minutes; the right answer is not looked at either, once they are spent."""
    _, codes = connect_app(owner, clock)
    clock.advance(minutes=5)
    thief = Owner(owner.client.application.test_client())
    thief.sign_in()
    page = thief.get("/sign-in/second").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    answers = [
        thief.client.post(
            "/admin/sign-in/second", headers=OURS,
            data={"csrf": token[1], "code": f"{n:06}" if n % 2 else f"{n:024}"},
            environ_base={"REMOTE_ADDR": f"10.0.0.{n}"},
        ).status_code
        for n in range(200)
    ]  # fmt: skip
    assert answers.count(401) == 10 and answers.count(429) == 190
    assert knock(thief, "/sign-in/second", {"code": codes[0]}).status_code == 429
    clock.advance(minutes=5)
    assert knock(thief, "/sign-in/second", {"code": codes[0]}).status_code == 303


def test_of_a_thousand_guesses_a_counter_lets_ten_pass_for_a_name_and_ten_for_an_address(
    clock: Clock,
) -> None:
    def passed(names: Callable[[int], list[str]]) -> int:
        throttle, count = Throttle(), 0
        for n in range(1000):
            with contextlib.suppress(Busy):
                throttle.spend(names(n), clock())
                count += 1
        return count

    assert passed(lambda n: ["email:olga", f"address:{n}"]) == 10
    assert passed(lambda n: [f"email:{n}", "address:here"]) == 10


def test_requests_for_links_are_counted_too(stranger: Owner) -> None:
    answers = [
        knock(stranger, "/sign-in/forgot", {"email": f"{n}@example.com"}).status_code
        for n in range(30)
    ]
    assert answers.count(200) == 10 and answers.count(429) == 20


def test_a_wrong_password_and_an_unknown_e_mail_get_the_same_bytes(stranger: Owner) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', stranger.get(PAGE).text)
    assert found is not None
    answers = [
        stranger.client.post(
            "/admin/sign-in", headers=OURS,
            data={"csrf": found[1], "email": email, "password": "not the password"},
        )
        for email in (EMAIL, "nika@example.com")
    ]  # fmt: skip
    bodies = [
        answer.text.replace(EMAIL, "X").replace("nika@example.com", "X") for answer in answers
    ]
    assert bodies[0] == bodies[1]
    assert answers[0].status_code == answers[1].status_code == 401
    assert sorted(answers[0].headers.keys()) == sorted(answers[1].headers.keys())


HOSTS = (
    "evil.example",
    "evil.example/admin/",
    "evil.example\\@localhost",
    "localhost@evil.example",
)
STARTS = (
    "//", "///", "////", "/\\", "\\\\", "/\\/", "http://", "https://", "HTTP://", "https:/",
    "https:", "/admin//", "/admin/\\", "/admin/..//", "/admin/%2e%2e//", "\t//", "\n//", " //",
    "/%09//", "javascript:", "data:text/html,",
)  # fmt: skip


def test_eighty_addresses_of_others_lead_nowhere_after_the_sign_in(
    app: Flask, stranger: Owner
) -> None:
    """What is answered is a path of this admin, which every browser reads as this host's."""
    payloads = [start + host for start in STARTS for host in HOSTS]
    assert len(payloads) >= 80
    for payload in payloads:
        with app.test_request_context("/admin/"):
            led = guard.inside(payload)
        assert re.fullmatch(r"/admin/(?!/)[^\\\s]*", led) and ".." not in led, (payload, led)
        page = stranger.client.get("/admin/sign-in", query_string={"next": payload}).text
        shown = [unescape(one) for one in re.findall(r'name="next" value="([^"]*)"', page)]
        assert led in shown and all(re.match(r"/admin/(?!/)", one) for one in shown), payload
    assert stranger.sign_in(next=payloads[0]).headers["Location"] == "/admin/"
    sent = {"proof_password": WORDS, "next": payloads[0]}
    assert stranger.send("/account/prove", sent).headers["Location"] == "/admin/"


def test_every_password_of_djangos_common_list_is_refused() -> None:
    file = Path(django.contrib.auth.__file__).with_name("common-passwords.txt.gz")
    words = gzip.decompress(file.read_bytes()).decode().split("\n")
    assert len(words) > 10_000
    for word in words:
        for spelt in (word, word.title()):
            with pytest.raises(Invalid):
                users.check_password(spelt, EMAIL)


def test_an_envelope_opens_for_its_purpose_and_its_time_alone(clock: Clock) -> None:
    life = timedelta(minutes=10)
    closed = envelope.close(KEY, "half", clock(), user=1)
    opened = envelope.unclose(KEY, "half", closed, clock(), life)
    assert opened == {"user": 1, "at": clock()}
    assert envelope.unclose(KEY, "flow", closed, clock(), life) is None
    assert envelope.unclose("other", "half", closed, clock(), life) is None
    for number in range(len(closed)):
        other = closed[:number] + ("A" if closed[number] != "A" else "B") + closed[number + 1 :]
        assert envelope.unclose(KEY, "half", other, clock(), life) in (None, opened)
    for junk in ("", "A", "é", "." * 100, "A" * 9000):
        assert envelope.unclose(KEY, "half", junk, clock(), life) is None
    assert envelope.unclose(KEY, "half", closed, clock.advance(minutes=10), life) is None
