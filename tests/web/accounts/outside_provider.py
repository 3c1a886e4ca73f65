"""A house with two providers of its own, in processes of their own, and browsers that are sent to them."""
from __future__ import annotations

import http.client
import json
from html import unescape
from pathlib import Path
from re import search
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casework.messages.http_client import Door
from tests.conftest import client_of
from tests.outside import Outside
from tests.outside.provider import CLIENT, SECRET
from tests.web.desk import Office
from web.accounts.oidc_client import ProviderClient
from web.accounts.oidc_providers import open_providers

SETTINGS = {
    "so-noi-vu": {"serves": "staff", "name": {"vi": "Tài khoản cán bộ", "en": "Staff account"},
                  "second_factor": {"amr": ["mfa"], "acr": ["loa3"]}},
    "vneid": {"serves": "citizens", "name": {"vi": "VNeID", "en": "VNeID"}, "claims": {"name": "HoVaTen", "number": "SoDinhDanh"},
              "number_identifies": True},
}


class Config:
    """As much of one as the file of providers needs."""

    def __init__(self, oidc: Path | None) -> None:
        self.oidc = oidc


def write(folder: Path, settings: dict[str, Any]) -> Config:
    path = folder / "oidc.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return Config(path)


def clients_of(folder: Path, staff: Outside, citizens: Outside) -> dict[str, ProviderClient]:
    """The house's side of both providers."""
    (folder / "secret").write_text(SECRET + "\n", encoding="utf-8")
    client = {"enabled": True, "client_id": CLIENT, "secret_file": "secret"}
    told = {key: {**SETTINGS[key], **client, "issuer": f"http://127.0.0.1:{outside.port}"}
            for key, outside in (("so-noi-vu", staff), ("vneid", citizens))}
    return {key: ProviderClient(each, Door()) for key, each in open_providers(write(folder, told)).items()}  # type: ignore[arg-type]


class Visitor:
    """A browser on its way to a provider and back."""

    def __init__(self, office: Office, provider: str, outside: Outside, browser: FlaskClient | None = None) -> None:
        self.office, self.provider, self.outside = office, provider, outside
        self.browser = browser or client_of(office.app)

    def leave(self, begin: str = "", **form: Any) -> str:
        """Press the button; returns the address of the provider the browser is sent to."""
        answer = self.browser.post(begin or f"/sign-in/outside/{self.provider}", data=form)
        assert answer.status_code == 200, answer.text
        address = answer.headers["Refresh"].removeprefix("0; url=")
        link = search(r'<a class="btn btn-primary w-full" href="([^"]+)"', answer.text)
        assert unescape(link[1] if link else "") == address
        return address

    def at_provider(self, address: str) -> str:
        """Be signed in there already; returns the address one is sent back to, without our host."""
        parts = urlsplit(address)
        line = http.client.HTTPConnection(parts.netloc, timeout=10)
        line.request("GET", f"{parts.path}?{parts.query}")
        back = line.getresponse().headers["Location"]
        line.close()
        assert back.startswith(f"{self.office.app.config['BASE_URL']}/sign-in/outside/")
        return back.removeprefix(self.office.app.config["BASE_URL"])

    def order(self, **order: Any) -> None:
        """What the provider does with the next code; by its clock it is as late as here."""
        moment = int(self.office.moment.timestamp())
        self.outside.order(json.dumps({**order, "claims": {"iat": moment, "exp": moment + 300, **order.get("claims", {})}}))

    def come(self, back: str, **order: Any) -> TestResponse:
        self.order(**order)
        return self.browser.get(back)

    def sign_in(self, target: str = "", **order: Any) -> TestResponse:
        return self.come(self.at_provider(self.leave(next=target)), **order)

    def link(self, **order: Any) -> TestResponse:
        return self.come(self.at_provider(self.leave(f"/account/identities/{self.provider}")), **order)


def asked(address: str) -> dict[str, str]:
    """What the address of a provider or of ours asks."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
