"""A WSGI application that is asked over ASGI, as the server asks ours: a loop on a thread of its
own. With it, whatever asks an app in a test can ask what the server serves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

from consent.serving import Serving

T = TypeVar("T")


def run(asking: Coroutine[Any, Any, T]) -> T:
    """What it comes to, on a thread of its own: a browser's loop may run on this one."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, asking).result()  # noqa: TID251 - here is where it may


class Looped:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asking = exchange(self._serving, scope_of(environ), body)
        said = asyncio.run_coroutine_threadsafe(asking, self._loop).result(30)
        status, headers = said[0]["status"], said[0]["headers"]
        spelt = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        start(f"{status} {HTTPStatus(status).phrase.upper()}", spelt)
        return [message["body"] for message in said[1:]]


async def exchange(
    serving: Serving, scope: dict[str, Any], *pieces: bytes
) -> list[MutableMapping[str, Any]]:
    """What is sent back to a request whose body comes in `pieces`."""
    last = len(pieces) - 1
    coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for number, piece in enumerate(pieces):
        message = {"type": "http.request", "body": piece, "more_body": number < last}
        coming.put_nowait(message)
    said: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            coming.put_nowait({"type": "http.disconnect"})

    await serving(scope, coming.get, send)
    return said


def scope_of(environ: dict[str, Any]) -> dict[str, Any]:
    """The scope of a request of HTTP (ASGI 3.0) with the environment of PEP 3333."""
    headers = [
        (key[5:].replace("_", "-").lower().encode(), value.encode("latin-1"))
        for key, value in environ.items()
        if key.startswith("HTTP_")
    ]
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if key in environ:
            name = key.replace("_", "-").lower().encode()
            headers.append((name, environ[key].encode("latin-1")))
    return {
        "type": "http",
        "http_version": environ["SERVER_PROTOCOL"].partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": headers,
        "client": (environ.get("REMOTE_ADDR", ""), "0"),
        "server": (environ["SERVER_NAME"], environ["SERVER_PORT"]),
    }
