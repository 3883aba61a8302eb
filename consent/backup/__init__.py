"""Backups: one file with the database as it was at one moment, and what is needed to go on from it.

package   the file: a tar of named members behind a manifest with their digests
database  a consistent copy of either database while the server writes, and its way back
keys      the keys, under a passphrase
commands  `flask --app app backup|restore`

A backup is an ordinary tar, so that it can be opened without us: `manifest.json`, `database.sqlite`
or `database.pgdump`, `signer.db`, and, where a passphrase was given, `keys.json`.
"""

from .commands import backup, restore

__all__ = ["backup", "restore"]
