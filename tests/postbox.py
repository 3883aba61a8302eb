"""A mail server of the tests' own: as much of RFC 5321 as a letter needs, over a real socket."""

from __future__ import annotations

import email.policy
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any, NamedTuple, cast


class Letter(NamedTuple):
    """One that arrived: the recipients the server was told, and the text as it came."""

    to: list[str]
    text: str

    @property
    def headers(self) -> dict[str, str]:
        parsed = message_from_bytes(self.text.encode(), policy=email.policy.default)
        return {name: str(value) for name, value in parsed.items()}

    @property
    def body(self) -> str:
        parsed = message_from_bytes(self.text.encode(), policy=email.policy.default)
        return str(cast(Any, parsed).get_content())


class Postbox:
    """`url` is what SMTP_URL says, `letters` what arrived."""

    def __init__(self, port: int) -> None:
        self.url = f"smtp://127.0.0.1:{port}"
        self.letters: list[Letter] = []

    def wait(self, count: int = 1) -> list[Letter]:
        """The letters, once there are so many."""
        end = time.monotonic() + 120
        while len(self.letters) < count:
            assert time.monotonic() < end, f"{len(self.letters)} of {count} letters came"
            time.sleep(0.01)
        return self.letters


@contextmanager
def postbox() -> Iterator[Postbox]:
    """Take mail until the block ends."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.box = Postbox(cast(int, server.server_address[1]))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    box: Postbox


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.say("220 here")
        to: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "RCPT":
                to.append(line.partition("<")[2].partition(">")[0])
            elif word == "DATA":
                self.say("354 go on")
                cast(_Server, self.server).box.letters.append(Letter(to, self.letter()))
                to = []
            elif word == "EHLO":
                self.say("250-here\r\n250-8BITMIME\r\n250 SMTPUTF8")
                continue
            elif word == "QUIT":
                self.say("221 bye")
                return
            self.say("250 ok")

    def letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line.removeprefix("."))
        return "".join(lines)

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
