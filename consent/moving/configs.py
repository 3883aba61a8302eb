"""Three configurations read into one form. Each reader takes what `js_literal` says of a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from ..errors import Invalid
from ..js_literal import Pattern, Said, Value
from ..js_literal import read as read_js
from .found import Found, askable, category, items, patterns, plain, slug, span, strictest, table

LANGUAGES = 60
DAYS = 400  # browsers keep no cookie longer


def read(tool: str, text: str) -> Found:
    """What `tool`'s configuration file says; raises Invalid `import_unreadable`."""
    try:
        return TOOLS[tool](text)
    except ValueError as error:
        raise Invalid("import_unreadable", f"The file cannot be read: {error}") from None


# -- vanilla-cookieconsent ---------------------------------------------------------------------


def vanilla(text: str) -> Found:
    """The object given to `CookieConsent.run` (version 3) or to `cc.run` (version 2)."""
    config = _vanilla_config(read_js(text))
    found = Found()
    known: dict[str, str | None] = {}
    for name, settings in table(config.get("categories")).items():
        fixed = table(settings).get("readOnly") is True
        known[name] = "necessary" if fixed else _category(found, name)
        _vanilla_category(found, name, known[name], table(settings))
    words = table(table(config.get("language")).get("translations"))
    for language, one in list(words.items())[:LANGUAGES]:
        _vanilla_texts(found, language, table(one), known)
    for language, one in list(table(config.get("languages")).items())[:LANGUAGES]:
        _version_2_texts(found, language, table(one))
    cookie = table(config.get("cookie"))
    _lifetime(found, cookie.get("expiresAfterDays", config.get("cookie_expiration")))
    found.note("Titles and buttons were left out: those of Crumbtrail are checked for fairness.")
    if not found.services and not found.trackers:
        found.note("It names no services and no cookies; the inventory has to say what there is.")
    return found


def _vanilla_config(said: Said) -> dict[str, Value]:
    runs = [values[0] for called, values in said.calls if called.endswith("run") and values]
    for one in (*runs, said.alone, said.exported, *said.names.values()):
        config = table(one)
        if {"categories", "language"} & set(config) or "languages" in config:
            return config
    raise ValueError("no configuration with categories or languages is in it.")


def _category(found: Found, name: str) -> str | None:
    ours = askable(name)
    if ours is None:
        found.note(f"The category {name!r} is none of ours: what is in it waits until you decide.")
    return ours


def _vanilla_category(
    found: Found, name: str, ours: str | None, settings: dict[str, Value]
) -> None:
    for cookie in items(table(settings.get("autoClear")).get("cookies")):
        _vanilla_cookie(found, table(cookie), None, ours, name)
    for key, service in table(settings.get("services")).items():
        title = plain(table(service).get("label")) or key
        found.service(slug(key), title, ours)
        for cookie in items(table(service).get("cookies")):
            _vanilla_cookie(found, table(cookie), slug(key) or None, ours, name)


def _vanilla_cookie(
    found: Found, cookie: dict[str, Value], service: str | None, ours: str | None, published: str
) -> None:
    names = patterns(cookie.get("name"))
    if not names:
        found.note(_unsaid(cookie.get("name")))
    more = {"service": service} if service else {}
    for named in names:
        found.tracker(named["name"], ours, **named, **more, published_label=published[:120])


def _unsaid(value: Value) -> str:
    said = getattr(value, "source", value)
    return (
        f"The cookie pattern {str(said)[:80]!r} is more than a beginning; add its cookies by hand."
    )


def _vanilla_texts(
    found: Found, language: str, words: dict[str, Value], known: dict[str, str | None]
) -> None:
    """The cookie tables of the preferences modal; a column is known by its key or its heading."""
    for section in items(table(words.get("preferencesModal")).get("sections")):
        linked = table(section).get("linkedCategory")
        cells = table(table(section).get("cookieTable"))
        heads = {key: plain(text) for key, text in table(cells.get("headers")).items()}
        if isinstance(linked, str) and linked in known:
            for row in items(cells.get("body")):
                _row(found, language, (linked, known[linked]), heads, table(row))


def _version_2_texts(found: Found, language: str, words: dict[str, Value]) -> None:
    modal = table(words.get("settings_modal"))
    heads: dict[str, str] = {}
    for head in items(modal.get("cookie_table_headers")):
        heads |= {key: plain(text) for key, text in table(head).items()}
    for block in items(modal.get("blocks")):
        toggle = table(table(block).get("toggle"))
        linked = toggle.get("value")
        if isinstance(linked, str):
            fixed = toggle.get("readonly") is True
            named = (linked, "necessary" if fixed else _category(found, linked))
            for row in items(table(block).get("cookie_table")):
                _row(found, language, named, heads, table(row))


COLUMNS = {
    "name": ("name", "cookie", "cookies", "col1"),
    "purpose": ("description", "desc", "purpose", "beschreibung", "descrizione", "opis"),
    "duration": ("expiration", "expiry", "duration", "expires", "lifetime", "retention"),
    "provider": ("domain", "provider", "service", "host", "company"),
}


def _row(
    found: Found,
    language: str,
    linked: tuple[str, str | None],
    heads: dict[str, str],
    row: dict[str, Value],
) -> None:
    """One line of a cookie table; `linked` is their category and ours."""
    cells: dict[str, str] = {}
    for key, value in row.items():
        said = {key.lower(), heads.get(key, "").lower()}
        for ours, theirs in COLUMNS.items():
            if said & set(theirs):
                cells.setdefault(ours, plain(value))
    for name in cells.get("name", "").split(","):
        expression = row.get("is_regex") is True and name.strip().startswith("^")
        for named in patterns(Pattern(name.strip()) if expression else name):
            purpose = cells.get("purpose", "")
            found.tracker(
                named["name"],
                linked[1],
                **named,
                published_label=linked[0][:120],
                purpose={language.lower()[:2]: purpose} if purpose else {},
                duration=span(cells.get("duration", "")),
                set_by=cells.get("provider", "")[:120] or None,
            )


def _lifetime(found: Found, days: Value) -> None:
    if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= DAYS:
        found.settings["choice_lifetime"] = {"value": days, "unit": "day"}
    elif days is not None:
        found.note(
            "How long a choice lives is worked out by code, or is too long; it was left out."
        )


# -- Klaro -------------------------------------------------------------------------------------


def klaro(text: str) -> Found:
    """The object `klaroConfig`, whatever it is called in the file, or its JSON."""
    config = _klaro_config(read_js(text))
    found = Found()
    words = table(config.get("translations"))
    for one in items(config.get("services")) or items(config.get("apps")):
        _klaro_service(found, table(one), words)
    _lifetime(found, config.get("cookieExpiresAfterDays"))
    policies = {
        language[:2]: url
        for language, one in list(words.items())[:LANGUAGES]
        if isinstance(url := table(one).get("privacyPolicyUrl"), str)
        and url.startswith(("https://", "http://"))
        and language != "zz"
    }
    if policies:
        found.settings["policy_urls"] = policies
    found.note("Callbacks, titles and buttons were left out.")
    return found


def _klaro_config(said: Said) -> dict[str, Value]:
    for one in (said.names.get("klaroConfig"), said.alone, said.exported, *said.names.values()):
        config = table(one)
        if isinstance(config.get("services", config.get("apps")), list):
            return config
    raise ValueError("no configuration with services is in it.")


def _klaro_service(found: Found, one: dict[str, Value], words: dict[str, Value]) -> None:
    name = one.get("name")
    if not isinstance(name, str):
        found.note("A service without a name was left out.")
        return
    purposes = [word for word in items(one.get("purposes")) if isinstance(word, str)]
    ours = "necessary" if one.get("required") is True else strictest(map(askable, purposes))
    if ours is None:
        found.note(f"The purposes of {name!r} are none of ours: it waits until you decide.")
    title = plain(one.get("title")) or plain(table(words.get("en")).get(name)) or name
    found.service(slug(name), title, ours)
    texts = {
        language.lower()[:2]: said
        for language, own in list(words.items())[:LANGUAGES]
        if language != "zz" and (said := plain(table(table(own).get(name)).get("description")))
    }
    for cookie in items(one.get("cookies")):
        first = items(cookie)[:1]
        pattern = first[0] if first else cookie
        names = patterns(pattern)
        if not names:
            found.note(_unsaid(pattern))
        more = {"service": slug(name) or None, "purpose": texts}
        more["published_label"] = ", ".join(purposes)[:120] or None
        for named in names:
            found.tracker(named["name"], ours, **named, **more)


# -- Cookiebot ---------------------------------------------------------------------------------

NUMBERS = {"1": "necessary", "2": "preferences", "3": "statistics", "4": "marketing"}
TABLES = {
    "CookieConsentDialog.cookieTableNecessary": "necessary",
    "CookieConsentDialog.cookieTablePreference": "preferences",
    "CookieConsentDialog.cookieTableStatistics": "statistics",
    "CookieConsentDialog.cookieTableAdvertising": "marketing",
    "CookieConsentDialog.cookieTableUnclassified": None,
}
OWN = ("CookieConsent", "CookieConsentBulkTicket", "CookieConsentBulkSetting")


def cookiebot(text: str) -> Found:
    """The answer of Cookiebot's data API (`…/cookies`), the declaration in `cc.js`, or a CSV."""
    if (
        not text.lstrip("\ufeff \n\r\t").startswith(("{", "["))
        and "CookieConsentDialog" not in text
    ):
        return _cookiebot_csv(text)
    said = read_js(text)
    found = Found()
    answer = table(said.alone)
    culture = answer.get("culture")
    language = culture[:2].lower() if isinstance(culture, str) else "en"
    for one in items(answer.get("cookies")):
        row = table(one)
        cells = {key: plain(row.get(key)) for key in row}
        ours = NUMBERS.get(cells.get("Category", ""))
        _cookiebot_row(found, cells, ours, language)
    for name, ours in TABLES.items():
        for line in items(said.names.get(name)):
            texts = [plain(cell) for cell in items(line)[:5]]
            keys = (
                "Name",
                "Provider",
                "PurposeDescription",
                "ExpireDescription",
                "TrackerTypeName",
            )
            _cookiebot_row(found, dict(zip(keys, texts, strict=False)), ours, language)
    if not found.trackers:
        raise ValueError("no cookie of a Cookiebot declaration is in it.")
    return found


def _cookiebot_csv(text: str) -> Found:
    """A CSV with the columns of the API, or with the headings of the published declaration."""
    theirs = {"Purpose": "PurposeDescription", "Expiry": "ExpireDescription"}
    theirs |= {"Type": "TrackerTypeName", "Maximum Storage Duration": "ExpireDescription"}
    found = Found()
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    if not {"Name", "Category"} <= set(rows.fieldnames or []):
        raise ValueError("the first line of a CSV must name the columns Name and Category.")
    try:
        for row in rows:
            cells = {theirs.get(key, key): plain(row[key]) for key in row if isinstance(key, str)}
            said = cells.get("Category", "")
            _cookiebot_row(found, cells, NUMBERS.get(said) or category(said), "en")
    except csv.Error as error:
        raise ValueError(f"line {rows.line_num}: {error}") from None
    return found


def _cookiebot_row(found: Found, cells: dict[str, str], ours: str | None, language: str) -> None:
    name = cells.get("Name", "")
    if not name or name in OWN:
        if name:
            found.note("Cookiebot's own cookies were left out: they go with it.")
        return
    names = patterns(name)
    if not names:
        found.note(_unsaid(name))
    purpose = cells.get("PurposeDescription", "")
    for named in names:
        found.tracker(
            named["name"],
            ours,
            **named,
            kind=_kind(cells.get("TrackerTypeName", "")),
            party={"0": "first", "1": "third"}.get(cells.get("ThirdParty", "")),
            purpose={language: purpose} if purpose else {},
            duration=span(cells.get("ExpireDescription", "")),
            set_by=cells.get("Provider", "")[:120] or None,
            published_label=ours or "Unclassified",
        )


def _kind(said: str) -> str:
    word = said.lower()
    for sign, kind in (
        ("session storage", "session_storage"),
        ("local storage", "local_storage"),
        ("html", "local_storage"),
        ("indexed", "indexeddb"),
        ("pixel", "beacon"),
    ):
        if sign in word and not word.startswith("http"):
            return kind
    return "cookie"


TOOLS: dict[str, Callable[[str], Found]] = {
    "vanilla-cookieconsent": vanilla,
    "klaro": klaro,
    "cookiebot": cookiebot,
}
