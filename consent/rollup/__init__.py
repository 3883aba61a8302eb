"""Rollup: small counts from which every statistic is read; no page of the admin counts records.

`cells` says what one record counts as, `counting` counts in the writer's transaction, `rebuilding`
counts again from the records, `reading` answers for a period, `comparing` sets
two versions side by side.
"""

from .chances import differ, quantile, wilson
from .comparing import beside, daily
from .counting import add, gone, pour
from .falling import BEFORE, Day, verdict
from .period import Period
from .reading import OTHER, SMALL, read, read_all
from .rebuilding import Rebuilt, fill, rebuild
from .table import Cell, Due, Kind

__all__ = [
    "BEFORE",
    "OTHER",
    "SMALL",
    "Cell",
    "Day",
    "Due",
    "Kind",
    "Period",
    "Rebuilt",
    "add",
    "beside",
    "daily",
    "differ",
    "fill",
    "gone",
    "pour",
    "quantile",
    "read",
    "read_all",
    "rebuild",
    "verdict",
    "wilson",
]
