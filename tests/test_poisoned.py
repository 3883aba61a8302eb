"""Two thousand names and addresses as a website that means harm would choose them, through every
report, the terminal, the admin's pages and the scan's own store (SECURITY: S09)."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import findings, inventory, notices, scans, sites, users
from consent.crawl.addresses import storable
from consent.crawl.gather import THINGS
from consent.crawl.recorder import Recorder
from consent.findings import Cause, Pass, Report, Request, Scan, Thing
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.test_admin import EMAIL, WORDS, Owner

PAGE = "https://example.com/"
MARK = "pwned"
PIECES = [
    f"<script>{MARK}()</script>", f"\"><img src=x onerror={MARK}()>", f"'-{MARK}()-'", "]]>",
    f"</script><svg onload={MARK}()>", "{{7*7}}", "${7*7}", "{% raise %}", "%s%n%00", "\x00",
    "\x1b[2J", "\x9b31m", "\x7f", "\x07", "\n::error::forged", "\r\nClean: nothing leaked", "-->",
    "\u2028", "\u202egnp.", "\u2066x", "\u200f", "\ufeff", "\uffff", "&lt;b&gt;", "&#x3c;b&#x3e;",
    "=cmd|' /C calc'!A0", "`id`", "$(id)", "; drop table sites; --", "' or 1=1 --", "İ", " ", "\t",
    "../../etc/passwd", "\\\\host\\share", "\U0001f9ff", "ﬁ", "a" * 250, f"javascript:{MARK}()",
    f"data:text/html,<script>{MARK}()</script>", "__proto__", "constructor", "%0d%0aSet-Cookie:x=1",
    "#", "?", "*", "\\u0000",
]  # fmt: skip
URLS = [
    f"javascript:{MARK}()//", f"data:text/html,<script>{MARK}()</script>", f"vbscript:{MARK}",
    "https://evil.example/\x1b[31m", "https://evil.example/\"><script>", "//evil.example/x", "",
    "file:///etc/passwd", "https://evil.example/\n::error::", "https://evil.example/%00",
    "https://[::1/",
]  # fmt: skip


def names() -> list[str]:
    pairs = itertools.product(PIECES, repeat=2)
    made = [f"{n}{one}{other}"[:256] for n, (one, other) in enumerate(pairs)]
    return (made + [f"{one}x" for one in made])[:THINGS]


def poisoned() -> Scan:
    things, requests = [], []
    for number, name in enumerate(names()):
        url = URLS[number % len(URLS)]
        cause = Cause("script", url, number, stack=[f"{url}:{number}", name])
        things.append(
            Thing("local_storage" if number % 2 else "cookie", name, name, page=url, cause=cause)
        )
        requests.append(Request(url, name, "beacon", page=url, cause=cause))
    one = Pass("none", pages=[*URLS], things=things, requests=requests[:300])
    return Scan(PAGE, passes=[one], pages=[*URLS], problems=[*PIECES], banner=PIECES[0])


@pytest.fixture(scope="module")
def report() -> Report:
    seen = poisoned()
    return Report(seen, findings.judge(seen), "any")


def test_there_are_two_thousand() -> None:
    assert len(set(names())) == len(names()) == THINGS == 2000


def harmless(text: str) -> bool:
    kinds = {unicodedata.category(one) for one in text.replace("\n", "")}
    return not kinds & {"Cc", "Cs", "Zl"} and not any(one in text for one in "\u202e\u2066\u200f")


def test_S09_no_name_writes_a_line_or_obeys_nobody_in_a_terminal(report: Report) -> None:
    text = findings.written(report, "text")
    assert harmless(text)
    tame = replace(report, findings=[replace(one, what="x") for one in report.findings])
    tame.scan.problems = report.scan.problems
    assert text.count("\n") == findings.written(tame, "text").count("\n")
    assert not any(line.startswith(("::", "Clean:")) for line in text.split("\n"))


def test_S09_junit_is_read_by_a_strict_reader(report: Report) -> None:
    program = (
        "import sys, xml.dom.minidom as m; d = m.parse(sys.stdin.buffer).documentElement;"
        "print(d.tagName, sorted({n.tagName for n in d.getElementsByTagName('*')}))"
    )
    text = findings.written(report, "junit")
    assert harmless(text)
    done = subprocess.run(
        [sys.executable, "-c", program], input=text.encode(), capture_output=True, check=True
    )
    tags = "['failure', 'skipped', 'system-out', 'testcase', 'testsuite']"
    assert set(done.stdout.decode().split()) <= {"testsuites", *tags.split()} | {"['failure',"}


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_S09_json_comes_back_with_every_name(report: Report, form: str) -> None:
    text = findings.written(report, form)
    assert json.loads(text.encode())
    if form == "json":
        assert findings.report_from_json(json.loads(text)) == (report.scan, list(report.findings))
        return
    [run] = json.loads(text)["runs"]
    assert len(run["results"]) == len(report.findings)
    related = [one for result in run["results"] for one in result.get("relatedLocations", [])]
    assert related
    for one in related:
        assert one["physicalLocation"]["artifactLocation"]["uri"].startswith("https://")


class Reader(HTMLParser):
    """What a browser would make of a page, as far as it could run or lead anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def read(page: str) -> Reader:
    made = Reader()
    made.feed(page)
    made.close()
    return made


def test_S09_the_admins_pages_show_them_as_words(
    app: Flask, client: FlaskClient, clock: Clock, report: Report
) -> None:
    site = add_site(clock())
    inventory.starter(site, BY, clock())
    notices.publish(site, BY, clock())
    users.add_user(EMAIL, WORDS, "cli", clock())
    owner = Owner(client)
    assert owner.sign_in().status_code == 303
    empty = kept(site, Scan(PAGE, passes=[Pass("none")], pages=[PAGE]), clock)
    plain = read(owner.get(f"/sites/{site.key}/scans/{empty}").text)
    text = json.dumps(findings.to_json(report.scan)).replace("\\u0000", "\\ufffd")  # as `storable`
    number = kept(site, findings.from_json(json.loads(text)), clock)
    for path in (f"scans/{number}", "scans/", "review/"):
        page = owner.get(f"/sites/{site.key}/{path}").text
        found = read(page)
        assert f"<script>{MARK}" not in page and found.tags.get("svg", 0) <= plain.tags["svg"] + 1
        assert found.tags["script"] == plain.tags["script"] and "\x00" not in page
        assert all(one.startswith(("/", "?", "#", "https://", "data:,")) for one in found.links), (
            found.links
        )
        assert not any("evil.example" in one for one in found.links)
    assert read(f"<p onclick={MARK}>".replace("onclick", "title")).tags == {"p": 1}
    with pytest.raises(AssertionError):  # the twin: a page that did not escape them is caught
        read(PIECES[1])


def kept(site: sites.Site, seen: Scan, clock: Clock) -> int:
    scans.start(site, PAGE, BY, clock())
    claimed = scans.claim(clock())
    assert claimed is not None
    found = [findings.finding_to_json(one) for one in findings.judge(seen)]
    drafts = scans.from_scan(seen, inventory.state(site))
    scans.finish(claimed.id, findings.to_json(seen), found, drafts, clock())
    return claimed.id


def test_S09_what_a_page_says_of_itself_is_cut_and_can_be_stored() -> None:
    """A page finds the way our own script tells things, and uses it."""
    ear = Recorder(page=PAGE)
    said = {"kind": "cookie", "name": "n" * 5000, "origin": "https://example.com",
            "stack": "Error\n  at x (https://a.example/\ud800:1:1)",
            "attributes": "domain=\udfff; path=/" + "p" * 5000}  # fmt: skip
    for _ in range(3):
        ear._told(json.dumps(said))
    for broken in ("", "[]", "{}", '{"kind": "cookie", "name": {}, "origin": 1, "size": "x"}'):
        ear._told(broken)
    assert len(ear.writes) == 3
    assert storable("\0a\ud800") == "\ufffda?"
    write = ear.writes[0]
    assert write.cookie and len(write.name) <= 20_000 and len(write.cookie.name) == 256
    assert len(write.cookie.path) == 256
    for text in (write.cause.url, write.cookie.domain, write.host, *write.cause.stack):
        text.encode()
