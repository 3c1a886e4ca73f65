"""Requests about personal data, for operations leads: their due dates, and the acts on each."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.models import DataRequest
from casework.parsing import number_in
from casework.permissions import Action
from casework.rights.deciding import (
    answer_request,
    can_be_extended,
    carry_out,
    extend_request,
    look_at_request,
    refuse_request,
)
from casework.rights.erasing_people import waits_for
from casework.rights.limits import most_extension
from casework.rights.lists import done_requests, is_late, next_due, open_requests, reports_beside, request_seen, was_late
from casework.rights.requests import ERASURE, KIND_LABELS, lock_request, reply_in
from casework.rights.what_stays import has_looked, redact
from casework.rights.what_stays import what_stays as texts_that_stay
from casework.setting_values import value_of
from casework.states import STAFF_LABELS
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.sent_forms import answers_again, may_repeat

bp = Blueprint("rights_requests", __name__)

ACTS = ("answer", "extend", "refuse", "carry_out")


@bp.get("/data-requests")
@performs(Action.DECIDE_DATA_REQUEST)
def requests() -> ResponseReturnValue:
    is_done, after = request.args.get("view") == "done", request.args.get("after", "")
    page = done_requests(actor(), after=after) if is_done else open_requests(actor(), after=after)
    moment = now()
    return render_template(
        "rights/requests.html",
        rows=[(row, KIND_LABELS[row.kind], next_due(row), was_late(row) if is_done else is_late(row, moment)) for row in page.rows],
        is_done=is_done,
        next=url_for(".requests", view="done" if is_done else None, after=page.after) if page.after else "",
        is_first=not after,
    )


@bp.get("/data-requests/<ref>")
@performs(Action.DECIDE_DATA_REQUEST)
def request_page(ref: str) -> ResponseReturnValue:
    return _page(found(request_seen(actor(), ref)))


@bp.post("/data-requests/<ref>")
@performs(Action.DECIDE_DATA_REQUEST)
@answers_again(lambda ref: url_for(".request_page", ref=ref))
def decide(ref: str) -> ResponseReturnValue:
    """Perform one of ACTS, by the button that was pressed; a refusal keeps the words."""
    row, act = found(request_seen(actor(), ref)), request.form.get("act", "")
    if act not in ACTS:
        return found(None)
    if act == "carry_out" and row.kind == ERASURE and request.form.get("sure") != "yes":
        return _page(row, act, Refusal(_("Please tick that the data may be erased: it cannot be undone."), "sure")), 422
    row_id = row.id
    try:
        with unit_of_work():
            _decide(lock_request(row_id), act)
    except CaseworkError as refusal:
        return _page(found(request_seen(actor(), ref)), act, refusal_of(refusal, {"words": f"{act}-words", "days": "days"})), 422
    flash(_said(found(request_seen(actor(), ref)), act))
    return redirect(url_for(".request_page", ref=ref))


@bp.post("/data-requests/<ref>/look")
@performs(Action.DECIDE_DATA_REQUEST)
@may_repeat
def look(ref: str) -> ResponseReturnValue:
    """Show the requester's words and identity, for a recorded reason; nothing may cache the page."""
    row_id = found(request_seen(actor(), ref)).id
    try:
        with unit_of_work():
            wish, contacts = look_at_request(lock_request(row_id), by=actor(), now=now(), reason=request.form.get("reason", ""))
    except CaseworkError as refusal:
        return _page(found(request_seen(actor(), ref)), "look", refusal_of(refusal, {"reason": "reason"})), 422
    row = found(request_seen(actor(), ref))
    page = render_template("rights/opened.html", row=row, kind=KIND_LABELS[row.kind], wish=wish, contacts=contacts)
    response: Response = make_response(page)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.route("/data-requests/<ref>/what-stays", methods=["GET", "POST"])
@performs(Action.DECIDE_DATA_REQUEST)
def what_stays(ref: str) -> ResponseReturnValue:
    """Texts left by an erasure that may identify the person, shown for a reason; each can be cleared where it is."""
    row = found(request_seen(actor(), ref))
    found(row if row.kind == ERASURE and row.granted is not False else None)
    if request.method == "GET":
        return _stays_page(row)
    row_id, is_look = row.id, "reason" in request.form
    try:
        with unit_of_work():
            if is_look:
                look_at_request(lock_request(row_id), by=actor(), now=now(), reason=request.form["reason"])
            else:
                redact(
                    row_id, request.form.get("which", ""), request.form.get("version", ""), by=actor(), now=now(),
                    stretches=request.form.getlist("stretch"), words=request.form.get("words", ""),
                )  # fmt: skip
    except CaseworkError as refusal:
        return _stays_page(found(request_seen(actor(), ref)), refusal_of(refusal, {"reason": "reason"} if is_look else {})), 422
    if not is_look:
        flash(_("Neutral words stand there now."))
    return redirect(url_for(".what_stays", ref=ref))


def _stays_page(row: DataRequest, refusal: Refusal | None = None) -> Response:
    """After a refusal, what was ticked and typed stays."""
    by, moment = actor(), now()
    left = texts_that_stay(row, by=by, now=moment) if has_looked(row, by=by, now=moment) else None
    shown = {each.key for each in left.texts} if left is not None else set()
    which = request.form.get("which", "")
    page = render_template(
        "rights/what_stays.html", row=row, left=left, refusal=refusal, refused=which if which in shown else "",
        ticked=set(request.form.getlist("stretch")), typed=request.form.get("words", ""), reason=request.form.get("reason", ""),
    )  # fmt: skip
    response: Response = make_response(page)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _decide(row: DataRequest, act: str) -> None:
    by, moment, words = actor(), now(), request.form.get("words", "")
    if act == "answer":
        answer_request(row, by=by, now=moment, words=words)
    elif act == "refuse":
        refuse_request(row, by=by, now=moment, words=words)
    elif act == "extend":
        extend_request(row, by=by, now=moment, days=number_in(request.form.get("days", ""), digits=4) or 0, words=words)
    else:
        carry_out(row, by=by, now=moment, words=words)


def _said(row: DataRequest, act: str) -> str:
    if act == "extend":
        return str(_("More time was taken; the person is told why."))
    if act == "refuse":
        return str(_("The request is refused; the person is told why."))
    if act == "answer":
        return str(_("The person is told that it will be done."))
    if row.done_at is None:
        return str(_("What could be erased has been. The rest is erased when the reports that still go on have ended."))
    return str(_("It is carried out; the person is told."))


def _in_backups_until(row: DataRequest) -> datetime | None:
    """Until when earlier backups may still contain what was erased."""
    is_erased = row.kind == ERASURE and row.begun_at is not None
    return (row.done_at or now()) + timedelta(days=value_of("backup_days")) if is_erased else None


def _page(row: DataRequest, act: str = "", refusal: Refusal | None = None) -> str:
    moment = now()
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in ("words", "days", "reason", "sure")} if act else {}
    return render_template(
        "rights/request.html",
        row=row,
        kind=KIND_LABELS[row.kind],
        reply=reply_in(row),
        due=next_due(row),
        is_late=is_late(row, moment),
        reports=reports_beside(row, actor()),
        waits={report.id for report in waits_for(row, moment)} if row.kind == ERASURE and row.done_at is None else set(),
        labels=STAFF_LABELS,
        in_backups_until=_in_backups_until(row),
        may_extend=can_be_extended(row, moment),
        most_days=most_extension(row.centre_id),
        act=act,
        refusal=refusal,
        typed=typed,
    )
