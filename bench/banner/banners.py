"""The banners: ours in two placements, the peers as their documentation places them, and the floor,
which is three buttons and a stored answer."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from bench.banner.site import put
from tests.node import program
from tests.pages import Website

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
SAYS = (
    "We use necessary cookies to run this site and, with your consent, analytics and marketing"
    " cookies. You can change your choice at any time."
)
TITLE, ACCEPT, REJECT, MORE = "We use cookies", "Accept all", "Reject all", "Manage preferences"
KINDS = {"statistics": ["_ga", "_gid", "_gat"], "marketing": ["_ar_V4"]}


@dataclass(frozen=True)
class Banner:
    """`head` and `body` are put into the page; `box` and `accept` are selectors, empty where there
    is no banner; `files` are served beside the page."""

    name: str
    head: str = ""
    body: str = ""
    box: str = ""
    accept: str = ""
    files: dict[str, Path] = field(default_factory=dict)


def tagged(tags: str, attributes: str, kind: str = "text/plain") -> str:
    """Two held scripts; `attributes` with {name} and {src}."""
    scripts = (
        f'<script type="{kind}" {attributes.format(name=name, src=f"{tags}/{name}.js")}></script>'
        for name in KINDS
    )
    return "\n".join(scripts)


def ours(tags: str, snippet: str, script: str) -> list[Banner]:
    box = {"box": "#cmp-dialog", "accept": "#cmp-dialog [data-cmp=accept]"}
    held = tagged(tags, 'data-category="{name}" data-src="{src}"')
    alone = f'<script src="{script}"></script>'
    return [
        Banner("Crumbtrail, stub and async", f"{snippet}\n{held}", **box),
        Banner("Crumbtrail, one synchronous tag", f"{alone}\n{held}", **box),
    ]


def floor(tags: str) -> Banner:
    sources = json.dumps([f"{tags}/{name}.js" for name in KINDS])
    buttons = "".join(f"<button>{word}</button>" for word in (ACCEPT, REJECT, MORE))
    script = f"""(() => {{
  const run = () => {sources}.forEach((src) => {{
    document.head.append(Object.assign(document.createElement('script'), {{ src }}));
  }});
  const kept = /(?:^|; )floor=(.)/.exec(document.cookie);
  if (kept) return kept[1] === '1' && run();
  const box = document.createElement('div');
  box.id = 'floor';
  box.setAttribute('role', 'dialog');
  box.style = 'position:fixed;bottom:16px;left:16px;max-width:640px;padding:20px;background:#fff';
  box.innerHTML = '<b>{TITLE}</b><p>{SAYS}</p>{buttons}';
  box.onclick = ({{ target }}) => {{
    const at = [...box.querySelectorAll('button')].indexOf(target);
    if (at < 0 || at > 1) return;
    document.cookie = `floor=${{1 - at}};path=/;max-age=15552000`;
    box.remove();
    if (!at) run();
  }};
  document.body.prepend(box);
}})()"""
    return Banner(
        "*floor: inline*", "", f"<script>{script}</script>", "#floor", "#floor button:first-of-type"
    )


def controls(tags: str) -> list[Banner]:
    """The page without a banner: without tags, and with tags that run at once."""
    run = "".join(f'<script async src="{tags}/{name}.js"></script>' for name in KINDS)
    return [Banner("bare"), Banner("tags", run)]


def peers(tags: str) -> list[Banner]:
    return [orejime(tags), klaro(tags), tarteaucitron(tags), vanilla(tags), c15t()]


def orejime(tags: str) -> Banner:
    words = {"title": TITLE, "description": SAYS}
    purposes = [{"id": "necessary", "title": "Necessary", "cookies": [], "isMandatory": True}]
    purposes += [{"id": n, "title": n.title(), "cookies": c} for n, c in KINDS.items()]
    banner = {**words, "accept": ACCEPT, "decline": REJECT, "configure": MORE}
    config = {
        "privacyPolicyUrl": "/privacy",
        "purposes": purposes,
        "translations": {"banner": banner},
    }
    held = "".join(
        f'<template data-purpose="{n}"><script async src="{tags}/{n}.js"></script></template>'
        for n in KINDS
    )
    return Banner(
        "Orejime",
        '<link rel="stylesheet" href="/orejime.css">'
        f"<script>window.orejimeConfig={json.dumps(config)}</script>"
        '<script defer src="/orejime.js"></script>',
        held,
        ".orejime-Banner",
        ".orejime-Banner .orejime-Banner-saveButton",
        {
            "/orejime.js": MODULES / "orejime/dist/orejime-standard-en.js",
            "/orejime.css": MODULES / "orejime/dist/orejime-standard.css",
        },
    )


def klaro(tags: str) -> Banner:
    services = [{"name": "necessary", "purposes": ["necessary"], "required": True}]
    services += [{"name": n, "purposes": [n], "cookies": c} for n, c in KINDS.items()]
    words = {
        "privacyPolicyUrl": "/privacy",
        "consentModal": {"title": TITLE, "description": SAYS},
        "consentNotice": {"description": SAYS, "learnMore": MORE},
        "ok": ACCEPT,
        "acceptAll": ACCEPT,
        "decline": REJECT,
        "purposes": {n: n.title() for n in ("necessary", *KINDS)},
    }
    config = {"version": 1, "acceptAll": True, "translations": {"en": words}, "services": services}
    held = 'data-type="text/javascript" data-name="{name}" data-src="{src}" async'
    return Banner(
        "Klaro",
        f"<script>var klaroConfig={json.dumps(config)}</script>"
        f'<script defer src="/klaro.js"></script>{tagged(tags, held)}',
        "",
        ".klaro .cookie-notice",
        ".klaro .cookie-notice .cm-btn-success",
        {"/klaro.js": MODULES / "klaro/dist/klaro.js"},
    )


def tarteaucitron(tags: str) -> Banner:
    told = {
        "privacyUrl": "/privacy",
        "bodyPosition": "bottom",
        "orientation": "middle",
        "DenyAllCta": True,
        "AcceptAllCta": True,
        "highPrivacy": True,
        "mandatory": True,
    }
    script = "".join(
        f"tarteaucitron.services.site{n}={{key:'site{n}',type:'{kind}',name:'{n}',needConsent:true,"
        f"cookies:{json.dumps(KINDS[n])},uri:'/privacy',"
        f"js:function(){{tarteaucitron.addScript('{tags}/{n}.js')}}}};"
        f"(tarteaucitron.job=tarteaucitron.job||[]).push('site{n}');"
        for n, kind in (("statistics", "analytic"), ("marketing", "ads"))
    )
    names = (
        "tarteaucitron.min.js tarteaucitron.services.min.js css/tarteaucitron.min.css"
        " lang/tarteaucitron.en.min.js"
    ).split()
    return Banner(
        "tarteaucitron",
        '<script src="/tac/tarteaucitron.min.js"></script>'
        f"<script>tarteaucitron.init({json.dumps(told)})</script>",
        f"<script>{script}</script>",
        "#tarteaucitronAlertBig",
        "#tarteaucitronPersonalize2",
        {f"/tac/{name}": MODULES / "tarteaucitronjs" / name for name in names},
    )


def vanilla(tags: str) -> Banner:
    asked = {
        "title": TITLE,
        "description": SAYS,
        "acceptAllBtn": ACCEPT,
        "acceptNecessaryBtn": REJECT,
        "showPreferencesBtn": MORE,
    }
    sections = [{"title": n.title(), "linkedCategory": n} for n in ("necessary", *KINDS)]
    chosen = {"title": MORE, "acceptAllBtn": ACCEPT, "acceptNecessaryBtn": REJECT}
    chosen |= {"savePreferencesBtn": "Save", "closeIconLabel": "Close"}
    words = {"consentModal": asked, "preferencesModal": {**chosen, "sections": sections}}
    clear = {n: {"autoClear": {"cookies": [{"name": one} for one in c]}} for n, c in KINDS.items()}
    config = {
        "categories": {"necessary": {"enabled": True, "readOnly": True}, **clear},
        "language": {"default": "en", "translations": {"en": words}},
    }
    return Banner(
        "vanilla-cookieconsent",
        '<link rel="stylesheet" href="/cc.css"><script defer src="/cc.js"></script>'
        + tagged(tags, 'data-category="{name}" src="{src}" async'),
        f'<script type="module">CookieConsent.run({json.dumps(config)})</script>',
        "#cc-main .cm",
        '#cc-main .cm [data-role="all"]',
        {
            "/cc.js": MODULES / "vanilla-cookieconsent/dist/cookieconsent.umd.js",
            "/cc.css": MODULES / "vanilla-cookieconsent/dist/cookieconsent.css",
        },
    )


def c15t() -> Banner:
    return Banner(
        "c15t, offline",
        '<link rel="stylesheet" href="/c15t.css"><script defer src="/c15t.js"></script>',
        '<div id="c15t"></div>',
        '[data-testid="consent-banner-card"]',
        '[data-testid="consent-banner-accept-button"]',
    )


def bundle_c15t(to: Website, tags: str, folder: Path) -> None:
    """c15t is a library for React: a page without React carries both, in one minified file."""
    told = "--bundle --minify --format=iife --jsx=automatic --legal-comments=none".split()
    defined = {"process.env.NODE_ENV": '"production"', "TAGS": json.dumps(tags)}
    command = [program("node"), str(MODULES / "esbuild/bin/esbuild"), "c15t.jsx", *told]
    command += [f"--define:{name}={value}" for name, value in defined.items()]
    command += [f"--outfile={folder / 'c15t.js'}", "--log-level=warning"]
    subprocess.run(command, cwd=HERE, check=True)
    for name in ("c15t.js", "c15t.css"):
        put(to, f"/{name}", (folder / name).read_text("utf-8"))
