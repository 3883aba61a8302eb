"""What a scan saw becomes findings: what needs consent, what is declared, what is new."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from flask import Flask

from consent import findings, inventory, sitefile, sites
from consent.crawl.addresses import frames, page_of, site_of, strip
from consent.crawl.inject import with_head
from consent.crawl.setcookie import parse
from consent.errors import Invalid
from consent.findings import Cause, Finding, Pass, Report, Request, Scan, Thing
from tests.acts import BY, add_site
from tests.conftest import START
from tests.prepare import ROOT

PAGE = "https://shop.example/pricing"
GTAG = Cause("script", "https://www.googletagmanager.com/gtag/js", 1, "Google Analytics")
OWN = Cause("script", "https://shop.example/app.js", 3)
GA = Thing("cookie", "_ga", "shop.example", "/", lifetime=3600, page=PAGE, cause=GTAG)
ODD = Thing("cookie", "qqzzy", "shop.example", "/", page=PAGE, cause=OWN)
LISTED: dict[str, Any] = {
    "services": [
        {"key": "ga", "name": "Analytics", "category": "statistics",
         "hosts": ["*.google-analytics.com"]},
        {"key": "maps", "name": "Maps", "category": "necessary", "hosts": ["maps.example"]},
    ],
    "trackers": [
        {"name": "_ga", "match": "prefix", "kind": "cookie", "party": "first", "service": "ga",
         "category": "statistics", "duration": {"value": 13, "unit": "month"}},
        {"name": "basket", "match": "exact", "kind": "cookie", "party": "first",
         "category": "necessary", "duration": "session"},
        {"name": "held", "match": "exact", "kind": "cookie", "category": None},
    ],
}  # fmt: skip


def scan(*things: Thing, name: str = "none", requests: tuple[Request, ...] = ()) -> Scan:
    one = Pass(name, pages=[PAGE], things=list(things), requests=list(requests))
    return Scan("https://shop.example/", passes=[one], pages=[PAGE], banner="none")


def judged(seen: Scan, listed: bool = False) -> list[tuple[str, str, str]]:
    declared = findings.read(LISTED) if listed else None
    return [(one.code, one.severity, one.name) for one in findings.judge(seen, declared)]


def request(url: str, kind: str = "script", **more: Any) -> Request:
    host = url.split("/")[2]
    return Request(url, host, kind, "third", PAGE, OWN, **more)


def test_the_sentence_names_thing_time_script_line_service_and_page() -> None:
    [one] = findings.judge(scan(GA))
    script = "https://www.googletagmanager.com/gtag/js"
    assert one.what == (
        f"`_ga` was set before any choice by {script} (line 1), Google Analytics, on /pricing."
    )
    assert one.leak and one.code == "leak-before-choice" and one.proposal


def test_what_nobody_knows_is_a_warning_of_the_site_and_an_error_of_a_third_party() -> None:
    assert judged(scan(ODD)) == [("needs-review", "warning", "qqzzy")]
    third = replace(ODD, domain="elsewhere.example", party="third")
    assert judged(scan(third)) == [("leak-before-choice", "error", "qqzzy")]


def test_what_is_necessary_is_no_finding() -> None:
    own = replace(ODD, name="crumbtrail_visitor")
    assert judged(scan(own, replace(ODD, name="PHPSESSID"))) == []
    assert judged(scan(replace(ODD, name="basket")), listed=True) == []


def test_the_inventory_goes_before_the_catalogue() -> None:
    assert judged(scan(GA), listed=True)[0] == ("leak-before-choice", "error", "_ga")
    held = replace(ODD, name="HELD")
    assert judged(scan(held), listed=True) == [("leak-before-choice", "error", "HELD")]
    assert judged(scan(ODD), listed=True) == [("undeclared", "error", "qqzzy")]


@pytest.mark.parametrize("name", ["reject", "withdraw"])
def test_after_a_no_what_is_set_is_a_leak_and_what_is_left_a_warning(name: str) -> None:
    assert judged(scan(GA, name=name)) == [(f"leak-after-{name}", "error", "_ga")]
    left = scan(replace(GA, left=True), name=name)
    assert judged(left) == [(f"kept-after-{name}", "warning", "_ga")]


def test_accepting_is_no_leak_and_what_was_declared_and_not_seen_is_said() -> None:
    seen = scan(GA, name="accept")
    assert judged(seen) == []
    names = {one for one in judged(seen, listed=True)}
    assert names == {("not-seen", "info", "basket"), ("not-seen", "info", "held")}


def test_what_was_not_run_is_not_called_clean() -> None:
    seen = scan()
    assert "Clean: nothing leaked" in findings.written(Report(seen, findings.judge(seen)), "text")
    seen.banner = "other"
    seen.passes.append(Pass("reject", ran=False, why="words"))
    found = findings.judge(seen)
    assert [(one.code, one.severity) for one in found] == [("not-run", "warning")]
    assert "not run: reject" in findings.written(Report(seen, found), "text").splitlines()[-1]


def test_a_tracker_without_a_category_is_held_whatever_its_service_is() -> None:
    rows = {"services": LISTED["services"], "trackers": [{"name": "_ga", "service": "ga"}]}
    assert findings.read(rows)[0].category is None


def test_a_lifetime_longer_than_declared_or_allowed() -> None:
    long = replace(GA, lifetime=2 * 365 * 86400)
    found = judged(scan(long, name="accept"), listed=True)
    assert ("lifetime", "error", "_ga") in found
    assert judged(scan(long, name="accept")) == [("lifetime", "warning", "_ga")]
    just = replace(GA, lifetime=13 * 30 * 86400)
    assert "lifetime" not in {code for code, _, _ in judged(scan(just, name="accept"), listed=True)}
    session = replace(ODD, name="basket", lifetime=86400 * 3)
    assert ("lifetime", "error", "basket") in judged(scan(session, name="accept"), listed=True)


def test_a_third_party_that_is_declared_as_first_contradicts_the_policy() -> None:
    third = replace(GA, domain="ads.example", party="third")
    found = judged(scan(third, name="accept"), listed=True)
    assert ("party-conflict", "error", "_ga") in found


def test_requests_are_leaks_where_the_host_is_known_to_need_consent() -> None:
    known = request("https://www.google-analytics.com/g/collect", "beacon")
    maps = request("https://maps.example/tile.png", "image")
    odd = request("https://cdn.odd.example/x.js")
    picture = request("https://img.odd.example/x.png", "image")
    own = request("https://consent.example/v1/shop.example/consent.js")
    settings = request("https://consent.example/v1/part/settings.js")
    seen = scan(requests=(known, maps, odd, picture, own, settings))
    assert judged(seen, listed=True) == [
        ("leak-before-choice", "error", "www.google-analytics.com"),
        ("needs-review", "warning", "cdn.odd.example"),
        ("needs-review", "info", "img.odd.example"),
    ]


def test_a_static_tag_behind_our_banner_needs_the_gate() -> None:
    seen = scan(requests=(request("https://www.google-analytics.com/a.js", static=True),))
    assert judged(seen)[0][0] == "leak-before-choice"
    seen.banner = "crumbtrail"
    [one] = findings.judge(seen)
    assert one.code == "needs-gate" and one.leak and "gate" in one.why


def test_one_thing_on_many_pages_is_one_finding_with_a_stable_id() -> None:
    other = replace(GA, page="https://shop.example/b")
    [one] = findings.judge(scan(GA, other))
    assert one.what.endswith("on /pricing and 1 more page.")
    assert [one.id] == [two.id for two in findings.judge(scan(other))]


def test_a_difference_says_what_is_new_and_what_is_gone() -> None:
    old, new = findings.judge(scan(GA)), findings.judge(scan(ODD))
    added, gone = findings.difference(old, new)
    assert [one.name for one in added] == ["qqzzy"] and [one.name for one in gone] == ["_ga"]
    assert findings.difference(old, old) == ([], [])


def test_with_an_earlier_report_only_what_is_new_fails() -> None:
    found = findings.judge(scan(GA))
    assert Report(scan(GA), found).failing == found
    known = Report(scan(GA), found, added=[], gone=[])
    assert known.failing == [] and "none of them new" in findings.written(known, "text")
    assert 'failures="0"' in findings.written(known, "junit")


def test_fail_on_draws_the_line() -> None:
    found = findings.judge(scan(GA, ODD))
    counts = {level: len(findings.failing(found, level)) for level in ("leak", "error", "warning")}
    assert counts == {"leak": 1, "error": 1, "warning": 2}
    [undeclared] = findings.judge(scan(ODD), findings.read(LISTED))
    assert findings.failing([undeclared], "leak") == []
    assert findings.failing([undeclared], "error") == [undeclared]


def test_scan_and_findings_come_back_from_json_as_they_were() -> None:
    seen = scan(GA, ODD, requests=(request("https://www.google-analytics.com/g"),))
    found = findings.judge(seen)
    text = findings.written(Report(seen, found), "json")
    assert findings.report_from_json(json.loads(text)) == (seen, found)
    assert findings.from_json(findings.to_json(seen)) == seen
    for bad in ({}, {"version": 2}, {"version": 1, "findings": [{}], "scan": {}}):
        with pytest.raises(ValueError, match=r"scan|finding"):
            findings.report_from_json(bad)


def hostile() -> Finding:
    name = "a\x00]]>\"'<script>\ud800\x1b[2J\uffff"
    [one] = findings.judge(scan(replace(ODD, name=name)))
    return one


def test_junit_is_xml_whatever_a_cookie_is_called() -> None:
    text = findings.written(Report(scan(GA), [hostile()], "warning"), "junit")
    program = (
        "import sys, xml.dom.minidom as m; d = m.parse(sys.stdin.buffer).documentElement;"
        "print(d.tagName, d.getAttribute('failures'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=text.encode(), capture_output=True, check=True
    )
    assert done.stdout.decode().split() == ["testsuites", "1"]


def test_sarif_has_what_its_readers_need() -> None:
    seen = scan(GA)
    said = json.loads(findings.written(Report(seen, findings.judge(seen)), "sarif"))
    [run] = said["runs"]
    [result] = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert said["version"] == "2.1.0" and rules[result["ruleIndex"]]["id"] == result["ruleId"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == PAGE and place["region"]["startLine"] == 1
    assert result["level"] == "error" and result["relatedLocations"]


def test_a_terminal_gets_no_control_characters() -> None:
    text = findings.written(Report(scan(GA), [hostile()]), "text")
    assert "\x1b" not in text and "\x00" not in text
    text.encode()


def test_an_inventory_is_drafted_as_a_sites_file_takes_it(app: Flask) -> None:
    seen = scan(GA, ODD, requests=(request("https://www.google-analytics.com/g/collect"),))
    draft = findings.drafted(seen)
    names = {one["name"]: one["category"] for one in draft["trackers"]}
    assert names == {"_ga": "statistics", "qqzzy": None}
    add_site(START)
    file = yaml.safe_dump({"key": "example.com", "inventory": draft})
    done = sitefile.apply(file, BY, START)
    site, changed = sites.get(done.key), done.changes
    assert [line for line in changed if "_ga" in line] == ["Tracker _ga: would be added."]
    assert {one.name for one in inventory.trackers(site)} >= set(names)
    assert sitefile.apply(file, BY, START).changes == []
    assert sitefile.apply(sitefile.written(site, whole=True), BY, START).changes == []
    listed = findings.read(yaml.safe_load(sitefile.written(site, whole=True)))
    assert {one.name for one in listed if one.name} >= set(names)


@pytest.mark.parametrize("bad", ["[]", "{rows: []}", "{trackers: [1]}", "{services: [{name: x}]}"])
def test_an_inventory_of_another_shape_is_refused(app: Flask, bad: str) -> None:
    add_site(START)
    with pytest.raises(Invalid) as refused:
        sitefile.apply(f"key: example.com\ninventory: {bad}", BY, START)
    assert any(name.startswith("inventory") for name in refused.value.fields or {})


@pytest.mark.parametrize(
    ("line", "lifetime", "deletes"),
    [
        ("a=1", None, False),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 60, False),
        ("a=; expires=Thu, 01-Jan-1970 00:00:01 GMT", -1795255199, True),
        ("a=1; max-age=0", 0, True),
        ("a=1; Max-Age=soon; expires=whenever", None, False),
    ],
)
def test_lifetimes_are_what_was_asked_for(line: str, lifetime: int | None, deletes: bool) -> None:
    cookie = parse(line, datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    assert cookie.deletes is deletes
    assert cookie.lifetime == lifetime or (deletes and (cookie.lifetime or 0) <= 0)


def test_addresses_lose_what_could_be_personal_and_keep_their_site() -> None:
    assert strip("https://u:p@a.example:8/x/y?token=1#z") == "https://a.example:8/x/y"
    assert strip("data:text/html,secret") == "data:"
    assert site_of("www.shop.co.uk") == "shop.co.uk" and site_of("a.b.example") == "b.example"
    stack = "Error\n at set (https://a.example/x.js?v=1:3:9)\n at https://b.example/:12:1"
    assert frames(stack) == [("https://a.example/x.js?v=1", 3), ("https://b.example/", 12)]
    assert page_of("https://a.example/x", "../y#z") == "https://a.example/y"
    for other in ("mailto:a@b.c", "https://b.example/", "/file.PDF", "/logout", "javascript:1"):
        assert page_of("https://a.example/x", other) is None, other


@pytest.mark.parametrize(
    ("page", "made"),
    [
        (b"<!doctype html><HEAD lang=x><title>", b"<!doctype html><HEAD lang=x>+<title>"),
        (b"<!doctype html><p>", b"<!doctype html>+<p>"),
        (b"<header><body class=a><p>", b"<header>+<body class=a><p>"),
        (b"<p>", b"+<p>"),
    ],
)
def test_the_snippet_comes_first_in_any_page(page: bytes, made: bytes) -> None:
    assert with_head(page, "+") == made


def test_the_server_carries_nothing_of_the_browsers_driver() -> None:
    program = "import app, sys; print('playwright' in sys.modules, 'greenlet' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] == "False"
