"""What a run found, in words and tables, for the terminal and for docs/benchmarks.md.

Every figure is the median of the rounds with the smallest and the largest. A ratio is made within a
round, and the median of the ratios is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- make bench begins -->", "<!-- make bench ends -->"
BASE, FLOOR = "c15t, PostgreSQL", "bare Flask"
NONE = "–"
Rounds = Sequence[dict[str, Any]]


def put(words: str, docs: Path = DOCS, begin: str = BEGIN, end: str = END) -> None:
    """Put the words between the marks of the file; what stands around them stays."""
    before, _, rest = docs.read_text("utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    assert mark, f"{docs} lacks the marks {begin} and {end}"
    docs.write_text(f"{before}{begin}\n\n{words.strip()}\n\n{end}{after}", "utf-8")


def brief(figures: dict[str, Any]) -> str:
    """One round on one line."""
    words = f"{number(figures['per_s'])} a second, p99 {number(figures['p99_ms'])} ms"
    words += f", {number(figures['per_cpu_s'])} a CPU second, {number(figures['memory_mib'])} MiB"
    return words + (f", {figures['missing']:.0f} MISSING" if figures.get("missing") else "")


def text(found: dict[str, Any]) -> str:
    parts = (facts, writing, among_rows, steady, reading, audits, exports)
    return "\n\n".join(part(found) for part in parts)


def facts(found: dict[str, Any]) -> str:
    here, told = found["machine"], found["parameters"]
    names = "SECONDS ROUNDS ROWS RATE MINUTES WORKERS".split()
    command = " ".join(f"{name}={told[name]:g}" for name in names if name in told)
    command = command.replace(f"{told['ROWS']:g}", str(told["ROWS"]))
    return (
        f"{found['began'][:10]}, from {found['began'][11:16]} to {found['ended'][11:16]} UTC:"
        f" `make bench {command}`. {here['cores']} cores ({here['processor']}),"
        f" {here['memory_gib']} GiB, {here['system']}, Python {here['python']},"
        f" SQLite {here['sqlite']}, PostgreSQL {here['postgresql']} with its own defaults,"
        f" Node {here['node']}. Load before: {here['load_before']:.1f}"
        f" (other work on the same cores makes every figure smaller, so compare within the run)."
        f" {missing(found)}"
    )


def missing(found: dict[str, Any]) -> str:
    """Whether every acknowledged choice was found in its database."""
    rounds = [
        one
        for part in ("writes", "writes_at_rows")
        for name, several in found[part].items()
        if name.startswith("Crumbtrail")
        for one in several
    ] + list(found["open"].values())
    count, lost = sum(one["ok"] for one in rounds), sum(one["missing"] for one in rounds)
    refused = sum(one["refused"] + one["broken"] for one in rounds)
    return (
        f"Of {count:,.0f} choices that Crumbtrail acknowledged, {lost:,.0f} were missing from its"
        f" databases; {refused:,.0f} were refused."
    )


def writing(found: dict[str, Any]) -> str:
    return (
        "### Writing\n\nA choice, answered when it is on disk. Closed loop of"
        f" {found['parameters']['connections']} connections, empty tables, {rounds_of(found)}. The"
        " CPU is that of server and database, until every choice is in the log.\n\n"
        + beside(found["writes"], BASE)
    )


def among_rows(found: dict[str, Any]) -> str:
    rows = found["parameters"]["ROWS"]
    return (
        f"### Writing among {rows:,} records\n\nThe same, where so many are there already"
        f" ({rounds_of(found)}).\n\n" + beside(found["writes_at_rows"], BASE)
    )


def rounds_of(found: dict[str, Any]) -> str:
    told = found["parameters"]
    return f"{told['ROUNDS']} interleaved rounds of {told['SECONDS']:g} s"


def beside(servers: dict[str, Rounds], base: str) -> str:
    """A line for each server, with its ratios to `base` and to the floor where they were there."""
    head = ["", "a second", "p50, ms", "p99, ms", "a CPU second", "memory, MiB"]
    columns: list[tuple[str, Callable[[str], str]]] = []
    for other in (base, FLOOR):
        if other in servers:
            columns += [
                (f"× {other}, a second", _ratio(servers, other, "per_s")),
                (f"× {other}, a CPU second", _ratio(servers, other, "per_cpu_s")),
            ]
    lines = []
    for name, rounds in servers.items():
        shown = [spread(rounds, key) for key in ("per_s", "p50_ms", "p99_ms", "per_cpu_s")]
        shown.append(spread(rounds, "memory_mib"))
        lines.append([_bold(name), *shown, *(made(name) for _, made in columns)])
    return table([*head, *(title for title, _ in columns)], lines)


def _bold(name: str) -> str:
    return f"**{name}**" if name.startswith(("Crumbtrail", "consent.js")) else name


def _ratio(servers: dict[str, Rounds], other: str, key: str) -> Callable[[str], str]:
    return lambda name: NONE if name == other else ratio(servers[name], servers[other], key)


def ratio(ours: Rounds, theirs: Rounds, key: str) -> str:
    """The median of the rounds' ratios, and the smallest and largest."""
    found = [a[key] / b[key] for a, b in zip(ours, theirs, strict=True) if b[key]]
    return _spread(found, "×") if found else NONE


def spread(rounds: Rounds, key: str) -> str:
    return _spread([one[key] for one in rounds])


def _spread(values: Sequence[float], sign: str = "") -> str:
    middle, least, most = median(values), min(values), max(values)
    words = f"{number(middle)}{sign}"
    return words if least == most else f"{words} ({number(least)}–{number(most)})"


def number(value: float) -> str:
    """Three digits that say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join(("| " + " | ".join(head) + " |", rule, *map(_line, lines)))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def steady(found: dict[str, Any]) -> str:
    told = found["parameters"]
    head = ["", "answered a second", "p50, ms", "p99, ms", "longest, ms", "refused", "missing"]
    head += ["memory, MiB", "grew by, MiB", "201 to signed proof, s", "bytes a record"]
    keys = "per_s p50_ms p99_ms max_ms refused missing memory_mib growth_mib".split()
    lines = []
    for name, one in found["open"].items():
        waits = one["proof_s"]
        proof = f"{median(waits):.1f} (at most {max(waits):.1f})" if waits else NONE
        shown = [number(one[key]) for key in keys]
        lines.append([f"**{name}**", *shown, proof, number(one["bytes_per_record"])])
    return (
        f"### A steady {told['RATE']:,} choices a second\n\nOpen loop for {told['MINUTES']:g} min:"
        " each choice is due at its moment, and its time counts from then, so a server that stalls"
        " cannot hide it. Memory is that of the process that serves; a record's bytes are those of"
        " the database with log and indexes.\n\n" + table(head, lines)
    )


def reading(found: dict[str, Any]) -> str:
    base = "c15t, GET init"
    return (
        "### Reading\n\nWhat a page asks for first, closed loop. Ours is the whole script with its"
        " words and rules, the peer's are words and rules alone.\n\n" + beside(found["reads"], base)
    )


def audits(found: dict[str, Any]) -> str:
    told, lines = found["parameters"], list[list[str]]()
    for name, asked in found["audit"].items():
        for question, many in asked.items():
            few = found["audit_few"][name][question]
            shown = [f"{number(one['p50_ms'])} · {number(one['p99_ms'])}" for one in (few, many)]
            lines.append([f"{_bold(name)}: {question}", *shown, f"{number(_times(few, many))}×"])
    head = ["p50 · p99, ms", "few records", f"{told['ROWS']:,}", "p50, times as long"]
    return (
        f"### Auditing\n\nOver HTTP, one question after the other, each {told['ASKED']} times; the"
        " peer's is its `GET /subjects/<id>`. The copies that fill the table are not in the log,"
        " where each of them is looked for in vain; the index of visitors has been built.\n\n"
        + table(head, lines)
    )


def _times(few: dict[str, float], many: dict[str, float]) -> float:
    return many["p50_ms"] / few["p50_ms"]


def exports(found: dict[str, Any]) -> str:
    head = ["", "records a second", "all of them", "memory, MiB"]
    lines = [
        [f"**{name}**, {kind}", number(one["rows_per_s"]), _whole(one), number(one["memory_mib"])]
        for name, kinds in found["exports"].items()
        for kind, one in kinds.items()
    ]
    words = f"### Exporting\n\n{found['parameters']['ROWS']:,} records over HTTP.\n\n"
    return words + table(head, lines)


def _whole(one: dict[str, Any]) -> str:
    return "yes" if one["whole"] else "no, broken off"
