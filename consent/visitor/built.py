"""The built script and its lazy files, as `static/js/build.mjs` leaves them in static/js/dist."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

from .. import builds, integrations
from ..parts import parts

LAZY = ("rest", "settings")
# Beside another tool: no banner, nothing held, nothing said to anybody; only the part that reports.
SHADOW = (
    r'import(document.currentScript.src.replace(/(\/v1\/[^\/]+\/).*/,"$1code/shadow.DIGEST.js"))'
    ".then(function(part){part.start({config:CMP_CONFIG})}).catch(function(){})"
)


def _dist() -> Path:
    return Path(str(resources.files("consent"))).parent / "static/js/dist"


@cache
def text(name: str) -> str:
    return (_dist() / name).read_text("utf-8")


@cache
def has(name: str) -> bool:
    """Whether this release has such a lazy file."""
    return name in LAZY or (name in integrations.PARTS and (_dist() / f"{name}.js").is_file())


@cache
def digest(name: str) -> str:
    """Sixteen hex digits that stand in the address of a lazy file."""
    return hashlib.sha256(text(f"{name}.js").encode()).hexdigest()[:16]


def code(lax: bool = True) -> str:
    """The built script; the one for answers that ask first leaves out what the others need."""
    return text("consent.js" if lax else "strict.js").strip()


@cache
def build_digest(lax: bool = True) -> str:
    """The digest of the built script: which code visitors are given."""
    return hashlib.sha256(code(lax).encode()).hexdigest()


def build(lax: bool = True) -> str:
    """The same, shortened, as answers name it."""
    return build_digest(lax)[:16]


def named(code: str) -> str:
    """How an answer names a script."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


@cache
def stage(name: str) -> str:
    """A file of the page that banners are shown on to nobody."""
    return (_dist().parents[1] / "stage" / name).read_text("utf-8")


def files(lax: bool = True) -> dict[str, str]:
    """The script and what it fetches for its settings: {"": the script, "rest.<digest>": …}."""
    return {"": code(lax)} | {f"{name}.{digest(name)}": text(f"{name}.js") for name in LAZY}


def keep(lax: bool = True) -> None:
    """Before an answer names this build: its code, so that the answer can be shown again."""
    known = parts().memory.setdefault("builds", set())
    if lax not in known:
        builds.keep(build_digest(lax), files(lax), parts().clock())
        known.add(lax)
