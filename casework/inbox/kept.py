"""What the inbox shows a person besides their steps: saved filters and unread notices, read together."""

from sqlalchemy import cast, literal, null, select, union_all

from casework.db import Instant, db
from casework.inbox import notices, saved_filters
from casework.inbox.notices import Notice
from casework.inbox.saved_filters import SeenFilter
from casework.permissions import Actor

_FILTERS, _NOTICES = saved_filters.SHOWN.subquery("filters"), notices.NEWEST.subquery("notices")
_RETURNED = notices.RETURNED.subquery("returned")
_NOTHING = [null()] * 4
KEPT = union_all(
    select(literal("filter"), *_FILTERS.c, cast(null(), Instant)),
    select(literal("notice"), null(), _NOTICES.c.template, _NOTICES.c.parameters, *_NOTHING, _NOTICES.c.created_at),
    select(
        literal(notices.CAME_BACK), _RETURNED.c.ref, _RETURNED.c.verb, null(), null(), null(), null(), _RETURNED.c.code,
        _RETURNED.c.returned_at,
    ),
)


def kept_for(by: Actor) -> tuple[list[SeenFilter], list[Notice]]:
    """The filters and the notices, each in its order."""
    seen, filters, told = saved_filters.seen_filters(by), [], []
    values = {**(seen.values if seen is not None else {}), **notices.unread(by).values}
    for what, ref, name, chosen, centre_id, agency_id, owner_id, owner_name, created_at in db.session.execute(KEPT, values):
        if what == "filter":
            filters.append(SeenFilter(ref, name, chosen, centre_id, agency_id, owner_id, owner_name))
        elif what == "notice":
            told.append(Notice(name, chosen, created_at))
        else:
            told.append(Notice(what, {"ref": ref, "verb": name, "code": owner_name}, created_at))
    return filters, told
