"""A server that believes whatever stands first in X-Forwarded-For.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.getcwd())

from consent import geo
from consent.visitor import where


def first(_: object, forwarded: str | None, __: object) -> geo.Address | None:
    return geo.parse_address((forwarded or "").partition(",")[0])


where.client = first
