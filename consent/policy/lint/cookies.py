"""Rules on the cookies a policy names or describes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..facts import Source, Tracker
from ..uses import LASTS
from ..words import COOKIES, bare_label, period_in, seconds
from .found import Case, Hit, at
from .known import Known, near, of

ANY_CASE = re.IGNORECASE
FEW = 6  # more than these are one finding
OUR_WORDS = re.compile(
    r"(?:strictly )?necessary|preferences?|statisti(?:cs?|cal)|marketing|niezbędne|preferencje|"
    r"preferencyjne|statystyk\w+|statystyczne|"
    r"marketingowe|(?:strictement )?nécessaires?|préférences|statistiques?",
    ANY_CASE,
)
ANONYMOUS = re.compile(
    r"\banonymous(?:ly)?\b|\banonimow\w+|\banonymes?\b|(?:do|does) not (?:personally )?identify "
    r"(?:you|any|individual)|nie (?:identyfikuj\w+|pozwala\w* na "
    r"identyfikacj\w+)|ne (?:permet\w*|peuvent) pas (?:de )?(?:vous )?identifi",
    ANY_CASE,
)
NOT_ANONYMOUS = re.compile(
    r"not anonymous|pseudonym|nie (?:są|jest) anonim|pas anonymes?", ANY_CASE
)
UNIQUE = re.compile(
    r"unique(?:ly)? (?:user|visitor|identif|id\b|number)|identify unique|unikaln\w+ (?:użytkownik|"
    r"identyfikator|numer|id)|"
    r"identifiants? uniques?|visiteurs? uniques?|utilisateurs? uniques?|distinguish (?:unique "
    r")?users",
    ANY_CASE,
)
COMBINED = re.compile(
    r"(?:in combination with|combined? with|linked? (?:to|with)|łącz\w+ z|powiąza\w+ z|combin\w+ "
    r"(?:à|avec)|crois\w+ avec).{0,60}"
    r"(?:customer|account|personal|profile|other (?:data|information)|klient|kont\w|osobow|client|"
    r"compte|personnel)",
    ANY_CASE,
)
TRAFFIC = re.compile(
    rf"{COOKIES.pattern}|analytic|statistic|analityc|statyst|navigat|browser|usage|audience|"
    rf"fréquentation",
    ANY_CASE,
)
BEACON = re.compile(
    r"web[ -]?beacon|tracking pixel|web ?bug|sygnalizator\w* (?:www|internet)|piksel\w* śledz|"
    r"balises? web|pixel\w* (?:de suivi|espion)",
    ANY_CASE,
)
CONTROL = re.compile(
    r"(?:refus|disabl|block|opt[ -]?out|reject|declin|manag|consent|choose|delete|wyłącz|zablok|"
    r"odrzu|zgod|zarządza|usun|désactiv|bloqu|gér|choisi|"
    r"supprim|oppos)\w*",
    ANY_CASE,
)
SECRET = re.compile(
    rf"(?:{COOKIES.pattern}.{{0,120}}(?:stor|contain|keep|sav|przechow|zapisuj|zawier|stock|"
    rf"conserv|contien)\w*.{{0,80}}|(?:stor|keep|sav|zapis|przechow|stock|conserv)\w*"
    rf".{{0,80}})(?:passwords?|hasł\w*|mots? de passe).{{0,80}}",
    ANY_CASE,
)
NO_SECRET = re.compile(
    r"\b(?:not|never|no|nie|żadnych|ne|jamais|aucun)\b.{0,60}(?:password|hasł|mots? de passe)|"
    r"encrypt\w* password|forgot",
    ANY_CASE,
)
ACCOUNT = re.compile(
    r"(?:does not apply|not apply in that|doesn['’]t apply|nie (?:dotyczy|ma zastosowania)|ne "
    r"s['’]applique)",
    ANY_CASE,
)
SIGNED_IN = re.compile(
    r"signed? in|logged|log in|account|zalogowan|kont\w\b|connecté|compte", ANY_CASE
)
HARD_DISK = re.compile(r"(?:hard (?:disk|drive)|dysk\w* tward|disque dur)", ANY_CASE)
OLD_BROWSER = re.compile(
    r"Internet Explorer,? (?:version )?\d|Netscape|Firefox version [1-9]\.|Safari version [1-9]\.|"
    r"flash cookies?|local shared objects?",
    ANY_CASE,
)
COMPANY = re.compile(
    r"\b(?:Google|Meta|Facebook|Microsoft|Matomo|Hotjar|LinkedIn|TikTok|HubSpot|Cloudflare|Stripe|"
    r"Criteo|Piwik|Gemius)\b"
)
REGISTERED = re.compile(
    r"proof|record|evidence|log\b|dowod\w*|dowód|rejestr\w*|preuve|trace|journal", ANY_CASE
)
OF_CONSENT = re.compile(
    r"(?:proof|record|evidence|logs?)\b.{0,30}(?:consent|choice)|consent (?:records?|logs?)|"
    r"(?:dow[oó]d\w*|rejestr\w*).{0,30}(?:zgod|wybor)|(?:preuve|trace|"
    r"registre).{0,30}(?:consentement|choix)",
    ANY_CASE,
)


def table(case: Case) -> Iterator[Hit]:
    if case.about_cookies and not case.named and not case.elsewhere:
        yield Hit("NO-COOKIE-TABLE", case.cookie_place)


def uncategorised(case: Case) -> Iterator[Hit]:
    def bare(tracker: Tracker) -> bool:
        return not tracker.get("category") and not tracker.get("category_published")

    yield from _each(case, "UNCATEGORISED-COOKIE", bare)


def necessary(case: Case) -> Iterator[Hit]:
    """An exemption is claimed, and no named cookie is marked as exempt."""
    claims = [t for t in case.draft.trackers if not t.name and t.get("category") == "necessary"]
    marked = any(t.get("category") == "necessary" for t in case.named)
    if claims and case.named and not marked:
        label = claims[0].facts.sources["category_published"]
        place = next(
            (s for s in case.document.sentences if s.line == label.line and label.quote in s.text),
            None,
        )
        where = at(place) if place else label
        yield Hit("NECESSARY-NOT-IDENTIFIED", where)
        pointer = next(
            (s for s in case.document.sentences if s.line == label.line and POINTER.search(s.flat)),
            None,
        )
        if pointer:
            what = POINTER.findall(pointer.flat)[0]
            yield Hit("DANGLING-REFERENCE", at(pointer), values={"what": what})


POINTER = re.compile(
    r"(?:section|sekcji|sekcja|punkcie|pkt|article|partie|§)\s*\d{1,2}(?:\.\d{1,2})+", ANY_CASE
)


def alias(case: Case) -> Iterator[Hit]:
    seen: set[str] = set()
    for tracker in case.draft.trackers:
        label, category = tracker.get("category_published"), tracker.get("category")
        if (
            label
            and category
            and label.lower() not in seen
            and not OUR_WORDS.fullmatch(bare_label(label))
        ):
            seen.add(label.lower())
            yield Hit(
                "CATEGORY-ALIAS",
                tracker.facts.sources["category_published"],
                values={"label": label, "category": category},
            )


def duration(case: Case) -> Iterator[Hit]:
    without = [t for t in case.named if not t.get("duration")]
    if case.named:
        if without:
            values = {"names": _names(without)}
            first = without[0].facts.sources["name"]
            yield Hit("NO-DURATION", first, values=values)
    elif case.about_cookies and not case.elsewhere and not _said_in_general(case):
        yield Hit("NO-DURATION", case.cookie_place, values={"names": "–"})


def _said_in_general(case: Case) -> bool:
    return any(period_in(s.flat) and LASTS.search(s.flat) for s in case.cookie_sentences)


def provider(case: Case) -> Iterator[Hit]:
    def unknown(tracker: Tracker) -> bool:
        return tracker.get("party") == "third" and not tracker.get("provider")

    yield from _each(case, "PROVIDER-MISSING", unknown)
    nobody = not any(COMPANY.search(s.flat) for s in case.cookie_sentences)
    if case.about_cookies and not case.named and not case.elsewhere and nobody:
        yield Hit("PROVIDER-MISSING", case.cookie_place, values={"names": "–"})


def variant(case: Case) -> Iterator[Hit]:
    found = [(t, usual) for t in case.named if (usual := near(str(t.name)))]
    for place, group in _by_place([t for t, _ in found]).items():
        usual = ", ".join(dict.fromkeys(u for t, u in found if t in group))
        yield Hit("NAME-VARIANT", place, values={"name": _names(group), "usual": usual})


def _by_place(trackers: list[Tracker]) -> dict[Source, list[Tracker]]:
    """Names of one row or line are one finding."""
    made: dict[Source, list[Tracker]] = {}
    for tracker in trackers:
        made.setdefault(tracker.facts.sources["name"], []).append(tracker)
    return made


def party(case: Case) -> Iterator[Hit]:
    def own_domain(tracker: Tracker) -> bool:
        known = of(str(tracker.name)) if not near(str(tracker.name)) else None
        return tracker.get("party") == "third" and bool(known and known.own_domain)

    yield from _each(case, "PARTY-MISMATCH", own_domain)


def anonymous(case: Case) -> Iterator[Hit]:
    claims = [
        s
        for s in case.matching(ANONYMOUS)
        if TRAFFIC.search(case.document.blocks[s.block].text) and not NOT_ANONYMOUS.search(s.flat)
    ]
    against = [
        s for s in case.document.sentences if UNIQUE.search(s.flat) or COMBINED.search(s.flat)
    ]
    against = [
        s
        for s in against
        if TRAFFIC.search(s.flat) or any(t.facts.sources["name"].line == s.line for t in case.named)
    ]
    against = [s for s in against if s not in claims]
    if claims and against and case.about_people:
        yield Hit("ANONYMOUS-BUT-UNIQUE", at(claims[0]), tuple(at(s) for s in against[:4]))


def beacon(case: Case) -> Iterator[Hit]:
    said = [s for s in case.matching(BEACON)]
    steered = any(
        CONTROL.search(s.flat)
        for s in case.document.sentences
        if COOKIES.search(s.flat) or BEACON.search(s.flat)
    )
    if said and not steered:
        for sentence in said:
            yield Hit("BEACON-NO-CONTROL", at(sentence))


def secret(case: Case) -> Iterator[Hit]:
    for sentence in case.cookie_sentences:
        if SECRET.search(sentence.flat) and not NO_SECRET.search(sentence.flat):
            yield Hit("SECRET-IN-COOKIE", at(sentence))


def account(case: Case) -> Iterator[Hit]:
    for sentence in case.cookie_sentences:
        if ACCOUNT.search(sentence.flat) and SIGNED_IN.search(sentence.flat):
            yield Hit("ACCOUNT-COOKIE-GAP", at(sentence))


def stale(case: Case) -> Iterator[Hit]:
    old = [t for t in case.named if (known := of(str(t.name))) and known.retired]
    for place, group in list(_by_place(old).items())[:FEW]:
        yield Hit("STALE-TECHNOLOGY", place, values={"what": _names(group)})
    for words, only_cookies in ((HARD_DISK, True), (OLD_BROWSER, False)):
        sentence = next(
            (
                s
                for s in case.matching(words)
                if not only_cookies or COOKIES.search(case.document.blocks[s.block].text)
            ),
            None,
        )
        if sentence:
            what = words.findall(sentence.flat)[0]
            yield Hit("STALE-TECHNOLOGY", at(sentence), values={"what": what})


def own_cookie(case: Case) -> Iterator[Hit]:
    if case.about_cookies and not case.draft.own_cookie:
        yield Hit("CONSENT-COOKIE-UNDECLARED", case.cookie_place)


def proof(case: Case) -> Iterator[Hit]:
    if not case.about_cookies:
        return
    kept = any(OF_CONSENT.search(s.flat) and period_in(s.flat) for s in case.document.sentences)
    if not kept:
        place = next(
            (
                r.sentence
                for r in case.draft.retention
                if re.search(r"consent|zgod|consentement", r.sentence.flat, ANY_CASE)
            ),
            None,
        )
        yield Hit("CONSENT-PROOF-RETENTION", at(place) if place else case.cookie_place)


OF_PURPOSE = re.compile(
    r"market|reklam|advert|publicit|optymali|optimi[sz]|statist|statyst|analy|mesure d", ANY_CASE
)


def outlives(case: Case) -> Iterator[Hit]:
    """A cookie lives longer than the policy says its purpose is served; usual lives: `known`."""
    for promise in case.draft.retention:
        if (
            not promise.period
            or "value" not in promise.period
            or not OF_PURPOSE.search(promise.sentence.flat)
        ):
            continue
        if re.search(
            r"newsletter|e-?mail|customer|klient|consent|zgod|account",
            promise.sentence.flat,
            ANY_CASE,
        ):
            continue
        limit = seconds(promise.period)
        long = [
            t
            for t in case.named
            if t.get("category") in ("statistics", "marketing") and _life(t) > limit
        ]
        if long:
            also = tuple(t.facts.sources["name"] for t in long[:FEW])
            yield Hit("RETENTION-EXCEEDED", at(promise.sentence), also, {"names": _names(long)})


def _life(tracker: Tracker) -> int:
    said = tracker.get("duration")
    if isinstance(said, dict):
        return seconds(said)
    known: Known | None = of(str(tracker.name))
    return known.seconds if known and said is None else 0


def _each(case: Case, code: str, guilty: Callable[[Tracker], bool]) -> Iterator[Hit]:
    found = [t for t in case.named if guilty(t)]
    if len(found) > FEW:
        also = tuple(t.facts.sources["name"] for t in found[1:])
        yield Hit(code, found[0].facts.sources["name"], also, {"names": _names(found)})
        return
    for tracker in found:
        yield Hit(code, tracker.facts.sources["name"], values={"names": str(tracker.name)})


def _names(trackers: list[Tracker]) -> str:
    shown = ", ".join(str(t.name) for t in trackers[:12])
    return shown + (" …" if len(trackers) > 12 else "")


RULES = (
    table,
    uncategorised,
    necessary,
    alias,
    duration,
    provider,
    variant,
    party,
    anonymous,
    beacon,
    secret,
    account,
    stale,
    own_cookie,
    proof,
    outlives,
)
