"""Words for the places of roles and the parents of bodies named in events; read at once for all events of a page."""

import re
from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency, Area, Centre
from casework.permissions import Role
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.seats import EVERYWHERE, WHOLE_INSTALLATION

_SEAT = re.compile(r"([a-z_]{1,40})@([\w-]+)")


class Places:
    """Agencies and centres by key, agencies and areas by the ids that some events contain."""

    def __init__(self, by_key: dict[str, Bilingual], by_number: dict[tuple[str, int], Bilingual]) -> None:
        self._by_key, self._by_number = by_key, by_number

    @classmethod
    def named_in(cls, payloads: Iterable[dict[str, Any]]) -> Self:
        """Read the names of the events' places; runs no statement where they name none."""
        keys, numbers = set[str](), {"agency": set[int](), "area": set[int]()}
        for payload in payloads:
            kind = str(payload.get("kind", ""))
            sides = [side for side in (payload.get("old"), payload.get("new")) if isinstance(side, dict)]
            if kind == "membership":
                keys |= {found[2] for text in (payload.get("row"), *(side.get("place") for side in sides)) if (found := _seat_in(text))}
            for side in sides:
                for name in ("parent_id", "area_id"):
                    if isinstance(side.get(name), int):
                        numbers[_body(kind, name)].add(side[name])
        by_key: dict[str, Bilingual] = {}
        if keys - {EVERYWHERE}:
            centres = db.session.scalars(select(Centre).where(Centre.code_prefix.in_(keys)))
            by_key = {row.code_prefix: row.name for row in centres}
            agencies = db.session.scalars(select(Agency).where(Agency.key.in_(keys)).order_by(Agency.valid_from, Agency.id))
            by_key |= {row.key: row.name for row in agencies}
        by_number: dict[tuple[str, int], Bilingual] = {}
        models: dict[str, Any] = {"agency": Agency, "area": Area}
        for body, ids in numbers.items():
            rows = db.session.scalars(select(models[body]).where(models[body].id.in_(ids))) if ids else ()
            by_number |= {(body, row.id): row.name for row in rows}
        return cls(by_key, by_number)

    def seat(self, label: str) -> list[Bilingual | str]:
        """Role and place of a seat, from its casework.settings.seats.Seat.label."""
        found = _seat_in(label)
        if found is None:
            return [label]
        role: Bilingual | str = ROLE_WORDS.get(Role(found[1]), found[1]) if found[1] in set(Role) else found[1]
        return [role, self.place(found[2])]

    def place(self, key: str) -> Bilingual | str:
        """The agency or centre of a key, or the whole installation."""
        return WHOLE_INSTALLATION if key == EVERYWHERE else self._by_key.get(key, key)

    def body(self, kind: str, name: str, number: int) -> Bilingual | str:
        """The parent of an agency or area."""
        return self._by_number.get((_body(kind, name), number), str(number))


def _body(kind: str, column: str) -> str:
    return "agency" if (kind, column) == ("agency", "parent_id") else "area"


def _seat_in(text: Any) -> re.Match[str] | None:
    return _SEAT.search(str(text or ""))
