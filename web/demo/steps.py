"""The deeds of the straight path: filed, verified, answered, published, rated."""

from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from sqlalchemy import select

from casework.answers.acts import PARTS, RedoAnswerInput, SubmitAnswerInput
from casework.asking.answers import answers_given, with_answers
from casework.assignments.distribution import DistributeInput
from casework.db import db
from casework.intake.file_report import Place
from casework.local_time import local_day
from casework.models import Assignment, Photo, VisibilityReason
from casework.permissions import Role
from casework.photos.records import photos_of_answer, photos_of_report
from casework.privacy.identity import Contact
from casework.publishing.acts import AnswerPrivatelyInput, ChosenPhotos, PublishInput
from casework.publishing.ratings import RateInput
from casework.settings.consent_notices import notice_today
from casework.triage.acts import ClassifyInput, ClearedReport, VerifyInput
from casework.triage.hotline import CallHotlineInput
from web.demo.asking import answers_of
from web.demo.people import GUESTS, SENDERS
from web.demo.stories import Deed, Story
from web.demo.telling import OPERATOR, Telling, begin_step
from workflows.desks.unconfirmed import confirm_with_step
from workflows.running.filing import file_report

HOTLINE = "0263 000 0000"
FINDINGS = (
    "Đã kiểm tra tại {place}; nội dung phản ánh là đúng.", "Cán bộ đã đến {place} cùng trưởng thôn, xác nhận đúng như phản ánh.",
    "Kiểm tra tại {place} sáng cùng ngày, hiện trạng như Ông/Bà nêu.", "Đã xem tại {place}; phản ánh đúng, mức độ nhẹ hơn mô tả.",
    "Qua kiểm tra {place}, sự việc có thật và đã xảy ra nhiều lần.", "Đã xác minh tại {place}, lập biên bản có chữ ký hộ liên quan.",
)  # fmt: skip
"""What the lead found; the first where a story belongs to the table."""
SEEN_BEFORE = timedelta(minutes=4)
"""How long before filing a camera showed it, or a caller saw it."""


def file(telling: Telling, _deed: Deed, moment: datetime) -> None:
    """The report comes in: from its sender, by telephone, or from a camera watched by an operator."""
    row, story = telling.row, telling.story
    is_camera, is_taken_down = story.camera is not None, story.camera is not None or story.is_call
    by = telling.staff(OPERATOR, moment) if is_taken_down else telling.reporter(moment)
    area = telling.cast.commune(row["commune"], local_day(moment))
    place = Place(area=area, village=row["village"], latitude=float(row["lat"]), longitude=float(row["lon"]))
    field = telling.cast.field_called(row["field"])
    filed = file_report(
        centre=telling.centre, source="camera" if is_camera else "phone" if story.is_call else "citizen",
        words=row["description"], place=place, by=by, now=moment,
        contact=_contact(story), field=field, marked_urgent=story.is_urgent,
        photos_token=telling.stage_report(by, moment), camera=telling.cast.camera_called(story.camera, local_day(moment)),
        consented=not is_camera,
        consent_notice=None if is_taken_down else notice_today(telling.centre.id, moment),
        seen_at=moment - SEEN_BEFORE if is_taken_down else None, channels=["email"] if story.is_call else (),
        answers=answers_of(field, telling.centre, story.asked, on=local_day(moment)),
    )  # fmt: skip
    telling.case_id = filed.case.id


def confirm(telling: Telling, _deed: Deed, moment: datetime) -> None:
    """A sender without an account types the code sent to their address."""
    begin_step()
    report = telling.case.main_report
    confirm_with_step(report, contact=_guest(telling.story), now=moment, by=telling.reporter(moment))


def verify(telling: Telling, _deed: Deed, moment: datetime) -> None:
    """An operator accepts it, with words and photos cleared for agencies."""
    report = telling.case.main_report
    words = with_answers(telling.row["description"], answers_given(report)) or ""
    cleared = [ClearedReport(report, words, telling.copies(photos_of_report(report), "agencies"))]
    telling.step("verify", telling.staff(OPERATOR, moment), moment, VerifyInput(title=telling.story.title, cleared=cleared))


def classify(telling: Telling, _deed: Deed, moment: datetime) -> None:
    row, story = telling.row, telling.story
    visibility = db.session.scalars(select(VisibilityReason).where(VisibilityReason.key == (story.visibility or ""))).first()
    telling.step(
        "classify",
        telling.staff(OPERATOR, moment),
        moment,
        ClassifyInput(
            field=telling.cast.field_called(row["field"]),
            urgency="urgent" if story.is_urgent else "normal",
            complexity=story.complexity,
            area=telling.cast.commune(row["commune"], local_day(moment)),
            village=row["village"],
            visibility_reason=visibility,
        ),
    )


def call_hotline(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operator telephones the agency that will lead."""
    lead = telling.agencies()[0]
    reached = bool(deed.form.get("reached", True))
    telling.step(
        "call_hotline",
        telling.staff(OPERATOR, moment),
        moment,
        CallHotlineInput(
            number=HOTLINE,
            reached=reached,
            spoke_to=f"Trực ban {lead.short_name_vi}" if reached else "",
            what=deed.form.get("what", f"Đã báo: {telling.story.title}. Đơn vị cử lực lượng đến ngay."),
        ),
    )


def distribute(telling: Telling, deed: Deed, moment: datetime) -> None:
    lead, *cooperating = telling.agencies(deed.agencies)
    instructions = {lead.id: deed.form.get("instructions", "Kiểm tra thực địa, gửi kèm ảnh sau khi xử lý.")}
    telling.step(
        "distribute",
        telling.staff(OPERATOR, moment),
        moment,
        DistributeInput(lead=lead, cooperating=cooperating, instructions=instructions),
    )


def accept(telling: Telling, deed: Deed, moment: datetime) -> None:
    for assignment, at in telling.open_ones(deed, moment, "asked"):
        telling.step("accept_assignment", telling.of_agency(assignment, Role.OFFICER, at), at, of=assignment)


def submit(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The officers submit their answers, with a photo where the story has one: the lead's when all submit, and those `photographed`."""
    own_words = {part: deed.form[part] for part in PARTS if part in deed.form}
    for assignment, at in telling.open_ones(deed, moment, "handling", "redo"):
        officer = telling.of_agency(assignment, Role.OFFICER, at)
        is_photographed = deed.form.get("photographed") or (assignment.is_lead and not deed.agencies)
        token = telling.stage("after", officer, at) if is_photographed else None
        telling.step(
            "submit_answer",
            officer,
            at,
            SubmitAnswerInput(
                photos_token=token,
                no_photo_reason="" if token else _without_photo(assignment),
                **{**_words_of(telling, assignment), **own_words},
            ),
            of=assignment,
        )


def redo(telling: Telling, deed: Deed, moment: datetime) -> None:
    for assignment, at in telling.open_ones(deed, moment, "submitted"):
        leader = telling.of_agency(assignment, Role.AGENCY_LEADER, at)
        telling.step("approve_answer", leader, at, RedoAnswerInput(instructions=deed.form["words"]), choice="redo_answer", of=assignment)


def approve(telling: Telling, deed: Deed, moment: datetime) -> None:
    for assignment, at in telling.open_ones(deed, moment, "submitted"):
        telling.step("approve_answer", telling.of_agency(assignment, Role.AGENCY_LEADER, at), at, of=assignment)


def publish(telling: Telling, _deed: Deed, moment: datetime) -> None:
    telling.step(
        "publish",
        telling.staff(OPERATOR, moment),
        moment,
        PublishInput(
            title=telling.story.title,
            question=telling.row["description"],
            checked=True,
            shows_exact_place=telling.story.shows_exact_place,
            photos=public_photos(telling),
        ),
    )


def answer_privately(telling: Telling, _deed: Deed, moment: datetime) -> None:
    """The operator sends the answers to the sender only."""
    words = {"title": telling.story.title, "question": telling.row["description"]}
    telling.step("publish", telling.staff(OPERATOR, moment), moment, AnswerPrivatelyInput(**words), choice="answer_privately")


def rate(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The sender rates the whole and each agency that answered."""
    case, level = telling.case, deed.form["level"]
    agencies = {row.agency_id: level for row in case.assignments if row.approved_at is not None and row.round == case.reopened}
    telling.step(
        "rate",
        telling.reporter(moment),
        moment,
        RateInput(report=case.main_report, level=level, reason=deed.form.get("words", ""), agency_levels=agencies),
    )


def public_photos(telling: Telling) -> ChosenPhotos:
    """The photos of the report and the approved answers, with copies for the public."""
    photos: list[Photo] = photos_of_report(telling.case.main_report)
    for assignment in telling.case.assignments:
        if assignment.approved_at is not None:
            photos += photos_of_answer(assignment.answers[-1])
    return telling.copies(photos, "public")


def _words_of(telling: Telling, assignment: Assignment) -> dict[str, str]:
    own = telling.story.answers.get(assignment.agency.key)
    ends = {"remaining": "Không còn.", "contact": f"{assignment.agency.short_name_vi}, {HOTLINE}"}
    if assignment.is_lead:
        area = telling.cast.commune(telling.row["commune"], local_day(assignment.distributed_at))
        place = f"{telling.row['village']}, {area.name_vi}"
        found = FINDINGS[crc32(telling.story.title.encode()) % len(FINDINGS)] if telling.story.row is not None else FINDINGS[0]
        return {"findings": found.format(place=place), "actions": own or telling.row["answer"], **ends}
    return {
        "findings": "Đã cùng đơn vị chủ trì kiểm tra tại chỗ.",
        "actions": own or "Đã cử cán bộ phối hợp, nhắc nhở các hộ liên quan và theo dõi kết quả tại địa bàn.",
        **ends,
    }


def _without_photo(assignment: Assignment) -> str:
    if not assignment.is_lead:
        return "Ảnh hiện trường do đơn vị chủ trì chụp."
    if assignment.case.visibility_reason_id is not None:
        return "Không chụp ảnh để giữ kín thông tin."
    return "Kết quả ghi trong biên bản làm việc, không có ảnh."


def _contact(story: Story) -> Contact | None:
    if story.camera is not None or story.is_anonymous:
        return None
    if story.reporter is None:
        return replace(_guest(story), name=GUESTS[story.guest][1])
    email, name = SENDERS[story.reporter]
    return Contact(name=name, email=email)


def _guest(story: Story) -> Contact:
    """The one contact of somebody without an account."""
    return Contact(email=GUESTS[story.guest][0])
