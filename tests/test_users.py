"""People, their passwords and sessions, and the keys they hand out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from consent import trail, users
from consent.admin.throttle import Throttle
from consent.db import db
from consent.errors import Busy, Invalid, NotFound, Unauthorised
from consent.users import ApiKey, Session, User

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
WORDS = "river lamp stone 42"
pytestmark = pytest.mark.usefixtures("app")


def olga(password: str = WORDS) -> User:
    return users.add_user("Olga@Example.com", password, "cli", AT)[0]


def test_an_account_without_a_password_gets_one_that_works() -> None:
    user, password = users.add_user("olga@example.com", None, "cli", AT)
    assert len(password) >= 20
    assert users.sign_in(user.email, password, AT)[1].user_id == user.id


def test_passwords_are_kept_as_argon2id_with_the_agreed_cost() -> None:
    assert olga().password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_weaker_hash_is_made_anew_at_sign_in() -> None:
    user = olga()
    user.password_hash = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(
        WORDS.encode()
    )
    db.session.commit()
    users.sign_in(user.email, WORDS, AT)
    assert "m=19456,t=2,p=1" in user.password_hash


@pytest.mark.parametrize(
    "password",
    ["short", "elevenchars", "a" * 40, "Password1234", "changemechangeme", "x" * 300,
     "olga@example.com"],
)  # fmt: skip
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        olga(password)
    assert refusal.value.code == "password_weak"
    assert users.users() == []


@pytest.mark.parametrize(
    "email", ["", "olga", "olga@", "@example.com", "o lga@example.com", "a@b@c"]
)
def test_what_is_not_an_e_mail_address_gets_no_account(email: str) -> None:
    with pytest.raises(Invalid):
        users.add_user(email, WORDS, "cli", AT)


def test_one_e_mail_has_one_account_whatever_the_letter_case() -> None:
    olga()
    with pytest.raises(Invalid) as refusal:
        users.add_user("OLGA@example.COM", WORDS, "cli", AT)
    assert refusal.value.code == "user_exists"


def test_a_wrong_password_and_an_unknown_e_mail_say_the_same() -> None:
    olga()
    with pytest.raises(Unauthorised) as wrong:
        users.sign_in("olga@example.com", "not the password", AT)
    with pytest.raises(Unauthorised) as unknown:
        users.sign_in("nobody@example.com", WORDS, AT)
    assert (wrong.value.code, wrong.value.message) == (unknown.value.code, unknown.value.message)


def test_the_database_holds_no_token_that_could_be_replayed() -> None:
    token, _ = users.sign_in(olga().email, WORDS, AT)
    stored = db.session.scalars(select(Session.token_hash)).one()
    assert token not in stored and len(stored) == 64
    assert users.session_for(stored, AT) is None
    assert users.session_for(token, AT) is not None


def test_a_session_ends_after_an_idle_half_hour_and_lives_on_when_used() -> None:
    token, _ = users.sign_in(olga().email, WORDS, AT)
    assert users.session_for(token, AT + timedelta(minutes=29)) is not None
    assert users.session_for(token, AT + timedelta(minutes=58)) is not None
    assert users.session_for(token, AT + timedelta(minutes=88)) is None


def test_a_session_ends_after_twelve_hours_however_busy() -> None:
    token, _ = users.sign_in(olga().email, WORDS, AT)
    for minutes in range(25, 12 * 60, 25):
        assert users.session_for(token, AT + timedelta(minutes=minutes)) is not None
    assert users.session_for(token, AT + timedelta(hours=12)) is None


def test_signing_in_again_ends_the_session_the_browser_came_with() -> None:
    user = olga()
    old, _ = users.sign_in(user.email, WORDS, AT)
    new, _ = users.sign_in(user.email, WORDS, AT, previous=old)
    assert users.session_for(old, AT) is None
    assert users.session_for(new, AT) is not None


def test_changing_the_password_ends_every_session() -> None:
    user = olga()
    tokens = [users.sign_in(user.email, WORDS, AT)[0] for _ in range(2)]
    users.change_password(user, WORDS, "another four words 7", AT)
    assert [users.session_for(token, AT) for token in tokens] == [None, None]
    assert users.sign_in(user.email, "another four words 7", AT)


def test_the_old_password_must_be_known_and_the_new_one_be_new() -> None:
    user = olga()
    for old, new, code in (
        ("wrong", "another four words", "password_wrong"),
        (WORDS, WORDS, "password_same"),
        (WORDS, "short", "password_weak"),
    ):
        with pytest.raises(Invalid) as refusal:
            users.change_password(user, old, new, AT)
        assert refusal.value.code == code


def test_a_reset_answers_a_password_that_works_and_ends_sessions() -> None:
    user = olga()
    token, _ = users.sign_in(user.email, WORDS, AT)
    password = users.reset_password("OLGA@example.com", "cli", AT)
    assert users.session_for(token, AT) is None
    assert users.sign_in(user.email, password, AT)
    with pytest.raises(NotFound):
        users.reset_password("nobody@example.com", "cli", AT)


def test_nobody_ends_the_session_of_another() -> None:
    _, session = users.sign_in(olga().email, WORDS, AT)
    bob, _ = users.add_user("bob@example.com", WORDS, "cli", AT)
    with pytest.raises(NotFound):
        users.end_session(bob, session.id, AT)


def test_the_throttle_lets_ten_tries_pass_and_says_how_long_to_wait() -> None:
    throttle = Throttle()
    for second in range(10):
        throttle.spend(["email:a", "address:1"], AT + timedelta(seconds=second))
    with pytest.raises(Busy) as refusal:
        throttle.spend(["email:a", "address:2"], AT + timedelta(seconds=60))
    assert (refusal.value.status, refusal.value.retry_after) == (429, 240)
    with pytest.raises(Busy):
        throttle.spend(["email:b", "address:1"], AT + timedelta(seconds=60))
    throttle.spend(["email:b", "address:2"], AT + timedelta(seconds=60))
    throttle.spend(["email:a", "address:1"], AT + timedelta(seconds=300))


def test_the_throttle_forgets_rather_than_grow_without_end() -> None:
    throttle = Throttle(most_names=100)
    for number in range(1000):
        throttle.spend([f"address:{number}"], AT)
    assert len(throttle._tries) <= 100


def bearer(key: str) -> str:
    return f"Bearer {key}"


def test_a_key_opens_and_is_stored_as_a_fingerprint_only() -> None:
    key = users.create_key("Anna", ["b.pl", "a.pl", "a.pl"], AT + timedelta(days=9), "o@e.pl", AT)
    found = users.key_for(bearer(key), AT)
    assert found.sites == ["a.pl", "b.pl"]
    assert len(key.split("_", 2)[2]) == 43
    assert key.split("_", 2)[2] not in str(vars(db.session.get(ApiKey, found.id)))


def test_a_key_ends_on_its_day_and_at_once_when_revoked() -> None:
    key = users.create_key("Anna", ["a.pl"], AT + timedelta(days=9), "o@e.pl", AT)
    with pytest.raises(Unauthorised) as expired:
        users.key_for(bearer(key), AT + timedelta(days=9))
    users.revoke_key(key.split("_")[1], "o@e.pl", AT)
    with pytest.raises(Unauthorised) as revoked:
        users.key_for(bearer(key), AT)
    assert (expired.value.code, revoked.value.code) == ("key_expired", "key_revoked")
    with pytest.raises(NotFound):
        users.revoke_key("nothing", "o@e.pl", AT)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "Bearer", "Bearer x", "Basic ctk_a_b", "Bearer ctk_é_b"),
        "Bearer ctk_0123456789ab_" + "A" * 43,
    ],
)
def test_what_is_no_key_opens_nothing(header: str | None) -> None:
    with pytest.raises(Unauthorised):
        users.key_for(header, AT)


def test_the_last_use_of_a_key_is_written_once_a_minute_at_most() -> None:
    key = users.create_key("Anna", ["a.pl"], AT + timedelta(days=9), "o@e.pl", AT)
    for seconds in (0, 30, 59):
        users.key_for(bearer(key), AT + timedelta(seconds=seconds))
    assert users.keys()[0].last_used_at == AT
    users.key_for(bearer(key), AT + timedelta(seconds=60))
    assert users.keys()[0].last_used_at == AT + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"label": " "}, "label"), ({"sites": []}, "sites"), ({"expires_at": AT}, "expires_at"),
     ({"expires_at": AT + timedelta(days=400)}, "expires_at"),
     ({"period_from": AT, "period_to": AT}, "period_to")],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(change: dict[str, object], field: str) -> None:
    asked = {"label": "Anna", "sites": ["a.pl"], "expires_at": AT + timedelta(days=1)} | change
    with pytest.raises(Invalid) as refusal:
        users.create_key(**asked, by="o@e.pl", at=AT)  # type: ignore[arg-type]
    assert list(refusal.value.fields or {}) == [field]


def test_every_act_of_and_on_people_is_in_the_trail_without_a_secret() -> None:
    user = olga()
    token, session = users.sign_in(user.email, WORDS, AT)
    users.sign_out(session, user.email, AT)
    key = users.create_key("Anna", ["a.pl"], AT + timedelta(days=9), user.email, AT)
    users.revoke_key(key.split("_")[1], user.email, AT)
    found = trail.entries()
    assert [entry.verb for entry in reversed(found)] == [
        "user.add", "user.sign_in", "user.sign_out", "key.create", "key.revoke",
    ]  # fmt: skip
    text = " ".join(str(entry.detail) for entry in found)
    assert WORDS not in text and token not in text and key.split("_", 2)[2] not in text
