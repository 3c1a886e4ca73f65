"""Importing people and their roles from a file: a row is one role of one person, several rows with a user name are one person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Agency, Centre, Membership
from casework.permissions import AGENCY_ROLES, WATCHERS, Actor, Role
from casework.settings.importing.file_columns import Row
from casework.settings.importing.planning import NO_SUCH_AGENCY, Cells, ImportPlan, Planned, Status
from casework.settings.people import add_person, change_person, fit_email, fit_login, fit_person, fit_phone
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.roles import LEFT_OTHERS, STOOD_IN_FOR, RoleWish, give_role, set_focal
from casework.settings.scopes import (
    NOT_ADMINISTERED,
    administered_centres,
    centre_of,
    centres_of,
    has_left_others,
    is_of,
    not_wholly_theirs,
    principals_of_own,
)
from casework.settings.seats import ANYWHERE_ROLES, EVERYWHERE, Seat, seat_of
from casework.settings.watchers import meeting_by_role, words_for
from casework.text import fold

PERSON = ("full_name", "title_vi", "title_en", "language", "email", "phone")
AT_ONCE = 500
TAKEN = Bilingual("Tên đăng nhập này đã có người dùng.", "This user name is taken.")
ROLE_NAMES = {fold(words): role for role, pair in ROLE_WORDS.items() for words in (*pair, str(role))}


class PeoplePlanner:
    """Reads the existing rows once, then judges row by row."""

    def __init__(
        self, rows: Sequence[Row], *, by: Actor, now: datetime, centre: Centre | None, reason: str, hashes: Mapping[str, str]
    ) -> None:
        self.by, self.now, self.reason, self.hashes = by, now, reason, hashes
        self.today = local_day(now)
        self.centres = {each.code_prefix.lower(): each for each in centres_of(by, on=self.today)}
        self.default = centre or (next(iter(self.centres.values())) if len(self.centres) == 1 else None)
        self.everywhere = administered_centres(by) is None
        holds = or_(Agency.valid_to.is_(None), Agency.valid_to > self.today)
        agencies = db.session.scalars(
            select(Agency).where(is_of(administered_centres(by), Agency.centre_id), holds).order_by(Agency.valid_from.desc())
        )
        self.agencies = {(each.centre_id, each.key.lower()): each for each in agencies}
        self.known = _accounts({row.cells.get("login", "").lower() for row in rows})
        self.not_own = not_wholly_theirs(by, self.known.values(), now=now)
        self.stood_in_for = principals_of_own(by, now=now)
        self.written: dict[str, dict[str, Any]] = {}
        self.seats: set[tuple[str, str]] = set()
        self.focal: dict[int, str] = {}
        self.made: dict[str, Account] = {}
        self.watching: defaultdict[str, set[Role]] = defaultdict(set)
        self.new_logins: list[str] = []
        self.plan = ImportPlan([self._row(row) for row in rows], self.new_logins)

    def _row(self, row: Row) -> Planned:
        cells = Cells("people", row)
        login = cells.fitting("login", lambda: fit_login(row.cells.get("login", "")), "") if row.cells.get("login") else ""
        cells.planned.name = login or row.cells.get("login", "")
        account = self.known.get(login)
        if account is not None and not self._is_within_reach(account):
            # people the administrator may not know are not read, compared or mentioned
            cells.fault("login", TAKEN)
            return cells.planned
        person = self._person(cells, login, account)
        seat = self._seat(cells, login, account)
        starts_on, ends_on = cells.day("valid_from"), cells.day("valid_to")
        if cells.has_faults() or person is None:
            return cells.planned
        is_first = login not in self.written
        self.written.setdefault(login, person)
        self._decide(
            cells,
            login,
            account,
            person if is_first else None,
            seat,
            RoleWish(seat, cells.yes("is_focal"), starts_on, ends_on) if seat else None,
        )
        return cells.planned

    def _is_within_reach(self, account: Account) -> bool:
        """Whether the person is among those this administrator administers."""
        mine = administered_centres(self.by)
        return account.kind == "staff" and (mine is None or any(centre_of(row) in mine for row in account.memberships))

    def _person(self, cells: Cells, login: str, account: Account | None) -> dict[str, Any] | None:
        present = {column: getattr(account, column) if account is not None else "" for column in PERSON}
        texts = {column: cells.text(column, present[column]) for column in PERSON}
        texts["language"] = texts["language"].lower() or str(present["language"] or "vi")
        texts["email"] = cells.fitting("email", lambda: fit_email(texts["email"])) or ""
        texts["phone"] = cells.fitting("phone", lambda: fit_phone(texts["phone"])) or ""
        person = cells.fitting("full_name", lambda: fit_person(**texts)) if texts["full_name"] else None
        if account is not None and account.disabled_at is not None:
            cells.fault("login", Bilingual("Tài khoản này đang bị khóa.", "This account is disabled."))
        if person is not None and login in self.written and self.written[login] != person:
            cells.fault(
                "full_name",
                Bilingual("Khác với dòng trước của cùng tên đăng nhập.", "Differs from an earlier row with the same user name."),
            )
        if account is not None and person is not None:
            different = [column for column in PERSON if (getattr(account, column) or None) != (person[column] or None)]
            if different and account.id in self.stood_in_for:
                cells.fault("login", STOOD_IN_FOR)
            elif different and account.id in self.not_own:
                cells.fault("login", Bilingual("Người này còn thuộc trung tâm khác.", "This person belongs to another centre, too."))
        return person

    def _seat(self, cells: Cells, login: str, account: Account | None) -> Seat | None:
        typed = cells.text("role")
        if not typed:
            if account is None and not self.everywhere and login not in self.written:
                cells.fault(
                    "role", Bilingual("Người mới cần có vai trò trong trung tâm của Ông/Bà.", "Somebody new needs a role in your centre.")
                )
            return None
        role = ROLE_NAMES.get(fold(typed))
        if role is None:
            cells.fault("role", Bilingual("Không có vai trò này.", "There is no such role."))
            return None
        place = cells.text("centre")
        if place.lower() == EVERYWHERE and role in ANYWHERE_ROLES and self.everywhere:
            return Seat(role)
        centre = self.centres.get(place.lower()) if place else self.default
        if centre is None:
            cells.fault("centre", NOT_ADMINISTERED)
            return None
        if role not in AGENCY_ROLES:
            return Seat(role, centre)
        agency = self.agencies.get((centre.id, cells.text("agency").lower()))
        if agency is None:
            cells.fault("agency", NO_SUCH_AGENCY)
            return None
        return Seat(role, agency=agency)

    def _decide(
        self, cells: Cells, login: str, account: Account | None, person: dict[str, Any] | None, seat: Seat | None, wish: RoleWish | None
    ) -> None:
        planned, held = cells.planned, self._held(account, seat)
        if seat is not None and (login, seat.key) in self.seats:
            cells.fault("role", Bilingual("Vai trò này đã có ở một dòng trước.", "This role is in an earlier row already."))
            return
        if seat is not None:
            self.seats.add((login, seat.key))
        if wish is not None and held is None:
            self._refuse_wish(cells, wish, account)
        if wish is not None and held is not None and cells.has("valid_to") and held.valid_to != wish.ends_on:
            cells.fault(
                "valid_to",
                Bilingual("Vai trò đã có được kết thúc ở trang của người đó.", "A role held already is ended on the person's page."),
            )
        if held is not None and cells.has("is_focal") and held.is_focal and not cells.yes("is_focal"):
            cells.fault("is_focal", Bilingual("Xin chọn một đầu mối khác thay thế.", "Please name another focal officer instead."))
        if cells.has_faults():
            return
        if account is None and person is not None:
            planned.status = Status.NEW
            self.new_logins.append(login)
        elif person is not None and account is not None:
            # note every difference, not only the first
            for column in PERSON:
                if cells.differs(column, getattr(account, column), person[column]):
                    planned.status = Status.CHANGED
        gets_focal = wish is not None and wish.is_focal and held is not None and not held.is_focal
        if wish is not None and (held is None or gets_focal):
            planned.status = Status.NEW if planned.status is Status.NEW else Status.CHANGED
            column = "role" if held is None else "is_focal"
            cells.differs(column, None, f"{wish.seat.role_words.vi}, {wish.seat.place.vi}" if held is None else True)
        if account is not None and not any(change[0] == cells.columns[column].heading for change in planned.changes for column in PERSON):
            person = None
        if planned.status is not Status.UNCHANGED:
            planned.deed = lambda: self._do(login, account, person, wish if held is None else None, held if gets_focal else None, seat)

    def _refuse_wish(self, cells: Cells, wish: RoleWish, account: Account | None) -> None:
        starts_on = wish.starts_on or self.today
        place: Any = wish.seat.agency or wish.seat.centre
        if wish.ends_on is not None and wish.ends_on <= max(starts_on, self.today):
            cells.fault(
                "valid_to",
                Bilingual(
                    "Ngày kết thúc phải sau ngày bắt đầu và sau hôm nay.", "The last day must lie behind the first and behind today."
                ),
            )
        if place is not None and not place.holds_on(max(starts_on, self.today)):
            cells.fault(
                "valid_from",
                Bilingual(f"{place.name_vi} không hoạt động trong thời gian đó.", f"{place.name_en} is not at work in that time."),
            )
        if account is not None and account.id == self.by.own_id:
            cells.fault("role", Bilingual("Không tự giao vai trò cho mình được.", "You cannot give yourself a role."))
        if account is not None and account.id in self.stood_in_for:
            cells.fault("role", STOOD_IN_FOR)
        if account is not None and has_left_others(self.by, account, self.today):
            cells.fault("role", LEFT_OTHERS)
        if wish.seat.role in WATCHERS:
            self._refuse_meeting(cells, wish, account, starts_on)
        agency = wish.seat.agency
        if wish.is_focal and agency is not None and (wish.seat.role != Role.OFFICER or self._is_second_focal(agency, cells)):
            cells.fault("is_focal", Bilingual("Mỗi đơn vị có một cán bộ đầu mối.", "An agency has one focal officer."))

    def _refuse_meeting(self, cells: Cells, wish: RoleWish, account: Account | None, starts_on: date) -> None:
        """Refuse roles that watch each other in one person: with those held, or with another row of theirs."""
        beside = self.watching[cells.planned.name]
        beside.add(wish.seat.role)
        held = meeting_by_role(account, wish.seat.role, starts_on, wish.ends_on, now=self.now) if account is not None else None
        if held is not None or len(beside) > 1:
            cells.fault("role", held or words_for(beside))

    def _is_second_focal(self, agency: Agency, cells: Cells) -> bool:
        return self.focal.setdefault(agency.id, cells.planned.name) != cells.planned.name

    def _held(self, account: Account | None, seat: Seat | None) -> Membership | None:
        rows = account.memberships if account is not None and seat is not None else []
        return next((row for row in rows if seat_of(row) == seat and (row.valid_to is None or row.valid_to > self.today)), None)

    def _do(
        self,
        login: str,
        account: Account | None,
        person: dict[str, Any] | None,
        wish: RoleWish | None,
        focal: Membership | None,
        seat: Seat | None,
    ) -> None:
        given: dict[str, Any] = {"by": self.by, "now": self.now, "reason": self.reason}
        if account is None:
            account = self.made.get(login)
        if account is None and person is not None:
            texts: dict[str, Any] = {column: value or "" for column, value in person.items()}
            account = self.made[login] = add_person(
                login=login,
                password_hash=self.hashes[login],
                centre_id=seat.centre_id if seat is not None else None,
                is_known_free=True,
                **texts,
                **given,
            )
        elif account is not None and person is not None and login not in self.made:
            change_person(account, is_known_own=True, **{**{column: value or "" for column, value in person.items()}, **given})
        if wish is not None and account is not None:
            give_role(account, wish, is_known_other=True, **given)
        if focal is not None:
            set_focal(focal, **given)


def _accounts(logins: set[str]) -> dict[str, Account]:
    found: dict[str, Account] = {}
    wanted = sorted(logins - {""})
    for start in range(0, len(wanted), AT_ONCE):
        query = select(Account).where(Account.login.in_(wanted[start : start + AT_ONCE]))
        query = query.options(
            selectinload(Account.memberships).joinedload(Membership.agency), selectinload(Account.memberships).joinedload(Membership.centre)
        )
        found |= {account.login or "": account for account in db.session.scalars(query)}
    return found
