"""Deeds off the straight path: asking, refusing, holding, handing back, extending, merging, withdrawing, correcting …"""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from casework.assignments.extensions import DecideExtensionInput, EndorseExtensionInput, RequestExtensionInput
from casework.assignments.hand_backs import DecideHandBackInput, HandBackInput
from casework.assignments.reassignment import AgencyInput, CloseWithoutAnswerInput, RemoveAgencyInput
from casework.cases import lock_case
from casework.contacts.blocked_senders import block_sender
from casework.db import db
from casework.documents.apologies import ApologiseInput
from casework.erasure.quarantine import QuarantineInput
from casework.merging.merge import MergeInput
from casework.models import Case, Publication, RefusalReason
from casework.notes.directives import DirectInput
from casework.parting.acts import DivideInput, JoinPartInput
from casework.parts import parts_of
from casework.pausing.additions import WriteToCentreInput
from casework.pausing.holds import HoldInput
from casework.pausing.questions import AnswerQuestionInput, AskReporterInput
from casework.pausing.referrals import ReferInput
from casework.pausing.withdrawals import DecideWithdrawalInput, WithdrawReportInput
from casework.permissions import Actor, Role
from casework.public.me_too import say_me_too
from casework.publishing.acts import PublishInput
from casework.publishing.corrections import CorrectPublicationInput
from casework.publishing.ratings import ReviewRatingInput
from casework.recordings.staging import recordings_of_report
from casework.recordings.transcripts import transcribe
from casework.search.staff_choices import communes_for, fields_for
from casework.triage.refusals import DecideObjectionInput, ObjectToRefusalInput, RefuseInput
from web.demo.steps import public_photos
from web.demo.stories import Deed
from web.demo.telling import COMMITTEE, LEAD, OPERATOR, Telling, begin_step
from workflows.running.acts import act

# -- the centre -------------------------------------------------------------------------------------------------------


def refuse(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator refuses the report for a reason from the list."""
    reason = db.session.scalars(select(RefusalReason).where(RefusalReason.key == deed.form["reason"])).one()
    telling.step("verify", telling.staff(OPERATOR, moment), moment, RefuseInput(reason=reason, words=deed.form["words"]), choice="refuse")


def decide_objection(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operations lead reconsiders a refusal."""
    telling.step("decide_objection", telling.staff(LEAD, moment), moment, DecideObjectionInput(**deed.form))


def ask_reporter(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator asks the sender, and the case waits."""
    telling.perform_act(
        "ask_reporter", telling.staff(OPERATOR, moment), moment, AskReporterInput(report=telling.case.main_report, **deed.form)
    )


def transcribe_voice(telling: Telling, deed: Deed, moment: datetime) -> None:
    begin_step()
    case = lock_case(telling.case_id)
    [voice] = [each for each in recordings_of_report(case.main_report) if each.kind == "voice"]
    transcribe(case, by=telling.staff(OPERATOR, moment), now=moment, recording=voice, words=deed.form["words"])


def block_sender_of(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operations lead blocks the sender for some days."""
    begin_step()
    case = lock_case(telling.case_id)
    block_sender(case, case.main_report, by=telling.staff(LEAD, moment), now=moment, reason=deed.form["words"], days=deed.form["days"])


def hold(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operations lead puts the case on hold for some working days."""
    until = telling.working_day(moment, deed.form["days"])
    telling.perform_act("hold", telling.staff(LEAD, moment), moment, HoldInput(reason=deed.form["words"], until=until))


def resume(telling: Telling, _deed: Deed, moment: datetime) -> None:
    telling.step("resume", telling.staff(LEAD, moment), moment)


def refer(telling: Telling, deed: Deed, moment: datetime) -> None:
    telling.perform_act("refer", telling.staff(OPERATOR, moment), moment, ReferInput(**deed.form))


def merge(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator merges the report into another case."""
    into = db.session.scalars(select(Case).where(Case.title == deed.form["into"])).one()
    telling.perform_act("merge", telling.staff(OPERATOR, moment), moment, MergeInput(into=into, reason=deed.form["reason"]))


def divide(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator splits a part off, which the deed's agency is to answer for itself."""
    case, form = telling.case, deed.form
    field = next(each for each in fields_for(case, now=moment) if each.name.vi == form["field"])
    area = next(each for each in communes_for(case, now=moment) if each.id == case.area_id)
    lead = telling.agencies(deed.agencies)[0]
    given = DivideInput(title=form["title"], words=form["words"], field=field, area=area, village=case.village or "", lead=lead)
    telling.perform_act("divide", telling.staff(OPERATOR, moment), moment, given)


def join_part(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator joins the newest part to the story's case again."""
    part = parts_of(telling.case)[-1].ref
    begin_step()
    act(part, "join_part", by=telling.staff(OPERATOR, moment), now=moment, given=JoinPartInput(reason=deed.form["reason"]))


def quarantine(telling: Telling, deed: Deed, moment: datetime) -> None:
    telling.perform_act("quarantine", telling.staff(OPERATOR, moment), moment, QuarantineInput(reason=deed.form["words"]))


def decide_withdrawal(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator accepts or declines a withdrawal."""
    telling.step("decide_withdrawal", telling.staff(OPERATOR, moment), moment, DecideWithdrawalInput(**{"words": "", **deed.form}))


def direct(telling: Telling, deed: Deed, moment: datetime) -> None:
    telling.perform_act("direct", telling.staff(COMMITTEE, moment), moment, DirectInput(**deed.form))


def apologise(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator apologises for a missed day and names another."""
    until = telling.working_day(moment, deed.form["days"])
    telling.perform_act("apologise", telling.staff(OPERATOR, moment), moment, ApologiseInput(reason=deed.form["words"], until=until))


def publish_interim(telling: Telling, _deed: Deed, moment: datetime) -> None:
    """An operator publishes the answers there are while other agencies are still working."""
    telling.perform_act(
        "publish_interim",
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


def correct(telling: Telling, deed: Deed, moment: datetime) -> None:
    query = select(Publication).where(Publication.case_id == telling.case_id)
    publication = db.session.scalars(query.order_by(Publication.id.desc()).limit(1)).one()
    telling.perform_act(
        "correct_publication",
        telling.staff(OPERATOR, moment),
        moment,
        CorrectPublicationInput(
            publication=publication,
            version_seen=publication.current.version,
            title=telling.story.title,
            question=telling.row["description"],
            reason=deed.form["words"],
            checked=True,
            shows_exact_place=telling.story.shows_exact_place,
            photos=public_photos(telling),
        ),
    )


def review(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operations lead decides on a dissatisfied rating."""
    telling.step("review_rating", telling.staff(LEAD, moment), moment, ReviewRatingInput(**deed.form))


# -- agencies ---------------------------------------------------------------------------------------------------------


def hand_back(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An agency says that the matter is not its own."""
    own = telling.assignment(deed)
    telling.step(
        "accept_assignment", telling.of_agency(own, Role.OFFICER, moment), moment, HandBackInput(**deed.form), choice="hand_back", of=own
    )


def decide_hand_back(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator releases the agency, or does not."""
    form = {"words": "", **deed.form}
    telling.step("decide_hand_back", telling.staff(OPERATOR, moment), moment, DecideHandBackInput(**form), of=telling.assignment(deed))


def change_lead(telling: Telling, deed: Deed, moment: datetime) -> None:
    agency = telling.agencies(deed.agencies)[0]
    telling.perform_act("change_lead", telling.staff(OPERATOR, moment), moment, AgencyInput(agency=agency, instructions=deed.form["words"]))


def remove_agency(telling: Telling, deed: Deed, moment: datetime) -> None:
    telling.perform_act(
        "remove_agency", telling.staff(OPERATOR, moment), moment, RemoveAgencyInput(reason=deed.form["words"]), of=telling.assignment(deed)
    )


def close_without_answer(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The operations lead continues without an agency's answer."""
    reason = deed.form["words"]
    telling.perform_act(
        "close_without_answer", telling.staff(LEAD, moment), moment, CloseWithoutAnswerInput(reason=reason), of=telling.assignment(deed)
    )


def request_extension(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An officer asks for some more working days."""
    own = telling.assignment(deed)
    if own.due_at is None:
        raise ValueError(f"{telling.story.title}: no time limit to extend")
    until = telling.working_day(own.due_at, deed.form["days"])
    officer = telling.of_agency(own, Role.OFFICER, moment)
    telling.perform_act("request_extension", officer, moment, RequestExtensionInput(reason=deed.form["reason"], until=until), of=own)


def endorse_extension(telling: Telling, deed: Deed, moment: datetime) -> None:
    own = telling.assignment(deed)
    telling.step(
        "endorse_extension", telling.of_agency(own, Role.AGENCY_LEADER, moment), moment, EndorseExtensionInput(endorsed=True), of=own
    )


def decide_extension(telling: Telling, deed: Deed, moment: datetime) -> None:
    telling.step("decide_extension", telling.staff(LEAD, moment), moment, DecideExtensionInput(**deed.form), of=telling.assignment(deed))


# -- citizens ---------------------------------------------------------------------------------------------------------


def object_(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The sender objects to the refusal."""
    telling.step("object_to_refusal", telling.reporter(moment), moment, ObjectToRefusalInput(report=telling.case.main_report, **deed.form))


def answer_question(telling: Telling, deed: Deed, moment: datetime) -> None:
    by = telling.reporter(moment)
    telling.step("answer_question", by, moment, AnswerQuestionInput(report=telling.case.main_report, **_sent(telling, deed, by, moment)))


def write(telling: Telling, deed: Deed, moment: datetime) -> None:
    by = telling.reporter(moment)
    telling.perform_act(
        "write_to_centre", by, moment, WriteToCentreInput(report=telling.case.main_report, **_sent(telling, deed, by, moment))
    )


def withdraw(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The sender asks to withdraw the report."""
    telling.perform_act(
        "withdraw_report", telling.reporter(moment), moment, WithdrawReportInput(report=telling.case.main_report, **deed.form)
    )


def follow(telling: Telling, _deed: Deed, moment: datetime) -> None:
    telling.perform_act("follow", telling.somebody_else(moment), moment)


def me_too(telling: Telling, deed: Deed, moment: datetime) -> None:
    """Some other citizens say that the matter concerns them too."""
    for number in deed.form["senders"]:
        begin_step()
        say_me_too(telling.case, by=telling.citizen(number, moment), device=None, now=moment)


def _sent(telling: Telling, deed: Deed, by: Actor, moment: datetime) -> dict[str, Any]:
    """Form fields of what the sender writes, with its photo."""
    return {"words": deed.form["words"], "token": telling.stage("added", by, moment) if "picture" in deed.form else None}
