"""Moving in from another tool: a configuration becomes a draft, a log becomes records."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from consent import integrations, inventory, moving, notices, sites
from consent.errors import Invalid
from consent.inventory.rows import ALIASES
from consent.js_literal import DEEPEST, LONGEST, UNKNOWN, Pattern, read
from consent.moving.found import WORDS, category, patterns
from consent.records import Names, consent_record
from consent.trail import entries as acts
from tests.acts import BY, add_site, choice_body, fill_inventory, make_site, post_choice, rows
from tests.conftest import Clock
from tests.evidence import fetch, judge, key_of, lines, tick, unzip, zipped
from tests.prepare import ROOT

SITE = "example.com"

VANILLA_3 = """
import 'https://cdn.example/cookieconsent.umd.js';
const days = 90;
const CAT = { ANALYTICS: 'analytics' };
CookieConsent.run({
  revision: 2,
  cookie: { name: 'cc_cookie', expiresAfterDays: days },
  onConsent: () => { document.title = 'ran'; fetch('https://attacker.example/'); },
  categories: {
    necessary: { enabled: true, readOnly: true },
    analytics: {
      autoClear: { cookies: [{ name: /^_ga/ }, { name: '_gid' }, { name: /^(a|b)+$/ },
        { name: /^(_cl|_hj\\.x)/ }] },
      services: {
        'Google Analytics': {
          label: '<b>Google</b> Analytics', onAccept: () => {}, cookies: [{ name: /^_gat_.*$/ }],
        },
      },
    },
    functionality: { services: { 'live-chat': { label: 'Chat' } } },
    mystery: { services: { thing: {} } },
  },
  language: {
    default: 'en',
    translations: {
      pl: '/pl.json',
      en: {
        consentModal: { title: 'We value your <em>privacy</em>' },
        preferencesModal: {
          sections: [
            { title: 'Analytics', linkedCategory: 'analytics', cookieTable: {
              headers: { cookie: 'Cookie', desc: 'Description', expiry: 'Expiration' },
              body: [
                { cookie: '_ga', desc: 'Counts <a href="x">visits</a>.', expiry: '2 years' },
                { cookie: '_pk_id*, _pk_ses', desc: 'Matomo.', expiry: '13 months' },
              ],
            } },
          ],
        },
      },
    },
  },
});
"""

VANILLA_2 = """
var cc = initCookieConsent();
cc.run({
  current_lang: 'en',
  cookie_expiration: 182,
  onAccept: function (cookie) {},
  languages: { en: { settings_modal: {
    cookie_table_headers: [
      { col1: 'Name' }, { col2: 'Domain' }, { col3: 'Expiration' }, { col4: 'Description' },
    ],
    blocks: [
      { title: 'About' },
      { title: 'Needed', toggle: { value: 'necessary', enabled: true, readonly: true } },
      { title: 'Counting', toggle: { value: 'analytics', enabled: false, readonly: false },
        cookie_table: [
          { col1: '^_ga', col2: 'google.com', col3: '2 years', col4: 'Counts', is_regex: true },
          { col1: '_gid', col2: 'google.com', col3: '1 day', col4: 'Counts too' },
        ] },
    ],
  } } },
});
"""

KLARO = """
// what the page loads before klaro.js
var klaroConfig = {
  version: 1, cookieExpiresAfterDays: 120, acceptAll: !0,
  translations: {
    zz: { privacyPolicyUrl: '/#privacy' },
    en: {
      privacyPolicyUrl: 'https://example.com/privacy', matomo: { description: 'Counts visits.' },
    },
    de: { matomo: { description: 'Zählt Besuche.' } },
  },
  services: [
    { name: 'matomo', title: 'Matomo', purposes: ['analytics'],
      cookies: [[/^_pk_.*$/, '/', 'example.com'], 'piwik_ignore', /_odd_/],
      callback: function (consent, service) { throw new Error('never run'); } },
    { name: 'intercom', purposes: ['livechat'] },
    { name: 'adsense', purposes: ['analytics', 'advertising'] },
    { name: 'camera', purposes: ['security'] },
    { name: 'cloudflare', purposes: ['security'], required: true, cookies: ['__cf_bm'] },
  ],
};
"""

COOKIEBOT = {
    "domain": "www.example.com",
    "urlpath": "/",
    "culture": "en",
    "cookies": [
        {
            "Name": "CookieConsent",
            "Provider": "www.example.com",
            "Category": "1",
            "TrackerTypeName": "HTTP Cookie",
        },
        {
            "Name": "_ga_#",
            "Provider": "<a href='x'>Google</a>",
            "ThirdParty": "0",
            "ExpireDescription": "2 years",
            "TrackerTypeName": "HTTP Cookie",
            "Category": "3",
            "PurposeDescription": "Counts &amp; compares.",
        },
        {
            "Name": "ads/ga-audiences",
            "Provider": "google.com",
            "ThirdParty": "1",
            "ExpireDescription": "Session",
            "TrackerTypeName": "Pixel Tracker",
            "Category": "4",
            "PurposeDescription": "",
        },
        {
            "Name": "lastSeen",
            "Provider": "www.example.com",
            "ExpireDescription": "Persistent",
            "TrackerTypeName": "HTML Local Storage",
            "Category": "5",
        },
    ],
}

CC_JS = """
CookieConsentDialog.cookieTableNecessary = [
  ['PHPSESSID', 'example.com', 'Keeps the session.', 'Session', 'HTTP Cookie', '1'],
];
CookieConsentDialog.cookieTableStatistics = [
  ['_gid', 'example.com<br/>google.com', 'Counts.', '1 day', 'HTTP Cookie', '1'],
];
"""


# -- what a script says outright ---------------------------------------------------------------


def test_literals_are_read_and_what_would_have_to_run_is_not() -> None:
    said = read(
        "const a = {x: 1, 'b-c': [`t`, -2, !0, null, undefined, 0x10, 1.5], f() {}, g: () => 1,"
        " r: /^_ga/i, s: 'it\\'s \\u00e9\\x41\\n', j: 'a' + 'b', k: call(), ...more, [c]: 1};"
        " run(a); run({...a, x: 2}, other); window.z = `${a}`; window.y = [...[1, 2]];"
    )
    a = said.names["a"]
    assert a == {
        "x": 1,
        "b-c": ["t", -2, True, None, None, 16, 1.5],
        "g": UNKNOWN,
        "r": Pattern("^_ga", "i"),
        "s": "it's éA\n",
        "j": "ab",
        "k": UNKNOWN,
    }
    assert said.calls[1] == ("run", [a])
    assert said.calls[2][1][0] == {**a, "x": 2}  # type: ignore[dict-item]
    assert said.names["window.y"] == [1, 2] and "window.z" not in said.names


@pytest.mark.parametrize(
    "text",
    [
        "const = {",
        "run({a: 1",
        "run(" + "[" * (DEEPEST + 5) + "]" * (DEEPEST + 5) + ")",
        "x = '" + "a" * LONGEST + "'",
    ],
    ids=["broken", "cut off", "deep", "long"],
)
def test_what_is_no_script_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"not JavaScript|levels|bytes"):
        read(text)


def test_json_is_read_as_it_is() -> None:
    body = {"a": [1, {"b": None}], "c": "d\n\u2028"}
    assert read(json.dumps(body)).alone == body


def test_very_deep_nesting_does_not_bring_the_process_down() -> None:
    with pytest.raises(ValueError, match=r"levels|not JavaScript"):
        read("a=" + "{b:" * 20_000 + "1" + "}" * 20_000)


# -- configurations ----------------------------------------------------------------------------


def by_name(found: moving.Found) -> dict[str, dict[str, Any]]:
    return {row.label: row.fields for row in found.trackers}


def test_a_vanilla_cookieconsent_configuration_gives_services_cookies_and_a_life() -> None:
    found = moving.read("vanilla-cookieconsent", VANILLA_3)
    services = {row.label: row.fields for row in found.services}
    assert services == {
        "google-analytics": {"name": "Google Analytics", "category": "statistics"},
        "live-chat": {"name": "Chat", "category": "preferences"},
        "thing": {"name": "thing", "category": None},
    }
    trackers = by_name(found)
    assert trackers["_ga"]["match"] == "prefix" and trackers["_gid"]["match"] == "exact"
    assert trackers["_ga"]["purpose"] == {"en": "Counts visits."}
    assert trackers["_ga"]["duration"] == {"value": 2, "unit": "year"}
    assert trackers["_gat_"] == {
        "name": "_gat_",
        "match": "prefix",
        "service": "google-analytics",
        "category": "statistics",
        "published_label": "analytics",
    }
    assert {name: trackers[name]["match"] for name in ("_cl", "_hj.x")} == {
        "_cl": "prefix",
        "_hj.x": "prefix",
    }
    # One key in two categories counts for the stricter, and never as necessary.
    twice = VANILLA_3.replace("readOnly: true }", "readOnly: true, services: { thing: {} } }")
    again = moving.read("vanilla-cookieconsent", twice.replace("mystery:", "ads:"))
    assert {row.label: row.fields["category"] for row in again.services}["thing"] == "marketing"
    assert (trackers["_pk_id"]["match"], trackers["_pk_ses"]["match"]) == ("prefix", "exact")
    assert found.settings == {"choice_lifetime": {"value": 90, "unit": "day"}}
    notes = " ".join(found.notes)
    assert "'mystery' is none of ours" in notes and "'^(a|b)+$'" in notes


def test_version_2_of_it_is_read_too() -> None:
    trackers = by_name(moving.read("vanilla-cookieconsent", VANILLA_2))
    assert trackers["_ga"]["match"] == "prefix"
    assert trackers["_gid"]["match"] == "exact"
    assert trackers["_gid"]["purpose"] == {"en": "Counts too"}
    assert trackers["_gid"]["category"] == "statistics"


def test_a_klaro_configuration_gives_services_with_their_purposes() -> None:
    found = moving.read("klaro", KLARO)
    assert {row.label: row.fields["category"] for row in found.services} == {
        "matomo": "statistics",
        "intercom": None,
        "adsense": "marketing",
        "camera": None,  # it could be refused there, so it is not necessary here
        "cloudflare": "necessary",
    }
    trackers = by_name(found)
    assert trackers["_pk_"]["purpose"] == {"en": "Counts visits.", "de": "Zählt Besuche."}
    assert trackers["_pk_"]["service"] == "matomo" and trackers["piwik_ignore"]["match"] == "exact"
    assert trackers["__cf_bm"]["category"] is None  # necessary asks for a reason
    assert found.settings["policy_urls"] == {"en": "https://example.com/privacy"}
    assert any("'_odd_'" in note for note in found.notes)


@pytest.mark.parametrize("shape", ["json", "cc.js", "csv"])
def test_a_cookiebot_declaration_gives_cookies_in_our_categories(shape: str) -> None:
    text = {
        "json": json.dumps(COOKIEBOT),
        "cc.js": CC_JS,
        "csv": "Name,Provider,Purpose,Expiry,Type,Category\n"
        "_gid,Google,Counts.,1 day,HTTP,statistics\n",
    }[shape]
    trackers = by_name(moving.read("cookiebot", text))
    assert "CookieConsent" not in trackers
    if shape == "json":
        assert trackers["_ga_"]["match"] == "prefix" and trackers["_ga_"]["set_by"] == "Google"
        assert trackers["_ga_"]["purpose"] == {"en": "Counts & compares."}
        assert trackers["ads/ga-audiences"]["kind"] == "beacon"
        assert trackers["ads/ga-audiences"]["duration"] == "session"
        assert trackers["lastSeen"]["kind"] == "local_storage"
        assert trackers["lastSeen"]["category"] is None
    else:
        assert trackers["_gid"]["category"] == "statistics"
        assert trackers["_gid"]["duration"] == {"value": 1, "unit": "day"}


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("vanilla-cookieconsent", "alert(1)"),
        ("klaro", '{"services": "none"}'),
        ("cookiebot", '{"cookies": []}'),
        ("cookiebot", "a,b\n1,2\n"),
    ],
)
def test_a_file_of_something_else_is_refused(tool: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        moving.read(tool, text)
    assert refused.value.code == "import_unreadable"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("_ga", [("_ga", "exact")]),
        ("_ga_*", [("_ga_", "prefix")]),
        ("_gat_gtag_#", [("_gat_gtag_", "prefix")]),
        ("_xxx", []),
        ("*", []),
        (Pattern("^_ga"), [("_ga", "prefix")]),
        (Pattern("^_ga.*$"), [("_ga", "prefix")]),
        (Pattern("^_gid$"), [("_gid", "exact")]),
        (Pattern(r"^ab\.test$"), [("ab.test", "exact")]),
        (Pattern("^(_ga|_gid)"), [("_ga", "prefix"), ("_gid", "prefix")]),
        (Pattern("^(?:a|b)$"), [("a", "exact"), ("b", "exact")]),
        (Pattern("_ga"), []),  # it may stand anywhere
        (Pattern("^_ga[0-9]+"), []),
        (Pattern("^.*"), []),
        (Pattern("^_"), []),
        (Pattern("^(_ga|_)"), []),
        (Pattern("^(a|.*)"), []),
        (Pattern("^(?!cc_cookie$)"), []),
        (Pattern(""), []),
        (7, []),
    ],
    ids=str,
)
def test_a_pattern_is_taken_only_if_it_is_a_beginning(value: Any, names: Any) -> None:
    assert [(one["name"], one["match"]) for one in patterns(value)] == names


# -- at the terminal ---------------------------------------------------------------------------


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["import", *args])


def kept(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_a_dry_run_says_everything_and_writes_nothing(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    site = add_site(clock())
    fill_inventory(site, clock())
    before = inventory.state(site)
    done = run(app, "klaro", kept(tmp_path / "config.js", KLARO), "--site", SITE)
    assert done.exit_code == 0, done.output
    assert "+ service matomo: statistics" in done.output
    assert "+ tracker _pk_ (cookie): statistics" in done.output
    assert "~ setting choice_lifetime: 120 days (now 6 months)" in done.output
    assert inventory.state(sites.get(SITE)) == before


def test_applied_it_is_a_draft_that_nobody_sees_until_it_is_published(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    make_site(app, clock())
    file = kept(tmp_path / "cc.js", VANILLA_3)
    done = run(app, "vanilla-cookieconsent", file, "--site", SITE, "--apply")
    assert done.exit_code == 0, done.output
    site = sites.get(SITE)
    # What the owner had decided stays: _ga was theirs, with a purpose of its own.
    [ga] = [one for one in inventory.trackers(site) if one.name == "_ga"]
    assert ga.purpose == {"en": "What _ga is for."} and ga.service == "google-analytics"
    assert {"_pk_id", "_pk_ses", "_gat_"} <= {one.name for one in inventory.trackers(site)}
    assert site.preferences and site.choice_lifetime == {"value": 90, "unit": "day"}
    published = notices.current(site, clock())
    assert published is not None and published.version == 1
    assert "_pk_id" not in json.dumps(published.content)
    assert notices.changes(site)
    again = run(app, "vanilla-cookieconsent", file, "--site", SITE)
    assert "Nothing is new to the draft." in again.output


def test_a_refused_row_is_named_and_the_rest_is_kept(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    site = add_site(clock())
    row = {"Name": "x" * 250 + "é", "Category": "3"}
    body = {"cookies": [*COOKIEBOT["cookies"], row, {"Name": "y" * 257, "Category": "3"}]}
    file = kept(tmp_path / "cookies.json", json.dumps(body))
    done = run(app, "cookiebot", file, "--site", SITE, "--apply")
    assert done.exit_code == 0, done.output
    assert "more than a beginning" in done.output
    assert len(inventory.trackers(site)) == 4


# -- another tool's log ------------------------------------------------------------------------

ONE = "b52a5b5e-6e3c-4a5b-9a2f-0d6c3d1f2a3b"
TWO = "0f6c1a52-7c9e-4f0e-8b39-6a3c9a0d4e5f"


def line(**changes: Any) -> str:
    """The documented body, with the time a log adds. A change to `...` leaves the field out."""
    body = {
        "consentId": ONE,
        "acceptType": "custom",
        "acceptedCategories": ["necessary", "analytics"],
        "rejectedCategories": ["ads"],
        "timestamp": "2026-10-01T08:30:00.000Z",
        **changes,
    }
    return json.dumps({name: value for name, value in body.items() if value is not ...})


def log(path: Path, *lines: str) -> tuple[str, ...]:
    file = kept(path, "\n".join(lines) + "\n")
    return ("records", file, "--site", SITE, "--from", "vanilla-cookieconsent")


def test_a_log_becomes_records_that_claim_no_more_than_is_known(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    digest = make_site(app, clock()).digest
    later = line(
        acceptType="necessary",
        acceptedCategories=["necessary"],
        rejectedCategories=["analytics", "ads"],
        timestamp=1_791_000_000_000,
    )
    command = log(tmp_path / "log.ndjson", later, line(), line(consentId=TWO))
    assert "3 lines can be records" in run(app, *command).output and rows() == []
    done = run(app, *command, "--apply")
    assert done.exit_code == 0, done.output
    kept_rows = rows()
    first, second, third = (Names([row]).record(row, SITE) for row in kept_rows)
    assert first["action"] == second["action"] == third["action"] == "migrate"
    assert first["categories"] == {"statistics": True, "marketing": False}
    assert first["claimed_at"] == "2026-10-01T08:30:00.000Z"
    assert first["received_at"].startswith("2026-11-21T10:00:00")
    assert (first["notice"], first["answer"], first["page"]) == (digest, None, "*")
    assert (first["regime"], first["place"]["source"]) == ("FALLBACK", "none")
    mine = [one for one in (first, second, third) if one["visitor"] == first["visitor"]]
    newest = max((first, second, third), key=lambda one: one["claimed_at"])
    assert newest["categories"] == {"statistics": False, "marketing": False}
    assert len(mine) == 2 and mine[0]["previous"] is None and mine[1]["previous"] == mine[0]["id"]
    named = run(app, "visitor", ONE, "--site", SITE).output.strip()
    assert named == first["visitor"]
    act = acts(SITE)[0]
    assert act.verb == "records.import" and act.detail["written"] == 3
    assert len(act.detail["sha256"]) == 64
    again = run(app, *command, "--apply")
    assert "0 records written, 3 were there already" in again.output and len(rows()) == 3
    translated = json.dumps(
        consent_record(
            first, notices.by_digest(sites.get(SITE), digest).content, "https://c.example"
        )
    )
    assert "migrate, layer 0" in translated and "2026-10-01T08:30:00.000Z" in translated


def test_the_evidence_holds_what_was_brought_in_and_by_which_file(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, capsys: Any
) -> None:
    make_site(app, clock(), publish_log=True)
    run(app, *log(tmp_path / "log.ndjson", line(), line(consentId=TWO)), "--apply")
    tick(app, clock)
    clock.advance(minutes=5)
    assert app.test_cli_runner().invoke(args=["ledger", "fsck"]).output == "Everything agrees.\n"
    members = unzip(fetch(client, key_of(clock)))
    records = lines(members)
    assert [one["action"] for one in records] == ["migrate", "migrate"]
    assert all(one["log"] for one in records)
    acts_in = [one for one in lines(members, "access.ndjson") if one["verb"] == "records.import"]
    assert len(acts_in) == 1 and len(acts_in[0]["detail"]["sha256"]) == 64
    code, words = judge(capsys, zipped(tmp_path / "bundle.zip", members), "--no-memory")
    assert code == 0, words


def test_a_long_log_is_written_in_waves_and_each_visitors_records_stay_a_chain(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    make_site(app, clock())
    many = [
        line(consentId=f"visitor-{number % 90:08d}", timestamp=1_790_000_000 + number)
        for number in range(200)
    ]
    done = run(app, *log(tmp_path / "log.ndjson", *many, many[7]), "--apply")
    assert "200 records written, 1 were there already" in done.output
    by_visitor: dict[str, list[dict[str, Any]]] = {}
    for row in rows():
        record = Names([row]).record(row, SITE)
        by_visitor.setdefault(record["visitor"], []).append(record)
    assert len(by_visitor) == 90
    for chain in by_visitor.values():
        assert [one["previous"] for one in chain] == [None, *(one["id"] for one in chain[:-1])]
        assert [one["claimed_at"] for one in chain] == sorted(one["claimed_at"] for one in chain)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("not json", "line 1"),
        ("[]", "not an object"),
        (line(consentId=...), "consentId"),
        (line(consentId="x' OR 1=1 --"), "consentId"),
        (line(acceptedCategories="analytics"), "acceptedCategories"),
        (line(acceptedCategories=["traffic"]), "say what 'traffic' is"),
        (line(rejectedCategories=["analytics"]), "accepted and rejected"),
        (line(acceptType="necessary"), "acceptType"),
        (line(acceptType="all"), "acceptType"),
        (line(timestamp=...), "no time"),
        (line(timestamp="2026-10-01T08:30:00"), "no time"),
        (line(timestamp="2030-10-01T08:30:00Z"), "ahead"),
        (line(timestamp="2020-10-01T08:30:00Z"), "older than"),
        (line(timestamp="2026-02-31T08:30:00Z"), "line 1"),
        (line(timestamp=10**17), "line 1"),
        ('{"consentId": "a", "consentId": "b"}', "line 1"),
        (line(note="x" * 20_000), "bytes"),
    ],
)
def test_a_line_that_cannot_be_true_is_refused_with_its_number(
    app: Flask, clock: Clock, tmp_path: Path, bad: str, why: str
) -> None:
    make_site(app, clock())
    done = run(app, *log(tmp_path / "log.ndjson", bad, line()), "--apply")
    assert done.exit_code == 0, done.output
    assert "! line 1:" in done.output and why in done.output
    assert len(rows()) == 1


def test_names_of_ones_own_are_mapped_and_a_rejected_one_wins(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    make_site(app, clock())
    odd = line(acceptedCategories=["traffic", "analytics"], rejectedCategories=["maps"])
    command = log(tmp_path / "log.ndjson", odd)
    pairs = ("--category", "traffic=statistics", "--category", "maps=statistics")
    assert "1 lines can be records" in run(app, *command, *pairs, "--apply").output
    [row] = rows()
    assert Names([row]).record(row, SITE)["categories"] == {
        "statistics": False,
        "marketing": False,
    }


def test_a_choice_that_a_browser_carried_over_is_accepted_as_migrate(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    digest = make_site(app, clock()).digest
    body = choice_body(
        digest,
        clock(),
        action="migrate",
        categories={"statistics": True, "marketing": False},
        services={"google-analytics": True, "ads": False},
        at="2026-09-01T10:00:00.000Z",
    )
    reply = post_choice(client, SITE, body)
    assert reply.status_code == 201
    [row] = rows()
    record = Names([row]).record(row, SITE)
    assert (record["action"], record["claimed_at"]) == ("migrate", "2026-09-01T10:00:00.000Z")


def test_the_owner_is_told_where_nothing_is_published(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    add_site(clock())
    done = run(app, *log(tmp_path / "log.ndjson", line()))
    assert done.exit_code == 1 and "Nothing is published" in done.output
    inventory.starter(sites.get(SITE), BY, clock())


# -- the options of the part ---------------------------------------------------------------------

GOOD = {
    "shims": ["klaro", "cookiebot"],
    "migrate": ["klaro"],
    "categories": {"traffic": "statistics", "C0007": "marketing"},
    "services": {"Google Analytics": "google-analytics"},
    "names": {"klaro": "consent"},
    "days": {"klaro": 90},
    "revision": 3,
}


def test_options_come_back_from_a_form_as_they_went_in() -> None:
    assert integrations.problems({"dialects": GOOD}) == {}
    part = integrations.PARTS["dialects"]
    typed = {name: part.options[name].shown(value) for name, value in GOOD.items()}
    assert typed["categories"] == "traffic=statistics, C0007=marketing"
    assert {name: part.options[name].read(text) for name, text in typed.items()} == GOOD
    empty = {name: option.read("") for name, option in part.options.items()}
    assert integrations.clean({"dialects": empty}) == {"dialects": {}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shims", ["didomi"]),
        ("shims", "klaro"),
        ("migrate", ["klaro", "klaro"]),
        ("categories", {"traffic": "analytics"}),
        ("categories", ["traffic"]),
        ("categories", {"a=b": "statistics"}),
        ("categories", "traffic"),
        ("services", {"GA": "Google Analytics"}),
        ("names", {"klaro": "a b"}),
        ("days", {"klaro": 0}),
        ("days", {"klaro": "90"}),
        ("days", {"klaro": True}),
        ("revision", "latest"),
        ("categories", {f"c{n}": "statistics" for n in range(101)}),
    ],
)
def test_an_option_of_another_form_is_refused_by_its_name(name: str, value: Any) -> None:
    found = integrations.problems({"dialects": {name: value}})
    assert list(found) == [f"integrations.dialects.{name}"]


def test_both_sides_know_the_same_words() -> None:
    """The script and the command must make one category of one word."""
    text = (ROOT / "static/js/src/parts/dialects/words.js").read_text("utf-8")
    block = text[text.index("export const ALIAS") : text.index("};", text.index("ALIAS"))]
    pairs = re.findall(r"^  '?([a-z0-9-]+)'?: '([a-z]+)',$", block, re.MULTILINE)
    assert len(pairs) > 20
    script = {name: ours for name, ours in pairs if name != "ignore"}
    assert {name: category(name) for name in script} == script
    assert set(WORDS) | set(ALIASES) == set(script)
