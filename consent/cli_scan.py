"""`flask --app app scan URL`: what a site stores and sends, as a visitor's browser sees it.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 the scan could not be done.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import yaml
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError, ProgrammingError

from . import crawl, findings, notices, sites
from .crawl import CrawlError, Options, Progress
from .errors import Refusal
from .findings import Declared, Finding, Pass, Report, Scan
from .parts import parts

CANNOT = 2
FAIL_ON = ("leak", "error", "warning", "any")
a_file = click.Path(exists=True, dir_okay=False, path_type=Path)


class Passes(click.ParamType[tuple[str, ...]]):
    """`none,reject`: in the order of the passes; withdraw needs accept."""

    name = "passes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        said = {one.strip() for one in value.split(",") if one.strip()}
        unknown = said - set(findings.PASSES)
        if unknown or not said:
            self.fail(f"Any of {', '.join(findings.PASSES)}.", param, ctx)
        if "withdraw" in said and "accept" not in said:
            self.fail("withdraw goes on where accept ended: name both.", param, ctx)
        return tuple(name for name in findings.PASSES if name in said)


@click.command("scan")
@click.argument("url")
@click.option("--pages", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--passes", type=Passes(), default=findings.PASSES, help="Like none,reject.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), default="leak", show_default=True)
@click.option("--format", "form", type=click.Choice(findings.FORMATS), default="text")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option("--site", "key", help="Compare with this site's published inventory.")
@click.option("--inventory", type=a_file, help="Compare with this file: YAML or JSON.")
@click.option("--baseline", type=a_file, help="An earlier --format json: only what is new fails.")
@click.option("--allow-private", is_flag=True, help="This machine and private networks too.")
@click.option("--screenshots", type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@click.option("--seconds", default=600.0, show_default=True, type=click.FloatRange(10, 86400))
@click.option("--delay", default=1.0, show_default=True, type=click.FloatRange(0, 600))
@click.option("--dwell", default=2.0, show_default=True, type=click.FloatRange(0.5, 120))
@click.option("--language", default="en", show_default=True, help="The browser's, like pl.")
@click.option("--contact", default="", envvar="SCAN_CONTACT", help="Stands in the user agent.")
@with_appcontext
def scan(
    url: str,
    fail_on: str,
    form: str,
    output: Path | None,
    key: str | None,
    inventory: Path | None,
    baseline: Path | None,
    screenshots: Path | None,
    **told: Any,
) -> None:
    """Visit URL and pages of its site in a real browser: with no choice made, after refusing, after
    accepting, and after withdrawing. Says which tag stored or sent what."""
    declared = _declared(key, inventory)
    before = _baseline(baseline)
    folder = str(screenshots.resolve()) if screenshots else ""
    options = Options(screenshots=folder, **told)
    try:
        seen = crawl.scan(url, options, say, lambda one: early(url, one, declared))
    except CrawlError as error:
        cannot(f"{error.message} [{error.code}]")
    found = findings.judge(seen, declared)
    report = Report(seen, found, fail_on)
    if before is not None:
        added, gone = findings.difference(before, found)
        report = Report(seen, found, fail_on, added, gone)
    _put(findings.written(report, form), output)
    if output:
        click.echo(findings.written(report, "text"), err=True)
    sys.exit(1 if report.failing else 0)


def say(progress: Progress) -> None:
    """One line a page, on stderr."""
    click.echo(
        f"[{progress.number}/{progress.of} {progress.name}] page {progress.page} of "
        f"{progress.pages}  {progress.things} stored, {progress.requests} requests  "
        + findings.plain(progress.url),
        err=True,
    )


def early(url: str, one: Pass, declared: list[Declared] | None) -> None:
    """What leaked in a pass, as soon as it is known."""
    found = findings.judge(Scan(url, passes=[one]), declared)
    for leak in (one for one in found if one.leak):
        click.echo(f"  {findings.plain(leak.what)}", err=True)


def cannot(sentence: str) -> NoReturn:
    click.echo(f"The scan could not be done: {sentence}", err=True)
    sys.exit(CANNOT)


def _declared(key: str | None, file: Path | None) -> list[Declared] | None:
    """The inventory to compare with; None without one."""
    if key and file:
        cannot("--site and --inventory are two inventories; name one.")
    if key:
        try:
            notice = notices.current(sites.get(key), parts().clock())
        except Refusal as refusal:
            cannot(refusal.message)
        except (OperationalError, ProgrammingError):
            cannot("The database cannot be read. Is it set up? .venv/bin/flask --app app migrate")
        if notice is None:
            cannot(f"{key} has published nothing yet.")
        return findings.read(notice.content)
    if file is None:
        return None
    try:
        return findings.read(_mapping(file))
    except ValueError as error:
        cannot(f"{file}: {error}.")


def _baseline(file: Path | None) -> list[Finding] | None:
    if file is None:
        return None
    try:
        return findings.report_from_json(_mapping(file))[1]
    except ValueError as error:
        cannot(f"{file}: {error}.")


def _mapping(file: Path) -> Mapping[str, Any]:
    """JSON is read as YAML would be, only faster. Raises ValueError."""
    if file.stat().st_size > 50_000_000:
        raise ValueError("more than 50 MB")
    text = file.read_text("utf-8")
    try:
        said = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"neither JSON nor YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(said, dict):
        raise ValueError("not a mapping")
    return said


def _put(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        cannot(f"{output}: {error.strerror}.")
