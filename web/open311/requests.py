"""Requests: the cases the public sees, by code and in lists."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.doors.gates import Door
from casework.doors.open311.cases import RequestRow, rows_shown
from casework.doors.open311.extended import Extended, extended
from casework.doors.open311.finding import MOST_FOUND, MOST_IDS, Behind, TooMany, Wanted, behind, found
from casework.doors.open311.jurisdictions import Jurisdiction
from casework.doors.open311.own import own_rows
from casework.doors.open311.services import fields_ever
from casework.doors.open311.words import cut, notes_of, notice_of, place_of
from casework.local_time import local_day, midnight
from casework.parsing import number_in
from casework.permissions import Action
from casework.public.photos import PublicPhoto
from web.addresses import on_the_web
from web.clock import now
from web.door_keys import caller, through_door
from web.open311.asking import centre_asked, instant_in, parameter
from web.open311.door import answered, answers, said
from web.open311.faults import Fault, Refused, fault
from web.open311.writing import Several, Value

MOST_DAYS = 90
PAGE_SIZE = 1_000
ROOT = "service_requests"
MEMBERS = ("service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
           "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat",
           "long", "media_url")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


@answers("/v2/requests")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def requests(form: str) -> ResponseReturnValue:
    centre, faults = centre_asked(), list[Fault]()
    if ids := _list_in(parameter("service_request_id")):
        if len(ids) > MOST_IDS:
            raise Refused(400, fault("too_many_ids"))
        return answered(ROOT, _told(_by_code(ids)))
    page, wanted = _page_in(faults), _wanted(centre, faults)
    if faults:
        raise Refused(400, *faults)
    try:
        ids_found = found(wanted, offset=page.offset, size=page.size)
    except TooMany:
        raise Refused(400, fault("narrow")) from None
    rows = _rows(ids_found[: page.size])
    listed = [(row.code, row) for row in (rows.get(each) for each in ids_found[: page.size]) if row is not None]
    return answered(ROOT, _told(listed), next_page=_next(page) if len(ids_found) > page.size else None)


@answers("/v2/requests/<code>")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def one_request(code: str, form: str) -> ResponseReturnValue:
    """A request by its code, whichever centre has it now; of one that is hidden nothing tells that it exists."""
    centre_asked()
    listed = _by_code([code])
    if not listed:
        raise NotFound
    return answered(ROOT, _told(listed))


def _by_code(codes: Sequence[str]) -> list[tuple[str, RequestRow]]:
    """The public cases behind some codes, under the codes asked for."""
    asked = {code.upper(): None for code in codes}
    by = caller()
    known = {code: each for code, each in behind(asked).items() if not each.has_left or (by and each.service_id == by.account_id)}
    rows = _rows({each.case_id for each in known.values()}, known.values())
    listed = [(code, rows[known[code].case_id]) for code in asked if code in known and known[code].case_id in rows]
    return sorted(listed, key=lambda each: (each[1].requested_at, each[0]), reverse=True)


def _rows(case_ids: Collection[int], known: Collection[Behind] = ()) -> dict[int, RequestRow]:
    """What the public reads, and with a key what it may read of the reports it filed."""
    by = caller()
    return rows_shown(case_ids) if by is None else own_rows(case_ids, by.account_id, known=known)


def _list_in(text: str) -> list[str]:
    return [part for each in text.split(",") if (part := each.strip())]


def _page_in(faults: list[Fault]) -> Page:
    number, size = (number_in(parameter(name) or default, digits=6) for name, default in (("page", "1"), ("page_size", str(PAGE_SIZE))))
    if number is None or size is None or number < 1 or not 1 <= size <= PAGE_SIZE:
        faults.append(fault("page"))
        return Page(1, 1)
    if number * size > MOST_FOUND:
        faults.append(fault("narrow"))
    return Page(number, size)


def _wanted(centre: Jurisdiction, faults: list[Fault]) -> Wanted:
    after, before = (instant_in(parameter(name), name, faults) for name in ("updated_after", "updated_before"))
    since, until = (
        local_day(moment) if (moment := instant_in(parameter(name), name, faults)) is not None else None
        for name in ("start_date", "end_date")
    )
    if not (after or before):
        since, until = _days(since, until)
    most = timedelta.max if after or before else timedelta(days=MOST_DAYS)
    if since and until and not timedelta(0) <= until - since <= most:
        faults.append(fault("span"))
    return Wanted(
        centre.id, since, until, is_closed=_closed_in(faults), field_ids=_fields_in(centre, faults), changed_after=after,
        changed_before=before, service_id=by.account_id if (by := caller()) is not None else None,
    )  # fmt: skip


def _days(since: date | None, until: date | None) -> tuple[date, date]:
    """Both days of a span; one alone has 90 days after or before it, none means the last 90."""
    span = timedelta(days=MOST_DAYS)
    if since is not None:
        return since, until if until is not None else since + span
    until = until if until is not None else local_day(now())
    return until - span, until


def _closed_in(faults: list[Fault]) -> bool | None:
    words = {each.lower() for each in _list_in(parameter("status"))}
    if words - {"open", "closed"}:
        faults.append(fault("status"))
    return words == {"closed"} if len(words) == 1 else None


def _fields_in(centre: Jurisdiction, faults: list[Fault]) -> tuple[int, ...] | None:
    codes = frozenset(_list_in(parameter("service_code")))
    if not codes:
        return None
    known = fields_ever(centre.id, frozenset(sorted(codes)[:MOST_IDS]))
    if codes - known.keys():
        faults.append(fault("service_code_unknown"))
    return tuple(number for numbers in known.values() for number in numbers)


def _next(page: Page) -> str:
    """The address of the next page, without a key."""
    kept = {name: value for name, value in request.args.items() if name not in ("page", "api_key")}
    return on_the_web(f"{request.root_path}{request.path}?{urlencode(kept | {'page': page.number + 1})}")


def _told(listed: Sequence[tuple[str, RequestRow]]) -> list[Value]:
    if parameter("extensions").lower() != "true":
        return [_request(code, row) for code, row in listed]
    more = extended([row for _, row in listed])
    return [_request(code, row) | _extensions(code, row, more.get(row.case_id, Extended())) for code, row in listed]


def _request(code: str, row: RequestRow) -> dict[str, Value]:
    published, page = row.published, page_of(row)
    if row.is_receipt:
        return _receipt(code, row)
    lead = published.answers[0].agency if published is not None and published.answers else None
    return {
        "service_request_id": code, "status": "closed" if row.is_closed else "open",
        "status_notes": said(notes_of(row, code=code, page=page)), "service_name": said(row.field), "service_code": row.service_code,
        "description": cut(published.question, page) if published is not None else None, "agency_responsible": said(lead),
        "service_notice": said(notice_of(row)), "requested_datetime": row.requested_at, "updated_datetime": row.updated_at,
        "expected_datetime": row.expected_at, "address": said(place_of(row)), "address_id": row.area_ref, "zipcode": None,
        **_point(published.point if published is not None else None),
        "media_url": Several(_photo(each) for each in _photos(row)),
    }  # fmt: skip


def _receipt(code: str, row: RequestRow) -> dict[str, Value]:
    """What is told of a report that was set apart: every member is there, and empty but for these."""
    told: dict[str, Value] = dict.fromkeys(MEMBERS)
    told |= {"service_request_id": code, "status": "open", "status_notes": said(row.own_words), "requested_datetime": row.requested_at,
             "updated_datetime": row.updated_at, "media_url": Several()}  # fmt: skip
    return told


def _point(point: tuple[float, float] | None) -> dict[str, Value]:
    return {"lat": round(point[0], 6) if point else None, "long": round(point[1], 6) if point else None}


def _photos(row: RequestRow) -> Iterable[PublicPhoto]:
    return (*row.published.photos.before, *row.published.photos.after) if row.published is not None else ()


def _photo(photo: PublicPhoto) -> str:
    return on_the_web(url_for("photos.photo", ref=photo.ref, audience="public", rendition="view", v=photo.view_mark))


def page_of(row: RequestRow) -> str:
    return on_the_web(url_for("public.report", code=row.code))


def _extensions(code: str, row: RequestRow, more: Extended) -> dict[str, Value]:
    published = row.published
    late = row.due_on is not None and local_day(row.ended_at or now()) > row.due_on
    photos = (("before", published.photos.before), ("after", published.photos.after)) if published is not None else ()
    told = published.answers if published is not None else ()
    levels = ("satisfied", "acceptable", "dissatisfied")
    return {
        "extended_attributes": {
            "title": published.title if published is not None else None, "progress": int(row.progress.step), "urgent": row.is_urgent,
            "late": late, "paused_for": row.paused_for, "paused_until": row.paused_until,
            "merged_into": row.code if code != row.code else None, "agencies": [said(each.agency) for each in told],
            "photos": [{"media_url": _photo(photo), "kind": kind} for kind, chosen in photos for photo in chosen],
            "answers": [{"agency": said(each.agency), "text": each.text} for each in told],
            "missing_answers": [{"agency": said(each.agency), "reason": each.reason} for each in more.missing],
            "verdicts": {level: more.verdicts.get(level, 0) for level in levels} if more.verdicts else None,
            "corrected_at": published.corrected_at if published is not None else None, "url": page_of(row),
        },
        "notes": [
            {"datetime": midnight(local_day(step.at)) if step.is_of_day else step.at, "description": said(step.words), "type": "status"}
            for step in more.steps
        ],
    }  # fmt: skip
