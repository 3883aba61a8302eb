"""Which test holds which core row of the four customers' policies, and which scenario.

`python -m tests.customers` writes docs/customers.md from the tests' own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.prepare import ROOT

DOC = ROOT / "docs" / "customers.md"
CUSTOMERS = {
    "S0": "voip.ms, privacy policy",
    "S1": "iplum.com, privacy policy",
    "S2": "sipsim.com, privacy policy",
    "S3": "voipstudio.pl, privacy policy",
    "S4": "voipstudio.pl, acceptable use policy",
}
CORE = {
    "S0": "1 2 3 4 5 11 13 15 17 18 21 22 27 28 29 31 33 34 40 41 44 45 47",
    "S1": "1 2 3 4 8 9 10 18 19 21 22 26 27 31 32 33 37",
    "S2": "1 2 4 5 6 7 8 9 10 11 12 13 16 20 21 22 23 24 27 31 32 34 36 38 46",
    "S3": "1 2 4 5 7 8 9 11 16 17 18 23 24 25 26 28 36 37 38 39 40 41 42 43 44 45 46 47 48 49 51 53"
    " 54 55",
    "S4": "1 6 7 9 10",
}
# Number: what is walked, and the tests that walk it.
SCENARIOS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "A Polish visitor refuses: none of the six cookies, forms work, one record",
        (
            "test_the_polish_banner_shows_before_any_of_the_six_cookies_exists",
            "test_reject_leaves_none_of_the_six_after_a_reload_and_one_record_of_it",
            "test_S3_39",
        ),
    ),
    2: (
        "Statistics alone, later withdrawn: the cookies go, the record says both",
        ("test_statistics_alone_runs_analytics_and_withdrawing_deletes_its_cookies", "test_S2_12"),
    ),
    3: ("Calling L7_geoip necessary asks for a reason; unclassified stays held", ("_scenario_03",)),
    4: (
        "A new purpose is one unticked box; old choices stay, nothing new runs before",
        ("test_S2_22", "test_S0_15", "test_S2_21"),
    ),
    5: (
        "An auditor filters, exports and verifies offline; the owner sees who read",
        ("_scenario_05",),
    ),
    6: (
        "Three years on and ninety days on: what ends, and what is proof",
        ("test_S2_38", "test_S3_24"),
    ),
    7: (
        "France asks, California honours the signal, a choice holds on the sub-domain",
        ("test_S1_8", "test_S1_37", "test_S1_1_a"),
    ),
    8: ("Requests are due by the promise, or by the law where it is sooner", ("test_S1_18",)),
    9: (
        "No address anywhere, no connection outwards, the promised region",
        ("_scenario_09", "test_S0_5", "test_S0_4"),
    ),
    10: ("Cookies blocked, and JavaScript off", ("test_S0_33", "test_S1_27")),
    11: (
        "The reader of policies finds what is weak, with its place, in the reader's language",
        ("test_a_weak_passage_is_found", "test_S2_6", "test_S3_28"),
    ),
    12: (
        "A flood is slowed down, a withdrawal and other sites get through",
        ("test_S1_31", "test_S4_7"),
    ),
    13: ("Another controller: announced, all asked, old grants go on, one log", ("_scenario_13",)),
    14: (
        "The paragraph for the policy ends the finding",
        ("test_the_paragraph_it_offers_ends_the_finding",),
    ),
}
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
ROW = re.compile(r"S(\d)_(\d+)(?:_to_(\d+))?(?=_)")

HEAD = """# The four customers

Four companies' published policies are our first requirements: what they promise their visitors,
a consent platform has to make true. Each core row of what they demand has a test of its own,
named after it; the numbers are those of the list they were taken from. This page is written
from the tests' names (`python -m tests.customers`), and a test holds it to them.

What a policy does not state (a duration, a provider) is shown as not stated. What a sensible
owner would have decided is marked as decided for the demo.
"""


def named() -> dict[str, str]:
    """Every test of the suite by name, and the file it stands in."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in TEST.findall(file.read_text("utf-8")):
            found[name] = str(file.relative_to(ROOT))
    return found


def rows_of(name: str) -> Iterator[str]:
    """The rows a test is named after, like `S0-5`; `S3_43_to_48` is six."""
    for seed, first, last in ROW.findall(name):
        for number in range(int(first), int(last or first) + 1):
            yield f"S{seed}-{number}"


def core() -> list[str]:
    return [f"{seed}-{number}" for seed, numbers in CORE.items() for number in numbers.split()]


def by_row() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {row: [] for row in core()}
    for name in named():
        for row in rows_of(name):
            if row in found:
                found[row].append(name)
    return found


def of_scenario(number: int) -> list[str]:
    """The tests of a scenario, each of its words found at least once."""
    wanted = SCENARIOS[number][1]
    return [name for word in wanted for name in named() if word in name]


def page() -> str:
    """docs/customers.md, as the tests have it now."""
    where, lines = named(), [HEAD]
    for seed, title in CUSTOMERS.items():
        lines += [f"\n## {seed}: {title}\n", "| row | what the test says | in |", "|---|---|---|"]
        for row, names in by_row().items():
            if row.startswith(seed):
                lines += [f"| {row} | {_sentence(name)} | `{where[name]}` |" for name in names]
    lines += ["\n## The fourteen scenarios\n", "| | walked | tests |", "|---|---|---|"]
    for number, (walked, _) in SCENARIOS.items():
        those = ", ".join(f"`{name}`" for name in of_scenario(number))
        lines.append(f"| {number} | {walked} | {those} |")
    return "\n".join(lines) + "\n"


def _sentence(name: str) -> str:
    return ROW.sub("", name.removeprefix("test_")).strip("_").replace("_", " ")


if __name__ == "__main__":
    DOC.write_text(page(), "utf-8")
