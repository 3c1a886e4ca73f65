"""The list of quarantined cases, for their confidential readers."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.erasure.quarantined_list import quarantined_cases
from casework.parsing import number_in
from casework.permissions import Action
from web.guards import actor, performs

bp = Blueprint("quarantined", __name__)


@bp.get("/quarantined")
@performs(Action.HAND_OVER)
def cases() -> ResponseReturnValue:
    """Lists code and time only; the matter of a case is shown on its own page."""
    after = number_in(request.args.get("after", ""))
    page = quarantined_cases(by=actor(), after=after)
    return render_template(
        "cases/quarantined.html", rows=page.rows, first_url=url_for(".cases") if after is not None else "",
        next_url=url_for(".cases", after=page.after) if page.after is not None else "",
    )  # fmt: skip
