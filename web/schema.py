"""Whether the database has the tables this version of the program expects."""

from sqlalchemy import Engine

from web.starting import StartRefused


def refuse_other_schema(engine: Engine) -> None:
    """Raises StartRefused unless the migrations have brought the database to the newest revision."""
    import migrations

    there, wanted = migrations.revision_of(engine), migrations.newest_revision()
    if there != wanted:
        raise StartRefused(
            f"The database is at revision {there or 'nothing'}, this version of the program needs {wanted}. Run `langbiang migrate` first."
        )
