"""Who stands outside: a witness behind real HTTP, one that misbehaves, and a log to show them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from wsgiref.types import WSGIApplication

from flask import Flask, Response, request
from werkzeug.serving import make_server

from consent.signing import LogKey, ed25519, verify_ml_dsa_44
from consent.tlog import checkpoint, merkle, note
from consent.tlog.checkpoint import Checkpoint
from consent.tlog.note import COSIGNATURE, Verifier
from consent.tlog.spelling import encode
from consent.witness import Witness, create


class Door:
    """A WSGI app behind a port of this machine, to open and to shut."""

    def __init__(self, app: WSGIApplication, port: int | None = None) -> None:
        self.app, self.port = app, port or 0
        self.open()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def shut(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextmanager
def served(app: WSGIApplication) -> Iterator[str]:
    """The app behind a real socket for as long as the block lasts; its address."""
    door = Door(app)
    try:
        yield door.url
    finally:
        door.shut()


class Outside:
    """A witness of ours, running. `shut` and `open` are a restart: the folder stays."""

    def __init__(self, folder: Path, clock: Callable[[], datetime], name: str) -> None:
        self.folder, self.clock = folder, clock
        self.witness = Witness(folder, name)
        self.door = Door(create(self.witness, clock))
        self.url = self.door.url

    @property
    def key(self) -> Verifier:
        """What a policy names: the Ed25519 key."""
        [found] = [one for one in self.witness.verifiers if one.kind == COSIGNATURE]
        return found

    def restart(self) -> None:
        self.door.shut()
        self.witness = Witness(self.folder)
        self.door = Door(create(self.witness, self.clock), self.door.port)


class Crooked:
    """A server that answers add-checkpoint as `answer` says: (status, kind, body)."""

    def __init__(self, answer: Callable[[bytes], tuple[int, str, bytes]]) -> None:
        self.asked = 0
        self.answer = answer
        app = Flask("crooked")
        app.add_url_rule("/add-checkpoint", view_func=self._reply, methods=["POST"])
        self.door = Door(app)
        self.url = self.door.url

    def _reply(self) -> Response:
        self.asked += 1
        status, kind, body = self.answer(request.get_data())
        return Response(body, status, content_type=kind)


class Log:
    """A log in a list, and what its holder sends to a witness."""

    def __init__(self, origin: str, count: int = 0, seed: bytes = b"\1" * 32) -> None:
        self.key = LogKey(origin, ed25519(seed))
        self.leaves = [merkle.leaf_hash(b"entry %d" % n) for n in range(count)]

    def forked(self, at: int, count: int) -> Log:
        """Another history from entry `at` on, with `count` entries, under the same key."""
        twin = Log(self.key.name)
        other = [merkle.leaf_hash(b"other %d" % n) for n in range(at, count)]
        twin.leaves = [*self.leaves[:at], *other]
        return twin

    def text(self, size: int) -> str:
        root = merkle.root_of(self.leaves[:size])
        return checkpoint.text(Checkpoint(self.key.name, size, root))

    def proof(self, old: int, new: int) -> list[bytes]:
        def subtree(height: int, index: int) -> bytes:
            return merkle.root_of(self.leaves[index << height : (index + 1) << height])

        return merkle.consistency_proof(old, new, subtree)

    def question(self, old: int, new: int, proof: Sequence[bytes] | None = None) -> bytes:
        hashes = self.proof(old, new) if proof is None else proof
        lines = [f"old {old}", *map(encode, hashes), "", note.sign(self.text(new), [self.key])]
        return "\n".join(lines).encode()


def cosigners(served: str, keys: Sequence[Verifier]) -> list[Verifier]:
    """Who of `keys` has signed what was served; raises Wrong if one of their lines is bad."""
    return note.open_note(served, keys, verify_ml_dsa_44)[1]
