"""What is asked of the inbox by an address: a view, a filter, a code or words, and whose desks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from casework.models import Account
from casework.permissions import Actor
from casework.rights.deputies import principals_of
from web.inbox.filters import filter_in, params_of
from web.inbox.views import wanted_of
from workflows.desks.inbox import looked_for
from workflows.desks.inbox_filters import InboxFilter, InboxQuery, narrowed


@dataclass(frozen=True)
class InboxRequest:
    """The request in the address. `given` is the filter as address parameters, `reader` the person whose desks are read."""

    words: str
    codes: tuple[str, ...]
    view: str
    chosen: InboxFilter
    given: dict[str, str]
    wanted: InboxQuery
    principals: list[Account]
    reader: Actor


def asked_in(by: Actor, given: Mapping[str, str], *, now: datetime) -> InboxRequest:
    """Read what an address of the inbox asks for; what has no meaning there is ignored."""
    words, view = given.get("q", "").strip()[:60], given.get("view", "all")
    chosen, principals = filter_in(given), principals_of(by)
    wanted = looked_for(words, now=now) if words else wanted_of(view, chosen)
    return InboxRequest(
        words=words,
        codes=wanted.codes or (),
        view=view,
        chosen=chosen,
        given={} if words else params_of(chosen),
        wanted=wanted,
        principals=principals,
        reader=by if words else reader_of(by, chosen, principals),
    )


def reader_of(by: Actor, chosen: InboxFilter, principals: list[Account]) -> Actor:
    """The person with the roles whose desks a filter reads."""
    return narrowed(by, chosen.whose, {each.ref: each.id for each in principals})
