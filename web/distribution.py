"""Asking agencies, and what an agency does first: distribute, accept or hand back, decide on a hand-back."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from casework.asking import is_short
from casework.distribution import last_hand_back
from casework.due_previews import DistributionLimits, distribution_limits
from casework.models import Agency
from casework.permissions import Role
from casework.staff_choices import agencies_for, committee_key_of, free_agencies
from casework.staff_views import hand_backs_of
from web.clock import now
from web.forms import Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.task_page import Act, TaskPage, at_most
from workflows.routing import Suggestion, live_table, suggest
from workflows.steps import StepResult

NOTHING = ""
INSTRUCTIONS = "instructions-"
LONGEST_INSTRUCTIONS = 2_000


class DistributeForm(Form):
    """Who leads and who helps; instructions are fields of their own, named by the agency's ref."""

    lead = SelectField(_l("Leading agency"), validate_choice=False, default=NOTHING)
    cooperating = SelectMultipleField(_l("Cooperating agencies"), validate_choice=False)
    until = DateField(_l("New day of the answer"), validators=[Optional()], description=_l("Empty: the promised day stays."))
    confirms_short = BooleanField(_l("The agency has to manage in the time that is left"))


class DistributePage(TaskPage):
    """Two steps: choose the agencies, then read the limits they get, write to each, and send."""

    template = "tasks/distribute.html"
    form: DistributeForm

    def build(self) -> None:
        there = agencies_for(self.case, now=now())
        self.agencies = {agency.ref: agency for agency in free_agencies(self.case, there)}
        self.suggestion = self._suggestion(there)
        self.confirms = False
        by_key = {agency.key: agency.ref for agency in self.agencies.values()}
        suggested = self.suggestion
        self.form = DistributeForm(
            lead=by_key.get(suggested.lead, NOTHING) if suggested else NOTHING,
            cooperating=[by_key[key] for key in suggested.cooperating if key in by_key] if suggested else [],
        )
        choices = [(ref, local(agency.name)) for ref, agency in self.agencies.items()]
        self.form.lead.choices = [(NOTHING, _("Choose an agency")), *choices]
        self.form.cooperating.choices = choices

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        if self.chosen == "choose":
            self.is_unfinished = True
            return None
        if self.lead is None:
            self.form.lead.errors = [_("Please choose the agency that leads.")]
            return None
        if self.chosen != "distribute":
            self.is_unfinished = self.confirms = True
            return None
        self.confirms = True
        instructions = {agency.id: self.instructions_of(agency) for agency in self.asked}
        if any(len(words) > LONGEST_INSTRUCTIONS for words in instructions.values()):
            self.refusals.append(_("Instructions may have %(max)d characters.", max=LONGEST_INSTRUCTIONS))
            return None
        time = {"until": self.form.until.data, "confirms_short": self.form.confirms_short.data} if self.gives_time else {}
        return Act("distribute", {"lead": self.lead, "cooperating": self.cooperating, "instructions": instructions, **time})

    @property
    def lead(self) -> Agency | None:
        """The agency chosen to lead."""
        return self.agencies.get(self.form.lead.data or NOTHING)

    @property
    def cooperating(self) -> list[Agency]:
        """The other agencies chosen; who leads does not also cooperate."""
        chosen = [self.agencies[ref] for ref in self.form.cooperating.data or () if ref in self.agencies]
        return [agency for agency in chosen if agency is not self.lead]

    @property
    def asked(self) -> list[Agency]:
        """All agencies chosen, the leading one first."""
        return ([self.lead] if self.lead else []) + self.cooperating

    def instructions_of(self, agency: Agency) -> str:
        """What was written to an agency."""
        return request.form.get(f"{INSTRUCTIONS}{agency.ref}", "")

    @property
    def limits(self) -> DistributionLimits:
        """The limits the chosen agencies would get."""
        return distribution_limits(self.case, agencies=max(1, len(self.asked)), now=now())

    @property
    def gives_time(self) -> bool:
        """Whether so little time is left that the operations lead has to say what becomes of the day, and is who looks."""
        return actor().holds([Role.OPS_LEAD], centre_id=self.case.centre_id) and is_short(self.case, self.limits.case_due_at, now())

    def context(self) -> dict[str, Any]:
        return {
            "confirms": self.confirms,
            "asked": [(agency, f"{INSTRUCTIONS}{agency.ref}", self.instructions_of(agency)) for agency in self.asked],
            "limits": self.limits,
            "suggestion": self.suggestion,
            "hand_backs": hand_backs_of(self.case),
            "busy": [assignment.agency for assignment in self.case.open_assignments],
        }

    def said(self, act: Act, result: StepResult) -> str:
        number = 1 + len(act.form["cooperating"])
        return str(ngettext("Distributed to %(num)s agency.", "Distributed to %(num)s agencies.", number))

    def _suggestion(self, there: list[Agency]) -> Suggestion | None:
        if self.case.field is None:
            return None
        table = live_table(self.case.centre_id)
        return suggest(self.case.field.service_code, committee_key_of(self.case, there), self.case.urgency, table=table)


class AcceptForm(Form):
    """Why the matter is not this agency's, and whose it may be."""

    reason = TextAreaField(_l("Why is it not yours?"), validators=[at_most(2000)])
    suggested = SelectField(_l("Which agency fits?"), validate_choice=False, default=NOTHING)


class AcceptPage(TaskPage):
    """Take the work on, or hand it back with the reason."""

    template = "tasks/accept_assignment.html"
    form: AcceptForm

    def build(self) -> None:
        others = [agency for agency in agencies_for(self.case, now=now()) if agency.id != self.assignment.agency_id]
        self.others = {agency.ref: agency for agency in others}
        self.form = AcceptForm()
        self.form.suggested.choices = [(NOTHING, _("I do not know")), *((ref, local(agency.name)) for ref, agency in self.others.items())]

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        if self.chosen != "hand_back":
            return Act("accept_assignment")
        return Act("hand_back", {"reason": self.form.reason.data or "", "suggested": self.others.get(self.form.suggested.data or NOTHING)})

    def context(self) -> dict[str, Any]:
        return {"assignment": self.assignment, "hands_back": self.chosen == "hand_back", "asked_before": last_hand_back(self.assignment)}

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "hand_back":
            return str(_("Case %(code)s is handed back. The centre decides who gets it.", code=result.case.code))
        return str(_("Case %(code)s is accepted. Next: the work, then the answer.", code=result.case.code))


class HandBackForm(Form):
    """Whether the agency goes or stays."""

    upheld = RadioField(
        _l("Decision"),
        choices=[SelectChoice("yes", _l("Release the agency and distribute again")), SelectChoice("no", _l("The agency stays"))],
        validators=[InputRequired(_l("Please choose whether the agency goes or stays."))],
    )
    words = TextAreaField(_l("Words to the agency"), validators=[at_most(2000)])


class HandBackPage(TaskPage):
    """Decide on an agency's request to be released."""

    template = "tasks/decide_hand_back.html"
    form: HandBackForm

    def build(self) -> None:
        self.form = HandBackForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("decide_hand_back", {"upheld": self.form.upheld.data == "yes", "words": self.form.words.data or ""})

    def context(self) -> dict[str, Any]:
        return {"assignment": self.assignment, "hand_back": last_hand_back(self.assignment)}

    def said(self, act: Act, result: StepResult) -> str:
        if act.form["upheld"]:
            return str(_("The agency is released from case %(code)s.", code=result.case.code))
        return str(_("The agency stays with case %(code)s and is told why.", code=result.case.code))


PAGES: dict[str, type[TaskPage]] = {"distribute": DistributePage, "accept_assignment": AcceptPage, "decide_hand_back": HandBackPage}
