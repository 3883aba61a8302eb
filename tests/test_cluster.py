"""Where machines are lost: PostgreSQL that fails over by itself, and web processes apart."""

from __future__ import annotations

import json
import time
import urllib.request

import psycopg
import pytest

from tests.cluster import Visitors, outcome, running, walked, whole
from tests.patroni import Cluster, until
from tests.postgres import Missing


def patched(cluster: Cluster, **settings: object) -> None:
    """Change what the whole cluster goes by, as patronictl does."""
    url = f"http://127.0.0.1:{cluster.leader.rest}/config"
    sent = urllib.request.Request(url, json.dumps(settings).encode(), method="PATCH")
    urllib.request.urlopen(sent, timeout=10).close()


def alone(cluster: Cluster) -> bool:
    """Whether commits wait for nobody."""
    with psycopg.connect(cluster.url) as connection:
        found = connection.execute("SHOW synchronous_standby_names").fetchone()
    return found == ("",)


def test_what_was_acknowledged_outlives_the_machine_of_the_database() -> None:
    try:
        with running(2) as parts:
            steps = ["the web process that integrates", "the first primary's machine"]
            visitors = Visitors(parts.servers)
            walked(parts, visitors, steps, 1)
            found = outcome(parts, visitors.told)
    except Missing as why:
        pytest.skip(str(why))
    assert whole(found), found
    assert found["acknowledged"] > 20


def test_twin_a_commit_that_waits_for_no_standby_is_lost_with_its_machine() -> None:
    try:
        with running(1) as parts:
            cluster = parts.home
            patched(cluster, synchronous_mode=False, maximum_lag_on_failover=1 << 30)
            until(lambda: alone(cluster), "commits wait for nobody", cluster.words)
            behind, ahead = cluster.standby, cluster.leader
            visitors = Visitors(parts.servers)
            behind.lose()
            before = len(visitors.told.acknowledged)
            until(lambda: len(visitors.told.acknowledged) > before + 50, "some choose")
            ahead.lose()
            behind.start()
            until(lambda: any(n.leads for n in cluster.nodes), "the other leads", cluster.words)
            time.sleep(1)
            visitors.end()
            found = outcome(parts, visitors.told)
    except Missing as why:
        pytest.skip(str(why))
    assert found["lost"] > 10
