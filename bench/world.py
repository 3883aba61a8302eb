"""Makes consent/data/world.json: outlines and names, which the map of countries is drawn from.

    npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0; tar xzf each into a folder of its name
    python bench/world.py world-atlas/package i18n-iso-countries/package

Natural Earth 1:110m (public domain), in its own projection, whole numbers on a sheet 2000 wide.
Countries too small for that scale are points, at their middle in 1:50m. Antarctica is left out.
Crimea is drawn with Ukraine (UN General Assembly resolution 68/262), where Natural Earth draws who
holds it. What has no ISO 3166-1 code is land that nothing is counted for; Kosovo goes by XK.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from math import radians
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WIDE, TOP, LOW = 2000, 84.0, -57.0
LANGUAGES = ("en", "fr", "pl")
CRIMEA = (32.0, 37.0, 44.0, 46.5)  # west, east, south, north
Ring = list[tuple[float, float]]


def main(atlas: Path, names: Path) -> None:
    codes = {row[2]: row[0] for row in json.loads((names / "codes.json").read_text("utf-8"))}
    land, crimea = dict[str, list[Ring]](), list[Ring]()
    for code, rings in shapes(atlas / "countries-110m.json", codes):
        if code == "RU":
            crimea = [ring for ring in rings if lies_in(ring, CRIMEA)]
            rings = [ring for ring in rings if ring not in crimea]
        if code != "AQ":
            land.setdefault(code, []).extend(rings)
    land["UA"] += crimea
    points = {
        code: middle(max(rings, key=area))
        for code, rings in shapes(atlas / "countries-50m.json", codes)
        if code and code not in land and code != "AQ"
    }
    told = {tag: json.loads((names / f"langs/{tag}.json").read_text("utf-8")) for tag in LANGUAGES}
    world = {
        "box": [WIDE, place(0, LOW)[1]],
        "land": {code: path(rings) for code, rings in sorted(land.items())},
        "points": {code: place(*at) for code, at in sorted(points.items()) if at[1] > LOW},
        "names": {
            tag: {code: first(name) for code, name in sorted(told[tag]["countries"].items())}
            for tag in LANGUAGES
        },
    }
    text = json.dumps(world, ensure_ascii=False, indent=0, separators=(",", ":"))
    (ROOT / "consent/data/world.json").write_text(text + "\n", encoding="utf-8")
    print(len(text), "bytes,", len(land), "outlines,", len(points), "points, Crimea:", len(crimea))


def first(name: Any) -> str:
    """Some have several names; the first is the usual one."""
    return str(name[0] if isinstance(name, list) else name)


def shapes(file: Path, codes: dict[str, str]) -> Iterator[tuple[str, list[Ring]]]:
    """Code ('' for none) and outer rings of each country of a TopoJSON file."""
    topology = json.loads(file.read_text("utf-8"))
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[Ring] = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        arcs.append(line)
    for one in topology["objects"]["countries"]["geometries"]:
        parts = one["arcs"] if one["type"] == "MultiPolygon" else [one["arcs"]]
        code = codes.get(one.get("id", ""), "XK" if one["properties"]["name"] == "Kosovo" else "")
        rings = [joined(ring, arcs) for part in parts for ring in part]
        yield code, [half for ring in rings for half in halves(ring)]


def joined(numbers: list[int], arcs: list[Ring]) -> Ring:
    """A ring of arcs; a negative number is the arc ~number, backwards."""
    ring: Ring = []
    for number in numbers:
        line = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring.extend(line[1:] if ring else line)
    return ring


def halves(ring: Ring) -> Iterator[Ring]:
    """The ring, in two where it crosses the 180th meridian."""
    whole: Ring = [ring[0]]
    for x, y in ring[1:]:
        turns = round((whole[-1][0] - x) / 360)
        whole.append((x + 360 * turns, y))
    for turn in (-360, 0, 360):
        part = cut(cut([(x + turn, y) for x, y in whole], 180, 1), -180, -1)
        if len(part) > 3:
            yield part


def cut(ring: Ring, at: float, side: int) -> Ring:
    """What of a ring lies on one side of a meridian (Sutherland and Hodgman)."""
    kept: Ring = []
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        a_in, b_in = (at - ax) * side >= 0, (at - bx) * side >= 0
        if a_in:
            kept.append((ax, ay))
        if a_in != b_in:
            kept.append((at, ay + (by - ay) * (at - ax) / (bx - ax)))
    return kept


def place(longitude: float, latitude: float) -> tuple[int, int]:
    """Where a point lies on the sheet, by the Natural Earth projection (Patterson, Šavrič)."""
    x, y = flat(longitude, latitude)
    wide = flat(180, 0)[0]
    scale = WIDE / (2 * wide)
    return round((x + wide) * scale), round((flat(0, TOP)[1] - y) * scale)


def flat(longitude: float, latitude: float) -> tuple[float, float]:
    a, b = radians(longitude), radians(latitude)
    b2 = b * b
    b4 = b2 * b2
    x = a * (0.8707 - 0.131979 * b2 + b4 * (-0.013791 + b4 * (0.003971 * b2 - 0.001529 * b4)))
    y = b * (1.007226 + b2 * (0.015085 + b4 * (-0.044475 + 0.028874 * b2 - 0.005916 * b4)))
    return x, y


def path(rings: list[Ring]) -> str:
    """The rings as an SVG path, in steps; what shrinks to a line is left out."""
    text = []
    for ring in rings:
        points = [place(x, max(LOW, min(TOP, y))) for x, y in ring]
        kept = [point for n, point in enumerate(points) if n == 0 or point != points[n - 1]]
        if len(kept) < 4:
            continue
        text.append(f"M{kept[0][0]},{kept[0][1]}")
        steps = ((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(kept[:-1]))
        text.append("l" + " ".join(f"{dx},{dy}" for dx, dy in steps) + "z")
    return "".join(text)


def lies_in(ring: Ring, box: tuple[float, float, float, float]) -> bool:
    west, east, south, north = box
    return all(west <= x <= east and south <= y <= north for x, y in ring)


def area(ring: Ring) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))) / 2


def middle(ring: Ring) -> tuple[float, float]:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
