"""The Global Vendor List of IAB Europe, kept on this server, as the framework wants it.

Files as they were fetched, never altered: `vendor-list.json` and `purposes-<language>.json` in a
folder. Source: "Global Vendor List and TCF Policy Updates" of the TC String specification, v3.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import Invalid, NotFound

SOURCE = "https://vendor-list.consensu.org/v3/"
LIST = "vendor-list.json"
MOST_BYTES = 32 * 1024 * 1024
WORDS = ("purposes", "specialPurposes", "features", "specialFeatures", "dataCategories")
HEAD = ("gvlSpecificationVersion", "vendorListVersion", "tcfPolicyVersion", "lastUpdated")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,8})?")
_read: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}


def update(folder: Path, fetch: Callable[[str], bytes], languages: list[str]) -> dict[str, Any]:
    """Fetch the list and its translations by name, check and keep them; the list.

    English is the list's own language; a translation that `fetch` does not find
    (FileNotFoundError) is left out. Raises Invalid where a file is not what it should be; what was
    kept before then stays.
    """
    found = {LIST: _checked(LIST, fetch(LIST))}
    for name in (f"purposes-{language}.json" for language in languages if language != "en"):
        try:
            found[name] = _checked(name, fetch(name))
        except FileNotFoundError:
            continue
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, (body, _) in found.items():
        fresh = folder / f"{name}.part"
        fresh.write_bytes(body)
        os.replace(fresh, folder / name)
    return found[LIST][1]


def there(folder: Path) -> bool:
    """Whether a list was fetched."""
    return (folder / LIST).is_file()


def shown(folder: Path, vendors: list[int], language: str) -> dict[str, Any]:
    """The list as a page needs it: only those vendors, and the standard texts in a language.

    `language` in the answer is that of the texts: English where a translation was not fetched.
    Vendors that the list does not have, or has deleted, are left out. Raises NotFound
    `no_vendor_list`.
    """
    if not there(folder):
        raise NotFound("no_vendor_list", "This server has not fetched the vendor list.")
    whole = _kept(folder / LIST)
    translated = folder / f"purposes-{language}.json"
    known = LANGUAGE.fullmatch(language) and translated.is_file()
    words = _kept(translated) if known else whole
    living = {
        str(number): whole["vendors"][str(number)]
        for number in vendors
        if not whole["vendors"].get(str(number), {"deletedDate": True}).get("deletedDate")
    }
    return {
        **{name: whole[name] for name in HEAD},
        **{name: words.get(name, whole.get(name, {})) for name in WORDS},
        "stacks": {},
        "vendors": living,
        "language": "en" if words is whole else language,
    }


def _kept(file: Path) -> dict[str, Any]:
    """The file, read again when it has changed."""
    state = file.stat()
    mark = (state.st_mtime_ns, state.st_size)
    if file not in _read or _read[file][0] != mark:
        _read[file] = (mark, json.loads(file.read_bytes()))
    return _read[file][1]


def _checked(name: str, body: bytes) -> tuple[bytes, dict[str, Any]]:
    try:
        said = json.loads(body)
    except ValueError:
        raise Invalid("field_value", f"{name} is not JSON.") from None
    if name == LIST:
        good = isinstance(said, dict) and said.get("gvlSpecificationVersion") == 3
        good = good and all(said.get(part) for part in (*HEAD, *WORDS[:4], "vendors"))
    else:
        good = isinstance(said, dict) and all(said.get(part) for part in WORDS[:4])
    if not good:
        raise Invalid("field_value", f"{name} is not a file of the vendor list, version 3.")
    return body, said
