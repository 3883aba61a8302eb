"""Two web processes over two databases, real HTTP, and a site that moves while visitors choose."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.tlog import checkpoint, note
from consent.verify.keys import Keys, parse_lines
from consent.verify.receipt import prove
from tests.acts import SECRET
from tests.databases import Databases, lent
from tests.faults.load import SITE, Load, grown, post
from tests.server import Server

pytestmark = pytest.mark.postgresql_only
PATIENCE = 120.0


@pytest.fixture
def servers(databases: Databases, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    with lent(databases) as url, lent(databases) as two:
        made = [Server(tmp_path / "one", url, SHARDS=f"two={two}")]
        made[0].start()
        same = {"INSTANCE_PATH": made[0].environ["INSTANCE_PATH"], "BASE_URL": made[0].url}
        made.append(Server(tmp_path / "other", url, SHARDS=f"two={two}", **same))
        made[1].start()
        yield made[0], made[1]
        for one in made:
            if one.process is not None:
                one.kill()


def test_a_site_moves_there_and_back_under_load(servers: tuple[Server, Server]) -> None:
    one, other = servers
    loads = [Load(one), Load(other)]
    for to in ("two", "home", "two"):
        for load in loads:
            grown(load, 20)
        done = one.flask("shard", "move", SITE, to)
        assert done.returncode == 0, done.stderr
    for load in loads:
        grown(load, 20)
        load.end()
        assert not load.unknown and not load.unequal, load.unequal[:3]
    answered = [*loads[0].answered, *loads[1].answered]
    assert len(answered) >= 160
    listed = one.flask("shard", "list").stdout
    assert f"\t{SITE}\t{len(answered)} records\topen" in listed
    other.kill()
    other.start()  # and the demo finds its site elsewhere
    again = [post(other, body) for body, _ in answered]
    wrong = [r.text for r, (_, first) in zip(again, answered, strict=True) if r.body != first]
    assert wrong == [] and {reply.status for reply in again} == {200}
    _one_log(one, [*loads[0].notes, *loads[1].notes])
    _proven(one, answered[0][1], answered[-1][1])
    for shard in ("home", "two"):
        said = one.flask("ledger", "fsck", SHARD=shard)
        assert said.returncode == 0, said.stdout


def _one_log(server: Server, notes: list[str]) -> None:
    """Every checkpoint that was ever published agrees with the logs as they are."""
    origins = set()
    for text in notes:
        said = server.post("/log/check", text.encode()).json()
        assert said.get("agrees") is True, said
        origins.add(checkpoint.parse(note.parse(text)[0]).origin)
    assert len(origins) == 2, origins  # the site's, and the first database's


def _proven(server: Server, *answers: bytes) -> None:
    keys = parse_lines(server.get("/log/vkeys").text)
    end = time.monotonic() + PATIENCE
    for answer in answers:
        path = json.loads(answer)["receipt"]
        while not (told := server.get(path, Authorization=f"Visitor {SECRET}").json())["proof"]:
            assert time.monotonic() < end, "the last choice is not proven"
            time.sleep(0.1)
        assert prove(told, Keys(), keys).above.origin.endswith("/shards/two/log")
