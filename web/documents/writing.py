"""Writing a letter about a case from its page: chosen, completed, previewed as printed, and written once."""

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import Optional

from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.db import unit_of_work
from casework.documents.handover_minutes import minutes_apart
from casework.documents.kinds import HANDOVER_MINUTES, TO_SENDERS
from casework.documents.letters import LONGEST_WORDS
from casework.documents.offers import PossibleLetter, draft_letter, letter_subject, write_letter
from casework.documents.writing import LONGEST_COPY, MOST_COPIES, STAMPS, Added, AlreadyWritten
from casework.errors import CaseworkError
from casework.models import Case, Letter
from casework.permissions import Action, NotAllowed
from casework.permissions.sight import case_seen_by
from casework.sent_once import answered_at
from reports.letters import file_name_of, page_of
from reports.official import body_of, letter_pdf, refuse_long
from web.addresses import this_address
from web.clock import now
from web.filing_fields import sound_token
from web.forms import NOTHING, Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.notes import title_for
from web.task_page import at_most

bp = Blueprint("documents_writing", __name__)

WRITE = "write"
"""The button that writes the letter; any other one previews it."""

STAMP_LABELS = {"khan": _l("Urgent (KHẨN)"), "thuong_khan": _l("Very urgent (THƯỢNG KHẨN)"), "hoa_toc": _l("Most urgent (HỎA TỐC)")}


class LetterForm(Form):
    """The writer's additions. The key makes a second click a repeat of the first."""

    words = TextAreaField(
        _l("Words to add"), validators=[Optional(), at_most(LONGEST_WORDS)],
        description=_l("They stand in the letter as they are. Please name no citizen."),
    )  # fmt: skip
    urgency = SelectField(_l("Stamp"), validators=[Optional()])
    copies = TextAreaField(
        _l("Further recipients"), validators=[Optional(), at_most(MOST_COPIES * (LONGEST_COPY + 2))],
        description=_l("One a line. They stand under “Nơi nhận” between the addressee and the file copy."),
    )  # fmt: skip
    key = HiddenField()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.urgency.choices = [(NOTHING, _("None")), *((key, str(STAMP_LABELS[key])) for key in STAMPS)]
        self.key.data = sound_token(self.key.data)

    @property
    def added(self) -> Added:
        return Added(self.words.data or "", self.urgency.data or None, tuple((self.copies.data or "").splitlines()))


@bp.route("/cases/<ref>/letters/<kind>", methods=["GET", "POST"])
@performs(Action.WRITE_LETTER)
def write(ref: str, kind: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    # a quarantined case is handed over by its confidential readers, at its own address
    return _written(found(seen if seen.quarantined_at is None else None), kind)


@bp.route("/cases/<ref>/minutes", methods=["GET", "POST"])
@performs(Action.HAND_OVER)
def write_minutes(ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    return _written(found(seen if seen.quarantined_at is not None else None), HANDOVER_MINUTES)


@bp.get("/cases/<ref>/minutes/<letter>")
@performs(Action.HAND_OVER)
def minutes(ref: str, letter: str) -> ResponseReturnValue:
    seen, row = _minutes(ref, letter)
    return render_template("documents/minutes.html", case=seen, letter=row, shown=Markup(body_of(page_of(row))))


@bp.get("/cases/<ref>/minutes/<letter>/file")
@performs(Action.HAND_OVER)
def minutes_file(ref: str, letter: str) -> ResponseReturnValue:
    _seen, row = _minutes(ref, letter)
    response = make_response(letter_pdf(page_of(row)))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{file_name_of(row)}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _minutes(ref: str, letter: str) -> tuple[Case, Letter]:
    seen = found(case_seen_by(actor(), ref))
    return seen, found(next((row for row in minutes_apart(seen, actor()) if row.ref == letter), None))


def _written(seen: Case, kind: str) -> ResponseReturnValue:
    possible, form = _subject(seen, kind), LetterForm()
    if request.method == "GET":
        if seen.is_urgent and kind not in TO_SENDERS | {HANDOVER_MINUTES}:
            form.urgency.data = STAMPS[0]
        return _shown(seen, possible, form)
    if not form.validate_on_submit():
        return _shown(seen, possible, form), 422
    if request.form.get("act") != WRITE:
        return _shown(seen, possible, form)
    try:
        with unit_of_work():
            case = lock_case(seen.id)
            letter = write_letter(case, _subject(case, kind), by=actor(), now=now(), added=form.added, key=form.key.data)
            if letter.content:
                # a repeat may find a letter that was emptied because one of its reports has left: nothing to print
                refuse_long(page_of(letter))
            address = answered_at(_address(case, letter))
    except NotAllowed:
        raise
    except AlreadyWritten as refusal:
        form.key.data = sound_token(None)
        return _again(seen.ref, kind, form, refusal), 422
    except CaseworkError as refusal:
        return _again(seen.ref, kind, form, refusal), 422
    flash(_("The letter is written."))
    return redirect(address)


def _again(ref: str, kind: str, form: LetterForm, refusal: CaseworkError) -> str:
    """The page again with what was typed. The case may have changed or gone in the meantime."""
    seen = found(case_seen_by(actor(), ref))
    return _shown(seen, _subject(seen, kind), form, refusal=form.refuse(refusal))


def _subject(case: Case, kind: str) -> PossibleLetter:
    return found(letter_subject(case, kind, request.args.get("about"), publications=publications_of(case)))


def _shown(case: Case, possible: PossibleLetter, form: LetterForm, *, refusal: str = "") -> str:
    """The form, and under it the letter as it would be printed now, or why it cannot be written."""
    try:
        letter = draft_letter(case, possible, by=actor(), now=now(), added=form.added if not form.errors else Added())
        html = page_of(letter)
        refuse_long(html)
    except NotAllowed:
        raise
    except CaseworkError as reason:
        letter, html, refusal = None, "", refusal or local(reason.text)
    head = letter.content["head"] if letter is not None else {}
    return render_template(
        "documents/write.html",
        case=case,
        title=title_for(case),
        kind=possible.kind,
        form=form,
        address=this_address(),
        refusal=refusal,
        shown=Markup(body_of(html)) if letter is not None else None,
        signer=" ".join(filter(None, (head.get("authority"), head.get("signer_title"), head.get("signer_name")))),
        takes_additions=case.quarantined_at is None,
        to_senders=possible.kind.to_senders,
        bare=letter is not None and not (head.get("symbol") and head.get("signer_title")),
    )


def _address(case: Case, letter: Letter) -> str:
    if case.quarantined_at is not None:
        return url_for(".minutes", ref=case.ref, letter=letter.ref)
    return url_for("documents_register.document", ref=letter.ref)
