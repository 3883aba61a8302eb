"""The inventory: the services a site uses and the trackers they set.

A tracker without a category, or of a service without one, is unclassified: it is listed and held.
Calling a tracker necessary asks for a reason, which the notice's readers can check (ePrivacy
Directive art. 5(3): exempt is only what the visitor asked for or what carries the message).
"""

from .book import (
    OWN,
    add_tracker,
    declare_framework,
    edit_tracker,
    keep,
    put_service,
    remove_service,
    remove_tracker,
    service_of,
    services,
    snapshot,
    starter,
    state,
    tracker,
    trackers,
)
from .importing import COLUMNS, Imported, bring, duration, import_csv
from .rows import ALIASES, CATEGORIES, KINDS, STORED, Service, Tracker, Version
from .settling import identity, settle
from .taking import Wanted, restore, stage, undo
from .versions import differences, lock, versions

__all__ = [
    "ALIASES",
    "CATEGORIES",
    "COLUMNS",
    "KINDS",
    "OWN",
    "STORED",
    "Imported",
    "Service",
    "Tracker",
    "Version",
    "Wanted",
    "add_tracker",
    "bring",
    "declare_framework",
    "differences",
    "duration",
    "edit_tracker",
    "identity",
    "import_csv",
    "keep",
    "lock",
    "put_service",
    "remove_service",
    "remove_tracker",
    "restore",
    "service_of",
    "services",
    "settle",
    "snapshot",
    "stage",
    "starter",
    "state",
    "tracker",
    "trackers",
    "undo",
    "versions",
]
