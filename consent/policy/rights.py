"""Which rights a policy names, how soon it answers, and to whom one may complain."""

from __future__ import annotations

import re
from typing import Any

from .document import Document, Sentence
from .facts import Facts, Source, source
from .words import period_in

ANY_CASE = re.IGNORECASE
RIGHT = re.compile(
    r"\brights?\b|\brequest|\byou (?:can|may)\b|praw\w*\b|żąda\w*|możesz|\bdroits?\b|pouvez|demand",
    ANY_CASE,
)
RIGHTS = {
    "information": r"right to (?:be )?inform|prawo do (?:bycia poinform|informacj)|droit (?:à "
    r"l['’]|d['’])information",
    "access": r"\baccess\b|\bsee\b(?! (?:how|what|which|why|our|section|below|above))"
    r"[^.]{0,90}\byour (?:personal )?(?:data|information)|dostęp\w*|\baccès\b|"
    r"copy of (?:your|the) (?:personal )?data|kopi[ię] "
    r"(?:swoich|danych)",
    "rectification": r"rectif|correct|\bchange\b|\bupdate\b|inaccura|sprostowa|popraw\w+|aktualiz|"
    r"rectification|corriger",
    "erasure": r"eras(?:e|ure)|\bdelet|forgotten|usunię|usuwa|zapomnian|effacement|suppression|"
    r"l['’]oubli|supprimer",
    "restriction": r"restrict(?:ion)?|limit(?:ation)? (?:of )?(?:the )?processing|ogranicz|"
    r"limitation",
    "portability": r"portab|przenosz|przeniesi|transmit|"
    r"\bmove\b[^.]{0,60}\byour (?:personal )?(?:data|information)",
    "objection": r"\bobject(?:ion)?\b|sprzeciw|opposition|opposer",
    "automated_decisions": r"automated|profiling|zautomatyzowan|profilowani|automatisée|profilage",
    "consent_withdrawal": r"withdraw\w*|revoke|cofn\w+|cofani|wycof\w+|odwoła\w*|retir\w+|retrait",
    "complaint": r"(?:lodge|file|submit|make|right to|wnie\w+|złoż\w+|wniesi\w+|introdui\w+|"
    r"dépos\w+|adress\w+|form\w+)\b.{0,40}(?:complain|"
    r"skarg|réclamation|plainte)|(?:complain|skarg|réclamation|plainte).{0,80}(?:authorit|"
    r"commission|regulator|\bICO\b|organ|CNIL|UODO)",
    "posthumous_directives": r"posthum|after your (?:death|passing)|après (?:votre|leur|son) "
    r"(?:mort|décès)|post-mortem",
}
WORDS = {name: re.compile(rf"(?:{words})", ANY_CASE) for name, words in RIGHTS.items()}
COMPLAIN = re.compile(r"complain|skarg|réclamation|plainte|saisir|contact(?:er)? la cnil", ANY_CASE)
AUTHORITIES = (
    ("GB", r"Information Commissioner[’']?s[’']? Office(?: \(ICO\))?|\bICO\b"),
    (
        "PL",
        r"Prezes\w* Urzędu Ochrony Danych Osobowych(?: \(?(?:PUODO|UODO)\)?)?|Urz[ąę]d\w* Ochrony "
        r"Danych Osobowych|P?UODO\b|"
        r"(?:President of the )?(?:Polish )?(?:Personal )?Data Protection Office(?! of)",
    ),
    (
        "FR",
        r"Commission [Nn]ationale (?:de l['’])?[Ii]nformatique et (?:des )?[Ll]ibertés(?: "
        r"\(CNIL\))?|\bCNIL\b",
    ),
    ("CA-QC", r"Commission d['’]accès à l['’]information(?: du Québec)?|\bCAI\b"),
    (
        "CA",
        r"(?:Office of the )?Privacy Commissioner of Canada|Commissariat à la protection de la "
        r"vie privée",
    ),
    ("US-CA", r"California Privacy Protection Agency|California Attorney General"),
    ("IE", r"(?:Irish )?Data Protection Commission(?:er)?\b"),
    (
        "DE",
        r"Bundesbeauftragte\w* für den Datenschutz|Landesbeauftragte\w* für (?:den "
        r")?Datenschutz[\w ]*|Berliner Beauftragte[\w ]*",
    ),
    ("ES", r"Agencia Española de Protección de Datos|AEPD"),
    ("IT", r"Garante(?: per la protezione dei dati personali)?"),
    ("NL", r"Autoriteit Persoonsgegevens"),
    ("BE", r"Autorité de protection des données|Gegevensbeschermingsautoriteit"),
    ("CH", r"Federal Data Protection and Information Commissioner|FDPIC|PFPDT|EDÖB"),
    ("LU", r"CNPD"),
)
AUTHORITY = tuple((code, re.compile(words)) for code, words in AUTHORITIES)
ANSWER = re.compile(
    r"respon(?:d|se)|repl(?:y|ies)|answer|handled?|compl(?:y|ied)|act on|process(?:ed)? (?:your|"
    r"the|all) request|deal with|"
    r"provide (?:you with )?(?:the |this )?information|odpow\w+|rozpatrz\w*|rozpatru\w*|udziel\w+|"
    r"zrealiz\w+|realiz\w+|répond\w+|réponse|"
    r"traiter|traité\w*|donner suite",
    ANY_CASE,
)
REQUEST = re.compile(
    r"\brequests?\b|wnios\w+|żądani\w+|zapytani\w+|demandes?\b|exerc\w+|inquir", ANY_CASE
)
WE_ANSWER = re.compile(
    r"\bwe (?:will |shall )?(?:reply|respond|answer)|odpowiadamy|odpowiemy|répond(?:r)?ons",
    ANY_CASE,
)
OF_RIGHTS = re.compile(r"\byour rights?\b|\bpraw[ao]?\b|\bvos droits\b|\bdroits? d", ANY_CASE)
SOON = re.compile(
    r"as soon as (?:possible|reasonably)|without undue delay|in a timely manner|reasonable "
    r"time(?:frame)?|bez zbędnej zwłoki|"
    r"niezwłocznie|jak najszybciej|dans les meilleurs délais|dès que possible|promptly",
    ANY_CASE,
)
FREE = re.compile(
    r"free of charge|no (?:fee|charge)|bezpłatn\w+|żadna opłata|nieodpłatn\w+|gratuit\w*|sans "
    r"frais",
    ANY_CASE,
)


def listed(document: Document) -> dict[str, Source]:
    """Each right that a sentence grants, with the first such sentence."""
    found: dict[str, Source] = {}
    about = -99
    for number, block in enumerate(document.blocks):
        heading = bool(
            re.search(r"\b(?:rights?|praw[ao]?\b|prawa|droits?)\b", block.text, ANY_CASE)
        )
        if RESERVED.search(block.text):
            heading = False
        if heading and (block.kind == "heading" or block.text.rstrip().endswith(":")):
            about = number
        near = 0 <= number - about <= 14 and len(block.text) < 700
        for sentence in document.sentences_of(number):
            if RESERVED.search(sentence.text):
                continue  # a right of the company, not of the visitor
            if near or (RIGHT.search(sentence.text) and _of_data(sentence.text)):
                for name, words in WORDS.items():
                    if words.search(sentence.text):
                        found.setdefault(name, source(sentence))
    return found


RESERVED = re.compile(
    r"reserv\w+ (?:the|its|our|all) rights?|zastrzega\w* sobie praw|se réserv\w+ (?:le|tout) droit",
    ANY_CASE,
)
DATA = re.compile(
    r"\bdata\b|information\b|consent|processing|\bdan\w{1,4}\b|zgod\w+|przetwarzani|informacj|"
    r"données|consentement|traitement|"
    r"complain|skarg|réclamation|authority|organ\w*\b|opt out",
    ANY_CASE,
)


def _of_data(text: str) -> bool:
    return bool(DATA.search(text))


def authority(document: Document) -> tuple[str, str, Sentence] | None:
    """(name as written, country, sentence) of the authority one may complain to."""
    for number, block in enumerate(document.blocks):
        if not COMPLAIN.search(block.text):
            continue
        around = [*document.sentences_of(number)]
        if number + 1 < len(document.blocks) and len(document.blocks[number + 1].text) < 400:
            around += document.sentences_of(number + 1)
        for sentence in around:
            if found := named_authority(sentence.text):
                return *found, sentence
    return None


def named_authority(text: str) -> tuple[str, str] | None:
    best: tuple[int, str, str] | None = None
    for code, words in AUTHORITY:
        if (found := words.search(text)) and (best is None or found.start() < best[0]):
            best = (found.start(), found.group(), code)
    return best[1:] if best else None


def complaint_to_somebody(document: Document) -> Sentence | None:
    """A sentence that speaks of a complaint to an authority, even without its name."""
    words = re.compile(
        r"supervisory authorit|data protection authorit|regulator\b|organ\w* nadzorcz|autorité de "
        r"contrôle|"
        r"autorité (?:compétente|de protection)|privacy commissioner|information commissioner",
        ANY_CASE,
    )
    for number, block in enumerate(document.blocks):
        if COMPLAIN.search(block.text) and words.search(block.text):
            return next(s for s in document.sentences_of(number))
    return None


def deadline(document: Document) -> tuple[int | None, str, Sentence] | None:
    """(days, as written, sentence) in which requests are answered; days None for "soon"."""
    soon: tuple[int | None, str, Sentence] | None = None
    heading = ""
    for number, block in enumerate(document.blocks):
        if block.kind == "heading":
            heading = block.text
        sentences = document.sentences_of(number)
        about = any(REQUEST.search(s.text) for s in sentences) or bool(
            WE_ANSWER.search(block.text) and OF_RIGHTS.search(f"{heading}\n{block.text}")
        )
        for sentence in sentences:
            text = sentence.text
            if not ANSWER.search(text) or not (REQUEST.search(text) or (about and len(text) < 250)):
                continue
            if (period := period_in(text)) and _in_time(text, period[1]):
                return _days(period[0]), period[1], sentence
            if (found := SOON.search(text)) and soon is None:
                soon = (None, found.group(), sentence)
    return soon


def _in_time(text: str, period: str) -> bool:
    before = (text[: text.find(period)] + period)[-45 - len(period) :]
    return bool(
        re.search(
            r"\b(?:within|in\b|no later|at most|up to|termin|ciągu|do\b|przed|(?:naj)?później|"
            r"délai|dans|sous|maximum|under)",
            before,
            ANY_CASE,
        )
    )


def _days(period: dict[str, Any]) -> int:
    factor = {"day": 1, "month": 30, "year": 365, "hour": 0, "minute": 0, "second": 0}[
        period["unit"]
    ]
    return int(period["value"]) * factor


def facts(document: Document) -> tuple[Facts, dict[str, Source]]:
    made = Facts()
    if until := deadline(document):
        days, text, sentence = until
        made.put("deadline_days", days, sentence)
        made.put("deadline_text", text, sentence)
    for sentence in document.sentences:
        if FREE.search(sentence.text) and (
            RIGHT.search(sentence.text) or ANSWER.search(sentence.text)
        ):
            made.put("free_of_charge", True, sentence)
    if known := authority(document):
        made.put("complaint_authority", known[0], known[2])
    return made, listed(document)
