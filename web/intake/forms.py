"""The fields shared by both intake forms: what happened, where, when, field of work, urgency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from casework.intake.file_report import LONGEST_PLACE, LONGEST_WORDS, Place
from casework.local_time import LOCAL_ZONE
from casework.models import Area
from casework.parsing import instant_in
from casework.places.former_areas import former_names
from casework.reading.rule_rows import FieldRow
from web.filing_fields import NO_CHOICE, number, sound_token
from web.forms import Form
from web.intake.places import CommuneName, commune_meant, names_of
from web.locales import in_reader_language as local
from web.task_page import at_most

MOST_NAMED = 6
"""Most communes offered where the typed text may mean several."""


class IntakeForm(Form):
    """A matter written down by a member of staff. `communes` may be typed by name, `fields` are the centre's fields of work."""

    words = TextAreaField(
        _l("What happened, in their words"), validators=[InputRequired(_l("Please say what happened.")), at_most(LONGEST_WORDS)]
    )
    area = StringField(_l("Commune"), validators=[at_most(200)])
    commune = StringField()
    """The ref of the one chosen among several offered."""
    village = StringField(_l("Village or street"), validators=[at_most(120)])
    place = StringField(_l("Where exactly?"), validators=[at_most(LONGEST_PLACE)])
    latitude = HiddenField()
    longitude = HiddenField()
    urgent = BooleanField(_l("Urgent: somebody may come to harm"))
    field = SelectField(_l("Field"), validate_choice=False, default=NO_CHOICE)
    seen_at = StringField(_l("When it happened"))
    idempotency_key = HiddenField()

    def __init__(self, *arguments: Any, communes: Sequence[Area], fields: Sequence[FieldRow], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._area_rows = communes
        self._field_rows = {each.service_code: each for each in fields}
        self.field.choices = [(NO_CHOICE, _("Not chosen")), *((code, local(each.name)) for code, each in self._field_rows.items())]
        # the key stays over every correction, so that sending the form twice makes one report
        self.idempotency_key.data = sound_token(self.idempotency_key.data)

    def become_another(self) -> None:
        """Take a new key, because the old one has made a report."""
        self.idempotency_key.data = sound_token(None)

    @property
    def chosen_area(self) -> Area | None:
        """The commune that was typed or chosen, None where none or several match."""
        found = self.meant
        return found[0].area if len(found) == 1 else None

    @cached_property
    def names(self) -> list[CommuneName]:
        """The names a commune may be typed by, present and former."""
        return names_of(self._area_rows, former_names({area.id for area in self._area_rows}))

    @property
    def meant(self) -> list[CommuneName]:
        """The communes that the typed text may mean, or the chosen one of several."""
        found = commune_meant(self.area.data or "", self.names)
        return [each for each in found if each.area.ref == self.commune.data] or found

    @property
    def offered(self) -> list[CommuneName]:
        """The first few communes to choose from where several match."""
        found = self.meant
        return found[:MOST_NAMED] if len(found) > 1 else []

    @property
    def chosen_field(self) -> FieldRow | None:
        return self._field_rows.get(self.field.data or NO_CHOICE)

    @property
    def chosen_place(self) -> Place:
        """The place, with a position only if it lies on earth."""
        latitude, longitude = number(self.latitude.data, 90), number(self.longitude.data, 180)
        located = latitude is not None and longitude is not None
        return Place(
            area=self.chosen_area,
            village=(self.village.data or "").strip() or None,
            words=(self.place.data or "").strip() or None,
            latitude=latitude if located else None,
            longitude=longitude if located else None,
        )

    @property
    def chosen_moment(self) -> datetime | None:
        """When it happened, as an instant; the browser sends local time without a zone."""
        return moment_typed(self.seen_at.data or "")

    def validate_area(self, area: StringField) -> None:
        """List the possible communes where the text does not match exactly one."""
        if not (area.data or "").strip():
            self.refuse_nowhere()
            return
        found = self.meant
        if not found:
            raise ValidationError(_("There is no commune of this name here."))
        if len(found) > 1:
            raise ValidationError(_("Several communes are meant. Please choose one of them, or type more of the name."))
        area.data, self.commune.data = found[0].said, ""

    def refuse_nowhere(self) -> None:
        """Raise ValidationError where no place is given."""
        place = self.chosen_place
        if place.words is None and place.latitude is None:
            raise ValidationError(_("Please say where it is: a commune, or a description of the place."))

    def validate_seen_at(self, seen_at: StringField) -> None:
        """Refuse a time that cannot be read."""
        if (seen_at.data or "").strip() and moment_typed(seen_at.data or "") is None:
            raise ValidationError(_("Please give day and time, such as 13:47 07/11/2022."))


def moment_typed(text: str) -> datetime | None:
    """An instant from the browser's format (2022-11-07T13:47) or a typed one (13:47 07/11/2022), local time; None if it is neither."""
    instant = instant_in(text)
    return instant.astimezone(UTC) if instant is not None else None


def moment_for_input(instant: datetime) -> str:
    """An instant in the format of the browser's date and time input."""
    return f"{instant.astimezone(LOCAL_ZONE):%Y-%m-%dT%H:%M}"
