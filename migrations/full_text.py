"""The full-text index over the search rows: a table of its own on SQLite, a column with an index on PostgreSQL.

The databases keep it themselves, so whoever writes, moves or erases a search row cannot forget it. `fts_…` is what no model
describes (migrations/scope.py). On SQLite the index holds no text but the words' places; the text is the row's.
"""

from sqlalchemy import Connection, inspect

INDEX = "fts_search_row"

SQLITE_TABLE = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(words, content='search_row', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 0', prefix='1 2 3')"
)
SQLITE_TRIGGERS = {
    "fts_search_row_written": (
        f"AFTER INSERT ON search_row BEGIN INSERT INTO {INDEX} (rowid, words) VALUES (NEW.id, NEW.words); END"
    ),
    "fts_search_row_rewritten": (
        "AFTER UPDATE OF words ON search_row WHEN NEW.words IS NOT OLD.words BEGIN "
        f"INSERT INTO {INDEX} ({INDEX}, rowid, words) VALUES ('delete', OLD.id, OLD.words); "
        f"INSERT INTO {INDEX} (rowid, words) VALUES (NEW.id, NEW.words); END"
    ),
    "fts_search_row_erased": (
        f"AFTER DELETE ON search_row BEGIN INSERT INTO {INDEX} ({INDEX}, rowid, words) VALUES ('delete', OLD.id, OLD.words); END"
    ),
}
"""SQLite changes a table by copying it, which loses its triggers, so they are put back after every migration."""

POSTGRESQL_COLUMN = (
    "ALTER TABLE search_row ADD COLUMN fts_words tsvector "
    "GENERATED ALWAYS AS (array_to_tsvector(array_remove(string_to_array(words, ' '), ''))) STORED"
)
POSTGRESQL_INDEXES = tuple(
    f"CREATE INDEX {INDEX}_{audience} ON search_row USING gin (fts_words) WITH (fastupdate = off) WHERE audience = '{audience}'"
    for audience in ("centre", "agencies", "public")
)
"""Words are taken as they stand in the row: PostgreSQL's own parser would see addresses of files and mail in them."""


def create_index(connection: Connection) -> None:
    """Make the index over the rows that are there."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(SQLITE_TABLE)
        connection.exec_driver_sql(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')")
    else:
        connection.exec_driver_sql(POSTGRESQL_COLUMN)
        for statement in POSTGRESQL_INDEXES:
            connection.exec_driver_sql(statement)


def drop_index(connection: Connection) -> None:
    """Take the index away; the rows stay."""
    if connection.dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(f"DROP TABLE {INDEX}")
    else:
        connection.exec_driver_sql("ALTER TABLE search_row DROP COLUMN fts_words")


def install_triggers(connection: Connection) -> None:
    """Put the triggers in place that keep SQLite's index; harmless where they are."""
    if connection.dialect.name != "sqlite" or not inspect(connection).has_table(INDEX):
        return
    for name, body in SQLITE_TRIGGERS.items():
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")
