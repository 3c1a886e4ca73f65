"""Intake of a telephone call or a visitor on one screen, by keyboard alone: number, words, place, sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from wtforms import BooleanField, HiddenField, RadioField, StringField
from wtforms.validators import ValidationError

from casework.casefile.phone_search import LOOK_UPS, look_up_phone
from casework.db import db, unit_of_work
from casework.intake.cameras import centres_of_operations
from casework.intake.emergencies import emergencies_in
from casework.intake.file_report import Filed, OtherReportFiled, Place, ReportRefused
from casework.intake.pass_on import CentreMissing, centre_for
from casework.mail_in.unclear import LetterRefused, file_letter
from casework.models import Area, Case, Centre
from casework.permissions import Action
from casework.privacy.identity import Contact
from casework.rate_limits import count_attempt
from casework.search.staff_choices import fields_of, villages_of
from casework.states import STAFF_LABELS, CaseState
from casework.triage.suggestions import suggestions_in
from web.base_map import base_map
from web.clock import now
from web.filing.questions import ask
from web.filing.submit import code_ahead
from web.guards import actor, found, performs, signed_in_account
from web.intake.forms import IntakeForm, moment_for_input
from web.intake.places import examples_of
from web.intake.taken import keep_taken
from web.locales import in_reader_language as local
from web.mail_in.filing import begin_from_letter, images_of_letter
from web.public.pages import communes_today
from web.task_page import at_most
from web.text_owner import AnothersText, is_of_another
from web.typed_contact import email_address, phone_number
from workflows.running.filing import file_report

bp = Blueprint("intake_call", __name__)

WHY_LOOKED = "Tiếp nhận phản ánh qua điện thoại hoặc tại quầy"
"""The reason in the event of a lookup made while writing down a call."""
MOST_SHOWN = 5
CHANNELS = {"sms": _l("SMS"), "zns": _l("Zalo"), "email": _l("E-mail"), "none": _l("No message: they will call")}
SOURCES = {"phone": _l("By telephone"), "officer": _l("At the counter")}
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}


class CallForm(IntakeForm):
    """The form for a caller. The number comes first, because it is known before anybody speaks."""

    questions: Any = None
    """The extra questions of its fields of work (web/filing/questions.py)."""
    source = RadioField(_l("By which way"), default="phone")
    phone = StringField(_l("Telephone number"), validators=[at_most(40)])
    name = StringField(_l("Full name"), validators=[at_most(120)])
    email = StringField(_l("E-mail"), validators=[at_most(200)])
    consent = BooleanField(_l("Read to the caller, and they agree"))
    told = RadioField(_l("Wishes to be told by"), default="sms")
    letter = HiddenField()
    """The unclear letter the report is filed from, if any (web/mail_in/pages.py)."""
    language = RadioField(_l("Language of the messages"), default="vi")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.source.choices, self.told.choices = list(SOURCES.items()), list(CHANNELS.items())
        self.language.choices = list(LANGUAGES.items())

    @property
    def contact(self) -> Contact | None:
        """The caller's contact, None if none was given. The form must have been validated."""
        contact = Contact(
            name=(self.name.data or "").strip() or None,
            phone=phone_number(self.phone.data or ""),
            email=email_address(self.email.data or ""),
        )
        return contact if contact != Contact() else None

    @property
    def channels(self) -> list[str]:
        """The channels the caller wishes; empty without a contact."""
        contact = self.contact
        return [self.told.data] if contact is not None and (contact.phone or contact.email) else []

    def validate_phone(self, phone: StringField) -> None:
        if (phone.data or "").strip() and phone_number(phone.data or "") is None:
            raise ValidationError(_("This telephone number is not valid. Example: 0912 345 678"))

    def validate_email(self, email: StringField) -> None:
        typed = (email.data or "").strip()
        if typed and email_address(typed) is None:
            raise ValidationError(_("This e-mail address is not valid. Example: ten@example.vn"))
        if not typed and self.told.data == "email":
            raise ValidationError(_("To be told by e-mail, an address is needed."))

    def validate_consent(self, consent: BooleanField) -> None:
        """Checked here as well as in the use case, so that the error appears together with the others."""
        if not consent.data and any((field.data or "").strip() for field in (self.phone, self.name, self.email)):
            raise ValidationError(_("Please read the notice and tick that the caller agrees, or leave name, number and e-mail empty."))


@dataclass(frozen=True)
class EarlierCases:
    """Earlier cases of a number: how many, in a sentence, and the newest of them."""

    words: str
    cases: list[Case]


@dataclass(frozen=True)
class Hints:
    """Suggestions from the words; nothing is chosen before the operator does so."""

    emergencies: list[str]
    field: tuple[str, str] | None
    urgent: str


@bp.route("/intake/call", methods=["GET", "POST"])
@performs(Action.TAKE_REPORT)
def call() -> ResponseReturnValue:
    if request.method == "POST" and is_of_another():
        raise AnothersText
    form = CallForm(communes=communes_here(), fields=fields_of(own_centre().id, now=now()))
    form.questions = ask(form, own_centre().id, by_staff=True)
    if not form.is_submitted():
        form.seen_at.data = moment_for_input(now())
        begin_from_letter(form)
        return _page(form)
    if request.form.get("act") == "look":
        known, hints = _known(form.phone.data or ""), _hints(form.words.data or "")
        for field in form:
            field.errors = []
        return _page(form, known=known, hints=hints)
    if not form.validate():
        return _page(form, hints=_hints(form.words.data or "")), 422
    try:
        filed = _file(form)
    except LetterRefused as refusal:
        return _page(form, refusal=local(refusal.text)), 422
    except ReportRefused as refusal:
        if isinstance(refusal, OtherReportFiled):
            form.become_another()
        return _page(form, refusal=form.refuse(refusal)), 422
    keep_taken(filed.report, secret=filed.secret)
    return redirect(url_for("intake_taken.taken"))


@bp.post("/intake/call/known")
@performs(Action.TAKE_REPORT)
def known() -> ResponseReturnValue:
    """Earlier cases of a number, for the form's script. The number is posted, never part of an address."""
    seen = _known(request.form.get("phone", "")[:40])
    if seen is None:
        return {"words": "", "cases": []}, 422
    cases = [{"code": case.code, "url": url_for("cases.case", ref=case.ref), "state": _state(case)} for case in seen.cases]
    return {"words": seen.words, "cases": cases}, {"Cache-Control": "no-store"}


@bp.post("/intake/call/hints")
@performs(Action.TAKE_REPORT)
def hints() -> ResponseReturnValue:
    """Suggestions from the words, for the form's script."""
    words = request.form.get("words", "")
    if not words.strip():
        return {"emergencies": [], "field": None, "urgent": ""}, 422
    found_in = _hints(words)
    return {"emergencies": found_in.emergencies, "field": found_in.field, "urgent": found_in.urgent}, {"Cache-Control": "no-store"}


def own_centre() -> Centre:
    """The centre the person takes reports for; with several, or the whole installation, preferably the default one."""
    centres = centres_of_operations(actor())
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id)
    if centres is not None:
        query = query.where(Centre.id.in_(centres))
    return found(db.session.scalars(query.limit(1)).first())


def communes_here() -> list[Area]:
    """The present communes, those of the person's own centre first, since a caller may speak of another centre's."""
    centre_id = own_centre().id
    return sorted(communes_today(), key=lambda area: area.centre_id != centre_id)


def _page(form: CallForm, *, refusal: str = "", known: EarlierCases | None = None, hints: Hints | None = None) -> str:
    centre = own_centre()
    return render_template(
        "intake/call.html",
        form=form,
        refusal=refusal,
        known=known,
        hints=hints,
        state_of=_state,
        area_help=_area_help(form, centre),
        villages=villages_of(centre.id, now=now()),
        base=base_map(centre),
        map_at=middle_of(communes_here(), centre),
    )


def _area_help(form: CallForm, centre: Centre) -> str:
    if examples := examples_of(form.names, centre.id):
        letters = ", ".join(f"“{each}”" for each in examples)
        return str(_("Two letters are enough: %(letters)s. Names of before count too.", letters=letters))
    return str(_("The first letters are enough. Names of before count too."))


def middle_of(communes: Iterable[Area], centre: Centre) -> tuple[float, float, float, float] | None:
    """South, west, north and east of the map's first view: the communes of a centre; None where no position is known."""
    points = [(area.latitude, area.longitude) for area in communes if area.centre_id == centre.id]
    known_points = [(latitude, longitude) for latitude, longitude in points if latitude is not None and longitude is not None]
    if not known_points:
        return None
    south, north = min(each[0] for each in known_points), max(each[0] for each in known_points)
    west, east = min(each[1] for each in known_points), max(each[1] for each in known_points)
    return south, west, north, east


def _known(typed: str) -> EarlierCases | None:
    """Earlier cases of a number, found by its keyed digest; None where it is no number.

    Each lookup counts towards the limit an administrator sets, and leaves an event; a refusal hides the hint and never the form.
    """
    number = phone_number(typed)
    if number is None:
        return None
    with unit_of_work():
        until = count_attempt(LOOK_UPS, found(signed_in_account()).ref, now=now())
    if until is not None:
        return EarlierCases(str(_("Too many numbers were looked up; the form can be sent all the same.")), [])
    with unit_of_work(keeps_rows=True):
        cases = look_up_phone(number, by=actor(), now=now(), reason=WHY_LOOKED)
    if not cases:
        return EarlierCases(str(_("This number has not reported anything before.")), [])
    words = ngettext("This number has sent %(num)s report before.", "This number has sent %(num)s reports before.", len(cases))
    return EarlierCases(str(words), cases[:MOST_SHOWN])


def _hints(words: str) -> Hints:
    field, urgent = suggestions_in(own_centre().id, words, now=now())
    names = {each.service_code: local(each.name) for each in fields_of(own_centre().id, now=now())}
    return Hints(
        emergencies=[local(sentence) for sentence in emergencies_in(words)],
        field=(field.target, names[field.target]) if field is not None and field.target in names else None,
        urgent=", ".join(urgent.words) if urgent is not None else "",
    )


def _state(case: Case) -> str:
    return local(STAFF_LABELS[CaseState(case.state)][1])


def _file(form: CallForm) -> Filed:
    place = form.chosen_place
    centre = _centre_of(place)
    code = code_ahead(centre, form.idempotency_key.data)
    token = images_of_letter(form)
    with unit_of_work():
        filed = file_report(
            centre=centre, source=form.source.data, words=form.words.data or "", place=place, by=actor(), now=now(), contact=form.contact,
            field=form.chosen_field, marked_urgent=form.urgent.data, seen_at=form.chosen_moment, channels=form.channels,
            consented=form.consent.data, language=form.language.data, idempotency_key=form.idempotency_key.data, code=code,
            answers=form.questions.answers, photos_token=token,
        )  # fmt: skip
        if form.letter.data and not filed.is_repeat:
            file_letter(form.letter.data, filed.report, by=actor(), now=now())
        return filed


def _centre_of(place: Place) -> Centre:
    """The centre responsible for the place (rules.md, section 8); a position or words alone stay with the centre that took the call."""
    if place.area is None:
        return own_centre()
    try:
        return centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now())
    except CentreMissing:
        return own_centre()


