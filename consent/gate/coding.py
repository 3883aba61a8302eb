"""Pages that an application has packed: unpacked for reading, packed again the same way. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable

try:
    import brotli
except ImportError:  # then an application is not asked for brotli
    brotli = None

GZIP, ZLIB = 31, 15


class Coding:
    """One answer's Content-Encoding, both ways. Raises zlib.error or brotli.error on bytes that
    are not what they are said to be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._first = True
        self._unpack = _decoder(name)
        if name == "br":
            packer = brotli.Compressor(quality=5)
            self._pack: Callable[[bytes], bytes] = packer.process
            self._flush, self._finish = packer.flush, packer.finish
        else:
            squeezer = zlib.compressobj(6, zlib.DEFLATED, GZIP if name == "gzip" else ZLIB)
            self._pack = squeezer.compress
            self._flush = lambda: squeezer.flush(zlib.Z_SYNC_FLUSH)
            self._finish = squeezer.flush

    def decode(self, data: bytes) -> bytes:
        if self._first and data and self.name == "deflate" and data[0] & 0x0F != 8:
            self._unpack = zlib.decompressobj(-ZLIB).decompress  # some send it without its frame
        self._first = self._first and not data
        unpacked: bytes = self._unpack(data) if data else b""
        return unpacked

    def encode(self, data: bytes, last: bool) -> bytes:
        """What is sent goes out at once, so a page that comes in pieces arrives in pieces."""
        packed: bytes = self._pack(data) if data else b""
        if last:
            packed += self._finish()
        elif data:
            packed += self._flush()
        return packed


def known(name: str) -> bool:
    return name in ("gzip", "x-gzip", "deflate") or (name == "br" and brotli is not None)


def coding(name: str) -> Coding:
    return Coding("gzip" if name == "x-gzip" else name)


def accepted(header: str) -> str:
    """An Accept-Encoding without what could not be read here."""
    offers = (part.strip() for part in header.split(","))
    kept = [one for one in offers if known(one.partition(";")[0].strip().lower())]
    return ", ".join(kept) or "identity"


def _decoder(name: str) -> Callable[[bytes], bytes]:
    if name == "br":
        unpack: Callable[[bytes], bytes] = brotli.Decompressor().process
        return unpack
    return _Members().decode if name == "gzip" else zlib.decompressobj(ZLIB).decompress


class _Members:
    """gzip may be several members in a row (RFC 1952, 2.2)."""

    def __init__(self) -> None:
        self.now = zlib.decompressobj(GZIP)

    def decode(self, data: bytes) -> bytes:
        out = self.now.decompress(data)
        while self.now.eof and (rest := self.now.unused_data).strip(b"\0"):
            self.now = zlib.decompressobj(GZIP)
            out += self.now.decompress(rest)
        return out
