"""Every sentence that the admin says: from its pages, its Python, and its tables of words.

`python -m tests.sentences` adds what a catalogue lacks, untranslated, and takes out what nobody
says any more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import polib
from jinja2 import Environment, nodes

from consent import errors, integrations, notices, requests, saying, scans, theme
from consent.admin import (
    account,
    design,
    keys,
    many,
    nav,
    notice,
    preview,
    record,
    records,
    show,
    shown,
    sites,
    tongue,
    trail,
    undo,
    webhooks,
)
from consent.admin import requests as queue
from consent.admin import scans as visits
from consent.languages import NAMES
from consent.notices import differences
from consent.webhooks import outbox
from tests.prepare import ROOT

CATALOGUES = ROOT / "consent" / "data" / "admin"
MARKS = ("_", "ngettext")
BLOCKS = (*MARKS, "gettext")  # what the blocks of a page become
SAYING = {"say": 1, "say_many": 2}  # of consent/saying.py, and how many sentences each is given
LIBRARIES = ("f", "s")  # what forms.html and scan_parts.html are imported as
LOCAL = ("head", "lifetime")  # macros of one page that say what they are given
# Tables whose words are wrapped where they are shown.
TABLES = (
    show.KINDS, show.ACTIONS, show.PASSES, show.SEVERITIES, show.REQUESTS, show.DONE,
    scans.PROBLEMS,
    saying.CATEGORY_NAMES, show.ROLES, show.ROLE_WORDS,
    notice.STATES, notice.OUTCOMES, notice.TRIED, notice.DECIDED,
    many.WORDS, many.STATES, webhooks.WORDS, webhooks.STATES, outbox.WHY,
    record.CHOSEN, record.KNOWN, record.MODELS, records.WORDS, records.GRANTS, records.LAYERS,
    records.KINDS, records.YES, records.SUSPECT, show.STATES, queue.VIEWS, requests.GROUNDS,
    keys.SCOPES, trail.KINDS, visits.PASSES, shown.STATES, account.HOW, sites.REGION_NAMES,
    design.POSITION_WORDS, design.TOKEN_WORDS, preview.SCREEN_WORDS, preview.SCHEME_WORDS,
    preview.SHOWS, undo.WORDS,
)  # fmt: skip

PARTIES = ("first", "third")
KEY_STATES = ("active", "revoked", "expired")
# Nouns whose refusals an owner meets; those of other edges are read by programs, in English.
REFUSING = (
    "admin", "bulk.py", "inventory", "notices", "organisations.py", "ownership.py", "renderings",
    "requests.py", "scans", "sitefile/copying.py", "sites", "tokens.py", "users", "webhooks",
)  # fmt: skip
REFUSALS = tuple(
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.Refusal)
)

Sentence = tuple[str, str]  # (one, many); many is "" where there is no plural


def all_of() -> set[Sentence]:
    return {*in_pages(), *in_python(), *in_tables(), *in_notices(), *in_refusals(), *in_said()}


def in_notices() -> Iterator[Sentence]:
    """What a notice's differences, reasons and findings say: each is a text with holes for values;
    and the groups they stand in."""
    yield from ((group, "") for group in notices.GROUPS)
    for file in sorted((ROOT / "consent" / "notices").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if "%(" in node.value and '"""' not in node.value and "\n" not in node.value:
                    yield node.value, ""
    yield from ((text, "") for text in differences.WHOLE.values())


def in_said() -> Iterator[Sentence]:
    """What is given to `say` and `say_many`, wherever it is: a sentence, or a table of them."""
    for file in sorted((ROOT / "consent").rglob("*.py")):
        text = file.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "saying import" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in SAYING:
                    wanted = node.args[: SAYING[node.func.id]]
                    said = [one.value for one in wanted if isinstance(one, ast.Constant)]
                    if said:
                        yield _pair(said)


def in_pages() -> Iterator[Sentence]:
    words = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    words.newstyle_gettext = True  # type: ignore[attr-defined]
    for page in sorted((ROOT / "templates" / "admin").glob("*.html")):
        for _line, _mark, said in words.extract_translations(page.read_text("utf-8"), BLOCKS):
            if said and said != (None,):
                yield _pair(said)
        yield from ((word, "") for word in _given(words.parse(page.read_text("utf-8"))))


def _given(page: nodes.Template) -> Iterator[str]:
    """Words that a page hands to a macro, which says them: they begin with a capital or have a
    space, which no name of a field and no class has."""
    for call in page.find_all(nodes.Call):
        if _is_macro(call.node):
            handed = [*call.args, *(one.value for one in call.kwargs)]
            for const in (c for arg in handed for c in (arg, *arg.find_all(nodes.Const))):
                text = const.value if isinstance(const, nodes.Const) else None
                if isinstance(text, str) and (text[:1].isupper() or " " in text.strip()):
                    yield text


def _is_macro(called: nodes.Expr) -> bool:
    if isinstance(called, nodes.Getattr):
        return isinstance(called.node, nodes.Name) and called.node.name in LIBRARIES
    return isinstance(called, nodes.Name) and called.name in LOCAL


def in_python() -> Iterator[Sentence]:
    for file in sorted((ROOT / "consent" / "admin").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                said = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
                if name in MARKS and said and isinstance(said[0], str):
                    yield _pair([one for one in said if isinstance(one, str)])


def in_refusals() -> Iterator[Sentence]:
    """What a refusal says, and what is said of its fields, where it holds no value."""
    for place in REFUSING:
        path = ROOT / "consent" / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                for said in _refused(node):
                    if isinstance(said, ast.Constant) and str(said.value).endswith("."):
                        yield str(said.value), ""


def _refused(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in REFUSALS:
            yield from args[1:2]
            for one in keywords:
                if one.arg == "fields" and isinstance(one.value, ast.Dict):
                    yield from one.value.values
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=args):
            yield from args[1:]
        case ast.Assign(targets=[ast.Subscript()], value=value):
            yield value
        case ast.Assign(targets=[ast.Name(id="message" | "why")], value=value):
            yield value
        case ast.Assign(targets=[ast.Name(id="wrong")], value=value):
            for part in ast.walk(value):
                yield from part.values if isinstance(part, ast.Dict) else ()


def in_tables() -> Iterator[Sentence]:
    for table in TABLES:
        yield from ((word, "") for word in table.values() if word)
    yield from (
        (word, "")
        for word in (
            *NAMES.values(),
            "days",
            "months",
            "years",
            *PARTIES,
            *KEY_STATES,
            "deleted",
            saying.SESSION,
            saying.NO_CATEGORY,
        )
    )
    yield from ((pair.what, "") for pair in theme.pairs({}))
    for part in integrations.PARTS.values():
        for told in (part, *part.options.values()):
            yield from ((word, "") for word in (told.label, told.help) if word)
        for option in part.options.values():
            yield from ((word, "") for _value, word in option.of)
    yield from saying.SPANS.values()
    yield from ((month, "") for month in tongue.MONTHS)
    for section in nav.SITE:
        yield section.word, ""
        yield from ((entry.word, "") for entry in section.pages)
    yield from ((entry.word, "") for entry in nav.MAIN)


def update(tag: str) -> None:
    """Bring one catalogue to what is said now; translations stay."""
    file = CATALOGUES / f"{tag}.po"
    known = {(one.msgid, one.msgid_plural): one for one in polib.pofile(str(file))}
    book = polib.POFile(wrapwidth=100)
    book.metadata = polib.pofile(str(file)).metadata
    for sentence in sorted(all_of()):
        book.append(known.get(sentence) or _blank(tag, *sentence))
    book.save(str(file))


def _blank(tag: str, one: str, many: str) -> polib.POEntry:
    if not many:
        return polib.POEntry(msgid=one, msgstr="")
    forms = 3 if tag == "pl" else 2
    return polib.POEntry(
        msgid=one, msgid_plural=many, msgstr_plural=dict.fromkeys(range(forms), "")
    )


def _pair(said: object) -> Sentence:
    if isinstance(said, str):
        return said, ""
    assert isinstance(said, tuple | list)
    words = [one for one in said if isinstance(one, str)]
    return words[0], words[1] if len(words) > 1 else ""


if __name__ == "__main__":
    for tag in saying.NAMES:
        if tag != "en":
            update(tag)
