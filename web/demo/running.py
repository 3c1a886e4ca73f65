"""`langbiang demo`: prepares an installation with invented data in a separate process, and serves it."""

import gc
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask

from casework.bilingual import Bilingual
from casework.db import db
from web import create_app
from web.config import Config
from web.demo.people import demo_accounts
from web.demo.seals import demo_seals
from web.request_log import write_log
from web.schema_check import is_current, refuse_database_away, refuse_other_schema
from web.server_processes import do_apart, let_in, taken_port
from web.serving.server import serve
from web.startup_checks import make_data_folder

TABLES = Bilingual("Đang tạo cơ sở dữ liệu", "Making the database")


def run(port: int, data: Path, cases: int) -> None:
    """Prepare the demonstration in a folder, print its address and accounts, and serve until stopped.

    Raises SettingRefused or StartRefused, the latter also when the database holds something other than a demonstration.
    """
    asked = Config.from_environment({**os.environ, **_given(port, data)})
    shared = taken_port(asked)  # first, since preparing takes minutes, which a taken port would waste
    let_in(shared, asked)
    refuse_database_away(asked)
    make_data_folder(asked)
    write_log(asked.log, "demo", to_stdout=False)
    config = demo_config(port, data)
    app = demo_app(config)
    with app.app_context():
        db.engine.dispose()
    # preparing needs three times the memory of serving, freed only when its process ends; the same goes for migrations
    do_apart(partial(_prepare, app, config, cases))
    gc.freeze()
    with app.app_context():
        app.extensions["demo_accounts"] = demo_accounts()
    serve(app, config, shared)


def demo_config(port: int, data: Path) -> Config:
    """The settings of the environment with the folder, the port and the banner of a demonstration."""
    return Config.from_environment({**demo_seals(data.absolute()), **os.environ, **_given(port, data)})


def _given(port: int, data: Path) -> dict[str, str]:
    return {"LANGBIANG_DATA": str(data), "LANGBIANG_PORT": str(port), "LANGBIANG_DEMO": "yes"}


def demo_app(config: Config) -> Flask:
    """The application on a database migrated to the newest schema."""
    make_data_folder(config)
    if not is_current(config.database_url):
        _say_stage(TABLES)
        do_apart(partial(_upgrade, config.database_url))
    app = create_app(config)
    with app.app_context():
        refuse_other_schema(db.engine)
    return app


def _upgrade(database_url: str) -> None:
    import migrations

    migrations.upgrade(database_url)


def _say_stage(stage: Bilingual) -> None:
    print(f"{stage.vi}… / {stage.en}…", flush=True)


def _prepare(app: Flask, config: Config, cases: int) -> None:
    from web.demo import prepare, print_accounts

    with app.app_context():
        prepare(app, now=datetime.now(UTC), cases=cases, apart=True, say=_say_stage)
        print_accounts(config, sys.stdout, now=datetime.now(UTC))
