"""Findings: what a scan saw (`model`), what is wrong with it (`judge`), and how that is said.

Pure: a scan, an inventory and limits in, findings out. Who drives the browser is `crawl`.
"""

from .model import PASSES, SENT, STORED, Cause, Pass, Request, Scan, Thing, from_json, to_json

__all__ = [
    "PASSES",
    "SENT",
    "STORED",
    "Cause",
    "Pass",
    "Request",
    "Scan",
    "Thing",
    "from_json",
    "to_json",
]
