"""Triggers that keep the history append-only and frozen figures as they are, in both databases.

They stop mistakes in code, not an administrator of the database: that one is found by the anchors outside it. SQLite
changes a table by copying it, which loses its triggers without a word, so they are put back after every migration.
"""

from sqlalchemy import Connection, inspect

KEPT_COLUMNS = (
    "id", "stream", "seq", "type", "at", "case_id", "actor_id", "on_behalf_of_id", "payload_digest", "previous_hash", "hash",
)  # fmt: skip
"""Of `event`. The other two, payload and salt, may be erased together, and nothing else."""

NEW_VALUES = ", ".join(f'NEW."{column}"' for column in KEPT_COLUMNS)
OLD_VALUES = ", ".join(f'OLD."{column}"' for column in KEPT_COLUMNS)

REFUSAL = "the history is append-only"
FROZEN = "frozen figures are append-only"

SQLITE_TRIGGERS = {
    "event_refuses_delete": f"BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "event_refuses_update": (
        "BEFORE UPDATE ON event WHEN "
        + " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in KEPT_COLUMNS)
        + " OR NOT (NEW.payload IS NULL OR NEW.payload = 'null') OR NEW.salt IS NOT NULL"
        + f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    ),
    "event_stream_refuses_delete": f"BEFORE DELETE ON event_stream BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    "figures_snapshot_refuses_delete": f"BEFORE DELETE ON figures_snapshot BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END",
    "figures_snapshot_refuses_update": f"BEFORE UPDATE ON figures_snapshot BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END",
}

POSTGRESQL_FUNCTIONS = (
    f"""CREATE OR REPLACE FUNCTION langbiang_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE OR REPLACE FUNCTION langbiang_refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE OR REPLACE FUNCTION langbiang_allow_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ({NEW_VALUES}) IS DISTINCT FROM ({OLD_VALUES})
        OR NOT (NEW.payload IS NULL OR NEW.payload = 'null'::jsonb) OR NEW.salt IS NOT NULL THEN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$""",
)

POSTGRESQL_TRIGGERS = {
    "event_refuses_delete": "BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION langbiang_refuse_change()",
    "event_refuses_truncate": "BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION langbiang_refuse_change()",
    "event_refuses_update": "BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION langbiang_allow_erasure()",
    "event_stream_refuses_delete": "BEFORE DELETE ON event_stream FOR EACH ROW EXECUTE FUNCTION langbiang_refuse_change()",
    "event_stream_refuses_truncate": "BEFORE TRUNCATE ON event_stream FOR EACH STATEMENT EXECUTE FUNCTION langbiang_refuse_change()",
    "figures_snapshot_refuses_change": (
        "BEFORE DELETE OR UPDATE ON figures_snapshot FOR EACH ROW EXECUTE FUNCTION langbiang_refuse_thaw()"
    ),
    "figures_snapshot_refuses_truncate": (
        "BEFORE TRUNCATE ON figures_snapshot FOR EACH STATEMENT EXECUTE FUNCTION langbiang_refuse_thaw()"
    ),
}


def install_triggers(connection: Connection) -> None:
    """Put every trigger in place that the database's tables should have; harmless where they are."""
    tables = set(inspect(connection).get_table_names())
    if "event" not in tables:
        return
    if connection.dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            if _table_of(body) in tables:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
                connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")
        return
    for function in POSTGRESQL_FUNCTIONS:
        connection.exec_driver_sql(function)
    for name, body in POSTGRESQL_TRIGGERS.items():
        if _table_of(body) in tables:
            connection.exec_driver_sql(f"CREATE OR REPLACE TRIGGER {name} {body}")


def drop_triggers(connection: Connection) -> None:
    """Take the triggers away, before their tables go."""
    if connection.dialect.name == "sqlite":
        return
    for name, body in POSTGRESQL_TRIGGERS.items():
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} ON {_table_of(body)}")
    connection.exec_driver_sql("DROP FUNCTION IF EXISTS langbiang_refuse_change(), langbiang_allow_erasure(), langbiang_refuse_thaw()")


def _table_of(body: str) -> str:
    return body.split(" ON ")[1].split(" ")[0]
