"""The public page of a site's log, and how test visits come onto it."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from consent import ledger, sites
from consent.verify import probe
from consent.visitor import openly
from tests import acts
from tests.conftest import Clock
from tests.stage import violations

SITE = "example.com"
AT = f"/v1/{SITE}/log"


@pytest.fixture
def published(app: Flask, client: FlaskClient, clock: Clock) -> None:
    notice = acts.make_site(app, clock(), publish_log=True)
    assert (
        acts.post_choice(client, SITE, acts.choice_body(notice.digest, clock())).status_code == 201
    )


def test_a_log_that_is_not_published_has_no_page(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    acts.make_site(app, clock())
    assert (client.get(AT).status_code, acts.code_of(client.get(AT))) == (404, "not_found")
    assert client.get("/v1/nowhere.example/log").status_code == 404


def test_the_page_says_how_far_the_log_has_come_and_how_old_that_is(
    app: Flask, client: FlaskClient, published: None, clock: Clock
) -> None:
    assert "Nothing is signed yet" in client.get(f"{AT}?lang=en").text
    app.extensions["crumbtrail"].ledger.tick(clock())
    clock.advance(hours=3)
    page = unescape(client.get(f"{AT}?lang=en").text)
    head = ledger.head_of(SITE)
    origin, size, root = head.note.split("\n")[:3]
    for words in (origin, f">{size}<", root, "3 hours", "21 November 2026, 10:00 UTC"):
        assert words in page, words
    assert "No outside witness" in page and "No test visits have been reported" in page
    assert "<script" not in page and acts.SECRET not in page


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("asked", "lang", "words"),
    [
        ("pl", "pl", "Ostatni punkt kontrolny"),
        ("fr", "fr", "Dernier point de contrôle"),
        ("de", "en", "Last checkpoint"),
    ],
)
def test_the_page_speaks_three_languages_and_english_to_the_rest(
    client: FlaskClient, published: None, asked: str, lang: str, words: str
) -> None:
    page = unescape(client.get(f"{AT}?lang={asked}").text)
    assert f'<html lang="{lang}"' in page and words in page
    keys = [set(one) for one in openly.words().values()]
    assert keys[0] == keys[1] == keys[2]


def test_test_visits_are_looked_for_and_told_on_the_page(
    app: Flask,
    client: FlaskClient,
    published: None,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = tmp_path / "visits.json"
    state.write_text(json.dumps({"v": 1, "url": "http://x", "site": SITE, "visits": [{}, {}]}))
    for code, words in enumerate(("all were found", "missing or wrong", "not in the log yet")):
        monkeypatch.setattr(probe, "main", lambda _, code=code: code)
        run = app.test_cli_runner().invoke(args=["visits", SITE, "--state", str(state)])
        assert run.exit_code == code
        page = unescape(client.get(f"{AT}?lang=en").text)
        assert words in page and "2 test visits" in page
    app.test_cli_runner().invoke(args=["visits", "other.example", "--state", str(state)])
    told = ledger.told(sites.get(SITE))
    assert told is not None and (told.visits, told.code) == (2, 2)


@pytest.mark.sqlite_only
def test_the_page_fits_the_smallest_phone_and_axe_finds_nothing(
    app: Flask,
    client: FlaskClient,
    published: None,
    clock: Clock,
    new_page: Callable[..., Page],
    axe_source: str,
) -> None:
    app.extensions["crumbtrail"].ledger.tick(clock())
    page = new_page(viewport={"width": 320, "height": 640}, bypass_csp=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_content(client.get(f"{AT}?lang=pl").text)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(page, axe_source) == []
