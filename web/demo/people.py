"""The people of the demonstration: an invented person per role (two operators), an officer and a leader in each agency that has work, two
citizens with a proven address, neighbours of theirs who only send reports, and guests.

The other agencies share one officer and one leader, so that somebody can answer whatever they are given.

Every given name says that it is made up (Mẫu, Ví Dụ, Minh Họa …), e-mail addresses are of example.com, which belongs to nobody, and
telephones begin with a 0 after the area code, as no subscriber's does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count, cycle, product

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.contacts.proven import note_proof
from casework.db import db
from casework.models import Account, Agency, Centre, Membership
from casework.permissions import Role
from casework.privacy.identity import EMAIL_PURPOSE, Contact, citizen_account
from casework.sealing.seal import lookup_digest
from casework.settings.consent_notices import notice_today

PASSWORD = "langbiang-minh-hoa"
"""The password of every demonstration account; it opens only invented data on this machine."""

SINCE = date(2022, 5, 16)

FIRST_NUMBER = 842630000301
"""Official telephone numbers of staff count up from here."""


CENTRE, AGENCY, CITIZEN = "1", "2", "3"
"""Kinds of account, in the order in which they are printed."""


@dataclass(frozen=True)
class DemoAccount:
    """A line of the printed table of accounts: the login and its role."""

    login: str
    password: str
    full_name: str
    part: Bilingual
    kind: str = CENTRE
    is_usual: bool = False


@dataclass(frozen=True)
class _Part:
    login: str
    full_name: str
    role: Role
    title: Bilingual


CENTRE_PARTS = (
    _Part("vanhanh", "Nguyễn Thị Mẫu", Role.OPERATOR, Bilingual("Nhân viên tổ vận hành", "Operator")),
    _Part("vanhanh2", "Đinh Thị Mẫu", Role.OPERATOR, Bilingual("Nhân viên tổ vận hành", "Operator")),
    _Part("totruong", "Trần Văn Mẫu", Role.OPS_LEAD, Bilingual("Tổ trưởng vận hành", "Operations lead")),
    _Part("lanhdao", "Lê Thị Minh Họa", Role.COMMITTEE_LEADER,
          Bilingual("Phó Chủ tịch UBND kiêm Giám đốc Trung tâm", "Deputy chair of the committee and director of the centre")),
    _Part("vanthu", "Phạm Thị Ví Dụ", Role.RECORDS_CLERK, Bilingual("Văn thư", "Records clerk")),
    _Part("quantri", "Hoàng Văn Ví Dụ", Role.ADMINISTRATOR, Bilingual("Quản trị hệ thống", "Administrator")),
    _Part("pheduyet", "Vũ Thị Giả Định", Role.PROCESS_APPROVER, Bilingual("Người phê duyệt quy trình", "Process approver")),
    _Part("baomat", "Đặng Văn Minh Họa", Role.CONFIDENTIAL_READER, Bilingual("Người đọc hồ sơ mật", "Confidential reader")),
    _Part("thanhtra", "Bùi Thị Thí Dụ", Role.INSPECTOR, Bilingual("Thanh tra viên", "Inspector")),
)

INSTALLATION_PARTS = (
    _Part("quantrihethong", "Tô Văn Minh Họa", Role.ADMINISTRATOR, Bilingual("Quản trị toàn hệ thống", "Installation administrator")),
)
"""People outside the centres: they may change what holds in all of them."""

USUAL = ("vanhanh", "totruong", "canbo.ptnmt", "lanhdao.ptnmt", "lanhdao", "nguoidan1@example.com")
"""Whom most people want to try first; they stand in front at sign-in."""

OTHER_KEY, OTHER_AGENCIES = "khac", Bilingual("các đơn vị khác", "the other agencies")

CITIZENS = (("nguoidan1@example.com", "Nguyễn Văn Giả Định"), ("nguoidan2@example.com", "Trần Thị Thí Dụ"))
"""Citizens listed in the table of accounts."""

NEIGHBOURS = (
    ("nguoidan4@example.com", "Đinh Văn Thí Dụ"),
    ("nguoidan5@example.com", "Cao Thị Minh Họa"),
    ("nguoidan6@example.com", "Mai Văn Giả Định"),
    ("nguoidan7@example.com", "Trịnh Thị Mẫu"),
    ("nguoidan8@example.com", "Đoàn Văn Ví Dụ"),
    ("nguoidan9@example.com", "Lâm Thị Thí Dụ"),
    ("nguoidan10@example.com", "Tạ Văn Minh Họa"),
    ("nguoidan11@example.com", "Hà Thị Giả Định"),
)
"""Citizens not listed: they exist so that no one sender has sent half of all reports."""

VILLAGERS = 48
"""How many more citizens there are, for whom nobody waits: they sent what is long over."""

_VILLAGE_FAMILIES = ("Kơ Să", "Liêng", "Cil", "Bon Yô", "Rơ Ông", "Nguyễn", "Trần", "Phạm", "Lê", "Đoàn", "Bùi", "Ngô")
_VILLAGE_NAMES = ("Văn Ví Dụ", "Thị Giả Định", "Minh Họa", "Thị Mẫu")


def _villagers() -> Iterator[tuple[str, str]]:
    for number, (given, family) in enumerate(product(_VILLAGE_NAMES, _VILLAGE_FAMILIES)):
        yield f"nguoidan{21 + number}@example.com", f"{family} {given}"


SENDERS = (*CITIZENS, *NEIGHBOURS, *_villagers())
FIRST_VILLAGER = len(CITIZENS) + len(NEIGHBOURS)

GUESTS = (
    ("nguoidan3@example.com", "Lê Thị Thí Dụ"),
    ("nguoidan12@example.com", "Kơ Să Thí Dụ"),
    ("nguoidan13@example.com", "Võ Văn Giả Định"),
)
"""People without an account: one who proves the address each time, one who has not yet, one who sends advertising."""

_FAMILY_NAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý")
_GIVEN_NAMES = ("Văn Mẫu", "Thị Ví Dụ", "Văn Minh Họa", "Thị Giả Định")


def agency_login(key: str, role: Role) -> str:
    """The user name of an agency's officer or leader: `canbo.hkl`, `lanhdao.hkl`."""
    return f"{'canbo' if role == Role.OFFICER else 'lanhdao'}.{key.lower()}"


def add_people(centre: Centre, agencies: Iterable[Agency], *, password_hash: str, now: datetime) -> None:
    """Add every demonstration account to the centre; `agencies` get people of their own. In the caller's unit of work."""
    numbers = count(FIRST_NUMBER)
    for part, centre_id in [*((part, centre.id) for part in CENTRE_PARTS), *((part, None) for part in INSTALLATION_PARTS)]:
        _add_staff(part, password_hash, now, next(numbers), [Membership(role=part.role, centre_id=centre_id, valid_from=SINCE)])
    for part, places in _agency_parts(centre, list(agencies)):
        memberships = [
            Membership(role=part.role, agency_id=agency.id, valid_from=SINCE, is_focal=part.role == Role.OFFICER) for agency in places
        ]
        _add_staff(part, password_hash, now, next(numbers), memberships)
    notice = notice_today(centre.id, now)
    for email, name in SENDERS:
        account = citizen_account(Contact(name=name, email=email), password_hash=password_hash, language="vi", now=now)
        note_proof(account, Contact(email=email), now=now)
        account.consented_at, account.consent_notice_id = now, notice.id if notice is not None else None
    db.session.flush()


def staff_account(login: str) -> Account:
    return db.session.scalars(select(Account).where(Account.login == login)).one()


def agency_account(agency: Agency, role: Role) -> Account:
    """The officer or the leader of an agency: its own, or the one that other agencies share."""
    query = select(Account).join(Account.memberships).where(Membership.agency_id == agency.id, Membership.role == role)
    return db.session.scalars(query.order_by(Membership.id).limit(1)).one()


def citizen_by_email(email: str) -> Account:
    """The citizen with that address, found by its keyed digest as at sign-in."""
    return db.session.scalars(select(Account).where(Account.email_digest == lookup_digest(email, purpose=EMAIL_PURPOSE))).one()


def demo_accounts() -> list[DemoAccount]:
    """The table of accounts from the database: the centre's roles, the agencies', the citizens."""
    query = select(Account).where(Account.kind == "staff", Account.disabled_at.is_(None)).order_by(Account.id)
    table = [(row.login or "", row.full_name or "", _part_of(row), _kind_of(row)) for row in db.session.scalars(query)]
    table += [(email, name, Bilingual("Người dân", "Citizen"), CITIZEN) for email, name in CITIZENS]
    order = {login: number for number, login in enumerate(USUAL)}
    table.sort(key=lambda entry: order.get(entry[0], len(order)))
    return [DemoAccount(login, PASSWORD, name, part, kind, login in order) for login, name, part, kind in table]


def _kind_of(account: Account) -> str:
    return AGENCY if _agencies_of(account) else CENTRE


def _agencies_of(account: Account) -> list[Agency]:
    return [row.agency for row in account.memberships if row.agency is not None and row.valid_to is None]


def _part_of(account: Account) -> Bilingual:
    agencies = _agencies_of(account)
    if not agencies:
        return account.title
    place = OTHER_AGENCIES if (account.login or "").endswith(f".{OTHER_KEY}") else agencies[0].short_name
    return Bilingual(f"{account.title.vi}, {place.vi}", f"{account.title.en}, {place.en}")


def _agency_parts(centre: Centre, agencies: list[Agency]) -> Iterator[tuple[_Part, list[Agency]]]:
    taken = {part.full_name for part in (*CENTRE_PARTS, *INSTALLATION_PARTS)} | {name for _, name in CITIZENS}
    pairs = zip(cycle(_FAMILY_NAMES), cycle(_GIVEN_NAMES), strict=False)
    names = (name for family, given in pairs if (name := f"{family} {given}") not in taken)
    titles = {Role.OFFICER: Bilingual("Cán bộ xử lý", "Officer"), Role.AGENCY_LEADER: Bilingual("Lãnh đạo đơn vị", "Agency leader")}
    own = {agency.id for agency in agencies}
    others = [agency for agency in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id)) if agency.id not in own]
    for key, places in [*((agency.key, [agency]) for agency in agencies), (OTHER_KEY, others)]:
        for role, title in titles.items():
            yield _Part(agency_login(key, role), next(names), role, title), places


def _add_staff(part: _Part, password_hash: str, now: datetime, number: int, memberships: list[Membership]) -> None:
    account = Account(
        kind="staff", login=part.login, password_hash=password_hash, full_name=part.full_name,
        title_vi=part.title.vi, title_en=part.title.en, email=f"{part.login}@example.com", phone=f"+{number}", created_at=now,
    )  # fmt: skip
    account.memberships.extend(memberships)
    db.session.add(account)
