"""A witness: a small server of its own that remembers how far other people's logs have come.

It cosigns a checkpoint only if it continues the last one it cosigned for that log, so whoever holds
the key of a log cannot show one past to some and another to others (c2sp.org/tlog-witness). It has
a folder with a key and a small memory, and needs nothing else of Crumbtrail.

memory      what it knows and has cosigned, and the one verb: add
server      the same over HTTP
commands    flask witness …
"""

from .commands import group
from .memory import Refused, Witness
from .server import create

__all__ = ["Refused", "Witness", "create", "group"]
