"""A page of text as PDF (ISO 32000-1), with its fonts inside. Pure: the same words and moment make
the same bytes.

It knows what one page needs and no more: lines of text in TrueType fonts, of which it embeds the
glyphs that were used under their own numbers. It does not shape: no ligatures, no right-to-left.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

A4 = (595.28, 841.89)  # points
KEPT = ("cvt ", "fpgm", "head", "hhea", "hmtx", "maxp", "prep")
ARGS_ARE_WORDS, MORE = 0x0001, 0x0020
SCALES = ((0x0008, 2), (0x0040, 4), (0x0080, 8))  # flag of a composite glyph, bytes it adds


class Font:
    """A TrueType font (OpenType 1.9, `glyf` outlines). Raises ValueError for another kind."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._tables: dict[str, bytes] = {}
        for number in range(struct.unpack_from(">H", data, 4)[0]):
            tag, _, start, length = struct.unpack_from(">4sIII", data, 12 + 16 * number)
            self._tables[tag.decode()] = data[start : start + length]
        if not {"glyf", "loca", "cmap", *KEPT[2:6]} <= set(self._tables):
            raise ValueError("not a TrueType font with outlines")
        head, hhea = self._tables["head"], self._tables["hhea"]
        self.em: int = struct.unpack_from(">H", head, 18)[0]
        self.box = struct.unpack_from(">4h", head, 36)
        self.rise, self.fall = struct.unpack_from(">2h", hhea, 4)
        self._long = struct.unpack_from(">h", head, 50)[0] == 1
        self._metrics = struct.unpack_from(">H", hhea, 34)[0]

    @cached_property
    def _cmap(self) -> dict[int, int]:
        table = self._tables["cmap"]
        found: dict[int, int] = {}
        for number in range(struct.unpack_from(">H", table, 2)[0]):
            platform, _, start = struct.unpack_from(">HHI", table, 4 + 8 * number)
            kind = struct.unpack_from(">H", table, start)[0]
            if platform in (0, 3) and kind == 4:
                found = _segments(table[start:]) | found
            elif platform in (0, 3) and kind == 12:
                found |= _groups(table[start:])
        return found

    @cached_property
    def _places(self) -> tuple[int, ...]:
        loca = self._tables["loca"]
        size = 4 if self._long else 2
        kind = "I" if self._long else "H"
        found: tuple[int, ...] = struct.unpack(f">{len(loca) // size}{kind}", loca)
        return found if self._long else tuple(2 * one for one in found)

    def glyph(self, sign: str) -> int:
        """The number of a sign's glyph; 0 is the box of a sign that the font lacks."""
        return self._cmap.get(ord(sign), 0)

    def advance(self, glyph: int) -> int:
        """Thousandths of the size."""
        at = min(glyph, self._metrics - 1)
        width: int = struct.unpack_from(">H", self._tables["hmtx"], 4 * at)[0]
        return round(width * 1000 / self.em)

    def width(self, text: str, size: float) -> float:
        """Points that a line takes."""
        return sum(self.advance(self.glyph(sign)) for sign in text) * size / 1000

    def part(self, glyphs: Iterable[int]) -> bytes:
        """The font with the outlines of these glyphs and of what they are made of, no others."""
        wanted = {0, *glyphs}
        waiting = list(wanted)
        while waiting:
            for inner in self._made_of(waiting.pop()):
                if inner not in wanted:
                    wanted.add(inner)
                    waiting.append(inner)
        outlines, loca = bytearray(), []
        for glyph in range(len(self._places) - 1):
            loca.append(len(outlines))
            if glyph in wanted:
                outlines += self._outline(glyph)
                outlines += bytes(-len(outlines) % 4)
        loca.append(len(outlines))
        tables = {tag: self._tables[tag] for tag in KEPT if tag in self._tables}
        head = bytearray(tables["head"])
        head[8:12] = bytes(4)  # the sum of the whole file, which is another now
        head[50:52] = struct.pack(">h", 1)
        tables |= {"head": bytes(head), "glyf": bytes(outlines)}
        tables["loca"] = struct.pack(f">{len(loca)}I", *loca)
        return _file(tables)

    def _outline(self, glyph: int) -> bytes:
        return self._tables["glyf"][self._places[glyph] : self._places[glyph + 1]]

    def _made_of(self, glyph: int) -> Iterable[int]:
        data = self._outline(glyph)
        if len(data) < 10 or struct.unpack_from(">h", data)[0] >= 0:
            return
        at = 10
        while True:
            flags, inner = struct.unpack_from(">HH", data, at)
            yield inner
            if not flags & MORE:
                return
            at += 4 + (4 if flags & ARGS_ARE_WORDS else 2)
            at += next((more for flag, more in SCALES if flags & flag), 0)


@dataclass
class Page:
    """One page; places are points from its lower left corner."""

    title: str
    language: str
    made: datetime
    _lines: list[str] = field(default_factory=list)
    _used: dict[str, tuple[Font, dict[int, str]]] = field(default_factory=dict)

    def text(
        self, x: float, y: float, words: str, font: Font, size: float, grey: float = 0
    ) -> None:
        """One line, its baseline at `y`."""
        used = self._used.setdefault(font.name, (font, {}))[1]
        glyphs = []
        for sign in words:
            glyphs.append(font.glyph(sign))
            used.setdefault(glyphs[-1], sign if glyphs[-1] else "\ufffd")
        spelt = "".join(f"{glyph:04x}" for glyph in glyphs)
        at = f"{x:.2f} {y:.2f} Td"
        self._lines.append(f"{grey:.2f} g BT /{font.name} {size:.2f} Tf {at} <{spelt}> Tj ET")

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin line."""
        self._lines.append(f"0.75 G 0.5 w {x:.2f} {y:.2f} m {x + width:.2f} {y:.2f} l S")

    def bytes(self) -> bytes:
        """The file."""
        objects: list[bytes] = [b"", b"", b"", b""]
        fonts = {}
        for name, (font, used) in self._used.items():
            fonts[name] = len(objects) + 5
            objects += _font_objects(font, used, len(objects) + 1)
        named = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
        width, height = A4
        lang = _string(self.language)
        objects[0] = f"<</Type/Catalog/Pages 2 0 R/Lang {lang}>>".encode()
        objects[1] = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
        objects[2] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]"
            f"/Resources<</Font<<{named}>>>>/Contents 4 0 R>>"
        ).encode()
        objects[3] = _stream("\n".join(self._lines).encode())
        when = f"(D:{self.made:%Y%m%d%H%M%S}Z)"
        objects.append(
            f"<</Title {_string(self.title)}/Producer(Crumbtrail)/CreationDate{when}>>".encode()
        )
        return _whole(objects)


def wrapped(text: str, font: Font, size: float, width: float) -> list[str]:
    """The lines of a text, broken at blanks, or anywhere where a word is too long (a digest)."""
    found: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.width(longer, size) <= width:
            line = longer
            continue
        if line:
            found.append(line)
        line = word
        while font.width(line, size) > width:
            cut = len(line) - 1
            while cut > 1 and font.width(line[:cut], size) > width:
                cut -= 1
            found.append(line[:cut])
            line = line[cut:]
    return [*found, line] if line else found


def _segments(table: bytes) -> dict[int, int]:
    """cmap format 4."""
    count = struct.unpack_from(">H", table, 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}h", table, 16 + 4 * count)
    ranges = struct.unpack_from(f">{count}H", table, 16 + 6 * count)
    found = {}
    for number, (start, end, delta, offset) in enumerate(
        zip(starts, ends, deltas, ranges, strict=True)
    ):
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                at = 16 + 6 * count + 2 * number + offset + 2 * (code - start)
                glyph = struct.unpack_from(">H", table, at)[0]
                if glyph == 0:
                    continue
            found[code] = (glyph + delta) & 0xFFFF
    return found


def _groups(table: bytes) -> dict[int, int]:
    """cmap format 12."""
    found: dict[int, int] = {}
    for number in range(struct.unpack_from(">I", table, 12)[0]):
        start, end, glyph = struct.unpack_from(">III", table, 16 + 12 * number)
        found |= {code: glyph + code - start for code in range(start, end + 1)}
    return found


def _file(tables: dict[str, bytes]) -> bytes:
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    shift = 16 * power, power.bit_length() - 1, 16 * (count - power)
    head = struct.pack(">IHHHH", 0x00010000, count, *shift)
    start = len(head) + 16 * count
    directory, body = bytearray(), bytearray()
    for tag, data in sorted(tables.items()):
        padded = data + bytes(-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag.encode(), total, start + len(body), len(data))
        body += padded
    return head + bytes(directory) + bytes(body)


def _font_objects(font: Font, used: dict[int, str], first: int) -> list[bytes]:
    """Five objects, numbered from `first`; the last is the one that pages name."""
    tag = "".join(
        chr(65 + byte % 26) for byte in hashlib.sha256(repr(sorted(used)).encode()).digest()[:6]
    )
    name = f"{tag}+{font.name}"
    box = " ".join(str(round(one * 1000 / font.em)) for one in font.box)
    rise, fall = (round(one * 1000 / font.em) for one in (font.rise, font.fall))
    file = font.part(used)
    widths = "".join(f"{glyph}[{font.advance(glyph)}]" for glyph in sorted(used))
    descriptor = (
        f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[{box}]/ItalicAngle 0"
        f"/Ascent {rise}/Descent {fall}/CapHeight {rise}/StemV 80/FontFile2 {first} 0 R>>"
    )
    descendant = (
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDToGIDMap/Identity"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {first + 1} 0 R/DW 600/W[{widths}]>>"
    )
    whole = (
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
        f"/DescendantFonts[{first + 2} 0 R]/ToUnicode {first + 3} 0 R>>"
    )
    return [
        _stream(file, f"/Length1 {len(file)}"),
        descriptor.encode(),
        descendant.encode(),
        _stream(_to_unicode(used)),
        whole.encode(),
    ]


def _to_unicode(used: dict[int, str]) -> bytes:
    """Which sign each glyph is, so that text can be searched, copied and read aloud."""
    pairs = [f"<{g:04x}><{sign.encode('utf-16-be').hex()}>" for g, sign in sorted(used.items())]
    parts = []
    for start in range(0, len(pairs), 100):
        some = pairs[start : start + 100]
        parts += [f"{len(some)} beginbfchar", *some, "endbfchar"]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo <</Registry(Adobe)/Ordering(UCS)/Supplement 0>> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000><ffff> endcodespacerange",
            *parts,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    ).encode()


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 9)
    head = f"<</Length {len(packed)}/Filter/FlateDecode{more}>>stream\n".encode()
    return head + packed + b"\nendstream"


def _string(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"


def _whole(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    named = hashlib.sha256(out).hexdigest()[:32]
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += (
        f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R"
        f"/ID[<{named}><{named}>]>>\nstartxref\n{start}\n%%EOF\n"
    ).encode()
    return bytes(out)
