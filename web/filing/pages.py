"""The pages for sending a report and for its receipt."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from casework.cases import NO_SUCH_CASE
from casework.contacts.blocked_senders import SenderBlocked
from casework.db import db, unit_of_work
from casework.intake.file_report import Filed, OtherReportFiled, Place, ReportRefused
from casework.intake.just_sent import JustSent
from casework.intake.limits import TooManyReports
from casework.local_time import local_day
from casework.models import Centre, Report
from casework.permissions import Action, Actor
from casework.permissions.sight import report_owned_by
from casework.photos.records import move_staged_earlier, photos_of_report, staged_photos
from casework.places.in_words import position_in_words
from casework.places.lookup import bounded_area_at, is_outside
from casework.places.villages import villages_on
from casework.public.cases import code_of_case
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.recordings.staging import KINDS, drop_staged_recording, most_bytes, staged_recordings
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken, open_text, seal_text
from casework.settings.consent_notices import replaces_for
from reports.receipt import Receipt, qr_svg, receipt_pdf
from web.accounts.confirm_contact import confirm_box, send_first_code
from web.addresses import on_the_web
from web.base_map import base_map
from web.clock import now
from web.files.photos import remember_form
from web.files.report_files import heaviest_report, most_report_photos, stage_report_files
from web.files.staged_files import missing_files
from web.files.uploads import drop_upload, photo_types
from web.filing.received import accepted_by, place_told
from web.filing.similar import Alike, kept, near_form, not_seen, taken_up
from web.filing.submit import NETWORK, centre_id_at, file_form, filing_form, has_been_filed, just_sent, notice_of
from web.filing_fields import FilingForm
from web.guards import actor, found, own_report_here, performs
from web.http.devices import this_device
from web.http.security import allow_microphone
from web.locales import in_reader_language, language
from web.networks import this_network
from web.public.me_too import Counted, count_me
from web.public.pages import today
from web.public.promises import promises
from web.reporters.mended import again_here, code_before
from web.reporters.pages import remember_report
from web.reporters.view import RECEIPT_KEY

bp = Blueprint("filing", __name__)

PAPERS = Limit("receipt as PDF", 10, timedelta(minutes=15))
ALIKE = Limit("cases alike", 600, timedelta(minutes=15))
"""Per network: a form asks a few times while it is written, and a mobile operator's customers share one."""
ALIKE_KEY = "alike"
"""In the session: the code of a report and the cases alike its sender has not seen yet."""


@bp.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit for the one form that takes a video, before the CSRF check reads the request."""
    if endpoint == f"{bp.name}.{new_report.__name__}":
        request.max_content_length = heaviest_report()


@bp.route("/reports/new", methods=["GET", "POST"])
@performs(Action.FILE_REPORT)
@allow_microphone
def new_report() -> ResponseReturnValue:
    until = None
    if request.method == "POST":
        # before the form reads anything, since a unit of work has what was read before read again
        with unit_of_work():
            until = count_attempt(NETWORK, this_network(), now=now())
    form = _opened() if request.method == "GET" and request.args.get("again") else filing_form()
    remember_form(form.photos_token.data)
    if not form.is_submitted():
        return _page(form)
    if until is not None:
        form.validate()
        return _page(form, refusal=in_reader_language(TooManyAttempts(until).text)), 429
    if form.website.data:
        # only a program fills in the hidden field; it gets the usual answer and learns nothing
        form.website.data = ""
        return _page(form, refusal=_not_sent(), shows_errors=False)
    refused = stage_report_files(
        photos=form.photos.data or [], voice=form.voice.data, video=form.video.data, token=form.photos_token.data, by=_sender()
    )
    # a form sent twice: its files now belong to the report
    gone = [] if has_been_filed(form) else missing_files(form.photos_token.data or "")
    file_refusals = [in_reader_language(text) for text in (*refused, *gone)]
    if _put_right(form):
        # the rest of the form is not finished yet, so missing fields are no errors
        return _page(form, file_refusals=file_refusals, shows_errors=False)
    if code := request.form.get("me_too"):
        return _also_met(form, code)
    form.has_account = _sender().account is not None
    is_sound = form.validate()
    asks_outside = form.position is not None and not form.outside.data and is_outside(*form.position, today())
    asks_consent = replaces_for(centre_id_at(form.chosen_place), notice_of(form), now()) is not None
    if not is_sound or file_refusals or asks_outside or asks_consent:
        # everything there is to put right, in one answer
        return _page(form, file_refusals=file_refusals, asks_outside=asks_outside, asks_consent=asks_consent), 422
    if code := just_sent(form, sender=_sender(), device=this_device()):
        return _page(form, sent_as=code), 422
    return _filed(form)


@bp.post("/reports/alike")
@performs(Action.FILE_REPORT)
def alike() -> ResponseReturnValue:
    """The cases alike to what is being written, for the form's script; what is sent here is kept nowhere."""
    with unit_of_work():
        until = count_attempt(ALIKE, this_network(), now=now())
    shown = Alike(near_form(filing_form())) if until is None else Alike()
    return _kept_by_nobody(make_response(render_template("filing/alike.html", alike=shown)))


def _opened() -> FilingForm:
    """The form of a report that follows an answered one: its place and field are taken over, and nothing else."""
    before = again_here()
    if before is None:
        return filing_form()
    token, place = before
    taken = {name: getattr(place, name) for name in ("area", "village", "place", "latitude", "longitude", "accuracy", "field")}
    return filing_form(**taken, follows=token)


def _put_right(form: FilingForm) -> bool:
    """Do what another button of the form asks for; False where only sending was asked for."""
    token, asked = form.photos_token.data, request.form
    if ref := asked.get("remove"):
        drop_upload(token, ref)
    elif ref := asked.get("earlier"):
        with unit_of_work():
            move_staged_earlier(token, ref)
    elif ref := asked.get("remove_recording"):
        with unit_of_work():
            drop_staged_recording(token, ref)
    elif asked.get("act") == "no_position":
        form.forget_position()
    elif asked.get("act") != "files":
        return False
    return True


def _also_met(form: FilingForm, code: str) -> ResponseReturnValue:
    """Count the sender at a case alike, without a script; the form stays as it is."""
    main_code = code_of_case(code.upper())
    if main_code is None:
        counted = Counted(refusal=in_reader_language(NO_SUCH_CASE), status=422)
    else:
        counted = count_me(main_code, takes_back=False)
    shown = Alike(near_form(form), {} if counted.refusal else {code.upper(): counted.also}, counted.refusal)
    return _page(form, shows_errors=False, alike=shown), counted.status


def _filed(form: FilingForm) -> ResponseReturnValue:
    # looked for before it is filed, so that it is not alike to itself
    alike = [] if has_been_filed(form) else not_seen(form)
    try:
        filed = file_form(form, sender=_sender(), device=this_device(), may_be_back=True)
    except JustSent as before:
        return _page(form, sent_as=before.code), 422
    except (ReportRefused, SenderBlocked, TooManyReports) as refusal:
        if isinstance(refusal, OtherReportFiled):
            form.become_another()
        return _page(form, refusal=form.refuse(refusal)), 429 if isinstance(refusal, TooManyReports) else 422
    code = filed.report.code
    _keep_receipt(filed)
    if not filed.is_repeat:
        send_first_code(filed.report)
        session[ALIKE_KEY] = [code, kept(alike)]
    return redirect(url_for(".receipt", code=code))


@bp.get("/reports/<code>/receipt")
@performs(Action.FOLLOW_OWN)
def receipt(code: str) -> ResponseReturnValue:
    receipt = _receipt(found(own_report_here(code)))
    page = render_template(
        "filing/receipt.html", receipt=receipt, qr=qr_svg(receipt), confirms=confirm_box(receipt.code), alike=_alike_once(receipt.code)
    )
    response = make_response(page)
    return _kept_by_nobody(response)


@bp.get("/reports/<code>/receipt.pdf")
@performs(Action.FOLLOW_OWN)
def receipt_file(code: str) -> ResponseReturnValue:
    report, moment = found(report_owned_by(actor(), code)), now()
    receipt = _receipt(report)
    with unit_of_work():
        until = count_attempt(PAPERS, receipt.code, now=moment)
    if until is not None:
        # a PDF costs as much as a dozen pages; the page itself says the same and can be printed
        flash(in_reader_language(TooManyAttempts(until).text), "wait")
        return redirect(url_for(".receipt", code=receipt.code))
    response = make_response(receipt_pdf(receipt))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{receipt.code}.pdf"'
    return _kept_by_nobody(response)


def _alike_once(code: str) -> Alike:
    """The cases its sender has not seen, on the first look at the receipt."""
    of, told = session.get(ALIKE_KEY) or (None, [])
    if of != code:
        return Alike()
    session.pop(ALIKE_KEY)
    return Alike(taken_up(told) if told else [])


def shell_page() -> str:
    """The form for offline use in a browser: of nobody in particular, and without a token."""
    form = filing_form(meta={"csrf": False})
    form.photos_token.data = form.idempotency_key.data = ""
    return _page(form)


def _page(
    form: FilingForm, *, file_refusals: list[str] | None = None, refusal: str = "", shows_errors: bool = True, asks_outside: bool = False,
    asks_consent: bool = False, alike: Alike | None = None, sent_as: str | None = None,
) -> str:  # fmt: skip
    if not shows_errors:
        for field in form:
            field.errors = []
    centre_id = centre_id_at(form.chosen_place)
    # consent given stays over a correction, unless the report goes to a centre with another notice
    notice, other = notice_of(form), replaces_for(centre_id, notice_of(form), now())
    if other is not None:
        notice, form.consent.data = other, False
    form.consent_notice.data = notice.version if notice is not None else ""
    token = form.photos_token.data
    if alike is None:
        alike = Alike(near_form(form)) if form.is_submitted() else Alike()
    form.alike_seen.data = alike.codes or form.alike_seen.data
    return render_template(
        "filing/new_report.html",
        form=form,
        photos=staged_photos(token),
        recordings=staged_recordings(token),
        file_refusals=file_refusals or [],
        refusal=refusal,
        sender=_sender(),
        notice=notice,
        alike=alike,
        villages=villages_on(today()),
        urgent_within=promised.accepted_urgent if (promised := promises(today())) is not None else "",
        photo_types=photo_types(),
        sent_as=sent_as,
        most_photos=most_report_photos(),
        most_mb={kind: most_bytes(kind) // 2**20 for kind in KINDS},
        base=base_map(db.session.get(Centre, centre_id) if centre_id is not None else None),
        asks_outside=asks_outside or bool(form.outside.data),
        asks_consent=asks_consent,
        again_code=code_before(form.follows.data or ""),
        **_located(form),
    )


def _located(form: FilingForm) -> dict[str, str]:
    """The position that is sent along, in words, and how exact it is; its degrees outside every known area."""
    place, today = form.chosen_place, local_day(now())
    if place.latitude is None or place.longitude is None:
        return {"located": "", "accuracy": ""}
    area = bounded_area_at(place.latitude, place.longitude, today)
    told = position_in_words(place.latitude, place.longitude, on=today, area_id=area.id if area is not None else None)
    accuracy = str(gettext("Accurate to %(metres)s m", metres=round(place.accuracy_m))) if place.accuracy_m else ""
    return {"located": in_reader_language(told.words) if told else f"{place.latitude}, {place.longitude}", "accuracy": accuracy}


def _not_sent() -> str:
    centre_id = centre_id_at(Place())
    centre = db.session.get(Centre, centre_id) if centre_id is not None else None
    if centre is not None and centre.phone:
        return str(gettext("It could not be sent. Please try again, or call %(phone)s.", phone=centre.phone))
    return str(gettext("It could not be sent. Please try again."))


def _sender() -> Actor:
    """The sender: a citizen with an account, or a guest. Staff report here as anybody does, without their name."""
    person = actor()
    return Actor(account=None, tracked_report_ids=person.tracked_report_ids) if person.is_staff else person


def _keep_receipt(filed: Filed) -> None:
    """Let this browser see the receipt with its secret until it is closed. The cookie is signed but readable, so the secret is sealed in
    it; the server keeps its digest, and for two days a sealed copy for the same form sent again."""
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
    except (SealBroken, KeyMissing):
        return None


def _purpose(code: str) -> str:
    return f"secret on the receipt of {code}"


def _receipt(report: Report) -> Receipt:
    return Receipt(
        centre=report.centre.name,
        hotline=report.centre.phone,
        code=report.code,
        secret=_kept_secret(report.code),
        filed_at=report.filed_at,
        accepted_by=accepted_by(report),
        place=place_told(report),
        photos=len(photos_of_report(report)),
        tracking_page=on_the_web(url_for("tracking.track")),
        language=language(),
    )


def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response
