"""The visitor's own page and what its secret opens: seeing, downloading, withdrawing, erasing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from consent import ledger, sites, texts
from consent.ledger import Ledger
from consent.records import RecordFilter
from consent.records.rows import ERASED
from consent.tlog import proof
from consent.visitor import me
from tests.acts import SECRET, choice_body, code_of, make_site, post_choice, rows
from tests.conftest import Clock
from tests.prepare import ROOT

SITE = "example.com"
MINE = {"Authorization": f"Visitor {SECRET}"}
OTHER = "somebody-else-entirely"
BOTH = {"statistics": True, "marketing": True}
SCHEMA = json.loads((ROOT / "tests/consent_record.schema.json").read_text("utf-8"))


@pytest.fixture
def digest(app: Flask, clock: Clock) -> str:
    return make_site(app, clock(), publish_log=True, languages=["en", "pl"]).digest


@pytest.fixture
def tick(app: Flask, clock: Clock) -> Callable[..., None]:
    """The ledger's second: what waits gets into the log."""

    def go(*_: object) -> None:
        found: Ledger = app.extensions["crumbtrail"].ledger
        with app.app_context():
            found.tick(clock.advance(seconds=1))

    return go


@pytest.fixture
def chosen(
    client: FlaskClient, clock: Clock, digest: str, tick: Callable[..., None]
) -> dict[str, Any]:
    """An acceptance and somebody else's refusal, both in the log; the reply to the first."""
    body = choice_body(digest, clock(), action="accept_all", categories=BOTH, language="pl")
    made: dict[str, Any] = post_choice(client, SITE, body).get_json()
    post_choice(client, SITE, choice_body(digest, clock(), visitor=OTHER))
    tick()
    return made


def send(
    client: FlaskClient, do: str = "", secret: str | None = SECRET, **more: Any
) -> TestResponse:
    headers = more.pop("headers", {})
    form = {"do": do, "lang": "en", **({"visitor": secret} if secret else {}), **more}
    return client.post(f"/v1/{SITE}/me", data=form, headers=headers)


def text_of(reply: TestResponse) -> str:
    """What a reader sees, without tags."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", reply.text)).split())


# -- the page ------------------------------------------------------------------------------------


def test_the_page_shows_ones_choices_and_nobody_elses(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    reply = send(client)
    assert reply.status_code == 200
    said = text_of(reply)
    assert "You accepted everything" in said and "You rejected everything" not in said
    assert chosen["id"] in said and "21 November 2026, 10:00 UTC" in said and "polski" in said
    assert "Marketing: allowed" in said and "Log entry" in said
    assert "Twoje ustawienia prywatności" in said  # what was shown, in the language it was shown in
    assert "Example Ltd" in said and "privacy@example.com" in said and "free of charge" in said


def test_nothing_on_the_page_can_run_be_kept_or_be_framed(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    for reply in (send(client), send(client, "confirm"), client.get(f"/v1/{SITE}/me")):
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy and "script" not in policy
        assert "unsafe" not in policy and "<script" not in reply.text
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r'(?:src|action|href)="[^"]*' + SECRET, reply.text)
        assert "Set-Cookie" not in reply.headers


def test_an_id_a_pseudonym_or_a_wrong_secret_opens_nothing_and_all_look_alike(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    pseudonym = client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"][0]
    tried = [chosen["id"], pseudonym["visitor"], "z" * 22, "no", None]
    replies = [send(client, secret=secret) for secret in tried]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.text for reply in replies}) == 1
    assert "no records for this key" in text_of(replies[0])
    taken = send(client, "proof", OTHER, record=chosen["id"])
    assert taken.status_code == 404 and code_of(taken) == "not_found"


@pytest.mark.parametrize(
    ("form", "accept", "words"),
    [
        ("pl", "en", "Moje zapisy"),
        ("fr", "en", "Mes enregistrements"),
        ("", "fr-CA, en;q=0.5", "Mes enregistrements"),
        ("xx", "eo", "My records"),
    ],
)
def test_the_form_then_the_browser_then_the_site_decide_the_language(
    client: FlaskClient, chosen: dict[str, Any], form: str, accept: str, words: str
) -> None:
    reply = send(client, lang=form, headers={"Accept-Language": accept})
    assert f"<h1>{words}</h1>" in reply.text


def test_every_word_of_these_pages_exists_in_every_language() -> None:
    english = texts.paper("en")
    for spoken in sites.LANGUAGES:
        found = texts.paper(spoken)
        assert found.keys() == english.keys() and len(found["months"]) == 12
        for key, text in found.items():
            named = re.findall(r"\{\w+\}", str(text))
            assert sorted(named) == sorted(re.findall(r"\{\w+\}", str(english[key]))), (spoken, key)


def test_the_way_back_leads_to_the_site_and_nowhere_else(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    own = send(client, back="https://example.com/pricing?token=1")
    assert 'href="https://example.com/pricing#consent"' in own.text and "token" not in own.text
    for foreign in ("https://evil.example/", "javascript:alert(1)", "//evil.example", "http://["):
        reply = send(client, back=foreign)
        assert 'href="https://example.com/#consent"' in reply.text and foreign not in reply.text


def test_what_the_owner_typed_is_text_and_no_link_of_another_kind(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    contacts = {"page": "javascript://x/%0aalert(1)", "email": "a@b.example<script>"}
    make_site(app, clock(), contacts=contacts, name="<b>Example</b>")
    for path in ("me", "requests"):
        page = client.get(f"/v1/{SITE}/{path}").text
        assert 'href="javascript' not in page and "<script" not in page and "<b>" not in page
        assert "javascript://x/" in page and "&lt;b&gt;Example" in page


def test_by_its_address_alone_the_page_says_how_to_open_it(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    reply = client.get(f"/v1/{SITE}/me?visitor={SECRET}")
    assert reply.status_code == 200 and chosen["id"] not in reply.text
    assert "opens from the privacy settings" in text_of(reply)


# -- withdrawing and erasing ---------------------------------------------------------------------


def test_withdrawing_here_is_a_record_like_any_other(
    app: Flask, client: FlaskClient, chosen: dict[str, Any], tick: Callable[..., None]
) -> None:
    reply = send(client, "withdraw", lang="pl")
    assert reply.status_code == 200 and "Wycofanie zgody zostało zapisane" in text_of(reply)
    assert "ta strona nie ma dostępu" in text_of(reply)  # the choice in the browser is out of reach
    tick()
    before, record = client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"]
    assert (record["action"], record["layer"], record["language"]) == ("withdraw", 3, "pl")
    assert record["previous"] == before["id"] == chosen["id"]
    assert record["categories"] == {"statistics": False, "marketing": False}
    assert record["services"] == {"ads": False, "google-analytics": False}
    assert record["log"]["index"] > before["log"]["index"]
    assert (record["id"][14], record["page"].endswith(f"/*/{SITE}")) == ("7", True)


def test_erasing_is_asked_once_more_then_withdraws_and_wipes_everything(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    chosen: dict[str, Any],
    tick: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(me, "sleep", tick)
    asked = send(client, "confirm")
    assert "cannot be undone" in text_of(asked) and len([r for r in rows() if r.visitor]) == 2
    done = send(client, "erase")
    assert done.status_code == 200 and "erased: 2 records" in text_of(done)
    mine, others, withdrawn = rows()
    assert mine.flags & ERASED and withdrawn.flags & ERASED and not others.flags & ERASED
    assert send(client).status_code == 404
    again = send(client, "erase")
    assert again.status_code == 200 and "nothing left to erase" in text_of(again)
    assert len(rows()) == 3


def test_erasing_waits_for_the_log_and_says_so_when_it_takes_long(
    client: FlaskClient,
    chosen: dict[str, Any],
    tick: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(me, "sleep", lambda _: None)
    reply = send(client, "erase")
    assert reply.status_code == 503 and reply.headers["Retry-After"]
    assert "withdrawal is recorded" in text_of(reply) and 'value="erase"' in reply.text
    tick()
    assert "erased: 2 records" in text_of(send(client, "erase"))
    assert len(rows()) == 3  # withdrawn once


def test_a_flood_of_withdrawals_gets_a_page_that_asks_for_patience(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_CLIENT="1")
    client = app.test_client()
    shown = make_site(app, clock()).digest
    post_choice(client, SITE, choice_body(shown, clock()))
    replies = [send(client, "withdraw") for _ in range(11)]
    assert [reply.status_code for reply in replies] == [200] * 10 + [429]
    assert "too many requests" in text_of(replies[-1])


# -- the cookie, where the platform is same-site -------------------------------------------------


def with_cookies(client: FlaskClient, do: str = "", **headers: str) -> TestResponse:
    client.set_cookie("crumbtrail_visitor", SECRET, domain=SITE)
    old = "v=1&asks=1&t=1&id=00000000-0000-7000-8000-000000000000&statistics=1&marketing=1"
    client.set_cookie("crumbtrail", old, domain=SITE)
    sent = {"Host": SITE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post(
        f"/v1/{SITE}/me", data={"do": do, "lang": "en"}, headers=sent, base_url=f"http://{SITE}"
    )


def test_the_cookie_opens_the_page_and_the_page_never_tells_the_secret(
    client: FlaskClient, chosen: dict[str, Any]
) -> None:
    reply = with_cookies(client, Origin="null", Sec_Fetch_Site="same-origin")
    assert reply.status_code == 200 and chosen["id"] in reply.text
    assert SECRET not in reply.text
    from_site = with_cookies(client, Origin=f"http://{SITE}", Sec_Fetch_Site="same-origin")
    assert from_site.status_code == 200 and SECRET not in from_site.text


@pytest.mark.parametrize("sent_by", ["cross-site", "same-site", ""])
def test_the_cookie_does_nothing_for_another_sites_page(
    client: FlaskClient, chosen: dict[str, Any], sent_by: str
) -> None:
    before = len(rows())
    named = {"Sec_Fetch_Site": sent_by} if sent_by else {}
    for do in ("withdraw", "erase"):
        reply = with_cookies(client, do, Origin="null", **named)
        assert reply.status_code == 404
    assert len(rows()) == before


def test_where_the_browser_is_in_reach_it_is_told_of_the_withdrawal(
    client: FlaskClient,
    chosen: dict[str, Any],
    tick: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(me, "sleep", tick)
    reply = with_cookies(client, "withdraw", Origin="null", Sec_Fetch_Site="same-origin")
    [choice] = [c for c in reply.headers.getlist("Set-Cookie") if c.startswith("crumbtrail=")]
    assert "&marketing=0&statistics=0" in choice and "Path=/" in choice
    assert "Your browser knows it too" in text_of(reply)
    post_choice(client, SITE, choice_body(rows_notice(client), me.parts().clock()))
    erased = with_cookies(client, "erase", Origin="null", Sec_Fetch_Site="same-origin")
    cookies = erased.headers.getlist("Set-Cookie")
    assert any(c.startswith("crumbtrail_visitor=;") for c in cookies), cookies


def rows_notice(client: FlaskClient) -> str:
    found: str = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    return found


# -- taking it along -----------------------------------------------------------------------------


def test_everything_can_be_taken_along_and_checked_elsewhere(
    app: Flask, client: FlaskClient, clock: Clock, chosen: dict[str, Any]
) -> None:
    reply = send(client, "json")
    assert "attachment" in reply.headers["Content-Disposition"]
    everything = reply.get_json()
    [one] = everything["records"]
    assert one["record"]["id"] == chosen["id"] and one["record"]["notice"] in everything["notices"]
    assert everything["controller"]["legal_name"] == "Example Ltd"
    sent = send(client, "proof", record=chosen["id"])
    assert sent.headers["Content-Disposition"].endswith(f'{chosen["id"]}.tlog-proof"')
    assert sent.text == one["proof"]["proof"]
    name = client.get(f"/log/{SITE}/vkeys").text.split("+")[0]
    with app.app_context():
        keys = app.extensions["crumbtrail"].ledger.signer.verifiers(name, clock())
        proof.verify(proof.parse(sent.text), one["proof"]["entry"].encode(), keys, name)
    receipt = send(client, "receipt", record=chosen["id"]).get_json()
    assert receipt == client.get(chosen["receipt"], headers=MINE).get_json()


def test_a_record_without_a_proof_yet_says_that_it_comes(
    client: FlaskClient, clock: Clock, digest: str
) -> None:
    made = post_choice(client, SITE, choice_body(digest, clock())).get_json()
    assert "on its way" in text_of(send(client))
    reply = send(client, "proof", record=made["id"])
    assert reply.status_code == 503 and "Not in the log yet" in text_of(reply)


def test_the_records_are_consent_records_of_the_standard(
    app: Flask, client: FlaskClient, clock: Clock, chosen: dict[str, Any], tick: Callable[..., None]
) -> None:
    send(client, "withdraw")
    tick()
    reply = client.get(f"/v1/{SITE}/visitor/records?format=jsonld", headers=MINE)
    assert reply.mimetype == "application/ld+json"
    assert send(client, "jsonld").get_json() == reply.get_json()
    given, withdrawn = reply.get_json()
    check = Draft202012Validator(SCHEMA)
    for record in (given, withdrawn):
        check.validate(record)
        for name in SCHEMA["required"]:
            assert not check.is_valid({key: value for key, value in record.items() if key != name})
    states = [
        [p["dpv:hasConsentStatus"]["@type"][0] for p in r["dpv:hasProcess"]]
        for r in (given, withdrawn)
    ]
    assert states == [["dpv:ConsentGiven"] * 2, ["dpv:ConsentWithdrawn"] * 2]
    assert given["dct:identifier"] == chosen["id"]
    assert given["dpv:hasNotice"]["dct:language"] == "pl"
    purposes = {p["dpv:hasPurpose"]["skos:broader"] for p in given["dpv:hasProcess"]}
    assert purposes == {"dpv:ServiceUsageAnalytics", "dpv:TargetedAdvertising"}
    assert given["ct:evidence"]["ct:logIndex"] >= 0
    for used in re.findall(r'"([a-z][\w-]*):\w', json.dumps([given, withdrawn])):
        assert used in given["@context"] or used in ("http", "https", "urn", "mailto"), used
    refused = client.get(f"/v1/{SITE}/visitor/records?format=xml", headers=MINE)
    assert refused.status_code == 422 and code_of(refused) == "field_value"


# -- the API -------------------------------------------------------------------------------------


def test_erasing_by_the_api_waits_for_the_log_and_may_be_repeated(
    app: Flask, client: FlaskClient, clock: Clock, digest: str, tick: Callable[..., None]
) -> None:
    path = f"/v1/{SITE}/visitor/erase"
    sent = choice_body(digest, clock())
    post_choice(client, SITE, sent)
    busy = client.post(path, headers=MINE)
    assert (busy.status_code, code_of(busy)) == (503, "busy") and busy.headers["Retry-After"]
    tick()
    [record] = client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json()["records"]
    place = record["log"]["index"]
    assert client.post(path, headers=MINE).get_json() == {"erased": 1, "indices": [place]}
    assert client.post(path, headers=MINE).get_json() == {"erased": 0, "indices": []}
    assert client.get(f"/v1/{SITE}/visitor/records", headers=MINE).get_json() == {"records": []}
    late = post_choice(client, SITE, sent)
    assert (late.status_code, late.get_json()["error"]["index"]) == (410, place)
    assert client.post(path).status_code == 401
    assert client.post(path, headers={"Authorization": f"Visitor {'z' * 22}"}).get_json() == {
        "erased": 0,
        "indices": [],
    }


def test_what_was_erased_is_listed_for_nobody_as_an_action(
    app: Flask, client: FlaskClient, chosen: dict[str, Any]
) -> None:
    assert client.post(f"/v1/{SITE}/visitor/erase", headers=MINE).status_code == 200
    site = sites.get(SITE)
    accepted, _ = ledger.page_of(site, RecordFilter(action="accept_all"))
    everything, _ = ledger.page_of(site, RecordFilter())
    assert accepted == [] and [one.get("erased") for one in everything] == [True, None]
