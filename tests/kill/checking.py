"""Holds the journals against what is there: everything anybody was told, exactly once, and nothing twice."""
from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from casework.db import db
from casework.intake.file_report import CLIENT_FILED, FILED, original_words
from casework.models import Answer, Case, Event, IdempotencyKey, Photo, Rating, Report
from casework.photos.records import copy_for, open_copy
from casework.publications import WHOLE
from tests.conftest import running
from tests.kill.journal import lines_in
from web.commands.verify import verify
from web.config import Config
from workflows.models import StepFact, WaitingTask

VERBS = {
    "verify": {"verify", "refuse"}, "classify": {"classify"}, "distribute": {"distribute"}, "publish": {"publish", "answer_privately"},
    "accept_assignment": {"accept_assignment", "hand_back"}, "submit_answer": {"submit_answer"},
    "approve_answer": {"approve_answer", "redo_answer"},
}
"""Element of the process: events a step of it leaves, one each."""


Line = dict[str, Any]


def violations(variables: dict[str, str], journals: Path) -> list[str]:
    """Every promise that was not kept, one sentence each; empty when all were."""
    config, told = Config.from_environment(variables), list(lines_in(journals))
    with running(config):
        found = [*told_twice(told), *broken_promises(told), *doubled()]
    return found + [str(finding) for finding in verify(config, now=datetime.now(UTC)).faults]


def told_twice(told: Iterable[Line]) -> Iterator[str]:
    """A step that two people, or one person twice, were told to have done was lost in between."""
    times_told = Counter((line["task"], line["act"]) for line in told if "task" in line)
    yield from (f"{act} of the step {task} was acknowledged {times} times" for (task, act), times in times_told.items() if times > 1)


def doubled() -> Iterator[str]:
    """What is there more than once, told or not."""
    yield from _doubled_reports()
    yield from _doubled_steps()


def broken_promises(told: Iterable[Line]) -> Iterator[str]:
    """What was acknowledged and is not there as it was sent."""
    for line in told:
        match line["act"]:
            case "file_report":
                yield from _check_report(line)
            case "rate":
                yield from _check_rating(line)
            case _:
                yield from _check_step(line)


def _check_report(line: Line) -> Iterator[str]:
    reports = db.session.scalars(select(Report).where(Report.code == line["code"])).all()
    if len(reports) != 1:
        yield f"report {line['code']} was acknowledged and is there {len(reports)} times"
        return
    kept = db.session.get(IdempotencyKey, line["key"])
    if kept is None or kept.result != reports[0].ref:
        yield f"report {line['code']}: its form's key leads elsewhere"
    if line["mark"] not in (original_words(reports[0]) or ""):
        yield f"report {line['code']} has other words than were sent"
    linked = db.session.scalars(select(Photo).where(Photo.report_id == reports[0].id, Photo.state == "linked")).all()
    yield from _check_photos(f"report {line['code']}", list(linked), line["photos"])


def _check_rating(line: Line) -> Iterator[str]:
    query = select(Rating.level).join(Report, Report.reporter_id == Rating.reporter_id).where(Rating.about == WHOLE)
    levels = db.session.scalars(query.where(Report.code == line["code"])).all()
    if list(levels) != [line["level"]]:
        yield f"the rating {line['level']} of {line['code']} was acknowledged, there is {levels}"


def _check_step(line: Line) -> Iterator[str]:
    what = f"{line['act']} by {line['who']}"
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == line["task"])).one_or_none()
    if task is None or task.state != "done" or task.done_by is None or task.done_by.login != line["login"]:
        yield f"{what} was acknowledged, its step is not done by that person"
        return
    counted = select(func.count()).where(StepFact.instance_id == task.instance_id, StepFact.engine_task == task.engine_task)
    facts = db.session.scalar(counted)
    if facts != 1:
        yield f"{what}: the step counts {facts} times"
    if line["photos"]:
        # of the version this step made: a later one has copies of what was carried over to it
        query = select(Photo).join(Answer, Photo.answer_id == Answer.id).where(Answer.assignment_id == task.assignment_id)
        query = query.where(Answer.submitted_at == task.done_at)
        found = [photo for photo in db.session.scalars(query.where(Photo.state == "linked")) if photo.sha256 in line["photos"]]
        yield from _check_photos(what, found, line["photos"])


def _check_photos(whose: str, photos: list[Photo], told: list[str]) -> Iterator[str]:
    if Counter(photo.sha256 for photo in photos) != Counter(told):
        yield f"{whose}: {len(told)} photos were acknowledged, {len(photos)} are there or others"
    store = current_app.extensions["file_store"]
    for photo in photos:
        original = copy_for(photo, "sealed", "original")
        if original is None:
            yield f"{whose}: a photo without its original"
            continue
        with open_copy(original, store=store) as file:
            if hashlib.sha256(file.read()).hexdigest() != photo.sha256:
                yield f"{whose}: the original of a photo is not what was sent"


def _doubled_reports() -> Iterator[str]:
    """Each form made one report, told or not: as many reports as keys, and no words twice."""
    keys = db.session.scalar(select(func.count()).where(IdempotencyKey.purpose.in_((FILED, CLIENT_FILED))))
    reports = db.session.scalars(select(Report)).all()
    if keys != len(reports):
        yield f"{keys} forms made {len(reports)} reports"
    for words, times in Counter(original_words(report) for report in reports).items():
        if times > 1:
            yield f"the report “{words}” is there {times} times"
    for report in reports:
        shas = [photo.sha256 for photo in db.session.scalars(select(Photo).where(Photo.report_id == report.id, Photo.state == "linked"))]
        if len(shas) != len(set(shas)):
            yield f"report {report.code} has a photo twice"


def _doubled_steps() -> Iterator[str]:
    """As many events of a kind as steps done, in every case, told or not."""
    steps = select(WaitingTask.case_id, WaitingTask.element).where(WaitingTask.state == "done")
    done = Counter((case_id, element) for case_id, element in db.session.execute(steps))
    told = select(Event.case_id, Event.type).where(Event.case_id.is_not(None))
    events = Counter((case_id, kind) for case_id, kind in db.session.execute(told))
    for case_id, code in db.session.execute(select(Case.id, Case.code)):
        for element, verbs in VERBS.items():
            recorded = sum(events[case_id, verb] for verb in verbs)
            if recorded != done[case_id, element]:
                yield f"case {code}: {done[case_id, element]} steps {element} are done, {recorded} events tell of it"
