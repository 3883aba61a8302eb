"""Every file of deployment, read by the programs that read it where they are here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from consent import config

from .verdict import hold

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/crumbtrail"


def settings() -> str:
    """Every setting that a file of deployment names exists."""
    known = {setting.name for setting in config.SETTINGS}
    named = {}
    for file in (ROOT / "Dockerfile", ROOT / "compose.yaml", *DEPLOY.rglob("*")):
        if file.is_file() and file.suffix in ("", ".yaml", ".yml", ".service", ".conf"):
            for name in re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)+)\b", file.read_text("utf-8")):
                named[name] = file.name
    strangers = {name for name in named if name.removesuffix("_FILE") not in known} - FOREIGN
    hold(not strangers, f"no settings of ours: {sorted(strangers)}")
    return f"{len(known & {n.removesuffix('_FILE') for n in named})} named, all there"


# What other programs call their own.
FOREIGN = set(
    "PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_CACHE_DIR PIP_NO_COMPILE PYTHONDONTWRITEBYTECODE"
    " AF_INET AF_UNIX POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD_FILE POSTGRES_INITDB_ARGS"
    " DAC_OVERRIDE NAME_FILE".split()
)


def dockerfile() -> str:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    froms = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    hold(len(froms) == 2 and all(":" in one for one in froms), "two stages with tags")
    hold(re.search(r"^USER 10001:10001$", text, re.MULTILINE) is not None, "an ordinary user")
    hold("HEALTHCHECK" in text, "a health check")
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for part in source.split():
            hold((ROOT / part).exists(), f"{part} is there")
            hold(
                f"!{part}" in (ROOT / ".dockerignore").read_text("utf-8"), f"{part} is not ignored"
            )
    return tool("hadolint", str(ROOT / "Dockerfile"))


def compose() -> str:
    made = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    for name, service in made["services"].items():
        hold("healthcheck" in service, f"{name} has a health check")
        for secret in service.get("secrets", []):
            hold(secret in made["secrets"], f"the secret {secret} is named")
        for volume in service.get("volumes", []):
            hold(volume.split(":")[0] in made["volumes"], f"the volume of {volume} is named")
        for network in service["networks"]:
            hold(network in made["networks"], f"the network {network} is named")
    return _compose_config()


def _compose_config() -> str:
    """docker may be here without its part that is compose."""
    if shutil.which("docker") is None or run("docker", "compose", "version").returncode:
        return "parsed; docker compose not run: it is not installed here"
    with tempfile.TemporaryDirectory() as folder:
        environ = Path(folder) / "environment"
        environ.write_text("BASE_URL=https://consent.example.com\n", "utf-8")
        done = run("docker", "compose", "--env-file", str(environ), "config", "--quiet")
    hold(done.returncode == 0, done.stderr.strip())
    return "docker compose config is content"


def alerts() -> str:
    file = DEPLOY / "prometheus/alerts.yml"
    yaml.safe_load(file.read_text("utf-8"))
    return tool("promtool", "check", "rules", str(file))


def dashboard() -> str:
    made = json.loads((DEPLOY / "grafana/crumbtrail.json").read_text("utf-8"))
    return f"{len(made['panels'])} panels parsed; Grafana not run"


def unit() -> str:
    text = (DEPLOY / "systemd/crumbtrail.service").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        # The program stands elsewhere on this machine; everything else is looked at as it is.
        file = Path(folder) / "crumbtrail.service"
        file.write_text(text.replace("/opt/crumbtrail/.venv/bin/python", sys.executable), "utf-8")
        words = tool("systemd-analyze", "verify", str(file))
        if "not run" not in words:
            done = run("systemd-analyze", "security", "--offline=true", str(file))
            level = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
            hold(level is not None and float(level[1]) < 3, "an exposure below 3")
            words += f", exposure {level[1]}" if level else ""
    return words


def caddy() -> str:
    file = str(DEPLOY / "caddy/Caddyfile")
    return tool("caddy", "validate", "--adapter", "caddyfile", "--config", file)


def nats() -> str:
    """The stream's servers, looked at by one of them; one older than 2.10 lacks `sync_interval`."""
    text = (DEPLOY / "nats/nats.conf").read_text("utf-8")
    hold("\n  sync_interval: always\n" in text, "a choice is synced before it is acknowledged")
    if shutil.which("nats-server") is None:
        return "read; nats-server not run: it is not installed here"
    found = re.search(r"v(\d+)\.(\d+)", run("nats-server", "--version").stdout)
    old = found is not None and (int(found[1]), int(found[2])) < (2, 10)
    with tempfile.TemporaryDirectory() as folder:
        text = text.replace("  sync_interval: always\n", "") if old else text
        file = Path(folder) / "nats.conf"
        file.write_text(text.replace("$PASSWORD", "changeme").replace("/var/lib", folder), "utf-8")
        done = run("nats-server", "-t", "-c", str(file))
    hold(done.returncode == 0, (done.stdout + done.stderr).strip())
    return (
        f"nats-server is content{', but for sync_interval, which it is too old for' if old else ''}"
    )


def chart() -> str:
    """YAML that is no template is parsed; a template at least names only values that exist."""
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    for file in (CHART / "templates").glob("*.yaml"):
        text = file.read_text("utf-8")
        hold(text.count("{{") == text.count("}}"), f"{file.name} closes what it opens")
        opened = len(re.findall(r"\{\{-? (?:if|with|range) ", text))
        inline = len(re.findall(r"\{\{ end \}\}", text))
        ended = len(re.findall(r"\{\{- end \}\}", text)) + inline
        hold(opened == ended, f"{file.name}: {opened} blocks, {ended} ends")
        for path in re.findall(r"\.Values\.([A-Za-z.]+)", text):
            held: Any = values
            for part in path.split("."):
                hold(isinstance(held, dict) and part in held, f"values.yaml has {path}")
                held = held[part]
        for part in re.split(r"^---$", _bare(text), flags=re.MULTILINE):
            hold(isinstance(yaml.safe_load(part), dict), f"{file.name} is YAML without its blocks")
    return tool("helm", "lint", "--strict", str(CHART))


def _bare(text: str) -> str:
    """A template with its blocks away and a word for each value: its shape is plain YAML."""
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\s*\{\{-.*\}\}", line)]
    lines = [re.sub(r": \{\{- toYaml.*\}\}$", ": {}", line) for line in lines]
    lines = [re.sub(r"\{\{.*?\}\}", "value", line) for line in lines]
    return "\n".join(lines)


def patroni() -> str:
    """Run for real by tests/cluster.py; here, that a 201 goes on meaning "on two disks"."""
    made = yaml.safe_load((DEPLOY / "patroni/patroni.yml").read_text("utf-8"))
    agreed = made["bootstrap"]["dcs"]
    hold(agreed["synchronous_mode"] and agreed["synchronous_mode_strict"], "two disks")
    hold("data-checksums" in made["bootstrap"]["initdb"], "checksums")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        hold(agreed["postgresql"]["parameters"][name] == "on", f"{name} is on")
    return "commits wait for a standby and for the disk"


def tool(program: str, *words: str) -> str:
    if shutil.which(program) is None:
        return f"parsed; {program} not run: it is not installed here"
    done = run(program, *words)
    hold(done.returncode == 0, (done.stdout + done.stderr).strip())
    return f"{program} is content"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
