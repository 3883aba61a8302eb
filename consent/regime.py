"""What the law at a place asks of a notice.

Pure: a place, a signal and a day go in, a regime comes out. Whoever cannot be placed gets the
strictest rules, and a row whose law is not yet in force binds nobody.
"""

import functools
import hashlib
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import yaml

FALLBACK = "FALLBACK"

Model = Literal["opt-in", "opt-out", "notice-only"]
Show = Literal["dialog", "bar", "link"]
Rule = Literal["opt-in", "opt-out", "notice"]

_SHOWS: dict[str, Show] = {
    "required": "dialog",
    "recommended": "dialog",
    "notice": "bar",
    "link_or_banner": "bar",
    "link": "link",
}
_RULES: dict[str, Rule] = {
    "opt-in": "opt-in",
    "opt-out": "opt-out",
    "notice": "notice",
    # The exemption is granted tracker by tracker, so a whole category cannot rest on it.
    "opt-out-if-exempt-else-opt-in": "opt-in",
}
_MODELS: dict[str, Model] = {m: m for m in ("opt-in", "opt-out", "notice-only")}
_STRICTNESS = ("notice", "notice-only", "opt-out", "opt-in")
_PROMINENCE = ("link", "bar", "dialog")

_ROW_ID = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}\Z")

# Time zones of browsers at the places whose rules allow something before a choice.
_ZONES: dict[str, tuple[str, ...]] = {
    "AS": ("Pacific/Pago_Pago", "Pacific/Samoa", "US/Samoa"),
    "AU": ("Australia/", "Antarctica/Macquarie"),
    "CA": ("America/", "Canada/"),
    "GU": ("Pacific/Guam",),
    "HK": ("Asia/Hong_Kong", "Hongkong"),
    "IL": ("Asia/Jerusalem", "Asia/Tel_Aviv", "Israel"),
    "JP": ("Asia/Tokyo", "Japan"),
    "KR": ("Asia/Seoul", "ROK"),
    "MP": ("Pacific/Saipan", "Pacific/Guam"),
    "MX": ("America/", "Mexico/"),
    "MY": ("Asia/Kuala_Lumpur", "Asia/Kuching"),
    "NZ": ("Pacific/Auckland", "Pacific/Chatham", "NZ"),
    "PR": ("America/Puerto_Rico",),
    "SG": ("Asia/Singapore", "Singapore"),
    "TW": ("Asia/Taipei", "ROC"),
    "US": ("America/", "Pacific/Honolulu", "US/"),
    "VI": ("America/St_Thomas", "America/Puerto_Rico", "America/Virgin"),
}


@dataclass(frozen=True)
class Place:
    """Where a visitor is, as far as anybody knows, and who says so.

    ``subdivision`` is the second part of an ISO 3166-2 code. Whatever is not shaped like a code
    becomes None, which is the strict side.
    """

    country: str | None
    subdivision: str | None
    source: str
    database: str | None

    def __post_init__(self) -> None:
        country = (self.country or "").strip().upper()
        subdivision = (self.subdivision or "").strip().upper().removeprefix(f"{country}-")
        known = _COUNTRY.match(country)
        named = known and _SUBDIVISION.match(subdivision)
        object.__setattr__(self, "country", country if known else None)
        object.__setattr__(self, "subdivision", subdivision if named else None)

    @classmethod
    def parse(cls, code: str, source: str) -> "Place":
        """The place of ``PL`` or ``CA-QC``."""
        country, _, subdivision = code.partition("-")
        return cls(country, subdivision, source, None)


@dataclass(frozen=True)
class Signals:
    """What a browser says on its own."""

    gpc: bool


@dataclass(frozen=True)
class Regime:
    """The rules that bind for one visitor today."""

    id: str
    name: str
    model: Model
    show: Show
    categories: Mapping[str, Rule]
    honour_gpc: bool
    gpc_confirmation: bool
    opt_out_link: str | None
    renewal_months: int | None
    reprompt_months: int | None
    tracker_max_lifetime_months: int | None
    required_ui_languages: tuple[str, ...]
    citations: tuple[str, ...]
    confidence: str
    google_default: Literal["denied", "granted"]
    retention_months: int
    gpc_required: bool
    close_button: bool
    tz: tuple[str, ...] | None
    gpc_effect: Literal["choice", "preset"] | None = None

    @property
    def strictness(self) -> tuple[int, ...]:
        """Sorts regimes from lax to strict."""
        return (
            _STRICTNESS.index(self.model),
            _STRICTNESS.index(self.categories["marketing"]),
            _STRICTNESS.index(self.categories["statistics"]),
            _STRICTNESS.index(self.categories["preferences"]),
            _PROMINENCE.index(self.show),
            int(self.gpc_required),
            int(self.gpc_confirmation),
            int(self.opt_out_link is not None),
            int(self.google_default == "denied"),
        )

    def params(self) -> dict[str, object]:
        """What the visitor's script is told, ready for JSON.

        ``tz`` lists the prefixes of the time zones that fit the place; None asks for no check.
        ``close`` is there only where it is true, for the sake of everybody else's bytes.
        """
        said: dict[str, object] = {"close": True} if self.close_button else {}
        return said | {
            "id": self.id,
            "model": self.model,
            "show": self.show,
            "categories": dict(self.categories),
            "gpc": self.honour_gpc,
            "gpc_confirm": self.gpc_confirmation,
            "link": self.opt_out_link,
            "months": self.renewal_months,
            "reprompt_months": self.reprompt_months,
            "google": self.google_default,
            "tz": None if self.tz is None else list(self.tz),
        }


@dataclass(frozen=True)
class _Row:
    """A regime as the table has it, with the days from which it and its signal duty bind."""

    regime: Regime
    effective_from: date
    gpc_required_from: date | None


class Table:
    """All regimes of one file, and the digest of that file."""

    def __init__(
        self, rows: dict[str, _Row], fallback: Regime, aliases: dict[str, str], digest: str
    ) -> None:
        self.digest = digest
        self._rows = rows
        self._fallback = fallback
        self._aliases = aliases
        self._cached = functools.lru_cache(maxsize=4096)(self._decide)

    @classmethod
    def load(cls, text: str | bytes) -> "Table":
        """Read the table; raises ValueError where it cannot be trusted."""
        raw = text.encode() if isinstance(text, str) else text
        try:
            content = yaml.load(raw, Loader=yaml.CSafeLoader)
            rows = {_row_id(key): _row(key, row) for key, row in content["regimes"].items()}
            aliases = {str(alias): str(country) for alias, country in content["aliases"].items()}
            fallback = _fallback(content["fallback"], rows)
        except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise ValueError(f"the table of regimes cannot be read: {error!r}") from error
        if "NO" not in rows:
            raise ValueError("Norway is missing: its key must be quoted")
        return cls(rows, fallback, aliases, hashlib.sha256(raw).hexdigest())

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all rows, whether they bind today or not."""
        return tuple(self._rows)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Territories, each with the country whose rules it follows."""
        return dict(self._aliases)

    def decide(self, place: Place, signals: Signals, today: date) -> Regime:
        """The regime at a place: subdivision, country, alias, then the strictest there is."""
        return self._cached(place.country, place.subdivision, signals.gpc, today)

    def name(self, id_: str) -> str:
        """What a regime is called; its id where the table does not have it any more."""
        if id_ == FALLBACK:
            return self._fallback.name
        return self._rows[id_].regime.name if id_ in self._rows else id_

    def recalled(self, told: Mapping[str, Any]) -> Regime:
        """What a visitor was told of a regime (`Regime.params`), as a regime again. What is not
        told, like the citations, is that of the strictest there is."""
        return replace(
            self._fallback,
            id=told["id"],
            name=self.name(told["id"]),
            model=told["model"],
            show=told["show"],
            categories=told["categories"],
            honour_gpc=told["gpc"],
            gpc_confirmation=told["gpc_confirm"],
            opt_out_link=told["link"],
            renewal_months=told["months"],
            reprompt_months=told["reprompt_months"],
            google_default=told["google"],
            close_button=told.get("close", False),
        )

    def faces(self, today: date) -> dict[str, str]:
        """For each way to ask that some place has today, an example: {"dialog": "", "bar": id}; ""
        is the place that nobody knows."""
        found: dict[str, str] = {self._fallback.show: ""}
        for id_ in self._rows:
            regime = self.decide(Place.parse(id_, "example"), Signals(False), today)
            if regime.show != "link":
                found.setdefault(regime.show, id_)
        return found

    def _decide(
        self, country: str | None, subdivision: str | None, gpc: bool, today: date
    ) -> Regime:
        regime = self._resolve(country, subdivision, today)
        if country and regime.model != "opt-in":
            regime = replace(regime, tz=_ZONES.get(country, ()))
        if gpc and regime.honour_gpc:
            regime = replace(regime, gpc_effect="preset" if regime.model == "opt-in" else "choice")
        return regime

    def _resolve(self, country: str | None, subdivision: str | None, today: date) -> Regime:
        if country is None:
            return self._fallback
        if subdivision is None:
            found = self._strictest(country, today)
        else:
            found = self._at(f"{country}-{subdivision}", today) or self._at(country, today)
        if found is None and country in self._aliases:
            found = self._at(self._aliases[country], today)
        return found or self._fallback

    def _at(self, row_id: str, today: date) -> Regime | None:
        """The row, if there is one and its law is in force."""
        row = self._rows.get(row_id)
        if row is None or row.effective_from > today:
            return None
        required = row.gpc_required_from is not None and row.gpc_required_from <= today
        return replace(
            row.regime,
            honour_gpc=row.regime.honour_gpc or required,
            gpc_confirmation=row.regime.gpc_confirmation and required,
            gpc_required=required,
        )

    def _strictest(self, country: str, today: date) -> Regime | None:
        """The strictest row of a country, because nobody knows which part of it."""
        ids = [key for key in self._rows if key == country or key.startswith(f"{country}-")]
        found = [regime for key in ids if (regime := self._at(key, today))]
        return max(found, key=lambda regime: (regime.strictness, regime.id), default=None)


@functools.cache
def default_table() -> Table:
    """The table that ships with the product."""
    data = importlib.resources.files("consent") / "data" / "regimes.yaml"
    return Table.load(data.read_bytes())


def gpc_header(value: str | None) -> bool:
    """Whether a ``Sec-GPC`` header asks: exactly ``1``, or one of several values that is."""
    return value is not None and any(part.strip(" \t") == "1" for part in value.split(","))


def _row_id(key: object) -> str:
    if not isinstance(key, str) or not _ROW_ID.match(key):
        raise ValueError(f"{key!r} is no ISO 3166 code; quote it")
    return key


def _row(key: str, row: dict[str, Any]) -> _Row:
    rules = {name: _RULES[rule] for name, rule in row["categories"].items() if name != "necessary"}
    statistics = rules["statistics"]
    follows: Rule = "opt-out" if statistics == "notice" else statistics
    preferences = rules.get("preferences", follows)
    regime = Regime(
        id=key,
        name=str(row["name"]),
        model=_MODELS[row["model"]],
        show=_SHOWS[row["banner"]],
        categories={
            "preferences": "opt-out" if preferences == "notice" else preferences,
            "statistics": statistics,
            "marketing": rules["marketing"],
        },
        honour_gpc=bool(row["honour_gpc"]),
        gpc_confirmation=bool(row.get("gpc_confirmation_required")),
        opt_out_link=_link(row.get("opt_out_link")),
        renewal_months=row["renewal_months"],
        reprompt_months=row["reprompt_after_refusal_months"],
        tracker_max_lifetime_months=row.get("tracker_max_lifetime_months"),
        required_ui_languages=tuple(row.get("required_ui_languages") or ()),
        citations=tuple(str(citation) for citation in row["legal_citation"]),
        confidence=row["confidence"],
        google_default=row["google_consent_default"],
        retention_months=row["retention"]["proof_months_after_end"],
        gpc_required=False,
        close_button=_wants_close_button(row),
        tz=None if row["model"] == "opt-in" else (),
    )
    mandatory = row["gpc_status"] == "mandatory"
    since = _day(row.get("gpc_required_from")) or (date.min if mandatory else None)
    return _Row(regime, _day(row.get("effective_from")) or date.min, since)


def _fallback(spec: dict[str, Any], rows: dict[str, _Row]) -> Regime:
    """The rules for whoever cannot be placed; no country's language is imposed on them."""
    return replace(
        rows[spec["copy_of"]].regime,
        id=FALLBACK,
        name="Unknown place",
        model="opt-in",
        show="dialog",
        categories={"preferences": "opt-in", "statistics": "opt-in", "marketing": "opt-in"},
        required_ui_languages=(),
        close_button=False,
        citations=(str(spec["reason"]),),
        google_default="denied",
        tz=None,
    )


def _wants_close_button(row: dict[str, Any]) -> bool:
    """Whether the first layer must have an X.

    The table says it inside a sentence about closing, so this is the one place that reads it.
    """
    said = str(row["close_or_ignore_means"])
    return '"X"' in said and "REQUIRED" in said


def _link(text: str | None) -> str | None:
    # The table lists the wordings a law allows; the first one needs no icon beside it.
    return None if text is None else re.split(r" [|/] ", text)[0]


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
