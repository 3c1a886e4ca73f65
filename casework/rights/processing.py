"""The register of processing on a day, for its readers: the installation's rows and those of their centres."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import ProcessingActivity
from casework.permissions import Action, Actor
from casework.rights.lists import centres_where
from casework.setting_values import VALUES, value_of

MOST_ROWS = 500


def register_on(by: Actor, day: date, *, centre_id: int | None = None) -> list[ProcessingActivity]:
    """The activities in force on a local day, in their order; a centre's own row replaces the installation's for its people.

    With `centre_id` those of that centre, which the reader may read.
    """
    centres = centres_where(by, Action.READ_PROCESSING) if centre_id is None else {centre_id}
    model = ProcessingActivity
    query = select(model).where(model.valid_from <= day, or_(model.valid_to.is_(None), model.valid_to > day))
    if centres is not None:
        query = query.where(or_(model.centre_id.is_(None), model.centre_id.in_(sorted(centres))))
    order = (model.position, model.key, model.centre_id.is_not(None), model.centre_id, model.id)
    rows = list(db.session.scalars(query.order_by(*order).limit(MOST_ROWS)))
    return [row for row in rows if centres is None or not _is_replaced(row, rows, centres)]


def _is_replaced(row: ProcessingActivity, rows: Sequence[ProcessingActivity], centres: set[int]) -> bool:
    """Whether each of the reader's centres has a row of its own instead of this one."""
    own = {each.centre_id for each in rows if each.key == row.key and each.centre_id is not None}
    return row.centre_id is None and bool(centres) and centres <= own


def kept_now(row: ProcessingActivity) -> tuple[Bilingual, int] | None:
    """The setting a row refers to and its present value; None where it refers to none."""
    if row.kept_by is None or row.kept_by not in VALUES:
        return None
    value = VALUES[row.kept_by]
    return value.name, int(value_of(value.key, row.centre_id if value.for_centre else None))
