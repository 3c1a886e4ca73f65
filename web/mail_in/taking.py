"""The worker's job that reads the letters that were kept, and adds those that are proven to their reports."""

from datetime import datetime

from flask import Flask

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.mail_in import Letter, Unreadable, read_letter
from casework.mail_in.judging import Verdict, judge, take_bounce
from casework.mail_in.keeping import Claimed, claim_letter, give_back, mark_handled, waiting_letters
from casework.models import Report
from casework.permissions import actor_for
from casework.rate_limits import count_attempt
from casework.sent_once import SentBefore
from web.gateways.imap import Mailbox
from web.mail_in.adding import add_letter, taken_of
from web.reporters.acts import ACTS
from web.request_log import LOGGER, failure_facts
from workflows.clock import clock_from
from workflows.running.incidents import StepFailed

AT_ONCE = 20


def take_letters(app: Flask, now: datetime) -> int:
    """Work on the letters that wait and return how many. A fault at one is nobody else's: its claim runs out, and it is tried again."""
    mailbox: Mailbox | None = app.extensions["mailbox"]
    if mailbox is None:
        return 0
    clock, taken = clock_from(now), 0
    for letter_id in waiting_letters(now, AT_ONCE):
        claimed = claim_letter(letter_id, now=clock())
        if claimed is None:
            continue
        taken += 1
        try:
            _take(app, mailbox, claimed, clock())
        except CaseBusy:
            give_back(claimed.id)
        except Exception as error:
            db.session.rollback()
            LOGGER.error("letter not taken", extra={"letter": claimed.id, **failure_facts(error)})
    return taken


def _take(app: Flask, mailbox: Mailbox, claimed: Claimed, moment: datetime) -> None:
    try:
        letter = read_letter(claimed.raw)
    except Unreadable as past_a_bound:
        _mark(claimed, Verdict("unclear", past_a_bound.why), moment)
        return
    verdict = judge(letter, mailbox=mailbox.address, server=mailbox.authserv_id, now=moment)
    if verdict.state == "bounce":
        with unit_of_work():
            take_bounce(letter, now=moment, configured=frozenset(app.extensions["gateways"]))
            mark_handled(claimed.id, state="bounce", now=moment)
    elif verdict.state == "taken":
        _add(letter, claimed, verdict, moment)
    else:
        _mark(claimed, verdict, moment)


def _add(letter: Letter, claimed: Claimed, verdict: Verdict, moment: datetime) -> None:
    report = db.session.get_one(Report, verdict.report_id)
    if taken_of(letter).is_empty:
        _mark(claimed, Verdict("unclear", "empty", report.id), moment)
        return
    with unit_of_work():
        until = count_attempt(ACTS, report.code, now=moment)
    if until is not None:
        _mark(claimed, Verdict("unclear", "often", report.id), moment)
        return
    # as a guest who has the report's secret, and can do nothing else
    sender = actor_for(None, now=moment, tracked_report_ids=[report.id])
    try:
        add_letter(
            letter, report, key=claimed.key, by=sender, now=moment,
            beside=lambda: mark_handled(claimed.id, state="taken", now=moment),
        )  # fmt: skip
    except SentBefore:
        _mark(claimed, Verdict("taken"), moment)
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError:
        # what their own page would refuse, too: the case takes nothing more, or the report has left it
        _mark(claimed, Verdict("unclear", "closed", report.id), moment)


def _mark(claimed: Claimed, verdict: Verdict, moment: datetime) -> None:
    db.session.rollback()
    with unit_of_work():
        mark_handled(claimed.id, state=verdict.state, why=verdict.why, report_id=verdict.report_id, now=moment)
