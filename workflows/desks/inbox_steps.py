"""The rows of the inbox: a waiting step and its case, with what the list shows of them and no more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.lateness import is_late
from casework.states import Standstill, standstill_of
from workflows.definitions.parsed import definition_by
from workflows.element_settings import label_on
from workflows.models.running import FAR


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff by row and name."""

    id: int
    full_name: str | None


@dataclass(frozen=True, slots=True)
class NamedAgency:
    name: Bilingual
    short_name: Bilingual


@dataclass(frozen=True, slots=True)
class StepCase:
    """The case of a listed step. `words` are those of its report as sealed, read only for readers of the original."""

    id: int
    code: str
    ref: str
    centre_id: int
    area_id: int | None
    state: str
    source: str
    title: str | None
    urgency: str
    village: str | None
    visibility_reason_id: int | None
    quarantined_at: datetime | None
    unconfirmed_since: datetime | None
    paused_for: str | None
    paused_until: datetime | None
    reopened: int
    is_unconfirmed: bool
    area: Bilingual | None
    lead_agency: NamedAgency | None
    words: bytes | None
    is_part: bool = False
    is_divided: bool = False
    """Whether it is a part of another case, or has or had parts itself."""

    @property
    def is_urgent(self) -> bool:
        return self.urgency == "urgent"

    @property
    def standstill(self) -> Standstill | None:
        return standstill_of(self.state, self.paused_for)


@dataclass(frozen=True, slots=True)
class InboxStep:
    """A waiting step. `agency` is the one it is asked of; `claimed_by` has claimed it, whether that still counts or not; `pressed_by` has
    done it and can still take it back."""

    id: int
    ref: str
    element: str
    desk: str
    state: str
    urgent: bool
    due_at: datetime
    entered_at: datetime
    claimed_at: datetime | None
    assignment_id: int | None
    label: Bilingual
    agency: NamedAgency | None
    claimed_by: Colleague | None
    assigned_by: Colleague | None
    case: StepCase
    pressed_by: str | None = None
    is_talked_to: bool = False
    """Whether an exchange about it holds something new for its desk."""

    @property
    def case_id(self) -> int:
        return self.case.id

    @property
    def limit(self) -> datetime | None:
        """The instant from which the step is late; None when no limit runs for it."""
        return None if self.due_at == FAR else self.due_at

    def is_late(self, now: datetime) -> bool:
        """As workflows.models.WaitingTask.is_late."""
        return is_late(self.due_at, now) and not self.case.is_unconfirmed


@dataclass(frozen=True, slots=True)
class ListedStep:
    """A row of `inbox_statements.page`: whether its claim counts, it was reported urgent, and it stands before all others."""

    step: InboxStep
    is_held: bool
    is_reported: bool
    is_first: bool


def listed_step(row: Any) -> ListedStep:
    """Read a row of `inbox_statements.page`, whose columns these are."""
    (
        id_, ref, element, desk, state, urgent, due_at, entered_at, claimed_at, assignment_id, version_id, sha256,
        own_vi, own_en, own_short_vi, own_short_en, holder_id, holder_name, giver_id, giver_name, is_held, is_reported,
        pressed_by, is_first, words, case_id, code, case_ref, centre_id, area_id, case_state, source, title, urgency, village, reason_id,
        quarantined_at, unconfirmed_since, paused_for, paused_until, reopened, is_unconfirmed, area_vi, area_en,
        lead_vi, lead_en, lead_short_vi, lead_short_en, is_part, is_divided, is_talked_to,
    ) = row  # fmt: skip
    case = StepCase(
        case_id, code, case_ref, centre_id, area_id, case_state, source, title, urgency, village, reason_id,
        quarantined_at, unconfirmed_since, paused_for, paused_until, reopened, bool(is_unconfirmed),
        Bilingual(area_vi, area_en) if area_vi is not None else None, _agency(lead_vi, lead_en, lead_short_vi, lead_short_en), words,
        bool(is_part), bool(is_divided),
    )  # fmt: skip
    step = InboxStep(
        id_, ref, element, desk, state, urgent, due_at, entered_at, claimed_at, assignment_id,
        label_of(element, version_id, sha256, centre_id, entered_at), _agency(own_vi, own_en, own_short_vi, own_short_en),
        _colleague(holder_id, holder_name), _colleague(giver_id, giver_name), case, pressed_by, bool(is_talked_to),
    )  # fmt: skip
    return ListedStep(step, bool(is_held), bool(is_reported), bool(is_first))


def label_of(element: str, version_id: int, sha256: str, centre_id: int, entered_at: datetime) -> Bilingual:
    """The label of a step: as set for the day it began to wait, else as in the diagram; the element's id where that has none."""
    found = definition_by(version_id, sha256).elements.get(element)
    return label_on(found, centre_id, entered_at) if found is not None else Bilingual(element, element)


def _agency(vi: str | None, en: str | None, short_vi: str | None, short_en: str | None) -> NamedAgency | None:
    if vi is None or en is None or short_vi is None or short_en is None:
        return None
    return NamedAgency(Bilingual(vi, en), Bilingual(short_vi, short_en))


def _colleague(id_: int | None, name: str | None) -> Colleague | None:
    return Colleague(id_, name) if id_ is not None else None
