"""A record's whole story on one page: what was chosen and shown, under which law, where it stands
in the log with its proof, who read it, when it goes; and erasing it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from consent import ledger, notices, records, regime, retention, sites, trail
from consent.admin import guard
from consent.admin.records import KINDS, SUSPECT, note_read, pages
from consent.errors import Conflict, NotFound
from consent.notices import Notice
from consent.parts import parts
from consent.records.rows import Row
from consent.regime import Place, Signals
from consent.sites import Site
from consent.tlog.merkle import Wrong
from consent.tlog.note import Verifier
from consent.verify.keys import Keys
from consent.verify.receipt import Proven, prove
from consent.waiting import DEPLOYMENT

REASON = 300
READS = 20
CHOSEN = {
    "accept_all": "The visitor accepted everything that was asked.",
    "reject_all": "The visitor refused everything that can be refused.",
    "save": "The visitor decided purpose by purpose.",
    "withdraw": "The visitor withdrew their consent.",
    "gpc": "The browser objected for the visitor, by its signal (Global Privacy Control).",
    "dismiss": "The visitor closed the notice without a choice, which counts as a refusal.",
    "migrate": "The choice was made with an earlier tool and carried over.",
    "api": "The website's own switch set the choice.",
}
KNOWN = {
    "database": "Looked up in the geo database.",
    "cdn": "Told by the network in front of this server.",
    "visitor": "Told by the visitor.",
    "demo": "Pretended, for the demo.",
    "none": "Not known, so the strictest rules were applied.",
}
MODELS = {
    "opt-in": "Nothing optional before the visitor agrees",
    "opt-out": "Optional things until the visitor objects",
    "notice-only": "A notice is enough",
}


@dataclass(frozen=True)
class Checked:
    """What the server's own verifier found: the proof, or what is wrong with it."""

    proven: Proven | None
    wrong: str | None


@pages.get("/<record_id>")
def one(key: str, record_id: str) -> str:
    """Everything that is known of one record."""
    site = sites.get(key)
    row, record = held(site, record_id)
    readers = trail.entries(site=site.key, limit=READS, about=record["id"])
    note_read(site, record=record["id"])
    if record.get("erased"):
        return render_template(
            "admin/record_erased.html", site=site, record=record, readers=readers
        )
    return render_template(
        "admin/record.html", site=site, record=record, readers=readers, **told(site, row, record)
    )


@pages.get("/<record_id>/receipt")
def receipt(key: str, record_id: str) -> Response:
    """Record and proof as a file, for `consent.verify` and for the complaint file."""
    site = sites.get(key)
    row, record = held(site, record_id)
    note_read(site, record=record["id"], format="receipt")
    proven = ledger.receipt(site, row.seq)
    body = {"record": record, "proof": proven.body() if proven else None}
    response = make_response(json.dumps(body, ensure_ascii=False, indent=2))
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{record["id"]}.json"'
    return response


@pages.get("/<record_id>/erase")
def ask_erase(key: str, record_id: str) -> Response:
    """What erasing means, before it is done."""
    site = sites.get(key)
    return _erase_page(site, *held(site, record_id), {}, 200)


@pages.post("/<record_id>/erase")
def erase(key: str, record_id: str) -> Response:
    """Erase this record, or all of its visitor's; the trail keeps who did it and why."""
    site = sites.get(key)
    row, record = held(site, record_id)
    reason = request.form.get("reason", "").strip()[:REASON]
    wrong = {} if reason else {"reason": "Write why, for the trail; without a visitor's name."}
    if request.form.get("sure") != "yes":
        wrong["sure"] = "Confirm that it cannot be undone."
    if wrong:
        return _erase_page(site, row, record, wrong, 422)
    scope = request.form.get("scope", "record")
    parts().erase(site, lambda: records.meant(site, row, scope), guard.user().email, reason)
    return guard.done("admin.records.one", "erased", key=key, record_id=record["id"])


def held(site: Site, record_id: str) -> tuple[Row, dict[str, Any]]:
    """Row and record of that id; raises NotFound."""
    try:
        number = uuid.UUID(record_id)
    except ValueError:
        raise NotFound("not_found", "No record of this site has that id.") from None
    return ledger.one(site, number.bytes)


def told(site: Site, row: Row, record: dict[str, Any]) -> dict[str, Any]:
    """What the page and the paper say of a record that was not erased, beside the record."""
    proven = ledger.receipt(site, row.seq)
    body = {"record": record, "proof": proven.body() if proven else None}
    keys = verifiers(site) if proven else []
    before, after = records.neighbours(site, row)
    version = next((n for n in notices.versions(site) if n.digest == record["notice"]), None)
    return {
        "version": version,
        "chosen": CHOSEN[record["action"]],
        "known": KNOWN.get(record["place"]["source"], record["place"]["source"]),
        "rules": rules_of(record),
        "models": MODELS,
        "devices": KINDS,
        "suspect": [SUSPECT[why] for why in records.flags(site, [row.seq]).get(row.seq, ())],
        "beside": records.beside(site, [row.seq]).get(row.seq, records.Beside()),
        "took": took(record),
        "drift": _drift(record),
        "services": _services(version),
        "before": before,
        "after": after,
        "goes": retention.ends(site, row, guard.now()),
        "proven": proven is not None,
        "body": json.dumps(body, ensure_ascii=False, indent=2),
        "vkeys": "".join(f"{one.vkey}\n" for one in keys),
        "checked": check(body, keys) if proven else None,
        "raw": json.dumps(record, ensure_ascii=False, indent=2),
    }


def verifiers(site: Site) -> list[Verifier]:
    """The public keys of the site's log and of the deployment log, as this server has them."""
    known, at = parts().ledger, guard.now()
    origin = known.open(site.key).origin
    both = (origin, known.open(DEPLOYMENT).origin)
    return [one for name in both for one in known.signer.verifiers(name, at)]


def check(body: dict[str, Any], keys: list[Verifier]) -> Checked:
    """The server's own verifier on what it is about to show."""
    try:
        return Checked(prove(body, Keys(()), keys), None)
    except Wrong as wrong:
        return Checked(None, f"{wrong}.".capitalize())


def rules_of(record: dict[str, Any]) -> regime.Regime | None:
    """The row of the table of regimes that was applied, if the table here still has it."""
    table, day = parts().regimes, _moment(record["received_at"]).date()
    name = record["regime"]
    place = Place(None, None, "none", None) if name == regime.FALLBACK else Place.parse(name, "")
    found = table.decide(place, Signals(False), day)
    return found if found.id == name else None


def took(record: dict[str, Any]) -> timedelta | None:
    """From shown to chosen, by the browser's own clock."""
    if record["shown_at"] is None:
        return None
    return _moment(record["claimed_at"]) - _moment(record["shown_at"])


def _drift(record: dict[str, Any]) -> timedelta:
    return _moment(record["received_at"]) - _moment(record["claimed_at"])


def _services(version: Notice | None) -> dict[str, str]:
    listed = version.content["services"] if version else []
    return {service["id"]: service["name"] for service in listed}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _erase_page(
    site: Site, row: Row, record: dict[str, Any], wrong: dict[str, str], status: int
) -> Response:
    if record.get("erased"):
        raise Conflict("erased", "This record is erased already.")
    page = render_template(
        "admin/record_erase.html",
        site=site,
        record=record,
        others=len(records.all_of(site, row.visitor)) if row.visitor else 1,
        form=request.form,
        wrong=wrong,
    )
    return make_response(page, status)
