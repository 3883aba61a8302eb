"""Which tokens are names of cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Well-known names that do not look like one.
FAMOUS = frozenset(
    "phpsessid jsessionid sessionid csrftoken nid ide anid dsid aid fr datr sb xs c_user presence "
    "consent "
    "ysc cfduid muid muidb anonchk sm mr uuid uid bcookie bscookie lidc lang hsid ssid sid apisid "
    "sapisid "
    "test_cookie cookieconsent woocommerce_cart_hash optanonconsent optanonalertboxclosed "
    "arraffinity "
    "asp.net_sessionid guest_id personalization_id 1p_jar socs rc::a rc::c pref vuid".split()
)
LETTERS = r"[A-Za-z0-9_.:\[\]#%$!~^|+{}<>*&-]{1,100}"
NAME = re.compile(LETTERS)
LISTED = re.compile(r"\s*(?:[,;/|]|\band\b|\boraz\b|\bet\b|\bi\b|\s{2,}|\n)\s*")
NOT_NAMES = re.compile(
    r"(?:https?:|www\.)|@|^\d+(?:[.,]\d+)*$|^[\W_]+$|^(?:n/?a|none|brak|aucun|local_?storage|"
    r"session_?storage|"
    r"wi-?fi|e-?mail|and/or|i/lub|et/ou|javascript|html5?|ipv[46]|oauth2?|cookies?|robots\.txt)$",
    re.IGNORECASE,
)
HOST = re.compile(r"^\.?(?:[a-z0-9-]+\.)+(?:[a-z]{2,6})$", re.IGNORECASE)
PROSE = re.compile(
    rf"(?P<open>[“„\"«'‘`])\s?(?P<quoted>{LETTERS}?)\s?[”\"»'’`]|"
    r"(?<![\w/@.=?&#:-])(?P<bare>_{1,2}[A-Za-z][\w.*-]*\w\*?|"
    r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9*]+)+\*?|"
    r"[A-Z]{2,}SESS(?:ION)?ID|cookielawinfo-[\w-]+|wp-settings-[\w{}\[\]*-]+)"
    r"(?![\w/@=]|\.[a-z])"
)
CALLED = re.compile(
    r"(?:named|called|nazw\w+|o nazwie|nommés?|appelés?|dénommés?|intitulés?|names?:|"
    r"identyfikator\w*)\W*$",
    re.IGNORECASE,
)


def plain(token: str) -> str:
    """`_ga_<container>` and `_ga_XXXX` are what begins with `_ga_`: written `_ga_*`."""
    token = token.strip().strip("`\"'“”„«»‘’,;")
    token = re.sub(
        r"(?:<[^<>]*>|\[[^\]]*\]|\{[^{}]*\}|[#%]+|x{3,}|\(.*?\)|…|\.{3})[\w-]*$",
        "*",
        token,
        flags=re.I,
    )
    return re.sub(r"\*+$", "*", token)


def is_name(token: str) -> bool:
    """Whether a token in a place for names can be one."""
    return bool(NAME.fullmatch(token)) and not NOT_NAMES.search(token) and not HOST.match(token)


def looks_like_one(token: str) -> bool:
    """Whether a token is a name even where nothing says that names follow."""
    if not is_name(token) or len(token) < 2:
        return False
    bare = token.rstrip("*")
    if bare.lower() in FAMOUS:
        return True
    return "_" in bare.strip("_") or bare.startswith("_") or _mixed(bare)


def _mixed(token: str) -> bool:
    if not re.fullmatch(r"[A-Za-z0-9.-]+", token) or len(token) < 4:
        return False
    inner = re.search(r"[a-z][A-Z]", token) or re.search(r"[A-Za-z]\d+[A-Za-z]", token)
    return bool(inner) or bool(re.search(r"SESS|session|-id$|ID$", token))


def in_cell(text: str) -> list[str]:
    """The names in a cell of the column for names."""
    found = []
    for piece in LISTED.split(text.replace("\u200b", "")):
        for token in _single(piece):
            if token not in found:
                found.append(token)
    return found


def _single(piece: str) -> Iterator[str]:
    token = plain(piece)
    if not token:
        return
    if " " not in token:
        if is_name(token):
            yield token
        return
    words = token.split()
    if all(looks_like_one(plain(word)) for word in words):
        yield from (plain(word) for word in words)
    elif len(words) < 6 and looks_like_one(plain(words[0])):  # "_ga (Google Analytics)"
        yield plain(words[0])


def in_prose(text: str) -> list[str]:
    """Names in a sentence that speaks of cookies."""
    found: list[str] = []
    for match in PROSE.finditer(text):
        token = plain(match["quoted"] or match["bare"] or "")
        sure = match["bare"] or looks_like_one(token) or CALLED.search(text[: match.start()])
        if sure and token and is_name(token) and token not in found:
            found.append(token)
    return found
