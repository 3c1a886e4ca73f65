"""The base class for the page of one step: its form, the template's context, and the act to perform when it is submitted."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.models import Assignment, Case
from casework.verbs import Input
from web.clock import now
from web.forms import Form
from web.guards import actor
from workflows.desks.inbox import Position
from workflows.models import WaitingTask
from workflows.running.doing import StepResult
from workflows.running.steps import same_person_words


class MissingAssignment(CaseworkError):
    """The step's page is about an agency's work, but the step has no assignment."""

    def __init__(self) -> None:
        super().__init__("Bước này không gắn với đơn vị nào.", "No agency stands behind this step.")


@dataclass(frozen=True)
class Act:
    """The act to perform: the chosen verb, and what was filled in for it."""

    verb: str
    given: Input | None = None


STEP_PAGES: dict[str, type["TaskPage"]] = {}
"""One page per step of the shipped model, by the element its class names."""


class TaskPage:
    """The page of one element of the process. Subclasses name the element and a template, and build a form.

    `act` reads the submission and returns None when the page is to be shown again: because something is missing, or because the person
    only asked for a preview or sent photos (`is_unfinished`, which is no error). Where it writes or does slow work (pictures), which it
    must not do while the case is locked, `works_before_lock` says so.
    """

    template: ClassVar[str]
    form: Form

    def __init_subclass__(cls, *, element: str = "") -> None:
        super().__init_subclass__()
        if element:
            STEP_PAGES[element] = cls

    def __init__(self, task: WaitingTask) -> None:
        self.task = task
        self.case: Case = task.case
        self.place = Position(task.due_at, task.id)        # in the queue, before the act changes its limit
        self.is_unfinished = False
        self.refusals: list[str] = []
        self.build()

    def build(self) -> None:
        self.form = Form()

    @classmethod
    def works_before_lock(cls) -> bool:
        """Whether this submission is read before the case is locked: it brings files, has copies of photos made, or only asks to be shown
        more."""
        return any(file.filename for file in request.files.values())

    def restored(self) -> None:
        """Restore what the form alone does not show, when the page was built from a draft."""

    def initial_fields(self) -> list[tuple[str, str]]:
        """The initial values of fields outside the form, so that these alone make no draft."""
        return []

    def keep_files(self) -> None:
        """Keep the files of a form that is only saved as a draft; refused files are added to `refusals`."""

    def act(self) -> Act | None:
        """Return the act to perform, None to show the page again."""
        raise NotImplementedError

    def then(self, act: Act) -> Act | None:
        """What was chosen along with the act, for the step of its case that this opens."""
        return None

    def context(self) -> dict[str, Any]:
        """Return the template's values in addition to the form."""
        return {}

    def said(self, act: Act, result: StepResult) -> str:
        """Return the sentence shown after the step."""
        return str(_("Done."))

    @cached_property
    def barred(self) -> Bilingual | None:
        """Why the person may not do the step: what they did, or who did which step before it."""
        return same_person_words(self.task, actor(), now=now())

    @property
    def assignment(self) -> Assignment:
        """The assignment the step belongs to. Raises MissingAssignment."""
        if self.task.assignment is None:
            raise MissingAssignment
        return self.task.assignment

    @property
    def chosen(self) -> str:
        return request.form.get("act", "")


def at_most(longest: int) -> Length:
    """A length validator whose message names the limit."""
    return Length(max=longest, message=_l("At most %(max)d characters are taken."))
