"""What the tests take from npm, and the program that runs it.

`packages/package.json` names what only tests need; `make test` installs it. Nothing of it is
shipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.prepare import ROOT

PACKAGES = ROOT / "packages"
MODULES = PACKAGES / "node_modules"
SCRIPT_MODULES = ROOT / "static/js/node_modules"


def program(name: str) -> str:
    """`node` or `npm`, where the machine or .venv has it."""
    return shutil.which(name) or str(ROOT / ".venv/bin" / name)


def node(*arguments: str | Path, given: object = None, folder: Path = ROOT) -> str:
    """What a program of Node prints; `given` reaches its standard input as JSON."""
    return run("node", *arguments, given=given, folder=folder)


def run(name: str, *arguments: str | Path, given: object = None, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [program(name), *map(str, arguments)],
        input="" if given is None else json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**os.environ, "npm_config_update_notifier": "false"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answer(*arguments: str | Path, given: object = None) -> Any:
    """What a program of Node prints, read as JSON."""
    return json.loads(node(*arguments, given=given))
