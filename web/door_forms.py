"""The forms of service accounts and their keys."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput

from casework.doors.accounts import BY_CODE, LONGEST_NAME, LONGEST_NUMBER, LONGEST_PURPOSE, PARTNER, PROVEN
from casework.setting_events import LONGEST_REASON
from web.forms import Form
from web.task_page import at_most

LONGEST_NETWORKS = 1_000
CONTACT_WORDS = {
    BY_CODE: _l("The sender, by a code we send"), PROVEN: _l("Its operator, before it files"),
    PARTNER: _l("Nobody: it keeps the contact, and tells and asks its people itself"),
}  # fmt: skip


class KeyForm(Form):
    """What a key may be bound to."""

    networks = TextAreaField(
        _l("Only from these networks"), validators=[at_most(LONGEST_NETWORKS)],
        description=_l("As 203.0.113.0/24, one a line. Empty: from everywhere."),
    )  # fmt: skip
    days = IntegerField(_l("The key lasts (days)"), validators=[Optional()])
    reason = StringField(_l("Reason"), validators=[InputRequired(), at_most(LONGEST_REASON)])

    def given(self) -> dict[str, Any]:
        return {"days": self.days.data, "networks": [self.networks.data or ""]}


class AccountForm(Form):
    """What an account is, whose, and what it may do."""

    name = StringField(_l("Name of the system"), validators=[InputRequired(), at_most(LONGEST_NAME)])
    purpose = TextAreaField(_l("What it is for"), validators=[InputRequired(), at_most(LONGEST_PURPOSE)])
    owner = SelectField(
        _l("Who is told of all that concerns it"), validators=[InputRequired()], validate_choice=False,
        description=_l("A person who works here and can be reached."),
    )  # fmt: skip
    scopes = SelectMultipleField(
        _l("What it may do"), validators=[InputRequired()], option_widget=CheckboxInput(), validate_choice=False,
        description=_l("Give it no more than it needs."),
    )  # fmt: skip
    agreement_number = StringField(_l("Number of the agreement"), validators=[at_most(LONGEST_NUMBER)])
    agreement_on = StringField(_l("Day of the agreement"), validators=[at_most(20)])
    reports_an_hour = IntegerField(_l("Reports an hour, as agreed"), validators=[Optional()])
    reports_a_day = IntegerField(_l("Reports a day, as agreed"), validators=[Optional()])
    contact_mode = RadioField(
        _l("Who proves the contact of a sender"), validate_choice=False, default=BY_CODE, choices=list(CONTACT_WORDS.items())
    )
    extended_statuses = BooleanField(_l("Tell it the steps in FixMyStreet's words"))
    photo_hosts = TextAreaField(
        _l("Hosts from which photos are fetched"), validators=[at_most(LONGEST_NETWORKS)],
        description=_l("For reports that name a photo by its address; one host a line. Empty: none is called."),
    )  # fmt: skip
    provider = SelectField(_l("Where the people it adds sign in"), validate_choice=False)
    reason = StringField(_l("Reason"), validators=[InputRequired(), at_most(LONGEST_REASON)])


class NewForm(AccountForm, KeyForm):
    """An account and its first key."""
