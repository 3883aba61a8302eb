"""Whether consent fell on a day, soberly: no alarm for a small site, a weekend or chance. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .chances import wilson

BEFORE = 14  # days that a day is held against
Z = 3.290526731491926  # of 99.9 %: about one false alarm in three years, were days alike
LEAST = 50  # answers of the day; fewer say nothing
DROP = 0.05  # of the share; less is not worth a letter
STEADY = 10  # answers that each day before had, for none at all to be odd: chance gives e^-10


class Day(NamedTuple):
    """How many answers granted all or some, of how many."""

    granted: int
    answers: int

    @property
    def share(self) -> float:
        return self.granted / self.answers if self.answers else 0.0


def verdict(before: Sequence[Day], day: Day) -> str | None:
    """`silent` for no answer at all where each of the days before had STEADY or more; `fell` where
    all of these hold, None otherwise:

    - the day has LEAST answers, and the days before as many each on half of them;
    - its share is lower than theirs by DROP or more;
    - the upper end of its interval (Wilson, 99.9 %) is below the lower end of theirs;
    - it is lower than that of each single day of them that has LEAST answers, so that what a week
      brings by itself raises no alarm.
    """
    if len(before) < BEFORE:
        return None
    if day.answers == 0:
        return "silent" if all(one.answers >= STEADY for one in before) else None
    known = [one for one in before if one.answers >= LEAST]
    if day.answers < LEAST or len(known) * 2 < len(before):
        return None
    whole = Day(sum(one.granted for one in before), sum(one.answers for one in before))
    ours, theirs = wilson(*day, z=Z), wilson(*whole, z=Z)
    apart = ours is not None and theirs is not None and ours[1] < theirs[0]
    lowest = min(one.share for one in known)
    fell = apart and whole.share - day.share >= DROP and day.share < lowest
    return "fell" if fell else None
