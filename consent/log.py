"""The log's edge: checkpoints, tiles and keys under /log/, as c2sp.org/tlog-tiles lays them out.

A site's log is for auditors' keys, or for all where its owner publishes it. The deployment log, of
heads alone, is for all: it is what witnesses and strangers follow.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from . import ledger, sites, users
from .errors import Forbidden, Invalid, Refusal
from .parts import as_json, parts
from .waiting import DEPLOYMENT

bp = Blueprint("log", __name__, url_prefix="/log")

LARGEST = 64 * 1024
SHORT = "public, max-age=1"
FOREVER = "public, max-age=31536000, immutable"


@bp.get("/checkpoint")
def head() -> Response:
    """The signed checkpoint of the deployment log."""
    return _text(ledger.head_of(DEPLOYMENT).note, SHORT)


@bp.get("/vkeys")
def keys() -> Response:
    """Every key the deployment log was ever signed with, the newest first, one a line."""
    return _vkeys(DEPLOYMENT)


@bp.get("/tile/<path:rest>")
def tile(rest: str) -> Response:
    """A tile or an entry bundle of the deployment log."""
    return _tile(DEPLOYMENT, rest)


@bp.post("/check")
def check() -> Response:
    """Compare a checkpoint or a tlog-proof that somebody holds with the log as it is."""
    data = request.stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Refusal("too_large", f"At most {LARGEST} bytes.", status=413)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("checkpoint", "This is not UTF-8.") from None
    known = parts()
    answer = ledger.challenge(known.ledger.signer, text, known.clock())
    if not answer["agrees"]:
        known.ledger.look(known.clock())
    return as_json(answer)


@bp.get("/<site>/checkpoint")
def site_head(site: str) -> Response:
    """The signed checkpoint of a site's log."""
    public = _opened(site)
    return _text(ledger.head_of(site).note, SHORT if public else "private, max-age=1")


@bp.get("/<site>/vkeys")
def site_keys(site: str) -> Response:
    """Every key the site's log was ever signed with, the newest first, one a line."""
    _opened(site)
    return _vkeys(site)


@bp.get("/<site>/tile/<path:rest>")
def site_tile(site: str, rest: str) -> Response:
    """A tile or an entry bundle of a site's log."""
    public = _opened(site)
    return _tile(site, rest, FOREVER if public else FOREVER.replace("public", "private"))


def _opened(site: str) -> bool:
    """Whether the log is for all; else the key must open the site. Raises 401, 403, 404."""
    users.refuse_in_address(request.args.values())
    if "Authorization" not in request.headers and sites.get(site).publish_log:
        return True
    key = users.key_for(request.headers.get("Authorization"), parts().clock())
    users.need_scope(key, "read:proof")
    if site not in key.sites:
        raise Forbidden("key_site", "This key does not open that site.")
    return False


def _tile(site: str, rest: str, caching: str = FOREVER) -> Response:
    body = ledger.tile(site, f"tile/{rest}")
    response = Response(body, mimetype="application/octet-stream")
    response.headers["Cache-Control"] = caching
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _vkeys(site: str) -> Response:
    origin = parts().ledger.open(site).origin
    known = parts().ledger.signer.verifiers(origin, parts().clock(), strong=site == DEPLOYMENT)
    return _text("".join(f"{one.vkey}\n" for one in known), "public, max-age=60")


def _text(body: str, caching: str) -> Response:
    response = Response(body, mimetype="text/plain")
    response.headers["Cache-Control"] = caching
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
