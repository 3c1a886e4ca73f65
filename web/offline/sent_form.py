"""The form of a report that waited in a browser: the same fields and the same rules as the form it was written in.

What that form asks back (a place outside the area, cases alike nearby) is not asked: nobody may be there to answer, and whoever verifies
the report sees both. Agreed to is the notice that was shown when it was written.
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
    """What was sent, with its files where they are staged; `is_spoken` when a voice note belongs to it."""
    fields = MultiDict(request.form)
    fields.setlist("photos_token", [staging_token])
    fields.setlist("client_key", [client_key])
    form = filing_form(formdata=fields, meta={"csrf": False})
    # the browser's own key alone makes it one and the same
    form.idempotency_key.data = ""
    form.is_spoken = is_spoken
    return form


def file_sent(form: FilingForm, digests: list[str], *, sender: Actor, device: Device) -> Filed:
    """File it with the files of these digests, for whom the browser sends; again, it is the same report.

    Raises ReportRefused, SenderBlocked, TooManyReports.
    """
    return file_form(form, sender=sender, device=device, before_filing=lambda: keep_only(form.photos_token.data or "", digests))
