"""Search for staff. Words, codes and places stand in the address, a caller's number never does."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, ValidationError

from casework.casefile.phone_search import LONGEST_REASON, LOOK_UPS, LookUpRefused, look_up_phone
from casework.casefile.search import OPEN, CaseSearch, Hit, SearchPage, search_cases
from casework.db import unit_of_work
from casework.local_time import local_day
from casework.parsing import number_in, year_in
from casework.permissions import Action, may
from casework.rate_limits import TooManyAttempts, count_attempt
from casework.search.index import LONGEST_SEARCH, MOST_FOUND
from casework.search.staff_choices import areas_within, centres_worked_in, fields_within, years_of_cases
from casework.states import STAFF_LABELS, CaseState
from casework.text import index_words
from web.clock import now
from web.exports.links import export_url
from web.forms import Form
from web.guards import actor, found, performs, signed_in_account
from web.locales import in_reader_language as local
from web.task_page import at_most
from web.typed_contact import phone_number
from workflows.desks.inbox import codes_meant

bp = Blueprint("search", __name__)

NEVER_FOUND = frozenset({CaseState.QUARANTINED})
AROUND = 90
"""Characters shown on either side of the first match."""

_SIGNS = re.compile(r"[\w'’‘ʼ`´\-‐‑–]+")


class MarkedPiece(NamedTuple):
    """A stretch of text that either matches a search word or does not."""

    text: str
    is_found: bool


class PhoneForm(Form):
    phone = StringField(_l("Telephone number"), validators=[InputRequired(_l("Please type the number.")), at_most(40)])
    reason = StringField(_l("Reason for looking"), validators=[at_most(LONGEST_REASON)])

    def validate_phone(self, field: StringField) -> None:
        """Refuse an impossible number before anything is looked up."""
        if (field.data or "").strip() and phone_number(field.data or "") is None:
            raise ValidationError(str(_l("This telephone number is not valid. Example: 0912 345 678")))


@bp.get("/search")
@performs(Action.SEARCH_CASES)
def search() -> ResponseReturnValue:
    return _page(wanted := _wanted(), search_cases(wanted, by=actor(), page=_page_number()), PhoneForm(formdata=None))


@bp.post("/search/phone")
@performs(Action.LOOK_UP_PHONE)
def phone() -> ResponseReturnValue:
    """The cases of a number, in this response only: the number never stands in an address, and no browser keeps the page."""
    form, moment = PhoneForm(), now()
    if not form.validate_on_submit():
        return _page(CaseSearch(), None, form), 422
    with unit_of_work():
        until = count_attempt(LOOK_UPS, found(signed_in_account()).ref, now=moment)
    if until is not None:
        return _page(CaseSearch(), None, form, phone_refusal=local(TooManyAttempts(until).text)), 429
    try:
        with unit_of_work():
            number = phone_number(form.phone.data or "") or ""
            cases = look_up_phone(number, by=actor(), now=moment, reason=form.reason.data or "")
    except LookUpRefused as refusal:
        return _page(CaseSearch(), None, form, phone_refusal=form.refuse(refusal)), 422
    response = make_response(_page(CaseSearch(), None, form, called=cases))
    response.headers["Cache-Control"] = "no-store"
    return response


def marked(text: str, words: tuple[str, ...]) -> list[MarkedPiece]:
    """Split a text into matching and other pieces; words match at the start of a folded word. The template escapes them."""
    pieces: list[MarkedPiece] = []
    end = 0
    for sign in _SIGNS.finditer(text):
        if any(part.startswith(word) for part in index_words(sign[0]).split() for word in words):
            pieces += [MarkedPiece(text[end : sign.start()], False), MarkedPiece(sign[0], True)]
            end = sign.end()
    return [piece for piece in [*pieces, MarkedPiece(text[end:], False)] if piece.text]


def excerpt(hit: Hit, words: tuple[str, ...]) -> list[MarkedPiece]:
    """The text around the first match behind the title; empty where the title contains every word."""
    title = hit.case.title or ""
    seen = index_words(title).split()
    rest = [word for word in words if not any(part.startswith(word) for part in seen)]
    text = " ".join(hit.text.split())
    area = hit.case.area.name_vi if hit.case.area else ""
    for known in (hit.case.code, title, area, *hit.former, hit.case.village or ""):     # the row shows these already
        text = text.removeprefix(" ".join(known.split())).lstrip()
    pieces = marked(text, tuple(rest))
    start = next((sum(len(each.text) for each in pieces[:place]) for place, piece in enumerate(pieces) if piece.is_found), None)
    if start is None:
        return []
    first, last = max(start - AROUND, 0), min(start + 2 * AROUND, len(text))
    first = text.find(" ", first) + 1 if first else 0
    last = text.rfind(" ", start, last) if last < len(text) and " " in text[start:last] else last
    return marked(f"{'… ' if first else ''}{text[first:last]}{' …' if last < len(text) else ''}", words)


def _page(wanted: CaseSearch, results: SearchPage | None, form: PhoneForm, **phone: Any) -> str:
    words = results.words if results is not None else ()
    centres, moment = centres_worked_in(actor()), now()
    address = {name: value for name, value in _choices(wanted) if value}
    return render_template(
        "cases/search.html",
        wanted=wanted,
        results=results,
        rows=[(hit, marked(hit.case.title or "", words), excerpt(hit, words), _former(hit, words)) for hit in results.hits]
        if results is not None
        else [],
        state_of=lambda case: STAFF_LABELS[CaseState(case.state)],
        states=[(OPEN, _l("Not finished")), *((state, STAFF_LABELS[state][1]) for state in CaseState if state not in NEVER_FOUND)],
        fields=fields_within(centres, now=moment, is_past_too=True),
        areas=areas_within(centres),
        years=years_of_cases(now=moment),
        most=MOST_FOUND,
        longest=LONGEST_SEARCH,
        previous=url_for(".search", **{**address, "page": results.page - 1}) if results is not None and results.page > 1 else "",
        next=url_for(".search", **{**address, "page": results.page + 1}) if results is not None and results.has_next else "",
        phone_form=form,
        export=export_url("cases", **address) if results is not None and results.total else "",
        can_look_up=may(actor(), Action.LOOK_UP_PHONE),
        called=phone.get("called"),
        phone_refusal=phone.get("phone_refusal", ""),
        today=local_day(moment),
    )


def _wanted() -> CaseSearch:
    """The search in the address; values without meaning are ignored."""
    words, state = request.args.get("q", "").strip()[:LONGEST_SEARCH], request.args.get("state", "")
    return CaseSearch(
        words=words,
        codes=codes_meant(words, now=now()),
        state=state if state == OPEN or state in set(CaseState) - NEVER_FOUND else "",
        service_code=request.args.get("field", "")[:40],
        area_ref=request.args.get("area", "")[:16],
        year=year_in(request.args.get("year", "")),
    )


def _choices(wanted: CaseSearch) -> Iterator[tuple[str, Any]]:
    yield from (("q", wanted.words), ("state", wanted.state), ("field", wanted.service_code), ("area", wanted.area_ref))
    yield "year", wanted.year


def _page_number() -> int:
    return number_in(request.args.get("page", ""), digits=3) or 1


def _former(hit: Hit, words: tuple[str, ...]) -> list[MarkedPiece]:
    """The former names of the place that match a search word."""
    names = [name for name in hit.former if any(part.startswith(word) for part in index_words(name).split()[1:] for word in words)]
    return marked(", ".join(names), words)
