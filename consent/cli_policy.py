"""`flask --app app policy …`: read a published policy, and lint it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import yaml
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from . import egress, inventory, policy, sites
from .egress import Guard, Policy, Unreachable
from .errors import Refusal
from .policy import Document, PolicyFinding, Unreadable

SECONDS = 20.0
AGENT = "Crumbtrail policy reader"
COOKIE = "crumbtrail"
BROKEN, UNUSABLE = 1, 2
NO_DATABASE = (
    "no_database: The database cannot be read. Is it set up? .venv/bin/flask --app app migrate"
)

group = AppGroup("policy", help="Published policies: read one into a draft, or lint it.")
a_source = click.argument("source", metavar="FILE|URL")
near = click.option("--allow-private", is_flag=True, help="Also addresses of this network.")


@group.command("read")
@a_source
@near
@click.option("--format", "form", type=click.Choice(["json", "yaml", "text"]), default="text")
def read(source: str, allow_private: bool, form: str) -> None:
    """What a policy says of its site and its cookies, each fact with its sentence and line.

    FILE or URL is HTML, PDF or text, in English, Polish or French. Exit code 2 where it cannot be
    read.
    """
    found = policy.read(_document(source, allow_private)).to_json()
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif form == "yaml":
        click.echo(yaml.safe_dump(found, allow_unicode=True, sort_keys=False), nl=False)
    else:
        click.echo("\n".join(_lines(found)))


@group.command("lint")
@a_source
@near
@click.option("--site", "key", help="A site here: its inventory and its settings beside the text.")
@click.option(
    "--scan", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A scan's JSON."
)
@click.option("--language", type=click.Choice(policy.LANGUAGES), help="Of the findings.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def lint(
    context: click.Context,
    source: str,
    allow_private: bool,
    key: str | None,
    scan: Path | None,
    language: str | None,
    form: str,
) -> None:
    """What is weak in a policy or contradicts itself, with place, reason, source and a remedy.

    Exit code 1 where there is an error among the findings, 2 where it cannot be read.
    """
    document = _document(source, allow_private)
    rows, settings = _site(key) if key else (None, None)
    seen = _scan(scan) if scan else None
    found = policy.lint(document, rows, seen, language or "", settings)
    if form == "json":
        click.echo(json.dumps([one.json() for one in found], ensure_ascii=False, indent=2))
    else:
        click.echo(_shown(found, language or document.language))
    context.exit(BROKEN if any(one.severity == "error" for one in found) else 0)


def _document(source: str, private: bool) -> Document:
    try:
        if source.startswith(("http://", "https://")):
            return policy.document(*_fetched(source, private), source)
        path = Path(source)
        if not path.is_file():
            raise Unreadable("not_found", f"There is no file {source!r}.")
        if path.stat().st_size > policy.BIGGEST:
            raise Unreadable("too_large", f"More than {policy.BIGGEST:,} bytes.")
        return policy.document(path.read_bytes())
    except Unreadable as problem:
        click.echo(f"Error: {problem.code}: {problem.message}", err=True)
        raise click.exceptions.Exit(UNUSABLE) from None


def _fetched(url: str, private: bool) -> tuple[bytes, str]:
    """The body and its content type, through the guard: each hop from an address it allows."""
    try:
        with Guard(Policy(private=private, seconds_max=SECONDS)) as way:
            got = egress.fetch(way, url, agent=AGENT, bytes_max=policy.BIGGEST, seconds=SECONDS)
    except Unreachable as error:
        allowed = error.why in egress.NOBODY or error.why not in egress.SENTENCES
        code = "unreachable" if allowed else "forbidden"
        raise Unreadable(code, f"{url} could not be fetched. {error}") from None
    if got.status != 200:
        raise Unreadable("unreachable", f"{url} answered {got.status}.")
    return got.body, got.headers.get("content-type", "")


def _site(key: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        site = sites.get(key)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    except (OperationalError, ProgrammingError):
        raise click.ClickException(NO_DATABASE) from None
    names = ("name", "match", "kind", "party", "category", "duration")
    rows = [{name: getattr(row, name) for name in names} for row in inventory.trackers(site)]
    kept = site.retention if site.retention.get("unit") else None
    settings = {"name": COOKIE, "duration": site.choice_lifetime, "period": kept}
    return rows, {**settings, "ip_mode": sites.ip_mode(site.facts)}


def _scan(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (UnicodeDecodeError, ValueError):
        raise click.ClickException("The scan is not JSON.") from None
    if not isinstance(found, dict) or not isinstance(found.get("passes"), list):
        raise click.ClickException("The file is not a scan: it has no passes.")
    return found


def _shown(found: list[PolicyFinding], language: str) -> str:
    known = policy.spoken(language)
    label, grades = known["_labels"], known["_severity"]
    made = []
    for one in found:
        made.append(f"{label['line']} {one.line}: {grades[one.severity]} {one.code}")
        made.append(f"  “{_short(one.quote)}”")
        made += [
            f"  {label['against']} ({label['line']} {at.line}): “{_short(at.quote)}”"
            for at in one.also
        ]
        made.append(f"  {one.why}")
        made.append(f"  {label['instead']}: {one.instead}")
        made.append(f"  {label['source']}: {one.source}\n")
    return "\n".join(made) or str(label["none"])


def _short(quote: str, most: int = 240) -> str:
    text = " ".join(quote.split())
    return text if len(text) <= most else text[: most - 2] + " …"


def _lines(found: dict[str, Any]) -> list[str]:
    """A draft for reading at a terminal: what is not there is "not stated"."""
    made = ["site"]
    made += _block(found["site"], 1)
    made.append("trackers")
    for tracker in found["trackers"]:
        made.append(f"  {tracker['name'] or 'not named'}")
        made += _block({name: v for name, v in tracker.items() if name != "name"}, 2)
    return made if found["trackers"] else [*made, "  not stated"]


def _block(block: Mapping[str, Any], depth: int) -> list[str]:
    made, pad = [], "  " * depth
    sources = block.get("src") or {}
    for name, value in block.items():
        if name in ("src", "listed_src", "quote"):
            continue
        if isinstance(value, dict) and not set(value) <= {"value", "unit", "min", "max"}:
            made.append(f"{pad}{name}")
            made += _block(value, depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            made.append(f"{pad}{name}")
            made += [line for one in value for line in [*_block(one, depth + 1), ""]]
        else:
            made.append(f"{pad}{name}: {_value(value)}")
            if at := sources.get(name):
                made.append(f"{pad}    line {at['line']}: “{_short(at['quote'], 160)}”")
    return made


def _value(value: Any) -> str:
    if value is None or value == []:
        return "not stated"
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
