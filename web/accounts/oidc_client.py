"""The client for sign-in providers (OpenID Connect Core 1.0, authorization code with PKCE): discovery, keys and tokens.

Discovery and keys are cached per process for a while. A provider that does not answer is left alone for a moment, so that a morning's two
hundred sign-ins do not all wait for it.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from casework.accounts.outside_identities import LONGEST_NAME, LONGEST_SUBJECT, Subject
from casework.errors import CaseworkError
from casework.messages.http_client import Answer, CallFailed, Door
from web.accounts.oidc_providers import Provider

if TYPE_CHECKING:
    from authlib.oauth2.client import OAuth2Client
    from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
"""Accepted signature algorithms and the kind of key each needs: never a shared secret, never `none`."""
LEAST_RSA_BITS = 2048
NOT_A_CODE = re.compile(r"[^a-z_]")
LEEWAY_SECONDS = 60
METADATA_LASTS, KEYS_LAST = 3600.0, 600.0
KEYS_ANEW = 30.0
"""Least seconds between two reloads of the keys because of an unknown key."""
RESTS = 15.0
CALL_SECONDS = 6.0
LARGEST, LONGEST_TOKEN = 300_000, 20_000
DISCOVERY = "/.well-known/openid-configuration"


class ProviderAway(CaseworkError):
    """The provider cannot be reached, is too slow, or answers nonsense. `reason` is for the log and holds no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Hiện không liên lạc được với nơi đăng nhập này. Ông/Bà vui lòng thử lại sau ít phút, hoặc đăng nhập bằng cách khác.",
            "This sign-in provider cannot be reached at the moment. Please try again in some minutes, or sign in another way.",
        )
        self.reason = reason


class TokenRefused(CaseworkError):
    """The provider's token proves nothing here. `reason` is for the log and holds no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Không xác nhận được danh tính từ nơi đăng nhập này. Ông/Bà vui lòng bắt đầu lại; nếu vẫn không được, xin báo trung tâm.",
            "This provider’s word on who you are could not be confirmed. Please begin again; if it fails again, please tell the centre.",
        )
        self.reason = reason


@dataclass(frozen=True)
class Metadata:
    """The endpoints of a provider."""

    authorization: str
    token: str
    keys: str
    names_itself: bool


class ProviderClient:
    """One provider with what this process has cached of it."""

    def __init__(self, provider: Provider, door: Door) -> None:
        self.provider = provider
        self._door = door.and_to(provider.issuer, *provider.endpoints.values())
        self._turn = threading.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, tuple[RSAKey | ECKey, ...]] | None = None
        self._rests_until = 0.0

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """The address the browser is sent to. Raises ProviderAway."""
        asked = {"acr_values": " ".join(self.provider.acr)} if self.provider.acr else {}
        oauth = self._oauth(redirect_uri)
        url, _ = oauth.create_authorization_url(self.metadata().authorization, state=state, nonce=nonce, code_verifier=verifier, **asked)
        return str(url)

    def subject_of(
        self, code: str, *, redirect_uri: str, nonce: str, verifier: str, now: datetime
    ) -> tuple[Subject, Mapping[str, Any]]:
        """Exchange a code for the person's subject and all signed claims. Raises ProviderAway, TokenRefused."""
        from authlib.oauth2 import OAuth2Error  # late: docs/architecture.md

        token_endpoint = self.metadata().token
        self._refuse_while_resting("token endpoint")
        try:
            oauth = self._oauth(redirect_uri)
            token = oauth.fetch_token(token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier)
        except OAuth2Error as error:
            raise TokenRefused(f"token endpoint: {NOT_A_CODE.sub('', str(error.error))[:40]}") from None
        except CallFailed as failure:
            raise self._away(f"token endpoint: {failure}") from None
        except (ValueError, OSError) as error:
            raise self._away(f"token endpoint: {type(error).__name__}") from None
        said = self._verified(token.get("id_token"), nonce, token.get("access_token"), now)
        return self._subject(said), said

    def metadata(self) -> Metadata:
        """The provider's endpoints, discovered and cached for a while. Raises ProviderAway."""
        endpoints = self.provider.endpoints
        if endpoints:
            return Metadata(endpoints["authorization"], endpoints["token"], endpoints["keys"], names_itself=False)
        kept = self._metadata
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        said = self._read_json(self.provider.issuer.rstrip("/") + DISCOVERY, "discovery")
        if said.get("issuer") != self.provider.issuer:
            raise TokenRefused("discovery: another issuer")
        authorization, token, keys = (said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
        if not (isinstance(authorization, str) and isinstance(token, str) and isinstance(keys, str)):
            raise self._away("discovery: incomplete")
        try:
            for place in (authorization, token, keys):
                self._door.refuse_unless_open(place)
        except CallFailed:
            raise self._away("discovery: address") from None
        names_itself = said.get("authorization_response_iss_parameter_supported") is True
        found = Metadata(authorization, token, keys, names_itself=names_itself)
        self._metadata = (time.monotonic() + METADATA_LASTS, found)
        return found

    def is_answer_of_this(self, issuer: str | None) -> bool:
        """Whether the `iss` in the browser's response is this provider (RFC 9207). Providers that announce it must always send it."""
        return issuer == self.provider.issuer if issuer is not None else not self.metadata().names_itself

    def _oauth(self, redirect_uri: str) -> OAuth2Client:
        from authlib.oauth2.client import OAuth2Client  # late: docs/architecture.md

        try:
            secret = self.provider.secret() or None
        except OSError:
            raise self._away("secret file") from None
        return OAuth2Client(
            _Session(self._door), self.provider.client_id, secret, token_endpoint_auth_method=self.provider.authentication,
            scope=self.provider.scope, redirect_uri=redirect_uri, code_challenge_method="S256",
        )  # fmt: skip

    def _verified(self, token: Any, nonce: str, access_token: Any, now: datetime) -> dict[str, Any]:
        from authlib.oidc.core.claims import CodeIDToken  # late: docs/architecture.md
        from joserfc import jws
        from joserfc.errors import JoseError

        if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
            raise TokenRefused("no id_token")
        try:
            header = jws.extract_compact(token.encode()).headers()
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS:
                raise TokenRefused("algorithm")
            signed = jws.deserialize_compact(token, self._key_for(algorithm, key_id), algorithms=[algorithm])
            said = json.loads(signed.payload)
            if not isinstance(said, dict):
                raise TokenRefused("claims")
            options: dict[str, Any] = {
                "iss": {"essential": True, "value": self.provider.issuer}, "aud": {"essential": True, "value": self.provider.client_id},
                "nonce": {"essential": True},
            }  # fmt: skip
            params = {"nonce": nonce, "client_id": self.provider.client_id, "access_token": access_token}
            CodeIDToken(said, dict(header), options, params).validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except JoseError as error:
            raise TokenRefused(str(error.error)[:40]) from None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise TokenRefused(type(error).__name__) from None
        return said

    def _key_for(self, algorithm: str, key_id: Any) -> RSAKey | ECKey:
        found = self._known_key(algorithm, key_id, anew=False) or self._known_key(algorithm, key_id, anew=True)
        if found is None:
            raise TokenRefused("key unknown")
        return found

    def _known_key(self, algorithm: str, key_id: Any, *, anew: bool) -> RSAKey | ECKey | None:
        fit = [each for each in self._provider_keys(anew=anew) if each.key_type == ALGORITHMS[algorithm]]
        if key_id is not None:
            fit = [each for each in fit if each.kid == key_id]
        return fit[0] if len(fit) == 1 else None

    def _provider_keys(self, *, anew: bool) -> tuple[RSAKey | ECKey, ...]:
        """The provider's public keys, reloaded after a while; `anew` reloads them now unless that has just been done."""
        with self._turn:
            moment, kept = time.monotonic(), self._keys
            if kept is not None and moment < kept[0] and not (anew and moment > kept[0] - KEYS_LAST + KEYS_ANEW):
                return kept[1]
            said = self._read_json(self.metadata().keys, "keys")
            found = tuple(_sound_keys(said))
            self._keys = (moment + KEYS_LAST, found)
            return found

    def _subject(self, said: Mapping[str, Any]) -> Subject:
        subject = said.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise TokenRefused("sub")
        number, name = (said.get(self.provider.claims.get(claim, "")) for claim in ("number", "name"))
        return Subject(
            self.provider.key, self.provider.issuer, subject, number=number if isinstance(number, str) and number else None,
            name=name[:LONGEST_NAME] if isinstance(name, str) else None,
        )  # fmt: skip

    def _read_json(self, url: str, what: str) -> dict[str, Any]:
        self._refuse_while_resting(what)
        try:
            answer = self._door.call("GET", url, headers={"Accept": "application/json"}, seconds=CALL_SECONDS, largest=LARGEST)
            said = answer.json() if answer.status == 200 else None
        except CallFailed as failure:
            raise self._away(f"{what}: {failure}") from None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise self._away(f"{what}: no answer of use")
        return said

    def _refuse_while_resting(self, what: str) -> None:
        if time.monotonic() < self._rests_until:
            raise ProviderAway(f"{what}: rests")

    def _away(self, reason: str) -> ProviderAway:
        self._rests_until = time.monotonic() + RESTS
        return ProviderAway(reason)


def _sound_keys(said: Mapping[str, Any]) -> list[RSAKey | ECKey]:
    """The keys of a JWKS we accept; other kinds are skipped without complaint."""
    from joserfc.errors import JoseError  # late: docs/architecture.md
    from joserfc.jwk import ECKey, KeySet, RSAKey

    sound: list[RSAKey | ECKey] = []
    held = said.get("keys")
    for each in held if isinstance(held, list) else ():
        try:
            if not isinstance(each, dict) or each.get("use", "sig") != "sig" or each.get("kty") not in ALGORITHMS.values():
                continue
            key = KeySet.import_key_set({"keys": [each]}).keys[0]
            if isinstance(key, RSAKey | ECKey) and _is_strong(key):
                sound.append(key)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return sound


def _is_strong(key: RSAKey | ECKey) -> bool:
    from joserfc.jwk import RSAKey  # late: docs/architecture.md

    return key.raw_value.key_size >= LEAST_RSA_BITS if isinstance(key, RSAKey) else key.curve_name == "P-256"


class _Session:
    """Our HTTP door with the interface Authlib expects."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> _Answer:
        url, said, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Answer(self._door.call("POST", url, content=body.encode(), headers=said, seconds=CALL_SECONDS, largest=LARGEST))


class _Answer:
    """A response with the interface Authlib expects."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status_code = answer.status

    def json(self) -> Any:
        return self._answer.json()

    def raise_for_status(self) -> None:
        if not self._answer.has_succeeded:
            raise OSError(f"HTTP {self.status_code}")
