"""What both forms of intake ask: what happened, where, when, of which field, how urgent."""

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
from casework.models import Area, Field
from casework.parsing import instant_in
from casework.places.former_areas import former_names
from web.filing_fields import NO_CHOICE, number, sound_token
from web.forms import Form
from web.intake.places import Named, commune_meant, names_of
from web.locales import in_reader_language as local
from web.task_page import at_most

MOST_NAMED = 6
"""Communes that are offered where what was typed may mean several."""


class IntakeForm(Form):
    """A matter written down by a member of staff. `communes` are those that may be typed, `fields` the fields of work of the centre."""

    words = TextAreaField(
        _l("What happened, in their words"), validators=[InputRequired(_l("Please say what happened.")), at_most(LONGEST_WORDS)]
    )
    area = StringField(_l("Commune"), validators=[at_most(200)])
    commune = StringField()
    """Which of several that were offered, by its ref."""
    village = StringField(_l("Village or street"), validators=[at_most(120)])
    place = StringField(_l("Where exactly?"), validators=[at_most(LONGEST_PLACE)])
    latitude = HiddenField()
    longitude = HiddenField()
    urgent = BooleanField(_l("Urgent: somebody may come to harm"))
    field = SelectField(_l("Field"), validate_choice=False, default=NO_CHOICE)
    seen_at = StringField(_l("When it happened"))
    idempotency_key = HiddenField()

    def __init__(self, *arguments: Any, communes: Sequence[Area], fields: Sequence[Field], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._area_rows = communes
        self._field_rows = {each.service_code: each for each in fields}
        self.field.choices = [(NO_CHOICE, _("Not chosen")), *((code, local(each.name)) for code, each in self._field_rows.items())]
        # the key stays over every correction, so that sending the form twice makes one report
        self.idempotency_key.data = sound_token(self.idempotency_key.data)

    def become_another(self) -> None:
        """Take a key of its own, because the old one has made a report."""
        self.idempotency_key.data = sound_token(None)

    @property
    def chosen_area(self) -> Area | None:
        """The commune that was typed or chosen, None where none or several are meant."""
        found = self.meant
        return found[0].area if len(found) == 1 else None

    @cached_property
    def names(self) -> list[Named]:
        """The names a commune may be typed by, of today and of before."""
        return names_of(self._area_rows, former_names({area.id for area in self._area_rows}))

    @property
    def meant(self) -> list[Named]:
        """The communes that what was typed may mean; of several, the one that was chosen."""
        found = commune_meant(self.area.data or "", self.names)
        return [each for each in found if each.area.ref == self.commune.data] or found

    @property
    def offered(self) -> list[Named]:
        """What to choose from where several are meant, the first of them."""
        found = self.meant
        return found[:MOST_NAMED] if len(found) > 1 else []

    @property
    def chosen_field(self) -> Field | None:
        """The field of work that was chosen."""
        return self._field_rows.get(self.field.data or NO_CHOICE)

    @property
    def chosen_place(self) -> Place:
        """The place, with a position only if it is one on earth."""
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
        """When it happened, as an instant; the browser sends the local time without a zone."""
        return moment_typed(self.seen_at.data or "")

    def validate_area(self, area: StringField) -> None:
        """Say which communes may be meant where it is not one."""
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
        """Raise ValidationError where nothing says where it is."""
        place = self.chosen_place
        if place.words is None and place.latitude is None:
            raise ValidationError(_("Please say where it is: a commune, or a description of the place."))

    def validate_seen_at(self, seen_at: StringField) -> None:
        """A time that cannot be read is no time."""
        if (seen_at.data or "").strip() and moment_typed(seen_at.data or "") is None:
            raise ValidationError(_("Please give day and time, such as 13:47 07/11/2022."))


def moment_typed(text: str) -> datetime | None:
    """An instant from what the browser sends (2022-11-07T13:47) or somebody types (13:47 07/11/2022), local time; None if it is none."""
    instant = instant_in(text)
    return instant.astimezone(UTC) if instant is not None else None


def moment_for_input(instant: datetime) -> str:
    """An instant as the browser's own field for day and time holds it."""
    return f"{instant.astimezone(LOCAL_ZONE):%Y-%m-%dT%H:%M}"
