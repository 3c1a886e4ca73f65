"""Where a case stands: its path in plain stops, and under it the process with its tokens, opened where they are."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.casefile.landmarks import landmarks_of
from casework.db import reading_once
from casework.permissions import Action, may
from casework.permissions.sight import Sight, sees
from casework.states import OPEN_STATES
from web.cases.page import opened, state_words
from web.cases.page_parts import due_of
from web.cases.path import path_of
from web.clock import now
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.locales import in_reader_language as local
from web.locales import language
from web.notes import title_for
from workflows.diagrams import Diagram, diagram_of

bp = Blueprint("case_path", __name__)


@bp.get("/cases/<ref>/diagram")
@performs(Action.READ_CASE)
@allow_inline_style_attributes
def diagram(ref: str) -> ResponseReturnValue:
    with reading_once():
        seen, only = opened(ref), request.args.get("of")
        drawn = found(diagram_of(seen, language=language(), now=now(), only=only) if sees(actor(), Sight.PROCESS, seen) else None)
        return render_template(
            "cases/diagram.html", case=seen, title=title_for(seen), diagram=drawn, state=state_words(seen), only=only,
            due=due_of(seen, runs=seen.state in OPEN_STATES), can_mend=may(actor(), Action.MEND_PROCESS, seen),
            path=path_of(seen, landmarks_of(seen)), tokens=_tokens(drawn, only), chips=_chips(drawn, only),
        )  # fmt: skip


def _tokens(drawn: Diagram, only: str | None) -> dict[str, str]:
    """Whose work waits at each element, by the agencies' short names."""
    late, names = set(drawn.marks["late"]), dict[str, list[str]]()
    for each in drawn.standings:
        if each.short_name is not None and not each.is_ended and only in (None, each.key):
            for element in each.waits_at:
                names.setdefault(element, []).append(local(each.short_name))
    return {element: ", ".join(who) + (f" · {_('late')}" if element in late else "") for element, who in names.items()}


def _chips(drawn: Diagram, only: str | None) -> list[tuple[str, list[str]]]:
    """What the drawing can be fitted to: everything that waits, and what waits of each agency. None where nothing waits."""
    waiting = [each for each in drawn.standings if each.waits_at and not each.is_ended and only in (None, each.key)]
    at_desks = [element for each in waiting if each.agency is not None for element in each.waits_at]
    all_of_them = list(dict.fromkeys(at_desks or [element for each in waiting for element in each.waits_at]))
    if not all_of_them:
        return []
    own = [(local(each.short_name), list(each.waits_at)) for each in waiting if each.short_name is not None]
    return [(_("Fitted to where it is"), all_of_them), *(own if len(own) > 1 else [])]
