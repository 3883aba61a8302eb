"""An OpenID provider of the tests' own: discovery, keys and tokens over a real socket. Signing in
there, the browser's part, is `answer`."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "crumbtrail", "a secret with a colon: and more"
Mend = Callable[[dict[str, Any], dict[str, Any]], str | None]


class Provider:
    """`claims` changes what the next tokens say; `forge(header, claims)` writes one itself."""

    def __init__(self, port: int, clock: Callable[[], datetime]) -> None:
        self.issuer = f"http://127.0.0.1:{port}/realm"
        self.clock = clock
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?theme=plain",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        self.claims: dict[str, Any] = {}
        self.forge: Mend = lambda header, claims: None
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def settings(self) -> dict[str, str]:
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": SECRET,
        }

    def answer(self, address: str, subject: str = "248289", **changed: str) -> str:
        """Somebody signs in at this address; where the browser is sent back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "sub": subject}
        back = {"code": code, "state": asked["state"], "iss": self.issuer, **changed}
        sent = {name: text for name, text in back.items() if text != "-"}
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(sent)}"

    def token(self, form: dict[str, str], credentials: str) -> dict[str, Any] | None:
        """What the token endpoint says to a code; each works once, with its verifier, for us."""
        begun = self.codes.pop(form.get("code", ""), None)
        if begun is None or credentials != f"{CLIENT}:{SECRET}":
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != begun["code_challenge"]:
            return None
        if form["redirect_uri"] != begun["redirect_uri"]:
            return None
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": begun["sub"], "nonce": begun["nonce"],
            "iat": now, "exp": now + 300, "email": "olga@example.com", "email_verified": True,
            **({"auth_time": now} if begun.get("max_age") == "0" else {}), **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one"}
        made = self.forge(header, claims) or jwt.encode(header, claims, self.key)
        return {"access_token": "never used", "token_type": "Bearer", "id_token": made}


@contextmanager
def provider(clock: Callable[[], datetime]) -> Iterator[Provider]:
    """Serve until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.provider = Provider(cast(int, server.server_address[1]), clock)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.provider
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    provider: Provider


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = cast(_Server, self.server).provider
        path = urlsplit(self.path).path
        known.asked.append(path)
        pages: dict[str, Any] = {
            "/realm/.well-known/openid-configuration": known.metadata,
            "/realm/keys": {"keys": [known.key.as_dict(private=False)]},
        }
        self.say(pages.get(path))

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        known = cast(_Server, self.server).provider
        known.asked.append(urlsplit(self.path).path)
        self.say(known.token(form, base64.b64decode(basic).decode()))

    def say(self, found: dict[str, Any] | None) -> None:
        body = json.dumps(found or {"error": "invalid_grant"}).encode()
        self.send_response(200 if found else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: pytest shows what matters."""
