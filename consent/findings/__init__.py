"""Findings: what a scan saw (`model`), what is wrong with it (`judge`), and how that is said
(`formats`).

Pure: a scan, an inventory and limits in, findings out. Who drives the browser is `crawl`.
"""

from .declared import Declared, is_own, match, read, served
from .draft import drafted, unknown_hosts
from .finding import (
    CODES,
    LEAKS,
    SEVERITIES,
    Finding,
    difference,
    failing,
    finding_from_json,
    finding_to_json,
    sentences,
)
from .formats import FORMATS, Report, plain, report_from_json, written
from .judge import Limits, judge
from .model import PASSES, SENT, STORED, Cause, Pass, Request, Scan, Thing, from_json, to_json

__all__ = [
    "CODES",
    "FORMATS",
    "LEAKS",
    "PASSES",
    "SENT",
    "SEVERITIES",
    "STORED",
    "Cause",
    "Declared",
    "Finding",
    "Limits",
    "Pass",
    "Report",
    "Request",
    "Scan",
    "Thing",
    "difference",
    "drafted",
    "failing",
    "finding_from_json",
    "finding_to_json",
    "from_json",
    "is_own",
    "judge",
    "match",
    "plain",
    "read",
    "report_from_json",
    "sentences",
    "served",
    "to_json",
    "unknown_hosts",
    "written",
]
