"""A server that keeps nothing in memory of what visitors read.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.getcwd())

from consent.visitor import recent

recent.Recent.get = lambda *_: None  # type: ignore[method-assign,assignment]
