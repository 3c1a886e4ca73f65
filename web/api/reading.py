"""What is read: who am I, cases and their history, assignments and their answers."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.casefile.history import staff_steps
from casework.casefile.views import answers_seen, matter_seen
from casework.db import db
from casework.doors.api.within import (
    AssignmentsWanted,
    CasesWanted,
    Page,
    TooMany,
    assignment_found,
    assignments_found,
    case_found,
    cases_found,
)
from casework.doors.fields.asked import OF_ASSIGNMENTS, OF_CASES, PAGE
from casework.doors.fields.cases import ANSWER, ASSIGNMENT, CASE, STEP, named
from casework.doors.fields.told import Seen, Thing
from casework.doors.fields.who import WHO
from casework.doors.limits import ACTS, READS, REPORTS_A_DAY, REPORTS_AN_HOUR
from casework.models import Agency, Centre
from casework.permissions import Action
from web.addresses import on_the_web
from web.api.asking import parameters, wanted
from web.api.cursors import cursor_after, ref_after
from web.api.door import answered
from web.api.problems import Refused
from web.api.routes import CURSOR, LIMIT, answers
from web.clock import now
from web.door_keys import known_caller

ROWS = 50


@answers("/", Action.READ_PUBLIC,
         Bilingual("Tôi là ai: quyền, hạn và giới hạn của khóa.", "Who am I: scopes, expiry and limits of the key."), WHO, any_scope=True)
def who() -> ResponseReturnValue:
    parameters(())
    by = known_caller()
    agreed = {REPORTS_AN_HOUR.name: by.reports_an_hour, REPORTS_A_DAY.name: by.reports_a_day}
    limits = [(each.name, agreed.get(each.name) or each.allowed, int(each.window.total_seconds()))
              for each in (READS, ACTS, REPORTS_AN_HOUR, REPORTS_A_DAY)]  # fmt: skip
    beside = {
        "centre": named(db.session.get_one(Centre, by.centre_id)),
        "agency": named(db.session.get_one(Agency, by.agency_id)) if by.agency_id is not None else None,
        "limits": [Seen(each, by.actor, frozenset()) for each in limits],
    }
    return answered(WHO.told(Seen(by, by.actor, frozenset(), beside)))


@answers("/assignments", Action.READ_INBOX, Bilingual("Việc được giao cho đơn vị, mới nhất trước.",
                                                      "The agency's assignments, newest first."),
         ASSIGNMENT, is_list=True, filters=(*PAGE, *OF_ASSIGNMENTS))  # fmt: skip
def assignments() -> ResponseReturnValue:
    asked = parameters((*PAGE, *OF_ASSIGNMENTS))
    return listed(ASSIGNMENT, asked, lambda page: assignments_found(wanted(AssignmentsWanted, asked), page, caller=known_caller()))


@answers("/assignments/<ref>", Action.READ_INBOX, Bilingual("Một việc được giao.", "One assignment."), ASSIGNMENT)
def assignment(ref: str) -> ResponseReturnValue:
    parameters(())
    return answered(ASSIGNMENT.told(assignment_here(ref)))


@answers("/assignments/<ref>/answers", Action.READ_INBOX,
         Bilingual("Các bản trả lời của đơn vị, ý kiến và yêu cầu làm lại.", "The agency's versions, verdicts and what to do again."),
         ANSWER, is_list=True)  # fmt: skip
def assignment_answers(ref: str) -> ResponseReturnValue:
    parameters(())
    seen = assignment_here(ref)
    versions = answers_seen([seen.row], seen.by)[seen.row.id]
    return answered({"items": [ANSWER.told(Seen(each, seen.by, seen.sights)) for each in versions], "next": None})


@answers("/cases", Action.SEARCH_CASES, Bilingual("Các hồ sơ tài khoản được tìm, mới nhất trước.",
                                                  "The cases the account may find, newest first."),
         CASE, is_list=True, filters=(*PAGE, *OF_CASES))  # fmt: skip
def cases() -> ResponseReturnValue:
    asked = parameters((*PAGE, *OF_CASES))
    try:
        return listed(CASE, asked, lambda page: cases_found(wanted(CasesWanted, asked), page, caller=known_caller(), now=now()))
    except TooMany:
        raise Refused("narrow") from None


@answers("/cases/<ref>", Action.READ_CASE, Bilingual("Một hồ sơ.", "One case."), CASE)
def case(ref: str) -> ResponseReturnValue:
    parameters(())
    seen = case_here(ref)
    reports, by_assignment = matter_seen(seen.row, seen.by)
    versions = [each for assignment in seen.row.assignments for each in by_assignment[assignment.id]]
    return answered(CASE.told(Seen(seen.row, seen.by, seen.sights, (reports, versions))))


@answers("/cases/<ref>/history", Action.READ_CASE, Bilingual("Các bước của hồ sơ, mới nhất trước, không kèm nội dung.",
         "The steps of a case, newest first, without contents."), STEP, is_list=True)  # fmt: skip
def history(ref: str) -> ResponseReturnValue:
    parameters(())
    seen = case_here(ref)
    steps = staff_steps(seen.row, by=seen.by)
    return answered({"items": [STEP.told(Seen(each, seen.by, seen.sights)) for each in steps], "next": None})


def assignment_here(ref: str) -> Seen:
    """An assignment within what the caller sees. Raises NotFound."""
    found = assignment_found(ref, caller=known_caller())
    if found is None:
        raise NotFound
    return found


def case_here(ref: str) -> Seen:
    """A case within what the caller sees. Raises NotFound."""
    found = case_found(ref, caller=known_caller())
    if found is None:
        raise NotFound
    return found


def listed(thing: Thing, asked: Mapping[str, Any], find: Callable[[Page], list[Seen]]) -> Response:
    """A page of a list, and where it goes on."""
    filters = {name: value for name, value in asked.items() if name not in (LIMIT, CURSOR)}
    rule = str(request.url_rule)
    size = asked.get(LIMIT, ROWS)
    after = ref_after(asked[CURSOR], rule, filters) if CURSOR in asked else None
    found = find(Page(limit=size, after=after))
    cursor = cursor_after(found[size - 1].row.ref, rule, filters) if len(found) > size else None
    headers = []
    if cursor is not None:
        query = urlencode([*((name, value) for name, value in request.args.items() if name != CURSOR), (CURSOR, cursor)])
        headers.append(("Link", f'<{on_the_web(url_for(request.endpoint or ""))}?{query}>; rel="next"'))
    return answered({"items": [thing.told(each, in_list=True) for each in found[:size]], "next": cursor}, headers=headers)
