"""Acts about what the matter is: classified anew, merged into another case, split off again, passed on to another centre."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField

from casework.bilingual import Bilingual
from casework.clocks.complexities import complexities_for
from casework.intake.pass_on import PassOnInput, other_centres
from casework.intake.similar_cases import Alike, alike_nearby
from casework.merging.merge import MergeInput
from casework.merging.split import SplitInput
from casework.models import Case
from casework.permissions.sight import case_seen_by
from casework.search.staff_choices import communes_for, fields_for, villages_for, visibility_reasons_for
from casework.states import STAFF_LABELS
from casework.triage.reclassification import ReclassifyInput, reclassified_from
from casework.verbs import Input
from web.clock import now
from web.forms import NOTHING, Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.steps.act_page import ActPage, ReportActPage
from web.steps.classify_form import ClassifyForm, chosen_by_hand
from web.steps.village_field import has_filled_in, typed_villages, village_context, village_refusal
from web.task_page import Act, at_most
from workflows.desks.inbox import cases_with, codes_meant

LONGEST_WORDS = 2_000


class ReclassifyForm(ClassifyForm):
    """As at classification, and why it changes."""

    reason = TextAreaField(_l("Why it changes"), validators=[at_most(LONGEST_WORDS)], description=_l("Kept as a note of the centre."))


class ReclassifyPage(ActPage):
    """Change what was said of the matter at classification."""

    verb, icon = "classify", "edit"
    template = "steps/acts/classify.html"
    label = _l("Classify anew")
    what = _l("Field, urgency, complexity, place or visibility become what you choose here.")
    then = (
        _l("Made urgent: the answer is due 24 hours from now, unless it was due sooner, and the hotline has to be called."),
        _l("Any other change: the limit is counted anew from its start, and never ends earlier than the day that was promised."),
        _l("The senders are told when the day moves; the limits of the agencies follow."),
    )
    button = _l("Classify anew")
    done = _l("The case is classified anew.")
    form: ReclassifyForm

    def build(self) -> None:
        case, moment = self.case, now()
        self.fields_of_work = {field.service_code: field for field in fields_for(case, now=moment)}
        self.areas = {area.ref: area for area in communes_for(case, now=moment)}
        self.visibility = {reason.key: reason for reason in visibility_reasons_for(case, now=moment)}
        self.typed_villages = typed_villages(case)
        self.form = ReclassifyForm(
            field=case.field.service_code if case.field else None, urgency=case.urgency, complexity=case.complexity,
            area=case.area.ref if case.area else None, village=case.village,
            visibility=case.visibility_reason.key if case.visibility_reason else NOTHING,
        )  # fmt: skip
        names = [(code, local(field.name)) for code, field in self.fields_of_work.items()]
        self.form.field.choices = chosen_by_hand(case.field is None, names)
        rated = {row.key: local(row.name) for row in complexities_for(case, now=moment, counted_from=reclassified_from(case, moment))}
        self.form.complexity.choices = list(({case.complexity: case.complexity} | rated).items())
        self.form.area.choices = chosen_by_hand(case.area is None, [(ref, local(area.name)) for ref, area in self.areas.items()])
        self.form.visibility.choices = [
            (NOTHING, _("Can be published")),
            *((key, local(each.name)) for key, each in self.visibility.items()),
        ]

    def act(self) -> Act | None:
        form = self.form
        if has_filled_in(form, self.typed_villages):
            self.is_unfinished = True
            return None
        if not form.is_complete():
            return None
        if refusal := village_refusal(form):
            self.refusals.append(refusal)
            return None
        return Act(
            self.verb,
            ReclassifyInput(
                field=self.fields_of_work[form.field.data], urgency=form.urgency.data, complexity=form.complexity.data,
                area=self.areas[form.area.data], village=form.village.data or "",
                visibility_reason=self.visibility.get(form.visibility.data), reason=form.reason.data or "",
            ),
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        return {
            "villages": villages_for(self.case, now=now()),
            "hints": {code: local(Bilingual(field.hint_vi, field.hint_en)) for code, field in self.fields_of_work.items()},
            **village_context(self.form, self.typed_villages),
        }


class MergeForm(Form):
    """Into which case, and why. `into` is one of those suggested, or nothing where a code is typed."""

    into = SelectField(_l("Case it goes into"), validate_choice=False, default=NOTHING)
    code = StringField(_l("Code of another case"), validators=[at_most(24)])
    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)], description=_l("Kept as a note of the centre."))


class MergePage(ActPage):
    """Let another case answer the reports of this one."""

    verb, icon = "merge", "arrow-merge"
    template = "steps/acts/merge.html"
    label = _l("Merge into another case")
    what = _l("The other case answers the reports of this one from now on; this one leaves the lists, and its codes lead to the other.")
    then = (
        _l("The earlier day and the higher urgency of the two hold."),
        _l("All senders are told, get the answer and may rate it. Agencies go along where the other case is with agencies."),
        _l("A report can be split off again, with the state and the limits it had."),
    )
    button = _l("Merge")
    done = _l("The case is merged.")
    form: MergeForm

    def build(self) -> None:
        self.alike: list[Alike] = alike_nearby(self.case, now=now())
        self.form = MergeForm(code=request.args.get("into", "")[:24])
        self.form.into.choices = [(each.case.ref, each.case.code) for each in self.alike]
        if self.form.into.data not in dict(self.form.into.choices):
            self.form.into.data = NOTHING
        if request.method == "GET":
            self.form.into.data = next((each.case.ref for each in self.alike if each.case.code == self.form.code.data), NOTHING)
            self.form.code.data = NOTHING if self.form.into.data else self.form.code.data

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        into = self._chosen_case()
        return None if into is None else Act(self.verb, MergeInput(into=into, reason=self.form.reason.data or ""))

    def context(self) -> dict[str, Any]:
        return {"alike": self.alike, "staff_labels": STAFF_LABELS}

    def _chosen_case(self) -> Case | None:
        """The case chosen or named by a code the person may know of; whatever else was typed is said not to be there."""
        words = (self.form.code.data or NOTHING).strip()
        suggested = next((each.case for each in self.alike if each.case.ref == self.form.into.data), None)
        if not words:
            if suggested is None:
                self.form.code.errors = [_("Please choose a case or type its code.")]
            return suggested
        codes = codes_meant(words, now=now())
        found = [case for case in (cases_with(codes) if codes else ()) if case.centre_id == self.case.centre_id]
        seen = [case for case in found if case_seen_by(actor(), case.ref) is not None]
        if len(seen) != 1:
            several = _("Several cases may be meant: please type the whole code.")
            self.form.code.errors = [several if seen else _("No case of this centre has this code.")]
            return None
        return seen[0]


class SplitForm(Form):
    """Why."""

    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)], description=_l("Kept as a note of the centre."))


class SplitPage(ReportActPage):
    """Take a merged report out again."""

    verb, icon = "split", "git-branch"
    label = _l("Split off a report")
    what = _l("The report that was merged in gets its own case back, as it stood before.")
    then = (
        _l("Its case has the code, the state and the limits of then. Agencies that came along and have not finished go back with it."),
        _l("This case keeps the day it promised. The sender is told."),
    )
    button = _l("Split it off")
    done = _l("The report has its own case again.")
    form: SplitForm

    def build(self) -> None:
        self.form = SplitForm()

    def given(self) -> Input:
        return SplitInput(report=self.report, reason=self.form.reason.data or "")


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
