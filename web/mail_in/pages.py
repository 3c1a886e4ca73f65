"""Letters nobody could be sure of: the list, one letter, and what an operator does with it. Who wrote it is shown with a reason alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.mail_in import Letter, Unreadable
from casework.mail_in.unclear import (
    LONGEST_REASON,
    LetterGone,
    LetterRefused,
    UnclearLetter,
    attach_letter,
    look_after_letter,
    opened,
    report_to_attach,
    reveal_letter,
    throw_letter,
    unclear_letters,
    unclear_seen,
)
from casework.models import Case, Report
from casework.parsing import number_in
from casework.permissions import OPERATIONS, Action
from casework.sent_once import SentBefore
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.mail_in.adding import add_letter, not_kept, taken_of
from web.sent_forms import answers_again, may_repeat
from web.task_page import at_most
from workflows.running.incidents import StepFailed

bp = Blueprint("mail_in", __name__)

WHY = {
    "address": _l("It was sent to no address of a report, and answers no e-mail of ours."),
    "unproven": _l("The mailbox's server could not find out whether the sender is genuine."),
    "sender": _l("It was sent to the address of a report, by somebody else than its sender."),
    "repeated": _l("Another letter came under the same number."),
    "empty": _l("It has neither words nor pictures."),
    "often": _l("So many came for this report that no more are taken by themselves this hour."),
    "closed": _l("The case takes nothing more, or its sender withdrew the report."),
    "fault": _l("A technical fault: it was tried five times."),
    "size": _l("It is larger than 25 MB. It lies in the mailbox, with a flag."),
    "not_given": _l("The mailbox's server does not give it. It lies there, with a flag."),
    "head": _l("It has too many parts to be read by the program."),
    "nested": _l("It has too many parts to be read by the program."),
    "parts": _l("It has too many parts to be read by the program."),
}
ATTACH, THROW, SENDER = "attach", "throw", "sender"


class AttachForm(Form):
    code = StringField(_l("Code of the report"), validators=[at_most(24)])


class ReasonForm(Form):
    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


@dataclass
class Forms:
    """The forms of a letter's page; of one that was refused the words above it."""

    attach: AttachForm
    throw: ReasonForm
    sender: ReasonForm
    refused: str = ""
    words: str = ""


@bp.get("/unclear-letters")
@performs(Action.HANDLE_MAIL)
def letters() -> ResponseReturnValue:
    after = number_in(request.args.get("after", "")) or 0
    page = unclear_letters(actor(), after=after)
    return render_template(
        "mail_in/letters.html", letters=page.letters, why=WHY, own_id=actor().own_id, is_on=current_app.extensions["mailbox"] is not None,
        first_url=url_for(".letters") if after else "", next_url=url_for(".letters", after=page.after) if page.after is not None else "",
    )  # fmt: skip


@bp.get("/unclear-letters/<ref>")
@performs(Action.HANDLE_MAIL)
def letter(ref: str) -> ResponseReturnValue:
    return _page(found(unclear_seen(actor(), ref)))


@bp.post("/unclear-letters/<ref>/holder")
@performs(Action.HANDLE_MAIL)
@answers_again(lambda ref: url_for(".letter", ref=ref))
def holder(ref: str) -> ResponseReturnValue:
    """Take the letter upon oneself, or leave it to others again."""
    found(unclear_seen(actor(), ref))
    return _done(ref, "", lambda: look_after_letter(ref, by=actor(), now=now(), takes=request.form.get("takes") == "yes"), leaves=False)


@bp.post("/unclear-letters/<ref>/throw")
@performs(Action.HANDLE_MAIL)
@answers_again(lambda ref: url_for(".letters"))
def throw(ref: str) -> ResponseReturnValue:
    found(unclear_seen(actor(), ref))
    reason = request.form.get("reason", "")
    return _done(ref, THROW, lambda: throw_letter(ref, by=actor(), reason=reason, now=now()), said=_("The letter is erased."))


@bp.post("/unclear-letters/<ref>/attach")
@performs(Action.HANDLE_MAIL)
@may_repeat
def attach(ref: str) -> ResponseReturnValue:
    """Add the letter to a report as its sender's words; one letter is added once, however often this is sent."""
    found(unclear_seen(actor(), ref))
    return _done(ref, ATTACH, lambda: _attach(ref, request.form.get("code", "")), said=_("The letter is in the case."))


@bp.post("/unclear-letters/<ref>/sender")
@performs(Action.REVEAL_IDENTITY)
def sender(ref: str) -> ResponseReturnValue:
    """Show who a letter says it is from, once, in this response only."""
    seen = found(unclear_seen(actor(), ref))
    try:
        with unit_of_work():
            address, subject = reveal_letter(ref, by=actor(), reason=request.form.get("reason", ""), now=now())
    except (LetterRefused, Unreadable) as refusal:
        return _page(seen, refused=SENDER, refusal=refusal), 422
    response = make_response(
        render_template("mail_in/sender.html", letter=seen, address=address, subject=subject, reason=request.form.get("reason", ""))
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _attach(ref: str, code: str) -> None:
    by, moment = actor(), now()
    report, case = report_to_attach(by, code)
    letter = opened(ref)
    if taken_of(letter).is_empty:
        raise LetterRefused("Thư không có nội dung hay ảnh để đưa vào hồ sơ.", "The letter has neither words nor pictures to add.")
    ids = report.id, case.id

    def beside() -> None:
        attach_letter(ref, db.session.get_one(Report, ids[0]), db.session.get_one(Case, ids[1]), by=by, now=moment)

    # for the sender of this report alone; the event names the operator
    for_sender = replace(by, grants=(), desk=None, tracked_report_ids=frozenset({report.id}))
    add_letter(letter, report, key=f"letter {ref}", by=for_sender, now=moment, beside=beside)


def _done(ref: str, form: str, work: Callable[[], None], *, said: str = "", leaves: bool = True) -> ResponseReturnValue:
    """Do it; a refusal is shown at its form, which keeps what was typed."""
    try:
        if form == ATTACH:
            work()
        else:
            with unit_of_work():
                work()
    except SentBefore:
        pass
    except (CaseBusy, StepFailed):
        raise
    except LetterGone as gone:
        db.session.rollback()
        flash(local(gone.text), "wait")
        return redirect(url_for(".letters"))
    except CaseworkError as refusal:
        db.session.rollback()
        return _page(found(unclear_seen(actor(), ref)), refused=form, refusal=refusal), 422
    if said:
        flash(said)
    return redirect(url_for(".letters") if leaves else url_for(".letter", ref=ref))


def _page(seen: UnclearLetter, *, refused: str = "", refusal: CaseworkError | None = None) -> str:
    forms = Forms(AttachForm(prefix=""), ReasonForm(), ReasonForm())
    if request.method == "GET" and seen.code:
        forms.attach.code.data = seen.code
    for name, form in ((ATTACH, forms.attach), (THROW, forms.throw), (SENDER, forms.sender)):
        if name != refused:
            form.process(formdata=None)
            if name == ATTACH and seen.code:
                form.process(formdata=None, code=seen.code)
    if refusal is not None:
        forms.refused = refused
        forms.words = {ATTACH: forms.attach, THROW: forms.throw, SENDER: forms.sender}.get(refused, forms.throw).refuse(refusal)
    read = _read(seen)
    return render_template(
        "mail_in/letter.html", letter=seen, why=WHY.get(seen.why, ""), forms=forms, read=read, files=not_kept(read) if read else "",
        images=len(taken_of(read).images) if read else 0, own_id=actor().own_id, may_attach=actor().holds(OPERATIONS),
        most_reason=LONGEST_REASON,
    )  # fmt: skip


def _read(seen: UnclearLetter) -> Letter | None:
    """What the letter says; None where it lies in the mailbox, or was not taken apart."""
    try:
        return opened(seen.ref)
    except (LetterRefused, Unreadable):
        return None
