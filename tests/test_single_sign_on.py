"""Single sign-on: a local provider, its people, and tokens that must not be believed."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from consent import config, trail, users
from consent.db import db
from consent.users import Identity, User
from tests.conftest import Clock
from tests.provider import CLIENT, Provider, provider
from tests.test_admin import EMAIL, SITE, WORDS, Owner
from tests.test_signing_in import code, connect_app, cookie, knock, verbs

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def idp(clock: Clock) -> Iterator[Provider]:
    with provider(clock) as made:
        yield made


@pytest.fixture
def settings(idp: Provider) -> dict[str, str]:
    return idp.settings()


@pytest.fixture
def stranger(client: FlaskClient, clock: Clock) -> Owner:
    users.add_user(EMAIL, WORDS, "cli", clock())
    return Owner(client)


@pytest.fixture
def linked(stranger: Owner, idp: Provider, clock: Clock) -> Owner:
    """Somebody signed in here whose account is linked with subject 248289 of the provider."""
    user = users.user_by_email(EMAIL)
    assert user is not None
    users.link(user, idp.issuer, "248289", clock())
    return stranger


def leave(owner: Owner, at: str = "/sign-in/provider") -> str:
    gone = owner.get(at)
    assert gone.status_code == 303, gone.text
    return gone.headers["Location"]


def come(owner: Owner, idp: Provider, at: str = "/sign-in/provider", **how: str) -> TestResponse:
    return owner.client.get(idp.answer(leave(owner, at), **how))


def test_whoever_is_linked_comes_in_and_to_the_page_they_wanted(
    linked: Owner, idp: Provider
) -> None:
    assert "Sign in with 127.0.0.1" in linked.get("/keys/").text
    into = come(linked, idp, "/sign-in/provider?next=/admin/keys/")
    assert (into.status_code, into.headers["Location"]) == (303, "/admin/keys/")
    assert "Single sign-on" in linked.page("/account")
    stored = str([vars(row) for row in db.session.scalars(select(Identity))])
    assert "never used" not in stored and "eyJ" not in stored
    assert idp.asked.count("/realm/keys") == 1


def test_the_second_factor_is_asked_for_unless_the_provider_asked_for_one(
    linked: Owner, idp: Provider, clock: Clock
) -> None:
    linked.sign_in()
    secret, _ = connect_app(linked, clock)
    clock.advance(minutes=1)
    assert come(linked, idp).headers["Location"] == "/admin/sign-in/second"
    into = knock(linked, "/sign-in/second", {"code": code(secret, clock)})
    assert into.status_code == 303 and "Single sign-on and app" in linked.page("/account")
    idp.claims = {"amr": ["pwd"]}
    assert come(linked, idp).headers["Location"] == "/admin/sign-in/second"
    for amr in (["pwd", "otp"], ["mfa"]):
        idp.claims = {"amr": amr}
        assert come(linked, idp).headers["Location"] == "/admin/"


def test_an_e_mail_opens_no_account_and_a_stranger_gets_none(
    stranger: Owner, idp: Provider
) -> None:
    refused = come(stranger, idp)
    assert refused.status_code == 403 and "No account here is linked" in refused.text
    assert cookie(stranger) == "" and stranger.get("/account").status_code == 401
    assert len(users.users()) == 1 and db.session.scalars(select(Identity)).all() == []


class TestNewcomers:
    @pytest.fixture
    def settings(self, idp: Provider) -> dict[str, str]:
        return {**idp.settings(), "OIDC_ROLE": "owner"}

    def test_a_newcomer_gets_an_account_by_a_verified_e_mail_alone(
        self, stranger: Owner, idp: Provider
    ) -> None:
        idp.claims = {"email": "jan@example.com", "email_verified": "true"}
        assert come(stranger, idp, subject="7").status_code == 403
        idp.claims = {"email": "jan@example.com"}
        assert come(stranger, idp, subject="7").status_code == 303
        assert "jan@example.com" in stranger.page("/account")
        idp.claims = {"email": "somebody.else@example.com"}  # the subject counts, not the mailbox
        assert come(stranger, idp, subject="7").status_code == 303
        assert "jan@example.com" in stranger.page("/account")
        assert len(users.users()) == 2

    def test_two_people_with_one_e_mail_stay_two_and_nobody_is_taken_over(
        self, stranger: Owner, idp: Provider
    ) -> None:
        taken = come(stranger, idp, subject="7")
        assert taken.status_code == 409 and "there already" in taken.text
        assert stranger.get("/account").status_code == 401
        assert db.session.scalars(select(Identity)).all() == []


def test_an_account_is_linked_by_whoever_is_signed_in_and_proves_it_again(
    stranger: Owner, idp: Provider, clock: Clock
) -> None:
    stranger.sign_in()
    clock.advance(minutes=11)
    assert "<h1>Is it you?</h1>" in stranger.get("/account/provider").text
    sent = {"proof_password": WORDS, "next": "/admin/account/provider"}
    back = stranger.send("/account/prove", sent)
    assert (back.status_code, back.headers["Location"]) == (303, "/admin/account/provider")
    done = come(stranger, idp, "/account/provider")
    assert done.headers["Location"] == "/admin/account?done=linked"
    assert stranger.client.get(done.headers["Location"]).status_code == 200
    assert db.session.scalars(select(Identity.subject)).all() == ["248289"]
    one = db.session.scalars(select(Identity.id)).one()
    assert stranger.send(f"/account/provider/{one}/remove").status_code == 303
    assert [verb for verb in verbs() if "link" in verb] == ["user.link", "user.unlink"]


def test_a_link_is_made_for_the_session_that_began_it_and_no_other(
    app: Flask, stranger: Owner, idp: Provider, clock: Clock
) -> None:
    stranger.sign_in()
    users.add_user("eve@example.com", WORDS, "cli", clock())
    eve = Owner(app.test_client())
    eve.sign_in(email="eve@example.com")
    planted = idp.answer(leave(eve, "/account/provider"), subject="eve")
    assert stranger.client.get(planted).status_code == 401
    stranger.client.set_cookie("crumbtrail_flow", cookie(eve, "flow"), path="/admin/")
    assert stranger.client.get(planted).status_code == 401
    assert db.session.scalars(select(Identity)).all() == []


def test_one_subject_opens_one_account(linked: Owner, idp: Provider, clock: Clock) -> None:
    users.add_user("eve@example.com", WORDS, "cli", clock())
    linked.sign_in(email="eve@example.com")
    assert come(linked, idp, "/account/provider").status_code == 409
    assert users.user_at(idp.issuer, "248289") is users.user_by_email(EMAIL)
    assert users.user_at(idp.issuer + "/", "248289") is None


def test_whoever_has_no_password_proves_themselves_at_the_provider(
    linked: Owner, idp: Provider, clock: Clock
) -> None:
    come(linked, idp)
    clock.advance(minutes=11)
    asked = linked.send("/sites/new", SITE)
    assert asked.status_code == 401 and "/admin/account/provider/again" in asked.text
    address = leave(linked, "/account/provider/again")
    assert "prompt=login" in address and "max_age=0" in address
    idp.claims = {"auth_time": int(clock().timestamp()) - 3600}
    assert come(linked, idp, "/account/provider/again").status_code == 401
    idp.claims = {"auth_time": None}
    assert come(linked, idp, "/account/provider/again").status_code == 401
    idp.claims = {}
    assert come(linked, idp, "/account/provider/again", subject="another").status_code == 403
    before = cookie(linked)
    assert come(linked, idp, "/account/provider/again").status_code == 303
    assert cookie(linked) != before
    assert linked.send("/sites/new", SITE).status_code == 303


# -- what must not be believed -----------------------------------------------------------------


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part(header)}.{part(claims)}."


def signed(key: RSAKey, **more: Any) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Tokens with a true signature under a header that says more."""

    def make(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = unsigned({**header, **more}, claims).rstrip(".")
        private = cast(RSAPrivateKey, key.private_key)
        made = private.sign(text.encode(), PKCS1v15(), SHA256())
        return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    return make


def hostile(idp: Provider) -> dict[str, Callable[[dict[str, Any], dict[str, Any]], str]]:
    """Tokens that a careless reader believes."""
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    public = idp.key.raw_value.public_key().public_bytes(  # type: ignore[union-attr]
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )

    def mac(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = unsigned({**header, "alg": "HS256"}, claims).rstrip(".")
        digest = hmac.digest(public, text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

    def claiming(**more: Any) -> Callable[..., str]:
        return lambda header, claims: jwt.encode(header, {**claims, **more}, idp.key)

    def cut(header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, idp.key).rsplit(".", 1)[0] + "."

    now = int(idp.clock().timestamp())
    return {
        "alg none": lambda h, c: unsigned({**h, "alg": "none"}, c),
        "alg None": lambda h, c: unsigned({**h, "alg": "None"}, c),
        "HMAC with the public key": mac,
        "another key under the same name": signed(stranger),
        "an unknown key name": signed(idp.key, kid="two"),
        "a key name that is a path": signed(idp.key, kid="../../etc/passwd"),
        "a key of its own": signed(stranger, jwk=stranger.as_dict(private=False)),
        "an address of keys": signed(idp.key, jku="https://evil.example/keys"),
        "an address of certificates": signed(idp.key, x5u="https://evil.example/x"),
        "an unknown crit": signed(idp.key, crit=["exp"]),
        "another kind of token": signed(idp.key, typ="at+jwt"),
        "no signature": cut,
        "another issuer": claiming(iss="https://evil.example"),
        "an issuer with a slash": claiming(iss=idp.issuer + "/"),
        "another audience": claiming(aud="somebody else"),
        "audiences without azp": claiming(aud=[CLIENT, "somebody else"]),
        "another azp": claiming(azp="somebody else"),
        "another nonce": claiming(nonce="x" * 43),
        "expired": claiming(iat=now - 600, exp=now - 61),
        "of the future": claiming(iat=now + 120, exp=now + 600),
        "not yet": claiming(nbf=now + 120),
        "without an end": claiming(exp="never"),
        "a subject that is a number": claiming(sub=248289),
        "an empty subject": claiming(sub=""),
        "no token at all": lambda h, c: "x",
    }


def test_two_dozen_hostile_tokens_open_nothing_and_an_honest_one_does(
    linked: Owner, idp: Provider
) -> None:
    tokens = hostile(idp)
    assert len(tokens) >= 24
    for name, forged in tokens.items():
        idp.forge = forged
        refused = come(linked, idp)
        assert refused.status_code == 401, name
        assert cookie(linked) == "" and linked.get("/account").status_code == 401, name
    for honest in (signed(idp.key), lambda header, claims: None):
        idp.forge = honest
        assert come(linked, idp).status_code == 303


@pytest.mark.parametrize(
    "changed",
    [{"state": "x" * 43}, {"state": "-"}, {"iss": "https://evil.example"}, {"iss": "-"},
     {"code": "-", "error": "access_denied"}, {"code": "made-up"}],
)  # fmt: skip
def test_an_answer_that_is_not_to_our_question_opens_nothing(
    linked: Owner, idp: Provider, changed: dict[str, str]
) -> None:
    assert come(linked, idp, **changed).status_code == 401
    assert linked.get("/account").status_code == 401


def test_an_answer_counts_once_in_its_own_browser_and_in_its_time(
    app: Flask, linked: Owner, idp: Provider, clock: Clock
) -> None:
    other = Owner(app.test_client())
    address = idp.answer(leave(linked))
    assert other.client.get(address).status_code == 401  # a victim is not signed in as another
    assert linked.client.get(address).status_code == 303
    again = linked.client.get(address)
    assert again.status_code == 401
    late = idp.answer(leave(linked))
    clock.advance(minutes=10)
    assert linked.client.get(late).status_code == 401


def test_a_provider_that_renews_its_keys_is_asked_for_them_again(
    linked: Owner, idp: Provider, clock: Clock
) -> None:
    assert come(linked, idp).status_code == 303
    idp.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    idp.forge = lambda header, claims: jwt.encode({**header, "kid": "two"}, claims, idp.key)
    assert come(linked, idp).status_code == 401  # within the minute nothing is fetched again
    clock.advance(minutes=1)
    assert come(linked, idp).status_code == 303


def test_a_provider_that_is_away_or_not_itself_is_said_to_be(
    linked: Owner, idp: Provider, clock: Clock
) -> None:
    idp.metadata["issuer"] = idp.issuer + "/other"
    assert linked.get("/sign-in/provider").status_code == 401
    idp.metadata["issuer"] = idp.issuer
    idp.metadata["token_endpoint"] = "http://login.example.com/token"
    refused = linked.get("/sign-in/provider")
    assert refused.status_code == 401 and "not https" in refused.text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"OIDC_ISSUER": "http://login.example.com"}, "OIDC_ISSUER must look like"),
        ({"OIDC_ISSUER": "https://a.example/?x=1"}, "OIDC_ISSUER must look like"),
        ({"OIDC_ISSUER": "https://a.example"}, "OIDC_CLIENT_ID is needed"),
        ({"OIDC_ROLE": "king"}, "OIDC_ROLE must be one of"),
        ({"REQUIRE_SECOND_FACTOR": "yes"}, "REQUIRE_SECOND_FACTOR must be one of"),
    ],
)
def test_a_wrong_setting_stops_the_boot(
    tmp_path: Any, values: dict[str, str], sentence: str
) -> None:
    with pytest.raises(config.ConfigError, match=sentence):
        config.load({"INSTANCE_PATH": str(tmp_path), **values})


def test_nothing_secret_is_in_the_trail(linked: Owner, idp: Provider) -> None:
    come(linked, idp)
    told = str([entry.detail for entry in trail.entries()])
    assert "eyJ" not in told and "code-" not in told and not re.search(r"[\w-]{43}", told)
    assert db.session.scalars(select(User)).all()
