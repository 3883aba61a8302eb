"""From what was seen to what is wrong.

A build must fail on a real leak and on nothing else, and a privacy officer must miss none. So an
error is only what is known to need consent, by the inventory or by the catalogue; what nobody has
classified is an error from a third party, and a warning where the site itself stores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..classify import Proposal, Seen, propose
from ..saying import SPANS, Said, say, say_many
from .declared import SESSION, Declared, is_own, match
from .finding import Finding, named, ordered
from .model import Cause, Scan, Thing
from .places import split
from .sending import sent
from .standing import NECESSARY, SURE, Standing, after, line

DAY = 86400
SLACK = 1.02  # a year has 365 days or 366, a month 28 to 31
QUIET = ("cache_storage", "service_worker", "indexed_db")
NAMED = {
    "cookie": say("a cookie without a name"),
    "local_storage": say("the local storage key %(name)s"),
    "session_storage": say("the session storage key %(name)s"),
    "indexed_db": say("the database %(name)s"),
    "cache_storage": say("the cache %(name)s"),
    "service_worker": say("the service worker %(name)s"),
}
RULES = {
    "none": say(
        "Storing something that the visitor did not ask for needs consent first "
        "(ePrivacy Directive art. 5(3))."
    ),
    "reject": say("After a refusal nothing may be stored that needs consent (GDPR art. 4(11), 7)."),
    "withdraw": say(
        "Consent can be withdrawn at any time, and what it allowed ends (GDPR art. 7(3))."
    ),
}


@dataclass(frozen=True)
class Limits:
    """`lifetime`: the longest that what needs consent may be kept, in seconds, or None."""

    lifetime: int | None = 13 * 31 * DAY
    source: str = "CNIL guidelines 2020-091: 13 months for trackers"


def judge(
    scan: Scan,
    declared: Sequence[Declared] | None = None,
    limits: Limits | None = None,
    proposes: Callable[[Seen], Proposal] = propose,
) -> list[Finding]:
    """Every finding, the gravest first. `declared` is the published inventory; without one nothing
    is called undeclared, and the catalogue alone says what is necessary."""
    judged = _Judge(scan, declared, limits or Limits(), proposes)
    found = [
        *judged.leaks(),
        *sent(scan, declared, proposes),
        *judged.kept(),
        *judged.inventory(),
        *judged.lifetimes(),
        *judged.parties(),
        *_not_run(scan),
    ]
    return ordered(_once(found))


class _Judge:
    def __init__(
        self,
        scan: Scan,
        declared: Sequence[Declared] | None,
        limits: Limits,
        proposes: Callable[[Seen], Proposal],
    ) -> None:
        self.scan, self.declared, self.limits, self.proposes = scan, declared, limits, proposes

    def standing(self, thing: Thing) -> Standing:
        """What is known of it: the inventory's word goes before the catalogue's."""
        if is_own(thing):
            return Standing(NECESSARY, 1.0, declared=True)
        row = match(thing, self.declared or ())
        if row is not None:
            return Standing(row.category, 1.0, declared=True, service=row.service_name)
        cause = thing.cause
        script = cause.url if cause and cause.how in ("script", "response") else ""
        domain = split(thing.domain).hostname or "" if "//" in thing.domain else thing.domain
        proposal = self.proposes(Seen(thing.name, domain, thing.kind, thing.party, script))
        category = None if proposal.category == "unknown" else proposal.category
        name = proposal.service_name or (cause.service if cause else "")
        return Standing(category, proposal.confidence, proposal=proposal, service=name)

    # -- before and after a choice --------------------------------------------------------------

    def leaks(self) -> Iterable[Finding]:
        reviewed: set[tuple[str, ...]] = set()
        for name in ("none", "reject", "withdraw"):
            seen = self.scan.of(name)
            for thing in seen.things if seen else ():
                standing = self.standing(thing)
                if thing.left or standing.necessary:
                    continue
                severity = self._severity(thing, standing)
                if severity == "error":
                    code = "leak-before-choice" if name == "none" else f"leak-after-{name}"
                    what = _set(thing, name, standing)
                    yield self._of(code, severity, what, RULES[name], thing, standing)
                elif self.declared is None and _key(thing) not in reviewed:
                    reviewed.add(_key(thing))
                    what = _set(thing, name, standing)
                    why = say(
                        "Nothing is known about it: say what it is for, and hold it until then."
                    )
                    yield self._of("needs-review", severity, what, why, thing, standing)

    def _severity(self, thing: Thing, standing: Standing) -> str:
        if standing.declared:
            return "error"  # not necessary, or not classified, which means held
        if standing.category == NECESSARY:
            return "info"  # probably, but not surely
        if thing.kind in QUIET and standing.category is None and thing.party == "first":
            return "info"
        sure = standing.category is not None and standing.confidence >= SURE
        return "error" if sure or thing.party == "third" else "warning"

    def kept(self) -> Iterable[Finding]:
        for name in ("reject", "withdraw"):
            seen = self.scan.of(name)
            for thing in seen.things if seen else ():
                standing = self.standing(thing)
                known = standing.category is not None or thing.party == "third"
                if not thing.left or standing.necessary or not known:
                    continue
                what = say(
                    "%(thing)s was still there %(after)s%(by)s.",
                    thing=_named(thing),
                    after=after(name),
                    by=_by(thing, standing),
                )
                why = say(
                    "What was set with consent should go with it, where the site can delete it."
                )
                yield self._of(f"kept-after-{name}", "warning", what, why, thing, standing)

    # -- the inventory --------------------------------------------------------------------------

    def _all(self) -> Iterable[Thing]:
        for one in self.scan.passes:
            if one.ran:
                yield from one.things

    def inventory(self) -> Iterable[Finding]:
        if self.declared is None:
            return
        for thing in self._all():
            standing = self.standing(thing)
            if not standing.declared:
                text = say("%(thing)s is not in the inventory; it was set%(by)s.")
                what = Said(text, {"thing": _named(thing), "by": _by(thing, standing)})
                why = say(
                    "The list that visitors read must be complete (GDPR art. 13, Planet49 75-81)."
                )
                yield self._of("undeclared", "error", what, why, thing, standing)
        if self.scan.of("accept") is None:
            return
        for row in self.declared:
            own = (row.name or "").startswith("crumbtrail")
            if row.name is None or own or row.kind in ("beacon", "script", "iframe"):
                continue
            if not any(row.covers(thing) for thing in self._all()):
                yield Finding(
                    "not-seen",
                    "info",
                    say(
                        "`%(name)s` is declared and was not seen on the pages of this scan.",
                        name=row.name,
                    ),
                    self.scan.url,
                    say(
                        "It may be gone, or set where a scan does not come, such as behind a"
                        " sign-in."
                    ),
                    id=named("not-seen", row.kind, row.name),
                    kind=row.kind,
                    name=row.name,
                )

    def lifetimes(self) -> Iterable[Finding]:
        for thing in self._all():
            row = match(thing, self.declared or ())
            seen = thing.lifetime
            if thing.kind != "cookie" or seen is None or seen <= 0 or is_own(thing):
                continue
            standing = self.standing(thing)
            said = row.lifetime if row else None
            if said is not None and seen > said * SLACK + DAY:
                values = {"thing": _named(thing), "seen": span(seen)}
                what = say("%(thing)s is kept for %(seen)s and declared for the session.", **values)
                if said != SESSION:
                    text = say("%(thing)s is kept for %(seen)s and declared for %(declared)s.")
                    what = Said(text, {**values, "declared": span(said)})
                why = say("The declared time must be the real one (GDPR art. 13(2)(a)).")
                yield self._of("lifetime", "error", what, why, thing, standing)
            elif self._too_long(seen, standing):
                what = say(
                    "%(thing)s is kept for %(seen)s%(by)s.",
                    thing=_named(thing),
                    seen=span(seen),
                    by=_by(thing, standing),
                )
                why = say("Longer than allowed (%(source)s).", source=self.limits.source)
                yield self._of("lifetime", "warning", what, why, thing, standing)

    def _too_long(self, seen: int, standing: Standing) -> bool:
        most = self.limits.lifetime
        consent = standing.category in ("statistics", "marketing")
        return most is not None and consent and seen > most * SLACK

    def parties(self) -> Iterable[Finding]:
        for thing in self._all():
            row = match(thing, self.declared or ())
            if row is None or row.party in (None, thing.party):
                continue
            worse = thing.party == "third"
            text = PARTIES[worse]
            what = Said(text, {"thing": _named(thing), "domain": thing.domain})
            why = say("Visitors must be told who can read it (Planet49, 75-81).")
            severity = "error" if worse else "warning"
            yield self._of("party-conflict", severity, what, why, thing, self.standing(thing))

    def _of(
        self, code: str, severity: str, what: str, why: str, thing: Thing, standing: Standing
    ) -> Finding:
        proposal = standing.proposal
        name = (proposal.pattern if proposal else "") or thing.name
        domain = split(thing.domain).hostname or "" if "//" in thing.domain else thing.domain
        if thing.dropped and code.startswith("leak"):
            text = say("%(why)s Chromium refused to keep it; other browsers and settings may not.")
            why = Said(text, {"why": why})
        return Finding(
            code,
            severity,
            what,
            thing.page,
            why,
            thing.cause,
            proposal,
            named(code, thing.kind, name, domain),
            thing.kind,
            thing.name,
            thing.domain,
        )


PARTIES = {
    True: say(
        "%(thing)s belongs to %(domain)s, a third party, and is declared as of the first party."
    ),
    False: say(
        "%(thing)s belongs to %(domain)s, a first party, and is declared as of the third party."
    ),
}


def _not_run(scan: Scan) -> Iterable[Finding]:
    for one in scan.passes:
        if not one.ran and scan.banner != "none":
            yield Finding(
                "not-run",
                "warning",
                say("The pass %(name)s was not run: %(why)s.", name=one.name, why=Said(one.why)),
                scan.url,
                say("What happens after that choice is not known from this scan."),
                id=named("not-run", one.name),
                name=one.name,
            )


def _once(found: Iterable[Finding]) -> list[Finding]:
    """The first of those that are one; it says on how many pages it was, where on several."""
    first: dict[str, Finding] = {}
    pages: dict[str, set[str]] = {}
    for one in found:
        first.setdefault(one.id, one)
        pages.setdefault(one.id, set()).add(one.where)
    return [
        replace(one, what=_and_more(Said.of(one.what), count))
        if (count := len(pages[key]) - 1)
        else one
        for key, one in first.items()
    ]


def span(seconds: int) -> Said:
    """A time in the unit a person would use."""
    for size, unit in ((365 * DAY, "year"), (30 * DAY, "month"), (DAY, "day"), (3600, "hour")):
        if seconds >= size * 2 or (unit in ("year", "hour") and seconds >= size):
            return say_many(*SPANS[unit], round(seconds / size))
    return say_many(*SPANS["minute"], max(seconds // 60, 1))


def _key(thing: Thing) -> tuple[str, ...]:
    return (thing.kind, thing.name, thing.domain)


def _named(thing: Thing) -> str:
    """`_ga`, with its kind where it is no cookie."""
    name = f"`{thing.name}`" if thing.name else NAMED["cookie"]
    return name if thing.kind == "cookie" else Said(NAMED[thing.kind], {"name": name})


def _set(thing: Thing, name: str, standing: Standing) -> Said:
    text = say("%(thing)s was set %(after)s%(by)s.")
    return Said(text, {"thing": _named(thing), "after": after(name), "by": _by(thing, standing)})


def _and_more(what: Said, count: int) -> Said:
    """The sentence, and for how many other pages it holds: said where it names its page."""
    values = dict(what.values)
    if "page" in values:
        one, many = "%(page)s and %(num)s more page", "%(page)s and %(num)s more pages"
        return Said(what.text, values | {"page": say_many(one, many, count, page=values["page"])})
    if isinstance(values.get("by"), Said):
        return Said(what.text, values | {"by": _and_more(values["by"], count)})
    one, many = "%(what)s So on %(num)s more page.", "%(what)s So on %(num)s more pages."
    return say_many(one, many, count, what=what)


def _by(thing: Thing, standing: Standing) -> Said:
    service = f", {standing.service}" if standing.service else ""
    where = {"by": by(thing.cause), "service": service, "page": split(thing.page).path or "/"}
    return say("%(by)s%(service)s, on %(page)s", **where)


def by(cause: Cause | None) -> str:
    """` by <script> (line n)`, as far as it is known."""
    if cause is None or not cause.url:
        return ""
    where = {"url": cause.url, "line": line(cause)}
    if cause.how == "script":
        return say(" by %(url)s%(line)s", **where)
    if cause.how == "response":
        return say(" by the answer of %(url)s", **where)
    if cause.how == "element":
        return say(" by a tag in %(url)s%(line)s", **where)
    return say(" (by whom is not known; %(url)s was asked for)", **where)
