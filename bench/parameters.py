"""NAME=VALUE words of a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def parameters(words: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    """What is known, each of its type, with what the words say instead. Raises SystemExit."""
    told = dict(known)
    for word in words:
        name, _, value = word.partition("=")
        if name not in known:
            raise SystemExit(f"{name} is not one of {', '.join(known)}")
        told[name] = type(known[name])(value)
    return told
