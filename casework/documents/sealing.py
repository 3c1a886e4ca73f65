"""Seals and signatures on numbered letters: who may use which, the orders to the worker, and their outcome.

As in files.py, orders are claimed, so that any number of workers may run; the sealed copy is stored before the transaction that gives it
its row. A copy is never replaced: the letter's newest file is the one sent out (NĐ 30/2020, Điều 13, 17 and 26).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db
from casework.documents.files import issued_file, keep_file, newest_file
from casework.documents.kinds import symbol_of
from casework.documents.numbering import Body, answering, body_of, locked_letter, may_number, stream_of
from casework.documents.register import reads_paper
from casework.documents.seals import BODY, ELSEWHERE, FIELDS, PERSON, Seal
from casework.errors import CaseworkError
from casework.events import append, record
from casework.files.local import StoredFile
from casework.models import Account, Agency, Centre, DocumentNumber, Letter, LetterFile, SealingOrder
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role, may, require
from casework.sentences import always
from casework.verbs import MESSAGE, Verb

WAITING, SEALING, SEALED, FAILED, DROPPED = "waiting", "sealing", "sealed", "failed", "dropped"
OPEN = (WAITING, SEALING)
RETURNED = "returned"

LEASE = timedelta(minutes=10)
"""How long a worker that was cut off keeps an order from the others."""
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""The wait after each failure that may pass by itself; after the last one somebody has to ask again."""
INTERRUPTED = "failed"
MOST_ORDERS_SHOWN = 20
SIGNS_FOR_CENTRE = frozenset({Role.COMMITTEE_LEADER, Role.OPS_LEAD})
"""The roles that sign a centre's letters with their own signature. The centre's seal is its clerk's."""


class SealRefused(CaseworkError):
    """The letter cannot be sealed like this; the text says why."""


@dataclass(frozen=True, slots=True)
class ClaimedSeal:
    """An order to carry out: the file, the seal, and the text printed next to it."""

    order_id: int
    letter_id: int
    file_id: int
    seal: str
    number: int
    attempts: int


def seals_for(by: Actor, letter: Letter, seals: Iterable[Seal]) -> list[Seal]:
    return [seal for seal in seals if may_use(by, seal, letter)]


def may_use(by: Actor, seal: Seal, letter: Letter) -> bool:
    """Whether the person may put this seal on this letter.

    The seal has to be that of the body that issues the letter or, once that has ended, of a successor: the seal of an ended body is not
    used any more. A body's seal is put on by the keeper of its book: the centre's clerk, the agency's own leader. A person's signature is
    put on by that person alone, not by a deputy, who signs with their own.
    """
    if seal.kind == ELSEWHERE:
        return False
    issuer, *heirs = answering(body_of(letter), letter)
    body = next((each for each in heirs or [issuer] if _is_of(seal, each)), None)
    if body is None:
        return False
    if seal.signer != PERSON:
        return may_number(by, body)
    own = db.session.get(Account, by.own_id) if by.own_id is not None else None
    return own is not None and own.login == seal.login and signs_for(by.alone, body)


def signs_for(by: Actor, body: Body) -> bool:
    """Whether the person signs or seals what a body issues."""
    if body.agency_id is not None:
        return by.holds([Role.AGENCY_LEADER], agency_id=body.agency_id)
    return by.holds(SIGNS_FOR_CENTRE | {Role.RECORDS_CLERK}, centre_id=body.centre_id)


def answers_for(by: Actor, letter: Letter) -> bool:
    """Whether the person signs or seals what the letter's body issued, or succeeds an ended body."""
    return any(signs_for(by, body) for body in answering(body_of(letter), letter))


def may_fetch(by: Actor, letter: Letter) -> bool:
    """Whether the person may have the file: readers of its content, and whoever signs or seals it even without reading the case.

    A clerk reads nothing of a case, but nobody can seal a paper they cannot open, or sign it with other software.
    """
    return reads_paper(by, letter) or (bool(letter.content) and may(by, Action.SEAL_LETTER) and answers_for(by, letter))


@Verb(
    "fetch_output", Action.SEAL_LETTER, kinds=MESSAGE,
    staff=always("Tải văn bản về để ký hoặc đóng dấu", "Fetched a document to sign or seal it"),
)  # fmt: skip
def note_fetched(letter: Letter, *, by: Actor, now: datetime) -> None:
    """Record that a paper was given to somebody for signing or sealing who may not read its content otherwise.

    Records `fetch_output` in the history of the letter's case, or for other letters on the stream of its book. Raises NotAllowed,
    SealRefused where it was taken back meanwhile.
    """
    if not may_fetch(by, letter):
        raise NotAllowed
    if reads_paper(by, letter):
        return
    number = _standing_number(letter)
    told = {"kind": letter.kind, "letter": letter.ref, "number": number.number, "symbol": symbol_of(letter)}
    if letter.case_id is not None:
        record(lock_case(letter.case_id), "fetch_output", by=by, at=now, **told)
    else:
        append(stream_of(number.book), "fetch_output", by=by, at=now, payload={**told, "centre_id": letter.centre_id})


def is_signed_first(seal: Seal, letter: Letter) -> bool:
    """Whether a body's seal may follow: a person's signature has to be on the letter first (NĐ 30/2020, Điều 13 and 17), put on here or
    elsewhere."""
    newest = newest_file(letter)
    return seal.signer != BODY or any(each.get("field") != FIELDS[BODY] for each in (newest.signatures if newest is not None else ()))


def named_signers(letter: Letter, seals: Iterable[Seal]) -> frozenset[str]:
    """The certificates that may sign a letter with other software, as named in the file of seals; where none is named, any trusted one
    that somebody vouches for."""
    bodies = answering(body_of(letter), letter)
    named = [seal.signers for seal in seals if seal.kind == ELSEWHERE and any(_is_of(seal, body) for body in bodies)]
    return frozenset(signer for signers in named for signer in signers)


def ask_seal(letter: Letter, *, seal: Seal, by: Actor, now: datetime) -> SealingOrder:
    """Order a seal on the newest file of a letter. Records `ask_seal` on the stream of its book.

    Raises NotAllowed, SealRefused where there is no file yet, the letter was taken back, it has this seal, an order waits, or a body's
    seal would precede the signature.
    """
    require(by, Action.SEAL_LETTER)
    letter = locked_letter(letter.id)
    if not may_use(by, seal, letter):
        raise NotAllowed
    number = _standing_number(letter)
    if issued_file(letter) is None:
        raise SealRefused(
            "Tệp của văn bản chưa được tạo. Vui lòng chờ ít phút.", "The file of this letter is not made yet. Please wait some minutes."
        )
    before = list(db.session.scalars(select(SealingOrder).where(SealingOrder.letter_id == letter.id)))
    if any(order.state in OPEN for order in before):
        raise SealRefused("Văn bản đang chờ ký số.", "This letter waits to be sealed already.")
    if any(order.state == SEALED and order.seal == seal.name for order in before):
        raise SealRefused("Văn bản đã có chữ ký hoặc con dấu này.", "This letter bears this seal already.")
    _refuse_before_signature(seal, letter)
    append(stream_of(number.book), "ask_seal", by=by, at=now, payload={"number": number.number, "letter": letter.ref, "seal": seal.name})
    order = SealingOrder(letter_id=letter.id, seal=seal.name, state=WAITING, asked_by_id=by.account_id, asked_at=now, due_at=now)
    db.session.add(order)
    db.session.flush()
    return order


def retry_seal(order: SealingOrder, *, seals: Iterable[Seal], by: Actor, now: datetime) -> None:
    """Let the worker retry a failed order. Raises NotAllowed, SealRefused."""
    require(by, Action.SEAL_LETTER)
    letter = locked_letter(order.letter_id)
    order = _locked_order(order.id)
    seal = next((each for each in seals if each.name == order.seal), None)
    if seal is None:
        raise SealRefused("Con dấu này không còn trong thiết lập của hệ thống.", "This seal is not set up any more.")
    if not may_use(by, seal, letter):
        raise NotAllowed
    _standing_number(letter)
    if order.state != FAILED or _has_open(letter):
        raise SealRefused("Không có gì để thử lại.", "There is nothing to try again.")
    _refuse_before_signature(seal, letter)
    order.state, order.due_at, order.attempts, order.error, order.ended_at = WAITING, now, 0, None, None


def drop_seal(order: SealingOrder, *, by: Actor, now: datetime) -> None:
    """Cancel a waiting or failed order. Raises NotAllowed; SealRefused while it is carried out."""
    require(by, Action.SEAL_LETTER)
    letter = locked_letter(order.letter_id)
    order = _locked_order(order.id)
    if not answers_for(by, letter):
        raise NotAllowed
    if order.state not in (WAITING, FAILED):
        raise SealRefused("Văn bản đang được ký, không hủy được nữa.", "The letter is being sealed: it cannot be dropped any more.")
    order.state, order.ended_at = DROPPED, now


def orders_of(letter: Letter) -> list[SealingOrder]:
    """The orders for a letter, newest first."""
    query = select(SealingOrder).where(SealingOrder.letter_id == letter.id).order_by(SealingOrder.id.desc())
    return list(db.session.scalars(query.limit(MOST_ORDERS_SHOWN)))


def order_of(letter: Letter, ref: str) -> SealingOrder | None:
    """One order of a letter; None where there is none."""
    return db.session.scalars(select(SealingOrder).where(SealingOrder.letter_id == letter.id, SealingOrder.ref == ref)).first()


def has_orders(*, now: datetime) -> bool:
    return db.session.scalar(select(SealingOrder.id).where(SealingOrder.state.in_(OPEN), SealingOrder.due_at <= now).limit(1)) is not None


def claim_orders(*, now: datetime, most: int) -> list[ClaimedSeal]:
    """Claim the orders that have waited longest, keeping them from other workers for a while."""
    due = select(SealingOrder).where(SealingOrder.state.in_(OPEN), SealingOrder.due_at <= now).order_by(SealingOrder.due_at).limit(most)
    found = []
    for order in db.session.scalars(due.with_for_update(skip_locked=True)):
        letter = db.session.get_one(Letter, order.letter_id)
        number, base = _number_of(letter), newest_file(letter)
        if number is None or number.struck_at is not None or letter.withdrawn_at is not None or base is None:
            order.state, order.error, order.ended_at, order.leased_until = DROPPED, "withdrawn", now, None
        elif order.attempts > len(WAITS):
            # every attempt ended its worker without a trace: do not try again and again
            order.state, order.error, order.ended_at, order.leased_until = FAILED, order.error or INTERRUPTED, now, None
        else:
            order.state, order.attempts, order.leased_until, order.due_at = SEALING, order.attempts + 1, now + LEASE, now + LEASE
            found.append(ClaimedSeal(order.id, letter.id, base.id, order.seal, number.number, order.attempts))
    return found


def keep_sealed(
    claimed: ClaimedSeal, stored: StoredFile, *, pages: int, signatures: Sequence[dict[str, Any]], now: datetime
) -> LetterFile | None:
    """Give a sealed copy its row. None where the letter was taken back, or another copy came first; then it is tried again.

    Records `seal_letter` on the stream of the book.
    """
    letter = locked_letter(claimed.letter_id)
    order = _locked_order(claimed.order_id)
    if order.state != SEALING or order.attempts != claimed.attempts:
        return None
    number, base = _number_of(letter), newest_file(letter)
    order.leased_until = None
    if number is None or number.struck_at is not None or letter.withdrawn_at is not None or base is None:
        order.state, order.error, order.ended_at = DROPPED, "withdrawn", now
        return None
    if base.id != claimed.file_id:
        order.state, order.due_at, order.attempts = WAITING, now, order.attempts - 1
        return None
    row = keep_file(letter, SEALED, stored, pages=pages, now=now)
    row.signatures, row.made_by_id = list(signatures), order.asked_by_id
    told = {"number": number.number, "letter": letter.ref, "seal": order.seal, "sha256": stored.sha256}
    append(stream_of(number.book), "seal_letter", by=SYSTEM, at=now, payload=told)
    order.state, order.error, order.ended_at = SEALED, None, now
    return row


def keep_seal_failure(claimed: ClaimedSeal, word: str, *, passes: bool, now: datetime) -> None:
    """Record in one word why sealing failed; it is retried automatically where that may help."""
    order = _locked_order(claimed.order_id)
    if order.state != SEALING or order.attempts != claimed.attempts:
        return
    order.error, order.leased_until = word, None
    if passes and order.attempts <= len(WAITS):
        order.state, order.due_at = WAITING, now + WAITS[order.attempts - 1]
    else:
        order.state, order.ended_at = FAILED, now


def may_return(by: Actor, letter: Letter) -> bool:
    """Whether the person may upload a copy of a letter signed elsewhere."""
    return answers_for(by, letter)


def keep_returned(
    letter: Letter, stored: StoredFile, *, base: LetterFile, pages: int, signatures: Sequence[dict[str, Any]], by: Actor, now: datetime,
    is_vouched: bool = False,
) -> LetterFile:  # fmt: skip
    """Keep a copy that was signed elsewhere and has been checked (reports.signing.returning).

    `base` is the stored file the copy starts with. `is_vouched`: the person has confirmed that the signers may sign for the body. Records
    `return_signed` on the stream of the book. Raises NotAllowed, SealRefused.
    """
    require(by, Action.SEAL_LETTER)
    letter = locked_letter(letter.id)
    if not may_return(by, letter):
        raise NotAllowed
    number, newest = _standing_number(letter), newest_file(letter)
    if newest is None or newest.id != base.id:
        raise SealRefused(
            "Trong lúc đó văn bản đã có bản ký khác. Vui lòng tải bản mới nhất về ký.",
            "Meanwhile another signed copy came. Please download the newest and sign that.",
        )
    row = keep_file(letter, RETURNED, stored, pages=pages, now=now, by=by)
    row.signatures = list(signatures)
    told = {"number": number.number, "letter": letter.ref, "sha256": stored.sha256, "is_vouched": is_vouched}
    append(stream_of(number.book), "return_signed", by=by, at=now, payload=told)
    return row


def unknown_bodies(seals: Collection[Seal]) -> list[Seal]:
    """The seals whose centre or agency is not in the database, usually a mistyped name that would leave a seal nobody may use."""
    return [seal for seal in seals if _body_id(seal) is None]


def _refuse_before_signature(seal: Seal, letter: Letter) -> None:
    if not is_signed_first(seal, letter):
        raise SealRefused(
            "Văn bản chưa có chữ ký của người ký. Con dấu được đóng sau chữ ký.",
            "The signer has not signed this document yet. The seal comes after the signature.",
        )


def _is_of(seal: Seal, body: Body) -> bool:
    centre = db.session.get_one(Centre, body.centre_id)
    if seal.centre != centre.code_prefix:
        return False
    if body.agency_id is None:
        return not seal.agency
    return seal.agency == db.session.get_one(Agency, body.agency_id).key


def _body_id(seal: Seal) -> int | None:
    if not seal.agency:
        return db.session.scalar(select(Centre.id).where(Centre.code_prefix == seal.centre))
    of_agency = select(Agency.id).join(Centre, Centre.id == Agency.centre_id)
    return db.session.scalars(of_agency.where(Centre.code_prefix == seal.centre, Agency.key == seal.agency)).first()


def _standing_number(letter: Letter) -> DocumentNumber:
    number = _number_of(letter)
    if number is None:
        raise SealRefused("Văn bản chưa có số.", "This letter has no number yet.")
    if number.struck_at is not None or letter.withdrawn_at is not None:
        raise SealRefused("Văn bản đã được thu hồi.", "This letter has been taken back.")
    return number


def _number_of(letter: Letter) -> DocumentNumber | None:
    query = select(DocumentNumber).where(DocumentNumber.letter_id == letter.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def _has_open(letter: Letter) -> bool:
    query = select(SealingOrder.id).where(SealingOrder.letter_id == letter.id, SealingOrder.state.in_(OPEN))
    return db.session.scalar(query.limit(1)) is not None


def _locked_order(order_id: int) -> SealingOrder:
    return db.session.get_one(SealingOrder, order_id, with_for_update=True, populate_existing=True)
