"""A bundle as it lies there: a zip that may be damaged, made by somebody with a reason."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from consent.tlog import tiles
from consent.tlog.merkle import Wrong

from .report import Unreadable

SMALL = 4 * 1024 * 1024  # bytes of any member that is read at once
LINE = 1024 * 1024
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)

FIXED = frozenset(
    "README.txt manifest.json records.ndjson access.ndjson chain.json regimes.yaml regimes.json "
    "verify.pyz log/checkpoint log/vkeys".split()
)
NOTICE = re.compile(r"notices/([0-9a-f]{64})\.(json|html)")
ENTRIES = "log/"


class Archive:
    """The members by name. Whatever goes wrong in one is Wrong, with its name."""

    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except BROKEN as error:
            raise Unreadable(f"{file} is not a zip that can be opened ({error}).") from None
        names = self._zip.namelist()
        self.names = frozenset(names)
        self.twice = (
            sorted(name for name in self.names if names.count(name) > 1)
            if (len(names) != len(self.names))
            else []
        )

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, name: str, most: int = SMALL) -> bytes:
        """The bytes of a member; Wrong if it is missing, damaged or longer than `most`."""
        try:
            with self._zip.open(name) as member:
                data = member.read(most + 1)
        except KeyError:
            raise Wrong(f"{name} is missing") from None
        except BROKEN as error:
            raise Wrong(f"{name} is damaged ({error})") from None
        if len(data) > most:
            raise Wrong(f"{name} is longer than it can be")
        return data

    def text(self, name: str) -> str:
        try:
            return self.read(name).decode("utf-8")
        except UnicodeDecodeError:
            raise Wrong(f"{name} is not text") from None

    def json(self, name: str) -> dict[str, Any]:
        return as_object(self.text(name), name)

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of each line, the first is 1; Wrong as `read` raises it."""
        try:
            with self._zip.open(name) as member:
                number = 0
                while line := member.readline(LINE + 1):
                    number += 1
                    if len(line) > LINE or not line.endswith(b"\n"):
                        raise Wrong(f"{name}, line {number} does not end as a line does")
                    yield number, line[:-1]
        except KeyError:
            raise Wrong(f"{name} is missing") from None
        except BROKEN as error:
            raise Wrong(f"{name} is damaged ({error})") from None

    def entries(self, size: int) -> Iterator[bytes]:
        """The entries of a log of `size`, bundle by bundle; Wrong where one is not as it is due."""
        for number in range(-(-size // tiles.WIDTH)):
            width = tiles.partial_width(size, 0, number)
            name = entries_name(number, width)
            try:
                found = tiles.unpack_entries(self.read(name))
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong}") from None
            if len(found) != width:
                raise Wrong(f"{name} holds {len(found)} entries and not {width}")
            yield from found

    def strangers(self, size: int) -> list[str]:
        """Names that no bundle over a log of `size` has."""
        last = -(-size // tiles.WIDTH)
        return sorted(
            name
            for name in self.names
            if not name.endswith("/")
            and name not in FIXED
            and not NOTICE.fullmatch(name)
            and not _due(name, size, last)
        )


def entries_name(number: int, width: int = tiles.WIDTH) -> str:
    return ENTRIES + tiles.path("entries", number, width)


def as_object(text: str | bytes, what: str) -> dict[str, Any]:
    """The JSON object that the text spells; Wrong for anything else, a doubled key included."""
    try:
        found = _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{what} is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise Wrong(f"{what} is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def _due(name: str, size: int, last: int) -> bool:
    try:
        level, number, width = tiles.parse_path(name.removeprefix(ENTRIES))
    except Wrong:
        return False
    due = number < last and width == tiles.partial_width(size, 0, number)
    return name.startswith(ENTRIES) and level == "entries" and due
