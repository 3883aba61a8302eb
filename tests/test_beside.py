"""What stands beside a record: of the address what the notice says, and why nothing was granted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from consent import ledger, notices, policy, retention, sealing, sites, users
from consent.db import db
from consent.errors import Invalid
from consent.notices import Notice
from consent.records.beside import Denial, KeptAddress
from consent.records.rows import Row
from consent.sealing import Keyring
from tests.acts import BY, SECRET, add_site, choice_body, code_of, make_site, uuid7
from tests.conftest import Clock
from tests.test_admin import EMAIL, WORDS, Owner
from tests.test_admin import SITE as NEW

SITE = "example.com"
ADDRESS, OTHER, NETWORK = "198.51.100.77", "198.51.100.78", "198.51.100.0/24"
SIX, SIX_NETWORK = "2001:db8:1234:5678::9", "2001:db8:1234::/48"
GRANTED = {"statistics": True, "marketing": True}
DENIED = {"statistics": False, "marketing": False}
MINOR = {"min_age": 18, "ask_age": True}
MINE = {"Authorization": f"Visitor {SECRET}"}
NOTHING = {"address": None, "denied": None}


def send(
    client: FlaskClient, body: dict[str, Any], age: str = "", address: str = ADDRESS
) -> TestResponse:
    return client.post(
        f"/v1/{SITE}/consents" + (f"?age={age}" if age else ""),
        json=body,
        headers={"Origin": f"https://{SITE}"},
        environ_overrides={"REMOTE_ADDR": address},
    )


def granted(shown: Notice, clock: Clock, **changes: Any) -> dict[str, Any]:
    body = {"action": "accept_all", "categories": GRANTED, **changes}
    return choice_body(shown.digest, clock(), **body)


def auditor(app: Flask, client: FlaskClient, clock: Clock) -> Callable[[str], TestResponse]:
    with app.app_context():
        until = clock() + timedelta(days=1)
        key = users.create_key("an auditor", [SITE], until, BY, clock())
    bearer = {"Authorization": f"Bearer {key}"}
    return lambda path: client.get(f"/v1/audit/{SITE}/{path}", headers=bearer)


def beside_of(client: FlaskClient, record: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/{SITE}/receipts/{record}", headers=MINE).get_json()
    return dict(found.get("beside", NOTHING))


def everything() -> str:
    """Every value of every row."""
    db.session.rollback()
    return "\n".join(
        str(value)
        for table in db.metadata.sorted_tables
        for row in db.session.execute(table.select())
        for value in row
    )


def counts() -> tuple[int, int]:
    db.session.rollback()
    found = [db.session.scalar(select(func.count()).select_from(n)) for n in (KeptAddress, Denial)]
    return found[0] or 0, found[1] or 0


@pytest.mark.parametrize(
    ("mode", "sent", "kept"),
    [
        ("none", ADDRESS, None),
        ("truncated", ADDRESS, NETWORK),
        ("truncated", SIX, SIX_NETWORK),
        ("truncated", f"::ffff:{ADDRESS}", NETWORK),
        ("full", SIX, SIX),
        ("full", ADDRESS, ADDRESS),
    ],
)
def test_S0_5_of_an_address_is_kept_what_the_notice_says_and_the_table_shows_none_of_it(
    app: Flask, client: FlaskClient, clock: Clock, mode: str, sent: str, kept: str | None
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": mode})
    made = send(client, granted(shown, clock), address=sent).get_json()
    found = beside_of(client, made["id"])
    assert found == {"address": kept and {"mode": mode, "value": kept}, "denied": None}
    with app.app_context():
        assert counts() == (int(kept is not None), 0)
        assert "198.51" not in everything() and "2001:db8" not in everything()
        names = {f"more_address_{name}" for name in sites.IP_MODES}
        assert names <= set(shown.content["texts"]["en"])


def test_S0_5_a_keyed_code_tells_one_address_from_another_until_the_key_changes(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "hashed"})

    def code(address: str) -> str:
        made = send(client, granted(shown, clock), address=address).get_json()
        found = beside_of(client, made["id"])["address"]
        assert found["mode"] == "hashed"
        return str(found["value"])

    before = code(ADDRESS)
    assert before == code(ADDRESS) != code(OTHER)
    ring: Keyring = app.extensions["sealing"]
    assert before.startswith(f"{ring.current}.") and "198" not in before.split(".")[1][:3]
    app.extensions["sealing"] = Keyring((("fresh", b"k" * 32), *ring.keys))
    after = code(ADDRESS)
    assert after.startswith("fresh.") and after.split(".")[1] != before.split(".")[1]
    with app.app_context():
        sealing.check()
        assert list(sealing.rotate())
        assert sealing.left() == 0
        first = db.session.scalars(select(Row).order_by(Row.seq).limit(1)).one()
        id = str(first.id.hex())
    assert beside_of(client, f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}") == {
        "address": {"mode": "hashed", "value": before},
        "denied": None,
    }


def test_a_wider_mode_counts_once_it_is_published_and_a_narrower_one_at_once(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "truncated"})

    def kept(notice: Notice) -> str | None:
        made = send(client, granted(notice, clock)).get_json()
        found = beside_of(client, made["id"])["address"]
        return found and str(found["value"])

    def decided(mode: str) -> None:
        with app.app_context():
            sites.change(sites.get(SITE), BY, clock.advance(seconds=61), facts={"ip_mode": mode})

    assert kept(shown) == NETWORK
    decided("full")
    assert kept(shown) == NETWORK
    decided("none")
    assert kept(shown) is None
    with app.app_context():
        draft = notices.changes(sites.get(SITE))
    assert draft == ["What is said of storage, addresses and age changed."]


def test_a_proxys_own_address_is_not_taken_for_a_visitors(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "full"})
    reply = client.post(
        f"/v1/{SITE}/consents",
        json=granted(shown, clock),
        headers={"Origin": f"https://{SITE}", "X-Forwarded-For": ADDRESS},
        environ_overrides={"REMOTE_ADDR": "10.0.0.7"},
    )
    assert beside_of(client, reply.get_json()["id"])["address"] is None


def test_what_stands_beside_a_record_goes_when_it_is_erased_or_past_its_time(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "full", **MINOR})
    send(client, granted(shown, clock), "under")
    send(client, granted(shown, clock, visitor="y" * 22), "under")
    with app.app_context():
        assert counts() == (2, 2)
        known = app.extensions["crumbtrail"].ledger
        known.tick(clock.advance(seconds=1))
        first = db.session.scalars(select(Row).order_by(Row.seq)).first()
        assert first is not None
        ledger.erase(known.signer, sites.get(SITE), [first], BY, clock())
        assert counts() == (1, 1)
        known.tick(clock.advance(seconds=1))
        done = retention.run(known, clock.advance(days=4000), moved=False, overruled=True)
        assert done.why is None and done.taken == {SITE: 1}
        assert counts() == (0, 0)


def test_auditors_read_what_stands_beside_and_the_record_stays_as_it_is(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "truncated", **MINOR})
    made = send(client, granted(shown, clock), "under").get_json()
    send(client, choice_body(shown.digest, clock(), visitor="z" * 22), address="127.0.0.1")
    get = auditor(app, client, clock)
    expected = {"address": {"mode": "truncated", "value": NETWORK}, "denied": "age"}
    told = get(f"records/{made['id']}/beside").get_json()
    assert told == {"id": made["id"], "beside": expected}
    lines = [json.loads(line) for line in get("export?format=beside").data.splitlines()]
    assert lines[0] == {"id": made["id"], "beside": expected} and len(lines) == 2
    record = get(f"records/{made['id']}").get_json()
    assert not {"beside", "address", "denied"} & set(record) and "198.51" not in str(record)
    assert get("export?format=csv").data.count(b"198.51") == 0


def test_a_policy_that_denies_keeping_addresses_holds_back_a_notice_that_says_so(
    app: Flask, clock: Clock
) -> None:
    site = add_site(clock(), facts={"ip_mode": "truncated"})
    text = b"Privacy policy\n\nWe do not store your IP address.\n"
    notices.add_policy(site, "en", text, BY, clock())
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock())
    assert set(refused.value.fields or {}) == {"ip_mode"}
    sites.change(site, BY, clock(), facts={"ip_mode": "none"})
    notices.publish(site, BY, clock.advance(seconds=1))
    sites.change(site, BY, clock(), facts={"ip_mode": "truncated"})
    notices.add_policy(site, "en", b"Privacy policy\n\nAddresses are shortened.\n", BY, clock())
    assert notices.publish(site, BY, clock.advance(seconds=1)).content["facts"] == {
        "ip_mode": "truncated"
    }


@pytest.mark.parametrize(
    ("text", "mode", "wrong"),
    [
        ("We never log IP addresses.", "full", True),
        ("Nie przechowujemy adresów IP odwiedzających.", "hashed", True),
        ("Nous ne conservons pas votre adresse IP.", "truncated", True),
        ("Aucune adresse IP n’est conservée.", "truncated", True),
        ("We do not collect any personal information unless you provide it.", "full", True),
        ("We do not store your full IP address.", "truncated", False),
        ("We do not store your full IP address.", "full", True),
        ("Your IP address is kept for three years.", "full", False),
        ("Votre adresse IP n’est conservée que trente jours.", "full", False),
        ("We never log IP addresses.", "none", False),
    ],
)
def test_the_linter_holds_a_policys_word_on_addresses_against_the_site(
    text: str, mode: str, wrong: bool
) -> None:
    document = policy.document(f"Privacy policy\n\n{text}\n".encode())
    found = policy.lint(document, settings={"ip_mode": mode})
    assert ("IP-CONFLICT" in {one.code for one in found}) is wrong


def test_S0_43_what_a_visitor_who_is_too_young_grants_is_stored_as_denied_with_the_reason(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts=MINOR)
    reply = send(client, granted(shown, clock, services={"google-analytics": True}), "under")
    made = reply.get_json()
    assert reply.status_code == 201 and made["denied"] == "age"
    own = client.get(f"/v1/{SITE}/receipts/{made['id']}", headers=MINE).get_json()
    assert own["record"]["categories"] == DENIED
    assert own["record"]["services"] == {"google-analytics": False}
    assert (own["record"]["action"], own["beside"]["denied"]) == ("save", "age")
    page = client.post(f"/v1/{SITE}/me", data={"visitor": SECRET, "lang": "en"}).text
    assert "I am under 18" in page and "then stays off" in page


def test_S0_43_what_was_said_holds_for_a_changed_script_and_until_it_is_taken_back(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts=MINOR)

    def stored(age: str = "", **changes: Any) -> bool:
        made = send(client, granted(shown, clock, **changes), age).get_json()
        own = client.get(f"/v1/{SITE}/receipts/{made['id']}", headers=MINE).get_json()
        assert (own["record"]["categories"] == DENIED) is (made.get("denied") == "age")
        return "denied" in made

    assert not stored()
    assert stored("under")
    assert stored() and stored(action="api")
    assert not stored("over")
    assert not stored()


def test_the_same_choice_gets_the_same_answer_whatever_was_said_since(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts=MINOR)
    first, young = granted(shown, clock), granted(shown, clock, id=uuid7(clock()))
    one = send(client, first)
    two = send(client, young, "under")
    for body, age, before in ((first, "", one), (young, "under", two)):
        again = send(client, body, age)
        assert (again.status_code, again.data) == (200, before.data)


def test_a_word_of_ones_age_means_nothing_where_the_notice_does_not_ask(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"min_age": 18})
    made = send(client, granted(shown, clock), "under").get_json()
    assert "denied" not in made
    assert beside_of(client, made["id"]) == NOTHING


def test_an_age_that_means_nothing_is_refused(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts=MINOR)
    reply = send(client, granted(shown, clock), "17")
    assert (reply.status_code, code_of(reply)) == (422, "field_value")


def test_a_test_choice_keeps_no_address_and_is_denied_all_the_same(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    shown = make_site(app, clock(), facts={"ip_mode": "full", **MINOR})
    body = granted(shown, clock)
    answers = [
        client.post(
            f"/v1/{SITE}/consents?age=under", json=body, headers={"Origin": "http://localhost"}
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].data == answers[1].data and answers[0].get_json()["denied"] == "age"
    with app.app_context():
        assert counts() == (0, 1)


def test_an_owner_states_it_in_the_settings_and_reads_it_beside_the_record(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    users.add_user(EMAIL, WORDS, "cli", clock())
    owner = Owner(client)
    assert owner.sign_in().status_code == 303
    assert owner.send("/sites/new", NEW).status_code == 303
    form = {
        **NEW,
        "storage_region": "",
        "ip_mode": "truncated",
        "min_age": "18",
        "ask_age": "yes",
        "retention": "3",
        "retention_unit": "year",
    }
    assert owner.send(f"/sites/{SITE}/settings", form).status_code == 303
    facts = {"ip_mode": "truncated", "min_age": 18, "ask_age": True}
    assert sites.get(SITE).facts == facts
    shown = notices.publish(sites.get(SITE), BY, clock())
    body = {name: False for name in ("statistics", "marketing")}
    choice = choice_body(shown.digest, clock(), action="save", categories=body)
    made = send(client, choice, "under").get_json()
    page = owner.get(f"/sites/{SITE}/records/{made['id']}").text
    assert NETWORK in page and "under the minimum age" in page


def test_asking_the_age_needs_one(app: Flask, clock: Clock) -> None:
    site = add_site(clock())
    for facts, field in (
        ({"ask_age": True}, "min_age"),
        ({"ip_mode": "some"}, "ip_mode"),
        ({"ask_age": "yes", "min_age": 13}, "ask_age"),
    ):
        with pytest.raises(Invalid) as refused:
            sites.change(site, BY, clock(), facts=facts)
        assert field in (refused.value.fields or {})
