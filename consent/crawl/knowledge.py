"""Whose a host is."""

from __future__ import annotations

from .. import classify


def service_of(url: str) -> str:
    """The name of the service an address belongs to, empty where it is not known."""
    found = classify.service_of(url) if url else None
    return found.name if found else ""
