"""What a cookie is taken for: the order of evidence, the commands, the import, the score."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from consent import catalogue, inventory, trail
from consent.classify import (
    CATEGORIES,
    Decision,
    Imported,
    Proposal,
    Seen,
    Sheet,
    Unreadable,
    builtin,
    propose,
    score,
)
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.prepare import ROOT

OWN = builtin()
THEIRS = (
    "ID,Platform,Category,Cookie / Data Key name,Domain,Description,Retention period,"
    "Data Controller,User Privacy & GDPR Rights Portals,Wildcard match"
)


def row(name: str, category: str, domain: str = "", prefix: bool = False) -> Imported:
    return Imported(f"{name}/{domain}", name, prefix, domain, "Acme", "Acme Inc", category, "", "")


def taken(name: str, domain: str = "", *rows: Imported, **more: str) -> Proposal:
    return propose(Seen(name, domain, **more), OWN.beside(imported=rows))


# -- the order of evidence ---------------------------------------------------------------------


def test_the_owner_has_the_last_word() -> None:
    known = OWN.beside([Decision("_ga", "necessary"), Decision("zz_", "marketing", "prefix")])
    found = propose(Seen("_ga", "example.com"), known)
    assert (found.category, found.confidence) == ("necessary", 1.0)
    assert "owner" in found.reason
    assert propose(Seen("zz_1"), known).category == "marketing"
    assert propose(Seen("ZZ_1"), known).category == "marketing"
    undecided = OWN.beside([Decision("_ga", "unknown")])
    assert propose(Seen("_ga"), undecided).category == "statistics"


GTM = "https://www.googletagmanager.com/gtm.js"
META = "https://connect.facebook.net/en_US/fbevents.js"
EVIDENCE = {
    # our list > who set it
    "_ga by Meta's script": (Seen("_ga", "x.example", script=META), (), "statistics", "list"),
    # our list > the imported database
    "_ga": (Seen("_ga", "x.example"), (row("_ga", "Marketing"),), "statistics", "list"),
    "_hjid": (Seen("_hjid", "x.example"), (row("_hjid", "Functional"),), "statistics", "list"),
    # who set it > the imported database
    "set by": (
        Seen("zq1", "x.example", script=META),
        (row("zq1", "Analytics"),),
        "marketing",
        "set by",
    ),
    # exact name and domain > exact name > prefix
    "name and domain": (
        Seen("zqwx", "a.acme.example"),
        (row("zqwx", "Analytics"), row("zqwx", "Marketing", "acme.example")),
        "marketing",
        "name and domain",
    ),
    "name": (
        Seen("zqwx", "x.example"),
        (row("zqwx", "Analytics"), row("zqw", "Marketing", prefix=True)),
        "statistics",
        "the name fits",
    ),
    "longest prefix": (
        Seen("zqwxy_1", "x.example"),
        (row("zqwx", "Analytics", prefix=True), row("zqwxy", "Marketing", prefix=True)),
        "marketing",
        "beginning",
    ),
    "prefix > domain": (
        Seen("zqwx_1", "adnxs.com"),
        (row("zqwx", "Analytics", prefix=True),),
        "statistics",
        "beginning",
    ),
    # the cookie's domain, before words
    "domain": (Seen("zqwx", ".ib.adnxs.com"), (), "marketing", "adnxs.com belongs to Xandr"),
    "domain before words": (Seen("my_language", "adnxs.com"), (), "marketing", "Xandr"),
    "their domain": (
        Seen("zqwx", "acme.example"),
        (row("one", "Marketing", "acme.example"), row("two", "Marketing", "acme.example")),
        "marketing",
        "Most rows",
    ),
    "public hosts": (Seen("zqwx", "x.247realmedia.com"), (), "marketing", "public list"),
    # words
    "words": (Seen("shop_language", "x.example"), (), "preferences", "language"),
    "words of the host": (Seen("zqwx", "metrics.x.example"), (), "statistics", "metrics"),
    # case is folded last
    "case": (Seen("XL7REF", "x.example"), (), "marketing", "in other letters"),
    "prefix of browsers": (Seen("__Secure-PHPSESSID", "x.example"), (), "necessary", "PHP"),
    "and of a tracker": (Seen("__Host-_fbp", "x.example"), (), "marketing", "Meta"),
    # a short prefix, and a name that says nothing, only with their domain
    "short prefix": (
        Seen("_session_id2", "x.example"),
        (row("_s", "Marketing", prefix=True),),
        "necessary",
        "session",
    ),
    "short prefix at home": (
        Seen("_sQ", "a.acme.example"),
        (row("_s", "Marketing", "acme.example", prefix=True),),
        "marketing",
        "domain",
    ),
    "generic": (Seen("token", "x.example"), (row("token", "Marketing"),), "unknown", "held"),
    "generic at home": (
        Seen("token", "acme.example"),
        (row("token", "Marketing", "acme.example (3rd party)"),),
        "marketing",
        "name and domain",
    ),
    # theirs says nothing about consent
    "functional": (Seen("zqwx", "x.example"), (row("zqwx", "Functional"),), "unknown", "held"),
    "necessary": (Seen("zqwx", "x.example"), (row("zqwx", "Necessary"),), "unknown", "held"),
    "security": (Seen("zqwx", "x.example"), (row("zqwx", "Security"),), "unknown", "held"),
    "nothing": (Seen("zqwx", "x.example"), (), "unknown", "Nothing is known"),
}


@pytest.mark.parametrize("case", EVIDENCE.values(), ids=EVIDENCE)
def test_evidence_counts_in_its_order(
    case: tuple[Seen, tuple[Imported, ...], str, str],
) -> None:
    seen, rows, category, word = case
    found = propose(seen, OWN.beside(imported=rows))
    assert found.category == category, found.reason
    assert word in found.reason and found.reason.endswith(".")
    assert found.needs_consent == (category != "necessary")


def test_rows_known_to_lie_do_no_harm() -> None:
    """Names that the Open Cookie Database calls functional, and those it takes for another's."""
    for name, domain in (
        ("_hjSession_1", "x.example"),
        ("test_cookie", "doubleclick.net"),
        ("YSC", "youtube.com"),
        ("_gaexp", "x.example"),
        ("_vwo_uuid_v2", "x.example"),
        ("tk_ai", "x.example"),
        ("ai_session", "x.example"),
        ("sessionid", "instagram.com"),
    ):
        assert taken(name, domain, row(name, "Functional")).needs_consent, name
    own = (row("sessionid", "Marketing", "instagram.com"), row("connect.sid", "Functional"))
    assert taken("sessionid", "shop.example", *own).category == "necessary"
    assert taken("connect.sid", "shop.example", *own).category == "necessary"
    segment = taken("ajs_anonymous_id", "shop.example", row("ajs_anonymous_id", "Analytics"))
    assert segment.service == "segment"


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("my-csrf-thing", "necessary"),
        ("acme_cookie_consent", "necessary"),
        ("acme_session", "necessary"),
        ("acme_basket", "necessary"),
        ("0123456789abcdef0123456789abcdef", "necessary"),
        ("acme_currency", "preferences"),
        ("acme_banner_closed", "preferences"),
        ("acme_visitor", "statistics"),
        ("acme_ab_test", "statistics"),
        ("analytics_sess_id", "statistics"),
        ("acme_utm_source", "marketing"),
        ("session_click_id", "marketing"),
        ("cart_tracking", "statistics"),
        ("session-tracking-7", "statistics"),
        ("PHPSESSID_click", "marketing"),
        ("recently_viewed_items", "preferences"),
        ("xqzv", "unknown"),
    ],
)
def test_the_words_in_an_unseen_name_are_a_hint(name: str, category: str) -> None:
    found = propose(Seen(name, "shop.example"))
    assert found.category == category and found.confidence < 0.8
    assert category == "unknown" or "check" in found.reason
    third = propose(Seen(name, "shop.example", party="third"))
    assert third.category != "necessary"


@pytest.mark.parametrize("name", ["csrf_analytics", "consent_ad_id", "captcha_tracking_id"])
def test_a_name_that_speaks_of_both_is_held_and_says_why(name: str) -> None:
    found = taken(name, "example.com")
    assert (found.category, found.needs_consent) == ("unknown", True)
    assert "necessary" in found.reason and "tracking" in found.reason


@pytest.mark.parametrize("name", ["my_consent_statistics", "gdpr_marketing"])
def test_an_answer_may_name_what_was_asked_about(name: str) -> None:
    assert taken(name, "example.com").category == "necessary"


@given(st.text(max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_seen_gets_an_answer(name: str, domain: str, script: str) -> None:
    for kind in ("cookie", "request"):
        found = propose(Seen(name, domain, kind=kind, script=script))
        assert found.category in CATEGORIES and 0 <= found.confidence <= 1 and found.reason
        assert found.needs_consent == (found.category != "necessary")


def test_a_request_is_what_its_host_is() -> None:
    ads = propose(Seen("https://ib.adnxs.com/px?id=1", kind="request"))
    assert (ads.category, ads.service) == ("marketing", "xandr")
    assert propose(Seen("", "js.stripe.com", kind="request")).category == "necessary"
    assert propose(Seen("", "x.example", kind="request")).category == "unknown"


# -- the commands ------------------------------------------------------------------------------


def run(app: Flask, *words: str, given: str | bytes | None = None) -> tuple[int, str, str]:
    done = app.test_cli_runner().invoke(args=list(words), input=given)
    return done.exit_code, done.stdout, done.stderr


def table(text: str, comma: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=comma))


COOKIES = (
    '\ufeffname,domain,note\n_ga,.example.com,"one, two"\nPHPSESSID,example.com,\n"q""x",,"a\nb"\n'
)


def test_the_command_prints_the_same_rows_with_what_they_are(tmp_path: Path) -> None:
    """The real program, with no database anywhere."""
    file = tmp_path / "cookies.csv"
    file.write_text(COOKIES, "utf-8")
    program = [sys.executable, "-m", "flask", "--app", "app", "classify", str(file)]
    environ = {"INSTANCE_PATH": str(tmp_path / "none"), "PATH": "", "SECRET_KEY": "not a secret"}
    done = subprocess.run(
        program, cwd=ROOT, env=environ, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "own list alone" in done.stderr
    for words in (["show"],):
        other = [*program[:5], "catalogue", *words]
        told = subprocess.run(other, cwd=ROOT, env=environ, capture_output=True, text=True)
        assert told.returncode == 1 and "Traceback" not in told.stderr
        assert "no_database" in told.stderr and "migrate" in told.stderr
    first, second, third = table(done.stdout)
    added = ["category", "needs_consent", "confidence", "reason"]
    assert list(first) == ["name", "domain", "note", *added]
    assert (first["category"], first["needs_consent"]) == ("statistics", "true")
    assert (second["category"], second["needs_consent"]) == ("necessary", "false")
    assert (third["name"], third["note"]) == ('q"x', "a\nb")
    assert (third["category"], third["needs_consent"]) == ("unknown", "true")
    assert float(first["confidence"]) > 0.9 > float(third["confidence"]) == 0.0
    assert "Google Analytics" in first["reason"]


def test_standard_input_semicolons_and_json_are_read_and_written(app: Flask) -> None:
    code, out, _ = run(app, "classify", "-", given="Domain;Name\nx.example;_gid\n")
    assert code == 0
    (only,) = table(out, ";")
    assert only["Name"] == "_gid" and only["category"] == "statistics"
    code, out, _ = run(app, "classify", "-", "--json", given="name,domain\n_gid,x\n")
    said = json.loads(out)
    assert code == 0 and said["needs_consent"] is True and said["confidence"] == 0.95


def test_what_was_classified_can_be_classified_again(app: Flask) -> None:
    _, once, _ = run(app, "classify", "-", given="name,domain\n_gid,x\n")
    code, twice, told = run(app, "classify", "-", given=once)
    assert (code, twice) == (0, once) and "Replaced: category" in told


def test_the_site_and_the_script_say_more_where_they_are_there(app: Flask) -> None:
    rows = (
        "name,domain,site,script\n"
        "sessionid,www.shop.example,https://shop.example/,\n"
        "sessionid,cdn.example,https://shop.example/,\n"
        f"zqwx,shop.example,shop.example,{META}\n"
    )
    _, out, _ = run(app, "classify", "-", given=rows)
    assert [one["category"] for one in table(out)] == ["necessary", "unknown", "marketing"]


REFUSED = (
    (b"", "empty_file"),
    (b"name,host\n_ga,x\n", "column_missing"),
    (b"domain\nx\n", "column_missing"),
    (b"name,domain,Name\n_ga,x,y\n", "column_twice"),
    (b"name,domain\n_ga\n", "row_shape"),
    (b"name,domain\n_ga,x,y\n", "row_shape"),
    (b'name,domain\n"_ga,x\n', "not_csv"),
    (b"name,domain\n\xff\xfe\xfa,x\n", "not_utf8"),
)


def test_a_file_that_cannot_be_used_is_refused_with_a_code(app: Flask) -> None:
    for data, code in REFUSED:
        status, out, told = run(app, "classify", "-", given=data)
        assert (status, out) == (1, "") and told.startswith(f"Error: {code}: ")


def test_an_owners_decisions_come_first(app: Flask, clock: Clock) -> None:
    site = add_site(clock())
    inventory.put_service(site, BY, clock(), "own", name="Own", category="statistics")
    inventory.add_tracker(site, BY, clock(), name="zq_", match="prefix", service="own")
    inventory.add_tracker(site, BY, clock(), name="zqq", category="marketing")
    given = "name,domain\nzq_1,x\nzqq,x\n"
    _, out, _ = run(app, "classify", "-", "--site", site.key, given=given)
    assert [one["category"] for one in table(out)] == ["statistics", "marketing"]
    status, _, told = run(app, "classify", "-", "--site", "nobody.example", given=given)
    assert status == 1 and "site_unknown" in told


# -- the import --------------------------------------------------------------------------------

DATABASE = f"""{THEIRS}
a,Acme,Marketing,zqwx,acme.example,"Follows, you",1 year,Acme Inc,https://acme.example/,0
b,Acme,Analytics,zqa_,,Counts,session,Acme Inc,,1
c,Acme,Functional,zfun,,Something,session,Acme Inc,,0
"""


def imported(app: Flask, tmp_path: Path, text: str, *more: str) -> tuple[int, str, str]:
    file = tmp_path / "database.csv"
    file.write_bytes(text.encode())
    return run(app, "catalogue", "import", str(file), *more)


def test_an_import_is_known_to_every_process_and_may_be_repeated(
    app: Flask, tmp_path: Path
) -> None:
    dry = imported(app, tmp_path, DATABASE, "--dry-run")
    assert dry[0] == 0 and dry[1].startswith("3 added, 0 changed, 0 removed")
    assert "Nothing was written" in dry[2] and catalogue.rows() == ()
    assert imported(app, tmp_path, DATABASE)[1].startswith("3 added")
    again = imported(app, tmp_path, "\ufeff" + DATABASE)
    assert again[1].startswith("0 added, 0 changed, 0 removed, 3 as they were, 0 refused")
    given = "name,domain\nzqwx,x\nzqa_9,x\nzfun,x\n_ga,x\n"
    _, out, _ = run(app, "classify", "-", given=given)
    assert [one["category"] for one in table(out)] == [
        "marketing",
        "statistics",
        "unknown",
        "statistics",
    ]
    assert [act.verb for act in trail.entries()] == ["catalogue.import"] * 2
    less = "\n".join(DATABASE.replace("Marketing", "Analytics").splitlines()[:-1])
    assert imported(app, tmp_path, less)[1].startswith("0 added, 1 changed, 1 removed, 1 as")
    assert "2 rows" in run(app, "catalogue", "show")[1]
    assert run(app, "catalogue", "clear")[1] == "2 rows removed.\n"
    assert catalogue.rows() == ()


def test_rows_that_cannot_be_used_are_named_and_take_nothing_with_them(
    app: Flask, tmp_path: Path
) -> None:
    imported(app, tmp_path, DATABASE)
    broken = f"""{THEIRS}
a,Acme,Marketing,zqwx,acme.example,Other,1 year,Acme Inc,,0
d,Acme,Marketing,,,,,,,0
e,Acme,Wonderful,zz,,,,,,0
f,Acme,Marketing,zz,,,,,,maybe
g,Acme,Marketing,zz
a,Acme,Marketing,twice,,,,,,0
h,Acme,Marketing,{"z" * 300},,,,,,0
"""
    code, out, told = imported(app, tmp_path, broken)
    assert code == 0 and "kept" in told
    assert [line.split(": ")[:2] for line in out.splitlines()[:-1]] == [
        ["! line 3", "name_missing"],
        ["! line 4", "category_unknown"],
        ["! line 5", "wildcard_unknown"],
        ["! line 6", "row_shape"],
        ["! line 7", "row_twice"],
        ["! line 8", "too_long"],
    ]
    assert out.splitlines()[-1].startswith("0 added, 1 changed, 0 removed, 0 as they were, 6")
    assert {one.id for one in catalogue.rows()} == {"a", "b", "c"}


def test_another_file_is_no_database(app: Flask, tmp_path: Path) -> None:
    code, out, told = imported(app, tmp_path, "name,domain\n_ga,x\n")
    assert (code, out) == (1, "") and "column_missing" in told and "Wildcard match" in told


def test_nothing_imported_is_ever_necessary() -> None:
    for category in ("Functional", "Necessary", "Security", "Marketing", "Analytics"):
        for prefix in (False, True):
            found = taken("zqwx", "x.example", row("zqwx", category, "x.example", prefix))
            assert found.needs_consent


# -- the score ---------------------------------------------------------------------------------


def said(category: str) -> Proposal:
    return Proposal(category, category != "necessary", 0.5, "")


def test_the_score_counts_what_it_says() -> None:
    pairs = [
        ("necessary", "necessary"),
        ("Strictly Necessary", "unknown"),
        ("functional", "preferences"),
        ("functional", "necessary"),
        ("analytics", "statistics"),
        ("Performance", "marketing"),
        ("marketing", "marketing"),
        ("Targeting", "necessary"),
        ("wonderful", "marketing"),
    ]
    found = score((label, said(category)) for label, category in pairs)
    assert (found.rows, dict(found.skipped)) == (8, {"wonderful": 1})
    assert found.four == 4 / 8
    # Wrong: the unknown necessary one, and the two that were called necessary.
    assert found.consent == 5 / 8
    assert found.let_through == 1 / 4
    assert found.unknown == 1 / 8
    shown = "\n".join(found.lines())
    assert "four classes         0.500" in shown and "'wonderful'" in shown
    line = next(one for one in shown.splitlines() if one.startswith("marketing"))
    assert line.split() == ["marketing", "1", "0", "0", "1", "0", "0.500"]


def test_no_rows_are_no_score() -> None:
    found = score([])
    assert (found.four, found.consent, found.let_through) == (0.0, 0.0, 0.0)


def test_the_command_scores_a_labelled_file(app: Flask) -> None:
    labelled = "name,domain,label\n_ga,x.example,statistics\nIDE,doubleclick.net,advertising\n"
    code, out, _ = run(app, "classify", "-", "--score", given=labelled)
    assert code == 0 and out.startswith("2 rows\nfour classes         1.000")
    code, _, told = run(app, "classify", "-", "--score", given="name,domain\n_ga,x\n")
    assert code == 1 and "column_missing" in told and "label" in told


def test_a_sheet_says_which_column_is_missing() -> None:
    with pytest.raises(Unreadable, match="no column domain and no label"):
        Sheet.read("name\n_ga\n", ("label",))
