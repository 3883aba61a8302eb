"""Scans of a site: asking for one, watching it, what it found, how often, and who is told."""

from __future__ import annotations

import json
import mimetypes
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import egress, ownership, scans, sites
from consent.admin import guard, show
from consent.admin.tongue import _
from consent.errors import Invalid, NotFound, Refusal
from consent.parts import parts
from consent.scans import Scan
from consent.sites import Site

pages = Blueprint("scans", __name__, url_prefix="/sites/<key>/scans")
PICTURE = re.compile(r"[\w-]{1,80}\.(?:png|jpe?g|webp)")
PASSES = {
    "none": "No choice",
    "reject": "After a reject",
    "accept": "After an accept",
    "withdraw": "After a withdrawal",
}


@pages.get("/")
def every(key: str) -> str:
    """The form, the scan that runs, those that ran, and the schedule."""
    return _page(sites.get(key), {}, None)


@pages.post("/start")
def start(key: str) -> Response:
    """Ask for a scan; without a proof that the website is the owner's: 403, and how to prove it."""
    site, url = sites.get(key), request.form.get("url", "").strip()
    try:
        scans.options(site, url, parts().config, guard.now())
        made = scans.start(site, url, guard.user().email, guard.now())
    except Refusal as refusal:
        wrong = refusal.fields or {"url": refusal.message}
        return _answer(_page(site, wrong, refusal), refusal)
    return guard.done("admin.scans.one", "scan_started", key=key, number=made.id)


@pages.get("/<int:number>")
def one(key: str, number: int) -> str:
    """One scan: where it is, or what it found and what has changed since the one before."""
    site = sites.get(key)
    scan = scans.get(site, number)
    told = scans.difference(site, scan) if scan.state == "done" else None
    seen = json.loads(scan.seen) if scan.seen else None
    return render_template(
        "admin/scan.html",
        site=site,
        scan=scan,
        problems=scans.PROBLEMS,
        new={one["id"] for one in told[0]} if told else None,
        gone=told[1] if told else [],
        groups=_groups(scan.found),
        seen=seen,
        matrix=_matrix(seen) if seen else [],
        PASSES=PASSES,
        pictures=_pictures(number, seen),
        waiting=scans.open_count(site),
    )


@pages.get("/<int:number>/progress")
def progress(key: str, number: int) -> Response:
    """For the page that waits: {state, progress}."""
    scan = scans.get(sites.get(key), number)
    return jsonify({"state": scan.state, "words": _words(scan)})


@pages.get("/<int:number>/scan.json")
def download(key: str, number: int) -> Response:
    """The whole observation, as long as it is kept."""
    scan = scans.get(sites.get(key), number)
    if scan.seen is None:
        raise NotFound("not_found", "What this scan saw is not kept any more.")
    response = make_response(scan.seen)
    response.mimetype = "application/json"
    name = f"{key}-scan-{number}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.get("/<int:number>/pictures/<name>")
def picture(key: str, number: int, name: str) -> Response:
    """A screenshot; it lies on the server that ran the scan."""
    scan = scans.get(sites.get(key), number)
    file = _folder(scan.id) / name
    if not PICTURE.fullmatch(name) or not file.is_file():
        raise NotFound("not_found", "This picture is not kept here.")
    response = make_response(file.read_bytes())
    response.mimetype = mimetypes.guess_type(name)[0] or "image/png"
    return response


@pages.post("/<int:number>/stop")
def stop(key: str, number: int) -> Response:
    """End a scan that waits or runs."""
    scans.cancel(sites.get(key), number, guard.user().email, guard.now())
    return guard.done("admin.scans.one", "scan_stopped", key=key, number=number)


@pages.post("/proof")
def proof(key: str) -> Response:
    """Look for the proof now: a record or a file."""
    site, host = sites.get(key), request.form.get("host", "").strip()
    get = ownership.getter(f"Crumbtrail (+{parts().config.base_url})")
    by, at = guard.user().email, guard.now()
    try:
        found = ownership.look(site, host, by, at, egress.txt, get)
    except Invalid as refusal:
        return _answer(_page(site, {"host": refusal.message}, refusal), refusal)
    word = "host_proven" if found else "host_unproven"
    return guard.done("admin.scans.every", word, key=key)


@pages.post("/watch")
def watch(key: str) -> Response:
    """Keep how often to scan, and who is told."""
    site, form = sites.get(key), request.form
    said = {name: form.get(name, "").strip() for name in ("every", "url", "webhook", "email")}
    try:
        if said["every"] not in ("off", ""):
            scans.options(site, said["url"], parts().config, guard.now())
        by, at = guard.user().email, guard.now()
        scans.put_watch(site, **said, by=by, at=at, fresh=form.get("fresh") == "yes")
    except Refusal as refusal:
        wrong = {f"watch_{name}": why for name, why in (refusal.fields or {}).items()}
        return _answer(_page(site, wrong or {"watch_url": refusal.message}, refusal), refusal)
    return guard.done("admin.scans.every", "watch_saved", key=key)


def _page(site: Site, wrong: dict[str, str], refusal: Refusal | None) -> str:
    kept = scans.watch(site)
    unproven = refusal is not None and refusal.code == "not_proven"
    if unproven:
        _claim(site, request.form.get("url", ""))
    config = parts().config
    found = scans.history(site, 20)
    first = f"{config.base_url}/demo/{site.key}/"
    usual = first if scans.is_demo(site, first, config) else kept.url
    return render_template(
        "admin/scans.html",
        site=site,
        history=found,
        active=next((one for one in found if one.state in ("queued", "running")), None),
        words=_words,
        kept=kept,
        form=request.form,
        url=request.form.get("url") or usual,
        wrong=wrong,
        unproven=unproven,
        claims=[(one, ownership.wanted(one)) for one in ownership.of_site(site)],
        proven={one.host for one in ownership.of_site(site) if _counts(site, one.host)},
        every=scans.EVERY,
        alerts=scans.messages(site),
        waiting=scans.open_count(site),
        mails=bool(config.smtp_url),
    )


def _claim(site: Site, url: str) -> None:
    """What the owner has to put up, for a host of theirs; others cannot be claimed."""
    with suppress(Invalid):
        ownership.claim(site, scans.host_of(url.strip()), guard.user().email, guard.now())


def _counts(site: Site, host: str) -> bool:
    return ownership.proven(site, host, guard.now())


def _answer(page: str, refusal: Refusal) -> Response:
    response = make_response(page, refusal.status)
    response.headers["X-Consent-Refused"] = refusal.code
    return response


def _words(scan: Scan) -> str:
    """Where a scan is, in a sentence."""
    if scan.state == "queued":
        return _("It waits for its turn: one scan runs at a time.")
    told = scan.progress
    if scan.state == "done":
        return _("It is done.")
    if scan.state != "running":
        why = scans.PROBLEMS.get(scan.problem or "")
        return _(why) if why else _("It has ended.")
    if not told:
        return _("The browser starts.")
    steps = _(
        "Pass %(number)s of %(of)s: %(name)s.",
        number=told.get("number"),
        of=told.get("of"),
        name=_(PASSES.get(str(told.get("name")), "")),
    )
    seen = _(
        "Page %(page)s of %(pages)s, %(things)s things and %(requests)s requests seen.",
        page=told.get("page"),
        pages=told.get("pages"),
        things=told.get("things", 0),
        requests=told.get("requests", 0),
    )
    return f"{steps} {seen}"


def _groups(found: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The findings, the worst first."""
    groups = []
    for severity, title in show.SEVERITIES.items():
        mine = [one for one in found if one["severity"] == severity]
        if mine:
            groups.append((title, sorted(mine, key=lambda one: (one["code"], str(one["what"])))))
    return groups


def _matrix(seen: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each thing: what it is, and in which passes it was there."""
    lines: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in seen["passes"]:
        for thing in one["things"]:
            key = (thing["kind"], thing["name"], thing["domain"])
            line = lines.setdefault(key, {"thing": thing, "passes": set()})
            line["passes"].add(one["name"])
            if thing.get("cause") and not line["thing"].get("cause"):
                line["thing"] = thing
    return [lines[key] for key in sorted(lines)][:500]


def _pictures(number: int, seen: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(what it shows, file name) of what is still here."""
    if seen is None:
        return []
    files = [
        (one["name"], Path(name).name) for one in seen["passes"] for name in one["screenshots"]
    ]
    return [
        (PASSES.get(name, name).replace("After", "Before" if "-before" in file else "After"), file)
        for name, file in files
        if (_folder(number) / file).is_file()
    ]


def _folder(number: int) -> Path:
    return parts().config.instance_path / "scans" / str(number)
