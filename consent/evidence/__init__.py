"""Records at length: what leaves the house in one piece, streamed and never held as a whole.

lines      records as lines, many at once
walk       records page by page, and in the order of the log
table      records as CSV that no spreadsheet takes for formulas
formats    JSON, NDJSON, CSV and Parquet
parquet    the last of these, by a program of its own (arrow)
archive    a zip that is written front to back
bundle     all that a stranger needs to check the records
program    the verifier as one file
"""

from .bundle import Span, bundle
from .formats import FORMATS, Slot, able, records, type_of
from .walk import Told, page, pages

__all__ = [
    "FORMATS",
    "Slot",
    "Span",
    "Told",
    "able",
    "bundle",
    "page",
    "pages",
    "records",
    "type_of",
]
