"""The optional buffer between a choice and the database (INGEST): a JetStream stream that is synced
by a majority of its servers before a choice is answered, and that a keeper empties into the
database. `message` is what lies in it, `stream` speaks to it, `buffer` answers visitors from it,
`keeper` stores, `sorter` tells the keepers of several databases which is whose.
"""

from .buffer import Buffer, settled
from .keeper import Keeper
from .message import Taken, decode
from .sorter import Inbox, Sorter
from .stream import Away, State, Stream

__all__ = [
    "Away",
    "Buffer",
    "Inbox",
    "Keeper",
    "Sorter",
    "State",
    "Stream",
    "Taken",
    "decode",
    "settled",
]
