"""The way out: how a browser opens strangers' pages without reaching anything of ours.

    with egress.opened(policy, chromium) as room:      # the guard, and a cell around the browser
        browser = playwright.chromium.launch(**room.options())
        context = browser.new_context(accept_downloads=False)
        egress.fence(context, room.noted)              # what no proxy sees: file:, chrome:, data: …

`addresses` are the rules, `guard` the proxy that keeps them, `cell` the program that starts the
browser in a network without interfaces, `room` puts them together and says what this machine
cannot do, `fetch` asks for one document through the guard.
"""

from .addresses import SENTENCES, Misspelt, read_host, why_not
from .fence import fence, why_not_open
from .fetch import Fetched, Unreachable, fetch
from .guard import NOBODY, Guard, Policy, Refused
from .names import txt
from .room import Means, Room, Unsafe, able, opened

__all__ = [
    "NOBODY",
    "SENTENCES",
    "Fetched",
    "Guard",
    "Means",
    "Misspelt",
    "Policy",
    "Refused",
    "Room",
    "Unreachable",
    "Unsafe",
    "able",
    "fence",
    "fetch",
    "opened",
    "read_host",
    "txt",
    "why_not",
    "why_not_open",
]
