"""Photos that a program names by an address with a report it files: fetched by a job, and kept like photos sent along.

    claim (committed)  →  call, scan, prepare: no transaction is open  →  keep (committed)

Addresses are sealed, may hold a secret or a name, and go when it has ended. Only hosts the account may name are called.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from casework.cases import lock_case
from casework.contacts.report_links import id_of_case
from casework.db import db
from casework.doors.addresses import host_to_call
from casework.events import record
from casework.models import Case, Photo, PhotoAddress, Report, ServiceAccount
from casework.pausing.additions import WriteToCentreInput
from casework.permissions import SYSTEM, Actor, actor_for
from casework.photos.records import PreparedPhoto, link_prepared, stage_photo
from casework.sealing.seal import SealBroken, open_text, seal_text
from casework.sentences import for_the_centre
from casework.setting_values import value_of
from casework.states import ENDED_STATES, CaseState
from casework.verbs import NO_KIND, Verb

URL_PURPOSE = "address of a photo"
LONGEST_URL = 2_000
LEASE = timedelta(minutes=5)
"""How long a worker may take over one; calling and scanning give up long before."""
TRIED_FOR = timedelta(days=1)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
FETCHED, NOT_ALLOWED, AWAY, NO_PHOTO, INFECTED, TOO_MANY, CLOSED, GONE = (
    "fetched", "refused", "away", "no_photo", "infected", "too_many", "closed", "gone",
)  # fmt: skip
"""How it ended: kept; the host is no longer named on the account; silent for a day; no photo that can be taken; malware; more than a report
may have; the case takes nothing more; set apart or erased."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An address whose turn it is. Never in `repr`."""

    id: int
    url: str

    def __repr__(self) -> str:
        return f"Waiting({self.id})"


@dataclass(frozen=True, slots=True)
class Added:
    """A photo that came after the operator had looked: what its sender's system writes to the centre."""

    case_ref: str
    by: Actor
    given: WriteToCentreInput


def may_be_fetched(url: str, hosts: Collection[str], inside: Collection[str]) -> bool:
    """Whether an address is of a host the account may name, and may be called at all."""
    return host_to_call(url, inside, longest=LONGEST_URL) in hosts


def ask_for_photos(report: Report, urls: Sequence[str], *, now: datetime) -> None:
    """Have the photos at these addresses fetched; the caller has asked `may_be_fetched`."""
    db.session.add_all(
        PhotoAddress(report_id=report.id, sealed_url=seal_text(url, purpose=URL_PURPOSE), asked_at=now, due_at=now) for url in urls
    )


def claim_address(*, inside: Collection[str], now: datetime) -> Waiting | None:
    """The address that has waited longest, kept from other workers for a while; None where nothing is due.

    What the account may no longer name, and what was tried for a day, ends here.
    """
    due = select(PhotoAddress, ServiceAccount).join(Report, Report.id == PhotoAddress.report_id)
    due = due.outerjoin(ServiceAccount, ServiceAccount.account_id == Report.service_id)
    due = due.where(PhotoAddress.ended_at.is_(None), PhotoAddress.due_at <= now).order_by(PhotoAddress.due_at, PhotoAddress.id)
    while found := db.session.execute(due.limit(1).with_for_update(of=PhotoAddress, skip_locked=True)).one_or_none():
        row, service = found
        if row.attempts and now >= row.asked_at + TRIED_FOR:
            _end(row, AWAY, now)
        elif (url := _opened(row)) is None:
            # its key is away: the others do not wait for it
            row.attempts, row.due_at = row.attempts + 1, now + LONGEST_WAIT
        elif service is None or service.ended_at is not None or not may_be_fetched(url, service.photo_hosts, inside):
            _end(row, NOT_ALLOWED, now)
        else:
            row.attempts, row.due_at = row.attempts + 1, now + LEASE
            return Waiting(row.id, url)
        db.session.flush()
    return None


def try_later(waiting: Waiting, *, now: datetime) -> None:
    """Its host is away, or ours is: again after a while that grows, for a day."""
    row = _open_row(waiting)
    if row is not None:
        row.due_at = now + min(SHORTEST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT)


def give_up(waiting: Waiting, reason: str, *, now: datetime) -> None:
    """What is there cannot be taken, however often it is asked for."""
    row = _open_row(waiting)
    if row is not None:
        _end(row, reason, now)


@Verb(
    "fetch_photo", None, kinds=NO_KIND,
    staff=for_the_centre("Đã tải ảnh ở địa chỉ mà phản ánh nêu", "Fetched a photo which the report names by its address"),
)  # fmt: skip
def keep_fetched(waiting: Waiting, prepared: PreparedPhoto, *, now: datetime) -> Added | None:
    """Keep a photo with its report, while that waits to be verified; later it is an addition, which the caller writes in this unit of work.

    Nothing is kept where the report was erased or set apart meanwhile, its case takes nothing more, or the photo is there. Records
    `fetch_photo`.
    """
    of_address = select(Report).join(PhotoAddress, PhotoAddress.report_id == Report.id).where(PhotoAddress.id == waiting.id)
    report = db.session.scalars(of_address).one()
    case = lock_case(id_of_case(report))
    row = _open_row(waiting)
    if row is None:
        return None
    if case.quarantined_at is not None or case.state in ENDED_STATES:
        _end(row, CLOSED, now)
        return None
    there = {photo.sha256 for photo in _photos(report)}
    if prepared.sha256 not in there and len(there) >= int(value_of("report_photos")):
        _end(row, TOO_MANY, now)
        return None
    _end(row, FETCHED, now)
    if prepared.sha256 in there:
        return None
    if case.state != CaseState.TO_VERIFY:
        return _as_addition(case, report, prepared, waiting, now)
    link_prepared([prepared], report=report, by=SYSTEM, now=now, first=len(there))
    record(case, "fetch_photo", by=SYSTEM, at=now, report=report.code)
    return None


def forget_addresses(report_ids: Collection[int], *, at: datetime) -> None:
    """Fetch nothing more for these reports, and forget the addresses. The caller holds the locks of their cases."""
    of_reports = PhotoAddress.report_id.in_(report_ids) & or_(PhotoAddress.ended_at.is_(None), PhotoAddress.sealed_url.is_not(None))
    gone = update(PhotoAddress).where(of_reports).values(sealed_url=None, ended_at=at, reason=GONE)
    db.session.execute(gone, execution_options={"synchronize_session": False})


def _as_addition(case: Case, report: Report, prepared: PreparedPhoto, waiting: Waiting, now: datetime) -> Added:
    service = db.session.get_one(ServiceAccount, report.service_id)
    by, token = actor_for(service.account, now=now, tracked_report_ids=[report.id]), f"photo-address-{waiting.id}"
    stage_photo(prepared, token=token, purpose="scene", by=by, now=now)
    return Added(case.ref, by, WriteToCentreInput(report=report, words="", token=token))


def _photos(report: Report) -> list[Photo]:
    return list(db.session.scalars(select(Photo).where(Photo.report_id == report.id, Photo.state == "linked")))


def _open_row(waiting: Waiting) -> PhotoAddress | None:
    query = select(PhotoAddress).where(PhotoAddress.id == waiting.id, PhotoAddress.ended_at.is_(None)).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _opened(row: PhotoAddress) -> str | None:
    try:
        return open_text(row.sealed_url or b"", purpose=URL_PURPOSE)
    except SealBroken:
        return None


def _end(row: PhotoAddress, reason: str, now: datetime) -> None:
    row.ended_at, row.reason, row.sealed_url = now, reason, None

