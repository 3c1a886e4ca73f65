"""Checks before the program starts: its keys and its database."""

import os
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, LargeBinary, func, inspect, select
from sqlalchemy.sql.schema import Column

from casework.db import METADATA
from casework.models import File
from casework.sealing.keyring import Keyring, KeyringUnusable
from casework.sealing.seal import VALUE_MAGIC, key_id_of
from web.config import Config, StartRefused

PROBED_ROWS = 500
"""Rows examined at each end of a table. Keys change over time, so the oldest and newest rows name the oldest and newest keys; `langbiang
verify` opens everything."""

HEADER_BYTES = len(VALUE_MAGIC) + 1 + 32


def make_data_folder(config: Config) -> None:
    """Make the installation's data folder where it is missing. Raises StartRefused."""
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise StartRefused(f"The folder {config.data} cannot be made: {fault.strerror}. LANGBIANG_DATA says where it lies.") from None


def open_keyring(config: Config, engine: Engine) -> Keyring:
    """The keys of this installation; a new installation gets new ones.

    Raises StartRefused when sealed values exist but the key is missing: new keys would hide that the old ones are lost.
    """
    sealed_with = keys_in_use(engine)
    if not os.path.lexists(config.keyring):
        if sealed_with:
            raise StartRefused(
                f"There is no key file {config.keyring}, but the database holds data sealed with the key “{min(sealed_with)}”. "
                "Restore the key file from the backup of the keys, or set LANGBIANG_KEYRING to where it lies."
            )
        try:
            return Keyring.create(config.keyring)
        except KeyringUnusable:
            pass  # another process was quicker; its file is read below
    try:
        keyring = Keyring.load(config.keyring)
    except KeyringUnusable as unusable:
        raise StartRefused(unusable.en) from None
    if missing := sealed_with - keyring.key_ids:
        raise StartRefused(
            f"The key file {config.keyring} does not hold the key “{min(missing)}”, with which data in the database is sealed. "
            "Restore the key file from the backup of the keys."
        )
    return keyring


def keys_in_use(engine: Engine) -> set[str]:
    """The ids of the keys named by sealed rows at both ends of every table; empty before the first migration."""
    with engine.connect() as connection:
        # before a migration its columns do not exist yet
        there = {(name, each["name"]) for (_, name), columns in inspect(connection).get_multi_columns().items() for each in columns}
        found: set[str] = set()
        for column in sealed_columns():
            if (column.table.name, column.name) in there:
                found.update(_keys_in(connection, column))
        if (File.__tablename__, "key_id") in there:
            found.update(connection.scalars(select(File.key_id).where(File.key_id.is_not(None)).order_by(File.id.desc()).limit(1)))
            found.update(connection.scalars(select(File.key_id).where(File.key_id.is_not(None)).order_by(File.id).limit(1)))
    return {key_id for key_id in found if key_id}


def sealed_columns() -> Iterator[Column[bytes]]:
    """Every column of sealed values; they are named `sealed_…`."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if column.name.startswith("sealed_") and isinstance(column.type, LargeBinary):
                yield column


def _keys_in(connection: Connection, column: Column[bytes]) -> Iterator[str]:
    header = func.substr(column, 1, HEADER_BYTES)
    order = list(column.table.primary_key.columns)
    for direction in (order, [each.desc() for each in order]):
        rows = select(header).where(column.is_not(None)).order_by(*direction).limit(PROBED_ROWS)
        yield from {key_id_of(bytes(value)) for value in connection.scalars(rows)}
