"""Where the admin's pages hang: the top, a site's sections, and the pages of each section."""

from __future__ import annotations

from typing import NamedTuple

from flask import request


class Entry(NamedTuple):
    """A link: `endpoint` is where it leads, `word` its English name, `parts` the beginnings of the
    endpoints that stand below it."""

    endpoint: str
    word: str
    parts: tuple[str, ...]

    @property
    def here(self) -> bool:
        """Whether the page that is asked for stands below this link."""
        return (request.endpoint or "").startswith(self.parts)


class Section(NamedTuple):
    """Pages of a site that belong together; the section leads to the first of them."""

    word: str
    pages: tuple[Entry, ...]

    @property
    def endpoint(self) -> str:
        return self.pages[0].endpoint

    @property
    def here(self) -> bool:
        return any(page.here for page in self.pages)


TOP = (
    Entry("admin.people.every", "People", ("admin.people.", "admin.organisations.")),
    Entry("admin.statistics.every", "Statistics", ("admin.statistics.every",)),
    Entry("admin.finding.ask", "Find", ("admin.finding.",)),
    Entry("admin.many.every", "Many sites", ("admin.many.every", "admin.many.one")),
    Entry("admin.keys.every", "Keys", ("admin.keys.",)),
    Entry("admin.trail.entries", "Trail", ("admin.trail.", "admin.undo.")),
    Entry(
        "admin.account.account",
        "Account",
        ("admin.account.", "admin.factors.", "admin.lost.", "admin.provider.", "admin.tokens."),
    ),
)
SITE = (
    Section("Overview", (Entry("admin.sites.one", "Overview", ("admin.sites.one",)),)),
    Section(
        "Cookies",
        (
            Entry("admin.inventory.every", "Inventory", ("admin.inventory.", "admin.history.")),
            Entry("admin.scans.every", "Scan", ("admin.scans.",)),
            Entry("admin.review.every", "Review", ("admin.review.",)),
            Entry("admin.policies.upload", "Policy", ("admin.policies.",)),
            Entry("admin.papers.every", "Policy versions", ("admin.papers.",)),
        ),
    ),
    Section(
        "Notice",
        (
            Entry(
                "admin.notice.draft",
                "Draft and versions",
                ("admin.notice.", "admin.trials.", "admin.texts.", "admin.shown."),
            ),
            Entry("admin.design.form", "Design", ("admin.design.",)),
            Entry("admin.preview.show", "Preview", ("admin.preview.",)),
        ),
    ),
    Section(
        "Statistics",
        (
            Entry(
                "admin.statistics.one",
                "Statistics",
                ("admin.statistics.one", "admin.statistics.download"),
            ),
        ),
    ),
    Section(
        "Visitors",
        (
            Entry("admin.records.every", "Records", ("admin.records.",)),
            Entry("admin.requests.every", "Requests", ("admin.requests.",)),
            Entry("admin.access.every", "Access log", ("admin.access.",)),
        ),
    ),
    Section(
        "Settings",
        (
            Entry(
                "admin.sites.settings", "Settings", ("admin.sites.settings", "admin.sites.change")
            ),
            Entry("admin.webhooks.every", "Webhooks", ("admin.webhooks.",)),
            Entry("admin.many.like", "Copy", ("admin.many.like", "admin.many.copy")),
        ),
    ),
)
SITES = Entry(
    "admin.sites.every",
    "Sites",
    ("admin.sites.", *(part for section in SITE for page in section.pages for part in page.parts)),
)
MAIN = (SITES, *TOP)
