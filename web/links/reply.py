"""The page behind a one-time link: whoever holds the address reads what the body is asked and answers once, without signing in.

Looking changes nothing but that an opening is written down, since programs that check mail open addresses too. Whatever does not hold is
one and the same page. The address stands in no log (web/request_log.py keeps the rule of a route), and no page it leads to is told it.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from flask import Blueprint, make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.doors.limits import BODY_BYTES_WITH_PHOTOS, spend_wrong_key
from casework.doors.links.answering import (
    LONGEST_NAME,
    LONGEST_PART,
    LONGEST_PHONE,
    LinkAnswer,
    LinkAnswerRefused,
    LinkGone,
    answer_link,
    open_link,
    try_code,
)
from casework.doors.links.holding import holds, shows_receipt
from casework.doors.links.reading import body_of, photo_shown, shown_case
from casework.doors.links.secrets import is_opened_mark, link_by_secret, opened_mark
from casework.doors.links.sending import is_opened_by_code
from casework.local_time import local_day
from casework.models import Case, ReplyLink
from casework.parsing import day_in
from casework.permissions import SYSTEM, Action
from casework.photos.records import most_photos, open_copy, staged_photos
from casework.places.points import Point
from web.base_map import sketch_layer
from web.clock import now
from web.files.staged_files import missing_files
from web.files.streams import opened_whole
from web.files.uploads import drop_upload, photo_types, photos_taken, stage_uploads
from web.filing_fields import sound_token
from web.forms import Form
from web.guards import file_store, found, performs
from web.links.outcome_words import OUTCOME_WORDS
from web.locales import in_reader_language as local
from web.networks import this_network
from web.request_log import note_security
from web.steps.where import way_to
from web.task_page import at_most

if TYPE_CHECKING:
    from casework.doors.links.drawing import DrawnPlace

bp = Blueprint("reply", __name__)

OPENED = "opened"
"""A field of the form, and of the addresses of photos: the code was right."""
PURPOSE = "after"
P = ParamSpec("P")


class AnswerForm(Form):
    """What the body answers."""

    outcome = RadioField(
        _l("Your result"), choices=[SelectChoice(*each) for each in OUTCOME_WORDS.items()], validate_choice=False,
        validators=[InputRequired(_l("Please choose what came of it."))],
    )  # fmt: skip
    ready_on = StringField(_l("Day it is ready"), validators=[Optional(), at_most(20)], description=_l("Where it takes longer."))
    reason = TextAreaField(
        _l("Reason"), validators=[Optional(), at_most(LONGEST_PART)], description=_l("Where it takes longer, or is not for you.")
    )
    findings = TextAreaField(
        _l("What was found"), validators=[Optional(), at_most(LONGEST_PART)],
        description=_l("Citizens may read it once the centre has approved it."),
    )  # fmt: skip
    actions = TextAreaField(_l("What was done"), validators=[Optional(), at_most(LONGEST_PART)])
    remaining = TextAreaField(_l("What remains, and by when"), validators=[Optional(), at_most(LONGEST_PART)])
    name = StringField(_l("Your name"), validators=[InputRequired(_l("Please write your name.")), at_most(LONGEST_NAME)])
    position = StringField(_l("Your position"), validators=[InputRequired(_l("Please write your position.")), at_most(LONGEST_NAME)])
    phone = StringField(_l("Telephone"), validators=[Optional(), at_most(LONGEST_PHONE)], description=_l("Only the centre sees it."))


class CodeForm(Form):
    """The six digits told by telephone."""

    digits = StringField(_l("Code of six digits"), validators=[at_most(40)])


def kept_nowhere(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let no cache, search engine or other site learn of the page or its address; a link that does not hold is one page of 404."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        request.max_content_length = BODY_BYTES_WITH_PHOTOS
        try:
            response = make_response(view(*args, **kwargs))
        except (NotFound, LinkGone):
            response = make_response(render_template("links/gone.html"), _status_of_wrong())
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    guarded.action = getattr(view, "action", None)  # type: ignore[attr-defined]
    return guarded


@bp.route("/reply/<secret>", methods=["GET", "POST"])
@kept_nowhere
@performs(Action.ANSWER_LINK)
def reply(secret: str) -> ResponseReturnValue:
    """What is asked, and the form; where a code is wanted first, that; once answered the receipt."""
    link, case = _found(secret)
    if shows_receipt(link, case, now()):
        return _receipt(link, case)
    found(link if holds(link, case, now()) else None)
    if is_opened_by_code(link, case) and not is_opened_mark(link.ref, request.form.get(OPENED, "")):
        return _asked_for_code(secret, link, case)
    if request.method != "POST":
        return _opened(secret, link, case)
    return _answered(secret, link, case)


@bp.get("/reply/<secret>/photos/<ref>")
@kept_nowhere
@performs(Action.ANSWER_LINK)
def photo(secret: str, ref: str) -> ResponseReturnValue:
    """A photo as it was cleared for agencies."""
    link, case = _found(secret)
    is_open = holds(link, case, now()) and (not is_opened_by_code(link, case) or is_opened_mark(link.ref, request.args.get(OPENED, "")))
    file = found(photo_shown(case, ref) if is_open else None)
    opened = open_copy(file, store=file_store())
    return send_file(opened if file.key_id is None else opened_whole(opened), mimetype=file.media_type, etag=False, conditional=False)


def _found(secret: str) -> tuple[ReplyLink, Case]:
    link = found(link_by_secret(secret))
    return link, db.session.get_one(Case, link.case_id)


def _status_of_wrong() -> int:
    """404; after too many wrong ones of a network 429, while a right one works all the same."""
    note_security("reply link refused")
    with unit_of_work():
        return 429 if spend_wrong_key(this_network(), now=now()).is_over else 404


def _asked_for_code(secret: str, link: ReplyLink, case: Case) -> ResponseReturnValue:
    form, refusal = CodeForm(), ""
    if request.method == "POST" and form.validate_on_submit():
        with unit_of_work():
            is_right = try_code(found(link_by_secret(secret)), form.digits.data or "", now=now())
        link, case = _found(secret)
        if is_right:
            return _opened(secret, link, case)
        found(link if holds(link, case, now()) else None)
        refusal = _("That is not the code. Please look again, or call the centre.")
    return _page("links/code.html", case, secret=secret, form=form, refusal=refusal), 422 if refusal else 200


def _opened(secret: str, link: ReplyLink, case: Case) -> ResponseReturnValue:
    try:
        with unit_of_work():
            open_link(found(link_by_secret(secret)), network=this_network(), now=now())
    except CaseBusy:
        pass                                               # somebody works on the case: this opening is not written down
    link, case = _found(secret)
    return _form(secret, link, case, AnswerForm(formdata=None), sound_token(None))


def _answered(secret: str, link: ReplyLink, case: Case) -> ResponseReturnValue:
    form, token = AnswerForm(), sound_token(request.form.get("files_token"))
    if ref := request.form.get("remove"):
        drop_upload(token, ref)
        return _form(secret, *_found(secret), form, token)
    refused = [*stage_uploads(request.files.getlist("photos"), token=token, purpose=PURPOSE, by=SYSTEM), *missing_files(token)]
    link, case = _found(secret)
    if not form.validate_on_submit() or refused:
        return _form(secret, link, case, form, token, refused=[local(words) for words in refused]), 422
    given = LinkAnswer(
        outcome=form.outcome.data, ready_on=day_in(form.ready_on.data or ""), reason=form.reason.data or "",
        findings=form.findings.data or "", actions=form.actions.data or "", remaining=form.remaining.data or "",
        name=form.name.data or "", position=form.position.data or "", phone=form.phone.data or "", photos_token=token,
    )  # fmt: skip
    try:
        with unit_of_work():
            answer_link(found(link_by_secret(secret)), given, now=now())
    except LinkAnswerRefused as why:
        return _form(secret, *_found(secret), form, token, refusal=form.refuse(why)), 422
    return _receipt(*_found(secret))


def _form(
    secret: str, link: ReplyLink, case: Case, form: AnswerForm, token: str, *, refusal: str = "", refused: Sequence[str] = ()
) -> str:
    shown = shown_case(link, case)
    return _page(
        "links/reply.html", case, secret=secret, form=form, shown=shown, body=body_of(link), drawn=_drawn(case, shown.point),
        way=way_to(Point(*shown.point, None)) if shown.point else "", today=local_day(now()), files_token=token,
        staged=staged_photos(token), refusal=refusal, refused=refused, most_photos=most_photos(),
        mark=opened_mark(link.ref) if is_opened_by_code(link, case) else None,
        photo_types=photo_types(), photos_taken=photos_taken(),
    )  # fmt: skip


def _drawn(case: Case, point: tuple[float, float] | None) -> "DrawnPlace | None":
    from casework.doors.links.drawing import place_drawn  # late: docs/architecture.md

    return place_drawn(case.area.boundary if case.area is not None else None, point, sketch_layer())


def _receipt(link: ReplyLink, case: Case) -> str:
    return _page("links/receipt.html", case, at=link.answered_at, number=link.ref[:8])


def _page(template: str, case: Case, **values: object) -> str:
    return render_template(template, of_centre=case.centre, code=case.code, **values)
