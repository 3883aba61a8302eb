"""A shop in Flask behind the gate: the last two lines are all there is to it."""

import os
from pathlib import Path

from flask import Flask, Response, make_response

from consent.gate.wsgi import Gate

PAGE = Path(__file__).parents[1].joinpath("shop.html").read_text("utf-8")

app = Flask(__name__)


@app.get("/")
def shop() -> Response:
    response = make_response(PAGE)
    response.set_cookie("_ga", "1", httponly=True)  # a tracker's; the gate lets it be set or not
    response.set_cookie("basket", "3")
    return response


app.wsgi_app = Gate(  # type: ignore[method-assign]
    app.wsgi_app,
    site=os.environ["CONSENT_SITE"],
    server=os.environ["CONSENT_SERVER"],
    rules=os.environ.get("CONSENT_RULES"),
)
