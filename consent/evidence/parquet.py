"""Records as Apache Parquet, made by a program of its own (arrow.py), step by step.

The library is large and not everybody needs it, so it is installed apart
(requirements-parquet.txt, decision 0040) and never loaded here: the child is handed the lines of
NDJSON and hands back what is ready of the file. It is heard out before it is told more, so neither
waits for a full pipe; what it is told next is made meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from ..errors import Refusal

LIBRARY = "pyarrow"
GROUP = 20_000  # records of a row group: as many are held at once
LENGTH = 8  # bytes before each piece that say how long it is
PROGRAM = [sys.executable, "-I", str(Path(__file__).with_name("arrow.py"))]
SURROUNDINGS = {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}


class Missing(Refusal):
    """This server was installed without what makes Parquet."""

    status = 501


def needed() -> None:
    """Raises Missing `parquet_missing` where the library is not installed."""
    if find_spec(LIBRARY) is None:
        raise Missing(
            "parquet_missing", "This server makes no Parquet: requirements-parquet.txt is missing."
        )


def parquet(services: Iterable[str], lines: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks of the file; `lines` are NDJSON in steps, `services` all that they may name."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own program
        PROGRAM,
        env=SURROUNDINGS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it would say of a line names what stands in it
    )
    with child:
        try:
            tell(child, json.dumps({"group": GROUP, "services": sorted(services)}).encode())
            for some in lines:  # they were made while the program was at those before
                yield answer(child) if some else b""
                if some:
                    tell(child, some)
            yield answer(child)
            tell(child, b"")
            yield answer(child)
        finally:
            child.kill()


def tell(child: subprocess.Popen[bytes], said: bytes) -> None:
    """Call it when the program has answered: it then takes all of it before it speaks again."""
    if child.stdin is None:
        raise ValueError("the program has no pipes")
    child.stdin.write(len(said).to_bytes(LENGTH) + said)
    child.stdin.flush()


def answer(child: subprocess.Popen[bytes]) -> bytes:
    """What the program has ready of what it was told. Raises OSError where it ended."""
    if child.stdout is None:
        raise ValueError("the program has no pipes")
    length = child.stdout.read(LENGTH)
    piece = child.stdout.read(int.from_bytes(length))
    if len(length) < LENGTH or len(piece) < int.from_bytes(length):
        raise OSError(f"the program that makes Parquet ended with {child.wait()}")
    return piece
