"""The classification form, for the step and for reclassifying, and classifying a new report along with its acceptance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from casework.clocks.complexities import complexities_for
from casework.clocks.pauses import counted_from
from casework.intake.file_report import cleared_words, everything_said
from casework.models import Case
from casework.permissions.sight import Sight, sees
from casework.places.position_mismatch import position_mismatch
from casework.reading.rule_rows import AreaRow, FieldRow, KeyedRow
from casework.search.staff_choices import communes_for, fields_for
from casework.triage.acts import ClassifyInput
from casework.triage.suggestions import Suggestions
from web.forms import NOTHING, Form
from web.guards import actor
from web.task_page import at_most

USUAL = "ordinary"
"""The complexity of most cases."""


class ClassifyForm(Form):
    """Field, urgency, complexity, place and whether the case may ever be public."""

    field = SelectField(_l("Field"))
    urgency = RadioField(
        _l("Urgency"), choices=[SelectChoice("normal", _l("Normal")), SelectChoice("urgent", _l("Urgent"))], default="normal"
    )
    complexity = RadioField(_l("Complexity"), default=USUAL)
    area = SelectField(_l("Commune"))
    village = StringField(_l("Village or street"), validators=[at_most(120)])
    visibility = SelectField(_l("Publication"), default=NOTHING)

    def is_complete(self) -> bool:
        """Whether a complete form was submitted; what is missing is shown next to it."""
        is_valid: bool = self.validate_on_submit()
        for choice in (self.field, self.area):
            if choice.data == NOTHING:
                choice.errors, is_valid = [_("Please choose one of the list.")], False
        return is_valid


def chosen_by_hand(is_unknown: bool, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A list that starts with an empty choice where nothing is known, since the first entry is no suggestion."""
    return [(NOTHING, _("Please choose")), *choices] if is_unknown else choices


def words_read(case: Case) -> str:
    """The title and the words of the reports as whoever asks may read them."""
    read = everything_said if sees(actor(), Sight.ORIGINAL, case) else cleared_words
    return one_text([case.title, *(read(link.report) for link in case.reports if link.left_at is None)])


def one_text(parts: list[str | None]) -> str:
    """The texts joined so that no phrase is matched across the end of one."""
    return "\n_\n".join(part for part in parts if part)


AT_ONCE, FIELD_AT_ONCE = "classified", "classified_field"
"""The button that accepts a report and classifies it as suggested, whose value is `AtOnce.value`, and the list beside it."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How a report may be classified along with its acceptance, and the words that suggest it; without a field that is clear, one is
    chosen of the list beside the button."""

    field: FieldRow | None
    area: AreaRow
    complexity: KeyedRow
    because_of: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        return f"{self.field.service_code if self.field else ''}:{self.area.ref}"


def suggested_at_once(case: Case, found: Suggestions, *, now: datetime) -> AtOnce | None:
    """What can be classified at a glance: the commune is clear, nothing speaks of urgency, and words and position agree with it."""
    if case.is_reported_urgent or found.urgent is not None:
        return None
    chosen = case.field.service_code if case.field is not None else found.field.target if found.field is not None else ""
    place = found.place.area if found.place is not None else None
    is_named = found.place is not None and not found.place.by_position  # a position is compared with the commune below
    if case.area_id is not None and place is not None and is_named and place.id != case.area_id:
        return None
    area_id = case.area_id or (place.id if place is not None else None)
    at_once = _at_once(case, lambda field: field.service_code == chosen, lambda area: area.id == area_id, now=now)
    if at_once is None or position_mismatch(case, at_once.area, now=now) is not None:
        return None
    is_by_words = case.field is None and found.field is not None
    return replace(at_once, because_of=found.field.words) if is_by_words and found.field is not None else at_once


def lacks_field_at_once() -> bool:
    """Whether the button was pressed where the words name no field, and none is chosen of the list beside it."""
    return request.form.get(AT_ONCE, "").startswith(":") and not request.form.get(FIELD_AT_ONCE)


def classified_at_once(case: Case, *, now: datetime) -> ClassifyInput | None:
    """What is filled in by the button; None where it was not pressed, or names what cannot be chosen for the case."""
    code, _colon, ref = request.form.get(AT_ONCE, "").partition(":")
    code = code or request.form.get(FIELD_AT_ONCE, "")
    if not ref or not code:
        return None
    found = _at_once(case, lambda field: field.service_code == code, lambda area: area.ref == ref, now=now)
    if found is None or found.field is None:
        return None
    return ClassifyInput(field=found.field, urgency="normal", complexity=found.complexity.key, area=found.area, village=case.village)


def _at_once(case: Case, is_field: Callable[[FieldRow], bool], is_area: Callable[[AreaRow], bool], *, now: datetime) -> AtOnce | None:
    field = next(filter(is_field, fields_for(case, now=now)), None)
    area = next(filter(is_area, communes_for(case, now=now)), None)
    rated = complexities_for(case, now=now, counted_from=counted_from(case, now=now))
    complexity = next((row for row in rated if row.key == USUAL), None)
    return AtOnce(field, area, complexity) if area and complexity else None
