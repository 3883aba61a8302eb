"""What a browser is given to sign with a passkey, and what comes back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from flask import current_app, request

from consent import envelope, users
from consent.config import Config
from consent.users import Challenge, Party, User

LIFE = timedelta(minutes=10)


class Asked(NamedTuple):
    """For the page: the browser's options as JSON, and the challenge in an envelope."""

    options: str
    closed: str


def party() -> Party | None:
    """Who asks: the host of BASE_URL under https, else this machine as `localhost`. None elsewhere:
    browsers make no passkey for an address in digits or without https."""
    base = urlsplit(_config().base_url)
    if base.scheme == "https" and base.hostname:
        return Party(base.hostname, f"https://{base.netloc}")
    if urlsplit(f"//{request.host}").hostname == "localhost":
        return Party("localhost", f"http://{request.host}")
    return None


def ask(purpose: str, at: datetime, user: User | None) -> Asked | None:
    """A challenge to prove a passkey of `user`, or anybody's; None where there can be none."""
    here = party()
    if here is None or (user is not None and not users.factors(user).passkeys):
        return None
    made = users.new_challenge(at)
    return Asked(json.dumps(users.ask(here, made, user)), close(purpose, made))


def close(purpose: str, made: Challenge) -> str:
    secret = _config().secret_key
    return envelope.close(secret, f"passkey/{purpose}", made.at, challenge=made.value.hex())


def opened(purpose: str, closed: str, at: datetime) -> Challenge | None:
    """The challenge that came back; None if it is not ours, not for this, or too old."""
    secret = _config().secret_key
    values = envelope.unclose(secret, f"passkey/{purpose}", closed, at, LIFE)
    return Challenge(bytes.fromhex(values["challenge"]), values["at"]) if values else None


def prove(
    purpose: str, closed: str, answer: str, at: datetime, user: User | None = None
) -> User | None:
    """Whose passkey answered; None where the challenge is over. Raises Unauthorised. Writes."""
    made, here = opened(purpose, closed, at), party()
    if made is None or here is None:
        return None
    return users.prove(here, made, answer, at, user)


def _config() -> Config:
    return cast(Config, current_app.extensions["crumbtrail"].config)
