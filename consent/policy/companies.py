"""Who a policy speaks for: legal and trading names, numbers, addresses, by their forms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from .contacts import POSTCODES
from .document import Document, Sentence

FORM = (
    r"(?:[Ss](?:p(?:ółka|olka)|\.)|[Ss]p\.?|SP\.?)\s?(?:z|Z)\s?(?:o|O|ograniczoną "
    r"odpowiedzialnością)\.?\s?(?:o|O)?\.?"
    r"(?:\s?(?:sp\.?|S[Pp]\.?)\s?[kK]\.?)?|"
    r"S\.\s?A\.(?!\w)|SA\b|S\.A\.S\.?|SASU?\b|S\.A\.R\.L\.?|SARL\b|S\.à r\.l\.|EURL\b|SNC\b|SCOP\b|"
    r"[Ss]p\.\s?(?:j|k)\.|S\.C\.|Inc\.?(?![a-z])|inc\b\.?|INC\.?|LLC\b|L\.L\.C\.|Ltd\.?(?![a-z])|"
    r"LTD\.?|Limited\b(?! (?:l|to))|"
    r"PLC\b|plc\b|LLP\b|Corp\.?(?![a-z])|Corporation\b|GmbH(?: & Co\.? KG)?|AG\b|"
    r"B\.?V\.?(?![a-z])|N\.V\.|"
    r"SPÓŁKA Z OGRANICZONĄ ODPOWIEDZIALNOŚCIĄ|SPÓŁKA AKCYJNA|Oy\b|AB\b|ApS\b|A/S\b|S\.r\.l\.|"
    r"S\.p\.A\.|Pty\.? Ltd\.?|Spółka Akcyjna|spółka akcyjna|"
    r"spółka jawna|spółka komandytowa"
)
UPPER = r"[A-ZÀ-ÖØ-ÞĄĆĘŁŃÓŚŹŻ0-9]"
WORDY = rf"(?<![\w’'.-])(?:[ld][’'])?[a-z]?{UPPER}[\w&’'.+-]*"
NAMED = re.compile(
    rf"(?P<name>(?:{WORDY},?\s+|(?:&|and|et|i|of|de|du|the|des|"
    rf"la)\s+){{0,6}}?{WORDY},?\s+(?:[–-]\s+)?(?P<form>{FORM}))"
)
DESCRIBED = re.compile(
    rf"(?P<name>(?:{WORDY}\s+){{0,5}}{WORDY}),?\s+(?:is |jest |est |to )?(?:an? |une )?(?:private "
    rf"|public )?(?:limited(?: liability)? company|"
    r"spółk\w+ (?:z ograniczoną|akcyjn|komandyt|jawn)|company (?:incorporated|registered)|société "
    r"(?:par actions|anonyme|à "
    r"responsabilité|de droit))"
)
SEATED = re.compile(
    r"(?:^|jest |są )(?P<name>(?:Stowarzyszenie|Fundacja|Uniwersytet|Instytut|Gmina|Urząd|Szkoła|"
    r"Izba|Związek|Spółdzielnia)\b[^,]{3,90}?),? z siedzibą"
)
CONTROLLER = re.compile(
    r"\b(?:data )?controllers?\b|administrator\w*|responsables? (?:du|de) traitement|owned and "
    r"operated by|operated by|"
    r"własnością i jest|prowadzon\w+ przez|wydawc\w+|éditeur|exploité par|édité par|is run by|we "
    r"are\b|who we are|nous sommes|registered office|"
    r"“?(?:we|us|our|my/nas/nasz)”? (?:means|oznacza)|oznacza\b",
    re.IGNORECASE,
)
NOT_CONTROLLER = re.compile(
    r"not the (?:data )?controller|administratorem systemu|google|facebook|meta platforms|"
    r"microsoft|processors?\b|"
    r"podmiot\w* przetwarz|sous-traitant|hosted by|hosting|hébergé|hébergeur|powierz|provided by|"
    r"provider|dostawc|fournisseur|joint",
    re.IGNORECASE,
)
IS = re.compile(
    r"(?:administrator\w*[^.]{0,120}?\b(?:jest|są|:)|responsable (?:du|de) "
    r"traitement[^.]{0,80}?\best|"
    r"controller[^.]{0,100}?\bis|(?:data controller|administrator danych|responsable (?:du|de) "
    r"traitement)\s*:)\s*:?\s+(?P<name>(?:" + WORDY + r"[ ,]?\s*){1,6}?)(?=\s*(?:,|\(|z siedzib|"
    r"prowadząc|with|dont|\.\s|\.$|–|-\s|$|NIP|adres|„|\"|located|whose|établi))",
    re.IGNORECASE,
)
OWN_QUOTE = re.compile(r"\(?[^()]{0,80}?[“„\"«]\s?(?P<quoted>[^”\"»“„]{2,40}?)\s?[”\"»]")
COMMON = re.compile(
    r"^(?:the )?(?:company|we|us|our|ours|you|user|site|website|service|services|administrator\w*|"
    r"controller|my|nas|nasz|"
    r"spółka|serwis|sklep|société|nous|policy|privacy policy|client|customer|operator|usługodawca|"
    r"gdpr|rodo|rgpd)$",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    rf"(?:^|[.!?:;]\s+|, |and |that )(?P<name>{UPPER}[\w.]*\w)(?:[’']s)?\s+(?:is|may|will|shall|"
    rf"uses|collects|does|reserves|respects|"
    r"has|respecte|utilise|collecte|rozumie|zastrzega|szanuje|gromadzi|przetwarza|korzysta|jest|"
    r"może)\b"
)
PRONOUNS = frozenset(
    "we you it this they he she our your the these those that there cookies data information "
    "personal users each who what nous "
    "vous il elle ce cette on les la le my ty ona ono administrator użytkownik klient serwis "
    "strona witryna polityka google facebook "
    "company site website service services cookie policy customer user if when which article art "
    "gdpr rodo rgpd cnil nothing "
    "everyone any all no one processing consent use access section legal page browser usługodawca "
    "sklep które który to".split()
)


def legal(text: str) -> Iterator[str]:
    """Names that end in a legal form, or are followed by one in words."""
    for found in NAMED.finditer(text):
        name = re.sub(
            r"^(?:(?:The|By|We are|My|Our|and|et|i|of|de|du|the)\s+|[ld]['’])", "", found["name"]
        ).strip(" ,")
        if len(name) > len(found["form"]) + 1:
            yield name
    for found in DESCRIBED.finditer(text):
        yield found["name"].strip()
    for found in SEATED.finditer(text):
        yield found["name"].strip()


def names(document: Document) -> tuple[tuple[str, Sentence] | None, tuple[str, Sentence] | None]:
    """(legal, trading), each with its sentence."""
    chosen = _legal(document)
    return chosen, _trading(document, chosen)


def _legal(document: Document) -> tuple[str, Sentence] | None:
    counted: Counter[str] = Counter(
        name for sentence in document.sentences for name in legal(sentence.text)
    )
    best: tuple[float, str, Sentence] | None = None
    for place, sentence in enumerate(document.sentences):
        for name in legal(sentence.text):
            score = _weight(name, sentence, place, len(document.sentences), counted)
            if best is None or score > best[0]:
                best = (score, name, sentence)
    if best and best[0] >= 1.2:
        return best[1], best[2]
    return _person(document)


def _weight(name: str, sentence: Sentence, place: int, total: int, counted: Counter[str]) -> float:
    score = min(counted[name], 4) * 0.25 + (2.0 if place < 12 else 0.0)
    text = sentence.text
    if CONTROLLER.search(text):
        score += 3
    if re.search(
        r"registered|registration|zarejestrowan|KRS|NIP|RCS|SIREN|siedzib|siège|address", text, re.I
    ):
        score += 1.5
    if any(code.search(text) for _, code in POSTCODES[:4]):
        score += 1.5
    if NOT_CONTROLLER.search(text[max(0, text.find(name) - 80) : text.find(name) + len(name)]):
        score -= 5
    return score - 0.5 * place / max(total, 1)


def _person(document: Document) -> tuple[str, Sentence] | None:
    """A sole trader, an association, an office: who the sentence says is the controller."""
    for sentence in document.sentences:
        found = IS.search(sentence.text)
        if found and found["name"][:1].isupper() and len(found["name"]) < 90:
            name = found["name"].strip(" ,")
            if not COMMON.match(name) and not name.lower().startswith(("the ", "any ", "your ")):
                return name, sentence
    return None


def _trading(
    document: Document, chosen: tuple[str, Sentence] | None
) -> tuple[str, Sentence] | None:
    if chosen:
        name, sentence = chosen
        at = sentence.text.find(name)
        before = re.search(rf"({UPPER}[\w.&-]*\w)\s*\([“„\"«]?\s*$", sentence.text[:at])
        if before:
            return before[1], sentence
        after = OWN_QUOTE.match(sentence.text[at + len(name) :].lstrip(" ,"))
        if after and not COMMON.match(after["quoted"]):
            return after["quoted"], sentence
    return _subject(document)


def _subject(document: Document) -> tuple[str, Sentence] | None:
    """The name that does things again and again."""
    counted: Counter[str] = Counter()
    first: dict[str, Sentence] = {}
    for sentence in document.sentences:
        for found in SUBJECT.finditer(sentence.text):
            name = found["name"]
            if name.lower() in PRONOUNS or len(name) < 3 or not _is_brand(name, document):
                continue
            counted[name] += 1
            first.setdefault(name, sentence)
    if not counted:
        return None
    name, _ = counted.most_common(1)[0]
    return name, first[name]


def _is_brand(name: str, document: Document) -> bool:
    """Never written small, and often: a word of the language is one or the other."""
    small = re.search(rf"(?<![\w.@/-]){re.escape(name.lower())}(?![\w.@-])", document.text)
    return not small and len(re.findall(rf"\b{re.escape(name)}\b", document.text)) >= 3
