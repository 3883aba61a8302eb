"""The page that every banner is put into, and two stand-ins for tags.

A picture of 63 kB, 30 kB of text, a style sheet; on another origin two scripts that set cookies and
say when they ran. Everything is made from a seed, and compressed before it is served.
"""

from __future__ import annotations

import random
import struct
import zlib

import brotli

from tests.pages import Website

WORDS = (
    "river harbour lantern market copper window letter garden winter bridge engine paper signal"
    " timber valley orchard kitchen journey morning shadow the a one every another this with under"
    " over between through after before because although while open walked carried measured painted"
).split()
STYLE = """*{box-sizing:border-box}body{margin:0;font:17px/1.6 sans-serif;color:#1b1f24}
header,footer{padding:14px 28px;border-bottom:1px solid #e3e7ea}
.hero img{display:block;width:100%;height:420px;object-fit:cover}main{max-width:820px;margin:auto}
"""
TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png", "html": "text/html"}


def picture(side: int = 144) -> bytes:
    """A PNG of noise, about 63 kB, because noise cannot be compressed."""
    draw = random.Random(7)
    lines = b"".join(b"\0" + draw.randbytes(side * 3) for _ in range(side))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def article(size: int = 30_000) -> str:
    draw, found, length = random.Random(42), list[str](), 0
    while length < size:
        words = " ".join(draw.choices(WORDS, k=60)).capitalize()
        found.append(f"<h2>{' '.join(draw.choices(WORDS, k=6))}</h2><p>{words}.</p>")
        length += len(found[-1])
    return "\n".join(found)


def page(head: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harbour Journal</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">
{head}
<link rel="stylesheet" href="/style.css"></head>
<body><header>Harbour Journal</header>
<section class="hero"><img src="/hero.png" alt="" fetchpriority="high"></section>
<main>{article()}</main><footer>Harbour Journal</footer>
{body}</body></html>"""


def tag(name: str, cookies: str, size: int) -> str:
    """A script that says when it ran, does some work and sets its cookies."""
    filler = "".join(
        f"function f{n}(a){{var c={n};for(var i=0;i<a;i++)c=(c*31+i)%{10**6 + n};return c}}"
        for n in range(size // 70)
    )
    sets = "".join(f"document.cookie='{one}=1;path=/;max-age=31536000';" for one in cookies.split())
    return (
        f"(()=>{{__bench.tags.{name}??=performance.now();{filler}"
        f"for(var k=0;k<40;k++)f1(400);{sets}}})()"
    )


TAGS = {
    "/statistics.js": tag("statistics", "_ga _gid _gat", 30_000),
    "/marketing.js": tag("marketing", "_ar_V4", 15_000),
}


def put(to: Website, path: str, body: str | bytes) -> None:
    """Serve it, what is text with brotli; all but pages may be kept for a year."""
    ending = path.rpartition(".")[2] if "." in path else "html"
    told = {"Cache_Control": "public, max-age=31536000, immutable"}
    if ending == "html":
        told = {"Cache_Control": "no-cache"}
    if isinstance(body, str):
        body = brotli.compress(body.encode())
        told["Content_Encoding"] = "br"
    to.put(path, body, f"{TYPES[ending]}; charset=utf-8", **told)
