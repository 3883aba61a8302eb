"""`flask --app app backup FILE` and `restore FILE`."""

from __future__ import annotations

import base64
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from .. import trail
from ..db import db, rfc3339
from ..parts import Parts, parts
from ..signing import write_private
from . import database, keys, package
from .package import Broken

a_file = click.Path(dir_okay=False, path_type=Path)
there = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--passphrase-file", type=there, help="Puts the keys in too, under this passphrase.")
@with_appcontext
def backup(file: Path, passphrase_file: Path | None) -> None:
    """Copy the database to FILE (or into a folder) while the server runs and writes."""
    known = parts()
    at = known.clock()
    if file.is_dir():
        file = file / f"crumbtrail-{at:%Y%m%d-%H%M%S}.tar"
    try:
        with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix=".backup-") as made:
            facts = _taken(known, Path(made), at, passphrase_file)
            package.write(file, Path(made), facts)
    except (Broken, OSError) as why:
        raise click.ClickException(f"There is no backup: {why}") from None
    trail.write("backup", "cli", at, records=facts["records"], keys=facts["keys"])
    db.session.commit()
    click.echo(
        f"{file}: {facts['records']} records, {_size(facts)} ({file.stat().st_size:,} bytes)."
    )
    if not facts["keys"]:
        click.echo(
            "Without the keys: without FIELD_KEYS nobody reads the sealed fields, without the"
            " signer's keys the log cannot go on. Keep both elsewhere, or use --passphrase-file.",
            err=True,
        )


@click.command("restore")
@click.argument("file", type=there)
@click.option("--force", is_flag=True, help="Although there is a database already.")
@click.option("--passphrase-file", type=there, help="Puts the keys back where there are none.")
@click.option("--look", is_flag=True, help="Only check the file, and say what is in it.")
@with_appcontext
def restore(file: Path, force: bool, passphrase_file: Path | None, look: bool) -> None:
    """Put the backup FILE in the database's place. Stop the server first."""
    known = parts()
    try:
        with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix=".restore-") as made:
            folder = Path(made)
            manifest = _checked(known, file, folder, look)
            if look:
                return
            words = _passphrase(passphrase_file)
            opened = keys.open_((folder / "keys.json").read_text("utf-8"), words) if words else {}
            db.session.remove()
            db.engine.dispose()
            aside = database.put(known.config.here, folder, datetime.now(UTC), force)
            lost = _memory(known, folder, opened)
    except (Broken, OSError) as why:
        raise click.ClickException(f"Nothing was restored: {why}") from None
    if aside:
        click.echo(f"What was there is now {aside}.")
    _afterwards(known, manifest, lost, bool(opened))


def _taken(
    known: Parts, folder: Path, at: datetime, passphrase_file: Path | None
) -> dict[str, Any]:
    """The signer's memory first: what it had signed by then, the database copied later holds."""
    signer = known.ledger.signer.folder
    if (signer / "state.db").exists():
        database.copy_sqlite(signer / "state.db", folder / "signer.db")
    facts = database.copy(known.config.here, folder)
    words = _passphrase(passphrase_file)
    if words:
        kept = {"secret_key": known.config.secret_key, "field_keys": _field_keys(known)}
        if (signer / "keys.json").exists():
            kept["signer_keys"] = (signer / "keys.json").read_text("ascii")
        (folder / "keys.json").write_text(keys.close(kept, words), "ascii")
    ids = [name for name, _ in known.config.field_keys]
    engine = database.engine_name(known.config.here)
    return {"at": rfc3339(at), "engine": engine, **facts, "field_keys": ids, "keys": bool(words)}


def _checked(known: Parts, file: Path, folder: Path, look: bool) -> dict[str, Any]:
    manifest = package.unpack(file, folder)
    click.echo(f"{file}: of {manifest['at']}, {manifest['records']} records, {_size(manifest)}.")
    engine = database.engine_name(known.config.here)
    if manifest["engine"] != engine and not look:
        raise Broken(f"it is of {manifest['engine']}, and DATABASE_URL is {engine}.")
    if engine == "sqlite" and manifest["engine"] == engine:
        held = database.stated(f"sqlite:///{folder / database.NAMES['sqlite']}")
        if any(manifest[name] != value for name, value in held.items()):
            raise Broken("the database in it is not the one that its manifest names.")
    return manifest


def _memory(known: Parts, folder: Path, opened: dict[str, str]) -> bool:
    """Keys and signer's memory, only where there are none: what is here is newer, and counts.

    Whether the signer's memory came from the backup.
    """
    settings, signer = known.config, known.ledger.signer.folder
    signer.mkdir(parents=True, exist_ok=True, mode=0o700)
    if "signer_keys" in opened and not (signer / "keys.json").exists():
        # A new machine: its secret key was made at this start, for want of the old one.
        write_private(settings.instance_path / "secret_key", opened["secret_key"])
        write_private(signer / "keys.json", opened["signer_keys"])
    if "field_keys" in opened and settings.field_keys_kept:
        file = settings.instance_path / "field_keys"
        lines = dict.fromkeys([*file.read_text("ascii").split(), *opened["field_keys"].split()])
        write_private(file, "\n".join(lines))  # the first seals, all of them open
    if (signer / "state.db").exists() or not (folder / "signer.db").exists():
        return False
    database.copy_sqlite(folder / "signer.db", signer / "state.db")
    return True


def _afterwards(known: Parts, manifest: dict[str, Any], lost: bool, keys_back: bool) -> None:
    """Whatever is left to do, said or done."""
    held = database.stated(known.config.here)
    if held != {name: manifest[name] for name in held}:
        raise click.ClickException("What was restored is not what the manifest names. Try again.")
    click.echo("Restored, and it is what the manifest names.")
    if lost:
        click.echo(
            "The signer's memory came from the backup too. If anything was signed after it, begin"
            " the logs anew before you serve: flask --app app ledger recover --every"
            " (docs/reliability.md)."
        )
    if keys_back:
        click.echo("The keys are back; FIELD_KEYS and SECRET_KEY of the environment go first.")
    click.echo(
        "Start the server: it migrates, erases again what was erased since, and looks at the log."
    )


def _field_keys(known: Parts) -> str:
    file = known.config.instance_path / "field_keys"
    if known.config.field_keys_kept:
        return file.read_text("ascii")
    return "\n".join(
        f"{name}:{base64.b64encode(key).decode()}" for name, key in known.config.field_keys
    )


def _passphrase(file: Path | None) -> str:
    words = file.read_text("utf-8").strip() if file else ""
    if file and len(words) < keys.SHORTEST:
        raise Broken(f"the passphrase must have {keys.SHORTEST} characters or more.")
    return words


def _size(facts: dict[str, Any]) -> str:
    return f"{facts['log']['size']} entries in the log" if facts["log"] else "no log yet"
