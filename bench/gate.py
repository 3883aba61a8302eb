"""What the gate costs: one Flask application, alone and behind the gate, asked in turn.

python bench/gate.py [REQUESTS]

Both are called in this process, without a network, so what is measured is what the gate adds. The
figures are processor time, which a busy machine stretches less than the clock on the wall; compare
the two columns of one run with each other.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask, Response, render_template_string
from werkzeug.test import EnvironBuilder

from consent.gate.wsgi import Gate

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<link rel="stylesheet" href="{{ url_for('static', filename='shop.css') }}">
<script defer src="{{ url_for('static', filename='shop.js') }}"></script>{{ more|safe }}</head>
<body class="page"><header><nav>{% for name in menu %}<a href="/{{ name|lower }}">{{ name }}</a>
{% endfor %}</nav></header><main><h1>{{ title }}</h1>
{% for item in items %}<article class="card" id="item-{{ item.id }}" data-price="{{ item.price }}">
<a href="{{ url_for('page', kind='plain') }}?item={{ item.id }}"><img loading="lazy" width="320"
height="240" src="/static/img/{{ item.id }}.jpg" alt="{{ item.name }}"></a>
<h2>{{ item.name|title }}</h2><p>{{ item.text|truncate(160) }}</p>
<p class="price">{{ "%.2f"|format(item.price) }} &euro;{% if item.old %} <del>{{ item.old }}</del>
{% endif %}</p><button type="button" aria-label="Add {{ item.name }} to the basket">Add</button>
</article>{% endfor %}</main>
<script>document.documentElement.classList.add("js"); window.shop = {items: {{ items|length }}};
</script><footer><a href="https://example.org/about">About</a></footer></body></html>"""
TRACKERS = """<link rel="preconnect" href="https://www.tracker-0.example">
<script async src="https://www.tracker-0.example/a.js"></script>
<script>(function(){var s=document.createElement("script");
s.src="https://www.tracker-1.example/b.js";document.head.appendChild(s)})()</script>"""
TEXT = "A thing that is useful at home & at work, made of wood. It comes in <three> sizes. " * 4
ITEMS = [
    {"id": n, "name": f"thing no. {n}", "text": TEXT, "price": n * 1.5, "old": n % 3 and n * 2}
    for n in range(118)
]
MENU = "Home Shop Sale About Contact Help".split()


def application() -> Flask:
    app = Flask("shop")

    @app.get("/<kind>")
    def page(kind: str) -> Any:
        more = TRACKERS if kind == "tracked" else ""
        body = render_template_string(TEMPLATE, title="Shop", menu=MENU, items=ITEMS, more=more)
        if kind != "streamed":
            return body
        return Response(
            [body[at : at + 4096] for at in range(0, len(body), 4096)], mimetype="text/html"
        )

    return app


def rules(hosts: int) -> dict[str, Any]:
    services = [
        {"id": f"s{n}", "category": "statistics", "hosts": [f"www.tracker-{n}.example"]}
        for n in range(hosts)
    ]
    trackers = [[f"_t{n}", "prefix", "cookie", f"s{n}", "statistics"] for n in range(hosts)]
    return {"site": "shop.example", "asks": 1, "services": services, "trackers": trackers}


def asked(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> tuple[float, int]:
    """Processor seconds and bytes of one answer, all of it."""
    start = time.thread_time()
    result = app(dict(environ), lambda *_: lambda data: None)
    size = sum(len(piece) for piece in result)
    result.close()  # type: ignore[attr-defined]
    return time.thread_time() - start, size


def measured(app: Flask, hosts: int, kind: str, count: int) -> tuple[float, float, float, int]:
    """Medians of alone and behind the gate, in ms, the median of the pairs' ratios, and bytes."""
    gate = Gate(app.wsgi_app, site="shop.example", server="https://c.example", rules=rules(hosts))
    environ = EnvironBuilder(f"/{kind}", headers={"Cookie": "a=b; session=c"}).get_environ()
    for _ in range(20):
        asked(app.wsgi_app, environ)
        asked(gate, environ)
    alone, behind, size = [], [], 0
    gc.disable()
    for number in range(count):
        pair = [(app.wsgi_app, alone), (gate, behind)]
        for one, times in pair if number % 2 else pair[::-1]:
            took, length = asked(one, environ)
            times.append(took)
            size = max(size, length) if one is not gate else size
        if number % 50 == 0:
            gc.collect()
    gc.enable()
    ratios = [b / a for a, b in zip(alone, behind, strict=True)]
    ms = 1000 * statistics.median(alone), 1000 * statistics.median(behind)
    return *ms, statistics.median(ratios), size


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    app = application()
    print(f"load before: {os.getloadavg()[0]:.1f}; {count} pairs each; processor time, medians")
    print(f"{'page':<34}{'alone':>9}{'gate':>9}{'ratio':>8}")
    for kind, hosts, what in (
        ("plain", 0, "no rules"),
        ("plain", 5, "no trackers, 5 hosts"),
        ("plain", 20, "no trackers, 20 hosts"),
        ("streamed", 20, "no trackers, in pieces of 4 kB"),
        ("tracked", 20, "3 trackers, 20 hosts"),
    ):
        alone, behind, ratio, size = measured(app, hosts, kind, count)
        name = f"{what} ({size / 1000:.0f} kB)"
        print(f"{name:<34}{alone:7.2f}ms{behind:7.2f}ms{100 * (ratio - 1):+7.1f}%")
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
