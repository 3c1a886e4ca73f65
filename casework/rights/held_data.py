"""Everything the system holds about a person, as parts that are written both to JSON and to a page, so that the two cannot differ.

A part is a heading and records, a record some facts. Left out is what the person may not read: the names of staff who looked (only roles
are given), staff's internal words, and for a quarantined report everything but the receipt (rules.md, section 2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from casework.area_news.subscribing import followed_by_contacts
from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.messages.kinds import KINDS
from casework.models import (
    Account,
    BlockedSender,
    Case,
    ConsentNotice,
    DataRequest,
    Delivery,
    Device,
    Event,
    Follower,
    LoginSession,
    Membership,
    MessageChoice,
    MeToo,
    OutboxMessage,
    PushSubscription,
    Reporter,
)
from casework.permissions import Role
from casework.privacy.identity import Contact, open_contact
from casework.privacy.look_reasons import LOOKED
from casework.rights.looks import OCCASIONS
from casework.rights.requests import KIND_LABELS, Person, account_stream, reply_in, requests_of, wish_in
from casework.settings.role_labels import ROLE_WORDS

MOST_ROWS = 1_000
"""The newest rows of one part: sessions, messages, looks."""

Value = str | int | float | bool | datetime | date | Bilingual | None


@dataclass(frozen=True)
class Fact:
    """One fact: its name in the file, its label and its value."""

    key: str
    label: Bilingual
    value: Value


@dataclass(frozen=True)
class Part:
    """Some records of one kind."""

    key: str
    heading: Bilingual
    records: tuple[tuple[Fact, ...], ...]


def as_json(parts: Iterable[Part]) -> dict[str, Any]:
    """The parts as in the file: instants in UTC, words in both languages where there are two."""
    return {part.key: [{fact.key: _plain(fact.value) for fact in record} for record in part.records] for part in parts}


def fact(key: str, vi: str, en: str, value: Value) -> Fact:
    return Fact(key, Bilingual(vi, en), value)


def part(key: str, vi: str, en: str, records: Iterable[Iterable[Fact]]) -> Part:
    """A part with its heading; facts without a value and records without facts are left out."""
    kept = (tuple(each for each in record if each.value not in (None, "")) for record in records)
    return Part(key, Bilingual(vi, en), tuple(record for record in kept if record))


def parts_of_person(person: Person) -> list[Part]:
    """What is held about a person apart from their reports."""
    parts = [*_parts_of_account(person.account)] if person.account is not None else []
    return [each for each in [*parts, _requests(person)] if each.records]


def contact_facts(contact: Contact) -> list[Fact]:
    """A person's identity."""
    return [
        fact("name", "Họ và tên", "Full name", contact.name),
        fact("phone", "Số điện thoại", "Telephone", contact.phone),
        fact("email", "Thư điện tử", "E-mail", contact.email),
    ]


def consent_facts(notice_id: int | None, consented_at: datetime | None) -> list[Fact]:
    """The consent given, when, and the words of the notice."""
    notice = db.session.get(ConsentNotice, notice_id) if notice_id is not None else None
    return [
        fact("consented_at", "Đồng ý lúc", "Agreed at", consented_at),
        fact("notice", "Bản thông báo", "Version of the notice", notice.version if notice is not None else None),
        fact("notice_text", "Nội dung thông báo", "Words of the notice", Bilingual(notice.body_vi, notice.body_en) if notice else None),
    ]


def messages_to(recipient: str) -> Part:
    """The messages to a recipient, with times and channels."""
    query = select(OutboxMessage).where(OutboxMessage.recipient == recipient).order_by(OutboxMessage.id.desc()).limit(MOST_ROWS)
    rows = list(db.session.scalars(query))
    sent: dict[int, list[str]] = {}
    for message_id, channel, at in db.session.execute(
        select(Delivery.message_id, Delivery.channel, Delivery.sent_at)
        .where(Delivery.message_id.in_([row.id for row in rows]), Delivery.sent_at.is_not(None))
        .order_by(Delivery.id)
    ):
        if at is not None:
            sent.setdefault(message_id or 0, []).append(f"{channel} {at.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}")
    return part(
        "messages", "Tin đã gửi đến Ông/Bà", "What you were told",
        (
            (
                fact("at", "Lúc", "At", row.created_at),
                fact("kind", "Tin", "Message", KINDS[row.template].when if row.template in KINDS else row.template),
                fact("code", "Phản ánh", "Report", row.parameters.get("code")),
                fact("sent", "Đã gửi qua", "Sent by", ", ".join(sent.get(row.id, ()))),
            )
            for row in rows
        ),
    )  # fmt: skip


def looks_in(events: Iterable[Event]) -> Part:
    """The looks at an identity: role, occasion and reason, not the name. The reason for a list is about everybody on it and may name
    others, so it is left out."""
    rows = list(events)
    roles = _roles_of({row.actor_id for row in rows if row.actor_id is not None})
    return part(
        "looks", "Ai đã xem thông tin người gửi", "Who looked at your identity",
        (
            (
                fact("at", "Lúc", "At", row.at),
                fact("role", "Vai trò", "Role", roles.get(row.actor_id or 0)),
                fact("occasion", "Việc", "Occasion", OCCASIONS.get(row.type)),
                fact("reason", "Lý do", "Reason", (row.payload or {}).get("reason") if row.type != LOOKED else None),
            )
            for row in rows
        ),
    )  # fmt: skip


def _parts_of_account(account: Account) -> Iterator[Part]:
    id_ = account.id
    contact = open_contact(account.sealed_identity) if account.sealed_identity is not None else Contact()
    yield part("identity", "Ông/Bà là ai", "Who you are", [[
        *contact_facts(contact),
        fact("phone_verified_at", "Số điện thoại đã xác nhận lúc", "Telephone proven at", account.phone_verified_at),
        fact("email_verified_at", "Thư điện tử đã xác nhận lúc", "E-mail proven at", account.email_verified_at),
        fact("created_at", "Tạo tài khoản lúc", "Account made at", account.created_at),
        fact("language", "Ngôn ngữ", "Language", account.language),
        fact("has_password", "Có mật khẩu", "Has a password", account.password_hash is not None),
        fact("restricted_at", "Hạn chế xử lý từ", "Restricted since", account.restricted_at),
    ]])  # fmt: skip
    yield part("consent", "Sự đồng ý", "Agreement", [consent_facts(account.consent_notice_id, account.consented_at)])
    choices = select(MessageChoice).where(MessageChoice.account_id == id_).order_by(MessageChoice.channel)
    yield part("message_choices", "Cách được báo tin", "How you are told", (
        (fact("channel", "Kênh", "Channel", row.channel), fact("takes", "Nhận", "Takes", row.takes)) for row in db.session.scalars(choices)
    ))  # fmt: skip
    yield messages_to(f"account:{id_}")
    sessions = select(LoginSession).where(LoginSession.account_id == id_).order_by(LoginSession.id.desc()).limit(MOST_ROWS)
    yield part("sessions", "Phiên đăng nhập", "Sessions", (
        (
            fact("browser", "Trình duyệt", "Browser", row.browser), fact("network", "Mạng", "Network", row.network),
            fact("since", "Từ", "Since", row.created_at), fact("last_used", "Dùng lần cuối", "Last used", row.last_seen_at),
            fact("ended_at", "Kết thúc lúc", "Ended at", row.revoked_at),
        )
        for row in db.session.scalars(sessions)
    ))  # fmt: skip
    devices = select(Device).where(Device.account_id == id_).order_by(Device.id.desc()).limit(MOST_ROWS)
    pushed = select(PushSubscription).where(PushSubscription.account_id == id_).order_by(PushSubscription.id.desc()).limit(MOST_ROWS)
    yield part("browsers", "Trình duyệt gửi phản ánh hoặc nhận thông báo", "Browsers that send reports or show notices", [
        *((fact("use", "Dùng để", "Used for", Bilingual("gửi phản ánh", "sending reports")),
           fact("since", "Từ", "Since", row.created_at), fact("ended_at", "Kết thúc lúc", "Ended at", row.ended_at))
          for row in db.session.scalars(devices)),
        *((fact("use", "Dùng để", "Used for", Bilingual("nhận thông báo", "showing notices")),
           fact("browser", "Trình duyệt", "Browser", row.browser),
           fact("since", "Từ", "Since", row.created_at), fact("ended_at", "Kết thúc lúc", "Ended at", row.ended_at))
          for row in db.session.scalars(pushed)),
    ])  # fmt: skip
    yield _cases("followed", Bilingual("Hồ sơ Ông/Bà theo dõi", "Cases you follow"), Follower, Follower.since, id_)
    yield _cases("me_too", Bilingual("Việc Ông/Bà cũng gặp", "Matters that concern you too"), MeToo, MeToo.said_at, id_)
    yield _areas(account)
    yield _blocks(account)
    looked = select(Event).where(Event.stream == account_stream(account), Event.type == "look_at_data_request")
    yield looks_in(db.session.scalars(looked.order_by(Event.seq).limit(MOST_ROWS)))


def _areas(account: Account) -> Part:
    """The areas followed by the contacts that were proven to the account."""
    proven = (account.phone_digest if account.phone_verified_at else None, account.email_digest if account.email_verified_at else None)
    return part("areas", "Khu vực Ông/Bà theo dõi", "Areas you follow", (
        (fact("kind", "Theo dõi", "Followed", KINDS_OF_AREA[row.kind]), fact("since", "Từ", "Since", row.confirmed_at),
         fact("latitude", "Vĩ độ", "Latitude", row.latitude), fact("longitude", "Kinh độ", "Longitude", row.longitude),
         fact("radius", "Bán kính (m)", "Radius (m)", row.radius_m), fact("field", "Lĩnh vực", "Field", row.field_code),
         fact("rhythm", "Khi nào báo", "When told", row.rhythm))
        for row in followed_by_contacts(*proven)
    ))  # fmt: skip


KINDS_OF_AREA = {
    "area": Bilingual("một xã, phường", "a commune"), "circle": Bilingual("quanh một chỗ", "around a place"),
    "field": Bilingual("một lĩnh vực", "a field"),
}  # fmt: skip


def _cases(key: str, heading: Bilingual, table: Any, at: Any, account_id: int) -> Part:
    query = select(Case.code, at).join(table, table.case_id == Case.id).where(table.account_id == account_id, Case.quarantined_at.is_(None))
    return part(key, heading.vi, heading.en, (
        (fact("code", "Mã", "Code", code), fact("since", "Từ", "Since", since))
        for code, since in db.session.execute(query.order_by(table.id.desc()).limit(MOST_ROWS))
    ))  # fmt: skip


def _blocks(account: Account) -> Part:
    # a number the account only claims may be another person's, and so may messages about it
    proven = ((account.phone_digest, account.phone_verified_at), (account.email_digest, account.email_verified_at))
    digests = [digest for digest, proven_at in proven if digest is not None and proven_at is not None]
    is_theirs = (BlockedSender.kind == "account") & (BlockedSender.subject == str(account.id))
    query = select(BlockedSender).where(or_(is_theirs, BlockedSender.subject.in_(digests))).order_by(BlockedSender.id.desc())
    return part("blocks", "Các lần tạm không nhận phản ánh", "When no reports of yours were taken", (
        (
            fact("since", "Từ", "Since", row.blocked_at), fact("until", "Đến", "Until", row.until),
            fact("lifted_at", "Gỡ lúc", "Lifted at", row.lifted_at), fact("reason", "Lý do", "Reason", row.reason),
        )
        for row in db.session.scalars(query.limit(MOST_ROWS))
    ))  # fmt: skip


def _requests(person: Person) -> Part:
    return part("requests", "Yêu cầu về dữ liệu của Ông/Bà", "Your requests about your data", (
        request_facts(row) for row in requests_of(person)
    ))  # fmt: skip


def request_facts(row: DataRequest) -> list[Fact]:
    """One request, with the person's own words and the reply."""
    wish = wish_in(row)
    return [
        fact("kind", "Yêu cầu", "Request", KIND_LABELS[row.kind]),
        fact("requested_at", "Gửi lúc", "Sent at", row.requested_at),
        fact("words", "Lời của Ông/Bà", "Your words", wish.words),
        *contact_facts(wish.contact),
        fact("answered_at", "Trả lời lúc", "Answered at", row.answered_at),
        fact("granted", "Được chấp nhận", "Granted", row.granted),
        fact("reply", "Lời của Trung tâm", "The centre's words", reply_in(row)),
        fact("done_at", "Xong lúc", "Done at", row.done_at),
    ]


def reporter_facts(reporter: Reporter | None) -> list[Fact]:
    """The sender of a report, as written on its form."""
    if reporter is None or reporter.sealed_identity is None:
        return []
    return [
        *contact_facts(open_contact(reporter.sealed_identity)),
        fact("verified_at", "Đã xác nhận lúc", "Proven at", reporter.contact_verified_at),
        fact("channels", "Cách được báo tin", "How you are told", ", ".join(reporter.channels)),
        fact("restricted_at", "Hạn chế xử lý từ", "Restricted since", reporter.restricted_at),
    ]


def _roles_of(account_ids: set[int]) -> dict[int, Bilingual]:
    query = select(Membership.account_id, Membership.role).where(Membership.account_id.in_(account_ids)).order_by(Membership.id)
    return {account_id: ROLE_WORDS[Role(role)] for account_id, role in db.session.execute(query)}


def _plain(value: Value) -> Any:
    if isinstance(value, Bilingual):
        return {"vi": value.vi, "en": value.en}
    return value.isoformat() if isinstance(value, date | datetime) else value
