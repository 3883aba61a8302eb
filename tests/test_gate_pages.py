"""What the gate does to a page: held is what is published, all else leaves byte for byte."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.gate import hold, inside
from consent.gate.page import LIMIT, Own, Page
from consent.gate.rules import Rules, read

TRACKER = "t.example"
PATHS = ["shop.example/ads/", "https://shop.example/count", "shop.example/pi*"]
BODY: dict[str, Any] = {
    "site": "shop.example",
    "asks": 3,
    "services": [
        {"id": "stats", "category": "statistics", "hosts": [TRACKER, "*.count.example"]},
        {"id": "ads", "category": "marketing", "hosts": ["ads.example", *PATHS]},
        {"id": "maybe", "category": None, "hosts": ["maybe.example"]},
        {"id": "fonts", "category": "necessary", "hosts": ["fonts.t.example"]},
    ],
    "trackers": [],
}
RULES = read(BODY)
OWN = Own("shop.example", b"<!--OURS-->")
MARKS = b' data-category="statistics" data-service="stats" data-held="t.example"'


def through(text: str | bytes, rules: Rules = RULES, own: Own | None = None, **more: Any) -> bytes:
    page = text.encode() if isinstance(text, str) else text
    return Page(rules, own, **more).whole(page)


def cut(page: bytes, size: int, own: Own | None = OWN) -> bytes:
    """The page in pieces of `size` bytes."""
    made = Page(RULES, own)
    pieces = [made.feed(page[at : at + size]) for at in range(0, len(page), size)]
    return b"".join(pieces) + made.close()


# -- each kind of tag ----------------------------------------------------------------------------

HELD = {
    '<script src="https://t.example/a.js">': 'data-src="https://t.example/a.js">',
    "<SCRIPT SRC=HTTPS://T.EXAMPLE/a.js async>": "data-SRC=HTTPS://T.EXAMPLE/a.js async>",
    "<script type=module src='//t.example/m.js'>": "data-type=module data-src='//t.example/m.js'>",
    "<iframe src=https://t.example/v></iframe>": "data-src=https://t.example/v></iframe>",
    '<img alt="a > b" src="https://t.example/i.gif">': 'data-src="https://t.example/i.gif">',
    "<img src=/own.png srcset='/o.png 1x, //t.example/i.png 2x'>": "data-src=/own.png data-srcset=",
    "<img src = https://t.example/i/>": "data-src = https://t.example/i/>",
    "<picture><source srcset=//t.example/a><img src=/o></picture>": "data-srcset=//t.example/a>",
    "<video poster=//t.example/p src=/own.mp4>": "data-poster=//t.example/p data-src=/own.mp4>",
    "<audio src=//t.example/a>": "data-src=//t.example/a>",
    "<track src=//t.example/t.vtt>": "data-src=//t.example/t.vtt>",
    "<embed src=//t.example/e>": "data-src=//t.example/e>",
    "<object data=//t.example/o></object>": "data-data=//t.example/o>",
    "<input type=image src=//t.example/b>": "data-src=//t.example/b>",
    "<link rel=stylesheet href=//t.example/c.css>": "data-href=//t.example/c.css>",
    "<link href=//t.example rel='Preload' as=script>": "data-href=//t.example",
    "<link rel=preconnect href=https://t.example>": "data-href=https://t.example>",
    "<link rel=dns-prefetch href=//t.example>": "data-href=//t.example>",
    "<link rel=modulepreload href=//t.example/m.js>": "data-href=//t.example/m.js>",
    "<link rel=prefetch href=//t.example/n>": "data-href=//t.example/n>",
    '<link rel="shortcut icon" href=//t.example/i.ico>': "data-href=//t.example/i.ico>",
    "<link rel=preload as=image imagesrcset='//t.example/i 2x'>": "data-imagesrcset=",
    "<svg><image xlink:href='//t.example/i'/></svg>": "data-xlink:href='//t.example/i'/>",
    "<svg><script href=//t.example/s.js></script></svg>": "data-href=//t.example/s.js>",
    "<body background=//t.example/b.gif>": "data-background=//t.example/b.gif>",
    "<a ping='/own //t.example/p' href=/x>": "data-ping='/own //t.example/p' href=/x>",
    "<frame src=//t.example/f>": "data-src=//t.example/f>",
    "<iframe srcdoc='&lt;img src=//t.example/i&gt;'></iframe>": "data-srcdoc='&lt;img",
    "<template><img src=//t.example/i></template>": "data-src=//t.example/i>",
    "<noscript><img src=//t.example/i></noscript>": "data-src=//t.example/i>",
    "<img src=//t&#46;example/i>": "data-src=//t&#46;example/i>",
    "<img src='https:&#x2F;&#x2F;t.example/i'>": "data-src='https:&#x2F;&#x2F;t.example/i'>",
    "<img src=https:\\\\t.example\\i>": "data-src=https:\\\\t.example\\i>",
    "<img src=//user:secret@t.example:8443/i>": "data-src=//user:secret@t.example:8443/i>",
    "<img src=//a.b.t.example./i>": "data-src=//a.b.t.example./i>",
    "<img\nsrc=\n'\n//t.example/i'\t>": "data-src=\n'\n//t.example/i'\t>",
    "<img/src=//t.example/i/>": "/data-src=//t.example/i/>",
    "<base href=//t.example/x/><img src=i.gif>": "data-src=i.gif>",
}


@pytest.mark.parametrize("page", HELD)
def test_a_published_address_is_held_wherever_it_would_load(page: str) -> None:
    told = through(page)
    assert MARKS in told and HELD[page].encode() in told
    # The rest of the tag, and of the page, is as it was.
    bare = told.replace(MARKS, b"").replace(b' type="text/plain"', b"").replace(b"data-", b"")
    assert bare == page.encode()


FREE = (
    "<script src=/own.js></script><img src=https://elsewhere.example/i>",
    "<link rel=canonical href=https://t.example/page>",
    "<a href=https://t.example/>text</a><form action=https://t.example/></form>",
    "<meta http-equiv=refresh content='0;url=https://t.example/'>",
    "<!-- <img src=//t.example/i> --><p>",
    "<!--><p>--><p>",
    "<textarea><img src=//t.example/i></textarea>",
    "<title><img src=//t.example/i></title>",
    "<xmp><img src=//t.example/i></xmp>",
    "<plaintext><img src=//t.example/i></plaintext><img src=//t.example/i>",
    "<svg><![CDATA[<img src=//t.example/i>]]></svg>",
    "<p title='<img src=//t.example/i>'>",
    "<p title=\"<img src='//t.example/i'>\">",
    "<script type=application/ld+json>{'url':'https://t.example/'}</script>",
    "<script type=text/template><img src=//t.example/i></script>",
    "<script type=text/plain data-category=statistics src=//t.example/a.js></script>",
    "<iframe data-src=//t.example/v></iframe>",
    "<script>var nott = 'at.example.org', t = 'http://not-t.example/'</script>",
    "<img src=//t.example.org/i><img src=//xt.example/i>",
    "<img src=data:image/gif;base64,t.example>",
    "<img src=/t.example/i><img src=t.example/i>",
    "<link rel=stylesheet href=https://fonts.t.example/f.css>",
    "<script data-category=necessary src=//t.example/a.js></script>",
    "<script data-cookieconsent=ignore src=//t.example/a.js></script>",
    "<script>/*<!--<script></script><img src=//nobody.example/i>--></script><p>",
    "<img src=//t.example/i",
    "<img alt='//t.example/i",
    "</img src=//t.example/i>",
    "< img src=//t.example/i>",
    "<?img src=//t.example/i>",
    "<!img src=//t.example/i>",
)


@pytest.mark.parametrize("page", FREE)
def test_what_nobody_published_or_nothing_loads_is_left_alone(page: str) -> None:
    assert through(page) == page.encode()


def test_raw_text_ends_where_the_standard_says() -> None:
    after = "<img src=//t.example/i>"
    for text in (
        "<script>'<!--<script></script>' //--></script>",
        "<script><!--></script>",
        "<script><!-- <script x></script></script>",
        "<style></styl></style\n>",
        "<textarea></TEXTAREA/>",
        "<svg><title></svg>",
        "<svg><style></style><p>",
        "<math><mi><b><![CDATA[></b></mi></math>",
        "<svg><desc><p><![CDATA[></desc></svg>",
        "<svg><desc><![CDATA[<img>]]></desc></svg>",
    ):
        assert (
            through(text + after)
            == (text + after).replace(" src", MARKS.decode() + " data-src", 1).encode()
        ), text


def test_a_necessary_host_below_a_held_one_is_free_and_the_longest_path_decides() -> None:
    assert b"data-held" not in through("<img src=//a.fonts.t.example/f>")
    assert b'data-service="ads" data-held="shop.example"' in through(
        "<img src=/ads/1.gif><img src=/adsense.gif>", host="shop.example"
    )
    for path, held in (("/Count", 1), ("/count/x?y", 1), ("/counter", 0), ("/pix", 1), ("/p", 0)):
        told = through(f"<img src=https://shop.example{path}>")
        assert told.count(b"data-held") == held, path
    assert through("<img src=/ads/1.gif>", host="other.example") == b"<img src=/ads/1.gif>"


def test_the_unclassified_wait_without_a_category() -> None:
    told = through("<img src=//maybe.example/i>")
    assert told.startswith(b'<img data-service="maybe" data-held="maybe.example" data-src=')


def test_the_owners_own_marks_stay_the_only_ones() -> None:
    told = through('<script data-category="marketing" src="//t.example/a.js"></script>')
    assert told.count(b"data-category") == 1 and b"data-service" not in told
    assert told.startswith(b'<script type="text/plain" data-held="t.example" data-category')


def test_an_attribute_that_stands_twice_cannot_come_back() -> None:
    told = through("<img src=//t.example/i src=//t.example/j data-src=/lazy>")
    assert b" src=" not in told and b"data-own-data-src=/lazy" in told


def test_a_script_keeps_its_src_where_no_script_may_give_it_one() -> None:
    told = through("<script src=//t.example/a.js></script>", keep_src=True)
    assert told == b'<script type="text/plain"' + MARKS + b" src=//t.example/a.js></script>"


# -- what stands between tags --------------------------------------------------------------------


def test_an_inline_script_that_names_a_published_host_waits() -> None:
    page = "<script>(function(){s.src='https:\\/\\/www.count.example/x.js'})()</script><p>"
    told = through(page)
    assert told.startswith(b'<script type="text/plain" data-category="statistics"')
    assert told.endswith(page.removeprefix("<script").encode())


def test_an_inline_script_of_two_services_needs_both_categories() -> None:
    told = through("<script>load('//ads.example/a');load('//t.example/b')</script>")
    assert b'data-category="marketing statistics" data-service="ads"' in told


def test_styles_lose_the_address_and_nothing_else() -> None:
    page = "<style>@import '//t.example/a.css';a{b:url( //t.example/c ) url(/own)}</style>"
    assert through(page) == (
        b"<style>@import 'about:invalid';a{b:url( about:invalid ) url(/own)}</style>"
    )
    page = "<p style='a:url(&quot;//t.example/c&quot;)'>"
    assert through(page) == b"<p style='a:url(&quot;about:invalid&quot;)'>"


def test_import_maps_and_speculation_rules_lose_published_addresses() -> None:
    page = '<script type=importmap>{"imports":{"a":"/a.js","t":"//t.example/t.js"}}</script>'
    assert b'{"imports":{"a":"/a.js","t":"data:text/javascript,"}}' in through(page)
    page = (
        '<script type="speculationrules">{"prefetch":[{"urls":["/n","https://t.example/n"]},'
        '{"urls":["https://t.example/m"]},{"where":{"href_matches":"https://t.example/*"}}]}</script>'
    )
    assert b'>{"prefetch":[{"urls":["/n"]}]}<' in through(page)
    broken = "<script type=importmap>{t.example</script>"
    assert through(broken) == broken.encode()


# -- our two elements ----------------------------------------------------------------------------


PLACES = (
    "<!doctype html><html><head>\n<meta charset=utf-8><title>a<b</title>|<link><p>",
    "<!doctype html><title>t</title>|<p>text",
    "<html>|text",
    "\ufeff<!-- c --><!DOCTYPE html>\n<html lang=en>|<body>",
    "<html><head><meta name=a>|<meta http-equiv=Content-Security-Policy content=x>",
    "<html><head><base href=/a/>|<script src=/a.js></script></head>",
    "<html><head>|</head><body>",
    "<html><head>|<noscript><p></noscript>",
    "<!doctype html><html>|",
)


@pytest.mark.parametrize("page", PLACES)
def test_our_elements_come_before_the_first_thing_that_could_load(page: str) -> None:
    before, after = page.encode().split(b"|")
    for host in (b"", b"<!-- t.example -->"):  # found at once, and read tag by tag
        whole = host + before + after
        assert through(whole, own=OWN) == host + before + OWN.markup + after
        assert cut(whole, 3) == host + before + OWN.markup + after


def test_a_relative_server_stands_before_the_base_that_would_lead_it_astray() -> None:
    own = Own("shop.example", b"<!--OURS-->", absolute=False)
    assert through("<html><base href=//x.example><p>", own=own).startswith(
        b"<html><!--OURS--><base"
    )


@pytest.mark.parametrize(
    "page",
    [
        "<div>a fragment for a page that has them</div>",
        "text",
        "",
        '<!doctype html><head><script data-site="shop.example">stub</script><p>',
        '<!doctype html><head><script async src="https://c.example/v1/shop.example/consent.js">',
        '<!doctype html><script src="/_ct/v1/shop.example/pl/consent.js"></script>',
    ],
)
def test_fragments_and_pages_that_have_our_elements_get_none(page: str) -> None:
    assert through(page, own=OWN) == page.encode()


# -- never broken --------------------------------------------------------------------------------


def test_utf_16_and_iso_2022_are_left_alone() -> None:
    for page in (
        "<!doctype html><img src=//t.example/i>".encode("utf-16"),
        b"<!doctype html><meta charset=iso-2022-jp><img src=//t.example/i>",
    ):
        assert through(page) == page and cut(page, 1, None) == page


def test_a_failure_passes_the_rest_but_not_the_tag_it_was_about_to_hold(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a fault in the gate")

    page = "<img src=//t.example/i><p><script src=//t.example/a.js></script><b>"
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, "consent.gate"):
        patch.setattr(hold, "held", broken)
        assert through(page) == (b'<img data-held><p><script type="text/plain"></script><b>')
    with monkeypatch.context() as patch:
        patch.setattr(hold, "why", broken)
        assert through(page) == page.encode()
    with monkeypatch.context() as patch:
        patch.setattr(Page, "_start", broken)
        assert through(page) == page.encode()
        assert cut(page.encode(), 1, None) == page.encode()
    with monkeypatch.context() as patch:
        patch.setattr(inside, "style", broken)
        assert through("<style>url(//t.example)</style>") == b"<style>url(//t.example)</style>"


def test_a_tag_without_an_end_does_not_fill_the_memory() -> None:
    page = Page(RULES)
    told = page.feed(b"<p><img alt='") + page.feed(b"x" * (LIMIT + 1))
    assert told.startswith(b"<p><img alt='x") and page.feed(b"y") == b"y"
    long = b"<script>" + b"x" * (2 * LIMIT) + b"</script><img src=//t.example/i>"
    assert cut(long, 65536, None) == long.replace(b"src", MARKS.strip() + b" data-src")


def test_what_stands_within_itself_a_thousand_times_is_read_once() -> None:
    after = b"t.example"
    for text in (b"<noscript>", b"<svg>", b"<template>", b"<!--", b"<iframe srcdoc='"):
        page = text * 5000 + after
        assert through(page) == page == cut(page, 4096, None)
    page = b"<script type=importmap>" + b"[" * 5000 + b"t.example</script>"
    assert through(page) == page


def test_without_rules_nothing_is_held_and_our_elements_still_come() -> None:
    page = "<!doctype html><p><img src=//t.example/i>"
    assert through(page, rules=Rules(), own=OWN) == page.replace("<p>", "<!--OURS--><p>").encode()


# -- for every page ------------------------------------------------------------------------------

PIECES = st.sampled_from(
    "<!doctype html> <html> <head> </head> <body> <script> </script> <script\tsrc='//t.example/a'>"
    " <img\tsrc=//t.example/p ' \" > <!-- --> --!> <![CDATA[ ]]> <svg> </svg> <style> </style>"
    " url(//t.example/x) <noscript> </noscript> <title> </title> <textarea> </textarea> t.example"
    " <iframe\tsrc=//t.example> </iframe> <base\thref=//t.example/> <img\tsrc=rel.png> text < </ />"
    " = <plaintext> <a\thref='>'> <link\trel=preload\thref=//t.example> <math> <p> <foreignObject>"
    " <!--> <!---> <?x <!x &#46; - <meta\tcharset=utf-8> \ufeff <svg/> <script/> <template>".split(
        " "
    )
)
PAGES = st.lists(PIECES | st.text(max_size=4) | st.just(" "), max_size=24).map(
    lambda pieces: "".join(pieces).encode()
)


@settings(max_examples=400)
@given(PAGES, st.lists(st.integers(0, 200), max_size=5))
def test_where_a_page_is_cut_changes_nothing(page: bytes, cuts: list[int]) -> None:
    whole = through(page, own=OWN)
    made = Page(RULES, OWN)
    edges = [0, *sorted(min(one, len(page)) for one in cuts), len(page)]
    pieces = [made.feed(page[a:b]) for a, b in itertools.pairwise(edges)]
    assert b"".join(pieces) + made.close() == whole == cut(page, 1)


@settings(max_examples=300)
@given(PAGES)
def test_a_page_that_names_no_published_host_gets_our_elements_and_nothing_else(
    page: bytes,
) -> None:
    page = page.replace(b"t.example", b"own.test")
    told = cut(page, 7)
    assert told.replace(OWN.markup, b"", 1) == page


@settings(max_examples=300)
@given(PAGES)
def test_a_page_that_went_through_twice_is_as_after_the_first_time(page: bytes) -> None:
    once = through(page)
    assert through(once) == once


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_at_all_come_out_again(data: bytes) -> None:
    assert through(data) == data
