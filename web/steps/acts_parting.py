"""Acts about parts of a case: one is split off for another body to answer, and joined again."""

from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField

from casework.assignments.due_previews import CaseLimit, part_limits
from casework.bilingual import Bilingual
from casework.clocks.complexities import complexities_for
from casework.errors import CaseworkError
from casework.models import Photo
from casework.parsing import number_in
from casework.parting.acts import LONGEST_WORDS, DivideInput, JoinPartInput
from casework.parting.photos import CarriedPhoto, prepare_carried
from casework.parts import parts_of
from casework.photos.records import copy_for, photos_of_report
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_for, communes_for, fields_for, villages_for
from casework.triage.acts import LONGEST_TITLE
from casework.verbs import Input
from web.clock import now
from web.forms import NOTHING, Form
from web.guards import file_store
from web.locales import in_reader_language as local
from web.marks_left import marks_left
from web.steps.act_page import ActPage
from web.steps.classify_form import USUAL, ClassifyForm
from web.steps.publication_editing import leftovers_context, leftovers_refusal
from web.task_page import Act, at_most

TYPED = ("title", "words", "place", "village")
"""The fields that must tell nobody's name."""


class DivideForm(ClassifyForm):
    """What the part is about, who answers it, and which photos go along."""

    title = StringField(_l("Title of the part"), validators=[at_most(LONGEST_TITLE)])
    words = TextAreaField(
        _l("What the part is about"), validators=[at_most(LONGEST_WORDS)],
        description=_l("Write it anew: nothing of the sender's words or name goes along."),
    )
    place = StringField(_l("Place as agencies read it"), validators=[at_most(300)])
    complexity = RadioField(_l("Complexity"))
    lead = SelectField(_l("Leading agency"), validate_choice=False, default=NOTHING)
    cooperating = SelectMultipleField(_l("Cooperating agencies"), validate_choice=False)
    to_agencies = TextAreaField(_l("Words to the agencies"), validators=[at_most(LONGEST_WORDS)])
    photos = SelectMultipleField(_l("Photos that go along"), validate_choice=False)
    parts_seen = HiddenField()
    visibility = None


class DividePage(ActPage):
    """Split a part off for another body."""

    verb, icon = "divide", "git-branch"
    template = "steps/acts/divide.html"
    label = _l("Split off a part")
    what = _l("Another body answers this part for itself: a case with its own code, field, agencies and limit.")
    then = (
        _l("This case waits for the part before it is published, and is published with what the part brought. Its own limit stays."),
        _l("The part has no sender: the senders of this case are told and asked to rate once, when this case is answered."),
        _l("Until an agency has submitted an answer the part can be joined to this case again."),
    )
    button = _l("Split off the part")
    done = _l("The part has a case of its own.")
    is_other_way = False
    form: DivideForm

    def build(self) -> None:
        case, moment = self.case, now()
        self.fields_of_work = {field.service_code: field for field in fields_for(case, now=moment)}
        self.areas = {area.ref: area for area in communes_for(case, now=moment)}
        self.agencies = {agency.ref: agency for agency in agencies_for(case, now=moment)}
        self.there = parts_of(case)
        self.form = DivideForm(
            urgency=case.urgency, complexity=case.complexity, area=case.area.ref if case.area else None, village=case.village,
            place=case.place,
        )  # fmt: skip
        self.form.field.choices = [(NOTHING, _("Please choose")), *((code, local(row.name)) for code, row in self.fields_of_work.items())]
        self.form.area.choices = [(ref, local(area.name)) for ref, area in self.areas.items()]
        rated = complexities_for(case, now=moment, counted_from=moment)
        self.form.complexity.choices = [(row.key, local(row.name)) for row in rated]
        if self.form.complexity.data not in {row.key for row in rated}:
            self.form.complexity.data = USUAL
        names = [(ref, local(agency.name)) for ref, agency in self.agencies.items()]
        self.form.lead.choices = [(NOTHING, _("Choose an agency")), *names]
        self.form.cooperating.choices = names
        self.form.photos.choices = [(ref, ref) for ref in self.form.photos.data or ()]

    @cached_property
    def released(self) -> list[Photo]:
        """The photos of the case that agencies may see."""
        present = [link.report for link in self.case.reports if link.left_at is None]
        return [photo for report in present for photo in photos_of_report(report) if copy_for(photo, "agencies", "view") is not None]

    def act(self) -> Act | None:
        seen = number_in(self.form.parts_seen.data or "") or 0
        if not self._is_filled_in():
            return None
        if refusal := leftovers_refusal(self.form, TYPED):
            self.refusals.append(refusal)
            return None
        try:
            photos = self._carried()
        except CaseworkError as refused:
            self.refusals.append(local(refused.text))
            return None
        form, (lead, *cooperating) = self.form, self._asked()
        return Act(
            self.verb,
            DivideInput(
                title=form.title.data or "", words=form.words.data or "", field=self.fields_of_work[form.field.data],
                urgency=form.urgency.data, complexity=form.complexity.data, area=self.areas[form.area.data],
                village=form.village.data or "", place=form.place.data or "", lead=lead, cooperating=cooperating,
                to_agencies=form.to_agencies.data or "", photos=photos, parts_seen=seen,
            ),
        )  # fmt: skip

    def _is_filled_in(self) -> bool:
        is_complete = self.form.is_complete()
        if (self.form.lead.data or NOTHING) not in self.agencies:
            self.form.lead.errors = [_("Please choose the agency that leads.")]
            return False
        return is_complete

    def _asked(self) -> list[AgencyRow]:
        """The chosen agencies, the lead first."""
        lead = self.agencies[self.form.lead.data]
        chosen = [self.agencies[ref] for ref in self.form.cooperating.data or () if ref in self.agencies]
        return [lead, *(each for each in chosen if each is not lead)]

    def _carried(self) -> list[CarriedPhoto]:
        chosen = set(self.form.photos.data or ())
        return [prepare_carried(photo, store=file_store()) for photo in self.released if photo.ref in chosen] if chosen else []

    def context(self) -> dict[str, Any]:
        # shown again, the form knows of the parts it shows
        self.form.parts_seen.data = str(len(self.there))
        limits: list[CaseLimit] = part_limits(self.case, now=now())
        return {
            "limits": {limit.complexity: limit for limit in limits if limit.urgency == "normal"},
            "urgent_limit": next(limit for limit in limits if limit.urgency == "urgent"),
            "released": self.released,
            "there": self.there,
            "villages": villages_for(self.case, now=now()),
            "hints": {code: local(Bilingual(field.hint_vi, field.hint_en)) for code, field in self.fields_of_work.items()},
            "words_left": marks_left(self.form.words.data or ""),
            **leftovers_context(self.form, TYPED),
        }


class JoinForm(Form):
    """Why."""

    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_WORDS)], description=_l("Kept as a note of the centre."))


class JoinPartPage(ActPage):
    """Undo the dividing."""

    verb, icon = "join_part", "arrow-merge"
    label = _l("Join to its case again")
    what = _l("The part ends, and its case answers the whole by itself again.")
    then = (
        _l("Its agencies are told that they need not go on. Nobody outside is told."),
        _l("Its code is not used again. A part can be split off anew."),
    )
    button = _l("Join it again")
    done = _l("The part is joined to its case again.")
    is_other_way = False
    form: JoinForm

    def build(self) -> None:
        self.form = JoinForm()

    def given(self) -> Input:
        return JoinPartInput(reason=self.form.reason.data or "")
