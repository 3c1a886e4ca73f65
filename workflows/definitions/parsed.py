"""Stored versions as text and as parsed model."""

from sqlalchemy import select

from casework.db import db
from workflows.definitions.process import Definition, definitions
from workflows.models import ProcessVersion


def definition_of(version: ProcessVersion) -> Definition:
    """Return the parsed model of a version; the text is read only if this process has not parsed it yet."""
    return definitions.peek(version.sha256) or definitions.get(version.sha256, text_of(version))


def text_of(version: ProcessVersion) -> bytes:
    """Return the text of a version as it stands in the database now."""
    return db.session.scalars(select(ProcessVersion.xml).where(ProcessVersion.id == version.id)).one()
