"""The field desk: its page, which telephones keep without anybody's name in it, and what it is filled with while there is a signal."""

from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART, PARTS
from casework.local_time import LOCAL_ZONE
from casework.permissions import Action
from casework.photos.records import most_photos
from web.base_map import base_map
from web.clock import now
from web.due_words import short_limit_words
from web.field_secret import device_secret, is_on, seconds_left, secrets_of
from web.guards import actor, found, performs, signed_in_account
from web.http.security import lets_use_camera
from web.locales import in_reader_language as local
from web.navigation import centre_words
from web.offline.pages import kept_page
from web.sessions import current_session
from web.steps.answering import SHORTEST_PART
from web.steps.where import way_to
from workflows.desks.field_work import ACCEPT, MOST, FieldCase, FieldDraft, field_work
from workflows.desks.inbox import count_waiting

bp = Blueprint("field", __name__)

SECRET_HEADER = "X-Langbiang-Field"


@bp.get("/field")
@performs(Action.READ_FIELD_DESK)
def desk() -> ResponseReturnValue:
    g.waiting_count = count_waiting(actor(), now=now())
    return _page()


@bp.get("/field/kept")
@performs(Action.READ_PUBLIC)
def kept() -> ResponseReturnValue:
    """The same page as for nobody, which the service worker keeps for a telephone without a signal."""
    lets_use_camera()
    response = kept_page(_page)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@bp.get("/field/work")
@performs(Action.READ_FIELD_DESK)
def work() -> ResponseReturnValue:
    """The officer's open steps, the secret of the session and how long it lasts."""
    session, moment = found(current_session()), now()
    cases = field_work(actor(), now=moment)
    return _for_script(
        {
            "account": session.account.ref,
            "secret": device_secret(session),
            "known": secrets_of(session.account_id, request.headers.get(SECRET_HEADER, "").split(",")),
            "seconds_left": seconds_left(session),
            "at": moment.isoformat(),
            "areas": base_map(centre_words()).areas_url,
            "is_cut": len(cases) == MOST,
            "cases": [_told(each) for each in cases],
        }
    )


@bp.get("/field/contact")
@performs(Action.READ_PUBLIC)
def contact() -> ResponseReturnValue:
    """Whether the session by whose secret a telephone keeps its work is still on, and whether its owner is signed in here."""
    return _for_script({"is_on": is_on(request.headers.get(SECRET_HEADER, "")), "is_signed_in": signed_in_account() is not None})


def draft_told(draft: FieldDraft) -> dict[str, Any]:
    return {
        "ref": draft.ref, "revision": draft.revision, "at": draft.saved_at.isoformat(), "parts": draft.parts, "token": draft.photos_token,
    }  # fmt: skip


def _page() -> str:
    lets_use_camera()
    return render_template(
        "field/desk.html",
        parts=[(name, local(words)) for name, words in PARTS.items()],
        longest=LONGEST_PART,
        longest_contact=LONGEST_CONTACT,
        shortest=SHORTEST_PART,
        most_photos=most_photos(),
        max_bytes=current_app.config["MAX_PHOTO_BYTES"],
        zone=str(LOCAL_ZONE),
    )


def _told(case: FieldCase) -> dict[str, Any]:
    return {
        "assignment": case.assignment,
        "task": case.task,
        "url": url_for("tasks.task", ref=case.task),
        "is_new": case.element == ACCEPT,
        "code": case.code,
        "title": case.title,
        "words": case.words,
        "photos": [url_for("photos.photo", ref=ref, audience="agencies", rendition="thumb") for ref in case.photos],
        "place": local(case.place.short),
        "at": [case.point.latitude, case.point.longitude] if case.point is not None else None,
        "way": way_to(case.point) if case.point is not None else "",
        "is_urgent": case.is_urgent,
        "is_paused": case.is_paused,
        "due_at": case.due_at.isoformat() if case.due_at is not None else None,
        "answer_due_at": case.answer_due_at.isoformat() if case.answer_due_at is not None else None,
        "due": short_limit_words(case.due_at, now=now()) if case.due_at is not None else "",
        "answer_due": short_limit_words(case.answer_due_at, now=now()) if case.answer_due_at is not None else "",
        "asks_for_time": case.asks_for_time,
        "instructions": case.instructions,
        "version": case.version,
        "is_redo": case.is_redo,
        "again": case.instructions_again,
        "draft": draft_told(case.draft) if case.draft is not None else None,
    }


def _for_script(content: dict[str, Any]) -> Response:
    response = make_response(content)
    response.headers["Cache-Control"] = "no-store"
    return response
