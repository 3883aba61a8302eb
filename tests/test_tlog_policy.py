"""A policy says which witnesses suffice, and cannot be read in two ways."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.tlog import Wrong, note, policy
from consent.tlog.note import Verifier
from consent.tlog.policy import Group, Party
from tests.tlog_keys import Key

LOG = Key("log.example/one").verifier
KEYS = {
    name: Key(f"witness.example/{name}", note.COSIGNATURE).verifier
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
WITNESSES = "".join(f"witness {name} {key.vkey}\n" for name, key in KEYS.items())

# The specification's example: two of the X and one of the Y.
EXAMPLE = f"""\
log {LOG.vkey}

# Two organisations
{WITNESSES}
group X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_a_policy_is_logs_witnesses_groups_and_a_quorum():
    found = policy.parse(EXAMPLE)
    assert found.logs == (Party("log.example/one", LOG),)
    assert found.witnesses == tuple(Party(name, key) for name, key in KEYS.items())
    assert found.groups == (
        Group("X-witnesses", 2, ("X1", "X2", "X3")),
        Group("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
        Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert found.quorum == "X-and-Y"


def test_every_set_of_witnesses_is_judged_as_the_policy_says():
    found = policy.parse(EXAMPLE)
    judged = 0
    for count in range(7):
        for names in itertools.combinations(KEYS, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(n[0] == "Y" for n in names)
            assert found.satisfied({KEYS[name] for name in names}) is enough, names
            judged += enough
    assert judged == 4 * 7


def test_strangers_do_not_count():
    found = policy.parse(EXAMPLE)
    present = {KEYS["X1"], KEYS["Y1"]}
    assert found.satisfied(present | {KEYS["X2"]})
    stranger = Key("witness.example/X2").verifier
    renamed = Verifier("witness.example/other", note.COSIGNATURE, KEYS["X2"].public)
    assert not found.satisfied(present | {stranger, renamed, LOG})


def test_no_quorum_is_met_by_nobody():
    found = policy.parse("quorum none\n")
    assert found.satisfied(set()) and found.satisfied({LOG})
    assert (found.logs, found.witnesses, found.groups) == ((), (), ())


def test_one_witness_may_be_the_quorum():
    found = policy.parse(f"{WITNESSES}quorum Y2\n")
    assert found.satisfied({KEYS["Y2"]}) and not found.satisfied(set(KEYS.values()) - {KEYS["Y2"]})


def test_urls_comments_and_blanks_are_read():
    vkey = KEYS["X1"].vkey
    comments = " \t\n\t# ż\n#\nquorum\tnone \n"
    parties = f"\twitness  X1\t {vkey}  https://w.example/ \nlog {LOG.vkey} u\n"
    found = policy.parse(comments + parties)
    assert found.witnesses == (Party("X1", KEYS["X1"], "https://w.example/"),)
    assert found.logs == (Party(LOG.name, LOG, "u"),)
    assert policy.parse(policy.text(found)) == found


def test_names_are_opaque():
    # The Kelvin sign is not the letter K, though it is its lower case.
    text = f"witness K {KEYS['X1'].vkey}\nwitness \u212a {KEYS['X2'].vkey}\nquorum \u212a\n"
    found = policy.parse(text)
    assert found.satisfied({KEYS["X2"]}) and not found.satisfied({KEYS["X1"]})


def test_a_modern_key_may_be_a_logs_or_a_witnesss():
    modern = Verifier("modern.example", note.ML_DSA_44, bytes(1312)).vkey
    found = policy.parse(f"log {modern}\nwitness W {modern}\nquorum W\n")
    assert found.logs[0].key == found.witnesses[0].key


def test_many_lines_are_no_burden():
    keys = [Key(f"w.example/{n}", note.COSIGNATURE).verifier for n in range(40)]
    lines = [f"witness W{n} {key.vkey}" for n, key in enumerate(keys)]
    lines += ["group G0 all W0", *(f"group G{n} all G{n - 1}" for n in range(1, 2000))]
    found = policy.parse("\n".join([*lines, "quorum G1999", ""]))
    assert found.satisfied({keys[0]}) and not found.satisfied(set(keys[1:]))


X1, X2 = (f"witness {name} {KEYS[name].vkey}\n" for name in ("X1", "X2"))
MALFORMED = {
    "empty": "",
    "only_a_comment": "# quorum none\n",
    "no_quorum": EXAMPLE.replace("quorum X-and-Y\n", ""),
    "two_quorums": EXAMPLE + "quorum none\n",
    "no_last_newline": EXAMPLE[:-1],
    "quorum_of_nobody": "quorum\n",
    "quorum_of_two": WITNESSES + "quorum X1 X2\n",
    "quorum_of_a_stranger": WITNESSES + "quorum Z\n",
    "quorum_before_its_name": "quorum X1\n" + X1,
    "unknown_word": "wittness\nquorum none\n",
    "upper_case": "Quorum none\n",
    "log_without_key": "log\nquorum none\n",
    "log_with_too_much": f"log {LOG.vkey} url more\nquorum none\n",
    "log_with_a_bad_key": f"log {LOG.vkey[:-4]}\nquorum none\n",
    "log_with_a_witness_key": f"log {KEYS['X1'].vkey}\nquorum none\n",
    "log_twice": f"log {LOG.vkey}\nlog {LOG.vkey} url\nquorum none\n",
    "log_twice_by_another_name":
        f"log {LOG.vkey}\nlog {Verifier('b', 1, LOG.public).vkey}\nquorum none\n",
    "witness_without_key": "witness X1\nquorum none\n",
    "witness_with_too_much": X1[:-1] + " url more\nquorum none\n",
    "witness_with_a_log_key": f"witness X1 {LOG.vkey}\nquorum none\n",
    "witness_twice": X1 + X1 + "quorum none\n",
    "witness_twice_by_another_name": X1 + X1.replace("X1", "Z", 1) + "quorum none\n",
    "witness_called_none": X1.replace("X1", "none", 1) + "quorum none\n",
    "one_name_for_two": X1 + X2.replace("X2", "X1", 1) + "quorum X1\n",
    "group_without_members": X1 + "group G all\nquorum X1\n",
    "group_called_like_a_witness": X1 + "group X1 all X1\nquorum X1\n",
    "group_called_none": X1 + "group none all X1\nquorum X1\n",
    "group_twice": X1 + X2 + "group G all X1\ngroup G all X2\nquorum G\n",
    "group_of_itself": X1 + "group G all G\nquorum X1\n",
    "group_of_none": X1 + "group G any X1 none\nquorum X1\n",
    "group_of_a_later_one": X1 + "group G all H\ngroup H all X1\nquorum X1\n",
    "group_with_a_member_twice": X1 + "group G 2 X1 X1\nquorum G\n",
    "member_of_two_groups": X1 + "group G all X1\ngroup H all X1\nquorum G\n",
    "threshold_of_zero": X1 + "group G 0 X1\nquorum G\n",
    "threshold_too_high": X1 + "group G 2 X1\nquorum G\n",
    "threshold_with_leading_zero": X1 + "group G 01 X1\nquorum G\n",
    "threshold_negative": X1 + "group G -1 X1\nquorum G\n",
    "threshold_in_words": X1 + "group G one X1\nquorum G\n",
    "carriage_return": "quorum none\r\n",
    "form_feed": "quorum\fnone\n",
    "nul": "quorum none\0\n",
    "delete": "# \x7f\nquorum none\n",
    "no_break_space": "quorum\u00a0none\n",
    "line_separator": X1 + "quorum\u2028X1\n",
    "byte_order_mark": "\ufeffquorum none\n",
    "lone_surrogate": "# \ud800\nquorum none\n",
}  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_policy_is_refused(text):
    assert policy.parse(EXAMPLE) and policy.parse(X1 + X2 + "quorum none\n")
    with pytest.raises(Wrong):
        policy.parse(text)


PIECES = [
    "log ",
    "witness ",
    "group ",
    "quorum ",
    "none",
    "all ",
    "any ",
    "2 ",
    "X1 ",
    "X2 ",
    "G ",
    "\n",
    "\t",
    "#",
    f"{LOG.vkey}\n",
    X1,
    X2,
    "group G any X1 X2\n",
    "quorum G\n",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
@example(EXAMPLE)
@example(X1 + X2 + "group G any X1 X2\nquorum G\n")
def test_whatever_is_read_as_a_policy_is_written_as_the_same_one(text):
    try:
        found = policy.parse(text)
    except Wrong:
        return
    spelt = policy.text(found)
    assert policy.parse(spelt) == found
    assert policy.text(policy.parse(spelt)) == spelt
