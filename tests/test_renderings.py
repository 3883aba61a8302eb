"""Pictures of what was published, taken by a real browser, and each version shown as it was."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from consent import builds, leaf, notices, renderings, sites, trail, users
from consent.db import db
from consent.notices import Notice
from consent.parts import parts
from consent.renderings import Renderer
from consent.stage import Stage
from consent.visitor import built
from tests.acts import BY, make_site
from tests.conftest import Clock
from tests.prepare import chromium
from tests.test_admin import EMAIL, WORDS, Owner

KEY = "example.com"


@pytest.fixture
def clock() -> Clock:
    """The browser's own: it takes rules that are two days old for none."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def folder(app: Flask) -> Path:
    return parts().config.instance_path / "renderings"


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return make_site(app, clock(), KEY, languages=["en", "pl"])


@pytest.fixture
def renderer(app: Flask, folder: Path) -> Renderer:
    known = parts()
    return Renderer(folder=folder, staged=known.staged, faces=known.regimes.faces)


@pytest.fixture
def owner(client: FlaskClient, notice: Notice, clock: Clock) -> Owner:
    users.add_user(EMAIL, WORDS, "cli", clock())
    made = Owner(client)
    assert made.sign_in().status_code == 303
    return made


# A program in place of the browser: pictures of nothing, each another.
PICTURES = """
for number in range(len(json.load(open(f"{sys.argv[1]}/job.json"))["pictures"])):
    with open(f"{sys.argv[1]}/{number}.png", "wb") as out:
        out.write(b"\\x89PNG\\r\\n\\x1a\\n" + str(number).encode())
open(f"{sys.argv[1]}/done.json", "w").write('{"browser": "a stub"}')
"""


def stub(folder: Path, says: str) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "stub.py"
    file.write_text(f"import json, sys, time\n{says}\n", "utf-8")
    return sys.executable, str(file)


def work_off(renderer: Renderer, at: Callable[[], datetime], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while renderer(at()):
        assert time.monotonic() < end, "the pictures are not taken"
        time.sleep(0.1)


@pytest.fixture
def taken(renderer: Renderer, notice: Notice, clock: Clock) -> Notice:
    """A version whose pictures a real browser has taken."""
    if chromium() is None:
        pytest.skip("no Chromium is installed (package chromium)")
    work_off(renderer, clock)
    return notice


@pytest.mark.sqlite_only
def test_every_language_way_to_ask_layer_and_screen_is_taken_and_kept_by_digest(
    taken: Notice, folder: Path
) -> None:
    held = renderings.job(taken)
    assert held is not None and held.state == "done", held and held.problem
    found = renderings.entries(taken)
    names = {(one.language, one.face, one.layer, one.screen) for one in found}
    assert len(found) == len(names) == held.wanted == held.taken == 2 * 2 * 2 * 2
    for one in found:
        data = renderings.where(folder, one.digest).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one.digest and len(data) == one.size
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        assert width == {"phone": 360, "desktop": 1280}[one.screen]
        least = {"phone": 640, "desktop": 800}[one.screen]
        assert height >= least if one.layer == 2 else height == least
    assert len({one.digest for one in found}) == len(found)  # no two show the same
    told = renderings.manifest(taken, held, found)
    said = next(one for one in trail.entries(KEY) if one.verb == "notice.render")
    assert said.detail["manifest"] == held.manifest == leaf.digest(told)
    assert said.detail["notice"] == taken.digest and said.salt is not None  # the log commits to it
    assert held.browser is not None and held.browser.startswith("Chromium ")
    assert not (folder / "work" / str(taken.id)).exists()


def test_a_picture_that_was_changed_or_is_gone_is_noticed(
    app: Flask, notice: Notice, owner: Owner, renderer: Renderer, clock: Clock, folder: Path
) -> None:
    renderer.command = stub(folder, PICTURES)
    work_off(renderer, clock)
    page = owner.page(f"/sites/{KEY}/shown/1")
    assert "16 pictures are there and are what was taken." in page
    one, other = renderings.entries(notice)[:2]
    assert f"/shown/1/pictures/{one.digest}.png" in page
    assert owner.get(f"/sites/{KEY}/shown/1/pictures/{one.digest}.png").mimetype == "image/png"
    listed = owner.get(f"/sites/{KEY}/shown/1/pictures.json")
    assert hashlib.sha256(listed.data).hexdigest() in page
    file = renderings.where(folder, one.digest)
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    page = owner.page(f"/sites/{KEY}/shown/1")
    assert "1 picture is missing or is not what was taken." in page
    assert owner.get(f"/sites/{KEY}/shown/1/pictures/{one.digest}.png").status_code == 404
    renderings.where(folder, other.digest).unlink()
    assert "2 pictures are missing" in owner.page(f"/sites/{KEY}/shown/1")
    refused = owner.send(f"/sites/{KEY}/shown/1/again")
    assert refused.status_code == 409  # evidence is not taken twice


@pytest.mark.sqlite_only
def test_a_row_that_was_changed_is_not_what_the_trail_says(
    app: Flask, notice: Notice, owner: Owner, renderer: Renderer, clock: Clock, folder: Path
) -> None:
    renderer.command = stub(folder, PICTURES)
    work_off(renderer, clock)
    assert "pictures are there and are what was taken" in owner.page(f"/sites/{KEY}/shown/1")
    renderings.entries(notice)[0].place = "DE"
    db.session.commit()
    page = owner.page(f"/sites/{KEY}/shown/1")
    assert "the list of them is not the one in the trail" in page


def test_without_a_browser_the_page_says_so_and_publishing_is_not_held_up(
    app: Flask,
    notice: Notice,
    owner: Owner,
    renderer: Renderer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert "They wait for their turn." in owner.page(f"/sites/{KEY}/shown/1")
    work_off(renderer, clock)
    page = owner.page(f"/sites/{KEY}/shown/1")
    assert "There is no browser on this server, so no pictures were taken." in page
    assert "Take them now" in page
    site = sites.get(KEY)
    sites.change(site, BY, clock(), texts={"en": {"title": "Second words"}})
    second = notices.publish(site, BY, clock.advance(seconds=5))
    assert second.version == 2
    assert owner.send(f"/sites/{KEY}/shown/1/again").status_code == 303
    assert trail.entries(KEY)[0].verb == "notice.render_again"
    states = [renderings.job(one) for one in (notice, second)]
    assert [one.state for one in states if one] == ["queued"]  # the second is found by the renderer
    assert renderings.queue_due(clock()) == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "says",
    ["sys.exit(3)", "open(f'{sys.argv[1]}/done.json', 'w').write('{\"browser\": \"x\"}')"],
    ids=["a crash", "no picture"],
)
def test_what_breaks_is_tried_three_times_and_then_told(
    says: str,
    app: Flask,
    notice: Notice,
    owner: Owner,
    renderer: Renderer,
    clock: Clock,
    folder: Path,
) -> None:
    renderer.command = stub(folder, says)
    for tries, state in ((1, "queued"), (2, "queued"), (3, "failed")):
        work_off(renderer, clock)
        held = renderings.job(notice)
        assert held is not None and (held.tries, held.state) == (tries, state)
        work_off(renderer, clock)
        assert held.tries == tries  # not before its time
        clock.advance(hours=1)
    assert owner.sign_in().status_code == 303  # hours have gone by
    assert "ended with an error" in owner.page(f"/sites/{KEY}/shown/1")
    assert renderings.entries(notice) == []


def test_one_that_hangs_is_ended_and_one_whose_server_died_is_taken_over(
    app: Flask, notice: Notice, renderer: Renderer, clock: Clock, folder: Path
) -> None:
    now = [0.0]
    renderer.command, renderer.steady = stub(folder, "time.sleep(600)"), lambda: now[0]
    assert renderer(clock()) is True
    held = renderings.job(notice)
    assert held is not None and held.state == "running"
    assert renderings.claim(clock()) is None  # one at a time
    now[0] = 10_000.0
    assert renderer(clock()) is False
    assert (held.state, held.problem) == ("queued", "slow")
    clock.advance(hours=1)
    assert renderer(clock()) is True
    renderer.close()
    clock.advance(minutes=10)
    assert renderings.claim(clock()) is None and held.problem == "gone"


# -- shown again -------------------------------------------------------------------------------


def ask(client: FlaskClient, place: str, lang: str) -> str:
    """What a CDN asks for; the answer's digest."""
    found = re.search(
        r'"answer":"([0-9a-f]{64})"', client.get(f"/v1/{KEY}/{place}/{lang}/consent.js").text
    )
    assert found is not None
    return found[1]


def framed(page: str) -> str:
    found = re.search(r'<iframe src="(/stage/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_old_version_is_shown_in_its_words_under_its_rules_after_newer_ones(
    app: Flask, notice: Notice, owner: Owner, client: FlaskClient, clock: Clock
) -> None:
    first = ask(client, "US-CA", "en")
    polish = ask(client, "PL", "pl")
    site = sites.get(KEY)
    title = {"en": {"title": "The words of the second"}}
    layout = {"position": "top", "theme": {"light": {"accent": "#8a1538"}}}
    sites.change(site, BY, clock(), texts=title, layout=layout)
    notices.publish(site, BY, clock.advance(seconds=5))
    sites.change(site, BY, clock(), texts={"en": {"title": "The words of the third"}})
    notices.publish(site, BY, clock.advance(seconds=5))
    clock.advance(seconds=5)

    moved = owner.get(f"/sites/{KEY}/shown/answers/{first}")
    assert moved.status_code == 303
    page = owner.page(moved.headers["Location"].removeprefix("/admin"))
    assert first in page and "US-CA" in page
    script = client.get(framed(page) + f"v1/{KEY}/consent.js").text
    assert "The words of" not in script and '"css"' not in script
    assert f'"notice":"{notice.digest}"' in script and '"show":"bar"' in script
    second = owner.page(f"/sites/{KEY}/shown/2")
    script = client.get(framed(second) + f"v1/{KEY}/consent.js").text
    assert "The words of the second" in script and "#8a1538" in script
    assert "This is not an answer that was served" in second

    chosen = owner.page(f"/sites/{KEY}/shown/1?language=pl&place=served:PL&layer=2")
    assert polish in chosen
    other = owner.page(f"/sites/{KEY}/shown/1?language=pl&place=served:US-CA")
    assert "Nobody was served this version in that language under those rules." in other
    assert owner.get(f"/sites/{KEY}/shown/9").status_code == 404
    assert owner.get(f"/sites/{KEY}/shown/answers/{'0' * 64}").status_code == 404


@pytest.mark.sqlite_only
def test_an_answer_is_shown_with_the_code_it_was_served_with_after_an_upgrade(
    app: Flask,
    notice: Notice,
    owner: Owner,
    client: FlaskClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = ask(client, "PL", "en")
    was = built.code(False)
    # An upgrade: the same server with another script.
    monkeypatch.setattr(built, "code", lambda lax=True: "/* the script of tomorrow */")
    page = owner.page(f"/sites/{KEY}/shown/1?answer={answer}")
    script = client.get(framed(page) + f"v1/{KEY}/consent.js").text
    assert was in script and "tomorrow" not in script and "kept" in page
    kept = builds.find(built.named(was))
    assert kept is not None and set(kept) == set(built.files(False))
    for name in filter(None, kept):
        code = client.get(framed(page) + f"v1/{KEY}/code/{name}.js")
        assert code.status_code == 200 and code.headers["Access-Control-Allow-Origin"] == "*"
    # A page that pins the code of that day keeps working with it.
    pin = builds.pin_of(was)
    pinned = client.get(f"/v1/{KEY}/pin/{hashlib.sha256(pin).hexdigest()}.js")
    assert (pinned.status_code, pinned.data) == (200, pin)
    assert client.get(f"/v1/{KEY}/pin/{'0' * 64}.js").status_code == 404
    today = owner.page(f"/sites/{KEY}/shown/1?language=en&place=PL")
    assert "tomorrow" in client.get(framed(today) + f"v1/{KEY}/consent.js").text
    # One whose code was lost says so.
    db.session.execute(db.delete(builds.Build))
    db.session.commit()
    lost = owner.page(f"/sites/{KEY}/shown/1?answer={answer}")
    assert "not kept, shown with the script of today" in lost


@pytest.mark.sqlite_only
def test_a_banner_of_the_past_stands_in_a_real_browser(
    app: Flask, notice: Notice, client: FlaskClient, clock: Clock, new_page: Callable[..., Page]
) -> None:
    answer = ask(client, "CA-QC", "en")
    site = sites.get(KEY)
    sites.change(site, BY, clock(), texts={"en": {"title": "Newer words"}})
    notices.publish(site, BY, clock.advance(seconds=5))
    told = Stage(KEY, answer, "", False, "en", 2)
    build, files = parts().staged(told)
    assert build == built.build(False)
    page = new_page(locale="en-GB")
    base = "https://stage.invalid/"

    def fulfil(route: Route) -> None:
        kind, body = files[route.request.url.removeprefix(base)]
        route.fulfill(content_type=kind, body=body)

    page.route("**/*", fulfil)
    page.goto(base)
    expect(page.locator("dialog.ctl-settings")).to_contain_text("Google Analytics")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#cmp-dialog")).to_contain_text("Your privacy choices")
    expect(page.locator("#cmp-dialog")).not_to_contain_text("Newer words")


@pytest.mark.sqlite_only
def test_the_command_takes_what_waits_and_says_what_came_of_it(
    app: Flask, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    done = app.test_cli_runner().invoke(args=["renderings", "run"])
    assert done.exit_code == 0 and done.output == "failed: 1\n"
