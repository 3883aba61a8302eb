"""Any version as it was: in the script it was served with, and in the pictures taken of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consent import builds, notices, renderings, sites, trail
from consent.admin import guard, preview, world
from consent.admin.tongue import _
from consent.errors import NotFound
from consent.leaf import digest, jcs
from consent.notices import Answer, Notice
from consent.parts import as_json, parts
from consent.renderings import Job
from consent.sites import Site

pages = Blueprint("shown", __name__, url_prefix="/sites/<key>/shown")
SERVED = "served:"  # before the id of a regime, in the list of places
STATES = {
    "queued": "They wait for their turn.",
    "running": "The browser is at work.",
    "done": "They are there.",
}


@pages.get("/<int:version>")
def version(key: str, version: int) -> str:
    """A version in the script again: as it was served, or under the rules of today."""
    site = sites.get(key)
    notice = notices.numbered(site, version)
    served = notices.answers(notice)
    tags = notice.content["languages"]
    picked = preview.chosen(request.args, tags, notice.content["default_language"])
    wish = request.args.get("place", "")
    answer = _named(served, picked) or _newest(served, wish, picked)
    if answer is None and wish.startswith(SERVED) and wish[len(SERVED) :] in parts().regimes.ids:
        picked["place"] = wish[len(SERVED) :]
    if answer is not None:
        picked |= {"place": SERVED + answer.regime, "language": answer.language}
    body = json.loads(answer.body) if answer else None
    what = answer.digest if answer else notice.digest
    told = preview.told_of(site, _without_served(picked), what=what)
    rules = preview.rules(told) if body is None else parts().regimes.recalled(body["regime"])
    framed = preview.frame(told, picked["screen"])
    return render_template(
        "admin/shown.html",
        site=site,
        notice=notice,
        newer=notices.latest(site),
        picked=picked,
        answer=answer,
        body=body,
        kept=body is not None and builds.find(body["build"]) is not None,
        missed=answer is None and wish.startswith(SERVED),
        languages=preview.tongues(tags),
        regime=rules,
        nobody=notices.asks_nobody(notice.content),
        **{**framed, "places": [*_served_places(served), *framed["places"]]},
        **_pictures(site, notice, picked["language"]),
    )


@pages.get("/answers/<digest>")
def answer(key: str, digest: str) -> Response:
    """What one record names: the notice as this visitor saw it."""
    site = sites.get(key)
    found = notices.answer(site, digest)
    notice = next(one for one in notices.versions(site) if one.id == found.notice_id)
    at = url_for("admin.shown.version", key=key, version=notice.version, answer=digest)
    return redirect(at, 303)


@pages.get("/<int:version>/pictures/<digest>.png")
def picture(key: str, version: int, digest: str) -> Response:
    """The file, as long as it is what was taken."""
    notice = notices.numbered(sites.get(key), version)
    one = next((one for one in renderings.entries(notice) if one.digest == digest), None)
    data = renderings.read(_folder(), one) if one else None
    if data is None:
        raise NotFound("not_found", "There is no such picture, or it is not what was taken.")
    response = make_response(data)
    response.mimetype = "image/png"
    return response


@pages.get("/<int:version>/pictures.json")
def manifest(key: str, version: int) -> Response:
    """What is said of all pictures; its SHA-256 is the digest in the trail."""
    notice = notices.numbered(sites.get(key), version)
    job = renderings.job(notice)
    if job is None or job.state != "done":
        raise NotFound("not_found", "There are no pictures of this version.")
    said = renderings.manifest(notice, job, renderings.entries(notice))
    response = make_response(jcs(said))
    response.mimetype = "application/json"
    return response


@pages.get("/<int:version>/progress")
def progress(key: str, version: int) -> Response:
    """Where the pictures are, for the page that waits."""
    job = renderings.job(notices.numbered(sites.get(key), version))
    state = job.state if job else "queued"
    return as_json({"state": state, "words": words(job)})


@pages.post("/<int:version>/again")
def again(key: str, version: int) -> Response:
    """Take the pictures of a version that has none."""
    site = sites.get(key)
    notice = notices.numbered(site, version)
    renderings.again(site, notice, guard.user().email, guard.now())
    return guard.done("admin.shown.version", "rendering_asked", key=key, version=version)


def words(job: Job | None) -> str:
    """Where the pictures are, in a sentence."""
    if job is None:
        return _(STATES["queued"])
    if job.state == "running" and job.wanted:
        sentence = "The browser is at work: %(taken)s of %(wanted)s are taken."
        return _(sentence, taken=job.taken, wanted=job.wanted)
    if job.state == "failed":
        return _(renderings.PROBLEMS[job.problem or "broken"])
    return _(STATES[job.state])


def _named(served: Sequence[Answer], picked: dict[str, str]) -> Answer | None:
    """The answer that the address names, until another language or other rules are chosen."""
    digest, asked = request.args.get("answer"), request.args
    found = next((one for one in served if one.digest == digest), None)
    if found is None or asked.get("place", SERVED + found.regime) != SERVED + found.regime:
        return None
    same = "language" not in asked or picked["language"] == found.language
    return found if same else None


def _newest(served: Sequence[Answer], wish: str, picked: dict[str, str]) -> Answer | None:
    """What was served in that language under those rules; where nothing was wished, anything."""
    if not wish and "language" not in request.args:
        return served[0] if served else None
    regime = wish.removeprefix(SERVED) if wish.startswith(SERVED) else None
    mine = (one for one in served if one.language == picked["language"])
    return next((one for one in mine if one.regime == regime), None)


def _without_served(picked: dict[str, str]) -> dict[str, str]:
    """For a stage: the rules come with the answer."""
    nowhere = preview.NOWHERE if picked["place"].startswith(SERVED) else picked["place"]
    return picked | {"place": nowhere}


def _served_places(served: Sequence[Answer]) -> list[tuple[str, str]]:
    table = parts().regimes
    ids = {one.regime for one in served}
    named = {id_: world.rules_name(table.name(id_), id_) for id_ in ids}
    said = ((SERVED + id_, _("As served: %(place)s", place=name)) for id_, name in named.items())
    return sorted(said, key=lambda pair: pair[1].casefold())


def _pictures(site: Site, notice: Notice, language: str) -> dict[str, Any]:
    """The pictures of one language, and whether all of the version are what was taken."""
    job = renderings.job(notice)
    found = renderings.entries(notice)
    standing = {one.id: renderings.read(_folder(), one) is not None for one in found}
    told = digest(renderings.manifest(notice, job, found)) if job and found else None
    return {
        "job": job,
        "words": words(job),
        "taking": job.state != "failed" if job else renderings.awaited(notice, guard.now()),
        "wanted": parts().config.renderings,
        "pictures": [one for one in found if one.language == language],
        "standing": standing,
        "changed": [one for one in found if not standing[one.id]],
        "all": len(found),
        "said": told is not None and told == _in_trail(site, notice),
    }


def _in_trail(site: Site, notice: Notice) -> str | None:
    """The manifest's digest as the trail has it."""
    return trail.last(site.key, "notice.render", notice=notice.digest).get("manifest")


def _folder() -> Path:
    return parts().config.instance_path / "renderings"
