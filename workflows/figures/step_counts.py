"""How many steps wait at each element of one version of a model, in one bounded query."""

from sqlalchemy import func, literal, select, text, union_all

from casework.db import db
from casework.permissions import Actor
from workflows.definitions.parsed import definition_of
from workflows.models import ProcessVersion, WaitingTask
from workflows.versions.live import centres_counted

MOST = 999
"""Steps counted at one element; shown as "999+" from there."""

OPEN = text("state IN ('waiting', 'frozen')")
"""Written literally as in the partial index, so that either database uses that index."""


def open_steps(version: ProcessVersion, *, by: Actor) -> dict[str, int]:
    """Return by element how many steps of the reader's centres stand there, those on hold included, up to MOST; elements without any are
    left out."""
    centres = centres_counted(by)
    counts = []
    for element in definition_of(version).steps:
        there = select(WaitingTask.element).where(WaitingTask.version_id == version.id, WaitingTask.element == element.id, OPEN)
        if centres is not None:
            # as a sum, so that no database reads everything open in a centre instead of in the version
            there = there.where((WaitingTask.centre_id + 0).in_(centres))
        counts.append(select(literal(element.id), func.count()).select_from(there.limit(MOST).subquery()))
    return {element: number for element, number in db.session.execute(union_all(*counts)) if number} if counts else {}
