"""Sites: the list, adding one, the page with its snippet, and its settings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from consent import (
    declaration,
    integrations,
    inventory,
    ledger,
    news,
    notices,
    records,
    requests,
    retention,
    scans,
    sites,
    vendors,
)
from consent.admin import guard, show
from consent.errors import Refusal
from consent.parts import parts
from consent.sites import Site

pages = Blueprint("sites", __name__)
CONTROLLER = ("trading_name", "legal_name", "registration_number", "vat_number", "address")
REACH = ("email", "phone", "website")
OFFICER = ("name", "email", "phone", "post")
AUTHORITY = ("name", "country", "url")
REGION_NAMES = {
    "EEA": "European Economic Area",
    "GB": "United Kingdom",
    "CH": "Switzerland",
    "NA": "North America",
    "SA": "South America",
    "AF": "Africa",
    "ME": "Middle East",
    "AS": "Asia",
    "OC": "Oceania",
}
USUAL = {
    "languages": "en",
    "default_language": "en",
    "retention": "36",
    "retention_unit": "month",
    "retention_anchor": "choice",
    "retention_action": "delete",
}


@pages.get("/")
def every() -> str:
    """All sites at a glance."""
    since = guard.now() - timedelta(hours=24)
    rows = [
        {
            "site": site,
            "notice": notices.latest(site),
            "changes": len(notices.changes(site)),
            "records": records.count_since(site, since),
            "held": len(inventory.trackers(site, category="unclassified")),
            "requests": requests.counts(site, guard.now()),
        }
        for site in sites.all_sites()
    ]
    return render_template("admin/sites.html", rows=rows)


@pages.get("/sites/new")
def new() -> str:
    """The form for another site."""
    empty: MultiDict[str, str] = MultiDict(USUAL)
    return _form_page(empty, {}, None)


@pages.post("/sites/new")
def add() -> Response:
    """Make the site with Crumbtrail's own cookies in its inventory, and show the snippet."""
    fields = _fields(request.form)
    key = _key(request.form.get("key", ""), fields["origins"])
    at, by = guard.now(), guard.user().email
    try:
        site = sites.add(key, by=by, at=at, **fields)
        inventory.starter(site, by, at)
    except Refusal as refusal:
        if not key and refusal.fields:  # it is made of the first host, which is asked for
            refusal.fields.pop("key", None)
        return _again(refusal, None)
    return guard.done("admin.sites.one", "site_added", key=site.key)


@pages.get("/sites/<key>/")
def one(key: str) -> str:
    """One site: is it on its pages, what is left to do, the snippet to copy."""
    site = sites.get(key)
    notice = notices.latest(site)
    hold = notices.hold(notice.content if notice else notices.draft(site))
    stub = sites.WHOLE if request.args.get("stub") == "large" else "stub"
    return render_template(
        "admin/site.html",
        site=site,
        snippet=sites.snippet(site, guard.base_url(), hold, stub),
        whole=stub == sites.WHOLE,
        stub_hashes=sites.stub_hashes(site, stub),
        no_list=not vendors.there(parts().config.instance_path / "gvl"),
        base=guard.base_url(),
        notice=notice,
        declaration=declaration.tag(site, guard.base_url()),
        proposed=scans.open_count(site),
        news=news.lately(site, guard.now()),
        quiet=news.quiet(site),
        watched=parts().config.consent_alerts,
        mails=parts().outbox is not None,
        scanned=scans.last_done(site) is not None,
        changes=notices.changes(site),
        asks_nobody=notices.asks_nobody(notices.draft(site)),
        held=inventory.trackers(site, category="unclassified"),
        guards=ledger.protection(parts().ledger, guard.now()),
        records=records.count_since(site, guard.now() - timedelta(hours=24)),
        requests=requests.counts(site, guard.now()),
        fresh=site.tag_seen_at is not None and guard.now() - site.tag_seen_at < timedelta(days=2),
        coming=retention.coming(site, guard.now()),
        most=retention.COUNTED,
        next_run=retention.next_run(guard.now()),
    )


@pages.get("/sites/<key>/settings")
def settings(key: str) -> str:
    """The form with what the site says now."""
    site = sites.get(key)
    return _form_page(_as_form(site), {}, site)


@pages.post("/sites/<key>/settings")
def change(key: str) -> Response:
    """Keep the settings; visitors see them with the next notice."""
    site = sites.get(key)
    fields = _fields(request.form)
    fields["controller"] = {**site.controller, **fields["controller"]}
    fields["contacts"] = _contacts(request.form, site)
    fields["request_form"] = request.form.get("request_form") == "yes"
    fields["publish_log"] = request.form.get("publish_log") == "yes"
    fields["request_days"] = _days(request.form.get("request_days", ""))
    fields["integrations"] = integrations.clean(_integrations(request.form))
    if not fields["retention"]:  # the form had no such fields; what was stated stays
        del fields["retention"]
    wanted = {name: value for name, value in fields.items() if getattr(site, name) != value}
    try:
        if wanted:
            sites.change(site, guard.user().email, guard.now(), **wanted)
        if "tcf" in wanted.get("integrations", {}):
            inventory.declare_framework(site, guard.user().email, guard.now())
    except Refusal as refusal:
        return _again(refusal, site)
    return guard.done("admin.sites.settings", "site_changed", key=site.key)


def _contacts(form: MultiDict[str, str], site: Site) -> dict[str, Any]:
    """The contact for rights; what the form leaves empty is no contact."""
    said = {name: form.get(f"rights_{name}", "").strip() for name in sites.RIGHTS}
    kept = {name: value for name, value in site.contacts.items() if name not in said}
    return kept | {name: value for name, value in said.items() if value}


def _integrations(form: MultiDict[str, str]) -> dict[str, Any]:
    """What is ticked and filled in; a value of the wrong form stays as typed, to be refused."""
    found: dict[str, Any] = {}
    for name, part in integrations.PARTS.items():
        at = f"integrations.{name}"
        if form.get(at) == "yes":
            said = {key: form.get(f"{at}.{key}", "").strip() for key in part.options}
            found[name] = {key: part.options[key].read(text) for key, text in said.items()}
    return found


def _days(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _again(refusal: Refusal, site: Site | None) -> Response:
    page = _form_page(request.form, refusal.fields or {"name": refusal.message}, site)
    return make_response(page, refusal.status)


def _form_page(form: MultiDict[str, str], wrong: dict[str, str], site: Site | None) -> str:
    return render_template(
        "admin/site_form.html",
        form=form,
        wrong=wrong,
        site=site,
        parts=integrations.PARTS,
        regions=REGION_NAMES,
        stored_in=parts().config.region,
    )


def _fields(form: MultiDict[str, str]) -> dict[str, Any]:
    name = form.get("name", "").strip()
    said = {part: form.get(part, "").strip() or None for part in (*CONTROLLER, *REACH)}
    languages = [code for code in show.LANGUAGES if code in form.getlist("languages")]
    policy = form.get("policy_url", "").strip()
    domain = form.get("cookie_domain", "").strip().lower().lstrip(".")
    return {
        "name": name,
        "controller": {**said, "trading_name": said["trading_name"] or name or None},
        "origins": _hosts(form.get("origins", "")),
        "preview_hosts": _hosts(form.get("preview_hosts", "")),
        "languages": languages,
        "default_language": form.get("default_language", ""),
        "policy_urls": dict.fromkeys(languages, policy) if policy else _policies(form, languages),
        "cookie_domain": domain or None,
        "preferences": form.get("preferences") == "yes",
        "choice_lifetime": _lifetime(form, "choice_lifetime") or {"value": 6, "unit": "month"},
        **_people_and_facts(form),
        "retention": _retention(form),
    }


def _people_and_facts(form: MultiDict[str, str]) -> dict[str, Any]:
    """{} where the form has no such fields; what is left empty is not stated."""
    if "storage_region" not in form:
        return {}
    officer = {name: form.get(f"dpo_{name}", "").strip() for name in OFFICER}
    complain = {name: form.get(f"authority_{name}", "").strip() for name in AUTHORITY}
    age, sells = form.get("min_age", "").strip(), form.get("sells_or_shares", "")
    facts = {
        "storage_region": form.get("storage_region") or None,
        "ip_mode": form.get("ip_mode") or None,
        "min_age": (_whole(age) if age else None),
        "ask_age": True if form.get("ask_age") == "yes" else None,
        "sells_or_shares": {"yes": True, "no": False}.get(sells),
    }
    return {
        "dpo": {name: text for name, text in officer.items() if text} or None,
        "authority": {name: text for name, text in complain.items() if text} or None,
        "facts": {name: value for name, value in facts.items() if value is not None},
    }


def _facts_as_form(site: Site) -> dict[str, str]:
    officer, complain, facts = site.dpo or {}, site.authority or {}, site.facts
    sells = facts.get("sells_or_shares")
    return {
        **{f"dpo_{part}": officer.get(part) or "" for part in OFFICER},
        **{f"authority_{part}": complain.get(part) or "" for part in AUTHORITY},
        "storage_region": facts.get("storage_region", ""),
        "ip_mode": facts.get("ip_mode", ""),
        "min_age": str(facts.get("min_age", "")),
        "ask_age": "yes" if facts.get("ask_age") else "",
        "sells_or_shares": "" if sells is None else "yes" if sells else "no",
    }


def _policies(form: MultiDict[str, str], languages: list[str]) -> dict[str, str]:
    found = {code: form.get(f"policy_url_{code}", "").strip() for code in languages}
    return {code: url for code, url in found.items() if url}


def _lifetime(form: MultiDict[str, str], name: str) -> dict[str, Any]:
    """{} where the form has no such field."""
    if name not in form:
        return {}
    return {"value": _whole(form.get(name, "")), "unit": form.get(f"{name}_unit", "month")}


def _retention(form: MultiDict[str, str]) -> dict[str, Any]:
    """As sites.Site has it; a purpose whose days are left empty has no limit of its own."""
    kept = _lifetime(form, "retention")
    if not kept:
        return {}
    for part in ("anchor", "action"):
        if f"retention_{part}" in form:
            kept[part] = form[f"retention_{part}"]
    days = {name: form.get(f"retention_{name}", "").strip() for name in sites.PURPOSES}
    limits = {name: {"value": _whole(text), "unit": "day"} for name, text in days.items() if text}
    return kept | ({"purposes": limits} if limits else {})


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _hosts(text: str) -> list[str]:
    """Hosts as people paste them: one a line, whole addresses welcome."""
    found = (re.sub(r"^https?://", "", word.lower()) for word in re.split(r"[\s,;]+", text))
    return list(dict.fromkeys(word.split("/")[0] for word in found if word))


def _key(asked: str, origins: list[str]) -> str:
    host = origins[0].removeprefix("*.").removeprefix("www.").split(":")[0] if origins else ""
    return asked.strip().lower() or host


def _as_form(site: Site) -> MultiDict[str, str]:
    form: MultiDict[str, str] = MultiDict()
    for part in (*CONTROLLER, *REACH):
        form[part] = site.controller.get(part) or ""
    form["name"] = site.name
    form["origins"] = "\n".join(site.origins)
    form["preview_hosts"] = "\n".join(site.preview_hosts)
    form.setlist("languages", site.languages)
    form["default_language"] = site.default_language
    for code, url in site.policy_urls.items():
        form[f"policy_url_{code}"] = url
    form["cookie_domain"] = site.cookie_domain or ""
    for part in sites.RIGHTS:
        form[f"rights_{part}"] = site.contacts.get(part) or ""
    form["request_form"] = "yes" if site.request_form else ""
    form["publish_log"] = "yes" if site.publish_log else ""
    form["request_days"] = str(site.request_days or "")
    form.update(_facts_as_form(site))
    form["preferences"] = "yes" if site.preferences else ""
    for part, options in site.integrations.items():
        form[f"integrations.{part}"] = "yes"
        for key, value in options.items():
            form[f"integrations.{part}.{key}"] = integrations.PARTS[part].options[key].shown(value)
    for name, life in (("choice_lifetime", site.choice_lifetime), ("retention", site.retention)):
        if life:
            form[name], form[f"{name}_unit"] = str(life["value"]), life["unit"]
    form["retention_anchor"] = site.retention.get("anchor", "choice")
    form["retention_action"] = site.retention.get("action", "delete")
    for purpose, limit in site.retention.get("purposes", {}).items():
        form[f"retention_{purpose}"] = str(sites.seconds(limit) // sites.UNITS["day"])
    return form
