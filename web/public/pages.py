"""The public pages: home, the list of published cases, one case, and the choice of language."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.followers import is_following
from casework.local_time import local_day
from casework.mended.links import public_links
from casework.models import Area, Case, Centre
from casework.parsing import number_in
from casework.permissions import Action
from casework.places.in_words import PlaceInWords, position_in_words
from casework.public.cases import PublicCase, code_of_case, newest_published, page_of, public_items, public_list
from casework.public.filter_choices import choices_on
from casework.public.filters import LONGEST_SEARCH, PublicFilter
from casework.public.map import public_map
from casework.public.me_too import has_said_me_too, is_own
from casework.public.search import found_by_words
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.reporters.followed_list import case_to_follow
from casework.setting_values import value_of
from web.base_map import base_map
from web.clock import now
from web.guards import actor, found, performs, signed_in_account
from web.http.devices import this_device
from web.http.replica import may_be_behind
from web.http.security import own_address
from web.locales import in_reader_language, languages
from web.navigation import CentreWords, centre_words
from web.public.filters import TABS, address_of, chips_of, misunderstood, state_words, wanted_in_address
from web.public.layers import list_title, map_words, spot_words
from web.public.me_too import count_me
from web.public.promises import promises
from web.public.share import shared_as
from web.public.structured_data import report_data, service_data
from web.text_owner import wants_json
from workflows.running.acts import act_recorded
from workflows.running.incidents import StepFailed

bp = Blueprint("public", __name__)

FOLLOWING = Limit("following", 60, timedelta(hours=1))
"""Per account: the button may be pressed back and forth, but not by a script."""
FOLLOWING_VERBS = ("follow", "unfollow")


@bp.get("/")
@performs(Action.READ_PUBLIC)
@may_be_behind
def home() -> ResponseReturnValue:
    return render_template("public/home.html", finished=newest_published(), promises=promises(today()), data=service_data(centre_words()))


@bp.get("/reports")
@performs(Action.READ_PUBLIC)
@may_be_behind
def reports() -> ResponseReturnValue:
    """The list by its tabs, or with `view=map` the map of all states beside it. Without scripts the list has the same content."""
    wanted, choices, shows_map = wanted_in_address(), choices_on(today()), request.args.get("view") == "map"
    if not shows_map and wanted.state is None:
        wanted = replace(wanted, state=TABS[0])
    former = {each.value for each in choices.former}
    return render_template(
        "public/map.html" if shows_map else "public/reports.html",
        **_piece_of_list(wanted),
        wanted=wanted,
        filters=address_of(wanted),
        choices=choices,
        chips=chips_of(wanted, choices, but_tabs=not shows_map),
        faults=misunderstood(wanted),
        state_words=state_words(),
        names_former=wanted.area_ref in former or bool(wanted.words),
        base=base_map(_centre_meant(wanted)),
        map=public_map(wanted, now=now()) if shows_map else None,
        spot_words=spot_words,
        map_words=map_words,
        list_title=list_title(wanted),
        longest=LONGEST_SEARCH,
    )


@bp.get("/reports/<code>")
@performs(Action.READ_PUBLIC)
@may_be_behind
def report(code: str) -> ResponseReturnValue:
    case = found(case_to_follow(code.upper()))
    if case.code != code:
        return redirect(url_for(".report", code=case.code), 302)
    return _report_page(case)


@bp.post("/reports/<code>/following")
@performs(Action.FOLLOW)
def following(code: str) -> ResponseReturnValue:
    """Follow a case or stop; a guest is led to sign in and returns here."""
    main_code = found(code_of_case(code.upper()))
    back = url_for(".report", code=main_code)
    account = signed_in_account()
    if account is None:
        return redirect(url_for("auth.sign_in", next=back))
    verb = request.form.get("act")
    if verb not in FOLLOWING_VERBS:
        return redirect(back)
    moment = now()
    with unit_of_work():
        until = count_attempt(FOLLOWING, account.ref, now=moment)
    if until is not None:
        return _report_page(found(case_to_follow(main_code)), refusal=in_reader_language(TooManyAttempts(until).text)), 429
    try:
        act_recorded(found(case_to_follow(main_code)).ref, verb, by=actor(), now=moment)
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return _report_page(found(case_to_follow(main_code)), refusal=in_reader_language(refusal.text)), 422
    return redirect(back)


@bp.post("/reports/<code>/me-too")
@performs(Action.ME_TOO)
def me_too(code: str) -> ResponseReturnValue:
    """Say that the matter concerns oneself too, or take it back. The script of the report form asks for JSON and stays where it is."""
    main_code = found(code_of_case(code.upper()))
    counted = count_me(main_code, takes_back=request.form.get("act") == "take_back")
    if wants_json():
        return ({"error": counted.refusal}, counted.status) if counted.refusal else {"also": counted.also}
    if counted.refusal:
        return _report_page(found(case_to_follow(main_code)), also_refusal=counted.refusal), counted.status
    return redirect(url_for(".report", code=main_code, _anchor="also"))


@bp.route("/language", methods=["GET", "POST"])
@performs(Action.READ_PUBLIC)
def set_language() -> ResponseReturnValue:
    """By form or by link: it only changes how this browser shows pages."""
    code = request.values.get("code", "")
    if code in languages():
        session["language"] = code
    return redirect(own_address(request.values.get("next"), url_for(".home")))


@bp.get("/help")
@performs(Action.READ_PUBLIC)
@may_be_behind
def help_page() -> ResponseReturnValue:
    return render_template("public/help.html", security_contact=value_of("security_contact", centre_words().id))


def communes_today() -> list[Area]:
    query = select(Area).where(Area.level == "commune", Area.valid_from <= today(), or_(Area.valid_to.is_(None), Area.valid_to > today()))
    return list(db.session.scalars(query.order_by(Area.folded_name)))


def today() -> date:
    return local_day(now())


def _piece_of_list(wanted: PublicFilter) -> dict[str, Any]:
    """One part of the list: a search is sorted by relevance and numbered by page; otherwise newest first, from a given case on."""
    if not wanted.words:
        page = public_list(wanted, after=request.args.get("after", "")[:24], before=request.args.get("before", "")[:24])
        return {"items": page.items, "newer": {"before": page.newer} if page.newer else None,
                "older": {"after": page.older} if page.older else None, "found": None, "number": 1}  # fmt: skip
    results = found_by_words(wanted)
    number = min(number_in(request.args.get("page", ""), digits=3) or 1, results.pages)
    return {
        "items": public_items(results.page(number), as_given=True), "found": results, "number": number,
        "newer": {"page": number - 1} if number > 1 else None, "older": {"page": number + 1} if number < results.pages else None,
    }  # fmt: skip


def _centre_meant(wanted: PublicFilter) -> Centre | CentreWords | None:
    """The centre whose land the map shows: the chosen one, else the default."""
    return db.session.scalar(select(Centre).where(Centre.ref == wanted.centre_ref)) if wanted.centre_ref else centre_words()


def _report_page(row: Case, *, refusal: str = "", also_refusal: str = "") -> str:
    case, device = page_of(row), this_device()
    shared = shared_as(case.item, question=case.question or "")
    return render_template(
        "public/report.html",
        case=case,
        mended_links=public_links(row.id),
        refusal=refusal,
        also_refusal=also_refusal,
        signed_in=signed_in_account() is not None,
        is_own=is_own(row, by=actor(), device=device),
        follows=is_following(row, actor()),
        is_counted=has_said_me_too(row, by=actor(), device=device),
        share=shared,
        data=report_data(case, shared, publisher=row.centre.name),
        held_by=row.centre,
        today=today(),
        base=base_map(row.centre) if case.latitude is not None else None,
        where=_position(row, case),
    )


def _position(row: Case, case: PublicCase) -> PlaceInWords | None:
    """The published point in words: a publication with a point names the village, too."""
    if case.latitude is None or case.longitude is None:
        return None
    return position_in_words(case.latitude, case.longitude, on=today(), area_id=row.area_id, village=case.item.village)
