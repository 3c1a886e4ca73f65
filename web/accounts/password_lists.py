"""Judges a new password against the lists of this installation and the names of the place."""

from flask import current_app
from sqlalchemy import select

from casework.db import db
from casework.models import Centre
from web.accounts.breached_passwords import OURS, ListUnusable, PasswordList
from web.accounts.password_rules import weakness_of
from web.config import PREFIX, Config, SettingRefused

MOST_CENTRES = 200


def open_lists(config: Config) -> tuple[PasswordList, ...]:
    """The list that comes with the program and the one the settings name. Raises SettingRefused."""
    try:
        return tuple(PasswordList(path) for path in (OURS, config.breached_passwords) if path is not None)
    except ListUnusable as fault:
        raise SettingRefused(f"{PREFIX}BREACHED_PASSWORDS: {fault}.") from None


def refused_because(password: str, *about: str | None) -> str:
    """Why a new password is refused, in the reader's language; else empty. `about` are names the person is known by."""
    places = db.session.execute(select(Centre.code_prefix, Centre.name_vi, Centre.name_en).order_by(Centre.id).limit(MOST_CENTRES))
    known = [each for each in about if each] + [name for place in places for name in place if name]
    return weakness_of(password, about=known, lists=current_app.extensions["password_lists"])
