"""The parsed model of a stored version: its text is read only when this process has not parsed it yet."""

from sqlalchemy import select
from sqlalchemy.orm import undefer

from casework.db import db
from workflows.definitions import Definition, definitions
from workflows.models import ProcessVersion


def definition_of(version: ProcessVersion) -> Definition:
    """Return the parsed model of a version; the text is read only when this process has not parsed it yet."""
    known = definitions.peek(version.sha256)
    if known is not None:
        return known
    query = select(ProcessVersion).where(ProcessVersion.id == version.id).options(undefer(ProcessVersion.xml))
    return definitions.get(version.sha256, db.session.scalars(query).one().xml)
