"""Checks that there is a database with the tables this version of the program expects.

Versions may run side by side while machines are upgraded one after the other: a migration that only adds names in `oldest_program` the
oldest program that can continue, `langbiang migrate` stores that in the database, and a program that does not know the migration relies on
it. A migration removes something one release after the program stopped using it.
"""

import os

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from casework.errors import CaseworkError
from web.config import Config, StartRefused

TO_DO = "For a new installation: Run `langbiang migrate` first."


class DatabaseAway(CaseworkError):
    """The database server does not answer, or refuses the program's login."""

    def __init__(self, url: URL, fault: DBAPIError) -> None:
        name, where, why = url.database, _server_of(url), str(fault.orig).strip().partition("\n")[0].rstrip(".")
        super().__init__(
            f"Cơ sở dữ liệu PostgreSQL {name} tại {where} không trả lời: {why}. Hãy kiểm tra máy chủ đó và LANGBIANG_DATABASE_URL.",
            f"The PostgreSQL database {name} at {where} does not answer: {why}. Look at that server and at LANGBIANG_DATABASE_URL.",
        )


def refuse_missing_database(config: Config) -> None:
    """Make sure that the configured installation exists before anything is created.

    Otherwise the program would create keys and an empty database in a mistyped folder. Raises StartRefused where the folder, the database
    or its tables do not exist, DatabaseAway.
    """
    url = make_url(config.database_url)
    if config.is_sqlite and not os.path.exists(str(url.database)):
        raise StartRefused(f"There is no database {url.database}. Is that the folder of the installation? LANGBIANG_DATA says it. {TO_DO}")
    if not config.data.is_dir():
        raise StartRefused(f"There is no folder {config.data}. Is that the folder of the installation? LANGBIANG_DATA says it. {TO_DO}")
    if revision_at(config.database_url) is None:
        raise StartRefused(f"The database {name_of(url)} has no tables. Is it that of the installation? LANGBIANG_DATA and "
                           f"LANGBIANG_DATABASE_URL say it. {TO_DO}")  # fmt: skip


def refuse_database_away(config: Config) -> None:
    """Make sure that the database server accepts the program before anything is created for it. Raises DatabaseAway."""
    if not config.is_sqlite:
        revision_at(config.database_url)


def refuse_other_schema(engine: Engine) -> str | None:
    """A sentence where the database is at a newer revision that allows this program to continue, None at the program's own revision.

    Raises StartRefused otherwise.
    """
    import migrations

    name, there, wanted = name_of(engine.url), migrations.revision_of(engine), migrations.newest_revision()
    if there == wanted:
        return None
    if there is not None and there > wanted and (migrations.promised_to(engine) or there) <= wanted:
        return (
            f"The database {name} is at revision {there}, newer than {wanted}, which this program knows; it goes on alongside the newer "
            "program."
        )
    if there is not None and there > wanted:
        raise StartRefused(f"The database {name} is at revision {there}, too new for this version of the program, which knows {wanted}. "
                           "Install a newer version.")  # fmt: skip
    raise StartRefused(
        f"The database {name} is at revision {there or 'nothing'}, this version of the program needs {wanted}. "
        "Run `langbiang migrate` first."
    )


def is_current(database_url: str) -> bool:
    """Whether a database is at the newest revision, so that a start need not load the migrations."""
    import migrations

    return revision_at(database_url) == migrations.newest_revision()


def revision_at(database_url: str) -> str | None:
    """A database's revision, None without tables. Raises DatabaseAway; StartRefused where a file is no database."""
    import migrations

    engine = create_engine(database_url, poolclass=NullPool, hide_parameters=True)
    try:
        return migrations.revision_of(engine)
    except DBAPIError as fault:
        if engine.dialect.name == "sqlite":
            raise StartRefused(f"The database {name_of(engine.url)} cannot be opened: {fault.orig}.") from None
        raise DatabaseAway(engine.url, fault) from None
    finally:
        engine.dispose()


def name_of(url: URL) -> str:
    """The database's name for people, without its password."""
    return str(url.database) if url.drivername == "sqlite" else f"{url.database} at {_server_of(url)}"


def _server_of(url: URL) -> str:
    host = url.host or url.query.get("host") or "this machine"
    return f"{host}:{url.port}" if url.port else str(host)
