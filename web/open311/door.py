"""The blueprint of the door: who is let in, in which language and form it answers, and how it refuses."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, g, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound, RequestEntityTooLarge

from casework.bilingual import Bilingual
from casework.doors.asking import KeyRefused, ScopeMissing
from casework.doors.gates import Door
from casework.doors.limits import BODY_BYTES, BODY_BYTES_WITH_PHOTOS
from casework.doors.open311.jurisdictions import jurisdictions
from casework.errors import CaseworkError
from casework.intake.limits import TooManyReports
from casework.local_time import local_day
from casework.permissions import Action
from web.clock import now
from web.door_keys import TooOften, asked_language, is_of, passes, shown_key, take_from_programs, through_door
from web.open311.faults import Fault, Refused, fault
from web.open311.writing import Form, Value, written

bp = Blueprint("open311", __name__, url_prefix="/open311")

READING = frozenset({"GET", "HEAD"})
EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
AWAY_SECONDS = "15"

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@bp.url_value_preprocessor
def _bound_body(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bound the body before anything reads it. The session is not looked at, so that no answer depends on a cookie."""
    g.is_of_door = True
    has_photos = request.path.startswith(("/open311/v2/requests.", "/open311/v2/servicerequestupdates."))
    request.max_content_length = request.max_form_memory_size = BODY_BYTES_WITH_PHOTOS if has_photos else BODY_BYTES


def answers(rule: str, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Declare the address of a view, without its ending; with other methods than these it is refused in the form asked."""

    def declare(view: View) -> View:
        bp.add_url_rule(f"{rule}.<form>", view.__name__, view, methods=methods, provide_automatic_options=False)
        _KNOWN.setdefault(rule, set()).update(methods)
        return view

    return declare


_KNOWN: dict[str, set[str]] = {}


@bp.route("/<path:anything>", methods=EVERY, provide_automatic_options=False)
@through_door(Door.OPEN311, Action.READ_PUBLIC, needs_key=False)
def elsewhere(anything: str) -> ResponseReturnValue:
    """What is no address of the door, and what is one asked by another method."""
    known = [rule for rule in _KNOWN if is_of(rule, f"/{anything}".rpartition(".")[0])]
    if known and form_here() is not None:
        allowed = set().union(*(_KNOWN[rule] for rule in known))
        if request.method not in allowed | READING or "GET" not in allowed:
            raise MethodNotAllowed(sorted(allowed | {"HEAD"}) if "GET" in allowed else sorted(allowed))
    raise NotFound


def form_here() -> Form | None:
    """The format asked, by the ending of the address; None for another ending."""
    ending = request.path.rpartition(".")[2]
    return Form(ending) if ending in tuple(Form) else None


def form_asked() -> Form:
    """The format asked. Raises NotFound for another ending, which is then told in XML."""
    found = form_here()
    if found is None:
        raise NotFound
    return found


def said(words: Bilingual | None) -> str | None:
    """Words in the reader's language."""
    return words.in_language(asked_language()) if words is not None else None


def answered(root: str, value: Value, *, next_page: str | None = None) -> Response:
    """An answer with its marks: a client that has these bytes gets 304."""
    form = form_asked()
    response = make_response(written(form, root, value))
    response.headers["Content-Type"] = form.media_type
    if next_page is not None:
        response.headers["Link"] = f'<{next_page}>; rel="next"'
    if request.method in READING:
        response.add_etag()
        response.make_conditional(request)
    return response


def refused(status: int, faults: list[Fault], **headers: str) -> Response:
    """Faults in the form asked, XML where it asks for none of ours."""
    form = form_here() or Form.XML
    listed = [{"code": each.code, "description": said(each.words)} for each in faults]
    response = make_response(written(form, "errors", listed), status)
    response.headers.update({"Content-Type": form.media_type, **headers})
    return response


@bp.after_request
def _mark(response: Response) -> Response:
    """Who may keep an answer: public ones anybody, to be asked for again each time, since a case may be set apart at any moment."""
    # of a form that was too large nothing is read again
    is_public = request.method in READING and not shown_key(takes_parameter=True)
    response.headers["Cache-Control"] = "public, no-cache" if is_public and response.status_code in (200, 304) else "private, no-store"
    if is_public:
        response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Vary"] = "Accept-Language"
    return response


@bp.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return refused(refusal.status, refusal.faults)


@bp.errorhandler(KeyRefused)
@bp.errorhandler(ScopeMissing)
def _no_key(_refusal: CaseworkError) -> Response:
    """One answer for a key that is missing, wrong, run out or of another thing, so that nothing is learnt; a closed door has none."""
    if not jurisdictions(local_day(now())):
        return refused(404, [fault("not_found")])
    return refused(403, [fault("key")])


@bp.errorhandler(TooOften)
def _too_often(refusal: TooOften) -> Response:
    return refused(429, [fault("too_often")], **{"Retry-After": str(refusal.spent.seconds_left(now()))})


@bp.errorhandler(TooManyReports)
def _too_many_reports(refusal: TooManyReports) -> Response:
    seconds = max(int((refusal.until - now()).total_seconds()), 1)
    return refused(429, [Fault("too_many_reports", refusal.text)], **{"Retry-After": str(seconds)})


@bp.errorhandler(CaseworkError)
def _not_taken(refusal: CaseworkError) -> Response:
    """What a use case refuses, in its words."""
    return refused(400, [Fault(refusal.about or "refused", refusal.text)])


@bp.errorhandler(NotFound)
def _unknown(_error: NotFound) -> Response:
    if b"%00" in request.query_string:
        return refused(400, [fault("sign")])
    return refused(404, [fault("not_found")])


@bp.errorhandler(MethodNotAllowed)
def _other_method(error: MethodNotAllowed) -> Response:
    return refused(405, [fault("method")], Allow=", ".join(error.valid_methods or ()))


@bp.errorhandler(BadRequest)
def _unreadable(_error: BadRequest) -> Response:
    return refused(400, [fault("unreadable")])


@bp.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Response:
    return refused(413, [fault("too_large")])


def _away(error: Exception) -> Response:
    """A fault of ours is written down as for a page, and told in the form asked."""
    if not passes(error):
        return refused(500, [fault("failed")])
    return refused(503, [fault("away")], **{"Retry-After": AWAY_SECONDS})


take_from_programs(bp, _away)
