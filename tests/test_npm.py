"""The package `crumbtrail` for npm: what is packed, on a server, in a browser, in React and Vue."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consent import sites
from tests.node import MODULES, PACKAGES, SCRIPT_MODULES, answer, node, run
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SITE = "voipstudio.pl"
SOURCES = ROOT / "tests/npm"
FILES = {
    "LICENSE",
    "README.md",
    "index.d.ts",
    "index.js",
    "package.json",
    "react.d.ts",
    "react.js",
    "state.d.ts",
    "state.js",
    "stub.d.ts",
    "stub.js",
    "vue.d.ts",
    "vue.js",
}


# Older releases of Python 3.11 know no filter, and newer ones warn without.
SAFELY: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball that `npm publish` would send, made of a copy of the sources."""
    folder = tmp_path_factory.mktemp("npm")
    source = folder / "packages/crumbtrail"
    shutil.copytree(
        PACKAGES / "crumbtrail", source, ignore=shutil.ignore_patterns("stub.js", "LICENSE")
    )
    for name in ("static", "LICENSE"):
        (folder / name).symlink_to(ROOT / name)
    run(
        "npm",
        "pack",
        "--ignore-scripts=false",
        "--foreground-scripts=false",
        "--pack-destination",
        folder,
        folder=source,
    )
    (tarball,) = folder.glob("*.tgz")
    return tarball


@pytest.fixture(scope="module")
def consumer(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's project: the packed tarball in node_modules, and the real React and Vue."""
    folder = tmp_path_factory.mktemp("consumer")
    modules = folder / "node_modules"
    modules.mkdir()
    for module in MODULES.iterdir():
        if not module.name.startswith("."):
            (modules / module.name).symlink_to(module)
    with tarfile.open(packed) as archive:
        archive.extractall(modules, **SAFELY)  # noqa: S202  # our own archive
    (modules / "package").rename(modules / "crumbtrail")
    for source in SOURCES.iterdir():
        shutil.copy(source, folder)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    return folder


@pytest.fixture(scope="module")
def bundled(consumer: Path) -> Callable[[str], str]:
    """`bundled("react.js")`: one of the consumer's programs as one file for a browser."""

    def make(name: str) -> str:
        production = '--define:process.env.NODE_ENV="production"'
        vue = "--define:__VUE_OPTIONS_API__=true --define:__VUE_PROD_DEVTOOLS__=false".split()
        return node(
            SCRIPT_MODULES / "esbuild/bin/esbuild",
            name,
            "--bundle",
            "--log-level=error",
            "--format=esm",
            production,
            *vue,
            "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false",
            folder=consumer,
        )

    return make


# -- what is packed -----------------------------------------------------------------------------


def test_the_tarball_holds_exactly_what_users_need(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    assert names == FILES


def test_a_dry_run_of_publishing_shows_the_same(packed: Path) -> None:
    source = packed.parent / "packages/crumbtrail"
    shown = json.loads(
        run(
            "npm",
            "pack",
            "--dry-run",
            "--json",
            "--ignore-scripts=false",
            "--foreground-scripts=false",
            folder=source,
        )
    )
    (one,) = shown if isinstance(shown, list) else shown.values()
    assert {file["path"] for file in one["files"]} == FILES
    assert one["size"] < 20_000


def test_the_package_is_of_this_version_and_licence() -> None:
    package = json.loads((PACKAGES / "crumbtrail/package.json").read_text("utf-8"))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{package["version"]}"' in project
    assert f'license = "{package["license"]}"' in project
    assert package["type"] == "module" and package["sideEffects"] is False
    assert not {"dependencies", "devDependencies", "private"} & package.keys()
    assert all(each["optional"] for each in package["peerDependenciesMeta"].values())
    assert package["peerDependencies"].keys() == package["peerDependenciesMeta"].keys()


def test_its_stub_is_the_servers_stub(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/stub.js")
        assert member is not None
        text = member.read().decode()
    assert sites.stub() in text


def test_every_export_of_the_package_is_there_with_its_types(packed: Path) -> None:
    package = json.loads((PACKAGES / "crumbtrail/package.json").read_text("utf-8"))
    for target in package["exports"].values():
        paths = [target] if isinstance(target, str) else target.values()
        assert {path.removeprefix("./") for path in paths} <= FILES


def test_nobody_who_imports_it_without_use_pays_for_it(consumer: Path) -> None:
    (consumer / "unused.js").write_text("import { load } from 'crumbtrail';\n", "utf-8")
    esbuild = SCRIPT_MODULES / "esbuild/bin/esbuild"
    found = node(esbuild, "unused.js", "--bundle", "--format=esm", folder=consumer)
    assert re.sub(r"//.*", "", found).strip() == ""


# -- types, and a server ---------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_its_types_allow_what_works_and_refuse_what_does_not(
    consumer: Path, resolution: str
) -> None:
    node(
        SCRIPT_MODULES / "typescript/bin/tsc",
        *"--noEmit --strict --target es2022 --lib es2022,dom --skipLibCheck".split(),
        *("--module", "nodenext" if resolution == "nodenext" else "esnext"),
        *("--moduleResolution", resolution),
        "types.ts",
        folder=consumer,
    )


def test_on_a_server_it_imports_renders_and_denies(consumer: Path) -> None:
    told = answer(consumer / "server.js")
    denies = "null true false"
    assert told == {
        "globals": [],
        "same": True,
        "get": None,
        "debug": None,
        "allowed": [True, False],
        "waits": "waits",
        "refused": ["TypeError"] * 4,
        "react": denies,
        "vue": f"<p>{denies}</p>",
    }


# -- a browser ---------------------------------------------------------------------------------


@pytest.fixture
def opened(
    bundled: Callable[[str], str], elsewhere: Website, page: Page, server: Server
) -> Callable[..., Page]:
    """`opened("react.js", head)`: a page that has only the bundle, and what `head` adds."""

    def go(program: str, head: str = "", base: str | None = None, **headers: str) -> Page:
        nonce = ' nonce="n1"' if headers else ""
        elsewhere.put("/app.js", bundled(program), "text/javascript")
        elsewhere.put(
            "/",
            f'<!doctype html><html lang="en" data-base="{base or server.url}" data-site="{SITE}"'
            f' data-nonce="{"n1" if headers else ""}"><title>Shop</title>{head}'
            f'<body><h1>Shop</h1><div id="app"></div>'
            f'<script type="module" src="/app.js"{nonce}></script>',
            **headers,
        )
        page.goto(f"http://localhost:{elsewhere.port}/")
        return page

    return go


def asked(page: Page) -> list[str]:
    """The addresses of our script's elements on this page."""
    found: list[str] = page.evaluate(
        "[...document.scripts].map(s => s.src).filter(s => s.endsWith('/consent.js'))"
    )
    return found


def test_the_script_is_inserted_once_and_every_call_answers(
    opened: Callable[..., Page], server: Server
) -> None:
    page = opened("plain.js")
    until(page, "!!window.__ready")
    assert asked(page) == [f"{server.url}/v1/{SITE}/consent.js"]
    assert page.evaluate("__before") == [True, False, None]
    assert page.evaluate("__ready.decided") is False
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.evaluate("__stop()")
    page.evaluate("__consent.set({ statistics: true })")
    assert page.evaluate("['statistics', 'marketing'].map(__consent.allowed)") == [True, False]
    until(page, "__seen.some(([name]) => name === 'saved')")
    names = [name for name, *_ in page.evaluate("__seen")]
    assert names[:3] == ["ready", "shown", "changed"] and "stopped" not in names
    assert names.count("ready") == 1
    assert page.evaluate("__consent.get().pending") is False
    page.evaluate("__consent.withdraw()")
    assert page.evaluate("__consent.allowed('statistics')") is False
    page.evaluate("__consent.open()")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    assert page.evaluate("new Promise(done => __consent.on('ready', done)).then(s => s.decided)")


def test_a_page_that_has_the_snippet_gets_no_second_script(
    opened: Callable[..., Page], server: Server
) -> None:
    snippet = (
        f'<script data-site="{SITE}">{sites.stub()}</script>'
        f'<script async src="{server.url}/v1/{SITE}/consent.js"></script>'
    )
    page = opened("plain.js", snippet)
    until(page, "!!window.__ready")
    assert len(asked(page)) == 1
    page.click("[data-cmp=reject]")
    assert page.evaluate("__consent.get().decided") is True


def test_it_works_under_a_strict_policy_with_a_nonce_and_trusted_types(
    opened: Callable[..., Page], page: Page, server: Server
) -> None:
    page.add_init_script(
        "window.__broken = []; document.addEventListener('securitypolicyviolation',"
        " (e) => window.__broken.push([e.violatedDirective, e.blockedURI, e.sample]))"
    )
    opened(
        "plain.js",
        Content_Security_Policy="script-src 'nonce-n1' 'strict-dynamic'; object-src 'none'; "
        f"base-uri 'none'; connect-src {server.url}; require-trusted-types-for 'script'; "
        "trusted-types crumbtrail",
    )
    until(page, "!!window.__ready")
    page.click("[data-cmp=reject]")
    until(page, "__seen.some(([name]) => name === 'saved')")
    assert page.evaluate("__broken") == []


def test_a_policy_that_forbids_it_breaks_nothing_and_opens_nothing(
    opened: Callable[..., Page], page: Page
) -> None:
    opened(
        "plain.js",
        Content_Security_Policy="require-trusted-types-for 'script'; trusted-types other",
    )
    until(page, "!!window.__stop")
    assert page.evaluate("__consent.allowed('statistics')") is False
    assert asked(page) == []


def test_without_a_server_only_the_necessary_is_allowed(
    opened: Callable[..., Page], elsewhere: Website
) -> None:
    page = opened("plain.js", base=f"{elsewhere.other_origin}/nowhere")
    until(page, "!!window.__stop")
    page.wait_for_load_state("networkidle")
    page.evaluate("__consent.acceptAll()")
    assert page.evaluate("['necessary', 'statistics'].map(__consent.allowed)") == [True, False]
    assert page.evaluate("[__consent.get(), window.__ready]") == [None, None]


@pytest.mark.parametrize("program", ["react.js", "vue.js"])
def test_the_hook_follows_the_choice(opened: Callable[..., Page], program: str) -> None:
    page = opened(program)
    shown = page.locator("#app output")
    expect(shown).to_have_text("false false")
    page.click("[data-cmp=accept]")
    expect(shown).to_have_text("true true")
    page.evaluate("consent.withdraw()")
    expect(shown).to_have_text("true false")
    until(page, "!consent.get().pending")
    page.evaluate("__unmount()")
    renders = page.evaluate("__renders")
    page.evaluate("consent.acceptAll()")
    until(page, "!consent.get().pending")
    assert page.evaluate("__renders") == renders < 12


def test_the_docs_show_the_package_as_it_is() -> None:
    package = (PACKAGES / "crumbtrail/README.md").read_text("utf-8")
    types = (PACKAGES / "crumbtrail/index.d.ts").read_text("utf-8")
    interface = types[types.index("export interface Consent ") :]
    for name in re.findall(r"^  (\w+)[(<]", interface, re.MULTILINE):
        assert f"`{name}(" in package or f"`await {name}(" in package, name
