"""The load of one's team: how much each person has, what is late, what nobody has claimed."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from casework.permissions import Action
from casework.rights.deputies import principals_of
from web.clock import now
from web.guards import actor, performs
from workflows.desks.inbox_filters import OWN
from workflows.desks.teams import LOOKED_BACK, Team, teams_of

bp = Blueprint("team", __name__)


@bp.get("/team")
@performs(Action.READ_TEAM)
def team() -> ResponseReturnValue:
    by = actor()
    refs = {each.id: each.ref for each in principals_of(by)}

    def whose_of(team: Team) -> str | None:
        """The desks that a team's links lead to, for somebody who is also a deputy."""
        return (refs.get(team.principal_id) if team.principal_id is not None else OWN) if refs else None

    return render_template(
        "inbox/team.html", teams=teams_of(by, now=now()), days=LOOKED_BACK.days, account_id=by.account_id, whose_of=whose_of
    )
