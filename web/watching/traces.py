"""Records in the database that a command was run, for the health page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from casework.db import db, prepare_engine, unit_of_work
from casework.upkeep.server_processes import leave_mark
from web.config import Config


def leave_trace(config: Config, kind: str, *, is_well: bool, facts: Mapping[str, Any], now: datetime) -> bool:
    """Record that `kind` was done; False where the database cannot store it, as before its migration."""
    app = Flask("traces")
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        try:
            with unit_of_work():
                leave_mark(kind, is_well=is_well, facts=facts, now=now)
        except SQLAlchemyError:
            return False
        finally:
            db.session.remove()
            db.engine.dispose()
    return True
