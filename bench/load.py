"""The generator (generator.c): built when it is older than its source, and given a request."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
LENGTHS = {"uuid7": 36, "token": 22, "base58": 20, "now": 24, "now_ms": 13}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)
CONNECTIONS = 64


def request(method: str, path: str, body: object = None, **headers: str) -> str:
    """A request as the generator sends it; `_` in a header's name stands for `-`. What stands in
    braces is new in each, see generator.c."""
    text = "" if body is None else json.dumps(body, separators=(",", ":"))
    named = {
        "Host": "127.0.0.1",
        "User-Agent": BROWSER,
        "Accept-Language": "de-AT,de;q=0.9",
        "X-Forwarded-For": "{ip}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if text:
        named["Content-Length"] = str(len(re.sub(r"\{(\w+)\}", _as_long, text)))
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{text}"


def _as_long(slot: re.Match[str]) -> str:
    return "x" * LENGTHS[slot[1]]


def load(port: int, request: str, seconds: float, rate: float = 0) -> dict[str, float]:
    """What the generator counted, see generator.c. `rate` 0 is a closed loop; at a rate there are
    more connections, so that a late answer does not hold the next request back."""
    connections = CONNECTIONS * 4 if rate else CONNECTIONS
    command = [str(_generator()), str(port), str(rate), str(seconds), str(connections)]
    done = subprocess.run(
        command, input=request, capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    found: dict[str, float] = json.loads(done.stdout)
    if found["refused"] or found["broken"]:
        print(f"  refused: {done.stderr[:800]}")
    return found


def _generator() -> Path:
    program, source = HERE / "generator", HERE / "generator.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program
