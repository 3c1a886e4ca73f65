"""The head and the signature of a letter as they were on a day (NĐ 30/2020/NĐ-CP, Phụ lục I; rules.md, section 8)."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from casework.db import db
from casework.models import Agency, Centre, Letterhead


@dataclass(frozen=True, slots=True)
class Head:
    """The head and the signature block of a letter. Empty where nobody has set them: the paper leaves room."""

    issuing_body: str
    parent_body: str = ""
    symbol: str = ""
    place: str = ""
    authority: str = ""
    signer_title: str = ""
    signer_name: str = ""

    def told(self) -> dict[str, Any]:
        """The values as a letter keeps them."""
        return asdict(self)


def letterhead_for(centre_id: int, agency_id: int | None, on: date) -> Head:
    """The letterhead in force on a local day: of the agency; of the centre, else of the installation, where no agency is named.

    An agency without one signs under its name of that day, with the place of its centre's letters. A row that has ended since still
    applies to its days, so that an old letter is reproduced as it was.
    """
    of_agency = Letterhead.agency_id == agency_id if agency_id is not None else Letterhead.agency_id.is_(None) & False
    of_centre = Letterhead.agency_id.is_(None) & or_(Letterhead.centre_id == centre_id, Letterhead.centre_id.is_(None))
    rows = [row for row in db.session.scalars(select(Letterhead).where(or_(of_agency, of_centre))) if row.holds_on(on)]
    rank = max(rows, key=lambda row: (row.agency_id is not None, row.centre_id is not None, row.valid_from, row.id), default=None)
    if rank is not None and (agency_id is None or rank.agency_id == agency_id):
        return _head(rank)
    if agency_id is None:
        centre = db.session.get_one(Centre, centre_id)
        return Head(issuing_body=centre.name_vi)
    agency = db.session.get_one(Agency, agency_id)
    return Head(issuing_body=agency.name_vi, place=rank.place if rank is not None else "")


def _head(row: Letterhead) -> Head:
    return Head(
        issuing_body=row.issuing_body, parent_body=row.parent_body, symbol=row.symbol, place=row.place, authority=row.authority,
        signer_title=row.signer_title, signer_name=row.signer_name,
    )  # fmt: skip
