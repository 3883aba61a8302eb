"""The policy linter: deterministic rules over a policy, its draft, and the site beside it.

No rule reads the network or guesses: a contradiction has both its quotes, an absence names the
place where the sentence would stand. The rules go by meaning in English, Polish and French; the
sentences for the reader are in consent/data/policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..document import Document
from ..draft import Draft, read
from . import addresses, beside, consents, cookies, people, promises, texts
from .addresses import denied
from .found import Case, Hit, PolicyFinding
from .sentences import LANGUAGES, codes, finding, in_order, ready_paragraph, sources
from .sentences import words as spoken

Rule = Callable[[Case], Iterator[Hit]]
RULES: tuple[Rule, ...] = (
    *consents.RULES,
    *cookies.RULES,
    *promises.RULES,
    *people.RULES,
    *texts.RULES,
)

__all__ = ["LANGUAGES", "PolicyFinding", "codes", "denied", "lint", "ready_paragraph", "spoken"]


def lint(
    document: Document,
    inventory: Sequence[Mapping[str, Any]] | None = None,
    scan: Mapping[str, Any] | None = None,
    language: str = "",
    settings: Mapping[str, Any] | None = None,
    draft: Draft | None = None,
) -> list[PolicyFinding]:
    """Errors first. `language` is the reader's (en, pl, fr; "" the document's own).

    `inventory` and `scan` as in beside.py; `settings` fill the ready paragraph (`ready_paragraph`),
    and their `ip_mode` is what the policy must not deny;
    the paragraph itself is in the language of the policy it is for.
    """
    case = Case(draft or read(document))
    spoken = language or document.language
    written = document.language if document.language in LANGUAGES else "en"
    paragraph = ready_paragraph(written, settings)
    found = [hit for rule in RULES for hit in rule(case)]
    if inventory is not None or scan is not None:
        found += beside.hits(case, inventory, scan)
    found += addresses.hits(case, settings or {})
    own = str((settings or {}).get("name") or "")
    if own and own not in document.text:  # another tool's cookie may be described; ours is not
        found = [hit for hit in found if hit.code != "CONSENT-COOKIE-UNDECLARED"]
        if case.about_people or case.about_cookies:
            found.append(Hit("CONSENT-COOKIE-UNDECLARED", case.cookie_place))
    tidy = (replace(hit, also=sources(hit.also, hit.at)) for hit in found)
    return in_order([finding(hit, spoken, paragraph) for hit in tidy])
