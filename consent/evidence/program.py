"""The verifier as one file, `verify.pyz`: our own sources in a zip that Python runs."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

from .archive import EPOCH

PACKAGE = Path(__file__).resolve().parent.parent
PARTS = ("__init__.py", "leaf.py", "tlog/*.py", "verify/*.py")
MAIN = """import sys

if sys.version_info < (3, 11):
    raise SystemExit("verify.pyz needs Python 3.11 or newer.")

from consent.verify.__main__ import main

raise SystemExit(main())
"""


@cache
def program() -> bytes:
    """The same bytes for the same sources."""
    out = io.BytesIO()
    out.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", EPOCH), MAIN)
        for part in PARTS:
            for file in sorted(PACKAGE.glob(part)):
                name = f"consent/{file.relative_to(PACKAGE).as_posix()}"
                info = zipfile.ZipInfo(name, EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, file.read_bytes())
    return out.getvalue()
