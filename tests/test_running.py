"""`make run` from outside: what it prints, that it keeps the data, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

from tests.server import Server

LINES = (
    r"^Crumbtrail is ready: {url}$",
    r"^demo: {url}/demo/voipstudio\.pl/$",
    r"^admin: {url}/admin/$",
    r"^owner: \S+@\S+ \S+$",
    r"^auditor key: ctk_[0-9a-z]+_[A-Za-z0-9_-]{{43}} \(four sites, until \d{{4}}-\d\d-\d\d\)$",
)


def test_the_first_start_prints_the_five_lines_in_order(server: Server) -> None:
    places = [server.said(line.format(url=server.url)).start() for line in LINES]
    assert places == sorted(places)


def test_the_first_start_publishes_a_notice_for_each_of_the_four_sites(server: Server) -> None:
    for site in ("voipstudio.pl", "voip.ms", "iplum.com", "sipsim.com"):
        shown = server.get(f"/v1/{site}/notice")
        assert shown.status == 200 and shown.json()["version"] == 1
        assert server.audit(f"{site}/notices/{shown.json()['notice']}")["site"] == site


def test_ctrl_c_ends_it_cleanly_and_the_next_start_keeps_the_data(
    make_server: Callable[..., Server],
) -> None:
    running = make_server()
    before = running.get("/v1/voipstudio.pl/notice").json()["notice"]
    key = running.auditor_key
    assert running.stop() == 0
    assert "Traceback" not in running.words()
    running.start()
    assert running.get("/v1/voipstudio.pl/notice").json()["notice"] == before
    assert running.auditor_key == key and "records" in running.audit("voipstudio.pl/records")
    again = running.words()[len(running.first_words) :]
    assert "owner: " not in again and "flask --app app user password" in again


def test_a_wrong_setting_stops_the_start_with_a_sentence(
    make_server: Callable[..., Server],
) -> None:
    try:
        make_server(PORT="eight thousand")
    except AssertionError as stopped:
        assert "PORT must be a whole number" in str(stopped)
        assert "Traceback" not in str(stopped)
    else:
        raise AssertionError("it started")
