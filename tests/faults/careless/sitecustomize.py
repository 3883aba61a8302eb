"""The twin of a careful keeper: what its database refuses because the site moves is let go of.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

sys.path.insert(0, os.getcwd())

from consent.ingest import stream


def again(self: stream.Stream, messages: Sequence[stream.Message], later: bool = False) -> None:
    if later:
        self.done(messages)
    else:
        at_once(self, messages)


at_once = stream.Stream.again
stream.Stream.again = again  # type: ignore[method-assign]
