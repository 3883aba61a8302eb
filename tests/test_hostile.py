"""The browser attacks on what the product shows: five thousand payloads through every source, then
every page in a real browser (SECURITY: A01, A09, and the policy of the admin's pages).

What ran is told by the payloads themselves, by dialogs, and by what in a page could still run; what
the policy stopped is told by the browser's own reports.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask import Flask, render_template_string
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Request,
    expect,
)
from playwright.sync_api import Error as BrowserError

from consent import notices, organisations, reminding, scans, sites, users
from consent.permissions import Role
from tests import poison as feeding
from tests.acts import SECRET
from tests.conftest import Clock
from tests.hostile import CALL, COUNT, TEMPLATES, payloads
from tests.outside import served
from tests.pages import Website
from tests.poison import KEY, Poison
from tests.routes import Person, World, build, filled, ways
from tests.test_permissions import refusal

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

WATCH = f"""
window.{CALL} = (number) => told('ran', String(number));
document.addEventListener('securitypolicyviolation', (event) =>
  told('report', `${{event.effectiveDirective}} ${{event.blockedURI}} ${{event.sample}}`));
"""
# What could still run when somebody clicks: handlers, addresses that are code, elements of ours'
# that no page of ours has.
LIVE = """() => {
  const found = [];
  for (const one of document.querySelectorAll('*')) {
    for (const { name, value } of one.attributes) {
      if (name.startsWith('on')) found.push(`${one.localName} ${name}`);
      if (/^(href|src|action|formaction|data|poster|background|xlink:href)$/.test(name)
          && /^(javascript|vbscript|data:text)/i.test(value.replace(/[\\x00-\\x20]/g, '')))
        found.push(`${one.localName} ${name}=${value}`);
    }
    if (one.localName === 'script' && (!one.src || one.textContent.trim())) found.push('script');
    if (/^(base|object|embed|applet|frameset|marquee|xmp|keygen|math|template)$/.test(one.localName)
        || one.matches('iframe[srcdoc], meta[http-equiv=refresh]')) found.push(one.localName);
  }
  return found;
}"""


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}


@dataclass
class Watch:
    """A browser that notes what ran, what was reported, what is live, and who was asked."""

    context: BrowserContext
    base: str
    ran: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    loads: int = 0

    def __post_init__(self) -> None:
        self.at = ""
        self.context.expose_binding("told", self._told)
        self.context.add_init_script(WATCH)
        self.context.on("dialog", self._dialog)
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.ran.append(f"{self.at}: {error.error}"))
        self.page = self.context.new_page()

    def _told(self, _source: Any, kind: str, text: str) -> None:
        (self.ran if kind == "ran" else self.reports).append(f"{self.at}: {text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.ran.append(f"{self.at}: dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data":
            self.hosts.add(f"{parts.scheme}://{parts.netloc}")

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.reports.append(f"{self.at}: {message.text}")

    def load(self, path: str) -> int:
        """Open a page; its status. A file is not shown, and comes as one."""
        self.at = path
        try:
            reply = self.page.goto(f"{self.base}{path}", wait_until="load")
        except BrowserError as error:
            assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error), path
            self.files.append(path)
            return 0
        self.loads += 1
        assert reply is not None
        self.look()
        return reply.status

    def look(self) -> None:
        self.live += [f"{self.at}: {one}" for one in self.page.evaluate(LIVE)]

    def as_person(self, person: Person) -> None:
        """Everything that follows is asked by them."""
        self.context.clear_cookies()
        held = person.client.get_cookie("crumbtrail_admin", path="/admin/")
        if held is not None:
            one = {"name": held.key, "value": held.value, "url": f"{self.base}/admin/"}
            self.context.add_cookies([one])  # type: ignore[list-item]


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Behind a real socket."""
    with served(app) as url:
        yield url


@pytest.fixture
def watch(browser: Browser, address: str) -> Iterator[Watch]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    yield Watch(context, address)
    context.close()


def feed(poison: Poison, app: Flask, world: World, clock: Clock, much: bool = True) -> None:
    """Through every source."""
    at, main = clock(), organisations.main().id
    notice = notices.latest(sites.get(KEY))
    assert notice is not None
    feeding.ingest(poison, app, notice.digest, at, 160 if much else 10)
    site = sites.get(KEY)
    feeding.outside(poison, site, at)  # first, because a template holds a whole inventory
    feeding.listed(poison, site, at, 300 if much else 30)
    feeding.website(poison, site, at, 400 if much else 40)
    feeding.settled(poison, site, at)
    feeding.worded(poison, site, at)
    feeding.decided(poison, site, at)
    feeding.people(poison, main, at)
    feeding.own(poison, OWNER, at)
    feeding.asked(poison, site, at)
    feeding.neighbours(poison, at)
    clock.advance(seconds=10)  # what is served looks again for what was published


OWNER = "first@example.com"
# What a page is asked beside its address; each is reflected, or changes what a page says.
ASKED = (
    "q", "state", "kind", "category", "sort", "done", "next", "place", "language", "layer",
    "scheme", "screen", "gpc", "answer", "days", "from", "to", "version", "visitor", "action",
    "country", "site", "actor", "verb", "since", "until", "stub", "lang", "rule", "order", "device",
)  # fmt: skip
HARVEST = """async (path) => {
  const reply = await fetch(path);
  if (!/html/.test(reply.headers.get('content-type'))) return [];
  const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
  return [...page.forms].map((form) => ({
    action: form.getAttribute('action') || path, method: form.method,
    fields: [...form.elements].filter((one) => one.name && !one.disabled
        && (!/^(checkbox|radio)$/.test(one.type) || one.checked))
      .map((one) => ({ name: one.name, value: one.value,
        text: /^(text|search|email|url|tel|textarea|date|number)$/.test(one.type) })),
  })).filter((form) => form.fields.some((one) => one.text));
}"""
SEND = """([action, method, fields]) => {
  const form = document.createElement('form');
  Object.assign(form, { method, action });
  for (const [name, value] of fields) {
    const field = document.createElement('textarea');
    Object.assign(field, { name, value });
    form.append(field);
  }
  document.body.append(form);
  HTMLFormElement.prototype.submit.call(form);
}"""


def pages(world: World) -> list[str]:
    """Every address of the admin that is looked at."""
    return [filled(rule, world.known) for method, rule in ways(world.app) if method == "GET"]


def files(watch: Watch, person: Person) -> None:
    """What a browser did not show is sent as a file, and as what it is."""
    for path in watch.files:
        reply = person.client.get(path)
        assert reply.headers["X-Content-Type-Options"] == "nosniff", path
        assert reply.headers["Content-Disposition"].startswith("attachment"), path


def send_forms(watch: Watch, poison: Poison, paths: list[str]) -> int:
    """Every form of those pages that takes a text, sent with poison in each; how many."""
    known: set[tuple[str, ...]] = set()
    for path in paths:
        for form in watch.page.evaluate(HARVEST, path):
            name = (form["action"], *sorted({one["name"] for one in form["fields"]}))
            if name in known or form["action"].endswith((".csv", ".yaml")):
                continue
            known.add(name)
            said = [
                (one["name"], poison.one() if one["text"] else one["value"])
                for one in form["fields"]
            ]
            watch.at = f"form {form['action']}"
            with watch.page.expect_navigation():
                watch.page.evaluate(SEND, [form["action"], form["method"], said])
            poison.took["forms"] += len([one for one in form["fields"] if one["text"]])
            watch.look()
    return len(known)


def reflect(watch: Watch, poison: Poison, paths: list[str]) -> None:
    """Each page with poison in every parameter, and addresses that are poison themselves."""
    for path in paths:
        watch.load(f"{path}?{urlencode([(name, poison.one()) for name in ASKED])}")
        poison.took["query"] += len(ASKED)
    for root in ("/admin", f"/admin/sites/{KEY}", "/admin/invitations", "/v1", f"/v1/{KEY}"):
        for _ in range(4):
            assert watch.load(f"{root}/{quote(poison.one(), safe='')}/") >= 400
            poison.took["path"] += 1


def visitors(watch: Watch, poison: Poison, elsewhere: Website) -> None:
    """The visitor's own pages, then the banner and the declaration on somebody's page, which
    lets them run and nothing else."""
    root = f"/v1/{KEY}"
    for path in (
        "me", "choices", "requests", "log", "declaration.html", "notice", "consent.js", "gpc.json",
        "declaration?format=fragment", "declaration.html?rule=jp",
    ):  # fmt: skip
        assert watch.load(f"{root}/{path}") in (200, 404), path
    watch.load(f"{root}/requests")
    token = watch.page.locator("[name=token]").input_value()
    said = [(name, poison.one()) for name in ("kind", "contact", "text", "lang", "record")]
    with watch.page.expect_navigation():
        watch.page.evaluate(SEND, [f"{root}/requests", "post", [("token", token), *said]])
    watch.look()
    watch.load(f"{root}/me")
    for do in ("", "withdraw", "erase", poison.one()):
        watch.at = f"my own page, {do}"
        with watch.page.expect_navigation():
            watch.page.evaluate(SEND, [f"{root}/me", "post", [("visitor", SECRET), ("do", do)]])
        assert watch.page.locator("h1").count() == 1
        watch.look()
    head = (
        f'<script data-site="{KEY}">{sites.stub()}</script>'
        f'<script async src="{watch.base}{root}/consent.js"></script>'
    )
    table = f'<h1>Shop</h1><script async src="{watch.base}{root}/declaration.js"></script>'
    policy = f"default-src 'none'; script-src '{sites.stub_hash()}' {watch.base}"
    page = f"<!doctype html><html lang=en><title>Shop</title>{head}<body>{table}"
    address = elsewhere.put(
        "/", page, Content_Security_Policy=f"{policy}; connect-src {watch.base}; img-src data:"
    )
    watch.at = "banner"
    watch.page.goto(address)
    first = watch.page.locator("#cmp-dialog")
    expect(first).to_be_visible()
    watch.page.evaluate("consent.open()")
    expect(watch.page.locator("#cmp-dialog [role=switch]").first).to_be_attached()
    expect(watch.page.locator("#cmp-dialog")).to_contain_text(f"{CALL}(")
    for fold in watch.page.locator("#cmp-dialog summary").all():
        fold.evaluate("one => { one.parentElement.open = true }")
    assert not [one for one in watch.page.evaluate(LIVE) if one != "script"]


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    return build(app, clock())


def everybody(world: World) -> dict[str, Person]:
    """Owner, editor, auditor, viewer, operator, a stranger's owner, nobody."""
    people = {role.value: world.person(role.value, role) for role in Role if role != Role.OWNER}
    people["operator"] = world.person("operator", None)
    users.make_operator("operator@example.com", True, "cli", world.at)
    people["stranger"] = world.signed_in("theirs@example.com")
    people["nobody"] = Person(world.app.test_client())
    return {"owner": world.signed_in(OWNER), **people}


def test_A01_five_thousand_payloads_through_every_source_run_on_no_page_for_nobody(
    app: Flask, clock: Clock, world: World, watch: Watch, elsewhere: Website
) -> None:
    made = payloads()
    assert len({one.shape for one in made}) == len({one.text for one in made}) == COUNT == 5000
    poison = Poison([one.text for one in made])
    feed(poison, app, world, clock)
    assert poison.used == set(poison.texts)
    people, paths = everybody(world), pages(world)
    watch.as_person(people["owner"])
    assert watch.load("/admin/") == 200
    assert send_forms(watch, poison, paths) >= 25
    reflect(watch, poison, paths)
    for who, person in people.items():
        watch.as_person(person)
        for method, rule in ways(app):
            closed = refusal(who, rule)
            # Of the pages that are closed to somebody, which are one page, some.
            if method == "GET" and (not closed or len(rule.rule) % 8 == 0):
                status = watch.load(filled(rule, world.known))
                assert status == closed if closed else status < 500, (who, rule.rule, status)
        files(watch, person)
        watch.files.clear()
    visitors(watch, poison, elsewhere)
    assert (watch.ran, watch.reports, watch.live) == ([], [], [])
    assert watch.hosts == {watch.base, elsewhere.url}
    shares = poison.took + poison.refused
    assert set(shares) >= SOURCES, SOURCES - set(shares)
    assert sum(poison.took.values()) > 3000 and sum(poison.refused.values()) > 500
    assert watch.loads > 300, watch.loads


SOURCES = {
    "headers", *(f"body {name}" for name in feeding.BODY), "page", "origin", "service", "import",
    "tracker", "scan", "why dismissed", "accepted", "watch", "site", "controller", "contact",
    "policy link", "policy text", "facts", "layout", "integrations", "notice text", "word",
    "publish", "trial", "organisation", "invitation", "person", "key", "token", "session",
    "webhook", "template", "act", "site file", "request", "note", "extended", "closed", "sites",
    "forms", "query", "path",
}  # fmt: skip
SHOWING = ("/admin/", "/admin/organisations/", "/admin/keys/", "/admin/many/",
           f"/admin/sites/{KEY}/", f"/admin/sites/{KEY}/inventory/")  # fmt: skip


def unescaped(app: Flask, watch: Watch, clock: Clock, world: World) -> Watch:
    """The same house with its templates' escaping off."""
    poison = Poison([one.text for one in payloads(900)])
    at = clock()
    feeding.outside(poison, sites.get(KEY), at)
    feeding.listed(poison, sites.get(KEY), at, 30)
    feeding.people(poison, organisations.main().id, at)
    app.jinja_env.autoescape = False
    assert app.jinja_env.cache is not None
    app.jinja_env.cache.clear()
    watch.as_person(world.signed_in(OWNER))
    for path in SHOWING:
        watch.load(path)
    return watch


def test_A01_twin_without_escaping_and_policy_the_payloads_run_and_are_seen(
    app: Flask, clock: Clock, world: World, watch: Watch
) -> None:
    def bare(response: Any) -> Any:
        response.headers.pop("Content-Security-Policy", None)
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, bare)
    found = unescaped(app, watch, clock, world)
    assert len(found.ran) > 20 and any("dialog" in one for one in found.ran)
    assert len(found.live) > 20


def test_A01_twin_without_escaping_the_policy_alone_holds_and_every_try_is_reported(
    app: Flask, clock: Clock, world: World, watch: Watch
) -> None:
    found = unescaped(app, watch, clock, world)
    assert found.ran == []
    assert len(found.reports) > 20 and len(found.live) > 20


EVALUATED = re.compile(r"q[^\w<]{0,4}(49|7{7})[^\w<]{0,4}q")


def shown(person: Person, paths: list[str]) -> list[str]:
    """What each page says, files too."""
    return [
        html.unescape(person.client.get(path).data.decode("utf-8", "replace")) for path in paths
    ]


def letters(world: World) -> list[str]:
    """Those about requests that arrived, and about what a scan found."""
    sent = ["\n".join(one) for one in reminding.due(world.at, "https://c.example")]

    def mail(*parts: str) -> None:
        sent.append("\n".join(parts))

    scans.deliver(world.at, lambda *_: 200, mail)
    return sent


def test_A09_template_code_stays_text_on_every_page_and_in_letters(
    app: Flask, clock: Clock, world: World
) -> None:
    poison = Poison([f"q{one}q{n}" for n in range(6) for one in TEMPLATES])
    feed(poison, app, world, clock, much=False)
    assert poison.used == set(poison.texts) and sum(poison.took.values()) > 500
    said = shown(world.signed_in(OWNER), pages(world))
    posted = letters(world)
    assert sum("7*7" in one for one in said) > 20 and any("7*7" in one for one in posted)
    assert not [one for one in (*said, *posted) if EVALUATED.search(one)]


def test_A09_twin_a_template_made_of_what_somebody_typed_is_caught(
    app: Flask, clock: Clock, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites.change(sites.get(KEY), "test", clock(), name="q{{7*7}}q")
    person, real = world.signed_in(OWNER), app.view_functions["admin.sites.one"]
    assert not EVALUATED.search(shown(person, [f"/admin/sites/{KEY}/"])[0])
    monkeypatch.setitem(
        app.view_functions,
        "admin.sites.one",
        lambda **values: render_template_string(str(real(**values))),
    )
    assert EVALUATED.search(shown(person, [f"/admin/sites/{KEY}/"])[0])
