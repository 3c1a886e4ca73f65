"""Photos sent ahead of an answer or a report, judged as on pages, and the copies an account may see."""

from hashlib import sha256

from flask import request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.casefile.photo_access import private_copy
from casework.db import unit_of_work
from casework.doors.api.photos import purpose_of, staged_here, token_of
from casework.doors.fields.cases import STAGED
from casework.doors.fields.told import Seen
from casework.doors.limits import spend_act
from casework.models import File
from casework.permissions import Action
from casework.photos.records import open_copy, staged_photos
from web.api.asking import parameters
from web.api.door import answered, unless_known
from web.api.problems import Fault, Refused, fault
from web.api.routes import answers
from web.clock import now
from web.door_keys import TooOften, known_caller
from web.files.streams import opened_whole
from web.files.uploads import drop_upload, stage_uploads
from web.guards import file_store

AUDIENCES = ("agencies", "centre")
"""The copies an account may see: of a report those for agencies, of its own answers and staged photos the centre's."""


@answers("/photos", Action.SUBMIT_ANSWER, Bilingual("Gửi một ảnh, trước khi trình trả lời hoặc gửi phản ánh; cùng ảnh, cùng mã.",
         "Send a photo ahead of the answer or report; the same bytes are the same photo."), STAGED, method="POST", takes_file=True,
         status=201, or_action=Action.FILE_REPORT)  # fmt: skip
def stage_photo() -> ResponseReturnValue:
    parameters(())
    _count()
    if request.mimetype != "multipart/form-data":
        raise Refused("content_type")
    others = [name for name in (*request.form, *request.files) if name != "file"]
    if others:
        raise Refused("invalid", faults=[fault(f"#/{name[:60]}", "unknown") for name in others[:10]])
    sent = [each for each in request.files.getlist("file") if each.filename]
    if len(sent) != 1:
        raise Refused("invalid", faults=[fault("#/file", "missing" if not sent else "wrong")])
    token = token_of(known_caller(), sha256(sent[0].read()).hexdigest())
    sent[0].seek(0)
    refused = stage_uploads(sent, token=token, purpose=purpose_of(known_caller()), by=known_caller().actor)
    if refused:
        raise Refused("refused", refused[0], [Fault("#/file", "refused", refused[0])])
    by = known_caller().actor
    return answered(STAGED.told(Seen(staged_photos(token)[0], by, frozenset())), status=201)


@answers("/photos/<ref>", Action.READ_CASE, Bilingual("Bản ảnh được xem.", "The copy of a photo the account may see."), bytes,
         media_type="image/*")  # fmt: skip
def photo(ref: str) -> ResponseReturnValue:
    parameters(())
    file = next((each for audience in AUDIENCES if (each := _copy(ref, audience)) is not None), None)
    if file is None:
        raise NotFound
    opened = open_copy(file, store=file_store())
    response = send_file(opened if file.key_id is None else opened_whole(opened), mimetype=file.media_type, etag=False, conditional=False)
    response.content_length = file.size
    response.set_etag(file.sha256)
    return unless_known(response)


def _copy(ref: str, audience: str) -> File | None:
    return private_copy(known_caller().actor, ref, audience, "view")


@answers("/photos/<ref>", Action.SUBMIT_ANSWER, Bilingual("Bỏ ảnh chưa dùng.", "Drop a photo that was not used."), None, method="DELETE",
         status=204, or_action=Action.FILE_REPORT)  # fmt: skip
def drop_photo(ref: str) -> ResponseReturnValue:
    parameters(())
    _count()
    found = staged_here(ref, caller=known_caller())
    if found is None or found.staged_token is None:
        raise NotFound
    drop_upload(found.staged_token, ref)
    return "", 204


def _count() -> None:
    """Count a change among the acts of the account, too: these name no officer. Raises TooOften."""
    with unit_of_work():
        spent = spend_act(known_caller(), now=now())
    if spent.is_over:
        raise TooOften(spent)
