"""Where a request comes from. The address stops here: only the place goes on, and what the notice
of the site says is kept.

`asked` is the request; the hot road has one that Flask knows nothing of.
"""

from __future__ import annotations

from ipaddress import ip_network

from flask import Request, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from .. import records, sealing
from ..geo import Address, client, parse_address, untrusted_forwarding
from ..limits import client_key
from ..parts import parts
from ..regime import Place, Signals, gpc_header
from ..saying import Said, say
from ..sites import IP_MODES
from .once import once

FORWARDED = "HTTP_X_FORWARDED_FOR"
SIGNALS = {gpc: Signals(gpc) for gpc in (False, True)}
FORWARDING = say(
    "A proxy on a private network forwards visitors, but is not trusted: every visitor looks the"
    " same. Set TRUSTED_PROXIES=%(peer)s."
)


def place(asked: Request = request) -> Place:
    """By the demo's pretence, by a trusted proxy's country header, else by the address."""
    return once(asked, "crumbtrail.place", lambda: _place(asked))


def _place(asked: Request) -> Place:
    known = parts()
    header = known.config.cdn_country_header
    if header and _peer_trusted(asked):
        if code := asked.headers.get(header, ""):
            return Place.parse(code, "cdn")
    return known.geo.locate(_address(asked))


def signals(asked: Request = request) -> Signals:
    return SIGNALS[gpc_header(asked.environ.get("HTTP_SEC_GPC"))]


def tongues() -> list[str]:
    """The languages that the browser asks for, as `wishes`."""
    return wishes(request.headers.get("Accept-Language", ""))


def wishes(header: str) -> list[str]:
    """The languages an Accept-Language asks for, the dearest first, without those it refuses."""
    asked: LanguageAccept = parse_accept_header(header, LanguageAccept)
    return [tag for tag, quality in asked if quality > 0]


def limit_key(asked: Request = request) -> str | None:
    """What the visitor's rate is counted under; None behind a proxy that hides them all."""
    return once(asked, "crumbtrail.client", lambda: _limit_key(asked))


def _limit_key(asked: Request) -> str | None:
    known = parts()
    peer, forwarded = asked.remote_addr, asked.environ.get(FORWARDED)
    if untrusted_forwarding(peer, forwarded, known.config.trusted_proxies):
        known.warnings["forwarding"] = Said(FORWARDING, {"peer": peer})
        return None
    return client_key(_address(asked))


def network(asked: Request = request) -> str | None:
    """The network of the address, for a trial's draw: an IPv4 /24 or an IPv6 /48; kept nowhere."""
    address = _address(asked)
    if address is None:
        return None
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def kept(mode: str, site: str, asked: Request = request) -> str | None:
    """What is kept of the address in that mode (sites.IP_MODES); nothing where it is a proxy's."""
    address = _address(asked)
    if address is None or mode == IP_MODES[0] or limit_key(asked) is None:
        return None
    return records.reduced(mode, site, address, sealing.keyring())


def browser(asked: Request = request) -> str:
    """The family of the browser, and nothing else of its name."""
    agent = asked.environ.get("HTTP_USER_AGENT", "")
    for mark, family in (
        ("SamsungBrowser/", "Samsung Internet"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ):
        if mark in agent:
            return family
    return "other"


def _address(asked: Request) -> Address | None:
    return once(asked, "crumbtrail.address", lambda: _client(asked))


def _client(asked: Request) -> Address | None:
    forwarded = asked.environ.get(FORWARDED)
    return client(asked.remote_addr, forwarded, parts().config.trusted_proxies)


def _peer_trusted(asked: Request) -> bool:
    peer = parse_address(asked.remote_addr)
    return peer is not None and any(peer in n for n in parts().config.trusted_proxies)
