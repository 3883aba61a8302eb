"""Bytes of a stored record, indexes included: RECORDS refusals and savings through the writer.

DEMO=1 INSTANCE_PATH=$(mktemp -d) python bench/size.py [RECORDS]
"""

from __future__ import annotations

import os
import random
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import text

import app as wiring
from consent import cli, notices, sites
from consent.db import db
from consent.records import Choice, Facts, Writer
from consent.records.job import Job
from consent.records.writer import BATCH, now_us
from consent.regime import Place

SITE = "voipstudio.pl"


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    app = wiring.create_app()
    with app.app_context():
        cli.upgrade()
        cli.first_run()
        site = sites.get(SITE)
        notice = notices.latest(site)
        assert notice is not None
        writer = Writer(db.engine, now_us)
        before = used()
        for _ in range(0, wanted, BATCH):
            writer._commit([job(site.id, notice) for _ in range(BATCH)])
        stored = -(-wanted // BATCH) * BATCH
        print(f"{(used() - before) / stored:.1f} bytes a record at {stored} records")
        writer.close()
    os._exit(0)


def job(site_id: int, notice: notices.Notice, language: str = "pl") -> Job:
    at = datetime.now(UTC)
    made = (int(at.timestamp() * 1000)).to_bytes(6) + b"\x70\x00\x80" + secrets.token_bytes(7)
    granted = random.random() < 0.5
    choice = Choice(
        id=made,
        visitor=secrets.token_urlsafe(16),
        notice=notice.digest,
        action="save",
        categories={"preferences": False, "statistics": granted, "marketing": False},
        services={"google-analytics": granted},
        language=language,
        layer=2,
        page=f"https://{SITE}/{random.choice('abcdefghij')}/cennik",
        at=at,
        shown_at=at - timedelta(seconds=random.randint(1, 60)),
        answer=None,
        device="phone",
        gpc=False,
        dnt=False,
        previous=None,
    )
    place = Place(random.choice(["PL", "FR", "DE", "US"]), None, "database", "DBIP-Country-Lite")
    facts = Facts(
        site_id,
        SITE,
        notice.id,
        notice.content,
        None,
        None,
        False,
        False,
        "PL",
        "0" * 64,
        place,
        "Chrome",
    )
    return Job.of(choice, facts)


def used() -> int:
    """Bytes of the pages in use, the write-ahead log folded in."""
    db.session.commit()
    with db.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        pages, free, size = (
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


if __name__ == "__main__":
    main()
