"""The settings: one table, read once at boot. A wrong value stops the boot with a sentence."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from .tlog import policy
from .tlog.policy import Policy

Network = IPv4Network | IPv6Network


class ConfigError(Exception):
    """A setting cannot be used; the message is what the operator reads."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("PORT", "8000", "Port to listen on."),
    Setting("HOST", "127.0.0.1", "Address to listen on."),
    Setting("BASE_URL", "", "Public address of the server; http://HOST:PORT when empty."),
    Setting("DATABASE_URL", "", "sqlite:///… or postgresql://…; SQLite in INSTANCE_PATH if empty."),
    Setting("INSTANCE_PATH", "instance", "Folder of the embedded database and the secret key."),
    Setting("GEO_DB", "", "A GeoIP2 or DB-IP file of your own; the shipped country file if empty."),
    Setting("TRUSTED_PROXIES", "", "Networks whose X-Forwarded-For is believed, comma-separated."),
    Setting("CDN_COUNTRY_HEADER", "", "Header in which a trusted proxy names the country."),
    Setting(
        "SECRET_KEY", "", "Key of the session cookies; made and kept in INSTANCE_PATH if empty."
    ),
    Setting(
        "SIGNER_STATE",
        "",
        "Folder of the log's keys; INSTANCE_PATH/signer if empty.",
    ),
    Setting("LEDGER", "1", "0 leaves integration to `flask --app app ledger run` elsewhere."),
    Setting(
        "WITNESS_POLICY",
        "",
        "File that names witnesses (c2sp.org/tlog-policy); none are asked if empty.",
    ),
    Setting("DEMO", "0", "1 serves the demo pages and counts this server as their origin."),
    Setting("RATE_SITE", "2000", "Choices a site may send per second; 0 is no limit."),
    Setting("RATE_CLIENT", "60", "Burst of one client, then one a second; 0 is no limit."),
    Setting("RATE_KEY", "20", "Requests a second of one auditor's key; 0 is no limit."),
    Setting("SMTP_URL", "", "smtp://user:password@host:587 for mail; none is sent if empty."),
    Setting("MAIL_FROM", "", "Sender of mail."),
    Setting("ALERTS_PRIVATE", "0", "1 lets alerts of scans go to addresses of a private network."),
)


@dataclass(frozen=True)
class Config:
    """What SETTINGS came to; `origin` is BASE_URL without a path."""

    port: int
    host: str
    base_url: str
    database_url: str
    instance_path: Path
    geo_db: Path | None
    trusted_proxies: tuple[Network, ...]
    cdn_country_header: str | None
    secret_key: str
    signer_state: Path
    ledger: bool
    witness_policy: Policy | None
    demo: bool
    rate_site: int
    rate_client: int
    rate_key: int
    smtp_url: str | None
    mail_from: str | None
    alerts_private: bool

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def own_host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def log_base(self) -> str:
        """What the origins of this server's logs begin with: BASE_URL without its scheme."""
        return self.base_url.partition("://")[2].rstrip("/").replace(" ", "-").replace("+", "-")

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load(environ: Mapping[str, str]) -> Config:
    """Read SETTINGS from `environ` (NAME, or a file named by NAME_FILE); raises ConfigError."""
    raw = {setting.name: _read(setting, environ) for setting in SETTINGS}
    instance = Path(raw["INSTANCE_PATH"]).resolve()
    port = _whole("PORT", raw, 0, 65535)
    return Config(
        port=port,
        host=raw["HOST"],
        base_url=_base_url(raw, port),
        database_url=_database_url(raw["DATABASE_URL"], instance),
        instance_path=instance,
        geo_db=Path(raw["GEO_DB"]) if raw["GEO_DB"] else None,
        trusted_proxies=_networks(raw["TRUSTED_PROXIES"]),
        cdn_country_header=raw["CDN_COUNTRY_HEADER"] or None,
        secret_key=raw["SECRET_KEY"] or _kept_secret(instance),
        signer_state=Path(raw["SIGNER_STATE"] or instance / "signer").resolve(),
        ledger=_switch("LEDGER", raw),
        witness_policy=_policy(raw["WITNESS_POLICY"]),
        demo=_switch("DEMO", raw),
        rate_site=_whole("RATE_SITE", raw),
        rate_client=_whole("RATE_CLIENT", raw),
        rate_key=_whole("RATE_KEY", raw),
        smtp_url=_smtp(raw["SMTP_URL"]),
        mail_from=raw["MAIL_FROM"] or None,
        alerts_private=_switch("ALERTS_PRIVATE", raw),
    )


def _read(setting: Setting, environ: Mapping[str, str]) -> str:
    file = environ.get(f"{setting.name}_FILE")
    if file is None:
        return environ.get(setting.name, setting.default).strip()
    if setting.name in environ:
        raise ConfigError(f"Set {setting.name} or {setting.name}_FILE, not both.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{setting.name}_FILE cannot be read: {error.strerror}.") from error


def _whole(name: str, raw: Mapping[str, str], low: int = 0, high: int = 10**9) -> int:
    text = raw[name]
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def _switch(name: str, raw: Mapping[str, str]) -> bool:
    if raw[name] not in ("0", "1", ""):
        raise ConfigError(f"{name} must be 0 or 1, not {raw[name]!r}.")
    return raw[name] == "1"


def _base_url(raw: Mapping[str, str], port: int) -> str:
    url = raw["BASE_URL"].rstrip("/") or f"http://{raw['HOST']}:{port}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"BASE_URL must look like https://consent.example.com, not {url!r}.")
    return url


def _database_url(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'crumbtrail.db'}"
    if url.startswith("postgresql://"):
        return "postgresql+psycopg://" + url.removeprefix("postgresql://")
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise ConfigError("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ConfigError(f"TRUSTED_PROXIES: {error}.") from error


def _policy(file: str) -> Policy | None:
    """The witnesses to ask. Those with an address must be able to satisfy the policy."""
    if not file:
        return None
    try:
        found = policy.parse(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"WITNESS_POLICY cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"WITNESS_POLICY: {error}.") from error
    asked = [one for one in found.witnesses if one.url]
    for one in asked:
        if urlsplit(one.url or "").scheme not in ("http", "https"):
            raise ConfigError(f"WITNESS_POLICY: the address of {one.name} is not http or https.")
    if not found.satisfied([one.key for one in asked]):
        raise ConfigError("WITNESS_POLICY: the witnesses with an address cannot satisfy it.")
    return found


def _smtp(url: str) -> str | None:
    if not url:
        return None
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:  # the sentence names no value: a password stands in it
        raise ConfigError("SMTP_URL must look like smtp://user:password@host:587.")
    return url


def _kept_secret(instance: Path) -> str:
    """The key made at first boot. Two processes that race agree: the file is made exclusively."""
    file = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with open(file, "x", encoding="ascii", opener=_private) as out:
            out.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return file.read_text(encoding="ascii")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
