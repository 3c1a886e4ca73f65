"""The form of an offline report, with the same fields and rules as the form it was written in.

That form's follow-up questions (a place outside the area, similar cases nearby) are skipped, because nobody may be there to answer; the
verifier of the report sees both. Of the extra questions of a field it owes those that stood in it. Consent refers to the notice shown
when it was written.
"""

from flask import request
from werkzeug.datastructures import MultiDict

from casework.intake.file_report import Filed
from casework.models import Device
from casework.permissions import Actor
from web.filing.submit import file_form, filing_form
from web.filing_fields import FilingForm
from web.offline.uploads import keep_only


def sent_form(staging_token: str, client_key: str, *, is_spoken: bool) -> FilingForm:
    """The submitted form with its staged files; `is_spoken` when a voice note belongs to it."""
    fields = MultiDict(request.form)
    fields.setlist("photos_token", [staging_token])
    fields.setlist("client_key", [client_key])
    form = filing_form(has_waited=True, formdata=fields, meta={"csrf": False})
    # only the browser's own key makes a repeat the same report
    form.idempotency_key.data = ""
    form.is_spoken = is_spoken
    return form


def file_sent(form: FilingForm, digests: list[str], *, sender: Actor, device: Device) -> Filed:
    """File it with the files of these digests for the sender; a repeat is the same report.

    Raises ReportRefused, SenderBlocked, TooManyReports.
    """
    return file_form(form, sender=sender, device=device, before_filing=lambda: keep_only(form.photos_token.data or "", digests))
