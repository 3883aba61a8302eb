"""Which rules bind where, and since when."""

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from consent.regime import FALLBACK, Place, Signals, Table, default_table, gpc_header

TODAY = date(2026, 11, 21)
DATA = Path(__file__).parent.parent / "consent" / "data"
TABLE = default_table()
SILENT, GPC = Signals(gpc=False), Signals(gpc=True)


def at(code, signals=SILENT, today=TODAY):
    return TABLE.decide(Place.parse(code, "demo"), signals, today)


RESOLVED = [
    ("FR", "FR", "opt-in", "dialog"),
    ("PL", "PL", "opt-in", "dialog"),
    ("NO", "NO", "opt-in", "dialog"),
    ("GB", "GB", "opt-in", "dialog"),
    ("GB-ENG", "GB", "opt-in", "dialog"),
    ("CH", "CH", "opt-in", "dialog"),
    ("CA-QC", "CA-QC", "opt-in", "dialog"),
    ("CA-ON", "CA", "opt-out", "dialog"),
    ("CA", "CA-QC", "opt-in", "dialog"),
    ("US-CA", "US-CA", "opt-out", "bar"),
    ("US-TX", "US-TX", "opt-out", "bar"),
    ("US-NY", "US", "notice-only", "link"),
    ("US", "US-CA", "opt-out", "bar"),
    ("JP", "JP", "notice-only", "bar"),
    ("JP-13", "JP", "notice-only", "bar"),
    ("MX", "MX", "opt-out", "dialog"),
    ("ZZ", FALLBACK, "opt-in", "dialog"),
    ("T1", FALLBACK, "opt-in", "dialog"),
    ("EU", FALLBACK, "opt-in", "dialog"),
    ("", FALLBACK, "opt-in", "dialog"),
]


@pytest.mark.parametrize(("code", "row", "model", "show"), RESOLVED)
def test_a_place_has_its_rules(code, row, model, show):
    regime = at(code)
    assert (regime.id, regime.model, regime.show) == (row, model, show)


@pytest.mark.parametrize(("alias", "country"), TABLE.aliases.items())
def test_a_territory_follows_its_country(alias, country):
    assert at(alias).id == country


def test_every_row_that_is_in_force_is_found_under_its_own_id():
    later = date(2030, 1, 1)
    missed = [key for key in TABLE.ids if "-" in key and at(key, today=later).id != key]
    assert missed == []
    countries = [key for key in TABLE.ids if "-" not in key]
    assert [key for key in countries if at(key, today=later).id != key] == ["CA", "US"]
    assert len(TABLE.ids) == 116


def test_an_unknown_place_gets_rules_nobody_can_call_lax():
    regime = TABLE.decide(Place(None, None, "none", None), SILENT, TODAY)
    assert regime.id == FALLBACK
    assert set(regime.categories.values()) == {"opt-in"}
    assert (regime.google_default, regime.show, regime.honour_gpc) == ("denied", "dialog", True)
    assert regime.required_ui_languages == ()
    assert (regime.renewal_months, regime.retention_months, regime.tz) == (6, 60, None)
    assert regime.strictness >= max(at(key).strictness for key in TABLE.ids)


def test_an_unknown_state_gets_the_link_and_the_confirmation_of_the_strictest():
    regime = at("US")
    assert regime.opt_out_link == "Do Not Sell or Share My Personal Information"
    assert regime.gpc_confirmation
    assert regime.strictness >= max(at(key).strictness for key in TABLE.ids if key[:3] == "US-")


DATES = [
    ("US-AL", date(2027, 4, 30), "US", False),
    ("US-AL", date(2027, 5, 1), "US-AL", True),
    ("US-OK", date(2026, 12, 31), "US", False),
    ("US-OK", date(2027, 1, 1), "US-OK", False),
    ("US-DE", date(2025, 12, 31), "US-DE", False),
    ("US-DE", date(2026, 1, 1), "US-DE", True),
    ("US-OR", date(2024, 6, 30), "US", False),
    ("US-OR", date(2025, 12, 31), "US-OR", False),
    ("US-OR", date(2026, 1, 1), "US-OR", True),
    ("CA-QC", date(2023, 9, 21), "CA", False),
    ("CA-QC", date(2023, 9, 22), "CA-QC", False),
    ("CA", date(2023, 9, 21), "CA", False),
    ("CL", date(2026, 11, 30), FALLBACK, False),
    ("CL", date(2026, 12, 1), "CL", False),
]


@pytest.mark.parametrize(("code", "today", "row", "gpc_required"), DATES)
def test_rules_switch_by_the_day_and_not_by_a_release(code, today, row, gpc_required):
    regime = at(code, today=today)
    assert (regime.id, regime.gpc_required) == (row, gpc_required)


def test_preferences_follow_statistics_and_are_never_a_mere_notice():
    assert at("FR").categories["preferences"] == "opt-in"
    assert at("CA-ON").categories["preferences"] == "opt-out"
    assert at("JP").categories == {
        "preferences": "opt-out",
        "statistics": "notice",
        "marketing": "opt-out",
    }


def test_an_exemption_for_some_trackers_does_not_open_the_category():
    assert at("GB").categories["statistics"] == "opt-in"
    assert at("NL").categories["statistics"] == "opt-in"


def test_a_signal_is_a_choice_where_one_may_opt_out_and_a_preset_where_one_must_opt_in():
    assert at("US-CA", GPC).gpc_effect == "choice"
    assert at("JP", GPC).gpc_effect == "choice"
    assert at("PL", GPC).gpc_effect == "preset"
    assert at("", GPC).gpc_effect == "preset"
    assert at("US-CA").gpc_effect is None
    assert at("PL", GPC).categories == at("PL").categories


@pytest.mark.parametrize(
    ("value", "asks"),
    [
        (None, False), ("1", True), ("0", False), ("true", False), ("", False), (" 1", True),
        ("1,0", True), ("0,1", True), ("11", False), ("1 ", True), ("0, 1", True), ("1;", False),
        ("１", False), ("-1", False), ("1.0", False),
    ],
)  # fmt: skip
def test_only_an_exact_one_is_the_signal(value, asks):
    assert gpc_header(value) is asks


def test_lax_rules_name_the_time_zones_that_fit_and_strict_ones_ask_for_none():
    for code in [*TABLE.ids, *TABLE.aliases]:
        regime = at(code)
        assert (regime.tz is None) == (regime.model == "opt-in"), code
        assert regime.tz is None or regime.tz, f"{code} is lax and no browser fits it"
    assert at("JP").tz == ("Asia/Tokyo", "Japan")
    assert "America/" in at("US-TX").tz
    assert at("PR").tz == ("America/Puerto_Rico",)


def test_the_script_is_told_in_json():
    assert json.loads(json.dumps(at("US-CA").params())) == {
        "id": "US-CA",
        "model": "opt-out",
        "show": "bar",
        "categories": {"preferences": "opt-out", "statistics": "notice", "marketing": "opt-out"},
        "gpc": True,
        "gpc_confirm": True,
        "link": "Do Not Sell or Share My Personal Information",
        "months": None,
        "reprompt_months": 12,
        "google": "granted",
        "tz": ["America/", "Pacific/Honolulu", "US/"],
    }


def test_italy_alone_must_have_an_X():
    assert [code for code in TABLE.ids if at(code).close_button] == ["IT"]
    assert at("IT").params()["close"] is True
    assert at("").close_button is False
    assert "close" not in at("FR").params()


def test_a_place_is_read_in_any_spelling_and_nonsense_is_no_place():
    assert Place.parse("ca-qc", "demo") == Place("CA", "QC", "demo", None)
    assert Place("US", "US-CA", "cdn", None).subdivision == "CA"
    assert Place.parse("CA", "demo").subdivision is None
    for nonsense in ("", "C", "CAN", "<b>", "C1", "ＣＡ", "C\nA"):
        assert Place.parse(nonsense, "cdn").country is None
    assert Place("CA", "Québec", "cdn", None).subdivision is None
    assert Place(None, "QC", "cdn", None).subdivision is None


@given(
    country=st.none() | st.text(max_size=4) | st.sampled_from(TABLE.ids),
    subdivision=st.none() | st.text(max_size=6) | st.sampled_from(["QC", "CA", "ON", "TX", "AL"]),
    today=st.dates(),
    gpc=st.booleans(),
)
def test_every_place_gets_an_answer_on_every_day(country, subdivision, today, gpc):
    place = Place(country, subdivision, "database", None)
    regime = TABLE.decide(place, Signals(gpc), today)
    assert set(regime.categories) == {"preferences", "statistics", "marketing"}
    assert regime.categories["preferences"] != "notice"
    assert regime.id in TABLE.ids or regime.id == FALLBACK
    assert regime.model == "opt-in" or (place.country and regime.tz)
    assert regime.model == "opt-in" or regime.categories["marketing"] == "opt-out"
    if place.country is None:
        assert regime.id == FALLBACK
    json.dumps(regime.params())


@given(today=st.dates(), country=st.sampled_from(["CA", "US"]))
def test_not_knowing_the_part_is_never_laxer_than_knowing_it(today, country):
    unknown = at(country, today=today)
    for key in TABLE.ids:
        if key.startswith(f"{country}-"):
            assert unknown.strictness >= at(key, today=today).strictness


def test_the_shipped_table_fits_its_schema():
    schema = json.loads((DATA / "regimes.schema.json").read_text())
    table = yaml.load((DATA / "regimes.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    jsonschema.validate(table, schema)
    assert "NO" in table["regimes"]


def test_the_digest_is_that_of_the_file():
    raw = (DATA / "regimes.yaml").read_bytes()
    assert Table.load(raw).digest == Table.load(raw.decode()).digest == TABLE.digest
    assert Table.load(raw + b"# one more line\n").digest != TABLE.digest


BROKEN = {
    "nothing": "",
    "a_list": "[]",
    "no_fallback": "regimes: {}\naliases: {}\n",
    "unquoted_norway": "regimes: {NO: {}}\naliases: {}\nfallback: {}\n",
    "an_unknown_fallback": "regimes: {}\naliases: {}\nfallback: {copy_of: FR, reason: x}\n",
    "an_object_tag": "!!python/object/apply:os.getcwd []",
    "an_empty_row": "regimes: {FR: {}}\naliases: {}\nfallback: {copy_of: FR, reason: x}\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_table_that_cannot_be_trusted_is_refused(text):
    with pytest.raises(ValueError):
        Table.load(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  'NO':\n", "  NI:\n"),
        ("banner: required", "banner: perhaps"),
        ("model: opt-in", "model: soft-opt-in"),
        ("effective_from: '2023-09-22'", "effective_from: x"),
    ],
    ids=["norway", "banner", "model", "date"],
)
def test_a_table_with_one_word_wrong_is_refused(before, after):
    text = (DATA / "regimes.yaml").read_text()
    assert before in text
    with pytest.raises(ValueError):
        Table.load(text.replace(before, after, 1))
