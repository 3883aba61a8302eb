"""The file of a backup: members with names that we know, and a manifest with their digests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
MEMBERS = ("database.sqlite", "database.pgdump", "signer.db", "keys.json")
CHUNK = 1 << 20
VERSION = 1


class Broken(Exception):
    """Not a whole backup; the message says what is wrong with it."""


def write(file: Path, folder: Path, facts: dict[str, Any]) -> None:
    """Pack what stands in `folder` under our names. The file comes whole, synced and mode 600."""
    found = [name for name in MEMBERS if (folder / name).exists()]
    files = {name: _facts(folder / name) for name in found}
    manifest = {"v": VERSION, **facts, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    fresh = file.with_name(f"{file.name}.part")
    handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name in (MANIFEST, *found):
                tar.add(folder / name, arcname=name, recursive=False)
        out.flush()
        os.fsync(out.fileno())
    os.replace(fresh, file)


def unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Put the members into `folder` and answer the manifest. Raises Broken.

    Only our names are taken and only ordinary files, so no path in a tar leads elsewhere.
    """
    try:
        with tarfile.open(file, mode="r:") as tar:
            for one in tar:
                if one.name in (MANIFEST, *MEMBERS) and one.isreg():
                    source = tar.extractfile(one)
                    assert source is not None  # noqa: S101 - an ordinary file has a reader
                    with (folder / one.name).open("wb") as out:
                        shutil.copyfileobj(source, out, CHUNK)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        named = dict(manifest["files"])
        version = manifest["v"]
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError):
        raise Broken(f"{file} is not a backup, or is cut off.") from None
    if version != VERSION:
        raise Broken(f"{file} was written by a newer Crumbtrail (version {version} of backups).")
    for name, facts in named.items():
        if name not in MEMBERS or not (folder / name).exists():
            raise Broken(f"{name} is missing in {file}.")
        if _facts(folder / name) != facts:
            raise Broken(f"{name} in {file} is not what was backed up: its digest differs.")
    return manifest


def _facts(file: Path) -> dict[str, Any]:
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return {"sha256": digest, "bytes": file.stat().st_size}
