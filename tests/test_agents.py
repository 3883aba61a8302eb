"""Agents that refuse on a visitor's behalf can: the rules in docs/agents, and no rule at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consent import sites
from tests.acts import make_site
from tests.databases import Databases
from tests.node import MODULES, answer
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import cookies, delivered, records_of, until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

AGENTS = ROOT / "docs/agents"
AUTOCONSENT = MODULES / "@duckduckgo/autoconsent"
SHOP = "example.com"
LANGUAGES = [file.stem for file in sorted((ROOT / "consent/data/texts").glob("*.json"))]
# The groups of autoconsent's reject patterns, and our language for each. A group of one site's
# whole sentence ("allow only the necessary cookie") fits no label that stands beside "Accept all".
KNOWN = {
    "ENGLISH": "en",
    "DUTCH": "nl",
    "FRENCH": "fr",
    "GERMAN": "de",
    "ITALIAN": "it",
    "BRAZILIAN_PORTUGUESE": "pt",
    "SPANISH": "es",
    "SWEDISH": "sv",
    "CATALAN": "ca",
    "GALICIAN": "gl",
    "BASQUE": "eu",
    "POLISH": "pl",
    "TURKISH": "tr",
}
ONE_SENTENCE = {"PORTUGUESE": "pt", "CZECH": "cs", "RUSSIAN": "ru", "INDONESIAN": "id"}
# Where its patterns for the text of a banner, which it needs besides the button, know our words.
DETECTED = {"en", "fr", "de", "nl", "pl"}
FIRST_LAYER = (
    "title",
    "intro",
    "purpose_preferences",
    "purpose_statistics",
    "purpose_marketing",
    "rights",
    "refusal",
    "policy",
    "reject",
    "accept",
    "preferences",
)
BAR = ("title", "bar", "policy", "opt_out", "ok", "preferences")


def rule(name: str) -> Any:
    return json.loads((AGENTS / f"{name}.json").read_text("utf-8"))


def refused(page: Page, server: Server) -> dict[str, Any]:
    """The one record of this visitor, after an agent has refused for them."""
    delivered(page)
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    (record,) = records_of(server, page)
    assert record["action"] == "reject_all"
    assert not any(record["categories"].values())
    said = cookies(page)["crumbtrail"]
    assert "&marketing=0" in said and "=1&" not in said.removeprefix("v=1&asks=1&")
    return record


# -- autoconsent, the real engine ----------------------------------------------------------------


@cache
def engine() -> str:
    return (AUTOCONSENT / "dist/autoconsent.playwright.js").read_text("utf-8")


def autoconsent(
    page: Page, rules: list[Any], heuristics: str = "off", action: str = "optOut"
) -> None:
    """The engine's content script on each page, before the page's own; what it says is kept in
    `__said`. The self-test runs as soon as it reports that it is done."""
    settings = {
        "enabled": True,
        "autoAction": action,
        "enablePrehide": True,
        "detectRetries": 20,
        "isMainWorld": True,
        "heuristicMode": heuristics,
    }
    start = json.dumps({"type": "initResp", "config": settings, "rules": {"autoconsent": rules}})
    page.add_init_script(
        f"""
        window.__said = [];
        window.autoconsentSendMessage = async (message) => {{
          window.__said.push(message);
          const tell = (answer) => setTimeout(() => window.autoconsentReceiveMessage(answer));
          if (message.type === 'init') tell({start});
          if (message.type === 'autoconsentDone') tell({{ type: 'selfTest' }});
        }};
        {engine()}
        """
    )


def self_tested(page: Page) -> str:
    """The name of the rule that answered; it and its own test have succeeded."""
    until(page, "__said.some(({ type }) => type === 'selfTestResult')")
    said = {message["type"]: message for message in page.evaluate("__said")}
    assert said["optOutResult"]["result"] and said["selfTestResult"]["result"]
    assert "autoconsentError" not in said
    return str(said["autoconsentDone"]["cmp"])


def test_autoconsent_with_our_rule_opts_out_by_itself(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    autoconsent(page, [rule("autoconsent")])
    visit("voipstudio.pl/", place="PL")
    assert self_tested(page) == "crumbtrail"
    assert refused(page, server)["layer"] == 1


@pytest.mark.parametrize(
    ("rules", "heuristics", "by"),
    [([rule("autoconsent")], "off", "crumbtrail"), ([], "reject", "HEURISTIC-REJECT")],
)
def test_autoconsent_clicks_opt_out_in_the_bar_of_a_lax_regime(
    rules: list[Any],
    heuristics: str,
    by: str,
    visit: Callable[..., Page],
    page: Page,
    server: Server,
) -> None:
    page.add_init_script(
        "document.addEventListener('consent:shown', () => {"
        " window.__bar = !!document.querySelector('#cmp-dialog.ctl-bar'); })"
    )
    autoconsent(page, rules, heuristics)
    visit("voipstudio.pl/", place="US-CA")
    assert self_tested(page) == by
    assert page.evaluate("[__bar, consent.get().strict]") == [True, False]
    assert refused(page, server)["regime"] == "US-CA"


def test_autoconsent_with_our_rule_can_opt_in(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    autoconsent(page, [rule("autoconsent")], action="optIn")
    visit("voipstudio.pl/", place="PL")
    delivered(page)
    (record,) = records_of(server, page)
    assert record["action"] == "accept_all"


def test_autoconsent_without_our_rule_opts_out_by_its_heuristics(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    autoconsent(page, [], heuristics="reject")
    visit("voipstudio.pl/", place="PL")
    assert self_tested(page) == "HEURISTIC-REJECT"
    refused(page, server)


def test_no_rule_that_autoconsent_ships_mistakes_our_banner_for_another(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    shipped = json.loads((AUTOCONSENT / "rules/rules.json").read_text("utf-8"))["autoconsent"]
    assert len(shipped) > 300 and "crumbtrail" not in {each["name"] for each in shipped}
    autoconsent(page, [*shipped, rule("autoconsent")], heuristics="tier2")
    visit("voipstudio.pl/", place="PL")
    assert self_tested(page) == "crumbtrail"
    found = page.evaluate("__said.filter(({ type }) => type === 'cmpDetected')")
    assert {message["cmp"] for message in found} == {"crumbtrail"}
    refused(page, server)


def test_autoconsent_leaves_a_visitor_who_has_chosen_alone(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    visit("voipstudio.pl/", place="PL")
    page.click("[data-cmp=accept]")
    chosen = delivered(page)
    autoconsent(page, [rule("autoconsent")], heuristics="reject")
    page.reload()
    until(page, "__said.length > 0 && consent.get() !== null")
    page.wait_for_timeout(1500)
    said = {message["type"] for message in page.evaluate("__said")}
    assert not said & {"popupFound", "optOutResult"}
    assert delivered(page) == chosen


# -- autoconsent, in every language ----------------------------------------------------------------


@cache
def texts(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (ROOT / f"consent/data/texts/{language}.json").read_text("utf-8")
    )
    return found


@cache
def heard() -> dict[str, Any]:
    """What the engine's own functions make of our labels and of the text of our two prompts."""
    return dict(
        answer(
            ROOT / "tests/autoconsent_words.mjs",
            AUTOCONSENT / "dist/autoconsent.esm.js",
            given={
                "buttons": [
                    texts(language)[key] for language in LANGUAGES for key in ("reject", "opt_out")
                ],
                "popups": [
                    "\n".join(texts(language)[key] for key in keys)
                    for language in LANGUAGES
                    for keys in (FIRST_LAYER, BAR)
                ],
            },
        )
    )


def primary(language: str) -> str:
    return re.split("[-_]", language)[0].lower()


def test_autoconsents_languages_are_those_we_know_of() -> None:
    assert set(heard()["languages"]) == {*KNOWN, *ONE_SENTENCE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_reject_and_opt_out_are_found_by_text_where_autoconsent_knows_the_language(
    language: str,
) -> None:
    start = LANGUAGES.index(language) * 2
    labels = {texts(language)["reject"], texts(language)["opt_out"]}
    found = set(heard()["buttons"][start : start + 2])
    if primary(language) in KNOWN.values():
        assert found == {"reject"}, labels
    else:
        assert not found & {"accept", "acknowledge", "settings"}, labels


@pytest.mark.parametrize("language", [each for each in LANGUAGES if primary(each) in DETECTED])
def test_both_prompts_are_seen_as_banners_where_autoconsent_knows_the_words(language: str) -> None:
    start = LANGUAGES.index(language) * 2
    assert heard()["popups"][start : start + 2] == [True, True]


def test_the_readme_says_which_languages_the_heuristics_find() -> None:
    text = (AGENTS / "README.md").read_text("utf-8")
    for language in LANGUAGES:
        if primary(language) in KNOWN.values():
            assert f"`{primary(language)}`" in text, language
    assert {f"`{each}`" for each in DETECTED} <= set(re.findall("`[a-z]{2}`", text))


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site in every language we have."""
    with lent_server(databases, tmp_path_factory.mktemp("shop")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SHOP, languages=list(sites.LANGUAGES))
        yield running


@pytest.mark.parametrize(
    "language", [each for each in sites.LANGUAGES if primary(each) in DETECTED]
)
def test_the_heuristics_alone_refuse_in_each_language_they_know(
    language: str, shop: Server, elsewhere: Website, page: Page
) -> None:
    autoconsent(page, [], heuristics="reject")
    elsewhere.put(
        "/",
        f'<!doctype html><html lang="{language}"><title>Shop</title><body><h1>Shop</h1>'
        f'<script async src="{shop.url}/v1/{SHOP}/consent.js"></script>',
    )
    page.goto(f"http://localhost:{elsewhere.port}/")
    assert self_tested(page) == "HEURISTIC-REJECT"
    assert page.evaluate("consent.get().decided") is True
    assert page.evaluate("consent.get().categories") == {
        "necessary": True,
        "statistics": False,
        "marketing": False,
    }


# -- Consent-O-Matic, by its published schema --------------------------------------------------

# What each kind must and may hold, from rules.schema.json of their repository.
ACTIONS: dict[str, tuple[set[str], set[str]]] = {
    "click": ({"target"}, {"parent", "openInTab"}),
    "list": ({"actions"}, set()),
    "consent": ({"consents"}, set()),
    "ifcss": ({"target"}, {"parent", "trueAction", "falseAction"}),
    "ifallownone": (set(), {"trueAction", "falseAction"}),
    "waitcss": ({"target"}, {"parent", "retries", "waitTime", "negated"}),
}
MATCHERS: dict[str, tuple[set[str], set[str]]] = {
    "css": ({"target"}, {"parent"}),
    "checkbox": ({"target"}, {"parent", "negated"}),
}
CONSENT = ({"type"}, {"toggleAction", "matcher", "trueAction", "falseAction", "description"})
SELECTION = ({"selector"}, {"textFilter", "displayFilter", "iframeFilter", "childFilter"})


def fits(value: dict[str, Any], fields: tuple[set[str], set[str]]) -> None:
    must, may = fields
    assert must <= value.keys() <= must | may, value


def check_action(action: dict[str, Any]) -> None:
    must, may = ACTIONS[action["type"]]
    fits(action, (must | {"type"}, may))
    for inner in action.get("actions", []):
        check_action(inner)
    for name in ("trueAction", "falseAction"):
        if name in action:
            check_action(action[name])
    if "target" in action:
        fits(action["target"], SELECTION)
    for consent in action.get("consents", []):
        fits(consent, CONSENT)
        assert consent["type"] in set("DABEFX")
        check_action(consent["toggleAction"])
        check_matcher(consent["matcher"])


def check_matcher(matcher: dict[str, Any]) -> None:
    must, may = MATCHERS[matcher["type"]]
    fits(matcher, (must | {"type"}, may))
    fits(matcher["target"], SELECTION)


def consent_o_matic(page: Page, *allowed: str) -> list[str]:
    page.wait_for_selector("#cmp-dialog")
    reader = (ROOT / "tests/consent_o_matic.js").read_text("utf-8")
    reader = reader[reader.index("async (rule") :].rstrip().rstrip(";")
    grants = {letter: letter in allowed for letter in "DABEFX"}
    found: list[str] = page.evaluate(
        f"([rule, allowed]) => ({reader})(rule, allowed)",
        [rule("consent-o-matic")["Crumbtrail"], grants],
    )
    return found


def test_the_consent_o_matic_rule_keeps_to_its_schema() -> None:
    content = rule("consent-o-matic")
    assert content.pop("$schema").endswith("/Consent-O-Matic/master/rules.schema.json")
    ((_, ours),) = content.items()
    assert ours.keys() == {"detectors", "methods"}
    for detector in ours["detectors"]:
        fits(detector, (set(), {"presentMatcher", "showingMatcher"}))
        for matcher in [*detector["presentMatcher"], *detector["showingMatcher"]]:
            check_matcher(matcher)
    for method in ours["methods"]:
        fits(method, ({"name", "action"}, set()))
        assert method["name"] in {"OPEN_OPTIONS", "DO_CONSENT", "SAVE_CONSENT", "HIDE_CMP"}
        check_action(method["action"])


def test_what_the_consent_o_matic_rule_names_refuses_with_one_click(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit("voipstudio.pl/", place="PL")
    assert consent_o_matic(page) == ["#cmp-dialog [data-cmp=reject]"]
    refused(page, server)


def test_what_the_consent_o_matic_rule_names_grants_only_what_its_user_grants(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit("voipstudio.pl/", place="PL")
    consent_o_matic(page, "B")
    delivered(page)
    (record,) = records_of(server, page)
    assert record["action"] == "save"
    assert record["categories"] == {"preferences": False, "statistics": True, "marketing": False}
    expect(page.locator("#cmp-dialog")).to_have_count(0)


# -- Firefox, by the fields its importer reads --------------------------------------------------


def test_the_firefox_rule_has_the_fields_its_importer_reads_and_sets_no_cookie() -> None:
    ours = rule("firefox")
    assert ours.keys() == {"id", "domains", "click"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", ours["id"])
    assert ours["domains"] and all(re.fullmatch(r"[a-z0-9.-]+", name) for name in ours["domains"])
    fits(
        ours["click"],
        ({"presence", "optOut"}, {"optIn", "hide", "runContext", "skipPresenceVisibilityCheck"}),
    )


def firefox(page: Page, target: str) -> None:
    """What Firefox does: a visible presence, then a click on the target."""
    click = rule("firefox")["click"]
    page.wait_for_selector(click["presence"])
    seen = "node => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })"
    assert page.locator(click["presence"]).first.evaluate(seen)
    page.evaluate("selector => document.querySelector(selector).click()", click[target])


@pytest.mark.parametrize("place", ["PL", "CA-QC"])
def test_what_the_firefox_rule_names_refuses(
    place: str, visit: Callable[..., Page], server: Server
) -> None:
    page = visit("voipstudio.pl/", place=place)
    firefox(page, "optOut")
    refused(page, server)


def test_what_the_firefox_rule_names_accepts(visit: Callable[..., Page], server: Server) -> None:
    page = visit("voipstudio.pl/", place="PL")
    firefox(page, "optIn")
    delivered(page)
    (record,) = records_of(server, page)
    assert record["action"] == "accept_all"


def test_a_cookie_that_an_agent_injects_is_no_choice(
    visit: Callable[..., Page], page: Page, server: Server
) -> None:
    for value in ("0", "v=1&statistics=0&marketing=0", "v=1&asks=9&t=1&marketing=1"):
        page.context.add_cookies([{"name": "crumbtrail", "value": value, "url": server.url}])
        visit("voipstudio.pl/", place="PL")
        expect(page.locator("#cmp-dialog [data-cmp=reject]")).to_be_visible()
        assert page.evaluate("consent.get().decided") is False


# -- what filter lists hide and block ------------------------------------------------------------

# Facts about lists that hide cookie banners: generic rules of theirs that come near our names,
# and the commonest of the rest.
HIDDEN = """
#cmp-cookie-notification #cmp-faktor-io #cmp-iframe #cmp-overlay.cmpoverlay #cmp-widget-wrapper
#cmpBackdrop #cmpBanner #cmp-container-id #cmp-ui-iframe div#cmp-app-container #cmpbox
#ck-dialog #cp-dialog.cp-wrapper .cmp__wrapper #consent-banner #consent-bar #consent-block
#consent-manager #consent-modal #consent-popup #consent.alert #consentDialog #consent_blackbar
#cookie-banner #cookie-bar #cookie-box #cookie-consent #cookie-notice #cookie-settings.fixed
.cookie-banner .cookie-bar .cookie-consent .cookie-notice .cookie-policy .cookie-table
.cookie-declaration .cookie-settings .cookie-popup .cookie-row .cookie-section .cookie-text
.consent-banner div.consent-dialog div.consent-bg div.privacy-note div.privacy-notice
div.privacy-info div.privacy-modal .privacySettings:not(html):not(body) #gdpr-dialog .gdpr
#ctl00_cookiePanel .ctl_CookieWarning div[data-cmp-no-consent] #ct-ultimate-gdpr-cookie-popup
#ctc-cookie #notice-cookie #privacy-popup
""".split()
# The same of addresses: parts that a request must not have; `*` stands for anything.
BLOCKED = """
-consent-banner. -consent-banner- -cookie-banner. -cookie-consent.js -cookie-notice.
-tracking-consent. /cmp-banner.js /cmp-init. /cmp-v2/ /cmp/cmp.js /cmp/consent- /cmp.bundle.js
/cmp_shim.js /consent-banner- /consent-dialog. /consent-management.js /consent-management/
/consent-manager. /consent-tracking- /consent.min.js? /consent/manager/ /consent/message.
/consentcookie.js /consentUI/ /cookie-consent. /cookie-consent/ /cookie-consent? /cookie-policy-
/cookie-policy.js
/cookie-manager. /cookie-notice. /cookie-settings. /cookie.json /cookieconsent/ /cookies-consent.
/cookies-policy. /data-consent. /gdpr-consent. /gdpr.js /idg-consent. /implied-consent.
/privacy-banner. /privacy-consent- /privacy-manager.js /tcf/cookie. /tcf2.js /zdconsent.
/cookies/*/policy_ /cdn/consent_ /js/CookieManager.js /webflow-consent-manager
""".split()


def test_filter_lists_hide_nothing_of_ours(visit: Callable[..., Page]) -> None:
    page = visit("voipstudio.pl/", place="US", gpc=True)
    roots: set[str] = set()
    for step in ("", "[data-cmp=preferences]:visible"):
        if step:
            page.click(step)
            page.wait_for_selector("dialog#cmp-dialog")
        page.wait_for_selector(".ctl-root")
        roots |= set(page.eval_on_selector_all(".ctl-root", "nodes => nodes.map(n => n.id)"))
        assert_unhidden(page)
    page = visit("voipstudio.pl/", place="PL")
    page.context.clear_cookies()
    page.evaluate("localStorage.clear()")
    page.reload()
    page.wait_for_selector("#cmp-dialog")
    roots |= set(page.eval_on_selector_all(".ctl-root", "nodes => nodes.map(n => n.id)"))
    assert_unhidden(page)
    assert roots == {"cmp-dialog", "cmp-entry", "cmp-note"}


def assert_unhidden(page: Page) -> None:
    hidden = page.evaluate(
        """selectors => [...document.querySelectorAll('.ctl-root')].flatMap(root =>
          selectors.filter(each => root.matches(each) || root.querySelector(each)))""",
        HIDDEN,
    )
    assert hidden == []


def test_filter_lists_block_no_address_of_ours(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/")
    page.click("[data-cmp=preferences]:visible")
    page.click("dialog#cmp-dialog [data-cmp=reject]")
    delivered(page)
    ours = [url for url in asked if "/v1/" in url]
    assert {"consent.js", "consents", "details.json"} <= {Path(url).name for url in ours}
    assert any("/code/settings." in url for url in ours)
    mounted = [url.replace(server.url, "https://shop.example/_ct") for url in ours]
    for part in BLOCKED:
        pattern = ".*".join(re.escape(piece) for piece in part.split("*"))
        assert not [url for url in [*ours, *mounted] if re.search(pattern, url, re.I)], part
