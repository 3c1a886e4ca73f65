"""Receives offline reports: the browser's script sends the files one by one, then the fields. A repeated request gets the same answer.

There is no form token: those end with the session, and a report may wait for weeks. Instead, the script sends the browser's token
(web/http/devices.py) in a custom header, which a page of another site cannot send. Nothing is stored in the session, whose cookie would
overwrite changes by pages that are open meanwhile.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any, ParamSpec
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import select

from casework.contacts.blocked_senders import SenderBlocked
from casework.contacts.devices import device_of
from casework.db import db, unit_of_work
from casework.files.local import FileNotStored
from casework.intake.file_report import OtherReportFiled, ReportFiledBefore, ReportRefused
from casework.intake.limits import TooManyReports
from casework.models import Account, Device, Report
from casework.permissions import Action, Actor, actor_for
from casework.photos.records import TooManyPhotos, photos_of_report, staged_photos
from casework.photos.uploads import PhotoRefused
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, limit_set_by
from casework.recordings.staging import RecordingRefused
from casework.sealing.seal import grouped_secret
from web.accounts.confirm_contact import can_be_confirmed
from web.clock import now
from web.files.report_files import most_report_photos
from web.files.scanning import ScanRefused
from web.filing.received import accepted_by, place_told
from web.filing.submit import NETWORK
from web.filing_fields import FilingForm
from web.filters import local_datetime
from web.guards import performs
from web.http.devices import GUEST, is_known_here, owner_here, queue_token
from web.http.security import sent_json
from web.locales import in_reader_language, language, languages
from web.networks import this_network
from web.offline.sent_form import file_sent, sent_form
from web.offline.uploads import FILE_KINDS, digests_here, keep_file, keep_only, staging_token
from web.sessions import signed_in_account

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

bp = Blueprint("offline_reports", __name__, url_prefix="/offline")

DEVICE_HEADER = "X-Langbiang-Device"
LANGUAGE_HEADER = "X-Langbiang-Language"
HOUR = timedelta(hours=1)
TOKENS = Limit("device tokens network", 300, HOUR)
"""Limits new browsers; a known one may ask as often as it likes."""
FILES = Limit("files of waiting reports", 200, HOUR)
"""Per browser. A new browser identity costs nothing, so the network is limited as well."""
FILES_HERE = limit_set_by("files_an_hour", "files of waiting reports network", HOUR)
MEGABYTES_HERE = limit_set_by("file_mb_an_hour", "megabytes of waiting reports network", HOUR)
MEGABYTE = 2**20


class NotTaken(Exception):
    """The request is refused; `status` is for the script, `content` for the person."""

    def __init__(self, status: int, **content: Any) -> None:
        self.status, self.content = status, content


@bp.record_once
def _take_without_form_token(state: Any) -> None:
    protection: CSRFProtect = state.app.extensions["csrf"]
    for view in (token, file, report):
        protection.exempt(f"{__name__}.{view.__name__}")


@bp.errorhandler(NotTaken)
def not_taken(refusal: NotTaken) -> ResponseReturnValue:
    return refusal.content, refusal.status


@bp.after_request
def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def told_to_script(view: View[P]) -> View[P]:
    """For scripts of our own pages only, in the language the report was written in."""

    @wraps(view)
    def told(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        _refuse_foreign()
        chosen = request.headers.get(LANGUAGE_HEADER)
        with force_locale(chosen if chosen in languages() else language()):
            return view(*args, **kwargs)

    return told


@bp.post("/token")
@performs(Action.FILE_REPORT)
@told_to_script
def token() -> ResponseReturnValue:
    """The owner of reports written in this browser now, and the token for sending theirs; on request, the token for a guest's reports."""
    here, asked = owner_here(), sent_json(is_named_so=False)
    wanted = asked.get("owner") if isinstance(asked, dict) else None
    if wanted not in (None, GUEST, here):
        raise NotTaken(412, owner=here)
    if not is_known_here(wanted or here):
        with unit_of_work():
            until = count_attempt(TOKENS, this_network(), now=now())
        if until is not None:
            raise _too_many(TooManyAttempts(until))
    return {"owner": here, "token": queue_token(wanted or here)}


@bp.get("/reports/<client_key>")
@performs(Action.FILE_REPORT)
@told_to_script
def state(client_key: str) -> ResponseReturnValue:
    """The state of a report: whether it is filed, and which of its files have arrived."""
    device = _device()
    return {"filed": _is_filed(_key(client_key)), "have": digests_here(staging_token(_key(client_key), device))}


@bp.post("/reports/<client_key>/files")
@performs(Action.FILE_REPORT)
@told_to_script
def file(client_key: str) -> ResponseReturnValue:
    """One file: its kind, its SHA-256 digest and its bytes."""
    key, device = _key(client_key), _device()
    sent, kind, digest = request.files.get("file"), request.form.get("kind"), request.form.get("sha256", "")
    if sent is None or kind not in FILE_KINDS:
        raise NotTaken(400)
    staged = staging_token(key, device)
    if digest in digests_here(staged) or _is_filed(key):
        return {"have": digests_here(staged)}
    data, name = sent.read(), sent.filename or ""
    with unit_of_work():
        counted = (
            count_attempt(FILES, str(device.id), now=now()),
            count_attempt(FILES_HERE, this_network(), now=now()),
            count_attempt(MEGABYTES_HERE, this_network(), now=now(), weight=-(-len(data) // MEGABYTE)),
        )
    if refused := [until for until in counted if until is not None]:
        raise _too_many(TooManyAttempts(max(refused)))
    if sha256(data).hexdigest() != digest:
        # truncated or altered on the way: the browser has the right bytes and sends them again
        raise NotTaken(400, damaged=True)
    try:
        keep_file(data, name, kind=kind, token=staged, by=_sender(device))
    except (PhotoRefused, RecordingRefused, TooManyPhotos) as refusal:
        raise NotTaken(422, text=in_reader_language(refusal.text)) from None
    except ScanRefused as refusal:
        raise NotTaken(503 if refusal.passes else 422, text=in_reader_language(refusal.text)) from None
    except FileNotStored as failure:
        raise NotTaken(503, text=in_reader_language(failure.text)) from None
    return {"have": digests_here(staged)}


@bp.post("/reports/<client_key>")
@performs(Action.FILE_REPORT)
@told_to_script
def report(client_key: str) -> ResponseReturnValue:
    """The fields as the form sends them; `file` gives kind and digest of each file of the report, in order."""
    key, device = _key(client_key), _device()
    staged, files = staging_token(key, device), [each.partition(":") for each in request.form.getlist("file")]
    digests, is_repeat = [digest for _kind, _colon, digest in files], _is_filed(key)
    form = sent_form(staged, key, is_spoken=any(kind == "voice" for kind, _colon, _digest in files))
    form.has_account = device.account_id is not None
    if not is_repeat:
        # before the files, so that nobody uploads files for a form with errors
        _refuse_faulty(form)
        _refuse_missing(staged, digests)
        _refuse_too_many(staged, digests)
    with unit_of_work():
        until = count_attempt(NETWORK, this_network(), now=now())
    if until is not None:
        raise _too_many(TooManyAttempts(until))
    try:
        filed = file_sent(form, digests, sender=_sender(device), device=device)
    except ReportFiledBefore as before:
        return {"code": before.code, "text": in_reader_language(before.text)}
    except TooManyReports as refusal:
        raise _too_many(refusal) from None
    except (ReportRefused, SenderBlocked) as refusal:
        raise NotTaken(422, text=in_reader_language(refusal.text), is_another=isinstance(refusal, OtherReportFiled)) from None
    code, secret = filed.report.code, filed.secret
    told = {"code": code, "secret": grouped_secret(secret), "follow": url_for("tracking.track", code=code)}
    received = {"place": place_told(filed.report), "photos": len(photos_of_report(filed.report))}
    promised = {"accepted_by": local_datetime(accepted_by(filed.report))}
    return told | received | promised | {"is_unconfirmed": can_be_confirmed(filed.report)}


def _refuse_foreign() -> None:
    """Another site cannot send our header; browsers that report the origin of a request are checked as well."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_foreign = site not in (None, "same-origin") or (origin is not None and urlsplit(origin).netloc != request.host)
    if is_foreign or DEVICE_HEADER not in request.headers:
        # a GET may be an address somebody typed ("none"): it is answered as if nothing were there
        raise NotTaken(404 if request.method == "GET" else 403)


def _device() -> Device:
    """The browser, identified by its token. Raises NotTaken: 401 for an invalid one, 412 while somebody else is signed in."""
    device = device_of(request.headers.get(DEVICE_HEADER, ""))
    if device is None:
        raise NotTaken(401)
    account = signed_in_account()
    if device.account_id is not None and account is not None and account.id != device.account_id:
        raise NotTaken(412, owner=owner_here())
    return device


def _sender(device: Device) -> Actor:
    """The sender: the account the browser sends for, or a guest, even if somebody else is signed in."""
    account = db.session.get(Account, device.account_id) if device.account_id is not None else None
    return actor_for(account, now=now())


def _key(client_key: str) -> str:
    """The browser's name for its report, a UUID in canonical form."""
    try:
        key = str(UUID(client_key))
    except ValueError:
        key = ""
    if key != client_key:
        raise NotTaken(404)
    return key


def _refuse_faulty(form: FilingForm) -> None:
    if form.website.data:
        raise NotTaken(422, text=_("It could not be sent. Please try again."))
    if not form.validate():
        faults = [{"field": str(field.label.text), "text": " ".join(map(str, field.errors))} for field in form if field.errors]
        raise NotTaken(422, text=_("Some places need correcting."), faults=faults)


def _refuse_missing(staged: str, digests: list[str]) -> None:
    here = digests_here(staged)
    if missing := [each for each in digests if each not in here]:
        with unit_of_work():
            keep_only(staged, digests)
        raise NotTaken(409, missing=missing)


def _refuse_too_many(staged: str, digests: list[str]) -> None:
    photos = [each for each in staged_photos(staged) if each.sha256 in digests]
    if len(photos) > most_report_photos():
        raise NotTaken(422, text=in_reader_language(TooManyPhotos(most_report_photos()).text))


def _is_filed(key: str) -> bool:
    return db.session.scalar(select(Report.id).where(Report.client_key == key)) is not None


def _too_many(refusal: TooManyAttempts | TooManyReports) -> NotTaken:
    seconds = max(int((refusal.until - now()).total_seconds()), 1)
    return NotTaken(429, text=in_reader_language(refusal.text), wait=seconds)
