"""/v1/<site>/me: the visitor's own page, without an account and without a script.

It is opened by a form of the settings. The visitor's secret comes in its body (or in the HttpOnly
cookie, where this server is same-site with the website), never in an address. The page's own forms
carry it on only where it came in a body: a script of the website that fetched this page would
otherwise read what HttpOnly keeps from it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import Any

from flask import Response, request

from .. import ledger, records, schemas, sites
from ..db import db, rfc3339
from ..errors import Busy
from ..parts import parts
from ..records import Choice
from ..records.rows import ACTIONS, Row, uuid_text
from ..sites import Site
from . import authorities, choices, cookies, paper, receipts, shelf, taking, where
from .blueprint import bp

WITHDRAW = ACTIONS.index("withdraw")
TRIES, PAUSE_S = 12, 0.4  # a record is in the log a second after it was made


@dataclass(frozen=True)
class Asker:
    """Who opened the page: their records on `of`, and the secret if it came in the body."""

    of: Site
    visitor: bytes
    secret: str
    carried: str | None

    @property
    def rows(self) -> list[Row]:
        return records.all_of(self.of, self.visitor)


@bp.get("/<site>/me")
def how_to_open(site: str) -> Response:
    """What the page is, for whoever comes by its address alone: it shows nobody's records."""
    of = shelf.site(site)
    return paper.page("me_closed", of, reason="closed", **_contacts(of))


@bp.post("/<site>/me")
def me(site: str) -> Response:
    """The page and what its buttons do, told apart by the field `do`."""
    of = shelf.site(site)
    do = request.form.get("do", "")
    asker = _asker(of, acting=do in ("withdraw", "erase"))
    if asker is None or not (asker.rows or do == "erase"):
        return paper.page("me_closed", of, 404, reason="none", **_contacts(of))
    act = ACTS.get(do, _show)
    try:
        return act(asker)
    except Busy as busy:
        return _later(asker, busy, "slow")


def _asker(of: Site, acting: bool) -> Asker | None:
    """By the field `visitor`, else by the cookie, which must not do anything for a page that is
    not this one or the site's own."""
    carried = request.form.get("visitor", "")
    if schemas.SECRET.fullmatch(carried):
        return Asker(of, receipts.visitor_of(of, carried), carried, carried)
    held = cookies.visitor() if cookies.opens(of, acting) else None
    return None if held is None else Asker(of, receipts.visitor_of(of, held), held, None)


def _show(asker: Asker) -> Response:
    rows = asker.rows[-receipts.SHOWN :][::-1]
    made = ledger.described(asker.of, rows)
    seen = Counter((record["notice"], record["language"]) for record in made)
    shown = [
        {
            "content": shelf.notice(asker.of, digest).content,
            "digest": digest,
            "language": spoken,
            "times": times,
        }
        for (digest, spoken), times in seen.items()
    ]
    there = records.beside(asker.of, [row.seq for row in rows])
    by_id = {uuid_text(row.id): there[row.seq] for row in rows if row.seq in there}
    cut = len(rows) == receipts.SHOWN
    return _page("me", asker, choices=made, shown=shown, cut=cut, beside=by_id)


def _confirm(asker: Asker) -> Response:
    return _page("me_confirm", asker, count=len(asker.rows))


def _withdraw(asker: Asker) -> Response:
    choice = _withdrawal(asker, asker.rows[-1])
    response = _page("me_withdrawn", asker, known=cookies.reaches(asker.of))
    _tell_browser(response, asker.of, choice)
    return response


def _erase(asker: Asker) -> Response:
    """Both are logged: the withdrawal as a record, then the erasure of that and all others."""
    rows = asker.rows
    withdrawn = not rows or rows[-1].action == WITHDRAW
    choice = None if withdrawn else _withdrawal(asker, rows[-1])
    try:
        indices = _erased(asker)
    except Busy as busy:
        response = _later(asker, busy, "busy")
    else:
        known = cookies.reaches(asker.of)
        response = _page("me_erased", asker, indices=indices, known=known)
        if known:
            cookies.forget(response, asker.of)
    if choice is not None:
        _tell_browser(response, asker.of, choice)
    return response


def _later(asker: Asker, busy: Busy, word: str) -> Response:
    """`slow`: nothing was stored; `busy`: withdrawn, and to be erased in a moment."""
    response = _page("me_busy", asker, busy.status, word=word)
    response.headers["Retry-After"] = str(busy.retry_after or 2)
    return response


def _withdrawal(asker: Asker, last: Row) -> Choice:
    return choices.withdraw(asker.of, asker.secret, paper.language(asker.of), last.id)


def _tell_browser(response: Response, of: Site, choice: Choice) -> None:
    if cookies.reaches(of):
        now, content = parts().clock(), shelf.current(of).content
        seconds = cookies.left(choice, content, taking.regime_here(now), now)
        cookies.put_withdrawn(response, of, choice, content, seconds)


def _erased(asker: Asker) -> list[int]:
    """Waits for the log, because only what is in it can be erased; raises Busy if that is long."""
    for _ in range(TRIES):
        try:
            return receipts.erase_all(asker.of, asker.visitor)
        except Busy:
            db.session.close()  # nothing is held while waiting for the ledger
            sleep(PAUSE_S)
    return receipts.erase_all(asker.of, asker.visitor)


def _download(asker: Asker) -> Response:
    """Everything that is known of this visitor here, with the proofs and the texts shown."""
    own = [receipts.of_one(asker.of, row) for row in asker.rows[-receipts.SHOWN :]]
    digests = {one["record"]["notice"] for one in own}
    told = ("record", "proof", "beside")
    body = {
        "site": asker.of.key,
        "visitor": asker.visitor.hex(),
        "made_at": rfc3339(parts().clock()),
        "records": [{name: one[name] for name in told if name in one} for one in own],
        "notices": {digest: shelf.notice(asker.of, digest).content for digest in sorted(digests)},
        **{name: own[-1][name] for name in ("controller", "contacts", "dpo", "authority")},
    }
    return _file(json.dumps(body, ensure_ascii=False, indent=2), "application/json", "records.json")


def _linked(asker: Asker) -> Response:
    response = receipts.linked(asker.of, asker.rows[-receipts.SHOWN :])
    return _attached(response, f"{asker.of.key}-records.jsonld")


def _receipt(asker: Asker) -> Response:
    body = receipts.of_one(asker.of, _one(asker))
    return _file(json.dumps(body, ensure_ascii=False, indent=2), "application/json", "receipt.json")


def _proof(asker: Asker) -> Response:
    row = _one(asker)
    proven = ledger.receipt(asker.of, row.seq)
    if proven is None:
        return _page("me_busy", asker, 503, word="not_yet")
    return _file(proven.proof, "text/plain", f"{request.form['record']}.tlog-proof")


ACTS: dict[str, Callable[[Asker], Response]] = {
    "confirm": _confirm,
    "withdraw": _withdraw,
    "erase": _erase,
    "json": _download,
    "jsonld": _linked,
    "receipt": _receipt,
    "proof": _proof,
}


def _one(asker: Asker) -> Row:
    return receipts.own(asker.of, asker.visitor, request.form.get("record", ""))


def _page(template: str, asker: Asker, status: int = 200, **values: Any) -> Response:
    of = asker.of
    return paper.page(template, of, status, secret=asker.carried, **_contacts(of), **values)


def _contacts(of: Site) -> dict[str, Any]:
    """Who is responsible, as the site's notice says now."""
    content = shelf.current(of).content
    return {
        "controller": content["controller"],
        "rights": sites.rights_contact(content["controller"], content["contacts"]),
        "dpo": content["dpo"],
        "authority": content["authority"],
        "local": authorities.at(where.place()),
        "services": {s["id"]: s["name"] for s in content["services"]},
        "facts": content.get("facts", {}),
    }


def _file(text: str, mimetype: str, name: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-store"
    return _attached(response, name)


def _attached(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
