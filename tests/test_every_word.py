"""Every word a page of the admin says passes the catalogue, or is what somebody else wrote."""

from __future__ import annotations

import gettext
import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from flask import Flask

from consent import findings, inventory, notices, saying, scans, sites
from consent.admin import tongue
from consent.admin.world import world
from consent.saying import say
from tests.acts import choice_body, post_choice
from tests.conftest import Clock
from tests.sentences import all_of
from tests.sightings import analytics, cookie, saw
from tests.test_admin import EMAIL, WORDS, Owner
from tests.test_admin_look import AT, KEY, PAGES, POLICY, site

__all__ = ["site"]  # the fixture
pytestmark = pytest.mark.sqlite_only

SAID = ("aria-label", "placeholder", "data-label", "alt", "title")
NOT_SAID = ("script", "style", "code", "pre", "textarea")
# Pages that are made of what visitors read, or of what was written down in its own words.
OTHERS = re.compile(r"/notice/texts/|/trail|/access/|/preview/|/shown/")
# Names, addresses, codes, sentences of a site's own, and what has no language.
DATA = re.compile(
    r"Example|example\.com|Example Ltd|crumbtrail\w*|Crumbtrail|English|Polski|Français|CSV|JSON"
    r"|jean-baptiste\.|cta_|hooks\.example|(?:long)+$"
    r"|Main|main|Another organisation|another|FALLBACK|Chromium|olga@|anna@|guest@|https?:|cli|test"
    r"|read:records|read:proof|export|stats|Cookies, Example’s way|Your privacy choices"
    r"|Unknown place:|Keeps |A random key|Recognises |GDPR|EDPB|IP Geolocation|name,kind"
    r"|google-analytics|House style|msg_|(?:notice|scan|tracker|request)\.[a-z]+$"
)
# What passes the catalogue and is not a sentence of ours: names of sites and services, and what was
# said by the catalogue already, with a value in it.
OF_OTHERS = re.compile(
    r"Example|Crumbtrail|House style|Another organisation|Main|Google Analytics \(new\)"
    r"|cookie [xy]+|It was set before a choice\."  # findings kept before they had a template
    r"|Address of the privacy policy, English|Purpose, English|Days for [a-z]+|At least 12 .*"
)


# What two languages write alike: names of tools and of laws, loanwords, and what the policy that is
# read and findings of before say in their own words.
EQUAL = re.compile(
    r"Google( Analytics \(new\))?|HubSpot|IAB .*|Matomo|Meta Pixel|Microsoft .*|Pinterest Tag"
    r"|TikTok Pixel|WP Consent API|IndexedDB|Quebec \(Law 25\)|Oceania|Liechtenstein.*"
    r"|CJEU .*|ePrivacy Directive art\. .*"
    r"|E-mail|Marketing|Webhooks?|Cookies?|Messages|Organisation|Pages?|Script|Sections|Services?"
    r"|Sessions|Sites?|Surface|Tablet|Tag|Versions?( [0-9.]+)?|active"
    r"|Performance|Privacy policy|By using our website .*|tells unique .*|keeps it|[|] .* [|]"
    r"|The controller is Example .*|The data protection officer is .*|We store your cookie .*"
    r"|GDPR art\. .*|A random key with which .*|Keeps a choice until .*|name,kind,.*"
    r"|cookie [xy]+|It was set before a choice\."
)
# Pages that a form leads to: what it is called here, where it is sent, and what it says.
FORMS = (
    ("a policy", f"{AT}/policy/", {"text": POLICY}),
    ("a site refused", "/sites/new", {"key": "x y", "name": "", "origins": "https://?"}),
    ("settings refused", f"{AT}/settings", {"name": "", "origins": "", "languages": "xx"}),
    ("a tracker refused", f"{AT}/inventory/new", {"name": "", "duration": "long", "kind": "x"}),
    ("a webhook refused", f"{AT}/webhooks/", {"url": "ftp://x"}),
    ("a scan refused", f"{AT}/scans/start", {"url": "https://elsewhere.example/"}),
    ("a file refused", "/many/", {"sites": KEY, "action": "apply", "said": "a: [b"}),
)


class Page(HTMLParser):
    """What a page says, in pieces: its text, and the attributes that are read out or shown."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside += tag in NOT_SAID
        self.said += [value for name, value in attrs if name in SAID and value]

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag in NOT_SAID

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.said.append(data)


class Marked(gettext.NullTranslations):
    """A language in which every sentence is itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Asked(gettext.NullTranslations):
    """A language that notes what it is asked for and no catalogue has."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {text for pair in all_of() for text in pair}
        self.missing: set[str] = set()

    def gettext(self, message: str) -> str:
        if message not in self.known:
            self.missing.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def unmarked(text: str) -> list[str]:
    page = Page()
    page.feed(text)
    whole, before = "\0".join(page.said), ""
    while whole != before:
        whole, before = re.sub(r"⟦[^⟦⟧]*⟧", "", whole), whole
    pieces = (" ".join(piece.split()) for piece in whole.split("\0"))
    return [piece for piece in pieces if re.search(r"[A-Za-z]{3,}", piece)]


def foreign(app: Flask, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Pieces of pages that are neither marked nor somebody's data, and where they stand."""
    monkeypatch.setattr(saying, "catalogue", lambda tag: Marked())
    owner = Owner(app.test_client())
    assert owner.sign_in(WORDS, EMAIL).status_code == 303
    found: dict[str, str] = {}
    for path in PAGES:
        if not OTHERS.search(path):
            for piece in unmarked(owner.client.get(f"/admin{path}").text):
                if not DATA.search(piece):
                    found.setdefault(piece, path)
    return found


def test_every_word_of_a_page_passes_the_catalogue(
    app: Flask, site: sites.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert foreign(app, monkeypatch) == {}


def test_what_a_page_asks_the_catalogue_for_is_in_it(
    app: Flask, site: sites.Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables of words, blocks of a template and refusals too."""
    said = choice_body(notices.latest(site).digest, clock())
    said["categories"] = {"preferences": False, "statistics": False, "marketing": False}
    assert post_choice(app.test_client(), site.key, said).status_code in (201, 400), said
    owner = Owner(app.test_client())
    assert owner.sign_in(WORDS, EMAIL).status_code == 303
    asked = Asked()
    monkeypatch.setattr(saying, "catalogue", lambda tag: asked)
    records = f"/admin/sites/{site.key}/records/"
    wrong = (f"{records}?from=x&layer=9", f"{records}{said['id']}", f"{records}{said['id']}/erase")
    for path in (*(f"/admin{path}" for path in PAGES), *wrong):
        owner.client.get(path)
    table = app.extensions["crumbtrail"].regimes
    rules = {table.name(one) for one in table.ids}
    assert {text for text in asked.missing - rules if not OF_OTHERS.fullmatch(text)} == set()


def test_a_word_that_does_not_is_found() -> None:
    text = "<p>⟦Saved⟧ or lost</p><a aria-label='Onwards'>⟦Go⟧</a><code>site key</code>"
    assert unmarked(text) == ["or lost", "Onwards"]


def spoken(page: str) -> list[str]:
    """What a page says, piece by piece: what has no word in it is left out."""
    read = Page()
    read.feed(page)
    pieces = (" ".join(piece.split()) for piece in read.said)
    return [piece for piece in pieces if re.search(r"[A-Za-z]{3,}", piece)]


def seen_everywhere(app: Flask, site: sites.Site, at: datetime) -> Owner:
    """An owner whose site has findings of every kind, a history, and what it brought."""
    while (claimed := scans.claim(at)) is not None:
        run = saw(*analytics(), cookie("_gid", domain="ads.example", party="third"), cookie("own"))
        run.problems.append(say("The time was up in the pass %(name)s; not all pages were seen.",
                                name="none"))  # fmt: skip
        found = [findings.finding_to_json(one) for one in findings.judge(run, [])]
        drafts = scans.from_scan(run, inventory.state(site))
        scans.finish(claimed.id, findings.to_json(run), found, drafts, at)
    owner = Owner(app.test_client())
    assert owner.sign_in(WORDS, EMAIL).status_code == 303
    return owner


def names(piece: str) -> bool:
    """Whether it is somebody's data, and not a sentence of ours around it."""
    words = re.findall(r"(?<![\w./@:-])[A-Za-z]{2,}(?![\w./@:-])", piece)
    return DATA.search(piece) is not None and len(words) < 6


def left_in_english(owner: Owner, tag: str) -> dict[str, str]:
    """Pieces that a page says in another language as it says them in English, and its path."""
    found: dict[str, str] = {}
    shown: dict[str, dict[str, list[str]]] = {}
    for language in ("en", tag):
        owner.client.set_cookie(tongue.COOKIE, language, path="/admin/")
        shown[language] = {
            path: spoken(owner.client.get(f"/admin{path}").text)
            for path in PAGES
            if not OTHERS.search(path)
        }
        for name, path, form in FORMS:
            shown[language][name] = spoken(owner.send(path, form).text)
    countries = world()["names"][tag].values()
    for path, pieces in shown[tag].items():
        same = set(pieces) & set(shown["en"][path])
        for piece in sorted(same):
            if not (names(piece) or EQUAL.fullmatch(piece) or piece in countries):
                found.setdefault(piece, path)
    return found


@pytest.mark.parametrize("tag", [tag for tag in saying.NAMES if tag != "en"])
def test_no_page_says_a_sentence_in_english_to_who_reads_another_language(
    app: Flask, site: sites.Site, clock: Clock, tag: str
) -> None:
    assert left_in_english(seen_everywhere(app, site, clock()), tag) == {}


def test_a_sentence_that_no_catalogue_has_is_found_in_english(
    app: Flask, site: sites.Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: a table of findings whose sentences are plain text."""
    owner = seen_everywhere(app, site, clock())
    monkeypatch.setattr(saying, "unpacked", lambda kept: "It was set, and nobody said so.")
    assert "It was set, and nobody said so." in left_in_english(owner, "pl")
