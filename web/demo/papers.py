"""The documents of the demonstration: numbered and sealed letters, a register with an explained gap and a struck-out number, and letters
that still wait for the clerk's number. Each is written by its use case, on its own day.

They come after the demonstration's one transaction: a seal is put on the file of a letter, which is made from a committed letter. A start
interrupted here leaves fewer documents.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from flask import Flask
from sqlalchemy import func, select

from casework.assignments.extensions import extensions_of
from casework.calendars import calendar_of
from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.kinds import ANSWER, EXTENSION_NOTICE, LATE_LIST, REFUSAL_NOTICE, TRANSFER_SLIP
from casework.documents.numbering import Body, give_number, next_number, note_outside, strike_number
from casework.documents.offers import letters_to_offer, write_letter
from casework.documents.sealing import ask_seal, seals_for
from casework.documents.seals import BODY, PERSON
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Case, Centre, DocumentNumber, Event, Letter
from casework.permissions import Actor, actor_for
from casework.states import CaseState
from casework.triage.refusals import open_objection
from web.demo.people import staff_account
from web.demo.telling import COMMITTEE, OPERATOR
from web.documents.making import make_letter_files
from web.documents.sealing_job import seal_letters

CLERK = "vanthu"
NINE = time(9)

ON_PAPER = (
    "Nguồn nước tưới bị chặn ở đầu mương", "Cầu dân sinh bong ván, xe máy dễ sụp bánh", "Dây điện sà thấp ngang đường vào thôn",
    "Vạch qua đường trước trường học mờ hết",
)  # fmt: skip
"""The titles of cases whose senders asked for the answer on paper, in the order of their days."""
STRUCK, AFTER_A_GAP = ON_PAPER[1], ON_PAPER[3]

BEFORE, OUTSIDE = 6, "Giấy mời họp giao ban và thông báo lịch trực, soạn ngoài phần mềm"
LEFT_OUT, WHY_LEFT_OUT = 2, "Hai phiếu gửi làm tay trong ngày mất điện, bản lưu ở tủ văn thư"
WHY_STRUCK = "In nhầm nơi nhận, đã soạn lại và cấp số khác."

PROLONGED, SHARED_OUT = "Biển quảng cáo che khuất tầm nhìn tại ngã ba", "Nghi hút cát trái phép trên sông"
"""The titles of cases with a letter written today: an extension that the clerk has numbered already, and a letter to an agency."""


def write_papers(app: Flask, centre: Centre, *, now: datetime) -> None:
    """The answers of the last months, today's letters, and the reminder to the most overdue agency."""
    days = {title: _morning_after_it_ended(title, centre, now) for title in ON_PAPER}
    for title, moment in sorted(days.items(), key=lambda entry: entry[1]):
        _answer_on_paper(title, centre, moment)
    with unit_of_work():
        reminders = db.session.scalars(select(Letter).where(Letter.kind == LATE_LIST).order_by(Letter.id))
        _number([*reminders, _written(_called(PROLONGED), EXTENSION_NOTICE, now)], now)
        for case, kind in ((_called(SHARED_OUT), TRANSFER_SLIP), (_refused_and_objected(), REFUSAL_NOTICE)):
            _written(case, kind, now)
    make_letter_files(app, app.extensions["file_store"], now=now)
    put_seals(app, [LATE_LIST, ANSWER], now=now)


def put_seals(app: Flask, kinds: Iterable[str], *, now: datetime) -> None:
    """The leader signs the newest numbered letter of each kind and the clerk seals it, where the installation has signature and seal."""
    for login, signer in ((COMMITTEE, PERSON), (CLERK, BODY)):
        by = _staff(login, now)
        with unit_of_work():
            for kind in kinds:
                numbered = select(Letter).join(DocumentNumber, DocumentNumber.letter_id == Letter.id).where(Letter.kind == kind)
                letter = db.session.scalars(numbered.order_by(Letter.id.desc()).limit(1)).first()
                for seal in seals_for(by, letter, app.extensions["seals"].values()) if letter is not None else ():
                    if seal.signer == signer and letter is not None:
                        ask_seal(letter, seal=seal, by=by, now=now)
        seal_letters(app, app.extensions["file_store"], now=now)


def _answer_on_paper(title: str, centre: Centre, moment: datetime) -> None:
    """The numbered answer of a case: the first follows numbers used outside the program, one is struck out and written again."""
    clerk = _staff(CLERK, moment)
    with unit_of_work():
        if title == ON_PAPER[0]:
            note_outside(Body(centre.id), kind=ANSWER, last=BEFORE, on=local_day(moment), note=OUTSIDE, by=clerk, now=moment)
        letter = _written(_called(title), ANSWER, moment)
        left_out = LEFT_OUT if title == AFTER_A_GAP else 0
        number = next_number(letter, on=local_day(moment)) + left_out
        row = give_number(letter, number=number, gap_note=WHY_LEFT_OUT if left_out else None, on=local_day(moment), by=clerk, now=moment)
        if title == STRUCK:
            strike_number(row, reason=WHY_STRUCK, by=clerk, now=moment)
            _number([_written(_called(title), ANSWER, moment)], moment)


def _written(case: Case, kind: str, moment: datetime) -> Letter:
    """Write the letter of that kind about a case as the operator."""
    case = lock_case(case.id)
    by = _staff(OPERATOR, moment)
    offered = letters_to_offer(case, by, publications=publications_of(case), extensions=extensions_of(case))
    return write_letter(case, next(each for each in offered if each.kind.key == kind), by=by, now=moment)


def _number(letters: Iterable[Letter], moment: datetime) -> None:
    for letter in letters:
        give_number(letter, on=local_day(moment), by=_staff(CLERK, moment), now=moment)


def _morning_after_it_ended(title: str, centre: Centre, now: datetime) -> datetime:
    """Nine o'clock on the first working day after the last event of a case."""
    ended = db.session.scalar(select(func.max(Event.at)).where(Event.case_id == _called(title).id)) or now
    calendar, day = calendar_of(centre.id), local_day(ended) + timedelta(days=1)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return min(datetime.combine(day, NINE, LOCAL_ZONE), now)


def _called(title: str) -> Case:
    return db.session.scalars(select(Case).where(Case.title == title)).one()


def _refused_and_objected() -> Case:
    """Found by its objection, since a refused case has no title."""
    refused = db.session.scalars(select(Case).where(Case.state == CaseState.REFUSED).order_by(Case.id))
    return next(case for case in refused if open_objection(case) is not None)


def _staff(login: str, moment: datetime) -> Actor:
    return actor_for(staff_account(login), now=moment)
