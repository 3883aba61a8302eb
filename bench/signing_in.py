"""Can it be told from the time of the answer whether an e-mail has an account?

    python bench/signing_in.py [LOGINS [cpu]]

1,000 wrong passwords for an e-mail that has one and 1,000 for such that have none, by turns,
over WSGI. Prints both medians, their difference and Welch's t. No test measures this: a busy
machine would fail it, and disturbs this too: `cpu` counts the processor's time alone. What a test
holds is that the same work is done (tests/test_walls.py).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app import create_app, utc_now
from consent import cli, config, users
from tests.routes import OURS, Person

KNOWN = "olga@example.com"
MOST_DIFFERENCE_MS, MOST_T = 5, 4.5


def main(logins: int, clock: Callable[[], float]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config.load({"INSTANCE_PATH": folder}))
        try:
            with app.app_context():
                cli.upgrade()
                users.add_user(KNOWN, "river lamp stone 42", "bench", utc_now())
            return told(*measured(Person(app.test_client()), logins, clock))
        finally:
            app.extensions["crumbtrail"].close()


def measured(
    person: Person, logins: int, clock: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each answer: for the e-mail that is known, for those that are not."""
    token = person.token("/admin/sign-in")
    known: list[float] = []
    unknown: list[float] = []
    for number in range(logins + 20):
        for email, times in ((KNOWN, known), (f"{number:04}@example.com", unknown)):
            person.client.application.extensions["crumbtrail_sign_in"]._tries.clear()
            form = {"csrf": token, "email": email, "password": "not the password"}
            begun = clock()
            reply = person.client.post("/admin/sign-in", data=form, headers=OURS)
            times.append((clock() - begun) * 1000)
            assert reply.status_code == 401, reply.text
    return known[20:], unknown[20:]  # the first ones warm up


def told(known: list[float], unknown: list[float]) -> int:
    difference = statistics.median(known) - statistics.median(unknown)
    spread = statistics.variance(known) / len(known) + statistics.variance(unknown) / len(unknown)
    t = (statistics.fmean(known) - statistics.fmean(unknown)) / spread**0.5
    print(f"known    {len(known):6} answers, median {statistics.median(known):8.3f} ms")
    print(f"unknown  {len(unknown):6} answers, median {statistics.median(unknown):8.3f} ms")
    print(f"difference of the medians {difference:+.3f} ms, Welch's t {t:+.2f}")
    return int(abs(difference) >= MOST_DIFFERENCE_MS or abs(t) >= MOST_T)


if __name__ == "__main__":
    often = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    sys.exit(main(often, time.process_time if "cpu" in sys.argv else time.perf_counter))
