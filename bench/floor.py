"""The floor: Flask answering a JSON POST and a GET with nothing behind them, on the server and the
settings of the product."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, jsonify, request
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from consent.serving import THREADS

ROOT = Path(__file__).resolve().parent.parent


def app() -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.post("/consents")
    def consents() -> tuple[Response, int]:
        body = request.get_json()
        return jsonify(id=body["id"], stored=False), 201

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    return app


if __name__ == "__main__":
    Granian(
        "bench.floor:app",
        factory=True,
        address="127.0.0.1",
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backlog=1024,
        backpressure=2048,
        working_dir=ROOT,
        http1_settings=HTTP1Settings(header_read_timeout=5000),
        websockets=False,
        log_level=LogLevels.error,
    ).serve()
