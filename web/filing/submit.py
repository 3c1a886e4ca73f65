"""Files a report from its form, whether sent from a page or delivered later by an offline browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from casework.asking.answers import as_sent
from casework.db import unit_of_work
from casework.intake.file_report import Filed, Place, has_filed, reserve_code
from casework.intake.just_sent import JustSent, key_of_sending, note_sent, refuse_just_sent, take_turn
from casework.intake.limits import TooManyReports, count_filing
from casework.intake.pass_on import CentreMissing, centre_for
from casework.mended.answering import hold_question, lead_back
from casework.models import Area, Centre, Device
from casework.permissions import Actor
from casework.places.lookup import bounded_area_at
from casework.places.villages import villages_on
from casework.rate_limits import limit_set_by
from casework.reading.rule_rows import FieldRow
from casework.search.staff_choices import fields_of
from casework.settings.consent_notices import Notice, notice_shown, notice_today
from casework.text import fold
from web.clock import now
from web.filing.questions import ask
from web.filing_fields import FilingForm
from web.locales import language
from web.public.pages import communes_today, today
from web.reporters.mended import follows_in
from workflows.running.filing import file_report

NETWORK = limit_set_by("reports_an_hour", "report form network", timedelta(hours=1))
"""High, because a mobile operator's customers share a network; it stops a script from filling the disk with photos."""


def filing_form(*, has_waited: bool = False, **named: Any) -> FilingForm:
    """The form with its questions. `has_waited`: it comes out of a browser's list of waiting reports."""
    form = FilingForm(areas=communes_today(), fields_at=_fields_at, area_around=_area_around, area_of_village=_area_of_village, **named)
    form.questions = ask(form, centre_id_at(form.chosen_place), has_waited=has_waited, formdata=named.get("formdata"))
    return form


def file_form(
    form: FilingForm, *, sender: Actor, device: Device | None, before_filing: Callable[[], object] = lambda: None, may_be_back: bool = False
) -> Filed:
    """File the form for its sender; sent again, it is the same report. `before_filing` runs in the same unit of work.

    A report of an account is not tied to a guest's browser, because others use the telephone too. `may_be_back`: the form comes from a page
    that may have been sent before and gone back to; an offline report has a key that never changes.

    Only filed reports are counted, so a repeat is never one too many. Raises ReportRefused (including JustSent), SenderBlocked,
    TooManyReports.
    """
    place = form.chosen_place
    contact = form.sender_contact if sender.account is None else None
    if sender.account is not None and device is not None and device.account_id is None:
        device = None
    centre = centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now())
    code: str | None = None
    same = _key_of_sending(form, sender, device) if may_be_back else None
    if not has_been_filed(form):
        with unit_of_work():
            until = count_filing(by=sender, contact=contact, device=device, now=now())
            code = reserve_code(centre, now=now()) if until is None else None
        if until is not None:
            raise TooManyReports(until, centre)
    with unit_of_work(keeps_rows=True):
        if same:
            take_turn(same)
            # the same form at the same moment is answered like the first one
            if not has_been_filed(form):
                refuse_just_sent(same, place, by=sender, device=device, now=now())
        before_filing()
        before = hold_question(follows_in(form.follows.data or ""), now=now())
        filed = file_report(
            centre=centre, source="citizen", words=form.words.data or "", place=place, by=sender, now=now(), contact=contact,
            field=form.chosen_field, marked_urgent=form.urgent.data, photos_token=form.photos_token.data, consented=form.consent.data,
            language=language(), idempotency_key=form.idempotency_key.data or None, client_key=form.client_key.data or None,
            device=device, consent_notice=notice_of(form), code=code, answers=form.questions.answers,
        )  # fmt: skip
        if same and not filed.is_repeat:
            note_sent(same, filed.report, now=now())
        if before is not None and not filed.is_repeat:
            lead_back(before, filed.report, filed.case, by=sender, now=now())
        return filed


def just_sent(form: FilingForm, *, sender: Actor, device: Device | None) -> str | None:
    """The code of an identical report that its sender filed a moment ago with another copy of the form."""
    same = _key_of_sending(form, sender, device)
    if same is None or has_been_filed(form):
        return None
    try:
        refuse_just_sent(same, form.chosen_place, by=sender, device=device, now=now())
    except JustSent as before:
        return before.code
    return None


def has_been_filed(form: FilingForm) -> bool:
    """Whether this form has already made a report; sent again, it would be answered with that one."""
    return any(has_filed(key) for key in (form.client_key.data, form.idempotency_key.data) if key)


def code_ahead(centre: Centre, key: str | None) -> str | None:
    """The code of the report a member of staff is about to file; None where the form with this key has already filed it."""
    if key and has_filed(key):
        return None
    with unit_of_work():
        return reserve_code(centre, now=now())


def notice_of(form: FilingForm) -> Notice | None:
    """The notice shown by this form; for a newly opened form, the one it is about to show."""
    version = form.consent_notice.data
    return notice_shown(version, now()) if version else notice_today(centre_id_at(form.chosen_place), now())


def centre_id_at(place: Place) -> int | None:
    """The centre that would get a report of this place; None where there is none yet."""
    try:
        return centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now()).id
    except CentreMissing:
        return None


def _key_of_sending(form: FilingForm, sender: Actor, device: Device | None) -> str | None:
    contact = form.sender_contact if sender.account is None else None
    said = as_sent(form.words.data, form.questions.answers)
    return key_of_sending(said, form.chosen_place, by=sender, contact=contact, device=device)


def _area_around(latitude: float, longitude: float) -> Area | None:
    return bounded_area_at(latitude, longitude, today())


def _area_of_village(typed: str) -> str | None:
    """The ref of the commune with a village of that name; None where none or several have one."""
    name = fold(typed)
    found = {each.area_ref for each in villages_on(today()) if fold(each.name.vi) == name} if name else set()
    return found.pop() if len(found) == 1 else None


def _fields_at(place: Place) -> tuple[FieldRow, ...]:
    """The fields of work of the centre that would get a report of this place."""
    return fields_of(centre_id_at(place), now=now())
