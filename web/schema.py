"""Whether the database has the tables this version of the program expects.

Versions may run side by side while machines are brought to the next one in turn: a migration that only adds says in `oldest_program`
which older programs may go on, `langbiang migrate` writes that into the database, and a program that does not know the migration
believes it. What a migration takes away it takes away one release after the program stopped using it.
"""

from sqlalchemy import Engine, NullPool, create_engine

from web.starting import StartRefused


def refuse_other_schema(engine: Engine) -> str | None:
    """A sentence where the database is at a newer revision that says this program may go on, None at the one the program knows.

    Raises StartRefused otherwise.
    """
    import migrations

    there, wanted = migrations.revision_of(engine), migrations.newest_revision()
    if there == wanted:
        return None
    if there is not None and there > wanted and (migrations.promised_to(engine) or there) <= wanted:
        return f"The database is at revision {there}, newer than {wanted}, which this program knows; it goes on beside the newer program."
    if there is not None and there > wanted:
        raise StartRefused(f"The database is at revision {there}, too new for this version of the program, which knows {wanted}. Install a "
                           "newer version.")  # fmt: skip
    raise StartRefused(
        f"The database is at revision {there or 'nothing'}, this version of the program needs {wanted}. Run `langbiang migrate` first."
    )


def is_current(database_url: str) -> bool:
    """Whether a database is at the newest revision already: to start a program whose tables are there needs no migration read in."""
    import migrations

    engine = create_engine(database_url, poolclass=NullPool, hide_parameters=True)
    try:
        return migrations.revision_of(engine) == migrations.newest_revision()
    finally:
        engine.dispose()
