"""The witness over HTTP, as c2sp.org/tlog-witness lays it out; /vkey is for its operator."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, request

from .memory import Refused, Witness

BODY_MAX = 512 * 1024


def create(witness: Witness, clock: Callable[[], datetime]) -> Flask:
    """A WSGI app of its own; nothing of the consent server is in it."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX

    def add_checkpoint() -> Response:
        return _text(witness.add(request.get_data(), clock()))

    def latest(hashed: str) -> Response:
        found = witness.latest(hashed) if re.fullmatch("[0-9a-f]{64}", hashed) else None
        if found is None:
            raise Refused(404, "Nothing of such a log was cosigned here.")
        return _text(found)

    def vkey() -> Response:
        return _text("".join(f"{one.vkey}\n" for one in witness.verifiers))

    app.add_url_rule("/add-checkpoint", view_func=add_checkpoint, methods=["POST"])
    app.add_url_rule("/<hashed>/checkpoint", view_func=latest)
    app.add_url_rule("/vkey", view_func=vkey)
    app.register_error_handler(Refused, _refused)
    return app


def _refused(refused: Refused) -> Response:
    if refused.size is not None:
        return Response(f"{refused.size}\n", 409, content_type="text/x.tlog.size")
    return _text(f"{refused}\n", refused.status)


def _text(body: str, status: int = 200) -> Response:
    response = Response(body, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
