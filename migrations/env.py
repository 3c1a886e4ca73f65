"""How Alembic runs here: on the connection it is given, in its transaction, with batch changes on SQLite."""

import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from casework.db import METADATA, WRITES, Instant
from migrations import migration_engine
from migrations.scope import include_object
from workflows import models as process_models  # noqa: F401  (its tables belong to METADATA once it is imported)


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write types as the database has them: a migration must not change when our classes do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def migrate(connection: Connection) -> None:
    """Run what was asked on this connection; the caller commits."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=include_object,
        render_item=render_item,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = migration_engine(os.environ["LANGBIANG_DATABASE_URL"])
    with engine.connect().execution_options(**{WRITES: True}) as own, own.begin():
        migrate(own)
