"""What few ask for, read when it is first asked for: a library of which one page in a thousand has
need costs a server that never shows that page nothing."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands for the module of its name, and reads that when something of it is wanted."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)
