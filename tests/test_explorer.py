"""The record explorer, a record's whole story, finding one by a mail, the paper, the access log."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect
from pypdf import PdfReader

from consent import leaf, ledger, records, requests, sites, trail, users
from consent.admin import complaint, finding, record
from consent.admin.finding import names_in
from consent.errors import Conflict
from consent.notices import Notice
from consent.records import RecordFilter
from consent.records.rows import Row
from consent.reminding import Reminders
from consent.requests import Wish
from tests import acts
from tests.conftest import Clock
from tests.outside import served
from tests.test_admin import EMAIL, Owner, stranger

__all__ = ["stranger"]  # a fixture

SITE = "example.com"
AT = f"/sites/{SITE}"
OTHER = "a-secret-of-someone-else_02"
GRANTED = {"statistics": True, "marketing": True}


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return acts.make_site(app, clock(), languages=["en", "pl"])


@pytest.fixture
def made(app: Flask, client: FlaskClient, notice: Notice, clock: Clock) -> dict[str, str]:
    """Three records a day apart, each different in every respect that can be asked for."""

    def choose(**more: Any) -> str:
        body = acts.choice_body(notice.digest, clock.advance(days=1), **more)
        assert acts.post_choice(client, SITE, body).status_code == 201, body
        return str(body["id"])

    found = {"refused": choose(device="phone", shown_at="2026-11-22T09:59:59.950Z")}
    found["accepted"] = choose(
        action="accept_all",
        categories=GRANTED,
        visitor=OTHER,
        language="pl",
        device="desktop",
        shown_at="2026-11-23T09:59:55.500Z",
        page="https://example.com/contact",
    )
    found["saved"] = choose(
        action="save",
        categories={"statistics": True, "marketing": False},
        layer=2,
        signals={"gpc": True},
        services={"google-analytics": True, "ads": False},
        previous=found["refused"],
    )
    app.extensions["crumbtrail"].ledger.tick(clock())
    return found


@pytest.fixture
def owner(stranger: Owner, request: pytest.FixtureRequest) -> Owner:
    """Signed in once the records are there: making them takes days, a session an hour."""
    if "made" in request.fixturenames:
        request.getfixturevalue("made")
    assert stranger.sign_in().status_code == 303
    return stranger


def listed(owner: Owner, query: str) -> list[str]:
    page = owner.page(f"{AT}/records/?{query}")
    return re.findall(
        r'<th scope="row"><a href="/admin/sites/example.com/records/([0-9a-f-]{36})', page
    )


FILTERS = (
    ("", ["saved", "accepted", "refused"]),
    ("order=oldest", ["refused", "accepted", "saved"]),
    ("action=accept_all", ["accepted"]),
    ("category=statistics", ["saved", "accepted"]),
    ("category=!marketing", ["saved", "refused"]),
    ("regime=FALLBACK", ["saved", "accepted", "refused"]),
    ("regime=PL", []),
    ("language=pl", ["accepted"]),
    ("language=en", ["saved", "refused"]),
    ("layer=2", ["saved"]),
    ("device=phone", ["refused"]),
    ("device=-", ["saved"]),
    ("gpc=yes", ["saved"]),
    ("gpc=no", ["accepted", "refused"]),
    ("superseded=no", ["saved", "accepted", "refused"]),
    ("superseded=yes", []),
    ("suspect=yes", ["refused"]),
    ("suspect=no", ["saved", "accepted"]),
    ("suspect=fast", ["refused"]),
    ("suspect=burst", []),
    ("suspect=yes&device=desktop", []),
    ("page=contact", ["accepted"]),
    ("page=%25", []),
    ("from=2026-11-23&to=2026-11-23", ["accepted"]),
    (f"visitor={leaf.visitor_id(SITE, acts.SECRET)}", ["saved", "refused"]),
    ("language=en&gpc=yes&layer=2&category=statistics", ["saved"]),
    ("language=pl&gpc=yes", []),
)


@pytest.mark.sqlite_only
def test_every_filter_finds_what_it_says_alone_and_with_others(
    owner: Owner, made: dict[str, str]
) -> None:
    found = {query: listed(owner, query) for query, _ in FILTERS}
    assert found == {query: [made[name] for name in names] for query, names in FILTERS}


def test_all_filters_mean_the_same_on_both_databases(app: Flask, made: dict[str, str]) -> None:
    of = sites.get(SITE)
    wanted = RecordFilter(
        regime="FALLBACK", language="en", layer=2, device="-", gpc=True, superseded=False,
        page="/pricing", action="save", category="!marketing",
    )  # fmt: skip
    assert ids(records.look(of, wanted).rows) == [made["saved"]]
    assert ids(records.look(of, RecordFilter(suspect="fast")).rows) == [made["refused"]]
    assert made["refused"] not in ids(records.look(of, RecordFilter(suspect="no")).rows)
    assert ids(records.look(of, RecordFilter(language="pl", device="desktop")).rows) == [
        made["accepted"]
    ]


def ids(rows: list[Row]) -> list[str]:
    return [str(uuid.UUID(bytes=row.id)) for row in rows]


def test_a_rare_match_is_searched_for_in_steps_that_are_bounded_and_none_is_passed_over(
    app: Flask, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    bodies = [
        acts.choice_body(notice.digest, clock.advance(seconds=1), layer=2 if n in (3, 17) else 1)
        for n in range(20)
    ]
    for body in bodies:
        assert acts.post_choice(client, SITE, body).status_code == 201
    of, wanted = sites.get(SITE), RecordFilter(layer=2)
    for newest in (True, False):
        seen, after, steps = [], None, 0
        while True:
            found = records.look(of, wanted, after, 5, newest, scan=4)
            seen += ids(found.rows)
            steps += 1
            if found.after is None:
                break
            assert found.seen is not None
            after = found.after
        rare = [bodies[3]["id"], bodies[17]["id"]]
        assert (seen, steps) == (rare[::-1] if newest else rare, 6)


def test_a_filter_in_use_is_a_chip_whose_link_takes_it_away(
    owner: Owner, made: dict[str, str]
) -> None:
    page = owner.page(f"{AT}/records/?gpc=yes&layer=2&language=en")
    chips = re.findall(r'<a class="chip" href="([^"]+)"', page)
    assert len(chips) == 3
    left = {" ".join(sorted(re.findall(r"(\w+)=", one))) for one in chips}
    assert left == {"gpc layer", "gpc language", "language layer"}
    assert listed(owner, chips[0].partition("?")[2]) == [made["saved"]]
    entry = trail.entries(SITE)[0]
    assert entry.verb == "records.read" and entry.detail["found"] == 1


# -- one record ----------------------------------------------------------------------------------


def test_a_record_tells_its_whole_story(owner: Owner, made: dict[str, str], clock: Clock) -> None:
    page = owner.page(f"{AT}/records/{made['saved']}")
    for words in (
        "decided purpose by purpose", "Google Analytics", "Version 1", "most protective regime",
        "strictest rules", made["refused"],
        "finds record, entry, both proofs and both signatures right",
        "Nobody before you", "24 Nov 2029",
    ):  # fmt: skip
        assert words in page, words
    first = owner.page(f"{AT}/records/{made['refused']}")
    assert made["saved"] in first  # the one after it
    again = owner.page(f"{AT}/records/{made['saved']}")
    assert "Nobody before you" not in again and EMAIL in again
    assert "4.5 s" in owner.page(f"{AT}/records/{made['accepted']}")


def test_the_receipt_is_a_file_that_the_verifier_takes(
    app: Flask, owner: Owner, made: dict[str, str]
) -> None:
    reply = owner.get(f"{AT}/records/{made['saved']}/receipt")
    body = json.loads(reply.data)
    assert set(body) == {"record", "proof"} and "attachment" in reply.headers["Content-Disposition"]
    shown = owner.page(f"{AT}/records/{made['saved']}")
    assert body["proof"]["chain"]["entry"] in shown.replace('\\"', '"')


@pytest.mark.parametrize("text", ["", "no number", "019aa5e0-6e00-7000", "g" * 32, "a" * 33])
def test_a_text_without_a_number_names_nothing(text: str) -> None:
    assert names_in(text) == finding.Names([], [])


MAIL = """From: Anna =?utf-8?Q?=C5=BB?= <anna@example.org>
Subject: my cookies

Hello,
> I never agreed. My record is https://consent.example.com/v1/example.com/receipts/{id} and
> my request was {number}.
Cafebabe deadbeef 2026-11-21.
"""


@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        lambda one: one.replace("-", ""),
        lambda one: one[:20] + "=\r\n" + one[20:],
        lambda one: one[:20] + "\r\n> " + one[20:],
        lambda one: f"<b>{one}</b>",
    ],
)
def test_an_id_is_found_however_a_mail_broke_it(spell: Callable[[str], str]) -> None:
    name = "019aa5e0-6e00-7000-8000-000000000001"
    found = names_in(MAIL.format(id=spell(name), number="ABCD-EFGH-2345"))
    assert uuid.UUID(name).bytes in found.ids and "ABCD-EFGH-2345" in found.numbers


def test_a_pasted_mail_leads_to_records_visitors_and_requests_of_every_site(
    app: Flask, client: FlaskClient, owner: Owner, made: dict[str, str], clock: Clock
) -> None:
    theirs = acts.make_site(app, clock(), "other.example")
    body = acts.choice_body(theirs.digest, clock(), page="https://other.example/")
    assert acts.post_choice(client, "other.example", body).status_code == 201
    wish = Wish("access", "anna@example.org", "", None, "en")
    requests.add(sites.get(SITE), "ABCD-EFGH-2345", wish, "PL", clock())
    text = MAIL.format(id=made["refused"], number="ABCD-EFGH-2345") + body["id"]
    reply = owner.send("/find/", {"text": text})
    page = unescape(reply.text)
    assert f"{AT}/records/{made['refused']}" in page
    assert f"/sites/other.example/records/{body['id']}" in page
    assert f"{AT}/requests/ABCD-EFGH-2345" in page and "2 sites of yours" in page
    seen = [(e.site, e.detail.get("record")) for e in trail.entries() if e.verb == "records.read"]
    assert (SITE, made["refused"]) in seen and ("other.example", body["id"]) in seen
    code = leaf.visitor_id(SITE, acts.SECRET)
    page = unescape(owner.send("/find/", {"text": f"my code: {code}"}).text)
    assert made["saved"] in page and made["refused"] in page and made["accepted"] not in page
    page = unescape(owner.send("/find/", {"text": str(uuid.uuid4())}).text)
    assert "Nothing of that is here" in page
    assert "No number in this text" in unescape(owner.send("/find/", {"text": "hi"}).text)


# -- the paper -----------------------------------------------------------------------------------


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ("Zapis wyboru w sprawie zgody", "Osoba zaakceptowała wszystko, o co zapytano.")),
        ("?lang=en", ("Record of a consent choice", "The visitor accepted everything")),
        ("?lang=fr", ("Relevé d'un choix de consentement", "La personne a accepté tout")),
    ],
)
def test_one_page_of_paper_says_all_in_the_notices_language_or_the_one_asked_for(
    app: Flask, owner: Owner, made: dict[str, str], query: str, words: tuple[str, str]
) -> None:
    at = f"{AT}/records/{made['accepted']}"
    reply = owner.get(f"{at}/paper{query}")
    assert reply.mimetype == "application/pdf" and reply.data[:5] == b"%PDF-"
    assert owner.get(f"{at}/paper{query}").data == reply.data  # the same moment
    paper = PdfReader(BytesIO(reply.data), strict=True)
    assert len(paper.pages) == 1
    text = " ".join(paper.pages[0].extract_text().split())
    kept = json.loads(owner.get(f"{at}/receipt").data)["record"]
    facts = (
        *words,
        made["accepted"],
        kept["received_at"],
        "most protective regime",
        "Example Ltd",
        "4.5",
    )
    assert [fact for fact in facts if fact not in text] == []
    whole = text.replace(" ", "")
    digests = kept["notice"], kept["regimes"], kept["log"]["commitment"], kept["visitor"]
    assert [one for one in digests if one not in whole] == []
    fonts = paper.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert all(
        "/FontFile2" in font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts.values()
    )
    assert query or len(set("ąćęłńóśźż") & set(text)) >= 5
    entry = trail.entries(SITE)[0]
    assert entry.detail["record"] == made["accepted"]


@pytest.mark.sqlite_only
def test_of_an_erased_record_there_is_no_paper_and_another_moment_is_another_file(
    app: Flask, owner: Owner, made: dict[str, str], clock: Clock
) -> None:
    at = f"{AT}/records/{made['accepted']}"
    first = owner.get(f"{at}/paper").data
    clock.advance(seconds=2)
    assert owner.get(f"{at}/paper").data != first
    row, _ = ledger.one(sites.get(SITE), uuid.UUID(made["accepted"]).bytes)
    signer = app.extensions["crumbtrail"].ledger.signer
    ledger.erase(signer, sites.get(SITE), [row], acts.BY, clock())
    assert owner.get(f"{at}/paper").status_code == 409
    assert "Who opened it" in owner.page(at)


@pytest.mark.sqlite_only
def test_a_hundred_services_and_a_long_law_still_make_one_page(
    app: Flask, made: dict[str, str], clock: Clock
) -> None:
    of = sites.get(SITE)
    row, found = ledger.one(of, uuid.UUID(made["saved"]).bytes)
    told = record.told(of, row, found)
    found["services"] = {f"service number {n} with a long name": n % 2 == 0 for n in range(100)}
    pages = PdfReader(BytesIO(complaint.drawn(of, found, told, "pl", clock(), "http://x"))).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1 and "wszystkie w potwierdzeniu" in text
    found["services"] = {"a": True}
    few = PdfReader(BytesIO(complaint.drawn(of, found, told, "pl", clock(), "http://x"))).pages
    assert "wszystkie w potwierdzeniu" not in few[0].extract_text()


# -- the access log ------------------------------------------------------------------------------


def test_the_owner_sees_who_read_a_record_and_what_a_key_read(
    app: Flask, client: FlaskClient, owner: Owner, made: dict[str, str], clock: Clock
) -> None:
    key = users.create_key("A", [SITE], clock() + timedelta(days=9), acts.BY, clock())
    bearer = {"Authorization": f"Bearer {key}"}
    at = f"/v1/audit/{SITE}/records/{made['saved']}"
    assert client.get(at, headers=bearer).status_code == 200
    number = f"key {key.split('_')[1]}"
    assert number in owner.page(f"{AT}/records/{made['saved']}")
    everything = owner.page(f"{AT}/access/")
    assert number in everything and "notice.publish" not in everything
    assert owner.page(f"{AT}/access/?who={number}").count(number) >= 2
    of_one = owner.page(f"{AT}/access/?record={made['saved']}")
    assert number in of_one and EMAIL in of_one
    assert "Nothing here" in owner.page(f"{AT}/access/?record={made['accepted']}")
    assert "Nothing here" in owner.page(f"{AT}/access/?to=2026-11-01")
    assert owner.get(f"{AT}/access/?from=x").status_code == 422
    reply = owner.get(f"{AT}/access/access.csv?who={number}")
    lines = list(csv.reader(io.StringIO(reply.text)))
    assert lines[0] == ["at", "who", "what", "site", "record", "more"]
    assert [line[1:5] for line in lines[1:]] == [[number, "record.read", SITE, made["saved"]]]
    assert trail.entries(SITE)[0].verb == "trail.read"


def test_the_trail_is_looked_through_in_bounded_steps(app: Flask, clock: Clock) -> None:
    for number in range(30):
        verb = "record.read" if number in (2, 20) else "site.change"
        trail.write(verb, acts.BY, clock.advance(seconds=1), SITE, number=number)
    seen, before, steps = [], None, 0
    while True:
        found, before = trail.look(trail.Wanted(site=SITE, reads=True), before, 5, scan=7)
        seen += [one.detail["number"] for one in found]
        steps += 1
        if before is None:
            break
    assert seen == [20, 2] and 4 <= steps <= 6


# -- requests ------------------------------------------------------------------------------------


def test_a_request_is_begun_noted_extended_once_and_refused_only_with_a_ground(
    app: Flask, notice: Notice, owner: Owner, clock: Clock
) -> None:
    of = sites.get(SITE)
    wish = Wish("access", "anna@example.org", "", None, "en")
    made = requests.add(of, "ABCD-EFGH-2345", wish, "PL", clock())
    at = f"{AT}/requests/ABCD-EFGH-2345"
    assert owner.send(f"{at}/begin").status_code == 303
    assert requests.get(of, made.number).state == "progress"
    assert owner.send(f"{at}/notes", {"did": " "}).status_code == 422
    assert (
        owner.send(f"{at}/notes", {"did": "Asked for <b>proof</b> of identity."}).status_code == 303
    )
    page = owner.page(at)
    assert "Asked for <b>proof</b>" in page and "more time" in page.lower()
    assert owner.send(f"{at}/extend", {"why": ""}).status_code == 422
    assert owner.send(f"{at}/extend", {"why": "Hundreds at once."}).status_code == 303
    assert requests.get(of, made.number).due_at.date().isoformat() == "2027-02-21"
    assert owner.send(f"{at}/extend", {"why": "Again."}).status_code == 409
    bare = {"state": "refused", "note": "We keep it for the tax office."}
    for ground in ({}, {"ground": ""}, {"ground": "because"}):
        reply = owner.send(at, bare | ground)
        assert reply.status_code == 422 and "what the refusal rests on" in unescape(reply.text)
    assert owner.send(at, bare | {"ground": "duty", "note": ""}).status_code == 422
    assert owner.send(at, bare | {"ground": "duty"}).status_code == 303
    assert "GDPR art. 17(3)(b)" in owner.page(at) and "Deleted on" in owner.page(at)
    assert "ABCD" in owner.page(f"{AT}/requests/?state=closed")
    assert "ABCD" not in owner.page(f"{AT}/requests/?state=closed&kind=erasure")
    assert trail.entries(SITE)[0].verb == "requests.read"


def test_a_request_is_not_extended_late_nor_where_no_law_gives_more(
    app: Flask, notice: Notice, clock: Clock
) -> None:
    of, wish = sites.get(SITE), Wish("access", "a@example.org", "", None, "en")
    late = requests.add(of, "AAAA-AAAA-AAAA", wish, "PL", clock() - timedelta(days=60))
    lawless = requests.add(of, "BBBB-BBBB-BBBB", wish, "JP", clock())
    for one in (late, lawless):
        with pytest.raises(Conflict):
            requests.extend(one, of, "Why", acts.BY, clock())
    here = requests.add(of, "CCCC-CCCC-CCCC", wish, "US-CA", clock())
    requests.extend(here, of, "Why", acts.BY, clock())
    assert (here.due_at - here.created_at).days == 90


def test_a_closed_request_goes_after_two_years_with_its_notes_and_an_open_one_stays(
    app: Flask, notice: Notice, clock: Clock
) -> None:
    of, wish = sites.get(SITE), Wish("access", "a@example.org", "", None, "en")
    for number in ("AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB"):
        requests.add(of, number, wish, "PL", clock())
    closed = requests.get(of, "AAAA-AAAA-AAAA")
    requests.annotate(closed, of, "Did it.", acts.BY, clock())
    requests.close(closed, of, "done", "Sent.", acts.BY, clock())
    assert requests.purge(requests.later(clock(), 24) - timedelta(days=1)) == 0
    assert requests.purge(requests.later(clock(), 24)) == 1
    assert [one.number for one in requests.queue(of)] == ["BBBB-BBBB-BBBB"]
    assert requests.queue(of, "closed") == []
    entry = trail.entries(SITE)[0]
    assert (entry.verb, entry.actor, entry.detail) == ("request.purge", "retention", {"count": 1})


def test_the_sites_contact_is_told_once_that_a_request_arrived_and_once_that_it_is_due(
    app: Flask, notice: Notice, clock: Clock
) -> None:
    of, wish = sites.get(SITE), Wish("access", "anna@example.org", "My secret.", None, "en")
    requests.add(of, "AAAA-AAAA-AAAA", wish, "PL", clock())
    sent: list[tuple[str, str, str]] = []

    def broken(*letter: str) -> None:
        sent.append(letter)  # type: ignore[arg-type]
        raise OSError("no mail server")

    remind = Reminders(broken, "https://consent.example.com")
    for days in (0, 1, 27, 1, 1):
        remind(clock.advance(days=days))
        remind(clock.advance(minutes=2))
    assert [(to, subject) for to, subject, _ in sent] == [
        ("privacy@example.com", "A request for Example arrived"),
        ("privacy@example.com", "A request for Example is due soon"),
    ]
    text = " ".join(" ".join(one) for one in sent)
    assert "AAAA-AAAA-AAAA" in text and "anna" not in text and "secret" not in text
    Reminders(None, "")(clock())


# -- proof before one's eyes ---------------------------------------------------------------------


@pytest.fixture
def admin(app: Flask) -> Iterator[str]:
    """The address of the admin, behind a real socket."""
    with served(app) as url:
        yield f"{url}/admin"


def tampered(change: Callable[[dict[str, Any]], None]) -> Callable[[Route], None]:
    """The page as it is served, but for a receipt that was changed on its way."""

    def serve(route: Route) -> None:
        reply = route.fetch()
        text = reply.text()
        start, end = '<pre id="receipt">', "</pre>"
        head, rest = text.split(start)
        spelt, tail = rest.split(end, 1)
        body = json.loads(unescape(spelt))
        change(body)
        told = json.dumps(body, ensure_ascii=False).replace("&", "&amp;").replace("<", "&lt;")
        route.fulfill(response=reply, body=f"{head}{start}{told}{end}{tail}")

    return serve


def _record(body: dict[str, Any]) -> None:
    body["record"]["action"] = "accept_all"


def _salt(body: dict[str, Any]) -> None:
    body["record"]["log"]["salt"] = "0" * 32


def _commitment(body: dict[str, Any]) -> None:
    _record(body)
    said, log = body["record"], body["record"]["log"]
    log["commitment"] = leaf.commitment(said, bytes.fromhex(log["salt"]))


def _entry(body: dict[str, Any]) -> None:
    _commitment(body)
    day = body["record"]["received_at"][:10]
    body["proof"]["entry"] = leaf.entry(body["record"]["log"]["commitment"], day).decode()


def _size(body: dict[str, Any]) -> None:
    text = body["proof"]["proof"]
    head, signed = text.split("\n\n", 1)
    origin, size, rest = signed.split("\n", 2)
    body["proof"]["proof"] = f"{head}\n\n{origin}\n{int(size) + 1}\n{rest}"


def _signature(body: dict[str, Any]) -> None:
    body["proof"]["proof"] = _resigned(body["proof"]["proof"])


def _resigned(text: str) -> str:
    """The first signature with one letter changed, behind the number of its key."""
    at = text.index(" ", text.index("\n— ") + 3) + 20
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _chain(body: dict[str, Any]) -> None:
    body["proof"]["chain"]["entry"] = body["proof"]["chain"]["entry"].replace('"n":', '"n":1')


def _top(body: dict[str, Any]) -> None:
    chain = body["proof"]["chain"]
    chain["proof"] = _resigned(chain["proof"])


@pytest.mark.sqlite_only
def test_the_proof_is_checked_step_by_step_in_the_browser_and_a_change_anywhere_fails_its_step(
    app: Flask,
    owner: Owner,
    made: dict[str, str],
    admin: str,
    new_page: Callable[..., Page],
) -> None:
    page = new_page(locale="en-GB")
    token = owner.client.get_cookie("crumbtrail_admin", path="/admin/")
    assert token is not None
    page.context.add_cookies(
        [{"name": token.key, "value": token.value, "url": f"{admin}/", "httpOnly": True}]
    )
    at = f"{admin}/sites/{SITE}/records/{made['refused']}"
    page.goto(at)
    steps = page.locator("[data-proof] li")
    expect(page.locator("[data-done=good]")).to_be_visible()
    expect(page.locator("[data-proof] li.yes")).to_have_count(6)
    shown = page.evaluate("JSON.parse(document.getElementById('receipt').textContent).record")
    expect(steps.nth(0)).to_contain_text(shown["log"]["commitment"])
    expect(steps.nth(3)).to_contain_text("+")  # the key is shown
    broken = {
        "commitment": (_record, _salt),
        "entry": (_commitment,),
        "path": (_entry,),
        "head": (_signature, _size),
        "chain": (_chain,),
        "top": (_top,),
    }
    for step, changes in broken.items():
        for change in changes:
            page.route(at, tampered(change))
            page.goto(at)
            expect(page.locator("[data-done=bad]")).to_be_visible()
            failed = page.locator(f"[data-step={step}].fails")
            expect(failed).to_be_visible()
            expect(failed.locator("[data-why]")).to_be_visible()
            page.unroute(at)
    page.goto(at)
    expect(page.locator("[data-done=good]")).to_be_visible()


@pytest.mark.sqlite_only
def test_without_script_the_servers_own_check_is_shown_and_named_so(
    app: Flask, owner: Owner, made: dict[str, str], admin: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(locale="en-GB", java_script_enabled=False)
    token = owner.client.get_cookie("crumbtrail_admin", path="/admin/")
    assert token is not None
    page.context.add_cookies([{"name": token.key, "value": token.value, "url": f"{admin}/"}])
    page.goto(f"{admin}/sites/{SITE}/records/{made['refused']}")
    expect(page.get_by_role("heading", name="The server's own check")).to_be_visible()
    expect(page.get_by_text("That is the server's word")).to_be_visible()
    expect(page.locator("[data-proof]")).to_be_hidden()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_that_can_be_written_are_days_like_others(
    owner: Owner, made: dict[str, str], day: str
) -> None:
    for path in (
        "/trail",
        "/trail.csv",
        f"{AT}/access/",
        f"{AT}/records/",
        f"{AT}/statistics/",
        "/statistics/",
    ):
        for asked in (f"from={day}", f"to={day}", f"from={day}&to={day}"):
            reply = owner.client.get(f"/admin{path}?{asked}")
            assert reply.status_code in (200, 422), (path, asked, reply.status)
