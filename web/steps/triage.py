"""The operators' steps: verify and clear, refuse, classify."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField, StringField, TextAreaField

from casework.assignments.due_previews import case_limits
from casework.bilingual import Bilingual
from casework.casefile.views import reports_seen
from casework.clocks.complexities import complexities_for
from casework.clocks.pauses import counted_from
from casework.intake.file_report import everything_said, place_words, typed_village
from casework.intake.same_sender import earlier_reports
from casework.intake.similar_cases import alike_nearby
from casework.local_time import local_day
from casework.models import Recording, Report
from casework.photos.images import RectangleRefused
from casework.photos.records import photos_of_report
from casework.places.in_words import PlaceInWords, position_in_words
from casework.places.points import point_of
from casework.places.position_mismatch import position_mismatch
from casework.recordings.access import SeenRecording, recordings_seen
from casework.recordings.transcripts import has_unheard_voice, recording_of
from casework.search.staff_choices import (
    communes_for,
    fields_for,
    refusal_reasons_for,
    villages_for,
    visibility_reasons_for,
)
from casework.states import STAFF_LABELS
from casework.steps.ready_texts import Purpose
from casework.triage.acts import LONGEST_TITLE, ClassifyInput, ClearedReport, VerifyInput
from casework.triage.personal_marks import marked_pieces, neutral
from casework.triage.refusals import RefuseInput
from casework.triage.suggestions import PlaceSuggestion, Suggestions, suggestions_for
from web.clock import now
from web.files.photo_choices import PhotoChoice, choices_of, copies_of, shown_of, shows_any
from web.forms import NOTHING, Form
from web.guards import actor, file_store
from web.locales import in_reader_language as local
from web.marks_left import MarkLeft, marks_left
from web.steps.classify_form import (
    ClassifyForm,
    chosen_by_hand,
    classified_at_once,
    lacks_field_at_once,
    one_text,
    suggested_at_once,
    words_read,
)
from web.steps.other_acts import other_acts, with_ways
from web.steps.ready_texts import BUTTON, has_put_text, refuse_blanks, texts_for
from web.steps.village_field import TAKE, has_filled_in, leave_to_press, typed_villages, village_context, village_refusal
from web.steps.where import staff_map, where_is
from web.task_page import Act, TaskPage, at_most
from workflows.definitions.parsed import definition_of
from workflows.routing.hotline_numbers import hotline_numbers_for
from workflows.running.doing import StepResult
from workflows.running.hearing import unheard_in

WORDS = "words-"
SAID = "said-"
MOST_ALIKE = 8
READY = {"refusal_words": Purpose.REFUSAL}


class VerifyForm(Form):
    """The verification form; the words of each report are separate fields, named by its ref."""

    title = StringField(_l("Title"), validators=[at_most(LONGEST_TITLE)])
    village = StringField(_l("Village or street"), validators=[at_most(120)])
    place = StringField(_l("Place as agencies read it"), validators=[at_most(300)])
    reason = SelectField(_l("Reason"), validate_choice=False, default=NOTHING)
    refusal_words = TextAreaField(_l("Words to the sender"), validators=[at_most(2000)])
    classified_field = SelectField(_l("Field"), validate_choice=False, default=NOTHING)


class SpokenToWrite:
    """A recording of a report, with the transcript to be written."""

    def __init__(self, seen: SeenRecording, sent: dict[str, str] | None) -> None:
        self.seen = seen
        self.field_name = f"{SAID}{seen.ref}"
        self.words = (seen.transcript or "") if sent is None else sent.get(self.field_name, "")

    @property
    def left_over(self) -> list[MarkLeft]:
        """Parts of the words that may identify the speaker."""
        return marks_left(self.words)


class ReportToClear:
    """One report of the case: as sent, and as agencies will read it."""

    def __init__(self, report: Report, recordings: list[SeenRecording], sent: dict[str, str] | None) -> None:
        self.report = report
        self.spoken = [SpokenToWrite(each, sent) for each in recordings if each.report_ref == report.ref]
        self.original = everything_said(report) or ""
        self.pieces = marked_pieces(self.original)
        self.place, self.village = place_words(report), typed_village(report)
        self.point = point_of(report)
        self.position = self._position()
        self.field_name = f"{WORDS}{report.ref}"
        self.words = self.original if sent is None else sent.get(self.field_name, "")
        self.choices: list[PhotoChoice] = choices_of(photos_of_report(report), sent)

    def _position(self) -> PlaceInWords | None:
        """The point in words, for those who read the original and so the village its sender typed."""
        if self.point is None:
            return None
        latitude, longitude, accuracy_m = self.point
        area_id = self.report.area_id
        return position_in_words(latitude, longitude, on=local_day(now()), area_id=area_id, village=self.village, accuracy_m=accuracy_m)

    @property
    def left_over(self) -> list[MarkLeft]:
        """Parts of the words that may identify the writer."""
        return marks_left(self.words)


class VerifyPage(TaskPage, element="verify"):
    """Accept a report with a title and anonymous words, or refuse it."""

    template = "steps/verify.html"
    form: VerifyForm

    def build(self) -> None:
        sent = request.form.to_dict() if request.method == "POST" else None
        self.form = VerifyForm(title=self.case.title, village=self.case.village, place=self.case.place)
        self.typed_villages = typed_villages(self.case)
        self.reasons = {reason.key: reason for reason in refusal_reasons_for(self.case, now=now())}
        self.form.reason.choices = [(NOTHING, _("Choose a reason")), *((key, local(reason.name)) for key, reason in self.reasons.items())]
        fields = [(field.service_code, local(field.name)) for field in fields_for(self.case, now=now())]
        self.form.classified_field.choices = [(NOTHING, _("Choose the field")), *fields]
        recordings = recordings_seen(self.case, actor())
        self.reports = [ReportToClear(link.report, recordings, sent) for link in self.case.reports if link.left_at is None]
        self.unseen: list[PhotoChoice] = []

    def restored(self) -> None:
        leave_to_press(self.form, self.typed_villages)

    def initial_fields(self) -> list[tuple[str, str]]:
        words = [(each.field_name, each.words) for each in self._written()]
        return words + shown_of(choice for report in self.reports for choice in report.choices)

    @classmethod
    def works_before_lock(cls) -> bool:
        return shows_any(request.form) or super().works_before_lock()

    def act(self) -> Act | None:
        if self.chosen == "neutral":
            for each in self._written():
                each.words = neutral(each.words)
        asks_only = not self.chosen and {"apart", "later"} & set(request.form)
        if has_filled_in(self.form, self.typed_villages) or has_put_text(self.form, self.case, READY) or asks_only:
            self.is_unfinished = True
            return None
        if not self.form.validate_on_submit():
            return None
        return self._refuse() if self.chosen == "refuse" else self._verify()

    def context(self) -> dict[str, Any]:
        alike = alike_nearby(self.case, now=now(), limit=MOST_ALIKE)
        others = other_acts(self.case)
        return {
            "reports": self.reports,
            "reasons": self.reasons.values(),
            "refuses": self.chosen == "refuse" or BUTTON in request.form,
            "ready": texts_for(self.case, READY),
            "may_refuse": "refuse" not in unheard_in(self.task.instance.process_version),
            "alike": with_ways(self.case, alike, can_merge=any(possible.verb == "merge" for possible, _kind in others)),
            **self._suggested(),
            "apart": request.form.getlist("apart"),
            "later": request.form.getlist("later"),
            "earlier": earlier_reports(self.case, by=actor()),
            "where": replace(where_is(self.case), map=staff_map(self.case, [(each.report, each.point) for each in self.reports], alike)),
            "others": others,
            "staff_labels": STAFF_LABELS,
            "villages": villages_for(self.case, now=now()),
            **village_context(self.form, self.typed_villages),
        }

    def _suggested(self) -> dict[str, Any]:
        """Why it may be urgent and whom to call first if it is; else how it may be classified at once."""
        words = words_read(self.case)
        found = suggestions_for(self.case, words, now=now(), place=one_text([words, *(each.place for each in self.reports)]))
        is_urgent = found.urgent or self.case.is_reported_urgent
        numbers = hotline_numbers_for(self.case, words, now=now()).suggested if is_urgent else ()
        goes_on = "classify" in definition_of(self.task.instance.process_version).elements
        at_once = suggested_at_once(self.case, found, now=now()) if goes_on else None
        return {"sounds_urgent": found.urgent.words if found.urgent else (), "call_first": numbers[:1], "at_once": at_once}

    def then(self, act: Act) -> Act | None:
        given = classified_at_once(self.case, now=now()) if act.verb == "verify" else None
        return Act("classify", given) if given is not None else None

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "refuse":
            return str(_("Report %(code)s was not accepted. Its sender is told why.", code=result.case.code))
        said = str(_("Report %(code)s is accepted. Next: classify it.", code=result.case.code))
        if result.task.element == "classify":
            said = str(_("Report %(code)s is accepted and classified. Next: distribute it.", code=result.case.code))
        if any(report.spoken for report in self.reports) and has_unheard_voice([report.report.id for report in self.reports]):
            said += " " + _("Nobody has written down what its voice note says: agencies cannot hear it.")
        return said

    def _written(self) -> list[ReportToClear | SpokenToWrite]:
        """The texts outside the form: of each report, and of its recordings."""
        found: list[ReportToClear | SpokenToWrite] = []
        for report in self.reports:
            found += [report, *report.spoken]
        return found

    def _verify(self) -> Act | None:
        if lacks_field_at_once():
            self.form.classified_field.errors = [_("Please choose the field.")]
            return None
        if may_tell := village_refusal(self.form):
            self.refusals.append(may_tell)
            return None
        title = (self.form.title.data or "").strip()
        cleared: list[ClearedReport] = []
        if title:
            # a missing title is reported first, without a word about the photos
            self.unseen = [choice for report in self.reports for choice in report.choices if not choice.is_shown]
        if self.unseen:
            number = len(self.unseen)
            self.refusals.append(ngettext(
                "%(num)s photo has not been looked at yet. Tick “%(show)s” below it, and “%(hide)s” too if nobody is to see what it shows.",
                "%(num)s photos have not been looked at yet. Tick “%(show)s” below each, and “%(hide)s” too if nobody is to see it.",
                number, show=_("Agencies may see it"), hide=_("Cover all of it"),
            ))  # fmt: skip
            return None
        if title:
            # pictures take seconds: not made for a form that is refused anyway
            try:
                cleared = [self._cleared(report) for report in self.reports]
            except RectangleRefused as refusal:
                self.refusals.append(local(refusal.text))
                return None
        else:
            cleared = [ClearedReport(report.report, report.words, transcripts=self._said(report)) for report in self.reports]
        return Act("verify", VerifyInput(title=title, village=self.form.village.data, place=self.form.place.data, cleared=cleared))

    def _cleared(self, report: ReportToClear) -> ClearedReport:
        copies = copies_of(report.choices, audience="agencies", store=file_store())
        return ClearedReport(report.report, report.words, copies, self._said(report))

    def _said(self, report: ReportToClear) -> tuple[tuple[Recording, str], ...]:
        written = ((recording_of(self.case, each.seen.ref), each.words) for each in report.spoken if each.words.strip())
        return tuple((recording, words) for recording, words in written if recording is not None)

    def _refuse(self) -> Act | None:
        reason = self.reasons.get(self.form.reason.data or NOTHING)
        if reason is None:
            self.form.reason.errors = [_("Please choose a reason of the list.")]
            return None
        if refuse_blanks(self.form, "refusal_words"):
            return None
        return Act("refuse", RefuseInput(reason=reason, words=self.form.refusal_words.data or ""))


class ClassifyPage(TaskPage, element="classify"):
    """Classify the matter; the deadline of the answer follows from that and is shown next to each choice."""

    template = "steps/classify.html"
    form: ClassifyForm

    def build(self) -> None:
        case, moment = self.case, now()
        self.fields = {field.service_code: field for field in fields_for(case, now=moment)}
        self.areas = {area.ref: area for area in communes_for(case, now=moment)}
        self.visibility = {reason.key: reason for reason in visibility_reasons_for(case, now=moment)}
        self.form = ClassifyForm(
            field=case.field.service_code if case.field else None,
            urgency="urgent" if self.is_marked_urgent else "normal",
            area=next((ref for ref, area in self.areas.items() if area.id == case.area_id), None),
            village=case.village,
        )
        self.form.field.choices = chosen_by_hand(case.field_id is None, [(code, local(field.name)) for code, field in self.fields.items()])
        rated = complexities_for(case, now=moment, counted_from=counted_from(case, now=moment))
        self.form.complexity.choices = [(row.key, local(row.name)) for row in rated]
        self.form.area.choices = chosen_by_hand(case.area_id is None, [(ref, local(area.name)) for ref, area in self.areas.items()])
        shown = [(key, _("Not public: %(reason)s", reason=local(reason.name))) for key, reason in self.visibility.items()]
        self.form.visibility.choices = [(NOTHING, _("Public after the answer")), *shown]
        self.typed_villages = typed_villages(case)

    def restored(self) -> None:
        leave_to_press(self.form, self.typed_villages)

    @property
    def is_marked_urgent(self) -> bool:
        """Whether the sender or the channel marked it as urgent."""
        return any(link.report.marked_urgent for link in self.case.reports)

    @cached_property
    def suggested(self) -> Suggestions:
        """Suggestions from the words, without words the person may not read; a form that is only sent needs none."""
        words = words_read(self.case)
        places = [self.case.place, *(each.place for each in reports_seen(self.case, actor(), has_step=True))]
        found = suggestions_for(self.case, words, now=now(), place=one_text([words, *places]))
        is_choice = found.field is not None and found.field.target in self.fields
        return found if is_choice else Suggestions(None, found.urgent, found.place)

    def _take(self, what: str) -> None:
        found = self.suggested
        if what == "field" and found.field is not None:
            self.form.field.data = found.field.target
        elif what == "urgency" and found.urgent is not None:
            self.form.urgency.data = found.urgent.target
        elif what == "place" and found.place is not None:
            for name, value in self.place_values(found.place).items():
                self.form[name].data = value

    def place_values(self, place: PlaceSuggestion) -> dict[str, str]:
        """The fields filled in by a suggested place: the commune, if it can be chosen, and the village or street."""
        area = place.area if place.area is not None and place.area.ref in self.areas else None
        return {**({"area": area.ref} if area else {}), **({"village": place.village} if place.village else {})}

    def act(self) -> Act | None:
        what = request.form.get(TAKE, "")
        if has_filled_in(self.form, self.typed_villages) or what:
            self._take(what)
            self.is_unfinished = True
            return None
        if not self.form.is_complete():
            return None
        if refusal := village_refusal(self.form):
            self.refusals.append(refusal)
            return None
        return Act(
            "classify",
            ClassifyInput(
                field=self.fields[self.form.field.data], urgency=self.form.urgency.data, complexity=self.form.complexity.data,
                area=self.areas[self.form.area.data], village=self.form.village.data,
                visibility_reason=self.visibility.get(self.form.visibility.data),
            ),
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        limits = case_limits(self.case, now=now())
        return {
            "limits": {limit.complexity: limit for limit in limits if limit.urgency == "normal"},
            "urgent_limit": next(limit for limit in limits if limit.urgency == "urgent"),
            "villages": villages_for(self.case, now=now()),
            "position": position_mismatch(self.case, self.areas.get(self.form.area.data or NOTHING), now=now()),
            "is_marked_urgent": self.is_marked_urgent,
            "suggested": self.suggested,
            "place_values": self.place_values(self.suggested.place) if self.suggested.place else {},
            "field_names": {code: field.name for code, field in self.fields.items()},
            "others": other_acts(self.case),
            "hints": {code: local(Bilingual(field.hint_vi, field.hint_en)) for code, field in self.fields.items()},
            **village_context(self.form, self.typed_villages),
        }

    def said(self, act: Act, result: StepResult) -> str:
        if result.case.is_urgent:
            return str(_("Case %(code)s is urgent: please call the hotline and distribute it.", code=result.case.code))
        return str(_("Case %(code)s is classified. Next: distribute it.", code=result.case.code))
