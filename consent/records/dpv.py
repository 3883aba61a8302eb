"""A record as other systems read it: ISO/IEC TS 27560 in the words of the W3C's DPV, as JSON-LD.

Pure. The JSON of the API is what the log commits to; this is a translation of it, made anew at each
reading. What nobody stated is said as "not stated", because the standard asks for the field.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

NOT_STATED = "not stated"
GDPR = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
    " IS LI NO".split()
)
PURPOSES = {
    "preferences": "dpv:ServicePersonalisation",
    "statistics": "dpv:ServiceUsageAnalytics",
    "marketing": "dpv:TargetedAdvertising",
}
DATA = {
    "preferences": ["pd:UID"],
    "statistics": ["pd:UID", "pd:BrowsingBehaviour"],
    "marketing": ["pd:UID", "pd:BrowsingBehaviour"],
}
PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record"
_ID = {"@type": "@id"}
CONTEXT: dict[str, Any] = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "ct": "urn:crumbtrail:",
    "dct:conformsTo": _ID,
    "skos:broader": _ID,
    **{
        f"dpv:{name}": _ID
        for name in (
            "hasApplicableLaw hasDataController hasJurisdiction hasPersonalData hasPurpose"
            " hasRecipient isExercisedAt isIndicatedBy"
        ).split()
    },
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
}
# The units ISO 8601 has a letter for; shorter ones become a day.
DESIGNATORS = {"day": "D", "month": "M", "year": "Y"}


def consent_record(record: dict[str, Any], notice: dict[str, Any], base: str) -> dict[str, Any]:
    """The consent record (27560, 6.3) of a record that was not erased, under its notice.

    `base` is the address of this server, for the names of things.
    """
    controller = f"{base}/v1/{record['site']}#controller"
    me = f"{base}/v1/{record['site']}/me"
    country = record["place"]["country"]
    profiles = [PROFILE, *([f"{PROFILE}-eu-gdpr"] if country in GDPR else [])]
    found = {
        "@context": CONTEXT,
        "@id": f"{base}/v1/{record['site']}/receipts/{record['id']}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": profiles,
        "dct:identifier": record["id"],
        "dct:created": record["received_at"],
        "dct:publisher": {"@id": controller},
        "dpv:hasDataSubject": {
            "@id": f"urn:crumbtrail:visitor:{record['visitor']}",
            "@type": "dpv:DataSubject",
            "dct:identifier": record["visitor"],
            "skos:broader": "dpv:Visitor",
        },
        "dpv:hasJurisdiction": f"loc:{country}" if country else {"dct:description": NOT_STATED},
        "dpv:hasDataController": controller,
        "dpv:hasEntity": [_controller(notice, controller), *_providers(notice, base)],
        "dpv:hasNotice": _notice(record, notice),
        "dpv:hasProcess": [
            _process(record, notice, category, controller, base)
            for category in record["categories"]
        ],
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": me,
        },
        "dpv:hasRight": {
            "@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"],
            "dct:title": "Right to withdraw consent",
            "dpv:isExercisedAt": me,
        },
        "ct:evidence": _evidence(record),
    }
    if country in GDPR:
        found["dpv:hasApplicableLaw"] = "eu-gdpr:GDPR"
    return found


def iso_duration(life: Any) -> str:
    """`{value, unit}` as ISO 8601 in days, months or years; what is shorter than a day is one."""
    if not isinstance(life, dict):
        return NOT_STATED
    if life["unit"] == "week":
        return f"P{life['value']}W"
    mark = DESIGNATORS.get(life["unit"])
    return f"P{life['value']}{mark}" if mark else "P1D"


def _notice(record: dict[str, Any], notice: dict[str, Any]) -> dict[str, Any]:
    return {
        "@id": f"urn:crumbtrail:notice:{record['notice']}",
        "@type": "dpv:ConsentNotice",
        "dct:identifier": f"{record['site']}/{notice['version']}/{record['language']}",
        "dct:date": notice["published_at"],
        "dct:language": record["language"],
    }


def _process(
    record: dict[str, Any], notice: dict[str, Any], category: str, controller: str, base: str
) -> dict[str, Any]:
    words = notice["texts"][record["language"]]
    services = [s for s in notice["services"] if s["category"] == category and s["provider"]]
    stored = [
        {"@type": "dpv:StorageDuration", "dpv:hasDuration": span}
        for span in sorted(_durations(notice, category))
    ]
    return {
        "@id": f"urn:crumbtrail:notice:{record['notice']}:{category}",
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "skos:broader": PURPOSES[category],
            "dct:description": words[f"purpose_{category}"],
        },
        "dpv:hasPersonalData": DATA[category],
        "dpv:hasRecipient": [controller, *sorted({_provider_id(s, base) for s in services})],
        "dpv:hasStorageCondition": [
            *(stored or [{"@type": "dpv:StorageDuration", "dpv:hasDuration": NOT_STATED}]),
            {"@type": "dpv:StorageLocation", "dct:description": NOT_STATED},
        ],
        "dpv:hasConsentStatus": {
            "@type": [_status(record, category), "dpv:ExpressedConsent"],
            "dpv:isIndicatedBy": "dpv:DataSubject",
            "dpv:hasIndicationMethod": f"{record['action']}, layer {record['layer']}",
            # Of a choice carried over from another tool, the time it claims: nobody here saw it.
            "dpv:isIndicatedAtTime": record[
                "claimed_at" if record["action"] == "migrate" else "received_at"
            ],
            "dpv:hasDuration": iso_duration(notice["choice_lifetime"]),
        },
    }


def _durations(notice: dict[str, Any], category: str) -> set[str]:
    """Of the trackers of a category, as far as they are stated."""
    spans = (t["duration"] for t in notice["trackers"] if t["category"] == category)
    return {"session" if span == "session" else iso_duration(span) for span in spans if span}


def _status(record: dict[str, Any], category: str) -> str:
    if record["categories"][category]:
        return "dpv:ConsentGiven"
    return "dpv:ConsentWithdrawn" if record["action"] == "withdraw" else "dpv:ConsentRefused"


def _controller(notice: dict[str, Any], name: str) -> dict[str, Any]:
    said, contacts = notice["controller"], notice["contacts"]
    reach = contacts.get("email") or said.get("email") or contacts.get("phone") or said.get("phone")
    return _entity(
        name,
        ["dpv:DataController", "dpv:Organisation"],
        said.get("legal_name"),
        said.get("address") or contacts.get("post"),
        reach or contacts.get("page"),
    )


def _providers(notice: dict[str, Any], base: str) -> list[dict[str, Any]]:
    asked = {_provider_id(s, base): s for s in notice["services"] if s["provider"]}
    kinds = ["dpv:ThirdParty", "dpv:Recipient"]
    return [_entity(name, kinds, s["provider"], None, s["policy_url"]) for name, s in asked.items()]


def _provider_id(service: dict[str, Any], base: str) -> str:
    return f"{base}/#provider-{quote(service['provider'].lower(), safe='')}"


def _entity(
    name: str, kinds: list[str], legal: str | None, address: str | None, contact: str | None
) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": kinds,
        "dpv:hasIdentifier": name,
        "dpv:hasName": legal or NOT_STATED,
        "dpv:hasAddress": address or NOT_STATED,
        "dpv:hasContact": contact or NOT_STATED,
    }


def _evidence(record: dict[str, Any]) -> dict[str, Any]:
    """What the standard has no word for, under our own prefix; null members say nothing."""
    log = record.get("log") or {}
    facts = {
        "noticeDigest": record["notice"],
        "answer": record["answer"],
        "regime": record["regime"],
        "regimes": record["regimes"],
        "subdivision": record["place"]["subdivision"],
        "placeSource": record["place"]["source"],
        "geoDatabase": record["place"]["database"],
        "gpc": record["signals"]["gpc"],
        "device": record["device"],
        "browser": record["browser"],
        "page": record["page"],
        "claimedAt": record["claimed_at"],
        "shownAt": record["shown_at"],
        "previous": record["previous"],
        "logIndex": log.get("index"),
        "commitment": log.get("commitment"),
    }
    return {f"ct:{name}": value for name, value in facts.items() if value is not None}
