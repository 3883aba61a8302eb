"""Vendors' signals: what a page pushes to whom, in which order, before and after a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.databases import Databases
from tests.pages import Website
from tests.parts import opened, serving
from tests.server import Server
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

VENDORS = "uet clarity meta meta_ldu tiktok pinterest hubspot wordpress data_layer".split()
QUEUES = {
    "uet": {"uet": True},
    "clarity": {"clarity": True},
    "tiktok": {"tiktok": True},
    "matomo": {"matomo": "consent"},
    "matomocookies": {"matomo": "cookies"},
    "hubspot": {"hubspot": True},
    "meta": {"meta": True},
    "ldu": {"meta": True, "meta_ldu": True},
    "pinterest": {"pinterest": True},
    "wordpress": {"wordpress": True},
    "datalayer": {"data_layer": True},
    "google": {"ads_data_redaction": True, "url_passthrough": True, "restricted_data": True},
    "all": {**dict.fromkeys(VENDORS, True), "matomo": "consent"},
}
# Stand-ins for vendors' snippets, of the shape that theirs have: nothing happens where the global
# is there already, and a queue is used at once.
META = (
    "!function(f){if(f.fbq)return;var n=f.fbq=function(){n.queue.push([].slice.call(arguments))};"
    "n.push=n;n.loaded=!0;n.queue=[];f.inserted=(f.inserted||0)+1}(window);"
    "fbq('init','1');fbq('track','PageView')"
)
PINTEREST = (
    "!function(){if(!window.pintrk){window.pintrk=function(){window.pintrk.queue.push("
    "[].slice.call(arguments))};var n=window.pintrk;n.queue=[];window.inserted=1}}();"
    "pintrk('load','1');pintrk('page')"
)
TIKTOK = "var ttq=window.ttq=window.ttq||[];ttq.push(['load','1'])"
BROKEN = (
    "for (const name of ['uetq','ttq','_paq','_hsp'])"
    " window[name] = { push() { throw new Error('vendor'); } };"
    "for (const name of ['fbq','pintrk','clarity','wp_set_consent'])"
    " window[name] = () => { throw new Error('vendor'); };"
)


@pytest.fixture(scope="module")
def server_of_parts(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    wanted: dict[str, Any] = {name: {"signals": options} for name, options in QUEUES.items()}
    with serving(databases, tmp_path_factory.mktemp("signals"), {"off": {}, **wanted}) as server:
        yield server


@pytest.fixture
def go(
    server_of_parts: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> Callable[..., Page]:
    """`go("meta", head, place="US-CA")`"""

    def visit(name: str, head: str = "", **more: str) -> Page:
        return opened(server_of_parts, elsewhere, new_page, name, head, **more)

    return visit


def script(code: str) -> str:
    return f"<script>{code}</script>"


def told(page: Page, queue: str, length: int) -> list[Any]:
    """The queue once it has that many entries, each as a list; it then grows no further."""
    until(page, f"(window.{queue.replace('.', '?.')} || []).length >= {length}")
    page.wait_for_load_state("networkidle")
    found: list[Any] = page.evaluate(
        f"[...window.{queue}].map(e => Object.prototype.toString.call(e) ==="
        " '[object Arguments]' ? [...e] : e)"
    )
    return found


def accept(page: Page) -> None:
    page.click("[data-cmp=accept]")


def withdraw(page: Page) -> None:
    page.evaluate("consent.withdraw()")


NO, YES = {"ad_storage": "denied"}, {"ad_storage": "granted"}


def test_microsoft_advertising_gets_a_default_and_then_an_update_for_each_choice(
    go: Callable[..., Page],
) -> None:
    page = go("uet")
    assert told(page, "uetq", 3) == ["consent", "default", NO]
    accept(page)
    assert told(page, "uetq", 6)[3:] == ["consent", "update", YES]
    withdraw(page)
    assert told(page, "uetq", 9)[6:] == ["consent", "update", NO]
    page.evaluate("consent.set({marketing: true})")
    page.reload()
    assert told(page, "uetq", 6) == ["consent", "default", NO, "consent", "update", YES]


def test_clarity_is_told_by_its_second_version_with_both_storages(go: Callable[..., Page]) -> None:
    page = go("clarity")
    none = ["consentv2", {"ad_Storage": "denied", "analytics_Storage": "denied"}]
    assert told(page, "clarity.q", 1) == [none]
    page.evaluate("consent.set({statistics: true})")
    some = ["consentv2", {"ad_Storage": "denied", "analytics_Storage": "granted"}]
    assert told(page, "clarity.q", 2) == [none, some]
    withdraw(page)
    assert told(page, "clarity.q", 3) == [none, some, none]
    page.evaluate("consent.set({statistics: true})")
    page.reload()
    assert told(page, "clarity.q", 1) == [some]  # nothing that would make it forget the visitor


def test_tiktok_is_held_before_its_snippet_and_then_follows(go: Callable[..., Page]) -> None:
    page = go("tiktok")
    told(page, "ttq", 1)
    page.evaluate(TIKTOK)
    accept(page)
    withdraw(page)
    assert told(page, "ttq", 4) == [
        ["holdConsent"],
        ["load", "1"],
        ["grantConsent"],
        ["revokeConsent"],
    ]


def test_tiktok_that_is_already_there_is_called(go: Callable[..., Page]) -> None:
    names = "['holdConsent','grantConsent','revokeConsent']"
    page = go(
        "tiktok",
        script(
            f"window.calls=[];window.ttq=[];for (const n of {names}) ttq[n] = () => calls.push([n])"
        ),
    )
    assert told(page, "calls", 1) == [["holdConsent"]]
    accept(page)
    withdraw(page)
    assert told(page, "calls", 3)[1:] == [["grantConsent"], ["revokeConsent"]]


@pytest.mark.parametrize(("name", "what"), [("matomo", ""), ("matomocookies", "Cookie")])
def test_matomo_needs_consent_first_and_forgets_it_only_where_it_had_any(
    go: Callable[..., Page], name: str, what: str
) -> None:
    page = go(name)
    needs = [f"require{what}Consent"]
    assert told(page, "_paq", 1) == [needs]
    page.click("[data-cmp=reject]")
    page.evaluate("consent.set({statistics: true})")
    given = [f"set{what}ConsentGiven"]
    assert told(page, "_paq", 2) == [needs, given]
    page.evaluate("consent.set({marketing: true})")  # nothing new for Matomo
    withdraw(page)
    assert told(page, "_paq", 3) == [needs, given, [f"forget{what}ConsentGiven"]]
    page.evaluate("consent.acceptAll()")
    page.reload()
    assert told(page, "_paq", 2) == [needs, given]


def test_hubspot_is_told_each_category_and_asked_to_delete_on_withdrawal(
    go: Callable[..., Page],
) -> None:
    page = go("hubspot")

    def said(yes: bool) -> list[Any]:
        flags = {"analytics": yes, "advertisement": yes, "functionality": False}
        return ["setHubSpotConsent", flags]

    assert told(page, "_hsp", 1) == [said(False)]
    accept(page)
    withdraw(page)
    assert told(page, "_hsp", 4) == [
        said(False),
        said(True),
        said(False),
        ["revokeCookieConsent"],
    ]
    page.evaluate("consent.acceptAll()")
    page.reload()
    assert told(page, "_hsp", 1) == [said(True)]


@pytest.mark.parametrize("late", [True, False], ids=["held until then", "in the page"])
def test_meta_hears_of_consent_before_its_init_and_its_snippet_still_works(
    go: Callable[..., Page], late: bool
) -> None:
    if late:
        page = go("meta", f'<script type="text/plain" data-category="marketing">{META}</script>')
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.fbq === undefined && window.inserted === undefined")
        accept(page)
        calls = told(page, "fbq.queue", 3)
        assert calls == [["consent", "grant"], ["init", "1"], ["track", "PageView"]]
    else:
        page = go("meta", script(META))
        calls = told(page, "fbq.queue", 3)
        assert calls == [["init", "1"], ["track", "PageView"], ["consent", "revoke"]]
        accept(page)
        assert told(page, "fbq.queue", 4)[3:] == [["consent", "grant"]]
    withdraw(page)
    assert told(page, "fbq.queue", 4)[-1] == ["consent", "revoke"]
    assert page.evaluate("inserted") == 1


@pytest.mark.parametrize(
    ("place", "limited"),
    [("US-CA", ["LDU", 1, 1000]), ("US-CO", ["LDU", 0, 0]), ("PL", None)],
)
def test_meta_gets_limited_data_use_with_an_opt_out_in_the_united_states_only(
    go: Callable[..., Page], place: str, limited: list[Any] | None
) -> None:
    page = go("ldu", place=place)
    page.wait_for_load_state("networkidle")
    page.evaluate("consent.rejectAll()")
    page.evaluate(META)
    calls = told(page, "fbq.queue", 3)
    if limited is None:
        assert calls == [["consent", "revoke"], ["init", "1"], ["track", "PageView"]]
        return
    option = ["dataProcessingOptions", [limited[0]], *limited[1:]]
    assert calls[:3] == [option, ["consent", "revoke"], ["init", "1"]]
    page.evaluate("consent.acceptAll()")
    assert [["dataProcessingOptions", []], ["consent", "grant"]] == told(page, "fbq.queue", 6)[-2:]


def test_pinterest_hears_before_it_loads_and_its_snippet_still_works(
    go: Callable[..., Page],
) -> None:
    page = go("pinterest")
    page.wait_for_load_state("networkidle")
    page.evaluate(PINTEREST)
    assert told(page, "pintrk.queue", 3) == [["setconsent", False], ["load", "1"], ["page"]]
    accept(page)
    withdraw(page)
    assert told(page, "pintrk.queue", 5)[3:] == [["setconsent", True], ["setconsent", False]]
    assert page.evaluate("inserted") == 1


@pytest.mark.parametrize("plugin", [True, False], ids=["with the plugin", "without"])
def test_the_wp_consent_api_is_set_or_told_by_its_event(
    go: Callable[..., Page], plugin: bool
) -> None:
    listen = (
        "window.said=[];"
        "document.addEventListener('wp_consent_type_defined',()=>said.push(['type',wp_consent_type]));"
    )
    listen += (
        "window.wp_set_consent=(c,v)=>said.push([c,v]);"
        if plugin
        else "document.addEventListener('wp_listen_for_consent_change',"
        "e=>said.push(...Object.entries(e.detail)));"
    )
    page = go("wordpress", script(listen))
    assert told(page, "said", 1) == [["type", "optin"]]  # nobody has chosen: nothing is set
    page.evaluate("consent.set({statistics: true})")
    assert told(page, "said", 6)[1:] == [
        ["functional", "allow"],
        ["preferences", "deny"],
        ["statistics", "allow"],
        ["marketing", "deny"],
        ["statistics-anonymous", "allow"],
    ]
    page.reload()
    assert ["statistics", "deny"] not in told(page, "said", 6)


def test_where_the_law_lets_a_site_act_first_the_wp_type_says_so(go: Callable[..., Page]) -> None:
    page = go("wordpress", place="US-CA")
    until(page, "window.wp_consent_type === 'optout'")


def test_a_tag_manager_gets_events_with_the_state_of_each_category(
    go: Callable[..., Page],
) -> None:
    page = go("datalayer")

    def events() -> list[Any]:
        page.wait_for_load_state("networkidle")
        found: list[Any] = page.evaluate("dataLayer.filter(e => e.event)")
        return found

    until(page, "dataLayer.some(e => e.event)")
    first = events()
    assert [e["event"] for e in first] == ["consent_default"]
    state = {"necessary": True, "statistics": False, "marketing": False}
    assert first[0]["consent"] == {
        "decided": False,
        "categories": state,
        "services": first[0]["consent"]["services"],
        "regime": "PL",
        "gpc": False,
    }
    accept(page)
    withdraw(page)
    last = events()
    assert [e["event"] for e in last] == ["consent_default", "consent_update", "consent_update"]
    assert last[1]["consent"]["categories"] == dict.fromkeys(state, True)
    assert last[1]["consent"]["services"]["google-analytics"] is True
    assert last[2]["consent"]["categories"] == state and last[2]["consent"]["decided"]


def settings_of(page: Page) -> list[Any]:
    until(page, "dataLayer.some(e => e[0] === 'set')")
    page.wait_for_load_state("networkidle")
    found: list[Any] = page.evaluate("dataLayer.filter(e => e[0] === 'set').map(e => [...e])")
    return found


def test_google_redacts_click_ids_and_passes_none_through_where_consent_comes_first(
    go: Callable[..., Page],
) -> None:
    page = go("google")
    assert settings_of(page) == [
        ["set", "ads_data_redaction", True],
        ["set", "url_passthrough", False],
    ]
    accept(page)
    assert len(settings_of(page)) == 2
    consents = page.evaluate("dataLayer.filter(e => e[0] === 'consent').map(e => e[1])")
    assert consents == ["default", "update"]  # one default, one update for the one choice


def test_google_restricts_processing_after_an_opt_out_in_the_united_states(
    go: Callable[..., Page],
) -> None:
    page = go("google", place="US-CA")
    restricted = ["set", "restricted_data_processing"]
    assert settings_of(page) == [
        ["set", "ads_data_redaction", True],
        ["set", "url_passthrough", True],
        [*restricted, False],
    ]
    page.evaluate("consent.rejectAll()")
    assert settings_of(page)[3:] == [[*restricted, True]]


SEVEN = {
    "ad_storage": "marketing",
    "ad_user_data": "marketing",
    "ad_personalization": "marketing",
    "personalization_storage": "marketing",
    "analytics_storage": "statistics",
}


@pytest.mark.parametrize("marketing", [True, False])
@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("place", ["PL", "US-CA"])
def test_googles_seven_types_follow_the_choice(
    go: Callable[..., Page], place: str, statistics: bool, marketing: bool
) -> None:
    page = go("off", place=place)
    wished = {"statistics": statistics, "marketing": marketing}
    page.evaluate("wished => consent.set(wished)", wished)
    command, last = page.evaluate("[...dataLayer.filter(e => e[0] === 'consent').pop()].slice(1)")
    words = {kind: "granted" if wished[own] else "denied" for kind, own in SEVEN.items()}
    functional = "denied" if place == "PL" else "granted"
    assert command == "update"
    assert last == {
        **words,
        "functionality_storage": functional,
        "security_storage": "granted",
    }


def test_googles_types_start_from_what_the_law_says_at_the_place(go: Callable[..., Page]) -> None:
    ask = "dataLayer.filter(e => e[0] === 'consent').map(e => [e[1], e[2].ad_storage])"
    assert go("off").evaluate(ask) == [["default", "denied"]]
    first = ["default", "denied"]
    assert go("off", place="US-CA").evaluate(ask) == [first, ["update", "granted"]]
    assert go("off", place="US-CA+gpc").evaluate(ask) == [first, ["update", "denied"]]
    shape = "Object.prototype.toString.call(dataLayer[0])"
    assert go("off").evaluate(shape) == "[object Arguments]"


def test_with_the_browsers_signal_nothing_is_ever_granted(
    go: Callable[..., Page],
) -> None:
    head = script("Object.defineProperty(navigator,'globalPrivacyControl',{value:true})")
    page = go("all", head, place="US-CA+gpc")
    assert told(page, "uetq", 6) == ["consent", "default", NO, "consent", "update", NO]
    assert told(page, "ttq", 2) == [["holdConsent"], ["revokeConsent"]]
    page.evaluate(META)
    assert ["consent", "grant"] not in told(page, "fbq.queue", 3)
    assert [entry[1]["ad_Storage"] for entry in told(page, "clarity.q", 1)] == ["denied"]


def test_nothing_is_told_to_anybody_whom_the_owner_did_not_switch_on(
    go: Callable[..., Page], elsewhere: Website
) -> None:
    page = go("off")
    accept(page)
    withdraw(page)
    page.wait_for_load_state("networkidle")
    names = "uetq clarity ttq _paq _hsp fbq pintrk wp_consent_type __gpp __tcfapi".split()
    assert [name for name in names if page.evaluate(f"'{name}' in window")] == []
    assert page.evaluate("dataLayer.filter(e => e.event || e[0] === 'set').length") == 0
    assert (
        page.evaluate(
            "performance.getEntriesByType('resource').filter(e => e.name.includes('/code/')"
            " && !/[/](settings|rest)[.]/.test(e.name)).length"
        )
        == 0
    )


def test_one_vendor_that_is_on_speaks_for_no_other(go: Callable[..., Page]) -> None:
    page = go("uet")
    told(page, "uetq", 3)
    accept(page)
    names = "clarity ttq _paq _hsp fbq pintrk wp_consent_type".split()
    assert [name for name in names if page.evaluate(f"'{name}' in window")] == []


def test_vendors_that_throw_break_neither_the_page_nor_each_other(
    go: Callable[..., Page],
) -> None:
    page = go("all", script(BROKEN))
    until(page, "dataLayer.some(e => e.event === 'consent_default')")
    accept(page)
    until(page, "dataLayer.some(e => e.event === 'consent_update')")
    assert page.evaluate("consent.get().categories.marketing") is True


def test_the_signals_store_no_cookie_of_their_own(go: Callable[..., Page]) -> None:
    page = go("all")
    until(page, "dataLayer.some(e => e.event === 'consent_default')")
    accept(page)
    withdraw(page)
    page.wait_for_load_state("networkidle")
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert names <= {"crumbtrail", "crumbtrail_visitor"}
