"""Every source of what the product stores, given hostile text; each share is counted."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml
from flask import Flask

from consent import (
    bulk,
    findings,
    inventory,
    notices,
    organisations,
    requests,
    scans,
    sitefile,
    sites,
    texts,
    tokens,
    users,
    webhooks,
)
from consent.db import db
from consent.errors import Refusal
from consent.findings import Cause, Pass, Request, Scan, Thing
from consent.permissions import Role
from consent.sites import Site
from tests.acts import BY, CONTROLLER, KEPT, choice_body

KEY = "example.com"
HEADERS = (
    "User-Agent", "Referer", "Accept-Language", "Accept", "DNT", "Sec-GPC", "Sec-CH-UA",
    "Sec-CH-UA-Platform", "Sec-Fetch-Site", "Sec-Fetch-Mode", "X-Forwarded-For", "X-Forwarded-Host",
    "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port", "Forwarded", "X-Real-IP",
    "Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-IPCountry", "X-Country-Code",
    "CloudFront-Viewer-Country", "X-Original-URL", "X-Rewrite-URL", "X-Requested-With",
    "X-Request-Id", "Via", "From", "Cookie", "If-None-Match", "Authorization", "X-HTTP-Method",
)  # fmt: skip
BODY = (
    "v", "id", "visitor", "notice", "action", "categories", "services", "language", "layer", "page",
    "at", "shown_at", "answer", "device", "signals", "previous",
)  # fmt: skip


@dataclass
class Poison:
    """Texts by turns. `took` and `refused` count by source; `codes` are the refusals' own."""

    texts: Sequence[str]
    took: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._turn: Iterator[str] = itertools.cycle(self.texts)

    def one(self, most: int = 256) -> str:
        """The next text that is short enough."""
        assert most > 50, most
        text = next(text for text in self._turn if len(text) <= most)
        self.used.add(text)
        return text

    def many(self, count: int, most: int) -> str:
        """The next so many on lines of their own, in one text."""
        return "\n".join(self.one(most // count - 1) for _ in range(count))

    def give(self, source: str, verb: Callable[[], object]) -> None:
        """Call a verb with poison in it: it takes it, or refuses it with a code."""
        try:
            verb()
        except Refusal as refusal:
            db.session.rollback()
            assert refusal.code
            self.refused[source] += 1
            self.codes[refusal.code] += 1
        else:
            self.took[source] += 1


def ingest(poison: Poison, app: Flask, digest: str, at: datetime, count: int) -> None:
    """POST consents: all headers at once `count` times, then each field of the body, and the page
    alone, which is the one text of a visitor's that is kept as it is."""
    client = app.test_client()

    def post(source: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        own = {"Origin": f"https://{KEY}", "Content-Type": "text/plain", **headers}
        reply = client.post(f"/v1/{KEY}/consents", data=json.dumps(body), headers=own)
        assert reply.status_code < 500, (source, reply.status_code)
        if reply.status_code == 201:
            poison.took[source] += 1
        else:
            poison.refused[source] += 1
            poison.codes[reply.headers["X-Consent-Refused"]] += 1

    for _ in range(count):
        # A header is one line of Latin-1: what no browser sends is told by its escapes.
        held = {name: _line(poison.one()) for name in HEADERS}
        body = choice_body(digest, at, categories=REFUSED)
        post("headers", body, held)
    for name in BODY:
        for _ in range(20):
            body = choice_body(digest, at, categories=REFUSED)
            text = poison.one()
            shaped: dict[str, Any] = {"categories": {text: False}, "signals": {text: False}}
            post(f"body {name}", body | {name: shaped.get(name, text)}, {})
    for _ in range(100):
        page = f"https://{KEY}/{_line(poison.one())}"
        post("page", choice_body(digest, at, categories=REFUSED, page=page), {})
    for _ in range(20):
        origin = {"Origin": f"https://{_line(poison.one())}"}
        post("origin", choice_body(digest, at, categories=REFUSED), origin)


MARKS = frozenset("<>&{}%")
REFUSED = {"statistics": False, "marketing": False, "preferences": False}


def _line(text: str) -> str:
    return "".join(c if 32 <= ord(c) < 127 else f"\\u{ord(c):04x}" for c in text)


def website(poison: Poison, site: Site, at: datetime, count: int = 400) -> None:
    """What a website tells a scanner: names, addresses, initiators, titles, banners."""
    things, asked = [], []
    for number in range(count):
        url = poison.one()
        cause = Cause("script", url, number, poison.one(), [f"{poison.one()}:1", poison.one()])
        kind = ("cookie", "local_storage", "session_storage")[number % 3]
        page = f"https://{KEY}/{poison.one()}"
        things.append(Thing(kind, poison.one(), poison.one(), poison.one(), page=page, cause=cause))
        asked.append(Request(poison.one(), poison.one(), "beacon", page=poison.one(), cause=cause))
    pages = [poison.one() for _ in range(20)]
    passes = [Pass(name, pages=pages, things=things, requests=asked) for name in ("none", "accept")]
    seen = Scan(f"https://{KEY}/", passes=passes, pages=pages, banner=poison.one())
    seen.problems = [poison.one() for _ in range(20)]
    seen.browser = poison.one()
    scans.put_watch(site, "weekly", f"https://{KEY}/", "", "alert@h.example", BY, at)
    for _ in range(10):
        said = [poison.one() for _ in range(4)]
        poison.give("watch", lambda w=said: scans.put_watch(site, *w, BY, at))
    scans.start(site, f"https://{KEY}/", BY, at)
    claimed = scans.claim(at)
    assert claimed is not None
    scans.progress(claimed.id, {"page": poison.one(), "pass": poison.one()}, at)
    found = [findings.finding_to_json(one) for one in findings.judge(seen)]
    drafts = scans.from_scan(seen, inventory.state(site))
    text = json.dumps(findings.to_json(seen)).replace("\\u0000", "\\ufffd")
    finished = scans.finish(claimed.id, json.loads(text), found, drafts, at)
    assert finished is not None and finished.seen is not None and len(found) >= count // 2
    poison.took["scan"] += len(things) + len(asked)
    for one in scans.waiting(site)[:20]:
        why = poison.one()
        poison.give("why dismissed", lambda n=one.id, w=why: scans.dismiss(site, n, w, BY, at))
    for one in scans.waiting(site)[:10]:
        poison.give("accepted", lambda n=one.id: scans.accept(site, [n], BY, at))


def listed(poison: Poison, site: Site, at: datetime, count: int = 300) -> None:
    """The inventory: by a file, by hand, and its services."""
    for number in range(40):
        fields = {"name": poison.one(120), "provider": poison.one(120), "category": "statistics"}
        if number % 4 == 0:
            fields["policy_url"] = poison.one()
        if number % 8 == 0:
            fields["hosts"] = [poison.one()]  # type: ignore[assignment]
        key = f"tool-{number}"
        poison.give("service", lambda k=key, f=fields: inventory.put_service(site, BY, at, k, **f))
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("name", "category", "service", "provider", "purpose_en", "purpose_pl", "reason"))
    for number in range(count):
        category = ("statistics", "marketing", "necessary", "preferences", "")[number % 5]
        words = [poison.many(3, 900), poison.many(2, 900), poison.one()]
        rows.writerow((poison.one(), category, f"tool-{1 + number % 3}", "", *words))
    done = inventory.import_csv(site, out.getvalue(), BY, at)
    poison.took["import"] += done.added + done.changed
    poison.refused["import"] += len(done.refused)
    for _ in range(20):
        text = poison.one()
        fields = {"name": text, "set_by": poison.one(120), "purpose": {"en": poison.many(8, 1000)}}
        poison.give("tracker", lambda f=fields: inventory.add_tracker(site, BY, at, **f))
    for wrong in ("kind", "match", "party", "category", "service", "duration"):
        text = poison.one()
        poison.give(
            "tracker", lambda w=wrong, t=text: inventory.add_tracker(site, BY, at, **{w: t})
        )


def settled(poison: Poison, site: Site, at: datetime) -> None:
    """A site's settings, its own words, its policies and what two people say of them."""

    def change(source: str, **fields: Any) -> None:
        poison.give(source, lambda: sites.change(site, BY, at, **fields))

    change("site", name=poison.one())
    for name in ("trading_name", "legal_name", "address", "phone", "email", "url", "country"):
        change("controller", controller={**site.controller, name: poison.one()})
    for name in ("dpo", "authority"):
        change("contact", **{name: {"name": poison.one(), "email": poison.one()}})
    for name in ("rights", "us", "privacy"):
        change("contact", contacts={name: {"email": poison.one(), "phone": poison.one()}})
    for name in ("origins", "preview_hosts", "languages"):
        change("site", **{name: [poison.one()]})
    for name in ("cookie_domain", "default_language"):
        change("site", **{name: poison.one()})
    for _ in range(20):
        change("policy link", policy_urls={"en": poison.one()})
        change("policy link", policy_urls={"en": f"https://{KEY}/{poison.one()}"})
        change("facts", facts={"storage_region": poison.one()})
        change("layout", layout={"position": poison.one()})
        change("layout", layout={"theme": {"light": {"accent": poison.one()}}})
        change("integrations", integrations={poison.one(): {poison.one(): poison.one()}})
        change("integrations", integrations={"gtm": {"layer": poison.one()}})


def worded(poison: Poison, site: Site, at: datetime) -> None:
    """The banner's own words, and the policies."""
    # A word of the banner holds no markup; what is code without any comes through, where it does
    # not look like a discount or like one button that outweighs another.
    bare = itertools.cycle(
        [one for one in poison.texts if one.isprintable() and len(one) < 20 and not MARKS & {*one}]
    )
    kept: dict[str, Any] = {}
    for key, ours in texts.words("en").items():
        for text in (poison.one(120), next(bare), next(bare)):
            said = kept | {key: f"{text} {ours if isinstance(ours, str) else ''}".strip()}
            before = poison.took["notice text"]
            poison.give("notice text", lambda s=said: sites.change(site, BY, at, texts={"en": s}))
            if poison.took["notice text"] > before:
                kept = said
    for number in range(3):
        paper = poison.many(400, 400 * 250).encode()
        media = ("text/plain", "text/html", poison.one(100))[number]
        poison.give(
            "policy text",
            lambda p=paper, m=media: notices.add_policy(site, "en", p, BY, at, media=m),
        )


def decided(poison: Poison, site: Site, at: datetime) -> None:
    """What the second person says, and what is published after all."""
    notices.set_two_people(site, True, BY, at)
    for _ in range(10):
        made = notices.propose(site, poison.one(), at)
        word = poison.one()
        poison.give("word", lambda n=made.id, w=word: notices.decline(site, n, BY, at, w))
    notices.set_two_people(site, False, BY, at)
    poison.give("publish", lambda: notices.publish(site, poison.one(), at))
    poison.give("trial", lambda: sites.change(site, BY, at, name=poison.one()))
    poison.give("trial", lambda: notices.publish(site, poison.one(), at, share=50))


def people(poison: Poison, of: int, at: datetime) -> list[str]:
    """Organisations, invitations, people and keys; the addresses of the people made."""
    made = []
    for number in range(20):
        name = poison.one(120)
        poison.give("organisation", lambda k=f"o-{number}", n=name: organisations.add(k, n, BY, at))
    for number in range(30):
        # An e-mail has no blank: what is left of the text without them is one.
        email = _line(poison.one(60)).replace(" ", "/").replace("@", "") + f"@h{number}.example"
        poison.give("invitation", lambda e=email: users.invite(of, e, Role.VIEWER, BY, at))
        raw = poison.one(60)
        poison.give("invitation", lambda e=raw: users.invite(of, e, Role.VIEWER, BY, at))
    for number in range(4):
        email = f"<img/src=x/onerror=pwned({number})>{number}@h.example"
        poison.give("person", lambda e=email: users.add_user(e, WORDS, BY, at, Role.VIEWER, of))
        made.append(email)
    end = at + timedelta(days=9)
    for _ in range(30):
        label = poison.one(200)
        poison.give("key", lambda t=label: users.create_key(t, [KEY], end, BY, at))
        other = poison.one()
        poison.give("key", lambda t=other: users.create_key(t, [t], end, BY, at))
        poison.give("key", lambda t=other: users.create_key("x", [KEY], end, BY, at, scopes=[t]))
    return made


WORDS = "river lamp stone 42"


def own(poison: Poison, person: str, at: datetime) -> None:
    """What a person has: tokens, and the browsers of their sessions."""
    user = users.known(person)
    [seat] = users.seats(user)
    end = at + timedelta(days=9)
    for _ in range(20):
        label = poison.one(200)
        poison.give(
            "token", lambda t=label: tokens.create_token(user, seat, "viewer", t, end, person, at)
        )
    for _ in range(3):
        users.open_session(user, "password", at, poison.one(120))
        poison.took["session"] += 1


def outside(poison: Poison, site: Site, at: datetime) -> None:
    """Webhooks, templates, acts over many sites, a site's file."""
    for _ in range(15):
        wild = poison.one()
        poison.give("webhook", lambda u=wild: webhooks.add(site, u, webhooks.EVENTS, BY, at))
        tame = "https://h.example/" + _line(poison.one()).replace(" ", "/")
        poison.give("webhook", lambda u=tame: webhooks.add(site, u, webhooks.EVENTS, BY, at))
    for hook in webhooks.of_site(site)[:3]:
        webhooks.test(hook, site, BY, at)
    for _ in range(20):
        name = poison.one(120)
        poison.give("template", lambda n=name: sitefile.save_template(site, n, BY, at))
        act = poison.one()
        poison.give("act", lambda a=act: bulk.start(a, [site], {}, BY, at))
        said = {"name": act, "controller": {**CONTROLLER, "legal_name": poison.one()}}
        poison.give("act", lambda s=said: bulk.start("apply", [site], s, BY, at))
        file = {"key": KEY, "name": poison.one(), "inventory": {"trackers": [{"name": poison.one(),
                "category": "marketing", "purpose": {"en": poison.one()}}]}}  # fmt: skip
        poison.give("site file", lambda f=file: sitefile.apply(yaml.safe_dump(f), BY, at))
        wrong = {"key": KEY, poison.one(): poison.one(), "layout": poison.one()}
        poison.give("site file", lambda f=wrong: sitefile.apply(yaml.safe_dump(f), BY, at))
        text = poison.one()
        poison.give("site file", lambda t=text: sitefile.apply(t, BY, at))


def asked(poison: Poison, site: Site, at: datetime) -> None:
    """Visitors' requests, and what the owner notes, says and answers."""
    for number in range(30):
        text = poison.many(15, 4000)
        wish = requests.Wish(
            "access", f"<img/src=x/onerror=pwned({number})>@h.example", text, None, "en"
        )
        poison.give("request", lambda w=wish, n=f"n-{number}": requests.add(site, n, w, "PL", at))
        wild = requests.Wish(poison.one(), poison.one(), text, None, poison.one(60))
        poison.give("request", lambda w=wild, n=f"w-{number}": requests.add(site, n, w, "PL", at))
    [first, second, third, *_] = requests.queue(site)
    for _ in range(20):
        note = poison.one()
        poison.give("note", lambda t=note: requests.annotate(first, site, t, BY, at))
    poison.give("extended", lambda: requests.extend(second, site, poison.one(), BY, at))
    poison.give(
        "closed", lambda: requests.close(third, site, "done", poison.one(), poison.one(), at)
    )


def neighbours(poison: Poison, at: datetime) -> None:
    """Other sites of the organisation, with poison in what is listed of them."""
    for number in range(25):
        controller = {name: poison.one() for name in CONTROLLER}
        poison.give(
            "sites",
            lambda n=number, c=controller: sites.add(
                f"s{n}.example", poison.one(120), c, [f"s{n}.example"], ["en"], BY, at,
                retention=KEPT,
            ),
        )  # fmt: skip
        poison.give(
            "sites",
            lambda: sites.add(
                poison.one(), poison.one(), CONTROLLER, [poison.one()], [poison.one()], BY, at
            ),
        )
