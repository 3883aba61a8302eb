"""Writes crumbtrail.json, the dashboard: `python deploy/grafana/make.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("crumbtrail.json")
# Title, unit, legend, queries; two panels a row.
PANELS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("Choices", "reqps", "{{outcome}}", ("sum by (outcome) (rate(crumbtrail_choices_total[5m]))",)),
    (
        "Answers by status",
        "reqps",
        "{{status}}",
        ("sum by (status) (rate(crumbtrail_requests_total[5m]))",),
    ),
    (
        "Requests by edge",
        "reqps",
        "{{edge}}",
        ("sum by (edge) (rate(crumbtrail_requests_total[5m]))",),
    ),
    (
        "Time to answer, 95 %",
        "s",
        "{{edge}}",
        (
            "histogram_quantile(0.95, sum by (le, edge)"
            " (rate(crumbtrail_request_seconds_bucket[5m])))",
        ),
    ),
    ("Writer: queue", "short", "waiting", ("crumbtrail_writer_queue",)),
    (
        "Writer: choices in a batch",
        "short",
        "on average",
        ("rate(crumbtrail_writer_choices_total[5m]) / rate(crumbtrail_writer_batches_total[5m])",),
    ),
    ("Log: how far behind", "s", "oldest that waits", ("crumbtrail_ledger_lag_seconds",)),
    ("Log: waiting", "short", "entries", ("crumbtrail_ledger_waiting",)),
    (
        "Log: entries",
        "short",
        "{{__name__}}",
        ("crumbtrail_log_entries", "crumbtrail_log_signed_entries", "crumbtrail_log_site_entries"),
    ),
    (
        "Since the last signature and the last record",
        "s",
        "{{__name__}}",
        ("crumbtrail_checkpoint_age_seconds", "crumbtrail_newest_record_age_seconds"),
    ),
    ("Database", "bytes", "size", ("crumbtrail_database_bytes",)),
    ("Disk free", "bytes", "free", ("crumbtrail_disk_free_bytes",)),
    (
        "Well?",
        "bool",
        "{{__name__}}",
        (
            "crumbtrail_database_up",
            "crumbtrail_geo_usable",
            "1 - crumbtrail_log_stopped",
            "1 - crumbtrail_retention_stopped",
        ),
    ),
    ("Warnings of /readyz", "short", "{{about}}", ("crumbtrail_warning",)),
    ("Since retention ran", "s", "ran", ("crumbtrail_retention_age_seconds",)),
    ("Age of the geo file", "s", "age", ("crumbtrail_geo_age_seconds",)),
    ("Scans", "short", "{{state}}", ("crumbtrail_scans",)),
    ("Webhooks and mails", "short", "{{state}}", ("crumbtrail_alerts",)),
    (
        "Sign-ins",
        "short",
        "{{outcome}}",
        ("sum by (outcome) (increase(crumbtrail_sign_ins_total[1h]))",),
    ),
    ("Fields sealed with an older key", "short", "fields", ("crumbtrail_sealed_with_old_keys",)),
)
SOURCE = {"type": "prometheus", "uid": "${source}"}


def panel(number: int, title: str, unit: str, legend: str, queries: tuple[str, ...]) -> Any:
    targets = [
        {"refId": chr(65 + n), "expr": query, "legendFormat": legend, "datasource": SOURCE}
        for n, query in enumerate(queries)
    ]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": targets,
    }


def dashboard() -> Any:
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
    return {
        "title": "Crumbtrail",
        "uid": "crumbtrail",
        "tags": ["crumbtrail"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [panel(number, *one) for number, one in enumerate(PANELS)],
    }


def written() -> str:
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
