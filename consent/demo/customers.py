"""The four customers: what their policies say, and what a sensible owner decided."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from .. import directory, inventory, notices, sites
from ..parts import parts

BY = "demo"
CONTACT = ("email", "phone", "post", "page")
CONTROLLER = ("trading_name", "legal_name", "registration_number", "vat_number", "email", "phone")
KINDS = {"web_beacon": "beacon"}


@cache
def facts() -> dict[str, dict[str, Any]]:
    """What the published policies say, by site."""
    return {site["key"]: site for site in _read("sites.yaml")["sites"]}


@cache
def decisions() -> dict[str, dict[str, Any]]:
    """What was decided for the demo, by site."""
    return _read("demo.yaml")


def seed(at: datetime) -> None:
    """Load the four sites and publish their first notice; a site that has a notice, or
    that is in another database, is left alone.

    The notices link to the policies among this server's own demo pages.
    """
    base_url = parts().config.base_url
    present = {site.key for site in sites.all_sites()}
    for key, decided in decisions().items():
        if key not in present and directory.listed(key):
            continue  # it has moved to another database
        site = sites.get(key) if key in present else _add(key, decided, base_url, at)
        if notices.versions(site):
            continue
        _fill(site, facts()[key], decided, at)
        notices.publish(site, BY, at)


def _add(key: str, decided: dict[str, Any], base_url: str, at: datetime) -> sites.Site:
    said = facts()[key]
    same = ("cookie_domain", "default_language", "preferences", "choice_lifetime")
    return sites.add(
        key,
        decided["name"],
        _controller(said["controller"]),
        decided["origins"],
        decided["languages"],
        BY,
        at,
        contacts=_stated(said["rights"]["contact"], CONTACT) | decided["contacts"],
        dpo=said["dpo"] and _stated(said["dpo"], ("name", *CONTACT)),
        authority=said["supervisory_authority"]
        and _stated(said["supervisory_authority"], ("name", "country")),
        policy_urls={language: base_url + path for language, path in decided["policies"].items()},
        retention=decided["retention"],
        decided_for_demo=True,
        publish_log=True,
        request_days=said["rights"]["deadline_days"],
        facts=_stated(
            {
                "storage_region": (said["storage_location"] or {}).get("region"),
                "ip_mode": "none",
                "min_age": (said["children"] or {}).get("min_age"),
            },
            ("storage_region", "ip_mode", "min_age"),
        ),
        **{field: decided[field] for field in same},
    )


def _fill(site: sites.Site, said: dict[str, Any], decided: dict[str, Any], at: datetime) -> None:
    """Services and trackers; a run that was cut short is taken up where it stopped."""
    for key, service in decided["services"].items():
        inventory.put_service(site, BY, at, key, **service)
    present = {tracker.purpose.get("en") for tracker in inventory.trackers(site)}
    if not present:
        inventory.starter(site, BY, at)
    for cookie in said["cookies"]:
        chosen = decided["trackers"][cookie["id"]]
        if chosen["purpose"]["en"] in present:
            continue
        inventory.add_tracker(
            site,
            BY,
            at,
            name=cookie["name"],
            kind=KINDS.get(cookie["kind"], cookie["kind"]),
            party=cookie["party"],
            published_label=cookie["category_published"],
            duration=cookie["duration"],
            set_by=cookie.get("set_by"),
            match=chosen.get("match", "exact"),
            service=chosen.get("service"),
            category=chosen["category"],
            reason=chosen.get("reason"),
            purpose=chosen["purpose"],
        )


def _controller(said: dict[str, Any]) -> dict[str, str]:
    website = said["website"]
    controller = _stated(said, CONTROLLER)
    controller["website"] = website if "://" in website else f"https://{website}"
    if said["address"]:
        lines = ("street", "postcode", "city", "country")
        controller["address"] = ", ".join(_stated(said["address"], lines).values())
    return controller


def _stated(said: dict[str, Any], fields: tuple[str, ...]) -> dict[str, str]:
    """The fields the policy does state; what it leaves out is left out, never invented."""
    return {field: said[field] for field in fields if said.get(field)}


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((files("consent") / "data" / name).read_text("utf-8"))
    return content
