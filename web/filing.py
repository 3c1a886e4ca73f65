"""Sending a report, and the receipt for it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from casework.area_lookup import bounded_area_at, is_outside
from casework.centres import CentreMissing, centre_for
from casework.clocks import ClockKind
from casework.db import db, unit_of_work
from casework.intake import Filed, OtherReportFiled, Place, ReportRefused
from casework.limits import TooManyAttempts, count_attempt, limit_set_by
from casework.models import Area, Clock, Field, Report
from casework.own_links import case_of
from casework.permissions import Action, Actor, report_owned_by
from casework.photo_records import most_photos, photos_of_report, staged_photos
from casework.sealing import SealBroken, open_text, seal_text
from casework.staff_choices import fields_of
from reports.receipt import Receipt, qr_svg, receipt_pdf
from web.clock import now
from web.filing_form import FilingForm
from web.guards import actor, found, performs
from web.locales import in_reader_language, language
from web.networks import this_network
from web.photos import remember_form
from web.public import communes_today, today
from web.tracking import remember_report
from web.uploads import drop_upload, stage_uploads
from workflows.filing import file_report

bp = Blueprint("filing", __name__)

RECEIPT_KEY = "receipt"
NETWORK = limit_set_by("reports_an_hour", "report form network", timedelta(hours=1))
"""High, for a mobile operator's customers share a network; it keeps a script from filling the disk with photos."""


@bp.route("/reports/new", methods=["GET", "POST"])
@performs(Action.FILE_REPORT)
def new_report() -> ResponseReturnValue:
    form = FilingForm(areas=communes_today(), fields_at=_fields_at, area_around=_area_around)
    remember_form(form.photos_token.data)
    if not form.is_submitted():
        return _page(form)
    is_valid = form.validate()
    with unit_of_work():
        until = count_attempt(NETWORK, this_network(), now=now())
    if until is not None:
        return _page(form, refusal=in_reader_language(TooManyAttempts(until).text)), 429
    photo_refusals = [
        in_reader_language(refusal)
        for refusal in stage_uploads(form.photos.data or [], token=form.photos_token.data, purpose="scene", by=_sender())
    ]
    if ref := request.form.get("remove"):
        drop_upload(form.photos_token.data, ref)
    if ref or request.form.get("act") == "photos":
        # the rest of the form is not finished yet: what is missing there is no error
        return _page(form, photo_refusals=photo_refusals, shows_errors=False)
    if request.form.get("act") == "no_position":
        form.forget_position()
        return _page(form, photo_refusals=photo_refusals, shows_errors=False)
    if not is_valid or photo_refusals:
        return _page(form, photo_refusals=photo_refusals), 422
    if form.position is not None and not form.outside.data and is_outside(*form.position, today()):
        return _page(form, asks_outside=True), 422
    try:
        with unit_of_work():
            filed = _file(form)
    except ReportRefused as refusal:
        if isinstance(refusal, OtherReportFiled):
            form.become_another()
        return _page(form, refusal=in_reader_language(refusal.text)), 422
    _keep_receipt(filed)
    return redirect(url_for(".receipt", code=filed.report.code))


@bp.get("/reports/<code>/receipt")
@performs(Action.FOLLOW_OWN)
def receipt(code: str) -> ResponseReturnValue:
    receipt = _receipt(found(report_owned_by(actor(), code)))
    response = make_response(render_template("filing/receipt.html", receipt=receipt, qr=qr_svg(receipt)))
    return _kept_by_nobody(response)


@bp.get("/reports/<code>/receipt.pdf")
@performs(Action.FOLLOW_OWN)
def receipt_file(code: str) -> ResponseReturnValue:
    receipt = _receipt(found(report_owned_by(actor(), code)))
    response = make_response(receipt_pdf(receipt))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{receipt.code}.pdf"'
    return _kept_by_nobody(response)


def _page(
    form: FilingForm, *, photo_refusals: list[str] | None = None, refusal: str = "", shows_errors: bool = True, asks_outside: bool = False
) -> str:
    if not shows_errors:
        for field in form:
            field.errors = []
    return render_template(
        "filing/new_report.html",
        form=form,
        photos=staged_photos(form.photos_token.data),
        photo_refusals=photo_refusals or [],
        refusal=refusal,
        sender=_sender(),
        most_photos=most_photos(),
        asks_outside=asks_outside or bool(form.outside.data),
    )


def _sender() -> Actor:
    """Who sends: a citizen by account, or a guest. Staff who report something here do so as anybody: their name stays out of it."""
    person = actor()
    return Actor(account=None, tracked_report_ids=person.tracked_report_ids) if person.is_staff else person


def _area_around(latitude: float, longitude: float) -> Area | None:
    return bounded_area_at(latitude, longitude, today())


def _fields_at(place: Place) -> list[Field]:
    """The fields of work of the centre that would get a report of this place."""
    try:
        centre_id = centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now()).id
    except CentreMissing:
        centre_id = None
    return fields_of(centre_id, now=now())


def _file(form: FilingForm) -> Filed:
    sender, place = _sender(), form.chosen_place
    return file_report(
        centre=centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now()),
        source="citizen",
        words=form.words.data or "",
        place=place,
        by=sender,
        now=now(),
        contact=form.contact if sender.account is None else None,
        field=form.chosen_field,
        marked_urgent=form.urgent.data,
        photos_token=form.photos_token.data,
        consented=form.consent.data,
        language=language(),
        idempotency_key=form.idempotency_key.data,
    )


def _keep_receipt(filed: Filed) -> None:
    """Let this browser see the receipt with its secret until it is closed. The cookie is signed but readable, so the secret
    lies sealed in it; the server keeps the digest, and for two days a sealed copy for the same form sent again.
    """
    code = filed.report.code
    remember_report(filed.report)
    sealed = seal_text(filed.secret, purpose=_purpose(code))
    session[RECEIPT_KEY] = {"code": code, "secret": urlsafe_b64encode(sealed).decode()}


def _kept_secret(code: str) -> str | None:
    kept = session.get(RECEIPT_KEY) or {}
    if kept.get("code") != code:
        return None
    try:
        return open_text(urlsafe_b64decode(kept["secret"]), purpose=_purpose(code))
    except SealBroken:
        return None


def _purpose(code: str) -> str:
    return f"secret on the receipt of {code}"


def _receipt(report: Report) -> Receipt:
    query = select(Clock).where(Clock.case_id == case_of(report).id, Clock.kind == ClockKind.ACCEPTANCE).order_by(Clock.id)
    acceptance = db.session.scalars(query).first()
    place = ", ".join(part for part in (report.village, report.area.name.in_language(language()) if report.area else None) if part)
    return Receipt(
        centre=report.centre.name,
        hotline=report.centre.phone,
        code=report.code,
        secret=_kept_secret(report.code),
        filed_at=report.filed_at,
        accepted_by=acceptance.first_due_at if acceptance else report.filed_at,
        place=place,
        photos=len(photos_of_report(report)),
        tracking_page=current_app.config["BASE_URL"] + url_for("tracking.track"),
        language=language(),
    )


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response
