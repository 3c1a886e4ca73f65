"""A person's own data: a copy as a file, correction, erasure, restriction. For an account it covers everything, for a guest one report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.contacts.report_links import case_of, newest_links
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, DataRequest, Report, Reporter
from casework.permissions import Action
from casework.permissions.sight import report_owned_by
from casework.privacy.identity import Contact
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.rights.archive import PAGE_FILE, PageOf, archive_of
from casework.rights.breaches import KNOWN_LABELS
from casework.rights.erasing_people import has_ended
from casework.rights.held_data import Value
from casework.rights.limits import ANSWER, DONE, EXTENSION, RESTRICTION
from casework.rights.lists import next_due
from casework.rights.looks import looks_at
from casework.rights.requests import (
    CORRECTION,
    KIND_LABELS,
    TO_DECIDE,
    Person,
    Wish,
    is_restricted,
    person_of,
    record_copy,
    reply_in,
    request_data,
    requests_of,
    wish_in,
)
from casework.rights.restricting import lift_restriction
from casework.rights.telling_affected import breaches_told
from casework.setting_values import value_of
from web.accounts.notification_preferences import CHANNEL_LABELS, TAKE_LABELS
from web.accounts.proof import SEND_CODE, proof_box, proof_fields, unproven
from web.clock import now
from web.filters import local_datetime
from web.forms import Refusal, refusal_of
from web.guards import actor, file_store, found, performs
from web.locales import in_reader_language, language
from web.sent_forms import may_repeat
from web.typed_contact import email_address, phone_number

bp = Blueprint("rights_own", __name__)

COPIES = Limit("copies of own data", 6, timedelta(hours=1))
"""Per person, since reading every photo again takes time."""
REQUESTS = Limit("requests about own data", 12, timedelta(hours=1))
FIELDS = {
    "correction": {"words": "c-words", "wish": "c-words", "phone": "c-phone", "email": "c-email"},
    "restriction": {"words": "r-words", "wish": "r-words"},
    "erasure": {"words": "e-words", "wish": "e-words", "sure": "e-sure"},
}
"""Field ids of each form on the page, by what a refusal is about."""
COPY_NAME = "du-lieu-ca-nhan.zip"
MOST_REPORTS_LOOKED_AT = 200


@dataclass(frozen=True)
class RefusedForm:
    """A refused submission: its form, the reason, and the content; `at` is the id of the field in question, if any."""

    act: str = ""
    why: str = ""
    said: str = ""
    values: dict[str, str] = field(default_factory=dict)
    at: str = ""

    @property
    def refusal(self) -> Refusal:
        """For the macros of components/forms.html."""
        return Refusal(self.why, self.at)


class InputRefused(CaseworkError):
    """The input cannot be used; the text is already in the reader's language."""

    def __init__(self, why: str, *, about: str = "") -> None:
        super().__init__(why, why, about=about)


@bp.get("/account/data")
@performs(Action.REQUEST_DATA, with_account=True)
def of_account() -> ResponseReturnValue:
    return _page(_person(None))


@bp.get("/mine/<code>/data")
@performs(Action.REQUEST_DATA)
def of_report(code: str) -> ResponseReturnValue:
    person = _person(code)
    return _page(person) if person.account is None else redirect(url_for(".of_account"))


@bp.post("/account/data/copy")
@performs(Action.REQUEST_DATA, with_account=True)
@may_repeat
def copy_of_account() -> ResponseReturnValue:
    return _copy(None)


@bp.post("/mine/<code>/data/copy")
@performs(Action.REQUEST_DATA)
@may_repeat
def copy_of_report(code: str) -> ResponseReturnValue:
    return _copy(code)


@bp.post("/account/data/requests")
@performs(Action.REQUEST_DATA, with_account=True)
def ask_about_account() -> ResponseReturnValue:
    return _ask(None)


@bp.post("/mine/<code>/data/requests")
@performs(Action.REQUEST_DATA)
def ask_about_report(code: str) -> ResponseReturnValue:
    return _ask(code)


@bp.post("/account/data/restriction")
@performs(Action.REQUEST_DATA, with_account=True)
def lift_of_account() -> ResponseReturnValue:
    return _lift(None)


@bp.post("/mine/<code>/data/restriction")
@performs(Action.REQUEST_DATA)
def lift_of_report(code: str) -> ResponseReturnValue:
    return _lift(code)


def _person(code: str | None) -> Person:
    """The person concerned. Raises NotFound for staff, whose data is kept under employment rules, and for other people's reports."""
    by = actor()
    if code is None:
        account = found(by.account)
        if account.kind != "citizen":
            raise NotFound
        return person_of(by)
    report = found(report_owned_by(by, code))
    if report.reporter is None:
        raise NotFound
    return person_of(by, report)


def _copy(code: str | None) -> ResponseReturnValue:
    """The ZIP file, built while it is sent. The request is recorded before its first byte leaves."""
    person = _person(code)
    if (back := _unproven(person, "copy")) is not None:
        return back
    if (until := _counted(COPIES, person)) is not None:
        return _page(_person(code), RefusedForm("copy", in_reader_language(TooManyAttempts(until).text))), 429
    by, moment = actor(), now()
    try:
        with unit_of_work():
            again = _locked(code)
            record_copy(person=again, by=by, now=moment)
    except CaseworkError as refusal:
        return _page(_person(code), RefusedForm("copy", in_reader_language(refusal.text))), 422
    pieces = _streamed(current_app._get_current_object(), _person(code), language(), moment)  # type: ignore[attr-defined]
    response = Response(pieces, mimetype="application/zip")
    response.headers["Content-Disposition"] = f"attachment; filename={COPY_NAME}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _streamed(app: Flask, person: Person, words_language: str, moment: datetime) -> Iterator[bytes]:
    """The pieces of the copy, read in a context of their own, because the request ends before the last of them leaves."""
    account_id = person.account.id if person.account is not None else None
    ids = _report_ids(person)
    store, base = file_store(), person.report.id if person.report is not None else None

    def pieces() -> Iterator[bytes]:
        with app.app_context(), force_locale(words_language):
            again = Person(
                db.session.get(Account, account_id) if account_id is not None else None,
                db.session.get(Report, base) if base is not None else None,
            )
            yield from archive_of(again, ids, store=store, now=moment, draw=lambda page: _draw(app, page, words_language))

    return pieces()


def _ask(code: str | None) -> ResponseReturnValue:
    kind = request.form.get("kind", "")
    if kind not in TO_DECIDE:
        raise NotFound

    def work() -> None:
        wish = _wish(kind)
        if kind == "erasure" and request.form.get("sure") != "yes":
            raise InputRefused(_("Please tick that you know what is erased."), about="sure")
        with unit_of_work():
            request_data(kind, person=_locked(code), by=actor(), now=now(), wish=wish)

    return _done(code, kind, work, _("Your request has been sent. You read the answer on this page."))


def _lift(code: str | None) -> ResponseReturnValue:
    def work() -> None:
        with unit_of_work():
            lift_restriction(person=_locked(code), by=actor(), now=now())

    return _done(code, "lift", work, _("Your data are used again as before."))


def _done(code: str | None, act: str, work: Callable[[], None], said: str) -> ResponseReturnValue:
    """Check the proof, count the request and do it; a refusal is shown at its form, which keeps what was typed."""
    person = _person(code)
    if (back := _unproven(person, act)) is not None:
        return back
    if (until := _counted(REQUESTS, person)) is not None:
        return _page(_person(code), RefusedForm(act, in_reader_language(TooManyAttempts(until).text), values=_sent())), 429
    try:
        work()
    except CaseworkError as refusal:
        refused = refusal_of(refusal, FIELDS.get(act, {}))
        return _page(_person(code), RefusedForm(act, refused.words, values=_sent(), at=refused.at)), 422
    flash(said)
    return redirect(_address(_person(code)))


def _unproven(person: Person, act: str) -> ResponseReturnValue | None:
    """The page again while the person is not proven, or because a code was requested."""
    judged = unproven(person)
    if judged is None:
        return None
    why, said = judged
    proofs = [name for name in ("secret", "password", "code") if request.form.get(name)]
    at = (proofs or proof_fields(proof_box(person)) or [""])[0] if request.form.get("act") != SEND_CODE else ""
    return _page(_again(person), RefusedForm(act, why, said, _sent(), f"{act}-{at}" if at else "")), 422 if why else 200


def _again(person: Person) -> Person:
    """The same person, read again after a commit."""
    return _person(person.report.code if person.report is not None else None)


def _sent() -> dict[str, str]:
    """The typed values for showing the form again, without proofs of identity."""
    return {name: request.form.get(name, "") for name in ("words", "name", "phone", "email", "sure")}


def _wish(kind: str) -> Wish:
    words = request.form.get("words", "")
    if kind != CORRECTION:
        return Wish(words)
    typed = {name: request.form.get(name, "").strip() for name in ("name", "phone", "email")}
    phone, email = phone_number(typed["phone"]), email_address(typed["email"]) if typed["email"] else None
    if typed["phone"] and phone is None:
        raise InputRefused(_("This telephone number is not valid. Example: 0912 345 678"), about="phone")
    if typed["email"] and email is None:
        raise InputRefused(_("This e-mail address is not valid. Example: ten@example.vn"), about="email")
    return Wish(words, Contact(name=typed["name"][:120] or None, phone=phone, email=email))


def _locked(code: str | None) -> Person:
    """The person, read again inside the unit of work; a report's case is locked, because an event will be written to it."""
    person = _person(code)
    if person.report is not None:
        lock_case(case_of(person.report).id)
    return person


def _counted(limit: Limit, person: Person) -> datetime | None:
    subject = str(person.account.id) if person.account is not None else f"report {person.report.id if person.report else 0}"
    with unit_of_work():
        return count_attempt(limit, subject, now=now())


def _report_ids(person: Person) -> list[int]:
    if person.account is None:
        return [person.report.id] if person.report is not None else []
    query = select(Report.id).join(Reporter, Reporter.id == Report.reporter_id).where(Reporter.account_id == person.account.id)
    return list(db.session.scalars(query.order_by(Report.id)))


def _address(person: Person) -> str:
    return url_for(".of_account") if person.account is not None else url_for(".of_report", code=person.report.code if person.report else "")


def _page(person: Person, typed: RefusedForm | None = None) -> str:
    report_code = person.report.code if person.report is not None else None
    rows = requests_of(person)
    centre_id = person.report.centre_id if person.report is not None else None
    waits = _still_open(person)
    return render_template(
        "rights/own.html",
        typed=typed or RefusedForm(),
        code=report_code,
        to=lambda what: url_for(f".{what}_{'account' if report_code is None else 'report'}", code=report_code),
        requests=[(row, KIND_LABELS[row.kind], wish_in(row), reply_in(row), _state_of(row), next_due(row)) for row in rows],
        names_centres=len({row.centre_id for row in rows}) > 1,
        asked={row.kind for row in rows if row.done_at is None},
        is_restricted=is_restricted(person),
        open_reports=waits,
        days={"answer": value_of(ANSWER, centre_id), "restriction": value_of(RESTRICTION, centre_id),
              "done": value_of(DONE, centre_id), "extension": value_of(EXTENSION, centre_id)},
        box=proof_box(person),
        looks=looks_at(person),
        breaches=breaches_told(person),
        breach_labels=KNOWN_LABELS,
    )  # fmt: skip


def _state_of(row: DataRequest) -> str:
    if row.done_at is not None:
        return "refused" if row.granted is False else "done"
    if row.begun_at is not None:
        return "begun"
    return "granted" if row.granted else "waiting"


def _still_open(person: Person) -> int:
    """How many reports are still open, which tells people beforehand what is not erased at once; limited to the newest
    MOST_REPORTS_LOOKED_AT."""
    ids = _report_ids(person)[-MOST_REPORTS_LOOKED_AT:]
    return sum(not has_ended(link, now()) for link in newest_links(ids).values())


CODES: dict[str, dict[str, Any]] = {
    "language": {"vi": Bilingual("Tiếng Việt", "Vietnamese"), "en": Bilingual("Tiếng Anh", "English")},
    "channel": CHANNEL_LABELS, "takes": TAKE_LABELS,
}  # fmt: skip
"""The words for codes in the machine-readable file, by the key of the fact."""
OF_CHANNELS = frozenset({"channels", "sent"})
"""Facts that are lists of channels, or begin with a channel and the moment it was used."""


def _draw(app: Flask, page: PageOf, words_language: str) -> str:
    """The readable page, rendered without the site's context, since the request is over by then."""

    def words(value: Value, key: str = "") -> str:
        if key in OF_CHANNELS and value:
            return ", ".join(_of_channel(each) for each in str(value).split(", "))
        value = CODES.get(key, {}).get(str(value), value)
        return value.in_language(words_language) if isinstance(value, Bilingual) else _fact_words(value)

    template = app.jinja_env.get_template("rights/copy.html")
    return template.render(page=page, page_file=PAGE_FILE, words=words, language=words_language)


def _of_channel(told: str) -> str:
    channel, space, rest = told.partition(" ")
    return f"{CHANNEL_LABELS.get(channel, channel)}{space}{rest}"


def _fact_words(value: Value) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return local_datetime(value)
    return str(value)
