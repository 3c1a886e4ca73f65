"""What an agency does outside its steps: report progress, ask for more time."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, TextAreaField
from wtforms.validators import InputRequired

from casework.assignments.extensions import RequestExtensionInput
from casework.notes.notes import LONGEST_NOTE, ProgressNoteInput
from casework.verbs import Input
from web.due_words import limit_words
from web.forms import Form
from web.steps.act_page import ActPage, AgencyActPage
from web.task_page import at_most

LONGEST_WORDS = 2_000


class ProgressForm(Form):
    """How it goes."""

    words = TextAreaField(_l("How the work goes"), validators=[at_most(LONGEST_NOTE)])


class ProgressNotePage(AgencyActPage):
    """Tell the centre how the work goes."""

    verb, icon = "progress_note", "notes"
    label = _l("Tell how the work goes")
    what = _l("The centre, the committee and your agency read how far the work is.")
    then = (_l("No limit changes by it, and the senders do not see it."),)
    button = _l("Keep the note")
    done = _l("The note is kept.")
    form: ProgressForm

    def build(self) -> None:
        self.form = ProgressForm()

    def given(self) -> Input:
        return ProgressNoteInput(words=self.form.words.data or "")


class ExtensionForm(Form):
    """Why, and until when."""

    reason = TextAreaField(
        _l("Why more time is needed"),
        validators=[at_most(LONGEST_WORDS)],
        description=_l("When it is granted, the senders read this reason."),
    )
    until = DateField(_l("New last day"), validators=[InputRequired(_l("Please choose the last day."))])


class RequestExtensionPage(AgencyActPage):
    """Ask for more time."""

    verb, icon = "request_extension", "calendar-plus"
    label = _l("Ask for more time")
    what = _l("Your leader endorses the wish, then the centre decides; a second one and urgent cases go to the committee leader.")
    then = (
        _l("Until it is decided the present day holds. At most 7 working days more, twice a case, and asked before the day is over."),
        _l("When it is granted and your agency leads, the day promised to the senders moves and they are told why."),
    )
    button = _l("Ask for more time")
    done = _l("The wish for more time is with your leader.")
    form: ExtensionForm

    def build(self) -> None:
        self.form = ExtensionForm()

    def given(self) -> Input:
        return RequestExtensionInput(reason=self.form.reason.data or "", until=self.form.until.data)

    def context(self) -> dict[str, Any]:
        due_at = self.assignment.due_at
        return {"shown": [(_("Answers by"), limit_words(due_at))] if due_at is not None else []}


OWN_WORK: tuple[type[ActPage], ...] = (ProgressNotePage, RequestExtensionPage)
"""What an agency may say of its work, offered while it writes its answer."""
