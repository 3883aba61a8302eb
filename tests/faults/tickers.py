"""Several ledgers at once on one database, each a process: `python -m tests.faults.tickers COUNT`.

They tick as fast as they can until the file `stop` is in INSTANCE_PATH. Each signed note goes to
`notes.N` there, each alarm to `alarms.N`, each pid to `pid.N`. UNFENCED=1 is the twin: nobody asks
whether somebody else moved first, and the first of them dawdles until somebody has.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from consent import config
from consent.db import db
from consent.ledger import Ledger
from consent.ledger.rows import Head, Tile
from consent.ledger.signer import Wanted
from consent.tlog.merkle import Wrong
from consent.waiting import Waiting

PATIENCE = 2.0  # seconds: no site need have another choice


def work(number: int, folder: Path) -> None:
    if os.environ.get("UNFENCED"):
        unfenced(dawdles=number == 0)
    app = create_app(config.load(os.environ))
    ledger: Ledger = app.extensions["crumbtrail"].ledger
    sign = ledger.signer.sign
    notes = (folder / f"notes.{number}").open("a", encoding="utf-8")
    alarms = (folder / f"alarms.{number}").open("a", encoding="utf-8")

    def kept(wanted: Iterable[Wanted], at: datetime) -> list[str]:
        made = sign(wanted, at)
        notes.writelines(json.dumps(one) + "\n" for one in made)
        return made

    ledger.signer.sign = kept  # type: ignore[method-assign]
    (folder / f"new.{number}").write_text(str(os.getpid()))
    (folder / f"new.{number}").rename(folder / f"pid.{number}")  # whoever sees it can read it
    while not (folder / "stop").exists():
        try:
            with app.app_context():
                ledger.tick(datetime.now(UTC))
        except (SQLAlchemyError, Wrong) as error:  # as Ledger.run: the next tick tries again
            print(number, type(error).__name__, str(error)[:200], flush=True)
        alarms.writelines(f"{why}\n" for why in ledger.alarms.values())
        time.sleep(random.random() * 0.05)
    notes.close()
    alarms.close()


def unfenced(dawdles: bool) -> None:
    """The twin: heads move and lines are taken whatever others did meanwhile."""
    overtaken = not dawdles

    def move(self: Ledger, head: Head, grown: Any, chained: int | None, told: Any) -> None:
        nonlocal overtaken
        end = time.monotonic() + PATIENCE
        while not overtaken and time.monotonic() < end:  # between what was read and what is written
            time.sleep(0.01)
            stored = db.session.scalar(select(Head.size).where(Head.id == head.id)) or 0
            overtaken = stored > grown.size
        values = {"size": grown.size, "root": grown.root(), "chained": chained}
        db.session.execute(
            update(Head).where(Head.id == head.id).values(**values, told=dict(told)),
            execution_options={"synchronize_session": False},
        )
        fresh = -(-grown._old // 256)  # the first bundle that is not there yet, as far as is known
        db.session.execute(
            delete(Tile).where(Tile.log_id == head.id, Tile.level == 0, Tile.number >= fresh),
            execution_options={"synchronize_session": False},
        )
        grown.save(db.session())

    def take(self: Ledger, ids: list[int]) -> None:
        db.session.execute(
            delete(Waiting).where(Waiting.id.in_(ids)),
            execution_options={"synchronize_session": False},
        )

    Ledger._move = move  # type: ignore[method-assign]
    Ledger._take = take  # type: ignore[assignment,method-assign]


def main() -> None:
    folder = Path(os.environ["INSTANCE_PATH"])
    children = []
    for number in range(int(sys.argv[1])):
        child = os.fork()
        if not child:
            work(number, folder)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
