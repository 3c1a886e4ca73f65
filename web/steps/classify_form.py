"""The classification form, for the step and for reclassifying."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from web.forms import NOTHING, Form
from web.task_page import at_most


class ClassifyForm(Form):
    """Field, urgency, complexity, place and whether the case may ever be public."""

    field = SelectField(_l("Field"))
    urgency = RadioField(
        _l("Urgency"), choices=[SelectChoice("normal", _l("Normal")), SelectChoice("urgent", _l("Urgent"))], default="normal"
    )
    complexity = RadioField(_l("Complexity"), default="ordinary")
    area = SelectField(_l("Commune"))
    village = StringField(_l("Village or street"), validators=[at_most(120)])
    visibility = SelectField(_l("Publication"), default=NOTHING)

    def is_complete(self) -> bool:
        """Whether a complete form was submitted; what is missing is shown next to it."""
        is_valid: bool = self.validate_on_submit()
        for choice in (self.field, self.area):
            if choice.data == NOTHING:
                choice.errors, is_valid = [_("Please choose one of the list.")], False
        return is_valid


def chosen_by_hand(is_unknown: bool, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A list that starts with an empty choice where nothing is known, since the first entry is no suggestion."""
    return [(NOTHING, _("Please choose")), *choices] if is_unknown else choices
