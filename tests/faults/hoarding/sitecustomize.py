"""The twin of a server of bounded memory: it keeps a mebibyte of each choice.

Python imports a module of this name before anything else; it is found because the test puts this
folder into the server's PYTHONPATH.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.getcwd())

from consent.records import writer
from consent.records.rows import Row

kept: list[bytes] = []


def write(self: writer.Writer, job: writer.Job) -> tuple[Row, bool]:
    kept.append(os.urandom(2**20))
    return stored(self, job)


stored = writer.Writer.write
writer.Writer.write = write  # type: ignore[method-assign]
