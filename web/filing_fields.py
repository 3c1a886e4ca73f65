"""The form for reporting: what was seen, where, and who sends it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, MultipleFileField
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from casework.intake.file_report import LONGEST_PLACE, LONGEST_WORDS, Place, may_be_unknown
from casework.models import Area
from casework.privacy.identity import Contact
from casework.reading.rule_rows import FieldRow
from casework.recordings.staging import staged_recordings
from casework.text import normal
from web.forms import Form
from web.locales import in_reader_language
from web.typed_contact import ContactUnclear, email_address, phone_number, read_contact

NO_CHOICE = ""
UUID_LENGTH = 36
LONGEST_TYPED_PLACE = LONGEST_PLACE - 60
"""Leaves room for the note that the sender does not remember exactly."""


class FilingForm(Form):
    """The sender's form. Required are words or a voice note, a place, consent, and a contact unless the rules allow none.

    Files are staged before the form is validated. `is_spoken` says that a form whose files come later includes a voice note; `has_account`
    that the sender is answered through an account. `phone` and `email` stand in no page: reports written by an earlier release, which wait
    in a browser or were opened before, bring them instead of `contact`.
    """

    is_spoken = False
    has_account = False
    questions: Any = None
    """The extra questions of its fields of work (web/filing/questions.py)."""
    photos = MultipleFileField(_l("Photos"))
    words = TextAreaField(
        _l("What is wrong?"), validators=[Length(max=LONGEST_WORDS, message=_l("At most %(max)d characters are taken."))]
    )
    voice = FileField(_l("A recording of what you say"))
    video = FileField(_l("A short video"))
    field = SelectField(_l("Field"), validate_choice=False, default=NO_CHOICE)
    area = SelectField(_l("Commune"), validate_choice=False, default=NO_CHOICE)
    village = StringField(
        _l("Village or quarter of the list"), validators=[Length(max=120, message=_l("At most %(max)d characters are taken."))]
    )
    place = StringField(
        _l("Village, quarter, street, a landmark"),
        validators=[Length(max=LONGEST_TYPED_PLACE, message=_l("At most %(max)d characters are taken."))],
    )
    unsure = BooleanField(_l("I do not remember exactly where"))
    outside = BooleanField(_l("Send it anyway: the matter is there, or I describe the place"))
    latitude = HiddenField()
    longitude = HiddenField()
    accuracy = HiddenField()
    area_filled = HiddenField()
    """The ref of the commune that a position gave, as long as it gave one: whoever points anew means another one."""
    urgent = BooleanField(_l("Urgent, it is dangerous now"))
    name = StringField(_l("Full name"), validators=[Length(max=120, message=_l("At most %(max)d characters are taken."))])
    contact = StringField(_l("Telephone number or e-mail address"))
    phone = StringField()
    email = StringField()
    consent = BooleanField(
        _l("I agree that the centre may use this to handle the report."),
        validators=[InputRequired(_l("Please read and agree to the notice on personal data."))],
    )
    website = StringField(_l("Please leave this empty"))
    consent_notice = HiddenField()
    photos_token = HiddenField()
    idempotency_key = HiddenField()
    client_key = HiddenField()
    alike_seen = HiddenField()
    follows = HiddenField()

    def __init__(
        self, *arguments: Any, areas: list[Area], fields_at: Callable[[Place], Sequence[FieldRow]],
        area_around: Callable[[float, float], Area | None], area_of_village: Callable[[str], str | None], **named: Any,
    ) -> None:  # fmt: skip
        """`fields_at` gives the fields of work for a place, since each centre may have its own; `area_around` gives the commune of a
        position where none was chosen, `area_of_village` the ref of that of a village chosen from the list."""
        super().__init__(*arguments, **named)
        self.contact.data = self.contact.data or self.phone.data or self.email.data
        self._area_rows = {each.ref: each for each in areas}
        if not self.area.data and (position := self.position) is not None and (around := area_around(*position)) is not None:
            self.area.data = self.area_filled.data = around.ref
        if not self.area.data:
            self.area.data = area_of_village(self.village.data or "") or NO_CHOICE
        self._field_rows = {each.service_code: each for each in fields_at(self.chosen_place)}
        fields = [(code, in_reader_language(each.name)) for code, each in self._field_rows.items()]
        self.field.choices = [(NO_CHOICE, str(_("Let the centre choose"))), *fields]
        self.area.choices = [(NO_CHOICE, ""), *((ref, in_reader_language(each.name)) for ref, each in self._area_rows.items())]
        # a form keeps its key and its photos' token over every correction, so that sending it twice makes one report
        self.photos_token.data = sound_token(self.photos_token.data)
        self.idempotency_key.data = sound_token(self.idempotency_key.data)
        self.client_key.data = client_key(self.client_key.data) or ""

    def become_another(self) -> None:
        """Take a new key, because the old one has made a report. The photos' token stays: those of that report are no longer under it."""
        self.idempotency_key.data = sound_token(None)
        self.client_key.data = ""

    @property
    def chosen_field(self) -> FieldRow | None:
        return self._field_rows.get(self.field.data or NO_CHOICE)

    @property
    def position(self) -> tuple[float, float] | None:
        """The submitted position, if it lies on earth."""
        latitude, longitude = number(self.latitude.data, 90), number(self.longitude.data, 180)
        return (latitude, longitude) if latitude is not None and longitude is not None else None

    def forget_position(self) -> None:
        self.latitude.data = self.longitude.data = self.accuracy.data = ""

    @property
    def chosen_place(self) -> Place:
        """The place, with a position only if it lies on earth."""
        located = self.position is not None
        latitude, longitude = self.position or (None, None)
        return Place(
            area=self._area_rows.get(self.area.data or NO_CHOICE),
            village=(self.village.data or "").strip() or None,
            words=self._place_words(),
            latitude=latitude,
            longitude=longitude,
            accuracy_m=number(self.accuracy.data, 100_000) if located else None,
        )

    def _place_words(self) -> str | None:
        """The description of the place, with a note for the verifier where the sender does not remember exactly."""
        typed = (self.place.data or "").strip()
        if not self.unsure.data:
            return typed or None
        return ": ".join(part for part in (str(_("Does not remember exactly where")), typed) if part)

    @property
    def sender_contact(self) -> Contact | None:
        """The sender's contact, None if none was given. The form must have been validated."""
        typed = (self.contact.data or "").strip()
        read = read_contact(typed) if typed else Contact()
        contact = Contact(
            name=normal(self.name.data or "") or None,
            phone=read.phone or phone_number(self.phone.data or ""),
            email=read.email or email_address(self.email.data or ""),
        )
        return contact if contact != Contact() else None

    def validate_words(self, words: TextAreaField) -> None:
        if (words.data or "").strip() or self.is_spoken:
            return
        if not any(each.kind == "voice" for each in staged_recordings(self.photos_token.data or "")):
            raise ValidationError(_l("Please say what you saw, in writing or by voice."))

    def validate_area(self, area: SelectField) -> None:
        place = self.chosen_place
        if place.area is None and place.words is None and place.latitude is None:
            raise ValidationError(_l("Choose the place on the map, or write the village, quarter or street."))

    def validate_contact(self, contact: StringField) -> None:
        typed = (contact.data or "").strip()
        if not typed:
            if not self.has_account and not may_be_unknown(self.chosen_field, marked_urgent=self.urgent.data):
                raise ValidationError(_l("Please leave a phone number or an e-mail address so that the centre can answer you."))
            return
        try:
            read_contact(typed)
        except ContactUnclear as unclear:
            raise ValidationError(str(unclear)) from None


def sound_token(value: str | None) -> str:
    """The form's own random token, or a new one when it is missing or malformed."""
    return value if value and is_sound_token(value) else secrets.token_urlsafe(18)


def is_sound_token(value: str) -> bool:
    return len(value) == 24 and value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def client_key(value: str | None) -> str | None:
    """The UUID a browser gave its report, in canonical form; None when it is none."""
    try:
        return str(UUID(value)) if value and len(value) == UUID_LENGTH else None
    except ValueError:
        return None


def number(text: str | None, limit: float) -> float | None:
    """A number between -limit and limit as a script wrote it; None for anything else."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= limit else None
