"""Services and trackers of a site, and the states that its inventory had."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import inventory
from consent.inventory import Service, Tracker
from consent.sitefile import TrackerRow
from consent.sitefile.shape import ServiceValues

from . import door, shapes
from .frame import PAGE, match, operation, page

calls = Blueprint("inventory", __name__, url_prefix="/sites/<key>")
TAG = "admin-inventory"


@operation(
    calls,
    "GET /trackers",
    "Trackers of a site",
    tag=TAG,
    query=shapes.TrackerQuery(),
    answer=shapes.listed("trackers", shapes.TrackerAnswer),
)
def trackers(key: str, query: dict[str, Any]) -> dict[str, Any]:
    site, limit = door.site(key), query.get("limit", PAGE)
    after, wanted = int(query.get("after", 0)), (query.get("q"), query.get("category"))
    rows = inventory.trackers(site, *wanted, query.get("kind"))
    rows.sort(key=lambda one: one.id)
    rows = [one for one in rows if one.id > after][: limit + 1]
    found, following = page(rows, lambda one: one.id, limit)
    return {"trackers": found, "next": following}


@operation(
    calls,
    "POST /trackers",
    "Add a tracker",
    tag=TAG,
    body=TrackerRow(),
    answer=shapes.TrackerAnswer(),
    status=201,
    more="One that is called necessary needs its `reason`.",
)
def add(key: str, body: dict[str, Any]) -> Tracker:
    return inventory.add_tracker(door.site(key), door.by(), door.now(), **body)


@operation(
    calls, "GET /trackers/<int:number>", "One tracker", tag=TAG, answer=shapes.TrackerAnswer()
)
def one(key: str, number: int) -> Tracker:
    return inventory.tracker(door.site(key), number)


@operation(
    calls,
    "PATCH /trackers/<int:number>",
    "Change a tracker",
    tag=TAG,
    body=TrackerRow(),
    answer=shapes.TrackerAnswer(),
    matches="needed",
)
def edit(key: str, number: int, body: dict[str, Any]) -> Tracker:
    site = door.site(key)
    match(shapes.TrackerAnswer(), inventory.tracker(site, number))
    return inventory.edit_tracker(site, number, door.by(), door.now(), **body)


@operation(
    calls,
    "DELETE /trackers/<int:number>",
    "Remove a tracker",
    tag=TAG,
    status=204,
    matches="given",
    more="Published notices keep it, and it can be brought back.",
)
def remove(key: str, number: int) -> None:
    site = door.site(key)
    match(shapes.TrackerAnswer(), inventory.tracker(site, number), needed=False)
    inventory.remove_tracker(site, number, door.by(), door.now())


@operation(calls, "GET /services", "Services of a site", tag=TAG, answer=shapes.ServiceList())
def services(key: str) -> dict[str, Any]:
    return {"services": inventory.services(door.site(key))}


@operation(calls, "GET /services/<name>", "One service", tag=TAG, answer=shapes.ServiceAnswer())
def service(key: str, name: str) -> Service:
    return inventory.service_of(door.site(key), name)


@operation(
    calls,
    "PUT /services/<name>",
    "Add or change a service",
    tag=TAG,
    body=ServiceValues(),
    answer=shapes.ServiceAnswer(),
    matches="given",
    more="What is left out keeps its value; of a new service it is empty.",
)
def put_service(key: str, name: str, body: dict[str, Any]) -> Service:
    site = door.site(key)
    held = next((one for one in inventory.services(site) if one.key == name), None)
    if held is not None:
        match(shapes.ServiceAnswer(), held, needed=False)
    return inventory.put_service(site, door.by(), door.now(), name, **body)


@operation(
    calls,
    "DELETE /services/<name>",
    "Remove a service",
    tag=TAG,
    status=204,
    codes={409: ["service_used"]},
)
def remove_service(key: str, name: str) -> None:
    inventory.remove_service(door.site(key), name, door.by(), door.now())


@operation(
    calls,
    "POST /inventory/import",
    "Take trackers from a CSV",
    tag=TAG,
    body=shapes.CsvBody(),
    answer=shapes.CsvTaken(),
)
def take(key: str, body: dict[str, Any]) -> dict[str, Any]:
    done = inventory.import_csv(door.site(key), body["csv"], door.by(), door.now())
    refused = [{"line": line, "why": why} for line, why in done.refused]
    return {"added": done.added, "changed": done.changed, "refused": refused}


@operation(
    calls,
    "GET /inventory/versions",
    "States that the inventory had",
    tag=TAG,
    answer=shapes.InventoryVersions(),
)
def versions(key: str) -> dict[str, Any]:
    return {"versions": inventory.versions(door.site(key))}


@operation(
    calls,
    "POST /inventory/restore",
    "Bring the inventory back to an earlier state",
    tag=TAG,
    body=shapes.RestoreBody(),
    answer=shapes.InventoryVersions(),
    codes={409: ["inventory_changed"]},
)
def restore(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    inventory.restore(site, body["version"], body["seen"], door.by(), door.now())
    return {"versions": inventory.versions(site)}
