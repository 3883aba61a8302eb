"""Rules on people: who is responsible, whom one asks, what rights are named and how soon."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import companies, rights
from ..facts import Source
from ..people import OFFICER
from .found import Case, Hit, at

ANY_CASE = re.IGNORECASE
RIGHTS_HEADING = re.compile(
    r"\brights?\b|\bprawa\b|\bpraw\b|\bdroits\b|updating your|modifying", ANY_CASE
)
CONTACT_HEADING = re.compile(r"contact|kontakt", ANY_CASE)
SALES = re.compile(
    r"^(?:marketing|sales|sprzedaz|handlow\w*|reklam\w*|promo\w*|commercial|ventes|publicite|ceo|"
    r"prezes|director|dyrektor)\b",
    ANY_CASE,
)
PRIVACY_BOX = re.compile(
    r"^(?:privacy|gdpr|rodo|dpo|iod|rgpd|dataprotection|data\.protection|ochronadanych|"
    r"daneosobowe|privacidad|donnees)",
    ANY_CASE,
)
CHILDREN = re.compile(
    r"child|\bminors?\b|under (?:the age of )?1[3-8]|dziec|nieletni|małoletni|niepełnoletni|"
    r"lat\b.{0,20}(?:ukończ|życia)|enfants?|mineurs?|moins de 1\d ans",
    ANY_CASE,
)
CALIFORNIA = re.compile(r"California|\bCCPA\b|\bCPRA\b")
NO_SALE = re.compile(
    r"do not (?:sell|share|track)|notice at collection|not to sell|don['’]t sell|global privacy "
    r"control|\bGPC\b|opt[ "
    r"-]out of (?:the |any )?(?:sale|sharing)|your privacy choices|limit the use",
    ANY_CASE,
)
CONTRACTING = re.compile(
    r"(?:specific )?[\w-]* ?entity that is the contracting party|entity with which you (?:have "
    r")?contract|podmiot\w*,? z którym (?:zawarto|zawarł\w*) umow|entité (?:contractante|avec "
    r"laquelle)",
    ANY_CASE,
)
JOINT = re.compile(r"joint controllers?|współadministrat|responsables? conjoints?", ANY_CASE)
FAMOUS = re.compile(
    r"google|meta|facebook|microsoft|linkedin|amazon|paypal|stripe|tiktok|twitter|apple|adobe|"
    r"hubspot|instagram|youtube|allegro|przelewy",
    ANY_CASE,
)
SCOPE = re.compile(
    r"if you visit (?:our|the|this) (?:web ?)?sites?.{0,100}and (?:you are |are |who is )?also "
    r"(?:an? )?.{0,40}(?:user|customer|client|member)|"
    r"jeśli odwiedzasz.{0,100}(?:i|oraz) (?:jednocześnie |również )?(?:jesteś|"
    r"posiadasz).{0,40}(?:użytkowni|klient|kont)|"
    r"si vous (?:visitez|consultez).{0,100}et (?:que vous êtes|êtes) (?:également|"
    r"aussi).{0,40}(?:client|utilisateur|membre)",
    ANY_CASE,
)
DEADLINE = {"EU": 31, "": 45}
EUROPEAN = re.compile(
    r"GDPR|RODO|RGPD|General Data Protection|2016/679|European Economic|EOG\b|EEA\b|Europejski|"
    r"européen"
)
CORE = (
    "access",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "portability",
    "consent_withdrawal",
    "complaint",
    "automated_decisions",
)
PROFILING = re.compile(
    r"profil(?:ing|owan|age)|automated deci|zautomatyzowan|décisions? automatisée|machine "
    r"learning|artificial intelligence|fraud detection|suspicious activity",
    ANY_CASE,
)
MARKET = {
    "pl": ("PL", "pl"),
    "fr": ("FR", "fr"),
    "de": ("DE", "de"),
    "es": ("ES", "es"),
    "it": ("IT", "it"),
}
QUEBEC = re.compile(r"Qu[eé]bec")


def dated(case: Case) -> Iterator[Hit]:
    if not case.kinds and not case.about_people:
        return
    dates = case.draft.dates
    if not (dates.get("effective_date") or dates.get("last_updated")):
        yield Hit("NO-EFFECTIVE-DATE", case.title)
    if not dates.get("version"):
        yield Hit("NO-VERSION", case.title)


def deadline(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    until = rights.deadline(case.document)
    if until is None or until[0] is None:
        place = at(until[2]) if until else case.heading(RIGHTS_HEADING) or _first_right(case)
        yield Hit("NO-RIGHTS-DEADLINE", place)
    elif until[0] > (DEADLINE["EU"] if EUROPEAN.search(case.document.text) else DEADLINE[""]):
        yield Hit("DEADLINE-TOO-LONG", at(until[2]), values={"days": str(until[0])})


def _first_right(case: Case) -> Source:
    return next(iter(case.draft.listed.values()), case.title)


def complete(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    missing = [name for name in CORE if name not in case.draft.listed]
    if missing == ["automated_decisions"] and not PROFILING.search(case.document.text):
        return
    if missing:
        place = case.heading(RIGHTS_HEADING) if case.draft.listed else None
        yield Hit(
            "RIGHTS-INCOMPLETE", place or _first_right(case), values={"missing": ",".join(missing)}
        )


def authority(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    named = rights.authority(case.document)
    if not named and not rights.complaint_to_somebody(case.document):
        yield Hit("NO-SUPERVISORY-AUTHORITY", case.heading(RIGHTS_HEADING) or _first_right(case))
    if named:
        yield from _elsewhere(case, named[1], at(named[2]))


def _elsewhere(case: Case, country: str, place: Source) -> Iterator[Hit]:
    """The site's ending or its Polish names a market; the authority is another country's."""
    markets = {
        MARKET[end][0]
        for host, _ in case.draft.who.hosts
        if (end := host.rpartition(".")[2]) in MARKET
    }
    if case.document.language == "pl":
        markets.add("PL")
    text = case.document.text
    known = {code for code, words in rights.AUTHORITY if words.search(text)}
    if markets and country not in markets and not markets & known:
        yield Hit(
            "AUTHORITY-MARKET-MISMATCH", place, values={"country": ", ".join(sorted(markets))}
        )


def officer(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    mail = str(case.draft.who.dpo.get("email") or "")
    if SALES.match(mail):
        yield Hit("DPO-CONFLICT", case.draft.who.dpo.sources["email"], values={"email": mail})
    boxes = [str(f.get("email") or "") for f in (case.draft.who.contact, case.draft.who.controller)]
    if not case.first(OFFICER) and not any(PRIVACY_BOX.match(box) for box in boxes):
        yield Hit("NO-PRIVACY-OFFICER", case.heading(CONTACT_HEADING) or case.title)


def contact(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    known = case.draft.who.controller
    place = _contact_place(case)
    if (
        not any(known.get(name) for name in ("email", "phone", "address", "contact_page"))
        and not case.draft.who.dpo.values
    ):
        yield Hit("CONTACT-MISSING", place)
    elif not known.get("address") and not case.draft.who.dpo.get("post"):
        yield Hit("CONTACT-MISSING", place, severity="warning")


def _contact_place(case: Case) -> Source:
    asked = re.compile(
        r"(?:questions?|requests?|contact|pytani\w+|kontakt\w*|questions?|"
        r"demandes?)\b.{0,160}(?:contact|direct|write|send|skontakt|prosimy|adress|écri)",
        ANY_CASE,
    )
    sentences = [
        s for s in case.matching(asked) if not case.document.blocks[s.block].kind == "heading"
    ]
    return at(sentences[-1]) if sentences else case.title


def controller(case: Case) -> Iterator[Hit]:
    if not case.about_people or case.first(JOINT):
        return
    legal = case.draft.who.controller.sources.get("legal_name")
    others = [
        (n, s)
        for n, s in case.draft.who.others
        if not FAMOUS.search(n) and _as_controller(n, s.quote)
    ]
    open_ = case.first(CONTRACTING)
    if legal and (others or open_):
        also = [s for _, s in others] + ([at(open_)] if open_ else [])
        also += [
            at(s) for s in case.document.sentences if ENTITY.search(s.flat) and at(s) not in also
        ]
        yield Hit("CONTROLLER-AMBIGUOUS", legal, tuple(also[:6]))


ENTITY = re.compile(r"(?:entity responsible|data controller).{0,80}\bis\b", ANY_CASE)


def _as_controller(name: str, quote: str) -> bool:
    before = quote[: quote.find(name)]
    near = re.search(
        r"(?:controllers?|administrator\w*|responsables? d[eu] traitement).{0,90}$",
        before,
        ANY_CASE,
    )
    return bool(near) and not companies.NOT_CONTROLLER.search(before[-60:])


def scope(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(SCOPE):
        yield Hit("VISITOR-SCOPE-GAP", at(sentence))


def children(case: Case) -> Iterator[Hit]:
    if case.about_people and not case.first(CHILDREN):
        yield Hit("NO-CHILDREN-CLAUSE", case.title)


def sale(case: Case) -> Iterator[Hit]:
    place = case.first(CALIFORNIA)
    if case.about_people and place and not case.first(NO_SALE):
        yield Hit("NO-DO-NOT-SELL", at(place))


def market(case: Case) -> Iterator[Hit]:
    """A host, an address or a legal name points to a market whose language the text is not in."""
    if not case.about_people:
        return
    written = set(case.document.languages)
    for tag, place in _markets(case):
        if tag not in written:
            yield Hit("LANGUAGE-MARKET", place, values={"language": tag})
            return


def _markets(case: Case) -> Iterator[tuple[str, Source]]:
    for host, place in case.draft.who.hosts:
        if (end := host.rpartition(".")[2]) in MARKET:
            yield MARKET[end][1], place
    known = case.draft.who.controller
    name = known.sources.get("legal_name")
    if name and QUEBEC.search(str(known.get("legal_name"))):
        yield "fr", name
    if case.draft.who.hosts and any(
        h.rpartition(".")[2] in MARKET for h, _ in case.draft.who.hosts
    ):
        return
    if known.get("address") and known.get("country") in ("PL", "FR"):
        yield {"PL": "pl", "FR": "fr"}[str(known.get("country"))], known.sources["address"]


RULES = (
    dated,
    deadline,
    complete,
    authority,
    officer,
    contact,
    controller,
    scope,
    children,
    sale,
    market,
)
