"""`flask --app app preview URL`: a live page as it is, and as it would be with our two elements.
Nothing is installed anywhere, and the database of this server is not touched."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click
import yaml
from flask import current_app
from flask.cli import with_appcontext

from . import crawl, findings, notices, sitefile, sites
from .crawl import CrawlError, Options, Progress
from .findings import Finding, Scan
from .parts import parts

ROOT = Path(__file__).resolve().parents[1]
MOUNT = "/_ct"  # the address of our script in the preview: a path of the site itself
FILL = "to be filled in"
KEPT = {"value": 36, "unit": "month"}
Drafted = dict[str, Any]


@click.command("preview")
@click.argument("url")
@click.option("-o", "--output", default="report.html", type=click.Path(path_type=Path))
@click.option("--pages", default=1, show_default=True, type=click.IntRange(1, 20))
@click.option("--dwell", default=2.0, show_default=True, type=click.FloatRange(0.5, 60))
@click.option("--seconds", default=120.0, show_default=True, type=click.FloatRange(20, 3600))
@click.option("--language", default="en", show_default=True, help="The browser's, like pl.")
@click.option("--contact", default="", envvar="SCAN_CONTACT", help="Stands in the user agent.")
@click.option("--allow-private", is_flag=True, help="This machine and private networks too.")
@with_appcontext
def preview(url: str, output: Path, **told: Any) -> None:
    """Open URL in a real browser, once as it is and once with our snippet put in on the way.
    Writes one page to show around: what leaks today, what would be held, and how to begin."""
    with tempfile.TemporaryDirectory(prefix="crumbtrail-preview-") as folder:
        before = _scanned(url, Options(passes=("none",), screenshots=f"{folder}/before", **told))
        draft = site_draft(before)
        ready = _answers(draft, Path(folder), told["language"])
        put_in = {"head": ready["snippet"], "answers": ready["answers"]}
        options = Options(passes=("none",), screenshots=f"{folder}/after", **told, **put_in)
        after = _scanned(url, options)
        page = report(before, after, draft, ready["snippet"], Path(folder), parts().clock())
    try:
        output.write_text(page, "utf-8")
    except OSError as error:
        _cannot(f"{output}: {error.strerror}.")
    leaks = [sum(one.leak for one in findings.judge(scan)) for scan in (before, after)]
    click.echo(f"{output}: {leaks[0]} leaks today, {leaks[1]} with the snippet.")


def site_draft(scan: Scan) -> Drafted:
    """What `site apply` reads: settings with gaps for the owner, and the inventory as seen."""
    host = urlsplit(scan.pages[0] if scan.pages else scan.url).hostname or "example.com"
    key = host.removeprefix("www.")
    named = "." in key and not key.replace(".", "").isdigit() and ":" not in key
    listed = findings.drafted(scan)
    used = {one["category"] for rows in listed.values() for one in rows}
    return {
        "key": key if named else "example.com",
        "name": key,
        "controller": {
            "trading_name": key,
            "legal_name": f"{key} ({FILL})",
            "address": FILL.capitalize(),
            "email": f"privacy@{key if named else 'example.com'}",
        },
        "origins": sorted({host, key, f"www.{key}"} if named else {host}),
        "languages": ["en"],
        "preferences": "preferences" in used,
        "retention": KEPT,
        "inventory": listed,
    }


@click.command("preview-answers", hidden=True)
@with_appcontext
def preview_answers() -> None:
    """The snippet and the script for a draft on standard input; run on a database of its own."""
    told = json.load(sys.stdin)
    at = parts().clock()
    site = sites.get(sitefile.apply(told["site"], "preview", at).key)
    notice = notices.publish(site, "preview", at)
    head = sites.snippet(site, MOUNT, notices.hold(notice.content), sites.WHOLE)
    path = f"/v1/{site.key}/consent.js"
    reply = current_app.test_client().get(path, headers={"Accept-Language": told["language"]})
    answers = {path: reply.get_data(as_text=True)}
    click.echo(json.dumps({"snippet": head, "answers": answers}))


def _answers(draft: Drafted, folder: Path, language: str) -> dict[str, Any]:
    """What our server would send for this site: asked of one with a database of its own."""
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environ |= {"INSTANCE_PATH": str(folder / "instance"), "SECRET_KEY": "of this preview alone"}
    environ |= {"DATABASE_URL": f"sqlite:///{folder / 'preview.db'}", "HOME": str(folder)}
    told = json.dumps({"site": yaml.safe_dump(draft), "language": language})
    said = ""
    for command in ("migrate", "preview-answers"):
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own command
            [sys.executable, "-m", "flask", "--app", "app", command],
            cwd=ROOT,
            env=environ,
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            _cannot(f"no snippet could be made: {done.stderr.strip().splitlines()[-1:]}")
        said = done.stdout
    answer: dict[str, Any] = json.loads(said)
    return answer


def report(
    before: Scan, after: Scan, draft: Drafted, snippet: str, folder: Path, at: datetime
) -> str:
    """One HTML page with all it needs inside."""
    today, then = findings.judge(before), findings.judge(after)
    remain = {(one.kind, one.domain, one.name) for one in then if one.leak}
    leaks = [one for one in today if one.leak]
    rows = [(one, (one.kind, one.domain, one.name) not in remain) for one in leaks]
    page: str = current_app.jinja_env.get_template("preview.html").render(
        url=before.url,
        host=urlsplit(before.url).hostname,
        at=at,
        browser=before.browser,
        rows=rows,
        remaining=[one for one in then if one.leak],
        review=[one for one in today if one.code == "needs-review" and one.severity == "warning"],
        services=_services(leaks),
        before=_picture(folder / "before"),
        after=_picture(folder / "after"),
        banner=after.banner,
        own_banner=before.banner,
        snippet=snippet.replace(MOUNT, "https://consent.example.com"),
        site=yaml.safe_dump(draft, sort_keys=False, allow_unicode=True),
        inventory=draft["inventory"],
        unknown=findings.unknown_hosts(before),
        problems=[*dict.fromkeys([*before.problems, *after.problems])],
        pages=before.pages,
        fill=FILL,
    )
    return page


def _services(leaks: list[Finding]) -> list[str]:
    """Who gets something today: a service where it is known, else the host."""
    named = (
        (one.cause.service if one.cause else "")
        or (one.proposal.service_name if one.proposal else "")
        or one.domain.rpartition("//")[2]
        for one in leaks
    )
    return sorted({name for name in named if name}, key=str.casefold)


def _picture(folder: Path) -> str:
    """The first page of a scan, as an address of its own; empty where there is none."""
    file = folder / "none.png"
    if not file.exists():
        return ""
    return f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"


def _scanned(url: str, options: Options) -> Scan:
    try:
        return crawl.scan(url, options, _say)
    except CrawlError as error:
        _cannot(f"{error.message} [{error.code}]")


def _say(progress: Progress) -> None:
    click.echo(
        f"page {progress.page} of {progress.pages}  {progress.things} stored, "
        f"{progress.requests} requests  {progress.url}",
        err=True,
    )


def _cannot(sentence: str) -> NoReturn:
    click.echo(f"The preview could not be made: {sentence}", err=True)
    sys.exit(2)
