"""Single sign-on by OpenID Connect: the code flow with PKCE, state and nonce, and nothing else.

OpenID Connect Core 1.0 section 3.1, RFC 7636 (PKCE, S256), RFC 9207 (`iss` in the answer),
RFC 9700. Tokens are read once and kept nowhere. The id_token is believed by a signature of a listed
algorithm under a key of the provider's own key set; a header that brings its own is refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

import urllib3
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from .config import Provider, safe_address
from .errors import Busy, Unauthorised

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
SCOPE = "openid email"
SKEW = timedelta(seconds=60)
KEEP = timedelta(hours=1)  # what the provider publishes
AGAIN = timedelta(minutes=1)  # before its keys are asked for again because one is unknown
LARGEST = 512 * 1024  # bytes of an answer
SECONDS = 10.0
NAMED_KEYS = ("jwk", "jku", "x5u", "x5c", "crit")
# Ways of proving oneself by RFC 8176; two of them are more than one factor, and so is "mfa".
WAYS = frozenset({"pwd", "pin", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "vbm"})
KINDS: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class Flow(NamedTuple):
    """What must come back, or be known, at the end of one sign-in."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Person:
    """Who the provider says somebody is; `email` only where it verified it, `factors` whether it
    says that it asked for more than one."""

    issuer: str
    subject: str
    email: str | None
    factors: bool
    signed_in_at: datetime | None


def new_flow() -> Flow:
    return Flow(*(secrets.token_urlsafe(32) for _ in range(3)))


class Client:
    """We, as one provider knows us. Safe to share between threads; told the time."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=SECONDS), retries=False, maxsize=4
        )
        self._lock = threading.Lock()
        self._published: tuple[dict[str, Any], KeySet, datetime] | None = None

    def address(self, flow: Flow, back: str, at: datetime, again: bool = False) -> str:
        """Where the browser goes; with `again`, the provider must ask who it is."""
        digest = hashlib.sha256(flow.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": back,
            "scope": SCOPE,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        start = str(self._metadata(at)["authorization_endpoint"])
        return f"{start}{'&' if '?' in start else '?'}{urlencode(asked)}"

    def person(self, flow: Flow, answer: Mapping[str, str], back: str, at: datetime) -> Person:
        """Who came back with this answer; raises Unauthorised for whatever is not as it must be."""
        metadata = self._metadata(at)
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise _refused("The answer belongs to another sign-in. Begin again.")
        named = answer.get("iss")
        if named is None and metadata.get("authorization_response_iss_parameter_supported"):
            raise _refused("The answer does not say which provider it comes from.")
        if named is not None and named != self.provider.issuer:
            raise _refused("The answer comes from another provider.")
        if "code" not in answer:
            raise _refused("The provider did not let you in.")
        tokens = self._exchange(metadata, answer["code"], flow, back)
        return self._believe(str(tokens.get("id_token", "")), flow, at)

    # -- what the provider publishes ---------------------------------------------------------------

    def _metadata(self, at: datetime) -> dict[str, Any]:
        return self._known(at)[0]

    def _known(self, at: datetime, fresh: bool = False) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            life = AGAIN if fresh else KEEP
            if self._published is None or not self._published[2] <= at < self._published[2] + life:
                self._published = (*self._publish(), at)
            return self._published[:2]

    def _publish(self) -> tuple[dict[str, Any], KeySet]:
        issuer = self.provider.issuer
        metadata = self._get(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer:
            raise _refused("The provider calls itself by another name than OIDC_ISSUER.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not safe_address(str(metadata.get(name, "")).partition("?")[0]):
                raise _refused("The provider names an address that is not https.")
        return metadata, _key_set(self._get(str(metadata["jwks_uri"])))

    # -- the code and the token --------------------------------------------------------------------

    def _exchange(
        self, metadata: dict[str, Any], code: str, flow: Flow, back: str
    ) -> dict[str, Any]:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.provider.client_id,
            "code_verifier": flow.verifier,
        }
        headers, secret = {}, self.provider.client_secret
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret and "client_secret_basic" in ways:
            pair = urllib3.make_headers(basic_auth=f"{self.provider.client_id}:{secret}")
            headers = dict(pair)
        elif secret:
            sent["client_secret"] = secret
        return self._read("POST", str(metadata["token_endpoint"]), urlencode(sent), headers)

    def _believe(self, token: str, flow: Flow, at: datetime) -> Person:
        header = _header(token)
        _, keys = self._known(at)
        if header.get("kid") not in {key.kid for key in keys.keys}:
            _, keys = self._known(at, fresh=True)
        try:
            claims = jwt.decode(token, _usable(keys, header), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError):
            raise _refused("The provider's word could not be verified.") from None
        self._check(claims, flow, at)
        verified = claims.get("email_verified") is True
        email = claims.get("email")
        amr = claims["amr"] if isinstance(claims.get("amr"), list) else []
        when = claims.get("auth_time")
        return Person(
            issuer=self.provider.issuer,
            subject=claims["sub"],
            email=email if verified and isinstance(email, str) else None,
            factors="mfa" in amr or len(WAYS.intersection(map(str, amr))) > 1,
            signed_in_at=_moment(when, at) if when is not None else None,
        )

    def _check(self, claims: dict[str, Any], flow: Flow, at: datetime) -> None:
        """OpenID Connect Core 3.1.3.7; the clocks may differ by a minute."""
        us, audience = self.provider.client_id, claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject, nonce = claims.get("sub"), claims.get("nonce")
        right = (
            claims.get("iss") == self.provider.issuer
            and us in audiences
            and claims.get("azp", us) == us
            and (len(audiences) == 1 or "azp" in claims)
            and isinstance(subject, str)
            and 0 < len(subject) <= 255
            and isinstance(nonce, str)
            and hmac.compare_digest(nonce.encode(), flow.nonce.encode())
        )
        if not right:
            raise _refused("The provider's word is not about this sign-in.")
        ends, made = _moment(claims.get("exp"), at), _moment(claims.get("iat"), at)
        begins = _moment(claims.get("nbf", claims.get("iat")), at)
        if not (ends > at - SKEW and made <= at + SKEW and begins <= at + SKEW):
            raise _refused("The provider's word is too old, or its clock is wrong.")

    # -- over the wire -----------------------------------------------------------------------------

    def _get(self, url: str) -> dict[str, Any]:
        return self._read("GET", url, None, {})

    def _read(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        """One JSON object; redirects are not followed."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            answer = self._pool.request(
                method, url, body=body, redirect=False, preload_content=False,
                headers={**headers, **kind, "Accept": "application/json"},
            )  # fmt: skip
            try:
                text = answer.read(LARGEST)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError):
            message = "The provider cannot be reached. Try again in a moment."
            raise Busy("provider_away", message, retry_after=30) from None
        try:
            found = json.loads(text) if answer.status == 200 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise _refused("The provider's answer was not understood.")
        return found


def _header(token: str) -> dict[str, Any]:
    """The header of a token, which is not believed; a header that brings its own key is refused."""
    try:
        part = token.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        header = None
    if not isinstance(header, dict) or any(name in header for name in NAMED_KEYS):
        raise _refused("The provider's word could not be verified.")
    if str(header.get("typ", "JWT")).upper() != "JWT" or header.get("alg") not in ALGORITHMS:
        raise _refused("The provider's word could not be verified.")
    return header


def _usable(keys: KeySet, header: dict[str, Any]) -> RSAKey | ECKey | OKPKey:
    """The one key the header names; without a name, the only one there is."""
    kid = header.get("kid")
    named = [key for key in keys.keys if kid is None or key.kid == kid]
    if len(named) != 1:
        raise ValueError("no such key")
    return cast(RSAKey | ECKey | OKPKey, named[0])


def _key_set(found: dict[str, Any]) -> KeySet:
    """The public keys that sign; whatever else a provider publishes is left aside."""
    listed = found.get("keys")
    if not isinstance(listed, list):
        raise _refused("The provider publishes no keys.")
    kept: list[Any] = []
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        kind = KINDS.get(str(one.get("kty")))
        if kind is None:
            continue
        try:
            kept.append(kind.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(kept)


def _moment(value: object, at: datetime) -> datetime:
    """Seconds since 1970, as tokens write a moment."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        raise _refused("The provider's word has no date.")
    return datetime.fromtimestamp(value, at.tzinfo)


def _refused(sentence: str) -> Unauthorised:
    return Unauthorised("provider", sentence)
