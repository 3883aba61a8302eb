"""CSV as people's programs write it: with or without a BOM, with commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

LONGEST = 1_000_000  # characters of one field


class Unreadable(ValueError):
    """A file that cannot be used; `code` is stable, the message a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 where its BOM says so."""
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", f"Not UTF-8: byte {error.start + 1:,} is not text.") from None


def delimiter(text: str) -> str:
    """What separates the columns of the first line."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    return max(",;\t", key=first.count)


def header(text: str) -> list[str]:
    """The names of the columns; raises Unreadable `empty_file`, `column_twice`, `not_csv`."""
    _, names = next(rows(text), (0, []))
    if not any(names):
        raise Unreadable("empty_file", "There is no first line that names the columns.")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise Unreadable("column_twice", f"The first line names twice: {', '.join(twice)}.")
    return names


def rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of what is not an empty line; raises Unreadable `not_csv`."""
    source = io.StringIO(text.removeprefix("\ufeff"), newline="")
    parsed = csv.reader(source, delimiter=delimiter(text), strict=True)
    csv.field_size_limit(LONGEST)
    try:
        while True:
            line = parsed.line_num + 1
            fields = next(parsed, None)
            if fields is None:
                return
            if fields:
                yield line, fields
    except csv.Error as error:
        raise Unreadable("not_csv", f"Line {parsed.line_num}: {error}.") from None
