"""The steps that bring a database from one version of the tables to the next. Only the command line and the health check come here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from casework.db import LOCK_TIMEOUT_SECONDS, WRITES, prepare_engine
from migrations import full_text
from migrations.append_only import install_triggers

if TYPE_CHECKING:
    from alembic.config import Config

PROMISE = "schema_promise"
LOCK_NUMBER = 4_106_114
"""Of PostgreSQL's advisory lock that lets one migration run at a time."""


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database to a revision, the newest by default: all of it or nothing, on both databases."""
    from alembic import command  # late: docs/architecture.md

    _run(database_url, lambda config: command.upgrade(config, revision))


def downgrade(database_url: str, revision: str) -> None:
    """Take the database back to an older revision, `base` for none; what the newer tables held is lost."""
    from alembic import command  # late: docs/architecture.md

    _run(database_url, lambda config: command.downgrade(config, revision))


@cache
def newest_revision() -> str:
    """The revision this version of the program needs."""
    return max(each.name.partition("_")[0] for each in (files(__package__) / "versions").iterdir() if each.name[:1].isdigit())


def revision_of(engine: Engine) -> str | None:
    """The revision a database is at; None before the first migration."""
    with engine.connect() as connection:
        return _revision_here(connection)


def _revision_here(connection: Connection) -> str | None:
    # asked without Alembic, which every process of the program would else read in to start
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def promised_to(engine: Engine) -> str | None:
    """The newest migration the oldest program knows that may go on with the tables of this database; None where nothing is promised."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(PROMISE):
            return None
        oldest: str | None = connection.execute(text(f"SELECT oldest_program FROM {PROMISE}")).scalar()
        return oldest


def alembic_config(attributes: Mapping[str, Any] | None = None) -> Config:
    """Alembic's settings; `attributes` carry the connection to env.py."""
    from alembic.config import Config  # late: docs/architecture.md

    config = Config()
    config.set_main_option("script_location", str(files(__package__)).replace("%", "%%"))
    config.attributes.update(attributes or {})
    return config


def migration_engine(database_url: str) -> Engine:
    """An engine as the program's, but with foreign keys off on SQLite: changing a table there means to copy and drop it."""
    engine = create_engine(database_url, poolclass=NullPool, hide_parameters=True)
    prepare_engine(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=OFF"))
    return engine


def _run(database_url: str, step: Any) -> None:
    engine = migration_engine(database_url)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
                # people work meanwhile: a change of a table that would make them wait is given up, to be begun anew in a quiet minute
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
            config = alembic_config({"connection": connection})
            step(config)
            _promise(connection, config)
            _refuse_broken_references(connection)
            install_triggers(connection)
            full_text.install_triggers(connection)
    finally:
        engine.dispose()


def _promise(connection: Connection, config: Config) -> None:
    """Write down what the migration the database is at says of older programs; one that says nothing wants its own."""
    from alembic.script import ScriptDirectory  # late: docs/architecture.md

    revision = _revision_here(connection)
    if revision is None or not inspect(connection).has_table(PROMISE):
        return
    module = ScriptDirectory.from_config(config).get_revision(revision).module
    connection.execute(text(f"DELETE FROM {PROMISE}"))
    oldest = {"oldest": getattr(module, "oldest_program", revision)}
    connection.execute(text(f"INSERT INTO {PROMISE} (id, oldest_program) VALUES (1, :oldest)"), oldest)


def _refuse_broken_references(connection: Connection) -> None:
    """With foreign keys off nothing else would notice. Raises RuntimeError, which takes the migration back."""
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"the migration would leave rows that point to nothing, in {sorted({row[0] for row in broken})}")
