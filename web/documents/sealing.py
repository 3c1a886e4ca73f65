"""Sealing a document: ordering it from the worker, showing the result, and taking back a copy that was signed elsewhere."""

from dataclasses import astuple, dataclass
from datetime import datetime

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.documents.files import files_of, newest_file
from casework.documents.register import document_seen
from casework.documents.sealing import (
    DROPPED,
    FAILED,
    OPEN,
    SEALED,
    SEALING,
    WAITING,
    SealRefused,
    ask_seal,
    drop_seal,
    is_signed_first,
    keep_returned,
    may_return,
    named_signers,
    order_of,
    orders_of,
    retry_seal,
    seals_for,
)
from casework.documents.seals import Seal
from casework.files.local import FileMissing, FileNotStored, StoredFile, new_stored_name
from casework.models import Letter, LetterFile, SealingOrder
from casework.permissions import Action, may
from reports.signing.failures import WORDS
from reports.signing.found import SignatureFound
from reports.signing.reading import MOST_BYTES, Examined, FileUnread
from reports.signing.returning import ReturnRefused, judge_returned, refuse_unnamed
from web.clock import now
from web.documents.revocations import revocations, signatures_today
from web.files.scanning import ScanRefused, refuse_infected
from web.guards import actor, file_store, found, performs
from web.http.signing_keys import signing_keys
from web.locales import in_reader_language
from web.sent_forms import answers_again

bp = Blueprint("documents_sealing", __name__)

KEPT_SECONDS = 45 * 60
"""Seconds an uploaded file waits for the person's confirmation; files without a row are swept after an hour."""

STATES: dict[str, Bilingual] = {
    WAITING: Bilingual("Chờ ký số", "Waits"),
    SEALING: Bilingual("Đang ký số", "Being sealed"),
    SEALED: Bilingual("Đã ký số", "Done"),
    FAILED: Bilingual("Ký số không thành công", "Failed"),
    DROPPED: Bilingual("Đã bỏ", "Dropped"),
}


@dataclass(frozen=True, slots=True)
class OrderShown:
    """An order as its letter's page shows it. `error` says why it failed, or why it waits for another try."""

    ref: str
    label: Bilingual
    state: str
    words: Bilingual
    error: Bilingual | None
    asked_at: datetime
    due_at: datetime | None
    can_retry: bool
    can_drop: bool


@dataclass(frozen=True, slots=True)
class SealPanel:
    """What the page of a letter shows of seals: those the reader may apply, orders, and those on it. `too_early`: the seal must follow a
    signature that is still missing."""

    seals: list[Seal]
    too_early: bool
    orders: list[OrderShown]
    signatures: list[SignatureFound]
    takes_returned: bool
    is_numbered: bool

    @property
    def is_empty(self) -> bool:
        return not (self.seals or self.too_early or self.orders or self.signatures or self.takes_returned)


@bp.app_template_global()
def seal_panel(letter: Letter) -> SealPanel:
    """For documents/_seal.html, which is included in the page of a letter."""
    by, set_up = actor(), _seals()
    orders = orders_of(letter)
    kept = newest_file(letter) if letter.withdrawn_at is None else None
    usable = seals_for(by, letter, set_up.values()) if kept is not None and may(by, Action.SEAL_LETTER) else []
    acts = may(by, Action.SEAL_LETTER) and may_return(by, letter)
    on_it = {order.seal for order in orders if order.state == SEALED}
    waits = any(order.state in OPEN for order in orders)
    wanted = [] if waits else [seal for seal in usable if seal.name not in on_it]
    signed = [seal for seal in wanted if is_signed_first(seal, letter)]
    return SealPanel(
        seals=signed,
        too_early=len(signed) < len(wanted),
        orders=[_shown(order, acts, waits) for order in orders],
        signatures=signatures_today(kept),
        takes_returned=acts and kept is not None and not waits,
        is_numbered=kept is not None,
    )


@bp.post("/documents/<ref>/seals")
@performs(Action.SEAL_LETTER)
@answers_again(lambda ref: url_for("documents_register.document", ref=ref))
def seal(ref: str) -> ResponseReturnValue:
    chosen = found(_seals().get(request.form.get("seal", "")))
    try:
        with unit_of_work():
            ask_seal(found(document_seen(actor(), ref)).letter, seal=chosen, by=actor(), now=now())
    except SealRefused as refusal:
        flash(in_reader_language(refusal.text), "wait")
    else:
        flash(_("The document will be sealed in a moment."))
    return _back(ref)


@bp.post("/documents/<ref>/seals/<order>/retry")
@performs(Action.SEAL_LETTER)
def retry(ref: str, order: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            retry_seal(_order(ref, order), seals=_seals().values(), by=actor(), now=now())
    except SealRefused as refusal:
        flash(in_reader_language(refusal.text), "wait")
    else:
        flash(_("It will be tried again in a moment."))
    return _back(ref)


@bp.post("/documents/<ref>/seals/<order>/drop")
@performs(Action.SEAL_LETTER)
def drop(ref: str, order: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            drop_seal(_order(ref, order), by=actor(), now=now())
    except SealRefused as refusal:
        flash(in_reader_language(refusal.text), "wait")
    else:
        flash(_("The order is dropped."))
    return _back(ref)


@bp.route("/documents/<ref>/signed", methods=["GET", "POST"])
@performs(Action.SEAL_LETTER)
@answers_again(lambda ref: url_for("documents_register.document", ref=ref))
def signed(ref: str) -> ResponseReturnValue:
    """A copy signed elsewhere is judged outside any transaction, stored, and only then given its row.

    Where nobody is named to sign for the body, the page shows whose certificates these are, and the person confirms that they may.
    """
    seen = found(document_seen(actor(), ref))
    letter = seen.letter
    base = found(newest_file(letter) if may_return(actor(), letter) and letter.withdrawn_at is None else None)
    if request.method == "GET":
        return render_template("documents/signed.html", document=seen, letter=letter, refusal="")
    try:
        judged = _judged(letter, base)
        if judged.is_named or judged.is_vouched:
            _take_back(letter.id, base.id, judged)
            flash(_("The signed file has been verified and kept."))
            return _back(ref)
        db.session.rollback()
        stored = judged.stored or file_store().put(new_stored_name(), judged.pdf, sealed=True)
    except (ReturnRefused, FileUnread, ScanRefused, SealRefused, FileNotStored) as refusal:
        db.session.rollback()
        again = found(document_seen(actor(), ref))
        return render_template("documents/signed.html", document=again, letter=again.letter, refusal=in_reader_language(refusal.text)), 422
    again = found(document_seen(actor(), ref))
    return render_template(
        "documents/signed.html", document=again, letter=again.letter, refusal="", signatures=judged.added,
        kept=_tokens().dumps([ref, actor().own_id, *astuple(stored)]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class JudgedCopy:
    """A copy that was signed elsewhere and is valid in itself. `is_named`: its signers are named to sign for the body; `is_vouched`: the
    person has confirmed that they may. `stored` is its file, kept since the person was asked."""

    pdf: bytes
    told: Examined
    added: list[SignatureFound]
    is_named: bool
    is_vouched: bool
    stored: StoredFile | None


def _judged(letter: Letter, base: LetterFile) -> JudgedCopy:
    """Judge the upload, or the earlier upload that is now vouched for. Raises ReturnRefused, FileUnread."""
    trust, moment = current_app.extensions["trust"], now()
    sha256, size, fields = base.sha256, base.size, {str(each.get("field")) for each in base.signatures}
    before, older = len(base.signatures), [row.sha256 for row in files_of(letter)[:-1]]
    ref, named = letter.ref, named_signers(letter, _seals().values())
    db.session.rollback()
    pdf, stored = _sent(ref)
    known = revocations()
    told = judge_returned(pdf, sha256=sha256, size=size, before=before, older=older, trust=trust, at=moment, known=known)
    added = [each.as_of(moment, known) for each in told.signatures if each.field not in fields]
    if named:
        refuse_unnamed(added, named)
    return JudgedCopy(pdf, told, added, bool(named), stored is not None and request.form.get("is_right") == "yes", stored)


def _sent(ref: str) -> tuple[bytes, StoredFile | None]:
    """The uploaded file, or the earlier one about which the person was asked."""
    if token := request.form.get("kept"):
        try:
            of, whose, *told = _tokens().loads(token, max_age=KEPT_SECONDS)
            if (of, whose) != (ref, actor().own_id):
                raise BadData("another document or person")
            stored = StoredFile(*told)
            with file_store().open(stored.stored_name, sealed=True) as opened:
                return opened.read(), stored
        except (BadData, FileMissing):
            raise ReturnRefused("Đã quá lâu. Vui lòng chọn lại tệp.", "That was too long ago. Please choose the file again.") from None
    sent = request.files.get("file")
    pdf = sent.stream.read(MOST_BYTES + 1) if sent is not None and sent.filename else b""
    if not pdf:
        raise ReturnRefused("Vui lòng chọn tệp PDF đã ký.", "Please choose the signed PDF file.")
    refuse_infected(pdf, (sent.filename or "") if sent is not None else "")
    return pdf, None


def _tokens() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(), salt="returned copy")


def _take_back(letter_id: int, base_id: int, judged: JudgedCopy) -> None:
    stored = judged.stored or file_store().put(new_stored_name(), judged.pdf, sealed=True)
    with unit_of_work():
        keep_returned(
            db.session.get_one(Letter, letter_id), stored, base=db.session.get_one(LetterFile, base_id), pages=judged.told.pages,
            signatures=[each.told() for each in judged.told.signatures], by=actor(), now=now(), is_vouched=judged.is_vouched,
        )  # fmt: skip


def _seals() -> dict[str, Seal]:
    seals: dict[str, Seal] = current_app.extensions["seals"]
    return seals


def _order(ref: str, order: str) -> SealingOrder:
    return found(order_of(found(document_seen(actor(), ref)).letter, order))


def _shown(order: SealingOrder, acts: bool, waits: bool) -> OrderShown:
    known = _seals().get(order.seal)
    return OrderShown(
        ref=order.ref, label=known.label if known is not None else Bilingual(order.seal, order.seal), state=order.state,
        words=STATES[order.state], error=WORDS.get(order.error) if order.error else None, asked_at=order.asked_at,
        due_at=order.due_at if order.state == WAITING and order.attempts else None,
        can_retry=acts and order.state == FAILED and not waits, can_drop=acts and order.state in (WAITING, FAILED),
    )  # fmt: skip


def _back(ref: str) -> ResponseReturnValue:
    return redirect(url_for("documents_register.document", ref=ref))
