"""What the runs found: kept by size in a file, and shown in a table of docs/benchmarks.md."""

from __future__ import annotations

import json
from typing import Any

from bench.report import DOCS, ROOT, number, put, table

RESULTS = ROOT / "bench/results/rows.json"
MARKS = "<!-- bench/rows begins -->", "<!-- bench/rows ends -->"


def keep(name: str, figures: dict[str, Any]) -> None:
    """In the place of an earlier run of this name."""
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    known[name] = figures
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    put(text(known), DOCS, *MARKS)


def text(found: dict[str, Any]) -> str:
    """Every size that was measured, the latest run of each."""
    head = ["", "date, load", "bytes a record", "inserts ÷ empty table's, CPU · clock"]
    head += ["look-up, page, proof: p99 ms of CPU", "the same by the clock"]
    head += ["over HTTP", "a month away: records, seconds, longest batch meanwhile"]
    return table(head, [_line(name, one) for name, one in found.items()])


def _line(name: str, one: dict[str, Any]) -> list[str]:
    three = [one["found"][kind] for kind in ("look-up by visitor", "page of 100", "proof")]
    http = [one["http"][kind] for kind in ("look-up by visitor", "page of 100", "proof")]
    gone = one["month"]
    took, longest = number(gone["seconds"]), number(gone["longest_ms"])
    return [
        name,
        f"{one['began'][:16].replace('T', ' ')}, {one['load'][0]:.1f} to {one['load'][1]:.1f}",
        f"{one['size']:.1f}",
        f"{one['by_cpu']:.2f} · {one['by_clock']:.2f}",
        " · ".join(f"{spent[1]:.1f}" for spent in three),
        " · ".join(f"{spent[3]:.1f}" for spent in three),
        " · ".join(f"{spent['p50_ms']:.1f} ({spent['p99_ms']:.1f})" for spent in http),
        f"{gone['records']:,.0f}, {took}, {longest} ms",
    ]
