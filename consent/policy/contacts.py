"""Addresses, numbers, mail and telephone, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .document import Document, Sentence

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?![\w-])")
PHONE = re.compile(r"(?<![\w.,/+-])(?:\+\s?|00)?\(?\d[\d\s().\u00a0/-]{6,18}\d(?![\w-])")
PHONE_LABEL = re.compile(
    r"\b(?:tel(?:ephone|efon\w*|\.)?|phone|call(?: us)?|téléphone|tél\.?|fon|numer\w* telefonu|"
    r"telefoniczn\w+|mobile|infolini\w+)\b",
    re.IGNORECASE,
)
URL = re.compile(r"https?://[^\s<>()“”\"„]+[^\s<>()“”\"„.,;:]", re.IGNORECASE)
BARE_HOST = re.compile(
    r"(?<![\w@./-])(?:www\.)?(?:[a-z0-9-]+\.)+(?:com|org|net|pl|fr|eu|co\.uk|uk|io|ca|de|be|ch|"
    r"info|shop|store|app|dev|ms|"
    r"example|us|ie|lu|edu|gov|online|site|biz)(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
POSTCODES = (
    ("GB", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b")),
    ("PL", re.compile(r"(?<![\d-])\d{2}-\d{3}(?![\d-])")),
    ("CA", re.compile(r"\b[A-CEGHJ-NPR-TVXY]\d[A-Z]\s?\d[A-Z]\d\b")),
    ("US", re.compile(r"\b[A-Z]{2},?\s+\d{5}(?:-\d{4})?\b")),
    (
        "FR",
        re.compile(
            r"(?<![\d\u00a0 .,€-])(?<!\d )\b\d{5}(?=\s+[A-ZÀ-Ý])|(?<=[ "
            r",–-])\d{5}(?=\s+[A-ZÀ-Ý][\w’'-])"
        ),
    ),
)
COUNTRIES = {
    "GB": r"United Kingdom|Great Britain|England|UK|Wielka Brytania|Royaume-Uni|Scotland|Wales",
    "PL": r"Poland|Polska|Pologne",
    "FR": r"France|Francja",
    "IE": r"Ireland|Irlandia|Irlande",
    "US": r"United States(?: of America)?|USA|U\.S\.A\.|Stany Zjednoczone|États-Unis",
    "CA": r"Canada|Kanada",
    "DE": r"Germany|Niemcy|Allemagne|Deutschland",
    "BE": r"Belgium|Belgia|Belgique",
    "CH": r"Switzerland|Szwajcaria|Suisse",
    "LU": r"Luxembourg|Luksemburg",
    "NL": r"(?:The )?Netherlands|Holandia|Pays-Bas",
    "ES": r"Spain|Hiszpania|Espagne",
    "IT": r"Italy|Włochy|Italie",
    "CZ": r"Czech Republic|Czechy",
    "SE": r"Sweden",
}
COUNTRY = {code: re.compile(rf"\b(?:{words})\b") for code, words in COUNTRIES.items()}
ADDRESS_CUE = re.compile(
    r"(?:registered (?:office|address)(?: is)?(?: located)?(?: at)?|(?:postal |mailing |business |"
    r"our |company )?address(?: is)?|"
    r"pocztą pod adresem|adres\w*(?: (?:siedziby|korespondencyjny|do korespondencji|pocztowy|"
    r"rejestrowy))?(?: to)?|"
    r"z siedzibą (?:w|we|przy)(?: \w+)?,?|siège social(?: est)?(?: situé\w*)?(?: au| à)?|"
    r"adresse(?: postale)?|"
    r"domicilié\w*|situé\w* (?:au|à)?|located at|by post(?: at| to)?|write to us at|par "
    r"courrier(?: postal)?(?: à l'adresse)?)\s*:?,?\s*",
    re.IGNORECASE,
)
STREET = re.compile(
    r"\b(?:ul\.|al\.|pl\.|os\.|ulica|aleja|street|st\.|road|rd\.?|avenue|ave\.?|lane|terrace|"
    r"house|square|boulevard|blvd|rue|chemin|"
    r"place|impasse|quai|allée|way|drive|court|suite|floor|p\.?o\.? box|bp)\b",
    re.IGNORECASE,
)
VAT = re.compile(
    r"(?:VAT(?:[- ](?:number|no\.?|id|registration|ue|eu|reg\.?))*|numer(?:em)? VAT|NIP(?:[- "
    r"]UE)?|TVA(?: intra\w*)?)"
    r"[^A-Z0-9]{0,40}?(?:(?:to|is|number|no|nr|numer|est|n°|"
    r":)\W{0,4})*(?P<n>(?:[A-Z]{2}\s?)?\d[\dA-Z][\d\s-]{5,14}\d)",
    re.IGNORECASE,
)
REGISTRATION = re.compile(
    r"(?:KRS(?:[- ]?u)?|RCS(?: de)?(?: [A-ZÀ-Ý][\w-]+)?|SIRE[NT]|company (?:registration "
    r")?(?:number|no\.?)|registration number|"
    r"registered (?:in|under)(?: [A-Z]\w+)*(?: and Wales)?(?:[^.]{0,40}?(?:number|no\.?))|"
    r"zarejestrowan\w+ w \w+ pod numerem|"
    r"numer\w* (?:KRS|rejestr\w+)|immatricul\w+[^.]{0,60}?(?:numéro|n°|RCS [A-Z]\w+)|"
    r"Handelsregister)"
    r"[^\dA-Z]{0,30}?(?P<n>(?:HRB |SC|NI|OC)?\d[\d ]{5,15}\d)",
)


@dataclass(frozen=True)
class Address:
    """Each part verbatim; `country` is the ISO code of the country that is written."""

    text: str
    street: str | None
    postcode: str | None
    city: str | None
    country_name: str | None
    country: str | None

    def json(self) -> dict[str, str | None]:
        return {
            "street": self.street,
            "postcode": self.postcode,
            "city": self.city,
            "country": self.country_name,
        }


def emails(text: str) -> list[str]:
    return [found.group().rstrip(".") for found in EMAIL.finditer(text)]


def phones(text: str) -> list[str]:
    """Numbers with a country's sign, or behind a word for telephone."""
    made = []
    for found in PHONE.finditer(text):
        number = found.group().strip()
        digits = re.sub(r"\D", "", number)
        signed = number.startswith(("+", "00"))
        said = PHONE_LABEL.search(text[max(0, found.start() - 40) : found.start()])
        if 8 <= len(digits) <= 15 and (signed or said):
            made.append(number)
    return made


def addresses(document: Document) -> Iterator[tuple[Address, Sentence]]:
    """Postal addresses: behind a word for address, or a line with a postcode and a street."""
    for sentence in document.sentences:
        for found in (in_sentence(sentence.text),):
            if found:
                yield found, sentence
    yield from _over_lines(document)


def in_sentence(text: str) -> Address | None:
    for cue in ADDRESS_CUE.finditer(text):
        if made := _parts(text[cue.end() :]):
            return made
    for _, pattern in POSTCODES:
        code = pattern.search(text)
        if code and STREET.search(text[: code.start() + 60]):
            return _parts(_clipped(text, code.start()))
    return None


def _clipped(text: str, at: int) -> str:
    """From where the address begins: behind the last bracket, colon or dash before the postcode."""
    begin = max((text.rfind(sign, 0, at) for sign in (":", ";", "(", " – ", "\n")), default=-1)
    start = max(0, begin + 1)
    street = re.search(r"(?:\d+[\w/-]*\s+\S+|(?:ul|al|pl)\.\s)", text[start:at])
    return text[start + street.start() if street else start :]


def _parts(rest: str) -> Address | None:
    end = re.search(
        r";|(?<!\d)\)|\((?!\d\d-\d{3}\))|\.\s+(?=[A-ZŻŚ])(?<!ul\. )(?<!St\. )|\.$|\b(?:VAT|NIP|"
        r"KRS|REGON|tel|e-?mail|phone|"
        r"RCS|SIRE[NT]|lub|or by|oraz|and)\b|, (?:with|wpisan|zarejestr|registered|immatric|"
        r"posiad)|@",
        rest,
    )
    text = rest[: end.start()] if end else rest
    if end and re.search(r"\b(?:ul|al|pl|os|St)\.$", text + "."):
        later = re.search(
            r"[;()]|, (?:NIP|KRS|REGON|wpisan|posiad)|\.$|\.\s+[A-Z]\w+\s+[a-z]|\btel|e-?mail", rest
        )
        text = rest[: later.start()] if later else rest
    text = text.strip(" ,.–-")
    for _, pattern in POSTCODES:
        if (code := pattern.search(text)) and len(text) < 200 and len(text) > len(code.group()) + 4:
            return _decomposed(text, code)
    return None


def _decomposed(text: str, code: re.Match[str]) -> Address:
    street = text[: code.start()].strip(" ,–-\n") or None
    rest = text[code.end() :].strip(" ,–-\n")
    iso, country = next(
        ((iso, m.group()) for iso, words in COUNTRY.items() if (m := words.search(rest))),
        (None, None),
    )
    city = re.split(r"[,\n–(]", rest)[0].strip() if rest else None
    if not city and street and "," in street:  # "1 High Street, London EC1A 1BB"
        street, city = (part.strip() for part in street.rsplit(",", 1))
    postcode = re.sub(r"^[A-Z]{2},?\s+(?=\d{5})", "", code.group())
    if city and country and city == country:
        city = None
        if street and "," in street:
            street, city = (part.strip() for part in street.rsplit(",", 1))
    return Address(text, street, postcode, city, country, iso)


def _over_lines(document: Document) -> Iterator[tuple[Address, Sentence]]:
    """A street on one line, the postcode and the town on the next."""
    blocks = document.blocks
    for number in range(1, len(blocks)):
        line, above = blocks[number], blocks[number - 1]
        if len(line.text) > 70 or len(above.text) > 80:
            continue
        for _, pattern in POSTCODES:
            code = pattern.match(line.text)
            if code and (STREET.search(above.text) or re.search(r"\d", above.text)):
                made = _decomposed(line.text, code)
                street = re.sub(r"^[^:]{0,20}:\s*", "", above.text).strip(" ,")
                where = Sentence(line.text, line.line, number, line.language)
                yield (
                    Address(
                        line.text, street, made.postcode, made.city, made.country_name, made.country
                    ),
                    where,
                )
