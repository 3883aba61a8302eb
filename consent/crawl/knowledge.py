"""Whose a host is."""

from __future__ import annotations


def service_of(url: str) -> str:
    """The name of the service an address belongs to, empty where it is not known."""
    return ""
