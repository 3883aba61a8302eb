"""The order of evidence: each step says something or leaves it to the next."""

from __future__ import annotations

from collections.abc import Callable

from ..saying import Category, Said, say
from . import foreign, words
from .catalogue import Catalogue, builtin, fits
from .facts import TRACKING, UNKNOWN, Decision, Entry, Proposal, Seen, ServiceFact
from .hosts import host_of, under
from .names import Match

SURE = {"exact": 0.95, "pattern": 0.9, "case": 0.85}
HOW = {
    "exact": say("Our list has it: %(service)s. %(purpose)s"),
    "pattern": say("Our list has it, by the pattern %(pattern)s: %(service)s. %(purpose)s"),
    "case": say("Our list has it, in other letters (%(pattern)s): %(service)s. %(purpose)s"),
}
IMPORTED = {"domain": 0.8, "exact": 0.65, "prefix domain": 0.7, "prefix": 0.55}
FITS = {
    "domain": say("name and domain"),
    "exact": say("the name"),
    "prefix domain": say("the beginning of the name, and the domain"),
    "prefix": say("the beginning of the name"),
}
SENT = "request"
NOTHING = say("Nothing is known about it: held until a person looks.")

Step = Callable[[Seen, Catalogue], Proposal | None]


def propose(seen: Seen, catalogue: Catalogue | None = None) -> Proposal:
    """The category a thing most likely belongs to, how sure that is (0 to 1), and the reason.

    `unknown` needs consent like all that is not necessary. Never raises.
    """
    known = catalogue or builtin()
    steps = SENDING if seen.kind == SENT else STORING
    for step in steps:
        found = step(seen, known)
        if found is not None:
            return found
    return _made(UNKNOWN, 0.0, NOTHING)


def service_of(host_or_url: str, catalogue: Catalogue | None = None) -> ServiceFact | None:
    """The service that a script, a request or a cookie's domain belongs to."""
    return (catalogue or builtin()).service_at(host_or_url)


def decided(seen: Seen, known: Catalogue) -> Proposal | None:
    one: Decision | None = known.decided(seen.name)
    if one is None:
        return None
    service = known.service(one.service)
    return _made(one.category, 1.0, say("The owner decided so in the inventory."), service)


def listed(seen: Seen, known: Catalogue) -> Proposal | None:
    """Our own list. Necessary only where no tracker of ours fits the name as well, and, for a
    generic pattern, where the rest of the name does not speak of tracking."""
    elsewhere = _elsewhere(seen, known)
    matches = [
        one for one in known.matches(seen.name) if fits(one, seen.domain, seen.script, elsewhere)
    ]
    if not matches:
        return None
    best = min(matches, key=lambda one: (-SURE[one.how], _says_less(one.entry, seen)))
    if best.entry.category == "necessary" and best.how != "exact":
        tracker = next((one for one in matches if one.entry.category in TRACKING), None)
        if tracker is None and best.entry.generic and _speaks_of_tracking(seen.name):
            return None
        best = tracker or best
    return _from_list(best, seen)


def set_by(seen: Seen, known: Catalogue) -> Proposal | None:
    service = known.service_at(seen.script) if seen.script else None
    if service is None or service.category == "necessary":
        return None
    text = say("It was set by %(host)s, which is %(service)s (%(category)s).")
    return _made(service.category, 0.8, _whose(text, seen.script, service), service)


def imported(seen: Seen, known: Catalogue) -> Proposal | None:
    hit = known.database.find(seen.name, seen.domain)
    if hit is None:
        return None
    row, how = hit
    ours = foreign.category(row)
    if not ours:
        return None
    why = say(
        "The imported database has %(name)s of %(platform)s as %(category)s: %(fits)s fits.",
        name=repr(row.name),
        platform=row.platform,
        category=row.category,
        fits=FITS[how],
    )
    return Proposal(
        category=ours,
        needs_consent=True,
        confidence=IMPORTED[how],
        reason=why,
        service_name=row.platform,
        provider=row.provider,
        purpose=row.purpose,
        pattern=f"{row.name}*" if row.prefix else row.name,
    )


def at_home(seen: Seen, known: Catalogue) -> Proposal | None:
    """The cookie's domain is a tool's own."""
    service = known.service_at(seen.domain)
    if service is not None and service.category != "necessary":
        text = say(
            "Its domain %(host)s belongs to %(service)s (%(category)s); the name itself is not"
            " known."
        )
        why = _whose(text, seen.domain, service)
        return _made(service.category, 0.65, why, service)
    if ours := known.database.at(seen.domain):
        why = say(
            "Most rows of the imported database for %(host)s are %(category)s.",
            host=host_of(seen.domain),
            category=Category(ours),
        )
        return _made(ours, 0.55, why)
    if ours := known.public_at(seen.domain):
        return _made(ours, 0.5, _in_public(seen.domain, ours))
    return None


def worded(seen: Seen, known: Catalogue) -> Proposal | None:
    """The words in the name. Necessary only where nothing points at another company."""
    hit = words.of_name(seen.name)
    if hit is None:
        return None
    hint, word = hit
    if hint.category == "necessary" and _elsewhere(seen, known):
        return None
    if hint.category == "necessary" and (other := words.against(seen.name, hint)):
        why = say(
            "“%(word)s” in its name speaks of something necessary, “%(other)s” of tracking:"
            " held until a person looks.",
            word=word,
            other=other,
        )
        return Proposal(UNKNOWN, True, 0.0, why)
    why = say(
        "Nobody is known to use this name; by “%(word)s” in it, %(hint)s. Please check.",
        word=word,
        hint=hint.why,
    )
    return _made(hint.category, hint.confidence, why)


def hosted(seen: Seen, known: Catalogue) -> Proposal | None:
    hit = words.of_host(seen.domain)
    if hit is None:
        return None
    hint, word = hit
    why = say(
        "Nothing is known of the name; “%(word)s” in its domain speaks of %(hint)s. Please check.",
        word=word,
        hint=hint.why,
    )
    return _made(hint.category, hint.confidence, why)


def unsaid(seen: Seen, known: Catalogue) -> Proposal | None:
    """What an imported database knows but does not decide is worth a sentence."""
    hit = known.database.find(seen.name, seen.domain)
    if hit is None:
        return None
    row, _ = hit
    why = say(
        "The imported database has %(name)s of %(platform)s as %(category)s, which can need"
        " consent or not: held until a person looks.",
        name=repr(row.name),
        platform=row.platform,
        category=row.category,
    )
    return Proposal(
        category=UNKNOWN,
        needs_consent=True,
        confidence=0.0,
        reason=why,
        service_name=row.platform,
        provider=row.provider,
        purpose=row.purpose,
        pattern=f"{row.name}*" if row.prefix else row.name,
    )


def asked(seen: Seen, known: Catalogue) -> Proposal | None:
    """A request is what the service is that it goes to; our list names the host itself."""
    for place in (seen.script, seen.domain, seen.name):
        service = known.service_at(place) if place else None
        if service is not None:
            text = say("It goes to %(host)s, which is %(service)s (%(category)s).")
            why = _whose(text, place, service)
            sure = 0.6 if service.category == "necessary" else 0.85
            return _made(service.category, sure, why, service)
        if place and (ours := known.public_at(place)):
            return _made(ours, 0.5, _in_public(place, ours))
    return None


STORING: tuple[Step, ...] = (decided, listed, set_by, imported, at_home, worded, hosted, unsaid)
SENDING: tuple[Step, ...] = (decided, asked, hosted)


def _whose(text: str, place: str, service: ServiceFact) -> Said:
    category = Category(service.category)
    return Said(text, {"host": host_of(place), "service": service.name, "category": category})


def _in_public(place: str, ours: str) -> Said:
    text = say("A public list of hosts has %(host)s as %(category)s; please check.")
    return Said(text, {"host": host_of(place), "category": Category(ours)})


def _elsewhere(seen: Seen, known: Catalogue) -> bool:
    """Whether something says that another company than the site's own set it."""
    places = (known.service_at(place) for place in (seen.domain, seen.script) if place)
    foreigners = any(service and service.category != "necessary" for service in places)
    public = any(known.public_at(place) for place in (seen.domain, seen.script) if place)
    tracks = any(words.of_host(place) for place in (seen.domain, seen.script))
    return seen.party == "third" or foreigners or public or tracks


def _speaks_of_tracking(name: str) -> bool:
    hit = words.of_name(name)
    return hit is not None and hit[0].category in TRACKING


def _says_less(entry: Entry, seen: Seen) -> tuple[bool, bool, int]:
    """A sort key: what lies on the service's own hosts first, then the longest pattern."""
    home = under(seen.domain, entry.service.hosts) or under(seen.script, entry.service.hosts)
    return (not home, entry.generic, -len(entry.pattern))


def _from_list(match: Match, seen: Seen) -> Proposal:
    entry = match.entry
    sure = SURE[match.how]
    if entry.generic:
        sure = 0.8
    elif under(seen.domain, entry.service.hosts) or under(seen.script, entry.service.hosts):
        sure = min(sure + 0.03, 0.98)
    values = {"pattern": entry.pattern, "service": entry.service.name, "purpose": entry.purpose}
    why = Said(HOW[match.how], values)
    return Proposal(
        category=entry.category,
        needs_consent=entry.category != "necessary",
        confidence=sure,
        reason=why,
        service=entry.service.key,
        service_name=entry.service.name,
        provider=entry.service.provider,
        purpose=entry.purpose,
        duration=entry.duration,
        pattern=entry.pattern,
    )


def _made(
    category: str, confidence: float, reason: str, service: ServiceFact | None = None
) -> Proposal:
    return Proposal(
        category=category,
        needs_consent=category != "necessary",
        confidence=confidence,
        reason=reason,
        service=service.key if service else "",
        service_name=service.name if service else "",
        provider=service.provider if service else "",
    )
