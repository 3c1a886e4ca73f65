"""The base class for the page of one act outside the steps: what it does, its form, and the act to perform when it is submitted."""

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import request
from flask_babel.speaklater import LazyString
from wtforms import Field, HiddenField

from casework.casefile.possible_acts import PossibleAct
from casework.models import Assignment, Case, Publication, Report
from casework.permissions import Action
from casework.steps.ready_texts import Purpose
from casework.verbs import Input, action_of
from web.forms import Form
from web.steps.ready_texts import has_put_text
from web.task_page import Act

CASE, AGENCY, PUBLICATION = "case", "agency", "publication"
"""What an act is about: how the links to it are grouped."""

ACT_PAGES: dict[str, type["ActPage"]] = {}
"""One page per act of members of staff outside the steps, by the verb its class names."""


class ActPage:
    """The page of one verb. Subclasses say what it does and build a form; the template lists the fields in their order.

    `what` says in one sentence what happens, `then` what follows: what becomes of the limits, who is told. `act` reads what was
    sent and returns None when the page is to be shown again (as web.task_page.TaskPage.act). Raises LookupError where the act is
    about an agency, a publication or a report and none is named. `is_other_way`: done in place of a waiting step, and offered on its
    page; otherwise the act does not replace a step.
    """

    verb: ClassVar[str]
    label: ClassVar[LazyString]
    what: ClassVar[LazyString]
    then: ClassVar[tuple[LazyString, ...]] = ()
    button: ClassVar[LazyString]
    done: ClassVar[LazyString]
    icon: ClassVar[str]
    about: ClassVar[str] = CASE
    is_danger: ClassVar[bool] = False
    is_other_way: ClassVar[bool] = True
    is_of_assignment: ClassVar[bool] = False
    ready: ClassVar[Mapping[str, Purpose]] = {}
    """Fields for which texts are ready."""
    template: ClassVar[str] = "steps/acts/act.html"
    form: Form

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "verb" in vars(cls):
            ACT_PAGES[cls.verb] = cls

    @classmethod
    def action(cls) -> Action:
        """The permission needed, from the verb's row. Raises LookupError where the verb has none."""
        action = action_of(cls.verb)
        if action is None:
            raise LookupError(cls.verb)
        return action

    def __init__(self, case: Case, subject: PossibleAct) -> None:
        self.case = case
        self.subject = subject
        self.is_unfinished = False
        self.refusals: list[str] = []
        self.build()

    def build(self) -> None:
        """Make the form with its choices."""
        self.form = Form()

    def act(self) -> Act | None:
        """Return what to perform, None to show the page again."""
        if self.is_text_put():
            return None
        return Act(self.verb, self.given()) if self.form.validate_on_submit() else None

    def is_text_put(self) -> bool:
        """Whether the form was sent to have a text put into it."""
        self.is_unfinished = has_put_text(self.form, self.case, self.ready)
        return self.is_unfinished

    def given(self) -> Input | None:
        """Return what is filled in, as the use case takes it; None where there is nothing to fill in. A text nobody sent is empty."""
        return None

    def context(self) -> dict[str, Any]:
        """Return the template's values in addition to the form."""
        return {}

    def said(self) -> str:
        """Return the sentence shown afterwards."""
        return str(self.done)

    @property
    def fields(self) -> list[Field]:
        """What is to be filled in, in order."""
        return [field for field in self.form if not isinstance(field, HiddenField)]

    @property
    def follows(self) -> list[str]:
        """What follows from the act, in sentences."""
        return [str(words) for words in self.then]

    @property
    def chosen(self) -> str:
        """The value of the button that was pressed."""
        return request.form.get("act", "")


class AgencyActPage(ActPage):
    """An act about the work of one agency."""

    about = AGENCY
    is_of_assignment = True

    def __init__(self, case: Case, subject: PossibleAct) -> None:
        if subject.assignment is None:
            raise LookupError("no agency is named")
        self.assignment: Assignment = subject.assignment
        super().__init__(case, subject)


class PublicationActPage(ActPage):
    """An act about a publication or a private answer."""

    about = PUBLICATION

    def __init__(self, case: Case, subject: PossibleAct) -> None:
        if subject.publication is None:
            raise LookupError("no publication is named")
        self.publication: Publication = subject.publication
        super().__init__(case, subject)


class ReportActPage(ActPage):
    """An act about one report of a case that has several."""

    def __init__(self, case: Case, subject: PossibleAct) -> None:
        if subject.report is None:
            raise LookupError("no report is named")
        self.report: Report = subject.report
        super().__init__(case, subject)
