"""A house whose Official Account was consented to at the Zalo outside."""
from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from casework.db import db, unit_of_work
from casework.messages.http_client import Door
from casework.models import Centre, ZaloAccount
from casework.zalo.consent import accept_consent, challenge_of
from casework.zalo.renewal import renew_when_due
from tests import build
from tests.outside import Outside
from tests.outside.zalo import APP_ID, APP_SECRET, OA_ID
from web.gateways.zalo_oauth import ZaloApp, ZaloOauth

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class KeepHere(urllib.request.HTTPRedirectHandler):
    """Follows nobody."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def tell(zalo: Outside, **told: Any) -> None:
    """Say to this Zalo how it is to be; see tests.outside.zalo."""
    request = urllib.request.Request(f"http://127.0.0.1:{zalo.port}/admin", data=json.dumps(told).encode(), method="POST")
    urllib.request.urlopen(request).close()


def seen(zalo: Outside) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{zalo.port}/admin") as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def settings_for(zalo: Outside) -> dict[str, str]:
    """The environment of an installation with this account."""
    return {
        "LANGBIANG_ZALO_OA_ID": OA_ID, "LANGBIANG_ZALO_CENTRE": "LD", "LANGBIANG_ZALO_APP_ID": APP_ID,
        "LANGBIANG_ZALO_APP_SECRET": APP_SECRET,
        "LANGBIANG_ZALO_OAUTH_URL": f"http://127.0.0.1:{zalo.port}/v4/oa",
        "LANGBIANG_ZNS_URL": f"http://127.0.0.1:{zalo.port}/message/template",
    }  # fmt: skip


def oauth_of(zalo: Outside) -> ZaloOauth:
    return ZaloOauth(ZaloApp(OA_ID, APP_ID, APP_SECRET, "LD", f"http://127.0.0.1:{zalo.port}/v4/oa"), Door())


def consented_code(zalo: Outside, verifier: str = VERIFIER) -> str:
    """A code as the browser of the account's administrator brings it back."""
    url = oauth_of(zalo).permission_url(redirect_uri="http://127.0.0.1/back", state="s", challenge=challenge_of(verifier))
    try:
        urllib.request.build_opener(KeepHere()).open(url)
    except urllib.error.HTTPError as answer:
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    raise AssertionError("no redirect")


@dataclass
class Keeper:
    """Who keeps the account alive, and the time as this house sees it."""

    app: Flask
    zalo: Outside
    world: build.World
    now: datetime

    @property
    def folder(self) -> Path:
        folder: Path = self.app.config["DATA"]
        return folder

    def consent(self) -> None:
        tokens = oauth_of(self.zalo).by_code(consented_code(self.zalo), VERIFIER)
        by = self.world.actor("administrator")
        with unit_of_work():
            accept_consent(OA_ID, db.session.get_one(Centre, self.world.centre.id), tokens, by=by, now=self.now)

    def renew(self) -> bool:
        return renew_when_due(OA_ID, oauth_of(self.zalo).renewed, folder=self.folder, clock=lambda: self.now)

    def wait(self, span: timedelta) -> None:
        self.now += span
        tell(self.zalo, ahead=(self.now - build.NOON).total_seconds())

    @property
    def row(self) -> ZaloAccount:
        db.session.rollback()
        return db.session.get_one(ZaloAccount, OA_ID, populate_existing=True)

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("zalo-renewal-*"))


def keeper(app: Flask, zalo: Outside) -> Keeper:
    """With a consent given at noon."""
    found = Keeper(app, zalo, build.standard_world(), build.NOON)
    tell(zalo, life=3600, ahead=0, expires_as="text", orders=[], numbers=[], revoke=True)
    found.consent()
    return found
