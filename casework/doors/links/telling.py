"""The message that brings a body its link. The address is put in when it is sent, so that no row holds it; the code never is."""

from datetime import datetime, timedelta

from casework.db import db
from casework.doors.links.holding import holds
from casework.doors.links.secrets import secret_of
from casework.local_time import local_day
from casework.messages.rendering import COMPOSED, Addresses, MessageWords, NothingToSay, NoWords, Page, fill, template_of
from casework.models import Case, Delivery, ReplyLink
from casework.privacy.body_contacts import BODY, link_carried

TEMPLATE = "reply_link"


def send(link: ReplyLink, case: Case, now: datetime) -> None:
    """Let a link leave by e-mail with the unit of work. It waits and is tried again like every message, and goes with a case set apart."""
    delivery = Delivery(
        message_id=None, recipient=f"{BODY}{link.ref}", case_id=case.id, channel="email", is_urgent=case.is_urgent, template=TEMPLATE,
        dedupe_key=f"{BODY}{link.ref}", created_at=now, due_at=now,
    )  # fmt: skip
    db.session.add(delivery)


def _words(delivery: Delivery, language: str, now: datetime, pages: Addresses) -> MessageWords:
    """Code of the case, last day and address, and nothing of the matter. Raises NothingToSay where the link opens nothing any more."""
    link = link_carried(delivery.recipient)
    case = db.session.get_one(Case, link.case_id) if link is not None else None
    if link is None or case is None or not holds(link, case, now):
        raise NothingToSay
    template = template_of(TEMPLATE, case.centre_id, now)
    if template is None:
        raise NoWords
    last = local_day(link.expires_at - timedelta(seconds=1))
    places = {"code": case.code, "until": f"{last:%d/%m/%Y}"}
    address = pages(Page.REPLY, secret_of(link.ref))
    subject, body, short = (getattr(template, f"{part}_{language}") or "" for part in ("subject", "body", "short"))
    linked = {**places, "link": address}
    return MessageWords(
        language, fill(subject, places), fill(body, linked).strip(), fill(short or subject, places), address, topic=case.code,
        line=fill(short or subject, linked),
    )  # fmt: skip


COMPOSED[TEMPLATE] = _words
