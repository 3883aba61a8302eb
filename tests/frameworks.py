"""What well-known style sheets do to bare elements, in our own words, cut to what could reach us.

Facts read in each project's published sheet; each entry keeps the shape of its selectors, so their
weight is theirs. Rules for classes are left out: no class of ours is anybody else's.
"""

from __future__ import annotations

BORDER_BOX = "*, ::before, ::after { box-sizing: border-box }"
INHERITED_BOX = "html { box-sizing: border-box } *, ::before, ::after { box-sizing: inherit }"
FORMS = (
    "button, input { margin: 0; font: inherit; line-height: 1.15; overflow: visible }"
    "button, [type=button], [type=submit] { appearance: button; text-transform: none }"
    "[type=checkbox] { box-sizing: border-box; padding: 0 }"
)

FRAMEWORKS = {
    "Bootstrap": BORDER_BOX
    + "body { margin: 0; font: 400 1rem/1.5 sans-serif; color: #212529; text-align: start;"
    " -webkit-text-size-adjust: 100% } h2, h3 { margin: 0 0 .5rem; font-weight: 500;"
    " line-height: 1.2; font-size: 2rem } p, ul { margin: 0 0 1rem } ul { padding-left: 2rem }"
    "a { color: rgb(13 110 253) } code { color: #d63384; font-size: .875em }"
    "label { display: inline-block } table { caption-side: bottom; border-collapse: collapse }"
    "th, td, tr, thead, tbody { border: 0 solid; border-color: inherit } b { font-weight: bolder }"
    "button { border-radius: 0; text-transform: none } button:focus:not(:focus-visible)"
    " { outline: 0 } [role=button] { cursor: pointer } [type=button]:not(:disabled)"
    " { cursor: pointer } [hidden] { display: none !important } summary { display: list-item }",
    "Tailwind preflight": "*, ::before, ::after, ::backdrop { box-sizing: border-box; margin: 0;"
    " padding: 0; border: 0 solid } html { line-height: 1.5; tab-size: 4 }"
    "h2, h3 { font-size: inherit; font-weight: inherit } a { color: inherit;"
    " text-decoration: inherit } b { font-weight: bolder } ul { list-style: none }"
    "table { text-indent: 0; border-color: inherit; border-collapse: collapse }"
    "button, input, ::file-selector-button { font: inherit; letter-spacing: inherit;"
    " color: inherit; border-radius: 0; background-color: transparent; opacity: 1 }"
    "button, input:where([type=button]) { appearance: button } summary { display: list-item }"
    "[hidden]:where(:not([hidden=until-found])) { display: none !important }",
    "Foundation": INHERITED_BOX
    + FORMS
    + "body { font-weight: normal; color: #0a0a0a; -webkit-font-smoothing: antialiased }"
    "button { padding: 0; appearance: none; border: 0; border-radius: 0; background: transparent;"
    " line-height: 1; cursor: auto } [data-whatinput=mouse] button { outline: 0 }"
    "[type=checkbox] { margin: 0 0 1rem } label > [type=checkbox] { margin-right: .5rem }"
    "label { display: block; font-size: .875rem; font-weight: normal; line-height: 1.8 }"
    "div, ul, li, h2, h3, p, form, th, td { margin: 0; padding: 0 } p { margin-bottom: 1rem }"
    "p { line-height: 1.6; text-rendering: optimizeLegibility } a { text-decoration: none }"
    "ul { margin-left: 1.25rem; list-style-type: disc } code { border: 1px solid #cacaca;"
    " padding: .125rem .3125rem } table { width: 100%; margin-bottom: 1rem; border-radius: 0 }"
    "thead, tbody { border: 1px solid #f1f1f1; background: #fefefe } thead th { font-weight: bold }"
    "tbody tr:nth-child(even) { background-color: #f1f1f1 }",
    "Bulma": "html { background: #fff; font-size: 16px; min-width: 300px; overflow-y: scroll;"
    " text-rendering: optimizeLegibility } body { font-size: 1em; font-weight: 400;"
    " line-height: 1.5 } *, ::before, ::after { box-sizing: inherit }"
    "html, body, p, ul, li, h2, h3, th, td { margin: 0; padding: 0 } ul { list-style: none }"
    "h2, h3 { font-size: 100%; font-weight: normal } button, input { margin: 0 }"
    "a { color: #485fc7; text-decoration: none } code { background: #f5f5f5; color: #da1039;"
    " font-size: .875em; padding: .25em .5em } table { border-collapse: collapse }"
    "td, th { vertical-align: top } td:not([align]), th:not([align]) { text-align: inherit }"
    "input[type=checkbox] { vertical-align: baseline } span { font-style: inherit }",
    "Materialize": INHERITED_BOX
    + FORMS
    + "html { line-height: 1.5; font-size: 15px } button { outline: none; font-size: 1rem }"
    "button:focus { outline: none; background-color: #2ab7a9 } h2, h3 { font-weight: 400;"
    " line-height: 1.3; margin: 1.5rem 0; font-size: 3.5rem } ul:not(.browser-default)"
    " { padding-left: 0; list-style-type: none } ul:not(.browser-default) > li"
    " { list-style-type: none } a { color: #039be5; text-decoration: none }"
    "label { font-size: .8rem; color: #9e9e9e } table { width: 100%; display: table }"
    "tr { border-bottom: 1px solid rgb(0 0 0 / 12%) } td, th { padding: 15px 5px;"
    " display: table-cell; text-align: left; border-radius: 2px }"
    "[type=checkbox]:not(:checked), [type=checkbox]:checked { position: absolute; opacity: 0;"
    " pointer-events: none } [type=checkbox] + span:not(.lever) { padding-left: 35px;"
    " height: 25px } b { font-weight: 500 }",
    "Semantic UI": INHERITED_BOX
    + FORMS
    + "html { font-size: 14px } body { margin: 0; overflow-x: hidden; min-width: 320px;"
    " font-size: 14px; line-height: 1.4285em; color: rgb(0 0 0 / 87%) }"
    "h2, h3 { line-height: 1.28571429em; margin: 2rem 0 1rem; font-weight: bold; font-size: 2rem }"
    "h2:first-child, p:first-child { margin-top: 0 } p:last-child { margin-bottom: 0 }"
    "p { margin: 0 0 1em; line-height: 1.4285em } a { color: #4183c4; text-decoration: none }"
    "body ::-webkit-scrollbar { appearance: none; width: 10px; height: 10px }",
    "Pico": "*, ::before, ::after { box-sizing: border-box; background-repeat: no-repeat }"
    "::before, ::after { text-decoration: inherit; vertical-align: inherit }"
    ":root { font-size: 112.5%; line-height: 1.5; text-underline-offset: .1rem }"
    "button, [type=submit], [type=button] { padding: .75rem 1rem; border: .0625rem solid;"
    " border-radius: .25rem; outline: none; box-shadow: 0 0 0 #000; font-size: 1rem; width: 100%;"
    " text-align: center; user-select: none; transition: background-color .2s }"
    "[type=submit], [type=button] { margin-bottom: 1rem } input { letter-spacing: inherit }"
    "label:has([type=checkbox]) { width: fit-content; cursor: pointer }"
    "[type=checkbox] { appearance: none; width: 1.25em; height: 1.25em; margin-top: -.125em;"
    " margin-inline-end: .5em; border-width: 3px; vertical-align: middle }"
    "[type=checkbox][role=switch] { width: 2.25em; height: 1.25em; border: 3px solid;"
    " border-radius: 1.25em; background-color: #bfc7d9; line-height: 1.25em }"
    "[type=checkbox][role=switch]::before { display: block; aspect-ratio: 1; height: 100%;"
    " border-radius: 50%; background-color: #fff; box-shadow: 0 0 2px #000; content: ''"
    "; transition: margin .1s } [type=checkbox][role=switch]:checked::before"
    " { margin-inline-start: 1em } [type=checkbox]:checked { background-image: none;"
    " background-position: center } details { display: block; margin-bottom: 1rem }"
    "details summary { line-height: 1rem; list-style-type: none }"
    "details summary::after { display: block; width: 1rem; height: 1rem; float: right;"
    " content: ''; background-size: 1rem auto; transform: rotate(-90deg) }"
    "dialog { display: flex; z-index: 999; position: fixed; inset: 0; align-items: center;"
    " width: inherit; min-width: 100%; height: inherit; min-height: 100%; padding: 0; border: 0;"
    " backdrop-filter: blur(.375rem) } dialog:not([open]) { display: none }"
    "ul li { list-style: square } th, td { padding: .5rem 1rem; font-weight: 400 }"
    "section { margin-bottom: 1rem } p, ul, table { margin: 0 0 1rem; font-weight: 400 }",
    "Water.css": BORDER_BOX
    + "body { font-family: system-ui; line-height: 1.4; max-width: 800px; margin: 20px auto;"
    " padding: 0 10px; text-rendering: optimizeLegibility } h2, h3 { margin: 0 0 12px }"
    "button, input { transition: background-color .1s linear; color: #000; background: #efefef;"
    " font: inherit; margin: 0 6px 6px 0; padding: 10px; border: none; border-radius: 6px;"
    " outline: none } button, [type=submit] { padding-right: 30px; padding-left: 30px }"
    "button:hover { background: #ddd } input:focus, button:focus { box-shadow: 0 0 0 2px #0096bf }"
    "button:active { transform: translateY(2px) } a { text-decoration: none; color: #0076d1 }"
    "a[href^='mailto']::before { content: '✉ ' } a[href^='tel']::before { content: '☎ ' }"
    "td, th { padding: 6px; text-align: left } tbody tr:nth-child(even) { background: #efefef }"
    "details { padding: 10px; background: #efefef; border-radius: 6px }"
    "summary { font-weight: 600 }"
    "dialog { background: #efefef; border-radius: 6px; min-width: 250px }",
    "Milligram": INHERITED_BOX
    + "html { font-size: 62.5% } body { color: #606c76; font-size: 1.6em; font-weight: 300;"
    " letter-spacing: .01em; line-height: 1.6 } button, [type=button], [type=submit]"
    " { background-color: #9b4dca; border: .1rem solid #9b4dca; border-radius: .4rem; color: #fff;"
    " display: inline-block; font-size: 1.1rem; font-weight: 700; height: 3.8rem;"
    " letter-spacing: .1rem; line-height: 3.8rem; padding: 0 3rem; text-align: center;"
    " text-transform: uppercase; white-space: nowrap } button:focus { outline: 0 }"
    "button, li { margin-bottom: 1rem } input { margin-bottom: 1.5rem } p, ul, table"
    " { margin: 0 0 2.5rem } ul { list-style: inside circle; padding-left: 0 }"
    "label { display: block; font-size: 1.6rem; font-weight: 700; margin-bottom: .5rem }"
    "table { border-spacing: 0; display: block; overflow-x: auto; width: 100% }"
    "td, th { border-bottom: .1rem solid #e1e1e1; padding: 1.2rem 1.5rem }"
    "h2, h3 { font-weight: 300; letter-spacing: -.1rem; margin: 0 0 2rem; font-size: 3.6rem }"
    "code { background: #f4f5f6; white-space: nowrap; margin: 0 .2rem; padding: .2rem .5rem }",
    "Skeleton": "html { font-size: 62.5% } body { font-size: 1.5em; line-height: 1.6; color: #222 }"
    "button, [type=submit], [type=button] { display: inline-block; height: 38px; padding: 0 30px;"
    " color: #555; text-align: center; font-size: 11px; font-weight: 600; line-height: 38px;"
    " letter-spacing: .1rem; text-transform: uppercase; white-space: nowrap; border-radius: 4px;"
    " background-color: transparent; border: 1px solid #bbb } button:focus { outline: 0 }"
    "h2, h3 { margin: 0 0 2rem; font-weight: 300; font-size: 4.2rem; letter-spacing: -.1rem }"
    "ul { list-style: inside circle; padding-left: 0 } li, button { margin-bottom: 1rem }"
    "th, td { padding: 12px 15px; border-bottom: 1px solid #e1e1e1 } label { font-weight: 600 }"
    "p, ul, table { margin-bottom: 2.5rem } input { margin-bottom: 1.5rem }",
    "normalize.css": "html { line-height: 1.15; -webkit-text-size-adjust: 100% }"
    "body { margin: 0 } details { display: block } summary { display: list-item }"
    "a { background-color: transparent } b { font-weight: bolder }"
    "code { font-family: monospace, monospace; font-size: 1em }" + FORMS,
    "sanitize.css": "*, ::before, ::after { box-sizing: border-box; background-repeat: no-repeat }"
    "::before, ::after { text-decoration: inherit; vertical-align: inherit }"
    ":where(:root) { cursor: default; line-height: 1.5; overflow-wrap: break-word; tab-size: 4 }"
    ":where(body) { margin: 0 } :where(ul) :where(ul) { margin: 0 } :where(table)"
    " { border-collapse: collapse; border-color: currentColor; text-indent: 0 }"
    ":where(button, input) { background-color: transparent; border: 1px solid WindowFrame;"
    " color: inherit; font: inherit; letter-spacing: inherit; padding: .25em .375em }"
    ":where(dialog) { background-color: #fff; border: solid; margin: auto; padding: 1em;"
    " position: absolute; width: fit-content } :where(dialog:not([open])) { display: none }"
    ":where(details > summary:first-of-type) { display: list-item } :where([aria-busy=true i])"
    " { cursor: progress } :where(a, button, input, label, summary, [tabindex])"
    " { touch-action: manipulation } :where([hidden]:not([hidden='false' i])) { display: none }",
    "UIkit": "html { font: normal 16px/1.5 sans-serif; color: #666; background: #fff }"
    "a { color: #1e87f0; text-decoration: none } p, ul { margin: 0 0 20px }"
    "* + p, * + ul, * + form { margin-top: 20px } h2, h3 { margin: 0 0 20px; color: #333;"
    " font-weight: normal; font-size: 2rem; text-transform: none } * + h2, * + h3"
    " { margin-top: 40px } ul { padding-left: 30px } code { font-size: .875rem; color: #f0506e;"
    " white-space: nowrap; padding: 2px 6px } button { -webkit-tap-highlight-color: transparent }"
    "a, button, input, label, summary { touch-action: manipulation } b { font-weight: bolder }"
    "button:not(:disabled) { cursor: pointer } [hidden] { display: none !important }",
    "Pure": FORMS
    + "html { font-family: sans-serif } html, button, input { font-family: FreeSans, Arimo, serif }"
    "body { margin: 0 } h2, h3 { margin: .67em 0 } [hidden] { display: none !important }",
    "Spectre": INHERITED_BOX
    + "html { font-size: 20px; line-height: 1.5; -webkit-tap-highlight-color: transparent }"
    "body { background: #fff; color: #3b4351; font-size: .8rem; overflow-x: hidden;"
    " text-rendering: optimizeLegibility } a { color: #5755d9; outline: none;"
    " text-decoration: none } a:focus { box-shadow: 0 0 0 .1rem rgb(87 85 217 / 20%) }"
    "h2, h3 { color: inherit; font-weight: 500; line-height: 1.2; margin: 0 0 .5em;"
    " font-size: 1.6rem } p { margin: 0 0 1.2rem } ul { margin: .8rem 0 .8rem .8rem; padding: 0;"
    " list-style: disc inside } ul li { margin-top: .4rem } code { border-radius: .1rem;"
    " line-height: 1.25; padding: .1rem .2rem; background: #fcf2f2 } b { font-weight: bolder }"
    ":lang(zh), :lang(ja), :lang(ko) { font-family: serif }",
    "Tachyons": "html, body, div, section, form, p, ul, li, a, h2, h3, code, table, th, td, tr,"
    " input[type=text] { box-sizing: border-box } html { line-height: 1.15 }"
    "body { margin: 0 } a { background-color: transparent } b { font-weight: bolder }" + FORMS,
    "MUI": "html { -webkit-font-smoothing: antialiased; box-sizing: border-box;"
    " -webkit-text-size-adjust: 100% } *, *::before, *::after { box-sizing: inherit }"
    "b { font-weight: 700 } body { margin: 0; color: rgb(0 0 0 / 87%); background: #fff;"
    " font: 400 1rem/1.5 Roboto, sans-serif; letter-spacing: .00938em }"
    "body::backdrop { background: #fff }",
    "Ant Design": BORDER_BOX + "html, body { width: 100%; height: 100% } html { line-height: 1.15 }"
    "[tabindex='-1']:focus { outline: none } h2, h3 { margin: 0 0 .5em; font-weight: 500 }"
    "p, ul { margin: 0 0 1em } b { font-weight: bolder } table { border-collapse: collapse }"
    "a, button, input:not([type=range]), label, summary { touch-action: manipulation }"
    "button, html [type=button] { appearance: button } button, input { margin: 0; color: inherit;"
    " font: inherit } [hidden] { display: none !important } code { font: 1em Consolas }",
    "Chota": INHERITED_BOX
    + "html { font-size: 62.5%; line-height: 1.15 } body { line-height: 1.6; font-size: 1.6rem }"
    "h2, h3 { font-weight: 500; margin: .35em 0 .7em; font-size: 1.75em }"
    "a { text-decoration: none }"
    "a:hover:not(.button) { opacity: .75 } table { width: 100%; border: none; text-align: left }"
    "td, th { vertical-align: middle; padding: 1.2rem .4rem } thead { border-bottom: 2px solid }"
    "[type=checkbox] { width: 2rem; height: 1.6rem; accent-color: #14854f }"
    "[type=button], [type=submit], button { padding: 1rem 2.5rem; border: 1px solid transparent;"
    " line-height: 1; text-align: center; transition: opacity .2s ease; transform: scale(1);"
    " display: inline-block; border-radius: 4px } button:hover { opacity: .8 }"
    "input:disabled { opacity: .4; cursor: not-allowed } code { white-space: pre-wrap }"
    "button + button { margin-left: 1rem } details summary { cursor: pointer }",
    "Tufte": "html { font-size: 15px } body { width: 87.5%; margin: 0 auto; padding-left: 12.5%;"
    " font-family: Palatino, serif; background: #fffff8; color: #111; max-width: 1400px }"
    "h2, h3 { font-style: italic; font-weight: 400; margin: 2.1rem 0 1.4rem; font-size: 2.2rem }"
    "p, ul { font-size: 1.4rem; line-height: 2rem } section { padding: 1rem 0 }"
    "section > p, section > table { width: 55% } section > ul { width: 50% }"
    "li:not(:first-child) { margin-top: .25rem } a:link, a:visited { color: inherit }"
    "a:link { text-decoration: none; text-shadow: .03em 0 #fffff8; background:"
    " linear-gradient(currentColor, currentColor) 0 93% / 1px 1px repeat-x }"
    "label { cursor: pointer }",
}

# No framework does these, pages do.
NASTY = {
    "everything inherited": "html, body { letter-spacing: .4em; word-spacing: 1em; direction: ltr;"
    " text-transform: uppercase; text-align: center; text-indent: 3em; white-space: nowrap;"
    " font: italic small-caps 900 40px/3 cursive; color: red; cursor: wait; visibility: visible;"
    " text-shadow: 2px 2px red; list-style: none; hyphens: auto; word-break: break-all;"
    " user-select: none; quotes: none; writing-mode: horizontal-tb; accent-color: red }",
    "everything not inherited": "body * { float: left; position: relative; margin: 9px;"
    " padding: 9px;"
    " border: 9px dotted; min-height: 90px; max-width: 90px; opacity: .5; transform: rotate(9deg);"
    " filter: blur(9px); box-shadow: 0 0 9px; display: inline; overflow: hidden }",
    "signs before and after": "a::after, button::before, li::before, h2::before, p::after,"
    " label::after, span::before, summary::before, td::after, div::before, dialog::after"
    " { content: '➜'; display: inline-block; width: 40px; height: 40px; background: red }",
    "every attribute": "[type=button][type=button][type=button][data-cmp][data-cmp] { padding: 0;"
    " font-size: 3px; display: none } [role=dialog][role=dialog][lang][dir], dialog[open][role]"
    " { display: none } input[type=checkbox][role=switch][class][value] { opacity: 0 }",
    "a body with an id": "body > div, body > dialog, html body div, html body dialog button,"
    " body *:not(script):not(style):not(.x) { position: static; width: 10px; color: red }",
    "all unset, without importance": "* { all: unset } *::before, *::after { all: unset }",
    "no size at the root": "html { font-size: 4px } body { font-size: 0; line-height: 0 }",
    "no motion, and important": "*, ::before, ::after { animation-duration: 1ms !important;"
    " transition-duration: 1ms !important; scroll-behavior: auto !important }",
}

# What we cannot stop, and say so: importance wins over any weight of a selector.
BEYOND_US = {
    "all unset, with importance": "* { all: unset !important }",
    "buttons, with importance": "button { font-size: 3px !important; min-height: 0 !important }",
    "a body that is a frame": "body { transform: scale(.5) }",
}
