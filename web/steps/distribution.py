"""The steps of asking agencies: distribute, accept or hand back, decide on a hand-back."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from casework.assignments.asking import is_short
from casework.assignments.distribution import DistributeInput
from casework.assignments.due_previews import DistributionLimits, distribution_limits
from casework.assignments.hand_backs import DecideHandBackInput, HandBackInput, hand_back_turns, last_hand_back, turns_left
from casework.assignments.load import Load, loads_of
from casework.bilingual import Bilingual
from casework.permissions import Role
from casework.places.former_agencies import agencies_now
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_chosen, agencies_for, committee_key_of, free_agencies
from web.clock import now
from web.forms import NOTHING, Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.steps.other_acts import other_acts
from web.task_page import Act, TaskPage, at_most
from workflows.routing.suggestion import live_table, suggest
from workflows.running.steps import StepResult

INSTRUCTIONS = "instructions-"
DAY = "day-"
"""Prefix of the earlier deadlines of cooperating agencies; the agency's ref follows."""
TAKE = "take"
LONGEST_INSTRUCTIONS = 2_000


class DistributeForm(Form):
    """The lead and cooperating agencies; instructions are separate fields named by the agency's ref."""

    lead = SelectField(_l("Leading agency"), validate_choice=False, default=NOTHING)
    cooperating = SelectMultipleField(_l("Cooperating agencies"), validate_choice=False)
    until = DateField(_l("New day of the answer"), validators=[Optional()], description=_l("Empty: the promised day stays."))
    confirms_short = BooleanField(_l("The agency has to manage in the time that is left"))


@dataclass(frozen=True, slots=True)
class SuggestedAgencies:
    """The agencies that the distribution table suggests for a case, and why. `lead` is empty where that agency has the case already."""

    lead: AgencyRow | None
    cooperating: list[AgencyRow]
    reason: Bilingual


class DistributePage(TaskPage, element="distribute"):
    """Two pages: choose the agencies, then read their limits, write instructions, and send."""

    template = "steps/distribute.html"
    form: DistributeForm

    def build(self) -> None:
        self.there = agencies_for(self.case, now=now())
        self.agencies = {agency.ref: agency for agency in free_agencies(self.case, self.there)}
        self.confirms = False
        self.form = DistributeForm()
        self.form.lead.choices = [(NOTHING, _("Choose an agency")), *((ref, local(agency.name)) for ref, agency in self.agencies.items())]
        self.form.cooperating.choices = [(ref, local(agency.name)) for ref, agency in self.agencies.items()]

    @classmethod
    def works_before_lock(cls) -> bool:
        return request.form.get("act") != "distribute" or super().works_before_lock()

    def act(self) -> Act | None:
        if request.form.get(TAKE) and self.suggested is not None:
            self.form.lead.data = self.suggested.lead.ref if self.suggested.lead else NOTHING
            self.form.cooperating.data = [agency.ref for agency in self.suggested.cooperating]
            self.is_unfinished = True
            return None
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
        instructions = {agency.id: words for agency in self.asked if (words := self.instructions_of(agency).strip())}
        if any(len(words) > LONGEST_INSTRUCTIONS for words in instructions.values()):
            self.refusals.append(_("Instructions may have %(max)d characters.", max=LONGEST_INSTRUCTIONS))
            return None
        try:
            earlier = {agency.id: date.fromisoformat(day) for agency in self.cooperating if (day := self.day_of(agency))}
        except ValueError:
            self.refusals.append(_("Please write each earlier day as a day of the calendar."))
            return None
        lead, *cooperating = agencies_chosen(self.asked)
        return Act(
            "distribute",
            DistributeInput(
                lead=lead, cooperating=cooperating, instructions=instructions, earlier=earlier,
                until=self.form.until.data if self.gives_time else None,
                confirms_short=self.gives_time and self.form.confirms_short.data,
            ),
        )  # fmt: skip

    @property
    def lead(self) -> AgencyRow | None:
        return self.agencies.get(self.form.lead.data or NOTHING)

    @property
    def cooperating(self) -> list[AgencyRow]:
        """The other chosen agencies, without the lead."""
        chosen = [self.agencies[ref] for ref in self.form.cooperating.data or () if ref in self.agencies]
        return [agency for agency in chosen if agency is not self.lead]

    @property
    def asked(self) -> list[AgencyRow]:
        """All chosen agencies, the lead first."""
        return ([self.lead] if self.lead else []) + self.cooperating

    def instructions_of(self, agency: AgencyRow) -> str:
        return request.form.get(f"{INSTRUCTIONS}{agency.ref}", "")

    def day_of(self, agency: AgencyRow) -> str:
        """The earlier deadline submitted for a cooperating agency; empty where it gets the common one."""
        return request.form.get(f"{DAY}{agency.ref}", "").strip()

    @property
    def limits(self) -> DistributionLimits:
        return self.limits_of[1 if len(self.asked) < 2 else 2]

    @cached_property
    def limits_of(self) -> dict[int, DistributionLimits]:
        """The limits for one agency and for two; more than two get the same as two."""
        return {number: distribution_limits(self.case, agencies=number, now=now()) for number in (1, 2)}

    @property
    def gives_time(self) -> bool:
        """Whether so little time is left that an operations lead must decide on the deadline, and the reader is one."""
        return actor().holds([Role.OPS_LEAD], centre_id=self.case.centre_id) and is_short(self.case, self.limits.case_due_at, now())

    def context(self) -> dict[str, Any]:
        turns, loads = hand_back_turns(self.case), loads_of([agency.id for agency in self.agencies.values()], now=now())
        self.form.lead.choices = [
            (ref, f"{name}{load_words(loads[self.agencies[ref].id])}" if ref in self.agencies else name)
            for ref, name in self.form.lead.choices
        ]
        return {
            "confirms": self.confirms,
            "asked": [(agency, f"{INSTRUCTIONS}{agency.ref}", self.instructions_of(agency)) for agency in self.asked],
            "days": {agency.ref: (f"{DAY}{agency.ref}", self.day_of(agency)) for agency in self.cooperating},
            # what was written on the second page stays when one goes back to the first
            "kept": [(name, value) for name, value in request.form.items() if name.startswith((INSTRUCTIONS, DAY))],
            "limits": self.limits,
            "limits_of": self.limits_of,
            "number": max(1, len(self.asked)),
            "suggested": self.suggested,
            "loads": {ref: loads[agency.id] for ref, agency in self.agencies.items()},
            "turns": turns,
            "left": {slot: turns_left(turns, slot) for slot in ("lead", "cooperating")},
            "others": other_acts(self.case),
            "busy": [assignment.agency for assignment in self.case.open_assignments],
        }

    def said(self, act: Act, result: StepResult) -> str:
        number = 1 + len(self.cooperating)
        return str(ngettext("Distributed to %(num)s agency.", "Distributed to %(num)s agencies.", number))

    @cached_property
    def suggested(self) -> SuggestedAgencies | None:
        """The table's suggestion as agencies that can be asked; None where there is none, or none of them is available."""
        if self.case.field is None:
            return None
        table = live_table(self.case.centre_id)
        found = suggest(self.case.field.service_code, committee_key_of(self.case, self.there), self.case.urgency, table=table)
        if found is None:
            return None
        by_key = agencies_now((found.lead, *found.cooperating), self.case, self.there)
        free = {agency.id for agency in self.agencies.values()}
        named = dict.fromkeys(by_key[key] for key in (found.lead, *found.cooperating) if key in by_key and by_key[key].id in free)
        lead = by_key.get(found.lead) if by_key.get(found.lead) in named else None
        cooperating = [agency for agency in named if agency is not lead]
        return SuggestedAgencies(lead, cooperating, found.reason) if lead or cooperating else None


def load_words(load: Load) -> str:
    """An agency's present load, shown after its name: " (12 hồ sơ đang mở, 2 trễ)"; empty without open cases."""
    if not load.open:
        return ""
    words = str(ngettext("%(num)s open case", "%(num)s open cases", load.open))
    return f" ({words}, {ngettext('%(num)s late', '%(num)s late', load.late)})" if load.late else f" ({words})"


class AcceptForm(Form):
    """Why the matter is not this agency's, and whose it may be."""

    reason = TextAreaField(_l("Why is it not yours?"), validators=[at_most(2000)])
    suggested = SelectField(_l("Which agency fits?"), choices=[], validate_choice=False, default=NOTHING)


class AcceptPage(TaskPage, element="accept_assignment"):
    """Accept the work, or hand it back with the reason."""

    template = "steps/accept_assignment.html"
    form: AcceptForm

    def build(self) -> None:
        self.form = AcceptForm()

    @cached_property
    def others(self) -> dict[str, AgencyRow]:
        """The other agencies, by ref; who accepts needs none."""
        others = [agency for agency in agencies_for(self.case, now=now()) if agency.id != self.assignment.agency_id]
        return {agency.ref: agency for agency in others}

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        if self.chosen != "hand_back":
            return Act("accept_assignment")
        suggested = self.others.get(self.form.suggested.data or NOTHING)
        return Act("hand_back", HandBackInput(reason=self.form.reason.data or "", suggested=suggested))

    def context(self) -> dict[str, Any]:
        self.form.suggested.choices = [(NOTHING, _("I do not know")), *((ref, local(agency.name)) for ref, agency in self.others.items())]
        return {"assignment": self.assignment, "hands_back": self.chosen == "hand_back", "asked_before": last_hand_back(self.assignment)}

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "hand_back":
            return str(_("Case %(code)s is handed back. The centre decides who gets it.", code=result.case.code))
        return str(_("Case %(code)s is accepted. Next: the work, then the answer.", code=result.case.code))


class HandBackForm(Form):
    """Whether the agency is released."""

    upheld = RadioField(
        _l("Decision"),
        choices=[SelectChoice("yes", _l("Release the agency and distribute again")), SelectChoice("no", _l("The agency stays"))],
        validators=[InputRequired(_l("Please choose whether the agency goes or stays."))],
    )
    words = TextAreaField(_l("Words to the agency"), validators=[at_most(2000)])


class HandBackPage(TaskPage, element="decide_hand_back"):
    """Decide on an agency's request to be released."""

    template = "steps/decide_hand_back.html"
    form: HandBackForm

    def build(self) -> None:
        self.form = HandBackForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("decide_hand_back", DecideHandBackInput(upheld=self.form.upheld.data == "yes", words=self.form.words.data or ""))

    def context(self) -> dict[str, Any]:
        turns, slot = hand_back_turns(self.case), self.assignment.slot
        return {
            "assignment": self.assignment,
            "turn": next((turn for turn in reversed(turns) if turn.assignment is self.assignment), None),
            "turns": turns,
            "left": turns_left(turns, slot),
            "accept_by": distribution_limits(self.case, agencies=1, now=now()).accept_by,
            "others_at_work": [row.agency for row in self.case.open_assignments if row is not self.assignment],
            "others": other_acts(self.case),
        }

    def said(self, act: Act, result: StepResult) -> str:
        if result.outcome == "release":
            return str(_("The agency is released from case %(code)s.", code=result.case.code))
        return str(_("The agency stays with case %(code)s and is told why.", code=result.case.code))
