"""The cell, with a shell script in the browser's place (SECURITY: S05, S08, S11)."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consent.egress import Means, Policy, Unsafe, able, opened, room
from tests.canary import canary

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
CANARY = "canary-5f3a"
TMP = Path("/tmp")  # noqa: S108 - where everybody may write


@pytest.fixture
def means() -> Means:
    found = able(os.geteuid())
    if not (found.network and found.files and found.processes):
        pytest.skip(f"this machine builds no whole cell: {' '.join(found.missing())}")
    return found


Started = tuple[int, str]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Started]:
    """`run("id -u", means)`: the script in a cell; its exit code and all it said."""

    def started(script: str, means: Means, **more: object) -> Started:
        with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
            change(made.folder, **more)
            ended = subprocess.run(
                [made.executable, "-c", script, "sh"],
                env={**os.environ, "SECRET_KEY": CANARY, "DATABASE_URL": CANARY},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
                check=False,
            )
            return ended.returncode, ended.stdout

    return started


def change(folder: Path, **more: object) -> None:
    file = folder / "plan.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | more), "utf-8")


def alive(mark: str) -> list[str]:
    """Processes that have `mark` in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def gone(mark: str) -> bool:
    for _ in range(300):
        if not alive(mark):
            return True
        time.sleep(0.1)
    return False


def test_the_machine_says_what_it_can_do(means: Means) -> None:
    assert means.missing() == [] or means.missing() == [Means(True, True, True).missing()[0]]
    assert len(Means().missing()) == 4


def test_without_a_cell_a_strangers_page_is_not_opened() -> None:
    """What the admin asks for: refused, with what is missing, before anything was started."""
    for poor in (Means(), Means(sandbox=True), Means(network=True, files=True)):
        with pytest.raises(Unsafe, match="namespace"), opened(Policy(), "/bin/sh", means=poor):
            raise AssertionError("nothing is opened")
    with opened(Policy(), "/bin/sh", means=Means(), strict=False) as made:
        assert len(made.notes) == 4 and made.options()["chromium_sandbox"] is False


def test_a_folder_with_spaces_and_quotes_is_a_folder(
    means: Means, run: Callable[..., Started], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = TMP / f'it\'s a "$HOME" {os.getpid()}'
    odd.mkdir(mode=0o711)
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    assert run("echo x > $TMPDIR/x && echo fine", means) == (0, "fine\n")
    odd.rmdir()


def test_a_long_folder_for_temporary_files_is_not_used(
    means: Means, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket of Chromium's would have too long a path, and the browser would not start."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        assert len(str(tmp_path)) > 36 and made.folder.parent == TMP
        assert len(f"{made.env['TMPDIR']}/org.chromium.Chromium.scoped_dir.XXXXXX/Singleton") < 107


def test_there_is_no_interface_but_loopback(means: Means, run: Callable[..., Started]) -> None:
    code, said = run("tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route", means)
    assert code == 0 and said.split()[0] == "lo"
    assert len(said.strip().splitlines()) == 2, said  # lo, and the head of an empty table
    assert run("tail -n +3 /proc/net/dev | wc -l", Means(user=means.user))[1] != "1\n"  # the twin


def test_the_only_way_out_is_the_guard(means: Means, run: Callable[..., Started]) -> None:
    """A program in the cell tries this machine's addresses directly, by TCP and UDP."""
    with canary() as listening:
        hosts = [host.partition("%")[0] for host in listening.hosts]
        script = "".join(
            f"(echo a > /dev/{kind}/{host}/{listening.port}) 2>/dev/null && echo reached;"
            for host in hosts
            for kind in ("tcp", "udp")
            if ":" not in host
        )
        bash = f"exec bash -c '{script} (echo > /dev/tcp/127.0.0.1/3128) && echo guard'"
        _, said = run(bash, means)
        assert said.count("guard") == 1 and "tcp" not in listening.heard, said
        run(bash, Means(user=means.user))
        assert "tcp" in listening.heard and "udp" in listening.heard  # the twin


def test_S11_nothing_of_ours_is_in_the_environment(
    means: Means, run: Callable[..., Started]
) -> None:
    for one in (means, Means(user=means.user)):
        _, said = run("env", one)
        names = {line.partition("=")[0] for line in said.splitlines()}
        assert CANARY not in said
        assert names <= {"PATH", "HOME", "TMPDIR", "LANG", "TZ", "PWD", "SHLVL", "_"} | {
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
        }


def test_S11_only_the_work_folder_can_be_written(means: Means, run: Callable[..., Started]) -> None:
    places = "/ /etc /usr /bin /tmp /var /var/tmp /root /home /opt /dev /run"
    script = f"for p in {places} {Path.cwd()}; do (echo > $p/x-crumbtrail) && echo $p; done; "
    _, said = run(script + "echo x > $HOME/x && echo x > $TMPDIR/x && echo fine", means)
    assert said.splitlines()[-1] == "fine", said
    assert not [line for line in said.splitlines() if line in places.split()], said
    assert not list(TMP.glob("x-crumbtrail"))


def test_S11_the_browser_is_nobody_and_can_become_nobody_else(
    means: Means, run: Callable[..., Started]
) -> None:
    _, said = run("id -u; grep -E '^(NoNewPrivs|CapEff|CapBnd)' /proc/self/status", means)
    user, *status = said.split()
    assert int(user) == (means.user or os.getuid()) != 0
    assert dict(zip(status[::2], status[1::2], strict=True))["NoNewPrivs:"] == "1"
    assert dict(zip(status[::2], status[1::2], strict=True))["CapEff:"] == "0" * 16


def test_S05_a_file_of_this_machine_is_not_there(
    means: Means, run: Callable[..., Started], tmp_path: Path
) -> None:
    """Readable by everybody, and in a folder that everybody may enter; and yet."""
    file = TMP / f"{CANARY}-{os.getpid()}"
    file.write_text(CANARY)
    file.chmod(0o644)
    try:
        _, said = run(f"cat {file} {Path(__file__)}; ls -A /root /home /srv", means)
        assert CANARY not in said.replace(str(file), "") and "No such file" in said
        # The twin: a cell without mounts of its own sees it.
        _, said = run(f"cat {file}", dataclasses.replace(means, files=False, processes=False))
        assert CANARY in said
    finally:
        file.unlink()


def test_other_processes_cannot_be_seen(means: Means, run: Callable[..., Started]) -> None:
    _, said = run("ls /proc | grep -c '^[0-9]'", means)
    assert int(said) <= 5


def test_S08_the_memory_of_all_processes_together_is_bounded(
    means: Means, run: Callable[..., Started]
) -> None:
    """Four processes, none of which is too large alone."""
    hog = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep"
    script = "".join(f"({hog} 100) & " for _ in range(4)) + "wait"
    code, said = run(script, means, memory=150_000_000)
    assert code == 124 and "all the memory" in said
    code, _ = run(script.replace(" 100)", " 0)"), means, memory=4_000_000_000)
    assert code == 0  # the twin: the same within its limit


def test_S08_a_file_can_grow_to_a_size_and_no_further(
    means: Means, run: Callable[..., Started]
) -> None:
    limits = room.LIMITS | {"RLIMIT_FSIZE": 1_000_000}
    _, said = run(
        "head -c 9000000 /dev/zero > $HOME/big; stat -c %s $HOME/big", means, limits=limits
    )
    assert said.splitlines()[-1] == "1000000"


def test_S08_processes_without_end_come_to_one(means: Means, run: Callable[..., Started]) -> None:
    if not means.user:
        pytest.skip("only a user of its own can be counted")
    script = "for i in $(seq 40); do sleep 5 & done; echo all of them"
    _, said = run(script, means, limits=room.LIMITS | {"RLIMIT_NPROC": 20})
    assert "fork" in said and "all of them" not in said
    _, said = run(script, means, limits=room.LIMITS | {"RLIMIT_NPROC": 200})
    assert "fork" not in said and "all of them" in said  # the twin


def test_S08_time_ends_and_takes_every_process_with_it(
    means: Means, run: Callable[..., Started]
) -> None:
    """Also those that left the group, the session and their parent."""
    for one in (means, dataclasses.replace(means, processes=False)):
        mark = f"77{time.monotonic_ns() % 10**9}"
        script = f"setsid sleep {mark} & (setsid setsid sleep {mark} &) ; sleep {mark}"
        code, said = run(script, one, seconds=1)
        assert code == 124 and "all the time" in said
        assert gone(f"sleep {mark}")


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_cell_ends_all_that_is_in_it(means: Means, which: int) -> None:
    mark = f"78{time.monotonic_ns() % 10**9}"
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        script = f"setsid sleep {mark} & sleep {mark}"
        child = subprocess.Popen([made.executable, "-c", script, "sh"], stdin=subprocess.DEVNULL)
        while len(alive(f"sleep {mark}")) < 3:  # the shell, and two of them
            time.sleep(0.05)
        child.send_signal(which)
        child.wait(30)
        assert gone(f"sleep {mark}")
    assert not made.folder.exists()


def test_when_the_driver_is_killed_the_cell_is_empty(means: Means) -> None:
    """Who started the cell is gone at once, and had no time to say so."""
    mark = f"79{time.monotonic_ns() % 10**9}"
    driver = "import subprocess, sys; subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL)"
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        command = [made.executable, "-c", f"setsid sleep {mark} & sleep {mark}", "sh"]
        started = subprocess.Popen([sys.executable, "-c", driver, *command])
        while not [line for line in alive(f"sleep {mark}") if line.startswith("sleep")]:
            time.sleep(0.05)
        started.kill()
        started.wait(30)
        assert gone(f"sleep {mark}")


def test_a_browser_cannot_change_what_starts_the_next_one(
    means: Means, run: Callable[..., Started]
) -> None:
    """As root we would run it as root."""
    script = "cd $HOME/../..; ls; echo > browser; echo > plan.json; rm -f browser; mv work x; ls"
    for one in (means, dataclasses.replace(means, files=False, processes=False)):
        with opened(Policy(), "/bin/sh", means=one, strict=False) as made:
            before = (Path(made.executable).read_bytes(), (made.folder / "plan.json").read_bytes())
            subprocess.run(
                [made.executable, "-c", script, "sh"], capture_output=True, timeout=60, check=False
            )
            if one.user or one.files:
                now = Path(made.executable).read_bytes(), (made.folder / "plan.json").read_bytes()
                assert now == before and made.work.is_dir()


def test_what_a_browser_leaves_in_its_folder_is_not_followed(means: Means) -> None:
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        for script in ("mkfifo ../over", "ln -sf /dev/zero ../over", "mkdir ../over"):
            command = f"cd $HOME; rm -rf ../over; {script}"
            subprocess.run([made.executable, "-c", command, "sh"], check=True, timeout=60)
            assert made.notes == means.missing()


def test_a_browser_that_writes_what_ended_it_puts_no_words_in_our_mouth(means: Means) -> None:
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        for words, told in (("<b>all is well</b>", 0), ("memory", 1)):
            script = f"printf '%s' '{words}' > $HOME/../over"
            subprocess.run([made.executable, "-c", script, "sh"], check=True, timeout=60)
            assert len(made.notes) == len(means.missing()) + told


def test_what_cannot_be_built_as_planned_is_not_entered(means: Means) -> None:
    """A plan with a network of its own, where the kernel gives none: the browser never starts."""
    with opened(Policy(), "/bin/sh", means=means, strict=False) as made:
        made.work.chmod(0o755)
        command = [made.executable, "-c", "echo started", "sh"]
        outer = ["unshare", "-r", "sh", "-c", f'echo 0 > {LIMIT}; exec "$@"', "sh", *command]
        ended = subprocess.run(outer, capture_output=True, text=True, timeout=60, check=False)
    assert "started" not in ended.stdout and ended.returncode == 125
    assert "cell: unshare" in ended.stderr


LIMIT = "/proc/sys/user/max_net_namespaces"


def test_the_browsers_own_switches_are_all_heard() -> None:
    """Chromium hears the last --disable-features alone, so the cell joins them."""
    with opened(Policy(), "/bin/echo", means=able(os.geteuid()), strict=False) as made:
        given = ["--disable-features=A,B", "--x", *made.args, f"--user-data-dir={TMP}/driver"]
        said = subprocess.run([made.executable, *given], capture_output=True, text=True, check=True)
        mine = subprocess.run(
            [made.executable, f"--user-data-dir={made.work}/home/mine"],
            capture_output=True,
            text=True,
            check=True,
        )
    words = said.stdout.split()
    joined = [word for word in words if word.startswith("--disable-features=")]
    assert len(joined) == 1 and joined[0].startswith("--disable-features=A,B,WebRtcHideLocalIps")
    assert f"{TMP}/driver" not in said.stdout and f"{made.work}/home/profile-" in said.stdout
    assert mine.stdout.split() == [f"--user-data-dir={made.work}/home/mine"]
