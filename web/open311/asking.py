"""Reads what a request asks. What is empty counts as absent; what is unknown is ignored; every fault is told at once."""

from datetime import datetime
from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.exceptions import NotFound

from casework.doors.open311.jurisdictions import Jurisdiction, jurisdictions, named
from casework.local_time import local_day
from web.clock import now
from web.door_keys import caller
from web.open311.faults import Fault, Refused, fault, given_twice, not_an_instant

KNOWN = (
    "jurisdiction_id", "service_request_id", "service_code", "status", "start_date", "end_date", "updated_after", "updated_before", "page",
    "page_size", "extensions", "api_key",
)  # fmt: skip
"""The parameters of addresses that mean something here."""
REPLACED = "\ufffd"
"""What stands in a form where bytes were no UTF-8."""


def parameter(name: str) -> str:
    """A parameter of the address; empty for none."""
    return request.args.get(name, "").strip()


def refuse_bytes() -> None:
    """Refuse an address or form whose bytes are no UTF-8. Raises Refused."""
    try:
        unquote_to_bytes(request.query_string.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Refused(400, fault("not_utf8")) from None
    if request.method == "POST" and any(REPLACED in each for pair in request.form.items(multi=True) for each in pair):
        raise Refused(400, fault("not_utf8"))


def refuse_twice_in_address() -> None:
    """Refuse a known parameter that an address has twice: which of them is meant nobody can say. Raises Refused."""
    if twice := [given_twice(name) for name in KNOWN if len(request.args.getlist(name)) > 1]:
        raise Refused(400, *twice)


def centre_asked(*, is_post: bool = False, reads: bool = True) -> Jurisdiction:
    """The centre a request is about: the one it names, else that of its key, else the only one there is.

    Raises Refused: 403 for one that is not the key's, 400 where several have the door open and none is named, or a parameter is given
    twice, 404 for an unknown one and for one that has ended where something is to be filed. Raises NotFound while the door is closed
    everywhere.
    """
    refuse_bytes()
    refuse_twice_in_address()
    known, by = jurisdictions(local_day(now())), caller()
    if not known:
        raise NotFound
    wanted = (request.form.get("jurisdiction_id", "").strip() if is_post else "") or parameter("jurisdiction_id")
    at_work = [each for each in known if each.is_at_work]
    if wanted:
        found = named(known, wanted)
        if found is None or not (found.is_at_work or reads):
            raise Refused(404, fault("jurisdiction_unknown"))
        if by is not None and found.id != by.centre_id:
            raise Refused(403, fault("key"))
        return found
    if by is not None:
        return next(each for each in known if each.id == by.centre_id)
    if len(at_work) != 1:
        raise Refused(400, fault("jurisdiction_missing"))
    return at_work[0]


def instant_in(text: str, name: str, faults: list[Fault]) -> datetime | None:
    """A W3C date and time with its zone; "+" may have come as a space. None for an empty one, and for a wrong one, which is noted."""
    if not text:
        return None
    head, gap, tail = text.rpartition(" ")
    try:
        moment = datetime.fromisoformat(f"{head}+{tail}" if gap and "T" in head else text)
        if "T" not in text or moment.tzinfo is None or not 1900 < local_day(moment).year < 9000:
            raise ValueError(text)
    except (ValueError, OverflowError):
        faults.append(not_an_instant(name))
        return None
    return moment
