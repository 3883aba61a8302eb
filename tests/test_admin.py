"""The owner's pages, through the front door: signing in, sites, cookies, notices, records, keys."""

from __future__ import annotations

import io
import json
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from consent import inventory, notices, sites, trail, users
from consent.admin import tongue
from consent.db import db
from consent.permissions import Right, needed
from consent.users import Session
from tests.acts import BY
from tests.conftest import Clock

WORDS = "river lamp stone 42"
EMAIL = "olga@example.com"
OURS = {"Sec-Fetch-Site": "same-origin"}
SITE = {
    "name": "Example", "origins": "https://Example.com/shop\nwww.example.com", "key": "",
    "languages": ["en", "pl"], "default_language": "en", "legal_name": "Example Ltd",
    "email": "privacy@example.com", "address": "", "phone": "", "policy_url": "",
    "retention": "36", "retention_unit": "month",
}  # fmt: skip


class Owner:
    """Somebody with a browser: opens pages, and sends the forms that are on them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get("/admin" + path)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("Location"))
        return unescape(answer.text.replace("<wbr>", ""))  # as it is read

    def token(self, path: str = "/account") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found is not None
        return found[1]

    def send(self, path: str, form: dict[str, Any] | None = None, at: str = "") -> TestResponse:
        sent = {"csrf": self.token(at or "/account"), **(form or {})}
        return self.client.post("/admin" + path, data=sent, headers=OURS)

    def sign_in(self, password: str = WORDS, email: str = EMAIL, next: str = "") -> TestResponse:
        form = {"email": email, "password": password, "next": next}
        return self.send("/sign-in", form, at="/sign-in")


@pytest.fixture
def stranger(client: FlaskClient, clock: Any) -> Owner:
    users.add_user(EMAIL, WORDS, "cli", clock())
    return Owner(client)


@pytest.fixture
def owner(stranger: Owner) -> Owner:
    assert stranger.sign_in().status_code == 303
    return stranger


@pytest.fixture
def site(owner: Owner) -> sites.Site:
    assert owner.send("/sites/new", SITE).status_code == 303
    return sites.get("example.com")


def get_paths(app: Flask) -> list[str]:
    known = {"key": "example.com", "number": "1", "version": "1", "name": "crumbtrail"}
    known |= {"organisation": "main"}
    known |= {"record_id": "01939d5c-0000-7000-8000-000000000000", "rest": "nothing"}
    rules = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("admin.")]
    paths = {
        re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known.get(m[1], "x"), rule.rule)
        for rule in rules
        if "GET" in (rule.methods or ()) and needed(rule.endpoint) != Right.DOOR
    }
    return sorted(paths)


def post_paths(app: Flask) -> list[str]:
    known = {"key": "example.com", "number": "1", "name": "crumbtrail", "session_id": "1"}
    known |= {"organisation": "main", "person": "1", "version": "1"}
    rules = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("admin.")]
    return sorted(
        re.sub(r"<(?:\w+:)?(\w+)>", lambda m: known.get(m[1], "x"), rule.rule)
        for rule in rules
        if "POST" in (rule.methods or ())
    )


def test_every_page_asks_a_stranger_to_sign_in(app: Flask, stranger: Owner) -> None:
    paths = get_paths(app)
    assert len(paths) > 15
    for path in paths:
        answer = stranger.client.get(path)
        assert answer.status_code == 401, path
        assert "<h1>Sign in</h1>" in answer.text and f'value="{path}"' in answer.text, path


def test_every_page_carries_the_security_headers(
    app: Flask, owner: Owner, site: sites.Site
) -> None:
    for path in [*get_paths(app), "/admin/sign-in"]:
        answer = owner.client.get(path)
        assert answer.status_code in (200, 404), path
        csp = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp, path
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", answer.text), path


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {},
     {"Origin": "https://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_no_form_works_when_another_site_sends_it(
    app: Flask, owner: Owner, site: sites.Site, headers: dict[str, str]
) -> None:
    token, before = owner.token(), len(trail.entries())
    for path in post_paths(app):
        answer = owner.client.post(path, data={"csrf": token}, headers=headers)
        assert answer.status_code == 403, path
    assert len(trail.entries()) == before


@pytest.mark.parametrize("token", ["", "wrong", "0" * 64, "é"])
def test_no_form_works_without_its_token(
    app: Flask, owner: Owner, site: sites.Site, token: str
) -> None:
    before = len(trail.entries())
    for path in post_paths(app):
        answer = owner.client.post(path, data={"csrf": token}, headers=OURS)
        assert answer.status_code == (400 if path == "/admin/sign-in" else 403), path
    assert len(trail.entries()) == before


def test_a_same_origin_form_works_where_the_browser_sends_only_an_origin(owner: Owner) -> None:
    answer = owner.client.post(
        "/admin/sign-out", data={"csrf": owner.token()}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303


def test_a_wrong_password_and_an_unknown_e_mail_look_alike(stranger: Owner) -> None:
    wrong = stranger.sign_in("not the password")
    unknown = stranger.sign_in(email="nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    message = "The e-mail or the password is not right."
    assert message in wrong.text and message in unknown.text


def test_the_eleventh_try_in_five_minutes_is_told_to_wait(stranger: Owner, clock: Any) -> None:
    for _ in range(10):
        assert stranger.sign_in("not the password").status_code == 401
    for email in (EMAIL, "nobody@example.com"):
        locked = stranger.sign_in(email=email)
        assert locked.status_code == 429
        assert 0 < int(locked.headers["Retry-After"]) <= 300
    clock.advance(minutes=5)
    assert stranger.sign_in().status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: Owner) -> None:
    cookies = [c for c in stranger.sign_in().headers.getlist("Set-Cookie") if "admin=" in c]
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0] and "SameSite=Lax" in cookies[0]


@pytest.mark.parametrize("settings", [{"BASE_URL": "https://consent.example.com"}])
def test_under_https_the_cookie_is_bound_to_this_host(stranger: Owner) -> None:
    cookie = stranger.get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("__Host-") and "Secure" in cookie and "Path=/;" in cookie


def test_a_session_planted_before_signing_in_is_worth_nothing_after(stranger: Owner) -> None:
    stranger.sign_in()
    first = stranger.client.get_cookie("crumbtrail_admin", path="/admin/")
    stranger.sign_in()
    second = stranger.client.get_cookie("crumbtrail_admin", path="/admin/")
    assert first is not None and second is not None and first.value != second.value
    assert db.session.scalar(select(func.count()).select_from(Session)) == 1


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/admin//evil", "/\\evil", "/admin/\\evil",
             "/admin/../v1", "javascript:alert(1)", "/admin/a\r\nb", "/elsewhere"],
)  # fmt: skip
def test_signing_in_never_leads_away(stranger: Owner, next: str) -> None:
    assert stranger.sign_in(next=next).headers["Location"] == "/admin/"


def test_signing_in_leads_to_the_page_that_was_asked_for(stranger: Owner) -> None:
    assert 'name="next" value="/admin/keys/"' in stranger.get("/keys/").text
    assert stranger.sign_in(next="/admin/keys/").headers["Location"] == "/admin/keys/"


def test_signing_out_ends_the_session_and_keeps_other_cookies_of_the_host(owner: Owner) -> None:
    answer = owner.send("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert owner.get("/").status_code == 401
    assert db.session.scalar(select(func.count()).select_from(Session)) == 0


def test_the_password_can_be_changed_which_signs_out_everywhere(owner: Owner) -> None:
    new = "another four words 7"
    refused = owner.send("/account/password", {"old": "wrong", "new": new, "again": new})
    assert refused.status_code == 422
    apart = owner.send("/account/password", {"old": WORDS, "new": new, "again": "else"})
    assert "The two are not the same." in apart.text
    done = owner.send("/account/password", {"old": WORDS, "new": new, "again": new})
    assert done.headers["Location"] == "/admin/sign-in?changed=1"
    assert owner.get("/").status_code == 401
    assert owner.sign_in(new).status_code == 303


def test_other_browsers_can_be_signed_out(app: Flask, owner: Owner) -> None:
    other = Owner(app.test_client())
    other.sign_in()
    assert "Sign out all others" in owner.page("/account")
    owner.send("/account/sessions/end-others")
    assert other.get("/").status_code == 401
    assert owner.get("/").status_code == 200


def test_a_site_is_added_with_its_own_cookies_and_a_snippet_to_paste(
    owner: Owner, site: sites.Site
) -> None:
    assert site.origins == ["example.com", "www.example.com"]
    assert site.controller["legal_name"] == "Example Ltd"
    assert {t.name for t in inventory.trackers(site)} >= {"crumbtrail", "crumbtrail_visitor"}
    page = owner.page("/sites/example.com/")
    assert '/v1/example.com/consent.js"></script>' in page
    assert "We have not seen your tag yet." in page


def test_the_page_of_a_site_says_when_its_tag_was_seen(
    owner: Owner, site: sites.Site, clock: Any
) -> None:
    sites.tag_seen(site, clock())
    assert "We saw your tag" in owner.page("/sites/example.com/")


def test_the_page_of_a_site_says_how_far_the_log_can_be_believed_and_what_is_wrong_with_it(
    owner: Owner, site: sites.Site, app: Flask
) -> None:
    page = owner.page("/sites/example.com/")
    assert "How far the log can be believed" in page
    assert "No outside witness remembers the log." in page
    assert "no log proves what was never logged" in page
    app.extensions["crumbtrail"].ledger.alarms["witness"] = "No witness answers."
    assert "No witness answers." in owner.page("/sites/example.com/")


def test_a_site_with_mistakes_comes_back_with_what_was_typed(owner: Owner) -> None:
    answer = owner.send("/sites/new", SITE | {"origins": "not a host!", "name": "Kept name"})
    assert answer.status_code == 422
    assert "Kept name" in answer.text and 'aria-invalid="true"' in answer.text
    assert sites.all_sites() == []


def test_without_hosts_only_the_hosts_are_asked_for(owner: Owner) -> None:
    answer = owner.send("/sites/new", SITE | {"origins": "", "key": ""})
    assert answer.status_code == 422
    assert 'id="origins-wrong"' in answer.text and 'id="key-wrong"' not in answer.text


@pytest.mark.parametrize(
    ("language", "shown", "typed"),
    [("en", "13 months", "2 years"), ("pl", "13 miesięcy", "2 lata"), ("fr", "13 mois", "2 ans")],
)
def test_a_duration_is_read_in_the_language_it_is_shown_in(
    owner: Owner, site: sites.Site, clock: Clock, language: str, shown: str, typed: str
) -> None:
    lasting = {"value": 13, "unit": "month"}
    made = inventory.add_tracker(site, BY, clock.now, name="_ga", duration=lasting)
    at = f"/sites/example.com/inventory/{made.id}"
    owner.client.set_cookie(tongue.COOKIE, language)
    assert f'value="{shown}"' in owner.page(at)
    for text, kept in ((shown, lasting), (typed, {"value": 2, "unit": "year"})):
        form = {"name": "_ga", "match": "exact", "kind": "cookie", "duration": text}
        assert owner.send(at, form).status_code == 303
        assert inventory.tracker(sites.get("example.com"), made.id).duration == kept
    assert owner.send(at, {"name": "_ga", "duration": "2 moons"}).status_code == 422


def test_the_settings_of_a_site_can_be_changed(owner: Owner, site: sites.Site) -> None:
    form = SITE | {"name": "New name", "preferences": "yes", "choice_lifetime": "90",
                   "choice_lifetime_unit": "day", "preview_hosts": "preview.example.com",
                   "policy_url_en": "https://example.com/privacy"}  # fmt: skip
    assert owner.send("/sites/example.com/settings", form).status_code == 303
    changed = sites.get("example.com")
    assert (changed.name, changed.preferences) == ("New name", True)
    assert changed.choice_lifetime == {"value": 90, "unit": "day"}
    assert changed.policy_urls == {"en": "https://example.com/privacy"}
    assert 'value="New name"' in owner.page("/sites/example.com/settings")


INVENTORY = "/sites/example.com/inventory"
GA = {
    "name": "_ga", "kind": "cookie", "match": "prefix", "party": "first",
    "category": "statistics", "duration": "13 months", "purpose_en": "Counts visits.",
}  # fmt: skip


def test_cookies_are_added_found_filtered_and_sorted(owner: Owner, site: sites.Site) -> None:
    total = len(inventory.trackers(site)) + 2
    assert owner.send(f"{INVENTORY}/new", GA).status_code == 303
    form = {"name": "zz_key", "kind": "script", "match": "exact"}
    assert owner.send(f"{INVENTORY}/new", form).status_code == 303
    for asked in ("q=ZZ_KEY", "category=unclassified", "kind=script"):
        page = owner.page(f"{INVENTORY}/?{asked}")
        assert f"1 of {total}" in page and ">zz_key<" in page and ">_ga…<" not in page
    nonsense = owner.page(f"{INVENTORY}/?kind=nonsense&category=nonsense&sort=id;drop")
    assert f"{total} of {total}" in nonsense
    up, down = owner.page(f"{INVENTORY}/"), owner.page(f"{INVENTORY}/?sort=-name")
    assert up.index(">_ga…<") < up.index(">zz_key<")
    assert down.index(">zz_key<") < down.index(">_ga…<")
    assert "Nothing matches" in owner.page(f"{INVENTORY}/?q=nothing-like-it")


def test_another_category_asks_for_a_reason_that_the_trail_keeps(
    owner: Owner, site: sites.Site
) -> None:
    owner.send(f"{INVENTORY}/new", GA)
    number = next(t.id for t in inventory.trackers(site) if t.name == "_ga")
    moved = GA | {"category": "marketing"}
    assert owner.send(f"{INVENTORY}/{number}", moved).status_code == 422
    assert owner.send(f"{INVENTORY}/{number}", moved | {"reason": "Ads."}).status_code == 303
    assert inventory.tracker(site, number).category == "marketing"
    assert trail.entries("example.com")[0].detail["reason"] == "Ads."


def test_calling_a_cookie_necessary_asks_for_a_reason(owner: Owner, site: sites.Site) -> None:
    answer = owner.send(f"{INVENTORY}/new", GA | {"category": "necessary"})
    assert answer.status_code == 422 and "Say why it is necessary." in answer.text


def test_a_cookie_can_be_removed(owner: Owner, site: sites.Site) -> None:
    owner.send(f"{INVENTORY}/new", GA)
    number = next(t.id for t in inventory.trackers(site) if t.name == "_ga")
    assert owner.send(f"{INVENTORY}/{number}/remove").status_code == 303
    assert owner.get(f"{INVENTORY}/{number}").status_code == 404


def test_an_import_keeps_the_good_rows_and_hands_back_the_refused(
    owner: Owner, site: sites.Site
) -> None:
    text = "name,category,duration\n_ga,statistics,13 months\nbad,nonsense,\n_gid,,1 day\n"
    form = {"file": (io.BytesIO(text.encode()), "cookies.csv"), "text": ""}
    answer = owner.send(f"{INVENTORY}/import", form)
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert "2 added, 0 changed, 1 refused." in page and "Line 3:" in page
    kept = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)
    assert kept is not None
    assert kept[1].strip() == "name,category,duration\nbad,nonsense,"
    assert {"_ga", "_gid"} <= {t.name for t in inventory.trackers(site)}


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00n", b"colour\nred\n"])
def test_a_file_that_is_no_list_of_cookies_is_refused_whole(
    owner: Owner, site: sites.Site, data: bytes
) -> None:
    before = len(inventory.trackers(site))
    form = {"file": (io.BytesIO(data), "cookies.csv"), "text": ""}
    assert owner.send(f"{INVENTORY}/import", form).status_code == 422
    assert len(inventory.trackers(site)) == before


def test_services_are_added_and_edited(owner: Owner, site: sites.Site) -> None:
    form = {"name": "Google Analytics", "key": "", "category": "statistics", "provider": "Google"}
    assert owner.send(f"{INVENTORY}/services/new", form).status_code == 303
    path = f"{INVENTORY}/services/google-analytics"
    assert 'value="Google"' in owner.page(path)
    assert owner.send(path, form | {"provider": "Google Ireland"}).status_code == 303
    assert {s.provider for s in inventory.services(site)} >= {"Google Ireland"}
    assert owner.send(f"{INVENTORY}/services/new", form).status_code == 422
    assert owner.send(path, form | {"policy_url": "javascript:alert(1)"}).status_code == 422


NOTICE = "/sites/example.com/notice"


def test_publishing_says_what_changed_and_whether_to_ask_again(
    owner: Owner, site: sites.Site
) -> None:
    assert "Everyone is asked for the first time." in owner.page(f"{NOTICE}/")
    assert owner.send(f"{NOTICE}/publish").status_code == 303
    page = owner.page(f"{NOTICE}/")
    assert "There is nothing to publish." in page and notices.versions(site)[0].digest in page
    owner.send(f"{INVENTORY}/new", GA)
    page = owner.page(f"{NOTICE}/")
    assert "The cookie _ga is new, for statistics." in page and "<strong>Yes.</strong>" in page
    assert "draft differs" in owner.page("/")
    owner.send(f"{NOTICE}/publish")
    assert [n.asks for n in notices.versions(site)] == [2, 1]
    assert "Counts visits." in owner.page(f"{NOTICE}/versions/2")


def test_a_change_the_owner_calls_material_asks_everyone_again(
    owner: Owner, site: sites.Site
) -> None:
    owner.send(f"{NOTICE}/publish")
    owner.send("/sites/example.com/settings", SITE | {"phone": "+48 22 000 00 00"})
    assert "<strong>No.</strong>" in owner.page(f"{NOTICE}/")
    owner.send(f"{NOTICE}/publish", {"material": "yes"})
    assert [n.asks for n in notices.versions(site)] == [2, 1]


def test_a_notice_without_a_controller_is_not_published(owner: Owner) -> None:
    owner.send("/sites/new", SITE | {"legal_name": ""})
    answer = owner.send(f"{NOTICE}/publish")
    assert answer.status_code == 422
    assert "legal name is missing" in unescape(answer.text)


RECORDS = "/sites/example.com/records/"


def test_reading_records_is_noted_with_what_was_asked(owner: Owner, site: sites.Site) -> None:
    assert "No records yet" in owner.page(RECORDS)
    assert "No record matches" in owner.page(
        f"{RECORDS}?country=pl&action=withdraw&from=2026-11-01"
    )
    entry = trail.entries("example.com")[0]
    assert (entry.verb, entry.actor) == ("records.read", EMAIL)
    assert entry.detail == {"found": 0, "country": "pl", "action": "withdraw", "from": "2026-11-01"}


@pytest.mark.parametrize("asked", ["from=yesterday", "action=x", "visitor=zz", "after=zz"])
def test_a_filter_that_means_nothing_is_said(owner: Owner, site: sites.Site, asked: str) -> None:
    assert owner.get(f"{RECORDS}?{asked}").status_code == 422


def test_a_key_is_shown_once_and_opens_the_auditors_api(owner: Owner, site: sites.Site) -> None:
    form = {"label": "Anna, Auditors LLP", "sites": ["example.com"], "expires_at": "2027-02-01"}
    form |= {"scopes": list(users.SCOPES)}
    made = owner.send("/keys/", form)
    found = re.search(r"ctk_[0-9a-z]+_[\w-]{43}", made.text)
    assert made.status_code == 201 and found is not None
    key = found[0]
    path, headers = "/v1/audit/example.com/records", {"Authorization": f"Bearer {key}"}
    assert owner.client.get(path, headers=headers).status_code == 200
    page = owner.page("/keys/")
    assert "Anna, Auditors LLP" in page and key not in page
    assert owner.send(f"/keys/{key.split('_')[1]}/revoke").status_code == 303
    assert owner.client.get(path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "change", [{"sites": []}, {"sites": ["other.com"]}, {"expires_at": ""}, {"label": ""},
               {"expires_at": "2026-11-01"}, {"expires_at": "soon"}, {"scopes": []},
               {"scopes": ["all"]}],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(
    owner: Owner, site: sites.Site, change: dict[str, Any]
) -> None:
    form = {"label": "Anna", "sites": ["example.com"], "expires_at": "2027-02-01"}
    form |= {"scopes": ["export"]} | change
    assert owner.send("/keys/", form).status_code == 422
    assert users.keys() == []


def test_every_act_of_an_owner_is_in_the_trail(owner: Owner, site: sites.Site) -> None:
    owner.send(f"{INVENTORY}/new", GA)
    owner.send(f"{NOTICE}/publish")
    page = owner.page("/trail?site=example.com")
    for verb in ("site.add", "tracker.add", "notice.publish"):
        assert verb in page
    assert EMAIL in page and "user.sign_in" not in page and "user.sign_in" in owner.page("/trail")


PAYLOADS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${7*7}")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_type_stays_text(
    app: Flask, owner: Owner, site: sites.Site, payload: str
) -> None:
    owner.send(f"{INVENTORY}/new", GA | {"name": payload, "purpose_en": payload, "reason": payload})
    owner.send("/sites/example.com/settings", SITE | {"name": payload, "legal_name": payload})
    owner.send(f"{INVENTORY}/services/new", {"name": payload, "key": "s", "provider": payload})
    owner.send(f"{NOTICE}/publish")
    for path in get_paths(app):
        reply = owner.client.get(path)
        if reply.mimetype != "text/html":  # a file, and sent as one
            if reply.mimetype == "application/json" and path.endswith("/progress"):
                continue
            assert "attachment" in reply.headers["Content-Disposition"]
            continue
        page = reply.text
        assert "<script>alert" not in page and "<img src=x" not in page, path
        assert not re.search(r">\s*49\s*<", page), path


def test_the_admin_says_where_its_geo_data_comes_from(owner: Owner, site: sites.Site) -> None:
    assert '<a href="https://db-ip.com">IP Geolocation by DB-IP</a>' in owner.page(RECORDS)


def test_styles_and_script_are_served_to_all_and_sources_are_not(stranger: Owner) -> None:
    for name, kind in (("admin.css", "text/css"), ("admin.js", "text/javascript")):
        with stranger.get(f"/assets/{name}") as answer:
            assert answer.status_code == 200 and answer.mimetype == kind
    assert stranger.get("/assets/../js/package.json").status_code in (303, 404)


def test_a_record_is_listed_and_shown_whole(owner: Owner, site: sites.Site, clock: Any) -> None:
    owner.send(f"{INVENTORY}/new", GA)
    owner.send(f"{NOTICE}/publish")
    notice = notices.versions(site)[0]
    at = clock()
    number = f"{int(at.timestamp() * 1000):012x}"
    name = f"{number[:8]}-{number[8:]}-7000-8000-000000000001"
    body = {
        "v": 1, "id": name, "visitor": "A" * 22, "notice": notice.digest, "action": "reject_all",
        "categories": {"statistics": False, "marketing": False}, "language": "pl", "layer": 1,
        "page": "https://example.com/cennik", "at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "signals": {"gpc": False},
    }  # fmt: skip
    stored = owner.client.post(
        "/v1/example.com/consents",
        data=json.dumps(body),
        headers={"Origin": "https://example.com", "Content-Type": "text/plain"},
    )
    assert stored.status_code == 201, stored.text
    page = owner.page(RECORDS)
    assert "Rejected all" in page and "Version 1" in page
    assert "Statistics: denied" in re.sub(r"<[^>]*>", "", page)
    page = owner.page(f"{RECORDS}{name}")
    assert "https://example.com/cennik" in page and notice.digest in page and "Polish" in page
    assert trail.entries("example.com")[0].detail == {"record": name}
    assert "No record matches" in owner.page(f"{RECORDS}?category=statistics&to=2020-01-01")


@pytest.mark.parametrize("path", ["/sites/example.com/inventory/?q=%00", "/trail?site=%00"])
def test_a_nul_in_a_query_is_refused_in_words(site: sites.Site, owner: Owner, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 422
    assert "NUL" in answer.text


def test_a_nul_in_a_form_is_refused_in_words(site: sites.Site, owner: Owner) -> None:
    answer = owner.send("/sites/example.com/inventory/new", {"name": "a\0b"})
    assert answer.status_code == 422
    assert "NUL" in answer.text


def test_what_breaks_is_said_on_a_page_that_asks_nothing_of_the_database(
    app: Flask, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing, client = False, owner.client

    def broken(error: Exception) -> None:
        def view(**_: object) -> None:
            raise error

        monkeypatch.setitem(app.view_functions, "admin.undo.every", view)

    broken(RuntimeError("on purpose"))
    page = client.get("/admin/undo/", headers={"Accept": "text/html", "Accept-Language": "pl"})
    assert page.status_code == 500 and "Coś się tu nie powiodło." in page.text
    assert page.headers["X-Request-Id"] in page.text and "Traceback" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    broken(OperationalError("SELECT", {}, Exception("away")))
    page = client.get("/admin/undo/", headers={"Accept": "text/html"})
    assert page.status_code == 503 and "Nothing was stored" in page.text
    assert int(page.headers["Retry-After"]) > 0 and 'href="/admin/"' in page.text
    page = owner.send("/trail")
    assert page.status_code in (404, 405) and "<h1>" in page.text
    page = client.get("/admin/undo/", headers={"Accept": "application/json"})
    assert page.get_json()["error"]["code"] == "busy"
