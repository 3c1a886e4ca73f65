"""The operators' call to the number an urgent case belongs to."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from casework.triage.hotline import CallHotlineInput, hotline_calls
from web.clock import now
from web.forms import Form
from web.steps.classify_form import words_read
from web.steps.other_acts import other_acts
from web.task_page import Act, TaskPage, at_most
from workflows.routing.hotline_numbers import hotline_numbers_for
from workflows.running.steps import StepResult


class HotlineForm(Form):
    number = StringField(_l("Number called"), validators=[at_most(20)])
    spoke_to = StringField(_l("Who answered"), validators=[at_most(120)])
    RESULTS = (("yes", _l("Somebody answered")), ("no", _l("Nobody answered")), ("again", _l("Call again")))
    reached = RadioField(_l("Result"), choices=[SelectChoice(*each) for each in RESULTS])
    what = TextAreaField(_l("What was said"), validators=[at_most(2000)])


class HotlinePage(TaskPage, element="call_hotline"):
    """Write down a call; when nobody answered, the step stays and the attempt is listed."""

    template = "steps/call_hotline.html"
    form: HotlineForm

    def build(self) -> None:
        self.form = HotlineForm()

    def act(self) -> Act | None:
        if not (form := self.form).validate_on_submit():
            return None
        return Act(
            "call_hotline",
            CallHotlineInput(
                number=form.number.data or "", spoke_to=form.spoke_to.data or "", reached=form.reached.data == "yes",
                what=form.what.data or "", again=form.reached.data == "again",
            ),
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        return {
            "numbers": hotline_numbers_for(self.case, words_read(self.case), now=now()),
            "calls": hotline_calls(self.case),
            "others": other_acts(self.case),
        }

    def said(self, act: Act, result: StepResult) -> str:
        if not result.stays_open:
            return str(_("The call is written down."))
        if self.form.reached.data == "again":
            return str(_("The call is written down. They are to be called again, so the step stays open."))
        return str(_("The call is written down. Nobody answered, so the step stays open: please try again."))
