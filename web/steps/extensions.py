"""The steps in which an agency's request for more time is decided: by its own leader first, then by the centre or the committee."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from casework.assignments.extensions import DecideExtensionInput, EndorseExtensionInput, extensions_of, is_over, open_extension
from web.clock import now
from web.forms import Form
from web.task_page import Act, TaskPage, at_most
from workflows.running.doing import StepResult


class EndorseForm(Form):
    """Whether the leader supports the request."""

    endorsed = RadioField(
        _l("Decision"),
        choices=[SelectChoice("yes", _l("Endorse: the centre decides")), SelectChoice("no", _l("Do not endorse: the present day holds"))],
        validators=[InputRequired(_l("Please choose whether you endorse it."))],
    )
    words = TextAreaField(_l("Words to who asked"), validators=[at_most(2000)])


class DecideForm(Form):
    """Whether the time is granted."""

    granted = RadioField(
        _l("Decision"),
        choices=[SelectChoice("yes", _l("Grant it: the day moves")), SelectChoice("no", _l("Do not grant it: the present day holds"))],
        validators=[InputRequired(_l("Please choose whether the day moves."))],
    )
    words = TextAreaField(_l("Words to the agency"), validators=[at_most(2000)])


class ExtensionPage(TaskPage):
    """The base of both decisions: the requester, the reason, the present and requested days, and earlier requests."""

    def offer(self, field: RadioField) -> None:
        """Remove the choice that grants the time where the requested day has passed."""
        extension = open_extension(self.assignment)
        self.is_over = extension is not None and is_over(extension, self.case, now())
        if self.is_over:
            field.choices = [each for each in field.choices if each.value != "yes"]

    def context(self) -> dict[str, Any]:
        extension = open_extension(self.assignment)
        earlier = [each for each in extensions_of(self.case) if extension is None or each.id != extension.id]
        return {
            "assignment": self.assignment,
            "extension": extension,
            "is_over": self.is_over,
            "earlier": earlier,
            "agencies": {row.id: row.agency.short_name for row in self.case.assignments},
        }


class EndorsePage(ExtensionPage, element="endorse_extension"):
    """The agency's leader supports the officer's request, or ends it."""

    template = "steps/endorse_extension.html"
    form: EndorseForm

    def build(self) -> None:
        self.form = EndorseForm()
        self.offer(self.form.endorsed)

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("endorse_extension", EndorseExtensionInput(endorsed=self.form.endorsed.data == "yes", words=self.form.words.data or ""))

    def said(self, act: Act, result: StepResult) -> str:
        if result.outcome == "endorse":
            return str(_("The wish is endorsed and goes on to be decided."))
        return str(_("The wish is not endorsed; the present day holds."))


class DecidePage(ExtensionPage, element="decide_extension"):
    """The operations lead or the committee leader decides."""

    template = "steps/decide_extension.html"
    form: DecideForm

    def build(self) -> None:
        self.form = DecideForm()
        self.offer(self.form.granted)

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("decide_extension", DecideExtensionInput(granted=self.form.granted.data == "yes", words=self.form.words.data or ""))

    def said(self, act: Act, result: StepResult) -> str:
        return str(_("More time is granted.") if result.outcome == "grant" else _("More time is not granted; the present day holds."))
