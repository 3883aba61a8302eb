"""Retention: how long records stay, and the daily job that takes them away.

A site has two clocks. The life of a choice is how long it counts, and its expiry is computed where
it is read. The retention of the record is how long the proof is kept, and it ends here.

due     which records are past their time, and when the next ones will be
clock   whether the date may be believed: a moved clock deletes nothing
job     the run: count, take away in small batches, tell the log
"""

from .clock import Clock, next_run, problem
from .due import COUNTED, Coming, coming, ends
from .job import Daily, DailyCount, Run, run

__all__ = [
    "COUNTED",
    "Clock",
    "Coming",
    "Daily",
    "DailyCount",
    "Run",
    "coming",
    "ends",
    "next_run",
    "problem",
    "run",
]
