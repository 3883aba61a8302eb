"""Many sites: the same act on each, templates, and a new site like one that is there."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import bulk, sitefile, sites
from consent.admin import guard
from consent.admin.tongue import ngettext
from consent.bulk import BulkStep
from consent.errors import Invalid, Refusal
from consent.parts import at_home
from consent.sites import Site

pages = Blueprint("many", __name__)
WORDS = {
    "publish": "Publish what has changed",
    "scan": "Start a scan",
    "apply": "Apply a template or a piece of a file",
}
# The states of a step, as a person reads them.
STATES = {"waiting": "waiting", "running": "running", "done": "done", "refused": "refused"}


@pages.get("/many/")
def every() -> str:
    """The sites to choose from, the templates, and what was asked for lately."""
    return _page({})


@pages.post("/many/")
def start() -> Response:
    """Ask for an act on the chosen sites; the page of it says how far it is."""
    form, by, at = request.form, guard.user().email, guard.now()
    known = {site.key: site for site in sites.all_sites()}
    chosen = [known[key] for key in dict.fromkeys(form.getlist("sites")) if key in known]
    try:
        said = _said() if form.get("action") == "apply" else {}
        made = bulk.start(form.get("action", ""), chosen, said, by, at)
    except Refusal as refusal:
        return make_response(_page(refusal.fields or {"said": refusal.message}), refusal.status)
    return guard.done("admin.many.one", "bulk_started", number=made.id)


@pages.get("/many/<int:number>")
def one(number: int) -> str:
    """How it went for each site, as far as it is done."""
    found = bulk.get(number)
    rows = bulk.steps(found)
    going = _going(rows)
    return render_template(
        "admin/bulk.html", bulk=found, rows=rows, going=going, words=WORDS, states=STATES
    )


@pages.get("/many/<int:number>/progress")
def progress(number: int) -> Response:
    """For the page that waits: {state, words}."""
    going = _going(bulk.steps(bulk.get(number)))
    words = ngettext(
        "%(num)s site is still to be done.", "%(num)s sites are still to be done.", going
    )
    return jsonify({"state": "running" if going else "done", "words": words})


@pages.get("/many/sites.yaml")
def export() -> Response:
    """Every site as a file, one document after the other."""
    texts = [sitefile.written(site, whole=True) for site in sites.all_sites()]
    return _file("---\n".join(texts), "sites.yaml")


@pages.get("/many/templates/<int:number>.yaml")
def template(number: int) -> Response:
    """What a template says."""
    return _file(sitefile.dumped(sitefile.template(number).said), f"template-{number}.yaml")


@pages.post("/many/templates/<int:number>/remove")
def remove(number: int) -> Response:
    """Take a template away; what was made from it stays."""
    sitefile.remove_template(number, guard.user().email, guard.now())
    return guard.done("admin.many.every", "template_removed")


@pages.get("/sites/<key>/copy")
def like(key: str) -> str:
    """The form for a new site like this one, and for a template of it."""
    return _copy_page(sites.get(key), {})


@pages.post("/sites/<key>/copy")
def copy(key: str) -> Response:
    """Make the new site; nothing of it is published."""
    site, form = sites.get(key), request.form
    origins = form.get("origins", "").split()
    wanted = form.get("key", "").strip().lower() or (sites.bare(origins[0]) if origins else "")
    by, at = guard.user().email, guard.now()
    try:
        name = form.get("name", "").strip()
        said = sitefile.copied(site)
        with at_home():
            made = sitefile.begin(said, wanted, name, origins, by, at)
    except Refusal as refusal:
        return make_response(
            _copy_page(site, refusal.fields or {"key": refusal.message}), refusal.status
        )
    return guard.done("admin.sites.one", "site_added", key=made.key)


@pages.post("/sites/<key>/template")
def save(key: str) -> Response:
    """Keep what the site says now as a template."""
    site, name = sites.get(key), request.form.get("template", "")
    try:
        sitefile.save_template(site, name, guard.user().email, guard.now())
    except Invalid as refusal:
        wrong = {"template": (refusal.fields or {}).get("name", refusal.message)}
        return make_response(_copy_page(site, wrong), refusal.status)
    return guard.done("admin.many.every", "template_saved")


def _file(text: str, name: str) -> Response:
    response = make_response(text)
    response.mimetype = "application/yaml"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _said() -> dict[str, object]:
    number = request.form.get("template", "")
    if number.isascii() and number.isdigit() and len(number) < 9:
        return sitefile.piece(sitefile.template(int(number)).said)
    text = request.form.get("said", "")
    return sitefile.piece(text) if text.strip() else {}


def _page(wrong: dict[str, str]) -> str:
    return render_template(
        "admin/many.html",
        sites=sites.all_sites(),
        chosen=request.form.getlist("sites"),
        templates=sitefile.templates(),
        acts=bulk.latest(),
        actions=WORDS,
        form=request.form,
        wrong=wrong,
    )


def _going(rows: Sequence[tuple[BulkStep, Site]]) -> int:
    """How many sites are still to be done."""
    return sum(step.state in ("waiting", "running") for step, _ in rows)


def _copy_page(site: Site, wrong: dict[str, str]) -> str:
    return render_template("admin/copy.html", site=site, form=request.form, wrong=wrong)
