"""The sign-in providers of this installation, read once from the file LANGBIANG_OIDC names. Any error in it stops the program.

Secrets are in environment variables or in files of their own, and are read for each token request: a new one in a file needs no restart. A
provider is ignored until it is switched on.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern
from typing import Any
from urllib.parse import urlsplit

import orjson

from casework.bilingual import Bilingual
from web.config import PREFIX, Config, SettingRefused
from web.config.readers import gateway_address

OIDC = f"{PREFIX}OIDC"
KEY = pattern(r"[a-z0-9][a-z0-9-]{0,39}")
VARIABLE = pattern(r"[A-Z][A-Z0-9_]{0,79}")
STAFF, CITIZENS = "staff", "citizens"
ENDPOINTS = ("authorization", "token", "keys")
AUTHENTICATION = ("client_secret_basic", "client_secret_post", "none")
CLAIMS = ("name", "number")
KNOWN = frozenset({
    "name", "enabled", "serves", "issuer", "client_id", "secret_variable", "secret_file", "scope", "authentication", "endpoints", "claims",
    "second_factor", "number_identifies",
})  # fmt: skip
LONGEST_SECRET = 4_000


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider and how we use it. `amr` and `acr` are the values that prove two factors; without any, the provider never does.

    `number_identifies` says that the provider vouches for a personal number and never reassigns it: then the number opens the account even
    when the provider gives the person a new subject.
    """

    key: str
    label: Bilingual
    serves: str
    issuer: str
    client_id: str
    scope: str
    authentication: str
    endpoints: Mapping[str, str]
    claims: Mapping[str, str]
    amr: frozenset[str]
    acr: tuple[str, ...]
    number_identifies: bool = False
    secret_variable: str = ""
    secret_file: Path | None = None

    @property
    def account_kind(self) -> str:
        return "staff" if self.serves == STAFF else "citizen"

    def secret(self, environ: Mapping[str, str] = os.environ) -> str:
        """The client's secret, empty where it has none. Raises OSError when its file is missing."""
        if self.secret_file is not None:
            return self.secret_file.read_text(encoding="utf-8")[:LONGEST_SECRET].strip()
        return environ.get(self.secret_variable, "") if self.secret_variable else ""

    def proves_two_factors(self, said: Mapping[str, Any]) -> bool:
        """Whether the provider's signed claims say that the person used two factors there."""
        amr, acr = said.get("amr"), said.get("acr")
        return bool(self.amr & {each for each in amr if isinstance(each, str)} if isinstance(amr, list) else ()) or acr in self.acr


def open_providers(config: Config, environ: Mapping[str, str] = os.environ) -> dict[str, Provider]:
    """The providers that are switched on, by key; empty where LANGBIANG_OIDC is not set. Raises SettingRefused."""
    if config.oidc is None:
        return {}
    try:
        told = orjson.loads(config.oidc.read_bytes())
    except OSError as error:
        raise SettingRefused(f"{OIDC} is {str(config.oidc)!r}: allowed is a readable file ({error.strerror}).") from None
    except orjson.JSONDecodeError as error:
        raise SettingRefused(f"{OIDC} is {str(config.oidc)!r}: this is no JSON (line {error.lineno}).") from None
    if not isinstance(told, dict):
        raise SettingRefused(f"{OIDC}: allowed is an object of providers by key, as docs/sign-in.md shows.")
    found = {key: _provider(key, each, config.oidc.parent, environ) for key, each in told.items()}
    on = {key: each for key, each in found.items() if told[key].get("enabled", False)}
    clients = {(each.issuer, each.client_id) for each in on.values()}
    if len(clients) != len(on):
        raise SettingRefused(f"{OIDC}: two providers have the same issuer and client_id.")
    return on


def _provider(key: str, told: Any, folder: Path, environ: Mapping[str, str]) -> Provider:
    where = f"{OIDC}, provider {key!r}"
    if not KEY.fullmatch(key):
        raise SettingRefused(f"{where}: a key has small letters, digits and hyphens, 40 at most.")
    if not isinstance(told, dict):
        raise SettingRefused(f"{where}: allowed is an object.")
    for name in told:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            raise SettingRefused(f"{where}: {name!r} is nothing a provider has" + (f": did you mean {near[0]!r}?" if near else "."))
    for name in ("enabled", "number_identifies"):
        if not isinstance(told.get(name, False), bool):
            raise SettingRefused(f"{where}: {name} is true or false.")
    label = _object(where, told, "name", ("vi", "en"))
    if set(label) != {"vi", "en"}:
        raise SettingRefused(f"{where}: name has to say what it is called, in vi and en.")
    serves, authentication = told.get("serves"), told.get("authentication", AUTHENTICATION[0])
    if serves not in (STAFF, CITIZENS):
        raise SettingRefused(f"{where}: serves is {STAFF} or {CITIZENS}.")
    if authentication not in AUTHENTICATION:
        raise SettingRefused(f"{where}: authentication is one of {', '.join(AUTHENTICATION)}.")
    for name in ("issuer", "client_id"):
        if not isinstance(told.get(name), str) or not told[name]:
            raise SettingRefused(f"{where}: {name} is missing.")
    scope = told.get("scope", "openid")
    if not isinstance(scope, str) or "openid" not in scope.split():
        raise SettingRefused(f"{where}: scope has to hold openid.")
    endpoints = _object(where, told, "endpoints", ENDPOINTS)
    if endpoints and set(endpoints) != set(ENDPOINTS):
        raise SettingRefused(f"{where}: endpoints are all of {', '.join(ENDPOINTS)}, or none: then they are discovered.")
    for address in (told["issuer"], *endpoints.values()):
        _refuse_address(where, address)
    proof = told.get("second_factor", {})
    if not isinstance(proof, dict) or set(proof) - {"amr", "acr"} or not all(map(_is_list_of_texts, proof.values())):
        raise SettingRefused(f"{where}: second_factor holds lists of texts, amr or acr or both.")
    claims = _object(where, told, "claims", CLAIMS)
    if told.get("number_identifies", False) and "number" not in claims:
        raise SettingRefused(f"{where}: number_identifies needs the claim that holds the number.")
    return Provider(
        key=key, label=Bilingual(label["vi"], label["en"]), serves=serves, issuer=told["issuer"], client_id=told["client_id"], scope=scope,
        authentication=authentication, endpoints=endpoints, claims=claims, number_identifies=told.get("number_identifies", False),
        amr=frozenset(proof.get("amr", ())), acr=tuple(proof.get("acr", ())), **_secret(where, authentication, told, folder, environ),
    )  # fmt: skip


def _secret(where: str, authentication: str, told: Mapping[str, Any], folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    variable, file = told.get("secret_variable"), told.get("secret_file")
    if authentication == "none":
        if variable is not None or file is not None:
            raise SettingRefused(f"{where}: with authentication none there is no secret.")
        return {}
    if (variable is None) == (file is None):
        raise SettingRefused(f"{where}: allowed is one of secret_variable and secret_file.")
    if file is not None:
        path = folder / Path(str(file)).expanduser()
        if not path.is_file() or not os.access(path, os.R_OK):
            raise SettingRefused(f"{where}: secret_file is {str(path)!r}: there is no such file, or it may not be read.")
        return {"secret_file": path}
    if not isinstance(variable, str) or not VARIABLE.fullmatch(variable) or variable.startswith(PREFIX):
        raise SettingRefused(f"{where}: secret_variable has to name an environment variable that does not begin with {PREFIX}.")
    if not environ.get(variable):
        raise SettingRefused(f"{where}: the environment variable {variable} is not set.")
    return {"secret_variable": variable}


def _object(where: str, told: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, str]:
    held = told.get(name, {})
    if not isinstance(held, dict) or set(held) - set(keys) or not all(isinstance(each, str) and each.strip() for each in held.values()):
        raise SettingRefused(f"{where}: {name} holds texts, named {', '.join(keys)}.")
    return held


def _refuse_address(where: str, address: str) -> None:
    try:
        gateway_address(address)
        is_sound = not urlsplit(address).query and not urlsplit(address).fragment
    except ValueError:
        is_sound = False
    if not is_sound:
        raise SettingRefused(f"{where}: {address!r}: allowed is an https:// address without user, password and query.")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)
