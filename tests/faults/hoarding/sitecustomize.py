"""The twin of a server of bounded memory: it keeps a mebibyte of each choice.

Python imports a module of this name before anything else; it is found because the test puts this
folder into the server's PYTHONPATH.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.getcwd())

from consent.records import writer

kept: list[bytes] = []


def begin(self: writer.Writer, job: writer.Job) -> None:
    kept.append(os.urandom(2**20))
    queued(self, job)


queued = writer.Writer.begin
writer.Writer.begin = begin  # type: ignore[method-assign]
