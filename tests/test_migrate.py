"""Choices made with other tools: read strictly, translated without a grant more, carried over once.

The cookies are in the form that the tools write them, with values of our own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Request, Route, expect

from consent import inventory, notices, sites
from tests.acts import BY, add_site, fill_inventory
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import until

pytestmark = pytest.mark.sqlite_only

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
PARTS = ROOT / "static/js/src/parts/dialects"
UUID = "b52a5b5e-6e3c-4a5b-9a2f-0d6c3d1f2a3b"


# What is carried over is older than a day, so it grants nothing before the server has its record.
SETTLED = "consent.get().decided && !consent.get().pending"


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


THEN = NOW - 30 * DAY


def vanilla(**changes: Any) -> str:
    body = {
        "categories": ["necessary", "analytics"],
        "revision": 0,
        "data": None,
        "consentTimestamp": iso(THEN - DAY),
        "consentId": UUID,
        "services": {"necessary": [], "analytics": [], "ads": []},
        "languageCode": "en",
        "lastConsentTimestamp": iso(THEN),
        "expirationTime": ms(THEN + 182 * DAY),
        **changes,
    }
    return quote(json.dumps({name: value for name, value in body.items() if value is not ...}))


def cookiebot(**changes: Any) -> str:
    said = {
        "stamp": "'vjpVJCpe9QeDb7Ba7mmn6GE5TtAmzBnDEVA8csu2OzT/ZGu6jV7YGw=='",
        "necessary": "true",
        "preferences": "false",
        "statistics": "true",
        "marketing": "false",
        "method": "'explicit'",
        "ver": "1",
        "utc": str(ms(THEN)),
        "region": "'pl'",
        **changes,
    }
    pairs = ",".join(f"{name}:{value}" for name, value in said.items() if value is not ...)
    return "{" + pairs.replace("'", "%27").replace(",", "%2C") + "}"


def onetrust(groups: str = "C0001:1,C0002:1,C0003:0,C0004:0", **more: str) -> dict[str, str]:
    said = {
        "isGpcEnabled": "0",
        "datestamp": quote("Sat Nov 21 2026 10:00:47 GMT+0100 (Central European Standard Time)"),
        "version": "202503.2.0",
        "isIABGlobal": "false",
        "hosts": "",
        "consentId": UUID,
        "interactionCount": "2",
        "landingPath": "NotLandingPage",
        "groups": quote(groups),
        "AwaitingReconsent": "false",
        **more,
    }
    text = "&".join(f"{name}={value}" for name, value in said.items())
    return {"OptanonConsent": text, "OptanonAlertBoxClosed": iso(THEN)}


def cookieyes(**changes: str) -> str:
    said = {
        "consentid": "QU5KeUliUjFlaUl5TVdWQ25tQ2tpUGRTcVpmaTdvWDg",
        "consent": "yes",
        "action": "yes",
        "necessary": "yes",
        "functional": "no",
        "analytics": "yes",
        "performance": "yes",
        "advertisement": "no",
        "other": "no",
        **changes,
    }
    return ",".join(f"{name}:{value}" for name, value in said.items())


def cmplz(**changes: str) -> dict[str, str]:
    said = {
        "banner-status": "dismissed",
        "policy_id": "21",
        "functional": "allow",
        "preferences": "deny",
        "statistics": "allow",
        "marketing": "deny",
        "consented_services": "",
        **changes,
    }
    return {f"cmplz_{name}": value for name, value in said.items()}


KLARO = quote(json.dumps({"googleAnalytics": True, "ads": False}))
TAC = "!google-analytics=true!ads=false!youtube=wait"

# -- reading -------------------------------------------------------------------------------------


@pytest.fixture
def read(elsewhere: Website, page: Page) -> Callable[..., Any]:
    """`read("klaro", {"klaro": "…"})`: what the reader makes of these cookies."""
    for name in ("old", "words", "carry"):
        text = (PARTS / f"{name}.js").read_text("utf-8")
        elsewhere.put(f"/{name}.js", text, "text/javascript")
    elsewhere.put("/", "<!doctype html><title>Read</title>")
    page.goto(elsewhere.url)
    script = """async ([tool, jar, options]) => {
      const old = await import('/old.js');
      const said = old[tool]((name) => (name in jar ? jar[name] : null), options);
      return said && { at: said.at, categories: Object.fromEntries(said.categories),
        services: Object.fromEntries(said.services) };
    }"""

    def go(tool: str, jar: dict[str, str], **options: Any) -> Any:
        return page.evaluate(script, [tool, jar, options])

    return go


def said(at: datetime | None, categories: dict[str, bool], **services: bool) -> dict[str, Any]:
    return {"at": ms(at) // 1000 * 1000 if at else None, "categories": categories} | {
        "services": services
    }


def test_what_each_tool_writes_is_read(read: Callable[..., Any]) -> None:
    found = read("vanilla", {"cc_cookie": vanilla()})
    assert found == said(THEN, {"necessary": True, "analytics": True})
    second = {
        "categories": ["necessary", "targeting"],
        "level": ["necessary", "targeting"],
        "revision": 0,
        "data": None,
        "rfc_cookie": False,
        "consent_date": iso(THEN - DAY),
        "consent_uuid": UUID,
        "last_consent_update": iso(THEN),
    }
    found = read("vanilla", {"cc_cookie": json.dumps(second)})
    assert found == said(THEN, {"necessary": True, "targeting": True})
    asked = {"preferences": False, "statistics": True, "marketing": False}
    for text in (cookiebot(), cookiebot(region=...), cookiebot().replace("%2C", ",")):
        found = read("cookiebot", {"CookieConsent": text})
        assert found == {**said(None, asked), "at": ms(THEN)}
    found = read("klaro", {"klaro": KLARO})
    assert found == said(None, {}, googleAnalytics=True, ads=False)
    found = read("onetrust", onetrust())
    groups = {"C0001": True, "C0002": True, "C0003": False, "C0004": False}
    assert found == said(THEN, groups)
    found = read("tarteaucitron", {"tarteaucitron": TAC})
    assert found == {
        "at": None,
        "categories": {},
        "services": {"google-analytics": True, "ads": False},
    }
    words = {"functional": False, "analytics": True, "performance": True}
    words |= {"advertisement": False, "other": False}
    assert read("cookieyes", {"cookieyes-consent": cookieyes()}) == said(None, words)
    dated = cookieyes(lastRenewedDate=str(ms(THEN)))
    assert read("cookieyes", {"cookieyes-consent": quote(dated)})["at"] == ms(THEN)
    assert read("complianz", cmplz()) == said(None, asked)
    services = cmplz(consented_services=quote('{"youtube":true}'))
    assert read("complianz", services) == said(None, asked, youtube=True)


HOSTILE: list[tuple[str, dict[str, str]]] = [
    ("vanilla", {}),
    *(
        ("vanilla", {"cc_cookie": text})
        for text in (
            "",
            "%",
            "null",
            "[]",
            '"analytics"',
            "{}",
            vanilla(categories="analytics"),
            vanilla(categories=[{"analytics": True}]),
            vanilla(categories=["<img src=x onerror=alert(1)>"]),
            vanilla(categories=["a" * 81]),
            vanilla(lastConsentTimestamp=..., consentTimestamp=...),
            vanilla(lastConsentTimestamp="yesterday", consentTimestamp=...),
            vanilla(lastConsentTimestamp=1700000000000, consentTimestamp=...),
            vanilla(consentId=...),
            vanilla(revision=1),
            vanilla(services=[]),
            vanilla(services={"analytics": "all"}),
            vanilla(data="x" * 5000),
            vanilla()[:-9],
        )
    ),
    *(
        ("cookiebot", {"CookieConsent": text})
        for text in (
            "0",
            "-1",
            "true",
            "{}",
            cookiebot(stamp="'-1'"),
            cookiebot(stamp="'0'"),
            cookiebot(method="'implied'"),
            cookiebot(method=...),
            cookiebot(method="5"),
            cookiebot(utc=...),
            cookiebot(utc="1"),
            cookiebot(marketing="yes"),
            cookiebot(marketing=...),
            cookiebot(necessary="false"),
            cookiebot(statistics="(alert(1))"),
            cookiebot() + "x",
            cookiebot().replace("}", "%2Cmarketing:true}"),
        )
    ),
    *(
        ("klaro", {"klaro": text})
        for text in (
            "{}",
            "[true]",
            quote('{"ads": "true"}'),
            quote('{"ads": 1}'),
            quote('{"a<b": true}'),
            quote(json.dumps({f"s{n}": True for n in range(201)})),
        )
    ),
    ("onetrust", {"OptanonConsent": onetrust()["OptanonConsent"]}),
    ("onetrust", {**onetrust(), "OptanonAlertBoxClosed": "true"}),
    ("onetrust", onetrust("C0001:1,C0002:2")),
    ("onetrust", onetrust("C0001:1,C0002:0,C0002:1")),
    ("onetrust", onetrust("")),
    ("onetrust", onetrust(AwaitingReconsent="true")),
    ("onetrust", onetrust(interactionCount="0")),
    ("onetrust", {**onetrust(), "OptanonConsent": "groups=C0002:1&groups=C0002:0"}),
    *(
        ("tarteaucitron", {"tarteaucitron": text})
        for text in ("gtag=true", "!gtag=yes", "!gtag=wait", "!gtag=true!gtag=false", "!=true", "!")
    ),
    *(
        ("cookieyes", {"cookieyes-consent": text})
        for text in (
            cookieyes(action=""),
            cookieyes(action="no"),
            cookieyes(analytics="maybe"),
            cookieyes() + ",analytics:no",
            quote('{"accept":"yes","consent":"yes"}'),
            "yes",
        )
    ),
    ("complianz", cmplz(**{"banner-status": "show"})),
    ("complianz", cmplz(marketing="true")),
    ("complianz", cmplz(consented_services="{youtube}")),
    ("complianz", {"cmplz_banner-status": "dismissed"}),
]


def test_what_no_tool_writes_or_nobody_decided_is_refused(read: Callable[..., Any]) -> None:
    taken = [(tool, jar) for tool, jar in HOSTILE if read(tool, jar) is not None]
    assert taken == []


def test_names_of_a_prototype_are_names_like_others(read: Callable[..., Any]) -> None:
    text = quote('{"__proto__": true, "constructor": true}')
    found = read("klaro", {"klaro": text})
    assert found["categories"] == {} and found["services"].get("constructor") is True


def test_another_revision_or_name_is_read_where_the_owner_says_so(
    read: Callable[..., Any],
) -> None:
    jar = {"consent": vanilla(revision=3)}
    assert read("vanilla", jar) is None and read("vanilla", jar, name="consent") is None
    assert read("vanilla", jar, name="consent", revision=3) is not None
    assert read("klaro", {"kl": KLARO}, name="kl") is not None


# -- translating ---------------------------------------------------------------------------------

SERVICES = [
    {"id": "google-analytics", "name": "Google Analytics", "category": "statistics"},
    {"id": "hotjar", "name": "Hotjar", "category": "statistics"},
    {"id": "ads", "name": "Ads", "category": "marketing"},
    {"id": "undecided", "name": "Undecided", "category": None},
]


@pytest.mark.parametrize(
    ("categories", "services", "only", "given", "on"),
    [
        # A category that was not asked is not granted; one refused word refuses.
        ({"analytics": True}, {}, None, ["statistics"], ["google-analytics", "hotjar"]),
        ({"C0004": True, "C0005": False}, {}, None, [], []),
        ({"traffic": True}, {}, None, [], []),
        ({"toString": True, "__proto__": True}, {}, None, [], []),
        # Services alone: new ones are off, and a refused one keeps its category closed.
        ({}, {"googleAnalytics": True}, None, ["statistics"], ["google-analytics"]),
        ({}, {"google-analytics": True, "hotjar": False}, None, [], []),
        ({}, {"nobody": True, "undecided": True}, None, [], []),
        # Both: a service is never on under a refused category, and off where it was refused.
        ({"statistics": False}, {"hotjar": True}, None, [], []),
        ({"statistics": True}, {"hotjar": False}, None, ["statistics"], ["google-analytics"]),
        # vanilla-cookieconsent lists the accepted ones.
        ({"analytics": True}, {}, {"analytics": ["Hotjar"]}, ["statistics"], ["hotjar"]),
    ],
)
def test_nothing_is_granted_that_was_not_said(
    read: Callable[..., Any],
    page: Page,
    categories: dict[str, bool],
    services: dict[str, bool],
    only: dict[str, list[str]] | None,
    given: list[str],
    on: list[str],
) -> None:
    script = """async ([config, categories, services, only]) => {
      const { translated } = await import('/carry.js');
      const { Words } = await import('/words.js');
      const map = (said) => new Map(said);
      return translated(config, new Words(config, {}),
        { at: null, categories: map(categories), services: map(services), only: map(only) });
    }"""
    known = {"categories": ["preferences", "statistics", "marketing"], "services": SERVICES}
    pairs = [list(table.items()) for table in (categories, services, only or {})]
    found = page.evaluate(script, [known, *pairs])
    assert set(found["categories"]) == {"preferences", "statistics", "marketing"}
    assert [name for name, value in found["categories"].items() if value] == given
    assert [name for name, value in found["services"].items() if value] == on


@pytest.mark.parametrize(
    ("age", "days", "kept"),
    [
        (10, 365, 10),
        (181, 365, 181),
        (182, 365, None),
        (400, 365, None),
        (-2, 365, None),
        (None, 120, 120),
        (None, 365, None),
    ],
)
def test_a_choice_lives_on_from_when_it_was_made(
    read: Callable[..., Any], page: Page, age: int | None, days: int, kept: int | None
) -> None:
    """Of unknown age it counts as the oldest that its cookie can be."""
    script = """async ([at, days, life, now]) =>
      (await import('/carry.js')).made({ at }, days, life, now)"""
    now = ms(NOW)
    at = None if age is None else now - age * 86_400_000
    found = page.evaluate(script, [at, days, 182 * 86_400, now])
    assert found == (None if kept is None else now - kept * 86_400_000)


# -- carrying over -------------------------------------------------------------------------------

TOOLS: dict[str, dict[str, str]] = {
    "vanilla-cookieconsent": {"cc_cookie": vanilla()},
    "cookiebot": {"CookieConsent": cookiebot()},
    "klaro": {"klaro": KLARO},
    "onetrust": onetrust(),
    "tarteaucitron": {"tarteaucitron": TAC},
    "cookieyes": {"cookieyes-consent": cookieyes()},
    "complianz": cmplz(),
}


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`on.example` carries over from every tool, `off.example` from none."""
    with lent_server(databases, tmp_path_factory.mktemp("migrate")) as running:
        with inside(running) as (_, at):
            days = dict.fromkeys(("tarteaucitron", "cookieyes", "complianz"), 90)
            on = {"migrate": list(TOOLS), "days": days}
            for key, options in (("on.example", on), ("off.example", {})):
                site = add_site(at, key, preferences=True, integrations={"dialects": options})
                fill_inventory(site, at)
                inventory.put_service(site, BY, at, "youtube", name="YouTube", category="marketing")
                notices.publish(site, BY, at)
        yield running


class Visit:
    """A visitor with cookies of another tool, and what their browser sends."""

    def __init__(self, page: Page, shop: Server, elsewhere: Website) -> None:
        self.page, self.shop, self.elsewhere = page, shop, elsewhere
        self.home = f"http://localhost:{elsewhere.port}/"
        self.sent: list[dict[str, Any]] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.post_data:
            self.sent.append(json.loads(request.post_data))

    def cookies(self, jar: dict[str, str]) -> None:
        self.page.context.add_cookies(
            [{"name": name, "value": text, "url": self.home} for name, text in jar.items()]
        )

    def names(self) -> set[str]:
        return {cookie["name"] for cookie in self.page.context.cookies()}

    def go(
        self, key: str = "on.example", head: str = "", path: str = "/", idle: bool = True
    ) -> None:
        self.elsewhere.put(
            path,
            f'<!doctype html><html lang="en"><head><title>Shop</title>{head}'
            f'<script data-site="{key}">{sites.stub()}</script>'
            f'<script async src="{self.shop.url}/v1/{key}/consent.js"></script>'
            "</head><body><h1>Shop</h1></body></html>",
        )
        self.page.goto(self.home.rstrip("/") + path)
        until(self.page, "!!window.consent && consent.get() !== null")
        if idle:
            self.page.wait_for_load_state("networkidle")

    def granted(self) -> list[str]:
        script = "Object.entries(consent.get().categories).filter((c) => c[1]).map((c) => c[0])"
        found: list[str] = self.page.evaluate(script)
        return [name for name in found if name != "necessary"]


@pytest.fixture
def visit(page: Page, shop: Server, elsewhere: Website) -> Visit:
    return Visit(page, shop, elsewhere)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_choice_is_carried_over_once_without_a_question(visit: Visit, tool: str) -> None:
    visit.cookies(TOOLS[tool])
    visit.go()
    until(visit.page, SETTLED)
    assert visit.granted() == ["statistics"]
    expect(visit.page.locator("#cmp-dialog")).to_have_count(0)
    expect(visit.page.locator("#cmp-entry")).to_be_visible()
    [body] = visit.sent
    assert body["action"] == "migrate" and body["layer"] == 1
    assert body["categories"] == {"preferences": False, "statistics": True, "marketing": False}
    assert body["services"] == {"google-analytics": True, "ads": False, "youtube": False}
    assert visit.names() == {"crumbtrail", "crumbtrail_visitor"}  # theirs is gone
    made = visit.page.evaluate("Date.parse(consent.get().at)")
    assert made < ms(NOW - 29 * DAY)
    visit.go()
    assert len(visit.sent) == 1 and visit.granted() == ["statistics"]


def test_a_dialog_that_was_quicker_goes_and_stays_gone(visit: Visit) -> None:
    slow: list[Route] = []
    visit.page.route("**/code/dialects*.js", lambda route: slow.append(route))
    visit.cookies(TOOLS["klaro"])
    visit.go(idle=False)
    dialog = visit.page.locator("#cmp-dialog")
    expect(dialog).to_be_visible()
    slow[0].continue_()
    until(visit.page, SETTLED)
    expect(dialog).to_have_count(0)
    visit.page.evaluate(
        "() => new Promise((done) => { document.body.append(document.createElement('p'));"
        " setTimeout(done, 100) })"
    )
    expect(dialog).to_have_count(0)
    expect(visit.page.locator("#cmp-entry")).to_be_visible()


def test_off_by_default(visit: Visit) -> None:
    visit.cookies(TOOLS["cookiebot"])
    visit.go("off.example")
    expect(visit.page.locator("#cmp-dialog")).to_be_visible()
    assert visit.sent == [] and "CookieConsent" in visit.names()


def test_a_refusal_is_carried_over_like_a_grant(visit: Visit) -> None:
    visit.cookies({"CookieConsent": cookiebot(statistics="false")})
    visit.go()
    until(visit.page, SETTLED)
    assert visit.granted() == []
    expect(visit.page.locator("#cmp-dialog")).to_have_count(0)


def test_a_choice_of_ours_is_never_replaced(visit: Visit) -> None:
    visit.go("off.example")
    visit.page.click("#cmp-dialog [data-cmp=reject]")
    until(visit.page, "!consent.get().pending")
    visit.cookies(TOOLS["onetrust"])
    visit.go()
    assert visit.granted() == [] and "OptanonConsent" in visit.names()
    assert [body["action"] for body in visit.sent] == ["reject_all"]


@pytest.mark.parametrize(
    "jar",
    [
        {"CookieConsent": cookiebot(utc=str(ms(NOW - 200 * DAY)))},
        {"CookieConsent": cookiebot(method="'implied'")},
        {"cc_cookie": vanilla(revision=7)},
        {**onetrust(), "OptanonAlertBoxClosed": iso(NOW + 5 * DAY)},
    ],
    ids=["too old", "implied", "another revision", "from the future"],
)
def test_what_cannot_be_carried_over_is_asked_and_left(visit: Visit, jar: dict[str, str]) -> None:
    visit.cookies(jar)
    visit.go()
    expect(visit.page.locator("#cmp-dialog")).to_be_visible()
    assert visit.sent == [] and set(jar) <= visit.names()


def test_two_values_under_one_name_are_none(visit: Visit) -> None:
    visit.cookies(TOOLS["klaro"])
    other = quote(json.dumps({"googleAnalytics": True, "ads": True}))
    deep = visit.home + "deep/"
    visit.page.context.add_cookies([{"name": "klaro", "value": other, "url": deep}])
    visit.go(path="/deep/")
    expect(visit.page.locator("#cmp-dialog")).to_be_visible()
    assert visit.sent == []


def test_a_browser_that_refuses_marketing_keeps_it_refused(visit: Visit) -> None:
    visit.page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    )
    visit.cookies({"CookieConsent": cookiebot(marketing="true")})
    visit.go()
    until(visit.page, SETTLED)
    assert visit.granted() == ["statistics"]


def test_what_was_kept_in_local_storage_is_carried_over_too(visit: Visit) -> None:
    head = (
        "<script>if (!sessionStorage.set) { sessionStorage.set = 1;"
        f" localStorage.setItem('klaro', {json.dumps(KLARO)}) }}</script>"
    )
    visit.go(head=head)
    until(visit.page, SETTLED)
    assert visit.granted() == ["statistics"]
    assert visit.page.evaluate("localStorage.getItem('klaro')") is None
