"""Acts by which a body without accounts answers: make a one-time link, and submit as an agency's answer what came by one."""

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from casework.answers.acts import LONGEST_CONTACT
from casework.doors.links.sending import LONGEST_ASKED, LONGEST_EMAIL, SendLinkInput, email_before, must_have_code
from casework.doors.links.taking_up import TakeUpInput, link_to_take_up, photos_to_take_up
from casework.files.local import FileNotStored
from casework.pausing.referrals import open_referral
from casework.photos.records import prepare_again
from casework.setting_values import value_of
from casework.verbs import Input
from web.forms import Form
from web.guards import file_store
from web.steps.act_page import ActPage, AgencyActPage
from web.task_page import Act, at_most


class SendLinkForm(Form):
    """What is asked of a body outside, and how long its link holds."""

    asked = TextAreaField(
        _l("What the body is asked"), validators=[InputRequired(_l("Please write what is asked.")), at_most(LONGEST_ASKED)],
        description=_l("The body reads it with the words and photos cleared for agencies. Nothing of the sender, please."),
    )  # fmt: skip
    email = StringField(
        _l("Send it to this e-mail address"), validators=[Optional(), at_most(LONGEST_EMAIL)],
        description=_l("The official address of the body. Empty: you read the link out."),
    )  # fmt: skip
    days = IntegerField(_l("The link lasts (days)"), validators=[Optional()])
    with_place = BooleanField(_l("Show the exact place"))
    with_code = BooleanField(_l("Opened by a code of six digits told by telephone"))


class SendLinkPage(ActPage):
    """Let a body without accounts answer once, by a link."""

    verb, icon, is_other_way = "send_link", "external-link", False
    label = _l("One-time link for the body")
    what = _l("You get an address by which the body reads what was cleared for agencies and answers once, without an account.")
    then = (
        _l("Send the address or read it out. A link made before is revoked."),
        _l("The answer comes here for you to read. It approves, publishes and closes nothing."),
    )
    button = _l("Make the link")
    done = _l("The link is made. It stands on this page under “One-time links”, to be read out.")
    form: SendLinkForm

    def build(self) -> None:
        self.form = SendLinkForm()
        if self.form.days.data is None and request.method == "GET":
            self.form.days.data = int(value_of("link_days", self.case.centre_id))
            self.form.email.data = self.form.email.data or self.email_before()
        if must_have_code(self.case):
            del self.form.with_code

    def email_before(self) -> str:
        """The address this body got a link by before."""
        return email_before(referral=open_referral(self.case), assignment=None)

    def given(self) -> Input:
        form = self.form
        return SendLinkInput(
            asked=form.asked.data or "", days=form.days.data, with_place=bool(form.with_place.data),
            with_code="with_code" not in form or bool(form.with_code.data), email=form.email.data or "",
        )  # fmt: skip

    @property
    def follows(self) -> list[str]:
        """Adds that this matter is opened by a code in any case."""
        if not must_have_code(self.case):
            return super().follows
        return [*super().follows, _("This matter is urgent or sensitive: a code told by telephone opens the link.")]


class SendAgencyLinkPage(AgencyActPage, SendLinkPage):
    """The same for an agency nobody of which signs in."""

    verb, icon = "send_agency_link", "external-link"

    def email_before(self) -> str:
        return email_before(referral=None, assignment=self.assignment)


class TakeUpForm(Form):
    """What the answer of a body outside lacks to be its agency's answer."""

    contact = StringField(
        _l("Whom to ask"), validators=[InputRequired(_l("Please write whom to ask.")), at_most(LONGEST_CONTACT)],
        description=_l("A desk and its telephone: it is published with the answer."),
    )  # fmt: skip
    no_photo_reason = StringField(_l("Why there is no photo"), validators=[Optional(), at_most(300)])


class TakeUpPage(AgencyActPage):
    """Submit what an agency answered by its link as its answer."""

    verb, icon, is_other_way = "take_up_answer", "send-2", False
    label = _l("Submit the answer that came by the link")
    what = _l("What the agency wrote goes to the leader who decides, as its answer, with its photos. Not a word is changed.")
    then = (
        _l("The agency's limit goes on until the answer is approved."),
        _l("Who decides is the next leader above the agency who can sign in, and never the person who submits it."),
    )
    button = _l("Submit it")
    done = _l("The answer of the agency is with the leader for approval.")
    form: TakeUpForm

    def build(self) -> None:
        self.form = TakeUpForm()
        link = link_to_take_up(self.assignment)
        self.photos = photos_to_take_up(link) if link is not None else []
        if self.photos:
            del self.form.no_photo_reason

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        try:
            carried = [(photo, prepare_again(photo, store=file_store())) for photo in self.photos]
        except (FileNotStored, LookupError, OSError):
            self.refusals.append(_("A photo that came with the answer cannot be read. Please try again, or tell the administrator."))
            return None
        reason = self.form.no_photo_reason.data or "" if "no_photo_reason" in self.form else ""
        return Act(self.verb, TakeUpInput(contact=self.form.contact.data or "", no_photo_reason=reason, carried=carried))
