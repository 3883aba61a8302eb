"""The house stands: every module has a floor, imports run down, and stand at the top of a file.

The steps below are ARCHITECTURE.md's code map. Modules on one step are strangers to each other; a
new noun is one line here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.commands import COMMANDS, found
from tests.prepare import ROOT

STEPS = (
    ("tlog", "later"),  # floor 0: the transparency log, pure and without a library
    ("saying",),  # a sentence of ours, in a language
    (
        "languages",
        "leaf",
        "regime",
        "strict_json",
        "js_literal",
        "classify",
        "policy",
        "permissions",
        "stage",
        "theme",
        "pdf",
    ),  # floor 1: our rules, pure
    ("findings",),  # what a scan saw, and what is wrong with it: pure
    ("verify", "gate"),  # what runs without the rest of the house: at a stranger's, at an owner's
    ("databases", "keyfile"),  # the keys it makes for itself
    (
        "config",
        "errors",
        "db",
        "limits",
        "chores",
        "many",
        "turns",
        "counting",
    ),  # floor 2: foundation
    ("envelope", "tenancy", "wire"),
    ("row_security",),
    (
        "geo",
        "signing",
        "sealing",
        "texts",
        "egress",
        "mail",
        "oidc",
    ),  # floor 3: the outside world, and the words
    ("crawl",),
    ("directory",),
    ("waiting",),  # floor 4: the nouns, in story order
    ("trail",),
    ("undoing",),
    ("organisations",),
    ("users",),
    ("tokens",),
    ("integrations", "vendors"),
    ("sites",),
    ("news",),
    ("ownership",),
    ("webhooks",),
    ("inventory",),
    ("catalogue",),
    ("builds",),
    ("notices",),
    ("declaration",),
    ("records",),
    ("rollup",),
    ("ingest",),
    ("ledger",),
    ("requests",),
    ("evidence", "retention"),
    ("moving",),
    ("scans",),
    ("renderings",),
    ("sitefile",),
    ("bulk",),
    ("shards",),
    ("parts", "schemas"),  # floor 5: what an edge is handed, and the wire
    ("logs", "reminding", "telling"),
    ("upkeep",),
    (
        "visitor",
        "auditor",
        "backup",
        "api",
        "log",
        "admin",
        "demo",
        "rendering",
        "scanning",
        "health",
        "cli",
        "cli_classify",
        "cli_door",
        "cli_configure",
        "cli_import",
        "cli_ingest",
        "cli_notice",
        "cli_own",
        "cli_people",
        "cli_policy",
        "cli_preview",
        "cli_renderings",
        "cli_retention",
        "cli_probe",
        "cli_scan",
        "cli_sealing",
        "cli_settings",
        "cli_shard",
        "metrics",
        "cli_statistics",
        "vendors_cli",
        "witness",
        "wording",
    ),  # floor 6: the edges
    ("serving",),  # and what serves them
    ("commands", "duties"),  # the wiring, beside app.py
)
STEP = {noun: number for number, nouns in enumerate(STEPS) for noun in nouns}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "service"}
PURE = (
    "tlog",
    "languages",
    "leaf",
    "regime",
    "strict_json",
    "js_literal",
    "integrations",
    "classify",
    "findings",
    "policy",
    "permissions",
    "stage",
    "theme",
    "pdf",
    "saying",
)
GATE_RULES = (
    "rules tokens foreign hold inside page choice cookies links policy coding answer".split()
)
LONGEST = 400
SELDOM = ("alembic", "mako", "pygments", "pypdf", "webauthn", "dns", "psycopg", "pyarrow")
FILES = sorted((ROOT / "consent").rglob("*.py"))
IDS = [str(file.relative_to(ROOT)) for file in FILES]
WIRED, WIRED_IDS = [*FILES, ROOT / "app.py"], [*IDS, "app.py"]


def noun_of(module: str) -> str | None:
    """`consent.records.writer` -> `records`; None for what is not ours or is the package."""
    parts = module.split(".")
    return parts[1] if parts[0] == "consent" and len(parts) > 1 else None


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(file: Path, tree: ast.AST) -> Iterator[str]:
    """Every module that `file` names in an import, in full."""
    package = module_of(file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def imported_by(noun: str) -> set[str]:
    """Every module that a noun names in an import, be it a file or a folder."""
    files = [file for file in FILES if noun_of(module_of(file)) == noun]
    assert files
    return {module for file in files for module in imported(file, parse(file))}


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_every_module_stands_on_a_floor(file: Path) -> None:
    module = module_of(file)
    assert module == "consent" or noun_of(module) in STEP, f"{module} stands on no floor"
    assert not FORBIDDEN_NAMES & set(module.split(".")), f"{module}: a name that says nothing"


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_imports_run_down(file: Path) -> None:
    own = noun_of(module_of(file))
    upward = [
        module
        for module in imported(file, parse(file))
        if (other := noun_of(module)) and other != own and own and STEP[other] >= STEP[own]
    ]
    assert not upward, f"{own} may not import {upward}"


@pytest.mark.parametrize("file", WIRED, ids=WIRED_IDS)
def test_no_import_hides_inside_a_function(file: Path) -> None:
    hidden = [
        node.lineno
        for function in ast.walk(parse(file))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden, f"imports on lines {hidden}"


def test_the_package_itself_imports_nothing() -> None:
    tree = parse(ROOT / "consent/__init__.py")
    assert ast.get_docstring(tree) and len(tree.body) == 1


@pytest.mark.parametrize("noun", PURE)
def test_our_rules_know_neither_the_web_nor_a_database(noun: str) -> None:
    known = {module.split(".")[0] for module in imported_by(noun)}
    assert not known & {"flask", "sqlalchemy", "flask_sqlalchemy", "werkzeug", "granian"}


def test_the_log_needs_nothing_that_python_does_not_bring() -> None:
    known = {module.split(".")[0] for module in imported_by("tlog")}
    assert known <= {"consent", *sys.stdlib_module_names}
    assert not known & {"os", "io", "pathlib", "socket", "time", "datetime", "random", "secrets"}


def test_nobody_imports_the_wiring() -> None:
    guilty = [
        str(file.relative_to(ROOT))
        for file in FILES
        if any(module.split(".")[0] == "app" for module in imported(file, parse(file)))
    ]
    assert not guilty


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_found_by_the_name_it_has(name: str) -> None:
    assert found(name).name == name


def test_every_module_of_commands_stands_in_the_table() -> None:
    named = {place.split(":")[0] for places in COMMANDS.values() for place in places.split()}
    modules = {module_of(file).removeprefix("consent.") for file in FILES}
    assert {name for name in modules if "cli" in name.split("_")} <= named <= modules


def test_what_only_serves_reads_no_commands_and_no_seldom_library() -> None:
    read = "import sys, app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True, check=True
    )
    places = {place.split(":")[0] for places in COMMANDS.values() for place in places.split()}
    assert not {*(f"consent.{place}" for place in places), *SELDOM} & set(done.stdout.split())


def test_the_verifier_needs_the_log_and_our_leaves_alone() -> None:
    ours = {module.split(".")[1] for module in imported_by("verify") if noun_of(module)}
    others = {module.split(".")[0] for module in imported_by("verify")} - {"consent"}
    assert ours == {"verify", "tlog", "leaf"}
    assert others <= set(sys.stdlib_module_names)


def test_the_gate_runs_in_a_process_that_has_nothing_of_ours() -> None:
    ours = {noun for module in imported_by("gate") if (noun := noun_of(module))}
    others = {module.split(".")[0] for module in imported_by("gate")} - {"consent"}
    assert ours == {"gate"}
    # brotli where it is installed; granian for the proxy alone.
    assert others <= {*sys.stdlib_module_names, "brotli", "granian"}


@pytest.mark.parametrize("name", GATE_RULES)
def test_what_the_gate_does_to_a_page_is_pure(name: str) -> None:
    file = ROOT / f"consent/gate/{name}.py"
    known = {module.split(".")[0] for module in imported(file, parse(file))}
    assert not known & {"os", "io", "pathlib", "socket", "time", "datetime", "threading", "random"}


@pytest.mark.parametrize("file", WIRED, ids=WIRED_IDS)
def test_a_long_module_becomes_a_folder(file: Path) -> None:
    lines = len(file.read_text("utf-8").splitlines())
    assert lines <= LONGEST, f"{lines} lines: make it a folder of the same name"


def test_every_step_of_the_house_is_built() -> None:
    built = {noun for file in FILES if (noun := noun_of(module_of(file)))}
    assert set(STEP) == built
