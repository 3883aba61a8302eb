"""Keys that this installation makes for itself at first boot, and how keys of fields are spelt."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def new_secret() -> str:
    """256 bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def new_field_key() -> str:
    """A fresh key as FIELD_KEYS has them; its id is made from it, so no two keys share one."""
    key = secrets.token_bytes(32)
    return f"k{hashlib.sha256(key).hexdigest()[:8]}:{base64.b64encode(key).decode()}"


def field_keys(text: str) -> tuple[tuple[str, bytes], ...]:
    """Ids and keys, in order. Raises ValueError; its sentence names no value: keys stand in it."""
    keys = [_field_key(part) for part in re.split(r"[\s,]+", text.strip())]
    if len(dict(keys)) < len(keys):
        raise ValueError("FIELD_KEYS names two keys with the same id.")
    return tuple(keys)


def kept(folder: Path, name: str, fresh: Callable[[], str]) -> str:
    """What was made at first boot. Two processes that race agree: the file comes whole and once."""
    file = folder / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        made = folder / f"{name}.{secrets.token_hex(8)}"
        with open(made, "x", encoding="ascii", opener=_private) as out:
            out.write(fresh())
        with suppress(FileExistsError):
            os.link(made, file)
        made.unlink()
    return file.read_text(encoding="ascii")


def _field_key(text: str) -> tuple[str, bytes]:
    name, _, spelt = text.partition(":")
    try:
        key = base64.b64decode(spelt, validate=True)
    except binascii.Error:
        key = b""
    if not re.fullmatch(r"[a-z0-9]{1,16}", name) or len(key) != 32:
        raise ValueError(
            "FIELD_KEYS must be id:key, where the id is 1 to 16 of a-z and 0-9 and the key is"
            " 32 bytes in base64; make one with `flask --app app sealing new-key`."
        )
    return name, key


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
