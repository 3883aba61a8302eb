"""CMP_CONFIG: what the built script is told. docs/api.md has its shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import languages, notices, theme, vendors
from ..parts import parts
from ..regime import Place, Regime, Signals
from ..sites import Site
from . import built, cookies, shelf

# What the first layer says only where things run until refused, or where the signal is a choice.
LAX_TEXTS = frozenset("bar opt_out ok gpc_done gpc_why gpc_conflict".split())


@dataclass(frozen=True)
class View:
    """Who is shown what, in which language, under which rules. `cookie` is {domain, path, http}:
    where the choice cookie lives, and the address under which this server could set it."""

    of: Site
    shown: shelf.Shown
    language: str
    regime: Regime
    place: Place
    signals: Signals
    cookie: dict[str, str | None]

    @property
    def asked(self) -> list[str]:
        """The categories that are asked for."""
        return [c["id"] for c in self.shown.content["categories"] if c["id"] != "necessary"]

    @property
    def lax(self) -> bool:
        return is_lax(self.regime, self.asked)


def is_lax(regime: Regime, asked: list[str]) -> bool:
    """Whether anything that is asked for may run before it is answered."""
    return any(regime.categories[category] != "opt-in" for category in asked)


def config_of(view: View, answer: str | None) -> dict[str, Any]:
    """`answer` is the digest under which this variant is kept; None where it is not."""
    content = view.shown.content
    return {
        "v": 1,
        "site": view.of.key,
        "build": built.build(view.lax),
        "day": parts().clock().date().isoformat(),
        "notice": view.shown.digest,
        "version": view.shown.version,
        "asks": view.shown.asks,
        "answer": answer,
        "lang": view.language,
        "languages": content["languages"],
        **_rules(view),
        "categories": view.asked,
        **_inventory(content),
        **_words(view),
        **_lazy(view.of),
        **_look(content),
    }


def text_of(content: dict[str, Any], language: str, later: bool) -> dict[str, Any]:
    """The words of the first layer, or those that only the settings need (`more_…`)."""
    words = content["texts"][language]
    return {name: text for name, text in words.items() if name.startswith("more_") == later}


def parts_of(of: Site) -> dict[str, dict[str, Any]]:
    """The parts of the script that the site has switched on and this server has, with their
    options; the TCF needs its vendor list."""
    without = set() if vendors.there(parts().config.instance_path / "gvl") else {"tcf"}
    return {n: o for n, o in of.integrations.items() if built.has(n) and n not in without}


def _rules(view: View) -> dict[str, Any]:
    place = view.place
    return {
        "regime": _as_shown(view),
        "signals": {"gpc": view.signals.gpc},
        "place": {
            "country": place.country,
            "subdivision": place.subdivision,
            "source": place.source,
        },
        "life": cookies.life(view.shown.content, view.regime),
        "cookie": view.cookie,
    }


def _as_shown(view: View) -> dict[str, Any]:
    """The rules as the script gets them. Where all that is declared is necessary, nobody is asked:
    the settings stay, and what nobody declared stays held."""
    found: dict[str, Any] = {n: value for n, value in view.regime.params().items() if value}
    found |= {"categories": {c: view.regime.categories[c] for c in view.asked}}
    if notices.asks_nobody(view.shown.content):
        found["show"] = "link"
    return found


def _inventory(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "services": [
            {name: s[name] for name in ("id", "name", "category", "hosts")}
            for s in content["services"]
        ],
        "trackers": [
            [t["name"], t["match"], t["kind"], t["service"], t["category"]]
            for t in content["trackers"]
            if t["name"] and t["category"] != "necessary"
        ],
    }


def _words(view: View) -> dict[str, Any]:
    content, language = view.shown.content, view.language
    policies, texts = content["policy_urls"], text_of(content, language, later=False)
    isolated = partial(languages.isolated, tag=language)
    lax = view.lax
    return {
        "name": isolated(content["controller"].get("trading_name") or view.of.name),
        "who": isolated(_who(content["controller"], view.of.name)),
        "policy_url": policies.get(language) or policies.get(content["default_language"]),
        "partners": _partners(content),
        "texts": {name: text for name, text in texts.items() if lax or name not in LAX_TEXTS},
    }


def _lazy(of: Site) -> dict[str, Any]:
    """`parts` and `options` of the site, where there are any."""
    wanted = parts_of(of)
    options = {name: chosen for name, chosen in wanted.items() if chosen}
    names = [f"{name}.{built.digest(name)}" for name in wanted]
    return ({"parts": names} if names else {}) | ({"options": options} if options else {})


def _look(content: dict[str, Any]) -> dict[str, str]:
    """`css` of a layout that is not ours as shipped, so that the others cost nothing."""
    css = theme.sheet(content["layout"])
    return {"css": css} if css else {}


def _who(controller: dict[str, Any], name: str) -> str:
    """Who asks, as it stands within a sentence: the trading name, and the legal one beside it."""
    name, legal = controller.get("trading_name") or name, controller.get("legal_name")
    if not legal or legal == name:
        return name
    return f"{name} – {legal} –" if "(" in legal else f"{name} ({legal})"


def _partners(content: dict[str, Any]) -> int:
    """How many companies other than the controller get data once all is accepted.

    A service without a provider is the controller's own, unless one of its trackers is declared a
    third party's: then it is a company nobody has named. What is unclassified gets nothing.
    """
    own = {str(content["controller"].get(n)).casefold() for n in ("legal_name", "trading_name")}
    third = {t["service"] for t in content["trackers"] if t["party"] == "third"}
    asked = [s for s in content["services"] if s["category"] not in (None, "necessary")]
    named = {s["provider"].casefold() for s in asked if s["provider"]}
    unnamed = [s for s in asked if not s["provider"] and s["id"] in third]
    return len(named - own) + len(unnamed)
