"""What a walk has left, read from the rows and from the functions the pages read, in the words of tests.scenarios.way."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select

from casework.db import db
from casework.findings import Finding, one_moment
from casework.models import Case, Clock, Event, OutboxMessage, Publication, Report, Reporter
from casework.public.cases import code_of_case, public_case, public_items, public_list
from casework.public.filters import PublicFilter
from casework.reporters.report import own_report
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests.build import World
from tests.scenarios.way import Limit, Look, Row, local
from workflows import engine
from workflows.definitions.parsed import definition_of
from workflows.desks.inbox import waiting_in_case
from workflows.models import ProcessInstance
from workflows.verification import check_process

FLAGS = (
    "paused_for", "paused_until", "held_reason", "hotline_owed", "withdrawal_asked", "has_unread_words", "merged_into_id", "quarantined_at",
)  # fmt: skip
PROMISES = ("report_classified", "due_moved", "due_sooner", "report_reopened")
REACHED = TaskState.COMPLETED | TaskState.READY | TaskState.WAITING | TaskState.STARTED | TaskState.CANCELLED


def looked_at(world: World, cases: Mapping[str, Case], of: str, report: Report, now: datetime) -> Look:
    """Look at a case with the eyes of staff, of the public, on its page and in its lists, and of the sender of `report`."""
    db.session.expire_all()
    case = cases[of]
    tasks = {
        f"{row.element} {_desk(world, row.desk)}" if row.state == "waiting" else f"({row.element} {_desk(world, row.desk)})"
        for row in waiting_in_case(case.id, with_frozen=True)
    }
    shown = public_case(case.code)
    listed = public_items([case.id])
    assert listed == ([shown.item] if shown else []), "a list and the page of a case tell the public different things"
    answering = case.merged_into or case
    assert code_of_case(report.code) == (answering.code if public_case(answering.code) else None)
    own = own_report(report, now=now).label.vi
    for name, each in cases.items():
        own = own.replace(each.code, f"«{name}»")
    return Look(
        state=case.state, tasks=frozenset(tasks), public=shown.item.progress.label.vi if shown else None, owner=own,
        published=_kind_published(case) if shown and shown.question else None, due=local(case.due_at),
    )


def is_listed(case: Case) -> bool:
    """Whether the public finds a case on the first page of the list: those of a way are the newest when it has been walked."""
    return any(item.code == case.code for item in public_list(PublicFilter()).items)


def row_of(case: Case) -> Row:
    """The case's own row."""
    return Row(
        state=case.state, closed=local(case.closed_at), answered=local(case.answered_at), is_public=case.is_public, reopened=case.reopened,
        urgency=case.urgency, lead=case.lead_agency.key if case.lead_agency else None,
        flags=frozenset(name for name in FLAGS if getattr(case, name)),
    )


def limits_of(case: Case) -> list[Limit]:
    """Every clock of a case; of the rating window it means nothing whether it ended late."""
    agencies = {row.id: row.agency.key for row in case.assignments}
    found = []
    for clock in db.session.scalars(select(Clock).where(Clock.case_id == case.id)):
        late = bool(clock.ended_late if clock.ended_at else clock.is_late(clock.ended_at or clock.started_at)) and clock.kind != "rating"
        pauses = tuple((pause.reason, local(pause.since) or "", local(pause.until)) for pause in clock.pauses)
        agency, promised = agencies.get(clock.assignment_id or 0, ""), local(clock.first_due_at) if clock.extended_at else None
        found.append(Limit(clock.kind, agency, clock.round, local(clock.due_at), local(clock.ended_at), late, pauses, promised))
    return sorted(found, key=repr)


def assignments_of(case: Case) -> list[str]:
    """In the order they were given."""
    return [
        f"{row.agency.key} {row.slot} {row.state}/{row.end_reason or '-'}" + (f" round {row.round}" if row.round else "")
        for row in case.assignments
    ]


def messages_of(world: World, case: Case) -> list[str]:
    """Every message about a case that was not withdrawn."""
    query = select(OutboxMessage).where(OutboxMessage.case_id == case.id, OutboxMessage.dropped_at.is_(None))
    return sorted(f"{message.template} {_recipient(world, message.recipient)}" for message in db.session.scalars(query))


def promised_to(case: Case) -> str | None:
    """The day last told to a sender of the case."""
    query = select(OutboxMessage.parameters).where(OutboxMessage.case_id == case.id, OutboxMessage.template.in_(PROMISES))
    told = db.session.scalars(query.order_by(OutboxMessage.id.desc())).first()
    return local(datetime.fromisoformat(told["due_at"])) if told else None


def events_of(case: Case) -> list[str]:
    """The types of what happened, in order."""
    return list(db.session.scalars(select(Event.type).where(Event.case_id == case.id).order_by(Event.seq)))


def passed_by(case: Case) -> set[str]:
    """Elements that tokens of a case's processes have left, and flows they have taken, those that only listen included."""
    passed: set[str] = set()
    for instance in db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)):
        definition = definition_of(instance.process_version)
        for task in engine.unpack(instance.state, definition.specs[instance.process_id]).get_tasks(state=REACHED):
            name = task.task_spec.name
            if task.state == TaskState.COMPLETED and name in definition.elements:
                passed.add(name)
            before = task.parent
            while before is not None and before.task_spec.name not in definition.elements:
                before = before.parent
            if before is not None and before.state == TaskState.COMPLETED:
                passed |= {definition.flows[way] for way in [(before.task_spec.name, name)] if way in definition.flows}
    return passed


def ends_of(case: Case) -> set[str]:
    """The end events of the case's own process that were reached."""
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id, ProcessInstance.assignment_id.is_(None))
    instance = db.session.scalars(query).one()
    definition = definition_of(instance.process_version)
    ends = {element.id for element in definition.elements.values() if element.kind == "endEvent"}
    workflow = engine.unpack(instance.state, definition.specs[instance.process_id])
    return {task.task_spec.name for task in workflow.get_tasks(state=TaskState.COMPLETED)} & ends


def findings(now: datetime) -> set[tuple[str, str]]:
    """What `langbiang verify` says of chains, cases and processes."""
    found: set[tuple[str, str]] = set()
    for check in (check_chains, lambda: check_cases(now=now), check_process):
        with one_moment():
            found |= {_named(finding) for finding in check()}
    return found


def _named(finding: Finding) -> tuple[str, str]:
    return finding.check, f"{finding.subject}: {finding.text.en}"


def _kind_published(case: Case) -> str | None:
    query = select(Publication.kind).where(Publication.case_id == case.id, Publication.unpublished_at.is_(None))
    return db.session.scalars(query.where(Publication.kind != "private").order_by(Publication.number.desc())).first()


def _desk(world: World, desk: str) -> str:
    """`operator@c1` is "operator", `officer@a3` "officer PTNMT"."""
    role, _, place = desk.partition("@")
    agencies = {f"a{row.id}": key for key, row in world.agencies.items()}
    return f"{role} {agencies[place]}" if place in agencies else role


def _recipient(world: World, recipient: str) -> str:
    kind, _, rest = recipient.partition(":")
    if kind == "desk":
        return _desk(world, rest)
    account_id = db.session.get_one(Reporter, int(rest)).account_id if kind == "reporter" else int(rest)
    return next((name for name, account in world.people.items() if account.id == account_id), "nobody")
