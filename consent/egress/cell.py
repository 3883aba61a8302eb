"""The cell: a program that starts a browser where there is no network, and watches over it.

    python -I -S cell.py PLAN.json [the browser's arguments …]

It stands between the driver and the browser, so it imports nothing of ours and nothing that Python
does not bring. PLAN.json says what to build (`room.Plan`); what cannot be built as planned ends the
program, so a browser never runs with less around it than was promised. Linux alone.

The first process splits off (network, mounts, processes), and waits. The second, the warden, is the
first process of the cell: it hides files, brings up the loopback interface, leads 127.0.0.1:3128
to the guard's socket, gives up its rights, starts the browser, and ends it at the limits. When the
warden ends the system ends all that is in the cell.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
SYS_MOUNT_SETATTR, AT_RECURSIVE, RDONLY, NOSUID = 442, 0x8000, 0x1, 0x2
SET_PDEATHSIG, SET_DUMPABLE, SET_CHILD_SUBREAPER, SET_NO_NEW_PRIVS = 1, 4, 36, 38
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41
BRIDGE = ("127.0.0.1", 3128)
LOOKS_EVERY = 0.2
SYSTEM = frozenset("bin dev etc lib lib32 lib64 libx32 nix opt proc sbin snap sys usr".split())
# Exit codes: a browser would have no sandbox here; a limit was passed; the cell was not built.
BARE, OVER, BROKEN = 123, 124, 125

_libc = ctypes.CDLL(None, use_errno=True)


class Unbuilt(Exception):
    """The cell cannot be as planned."""


def main() -> NoReturn:
    _prctl(SET_PDEATHSIG, signal.SIGKILL)  # with the driver, however that ends
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    try:
        split(plan)
        warden = os.fork()
        if warden == 0:
            guarded(plan, sys.argv[2:])
    except (Unbuilt, OSError) as error:
        sys.stderr.write(f"cell: {error}\n")
        os._exit(BROKEN)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(warden, signal.SIGKILL))
    os._exit(os.waitstatus_to_exitcode(os.waitpid(warden, 0)[1]) & 0xFF)


def guarded(plan: dict[str, Any], arguments: list[str]) -> NoReturn:
    """The warden's life. Whatever happens, its end is an exit."""
    code = BROKEN
    try:
        code = warden(plan, arguments)
    except (Unbuilt, OSError) as error:
        sys.stderr.write(f"cell: {error}\n")
    finally:
        for process in family(os.getpid()):
            kill(process)
        os._exit(code)


def split(plan: dict[str, Any]) -> None:
    """Leave the machine's network, mounts and processes, as far as planned."""
    wanted = 0
    if plan["network"]:
        wanted |= NEWNET | NEWIPC
    if plan["files"]:
        wanted |= NEWNS
    if plan["processes"]:
        wanted |= NEWPID | NEWNS
    if wanted and os.geteuid() != 0:
        user, group = os.getuid(), os.getgid()
        _call("unshare", NEWUSER | wanted)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    elif wanted:
        _call("unshare", wanted)


def warden(plan: dict[str, Any], arguments: list[str]) -> int:
    """Build, start the browser, watch; returns the exit code."""
    _prctl(SET_PDEATHSIG, signal.SIGKILL)
    _prctl(SET_CHILD_SUBREAPER, 1)
    if plan["processes"] or plan["files"]:
        _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    if plan["files"]:
        hide(plan)
    if plan["processes"]:
        _call("mount", b"proc", b"/proc", b"proc", 0, None)
    if plan["files"]:
        freeze(plan)
    listener = bridgehead() if plan["network"] else None
    if plan["user"]:
        os.setgroups([])
        os.setresgid(plan["user"], plan["user"], plan["user"])
        os.setresuid(plan["user"], plan["user"], plan["user"])
    _prctl(SET_DUMPABLE, 0)  # the browser may be this user too; it shall not look in here
    _prctl(SET_PDEATHSIG, signal.SIGKILL)  # a change of user forgets it
    browser = os.fork()
    if browser == 0:
        become(plan, arguments)
    return asyncio.run(watch(plan, browser, listener))


# -- building ----------------------------------------------------------------------------------


def hide(plan: dict[str, Any]) -> None:
    """Only the system's folders and `shown` stay visible; what else lies at the root is empty."""
    kept = [(path, os.open(path, os.O_PATH)) for path in plan["shown"]]
    for entry in sorted(Path("/").iterdir()):
        if entry.name not in SYSTEM and entry.is_dir() and not entry.is_symlink():
            _call("mount", b"none", os.fsencode(entry), b"tmpfs", 0, b"size=1m,mode=755")
    for path, there in kept:
        if Path(path).exists() and os.path.samestat(os.stat(path), os.fstat(there)):
            continue  # in a folder of the system
        Path(path).mkdir(parents=True, exist_ok=True)
        _bind(f"/proc/self/fd/{there}", path)
    _bind(plan["work"], plan["work"])
    for _, there in kept:
        os.close(there)


def freeze(plan: dict[str, Any]) -> None:
    """All mounts are read-only but the work folder and a shared memory of the cell's own."""
    _attributes("/", RDONLY | NOSUID, 0, AT_RECURSIVE)
    _attributes(plan["work"], 0, RDONLY, 0)
    _attributes("/proc", 0, RDONLY, 0)  # where a sandbox writes down who is who in it
    size = f"size={plan['memory'] // 2},mode=1777".encode()
    if Path("/dev/shm").is_dir():  # noqa: S108 - the cell's own, mounted here
        _libc.umount2(b"/dev/shm", MNT_DETACH)  # refused where it is not ours: then it is covered
        _call("mount", b"none", b"/dev/shm", b"tmpfs", NOSUID, size)


def bridgehead() -> socket.socket:
    """The loopback interface, up, and the one port on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(BRIDGE)
    listener.listen(256)
    return listener


def become(plan: dict[str, Any], arguments: list[str]) -> NoReturn:
    """The browser, with its own environment and limits and without a way to more rights."""
    try:
        _prctl(SET_PDEATHSIG, signal.SIGKILL)
        for name, most in plan["limits"].items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
        if plan["sandbox"]:
            _prctl(SET_NO_NEW_PRIVS, 1)
        os.chdir(plan["work"])
        if not plan["browser"]:
            tried()
        given = [plan["browser"], *joined(fresh(arguments, plan["work"]))]
        os.execve(plan["browser"], given, plan["environment"])  # noqa: S606 - a list, no shell
    except OSError as error:
        sys.stderr.write(f"cell: {plan['browser']}: {error}\n")
    finally:
        os._exit(BROKEN)


def tried() -> NoReturn:
    """Instead of a browser: could it make a sandbox of its own here?"""
    try:
        user = os.getuid()
        _prctl(SET_DUMPABLE, 1)  # as starting a program does
        _call("unshare", NEWUSER | NEWPID | NEWNET)
        Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (user, user))
    except (Unbuilt, OSError):
        os._exit(BARE)
    os._exit(0)


def fresh(arguments: list[str], work: str) -> list[str]:
    """A profile that nobody used before, unless the driver named one in the work folder."""
    switch = "--user-data-dir="
    if any(one.startswith(f"{switch}{work}/") for one in arguments):
        return arguments
    kept = [one for one in arguments if not one.startswith(switch)]
    return [*kept, f"{switch}{work}/home/profile-{os.urandom(8).hex()}"]


def joined(arguments: list[str]) -> list[str]:
    """Chromium hears only the last of two --disable-features; here it hears all of them."""
    for switch in ("--disable-features=", "--enable-features="):
        named = [one.removeprefix(switch) for one in arguments if one.startswith(switch)]
        if named:
            arguments = [one for one in arguments if not one.startswith(switch)]
            arguments.append(switch + ",".join(named))
    return arguments


# -- watching ----------------------------------------------------------------------------------


async def watch(plan: dict[str, Any], browser: int, listener: socket.socket | None) -> int:
    """Until the browser ends, or passes the limit of time or memory; returns the exit code."""
    if listener is not None:
        lead = lambda reader, writer: bridge(plan["guard"], reader, writer)  # noqa: E731
        await asyncio.start_server(lead, sock=listener)
    ends = time.monotonic() + plan["seconds"]
    while True:
        if (code := reaped(browser)) is not None:
            return code
        if time.monotonic() > ends:
            return over(plan, "time")
        if sum(map(memory, family(os.getpid()))) > plan["memory"]:
            return over(plan, "memory")
        await asyncio.sleep(LOOKS_EVERY)


def over(plan: dict[str, Any], what: str) -> int:
    """Say which limit it was, where the driver's side finds it too."""
    sys.stderr.write(f"cell: the browser had all the {what} it may have\n")
    Path(plan["work"], "over").write_bytes(what.encode("ascii"))
    return OVER


def reaped(browser: int) -> int | None:
    """The browser's exit code if it has ended; orphans in the cell are laid to rest too."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == browser:
                return os.waitstatus_to_exitcode(ended[1]) & 0xFF
    except ChildProcessError:
        return 0
    return None


async def bridge(guard: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there, back = await asyncio.open_unix_connection(guard)
    except OSError:
        writer.close()
        return
    ways = [asyncio.create_task(one) for one in (pump(reader, back), pump(there, writer))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    back.close()
    writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        return


def family(root: int) -> list[int]:
    """The processes below `root`, as /proc shows them."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_bytes()
            except OSError:
                continue  # it has just ended
            parents[int(entry)] = int(stat.rpartition(b")")[2].split()[1])
    found = {root}
    while more := {one for one, above in parents.items() if above in found} - found:
        found |= more
    return sorted(found - {root})


def memory(process: int) -> int:
    """Bytes that are the process's alone, or shared without a file."""
    try:
        status = Path(f"/proc/{process}/status").read_bytes()
    except OSError:
        return 0
    lines = [line.split() for line in status.splitlines() if line[:7] in (b"RssAnon", b"RssShme")]
    return sum(int(line[1]) * 1024 for line in lines)


def kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


# -- the system --------------------------------------------------------------------------------


def _call(name: str, *arguments: Any) -> None:
    values = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if getattr(_libc, name)(*values) != 0:
        number = ctypes.get_errno()
        raise Unbuilt(f"{name}: {os.strerror(number)}")


def _prctl(option: int, value: int) -> None:
    _call("prctl", option, value, 0, 0, 0)


def _bind(source: str, target: str) -> None:
    _call("mount", os.fsencode(source), os.fsencode(target), None, MS_BIND | MS_REC, None)


def _attributes(path: str, wanted: int, unwanted: int, flags: int) -> None:
    """mount_setattr(2), since Linux 5.12; its number is the same on every machine."""
    value = struct.pack("QQQQ", wanted, unwanted, 0, 0)
    _call("syscall", SYS_MOUNT_SETATTR, -100, os.fsencode(path), flags, value, len(value))


if __name__ == "__main__":
    main()
