"""Public verification of a document by its QR code or its file. It reveals nothing of the matter and keeps no upload."""

from datetime import timedelta

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.documents.verifying import STANDINGS, known_by_digest, known_by_ref
from casework.permissions import Action
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from reports.signing.prefixes import digest_of, digests_of_beginnings
from reports.signing.reading import MOST_BYTES, FileUnread, signatures_of
from web.clock import now
from web.documents.revocations import revocations, signatures_today
from web.guards import found, performs
from web.locales import in_reader_language
from web.networks import this_network

bp = Blueprint("documents_verify", __name__)

UPLOADS = Limit("verify document", 30, timedelta(minutes=15))
"""Per network, since each may take a process some seconds."""


@bp.route("/verify", methods=["GET", "POST"])
@performs(Action.VERIFY_DOCUMENT)
def verify() -> ResponseReturnValue:
    if request.method == "GET":
        return _page()
    moment = now()
    with unit_of_work():
        until = count_attempt(UPLOADS, this_network(), now=moment)
    if until is not None:
        return _page(in_reader_language(TooManyAttempts(until).text)), 429
    sent = request.files.get("file")
    pdf = sent.stream.read(MOST_BYTES + 1) if sent is not None and sent.filename else b""
    if not pdf:
        return _page(_("Please choose the PDF file.")), 422
    if len(pdf) > MOST_BYTES:
        return _page(in_reader_language(FileUnread("too_big").text)), 422
    known = known_by_digest([digest_of(pdf)])
    if known is not None:
        document, file = known
        return render_template(
            "documents/verified.html", document=document, file=file, signatures=signatures_today(file), standings=STANDINGS,
            digest=file.sha256,
        )  # fmt: skip
    begins = known_by_digest(digests_of_beginnings(pdf))
    try:
        found_in_it = signatures_of(pdf, trust=current_app.extensions["trust"], at=moment)
    except FileUnread as refusal:
        return _page(in_reader_language(refusal.text), digest=digest_of(pdf)), 503 if refusal.word == "busy" else 422
    known_today = revocations()
    signatures = [each.as_of(moment, known_today) for each in found_in_it]
    return render_template(
        "documents/unknown.html", signatures=signatures, digest=digest_of(pdf), begins=begins[0] if begins is not None else None,
        standings=STANDINGS,
    )  # fmt: skip


@bp.get("/verify/<ref>")
@performs(Action.VERIFY_DOCUMENT)
def document(ref: str) -> ResponseReturnValue:
    known = found(known_by_ref(ref))
    file = known.files[-1] if known.files else None
    return render_template(
        "documents/verified.html", document=known, file=None, signatures=signatures_today(file), standings=STANDINGS,
        digest=file.sha256 if file is not None else "",
    )  # fmt: skip


def _page(refusal: str = "", *, digest: str = "") -> str:
    return render_template("documents/verify.html", refusal=refusal, digest=digest, most=MOST_BYTES // 1_000_000)
