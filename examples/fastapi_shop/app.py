"""A shop in FastAPI behind the gate, its page sent in pieces."""

import os
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from consent.gate.asgi import Gate

PAGE = Path(__file__).parents[1].joinpath("shop.html").read_text("utf-8")

application = FastAPI()
application.add_middleware(
    Gate,
    site=os.environ["CONSENT_SITE"],
    server=os.environ["CONSENT_SERVER"],
    rules=os.environ.get("CONSENT_RULES"),
)


@application.get("/")
def shop() -> StreamingResponse:
    def pieces() -> Iterator[str]:
        for at in range(0, len(PAGE), 100):
            yield PAGE[at : at + 100]

    response = StreamingResponse(pieces(), media_type="text/html")
    response.set_cookie("_ga", "1", httponly=True)  # a tracker's; the gate lets it be set or not
    response.set_cookie("basket", "3")
    return response
