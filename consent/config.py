"""The settings: one table, read once at boot. A wrong value stops the boot with a sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from . import databases, keyfile
from .databases import HOME, Others, Streams
from .saying import say
from .tlog import policy
from .tlog.policy import Policy

ROLES = ("owner", "editor", "auditor", "viewer")
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
    Setting("WORKERS", "1", "How many processes answer."),
    Setting("BASE_URL", "", "Public address of the server; http://HOST:PORT when empty."),
    Setting("DATABASE_URL", "", "sqlite:///… or postgresql://…; SQLite in INSTANCE_PATH if empty."),
    Setting(
        "INGEST", "", "nats://… of one or three servers that take choices first; none if empty."
    ),
    Setting("SHARDS", "", "Further databases, name=postgresql://… each; none if empty."),
    Setting("SHARD", "", "The database a command works on, by name; the first if empty."),
    Setting("INSTANCE_PATH", "instance", "Folder of the embedded database and the secret key."),
    Setting("GEO_DB", "", "A GeoIP2 or DB-IP file of your own; the shipped country file if empty."),
    Setting("TRUSTED_PROXIES", "", "Networks whose X-Forwarded-For is believed, comma-separated."),
    Setting("CDN_COUNTRY_HEADER", "", "Header in which a trusted proxy names the country."),
    Setting(
        "SECRET_KEY", "", "Key of the session cookies; made and kept in INSTANCE_PATH if empty."
    ),
    Setting(
        "FIELD_KEYS",
        "",
        "id:base64 keys of sealed fields, the first seals; kept in INSTANCE_PATH if empty.",
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
    Setting("RATE_KEY", "20", "Requests a second of one key or token; 0 is no limit."),
    Setting("SMTP_URL", "", "smtp://user:password@host:587 for mail; none is sent if empty."),
    Setting("MAIL_FROM", "", "Sender of mail."),
    Setting("REQUIRE_SECOND_FACTOR", "off", "Who needs a second factor: off, owners or all."),
    Setting("OIDC_ISSUER", "", "Address of an OpenID provider for single sign-on; none if empty."),
    Setting("OIDC_CLIENT_ID", "", "What the provider calls this server."),
    Setting("OIDC_CLIENT_SECRET", "", "The secret the provider gave with it."),
    Setting(
        "OIDC_ROLE", "", "Role of whoever comes by it for the first time; empty lets nobody new in."
    ),
    Setting("REGION", "", "Where this server stores: EEA, GB, CH, NA …; unstated if empty."),
    Setting("METRICS_TOKEN", "", "Bearer token that opens /metrics, 16 characters or more."),
    Setting("METRICS_FROM", "127.0.0.0/8, ::1/128", "Networks that may read /metrics without it."),
    Setting("LOG_FORMAT", "text", "text, or json for one object a line."),
    Setting("LOG_REQUESTS", "0", "1 writes a line a request: route, status, time; nobody's data."),
    Setting(
        "ALERTS_PRIVATE", "0", "1 lets webhooks and alerts go to addresses of a private network."
    ),
    Setting("RENDERINGS", "1", "0 takes no pictures of what is published (docs/design.md)."),
    Setting("CONSENT_ALERTS", "1", "0 tells nobody when consent falls (docs/publishing.md)."),
)


# Where records are kept: the European Economic Area, the United Kingdom, Switzerland, North and
# South America, Africa, the Middle East, Asia, Oceania.
REGIONS = ("EEA", "GB", "CH", "NA", "SA", "AF", "ME", "AS", "OC")
SECRETS = tuple("SECRET_KEY FIELD_KEYS SMTP_URL DATABASE_URL SHARDS METRICS_TOKEN INGEST".split())
ALIKE = 0.84  # how near a name must come to a setting's to be taken for a slip


@dataclass(frozen=True)
class Shown:
    """A setting as `flask settings` shows it; `origin` is default, environment or file."""

    setting: Setting
    value: str
    origin: str


def table(environ: Mapping[str, str]) -> list[Shown]:
    """Every setting with where its value comes from; secrets are masked. Raises ConfigError."""
    found = []
    for setting in SETTINGS:
        value, origin = _read(setting, environ), "default"
        if f"{setting.name}_FILE" in environ:
            origin = "file"
        elif setting.name in environ:
            origin = "environment"
        masked = "(set)" if value and setting.name in SECRETS else value
        found.append(Shown(setting, masked, origin))
    return found


def slips(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable whose name is nearly that of a setting which is not set."""
    known = {setting.name for setting in SETTINGS}
    unset = {name for name in known if name not in environ and f"{name}_FILE" not in environ}
    said: list[str] = []
    for name in sorted(environ):
        bare = name.removesuffix("_FILE")
        near = difflib.get_close_matches(bare, unset, 1, ALIKE)
        if bare not in known and near:
            said.append(
                say("%(name)s is not a setting; did you mean %(near)s?", name=name, near=near[0])
            )
    return said


@dataclass(frozen=True)
class Provider:
    """An OpenID provider: its issuer, exactly as it calls itself, and who we are to it."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)


@dataclass(frozen=True)
class Config:
    """What SETTINGS came to. `shards` are the databases besides `database_url`, (name, address)
    each; `shard` is the one that is worked on, HOME or one of them."""

    port: int
    host: str
    workers: int
    base_url: str
    database_url: str = field(repr=False)
    ingest: Streams = field(repr=False)
    shards: Others = field(repr=False)
    shard: str
    instance_path: Path
    geo_db: Path | None
    trusted_proxies: tuple[Network, ...]
    cdn_country_header: str | None
    secret_key: str = field(repr=False)
    field_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    field_keys_kept: bool
    signer_state: Path
    ledger: bool
    witness_policy: Policy | None
    demo: bool
    rate_site: int
    rate_client: int
    rate_key: int
    smtp_url: str | None = field(repr=False)
    mail_from: str | None
    region: str | None
    metrics_token: str | None = field(repr=False)
    metrics_from: tuple[Network, ...]
    log_json: bool
    log_requests: bool
    alerts_private: bool
    require_second_factor: str  # off, owners or all
    oidc: Provider | None
    oidc_role: str | None
    renderings: bool
    consent_alerts: bool

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
    def here(self) -> str:
        """The address of the database that is worked on."""
        return dict(self.shards).get(self.shard, self.database_url)

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load(environ: Mapping[str, str]) -> Config:
    """Read SETTINGS from `environ` (NAME, or a file named by NAME_FILE); raises ConfigError."""
    raw = {setting.name: _read(setting, environ) for setting in SETTINGS}
    instance = _folder("INSTANCE_PATH", Path(raw["INSTANCE_PATH"]))
    database_url, shards, ingest = _databases(raw, instance)
    port = _whole("PORT", raw, 0, 65535)
    return Config(
        port=port,
        workers=_whole("WORKERS", raw, 1, 64),
        host=_matching("HOST", raw, r"[A-Za-z0-9.:_-]+", "an address or a name of this machine"),
        base_url=_base_url(raw, port),
        database_url=database_url,
        ingest=ingest,
        shards=shards,
        shard=_one_of("SHARD", raw, (HOME, *dict(shards))) or HOME,
        instance_path=instance,
        geo_db=Path(raw["GEO_DB"]) if raw["GEO_DB"] else None,
        trusted_proxies=_networks("TRUSTED_PROXIES", raw),
        cdn_country_header=_matching(
            "CDN_COUNTRY_HEADER", raw, r"|[A-Za-z0-9-]+", "a header's name"
        )
        or None,
        field_keys=_field_keys(raw["FIELD_KEYS"], instance),
        secret_key=_matching("SECRET_KEY", raw, r"|(?s:.{8,})", "8 characters or more")
        or keyfile.kept(instance, "secret_key", keyfile.new_secret),
        field_keys_kept=not raw["FIELD_KEYS"],
        signer_state=_folder("SIGNER_STATE", Path(raw["SIGNER_STATE"] or instance / "signer")),
        ledger=_switch("LEDGER", raw),
        witness_policy=_policy(raw["WITNESS_POLICY"]),
        demo=_switch("DEMO", raw),
        rate_site=_whole("RATE_SITE", raw),
        rate_client=_whole("RATE_CLIENT", raw),
        rate_key=_whole("RATE_KEY", raw),
        smtp_url=_smtp(raw["SMTP_URL"]),
        mail_from=_matching("MAIL_FROM", raw, r"|[^@\s]+@[^@\s]+", "an e-mail address") or None,
        region=_one_of("REGION", raw, REGIONS),
        metrics_token=_matching(
            "METRICS_TOKEN", raw, r"|[!-~]{16,200}", "16 to 200 signs without a space"
        )
        or None,
        metrics_from=_networks("METRICS_FROM", raw),
        log_json=_one_of("LOG_FORMAT", raw, ("text", "json")) == "json",
        log_requests=_switch("LOG_REQUESTS", raw),
        alerts_private=_switch("ALERTS_PRIVATE", raw),
        require_second_factor=_one_of("REQUIRE_SECOND_FACTOR", raw, ("off", "owners", "all"))
        or "off",
        oidc=_oidc(raw),
        oidc_role=_one_of("OIDC_ROLE", raw, ROLES),
        renderings=_switch("RENDERINGS", raw),
        consent_alerts=_switch("CONSENT_ALERTS", raw),
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


def _databases(raw: Mapping[str, str], instance: Path) -> tuple[str, Others, Streams]:
    try:
        first = databases.first(raw["DATABASE_URL"], instance)
        others = databases.others(raw["SHARDS"], first)
        return first, others, databases.streams(raw["INGEST"])
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _networks(name: str, raw: Mapping[str, str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in raw[name].split(",") if part.strip())
    except ValueError as error:
        raise ConfigError(f"{name}: {error}.") from error


def _matching(name: str, raw: Mapping[str, str], pattern: str, wanted: str) -> str:
    """The sentence names no value: it may be a secret."""
    if not re.fullmatch(pattern, raw[name]):
        raise ConfigError(f"{name} must be {wanted}.")
    return raw[name]


def _folder(name: str, path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{name} must be a folder, and {path} is not one.")
    return path.resolve()


def _one_of(name: str, raw: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    """None where it is empty."""
    if raw[name] and raw[name] not in known:
        raise ConfigError(f"{name} must be one of {', '.join(known)}, not {raw[name]!r}.")
    return raw[name] or None


def _field_keys(text: str, instance: Path) -> tuple[tuple[str, bytes], ...]:
    try:
        kept = keyfile.kept(instance, "field_keys", keyfile.new_field_key) if not text else text
        return keyfile.field_keys(kept)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(f"INSTANCE_PATH cannot be written to: {error.strerror}.") from error


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


def _oidc(raw: Mapping[str, str]) -> Provider | None:
    issuer, client = raw["OIDC_ISSUER"], raw["OIDC_CLIENT_ID"]
    if not issuer:
        for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
            if raw[name]:
                raise ConfigError(f"{name} means nothing without OIDC_ISSUER.")
        return None
    if not safe_address(issuer):
        raise ConfigError("OIDC_ISSUER must look like https://login.example.com/realm.")
    if not client:
        raise ConfigError("OIDC_CLIENT_ID is needed where OIDC_ISSUER is set.")
    return Provider(issuer, client, raw["OIDC_CLIENT_SECRET"] or None)


def safe_address(url: str) -> bool:
    """Whether secrets may be sent there: https, or this machine itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        return False
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and here)
