"""Sites: a website, its controller, the origins it may speak from, and what it promises.

`table` stores, `rules` judge values, `verbs` change, `hosts` says who speaks for a site, `snippet`
is what an owner pastes.
"""

from .facts import IP_MODES, ip_mode, region_problem
from .hosts import bare, covers, origin_kind, same_site
from .rules import retention_problem, rights_contact, seconds
from .snippet import WHOLE, snippet, stub, stub_hash, stub_hashes
from .table import (
    ACTIONS,
    ANCHORS,
    CHANGEABLE,
    LANGUAGES,
    LEAST_S,
    LOOPBACK,
    PURPOSES,
    RIGHTS,
    UNITS,
    Site,
)
from .verbs import add, all_sites, change, change_back, get, organisation_of, tag_seen, unknown

__all__ = [
    "ACTIONS",
    "ANCHORS",
    "CHANGEABLE",
    "IP_MODES",
    "LANGUAGES",
    "LEAST_S",
    "LOOPBACK",
    "PURPOSES",
    "RIGHTS",
    "UNITS",
    "WHOLE",
    "Site",
    "add",
    "all_sites",
    "bare",
    "change",
    "change_back",
    "covers",
    "get",
    "ip_mode",
    "organisation_of",
    "origin_kind",
    "region_problem",
    "retention_problem",
    "rights_contact",
    "same_site",
    "seconds",
    "snippet",
    "stub",
    "stub_hash",
    "stub_hashes",
    "tag_seen",
    "unknown",
]
