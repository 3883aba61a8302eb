"""What the server serves, asked over ASGI: whole bodies, long answers, readers who leave."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from consent import serving
from consent.serving import Serving, environ_of
from tests.looped import exchange, run

PIECE = b"x" * 65_536
Start = Callable[[str, list[tuple[str, str]]], object]


def scope(method: str = "POST", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/ł",
        "query_string": b"a=%20",
        "headers": headers,
        "client": ("192.0.2.1", "4711"),
        "server": ("127.0.0.1", "8000"),
    }


def asked(app: Any, pieces: tuple[bytes, ...] = (b"",)) -> list[Any]:
    async def all_of_it() -> list[Any]:
        return await exchange(Serving(app), scope(), *pieces)

    return run(all_of_it())


def echo(environ: dict[str, Any], start: Start) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start("201 CREATED", [("Content-Length", str(len(body))), ("X-Thread", _thread())])
    return [body]


def _thread() -> str:
    return threading.current_thread().name.partition("_")[0]


def test_an_application_is_asked_in_a_thread_with_the_whole_body() -> None:
    began, body = asked(echo, (b"one, ", b"", b"two"))
    assert began["status"] == 201 and (b"X-Thread", b"answers") in began["headers"]
    assert body["body"] == b"one, two" and not body["more_body"]


def test_of_a_body_no_more_is_read_than_any_route_takes() -> None:
    began, *_ = asked(echo, (PIECE,) * 40)
    assert (b"Content-Length", str(serving.LARGEST).encode()) in began["headers"]


def test_what_breaks_off_within_a_body_is_refused_and_not_asked_about() -> None:
    asks = list[Any]()

    def app(environ: dict[str, Any], start: Start) -> list[bytes]:
        asks.append(environ)
        return echo(environ, start)

    async def broken_off() -> list[Any]:
        coming = iter(({"type": "http.request", "body": b"half", "more_body": True},))
        said: list[Any] = []

        async def receive() -> Any:
            return next(coming, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            said.append(message)

        await Serving(app)(scope(), receive, send)
        return said

    began, _ = run(broken_off())
    assert began["status"] == 400 and asks == []


def test_a_request_that_is_called_off_while_it_is_late_is_called_off() -> None:
    async def called_off() -> None:
        slow = serving.Slow(0.0)

        def waits() -> asyncio.Task[bool]:
            return asyncio.create_task(slow.within(asyncio.Event().wait()))

        late, both = waits(), waits()
        await asyncio.sleep(0)
        both.cancel()
        slow._look()
        told = await asyncio.gather(late, both, return_exceptions=True)
        assert [type(one) for one in told] == [TimeoutError, asyncio.CancelledError]

    run(called_off())


def test_whoever_sends_no_body_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BODY_S", 0.05)
    said: list[Any] = []

    async def ask() -> None:
        async def send(message: Any) -> None:
            said.append(message)

        await Serving(echo)(scope(), asyncio.Queue[Any]().get, send)

    run(ask())
    assert said[0]["status"] == 408 and said[1]["body"] == b"" and not said[1]["more_body"]


class Long:
    """An answer of many pieces, which counts them and knows when it is closed."""

    def __init__(self, pieces: int, fails: bool = False) -> None:
        self.left, self.fails, self.closed = pieces, fails, False

    def __call__(self, environ: dict[str, Any], start: Start) -> Long:
        start("200 OK", [("Content-Type", "text/plain")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            self.left -= 1
            yield PIECE
        if self.fails:
            raise ValueError("half an answer")

    def close(self) -> None:
        self.closed = True


def test_a_long_answer_is_sent_piece_by_piece_and_closed() -> None:
    answer = Long(5)
    said = asked(answer)
    bodies = [message["body"] for message in said[1:]]
    assert bodies == [PIECE] * 5 + [b""] and answer.closed
    assert [message["more_body"] for message in said[1:]] == [True] * 5 + [False]


def test_a_long_answer_that_fails_has_no_end() -> None:
    answer, said = Long(3, fails=True), list[Any]()

    async def send(message: Any) -> None:
        said.append(message)

    async def ask() -> None:
        coming = asyncio.Queue[Any]()
        coming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        await Serving(answer)(scope(), coming.get, send)

    with pytest.raises(ValueError, match="half"):
        run(ask())
    assert answer.closed and len(said) == 4 and said[-1]["more_body"]


def _leaving(answer: Long) -> None:
    """Ask, read two pieces and go; the next piece is taken once that is known."""

    async def ask() -> None:
        coming, sent = asyncio.Queue[Any](), 0
        coming.put_nowait({"type": "http.request", "body": b"", "more_body": False})

        async def send(message: Any) -> None:
            nonlocal sent
            sent += 1
            if sent == 3:
                coming.put_nowait({"type": "http.disconnect"})
            while sent >= 3 and not coming.empty():
                await asyncio.sleep(0)

        await Serving(answer)(scope("GET"), coming.get, send)

    run(ask())


def test_nothing_more_is_made_for_a_reader_who_has_left() -> None:
    answer = Long(1000)
    _leaving(answer)
    assert answer.left > 990 and answer.closed


def test_a_server_that_does_not_look_whether_the_reader_left_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def blind(self: serving.Exchange) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    monkeypatch.setattr(serving.Exchange, "_watch", blind)
    answer = Long(1000)
    _leaving(answer)
    assert answer.left == 0


def test_a_request_is_spelt_as_wsgi_has_it() -> None:
    twice = ((b"x-forwarded-for", b"192.0.2.7"), (b"x-forwarded-for", b"198.51.100.1"))
    cookies = ((b"cookie", b"a=1"), (b"cookie", b"b=2"))
    kind = ((b"content-type", b"text/plain"), (b"content-length", b"0"))
    environ = environ_of(scope("POST", *twice, *cookies, *kind), b"")
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.7,198.51.100.1"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "text/plain" and environ["CONTENT_LENGTH"] == "0"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/ł"
    assert environ["REMOTE_ADDR"] == "192.0.2.1" and environ["QUERY_STRING"] == "a=%20"
    assert isinstance(environ["wsgi.input"], io.BytesIO)


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_hyphen() -> None:
    environ = environ_of(scope("GET", (b"x_forwarded_for", b"192.0.2.7")), b"")
    assert not any("FORWARDED" in key for key in environ)
