"""Steps off the straight path: objections, holds, referrals, senders' additions, and withdrawals."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from casework.pausing.added_files import recordings_of_additions, uncleared_of
from casework.pausing.additions import LONGEST_WORDS, ClearTextInput, addition_words, additions_of
from casework.pausing.holds import open_hold
from casework.pausing.referrals import CloseReferralInput, TakeBackInput, open_referral
from casework.pausing.withdrawals import DecideWithdrawalInput, open_withdrawal, withdrawal_reason
from casework.photos.images import RectangleRefused
from casework.triage.personal_marks import marked_pieces
from casework.triage.refusals import DecideObjectionInput, newest_refusal, objection_words
from web.files.photo_choices import choices_of, copies_of, shown_of, shows_any
from web.forms import Form
from web.guards import file_store
from web.locales import in_reader_language
from web.marks_left import marks_left
from web.task_page import Act, TaskPage, at_most
from workflows.running.doing import StepResult

SEEN = "seen"


class ObjectionForm(Form):
    """Whether the refusal stands."""

    upheld = RadioField(
        _l("Decision"),
        choices=[SelectChoice("yes", _l("Take the case up again")), SelectChoice("no", _l("The refusal stands"))],
        validators=[InputRequired(_l("Please choose whether the refusal stands."))],
    )
    words = TextAreaField(_l("Words to the sender"), validators=[at_most(2000)])


class ObjectionPage(TaskPage, element="decide_objection"):
    """Reconsider a refusal after the sender's objection."""

    template = "steps/decide_objection.html"
    form: ObjectionForm

    def build(self) -> None:
        self.form = ObjectionForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("decide_objection", DecideObjectionInput(upheld=self.form.upheld.data == "yes", words=self.form.words.data or ""))

    def context(self) -> dict[str, Any]:
        refusal = newest_refusal(self.case)
        return {"refusal_row": refusal, "objection": objection_words(refusal) if refusal else None}

    def said(self, act: Act, result: StepResult) -> str:
        if result.outcome == "upheld":
            return str(_("Case %(code)s is taken up again where it stood. Its sender is told.", code=result.case.code))
        return str(_("The refusal stands; its sender is told why."))


class ResumePage(TaskPage, element="resume"):
    """Take a held case up again before its day."""

    template = "steps/resume.html"

    def act(self) -> Act | None:
        return Act("resume") if self.form.validate_on_submit() else None

    def context(self) -> dict[str, Any]:
        return {"hold": open_hold(self.case)}

    def said(self, act: Act, result: StepResult) -> str:
        return str(_("Case %(code)s goes on.", code=result.case.code))


class ReferralForm(Form):
    result = TextAreaField(_l("What the other body did"), validators=[at_most(2000)])


class ReferralPage(TaskPage, element="close_referral"):
    """Follow up a case that was referred to another body."""

    template = "steps/close_referral.html"
    form: ReferralForm

    def build(self) -> None:
        self.form = ReferralForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        words = self.form.result.data or ""
        if self.chosen == "take_back":
            return Act("take_back", TakeBackInput(result=words))
        return Act("close_referral", CloseReferralInput(result=words))

    def context(self) -> dict[str, Any]:
        return {"referral": open_referral(self.case)}

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "take_back":
            return str(_("Case %(code)s is back and goes on where it stood.", code=result.case.code))
        return str(_("Case %(code)s is closed with the result of the other body; its sender is told.", code=result.case.code))


class AdditionForm(Form):
    """The part of an addition that agencies may read."""

    words = TextAreaField(_l("Words agencies read"), validators=[Optional(), at_most(LONGEST_WORDS)])


class AdditionPage(TaskPage, element="clear_text"):
    """Read senders' additions, and clear words for the agencies."""

    template = "steps/clear_text.html"
    form: AdditionForm

    def build(self) -> None:
        self.form = AdditionForm()
        self.unread = [addition for addition in additions_of(self.case) if addition.read_at is None]
        self.choices = choices_of(uncleared_of(self.unread), request.form.to_dict() if request.method == "POST" else None)

    def initial_fields(self) -> list[tuple[str, str]]:
        return [*((SEEN, addition.ref) for addition in self.unread), *shown_of(self.choices)]

    @classmethod
    def works_before_lock(cls) -> bool:
        return shows_any(request.form) or super().works_before_lock()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        seen = request.form.getlist(SEEN)
        in_front = {addition.id for addition in self.unread if addition.ref in seen}
        try:
            copies = copies_of(
                [choice for choice in self.choices if choice.photo.addition_id in in_front], audience="agencies", store=file_store()
            )
        except RectangleRefused as refusal:
            self.refusals.append(in_reader_language(refusal.text))
            return None
        self.cleared = ClearTextInput(words=self.form.words.data or "", seen=seen, copies=copies)
        return Act("clear_text", self.cleared)

    def context(self) -> dict[str, Any]:
        words, spoken = self.form.words.data or "", recordings_of_additions(self.unread)
        return {
            "unread": [
                (
                    addition,
                    marked_pieces(addition_words(addition) or ""),
                    [choice for choice in self.choices if choice.photo.addition_id == addition.id],
                    spoken.get(addition.id, []),
                )
                for addition in self.unread
            ],
            "left_over": marks_left(words),
        }

    def said(self, act: Act, result: StepResult) -> str:
        if result.values.get("left"):
            return str(_("That is read. Its sender has written again meanwhile."))
        if self.cleared.words.strip() or self.cleared.copies:
            return str(_("What the sender added is read; the agencies have what you cleared for them."))
        return str(_("What the sender added is read."))


class WithdrawalForm(Form):
    granted = RadioField(
        _l("Decision"),
        choices=[
            SelectChoice("yes", _l("Let it go: the report is withdrawn")),
            SelectChoice("no", _l("Go on without naming anyone, because the public is in danger")),
        ],
        validators=[InputRequired(_l("Please choose whether the report is withdrawn."))],
    )
    words = TextAreaField(_l("Words to the sender"), validators=[at_most(2000)])


class WithdrawalPage(TaskPage, element="decide_withdrawal"):
    """Decide whether an accepted report may be withdrawn."""

    template = "steps/decide_withdrawal.html"
    form: WithdrawalForm

    def build(self) -> None:
        self.form = WithdrawalForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("decide_withdrawal", DecideWithdrawalInput(granted=self.form.granted.data == "yes", words=self.form.words.data or ""))

    def context(self) -> dict[str, Any]:
        withdrawal = open_withdrawal(self.case)
        codes = {link.report_id: link.report.code for link in self.case.reports}
        present = [link for link in self.case.reports if link.left_at is None]
        return {
            "withdrawal": withdrawal,
            "code": codes.get(withdrawal.report_id, "") if withdrawal else "",
            "reason": withdrawal_reason(withdrawal) if withdrawal else None,
            "is_only_report": len(present) == 1,
        }

    def said(self, act: Act, result: StepResult) -> str:
        if result.outcome == "granted":
            return str(_("The report is withdrawn; its sender is told."))
        return str(_("Case %(code)s goes on; its sender is told why.", code=result.case.code))
