"""What so many consents need: nodes, disks and money, from what `make bench` measured.

    python -m bench.capacity [NAME=VALUE ...]

Prints the part of docs/scaling.md between its marks. Measured figures come from
bench/results/latest.json; all else is an assumption with a name, which the reader may change.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.parameters import parameters
from bench.report import number, put, table

ROOT = Path(__file__).resolve().parent.parent
RESULTS, DOCS = ROOT / "bench/results/latest.json", ROOT / "docs/scaling.md"
BEGIN, END = "<!-- the model begins -->", "<!-- the model ends -->"
MONTH_S = 30.44 * 86_400
ASSUMED: dict[str, tuple[float, str]] = {
    "PEAK": (4, "the busiest second over the average one"),
    "BUSY": (0.5, "how busy a core may be at the peak"),
    "ASKED": (0.5, "consents a visitor and month"),
    "VIEWS": (8, "pages a visitor opens for each consent"),
    "CACHED": (0.95, "of the scripts, how many browsers and a CDN answer"),
    "SCRIPT": (10_000, "bytes of a script as sent"),
    "MONTHS": (36, "months a record is kept"),
    "COPIES": (3, "a primary, its synchronous standby and a backup"),
    "CORES": (8, "cores of a node"),
    "VOLUME": (4000, "gigabytes of disk of a database node"),
    "CORE": (12, "EUR a month for a core with its memory"),
    "GB": (0.10, "EUR a month for a gigabyte of disk"),
    "SENT": (0.02, "EUR for a gigabyte sent"),
}
ASSUMED_ON = "2026-11-22"


@dataclass(frozen=True)
class Measured:
    """Seconds of processor time a choice and a script, bytes a record, and the rates of a run."""

    server_s: float
    database_s: float
    generator_s: float
    script_s: float
    record_bytes: float
    rate: float  # choices a second in a closed loop, generator on the same cores
    cores: int


@dataclass(frozen=True)
class Needs:
    """`consents` a month; the rest is what they need, money in EUR a month."""

    name: str
    consents: float
    records: float
    peak: float
    web_cores: float
    database_cores: float
    disk_gb: float
    sent_gb: float
    nodes: int
    money: float


def measured(found: Mapping[str, Any], database: str = "PostgreSQL") -> Measured:
    rounds = found["writes"][f"Crumbtrail, {database}"]

    def each(name: str) -> float:
        return median(one[name] / one["ok"] for one in rounds)

    return Measured(
        server_s=each("server_cpu_s"),
        database_s=each("database_cpu_s"),
        generator_s=each("own_cpu_s"),
        script_s=1 / median(one["per_cpu_s"] for one in found["reads"]["consent.js"]),
        record_bytes=found["open"][f"Crumbtrail, {database}"]["bytes_per_record"],
        rate=median(one["per_s"] for one in rounds),
        cores=found["machine"]["cores"],
    )


def needs(
    name: str,
    consents: float,
    from_: Measured,
    given: Mapping[str, float],
    records: float | None = None,
) -> Needs:
    """`records` kept at once; those of MONTHS where not given."""
    peak = consents / MONTH_S * given["PEAK"]
    scripts = given["VIEWS"] * (1 - given["CACHED"])  # a consent's share that reaches us
    web = peak * (from_.server_s + scripts * from_.script_s) / given["BUSY"]
    database = peak * from_.database_s / given["BUSY"]
    kept = consents * given["MONTHS"] if records is None else records
    disk = kept * from_.record_bytes * given["COPIES"] / 1e9
    sent = consents * given["VIEWS"] * given["SCRIPT"] / 1e9
    # Two at least, so that one may fail; a cluster is a primary and a standby that works as hard.
    web_nodes = max(2, math.ceil(web / given["CORES"]))
    full = kept * from_.record_bytes / 1e9 / given["VOLUME"]
    nodes = web_nodes + 2 * max(1, math.ceil(database / given["CORES"]), math.ceil(full))
    smallest = consents < 10_000_000  # one small machine of two cores serves that
    cores = 2 if smallest else nodes * given["CORES"]
    money = cores * given["CORE"] + disk * given["GB"] + sent * given["SENT"]
    return Needs(
        name, consents, kept, peak, web, database, disk, sent, 1 if smallest else nodes, money
    )


def check(found: Mapping[str, Any]) -> list[list[str]]:
    """The model's own sum, held against runs that it was not made from: seconds a choice of the
    open loop foretell how many a closed loop comes to."""
    lines = []
    for database in ("SQLite", "PostgreSQL"):
        steady, rounds = (found[part][f"Crumbtrail, {database}"] for part in ("open", "writes"))
        parts = ("busiest", "server", "database", "own")
        busiest, *each = (steady[f"{part}_cpu_s"] / steady["ok"] for part in parts)
        foretold = min(1 / busiest, found["machine"]["cores"] / sum(each))
        came = median(one["per_s"] for one in rounds)
        lines.append([database, number(foretold), number(came), f"{came / foretold:.2f}"])
    return lines


def text(found: Mapping[str, Any], given: Mapping[str, float]) -> str:
    from_ = measured(found)
    # A hundred million records are what a site of this size has after the time they are kept.
    hundred = 100_000_000 / given["MONTHS"]
    cases = [
        needs("1 M visitors a month", 1_000_000 * given["ASKED"], from_, given),
        needs("100 M records kept", hundred, from_, given, 100_000_000),
        needs("8.8 billion consents a month", 8_800_000_000, from_, given),
    ]
    return "\n\n".join(
        (
            f"From the run of {found['began'][:10]} with the assumptions of {ASSUMED_ON}.",
            "### What is needed\n\n" + _needed(cases),
            "### Measured\n\n" + _measured(from_),
            "### Assumed\n\n" + _assumed(given),
            "### Foretold and found\n\nProcessor time a choice in the open loop, and the rate it"
            " foretells for a closed loop (what the busiest process comes to, which has one"
            " interpreter lock; the cores are shared with database and generator):\n\n"
            + table(["", "foretold, a second", "found", "found ÷ foretold"], check(found)),
        )
    )


def _needed(cases: Sequence[Needs]) -> str:
    head = ["", "consents a second, average", "peak", "web, cores", "database, cores"]
    head += ["nodes", "records kept", "disks, GB", "sent, GB a month", "EUR a month"]
    lines = []
    for one in cases:
        average = one.consents / MONTH_S
        sizes = [average, one.peak, one.web_cores, one.database_cores]
        rest = [number(one.disk_gb), number(one.sent_gb), number(one.money)]
        lines.append([one.name, *map(number, sizes), str(one.nodes), f"{one.records:,.0f}", *rest])
    return table(head, lines)


def _measured(from_: Measured) -> str:
    lines = [
        ["a choice, our server, µs of CPU", number(from_.server_s * 1e6)],
        ["a choice, PostgreSQL, µs of CPU", number(from_.database_s * 1e6)],
        ["a script, µs of CPU", number(from_.script_s * 1e6)],
        ["a record, bytes on PostgreSQL with log and indexes", number(from_.record_bytes)],
        ["choices a second, generator beside it", number(from_.rate)],
    ]
    return table(["", ""], lines)


def _assumed(given: Mapping[str, float]) -> str:
    lines = [[f"`{name}`", f"{given[name]:g}", why] for name, (_, why) in ASSUMED.items()]
    return table(["", "", ""], lines)


def assumptions(words: Sequence[str]) -> dict[str, float]:
    return parameters(words, {name: float(value) for name, (value, _) in ASSUMED.items()})


def into_docs(found: Mapping[str, Any]) -> None:
    put(text(found, assumptions([])), DOCS, BEGIN, END)


def main(words: Sequence[str]) -> None:
    if not RESULTS.exists():
        raise SystemExit("There are no figures yet: run `make bench` first.")
    print(text(json.loads(RESULTS.read_text("utf-8")), assumptions(words)))


if __name__ == "__main__":
    main(sys.argv[1:])
