"""What a cookie or storage key is for, as a proposal: a category, how sure we are, and why.

Pure. Evidence counts in this order: the owner's decision, our own list, who set it, the imported
list (name and domain, name, prefix), the cookie's domain, the words in its name. Where nothing
speaks, the answer is `unknown`, which means held until a person looks. Only our own list, or a name
whose words say so and where nothing points at a tracker, is ever proposed as necessary: exempt from
consent is only what the visitor asked for (ePrivacy Directive art. 5(3)).
"""

from .catalogue import Catalogue, builtin
from .facts import CATEGORIES, UNKNOWN, Decision, Entry, Imported, Proposal, Seen, ServiceFact
from .foreign import Database, read_database
from .proposing import propose, service_of
from .reading import Unreadable
from .scoring import Score, score
from .sheet import Sheet

__all__ = [
    "CATEGORIES",
    "UNKNOWN",
    "Catalogue",
    "Database",
    "Decision",
    "Entry",
    "Imported",
    "Proposal",
    "Score",
    "Seen",
    "ServiceFact",
    "Sheet",
    "Unreadable",
    "builtin",
    "propose",
    "read_database",
    "score",
    "service_of",
]
