"""Backups of a PostgreSQL server that others use too: of the program's own schema, restored by the program's own role."""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import migrations
from tests import build
from tests.conftest import environment_of
from tests.postgres import Cluster
from web.commands import dumps
from web.commands.backup import DumpRefused, backup, restore
from web.config import Config

ROLE = "langbiang_program"
"""No superuser, as an installation's role should be."""


def of_the_role(cluster: Cluster, database: str, folder: Path) -> Config:
    """An installation in an empty database that belongs to the program's role."""
    with cluster.connect() as connection:
        connection.execute(f"CREATE DATABASE {database} OWNER {ROLE} TEMPLATE template0")
    return Config.from_environment(environment_of(folder, cluster.own_url(database).replace("//app@", f"//{ROLE}@")))


@pytest.fixture
def shared(postgres: Cluster, tmp_path: Path) -> Iterator[Config]:
    """An installation in whose database an administrator has made extensions and others have a schema."""
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN")
    config = of_the_role(postgres, "shared_with_others", tmp_path / "here")
    migrations.upgrade(config.database_url)
    with postgres.connect("shared_with_others") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("COMMENT ON EXTENSION pg_stat_statements IS 'what takes how long'")
        connection.execute("CREATE SCHEMA others CREATE TABLE others.payroll (person text)")
        connection.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    yield config
    postgres.drop("shared_with_others")
    postgres.drop("moved_to")
    with postgres.connect() as connection:
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def moved_to(shared: Config, postgres: Cluster, tmp_path: Path) -> Config:
    return of_the_role(postgres, "moved_to", tmp_path / "there")


def tables_and_triggers(config: Config) -> set[tuple[str, str]]:
    """What was made by migrations, by kind: a restore has to bring each of it."""
    engine = create_engine(config.database_url)
    with engine.connect() as connection:
        found = connection.execute(text(
            "SELECT relkind::text, relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
            " AND relname NOT LIKE 'pg_stat%'"
            " UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE proname LIKE 'langbiang%'"
            " UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger WHERE NOT tgisinternal"
            " UNION ALL SELECT 'constraint', conname::text FROM pg_constraint"
            " UNION ALL SELECT 'comment', description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid >= 16384"
        ))  # fmt: skip
        rows = {(str(kind), str(name)) for kind, name in found if "pg_stat" not in str(name)}
    engine.dispose()
    return rows


@pytest.mark.exhaustive
def test_what_an_administrator_added_to_the_database_keeps_no_backup_from_being_restored(
    shared: Config, moved_to: Config, tmp_path: Path
) -> None:
    backup(shared, tmp_path / "monday", now=build.NOON)
    restored = restore(moved_to, tmp_path / "monday", now=build.NOON, unproven=True)
    assert restored.verification is not None
    assert restored.verification.findings == []
    assert tables_and_triggers(moved_to) == tables_and_triggers(shared)


@pytest.mark.exhaustive
def test_a_backup_of_an_older_version_that_took_extensions_with_it_is_restored_without_them(
    shared: Config, moved_to: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.commands.dumps._of_own_schema", lambda schema: ("--exclude-schema=others",))
    backup(shared, tmp_path / "monday", now=build.NOON)
    restore(moved_to, tmp_path / "monday", now=build.NOON, unproven=True)
    assert tables_and_triggers(moved_to) == tables_and_triggers(shared)


@pytest.mark.exhaustive
def test_a_dump_that_lacks_a_table_is_no_backup(shared: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.commands.dumps._of_own_schema", lambda schema: ("--schema=public", "--exclude-table=report_text"))
    with pytest.raises(DumpRefused, match="report_text"):
        backup(shared, tmp_path / "monday", now=build.NOON)
    assert list(tmp_path.glob("*monday*")) == []


@pytest.mark.exhaustive
def test_a_dump_that_cannot_be_read_to_its_end_is_no_backup(shared: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = dumps._run

    def cut_short(program: str, *arguments: str, password: str | None) -> None:
        run(program, *arguments, password=password)
        if program.endswith("pg_dump"):
            target = Path(next(each for each in arguments if each.startswith("--file=")).removeprefix("--file="))
            target.write_bytes(target.read_bytes()[:-2000])

    monkeypatch.setattr("web.commands.dumps._run", cut_short)
    with pytest.raises(DumpRefused, match="pg_restore"):
        backup(shared, tmp_path / "monday", now=build.NOON)
    assert list(tmp_path.glob("*monday*")) == []


@pytest.mark.exhaustive
def test_a_backup_is_not_restored_beside_the_schema_the_database_opens(
    shared: Config, moved_to: Config, postgres: Cluster, tmp_path: Path
) -> None:
    backup(shared, tmp_path / "monday", now=build.NOON)
    with postgres.connect("moved_to") as connection:
        connection.execute(f"CREATE SCHEMA langbiang AUTHORIZATION {ROLE}")
        connection.execute("ALTER DATABASE moved_to SET search_path = langbiang")
    with pytest.raises(DumpRefused, match="schema langbiang"):
        restore(moved_to, tmp_path / "monday", now=build.NOON, unproven=True)
    assert dumps.is_empty(moved_to.database_url)


@pytest.mark.exhaustive
def test_an_installation_in_a_schema_of_its_own_comes_back_into_it(shared: Config, postgres: Cluster, tmp_path: Path) -> None:
    configs = []
    for name in ("own_schema", "own_schema_elsewhere"):
        configs.append(of_the_role(postgres, name, tmp_path / name))
        with postgres.connect(name) as connection:
            connection.execute(f"CREATE SCHEMA langbiang AUTHORIZATION {ROLE}")
            connection.execute(f"ALTER DATABASE {name} SET search_path = langbiang")
    try:
        here, there = configs
        migrations.upgrade(here.database_url)
        backup(here, tmp_path / "monday", now=build.NOON)
        restore(there, tmp_path / "monday", now=build.NOON, unproven=True)
        assert tables_and_triggers(there) == tables_and_triggers(here)
    finally:
        for config in configs:
            postgres.drop(str(make_url(config.database_url).database))


def test_the_own_restore_of_postgresql_takes_the_backup_too(shared: Config, moved_to: Config, tmp_path: Path) -> None:
    made = backup(shared, tmp_path / "monday", now=build.NOON)
    listed = subprocess.run(
        [dumps._program("pg_restore", int(made.manifest.database_version.split(".")[0])), "--list", made.folder / "database.pgdump"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert not [line for line in listed.splitlines() if " EXTENSION " in line or "payroll" in line or " PUBLICATION " in line]
