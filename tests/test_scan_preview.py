"""`flask preview`: a live page with our two elements put in on the way, as one page to show."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from flask import Flask

from consent import inventory, sitefile, sites
from tests.conftest import START
from tests.leaky import Leaky, html, leaky
from tests.prepare import chromium

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

GA = "document.cookie = '_ga=GA1.1.1; max-age=31536000; path=/'"


@pytest.fixture
def site() -> Iterator[Leaky]:
    if chromium() is None:
        pytest.skip("no Chromium is installed (package chromium)")
    with leaky() as made:
        tag = made.at("tracker.localhost", "/t.js")
        made.put("/t.js", (200, "text/javascript", GA, []))
        policy = ("Content-Security-Policy", "script-src 'self' 'unsafe-inline' *.localhost:*")
        made.put("/", html(f"<h1>The tea shop</h1><script src={tag}></script>", policy))
        yield made


def test_the_report_says_what_leaks_and_what_is_held_and_its_file_can_be_applied(
    app: Flask, site: Leaky, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    told = ["--allow-private", "--dwell", "0.6", "--language", "pl", "-o", str(file)]
    done = app.test_cli_runner().invoke(args=["preview", site.url, *told])
    assert done.exit_code == 0, done.output
    assert f"{file}: 1 leaks today, 0 with the snippet." in done.output
    page = file.read_text("utf-8")
    assert "<code>_ga</code> was set before any choice by" in page and ">held</td>" in page
    assert page.count("data:image/png;base64,") == 2
    assert "asked first, refusing is one click" in page, "our banner stood there"
    assert not re.search(r'(src|href)="(?!data:)', page.partition("<pre>")[0])
    text = re.search(r"<summary>site.yaml</summary><pre>(.*?)</pre>", page, re.DOTALL)
    assert text
    ready = markup.unescape(text[1])
    assert yaml.safe_load(ready)["inventory"]["trackers"][0]["category"] == "statistics"
    made = sites.get(sitefile.apply(ready, "test", START).key)
    assert "_ga" in {one.name for one in inventory.trackers(made)}
    assert "&lt;script data-site=" in page and "https://consent.example.com/v1/" in page


def test_what_cannot_be_opened_is_said(app: Flask, tmp_path: Path) -> None:
    done = app.test_cli_runner().invoke(args=["preview", "http://127.0.0.1:9/"])
    assert done.exit_code == 2 and "--allow-private" in done.output
