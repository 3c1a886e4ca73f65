"""What the page of one step has to say: its form, what stands beside it, and what is performed when it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from casework.errors import CaseworkError
from casework.models import Assignment, Case
from web.forms import Form
from workflows.models import WaitingTask
from workflows.running.steps import StepResult


class MissingAssignment(CaseworkError):
    """The step belongs to an agency's work, but no agency stands behind it."""

    def __init__(self) -> None:
        super().__init__("Bước này không gắn với đơn vị nào.", "No agency stands behind this step.")


@dataclass(frozen=True)
class Act:
    """What is to be performed: the verb chosen, and what its use case takes."""

    verb: str
    form: Mapping[str, Any] = field(default_factory=dict)


class TaskPage:
    """The page of one element of the process. Subclasses name a template and build a form.

    `act` reads what was sent. It does what is slow (pictures) before the unit of work, and returns None when the page is to
    be shown again: because something is missing, or because the person asked for a preview or sent photos only
    (`is_unfinished`, which is no error).
    """

    template: ClassVar[str]
    form: Form

    def __init__(self, task: WaitingTask) -> None:
        self.task = task
        self.case: Case = task.case
        self.is_unfinished = False
        self.refusals: list[str] = []
        self.build()

    def build(self) -> None:
        """Make the form with its choices."""
        self.form = Form()

    def restored(self) -> None:
        """Bring back what the form alone does not show, when the page was built from a draft."""

    def shown_beside(self) -> list[tuple[str, str]]:
        """Return what stands, when the page is opened, in fields that are none of the form: no draft is made of it alone."""
        return []

    def keep_files(self) -> None:
        """Keep the files that came with a form which is only to be kept as a draft. Those that cannot be kept are `refusals`."""

    def act(self) -> Act | None:
        """Return what to perform, None to show the page again."""
        raise NotImplementedError

    def context(self) -> dict[str, Any]:
        """Return what the template shows beside the form."""
        return {}

    def said(self, act: Act, result: StepResult) -> str:
        """Return the sentence shown after the step."""
        return str(_("Done."))

    @property
    def assignment(self) -> Assignment:
        """The agency's work the step belongs to. Raises MissingAssignment."""
        if self.task.assignment is None:
            raise MissingAssignment
        return self.task.assignment

    @property
    def chosen(self) -> str:
        """The verb of the button that was pressed."""
        return request.form.get("act", "")


def at_most(longest: int) -> Length:
    """A field of at most that many characters, as the sentence says."""
    return Length(max=longest, message=_l("At most %(max)d characters are taken."))
