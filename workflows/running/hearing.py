"""Which acts a case's model can hear of: an act no event waits for is refused, since the case would otherwise be stuck."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from casework.casefile.possible_acts import PossibleAct, possible_acts
from casework.db import db, kept_for_step
from casework.errors import CaseworkError
from casework.models import Assignment, Case, Publication
from casework.permissions import Actor
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.parsed import definition_by, definition_of
from workflows.definitions.process import Definition
from workflows.facts import Fact
from workflows.models import ProcessInstance, ProcessVersion
from workflows.running.case_rows import held_instances

_VERSION, _INSTANCE = ProcessVersion.__table__, ProcessInstance.__table__
_VERSION_OF_CASE = (
    select(_VERSION.c.id, _VERSION.c.sha256)
    .join_from(_VERSION, _INSTANCE, _INSTANCE.c.version_id == _VERSION.c.id)
    .where(_INSTANCE.c.case_id == bindparam("case"), _INSTANCE.c.assignment_id.is_(None))
    .limit(1)
)


class ActNotInModel(CaseworkError):
    """The version a case runs on has no event for the effect of the act."""

    def __init__(self, version: ProcessVersion, fact: Fact) -> None:
        super().__init__(
            f"Hồ sơ này chạy theo bản quy trình {version.number}, bản đó chưa có phần “{fact.label.vi}” nên chưa làm được việc này.",
            f"This case runs on version {version.number} of the process, which has no part “{fact.label.en}” yet, so this cannot be done.",
        )


def acts_to_offer(
    case: Case, by: Actor, now: datetime, *, publications: Sequence[Publication] | None = None, version: ProcessVersion | None = None
) -> list[PossibleAct]:
    """Return the acts a person may do with a case now, apart from its steps, without those its model would not hear of.

    Pass the `publications` of the case and the `version` it runs on if they have been read already.
    """
    possible = possible_acts(case, by, now, publications=publications)
    unheard: frozenset[str] = frozenset()
    if possible:
        unheard = unheard_in(version) if version is not None else unheard_acts(case.id)
    return [each for each in possible if each.verb not in unheard]


def unheard_acts(case_id: int, *, bindings: Bindings = BINDINGS) -> frozenset[str]:
    """Return the verbs that are refused whatever is typed, because the case's model has no event for them."""
    version: ProcessVersion | None = kept_for_step().get(("version", case_id))
    if version is not None:
        return unheard_in(version, bindings=bindings)
    key: tuple[int, str] | None = kept_for_step().get(("version key", case_id))
    if key is None:
        row = db.session.execute(_VERSION_OF_CASE, {"case": case_id}).first()
        key = (row.id, row.sha256) if row is not None else None
    return _unheard(definition_by(*key), bindings) if key is not None else frozenset()


def unheard_in(version: ProcessVersion, *, bindings: Bindings = BINDINGS) -> frozenset[str]:
    """Return those verbs for cases on a version."""
    return _unheard(definition_of(version), bindings)


def _unheard(definition: Definition, bindings: Bindings) -> frozenset[str]:
    messages = definition.messages
    return frozenset(verb for verb, needed in bindings.needs.items() if not messages.issuperset(needed))


@contextmanager
def heard_in(case: Case, verb: str, assignment: Assignment | None, *, bindings: Bindings = BINDINGS) -> Iterator[None]:
    """Context in which an act happens if the model hears of what it changes. Raises ActNotInModel, before the act or after."""
    version = _version_of(case, assignment) if verb in {*bindings.needs, *bindings.may_need} else None
    if version is None:
        yield
        return
    refuse_unheard(version, verb, bindings=bindings)
    unheard = [name for name in bindings.may_need.get(verb, ()) if name not in definition_of(version).messages]
    subject = assignment or case
    held = {name for name in unheard if bindings.facts[name](subject) is not None}
    yield
    if unheard:
        db.session.flush()
    for name in unheard:
        if name not in held and bindings.facts[name](subject) is not None:
            raise ActNotInModel(version, bindings.facts[name])


def refuse_unheard(version: ProcessVersion, verb: str, *, bindings: Bindings = BINDINGS) -> None:
    """Raise ActNotInModel if the version has no event for what a verb always leads to."""
    messages = definition_of(version).messages
    for name in bindings.needs.get(verb, ()):
        if name not in messages:
            raise ActNotInModel(version, bindings.facts[name])


def hold_version(case: Case, version: ProcessVersion) -> None:
    """Keep the version of a case while a page is read."""
    kept_for_step()["version", case.id] = version


def hold_version_key(case: Case, version_id: int, sha256: str) -> None:
    """Keep which version a case runs on, where the version itself is not read."""
    kept_for_step()["version key", case.id] = version_id, sha256


def _version_of(case: Case, assignment: Assignment | None) -> ProcessVersion | None:
    """The version of a case, or of an agency's work, which keeps its own when its case is merged into another."""
    if assignment is None and (held := kept_for_step().get(("version", case.id))) is not None:
        version: ProcessVersion = held
        return version
    about_it = [row for row in held_instances(case) if row.assignment_id in (None, assignment.id if assignment else None)]
    if about_it:
        return max(about_it, key=lambda row: row.assignment_id is not None).process_version
    own, about = ProcessInstance.assignment_id.is_(None), ProcessInstance.assignment_id == (assignment.id if assignment else None)
    query = select(ProcessVersion).join(ProcessInstance, ProcessInstance.version_id == ProcessVersion.id)
    query = query.where(ProcessInstance.case_id == case.id, or_(own, about)).order_by(own)
    return db.session.scalars(query.limit(1)).first()
