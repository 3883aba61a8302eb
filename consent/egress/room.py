"""Where a browser is opened: the guard, a folder of its own, and as much of a cell as this machine
can build. What it cannot is said in `notes`, or, where `strict`, ends the attempt."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .guard import Guard, Policy, Refused

CELL = Path(__file__).with_name("cell.py")
IN_THE_CELL = "http://127.0.0.1:3128"
PROBE_SECONDS = 20
# Users that nobody is: the range systemd takes its own from (its "dynamic users").
NOBODIES = range(61184, 65520)
FONTS = "/var/cache/fontconfig"
FLAGS = (
    "--proxy-bypass-list=<-loopback>",  # without it loopback is asked directly
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # names are the guard's business
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=WebRtcHideLocalIpsWithMdns,DnsOverHttpsUpgrade,OptimizationHints",
    "--disable-quic",
    "--dns-prefetch-disable",
    "--deny-permission-prompts",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
)
LIMITS = {
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 256 * 1024 * 1024,
    "RLIMIT_DATA": 4 * 1024 * 1024 * 1024,  # of each process; V8 reserves far more than it uses
    "RLIMIT_NOFILE": 4096,
}
WORK = "w"
# Chromium puts a socket into its folder for temporary files, and a socket's path has 107 letters.
PARENT_MAX = 36
SHORT = "/tmp"  # noqa: S108 - mkdtemp's folders are nobody else's
OVER = {
    "time": "The browser was ended: it had all the time it may have.",
    "memory": "The browser was ended: it had all the memory it may have.",
}
THREADS_MAX = 4000  # of a user that only this browser is


class Unsafe(Exception):
    """A stranger's page shall not be opened on this machine as it is; says what is missing."""

    code = "scanner_unsafe"


@dataclass(frozen=True)
class Means:
    """What this machine can put around a browser. `user` is the id it runs as, 0 for our own."""

    network: bool = False
    files: bool = False
    processes: bool = False
    sandbox: bool = False
    user: int = 0

    def missing(self) -> list[str]:
        """What remains open, in sentences for whoever starts a scan."""
        said = {
            "network": "No network namespace: the browser keeps to the guard by its own settings"
            " alone, so a fault in the browser could reach this machine's networks.",
            "files": "No mount namespace: the browser can read what every user here can read.",
            "processes": "No process namespace: processes are ended one by one.",
            "sandbox": "No user namespaces: Chromium's own sandbox is off.",
        }
        return [sentence for name, sentence in said.items() if not getattr(self, name)]


_ABLE: dict[int, Means] = {}


@dataclass
class Room:
    """`options()` is what Playwright's launch and launch_persistent_context take."""

    guard: Guard
    folder: Path
    executable: str
    args: list[str]
    env: dict[str, str]
    means: Means

    @property
    def notes(self) -> list[str]:
        """What whoever reads the scan should know: what this machine cannot do, and which limit
        ended the browser. The browser could write that file itself, so its words are not used."""
        said = _first_words(self.work / "over")
        return [*self.means.missing(), *([OVER[said]] if said in OVER else [])]

    @property
    def work(self) -> Path:
        """What the browser sees of `folder`, and may change. What starts it is beside."""
        return self.folder / WORK

    def profile(self, preferences: dict[str, Any] | None = None) -> Path:
        """A fresh folder for launch_persistent_context; `launch` needs none. `preferences` are
        what Chromium keeps in a profile's file of that name."""
        made = Path(tempfile.mkdtemp(prefix="profile-", dir=self.folder))
        default = made / "Default"
        default.mkdir()
        file = default / "Preferences"
        file.write_text(json.dumps(preferences or {}), "utf-8")
        _give(self.means, made, default, file)
        return made.rename(self.work / made.name)  # whole, for a browser may already be in there

    def options(self) -> dict[str, Any]:
        return {
            "executable_path": self.executable,
            "args": list(self.args),
            "env": dict(self.env),
            "chromium_sandbox": self.means.sandbox,
        }

    def noted(self, url: str, why: str) -> None:
        """Remember what the fence stopped, beside what the guard did. The query is left out."""
        self.guard.note(Refused(url.partition("?")[0][:200], 0, "", why))


@contextmanager
def opened(
    policy: Policy,
    browser: str,
    *,
    strict: bool = True,
    guard: Guard | None = None,
    means: Means | None = None,
) -> Iterator[Room]:
    """A room for one job. `browser` is Chromium's path; `strict` demands a network namespace and
    Chromium's sandbox and raises Unsafe without. `guard` and `means` are for those who bring their
    own."""
    found = means if means is not None else able(_who())
    if strict and not (found.network and found.sandbox):
        raise Unsafe(" ".join(found.missing()))
    folder = _folder()
    try:
        guard = guard or Guard(policy)
        guard.unix = folder / WORK / "guard" if found.network else None
        with guard:
            _furnish(folder / WORK, found)
            yield _room(guard, folder, shutil.which(browser) or browser, found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def able(user: int) -> Means:
    """What this machine can do, tried out, best first; `user` is who we are. Some 200 ms, once; a
    machine that could do too little is tried again, for it may only have been too busy."""
    if user not in _ABLE:
        found = _able(user)
        if not found.network:
            return found
        _ABLE[user] = found
    return _ABLE[user]


def _able(user: int) -> Means:
    if sys.platform != "linux":
        return Means(sandbox=True)  # Chromium's own needs nothing there
    for network, files, processes in (
        (True, True, True),
        (True, True, False),
        (True, False, False),
        (False, False, False),
    ):
        found = Means(network, files, processes, user=_nobody() if user == 0 else 0)
        code = _tried(found)
        if code in (0, 123):
            sandbox = code == 0
            return Means(network, files, processes, sandbox, found.user)
    return Means()


def _who() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 1


def _nobody() -> int:
    return NOBODIES[secrets.randbelow(len(NOBODIES))]


def _tried(means: Means) -> int:
    """The exit code of a cell without a browser in it."""
    folder = _folder()
    try:
        _furnish(folder / WORK, means)
        plan = _plan(means, folder, "", Policy(seconds_max=PROBE_SECONDS))
        file = folder / "plan.json"
        file.write_text(json.dumps(plan), "utf-8")
        return subprocess.run(  # noqa: S603 - our own interpreter, our own program
            [sys.executable, "-I", "-S", str(CELL), str(file)],
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        ).returncode
    except (OSError, subprocess.SubprocessError):
        return 125
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """Ours, with one of the browser's in it, which is another user's and has to pass through."""
    parent = tempfile.gettempdir()
    if len(parent) > PARENT_MAX:
        parent = SHORT
    made = Path(tempfile.mkdtemp(prefix="crumbtrail-", dir=parent)).resolve()
    made.chmod(0o711)
    made.joinpath(WORK).mkdir(mode=0o700)
    return made


def _furnish(work: Path, means: Means) -> None:
    """The folder belongs to whoever the browser runs as, and has room for what it writes."""
    work.joinpath("home").mkdir()
    _give(means, *work.iterdir(), work)


def _give(means: Means, *paths: Path) -> None:
    """To the browser's user, where it is not ours."""
    for path in paths if means.user else ():
        os.chown(path, means.user, means.user, follow_symlinks=False)


def _first_words(path: Path) -> str:
    """Of a file that the browser may have put there: no link is followed, no pipe waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(path, flags)
    except OSError:
        return ""
    try:
        return os.read(number, 10).decode("ascii", "replace")
    except OSError:  # a folder
        return ""
    finally:
        os.close(number)


def _environment(work: Path) -> dict[str, str]:
    """All that the browser learns of ours: nothing."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(work / "home"),
        "TMPDIR": str(work),
        "XDG_CONFIG_HOME": str(work / "home"),
        "XDG_CACHE_HOME": str(work / "home"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _plan(means: Means, folder: Path, browser: str, policy: Policy) -> dict[str, Any]:
    """What cell.py reads."""
    work = folder / WORK
    shown = [str(work)]
    if browser:
        shown.append(str(Path(browser).resolve().parent))
    if Path(FONTS).is_dir():
        shown.append(FONTS)
    return {
        "network": means.network,
        "files": means.files,
        "processes": means.processes,
        "sandbox": means.sandbox,
        "user": means.user,
        "work": str(work),
        "shown": shown,
        "guard": str(work / "guard"),
        "browser": browser,
        "environment": _environment(work),
        "limits": LIMITS | ({"RLIMIT_NPROC": THREADS_MAX} if means.user else {}),
        "memory": policy.memory_max,
        "seconds": policy.seconds_max + 30,
    }


def _room(guard: Guard, folder: Path, browser: str, means: Means) -> Room:
    proxy = IN_THE_CELL if means.network else guard.proxy
    args = [f"--proxy-server={proxy}", *FLAGS]
    environment = _environment(folder / WORK)
    if sys.platform != "linux":
        return Room(guard, folder, browser, args, environment, means)
    plan = folder / "plan.json"
    plan.write_text(json.dumps(_plan(means, folder, browser, guard.policy)), "utf-8")
    start = folder / "browser"
    command = shlex.join([sys.executable, "-I", "-S", str(CELL), str(plan)])
    start.write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
    start.chmod(0o755)
    return Room(guard, folder, str(start), args, environment, means)
