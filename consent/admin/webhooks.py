"""Webhooks of a site: where its events are sent, and what became of each message."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import sites, webhooks
from consent.admin import guard
from consent.errors import Refusal
from consent.parts import parts
from consent.sites import Site
from consent.webhooks import Webhook

pages = Blueprint("webhooks", __name__, url_prefix="/sites/<key>/webhooks")
WORDS = {
    "notice.published": "A notice was published",
    "scan.finished": "A scan is done",
    "tracker.found": "A scan proposes trackers",
    "request.received": "A visitor has sent a request",
    "request.due": "An answer to a request is due within three days",
    "webhook.test": "A test",
}
# The states of a message, as a person reads them.
STATES = {"waiting": "waiting", "sent": "sent", "dead": "given up"}


@pages.get("/")
def every(key: str) -> str:
    """All of them and the form for another."""
    return _page(sites.get(key), {}, "")


@pages.post("/")
def add(key: str) -> Response:
    """Add one and show its secret here, the only time."""
    site, form = sites.get(key), request.form
    by, at = guard.user().email, guard.now()
    try:
        url = form.get("url", "").strip()
        made = webhooks.add(site, url, form.getlist("events"), by, at)
    except Refusal as refusal:
        wrong = refusal.fields or {"url": refusal.message}
        return make_response(_page(site, wrong, ""), refusal.status)
    return make_response(_page(site, {}, _secret(made)), 201)


@pages.get("/<int:number>")
def one(key: str, number: int) -> str:
    """One webhook, to change, and the newest messages."""
    site = sites.get(key)
    return _one(site, webhooks.get(site, number), {}, "")


@pages.post("/<int:number>")
def change(key: str, number: int) -> Response:
    """Keep address, events, and whether it is on."""
    site, form = sites.get(key), request.form
    kept = webhooks.get(site, number)
    try:
        webhooks.change(
            kept,
            site,
            guard.user().email,
            guard.now(),
            url=form.get("url", "").strip(),
            events=form.getlist("events"),
            active=form.get("active") == "yes",
        )
    except Refusal as refusal:
        wrong = refusal.fields or {"url": refusal.message}
        return make_response(_one(site, kept, wrong, ""), refusal.status)
    return guard.done("admin.webhooks.one", "webhook_changed", key=key, number=number)


@pages.post("/<int:number>/rotate")
def rotate(key: str, number: int) -> Response:
    """Another secret, shown here; the one before signs too for a day."""
    site = sites.get(key)
    kept = webhooks.get(site, number)
    webhooks.rotate(kept, site, guard.user().email, guard.now())
    return make_response(_one(site, kept, {}, _secret(kept)))


@pages.post("/<int:number>/test")
def test(key: str, number: int) -> Response:
    """Send a message that says nothing."""
    site = sites.get(key)
    webhooks.test(webhooks.get(site, number), site, guard.user().email, guard.now())
    return guard.done("admin.webhooks.one", "webhook_test", key=key, number=number)


@pages.post("/<int:number>/remove")
def remove(key: str, number: int) -> Response:
    """Take it away, with what is on its way to it."""
    site = sites.get(key)
    webhooks.remove(webhooks.get(site, number), site, guard.user().email, guard.now())
    return guard.done("admin.webhooks.every", "webhook_removed", key=key)


@pages.post("/<int:number>/replay/<name>")
def replay(key: str, number: int, name: str) -> Response:
    """Send a message again, under the same id."""
    site = sites.get(key)
    found = webhooks.delivery(site, name)
    webhooks.replay(found, site, guard.user().email, guard.now())
    return guard.done("admin.webhooks.one", "webhook_replayed", key=key, number=number)


def _secret(kept: Webhook) -> str:
    return webhooks.secret(kept, parts().config.secret_key)


def _page(site: Site, wrong: dict[str, str], made: str) -> str:
    return render_template(
        "admin/webhooks.html",
        site=site,
        webhooks=webhooks.of_site(site),
        events=webhooks.EVENTS,
        words=WORDS,
        chosen=[] if made else request.form.getlist("events"),
        form={} if made else request.form,
        wrong=wrong,
        made=made,
    )


def _one(site: Site, kept: Webhook, wrong: dict[str, str], made: str) -> str:
    form = request.form if wrong else {"url": kept.url}
    return render_template(
        "admin/webhook.html",
        site=site,
        hook=kept,
        events=webhooks.EVENTS,
        words=WORDS,
        chosen=request.form.getlist("events") if wrong else kept.events,
        form=form,
        wrong=wrong,
        made=made,
        deliveries=webhooks.deliveries(kept),
        states=STATES,
    )
