"""The form of a report that waited in a browser: the same fields and the same rules as the form it was written in.

What that form asks back (a place outside the area, cases alike nearby) is not asked: nobody may be there to answer, and whoever verifies
the report sees both. Agreed to is the notice that was shown when it was written.
"""

from flask import request
from werkzeug.datastructures import MultiDict

from casework.centres import centre_for
from casework.db import unit_of_work
from casework.filing_limits import TooManyReports, count_filing
from casework.intake import Filed, has_filed
from casework.models import Device
from casework.permissions import Actor
from web import filing
from web.clock import now
from web.filing_form import FilingForm
from web.locales import language
from web.offline.uploads import keep_only
from web.public import communes_today
from workflows.filing import file_report


def sent_form(staging_token: str, client_key: str, *, is_spoken: bool) -> FilingForm:
    """What was sent, with its files where they are staged; `is_spoken` when a voice note belongs to it."""
    fields = MultiDict(request.form)
    fields.setlist("photos_token", [staging_token])
    fields.setlist("client_key", [client_key])
    form = FilingForm(
        formdata=fields, meta={"csrf": False}, areas=communes_today(), fields_at=filing.fields_at, area_around=filing.area_around
    )
    form.is_spoken = is_spoken
    return form


def file_sent(form: FilingForm, digests: list[str], *, sender: Actor, device: Device) -> Filed:
    """File it with the files of these digests, for whom the browser sends; again, it is the same report.

    Raises ReportRefused, SenderBlocked, TooManyReports.
    """
    place, key, token = form.chosen_place, form.client_key.data or "", form.photos_token.data or ""
    contact = form.contact if sender.account is None else None
    centre = centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now())
    if not has_filed(key):
        with unit_of_work():
            until = count_filing(by=sender, contact=contact, device=device, now=now())
        if until is not None:
            raise TooManyReports(until, centre)
    with unit_of_work(keeps_rows=True):
        keep_only(token, digests)
        return file_report(
            centre=centre, source="citizen", words=form.words.data or "", place=place, by=sender, now=now(), contact=contact,
            field=form.chosen_field, marked_urgent=form.urgent.data, photos_token=token, consented=form.consent.data, language=language(),
            client_key=key, device=device, consent_notice=filing.notice_of(form),
        )  # fmt: skip
