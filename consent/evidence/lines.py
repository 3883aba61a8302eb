"""Many records as lines of NDJSON or CSV, without making a record of each.

A line is what `spelt` makes of the record, or `table` of its cells, byte for byte; a test holds it
to that. What many rows share (the choice, the place, the screen, the page) is taken from a record
that `encode` made, written once, and kept. What a row has for itself is digits and times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..db import from_micros, rfc3339
from ..records import Names
from ..records.plain import NAMES, Plain
from ..records.rows import ERASED, SUPERSEDED, Row
from . import table

MOST = 20_000  # pieces of lines that are kept of each kind; then they are made again
SHARED = (
    "action categories services notice answer regime regime_shown regimes".split(),
    ["place"],
    "language layer device browser".split(),
    "page signals".split(),
)
MINUTE = 60_000
DATED = len("2026-11-21T10:00:")
SECONDS = tuple(f"{second:02}." for second in range(60))
PARTS = tuple(f"{part:03}Z" for part in range(1000))

Logged = Mapping[int, tuple[int, str]]  # index and commitment by seq, see ledger.located
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Step:
    """Some rows of a site, where they stand in its log, and what their numbers stand for."""

    site: str
    rows: Sequence[Plain]
    logged: Logged
    names: Names


@dataclass(frozen=True)
class Form:
    """What stands around that which a row has for itself. `text` goes around a text, `nothing` is
    written for None; `shared` writes some members of a record, `whole` a line of an erased one."""

    text: str
    nothing: str
    before: str  # the id
    visitor: str
    received: str
    claimed: str
    shown: str
    previous: str
    superseded: tuple[str, str]  # not, and superseded
    log: tuple[str, str, str, str]  # before index, commitment and salt, and the end
    unlogged: str
    shared: Callable[[Mapping[str, Any], Sequence[str]], str]
    whole: Callable[[Mapping[str, Any]], str]


def spelt(record: Mapping[str, Any]) -> bytes:
    """A record, or what stands beside one, as JSON."""
    return _ENCODER.encode(record).encode()


def ndjson(site: str) -> Form:
    return Form(
        text='"',
        nothing="null",
        before='{"v":1,"id":"',
        visitor=f'","site":{_ENCODER.encode(site)},"visitor":',
        received=',"received_at":"',
        claimed='","claimed_at":"',
        shown='","shown_at":',
        previous=',"previous":',
        superseded=(',"superseded":false', ',"superseded":true'),
        log=(',"log":{"index":', ',"commitment":"', '","salt":', "}}\n"),
        unlogged=',"log":null}\n',
        shared=lambda record, names: (
            "," + _ENCODER.encode({name: record[name] for name in names})[1:-1]
        ),
        whole=lambda record: _ENCODER.encode(record) + "\n",
    )


def csv(site: str, columns: Sequence[str]) -> Form:
    def cells(record: Mapping[str, Any], wanted: Sequence[str]) -> str:
        return table.lines([table.row(record, wanted)]).decode()

    def shared(record: Mapping[str, Any], names: Sequence[str]) -> str:
        wanted = [column for column in columns if column.partition(".")[0] in names]
        return "," + cells(record, wanted).removesuffix("\r\n")

    return Form(
        text="",
        nothing="",
        before="1,",
        visitor=shared({"site": site}, ["site"]) + ",",
        received=",",
        claimed=",",
        shown=",",
        previous=",",
        superseded=(",false,", ",true,"),
        log=(",", ",", ",", "\r\n"),
        unlogged=",,,\r\n",
        shared=shared,
        whole=lambda record: cells(record, columns),
    )


class Lines:
    """Writes steps in a form; what it keeps meanwhile does not grow with the number of records."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._shared: tuple[dict[Any, str], ...] = tuple({} for _ in SHARED)
        self._minutes: dict[int, str] = {}

    def of(self, step: Step) -> bytes:
        """The lines of a step."""
        form, logged, at = self.form, step.logged, self._at
        choices, places, screens, pages = self._shared
        t, nothing, superseded = form.text, form.nothing, form.superseded
        i, c, s, end = form.log
        found = []
        for row in step.rows:
            (
                seq, claimed, shown, notice, answer, rule, place, page, number,
                visitor, salt, previous, action, categories, language, layer, device,
                browser, signals, flags, services,
            ) = row  # fmt: skip
            place_in_log = logged.get(seq)
            if flags & ERASED:
                found.append(form.whole(_erased(step.site, number, place_in_log)))
                continue
            try:
                choice = choices[action, categories, services, notice, answer, rule]
                where = places[place]
                screen = screens[notice, language, layer, device, browser]
                on = pages[page, signals]
            except KeyError:
                choice, where, screen, on = self._learned(step, row)
            received = seq // 1000
            claimed += received
            if place_in_log is None:
                log = form.unlogged
            else:
                index, commitment = place_in_log
                salted = f"{t}{salt}{t}" if salt else nothing
                log = f"{i}{index}{c}{commitment}{s}{salted}{end}"
            found.append(
                f"{form.before}{uuid_text(number)}{form.visitor}"
                f"{f'{t}{visitor}{t}' if visitor else nothing}{choice}{where}{screen}"
                f"{form.received}{at(received)}{form.claimed}{at(claimed)}{form.shown}"
                f"{nothing if shown is None else f'{t}{at(claimed + shown)}{t}'}{on}{form.previous}"
                f"{f'{t}{uuid_text(previous)}{t}' if previous else nothing}"
                f"{superseded[flags & SUPERSEDED]}{log}"
            )
        return "".join(found).encode()

    def _learned(self, step: Step, row: Plain) -> tuple[str, ...]:
        """The pieces that a row shares with others, taken from its record."""
        said = dict(zip(NAMES, row, strict=True))
        bare = {name: None for name in ("id", "visitor", "salt", "previous")}
        record = step.names.record(Row(**{**said, **bare}), step.site)
        keys = (
            tuple(
                said[n] for n in "action categories services notice_id answer_id rule_id".split()
            ),
            said["place_id"],
            tuple(said[n] for n in "notice_id language layer device browser".split()),
            (said["page_id"], said["signals"]),
        )
        pieces = []
        for kept, key, names in zip(self._shared, keys, SHARED, strict=True):
            if len(kept) >= MOST:
                kept.clear()
            if key not in kept:
                kept[key] = self.form.shared(record, names)
            pieces.append(kept[key])
        return tuple(pieces)

    def _at(self, milliseconds: int) -> str:
        """As `db.rfc3339` writes it."""
        minute, rest = divmod(milliseconds, MINUTE)
        start = self._minutes.get(minute)
        if start is None:
            if len(self._minutes) >= MOST:
                self._minutes.clear()
            start = rfc3339(from_micros(minute * MINUTE * 1000))[:DATED]
            self._minutes[minute] = start
        second, part = divmod(rest, 1000)
        return f"{start}{SECONDS[second]}{PARTS[part]}"


def uuid_text(digits: str) -> str:
    """32 hex digits as the canonical text of a UUID (RFC 9562)."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _erased(site: str, number: str, place: tuple[int, str] | None) -> dict[str, Any]:
    log = {"index": place[0], "commitment": place[1], "salt": None} if place else None
    return {"v": 1, "id": uuid_text(number), "site": site, "erased": True, "log": log}
