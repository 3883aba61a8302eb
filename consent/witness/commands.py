"""`flask --app app witness …`: run a witness for other people's logs, and say which logs."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ..parts import parts
from ..tlog.merkle import Wrong
from ..tlog.note import parse_vkey
from .memory import Witness
from .server import create

group = AppGroup("witness", help="A witness of other people's logs, a server of its own.")
in_folder = click.option(
    "--folder", type=click.Path(path_type=Path), help="Its own; INSTANCE_PATH/witness if empty."
)


@group.command("run")
@click.option("--port", default=8010, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--name", help="What it signs as, such as witness.example.com; kept for ever.")
@click.option(
    "--logs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of logs' verifier keys, one a line.",
)
@in_folder
def run(port: int, host: str, name: str | None, logs: Path | None, folder: Path | None) -> None:
    """Serve until Ctrl-C."""
    witness = _opened(folder, name)
    for line in logs.read_text("utf-8").splitlines() if logs else ():
        if line.strip() and not line.startswith("#"):
            _know(witness, line.strip())
    server = Granian(
        "consent.witness",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        workers_kill_timeout=5,
        blocking_threads=16,
        http1_settings=HTTP1Settings(header_read_timeout=5000),
        websockets=False,
        log_level=LogLevels.error,
    )
    lines = [f"The witness {witness.name} answers on http://{host}:{port}/"]
    lines += [f"its key: {one.vkey}" for one in witness.verifiers]
    server.on_startup(lambda: click.echo("\n".join(lines)))
    server.serve(target_loader=partial(worker, _folder(folder)), wrap_loader=False)


@group.command("add")
@click.argument("vkey")
@in_folder
def add(vkey: str, folder: Path | None) -> None:
    """Watch the log of that verifier key (a line of its /log/vkeys)."""
    _know(_opened(folder, None), vkey)
    click.echo("It is known from now on.")


@group.command("list")
@in_folder
def every(folder: Path | None) -> None:
    """The keys of the logs it watches, and how many entries of each it has cosigned."""
    for verifier, size in _opened(folder, None).logs():
        click.echo(f"{size}\t{verifier.vkey}")


def worker(folder: Path) -> Flask:
    """The witness in the server's worker process, which its parent's own signal ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return create(Witness(folder), lambda: datetime.now(UTC))


def _folder(folder: Path | None) -> Path:
    return (folder or parts().config.instance_path / "witness").resolve()


def _opened(folder: Path | None, name: str | None) -> Witness:
    try:
        return Witness(_folder(folder), name)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _know(witness: Witness, vkey: str) -> None:
    try:
        witness.know(parse_vkey(vkey))
    except Wrong as wrong:
        raise click.ClickException(f"{wrong}.".capitalize()) from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
