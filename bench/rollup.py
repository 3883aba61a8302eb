"""How long the pages of statistics wait for the database, with 10 million records counted.

    python bench/rollup.py [postgresql://…]

Counts of three years of one large site and of twenty small ones, drawn from distributions like
those of real websites, go in by the rollup's own verb; then every question of the two pages is
asked for periods from a day to three years, and the writer stores records with and without
counting them. Without an address: SQLite in a folder of its own.
"""

from __future__ import annotations

import json
import os
import platform
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import func, select

import app as wiring
from consent import cli, config, inventory, notices, rollup, sites
from consent.db import db
from consent.records import Choice, Facts, Writer
from consent.records.job import Job
from consent.records.rows import ACTIONS, BROWSERS
from consent.records.writer import now_us
from consent.regime import Place
from consent.rollup import Cell, Kind, Period
from consent.rollup.cells import WAITS, Counts
from consent.rollup.period import number
from consent.sites import Site

RECORDS, DAYS, SMALL, SHARE = 10_000_000, 1095, 20, 0.9
ROUNDS = 15
PERIODS = {
    "a day": 1,
    "7 days": 7,
    "30 days": 30,
    "92 days": 92,
    "12 months": 365,
    "16 months, odd ends": 500,
    "three years": 1095,
}
COUNTRIES = "PL DE FR GB US CZ ES IT NL UA SE NO DK FI AT CH BE IE PT RO HU SK LT LV EE CA AU BR IN"
RARE = (
    "MT LU CY IS SG HK JP KR MX AR CL CO ZA EG MA TN NG KE TR IL AE SA TH VN PH ID MY NZ GR HR SI"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        values = {"INSTANCE_PATH": folder, "SECRET_KEY": "not a secret"}
        if len(sys.argv) > 1:
            values["DATABASE_URL"] = sys.argv[1]
        app = wiring.create_app(config.load(values))
        with app.app_context():
            cli.upgrade()
            last = date.today()
            made = [site_of(f"site{n}.example", app) for n in range(SMALL + 1)]
            start = time.monotonic()
            stored = sum(
                fill(site, last, int(RECORDS * (SHARE if n == 0 else (1 - SHARE) / SMALL)), n)
                for n, site in enumerate(made)
            )
            lines = db.session.scalar(select(func.count()).select_from(Cell))
            print(f"{stored} records as {lines} lines in {time.monotonic() - start:.0f} s")
            report(asked(made, last))
            written(made[1])
            db.session.remove()
            db.engine.dispose()


def site_of(key: str, app: object) -> Site:
    at = wiring.utc_now()
    site = sites.add(
        key,
        by="bench",
        at=at,
        name=key,
        controller={"legal_name": "Bench Ltd", "email": "a@example.com", "trading_name": "Bench"},
        origins=[key],
        languages=["en"],
        retention={"value": 36, "unit": "month"},
    )
    inventory.starter(site, "bench", at)
    notices.publish(site, "bench", at)
    return site


def fill(site: Site, last: date, records: int, seed: int) -> int:
    """Three years of counts, a little more on workdays; returns how many records they stand for."""
    draw = random.Random(seed)
    notice = notices.latest(site)
    assert notice is not None
    stored = 0
    for n in range(DAYS):
        day = last - timedelta(days=n)
        weight = (1.15 if day.weekday() < 5 else 0.65) * draw.uniform(0.8, 1.2)
        counts = day_of(number(day), max(1, round(records / DAYS * weight)), str(notice.id), draw)
        rollup.pour(db.session.connection(), site.id, counts)
        stored += sum(counts.get((number(day), Kind.TOTAL, ""), ()))
        if n % 60 == 0:
            db.session.commit()
    db.session.commit()
    return stored


def day_of(day: int, many: int, notice: str, draw: random.Random) -> Counts:
    """The counts of one day."""
    found: Counts = {}

    def spread(kind: Kind, weights: dict[str, float], of: int = many) -> None:
        whole = sum(weights.values())
        for value, weight in weights.items():
            expected = of * weight / whole
            count = max(0, round(draw.gauss(expected, expected**0.5)))
            if count:
                granted = round(count * draw.uniform(0.38, 0.48))
                partly = round(count * draw.uniform(0.05, 0.1))
                found[day, kind, value] = [granted, partly, count - granted - partly]

    places = {c: 1 / (n + 1) for n, c in enumerate((COUNTRIES + " " + RARE).split())}
    spread(Kind.TOTAL, {"": 1})
    spread(Kind.HOUR, {f"{h:02}": 1 + 4 * (7 <= h <= 21) for h in range(24)})
    spread(Kind.ACTION, dict(zip(ACTIONS, (41, 38, 9, 2, 3, 2, 0.2, 0.5), strict=True)))
    spread(Kind.COUNTRY, {**places, "": 0.05})
    spread(Kind.LANGUAGE, {"pl": 50, "en": 30, "de": 12, "fr": 6, "uk": 2})
    spread(Kind.DEVICE, {"phone": 61, "desktop": 35, "tablet": 3, "": 1})
    spread(Kind.LAYER, {"1": 88, "2": 10, "0": 1, "3": 1})
    spread(Kind.REGIME, {"EU": 80, "GB": 8, "US": 9, "CA-QC": 1})
    spread(Kind.NOTICE, {notice: 1})
    spread(Kind.FIRST, {notice: 1}, round(many * 0.85))
    spread(Kind.BROWSER, dict(zip(BROWSERS, (2, 62, 6, 18, 7, 2, 3), strict=True)))
    spread(Kind.WAIT, {f"{w:08}": 60 / (4 + abs(n - 9) ** 1.6) for n, w in enumerate(WAITS)})
    spread(Kind.SIGNAL, {"gpc": 6, "dnt": 4}, round(many * 0.1))
    spread(Kind.AGAIN, {"own": 9, "asked": 4, "unknown": 0.5}, round(many * 0.12))
    spread(Kind.SUSPECT, {"": 10, "fast": 6, "burst": 3, "clock": 1}, round(many * 0.01))
    for name, share in (("preferences", 0.55), ("statistics", 0.5), ("marketing", 0.42)):
        granted = round(many * share * draw.uniform(0.95, 1.05))
        found[day, Kind.CATEGORY, name] = [granted, 0, max(0, many - granted)]
    return found


def asked(made: list[Site], last: date) -> dict[str, list[float]]:
    """Milliseconds of each question, in the order they are asked."""
    found: dict[str, list[float]] = {}
    for words, days in PERIODS.items():
        period = Period(last - timedelta(days=days - 1), last)
        took(found, f"dashboard, {words}", lambda p=period: rollup.read(made[0], p))  # type: ignore[misc]
        took(found, f"all sites, {words}", lambda p=period: rollup.read_all(made, p))  # type: ignore[misc]
    return found


def written(site: Site) -> None:
    """What counting adds to the writer, in microseconds of our process a record."""
    notice = notices.latest(site)
    assert notice is not None and notice.content
    db.session.expunge_all()
    db.session.rollback()  # nothing is held while the writer works
    for size in (1, 16, 256):
        spent: dict[str, list[float]] = {"counted": [], "not counted": []}
        for _ in range(ROUNDS):
            for way, also in (("counted", rollup.add), ("not counted", lambda *_: None)):
                writer = Writer(db.engine, now_us, also)
                writer._commit([choice(site, notice)])  # numbers of rules and places are looked up
                batch = [choice(site, notice) for _ in range(size)]
                wall, cpu = time.perf_counter(), time.process_time()
                writer._commit(batch)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                spent[way].append(cpu / size * 1e6)
                spent.setdefault(f"{way}, wall", []).append(wall / size * 1e6)
                writer.close()
        shown = ", ".join(f"{way} {statistics.median(us):.0f}" for way, us in spent.items())
        print(f"a batch of {size}, microseconds a record: {shown}")


def choice(site: Site, notice: notices.Notice) -> Job:
    """A choice as any other, from a few countries and browsers."""
    at = wiring.utc_now()
    number = int(at.timestamp() * 1000).to_bytes(6) + bytes([0x70]) + secrets.token_bytes(9)
    made = Choice(
        id=number,
        visitor=secrets.token_urlsafe(16),
        notice=notice.digest,
        action="reject_all",
        categories={"statistics": False, "marketing": False},
        services=None,
        language="en",
        layer=1,
        page=f"https://{site.key}/",
        at=at,
        shown_at=at - timedelta(seconds=random.randint(1, 60)),
        answer=None,
        device=random.choice(("phone", "desktop")),
        gpc=False,
        dnt=None,
        previous=None,
    )
    place = Place(random.choice(("PL", "DE", "FR", "US")), None, "database", "bench")
    facts = Facts(
        site.id, site.key, notice.id, notice.content, None, None, False, False, "EU", "0" * 64,
        place, random.choice(BROWSERS),
    )  # fmt: skip
    return Job.of(made, facts)


def took(found: dict[str, list[float]], name: str, ask: Callable[[], object]) -> None:
    for _ in range(ROUNDS):
        db.session.rollback()
        start = time.perf_counter()
        ask()
        found.setdefault(name, []).append((time.perf_counter() - start) * 1000)


def report(found: dict[str, list[float]]) -> None:
    for name, times in found.items():
        print(f"{name:32} median {statistics.median(times):6.1f} ms, longest {max(times):6.1f} ms")
    summary = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "load": os.getloadavg()[0],
        "database": db.engine.dialect.name,
        "longest_ms": round(max(max(times) for times in found.values()), 1),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
