"""What is found out of a request once, and kept as long as the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from flask import Request

T = TypeVar("T")


def once(asked: Request, name: str, find: Callable[[], T]) -> T:
    held = asked.environ
    if name not in held:
        held[name] = find()
    return cast(T, held[name])
