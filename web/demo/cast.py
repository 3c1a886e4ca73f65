"""Who acts in the stories and where: people, agencies, areas and fields that were looked up once.

Some thousand deeds are done by the same people. Rows are loaded anew after each deed, so actors are kept,
which hold no rows, and ids.
"""

from collections.abc import Callable, Hashable
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import select

from casework.db import db
from casework.models import Agency, Area, AreaSuccession, Camera, Field
from casework.permissions import Actor, Role, actor_for
from casework.text import fold
from web.demo.people import SENDERS, agency_account, citizen_by_email, staff_account

Kept = TypeVar("Kept")


class Cast:
    """What was looked up so far; forgotten when the bodies change."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def forget(self) -> None:
        self._kept.clear()

    def staff(self, login: str, moment: datetime) -> Actor:
        """A member of the centre's staff with the roles held then; they change with the bodies alone, and nobody has a deputy yet."""
        return self.once(("staff", login), lambda: actor_for(staff_account(login), now=moment))

    def of_agency(self, agency: Agency, role: Role, moment: datetime) -> Actor:
        return self.once((role, agency.id), lambda: actor_for(agency_account(agency, role), now=moment))

    def citizen(self, number: int, moment: datetime) -> Actor:
        """One of SENDERS."""
        return self.once(("citizen", number), lambda: actor_for(citizen_by_email(SENDERS[number][0]), now=moment))

    def commune(self, name: str, on: date) -> Area:
        """The commune of that name, or its successor by that day."""
        return db.session.get_one(Area, self.once(("commune", name, on), lambda: _commune(name, on).id))

    def field_called(self, name: str) -> Field:
        query = select(Field.id).where(Field.name_vi == name)
        return db.session.get_one(Field, self.once(("field", name), lambda: db.session.scalars(query).one()))

    def camera_called(self, name: str | None, on: date) -> Camera | None:
        """The camera of that name as it was on that day."""
        if name is None:
            return None
        rows = db.session.scalars(select(Camera).where(Camera.name_vi == name))
        return next((row for row in rows if row.holds_on(on)), None)

    def once(self, key: Hashable, look_up: Callable[[], Kept]) -> Kept:
        """What was looked up under that key; it may hold no rows."""
        if key not in self._kept:
            self._kept[key] = look_up()
        found: Kept = self._kept[key]
        return found


def _commune(name: str, on: date) -> Area:
    area = db.session.scalars(select(Area).where(Area.folded_name == fold(name), Area.level == "commune").order_by(Area.valid_from)).first()
    while area is not None and not area.holds_on(on):
        query = select(Area).join(AreaSuccession, AreaSuccession.successor_id == Area.id).where(AreaSuccession.predecessor_id == area.id)
        area = db.session.scalars(query).first()
    if area is None:
        raise LookupError(f"{name} on {on}")
    return area
