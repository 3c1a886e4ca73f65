"""Passing a report on to the centre whose place it is."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField

from casework.intake.pass_on import PassOnInput, other_centres
from web.clock import now
from web.forms import NOTHING, Form
from web.locales import in_reader_language as local
from web.steps.act_page import ActPage
from web.task_page import Act, at_most

LONGEST_WORDS = 2_000


class PassOnForm(Form):
    """To which centre, and why."""

    centre = SelectField(_l("Centre"), validate_choice=False, default=NOTHING)
    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)])


class PassOnPage(ActPage):
    """Give a report to the centre whose place it is."""

    verb, icon = "pass_on", "arrows-exchange"
    label = _l("Pass on to another centre")
    what = _l("The report belongs to another centre's area: that centre verifies and answers it.")
    then = (_l("You no longer see it afterwards. The sender is told; the limit for accepting it goes on."),)
    button = _l("Pass it on")
    done = _l("The report has gone to the other centre.")
    form: PassOnForm

    def build(self) -> None:
        self.form = PassOnForm()
        self.centres = {centre.code_prefix: centre for centre in other_centres(self.case, now=now())}
        self.form.centre.choices = [(NOTHING, _("Please choose")), *((key, local(centre.name)) for key, centre in self.centres.items())]

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        centre = self.centres.get(self.form.centre.data or NOTHING)
        if centre is None:
            self.form.centre.errors = [_("Please choose one of the list.")]
            return None
        return Act(self.verb, PassOnInput(centre=centre, reason=self.form.reason.data or ""))
