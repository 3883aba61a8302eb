"""The inventory of a site: its trackers and services, and bringing in a list of them."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import inventory, sites
from consent.admin import guard, show
from consent.errors import Invalid, NotFound, Refusal
from consent.inventory import Service, Tracker
from consent.sites import Site

pages = Blueprint("inventory", __name__, url_prefix="/sites/<key>/inventory")
SORTS = ("name", "category", "kind", "party", "service")
FILE_MOST = 1_000_000


@pages.get("/")
def every(key: str) -> str:
    """The trackers, searched, filtered and sorted; and the services they belong to."""
    site, asked = sites.get(key), request.args
    sort = asked.get("sort", "name")
    category = asked.get("category", "")
    kind = asked.get("kind", "")
    q = asked.get("q", "")[:200]
    known = {"sort": sort if sort.lstrip("-") in SORTS else "name", "q": q}
    known["category"] = category if category in (*show.CATEGORIES, "unclassified") else ""
    known["kind"] = kind if kind in show.KINDS else ""
    found = inventory.trackers(
        site, known["q"] or None, known["category"] or None, known["kind"] or None, known["sort"]
    )
    services = inventory.services(site)
    return render_template(
        "admin/inventory.html",
        site=site,
        trackers=found,
        services=services,
        names={service.key: service.name for service in services},
        providers={service.key: service.provider for service in services},
        asked=known,
        total=len(inventory.trackers(site)),
        sorts=SORTS,
    )


@pages.get("/new")
def new(key: str) -> str:
    """The form for another tracker."""
    site = sites.get(key)
    return _tracker_page(site, None, {"kind": "cookie", "match": "exact"}, {})


@pages.post("/new")
def add(key: str) -> Response:
    """Keep another tracker."""
    site = sites.get(key)
    try:
        inventory.add_tracker(site, guard.user().email, guard.now(), **_fields(site, {}))
    except Refusal as refusal:
        return _again(site, None, refusal)
    return guard.done("admin.inventory.every", "tracker_added", key=key)


@pages.get("/<int:number>")
def one(key: str, number: int) -> str:
    """One tracker, to edit, reclassify or remove."""
    site = sites.get(key)
    tracker = inventory.tracker(site, number)
    return _tracker_page(site, tracker, _as_form(tracker), {})


@pages.post("/<int:number>")
def edit(key: str, number: int) -> Response:
    """Keep what was changed; another category needs a reason, which goes into the trail."""
    site = sites.get(key)
    tracker = inventory.tracker(site, number)
    try:
        fields = _fields(site, tracker.purpose)
        if fields["category"] != tracker.category and not fields["reason"]:
            message = "You are changing the category: say why in a sentence."
            raise Invalid("reason_missing", message, fields={"reason": message})
        inventory.edit_tracker(site, number, guard.user().email, guard.now(), **fields)
    except Refusal as refusal:
        return _again(site, tracker, refusal)
    return guard.done("admin.inventory.every", "tracker_changed", key=key)


@pages.post("/<int:number>/remove")
def remove(key: str, number: int) -> Response:
    """Take a tracker out of the inventory; published notices keep it."""
    site = sites.get(key)
    inventory.remove_tracker(site, number, guard.user().email, guard.now())
    return guard.done("admin.inventory.every", "tracker_removed", key=key)


@pages.get("/import")
def bring(key: str) -> str:
    """The form for a CSV, pasted or as a file."""
    return _import_page(sites.get(key), None, "", {})


@pages.post("/import")
def take(key: str) -> Response:
    """Take the good rows and show the refused ones again, with their lines, to mend and resend."""
    site = sites.get(key)
    upload = request.files.get("file")
    text = request.form.get("text", "")
    try:
        if upload is not None and upload.filename:
            text = _read(upload.stream.read(FILE_MOST + 1))
        if not text.strip():
            raise Invalid("file", "Nothing to import.", fields={"file": "Choose or paste a CSV."})
        done = inventory.import_csv(site, text, guard.user().email, guard.now())
    except Refusal as refusal:
        wrong = refusal.fields or {"file": refusal.message}
        return make_response(_import_page(site, None, text, wrong), refusal.status)
    left = _refused_rows(text, [line for line, _ in done.refused])
    return make_response(_import_page(site, done, left, {}), 422 if done.refused else 200)


@pages.get("/services/new")
def new_service(key: str) -> str:
    """The form for another service."""
    return _service_page(sites.get(key), None, {}, {})


@pages.get("/services/<name>")
def one_service(key: str, name: str) -> str:
    """One service, to edit."""
    site = sites.get(key)
    service = _service(site, name)
    form = {part: getattr(service, part) or "" for part in ("name", "category", "provider")}
    form |= {"policy_url": service.policy_url or "", "hosts": "\n".join(service.hosts)}
    return _service_page(site, service, form, {})


@pages.post("/services/new", defaults={"name": None})
@pages.post("/services/<name>")
def put_service(key: str, name: str | None) -> Response:
    """Keep a service."""
    site, form = sites.get(key), request.form
    service = _service(site, name) if name else None
    title = form.get("name", "").strip()
    wanted = service.key if service else form.get("key", "").strip().lower() or _slug(title)
    try:
        _check_service(site, service, wanted, title)
        inventory.put_service(
            site,
            guard.user().email,
            guard.now(),
            wanted,
            name=title,
            category=form.get("category") or None,
            provider=form.get("provider", "").strip()[:120] or None,
            policy_url=_web(form.get("policy_url", "").strip()),
            hosts=sorted({_host(text) for text in re.findall(r"[^\s,;]+", form.get("hosts", ""))}),
        )
    except Refusal as refusal:
        wrong = refusal.fields or {"name": refusal.message}
        return make_response(_service_page(site, service, form.to_dict(), wrong), refusal.status)
    return guard.done("admin.inventory.every", "service_saved", key=key)


def _service(site: Site, name: str) -> Service:
    for service in inventory.services(site):
        if service.key == name:
            return service
    raise NotFound("not_found", "There is no such service in this inventory.")


def _check_service(site: Site, service: Service | None, wanted: str, title: str) -> None:
    if not title or len(title) > 120:
        raise Invalid("field_value", "", fields={"name": "A name of at most 120 characters."})
    if service is None and any(known.key == wanted for known in inventory.services(site)):
        raise Invalid("field_value", "", fields={"key": "This key is taken."})


def _web(url: str) -> str | None:
    if url and not re.fullmatch(r"https?://[^\s/]+\S*", url):
        message = "A whole address, like https://example.com/privacy."
        raise Invalid("field_value", message, fields={"policy_url": message})
    return url or None


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:63]


def _fields(site: Site, purpose: dict[str, str]) -> dict[str, Any]:
    form = request.form
    said = {name: form.get(name, "").strip() or None for name in ("name", "party", "service")}
    said |= {name: form.get(name, "").strip()[:500] or None for name in ("category", "reason")}
    words = dict(purpose)
    for code in site.languages:
        words[code] = form.get(f"purpose_{code}", "").strip()[:1000]
    return {
        **said,
        "match": form.get("match", "exact"),
        "kind": form.get("kind", "cookie"),
        "purpose": {code: text for code, text in words.items() if text},
        "duration": show.duration(form.get("duration", "")),
        "set_by": form.get("set_by", "").strip()[:120] or None,
    }


def _as_form(tracker: Tracker) -> dict[str, str]:
    plain = ("name", "match", "kind", "party", "service", "category", "reason", "set_by")
    form = {name: getattr(tracker, name) or "" for name in plain}
    form |= {f"purpose_{code}": text for code, text in tracker.purpose.items()}
    life = tracker.duration
    form["duration"] = life if isinstance(life, str) else show.lasting(life) if life else ""
    return form


def _again(site: Site, tracker: Tracker | None, refusal: Refusal) -> Response:
    wrong = refusal.fields or {"name": refusal.message}
    page = _tracker_page(site, tracker, request.form.to_dict(), wrong)
    return make_response(page, refusal.status)


def _tracker_page(
    site: Site, tracker: Tracker | None, form: dict[str, str], wrong: dict[str, str]
) -> str:
    return render_template(
        "admin/tracker.html",
        site=site,
        tracker=tracker,
        form=form,
        wrong=wrong,
        services=inventory.services(site),
    )


def _service_page(
    site: Site, service: Service | None, form: dict[str, Any], wrong: dict[str, str]
) -> str:
    return render_template("admin/service.html", site=site, service=service, form=form, wrong=wrong)


def _import_page(
    site: Site, imported: inventory.Imported | None, text: str, wrong: dict[str, str]
) -> str:
    return render_template(
        "admin/import.html",
        site=site,
        imported=imported,
        text=text,
        wrong=wrong,
        columns=inventory.COLUMNS,
    )


def _read(data: bytes) -> str:
    if len(data) > FILE_MOST:
        raise Invalid("file", "", fields={"file": "At most 1 MB; split the file."})
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "The file is not UTF-8; save it again as CSV UTF-8."
        raise Invalid("file", message, fields={"file": message}) from None


def _refused_rows(text: str, lines: list[int]) -> str:
    """The first line and the refused ones, so that what was not taken stays in the form."""
    if not lines:
        return ""
    rows = text.splitlines()
    return "\n".join([rows[0], *(rows[line - 1] for line in lines if line <= len(rows))])


def _host(text: str) -> str:
    """A host in lower case; a path after it keeps its letters."""
    host, slash, path = text.partition("/")
    return host.lower() + slash + path
