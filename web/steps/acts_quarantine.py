"""Taking a case out of the system, and erasing what was handed over outside it."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired

from casework.erasure.quarantine import LONGEST_REASON, LONGEST_RECEIPT, HandOverInput, QuarantineInput
from casework.verbs import Input
from web.forms import Form
from web.steps.act_page import ActPage
from web.task_page import at_most


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
