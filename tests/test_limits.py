"""Leaky buckets: what passes, who waits, and what is remembered of whom."""

import subprocess
import sys
import threading
import tracemalloc
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.limits import Limiter, client_key

ROOT = Path(__file__).parent.parent
NOW = 1_795_000_000.0


def test_a_burst_passes_and_the_next_one_waits_for_the_rate():
    limiter = Limiter(rate_per_s=1, burst=60)
    assert [limiter.take("a", NOW) for _ in range(60)] == [0.0] * 60
    assert limiter.take("a", NOW) == pytest.approx(1.0, abs=1e-3)
    assert limiter.take("a", NOW + 1.0) == 0.0
    assert limiter.take("a", NOW + 1.0) > 0.9


def test_a_refusal_uses_nothing_up():
    limiter = Limiter(rate_per_s=1, burst=1)
    limiter.take("a", NOW)
    waits = [limiter.take("a", NOW) for _ in range(50)]
    assert min(waits) == max(waits) > 0


def test_one_key_does_not_use_up_what_another_may():
    limiter = Limiter(rate_per_s=1, burst=1)
    assert limiter.take("a", NOW) == 0.0
    assert limiter.take("b", NOW) == 0.0
    assert limiter.take("a", NOW) > 0


def test_a_withdrawal_at_a_tenth_of_the_cost_has_ten_times_the_budget():
    limiter = Limiter(rate_per_s=1, burst=60)
    assert sum(limiter.take("a", NOW, cost=0.1) == 0.0 for _ in range(700)) == 600


def test_a_rate_of_zero_is_no_limit_and_remembers_nobody():
    limiter = Limiter(rate_per_s=0, burst=1)
    assert [limiter.take("a", NOW) for _ in range(100)] == [0.0] * 100
    assert len(limiter) == 0


def test_a_clock_that_steps_back_does_not_open_the_gate():
    limiter = Limiter(rate_per_s=1, burst=1)
    limiter.take("a", NOW)
    assert limiter.take("a", NOW - 10) > 10


def test_memory_is_bounded_and_the_least_recent_are_forgotten():
    limiter = Limiter(rate_per_s=1, burst=1, max_keys=3)
    for key in ("a", "b", "c", "d"):
        limiter.take(key, NOW)
    assert len(limiter) == 3
    assert limiter.take("d", NOW) > 0, "the latest is remembered"
    assert limiter.take("a", NOW) == 0.0, "the oldest starts anew"


def test_what_counts_choices_by_their_address_takes_64_mebibytes_at_most():
    limiter = Limiter(rate_per_s=1, burst=60)
    tracemalloc.start()
    try:
        for number in range(100_100):
            limiter.take(client_key(IPv4Address(number)), NOW)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(limiter) == 100_000
    assert 3 * taken <= 64 * 2**20, "there are three: choices, withdrawals, bursts"


def test_who_has_the_whole_burst_again_is_forgotten():
    limiter = Limiter(rate_per_s=1, burst=5)
    for number in range(10_000):
        assert limiter.take(f"address {number}", NOW + number / 100) == 0.0
    assert len(limiter) <= 101, "those of the last second"


def test_threads_together_get_one_burst_and_no_more():
    limiter = Limiter(rate_per_s=0.001, burst=100)
    passed: list[int] = []

    def hammer() -> None:
        passed.append(sum(limiter.take("a", NOW) == 0.0 for _ in range(100)))

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 100


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 100),
    gaps=st.lists(st.floats(0, 2), max_size=60),
)
def test_no_more_passes_than_the_burst_and_the_rate_allow(rate, burst, gaps):
    limiter = Limiter(rate, burst)
    now, passed = NOW, 0
    for gap in gaps:
        now += gap
        passed += limiter.take("a", now) == 0.0
    assert passed <= burst + (now - NOW) * rate + 0.1


@given(rate=st.floats(0.1, 100), burst=st.integers(1, 10), extra=st.integers(1, 20))
def test_who_waits_as_long_as_told_passes(rate, burst, extra):
    limiter = Limiter(rate, burst)
    for _ in range(burst + extra):
        wait = limiter.take("a", NOW)
    assert wait > 0
    assert limiter.take("a", NOW + wait) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        (None, "not an address", True),
        (None, "192.0.2.1", False),
    ],
)
def test_a_client_is_an_ipv4_host_or_an_ipv6_network(one, other, same):
    assert (client_key(one) == client_key(other)) is same


def test_a_key_means_nothing_in_another_process():
    print_key = "from consent.limits import client_key; print(client_key('192.0.2.1'))"
    other = subprocess.run(
        [sys.executable, "-c", print_key], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert len(other.stdout.strip()) == len(client_key("192.0.2.1")) == 32
    assert other.stdout.strip() != client_key("192.0.2.1")
