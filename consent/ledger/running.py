"""The ledger at work: ticking in one process, and looked at by those that serve."""

from __future__ import annotations

import threading

from ..chores import Clock, Context, Work, repeat
from .integrate import Ledger
from .witnessing import EVERY_S

TICK_S = 1.0


def run(
    ledger: Ledger, context: Context, clock: Clock, stop: threading.Event, *chores: Work
) -> None:
    """Tick every second until `stop`, whatever happens to a single tick.

    After each tick the chores are called with the time, each in a context of its own; they know
    themselves when they are due. Witnesses are asked from another thread, so that none of them
    holds up a tick.
    """
    asked = (context, clock, stop, EVERY_S, ledger.witness)
    asking = threading.Thread(target=repeat, args=asked, name="witness", daemon=True)
    if ledger.witnessing is not None:
        asking.start()
    repeat(context, clock, stop, TICK_S, ledger.tick, *chores)
    if ledger.witnessing is not None:
        asking.join(EVERY_S)


def watch(ledger: Ledger, context: Context, clock: Clock, stop: threading.Event) -> None:
    """By a process that serves: see every second whether it may go on, so that a database which is
    restored under it gets no more choices."""
    repeat(context, clock, stop, TICK_S, ledger.look)
