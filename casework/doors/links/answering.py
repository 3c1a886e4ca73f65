"""What a body outside does with its link: opens it, types the code it was told, and answers once. It signs in nowhere and decides nothing.

Whoever holds the link acts; the system records it. The answer waits for the centre as the text of that body: nothing is approved,
published or closed by it (doors.md, section 5). The event names the outcome and nothing the body typed.
"""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.db import db
from casework.doors.links import sentences
from casework.doors.links.holding import holds, shows_receipt
from casework.doors.links.secrets import code_of
from casework.doors.links.sending import about, end_link
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import local_day
from casework.models import Case, ReplyLink
from casework.outbox import tell_desk
from casework.permissions import SYSTEM, Action, Role, require
from casework.photos.records import link_staged
from casework.rate_limits import Limit, count_up
from casework.sealing.seal import open_json, seal_json
from casework.text import normal
from casework.verbs import MESSAGE, NO_KIND, Verb

SIGNED_PURPOSE = "who answered by a link"
LONGEST_PART = 5_000
LONGEST_NAME = 120
LONGEST_PHONE = 40
MOST_WRONG_CODES = 5
PARTS = {
    "findings": Bilingual("Hiện trạng", "What was found"),
    "actions": Bilingual("Việc đã làm", "What was done"),
    "remaining": Bilingual("Việc còn lại, bao giờ xong", "What remains, and by when"),
    "reason": Bilingual("Lý do", "Reason"),
}

DONE, LONGER, NOT_OURS = OUTCOMES = ("done", "longer", "not_ours")
FURTHEST = timedelta(days=366)
"""How far away the day may be by which something is ready."""

_OPENINGS = Limit("openings of link by network", 1, timedelta(days=1))
_OPENINGS_OF_ALL = Limit("openings of link", 20, timedelta(days=1))
"""How many openings a day are written down: of each network the first, and no more than this of all."""


class LinkGone(CaseworkError):
    """The link opens nothing any more; nobody outside is told why."""

    def __init__(self) -> None:
        super().__init__("Đường dẫn này không còn dùng được.", "This link can no longer be used.")


class LinkAnswerRefused(CaseworkError):
    """The answer cannot be taken like this; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAnswer:
    """What a body answers: what it did, or else why not, and by which day where it takes longer.

    `photos_token` is that of the form its photos were staged with.
    """

    outcome: str
    """One of OUTCOMES."""
    name: str
    position: str
    phone: str = ""
    findings: str = ""
    actions: str = ""
    remaining: str = ""
    reason: str = ""
    ready_on: date | None = None
    photos_token: str | None = None


@Verb("open_link", Action.ANSWER_LINK, kinds=NO_KIND, staff=sentences.opened, is_from_outside=True)
def open_link(link: ReplyLink, *, network: str, now: datetime) -> None:
    """Write down that a link was opened, once a day for each network, which is cut short already. Nothing else changes by it.

    Records `open_link` with the day and the network.
    """
    require(SYSTEM, Action.ANSWER_LINK)
    if count_up(_OPENINGS, f"{link.id}:{network}", now=now) > _OPENINGS.most:
        return
    if count_up(_OPENINGS_OF_ALL, str(link.id), now=now) > _OPENINGS_OF_ALL.most:
        return
    case = lock_case(link.case_id)
    record(case, "open_link", by=SYSTEM, at=now, link=link.ref, day=local_day(now).isoformat(), network=network, **about(link))


def try_code(link: ReplyLink, typed: str, *, now: datetime) -> bool:
    """Whether these are the six digits. Wrong ones are counted; with the fifth the link is revoked and the centre told.

    Locks the case. Records `revoke_link` then. Raises LinkGone where it holds no longer. The caller commits a wrong try, too.
    """
    case, link = _locked(link)
    if not holds(link, case, now):
        raise LinkGone
    digits = "".join(sign for sign in normal(typed) if sign.isdecimal())
    if hmac.compare_digest(code_of(link.ref).encode(), digits.encode()):
        return True
    link.wrong_codes += 1
    if link.wrong_codes >= MOST_WRONG_CODES:
        end_link(link, case, why="codes", by=SYSTEM, now=now)
        tell_desk(Role.OPERATOR, "link_revoked", case=case, at=now)
    return False


@Verb("answer_link", Action.ANSWER_LINK, kinds=MESSAGE, staff=sentences.answered, is_from_outside=True)
def answer_link(link: ReplyLink, given: LinkAnswer, *, now: datetime) -> ReplyLink:
    """Take the one answer. Sent again, or by somebody else after it, it changes nothing: the receipt is that of the first.

    Locks the case; the caller has seen to the code. Records `answer_link`, and tells the operators. Raises LinkGone, LinkAnswerRefused.
    """
    require(SYSTEM, Action.ANSWER_LINK)
    case, link = _locked(link)
    if shows_receipt(link, case, now):
        return link
    if not holds(link, case, now):
        raise LinkGone
    parts = {name: normal(getattr(given, name)) for name in PARTS}
    signed = {"name": normal(given.name), "position": normal(given.position), "phone": normal(given.phone)}
    _refuse_outcome(given, parts, local_day(now))
    _refuse_long(parts)
    _refuse_unsigned(signed)
    record(case, "answer_link", by=SYSTEM, at=now, link=link.ref, outcome=given.outcome, **about(link))
    link.outcome, link.answered_at = given.outcome, now
    link.findings, link.actions, link.remaining = parts["findings"] or None, parts["actions"] or None, parts["remaining"] or None
    link.reason = parts["reason"] if given.outcome != DONE else None
    link.ready_on = given.ready_on if given.outcome == LONGER else None
    link.sealed_signed = seal_json(signed, purpose=SIGNED_PURPOSE)
    if given.photos_token:
        link_staged(given.photos_token, now=now, reply_link=link)
    tell_desk(Role.OPERATOR, "link_answered", case=case, at=now)
    return link


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answered. `phone` is for the centre alone."""

    name: str
    position: str
    phone: str


def signed_by(link: ReplyLink) -> Signed | None:
    """Who answered; None before, and once erased."""
    if link.sealed_signed is None:
        return None
    told = open_json(link.sealed_signed, purpose=SIGNED_PURPOSE)
    return Signed(told["name"], told["position"], told.get("phone", ""))


def _locked(link: ReplyLink) -> tuple[Case, ReplyLink]:
    """The case, locked, and the link as it is then: of two that press at once the second sees what the first did."""
    case = lock_case(link.case_id)
    query = select(ReplyLink).where(ReplyLink.id == link.id).execution_options(populate_existing=True)
    return case, db.session.scalars(query).one()


def _refuse_outcome(given: LinkAnswer, parts: dict[str, str], today: date) -> None:
    """Each outcome says its own: what was found and done, or why not, and by which day."""
    if given.outcome not in OUTCOMES:
        raise LinkAnswerRefused("Vui lòng chọn kết quả.", "Please choose what came of it.", about="outcome")
    if given.outcome == DONE and (missing := next((part for part in ("findings", "actions") if not parts[part]), None)):
        raise LinkAnswerRefused(
            "Vui lòng ghi hiện trạng và việc đã làm.", "Please write what was found and what was done.", about=missing
        )
    if given.outcome == LONGER and (given.ready_on is None or not today <= given.ready_on <= today + FURTHEST):
        raise LinkAnswerRefused(
            "Vui lòng ghi ngày làm xong, từ hôm nay đến một năm tới.", "Please give the day it is ready, from today to a year from now.",
            about="ready_on",
        )  # fmt: skip
    if given.outcome != DONE and not parts["reason"]:
        raise LinkAnswerRefused("Vui lòng ghi lý do.", "Please write the reason.", about="reason")


def _refuse_long(parts: dict[str, str]) -> None:
    long = next((key for key, words in parts.items() if len(words) > LONGEST_PART), None)
    if long is not None:
        raise LinkAnswerRefused(
            f"Mỗi phần tối đa {LONGEST_PART} ký tự.", f"Each part takes {LONGEST_PART} characters at most.", about=long
        )


def _refuse_unsigned(signed: dict[str, str]) -> None:
    for key in ("name", "position"):
        if not signed[key] or len(signed[key]) > LONGEST_NAME:
            raise LinkAnswerRefused(
                f"Vui lòng ghi họ tên và chức vụ người trả lời, mỗi ô tối đa {LONGEST_NAME} ký tự.",
                f"Please write the name and position of who answers, {LONGEST_NAME} characters each at most.",
                about=key,
            )
    if len(signed["phone"]) > LONGEST_PHONE:
        raise LinkAnswerRefused(
            f"Số điện thoại tối đa {LONGEST_PHONE} ký tự.", f"A telephone number takes {LONGEST_PHONE} characters at most.", about="phone"
        )
