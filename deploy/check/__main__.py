"""Looks at everything in deploy/, with whatever programs are here; says what it could not run.

    python -m deploy.check          every file is parsed; nginx, caddy, nats-server, promtool,
                                    systemd-analyze, hadolint, helm and docker compose look too,
                                    where they are here
    python -m deploy.check.live     a server behind nginx with TLS on this machine, and one behind
                                    an nginx that caches by country

Exit code 1 if anything is wrong. What could not run is named and is not wrong.
"""

from __future__ import annotations

import sys

from . import files, recipe
from .verdict import report

CHECKS = (
    files.settings,
    files.dockerfile,
    files.compose,
    files.alerts,
    files.dashboard,
    files.unit,
    recipe.nginx,
    recipe.edge,
    files.caddy,
    files.nats,
    files.chart,
    files.patroni,
)

if __name__ == "__main__":
    sys.exit(report(CHECKS))
