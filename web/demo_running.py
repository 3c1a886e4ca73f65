"""`langbiang demo`: prepares the installation with invented data in a process of its own, and serves it."""

import gc
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from casework.db import db
from web import create_app
from web.config import Config
from web.demo_people import demo_accounts
from web.demo_seals import demo_seals
from web.processes import do_apart
from web.schema import is_current, refuse_other_schema
from web.server import serve


def run(port: int, data: Path) -> None:
    """Prepare the demonstration in a folder, print its address and accounts, and serve until stopped.

    Raises SettingRefused or StartRefused, the latter when the database holds something else than a demonstration.
    """
    config = demo_config(port, data)
    app = demo_app(config)
    with app.app_context():
        db.engine.dispose()
    # inventing two years takes three times the memory of serving them, which only the end of a process gives back; so with migrations
    do_apart(partial(_prepare, app, config))
    gc.freeze()
    with app.app_context():
        app.extensions["demo_accounts"] = demo_accounts()
    serve(app, config)


def demo_config(port: int, data: Path) -> Config:
    """The settings of the environment, with the folder, the port and the banner of a demonstration."""
    given = {"LANGBIANG_DATA": str(data), "LANGBIANG_PORT": str(port), "LANGBIANG_DEMO": "yes"}
    return Config.from_environment({**demo_seals(data.absolute()), **os.environ, **given})


def demo_app(config: Config) -> Flask:
    """The application on a database brought to the newest schema."""
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_current(config.database_url):
        do_apart(partial(_upgrade, config.database_url))
    app = create_app(config)
    with app.app_context():
        refuse_other_schema(db.engine)
    return app


def _upgrade(database_url: str) -> None:
    import migrations

    migrations.upgrade(database_url)


def _prepare(app: Flask, config: Config) -> None:
    from web.demo import prepare, print_accounts

    with app.app_context():
        prepare(app, now=datetime.now(UTC))
        print_accounts(config, sys.stdout, now=datetime.now(UTC))
