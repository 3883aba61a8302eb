"""`python -m consent.gate --upstream http://127.0.0.1:5000 --site shop.example --server https://…`:
the gate as a proxy, for a website in any language. It needs granian (`pip install granian`)."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from .proxy import Forward

OPTIONS = ("upstream", "site", "server", "public", "rules", "keep", "every")


def main() -> None:
    told = _told()
    Forward(told["upstream"])  # a wrong address ends it here, with a sentence
    os.environ["CRUMBTRAIL_GATE"] = json.dumps(
        {name: told[name] for name in OPTIONS if told[name] is not None}
        | {"insert": not told["no_insert"]}
    )
    host, _, port = told["listen"].rpartition(":")
    server = Granian(
        "consent.gate.proxy:from_environment",
        factory=True,
        address=host or "127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=told["workers"],
        blocking_threads=told["threads"],
        websockets=False,
        log_level=LogLevels.error,
    )
    server.on_startup(lambda: print(f"The gate listens on {told['listen']}", flush=True))
    server.serve()


def _told() -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m consent.gate", description=__doc__)
    parser.add_argument("--upstream", required=True, help="the website, like http://127.0.0.1:5000")
    parser.add_argument("--site", required=True, help="the site's key, like shop.example")
    parser.add_argument("--server", required=True, help="the Crumbtrail server's address")
    parser.add_argument("--public", help="the same as browsers see it, if that is another; /_ct")
    parser.add_argument("--rules", help="a file or an address to read the rules from instead")
    parser.add_argument("--keep", help="a file for the last rules, for a start without the server")
    parser.add_argument("--every", type=float, help="seconds between two looks at the rules (60)")
    parser.add_argument("--no-insert", action="store_true", help="the pages have our elements")
    parser.add_argument("--listen", default="127.0.0.1:8100", help="host and port")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=64, help="answers at one time")
    return vars(parser.parse_args())


if __name__ == "__main__":
    main()
