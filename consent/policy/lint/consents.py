"""Rules on consent: what is taken for it, what it is tied to, how it is taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..document import Sentence
from ..words import COOKIES
from .found import Case, Hit, at

ANY_CASE = re.IGNORECASE
IMPLIED = re.compile(
    r"\bby (?:using|accessing|visiting|browsing|continuing|remaining|entering)\b(?:(?!click|"
    r"button|banner|settings).){0,120}?\b(?:you|user\w*|"
    r"visitors?)\b (?:\w+ ){0,2}(?:agree|accept|consent|acknowledge)|"
    r"\b(?:continu\w+|use of|using|access\w*|browsing|visiting)\b.{0,80}\b(?:indicates|"
    r"constitutes|means|signif\w+|implies|"
    r"confirms|(?:will|shall|is|are) (?:be )?(?:deemed|considered|taken))\b.{0,60}\b(?:assent|"
    r"accept\w*|consent|agree\w*)|"
    r"deemed (?:to )?(?:have |be )?(?:accept|agree|consent|given)\w*|accept\w* .{0,40}deemed|"
    r"\bdo not use (?:the|this|our)\b.{0,80}if you do not (?:agree|accept|consent)|"
    r"(?:korzystając|używając|pozostając|kontynuując|przeglądając|odwiedzając|dalsze korzystanie|"
    r"korzystanie|kontynuowanie|"
    r"kontynuacja)(?:(?!przycisk|baner|klik|ustawie|panel).){0,140}?(?:wyrażasz (?:\w+ )?zgod|"
    r"wyraża (?:\w+ )?zgod|zgadzasz się|zgadza się|akceptujesz|"
    r"akceptuje |oznacza (?:\w+ ){0,2}(?:zgod|akceptacj)|jest równoznaczne)|"
    r"uznaje się,? że akceptacj|uznan\w+.{0,20}za(?:akceptowan)|"
    r"(?:pierwszym|dalszym) korzystaniu.{0,80}akceptujesz|"
    r"en (?:utilisant|naviguant|poursuivant|continuant|accédant|visitant|consultant)(?:(?!cliqu|"
    r"bouton|bandeau).){0,120}?(?:acceptez|consentez|"
    r"reconnaissez)|poursuite de (?:votre|la|sa) (?:navigation|visite).{0,50}(?:vaut|constitue|"
    r"signifie|implique|emporte)|"
    r"réputée?s? (?:avoir )?(?:accepté|consenti)",
    ANY_CASE,
)
STOP = re.compile(
    r"(?:if you (?:do not|don['’]t) (?:agree|accept)|jeśli nie (?:akceptujesz|zgadzasz)|si vous "
    r"n['’](?:acceptez|êtes) pas).{0,160}"
    r"(?:discontinu\w+|stop|leave|refrain|cease|do not use|zaprzesta\w+|opuś\w+|nie korzystaj|"
    r"cess\w+|quitt\w+|n['’]utilisez pas)",
    ANY_CASE,
)
NOT_IMPLIED = re.compile(
    r"(?:does|do|is|are) not (?:mean|constitute|imply|consent|an act|deemed)|never (?:mean|"
    r"constitute|imply)|nie (?:oznacza|stanowi|jest (?:zgod|równozn))|"
    r"ne (?:vaut|constitue|signifie|signifient) pas|n['’]est pas (?:un )?(?:consent|accept)",
    ANY_CASE,
)
TERMS_ONLY = re.compile(
    r"terms of (?:service|use)|regulamin(?:u|em)?\b|conditions générales", ANY_CASE
)
CHANGE = r"(?:chang|modif|amend|revis|updat|zmien|zmian|modyfik|aktualiz)\w*"
SILENT = re.compile(
    rf"{CHANGE}.{{0,200}}(?:without (?:any |prior |further |giving |previous )*notice|bez (?:\w+ "
    rf")?(?:powiadomieni|uprzedzeni|zawiadomieni|informowani)\w*|"
    r"sans (?:préavis|notification|avis|vous (?:en )?(?:avertir|informer|prévenir))(?: "
    r"préalable)?)|"
    rf"(?:without (?:any |prior |further )*notice|bez (?:\w+ )?(?:powiadomieni|uprzedzeni)\w+|"
    rf"sans préavis).{{0,100}}{CHANGE}",
    ANY_CASE,
)
OF_A_TEXT = re.compile(
    r"polic(?:y|ies)|terms|(?:privacy|cookie|this) notice|statement|polity\w+|regulamin\w*|"
    r"zasad\w*|warunk\w+|politique|"
    r"conditions|charte|mentions",
    ANY_CASE,
)
NEGATED = re.compile(r"\b(?:not|never|nie|ne|jamais)\b.{0,40}$", ANY_CASE)
WALL = re.compile(
    rf"\b(?:must|have to|required to|need to)\b (?:\w+ )?(?:accept|allow|enable) (?:\w+ "
    rf"){{0,2}}{COOKIES.pattern}|"
    rf"(?:cannot|can not|may not|unable to) (?:use|access|visit).{{0,60}}(?:without|unless "
    rf"you).{{0,30}}(?:accept\w*|consent\w*).{{0,20}}{COOKIES.pattern}|"
    rf"(?:musisz|należy|trzeba|konieczne jest|warunkiem (?:korzystania|"
    rf"dostępu)).{{0,60}}(?:zaakceptowa\w+|akceptacj\w+|zgod\w+ na).{{0,20}}{COOKIES.pattern}|"
    rf"(?:devez|doit|faut|obligatoire d['’]).{{0,20}}(?:accepter|"
    rf"autoriser).{{0,20}}{COOKIES.pattern}|"
    rf"l['’]acceptation des {COOKIES.pattern}.{{0,20}}(?:obligatoire|requise|condition)",
    ANY_CASE,
)
NO_WALL = re.compile(
    r"do(?:es)? not (?:have|need)|don['’]t|not required|nie (?:musisz|trzeba|jest)|n['’]est pas|"
    r"ne (?:devez|doit)|necessary cookies|strictly|niezbędn|nécessaires",
    ANY_CASE,
)
BUNDLED = re.compile(
    r"\bautomatically (?:consent|agree|subscrib|opt)\w*.{0,80}(?:receiv|communicat|marketing|"
    r"promot|newsletter|e-?mails?|messages)|"
    r"\bby (?:registering|creating|opening|signing up|placing|ordering|purchasing|subscribing|"
    r"providing).{0,120}(?:agree|consent|accept).{0,60}"
    r"(?:marketing|promot|newsletter|advertis|commercial)|"
    r"(?:zakładając konto|rejestrując|rejestracja|składając zamówienie|założenie konta|"
    r"podając).{0,120}(?:wyraża\w*|zgod\w*|zgadza\w*).{0,80}"
    r"(?:marketing|newsletter|handlow|reklam|promocyj)|"
    r"en (?:créant|ouvrant|vous inscrivant|passant commande|validant).{0,120}(?:acceptez|"
    r"consentez).{0,80}(?:prospection|newsletter|commercial|publicit|marketing)",
    ANY_CASE,
)
NOT_BUYING = re.compile(
    r"(?:shared?|sharing|disclos\w+|udostępni\w+|przekaz\w+|partag\w+|transmi\w+|"
    r"communiqu\w+).{0,160}(?:(?:opt|choose|decide|elect|wish|prefer) not to "
    r"(?:purchase|buy|use|order|subscribe)|(?:refrain from|avoid) (?:purchas|buy|us)|(?:nie "
    r"(?:kupować|kupuj|korzystaj|zamawiaj|dokonuj)|zrezygnuj z "
    r"(?:zakupu|usługi))|ne pas (?:acheter|commander|souscrire|utiliser))",
    ANY_CASE,
)
PATH = re.compile(
    r"(?:withdraw\w*|revok\w+|chang\w+|modify|manag\w+|adjust|updat\w+|cofn\w+|cofa\w*|wycof\w+|"
    r"zmieni\w*|odwoła\w*|zarządza\w*|retir\w+|modifi\w+|"
    r"révoqu\w+|gér\w+|revenir).{0,140}(?:consent|choices?|preferences?|settings|cookies?|zgod\w*|"
    r"wyb[óo]r\w*|ustawie\w+|preferencj\w+|choix|consentement|"
    r"préférences|paramètres)",
    ANY_CASE,
)
BY_WHAT = re.compile(
    r"\b(?:links?|buttons?|icon|click\w*|banner|footer|panel|pane|cent(?:er|re)|tool|cookie "
    r"settings|consent (?:tool|manager)|widget|e-?mail|contact us|by writing|"
    r"link\w*|przycisk\w*|klik\w+|stop(?:ce|ka|ki)|baner\w*|panel\w*|ikon\w+|odnośnik\w*|mailowo|"
    r"kontaktując|lien|bouton|cliqu\w+|bandeau|pied de page|icône|"
    r"gestionnaire|module|contactant|écrivant)\b|@|[“\"„«][^”\"»]{3,40}(?:settings|preferences|"
    r"ustawienia|paramètres|cookies?)",
    ANY_CASE,
)
OWN_CONTROLS = re.compile(
    r"controls? (?:that )?we provide|kontroli,? które zapewniamy|outils? (?:que )?nous (?:mettons|"
    r"fournissons)",
    ANY_CASE,
)
BROWSER = re.compile(r"browser|przeglądar|navigateur", ANY_CASE)
NEWSLETTER = re.compile(
    r"newsletter|unsubscrib|marketing e-?mail|account settings|désabonn|subskrypcj", ANY_CASE
)
HARMLESS = re.compile(
    r"(?:refus\w+|reject\w*|declin\w+|not (?:consent|accept)\w*|deny\w*|odmow\w+|odrzuc\w+|brak "
    r"zgody).{0,160}(?:(?:not|no) (?:\w+ )?(?:impede|affect|prevent|impact|limit)|"
    r"nie (?:\w+ )?(?:zakłóc\w+|wpły\w+|ogranicz\w+|uniemożliw\w+|utrudni\w+)|n['’](?:affect|"
    r"empêch|a (?:pas d['’]|aucun )(?:impact|incidence|influence))|"
    r"ne (?:bloqu|limit|perturb)\w+ pas)",
    ANY_CASE,
)
HARMFUL = re.compile(
    r"(?:certain|some|niektóre|pewne|certaines)\b.{0,20}(?:features|functions?|parts|areas|"
    r"funkcj\w+|elementy|części|fonctionnalités|parties|services).{0,60}"
    r"(?:(?:may|might|will|could) not|not (?:work|function|be)|unavailable|mogą nie|nie (?:będą|"
    r"działa|mus)|(?:ne|n['’])\s?\w+ (?:pas|plus)|indisponibles|limitées)",
    ANY_CASE,
)
REFUSING = re.compile(
    r"refus|reject|deny|declin|not accept|disable|odmów|odmow|odrzuc|zablok|refus|désactiv",
    ANY_CASE,
)
INTEREST = re.compile(
    r"(?:based on|rely on|rooted in|necessary for|basis is|oparci\w+ o|podstaw\w+ jest|fondé\w* "
    r"sur|repose sur).{0,60}(?:legitimate interest|uzasadnion\w+ interes|intérêts? légitime)",
    ANY_CASE,
)
IF_CONSENT = re.compile(
    r"if you (?:give (?:us )?(?:your )?)?consent|you (?:have )?(?:given|provide[d]?) (?:us "
    r")?(?:with )?your consent|jeśli (?:wyrazi|udzieli)\w+ zgod|si vous (?:y )?(?:consentez|"
    r"donnez votre consentement)",
    ANY_CASE,
)
BASIS_CONSENT = re.compile(
    r"(?:rely on|based on|basis (?:is|of)) (?:your )?(?:explicit |prior )?consent|(?:given|gave) "
    r"us explicit consent|consent-based|podstaw\w+ (?:prawn\w+ )?(?:jest |stanowi )?(?:Twoj\w+ |"
    r"Pani\w* )?zgod|art\. 6 ust\. 1 lit\. a|6\(1\)\(a\)|fondé\w* sur (?:votre )?consentement",
    ANY_CASE,
)


def implied(case: Case) -> Iterator[Hit]:
    asks = case.first(re.compile(r"pop-?up|banner|wyskakując|baner|bandeau|fenêtre", ANY_CASE))
    for sentence in case.document.sentences:
        if NOT_IMPLIED.search(sentence.flat):
            continue
        strong = IMPLIED.search(sentence.flat)
        if not strong and not STOP.search(sentence.flat):
            continue
        if TERMS_ONLY.search(sentence.flat) and not OF_PRIVACY.search(sentence.flat):
            continue
        also = (at(asks),) if asks and asks != sentence and strong else ()
        yield Hit("IMPLIED-CONSENT", at(sentence), also, severity="" if strong else "warning")


OF_PRIVACY = re.compile(
    r"privacy|cookie|personal|data|prywatno|danych|dane|confidentialité|données|polic|polity|"
    r"consent|zgod",
    ANY_CASE,
)


def silent(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(SILENT):
        found = SILENT.search(sentence.flat)
        if (
            found
            and OF_A_TEXT.search(sentence.flat)
            and not NEGATED.search(sentence.flat[: found.start()])
        ):
            yield Hit("SILENT-CHANGE", at(sentence))


def wall(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(WALL):
        if not NO_WALL.search(sentence.flat):
            optional = case.first(
                re.compile(
                    rf"(?:option to|may|can|możesz|pouvez).{{0,30}}(?:disable|refus|reject|block|"
                    rf"wyłącz|odrzuc|zablok|désactiv)\w*.{{0,30}}{COOKIES.pattern}",
                    ANY_CASE,
                )
            )
            yield Hit("COOKIE-WALL", at(sentence), (at(optional),) if optional else ())


def bundled(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(BUNDLED):
        if not re.search(
            r"\b(?:not|nie|ne)\b (?:\w+ )?(?:automatically|wyraż|automatiquement)",
            sentence.flat,
            ANY_CASE,
        ):
            yield Hit("BUNDLED-CONSENT", at(sentence))


def not_buying(case: Case) -> Iterator[Hit]:
    for sentence in case.matching(NOT_BUYING):
        yield Hit("OPT-OUT-BY-NOT-BUYING", at(sentence))


def no_path(case: Case) -> Iterator[Hit]:
    """Only where the text itself speaks of its cookies: how is the choice changed later?"""
    if not case.about_cookies or (case.elsewhere and not case.named):
        return
    for sentence in case.document.sentences:
        if OWN_CONTROLS.search(sentence.flat) or _is_path(sentence):
            return
    place = case.first(
        re.compile(
            rf"{COOKIES.pattern}.*(?:disable|reject|refus|accept|manage|block|wyłącz|odrzuc|"
            rf"désactiv|gérer)|(?:disable|reject|refus|block|manage|wyłącz|odrzuc|"
            rf"désactiv).*{COOKIES.pattern}",
            ANY_CASE,
        )
    )
    yield Hit("NO-WITHDRAWAL-PATH", at(place) if place else case.cookie_place)


def _is_path(sentence: Sentence) -> bool:
    text = sentence.flat
    if not PATH.search(text) or not BY_WHAT.search(text) or NEWSLETTER.search(text):
        return False
    return not BROWSER.search(text) or bool(
        re.search(
            r"banner|button|link|icon|our|przycisk|baner|bouton|bandeau|lien|nasz|notre",
            text,
            ANY_CASE,
        )
    )


def refusal(case: Case) -> Iterator[Hit]:
    first = next((s for s in case.matching(HARMLESS) if COOKIES.search(s.flat)), None)
    if not first:
        return
    for sentence in case.matching(HARMFUL):
        block = case.document.blocks[sentence.block].text
        if (
            REFUSING.search(sentence.flat)
            and COOKIES.search(block)
            and not re.search(r"necessary|niezbędn|konieczn|nécessaire", sentence.flat, ANY_CASE)
        ):
            yield Hit("REFUSAL-CONFLICT", at(first), (at(sentence),))
            return


def basis(case: Case) -> Iterator[Hit]:
    """A section that rests on legitimate interest and then counts from a consent."""
    for group in _sections(case):
        interest = next((s for s in group if INTEREST.search(s.flat)), None)
        consent = next((s for s in group if IF_CONSENT.search(s.flat)), None)
        if interest and consent and not any(BASIS_CONSENT.search(s.flat) for s in group):
            if re.search(
                r"retain|keep|store|outreach|contact|market|przechow|kontakt|conserv",
                consent.flat,
                ANY_CASE,
            ):
                yield Hit("LEGAL-BASIS-MISMATCH", at(interest), (at(consent),))


def _sections(case: Case) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    for number, block in enumerate(case.document.blocks):
        if block.kind == "heading":
            if 0 < len(group) <= 30:
                yield group
            group = []
        group += case.document.sentences_of(number)
    if 0 < len(group) <= 30:
        yield group


RULES = (implied, silent, wall, bundled, not_buying, no_path, refusal, basis)
