"""Stored versions as text and as parsed model."""

from sqlalchemy import select

from casework.db import db
from workflows.definitions.process import Definition, definitions
from workflows.models import ProcessVersion


def definition_of(version: ProcessVersion) -> Definition:
    """Return the parsed model of a version; the text is read only if this process has not parsed it yet."""
    return definition_by(version.id, version.sha256)


def definition_by(version_id: int, sha256: str) -> Definition:
    """The same by the row and digest of a version."""
    return definitions.peek(sha256) or definitions.get(sha256, _text(version_id))


def text_of(version: ProcessVersion) -> bytes:
    """Return the text of a version as it stands in the database now."""
    return _text(version.id)


def _text(version_id: int) -> bytes:
    return db.session.scalars(select(ProcessVersion.xml).where(ProcessVersion.id == version_id)).one()
