"""The preview of a case where its address is shared: title, words, picture and code, all public."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.casefile.photo_access import public_copy
from casework.db import db
from casework.permissions import Action
from casework.photos.records import open_copy
from casework.public.cases import PublicItem, code_of_case, item_of_code
from reports.share_card import Card, address_code, draw_card
from web.addresses import on_the_web
from web.clock import now
from web.due_words import DueWords, due_words
from web.guards import file_store, found, performs
from web.http.replica import may_be_behind
from web.locales import in_reader_language
from web.navigation import centre_words
from web.public.layers import title_words, where_words

bp = Blueprint("public_share", __name__)

LONGEST_DESCRIPTION = 200
MOST_KEPT = 32
"""Cards cached by a process; some 150 KB each."""
AT_ONCE = 2
"""Cards drawn at the same time: each takes a fifth of a second of processor time."""

_drawn: OrderedDict[str, bytes] = OrderedDict()
"""By the digest of their whole content, so none is ever outdated."""
_lock, _hands = Lock(), BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class SharePreview:
    """Content of the page's head and of its sharing section. Addresses are absolute."""

    title: str
    description: str
    address: str
    picture: str
    qr: str


def shared_as(item: PublicItem, *, question: str = "") -> SharePreview:
    """In the reader's language; for an unpublished case only its field, commune and state."""
    card = card_of(item)
    address = on_the_web(url_for("public.report", code=item.code))
    words = " · ".join(filter(None, (card.place, card.state, card.due)))
    described = f"{words}. {' '.join(question.split())}" if item.title and question else words
    if len(described) > LONGEST_DESCRIPTION:
        described = described[: LONGEST_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"
    picture = on_the_web(url_for("public_share.card", code=item.code, v=card.digest))
    return SharePreview(card.title, described, address, picture, address_code(address))


def card_of(item: PublicItem) -> Card:
    """The content of a case's card. An unpublished case shows field and commune, not its village."""
    due = due_words(item.limit, now=now())
    area = in_reader_language(item.area) if item.area is not None else _("Place not known yet")
    photo = item.after[0] if item.title and item.after else None
    return Card(
        title=title_words(item),
        place=where_words(item) if item.title else area,
        state=in_reader_language(item.progress.label),
        due=_due_on_card(due) if item.title and due is not None else "",
        due_tone=due.state if due is not None else "",
        code=item.code,
        sender=f"{_('Field reports')} · {in_reader_language(centre_words().name)}",
        photo=f"{photo.ref} {photo.view_mark}" if photo is not None else "",
    )


def _due_on_card(due: DueWords) -> str:
    """Days only: hours left or late would change the picture every hour."""
    if due.state in ("late", "soon"):
        return _("Late") if due.state == "late" else ""
    return due.words


@bp.get("/reports/<code>/card.png")
@performs(Action.READ_PUBLIC)
@may_be_behind
def card(code: str) -> ResponseReturnValue:
    """The card as a picture. Caches must revalidate, so that a withdrawn one disappears at once."""
    main_code = found(code_of_case(code.upper()))
    if main_code != code:
        return redirect(url_for(".card", code=main_code), 302)
    item = found(item_of_code(main_code))
    wanted = card_of(item)
    answer = make_response(b"")
    answer.mimetype = "image/png"
    answer.headers["Cache-Control"] = "public, no-cache"
    answer.set_etag(wanted.digest)
    if not request.if_none_match.contains(wanted.digest):
        answer.set_data(_kept(wanted) or _draw(wanted, _photo_of(item) if wanted.photo else None))
    answer.make_conditional(request)
    return answer


def _kept(card: Card) -> bytes | None:
    with _lock:
        found_card = _drawn.get(card.digest)
        if found_card is not None:
            _drawn.move_to_end(card.digest)
        return found_card


def _draw(card: Card, photo: bytes | None) -> bytes:
    """Draw the card after releasing the database connection."""
    db.session.rollback()
    with _hands:
        picture = draw_card(card, photo)
    with _lock:
        _drawn[card.digest] = picture
        while len(_drawn) > MOST_KEPT:
            _drawn.popitem(last=False)
    return picture


def _photo_of(item: PublicItem) -> bytes | None:
    file = public_copy(item.after[0].ref, "view")
    if file is None:
        return None
    with open_copy(file, store=file_store()) as opened:
        return opened.read()
