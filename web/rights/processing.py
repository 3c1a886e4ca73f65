"""The register of processing activities, now or as of a day: to read, print and export. Its rows are changed under the settings."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Centre, ProcessingActivity
from casework.permissions import Action, may
from casework.rights.processing import kept_now, register_on
from casework.settings.kinds.table import KINDS
from web.clock import now
from web.exports.links import export_url
from web.guards import actor, performs
from web.public.filters import day_typed

bp = Blueprint("rights_processing", __name__)

COLUMNS = ("purpose", "legal_basis", "data_kinds", "people", "recipients", "kept", "protection", "answers_for_it")
"""The columns of the register, in order."""
EVERYWHERE = Bilingual("Toàn hệ thống", "The whole installation")


@bp.get("/personal-data/processing")
@performs(Action.READ_PROCESSING)
def register() -> ResponseReturnValue:
    today, typed = local_day(now()), request.args.get("on", "").strip()[:20]
    day = day_typed("on")
    rows = register_on(actor(), day or today)
    return render_template(
        "rights/register.html", rows=rows, day=day or today, today=today, typed=typed, is_misread=bool(typed) and day is None,
        columns=[(name, KINDS["processing"].column(name).label) for name in COLUMNS], kept_now=kept_now, whose=whose,
        may_change=may(actor(), Action.CHANGE_SETTINGS), export=export_url("processing", on=(day or today).isoformat()),
    )  # fmt: skip


def whose(row: ProcessingActivity) -> Bilingual:
    """The scope of a row."""
    centre = db.session.get(Centre, row.centre_id) if row.centre_id is not None else None
    return centre.name if centre is not None else EVERYWHERE
