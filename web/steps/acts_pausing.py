"""Acts after which a case rests or ends: hold, refer, ask the reporter, go on without the answer, refuse."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from casework.contacts.partners import may_be_asked
from casework.pausing.holds import LONGEST_REASON, MOST_WORKING_DAYS, HoldInput, held_working_days
from casework.pausing.questions import LONGEST_QUESTION, AskReporterInput, open_question
from casework.pausing.questions import MOST_WORKING_DAYS as LONGEST_WAIT
from casework.pausing.referrals import LONGEST_BODY, LONGEST_WORDS, ReferInput
from casework.search.staff_choices import refusal_reasons_for
from casework.steps.ready_texts import Purpose
from casework.triage.refusals import RefuseInput
from casework.verbs import Input
from web.clock import now
from web.due_words import limit_words
from web.forms import NOTHING, Form
from web.locales import in_reader_language as local
from web.steps.act_page import ActPage
from web.steps.ready_texts import refuse_blanks
from web.task_page import Act, at_most


class HoldForm(Form):
    """Why, and how long."""

    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)], description=_l("Everybody can read it on the public page."))
    until = DateField(_l("Rests until the end of"), validators=[InputRequired(_l("Please choose the last day."))])


class HoldPage(ActPage):
    """Let a case rest for some days."""

    verb, icon = "hold", "player-pause"
    label = _l("Put the case on hold")
    what = _l("Work on the case stops until the day you choose; then it goes on by itself.")
    then = (
        _l("The limits of the case and of its agencies rest meanwhile, and move on by as long."),
        _l("The senders and the agencies at work are told; the public page shows the reason."),
    )
    button = _l("Put it on hold")
    done = _l("The case is on hold.")
    form: HoldForm

    def build(self) -> None:
        self.form = HoldForm()

    def given(self) -> Input:
        return HoldInput(reason=self.form.reason.data or "", until=self.form.until.data)

    @property
    def follows(self) -> list[str]:
        """Adds how long the case may still be on hold."""
        left = max(0, MOST_WORKING_DAYS - held_working_days(self.case))
        words = ngettext("%(num)s working day is left to hold this case.", "%(num)s working days are left to hold this case.", left)
        return [*super().follows, str(words)]


class ReferForm(Form):
    """To whom, and why."""

    body = StringField(_l("Body it is referred to"), validators=[at_most(LONGEST_BODY)])
    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)], description=_l("The senders read the body and the reason."))


class ReferPage(ActPage):
    """Hand the matter to a body outside the centre."""

    verb, icon = "refer", "arrow-guide"
    label = _l("Refer to another body")
    what = _l("The matter goes to a body outside the centre, and the centre watches it until the result is known.")
    then = (
        _l("The limits rest. Without a result nobody closes the case: it stays in the inbox to be followed up."),
        _l("The senders and the agencies at work are told."),
    )
    button = _l("Refer it")
    done = _l("The case is referred. Please follow it up until the result is known.")
    form: ReferForm

    def build(self) -> None:
        self.form = ReferForm()

    def given(self) -> Input:
        return ReferInput(body=self.form.body.data or "", reason=self.form.reason.data or "")


class AskForm(Form):
    """What is asked, of whom, how long, and what then."""

    report = SelectField(_l("Whom to ask"), validate_choice=False, default=NOTHING)
    words = TextAreaField(
        _l("Question"), validators=[at_most(LONGEST_QUESTION)], description=_l("One thing at a time, in words the sender can answer.")
    )
    working_days = SelectField(_l("Time to answer"), coerce=int, default=LONGEST_WAIT)
    when_unanswered = RadioField(
        _l("Without an answer"),
        choices=[SelectChoice("continue", _l("Go on without it")), SelectChoice("close", _l("Close the case, and say so"))],
        validators=[InputRequired(_l("Please choose what happens without an answer."))],
    )


class AskPage(ActPage):
    """Ask the sender of a report."""

    verb, icon = "ask_reporter", "message-question"
    label = _l("Ask the reporter")
    what = _l("The sender gets your question, and the case waits for the answer.")
    then = (
        _l("All limits rest until the answer comes, or the time you give is over."),
        _l("The sender is told at once; agencies at work are told that it rests."),
    )
    button = _l("Ask")
    done = _l("The question has gone to the sender; the case waits for the answer.")
    ready = {"words": Purpose.QUESTION}
    form: AskForm

    def build(self) -> None:
        self.form = AskForm()
        present = [link.report for link in self.case.reports if link.left_at is None]
        self.reports = {report.ref: report for report in may_be_asked(present)}
        self.form.report.choices = [(ref, report.code) for ref, report in self.reports.items()]
        self.form.working_days.choices = [
            (days, ngettext("%(num)s working day", "%(num)s working days", days)) for days in range(1, LONGEST_WAIT + 1)
        ]
        if len(present) == 1:
            del self.form.report
        else:
            # the matter is not over because one of several people is silent
            self.form.when_unanswered.choices = self.form.when_unanswered.choices[:1]

    def act(self) -> Act | None:
        if self.is_text_put() or not self.form.validate_on_submit() or refuse_blanks(self.form, "words"):
            return None
        form = self.form
        wanted = form.report.data if "report" in form else None
        report = self.reports.get(wanted or next(iter(self.reports), NOTHING))
        if report is None:
            self.refusals.append(_("There is no way to reach the sender of this report."))
            return None
        return Act(
            self.verb,
            AskReporterInput(
                report=report, words=form.words.data or "", when_unanswered=form.when_unanswered.data, working_days=form.working_days.data
            ),
        )


class StopWaitingPage(ActPage):
    """Go on without the answer."""

    verb, icon = "stop_waiting", "player-play"
    label = _l("Go on without the answer")
    what = _l("The case goes on where it stood, although the sender has not answered.")
    then = (_l("The limits run again and have moved on by as long as they rested."), _l("The sender is told that the question is over."))
    button = _l("Go on")
    done = _l("The case goes on.")

    def context(self) -> dict[str, Any]:
        question = open_question(self.case)
        if question is None:
            return {}
        return {"shown": [(_("Question"), question.words), (_("Time to answer"), _("until %(day)s", day=limit_words(question.due_at)))]}


class RefuseForm(Form):
    """Why it is not taken."""

    reason = SelectField(_l("Reason"), validate_choice=False, default=NOTHING)
    words = TextAreaField(_l("Words to the sender"), validators=[at_most(2000)])


class RefusePage(ActPage):
    """Not take a case after all."""

    verb, icon, is_danger = "refuse", "ban", True
    label = _l("Do not accept")
    what = _l("The case ends without an answer, because it should not have been accepted.")
    then = (
        _l("The senders are told the reason with guidance; one of them may object once within 7 days."),
        _l("All limits end. Agencies that were asked are told that nothing is left to do."),
    )
    button = _l("Do not accept and tell the sender")
    done = _l("The case was not accepted. Its sender is told why.")
    ready = {"words": Purpose.REFUSAL}
    form: RefuseForm

    def build(self) -> None:
        self.form = RefuseForm()
        self.reasons = {reason.key: reason for reason in refusal_reasons_for(self.case, now=now())}
        self.form.reason.choices = [(NOTHING, _("Choose a reason")), *((key, local(reason.name)) for key, reason in self.reasons.items())]

    def act(self) -> Act | None:
        if self.is_text_put() or not self.form.validate_on_submit() or refuse_blanks(self.form, "words"):
            return None
        reason = self.reasons.get(self.form.reason.data or NOTHING)
        if reason is None:
            self.form.reason.errors = [_("Please choose a reason of the list.")]
            return None
        return Act(self.verb, RefuseInput(reason=reason, words=self.form.words.data or ""))
