"""Headers that make a browser fetch: Link (RFC 8288), Speculation-Rules. Pure."""

from __future__ import annotations

import re

from .hold import RELS, Judge

# A reference in angle brackets, then parameters; commas within quotes are text.
LINK = re.compile(r'\s*<([^>]*)>((?:[^,"]|"(?:[^"\\]|\\.)*")*)(?:,|$)')
REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
SRCSET = re.compile(r';\s*imagesrcset\s*=\s*"([^"]*)"', re.IGNORECASE)


def links(value: str, judge: Judge) -> str:
    """A Link header without what would fetch from a published host. What is not a list of links
    stays as it is."""
    kept: list[str] = []
    at = 0
    while at < len(value):
        found = LINK.match(value, at)
        if found is None:
            return value if not kept and at == 0 else ", ".join([*kept, value[at:].strip()])
        if not _held(found, judge):
            kept.append(found[0].strip().rstrip(",").strip())
        at = found.end()
    return ", ".join(kept)


def _held(found: re.Match[str], judge: Judge) -> bool:
    rel = REL.search(found[2])
    rels = ((rel[1] or rel[2] or "") if rel else "").lower().split()
    if RELS.isdisjoint(rels):
        return False
    srcset = SRCSET.search(found[2])
    urls = [found[1], *(re.split(r"[\s,]+", srcset[1]) if srcset else [])]
    return any(judge(url) is not None for url in urls)


def speculation(value: str, judge: Judge) -> str:
    """A Speculation-Rules header without rule files of published hosts."""
    files = [f'"{url}"' for url in QUOTED.findall(value) if judge(url) is None]
    return ", ".join(files) if len(files) < len(QUOTED.findall(value)) else value
