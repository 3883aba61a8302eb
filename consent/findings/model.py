"""What a scan saw: four passes of a browser, what was stored and sent in them, and who caused it.

No value of a cookie or of a storage key is in here, only its length; no address keeps its query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, TypeVar

from ..saying import Said, packed, unpacked

PASSES = ("none", "reject", "accept", "withdraw")
STORED = (
    "cookie",
    "local_storage",
    "session_storage",
    "indexed_db",
    "cache_storage",
    "service_worker",
)
SENT = (
    "script",
    "image",
    "frame",
    "beacon",
    "fetch",
    "preload",
    "websocket",
    "worker",
    "font",
    "style",
    "media",
    "other",
)
T = TypeVar("T")


@dataclass(frozen=True)
class Cause:
    """Who did it: `how` is script, response, element or unknown. `url` is the script, the response
    or the page of the element; `line` counts from 1, 0 where it is not known. `stack` holds at most
    a few `url:line` from the innermost outwards."""

    how: str = "unknown"
    url: str = ""
    line: int = 0
    service: str = ""
    stack: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Thing:
    """One thing a browser was told to store. `domain` is a cookie's domain without a leading dot,
    else the origin. `lifetime` is what was asked for, in seconds, before a browser caps it; None is
    the session. `dropped`: a browser refuses it by default or by its attributes. `deleted`: it was
    gone again when the pass ended. `left`: set before the pass' choice, and still there after it;
    what was set or written after the choice is not left."""

    kind: str
    name: str
    domain: str = ""
    path: str = ""
    party: str = "first"
    http_only: bool = False
    secure: bool = False
    same_site: str = ""
    partitioned: bool = False
    lifetime: int | None = None
    size: int = 0
    page: str = ""
    cause: Cause | None = None
    dropped: bool = False
    deleted: bool = False
    left: bool = False


@dataclass(frozen=True)
class Request:
    """What was sent to one address, `count` times on `page`. `static`: the first HTML asked for it
    (a tag the browser's preload scanner sees), so a script cannot have held it."""

    url: str
    host: str
    kind: str
    party: str = "third"
    page: str = ""
    cause: Cause | None = None
    service: str = ""
    count: int = 1
    static: bool = False


@dataclass
class Pass:
    """One visit in a profile of its own (`withdraw` goes on in `accept`'s). `things` and
    `requests` are of the time after the pass' choice; in `none` of the whole visit."""

    name: str
    ran: bool = True
    why: str = ""
    pages: list[str] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    screenshots: list[str] = field(default_factory=list)


@dataclass
class Scan:
    """`banner` is crumbtrail, other or none; `problems` are sentences about what was not seen."""

    url: str
    started: str = ""
    ended: str = ""
    browser: str = ""
    banner: str = "none"
    passes: list[Pass] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def of(self, name: str) -> Pass | None:
        """The pass of that name, where it ran."""
        return next((one for one in self.passes if one.name == name and one.ran), None)


def to_json(scan: Scan) -> dict[str, Any]:
    """A scan as JSON holds it. Its sentences are in English; `said` is {sentence: words and values
    apart} of those that have values."""
    told = [*scan.problems, *(one.why for one in scan.passes)]
    said = {str(one): packed(one) for one in told if isinstance(one, Said)}
    return {**asdict(scan), "said": said}


def from_json(data: Mapping[str, Any]) -> Scan:
    """The scan of `to_json`. Fields that a newer version added are left out.

    Raises ValueError where `data` is not a scan.
    """
    try:
        scan = _made(Scan, data)
        scan.passes = [_pass(one) for one in data.get("passes", [])]
        said = data.get("said") or {}
        scan.problems = [unpacked(said.get(one, one)) for one in scan.problems]
        for one in scan.passes:
            one.why = unpacked(said.get(one.why, one.why))
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise ValueError(f"not a scan: {error}") from None
    return scan


def cause_from_json(data: Mapping[str, Any] | None) -> Cause | None:
    return None if data is None else _made(Cause, data)


def _pass(data: Mapping[str, Any]) -> Pass:
    one = _made(Pass, data)
    one.things = [_caused(Thing, thing) for thing in data.get("things", [])]
    one.requests = [_caused(Request, request) for request in data.get("requests", [])]
    return one


def _caused(kind: type[T], data: Mapping[str, Any]) -> T:
    return _made(kind, {**data, "cause": cause_from_json(data.get("cause"))})


def _made(kind: type[T], data: Mapping[str, Any]) -> T:
    known = fields(kind)  # type: ignore[arg-type]
    needed = [
        one.name for one in known if one.default is MISSING and one.default_factory is MISSING
    ]
    missing = [name for name in needed if name not in data]
    if missing:
        raise KeyError(", ".join(missing))
    return kind(**{one.name: data[one.name] for one in known if one.name in data})
