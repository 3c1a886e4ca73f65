"""Letters sent to bodies without a desk here, as packages: by the records clerk, once to each, taken back or replaced with a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.files import files_of
from casework.documents.kinds import ANSWER, LATE_LIST, TRANSFER_SLIP, issuer_agency_id
from casework.documents.numbering import body_of, locked_letter, may_number, stream_of
from casework.events import append
from casework.exchange.bodies import bodies_of, own_ids
from casework.exchange.outgoing import NEW, REPLACES, STATUS, TAKEN_BACK, NotExchanged, queue_letter
from casework.exchange.packages import DocumentId, Organ, status_words
from casework.exchange.pieces import told_of
from casework.models import Case, DocumentNumber, Letter, LetterFile, OutgoingPackage
from casework.permissions import Action, Actor, NotAllowed, may, require
from casework.text import normal

SENT_OUT = frozenset({TRANSFER_SLIP, ANSWER, LATE_LIST})
SIGNED = frozenset({"sealed", "returned"})
LONGEST_REASON = 300
MOST_SHOWN = 100

WAITS = Bilingual("Chờ gửi", "Waits to be sent")
SENT = Bilingual("Đã gửi", "Sent")
DROPPED = Bilingual("Không gửi nữa", "Not sent any more")
ERRORS: dict[str, Bilingual] = {
    "storage": Bilingual("Chưa đọc được tệp; sẽ thử lại.", "The file could not be read; it is tried again."),
    "transport": Bilingual("Chưa nối được trục văn bản; sẽ thử lại.", "Whoever carries packages is away; it is tried again."),
    "failed": Bilingual("Lỗi chưa rõ, đã ghi nhật ký; sẽ thử lại.", "An unforeseen failure, in the log; it is tried again."),
    "misfit": Bilingual("Không ghi được vào gói tin; cần gửi lại sau khi sửa.", "It does not fit a package; send it again once mended."),
}
BUSINESSES: dict[str, Bilingual] = {
    NEW: Bilingual("Gửi mới", "New"),
    TAKEN_BACK: Bilingual("Thu hồi", "Taken back"),
    REPLACES: Bilingual("Thay thế", "Replaces another"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One package as the page of its letter shows it. `said`: what the receiver said last, in its words."""

    ref: str
    receiver: str
    business: Bilingual
    state: Bilingual
    at: datetime
    error: Bilingual | None
    said: str
    can_go_again: bool
    can_be_taken_back: bool


def may_send(by: Actor, letter: Letter) -> bool:
    """Whether the person sends this letter: the records clerk of its centre, where the centre exchanges documents."""
    return (
        letter.kind in SENT_OUT and issuer_agency_id(letter) is None and may(by, Action.NUMBER_LETTER)
        and may_number(by, body_of(letter)) and bool(own_ids(letter.centre_id))
    )  # fmt: skip


def signed_file(letter: Letter) -> LetterFile | None:
    """The newest PDF that was sealed here or came back signed; None before there is one."""
    return next((row for row in reversed(files_of(letter)) if row.kind in SIGNED), None)


def bodies_left(letter: Letter) -> list[Organ]:
    """The bodies a letter has not gone to yet."""
    gone = set(db.session.scalars(select(OutgoingPackage.receiver).where(OutgoingPackage.letter_id == letter.id)))
    return [body for body in bodies_of(letter.centre_id) if body.id not in gone]


def sent_of(letter: Letter) -> list[Sent]:
    """What became of a letter, body by body, the oldest first."""
    query = select(OutgoingPackage).where(OutgoingPackage.letter_id == letter.id).order_by(OutgoingPackage.id).limit(MOST_SHOWN)
    rows = list(db.session.scalars(query))
    taken_back = {row.receiver for row in rows if row.business == TAKEN_BACK}
    return [_shown(row, taken_back) for row in rows]


def replaceable(letter: Letter) -> list[tuple[str, str]]:
    """Earlier letters about the same case that went out and were not taken back: ref and name of each, the newest first."""
    if letter.case_id is None:
        return []
    earlier = select(OutgoingPackage).where(
        OutgoingPackage.case_id == letter.case_id, OutgoingPackage.letter_id != letter.id, OutgoingPackage.business != STATUS,
        OutgoingPackage.sent_at.is_not(None),
    )  # fmt: skip
    rows = list(db.session.scalars(earlier.order_by(OutgoingPackage.id.desc()).limit(MOST_SHOWN)))
    gone = {(row.document, row.receiver) for row in rows if row.business == TAKEN_BACK}
    return [
        (row.ref, f"{row.document.rpartition(',')[2]} → {told_of(row).get('name') or row.receiver}")
        for row in rows
        if row.business != TAKEN_BACK and (row.document, row.receiver) not in gone
    ]


def send_letter(letter: Letter, organ_id: str, *, by: Actor, now: datetime, replaces: str = "", reason: str = "") -> OutgoingPackage:
    """Put a numbered, signed letter in line for a body; `replaces` is the ref of a package to the same body that it replaces.

    Records `send_package` on the stream of its book. Raises NotAllowed, NotExchanged.
    """
    letter = _for_clerk(letter, by)
    receiver = next((body for body in bodies_of(letter.centre_id) if body.id == organ_id), None)
    if receiver is None:
        raise NotExchanged("Vui lòng chọn cơ quan nhận.", "Please choose the receiving body.", about="receiver")
    _refuse_revealing(letter)
    file = signed_file(letter)
    if file is None:
        raise NotExchanged("Văn bản chưa có tệp đã ký hoặc đóng dấu.", "The document has no signed or sealed file yet.")
    before = _replaced(letter, replaces, receiver) if replaces else None
    reason = _reason(reason) if before is not None else ""
    row = queue_letter(
        letter, file, receiver=receiver, by=by, now=now, business=REPLACES if before is not None else NEW, reason=reason,
        replaced=DocumentId.parse(before.document) if before is not None else None,
    )  # fmt: skip
    _record(letter, "send_package", row, by, now)
    return row


def take_back_letter(ref: str, letter: Letter, *, reason: str, by: Actor, now: datetime) -> None:
    """Ask a body to give a letter back; one that has never been tried does not go at all. Records `take_back_package`.

    Raises NotAllowed, NotExchanged, LookupError.
    """
    letter = _for_clerk(letter, by)
    row, reason = _locked(ref, letter), _reason(reason)
    asked = select(OutgoingPackage.id).where(
        OutgoingPackage.letter_id == letter.id, OutgoingPackage.receiver == row.receiver, OutgoingPackage.business == TAKEN_BACK
    )
    if row.business == TAKEN_BACK or row.dropped_at is not None or db.session.scalar(asked) is not None:
        raise NotExchanged("Văn bản gửi cơ quan này đã được thu hồi.", "It has been taken back from this body already.")
    _record(letter, "take_back_package", row, by, now)
    if row.attempts == 0:
        row.due_at, row.dropped_at = None, now
        return
    organ = Organ(row.receiver, str(told_of(row).get("name", "")))
    queue_letter(letter, None, receiver=organ, by=by, now=now, business=TAKEN_BACK, reason=reason, document=row.document)


def send_again(ref: str, letter: Letter, *, by: Actor, now: datetime) -> None:
    """Try one that waits, or that waiting did not mend, at once. Raises NotAllowed, NotExchanged, LookupError."""
    row = _locked(ref, _for_clerk(letter, by))
    if row.last_error is None or row.sent_at is not None or row.dropped_at is not None:
        raise NotExchanged("Gói tin này không cần gửi lại.", "This package need not be sent again.")
    row.due_at = now


def _for_clerk(letter: Letter, by: Actor) -> Letter:
    require(by, Action.NUMBER_LETTER)
    letter = locked_letter(letter.id)
    if letter.kind not in SENT_OUT:
        raise NotExchanged("Loại văn bản này không gửi qua trục.", "Documents of this kind are not exchanged.")
    if not may_number(by, body_of(letter)):
        raise NotAllowed
    return letter


def _refuse_revealing(letter: Letter) -> None:
    """Of a sensitive case only a slip that was written without its matter goes out, of one set apart nothing."""
    case = db.session.get(Case, letter.case_id) if letter.case_id is not None else None
    if case is None:
        return
    if case.quarantined_at is not None or (case.visibility_reason_id is not None and not letter.content.get("is_sensitive")):
        raise NotExchanged("Hồ sơ này không gửi ra ngoài được.", "This case cannot be sent out.")


def _replaced(letter: Letter, ref: str, receiver: Organ) -> OutgoingPackage:
    query = select(OutgoingPackage).where(
        OutgoingPackage.ref == ref, OutgoingPackage.centre_id == letter.centre_id, OutgoingPackage.case_id == letter.case_id,
        OutgoingPackage.receiver == receiver.id, OutgoingPackage.business != STATUS, OutgoingPackage.letter_id != letter.id,
    )  # fmt: skip
    row = db.session.scalars(query).first()
    if row is None:
        raise NotExchanged("Văn bản được thay chưa gửi cơ quan này.", "What it replaces did not go to this body.", about="replaces")
    return row


def _locked(ref: str, letter: Letter) -> OutgoingPackage:
    query = select(OutgoingPackage).where(OutgoingPackage.ref == ref, OutgoingPackage.letter_id == letter.id).with_for_update()
    row = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise LookupError(ref)
    return row


def _reason(reason: str) -> str:
    reason = normal(reason)
    if not 0 < len(reason) <= LONGEST_REASON:
        raise NotExchanged(
            f"Vui lòng ghi lý do, tối đa {LONGEST_REASON} ký tự.", f"Please give the reason, {LONGEST_REASON} characters at most.",
            about="reason",
        )  # fmt: skip
    return reason


def _record(letter: Letter, type_: str, row: OutgoingPackage, by: Actor, now: datetime) -> None:
    number = db.session.scalars(select(DocumentNumber).where(DocumentNumber.letter_id == letter.id)).one()
    told = {"number": number.number, "letter": letter.ref, "receiver": row.receiver}
    append(stream_of(number.book), type_, by=by, at=now, payload=told)


def _shown(row: OutgoingPackage, taken_back: set[str]) -> Sent:
    told, is_sent = told_of(row), row.sent_at is not None
    state = DROPPED if row.dropped_at is not None else SENT if is_sent else WAITS
    return Sent(
        ref=row.ref, receiver=str(told.get("name") or row.receiver), business=BUSINESSES[row.business],
        state=status_words(row.told_code) if row.told_code is not None else state, at=row.told_at or row.sent_at or row.asked_at,
        error=ERRORS.get(row.last_error or "") if not is_sent and row.dropped_at is None else None, said=str(told.get("words", "")),
        can_go_again=row.last_error is not None and not is_sent and row.dropped_at is None,
        can_be_taken_back=row.business != TAKEN_BACK and row.dropped_at is None and row.receiver not in taken_back,
    )  # fmt: skip
