"""Pages written for other consent tools, walked in a browser: what waits, runs, is shown and told.

The pages in tests/dialects are ours, after the tools' documentation. They carry none of the tools'
own code: it goes when a site moves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from consent import inventory, notices, sites
from tests.acts import BY, add_site, fill_inventory
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import quiet, ran, soon, until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

TOOLS = (
    "vanilla-cookieconsent",
    "cookiebot",
    "klaro",
    "onetrust",
    "tarteaucitron",
    "cookieyes",
    "complianz",
)
PAGES = {"vanilla-cookieconsent-2": "vanilla-cookieconsent"}


def key_of(tool: str) -> str:
    return f"{PAGES.get(tool, tool)}.example"


def make(at: datetime, key: str, options: dict[str, Any]) -> None:
    """A site that asks about all categories, with three services."""
    site = add_site(at, key, preferences=True, integrations={"dialects": options})
    fill_inventory(site, at)
    inventory.put_service(
        site, BY, at, "youtube", name="YouTube", category="marketing", provider="Google"
    )
    notices.publish(site, BY, at)


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a site for each tool, and one that reads markup and nothing else."""
    with lent_server(databases, tmp_path_factory.mktemp("dialects")) as running:
        with inside(running) as (_, at):
            make(at, "plain.example", {})
            for tool in TOOLS:
                make(at, key_of(tool), {"shims": [tool], "migrate": [tool]})
        yield running


def early() -> str:
    """The stand-in that docs/moving.md gives to pages that call a tool while they load."""
    text = (ROOT / "docs/moving.md").read_text("utf-8")
    found = re.search(r"<!-- early -->\n```html\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def dialect(shop: Server, elsewhere: Website, page: Page) -> Callable[..., Page]:
    """`dialect("klaro")`: open the page of that tool, as a site that has moved would serve it."""
    for number in (1, 3):
        elsewhere.put(f"/{number}.js", f"ran('{number}')", "text/javascript")
    elsewhere.put("/frame", "<p>Frame</p>")
    elsewhere.put("/dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    elsewhere.put("/style.css", "p{color:red}", "text/css")

    def go(
        tool: str, key: str = "", head: str = "", body: str | None = None, settle: bool = True
    ) -> Page:
        key = key or key_of(tool)
        file = ROOT / f"tests/dialects/{tool}.html"
        text = file.read_text("utf-8") if body is None else body
        elsewhere.put(
            "/",
            '<!doctype html><html lang="en"><head><title>Shop</title>'
            f'<script data-site="{key}">{sites.stub()}</script>'
            f'<script async src="{shop.url}/v1/{key}/consent.js"></script>'
            "<script>window.__ran = []; var ran = (name) => window.__ran.push(name)</script>"
            f"{early()}{head}</head><body><h1>Shop</h1>{text}</body></html>",
        )
        page.goto(f"http://localhost:{elsewhere.port}/")
        if settle:
            started(page)
        return page

    return go


def started(page: Page) -> None:
    """Until the script and its part stand."""
    until(page, "!!window.consent && consent.get() !== null")
    quiet(page)


def accept(page: Page) -> None:
    page.click("#cmp-dialog [data-cmp=accept]")
    quiet(page)


HELD = {"/1.js", "/3.js", "/frame", "/dot.svg", "/style.css"}
# What each page runs when all is accepted, in its order, and when all is refused.
WALKS: dict[str, tuple[list[str], list[str]]] = {
    "vanilla-cookieconsent": (["1", "2", "3", "4"], ["refused", "refused service"]),
    "vanilla-cookieconsent-2": (["1", "2", "3", "4"], []),
    "cookiebot": (["at once", "1", "2", "3"], ["at once"]),
    "klaro": (["1", "2", "3"], []),
    "complianz": (["1", "2", "3"], []),
    "cookieyes": (["1", "2", "3"], []),
    "onetrust": (["1", "2", "3", "4"], []),
}


@pytest.mark.parametrize("tool", WALKS)
def test_nothing_is_asked_for_before_and_all_runs_once_in_order_after(
    dialect: Callable[..., Page], elsewhere: Website, tool: str
) -> None:
    page = dialect(tool, key="plain.example")
    before = [name for name in WALKS[tool][0] if name == "at once"]
    assert ran(page) == before
    assert not HELD & set(elsewhere.asked)
    accept(page)
    wanted = WALKS[tool][0]
    until(page, f"window.__ran.length >= {len(wanted)}")
    page.evaluate("consent.acceptAll()")
    page.evaluate("document.body.append(document.createElement('p'))")
    quiet(page)
    assert ran(page) == wanted
    text = (ROOT / f"tests/dialects/{tool}.html").read_text("utf-8")
    there = {path for path in HELD if path in text}
    assert {path: elsewhere.asked.count(path) for path in there} == dict.fromkeys(there, 1)


@pytest.mark.parametrize("tool", WALKS)
def test_a_refusal_lets_nothing_run_but_what_waits_for_one(
    dialect: Callable[..., Page], elsewhere: Website, tool: str
) -> None:
    page = dialect(tool, key="plain.example")
    page.click("#cmp-dialog [data-cmp=reject]")
    wanted = WALKS[tool][1]
    until(page, f"window.__ran.length >= {len(wanted)}")
    quiet(page)
    assert ran(page) == wanted
    assert not HELD & set(elsewhere.asked)


@pytest.mark.parametrize("tool", ["cookiebot", "klaro", "complianz", "cookieyes", "onetrust"])
def test_a_withdrawal_empties_the_frame_and_the_next_view_runs_nothing(
    dialect: Callable[..., Page], elsewhere: Website, tool: str
) -> None:
    page = dialect(tool, key="plain.example")
    accept(page)
    expect(page.frame_locator("iframe").get_by_text("Frame")).to_be_visible()
    page.evaluate("consent.withdraw()")
    expect(page.locator("iframe")).to_have_attribute("src", "about:blank")
    elsewhere.asked.clear()
    page.reload()
    started(page)
    assert [name for name in ran(page) if name != "at once"] == []
    assert not HELD & set(elsewhere.asked)


@pytest.mark.parametrize("tool", ["cookieyes", "onetrust", "klaro"])
def test_what_a_page_adds_later_is_read_too(
    dialect: Callable[..., Page], elsewhere: Website, tool: str
) -> None:
    text = (ROOT / f"tests/dialects/{tool}.html").read_text("utf-8")
    page = dialect(tool, key="plain.example", body="<main></main>")
    accept(page)
    page.evaluate(
        "html => document.querySelector('main').append(...new DOMParser()"
        ".parseFromString(html, 'text/html').querySelectorAll('script,iframe'))",
        text,
    )
    wanted = WALKS[tool][0]
    until(page, f"window.__ran.length >= {len(wanted)}")
    quiet(page)
    # Once, and in order among tags that need no translation; see the limits in docs/moving.md.
    assert sorted(ran(page)) == wanted
    assert elsewhere.asked.count("/frame") == 1


def test_an_answer_that_is_quicker_than_the_part_is_not_lost(
    dialect: Callable[..., Page], page: Page
) -> None:
    waiting: list[Any] = []
    page.route("**/code/dialects.*.js", lambda route: waiting.append(route))
    dialect("onetrust", key="plain.example", settle=False)
    page.click("#cmp-dialog [data-cmp=accept]")
    assert waiting and ran(page) == []
    waiting[0].continue_()
    until(page, "window.__ran.length >= 4")
    assert ran(page) == ["1", "2", "3", "4"]


# -- what is shown, hidden and clicked -----------------------------------------------------------


def test_cookiebots_classes_show_and_hide(dialect: Callable[..., Page]) -> None:
    page = dialect("cookiebot", key="plain.example")
    out, into = page.locator(".cookieconsent-optout-marketing"), page.get_by_text("The video")
    rest = page.locator(".cookieconsent-optout")
    expect(out).to_be_visible()
    expect(into).to_be_hidden()
    page.evaluate("consent.set({marketing: true})")
    expect(into).to_be_visible()
    expect(out).to_be_hidden()
    expect(rest).to_be_visible()  # statistics and preferences are not accepted
    page.evaluate("consent.acceptAll()")
    expect(rest).to_be_hidden()
    page.evaluate("consent.withdraw()")
    expect(into).to_be_hidden()


def test_klaros_placeholder_goes_with_its_service(dialect: Callable[..., Page]) -> None:
    page = dialect("klaro", key="plain.example")
    waits = page.get_by_text("The video waits.")
    expect(waits).to_be_visible()
    accept(page)
    expect(waits).to_be_hidden()
    page.evaluate("consent.withdraw()")
    expect(waits).to_be_visible()


def test_complianz_classes_stand_on_the_body_and_its_buttons_work(
    dialect: Callable[..., Page],
) -> None:
    page = dialect("complianz", key="plain.example")
    body = page.locator("body")
    expect(body).not_to_have_class(re.compile("cmplz-marketing"))
    page.get_by_text("Accept marketing", exact=True).click()
    expect(body).to_have_class(re.compile("cmplz-marketing"))
    assert page.evaluate("[consent.allowed('marketing'), consent.allowed('statistics')]") == [
        True,
        False,
    ]
    page.get_by_text("No", exact=True).click()
    expect(body).not_to_have_class(re.compile("cmplz-marketing"))
    page.get_by_text("Yes", exact=True).click()
    assert page.evaluate("consent.allowed('statistics')") is True


@pytest.mark.parametrize(
    ("tool", "button"),
    [
        ("vanilla-cookieconsent", "text=Preferences >> visible=true"),
        ("vanilla-cookieconsent", "text=Selection"),
        ("vanilla-cookieconsent", "text=Banner"),
        ("vanilla-cookieconsent-2", "[data-cc]"),
        ("complianz", ".cmplz-manage-consent"),
        ("cookieyes", ".cky-banner-element"),
        ("onetrust", "#ot-sdk-btn"),
        ("tarteaucitron", "text=Cookies >> visible=true"),
    ],
)
def test_their_buttons_open_the_settings(
    dialect: Callable[..., Page], tool: str, button: str
) -> None:
    page = dialect(tool, key="plain.example")
    page.click("#cmp-dialog [data-cmp=reject]")
    if tool == "tarteaucitron":
        page.click("a[href='#tarteaucitron']")
    elif button == "text=Preferences >> visible=true":
        page.click("[data-cc=show-preferencesModal]")
    else:
        page.click(button)
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


# -- the globals ---------------------------------------------------------------------------------


def told(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("window.__told || []")
    return found


TELL = (
    "<script>window.__told = []; "
    "var tell = (...said) => window.__told.push(said.join(' '))</script>"
)

VANILLA = (
    TELL
    + """<script>
for (const name of ['onConsent', 'onFirstConsent', 'onChange', 'onModalShow', 'onModalHide'])
  addEventListener('cc:' + name, ({ detail }) =>
    tell(name, (detail.changedCategories || []).join(), detail.modalName || ''));
CookieConsent.run({
  categories: {
    necessary: { enabled: true, readOnly: true },
    analytics: { services: { 'Google Analytics': {
      onAccept: () => tell('GA on'), onReject: () => tell('GA off') } } },
    ads: {},
  },
  onConsent: ({ cookie }) => tell('callback', cookie.categories.join()),
}).then(() => tell('run'));
tell('early', CookieConsent.acceptedCategory('analytics'));
</script>"""
)


def test_code_written_for_vanilla_cookieconsent_runs(dialect: Callable[..., Page]) -> None:
    page = dialect("vanilla-cookieconsent", head=VANILLA)
    assert told(page)[0] == "early false"
    until(page, "window.__told.some((one) => one.startsWith('onModalShow'))")
    assert "onModalShow  consentModal" in told(page)
    assert page.evaluate("CookieConsent.validConsent()") is False
    assert page.evaluate("CookieConsent.getUserPreferences().acceptType") == ""
    page.evaluate("window.__told.length = 0; CookieConsent.acceptCategory('analytics')")
    until(page, "window.__told.includes('GA on')")
    page.wait_for_timeout(50)
    said = told(page)
    assert "onFirstConsent  " in said and "onConsent  " in said
    assert "callback necessary,analytics" in said
    assert "onModalHide  consentModal" in said
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    asked = """({
      analytics: CookieConsent.acceptedCategory('analytics'),
      ads: CookieConsent.acceptedCategory('ads'),
      ga: CookieConsent.acceptedService('Google Analytics', 'analytics'),
      valid: CookieConsent.validConsent(),
      preferences: CookieConsent.getUserPreferences(),
      cookie: CookieConsent.getCookie('categories'),
      id: CookieConsent.getCookie('consentId') === consent.get().id,
      config: Object.keys(CookieConsent.getConfig('categories')),
    })"""
    assert page.evaluate(asked) == {
        "analytics": True,
        "ads": False,
        "ga": True,
        "valid": True,
        "preferences": {
            "acceptType": "custom",
            "acceptedCategories": ["necessary", "analytics"],
            "rejectedCategories": ["ads"],
            "acceptedServices": {
                "necessary": ["crumbtrail"],
                "analytics": ["Google Analytics"],
                "ads": [],
            },
            "rejectedServices": {"necessary": [], "analytics": [], "ads": ["ads", "youtube"]},
        },
        "cookie": ["necessary", "analytics"],
        "id": True,
        "config": ["necessary", "analytics", "ads"],
    }
    page.evaluate("window.__told.length = 0; CookieConsent.acceptService([], 'analytics')")
    assert "onChange analytics " in told(page) and "GA off" in told(page)
    page.evaluate("CookieConsent.acceptCategory('all', ['ads'])")
    assert page.evaluate("CookieConsent.acceptedCategory('ads')") is False
    page.evaluate("CookieConsent.acceptCategory('all')")
    assert page.evaluate("CookieConsent.getUserPreferences().acceptType") == "all"
    page.evaluate("document.cookie = '_ga_x=1'; CookieConsent.eraseCookies(/^(_ga|crumb)/)")
    names = page.evaluate("document.cookie.split('; ').map((pair) => pair.split('=')[0])")
    assert "_ga_x" not in names and "crumbtrail" in names
    page.evaluate("CookieConsent.showPreferences()")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.evaluate("CookieConsent.hidePreferences()")
    expect(page.locator("dialog#cmp-dialog")).to_have_count(0)


def test_a_later_view_tells_vanilla_code_of_the_consent(dialect: Callable[..., Page]) -> None:
    page = dialect("vanilla-cookieconsent", head=VANILLA)
    accept(page)
    page.reload()
    started(page)
    until(page, "window.__told.includes('GA on')")
    assert "callback necessary,analytics,ads" in told(page)
    assert not any(one.startswith("onFirstConsent") for one in told(page))


def test_version_2_of_it_answers_too(dialect: Callable[..., Page]) -> None:
    page = dialect("vanilla-cookieconsent-2")
    page.evaluate(
        "window.cc = initCookieConsent(); cc.run({onFirstAction: (p) => (window.__first = p)})"
    )
    page.evaluate("cc.accept('all')")
    assert page.evaluate("[cc.allowedCategory('analytics'), __first.accept_type]") == [True, "all"]


COOKIEBOT = (
    TELL
    + """<script>
for (const name of ['OnLoad', 'OnConsentReady', 'OnAccept', 'OnDecline', 'OnDialogDisplay'])
  addEventListener('Cookiebot' + name, () => tell(name, Cookiebot.consent.marketing));
function CookiebotCallback_OnAccept() { tell('callback', Cookiebot.consented); }
</script>"""
)


def test_code_written_for_cookiebot_runs(dialect: Callable[..., Page]) -> None:
    page = dialect("cookiebot", head=COOKIEBOT)
    until(page, "window.__told.includes('OnDialogDisplay false')")
    state = """({...Cookiebot.consent, stamp: Cookiebot.consent.stamp.length > 1,
      consented: Cookiebot.consented, declined: Cookiebot.declined,
      hasResponse: Cookiebot.hasResponse})"""
    nothing = {
        "necessary": True,
        "preferences": False,
        "statistics": False,
        "marketing": False,
        "method": None,
        "stamp": False,
        "consented": False,
        "declined": False,
        "hasResponse": False,
    }
    assert page.evaluate(state) == nothing
    assert "OnConsentReady false" not in told(page)
    page.evaluate("Cookiebot.submitCustomConsent(false, true, true)")
    answered = {"method": "explicit", "stamp": True, "hasResponse": True}
    assert page.evaluate(state) == {
        **nothing,
        **answered,
        "statistics": True,
        "marketing": True,
        "consented": True,
    }
    assert told(page)[-3:] == ["OnConsentReady true", "callback true", "OnAccept true"]
    page.evaluate("Cookiebot.withdraw()")
    assert page.evaluate(state) == {**nothing, **answered, "declined": True}
    assert told(page)[-1] == "OnDecline false"
    page.click(".cookieconsent-optout-marketing a")  # javascript:Cookiebot.renew()
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_code_written_for_klaro_runs(dialect: Callable[..., Page]) -> None:
    head = (
        TELL
        + """<script>
var klaroConfig = { services: [
  { name: 'googleAnalytics', callback: (given, service) => tell(service.name, given) },
  { name: 'ads', onAccept: () => tell('ads on'), onDecline: 'tell("evaluated")' },
] };
</script>"""
    )
    page = dialect("klaro", head=head)
    until(page, "!!window.klaro")
    assert told(page) == ["googleAnalytics false"]
    page.evaluate(
        "klaro.getManager().watch({ update: (m, name) => tell('watch', name) });"
        "klaro.getManager().updateConsent('googleAnalytics', true);"
        "klaro.getManager().saveAndApplyConsents()"
    )
    asked = "(m => [m.getConsent('googleAnalytics'), m.getConsent('ads'), m.confirmed])"
    assert page.evaluate(f"{asked}(klaro.getManager())") == [True, False, True]
    assert "googleAnalytics true" in told(page) and "watch saveConsents" in told(page)
    page.evaluate("klaro.getManager().changeAll(true); klaro.getManager().saveConsents()")
    assert told(page).count("ads on") == 1 and "evaluated" not in told(page)
    assert page.evaluate("klaro.show()") is False
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_code_written_for_onetrust_runs(dialect: Callable[..., Page]) -> None:
    head = (
        TELL
        + """<script>
function OptanonWrapper() { tell('wrapper', OptanonActiveGroups); }
addEventListener('OneTrustGroupsUpdated', ({ detail }) => tell('groups', detail.join()));
</script>"""
    )
    page = dialect("onetrust", head=head)
    until(page, "!!window.OneTrust")
    assert told(page) == ["wrapper ,C0001,", "groups C0001"]
    assert page.evaluate("OneTrust.IsAlertBoxClosed()") is False
    page.evaluate(
        "OneTrust.OnConsentChanged(({detail}) => tell('changed', detail.join()));"
        "OneTrust.UpdateConsent('Category', 'C0002:1,C0004:0')"
    )
    assert told(page)[-1] == "changed C0001,C0002"
    assert page.evaluate("[OneTrust.IsAlertBoxClosed(), OnetrustActiveGroups]") == [
        True,
        ",C0001,C0002,",
    ]
    layer = "dataLayer.filter((one) => one.event === 'OneTrustGroupsUpdated').length"
    assert page.evaluate(layer) == 1
    page.evaluate("OneTrust.AllowAll()")
    assert page.evaluate("OptanonActiveGroups") == ",C0001,C0003,C0002,C0004,C0005,"
    page.evaluate("OneTrust.ToggleInfoDisplay()")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_code_written_for_cookieyes_runs(dialect: Callable[..., Page]) -> None:
    head = (
        TELL
        + """<script>
document.addEventListener('cookieyes_consent_update', ({ detail }) => tell(detail.accepted.join()));
</script>"""
    )
    page = dialect("cookieyes", head=head)
    until(page, "!!window.getCkyConsent")
    assert page.evaluate("getCkyConsent().isUserActionCompleted") is False
    page.evaluate("performBannerAction('accept_all')")
    assert told(page) == ["necessary,functional,analytics,performance,advertisement"]
    page.evaluate("performBannerAction('reject')")
    assert page.evaluate("getCkyConsent().categories.analytics") is False
    page.evaluate("revisitCkyConsent()")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_code_written_for_complianz_runs(dialect: Callable[..., Page]) -> None:
    head = (
        TELL
        + """<script>
for (const name of ['cmplz_status_change', 'cmplz_enable_category', 'cmplz_revoke'])
  document.addEventListener(name, ({ detail }) =>
    tell(name, detail.category || '', detail.value || ''));
</script>"""
    )
    page = dialect("complianz", head=head)
    until(page, "!!window.cmplz_has_consent")
    assert page.evaluate("['functional', 'statistics'].map(cmplz_has_consent)") == [True, False]
    page.evaluate("cmplz_set_consent('statistics', 'allow')")
    assert told(page) == [
        "cmplz_status_change statistics allow",
        "cmplz_enable_category statistics ",
    ]
    assert page.evaluate("cmplz_has_service_consent('google-analytics')") is True
    page.evaluate("cmplz_deny_all()")
    assert told(page)[-2:] == ["cmplz_status_change statistics deny", "cmplz_revoke  "]


def test_a_page_of_tarteaucitron_runs(dialect: Callable[..., Page], page: Page) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page = dialect("tarteaucitron")
    until(page, "!!window.tarteaucitron && 'state' in tarteaucitron")
    expect(page.get_by_text("No ads yet")).to_be_visible()
    assert ran(page) == []
    page.evaluate("document.addEventListener('ads_allowed', () => ran('event'))")
    outside = [url for url in asked if "localhost" not in url and "127.0.0.1" not in url]
    assert outside == []
    accept(page)
    until(page, "window.__ran.length >= 3")
    assert ran(page) == ["1", "event", "3"]
    wanted = {
        "https://www.youtube-nocookie.com/embed/abc_DEF-123?rel=0&controls=1",
        "https://www.googletagmanager.com/gtag/js?id=G-TEST",
    }
    soon(page, lambda: wanted <= set(asked))
    assert not any("vimeo" in url for url in asked)  # not in the notice
    assert page.evaluate("[tarteaucitron.state.ads, tarteaucitron.state.nobodyknowsit]") == [
        True,
        False,
    ]
    page.evaluate("tarteaucitron.userInterface.respondAll(false)")
    expect(page.locator(".youtube_player iframe")).to_have_attribute("src", "about:blank")
    page.evaluate("location.hash = '#tarteaucitron'")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_another_tool_that_is_still_there_keeps_its_name(dialect: Callable[..., Page]) -> None:
    page = dialect("cookiebot", head="<script>window.Cookiebot = {real: true, renew() {}}</script>")
    quiet(page)
    assert page.evaluate("Cookiebot.real && !Cookiebot.consent") is True


def test_a_page_whose_callbacks_throw_is_not_broken(
    dialect: Callable[..., Page], elsewhere: Website
) -> None:
    head = "<script>function OptanonWrapper() { throw new Error('theirs'); }</script>"
    page = dialect("onetrust", head=head)
    accept(page)
    until(page, "window.__ran.length >= 4")
    assert ran(page) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_strict_policy_is_kept_by_every_stand_in(
    shop: Server, elsewhere: Website, page: Page, tool: str
) -> None:
    nonce, said = 'nonce="abc123"', []
    held = (
        f'<script {nonce} type="text/plain" class="optanon-category-C0002" '
        'data-cookieyes="cookieyes-analytics">window.__ran = ["held"]</script>'
        '<div class="youtube_player" videoID="abc"></div><p class="cookieconsent-optin">In</p>'
    )
    elsewhere.put(
        "/",
        f'<!doctype html><html lang="en"><head><title>Shop</title>'
        f'<script data-site="{key_of(tool)}" {nonce}>{sites.stub()}</script>'
        f'<script async src="{shop.url}/v1/{key_of(tool)}/consent.js" {nonce}></script>'
        f"</head><body><h1>Shop</h1>{held}</body></html>",
        Content_Security_Policy="default-src 'none'; script-src 'nonce-abc123' 'strict-dynamic'; "
        f"connect-src {shop.url}; base-uri 'none'; require-trusted-types-for 'script'",
    )
    page.on("console", lambda line: said.append(line.text))
    page.goto(f"http://localhost:{elsewhere.port}/")
    started(page)
    page.click("#cmp-dialog [data-cmp=accept]")
    until(page, "(window.__ran || []).length === 1")
    page.evaluate("consent.withdraw()")
    quiet(page)
    broken = [line for line in said if "Security" in line or "Trusted" in line]
    # The video's own address is what this policy forbids, once it is allowed by the visitor.
    assert [line for line in broken if "youtube-nocookie" not in line] == []


def test_a_page_that_nobody_looks_at_yet_is_left_alone(
    shop: Server, elsewhere: Website, page: Page
) -> None:
    page.add_init_script(
        "window.__early = true; Object.defineProperty(document, 'prerendering',"
        " {get: () => window.__early, configurable: true})"
    )
    elsewhere.put(
        "/",
        f'<!doctype html><html lang="en"><head><title>Shop</title>'
        f'<script data-site="{key_of("cookiebot")}">{sites.stub()}</script>'
        f'<script async src="{shop.url}/v1/{key_of("cookiebot")}/consent.js"></script>'
        "</head><body><h1>Shop</h1></body></html>",
    )
    page.goto(f"http://localhost:{elsewhere.port}/")
    until(page, "!!window.consent")
    quiet(page)
    assert page.evaluate("'Cookiebot' in window") is False
    page.evaluate("window.__early = false; document.dispatchEvent(new Event('prerenderingchange'))")
    until(page, "'Cookiebot' in window")
