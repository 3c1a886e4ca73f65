"""Intake from the centre's own cameras: which camera, when, what is seen, still pictures; and the statistics of cameras."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField, RadioField
from wtforms.validators import ValidationError

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.intake.cameras import CameraYear, areas_of, camera_year, cameras_for, centres_of_operations, first_year
from casework.intake.file_report import Filed, OtherReportFiled, Place, ReportRefused
from casework.local_time import LOCAL_ZONE
from casework.models import Area, Camera, Centre
from casework.parsing import year_in
from casework.permissions import Action
from casework.photos.records import staged_photos
from casework.search.staff_choices import fields_of
from web.base_map import base_map
from web.clock import now
from web.files.photos import remember_form
from web.files.uploads import drop_upload, stage_uploads
from web.filing.submit import code_ahead
from web.filing_fields import sound_token
from web.guards import actor, performs
from web.intake.call import communes_here, own_centre
from web.intake.forms import IntakeForm, moment_for_input
from web.intake.taken import keep_taken
from web.locales import in_reader_language as local
from web.text_owner import AnothersText, is_of_another
from workflows.running.filing import file_report

bp = Blueprint("intake_camera", __name__)

MOST_PICTURES = 6
KINDS = {"tower": _l("Tower camera"), "security": _l("Security camera")}


class CameraForm(IntakeForm):
    """What an operator saw on a screen. The place is the camera's unless another is given."""

    camera = RadioField(_l("Camera"), validate_choice=False)
    photos = MultipleFileField(_l("Still pictures"))
    photos_token = HiddenField()

    def __init__(self, *arguments: Any, cameras: list[Camera], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._camera_rows = {camera.ref: camera for camera in cameras}
        self.camera.choices = [(camera.ref, local(camera.name)) for camera in cameras]
        self.photos_token.data = sound_token(self.photos_token.data)
        self.words.label.text = _("What is seen")

    @property
    def chosen_camera(self) -> Camera | None:
        return self._camera_rows.get(self.camera.data or "")

    def place_seen(self, camera: Camera) -> Place:
        """The given place, completed by the camera's."""
        said = self.chosen_place
        area = said.area or (db.session.get(Area, camera.area_id) if camera.area_id is not None else None)
        if said.latitude is not None:
            return Place(area, said.village, said.words, said.latitude, said.longitude)
        return Place(area, said.village, said.words, camera.latitude, camera.longitude)

    def refuse_nowhere(self) -> None:
        """Accept an empty place, because the camera has one."""

    def validate_camera(self, _camera: RadioField) -> None:
        if self.chosen_camera is None:
            raise ValidationError(_("Please choose the camera."))

    def validate_seen_at(self, seen_at: Any) -> None:
        """A camera report needs a time."""
        super().validate_seen_at(seen_at)
        if not (seen_at.data or "").strip():
            raise ValidationError(_("Please say when it was seen."))


@bp.route("/intake/camera", methods=["GET", "POST"])
@performs(Action.TAKE_REPORT)
def camera() -> ResponseReturnValue:
    if request.method == "POST" and is_of_another():
        raise AnothersText
    cameras = cameras_for(actor(), now=now())
    form = CameraForm(cameras=cameras, communes=communes_watched(), fields=fields_of(own_centre().id, now=now()))
    remember_form(form.photos_token.data)
    if not form.is_submitted():
        form.seen_at.data = moment_for_input(now())
        return _page(form, cameras)
    is_valid = form.validate()
    refused = _stage(form)
    if ref := request.form.get("remove"):
        drop_upload(form.photos_token.data, ref)
    if ref or request.form.get("act") == "photos":
        # the rest of the form is not finished yet, so missing fields are no errors
        for field in form:
            field.errors = []
        return _page(form, cameras, refused=refused)
    seen_on = form.chosen_camera
    if not is_valid or refused or seen_on is None:
        return _page(form, cameras, refused=refused), 422
    try:
        filed = _file(form, seen_on)
    except ReportRefused as refusal:
        if isinstance(refusal, OtherReportFiled):
            form.become_another()
        return _page(form, cameras, refusal=form.refuse(refusal)), 422
    keep_taken(filed.report, secret=None)
    return redirect(url_for("intake_taken.taken"))


@bp.get("/intake/cameras")
@performs(Action.TAKE_REPORT)
def cameras() -> ResponseReturnValue:
    """What became of camera reports, one year at a time."""
    by, moment = actor(), now()
    this_year, first = moment.astimezone(LOCAL_ZONE).year, first_year(by, now=moment)
    year = year_in(request.args.get("year", "")) or this_year
    counted: CameraYear = camera_year(by, year, now=moment)
    return render_template("intake/cameras.html", year=year, years=range(this_year, first - 1, -1), counted=counted)


def communes_watched() -> list[Area]:
    """The communes of the centres the person takes reports for: camera reports stay with the camera's own centre."""
    centres = centres_of_operations(actor())
    return [area for area in communes_here() if centres is None or area.centre_id in centres]


def _page(form: CameraForm, cameras: list[Camera], *, refusal: str = "", refused: list[str] | None = None) -> str:
    return render_template(
        "intake/camera.html",
        form=form,
        refusal=refusal,
        refused=refused or [],
        cameras=cameras,
        areas=areas_of(cameras),
        kinds=KINDS,
        photos=staged_photos(form.photos_token.data),
        most=MOST_PICTURES,
        base=base_map(own_centre()),
    )


def _stage(form: CameraForm) -> list[str]:
    """Stage the pictures sent with the form, at most MOST_PICTURES; returns a sentence for each that was refused."""
    files = [file for file in form.photos.data or [] if file and file.filename]
    room = MOST_PICTURES - len(staged_photos(form.photos_token.data))
    refused = stage_uploads(files[:room], token=form.photos_token.data, purpose="scene", by=actor()) if room > 0 else []
    if len(files) > max(room, 0):
        most = Bilingual(f"Tối đa {MOST_PICTURES} ảnh cho một lần ghi nhận.", f"At most {MOST_PICTURES} pictures are taken at once.")
        refused.append(most)
    return [local(each) for each in refused]


def _file(form: CameraForm, camera: Camera) -> Filed:
    centre = db.session.get_one(Centre, camera.centre_id)
    code = code_ahead(centre, form.idempotency_key.data)
    with unit_of_work():
        return file_report(
            centre=centre, source="camera", words=form.words.data or "", place=form.place_seen(camera), by=actor(), now=now(),
            field=form.chosen_field, marked_urgent=form.urgent.data, photos_token=form.photos_token.data, camera=camera,
            seen_at=form.chosen_moment, idempotency_key=form.idempotency_key.data, code=code,
        )  # fmt: skip
