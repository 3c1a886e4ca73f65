"""What the page of a letter shows of document exchange: where it went, what the receivers said, and the forms of the records clerk."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField
from wtforms.validators import InputRequired, Optional

from casework.exchange.letters_out import LONGEST_REASON, Sent, bodies_left, may_send, replaceable, sent_of, signed_file
from casework.models import Letter
from web.forms import Form
from web.guards import actor
from web.task_page import at_most


class SendForm(Form):
    """Which body a letter is sent to, and what it replaces there."""

    receiver = SelectField(_l("Receiving body"), validators=[InputRequired(_l("Please choose the receiving body."))])
    replaces = SelectField(_l("Replaces what was sent"), validators=[Optional()])
    replacing_reason = TextAreaField(
        _l("Reason"), validators=[Optional(), at_most(LONGEST_REASON)],
        description=_l("Needed where it replaces another; the receiving body reads it. Please name no citizen."),
    )  # fmt: skip
    about = {"reason": "replacing_reason"}


class BackForm(Form):
    """Why a letter is asked back."""

    reason = TextAreaField(
        _l("Reason"), validators=[InputRequired(_l("Please give the reason.")), at_most(LONGEST_REASON)],
        description=_l("The receiving body reads it. Please name no citizen."),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExchangePanel:
    """`form` is None where the person sends nothing, or nothing is left to be sent; `back_forms`: by the ref of what may be asked back."""

    sent: list[Sent]
    form: SendForm | None
    back_forms: dict[str, BackForm]
    acts: bool
    is_unsigned: bool

    @property
    def wrong_form(self) -> Form | None:
        """The form with errors, if one has."""
        return next((each for each in (self.form, *self.back_forms.values()) if each is not None and each.errors), None)

    @property
    def is_empty(self) -> bool:
        return not (self.sent or self.form or self.is_unsigned)


def panel_of(letter: Letter, *, form: SendForm | None = None, back_form: BackForm | None = None, back_at: str = "") -> ExchangePanel:
    """The panel for the person who reads; a form that was sent comes back with its errors, `back_at` being the package of `back_form`."""
    acts, sent = may_send(actor(), letter), sent_of(letter)
    sends = acts and letter.withdrawn_at is None and letter.given_number is not None and bool(bodies_left(letter))
    is_signed = sends and signed_file(letter) is not None
    back_forms = {each.ref: BackForm(formdata=None) for each in sent if acts and each.can_be_taken_back}
    if back_form is not None and back_at in back_forms:
        back_forms[back_at] = back_form
    for ref, each in back_forms.items():
        each.reason.id = f"reason-{ref}"
    return ExchangePanel(
        sent=sent, form=(form or send_form(letter, empty=True)) if is_signed else None, back_forms=back_forms, acts=acts,
        is_unsigned=sends and not is_signed,
    )  # fmt: skip


def send_form(letter: Letter, *, empty: bool = False) -> SendForm:
    form = SendForm(formdata=None) if empty else SendForm()
    form.receiver.choices = [("", _("Choose")), *((body.id, f"{body.name} ({body.id})") for body in bodies_left(letter))]
    form.replaces.choices = [("", _("Nothing: it is new")), *replaceable(letter)]
    return form
