"""Acts after which a case is not here any more: passed on to another centre, set apart, handed over outside the system."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from casework.erasure.quarantine import LONGEST_REASON, LONGEST_RECEIPT, HandOverInput, QuarantineInput
from casework.intake.pass_on import PassOnInput, other_centres
from casework.verbs import Input
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


class QuarantineForm(Form):
    """Why, and that it is meant."""

    reason = TextAreaField(
        _l("Reason"), validators=[at_most(LONGEST_REASON)], description=_l("Sealed: only the confidential readers of the centre read it.")
    )
    is_meant = BooleanField(
        _l("I have read what happens"), validators=[InputRequired(_l("Please confirm that you have read what happens."))]
    )


class QuarantinePage(ActPage):
    """Take a case out of the system."""

    verb, icon, is_danger = "quarantine", "shield-lock", True
    label = _l("Set apart: a denunciation or a state secret")
    what = _l("The case leaves the system: nobody but the confidential readers of the centre sees it again, and this cannot be undone.")
    then = (
        _l("Lists, search, messages not yet sent, photos prepared for others and what the history told are erased at once."),
        _l("Agencies at work are told only that nothing is left to do. All limits end."),
        _l("The sender is told that the report is handled under a procedure of its own."),
    )
    button = _l("Set it apart")
    done = _l("The case is set apart; the confidential readers have it now.")
    form: QuarantineForm

    def build(self) -> None:
        self.form = QuarantineForm()

    def given(self) -> Input:
        return QuarantineInput(reason=self.form.reason.data or "")


class HandOverForm(Form):
    """By which paper."""

    receipt = StringField(
        _l("Number of the receipt, and who received it"),
        validators=[at_most(LONGEST_RECEIPT)],
        description=_l("Kept for good: nothing of the content, please."),
    )
    is_meant = BooleanField(
        _l("The content was handed over on paper"), validators=[InputRequired(_l("Please confirm that the content was handed over."))]
    )


class HandOverPage(ActPage):
    """Erase what was handed over outside the system."""

    verb, icon, is_danger = "hand_over", "file-export", True
    label = _l("Handed over: erase the content")
    what = _l("Words, places, photos and the sender's identity are erased for good, because they were handed over outside the system.")
    then = (_l("What stays: one case handled outside, the day, and the number of the receipt."),)
    button = _l("Erase the content for good")
    done = _l("The content is erased.")
    form: HandOverForm

    def build(self) -> None:
        self.form = HandOverForm()

    def given(self) -> Input:
        return HandOverInput(receipt=self.form.receipt.data or "")
