"""Every way in which a page reaches a third party or stores something, as a page that does it.

`{T}` is the third party's origin, published as the service `tracker`; every address below it starts
with the kind's own path, so a server's list of requests says which kind got by. What is stored is
called `trk`.
"""

from __future__ import annotations

from dataclasses import dataclass

TAG = 'data-category="statistics"'
PREFETCH = '{{"prefetch": [{{"eagerness": "immediate", "urls": ["{T}/k/{K}.html"]}}]}}'
INSERT = "const s = document.createElement('script'); s.src = '{T}/k/{K}.js'; "


@dataclass(frozen=True)
class Kind:
    """`untagged` is what a page does without us; `tagged` how its owner would mark it, if they can.

    `seen` is how it shows that it happened: `asked` by a request to the third party, `script` by
    one and by its code having run, `ran` by code alone, `stored` by a name in a browser's store.
    """

    label: str
    untagged: str
    tagged: str = ""
    seen: str = "asked"


def script(body: str) -> str:
    return f"<script>{body}</script>"


KINDS = {
    "script": Kind(
        "script with an address",
        '<script src="{T}/k/{K}.js"></script>',
        f'<script type="text/plain" {TAG} src="{{T}}/k/{{K}}.js"></script>',
        seen="script",
    ),
    "async": Kind(
        "script, `async`",
        '<script async src="{T}/k/{K}.js"></script>',
        f'<script async type="text/plain" {TAG} src="{{T}}/k/{{K}}.js"></script>',
        seen="script",
    ),
    "module": Kind(
        "script, `type=module`",
        '<script type="module" src="{T}/k/{K}.js"></script>',
        f'<script type="text/plain" data-type="module" {TAG} src="{{T}}/k/{{K}}.js"></script>',
        seen="script",
    ),
    "inline": Kind(
        "inline script",
        script("ran('{K}')"),
        f"<script type=\"text/plain\" {TAG}>ran('{{K}}')</script>",
        "ran",
    ),
    "inserted": Kind(
        "script inserted by a script", script(INSERT + "document.head.append(s)"), seen="script"
    ),
    "attribute": Kind(
        "the same, by `setAttribute`",
        script(
            "const s = document.createElement('script'); s.setAttribute('src', '{T}/k/{K}.js');"
            " document.head.appendChild(s)"
        ),
        seen="script",
    ),
    "written": Kind(
        "script by `document.write`",
        script("document.write('<script src=\"{T}/k/{K}.js\"></scr' + 'ipt>')"),
        seen="script",
    ),
    "cloned": Kind(
        "script in a cloned template",
        '<template id="t"><script src="{T}/k/{K}.js"></script></template>'
        + script("document.body.append(document.querySelector('#t').content.cloneNode(true))"),
        seen="script",
    ),
    "handler": Kind(
        "inline handler that sends a picture",
        '<button id="b" onclick="new Image().src = \'{T}/k/{K}.gif\'">Buy</button>'
        + script("document.querySelector('#b').click()"),
    ),
    "iframe": Kind(
        "frame",
        '<iframe src="{T}/k/{K}.html"></iframe>',
        f'<iframe {TAG} data-src="{{T}}/k/{{K}}.html"></iframe>',
    ),
    "frame-inserted": Kind(
        "frame inserted by a script",
        script(
            "const f = document.createElement('iframe'); f.src = '{T}/k/{K}.html';"
            " document.body.append(f)"
        ),
    ),
    "img": Kind(
        "picture",
        '<img src="{T}/k/{K}.gif" alt="">',
        f'<img {TAG} data-src="{{T}}/k/{{K}}.gif" alt="">',
    ),
    "srcset": Kind(
        "picture, `srcset`",
        '<img srcset="{T}/k/{K}.gif 1x" alt="">',
        f'<img {TAG} data-srcset="{{T}}/k/{{K}}.gif 1x" alt="">',
    ),
    "html": Kind(
        "picture by `innerHTML`",
        '<div id="d"></div>'
        + script("document.querySelector('#d').innerHTML = '<img src=\"{T}/k/{K}.gif\">'"),
    ),
    "video": Kind(
        "video",
        '<video preload="auto" src="{T}/k/{K}.mp4"></video>',
        f'<video preload="auto" {TAG} data-src="{{T}}/k/{{K}}.mp4"></video>',
    ),
    "stylesheet": Kind(
        "style sheet",
        '<link rel="stylesheet" href="{T}/k/{K}.css">',
        f'<link rel="stylesheet" {TAG} data-href="{{T}}/k/{{K}}.css">',
    ),
    "preload": Kind(
        "`preload`",
        '<link rel="preload" as="script" href="{T}/k/{K}.js">',
        f'<link rel="preload" as="script" {TAG} data-href="{{T}}/k/{{K}}.js">',
    ),
    "speculation": Kind(
        "speculation rules",
        f'<script type="speculationrules">{PREFETCH}</script>',
        f'<script type="text/plain" data-type="speculationrules" {TAG}>{PREFETCH}</script>',
    ),
    "font": Kind(
        "font in your own style sheet",
        "<style>@font-face {{ font-family: F; src: url({T}/k/{K}.woff2) }} p {{ font-family: F }}"
        "</style><p>text</p>",
    ),
    "fetch": Kind("`fetch`", script("fetch('{T}/k/{K}', {{mode: 'no-cors'}}).catch(() => {{}})")),
    "xhr": Kind(
        "`XMLHttpRequest`",
        script("const x = new XMLHttpRequest(); x.open('GET', '{T}/k/{K}'); x.send()"),
    ),
    "beacon": Kind("`sendBeacon`", script("navigator.sendBeacon('{T}/k/{K}', 'x')")),
    "websocket": Kind("`WebSocket`", script("new WebSocket('{W}/k/{K}').onerror = () => {{}}")),
    "eventsource": Kind(
        "`EventSource`",
        script("const e = new EventSource('{T}/k/{K}'); e.onerror = () => e.close()"),
    ),
    "worker": Kind("worker, by its path", script("new Worker('/k/{K}.js')")),
    "in-worker": Kind(
        "`fetch` inside a worker of yours",
        script(
            "const code = \"fetch('{T}/k/{K}', {{mode: 'no-cors'}})\";"
            "new Worker(URL.createObjectURL(new Blob([code])))"
        ),
    ),
    "service-worker": Kind(
        "service worker, by its path",
        script("navigator.serviceWorker.register('/k/{K}.js', {{scope: '/k/'}}).catch(() => {{}})"),
    ),
    "cookie": Kind("`document.cookie`", script("document.cookie = 'trk=1; Path=/'"), "", "stored"),
    "cookiestore": Kind(
        "`cookieStore.set`",
        script("if (window.cookieStore) cookieStore.set('trk', '1').catch(() => {{}})"),
        "",
        "stored",
    ),
    "local": Kind("`localStorage`", script("localStorage.setItem('trk', '1')"), "", "stored"),
    "session": Kind("`sessionStorage`", script("sessionStorage.setItem('trk', '1')"), "", "stored"),
    "property": Kind("`localStorage.name = …`", script("localStorage.trk = '1'"), "", "stored"),
    "indexeddb": Kind(
        "IndexedDB", script("try {{ indexedDB.open('trk') }} catch (e) {{}}"), "", "stored"
    ),
    "cache": Kind(
        "CacheStorage",
        script("window.caches && caches.open('trk').catch(() => {{}})"),
        "",
        "stored",
    ),
}

# What a page tells its own server of itself, before the choice and after it.
REPORT = """
<script>
const kind = '{K}';
const stored = async () => [
  document.cookie.includes('trk='), 'trk' in localStorage, 'trk' in sessionStorage,
  indexedDB.databases && (await indexedDB.databases()).some(({{name}}) => name === 'trk'),
  window.caches && (await caches.keys()).includes('trk'),
].some(Boolean);
const flags = async () => [!!document.documentElement.dataset.ran, await stored()];
const told = async (when) =>
  fetch(`/told/${{kind}}/${{when}}/${{(await flags()).map(Number).join('')}}`);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
(async () => {{
  for (let i = 0; {OURS} && i < 200 && !(window.consent && consent.get()); i++) await pause(50);
  await pause(1500);
  await told('before');
  if ({OURS}) consent.acceptAll();
  await pause(2500);
  await told('after');
}})();
</script>
"""


def page(kind: str, way: str, ours: str, third: str) -> str:
    """The page of a kind: `way` is `bare` (without us), `tagged`, or untagged behind a stub."""
    of = KINDS[kind]
    told = {"T": third, "W": third.replace("http", "ws"), "K": kind}
    body = (of.tagged if way == "tagged" else of.untagged).format(**told)
    report = REPORT.format(K=kind, OURS="false" if way == "bare" else "true")
    helper = "<script>window.ran = () => { document.documentElement.dataset.ran = 1 }</script>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{kind}</title>'
        f"{helper}{ours}</head><body><h1>{kind}</h1>{body}{report}</body></html>"
    )
