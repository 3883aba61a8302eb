"""Published policies: read into a draft of a site and its inventory, and linted.

`document(bytes)` makes paragraphs of text, HTML or PDF; `read` draws out facts, each with the
sentence and the line it comes from, and nothing that is not written; `lint` says what is weak or
contradicts itself. Pure: bytes in, values out.
"""

from __future__ import annotations

from .document import BIGGEST, Block, Document, Sentence, Unreadable
from .draft import Draft, read
from .lint import LANGUAGES, PolicyFinding, codes, denied, lint, ready_paragraph, spoken
from .opening import document

__all__ = [
    "BIGGEST",
    "LANGUAGES",
    "Block",
    "Document",
    "Draft",
    "PolicyFinding",
    "Sentence",
    "Unreadable",
    "codes",
    "denied",
    "document",
    "lint",
    "read",
    "ready_paragraph",
    "spoken",
]
