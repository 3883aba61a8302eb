"""From what was heard and what the browser holds to the things and requests of a pass."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Protocol

from ..findings import Cause, Pass, Request, Thing
from .addresses import host_of, storable, strip
from .knowledge import service_of
from .recorder import STORAGE, Recorder, Sent, Write
from .setcookie import NAME

Key = tuple[str, ...]
ALWAYS = ("beacon", "websocket")  # kept even where they go to the site itself
LONGEST = 400 * 86400  # seconds; Chromium keeps no cookie longer
THINGS = 2000  # of a pass; a browser keeps 3,300 cookies, and 180 of one site


class Held(Protocol):
    """What a visit knows: the store as it was seen over time, the frames' storage, what was there
    before the pass' choice."""

    recorder: Recorder
    frames: dict[str, dict[str, Any]]
    store: dict[Key, dict[str, Any]]
    before: set[Key]


def gather(visit: Held, name: str, phase: int, now: set[Key]) -> Pass:
    """The pass `name`. Accept shows the whole visit, the others what came after their choice;
    `now` are the cookies that are still there."""
    least = 0 if name == "accept" else phase
    things = _written(visit.recorder, least)
    known = _known(visit.recorder)
    _cookies(visit, things, now, least, known)
    _storage(visit, things, known)
    sent = [one for one in visit.recorder.sent if one.phase >= least]
    kept = [
        replace(one, name=storable(one.name))
        for one in things.values()
        if one.name or one.kind == "cookie"
    ]
    return Pass(name, things=_fair(kept), requests=_requests(visit.recorder, sent))


def _fair(things: list[Thing]) -> list[Thing]:
    """At most THINGS, of each page in turn: one page's flood leaves room for what others stored."""
    if len(things) <= THINGS:
        return things
    pages: dict[str, list[Thing]] = {}
    for thing in things:
        pages.setdefault(thing.page, []).append(thing)
    return [one for turn in zip_longest(*pages.values()) for one in turn if one][:THINGS]


@dataclass(frozen=True)
class Known:
    """By kind and name the first write, one whose cause is known before others; by host the first
    address that was asked for. Made once: a hostile page writes and asks thousands of times."""

    writes: dict[Key, Write]
    hosts: dict[str, str]


def _known(recorder: Recorder) -> Known:
    writes: dict[Key, Write] = {}
    for write in recorder.writes:
        key: Key = (write.kind, write.name)
        held = writes.get(key)
        if held is None or (held.cause.how == "unknown" and write.cause.how != "unknown"):
            writes[key] = write
    hosts: dict[str, str] = {}
    for one in recorder.sent:
        hosts.setdefault(host_of(one.url), one.url)
    return Known(writes, hosts)


def keys_of(frames: dict[str, dict[str, Any]]) -> Iterable[Key]:
    for origin, held in frames.items():
        for kind in STORAGE:
            for name, _ in held.get(kind, []):
                yield (kind, name, origin)


def key_of(cookie: dict[str, Any]) -> Key:
    """What makes two cookies one (RFC 6265bis, 5.7; CHIPS adds the partition), as far as names are
    kept."""
    part = cookie.get("partitionKey")
    top = part.get("topLevelSite", "") if isinstance(part, dict) else str(part or "")
    return ("cookie", cookie["name"][:NAME], cookie["domain"].lstrip("."), cookie["path"], top)


def _written(recorder: Recorder, least: int) -> dict[Key, Thing]:
    """Every write by what it wrote; the first cause that is known is the cause."""
    things: dict[Key, Thing] = {}
    for write in recorder.writes:
        if write.phase < least or (write.cookie and write.cookie.deletes):
            continue
        thing = _thing(recorder, write)
        key = _key(thing)
        held = things.get(key)
        things[key] = thing if held is None else _merged(held, thing)
    return things


def _key(thing: Thing) -> Key:
    """Without the path: a script does not say which it got."""
    return (thing.kind, thing.name, thing.domain, "1" if thing.partitioned else "")


def _thing(recorder: Recorder, write: Write) -> Thing:
    cookie = write.cookie
    domain = (cookie.domain or write.host) if cookie else write.host
    host = domain if cookie else host_of(domain)
    thing = Thing(
        write.kind,
        write.name,
        domain,
        party=recorder.party(host, write.page),
        size=write.size,
        page=strip(write.page),
        cause=_served(write.cause),
        dropped=write.kept is False,
    )
    if cookie is None:
        return thing
    return replace(
        thing,
        path=cookie.path or "/",
        http_only=cookie.http_only,
        secure=cookie.secure,
        same_site=cookie.same_site,
        partitioned=cookie.partitioned,
        lifetime=cookie.lifetime,
    )


def _merged(held: Thing, new: Thing) -> Thing:
    unknown = held.cause is None or held.cause.how == "unknown"
    longer = [one for one in (held.lifetime, new.lifetime) if one is not None]
    return replace(
        held,
        cause=new.cause if unknown else held.cause,
        dropped=held.dropped and new.dropped,
        size=max(held.size, new.size),
        lifetime=max(longer) if longer else None,
    )


def _cookies(
    visit: Held, things: dict[Key, Thing], now: set[Key], least: int, known: Known
) -> None:
    """The browser's store is the truth: what was not heard of is added, what was is completed."""
    stored: set[Key] = set()
    for full, cookie in visit.store.items():
        key: Key = ("cookie", full[1], full[2], "1" if full[4] else "")
        heard = things.get(key)
        if heard is None and (full in visit.before or cookie["phase"] < least):
            if full in now:
                things[key] = replace(_of_store(visit.recorder, cookie, known), left=True)
            continue
        seen = _of_store(visit.recorder, cookie, known)
        gone = full not in now and (heard is None or heard.deleted or key not in stored)
        if heard is None:
            things[key] = replace(seen, deleted=gone)
        else:
            lifetime = heard.lifetime
            if lifetime is None or (seen.lifetime or 0) > LONGEST:
                lifetime = seen.lifetime
            things[key] = replace(
                seen,
                cause=heard.cause,
                page=heard.page,
                size=heard.size,
                lifetime=lifetime,
                deleted=gone,
            )
        stored.add(key)
    for key, thing in things.items():
        if thing.kind == "cookie" and key not in stored and not thing.dropped and not thing.left:
            things[key] = replace(thing, deleted=True)


def _of_store(recorder: Recorder, cookie: dict[str, Any], known: Known) -> Thing:
    key = key_of(cookie)
    expires = float(cookie.get("expires", -1))
    page = str(cookie.get("seen_on", ""))
    write = known.writes.get(("cookie", key[1]))
    heard = write is not None and write.cause.how != "unknown"
    return Thing(
        "cookie",
        key[1],
        key[2],
        path=key[3],
        party=recorder.party(key[2], page),
        http_only=bool(cookie.get("httpOnly")),
        secure=bool(cookie.get("secure")),
        same_site=str(cookie.get("sameSite", "")).lower(),
        partitioned=bool(key[4]),
        lifetime=None if cookie.get("session") or expires < 0 else int(expires - time.time()),
        size=max(int(cookie.get("size", 0)) - len(key[1]), 0),
        page=strip(page),
        cause=_served(write.cause) if write and heard else _guess(known, key[2]),
    )


def _guess(known: Known, domain: str) -> Cause:
    """Nobody was heard writing it: an address of that domain that was asked for, as unknown."""
    asked = (
        url for host, url in known.hosts.items() if host == domain or host.endswith(f".{domain}")
    )
    return _served(Cause("unknown", next(asked, "")))


def _storage(visit: Held, things: dict[Key, Thing], known: Known) -> None:
    there = set(keys_of(visit.frames))
    for kind, name, origin in there:
        key: Key = (kind, name, origin, "")
        if key in things:
            continue
        earlier = known.writes.get((kind, name))
        page = visit.recorder.page
        things[key] = Thing(
            kind,
            name,
            origin,
            party=visit.recorder.party(host_of(origin), page),
            size=next(n for one, n in visit.frames[origin][kind] if one == name),
            page=strip(earlier.page if earlier else page),
            cause=_served(earlier.cause) if earlier else Cause(),
            left=(kind, name, origin) in visit.before,
        )
    for key, thing in things.items():
        seen = thing.domain in visit.frames and thing.kind in STORAGE
        if seen and (thing.kind, thing.name, thing.domain) not in there:
            things[key] = replace(thing, deleted=True)


def _requests(recorder: Recorder, sent: list[Sent]) -> list[Request]:
    """One for each address, kind, page and cause; third parties, and what leaves without a page
    asking to see the answer."""
    found: dict[Key, Request] = {}
    for one in sent:
        host = host_of(one.url)
        near = one.near if one.near is not None else None
        party = recorder.party(host, one.page)
        if near is not None:
            party = "first" if near else "third"
        if party == "first" and one.kind not in ALWAYS:
            continue
        key: Key = (one.url, one.kind, one.page, one.cause.url, str(one.cause.line))
        held = found.get(key)
        if held:
            found[key] = replace(held, count=held.count + 1, static=held.static or one.static)
            continue
        found[key] = Request(
            one.url,
            host,
            one.kind,
            party,
            strip(one.page),
            _served(one.cause),
            service_of(one.url),
            static=one.static,
        )
    return list(found.values())


def _served(cause: Cause) -> Cause:
    """With the service that the script or the response belongs to, else that of a caller."""
    if cause.service:
        return cause
    places = [cause.url, *(place.rpartition(":")[0] for place in cause.stack)]
    return replace(cause, service=next((s for place in places if (s := service_of(place))), ""))
