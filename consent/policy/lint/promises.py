"""Rules on what a policy promises and then takes back, and on what it leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..document import Sentence
from ..facts import source
from ..statements import OUTSIDE, ages
from ..words import seconds
from .found import Case, Hit, at

ANY_CASE = re.IGNORECASE
NEVER_SHARED = re.compile(
    r"(?:never|not|nor)\b.{0,80}(?:shar|disclos|transfer|distribut|publish|broadcast|sell|provid|"
    r"reveal|pass|giv)\w*.{0,140}third part.{0,60}"
    r"(?:for any (?:reason|purpose)|under any circumstances|whatsoever)|"
    r"(?:never|under no circumstances)\b.{0,60}(?:shar|disclos|transfer|distribut|sell|pass|"
    r"giv)\w*.{0,80}(?:any|with|to) third part|"
    r"nie (?:będziemy |\w+ )?(?:udostępni|przekaz|ujawni|sprzeda)\w*.{0,100}(?:stron\w+ trzeci|"
    r"osob\w+ trzeci|podmiot\w+ trzeci).{0,60}"
    r"(?:w żadnym|pod żadnym|nigdy)|nigdy nie (?:udostępni|przekaz|ujawni|"
    r"sprzeda)\w*.{0,100}(?:trzeci)|"
    r"(?:jamais|en aucun cas|sous aucun).{0,100}(?:partag|communiqu|transm|divulg|vend|"
    r"céd)\w*.{0,80}tiers|"
    r"ne (?:partag|communiqu|transm|divulg|vend|céd)\w*.{0,80}(?:en aucun cas|jamais|aucune? "
    r").{0,60}tiers",
    ANY_CASE,
)
EXCEPT = re.compile(
    r"\b(?:except|unless|without your|other than as|save (?:as|where)|chyba że|z wyjątkiem|bez "
    r"(?:Twojej|Państwa) zgody|sauf|sans votre)\b",
    ANY_CASE,
)
SHARED = re.compile(
    r"(?:may|can|will|might|sometimes|could)\b(?!.{0,12}\b(?:not|never)\b).{0,80}(?:shar|disclos|"
    r"provid|communicat|transfer|reveal|pass)\w*.{0,120}(?:third part|partners|advertisers|"
    r"service providers)|\bprovid\w+ information to third part|right to transfer.{0,80}third part|"
    r"(?:umow\w+ ze stron\w+ trzeci|(?:możemy|mogą|może)(?! nie).{0,80}(?:udostępni|przekaz|"
    r"ujawni)\w*.{0,100}(?:trzeci|partner|reklamodawc|podmiot|dostawc)|"
    r"osoby trzecie mogą wymagać|stron trzecich są (?:używane|umieszczane))|"
    r"(?:pouvons|peuvent|pourrons|susceptibles?).{0,60}(?:partag|communiqu|transm|"
    r"divulg)\w*.{0,100}(?:tiers|partenaires|prestataires|annonceurs)",
    ANY_CASE,
)
NEVER_COLLECTED = re.compile(
    r"never (?:knowingly )?collect.{0,120}unless.{0,80}(?:voluntar|provid|giv)|(?:do|does|will) "
    r"not collect any (?:personal|personally).{0,80}unless.{0,60}"
    r"(?:voluntar|provid|submit|giv)|nie (?:zbieramy|gromadzimy|pozyskujemy).{0,100}(?:chyba że|o "
    r"ile|jeśli nie).{0,60}(?:dobrowoln|poda)|"
    r"ne (?:collect|recueill)\w+.{0,100}(?:sauf si|à moins).{0,80}(?:volontair|fourni|communiqu)",
    ANY_CASE,
)
COLLECTED = re.compile(
    r"statist|visits|IP address|automatic\w* collect|analytic|adres\w* IP|automatycz\w+ (?:zbier|"
    r"gromadz)|adresse IP|audience",
    ANY_CASE,
)
ONLY_IN = re.compile(
    r"\b(?:only|exclusively|solely|wyłącznie|jedynie|tylko|uniquement|exclusivement|seulement)\b",
    ANY_CASE,
)
EEA = re.compile(
    r"European Economic Area|\bEEA\b|European Union|\bEU\b|Europejskiego Obszaru|\bEOG\b|Unii "
    r"Europejskiej|Espace économique|\bEEE\b|Union européenne"
)
KEPT = re.compile(
    r"stor|host|process|kept|held|przechow|przetwarz|serwer|héberg|stock|conserv|trait", ANY_CASE
)
OWNER = re.compile(
    r"(?:sole|exclusive|absolute) owners? of (?:all )?(?:the |any |your )?(?:personal "
    r")?(?:information|data)|owns? all (?:the )?(?:information|data)|"
    r"(?:wyłączn\w+|jedyn\w+) właściciel\w+ (?:wszystkich |wszelkich |zebranych )?(?:danych|"
    r"informacji)|(?:seule? |unique )?propriétaires? (?:exclusi\w+ )?(?:de toutes |"
    r"des |de l['’]ensemble des )(?:les )?(?:données|informations)",
    ANY_CASE,
)
SUPERLATIVE = re.compile(
    r"most (?:secure|recent|advanced)|100 ?%|completely (?:safe|secure)|absolute(?:ly)? secur|"
    r"totally secure|w pełni bezpieczn|całkowicie bezpieczn|stuprocentow|najnowocześniejsz|"
    r"najbezpieczniejsz|totalement sécuris|sécurité (?:absolue|totale)|plus (?:sûrs|récents)",
    ANY_CASE,
)
DISCLAIMER = re.compile(
    r"(?:not|no|any) (?:make any )?(?:statement or )?(?:guarantee|warrant)|own risk|cannot (?:be "
    r")?guarantee|nie (?:gwarantuj|możemy zagwarantować|ponosi)|własne ryzyko|propres? risques|ne "
    r"(?:peut|pouvons).{0,20}garantir",
    ANY_CASE,
)
OLD_TLS = re.compile(r"Secure Sockets? Layer|\bSSL\b(?! ?/ ?TLS)", re.IGNORECASE)
FIELDS = re.compile(
    r"\b(?:name|address|e-?mail|phone|imi[ęe]|nazwisk\w*|adres\w*|telefon\w*|nom|adresse|"
    r"téléphone)\b",
    ANY_CASE,
)
GATHER = re.compile(
    r"collect|provid|requir|request|obtain|gather|fill|submit|zbier|gromadz|poda\w|przetwarz|"
    r"recueill|collect|fourni|renseign|demand",
    ANY_CASE,
)
PERSONAL = re.compile(
    r"personal|contact|billing|payment|information such|specific information|osobow|kontaktow|"
    r"dane takie|personnel|coordonnées|informations? (?:telles|comme)",
    ANY_CASE,
)
OPEN = re.compile(
    r"\betc\b\.?|\band (?:any )?other (?:personal )?(?:information|data)\b(?! (?:about|we|that we|"
    r"required by))|\bitp\.|\bitd\.|i inne (?:informacje|dane)|et autres (?:informations|données)",
    ANY_CASE,
)
INVOICE = re.compile(r"invoic|billing|faktur|rachunk|księgow|factur|comptab", ANY_CASE)
YEAR = 365 * 86400


def shared(case: Case) -> Iterator[Hit]:
    against = [
        s
        for s in case.matching(SHARED)
        if not re.search(r"\b(?:anonymi[sz]ed|aggregat|zanonimizowan|zagregowan)", s.text, ANY_CASE)
    ]
    third = [t for t in case.named if t.get("party") == "third"]
    for sentence in case.matching(NEVER_SHARED):
        if EXCEPT.search(sentence.flat):
            continue
        also = [at(s) for s in against if s != sentence]
        also += [t.facts.sources["name"] for t in third]
        if also:
            names = ", ".join(str(t.name) for t in third) or "–"
            yield Hit("PROMISE-CONFLICT", at(sentence), tuple(also[:12]), {"names": names})


def collected(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(NEVER_COLLECTED):
        against = [
            s
            for s in case.matching(COLLECTED)
            if s != sentence and re.search(r"cookie|automat|IP\b|ciastecz", s.text, ANY_CASE)
        ]
        if against:
            yield Hit("NEVER-COLLECT-CONFLICT", at(sentence), tuple(at(s) for s in against[:3]))


def area(case: Case) -> Iterator[Hit]:
    outside = [s for s in case.matching(OUTSIDE) if not ONLY_IN.search(s.flat) and not _denied(s)]
    for sentence in case.matching(ONLY_IN):
        close = re.search(rf"{ONLY_IN.pattern}.{{0,80}}(?:{EEA.pattern})", sentence.flat)
        if (
            close
            and KEPT.search(sentence.flat)
            and outside
            and not re.search(r"if|when|jeśli|gdy|si\b", close.group(), ANY_CASE)
        ):
            yield Hit("EEA-CONFLICT", at(sentence), tuple(at(s) for s in outside[:4]))


def _denied(sentence: Sentence) -> bool:
    return bool(
        re.search(
            r"\b(?:not|never|no|nie|ne|aucun)\b.{0,60}(?:transfer|przekaz|transf)",
            sentence.flat,
            ANY_CASE,
        )
    )


def owner(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(OWNER):
        yield Hit("OWNERSHIP-CLAIM", at(sentence))


def security(case: Case) -> Iterator[Hit]:
    for number, block in enumerate(case.document.blocks):
        if SUPERLATIVE.search(block.text) and DISCLAIMER.search(block.text):
            said = case.document.sentences_of(number)
            boast = next(s for s in said if SUPERLATIVE.search(s.flat))
            also = tuple(at(s) for s in said if DISCLAIMER.search(s.flat))
            yield Hit("SECURITY-CLAIM", at(boast), also)
    old = [s for s in case.matching(OLD_TLS) if not re.search(r"\bTLS\b", s.text)]
    if old:
        worse = bool(re.search(r"Internet Explorer", old[0].flat))
        yield Hit(
            "SECURITY-CLAIM",
            at(old[0]),
            tuple(at(s) for s in old[1:4]),
            severity="" if worse else "info",
        )


def open_ended(case: Case) -> Iterator[Hit]:
    for sentence in case.document.sentences:
        text = sentence.flat
        listed = len(FIELDS.findall(text)) >= 2 and PERSONAL.search(text) and GATHER.search(text)
        if listed and OPEN.search(text):
            yield Hit("OPEN-ENDED-LIST", at(sentence))


def retention(case: Case) -> Iterator[Hit]:
    if not case.about_people:
        return
    known = case.draft.retention
    place = (
        case.heading(
            re.compile(r"retention|how long|przechowyw|okres|conservation|durée", ANY_CASE)
        )
        or case.title
    )
    if not known:
        yield Hit("NO-RETENTION", place)
        yield Hit("RETENTION-VAGUE", place)
    elif not any(one.period for one in known):
        yield Hit("RETENTION-VAGUE", at(known[0].sentence))


def invoice(case: Case) -> Iterator[Hit]:
    for one in case.draft.retention:
        if (
            one.period
            and "value" in one.period
            and INVOICE.search(f"{one.what or ''} {one.sentence.flat}")
        ):
            if seconds(one.period) < YEAR:
                yield Hit("INVOICE-RETENTION", at(one.sentence))


def age(case: Case) -> Iterator[Hit]:
    """A number and its word differ, or one paragraph without countries has two limits."""
    known = ages(case.document)
    for years, written, sentence in known:
        word = re.search(
            r"(thirteen|fourteen|fifteen|sixteen|seventeen|eighteen)\s*\((\d\d)\)",
            written,
            ANY_CASE,
        )
        if word and WORDS[word[1].lower()] != int(word[2]):
            yield Hit(
                "AGE-CONFLICT", at(sentence), values={"ages": f"{WORDS[word[1].lower()]} / {years}"}
            )
            return
    for block in {s.block for _, _, s in known}:
        here = [(n, s) for n, _, s in known if s.block == block]
        numbers = sorted({n for n, _ in here})
        if len(numbers) > 1 and not REGION.search(case.document.blocks[block].text):
            last = source(here[-1][1])
            yield Hit(
                "AGE-CONFLICT", source(here[0][1]), (last,), {"ages": " / ".join(map(str, numbers))}
            )
            return


WORDS = {
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
}
REGION = re.compile(
    r"California|\bEU\b|\bEEA\b|Europe|countr|jurisdiction|COPPA|CCPA|United Kingdom|kraj|państw|"
    r"pays|GDPR|RODO|RGPD"
)

RULES = (shared, collected, area, owner, security, open_ended, retention, invoice, age)
