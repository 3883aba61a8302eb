"""A site's configuration as a file: to keep beside the website's code, to compare and to apply.

`shape` says what a file may hold, `reading` takes YAML apart, `differing` says in sentences what is
not as the file says, `applying` makes it so. Notices, records, keys and secrets are in no file.
"""

from .applying import Applied, apply, dumped, written
from .copying import (
    Template,
    begin,
    bring_back_template,
    copied,
    remove_template,
    save_template,
    template,
    templates,
)
from .differing import differences
from .reading import piece, read
from .shape import (
    LifetimeRow,
    RetentionRow,
    ServiceRow,
    SiteFile,
    SiteSettings,
    TrackerRow,
    WatchRow,
    json_schema,
)

__all__ = [
    "Applied",
    "LifetimeRow",
    "RetentionRow",
    "ServiceRow",
    "SiteFile",
    "SiteSettings",
    "Template",
    "TrackerRow",
    "WatchRow",
    "apply",
    "begin",
    "bring_back_template",
    "copied",
    "differences",
    "dumped",
    "json_schema",
    "piece",
    "read",
    "remove_template",
    "save_template",
    "template",
    "templates",
    "written",
]
