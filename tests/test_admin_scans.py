"""From a scan to what visitors read, by an owner with a browser; and who may start one."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from consent import (
    egress,
    findings,
    inventory,
    notices,
    ownership,
    scans,
    sites,
    trail,
    users,
    webhooks,
)
from consent.chores import repeat
from consent.errors import Forbidden
from consent.parts import parts
from consent.scans import Draft, Scanner
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.outside import served
from tests.sightings import PAGE, analytics, cookie, finding, saw
from tests.test_admin import EMAIL, WORDS, Owner
from tests.test_scan_runs import STUB

KEY = "example.com"
DEMO = f"http://127.0.0.1:8000/demo/{KEY}"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    made = add_site(clock(), decided_for_demo=True, preferences=True)
    inventory.starter(made, BY, clock())
    notices.publish(made, BY, clock())
    users.add_user(EMAIL, WORDS, "cli", clock())
    return made


@pytest.fixture
def owner(client: FlaskClient, site: sites.Site) -> Owner:
    made = Owner(client)
    assert made.sign_in().status_code == 303
    return made


@pytest.fixture
def door(app: Flask, site: sites.Site, clock: Clock, tmp_path: Path) -> Iterator[str]:
    """The app behind a real socket, and a scanner at work that needs no browser."""

    folder = tmp_path / "instance" / "scans"
    folder.mkdir(parents=True, exist_ok=True)
    seen = saw(*analytics(), cookie("qzx_77"))
    (folder / "seen.json").write_text(json.dumps(findings.to_json(seen)), "utf-8")
    scanner = Scanner(
        folder=folder,
        may=lambda site, url, at: {},
        judge=lambda site, seen: [finding("_ga", cause={"how": "script", "url": "https://a/x.js",
            "line": 12, "service": "google-analytics", "stack": []})],
        link=lambda site, scan: "",
        send=webhooks.poster(private=True),
        mail=None,
        command=STUB,
    )  # fmt: skip
    stop = threading.Event()
    loop = threading.Thread(target=repeat, args=(app.app_context, clock, stop, 0.1, scanner))
    loop.start()
    with served(app) as url:
        yield url
        stop.set()
    loop.join()
    scanner.close()


@pytest.fixture
def signed_in(new_page: Callable[..., Page], door: str) -> Page:
    page = new_page(locale="en-GB")
    page.goto(f"{door}/admin/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    return page


def see(page: Page, door: str, path: str) -> None:
    page.goto(f"{door}/admin/sites/{KEY}/{path}")


@pytest.mark.sqlite_only
def test_from_a_scan_to_what_visitors_read_and_back(
    signed_in: Page, door: str, site: sites.Site, clock: Clock, axe_source: str
) -> None:
    page = signed_in
    see(page, door, "scans/")
    page.get_by_label("Address to begin with").first.fill(f"{DEMO}/done")
    page.get_by_role("button", name="Scan now").click()
    expect(page.get_by_role("heading", name="To mend 1")).to_be_visible(timeout=30_000)
    row = page.get_by_role("row").filter(has_text="leak-before-choice")
    expect(row).to_contain_text("https://a/x.js:12 (google-analytics)")
    accessible(page, axe_source)
    page.get_by_role("link", name="Review 4 proposals").click()
    card = page.get_by_role("article", name="_gid")
    expect(card).to_contain_text("% sure")
    expect(card).to_contain_text("no choice, after an accept")
    accessible(page, axe_source)
    page.get_by_role("button", name="Accept these 3").click()
    expect(page.get_by_role("status")).to_contain_text("Accepted")
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("link", name="Edit or dismiss").click()
    page.get_by_label("Category").select_option("marketing")
    page.get_by_label("Purpose, English").fill("Follows the visitor.")
    accessible(page, axe_source)
    page.get_by_role("button", name="Accept it like this").click()
    expect(page.get_by_text("Nothing waits.")).to_be_visible()
    told = "_gid" in page.request.get(f"{door}/v1/{KEY}/declaration.csv").text()
    assert not told  # nothing reaches visitors before it is published
    see(page, door, "notice/")
    page.get_by_role("button", name="Publish version 2").click()
    clock.advance(seconds=5)
    declared = page.request.get(f"{door}/v1/{KEY}/declaration.csv?lang=en").text()
    assert "_gid" in declared and "Follows the visitor." in declared
    see(page, door, "history/")
    accessible(page, axe_source)
    page.get_by_role("button", name="Undo this change").click()
    expect(page.get_by_role("heading", name="back to how it was after")).to_be_visible()
    assert "qzx_77" not in {one.name for one in inventory.trackers(site)}


def accessible(page: Page, axe_source: str) -> None:
    page.evaluate(axe_source)
    broken = page.evaluate("axe.run().then(found => found.violations.map(v => v.id + v.help))")
    assert broken == []


@pytest.mark.sqlite_only
def test_a_scan_can_be_watched_stopped_and_read_without_javascript(
    new_page: Callable[..., Page], door: str
) -> None:
    page = new_page(
        java_script_enabled=False, locale="en-GB", viewport={"width": 320, "height": 700}
    )
    page.goto(f"{door}/admin/sites/{KEY}/scans/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Address to begin with").first.fill(f"{DEMO}/slow")
    page.get_by_role("button", name="Scan now").click()
    expect(page.get_by_role("heading", name="A scan", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Look again").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("It was stopped.")).to_be_visible()
    see(page, door, "scans/")
    expect(page.get_by_role("cell", name="stopped")).to_be_visible()


@pytest.mark.sqlite_only
def test_live_progress_is_announced_and_needs_nothing_but_our_own_script(
    signed_in: Page, door: str
) -> None:
    page = signed_in
    see(page, door, "scans/")
    page.get_by_label("Address to begin with").first.fill(f"{DEMO}/slow")
    page.get_by_role("button", name="Scan now").click()
    words = page.locator("[data-words]")
    expect(words).to_have_text(
        "Pass 1 of 4: No choice. Page 1 of 1, 2 things and 3 requests seen.", timeout=30_000
    )
    assert words.get_attribute("role") == "status"
    page.get_by_role("button", name="Stop it").click()


# -- who may -----------------------------------------------------------------------------------


def test_S1_30_a_website_nobody_has_proven_is_not_scanned_and_the_page_says_how(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    reply = owner.send(f"/sites/{KEY}/scans/start", {"url": f"https://{KEY}/"})
    assert reply.status_code == 403 and reply.headers["X-Consent-Refused"] == "not_proven"
    assert "Show that the website is yours" in reply.text
    [claimed] = ownership.of_site(site)
    told = ownership.wanted(claimed)
    assert told.record in reply.text and told.value in reply.text and told.file in reply.text
    assert scans.history(site) == []
    form = {"every": "daily", "url": f"https://{KEY}/", "webhook": "", "email": ""}
    reply = owner.send(f"/sites/{KEY}/scans/watch", form)
    assert reply.status_code == 403 and scans.watch(site).every == "off"
    ownership.look(site, KEY, BY, clock(), lambda name: [told.value], lambda url: never(url))
    reply = owner.send(f"/sites/{KEY}/scans/start", {"url": f"https://{KEY}/"})
    assert reply.status_code == 303 and len(scans.history(site)) == 1
    options = scans.options(site, f"https://{KEY}/", parts().config, clock())
    assert options["strict"] and options["delay"] >= 0.6 and options["contact"]
    assert not options.get("allow_private")
    clock.advance(days=31)
    with pytest.raises(Forbidden):  # whoever gave the name away is not scanned for ever
        scans.options(site, f"https://{KEY}/", parts().config, clock())


def never(url: str) -> egress.Fetched:
    raise AssertionError(url)


@pytest.mark.sqlite_only
def test_S1_30_a_proof_that_is_not_there_is_said_and_another_sites_host_cannot_be_claimed(
    owner: Owner, site: sites.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "txt", lambda name: [])
    monkeypatch.setattr(ownership, "getter", lambda agent: lambda url: gone(url))
    owner.send(f"/sites/{KEY}/scans/start", {"url": f"https://{KEY}/"})
    reply = owner.send(f"/sites/{KEY}/scans/proof", {"host": KEY})
    assert "host_unproven" in reply.headers["Location"]
    assert "neither was there" in owner.page(f"/sites/{KEY}/scans/")
    reply = owner.send(f"/sites/{KEY}/scans/proof", {"host": "bank.example"})
    assert reply.status_code == 422 and len(ownership.of_site(site)) == 1


def gone(url: str) -> egress.Fetched:
    return egress.Fetched(url, 404, {}, b"")


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000/admin/",
        "http://127.0.0.1:8000/demo/other.example/",
        f"http://127.0.0.1:8000/demo/{KEY}/../../admin/",
        f"http://127.0.0.1:8000/demo/{KEY}/%2e%2e/x",
        f"http://127.0.0.1:9000/demo/{KEY}/",
        f"https://127.0.0.1:8000/demo/{KEY}/",
        f"http://example.com:8000/demo/{KEY}/",
        f"http://169.254.169.254/demo/{KEY}/",
    ],
)
def test_only_the_demos_own_pages_need_no_proof(owner: Owner, site: sites.Site, url: str) -> None:
    reply = owner.send(f"/sites/{KEY}/scans/start", {"url": url})
    assert reply.status_code == 403 and scans.history(site) == []


@pytest.mark.sqlite_only
def test_without_the_demo_its_pages_need_a_proof_too(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app()
    with app.app_context():
        add_site(clock(), decided_for_demo=True)
        users.add_user(EMAIL, WORDS, "cli", clock())
        owner = Owner(app.test_client())
        owner.sign_in()
        reply = owner.send(f"/sites/{KEY}/scans/start", {"url": f"{DEMO}/"})
        assert reply.status_code == 403


# -- the pages ---------------------------------------------------------------------------------


def queued(site: sites.Site, clock: Clock, *things: Any) -> None:
    scans.start(site, PAGE, BY, clock())
    claimed = scans.claim(clock())
    assert claimed is not None
    seen = saw(*things)
    drafts = scans.from_scan(seen, inventory.state(site))
    scans.finish(claimed.id, findings.to_json(seen), [finding("x")], drafts, clock())


def test_what_a_website_named_its_cookies_is_text_on_every_page(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    queued(site, clock, cookie(nasty, page=f"https://example.com/{nasty}"))
    [one] = scans.waiting(site)
    for path in ("scans/", "scans/1", "review/", f"review/{one.id}", "history/"):
        assert "<img src=x" not in owner.get(f"/sites/{KEY}/{path}").text
    owner.send(f"/sites/{KEY}/review/accept", {"number": str(one.id)})
    for path in ("inventory/", "history/", "review/?state=decided"):
        assert "<img src=x" not in owner.get(f"/sites/{KEY}/{path}").text


def test_an_answer_is_given_once_and_the_second_page_says_so(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    queued(site, clock, cookie("qzx_77"))
    [one] = scans.waiting(site)
    form = {"number": str(one.id)}
    assert owner.send(f"/sites/{KEY}/review/accept", form).status_code == 303
    again = owner.send(f"/sites/{KEY}/review/accept", form)
    assert again.status_code == 409 and "answered this proposal already" in again.text
    assert owner.send(f"/sites/{KEY}/review/{one.id}", {"name": "x"}).status_code == 409


def test_a_second_scan_of_a_site_is_refused_while_one_waits(owner: Owner, site: sites.Site) -> None:
    assert owner.send(f"/sites/{KEY}/scans/start", {"url": f"{DEMO}/a"}).status_code == 303
    again = owner.send(f"/sites/{KEY}/scans/start", {"url": f"{DEMO}/b"})
    assert again.status_code == 409 and "waits or runs already" in again.text
    assert len(scans.history(site)) == 1


def test_dismissing_needs_a_reason_and_can_be_taken_back(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    queued(site, clock, cookie("qzx_77"))
    [one] = scans.waiting(site)
    at = f"/sites/{KEY}/review/{one.id}"
    assert owner.send(f"{at}/dismiss", {"why": ""}).status_code == 422
    assert owner.send(f"{at}/dismiss", {"why": "A plug-in of mine."}).status_code == 303
    assert "A plug-in of mine." in owner.page(f"/sites/{KEY}/review/?state=decided")
    assert owner.send(f"{at}/reopen").status_code == 303
    assert scans.open_count(site) == 1


def test_undoing_what_somebody_else_has_changed_since_is_refused(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    seen = inventory.versions(site)[0].id
    inventory.add_tracker(site, "another", clock(), name="later")
    reply = owner.send(f"/sites/{KEY}/history/undo", {"seen": str(seen)})
    assert reply.status_code == 409 and "has changed meanwhile" in reply.text
    assert "later" in {one.name for one in inventory.trackers(site)}


def test_what_a_scan_saw_is_downloaded_and_a_picture_is_only_a_picture(
    owner: Owner, site: sites.Site, clock: Clock, tmp_path: Path
) -> None:
    queued(site, clock, cookie("qzx_77"))
    reply = owner.get(f"/sites/{KEY}/scans/1/scan.json")
    assert findings.from_json(reply.get_json()).passes[0].things[0].name == "qzx_77"
    folder = tmp_path / "instance" / "scans" / "1"
    folder.mkdir(parents=True)
    (folder / "none.png").write_bytes(b"\x89PNG")
    (folder / "job.json").write_text("{}")
    assert owner.get(f"/sites/{KEY}/scans/1/pictures/none.png").mimetype == "image/png"
    for name in ("job.json", "none.txt", "..%2f..%2fsecret_key", "absent.png"):
        assert owner.get(f"/sites/{KEY}/scans/1/pictures/{name}").status_code == 404


@pytest.mark.sqlite_only
def test_the_site_page_has_the_tag_to_copy(owner: Owner, site: sites.Site) -> None:
    page = owner.page(f"/sites/{KEY}/")
    assert f'/v1/{KEY}/declaration.js"></script>' in page
    assert f"/v1/{KEY}/declaration.csv?rule=jp" in page


# -- a policy ----------------------------------------------------------------------------------

TEXT = """Privacy policy

The controller is Example Ltd, 1 Example Street, Exampleton. Write to privacy@example.com.

Cookies

By using our website you consent to cookies.

| Name | Provider | Purpose | Category |
|---|---|---|---|
| _gid | Google | tells unique users apart | Performance |
| qzx_77 | | <b>keeps</b> a number | |
"""


def test_a_policy_is_read_with_its_sentences_and_queued_with_one_click(
    owner: Owner, site: sites.Site
) -> None:
    before = inventory.state(site)
    reply = owner.send(f"/sites/{KEY}/policy/", {"text": TEXT, "url": ""})
    assert reply.status_code == 200
    page = unescape(reply.text)
    assert "privacy@example.com" in page and "_gid" in page and "IMPLIED-CONSENT" in page
    assert "Instead:" in page and "crumbtrail" in page  # the ready paragraph
    assert inventory.state(site) == before and scans.open_count(site) == 0
    sealed = re.search(r'name="sealed" value="([^"]+)"', reply.text)
    assert sealed
    assert owner.send(f"/sites/{KEY}/policy/queue", {"sealed": sealed[1]}).status_code == 303
    queue = {one.fields["name"]: one for one in scans.waiting(site)}
    assert queue["_gid"].fields["category"] == "statistics"
    assert queue["_gid"].fields["published_label"] == "Performance"
    assert "_gid" in queue["_gid"].evidence["sentence"]
    assert inventory.state(site) == before


def test_a_proposed_change_shows_and_keeps_what_the_inventory_says(
    owner: Owner, site: sites.Site, clock: Clock
) -> None:
    fields = {
        "name": "_gi",
        "match": "prefix",
        "category": "statistics",
        "purpose": {"en": "Counts."},
    }
    row = inventory.add_tracker(site, BY, clock(), **fields)
    text = "Cookies\n\n_gid – tells visitors apart – kept for 13 months.\n"
    reply = owner.send(f"/sites/{KEY}/policy/", {"text": text, "url": ""})
    sealed = re.search(r'name="sealed" value="([^"]+)"', reply.text)
    assert sealed
    owner.send(f"/sites/{KEY}/policy/queue", {"sealed": sealed[1]})
    [change] = [one for one in scans.waiting(site) if one.tracker == row.id]
    assert "category" not in change.fields
    queue = owner.get(f"/sites/{KEY}/review/").text
    assert "it is unclassified" not in queue and "Counts." in queue
    form = owner.get(f"/sites/{KEY}/review/{change.id}").text
    assert re.search(r'value="statistics" selected', form)
    assert re.search(r'value="prefix" selected', form) and "Counts." in form


@pytest.mark.sqlite_only
def test_what_was_not_read_here_is_not_queued_and_a_bad_address_is_said(
    owner: Owner, site: sites.Site
) -> None:
    for wrong in ("", "x.y", "[]"):
        assert owner.send(f"/sites/{KEY}/policy/queue", {"sealed": wrong}).status_code == 422
    for url in ("http://127.0.0.1:8000/", "file:///etc/passwd", "http://169.254.169.254/"):
        reply = owner.send(f"/sites/{KEY}/policy/", {"url": url, "text": ""})
        assert reply.status_code == 422 and 'id="url-wrong"' in reply.text, url
    assert owner.send(f"/sites/{KEY}/policy/", {"url": "", "text": " "}).status_code == 422


# -- from policy to held to decided ------------------------------------------------------------

POLICY = [
    # name, party, published category, purpose; as the policy of the Polish site says
    ("L7_geoip", "first", None, "identifies the visitor's country and adjusts the currency"),
    ("Xl7ref", "first", None, "stores the referring address of paid traffic"),
    ("_ar_V4", "third", "Marketing", "tracks the conversion rate of ads"),
    ("_gat", "third", "Performance", "limits the number of requests"),
    ("_ga*", "third", "Performance", "tells unique users apart"),
    ("_gid", "third", "Performance", "tells unique users apart"),
]


def from_policy(site: sites.Site, clock: Clock) -> dict[str, Draft]:
    """The six, queued as a policy reader drafts them."""
    normal = {"Marketing": "marketing", "Performance": "statistics", None: None}
    rows = [
        {
            "name": name, "party": party, "provider": None, "purpose": purpose, "kind": "cookie",
            "category_published": label, "category": normal[label], "duration": None,
            "match": "prefix" if name.endswith("*") else "exact",
            "src": {"name": {"line": 7, "quote": f"{name}: {purpose}"}},
        }
        for name, party, label, purpose in POLICY
    ]  # fmt: skip
    drafts = scans.from_policy({"trackers": rows}, "policy.txt", inventory.trackers(site), "en")
    scans.propose(site, drafts, BY, clock())
    return {str(one.fields["name"]): one for one in drafts}


@pytest.mark.parametrize(
    ("name", "category", "label", "suggested"),
    [
        pytest.param("L7_geoip", None, None, None, id="S3_43"),
        pytest.param("Xl7ref", None, None, "marketing", id="S3_44"),
        pytest.param("_ar_V4", "marketing", "Marketing", None, id="S3_45"),
        pytest.param("_gat", "statistics", "Performance", "statistics", id="S3_46"),
        pytest.param("_ga", "statistics", "Performance", "statistics", id="S3_47"),
        pytest.param("_gid", "statistics", "Performance", "statistics", id="S3_48"),
    ],
)
def test_S3_43_to_48_from_policy_to_held_to_decided(
    owner: Owner,
    site: sites.Site,
    clock: Clock,
    name: str,
    category: str | None,
    label: str | None,
    suggested: str | None,
) -> None:
    draft = from_policy(site, clock)[name]
    assert draft.fields["category"] == category and draft.fields["published_label"] == label
    if suggested:
        assert draft.suggestion["category"] == suggested
    assert name not in {one.name for one in inventory.trackers(site)}  # proposed, not decided
    number = next(one.id for one in scans.waiting(site) if one.fields["name"] == name)
    page = owner.page(f"/sites/{KEY}/review/{number}")
    assert f"{name}" in page and "policy.txt" in page and "line 7" in page
    owner.send(f"/sites/{KEY}/review/accept", {"number": str(number)})
    [made] = [one for one in inventory.trackers(site) if one.name == name]
    assert (made.category, made.published_label, made.set_by) == (category, label, None)
    held = notices.hold(notices.draft(site)).split()
    star = "*" if made.match == "prefix" else ""
    rule = f"#{name}{star}"
    assert (rule in held) == (category is None)  # held whatever is accepted
    assert (f"{rule}={category}" in held) == (category is not None)
    if category is None:
        edit = {"name": name, "category": "marketing", "reason": "Follows visitors of ads.",
                "match": "exact", "kind": "cookie"}  # fmt: skip
        assert owner.send(f"/sites/{KEY}/inventory/{made.id}", edit).status_code == 303
        assert f"{rule}=marketing" in notices.hold(notices.draft(site)).split()
        last = trail.entries(site.key, 1)[0]
        assert (last.detail["was"], last.detail["category"]) == (None, "marketing")


def test_a_policy_adds_to_what_the_inventory_has_and_never_overrules_a_person(
    site: sites.Site, clock: Clock
) -> None:
    inventory.add_tracker(site, BY, clock(), name="_gid", category="marketing")
    draft = from_policy(site, clock)["_gid"]
    assert draft.tracker is not None and "category" not in draft.fields
    assert draft.fields["published_label"] == "Performance"
