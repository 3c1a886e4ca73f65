"""A case with photos, through the real steps: one scene photo with the report, one after-photo with each answer."""
from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from casework.db import unit_of_work
from casework.files.local import LocalFileStore
from casework.intake.file_report import Filed
from casework.models import Answer, Photo
from casework.photos.records import photos_of_answer, photos_of_report, prepare_copies, prepare_photo, stage_photo
from casework.triage.acts import ClearedReport
from tests import build
from tests.grounds import remembered

WALK = build.WALK


def jpeg(colour: str = "olive", size: tuple[int, int] = (320, 240)) -> bytes:
    """A photo as a telephone would send it."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, "JPEG")
    return target.getvalue()


def staged(
    world: build.World, store: LocalFileStore, token: str, *, by: str = "guest", purpose: str = "scene", colour: str = "olive"
) -> str:
    """A photo staged under a form's token, which is returned."""
    prepared = prepare_photo(jpeg(colour), f"anh-{colour}.jpg", store=store, max_bytes=10_000_000)
    with unit_of_work():
        stage_photo(prepared, token=token, purpose=purpose, by=world.actor(by), now=build.NOON)
    return token


@remembered
def pictured_case(world: build.World, files: Path, state: str, *, agencies: int = 1, by: str = "citizen") -> Filed:
    """A report with a photo, its case taken on to a state of build.WALK with an after-photo in every answer."""
    store = LocalFileStore(files)
    filed = build.file_report(world, by=by, photos_token=staged(world, store, f"scene-{by}"))
    case = filed.case
    while case.state != state:
        if case.state == "to_verify":
            copies = tuple((photo, prepare_copies(photo, [], audience="agencies", store=store)) for photo in photos_of_report(filed.report))
            cleared = ClearedReport(report=filed.report, words="Có đống rác ven suối, mùi nặng.", copies=copies)
            build.do(world, case, "verify", "operator", title="Rác đổ ven suối", cleared=[cleared])
        elif case.state == "handling":
            for assignment in build.assignments(case, "handling", "redo"):
                officer = f"officer_{assignment.agency.key}"
                token = staged(world, store, f"after-{assignment.id}", by=officer, purpose="after", colour="green")
                form = {**build.ANSWER, "no_photo_reason": "", "photos_token": token}
                build.do(world, case, "submit_answer", officer, agency=assignment.agency, **form)
        elif case.state == "to_publish":
            pictures = [*photos_of_report(filed.report), *(photo for answer in answers_of(filed) for photo in photos_of_answer(answer))]
            publish(world, filed, files, pictures)
        else:
            build.advance(world, case, WALK[WALK.index(case.state) + 1], agencies=agencies)
    return filed


def publish(world: build.World, filed: Filed, files: Path, pictures: list[Photo]) -> None:
    """Publish a case with these photos and no others."""
    copies = tuple((photo, prepare_copies(photo, [], audience="public", store=LocalFileStore(files))) for photo in pictures)
    build.do(world, filed.case, "publish", "operator", title="Rác đổ ven suối", question="Người dân phản ánh rác đổ ven suối.",
             checked=True, photos=copies)


@remembered
def reopened_case(world: build.World, files: Path) -> Filed:
    """A case published with all its photos, reopened, and answered anew without any: it waits to be published again."""
    filed = pictured_case(world, files, "rating")
    build.rate(world, filed.case, level="dissatisfied")
    build.do(world, filed.case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    build.advance(world, filed.case, "to_publish")
    return filed


def answer_privately(world: build.World, filed: Filed, files: Path) -> None:
    """Answer the sender alone, with every photo there is given for it."""
    pictures = [*photos_of_report(filed.report), *(photo for answer in answers_of(filed) for photo in photos_of_answer(answer))]
    copies = tuple((photo, prepare_copies(photo, [], audience="public", store=LocalFileStore(files))) for photo in pictures)
    build.do(world, filed.case, "publish", "operator", act="answer_privately", title="Rác đổ ven suối", question="Rác đổ ven suối.",
             photos=copies)


def answers_of(filed: Filed) -> list[Answer]:
    """The newest answer of each agency of the case."""
    return [assignment.answers[-1] for assignment in filed.case.assignments if assignment.answers]


def scene_photo(filed: Filed) -> Photo:
    return photos_of_report(filed.report)[0]


def after_photo(filed: Filed, agency: str = "PTNMT") -> Photo:
    return next(photos_of_answer(answer)[0] for answer in answers_of(filed) if answer.assignment.agency.key == agency)
