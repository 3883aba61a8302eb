"""A scan and its findings as text, JSON, JUnit's XML and SARIF 2.1.0."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ..classify import UNKNOWN
from .finding import CODES, Finding, failing, finding_from_json, finding_to_json
from .model import Scan, from_json, to_json
from .places import split

FORMATS = ("text", "json", "junit", "sarif")
MARKS = {"error": "✗", "warning": "!", "info": "·"}
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
# What XML 1.0 (2.2) has no place for; what a terminal obeys, U+009B among it; what ends a line, so
# that no name writes lines of its own into a report; what turns the direction of the words around.
NO_WORD = re.compile(
    "[^\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Report:
    """`added` and `gone` where an earlier report was compared, else None."""

    scan: Scan
    findings: Sequence[Finding]
    fail_on: str = "leak"
    added: Sequence[Finding] | None = None
    gone: Sequence[Finding] = field(default_factory=list)

    @property
    def failing(self) -> list[Finding]:
        """What fails the build: with an earlier report only what is new."""
        return failing(self.findings if self.added is None else self.added, self.fail_on)


def written(report: Report, form: str) -> str:
    """The report in one of FORMATS."""
    return {"text": text, "json": as_json, "junit": junit, "sarif": sarif}[form](report)


# -- text -----------------------------------------------------------------------------------------


def text(report: Report) -> str:
    scan = report.scan
    lines = [f"{scan.url}  ({len(scan.pages)} pages, {_banner(scan)})", ""]
    for one in scan.passes:
        if one.ran:
            kept, third = len(one.things), len({r.host for r in one.requests if r.party == "third"})
            lines.append(f"  {one.name:<9} {kept} stored, {third} other hosts asked")
        else:
            lines.append(f"  {one.name:<9} not run: {one.why}")
    lines += _listed(report.findings)
    if report.added is not None:
        lines += ["", f"Since the earlier scan: {len(report.added)} new, {len(report.gone)} gone."]
        lines += [f"  + {one.what}" for one in report.added]
        lines += [f"  - {one.what}" for one in report.gone]
    lines += [f"  note: {problem}" for problem in scan.problems]
    return "\n".join([*map(plain, lines), "", plain(_verdict(report)), ""])


def _listed(findings: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    before = ""
    for one in findings:
        if one.code != before:
            lines += ["", f"{CODES[one.code]} [{one.code}]"]
            before = one.code
        lines.append(f"  {MARKS[one.severity]} {one.what}")
        if one.proposal and one.proposal.category != UNKNOWN:
            sure = f"{one.proposal.confidence:.0%} sure"
            lines.append(f"      {one.proposal.category}, {sure}: {one.proposal.reason}")
    return lines


def _banner(scan: Scan) -> str:
    words = {"crumbtrail": "Crumbtrail's banner", "other": "another banner", "none": "no banner"}
    return words.get(scan.banner, scan.banner)


def _verdict(report: Report) -> str:
    bad = report.failing
    leaks = sum(one.leak for one in report.findings)
    count = {level: sum(one.severity == level for one in report.findings) for level in MARKS}
    said = f"{count['error']} errors, {count['warning']} warnings, {count['info']} notes"
    if bad:
        return f"Failed: {len(bad)} at or above “{report.fail_on}”; {leaks} leaks ({said})."
    if leaks:
        return f"{leaks} leaks, none of them new ({said})."
    missing = [one.name for one in report.scan.passes if not one.ran]
    if missing and report.scan.banner != "none":
        return f"Nothing leaked as far as was seen; not run: {', '.join(missing)} ({said})."
    return f"Clean: nothing leaked on the pages that were seen ({said})."


# -- JSON -----------------------------------------------------------------------------------------


def as_json(report: Report) -> str:
    """What `report_from_json` reads again."""
    content: dict[str, Any] = {
        "version": 1,
        "summary": {
            "failed": bool(report.failing),
            "fail_on": report.fail_on,
            "leaks": sum(one.leak for one in report.findings),
            **{level: sum(one.severity == level for one in report.findings) for level in MARKS},
        },
        "findings": [finding_to_json(one) for one in report.findings],
        "scan": to_json(report.scan),
    }
    if report.added is not None:
        content["since"] = {
            "added": [one.id for one in report.added],
            "gone": [finding_to_json(one) for one in report.gone],
        }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def report_from_json(data: Mapping[str, Any]) -> tuple[Scan, list[Finding]]:
    """The scan and the findings of an earlier report. Raises ValueError."""
    if data.get("version") != 1:
        raise ValueError("not a scan report of version 1")
    findings = data.get("findings")
    if not isinstance(findings, list) or not isinstance(data.get("scan"), Mapping):
        raise ValueError("a scan report has `scan` and `findings`")
    return from_json(data["scan"]), [finding_from_json(one) for one in findings]


# -- JUnit ----------------------------------------------------------------------------------------


def junit(report: Report) -> str:
    """One test case for each code: it fails with what fails the build; a pass that was not run is
    skipped; the rest stands in its output."""
    bad = {one.id for one in report.failing}
    cases = [_case(code, report, bad) for code in CODES if code != "not-run"]
    cases += [
        f'  <testcase classname="scan" name={_attribute(f"pass {one.name}")}>'
        + ("" if one.ran else f"<skipped message={_attribute(one.why)}/>")
        + "</testcase>"
        for one in report.scan.passes
    ]
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    head = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuites {head}>",
            f" <testsuite name={_attribute(f'Crumbtrail scan of {report.scan.url}')} {head}>",
            *cases,
            " </testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _case(code: str, report: Report, bad: set[str]) -> str:
    mine = [one for one in report.findings if one.code == code]
    failed = [one for one in mine if one.id in bad]
    others = [one for one in mine if one.id not in bad]
    body = ""
    if failed:
        said = "\n".join(plain(f"{one.what} {one.why}") for one in failed)
        message = _attribute(f"{len(failed)}: {failed[0].what}")
        body = f'<failure type="{code}" message={message}>{escape(said)}</failure>'
    if others:
        said = "\n".join(plain(f"{one.severity}: {one.what}") for one in others)
        body += f"<system-out>{escape(said)}</system-out>"
    return f'  <testcase classname="scan" name={_attribute(CODES[code])}>{body}</testcase>'


def _attribute(words: str) -> str:
    return quoteattr(plain(words))


def plain(words: str) -> str:
    """One line that obeys nobody: a website names its cookies as it likes."""
    return NO_WORD.sub("\ufffd", words)


# -- SARIF ----------------------------------------------------------------------------------------


def sarif(report: Report) -> str:
    """SARIF 2.1.0 (OASIS). A finding's place is the page, as an address; a script that caused it is
    a related place with its line."""
    codes = list(CODES)
    run = {
        "tool": {
            "driver": {
                "name": "Crumbtrail",
                "version": "0.1.0",
                "rules": [
                    {
                        "id": code,
                        "name": "".join(word.title() for word in code.split("-")),
                        "shortDescription": {"text": CODES[code]},
                    }
                    for code in codes
                ],
            }
        },
        "results": [_result(one, codes) for one in report.findings],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": problem}}
                    for problem in report.scan.problems
                ],
            }
        ],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(one: Finding, codes: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": codes.index(one.code),
        "level": LEVELS[one.severity],
        "message": {"text": f"{one.what} {one.why}".strip()},
        "locations": [_place(one.where or "about:blank", 1)],
        "partialFingerprints": {"crumbtrail/v1": one.id},
    }
    if one.cause and split(one.cause.url).scheme in ("http", "https"):
        result["relatedLocations"] = [_place(one.cause.url, one.cause.line or 1)]
    return result


def _place(address: str, line: int) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": address},
            "region": {"startLine": max(line, 1)},
        }
    }
