"""What every check has: where things stand, programs to ask, and one way to be wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NAME = "consent.example.com"


class Wrong(Exception):
    """What a check found."""


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


def hold(held: bool, what: str) -> None:
    if not held:
        raise Wrong(what)


def tool(program: str, *words: str) -> str:
    if shutil.which(program) is None:
        return f"parsed; {program} not run: it is not installed here"
    done = run(program, *words)
    hold(done.returncode == 0, (done.stdout + done.stderr).strip())
    return f"{program} is content"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
