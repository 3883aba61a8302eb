"""Drives a real browser over a site's pages and says what was stored, what was sent, and by whom.

`scan` runs the browser in a process of its own (`process`), so that a server stays small and a page
that hangs can be ended.
"""

from .options import CrawlError, Options, Progress
from .process import scan

__all__ = ["CrawlError", "Options", "Progress", "scan"]
