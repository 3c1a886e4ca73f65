"""Updates, FixMyStreet's extension: the steps of cases, and what a sender's own system adds to a report."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.contacts.report_links import case_of, open_questions
from casework.db import db, unit_of_work
from casework.doors.gates import Door
from casework.doors.open311.cases import rows_shown
from casework.doors.open311.finding import TooMany, behind
from casework.doors.open311.updates import CLOSED, OPEN, Update, update_id_of, updates
from casework.doors.photo_addresses import ask_for_photos
from casework.models import Event, Report
from casework.pausing.additions import LONGEST_WORDS, WriteToCentreInput
from casework.pausing.questions import AnswerQuestionInput
from casework.permissions import Action, Actor
from casework.sent_once import SentBefore, answer_to, answered_at, key_of, sending
from casework.states import ENDED_STATES
from casework.text import normal
from web.clock import now
from web.door_keys import caller, known_caller, through_door
from web.files.report_files import most_report_photos
from web.files.uploads import stage_uploads
from web.open311.asking import centre_asked, instant_in, parameter
from web.open311.door import answered, answers, said
from web.open311.faults import Fault, Refused, fault
from web.open311.reading import addresses_to_fetch, refuse_twice, refuse_type, said_of_addresses, sent_photos, sent_text
from web.open311.writing import Several, Value
from workflows.running.acts import act
from workflows.running.incidents import run_recorded, spot_in_case
from workflows.running.reporter_steps import do_own_step

ROOT = "service_request_updates"
MOST_DAYS = timedelta(days=90)
A_DAY = timedelta(days=1)
STATUSES = frozenset({
    "open", "closed", "fixed", "in_progress", "investigating", "planned", "action_scheduled", "duplicate", "not_councils_responsibility",
    "no_further_action", "internal_referral", "reopen", "referred", "cancelled", "for_triage",
})  # fmt: skip
"""FixMyStreet's words. They move nothing."""
ANSWER, ADDITION = "answer_question", "write_to_centre"


@answers("/v2/servicerequestupdates")
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False, takes_parameter=True)
def request_updates(form: str) -> ResponseReturnValue:
    centre, by, faults = centre_asked(), caller(), list[Fault]()
    since, until = _span(faults)
    if faults:
        raise Refused(400, *faults)
    try:
        listed = updates(centre.id, since, until, service_id=by.account_id if by is not None else None)
    except TooMany:
        raise Refused(400, fault("narrow")) from None
    return answered(ROOT, [_update(each, has_words=by is not None and by.extended_statuses) for each in listed])


@answers("/v2/servicerequestupdates", methods=("POST",))
@through_door(Door.OPEN311, Action.FILE_REPORT, is_act=True, takes_parameter=True, has_photos=True)
def add_update(form: str) -> ResponseReturnValue:
    """What a sender's system says to a report of its own: words for the centre, or the answer to its question. It moves nothing else."""
    refuse_type()
    centre_asked(is_post=True)
    words = _words_sent()
    report = _own_report(sent_text("service_request_id").upper())
    # the same words again without a name of the client's are the same update, too
    key = key_of("open311", known_caller().account_id, report.code, sent_text("update_id") or words)
    (files, addresses), token = sent_photos(), key[:32]
    to_fetch, refused = addresses_to_fetch(addresses, beside=files), list[Bilingual]()
    if files and answer_to(key) is None:
        refused = stage_uploads(files, token=token, purpose="scene", by=known_caller().actor, most=most_report_photos())
    try:
        with sending(key):
            _say(report, words, token if files else None, to_fetch)
            with unit_of_work():
                update_id = answered_at(_newest_of(report))
    except SentBefore:
        update_id = answer_to(key) or _newest_of(report)
    notice = " ".join(str(said(each)) for each in (*refused, *said_of_addresses(addresses, to_fetch)))
    return answered(ROOT, [{"update_id": update_id, **({"service_notice": notice} if notice else {})}])


def _newest_of(report: Report) -> str:
    """The name of what this account said last to the case of a report."""
    said_by_it = select(func.max(Event.id)).where(Event.case_id == case_of(report).id, Event.actor_id == known_caller().account_id)
    return update_id_of(db.session.scalar(said_by_it) or 0)


def _span(faults: list[Fault]) -> tuple[datetime, datetime]:
    moment = now()
    since, until = (instant_in(parameter(name), name, faults) for name in ("start_date", "end_date"))
    if since is None:
        since = (until or moment) - (A_DAY if until is None else MOST_DAYS)
    until = until or min(since + MOST_DAYS, max(moment, since))
    if not timedelta(0) <= until - since <= MOST_DAYS:
        faults.append(fault("span"))
    return since, until


def _update(each: Update, *, has_words: bool) -> Value:
    status = each.word if has_words else CLOSED if each.is_closed else OPEN
    return {
        "update_id": each.update_id, "service_request_id": each.code, "status": status,
        "updated_datetime": each.at, "description": said(each.words), "media_url": Several(),
    }  # fmt: skip


def _words_sent() -> str:
    faults: list[Fault] = []
    refuse_twice(faults)
    words = normal(sent_text("description"))
    if not words:
        faults.append(fault("description_missing"))
    elif len(words) > LONGEST_WORDS:
        faults.append(fault("update_long"))
    instant_in(sent_text("updated_datetime"), "updated_datetime", faults)
    if (status := sent_text("status").lower()) and status not in STATUSES:
        faults.append(fault("status_update"))
    if not sent_text("service_request_id"):
        faults.append(fault("service_request_id_missing"))
    if faults:
        raise Refused(400, *faults)
    return words


def _own_report(code: str) -> Report:
    """The report a code names, if this account filed it. Raises Refused: 403 for another's that is public, 400 for one that is closed."""
    found = behind([code]).get(code)
    if found is None or (found.service_id != known_caller().account_id and not rows_shown([found.case_id])):
        raise NotFound
    if found.service_id != known_caller().account_id:
        raise Refused(403, fault("key"))
    report = db.session.get_one(Report, found.report_id)
    case = case_of(report)
    if found.has_left or case.quarantined_at is not None or case.state in ENDED_STATES:
        raise Refused(400, fault("closed"))
    return report


def _say(report: Report, words: str, token: str | None, photo_urls: Sequence[str]) -> None:
    """As the sender does on their own page, by the account that filed it: an answer where the centre waits for one. The photos it names are
    asked for with it or not at all."""
    by, moment, case = _for_sender(report), now(), case_of(report)
    is_answer = report.id in open_questions([report.id])

    def said() -> None:
        if is_answer:
            do_own_step(case, ANSWER, by=by, now=moment, given=AnswerQuestionInput(report=report, words=words, token=token))
        else:
            act(case.ref, ADDITION, by=by, now=moment, given=WriteToCentreInput(report=report, words=words, token=token))
        ask_for_photos(report, photo_urls, now=moment)

    run_recorded(said, lambda: spot_in_case(case.id, ANSWER if is_answer else ADDITION), now=moment)


def _for_sender(report: Report) -> Actor:
    """The account where it acts for the sender of one report it filed, and can do nothing else."""
    return replace(known_caller().actor, grants=(), scopes=None, tracked_report_ids=frozenset({report.id}))
