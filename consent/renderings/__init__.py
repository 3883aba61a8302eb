"""Pictures of every published version, taken by a real browser and kept as evidence by digest.

CNIL 2020-092 §48 names dated screenshots of each version, per kind of device, among the ways to
prove what visitors were shown. Publishing never waits for them: what is published and has none is
found by whoever takes them, beside the server, and where there is no browser that is said.
"""

from .book import (
    PROBLEMS,
    again,
    awaited,
    claim,
    counts,
    entries,
    fail,
    finish,
    job,
    manifest,
    progress,
    queue_due,
    read,
    where,
)
from .rows import Job, Rendering
from .running import Picture, Renderer, Staged, plan

__all__ = [
    "PROBLEMS",
    "Job",
    "Picture",
    "Renderer",
    "Rendering",
    "Staged",
    "again",
    "awaited",
    "claim",
    "counts",
    "entries",
    "fail",
    "finish",
    "job",
    "manifest",
    "plan",
    "progress",
    "queue_due",
    "read",
    "where",
]
