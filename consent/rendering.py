"""The pictures of a running server: what the settings make of the renderer."""

from __future__ import annotations

from .parts import Parts
from .renderings import Renderer

FOLDER = "renderings"  # below the instance folder


def renderer(known: Parts) -> Renderer:
    """One for the process; what runs elsewhere on the same database is seen in the database."""
    return Renderer(
        folder=known.config.instance_path / FOLDER,
        staged=known.staged,
        faces=known.regimes.faces,
    )
