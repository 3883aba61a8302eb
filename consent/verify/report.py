"""The verdict: what was checked, what that proves, what it does not prove, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

NAMED = 100  # faults told one by one; the others are counted
LONGEST = 600  # characters of a sentence

OK, WRONG, UNCHECKED = 0, 1, 2  # exit codes


class Unreadable(Exception):
    """What was handed in cannot be checked at all; the message says why."""


@dataclass
class Report:
    """`title` and `facts` say what was looked at; the lists are sentences."""

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    more: int = 0

    def wrong(self, sentence: str) -> None:
        if len(self.faults) < NAMED:
            self.faults.append(sentence)
        else:
            self.more += 1

    @property
    def code(self) -> int:
        return WRONG if self.faults else OK

    def text(self) -> str:
        """The verdict as it is printed. Where something is wrong, nothing is said to be proven.

        Names from the evidence stand in it, so nothing may break a line or steer a terminal.
        """
        lines = [_plain(self.title)]
        lines += [f"  {name:<12}{_plain(value)}" for name, value in self.facts]
        proven = [] if self.faults else self.proven
        for heading, sentences in (
            ("CHECKED", self.checked),
            ("PROVEN", proven),
            ("NOT PROVEN", self.unproven),
            ("TO KNOW", self.notes),
            ("WRONG", self.faults),
        ):
            if sentences:
                lines += ["", heading, *(f"  - {_plain(one)}" for one in sentences)]
        if self.more:
            lines.append(f"  - and {self.more} more of this kind.")
        return "\n".join([*lines, "", self._last()])

    def _last(self) -> str:
        count = len(self.faults) + self.more
        if not count:
            return "RESULT: nothing was found wrong."
        things = "1 thing is" if count == 1 else f"{count} things are"
        return f"RESULT: {things} WRONG. What this is said to show is not shown by it."


def _plain(text: str) -> str:
    whole = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} …"
