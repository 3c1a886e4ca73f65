"""The steps of asking agencies: distribute, accept or hand back, decide on a hand-back."""

from collections.abc import Mapping
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
from casework.assignments.hand_backs import DecideHandBackInput, HandBackInput, HandBackTurn, hand_back_turns, last_hand_back, turns_left
from casework.assignments.load import Load, loads_and_leads
from casework.permissions import Role
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_chosen, agencies_for, free_agencies
from casework.text import fold
from web.clock import now
from web.exchange import exchange_beside
from web.forms import NOTHING, Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.steps.other_acts import other_acts
from web.task_page import Act, TaskPage, at_most
from workflows.routing.candidates import Candidates, candidates_for
from workflows.running.doing import StepResult

INSTRUCTIONS = "instructions-"
"""Prefix of the words for one agency; its ref follows. Without any it gets those for all."""
DAY = "day-"
"""Prefix of the earlier deadlines of cooperating agencies; the agency's ref follows."""
TAKE = "take"
OTHER = "other"
"""As the leading agency: the one of the list below those that are suggested."""
LONGEST_INSTRUCTIONS = 2_000


class DistributeForm(Form):
    """The lead and cooperating agencies; words for one agency are separate fields named by its ref."""

    lead = RadioField(_l("Leading agency"), validate_choice=False, default=NOTHING)
    lead_other = SelectField(_l("Another agency"), validate_choice=False, default=NOTHING)
    cooperating = SelectMultipleField(_l("Cooperating agencies"), validate_choice=False)
    to_all = TextAreaField(_l("Words to the agencies"), validators=[at_most(LONGEST_INSTRUCTIONS)])
    until = DateField(_l("New day of the answer"), validators=[Optional()], description=_l("Empty: the promised day stays."))
    confirms_short = BooleanField(_l("The agency has to manage in the time that is left"))


class DistributePage(TaskPage, element="distribute"):
    """One page: who leads, who cooperates, what they are told; what will be sent, with every limit, stands beside it."""

    template = "steps/distribute.html"
    form: DistributeForm

    def build(self) -> None:
        self.there = agencies_for(self.case, now=now())
        free = free_agencies(self.case, self.there)
        own = self.case.area_id
        self.agencies = {each.ref: each for each in sorted(free, key=lambda each: own is None or each.area_id != own)}
        self.form = DistributeForm()
        choices = [(ref, local(agency.name)) for ref, agency in self.agencies.items()]
        self.form.lead_other.choices = [(NOTHING, _("Choose an agency")), *choices]
        self.form.lead.choices = self.form.cooperating.choices = choices

    @classmethod
    def works_before_lock(cls) -> bool:
        return request.form.get("act") != "distribute" or super().works_before_lock()

    def act(self) -> Act | None:
        if request.form.get(TAKE):
            self._take(request.form[TAKE])
        elif not self.form.validate_on_submit():
            return None
        if self.chosen != "distribute":
            self.is_unfinished = True
            return None
        if self.lead is None:
            self.form.lead.errors = [_("Please choose the agency that leads.")]
            return None
        return self._distributed()

    def _take(self, ref: str) -> None:
        """Tick an agency that the table names to cooperate."""
        self.form.cooperating.data = list(dict.fromkeys([*(self.form.cooperating.data or ()), ref]))

    def _distributed(self) -> Act | None:
        instructions = {agency.id: words for agency in self.asked if (words := self.words_to(agency))}
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
        chosen = self.form.lead.data or NOTHING
        return self.agencies.get(self.form.lead_other.data or NOTHING if chosen in (NOTHING, OTHER) else chosen)

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

    def words_to(self, agency: AgencyRow) -> str:
        """What an agency is told: its own words, or else those for all."""
        return self.instructions_of(agency).strip() or (self.form.to_all.data or "").strip()

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
        return self._gives_time(self.limits)

    def _gives_time(self, *limits: DistributionLimits) -> bool:
        leads = actor().holds([Role.OPS_LEAD], centre_id=self.case.centre_id)
        return leads and any(is_short(self.case, each.case_due_at, now()) for each in limits)

    @cached_property
    def turns(self) -> list[HandBackTurn]:
        return hand_back_turns(self.case)

    @cached_property
    def candidates(self) -> Candidates:
        return candidates_for(self.case, self.there, list(self.agencies.values()), self.turns, self.loads_and_leads[1])

    @cached_property
    def loads_and_leads(self) -> tuple[dict[int, Load], Mapping[int, int]]:
        return loads_and_leads([agency.id for agency in self.agencies.values()], self.case, now=now())

    def context(self) -> dict[str, Any]:
        loads = self.loads_and_leads[0]
        told = [agency for agency in self.agencies.values() if agency in self.asked or self.instructions_of(agency) or self.day_of(agency)]
        return {
            "asked": self.asked,
            "lead": self.lead,
            "leads_otherwise": self.lead is not None and self.lead.id not in {each.agency.id for each in self.candidates.to_lead},
            "candidates": self.candidates,
            "offered": self._offered(),
            "find": request.form.get("find", "").strip(),
            "own_words": [(agency, self.instructions_of(agency), self.day_of(agency)) for agency in told],
            "earlier": {agency.ref: day for agency in self.cooperating if (day := _as_day(self.day_of(agency))) is not None},
            "limits_of": self.limits_of,
            "number": max(1, len(self.asked)),
            "gives_time": self._gives_time(*self.limits_of.values()),
            "loads": {ref: loads[agency.id] for ref, agency in self.agencies.items()},
            "turns": self.turns,
            "left": {slot: turns_left(self.turns, slot) for slot in ("lead", "cooperating")},
            "others": other_acts(self.case),
            "busy": [assignment.agency for assignment in self.case.open_assignments],
        }

    def _offered(self) -> list[tuple[AgencyRow, bool]]:
        """The agencies to tick, the commune's own first, and whether the search of those without a script leaves each in sight."""
        words = fold(request.form.get("find", "")).split()
        chosen = set(self.form.cooperating.data or ())
        return [
            (agency, agency.ref in chosen or all(word in fold(f"{local(agency.name)} {agency.short_name_vi}") for word in words))
            for agency in self.agencies.values()
        ]

    def said(self, act: Act, result: StepResult) -> str:
        number = 1 + len(self.cooperating)
        return str(ngettext("Distributed to %(num)s agency.", "Distributed to %(num)s agencies.", number))


def _as_day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


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
        return {"assignment": self.assignment, "hands_back": self.chosen == "hand_back", "asked_before": last_hand_back(self.assignment),
                "exchange": exchange_beside(self.assignment)}  # fmt: skip

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
