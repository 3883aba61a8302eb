"""Where a demo visit pretends to come from, as written after the `@` of its address."""

from dataclasses import dataclass

from ..regime import Place

HERE = "here"
SOURCE = "demo"
# It stands in addresses and in the path of a cookie, so it holds nothing that could end either.
WRITTEN = r"[A-Za-z0-9+-]{1,20}"

# What the selector offers: how it is written in an address, and what people call it.
OFFERED = {
    "PL": "Poland",
    "FR": "France",
    "DE": "Germany",
    "CA-QC": "Quebec",
    "CA": "Canada",
    "US-CA": "California",
    "US-CA+gpc": "California with GPC",
    "nowhere": "Nowhere we know",
    HERE: "Where I really am",
}


@dataclass(frozen=True)
class Visit:
    """A pretended visit. `place` is None where the visitor's real place is to be used."""

    place: Place | None
    gpc: bool


def read(written: str) -> Visit:
    """The visit an address asks for; whatever cannot be read is an unknown place."""
    where, plus, signal = written.partition("+")
    gpc = bool(plus) and signal.lower() == "gpc"
    return Visit(None if where == HERE else Place.parse(where, SOURCE), gpc)
