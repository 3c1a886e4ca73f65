"""What is written to the senders of a late case: an apology with its reason and a new day."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, TextAreaField
from wtforms.validators import InputRequired

from casework.documents.apologies import LONGEST_REASON, ApologiseInput, promised_days, unit_signing
from casework.verbs import Input
from web.clock import now
from web.due_words import day_words, limit_words
from web.forms import Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.steps.act_page import ActPage
from web.task_page import at_most


class ApologyForm(Form):
    """Why it is late, and the new day."""

    reason = TextAreaField(
        _l("Why it is late"),
        validators=[at_most(LONGEST_REASON)],
        description=_l("The senders read this reason in the letter. Please name no person in it."),
    )
    until = DateField(
        _l("Answered by the end of"),
        validators=[InputRequired(_l("Please choose the last day."))],
        description=_l("A working day from tomorrow on."),
    )


class ApologisePage(ActPage):
    """Apologise for a late case."""

    verb, icon, is_other_way = "apologise", "mail", False
    label = _l("Apologise and promise a new day")
    what = _l("Each sender is told at once and finds the letter, to read and to print, on the page of their report.")
    then = (_l("The limit does not move: the case stays late. The new day is a promise beside it."),)
    button = _l("Send the apology")
    done = _l("The apology is written, and the senders have been told.")
    form: ApologyForm

    def build(self) -> None:
        self.form = ApologyForm()

    def given(self) -> Input:
        return ApologiseInput(reason=self.form.reason.data or "", until=self.form.until.data)

    def context(self) -> dict[str, Any]:
        agency = unit_signing(self.case, actor(), now())
        shown = [(_("Signed for"), local((agency or self.case.centre).name))]
        if self.case.due_at is not None:
            shown.append((_("Promised by"), limit_words(self.case.due_at)))
        if (day := promised_days([self.case.id]).get(self.case.id)) is not None:
            shown.append((_("New day promised last"), day_words(day)))
        return {"shown": shown}
