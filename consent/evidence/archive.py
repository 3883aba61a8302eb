"""A zip that is written front to back, so that it can be sent while it is being made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip has no other time for "not stated"
CHUNK = 64 * 1024


class Zip:
    """Each call gives the bytes that are ready; `close` gives the last."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED)

    def member(self, name: str, chunks: Iterable[bytes], large: bool = False) -> Iterator[bytes]:
        """`large`: it may grow beyond 4 GiB."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=large) as file:
            for chunk in chunks:
                file.write(chunk)
                if self._pipe.ready() > CHUNK:
                    yield self._pipe.taken()
        yield self._pipe.taken()

    def close(self) -> bytes:
        self._zip.close()
        return self._pipe.taken()


class _Pipe(io.RawIOBase):
    """Takes what the zip writes; it can neither seek nor tell, so the zip goes forward only."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._parts.append(bytes(data))
        self._length += len(data)
        return len(data)

    def ready(self) -> int:
        return self._length

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        self._length = 0
        return data
