"""The commands of `flask --app app`, by name: a module of theirs is read when one is asked for, so
that a process which only serves holds none of them."""

from __future__ import annotations

import importlib
from typing import cast

import click
from flask.cli import AppGroup

# Where each stands: `module:attribute` below this package. A second place is a group whose commands
# belong to the first as well.
COMMANDS = {
    "backup": "backup.commands:backup",
    "catalogue": "cli_classify:group",
    "classify": "cli_classify:classify",
    "export": "cli:export",
    "gvl": "vendors_cli:gvl_group",
    "import": "cli_import:group",
    "ingest": "cli_ingest:group",
    "key": "cli:key_group",
    "ledger": "cli:ledger_group",
    "migrate": "cli:migrate",
    "notice": "cli_notice:group",
    "org": "cli_people:org_group",
    "own": "cli_own:own",
    "policy": "cli_policy:group",
    "preview": "cli_preview:preview",
    "preview-answers": "cli_preview:preview_answers",
    "record": "cli:record_group",
    "renderings": "cli_renderings:group",
    "restore": "backup.commands:restore",
    "retention": "cli_retention:group",
    "scan": "cli_scan:scan",
    "sealing": "cli_sealing:group",
    "serve": "cli:serve",
    "settings": "cli_settings:settings",
    "shard": "cli_shard:group",
    "site": "cli:site_group cli_configure:site_group",
    "statistics": "cli_statistics:group",
    "texts": "wording:group",
    "token": "cli_configure:token_group",
    "user": "cli_people:user_group cli_door:user_group",
    "visits": "cli_probe:visits",
    "webhook": "cli_configure:webhook_group",
    "witness": "witness.commands:group",
}


class Commands(AppGroup):
    """What stands in COMMANDS, and what is added as to any group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS and name not in self.commands:
            self.add_command(found(name), name)
        return super().get_command(ctx, name)


def found(name: str) -> click.Command:
    """The command of that name, its module read."""
    first, *others = (_standing(place) for place in COMMANDS[name].split())
    for other in others:
        for command in cast(click.Group, other).commands.values():
            cast(click.Group, first).add_command(command)
    return first


def _standing(place: str) -> click.Command:
    module, _, attribute = place.partition(":")
    read = importlib.import_module(f"{__package__}.{module}")
    return cast(click.Command, getattr(read, attribute))
