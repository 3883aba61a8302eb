"""One way to be wrong for every check, and what is said of all of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Wrong(Exception):
    """What a check found."""


def hold(held: bool, what: str) -> None:
    if not held:
        raise Wrong(what)


def report(checks: Iterable[Callable[[], str]]) -> int:
    """Runs them and prints a line of each. 1 if anything is wrong, else 0."""
    failed = 0
    for check in checks:
        try:
            print(f"{check.__name__:<12} {check()}", flush=True)
        except Wrong as why:
            failed = 1
            print(f"{check.__name__:<12} WRONG: {why}", flush=True)
    return failed
