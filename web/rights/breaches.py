"""Breaches of personal data: recorded, described, affected people worked out and notified, notices drafted and recorded, closed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Breach, Centre, LoginSession
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed, may
from casework.rights import affected
from casework.rights.affected import WAY_LABELS, AffectedPeople, Period, counts_of, sessions_during, subjects_of, work_out
from casework.rights.breach_notices import notice_to
from casework.rights.breaches import (
    AUTHORITY,
    CLOSED,
    KIND_LABELS,
    KNOWN_LABELS,
    PEOPLE,
    STEP_LABELS,
    BreachFacts,
    BreachRefused,
    breach_seen,
    breaches_seen,
    close_breach,
    describe_breach,
    is_late,
    known_of,
    lock_breach,
    may_handle,
    open_breach,
    record_notice,
    refuse_closed,
    told_authority_at,
)
from casework.rights.lists import centres_where
from casework.rights.telling_affected import JOB, tell_affected, waiting_to_be_told
from casework.upkeep.jobs import ask_for_run, job_rows
from web.clock import now
from web.exports.links import export_url
from web.filters import local_datetime
from web.forms import Form, Refusal, refusal_of
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.navigation import centre_words
from web.rights.processing import EVERYWHERE
from web.sent_forms import answers_again
from web.settings.date_fields import DayRefused, typed_instant

bp = Blueprint("rights_breaches", __name__)

ALL = "all"
"""The option for the whole installation where a centre is chosen."""
KNOWN = tuple(KNOWN_LABELS)
NOTICED, SENT = Bilingual("Phát hiện lúc", "Noticed at"), Bilingual("Gửi lúc", "Sent at")
FIRST, UNTIL = Bilingual("Từ", "From"), Bilingual("Đến trước", "Until before")


@bp.get("/personal-data/breaches")
@performs(Action.READ_BREACHES)
def breaches() -> ResponseReturnValue:
    rows, after = breaches_seen(actor(), after=_number("after"))
    return render_template(
        "rights/breaches.html", rows=rows, kinds=KIND_LABELS, may_open=may(actor(), Action.HANDLE_BREACH), is_late=is_late,
        told_at=told_authority_at, moment=now(), whose=_whose, next=url_for(".breaches", after=after) if after else "",
        is_first=not request.args.get("after"),
    )  # fmt: skip


@bp.route("/personal-data/breaches/new", methods=["GET", "POST"])
@performs(Action.HANDLE_BREACH)
def new() -> ResponseReturnValue:
    form, refusal = Form(), Refusal()
    if form.validate_on_submit():
        try:
            with unit_of_work():
                row = open_breach(
                    request.form.get("kind", ""), _known(), by=actor(), now=now(), centre_id=_centre_sent(),
                    noticed_at=_instant("noticed_at", NOTICED),
                )  # fmt: skip
                ref = row.ref
            flash(_("The breach is put down. Please work out now who is affected."))
            return redirect(url_for(".breach", ref=ref))
        except NotAllowed:
            raise
        except CaseworkError as refused:
            refusal = refusal_of(refused, {name: name for name in (*KNOWN, "kind", "centre", "noticed_at")})
    page = render_template(
        "rights/breach_new.html", form=form, refusal=refusal, typed=request.form, kinds=KIND_LABELS, labels=KNOWN_LABELS,
        centres=_centres(), moment=now(), all=ALL,
    )  # fmt: skip
    return page, 422 if refusal or form.errors else 200


@bp.get("/personal-data/breaches/<ref>")
@performs(Action.READ_BREACHES)
def breach(ref: str) -> ResponseReturnValue:
    return _page(found(breach_seen(actor(), ref)))


@bp.post("/personal-data/breaches/<ref>")
@performs(Action.HANDLE_BREACH)
@answers_again(lambda ref: url_for(".breach", ref=ref))
def act(ref: str) -> ResponseReturnValue:
    """Perform one of ACTS, by the button that was pressed; a refusal keeps what was typed."""
    verb, row_id = request.form.get("act", ""), found(breach_seen(actor(), ref)).id
    work = found(ACTS.get(verb))
    form = Form()
    if not form.validate_on_submit():
        return _page(found(breach_seen(actor(), ref)), verb, Refusal(_("This page has been open for too long. Please send it again."))), 422
    try:
        with unit_of_work():
            said = work(lock_breach(row_id))
    except NotAllowed:
        raise
    except CaseworkError as refused:
        return _page(found(breach_seen(actor(), ref)), verb, refusal_of(refused, _ids(verb))), 422
    flash(said)
    return redirect(url_for(".breach", ref=ref))


@bp.get("/personal-data/breaches/<ref>/notices/<whom>")
@performs(Action.READ_BREACHES)
def notice(ref: str, whom: str) -> ResponseReturnValue:
    """The draft of a notice, in Vietnamese, for printing."""
    row = found(breach_seen(actor(), ref))
    if whom not in (AUTHORITY, PEOPLE):
        return found(None)
    body = row.centre.name_vi if row.centre is not None else centre_words().name.vi
    draft = notice_to(whom, row, counts_of(row), body=body)
    return render_template("rights/breach_notice.html", row=row, notice=draft, body=body, whom=whom)


# -- acts ------------------------------------------------------------------------------------------------------------------


def _describe(row: Breach) -> str:
    describe_breach(row, _known(), by=actor(), now=now())
    return str(_("What is known now is put down; what was written before stays below."))


def _notice(row: Breach) -> str:
    sent = request.form
    record_notice(row, sent.get("whom", ""), by=actor(), now=now(), at=_instant("at", SENT), words=sent.get("words", ""))
    return str(_("It is put down that the notice was sent."))


def _work_out(row: Breach) -> str:
    search = work_out(row, _found(row), by=actor(), now=now())
    return str(ngettext("%(num)s affected was added.", "%(num)s affected were added.", search.added))


def _tell(row: Breach) -> str:
    number = tell_affected(row, by=actor(), now=now())
    ask_for_run(JOB, by=actor(), now=now())
    return str(ngettext("Whoever %(num)s report or account belongs to is being written to.",
                        "Whoever %(num)s reports and accounts belong to is being written to.", number))  # fmt: skip


def _retry(row: Breach) -> str:
    refuse_closed(row, by=actor())
    ask_for_run(JOB, by=actor(), now=now())
    return str(_("It is tried again within seconds."))


def _close(row: Breach) -> str:
    close_breach(row, by=actor(), now=now(), outcome=request.form.get("outcome", ""), without_notice=request.form.get("no_notice") == "yes")
    return str(_("The breach is closed."))


ACTS: dict[str, Callable[[Breach], str]] = {
    "describe": _describe, "notice": _notice, "work_out": _work_out, "tell": _tell, "retry": _retry, "close": _close,
}  # fmt: skip


def _ids(verb: str) -> dict[str, str]:
    """Field ids of one act's form, by what a refusal is about."""
    way = request.form.get("way", "")
    of_act: dict[str, dict[str, str]] = {
        "describe": {name: f"d-{name}" for name in KNOWN},
        "notice": {"whom": "whom", "at": "n-at", "words": "n-words"},
        "work_out": {"codes": "cases-codes", "output": "output-ref", "centre": "centre-centre",
                     **{name: f"{way}-{name}" for name in ("login", "first", "until")}},
        "close": {"outcome": "outcome", "no_notice": "no_notice"},
    }  # fmt: skip
    return of_act.get(verb, {})


def _found(row: Breach) -> AffectedPeople:
    """Who is affected, found by the chosen method."""
    sent, way = request.form, request.form.get("way", "")
    if way == affected.BY_SESSION:
        return affected.by_session(row, sent.get("session", ""))
    if way == affected.BY_OUTPUT:
        return affected.by_output(row, sent.get("output", ""))
    if way == affected.BY_CASES:
        return affected.by_cases(row, sent.get("codes", ""))
    if way == affected.BY_ACCOUNT:
        return affected.by_account(row, sent.get("login", ""), _time())
    if way == affected.BY_CENTRE:
        return affected.by_centre(row, _centre_sent() if row.centre_id is None else row.centre_id, _time())
    if way == affected.BY_CITIZENS:
        return affected.by_citizens(row, _time())
    raise BreachRefused("Vui lòng chọn cách tìm.", "Please choose a way.")


def _time() -> Period:
    first = _instant("first", FIRST) if request.form.get("first", "").strip() else None
    until = _instant("until", UNTIL)
    if first is not None and first >= until:
        raise DayRefused("Lúc kết thúc phải sau lúc bắt đầu.", "The time has to end after it begins.", about="until")
    return Period(first, until)


def _instant(name: str, label: Bilingual) -> datetime:
    """A typed time. Raises DayRefused, which names the field."""
    typed = request.form.get(name, "")
    if not typed.strip():
        raise DayRefused(f"Vui lòng ghi: {label.vi}.", f"Please fill in: {label.en}.", about=name)
    try:
        return typed_instant(typed)
    except DayRefused as refused:
        raise DayRefused(f"{label.vi}: {refused.text.vi}", f"{label.en}: {refused.text.en}", about=name) from None


def _known() -> BreachFacts:
    return BreachFacts(**{name: request.form.get(name, "") for name in KNOWN})


# -- what pages show -------------------------------------------------------------------------------------------------------


def _page(row: Breach, verb: str = "", refusal: Refusal | None = None) -> str:
    login, after = request.args.get("login", "").strip()[:60], _number("after") or 0
    sessions, sessions_refusal = _sessions(row, login)
    subjects = subjects_of(row, after=after)
    is_theirs, waiting = may_handle(actor(), row), waiting_to_be_told(row)
    job = job_rows().get(JOB) if waiting else None
    return render_template(
        "rights/breach.html", row=row, form=Form(formdata=None), act=verb, refusal=refusal, typed=request.form if verb else {},
        kinds=KIND_LABELS, labels=KNOWN_LABELS, steps=STEP_LABELS, ways=_ways(row), way_labels=WAY_LABELS, counts=counts_of(row),
        known=known_of(row.description), is_late=is_late(row, now()), told_at=told_authority_at(row), may_handle=is_theirs, whose=_whose,
        subjects=subjects, next=url_for(".breach", ref=row.ref, after=subjects[-1].id) if len(subjects) == affected.PAGE else "",
        is_first=not after, sessions=sessions, sessions_refusal=sessions_refusal, login=login, centres=_centres(), all=ALL, moment=now(),
        found_by={search.id: WAY_LABELS[search.way] for search in row.searches}, said_of=_said_of, closed=CLOSED,
        waiting=waiting, failing=job if job is not None and job.failures_in_a_row else None,
        export=export_url("affected", breach=row.ref),
    )  # fmt: skip


def _ways(row: Breach) -> dict[str, Bilingual]:
    """The methods with a form here; a session is chosen from a list, and citizens' accounts belong to no centre."""
    left_out = {affected.BY_SESSION} | (set() if row.centre_id is None else {affected.BY_CITIZENS})
    return {way: words for way, words in WAY_LABELS.items() if way not in left_out}


def _sessions(row: Breach, login: str) -> tuple[list[LoginSession], str]:
    if not login or not may_handle(actor(), row):
        return [], ""
    try:
        return sessions_during(row, login), ""
    except BreachRefused as refused:
        return [], local(refused.text)


def _said_of(facts: dict[str, Any]) -> str:
    """How somebody was found, as far as it helps a reader: the time, or how many codes."""
    if "codes" in facts:
        return str(ngettext("%(num)s code", "%(num)s codes", len(facts["codes"])))
    if "until" not in facts:
        return str(facts.get("output") or "")
    until = local_datetime(datetime.fromisoformat(facts["until"]))
    if not facts.get("from"):
        return str(_("before %(until)s", until=until))
    return str(_("from %(first)s until before %(until)s", first=local_datetime(datetime.fromisoformat(facts["from"])), until=until))


def _whose(row: Breach) -> Bilingual:
    return row.centre.name if row.centre is not None else EVERYWHERE


def _centres() -> list[tuple[str, str]]:
    """The scopes somebody may record a breach for: the whole installation, if they administer it, and centres, by ref and name."""
    own, query = centres_where(actor(), Action.HANDLE_BREACH), select(Centre).order_by(Centre.code_prefix)
    rows = db.session.scalars(query if own is None else query.where(Centre.id.in_(sorted(own))))
    return ([(ALL, local(EVERYWHERE))] if own is None else []) + [(row.ref, local(row.name)) for row in rows]


def _centre_sent() -> int | None:
    """The chosen centre, None for the whole installation."""
    chosen = request.form.get("centre", "")
    if chosen not in dict(_centres()):
        raise BreachRefused("Vui lòng chọn Trung tâm.", "Please choose the centre.", about="centre")
    return None if chosen == ALL else db.session.scalars(select(Centre.id).where(Centre.ref == chosen)).one()


def _number(name: str) -> int | None:
    return number_in(request.args.get(name, ""))
