"""The words of a message in its reader's language, from the templates in force: with codes, days and names of bodies, never people.

What a message may say follows rules.md, section 2: no identity, nobody's own words. Of cases that are not for the public, and of answers
given in private, they say only that there is something to read. Links carry a code, never the secret of a receipt.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE, local_day
from casework.messages.kinds import KINDS, Audience
from casework.messages.lengths import MOST_SMS_SEGMENTS, sms_segments
from casework.messages.recipients import ABOUT_ONES_DATA, account_id_of
from casework.models import Agency, Case, Delivery, OutboxMessage, RefusalReason, TextTemplate
from casework.privacy.body_contacts import BODY
from casework.privacy.contact_codes import RECIPIENT
from casework.telling.due_reasons import OTHERWISE, REASONS, URGENT

TEST_MESSAGE = "test_message"
"""The test message an administrator sends to themselves; its words are fixed."""

TEST_WORDS = (
    Bilingual("Tin thử của hệ thống phản ánh", "Test message of the field reports"),
    Bilingual("Đây là tin thử. Ông/Bà nhận được nghĩa là kênh gửi này hoạt động.",
              "This is a test. That you read it means that this way works."),
)  # fmt: skip
NEWS = (
    Bilingual("Có thông tin mới về phản ánh {code}", "News of report {code}"),
    Bilingual("Có thông tin mới về phản ánh {code}. Mời Ông/Bà mở trang phản ánh để xem.",
              "There is news of report {code}. Please open its page to read it."),
)  # fmt: skip
STAFF_NEWS = (
    Bilingual("Hồ sơ {code} có việc mới", "Case {code} has something new"),
    Bilingual("Hồ sơ {code} có việc mới. Xin mở trang hồ sơ để xem.", "Case {code} has something new. Please open its page to see it."),
)
"""All that is said about a case that is not public."""

UNSAID = Bilingual("chưa xác định", "not known yet")
MOST_CODES = 20
FORMER_WORK = frozenset({"work_ended", "agency_removed", "closed_without_answer"})
"""For an agency that has lost the case: the link leads to its inbox."""

OF_ACCOUNTS = frozenset({"account_unused", "contact_taken", "sign_in_changed"})
"""Messages to an account about itself, not about a report: the link leads to its message settings, the closest page there is."""

OF_SIGN_IN = "second_factor_changed"
"""Messages to a member of staff about their own sign-in: the link leads to the page about it."""

WITHHELD = frozenset({"report_answered", "report_handled_apart", "case_quarantined"})
"""For a private answer or a case set apart, even the subject would reveal too much to somebody who sees the telephone."""

PLACE = re.compile(r"\{([a-z_]+)\}")


class Page(StrEnum):
    """The pages a link may lead to; the web layer knows their addresses."""

    OWN = "own"
    TRACK = "track"
    PUBLIC = "public"
    CASE = "case"
    INBOX = "inbox"
    LETTER = "letter"
    CHOICES = "choices"
    OWN_DATA = "own_data"
    DATA_REQUEST = "data_request"
    OUTPUT = "output"
    SCHEDULE = "schedule"
    SECURITY = "security"
    MENDED = "mended"
    AREA = "area"
    REPLY = "reply"
    ANSWER = "answer"


Addresses = Callable[[Page, str], str]
"""The full address of a page: of a report by its code, of a case, letter or request by its ref, of choices by their recipient, of a
one-time link by its secret. Of ANSWER the e-mail address at which a recipient answers; empty where none is read."""


class NoWords(CaseworkError):
    """There is no template for the message, or it is too long for its channel."""

    def __init__(self) -> None:
        super().__init__("Không có mẫu lời cho tin này.", "There is no text for this message.")


@dataclass(frozen=True, slots=True)
class MessageWords:
    """The words sent: e-mail uses subject and body, a browser subject and short, SMS the line, Zalo its own template.

    `topic` is the code the message is about, `line` the short words with the link where the template puts it, if it does, `choices` the
    page on which the reader changes what they are told, `answers` the e-mail address at which they answer.
    """

    language: str
    subject: str
    body: str
    short: str
    link: str
    topic: str = ""
    line: str = ""
    choices: str = ""
    answers: str = ""
    zns_template: str | None = None
    zns_data: Mapping[str, str] = field(default_factory=dict)

    @property
    def sms(self) -> str:
        """The text of an SMS. If too long it loses its link, then everything but the subject; raises NoWords when that is too long too."""
        line = self.line or self.short
        linked = line if not self.link or self.link in line else f"{line} {self.link}"
        for text in (linked, self.short, self.subject):
            if sms_segments(text) <= MOST_SMS_SEGMENTS:
                return text
        raise NoWords


class NothingToSay(NoWords):
    """The subject of the message is over: it is not sent, and nothing is wrong."""


Composer = Callable[[Delivery, str, datetime, Addresses], MessageWords]
"""Composes the words of a delivery without a message in its reader's language. Raises NothingToSay."""

COMPOSED: dict[str, Composer] = {}
"""Composers by template; modules that know what to count register themselves (workflows.desks.digests)."""


def fill(text: str, places: Mapping[str, str]) -> str:
    """Fill values into placeholders and nothing else: values are not expanded again, an unknown placeholder becomes empty."""
    return PLACE.sub(lambda found: places.get(found[1], ""), text)


def words_of(
    delivery: Delivery, message: OutboxMessage | None, case: Case | None, *, language: str, now: datetime, pages: Addresses
) -> MessageWords:
    """The words of a delivery. Raises NoWords where there is no template in force on the day of `now`, NothingToSay."""
    if message is not None:
        words = _of_message(delivery, message, case, language, now, pages)
    elif delivery.template == TEST_MESSAGE:
        subject, body = (each.in_language(language) for each in TEST_WORDS)
        words = MessageWords(language, subject, body, subject, pages(Page.INBOX, ""))
    elif delivery.template in COMPOSED:
        words = COMPOSED[delivery.template](delivery, language, now, pages)
    else:
        raise NoWords
    # the recipient of a code or a link has no choices page
    if delivery.recipient.startswith((RECIPIENT, BODY)):
        return words
    is_answered = delivery.channel == "email" and delivery.case_id is not None and delivery.template not in ABOUT_ONES_DATA
    answers = pages(Page.ANSWER, delivery.recipient) if is_answered else ""
    return replace(words, choices=pages(Page.CHOICES, delivery.recipient), answers=answers)


def _of_message(
    delivery: Delivery, message: OutboxMessage, case: Case | None, language: str, now: datetime, pages: Addresses
) -> MessageWords:
    kind = KINDS.get(delivery.template)
    template = template_of(delivery.template, case.centre_id if case is not None else None, now)
    if kind is None or template is None:
        raise NoWords
    link = _link(kind.audience, delivery.recipient, message, case, pages)
    topic = str(message.parameters.get("code") or "")
    if is_withheld(message.template, case):
        news = STAFF_NEWS if kind.audience is Audience.STAFF else NEWS
        subject, body = (fill(words.in_language(language), {"code": topic}) for words in news)
        return MessageWords(language, subject, body, subject, link, topic)
    places = places_of(message, case, language)
    linked = {**places, "link": link}
    subject, long = (getattr(template, f"{part}_{language}") for part in ("subject", "body"))
    short = getattr(template, f"short_{language}") or subject
    data = {name: linked.get(place, "") for name, place in (template.zns_parameters or {}).items()}
    return MessageWords(
        language, _tidy(fill(subject, places)), fill(long, linked).strip(), _tidy(fill(short, places)), link, topic,
        _tidy(fill(short, linked)), zns_template=template.zns_template, zns_data=data,
    )  # fmt: skip


def template_of(key: str, centre_id: int | None, now: datetime) -> TextTemplate | None:
    """The template in force on the local day of `now`, the centre's own before the installation's."""
    scope = or_(TextTemplate.centre_id == centre_id, TextTemplate.centre_id.is_(None))
    query = select(TextTemplate).where(TextTemplate.key == key, _in_force(now), scope)
    newest = query.order_by(TextTemplate.centre_id.is_(None), TextTemplate.valid_from.desc(), TextTemplate.id.desc())
    return db.session.scalars(newest.limit(1)).first()


def carried_by_zns(messages: Collection[tuple[OutboxMessage, Case | None]], now: datetime) -> frozenset[int]:
    """The messages Zalo can carry: by the template in force for their case's centre, except withheld ones."""
    query = select(TextTemplate.key, TextTemplate.centre_id, TextTemplate.zns_template).where(
        TextTemplate.key.in_({message.template for message, _ in messages}), _in_force(now)
    )
    rows = db.session.execute(query.order_by(TextTemplate.valid_from, TextTemplate.id))
    newest = {(key, centre_id): number for key, centre_id, number in rows}

    def is_carried(message: OutboxMessage, case: Case | None) -> bool:
        own = (message.template, case.centre_id if case is not None else None)
        return bool(newest.get(own, newest.get((message.template, None)))) and not is_withheld(message.template, case)

    return frozenset(message.id for message, case in messages if is_carried(message, case))


def _in_force(now: datetime) -> ColumnElement[bool]:
    day = local_day(now)
    return and_(TextTemplate.valid_from <= day, or_(TextTemplate.valid_to.is_(None), TextTemplate.valid_to > day))


def is_withheld(template: str, case: Case | None) -> bool:
    """Whether a message says only that there is something to read."""
    return template in WITHHELD or (case is not None and (case.visibility_reason_id is not None or case.quarantined_at is not None))


def places_of(message: OutboxMessage, case: Case | None, language: str) -> dict[str, str]:
    """The values of a message's placeholders, as people read them."""
    given = message.parameters
    places = {name: str(given[name]) for name in ("code", "main", "former", "report", "number") if given.get(name)}
    if isinstance(given.get("handler"), list):
        places["handler"] = Bilingual(*given["handler"]).in_language(language)
    for name in ("document", "period", "change"):
        if isinstance(given.get(name), list):
            places[name] = Bilingual(*given[name]).in_language(language)
    if "codes" in given:
        codes = [str(code) for code in given["codes"]]
        left = f" (+{len(codes) - MOST_CODES})" if len(codes) > MOST_CODES else ""
        places["codes"] = ", ".join(codes[:MOST_CODES]) + left
    if "due_at" in given:
        places["due_at"] = due_words(given["due_at"], begins=message.template == "case_held") or UNSAID.in_language(language)
    for name in ("lead", "agency"):
        if given.get(name):
            places[name] = _agency(str(given[name]), case, language)
    if given.get("handler"):
        places["handler"] = Bilingual(*given["handler"]).in_language(language)
    if message.template == "report_refused":
        reason = _refusal_reason(str(given.get("reason", "")), case)
        places["reason"] = reason.name.in_language(language) if reason else UNSAID.in_language(language)
        places["guidance"] = Bilingual(reason.guidance_vi, reason.guidance_en).in_language(language) if reason else ""
    elif message.template in ("due_moved", "due_sooner"):
        why = URGENT if message.template == "due_sooner" else REASONS.get(str(given.get("reason", "")), OTHERWISE)
        places["reason"] = why.in_language(language)
    return places


def due_words(instant: str | None, *, begins: bool = False) -> str:
    """A limit as '17:00 19/07/2023', local time; the end of a day as its 24:00, because `due_at` is the first late instant."""
    if not instant:
        return ""
    local = datetime.fromisoformat(instant).astimezone(LOCAL_ZONE)
    if local.time() == time() and not begins:
        return f"24:00 {local - timedelta(days=1):%d/%m/%Y}"
    return f"{local:%H:%M %d/%m/%Y}"


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _link(audience: Audience, recipient: str, message: OutboxMessage, case: Case | None, pages: Addresses) -> str:
    code = str(message.parameters.get("code") or "")
    if message.template == OF_SIGN_IN:
        return pages(Page.SECURITY, "")
    if message.template in OF_ACCOUNTS:
        return pages(Page.CHOICES, recipient)
    if message.parameters.get("request"):
        staff = audience is Audience.STAFF
        return pages(Page.DATA_REQUEST, str(message.parameters["request"])) if staff else pages(Page.OWN_DATA, code)
    if message.parameters.get("breach"):
        return pages(Page.OWN_DATA, code)
    if message.parameters.get("question"):
        return pages(Page.MENDED, str(message.parameters["question"]))
    if audience is Audience.REPORTER:
        return pages(Page.TRACK if account_id_of(recipient) is None else Page.OWN, code)
    if audience is Audience.FOLLOWER:
        return pages(Page.PUBLIC, str(message.parameters.get("main") or code))
    for page in (Page.OUTPUT, Page.SCHEDULE):
        if message.parameters.get(page):
            return pages(page, str(message.parameters[page]))
    if message.parameters.get("letter"):
        return pages(Page.LETTER, str(message.parameters["letter"]))
    if case is None or message.template in FORMER_WORK:
        return pages(Page.INBOX, "")
    return pages(Page.CASE, case.ref)


def _agency(key: str, case: Case | None, language: str) -> str:
    query = select(Agency).where(Agency.key == key)
    if case is not None:
        query = query.where(Agency.centre_id == case.centre_id)
    agency = db.session.scalars(query.order_by(Agency.id.desc()).limit(1)).first()
    return agency.name.in_language(language) if agency is not None else UNSAID.in_language(language)


def _refusal_reason(key: str, case: Case | None) -> RefusalReason | None:
    query = select(RefusalReason).where(RefusalReason.key == key)
    scope = or_(RefusalReason.centre_id == (case.centre_id if case is not None else None), RefusalReason.centre_id.is_(None))
    return db.session.scalars(query.where(scope).order_by(RefusalReason.centre_id.is_(None), RefusalReason.id.desc()).limit(1)).first()
