"""Acts of the centre and the committee about agencies: add, remove, lead, close without an answer, remind; and a directive."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import Optional

from casework.assignments.asking import is_short, taking_part
from casework.assignments.due_previews import distribution_limits
from casework.assignments.reassignment import AgencyInput, CloseWithoutAnswerInput, RemoveAgencyInput
from casework.clocks.reminders import RemindInput
from casework.models import Agency, Case
from casework.notes.directives import LONGEST_DIRECTIVE, DirectInput
from casework.permissions import Role
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_chosen, agencies_for
from casework.verbs import Input
from web.clock import now
from web.due_words import limit_words
from web.forms import NOTHING, Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.steps.act_page import ActPage, AgencyActPage
from web.task_page import Act, at_most

LONGEST_WORDS = 2_000


class AskForm(Form):
    """The agency, its instructions, and what becomes of the deadline where little time is left."""

    agency = SelectField(_l("Agency"), validate_choice=False, default=NOTHING)
    instructions = TextAreaField(_l("What to mind"), validators=[Optional(), at_most(LONGEST_WORDS)])
    until = DateField(_l("New day of the answer"), validators=[Optional()], description=_l("Empty: the promised day stays."))
    confirms_short = BooleanField(_l("The agency has to manage in the time that is left"))


class AskingPage(ActPage):
    """An act by which an agency may come to the case."""

    form: AskForm
    agencies: dict[str, Agency | AgencyRow]

    def build(self) -> None:
        self.form = AskForm()
        self.is_short = is_short(self.case, distribution_limits(self.case, agencies=2, now=now()).case_due_at, now())
        if not (self.is_short and self.may_give_time):
            del self.form.until, self.form.confirms_short
        self.agencies = {agency.ref: agency for agency in self.choices()}
        self.form.agency.choices = [(NOTHING, _("Choose an agency")), *((ref, local(agency.name)) for ref, agency in self.agencies.items())]
        if request.method == "GET" and request.args.get("agency") in self.agencies:
            self.form.agency.data = request.args["agency"]

    def choices(self) -> Sequence[Agency | AgencyRow]:
        """The agencies to choose from."""
        return _agencies_to_ask(self.case)

    @property
    def may_give_time(self) -> bool:
        """Whether the person may let an agency begin with less than one working day left."""
        return actor().holds([Role.OPS_LEAD], centre_id=self.case.centre_id)

    @property
    def follows(self) -> list[str]:
        """Adds whether little time is left."""
        short = _("Less than one working day would be left: confirm that, or move the day of the answer by at most 7 working days.")
        return [*super().follows, short] if self.is_short and self.may_give_time else super().follows

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        agency = self.agencies.get(self.form.agency.data or NOTHING)
        if agency is None:
            self.form.agency.errors = [_("Please choose one of the list.")]
            return None
        time = self.form if "until" in self.form else None
        return Act(
            self.verb,
            AgencyInput(
                agency=agencies_chosen([agency])[0], instructions=self.form.instructions.data or "",
                until=time.until.data if time else None, confirms_short=bool(time and time.confirms_short.data),
            ),
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        limits = distribution_limits(self.case, agencies=2, now=now())
        shown = [(_("Accepts by"), limit_words(limits.accept_by))]
        shown += [(_("Answers by"), limit_words(limits.answer_by))] if limits.answer_by is not None else []
        shown += [(_("Answer to the sender by"), limit_words(limits.case_due_at))] if limits.case_due_at is not None else []
        return {"shown": shown}


class AddAgencyPage(AskingPage):
    """Ask one more agency."""

    verb, icon = "add_agency", "square-plus"
    label = _l("Add an agency")
    what = _l("One more agency is asked to cooperate on the case.")
    then = (
        _l("Several agencies have the limit of several, counted from the start; the promised day never becomes an earlier one."),
        _l("The agency is told at once; the senders are told when the day moves."),
    )
    button = _l("Ask this agency")
    done = _l("The agency is asked.")


class ChangeLeadPage(AskingPage):
    """Let another agency lead: one of the case, or a new one."""

    verb, icon = "change_lead", "flag"
    label = _l("Change who leads")
    what = _l("Another agency leads the case, and the one that led cooperates.")
    then = (
        _l("An agency that is on the case keeps its limits. A new one is asked, as when an agency is added."),
        _l("The agencies, the senders and those who follow the case are told who leads."),
    )
    button = _l("Let it lead")
    done = _l("Another agency leads now.")

    def choices(self) -> Sequence[Agency | AgencyRow]:
        """Those of the case first."""
        own = [row.agency for row in taking_part(self.case) if not row.is_lead]
        return [*own, *(super().choices() if not self.is_short or self.may_give_time else ())]


class ReasonForm(Form):
    """Why."""

    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)])


class RemoveAgencyPage(AgencyActPage):
    """Take an agency off the case."""

    verb, icon = "remove_agency", "minus"
    label = _l("Take off the case")
    what = _l("The agency does not work on the case any more and keeps only its own texts.")
    then = (_l("Its limits end; the day promised to the senders stays."), _l("The agency reads the reason."))
    button = _l("Take it off the case")
    done = _l("The agency is off the case.")
    form: ReasonForm

    def build(self) -> None:
        self.form = ReasonForm()

    def given(self) -> Input:
        return RemoveAgencyInput(reason=self.form.reason.data or "")


class CloseWithoutAnswerPage(AgencyActPage):
    """Go on without the answer of one agency."""

    verb, icon, is_danger = "close_without_answer", "circle-dashed", True
    label = _l("Go on without its answer")
    what = _l("The case is answered without this agency; the others' answers go to publication.")
    then = (
        _l("Everybody reads on the public page that this agency gave no answer, with the reason you write."),
        _l("Its limits end, late or not. The agency is told."),
    )
    button = _l("Go on without it")
    done = _l("The case goes on without the answer of this agency.")
    form: ReasonForm

    def build(self) -> None:
        self.form = ReasonForm()
        self.form.reason.description = _("Public: how it came that there is no answer.")

    def given(self) -> Input:
        return CloseWithoutAnswerInput(reason=self.form.reason.data or "")


class RemindForm(Form):
    """What to say, if anything."""

    words = TextAreaField(_l("Words to the agency"), validators=[Optional(), at_most(LONGEST_WORDS)])


class RemindPage(AgencyActPage):
    """Remind an agency by hand: an act on the case, which names the agency."""

    is_of_assignment = False
    verb, icon = "remind", "bell-ringing"
    label = _l("Remind")
    what = _l("The agency is reminded of the case now, beside the reminders it gets by itself.")
    then = (_l("Nothing else changes; the reminder stands in the history."),)
    button = _l("Remind the agency")
    done = _l("The agency is reminded.")
    form: RemindForm

    def build(self) -> None:
        self.form = RemindForm()

    def given(self) -> Input:
        return RemindInput(assignment=self.assignment, words=self.form.words.data or "")


class RemindAllPage(ActPage):
    """Remind all agencies that owe an answer."""

    verb, icon, is_other_way = "remind_all", "bell-ringing", False
    label = _l("Remind all agencies")
    what = _l("Every agency that still owes its answer is reminded of the case now.")
    then = (
        _l("An answer that waits for approval is brought to mind where it waits."),
        _l("They can be reminded together again after four working hours."),
    )
    button = _l("Remind all of them")
    done = _l("All agencies that owe an answer are reminded.")


class DirectForm(Form):
    """What is to be done, and by when."""

    words = TextAreaField(_l("What is to be done"), validators=[at_most(LONGEST_DIRECTIVE)])
    until = DateField(_l("By the end of"), validators=[Optional()])


class DirectPage(ActPage):
    """A word of the committee's leader."""

    verb, icon, is_other_way = "direct", "message-circle", False
    label = _l("Give a directive")
    what = _l("The centre and the agencies on the case read your words and the day you set.")
    then = (_l("No limit changes by it."), _l("The centre and the agencies at work are told at once."))
    button = _l("Give the directive")
    done = _l("The directive is given.")
    form: DirectForm

    def build(self) -> None:
        self.form = DirectForm()

    def given(self) -> Input:
        return DirectInput(words=self.form.words.data or "", until=self.form.until.data)


def _agencies_to_ask(case: Case) -> list[AgencyRow]:
    """Those that have no part in the present round."""
    there = {row.agency_id for row in taking_part(case)}
    return [agency for agency in agencies_for(case, now=now()) if agency.id not in there]
