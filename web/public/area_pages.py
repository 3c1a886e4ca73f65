"""Following an area without an account: the form, the code that proves the contact, and the page behind the link in each message."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from casework.area_news.matching import next_morning
from casework.area_news.scopes import RADII, Scope, circle, radius_words, scope_words
from casework.area_news.subscribing import RHYTHMS, AreaRefused, subscribe, unsubscribe
from casework.area_news.words import place_of_subscription, what_is_new
from casework.contacts.codes import Purpose
from casework.db import db, unit_of_work
from casework.models import Area, AreaNews, AreaSubscription, Case
from casework.permissions import Action
from casework.places.in_words import position_in_words
from casework.privacy.identity import Contact
from casework.public.cases import newest_published, public_case
from casework.search.staff_choices import fields_of
from casework.setting_values import value_of
from web.accounts.code_step import AGAIN, CodeForm
from web.accounts.contact_codes import (
    ASKED_KEY,
    ContactProof,
    code_page,
    contact_typed,
    forget_asked,
    is_right,
    keep_asked,
    kept_asked,
    request_code,
    wrong_words,
)
from web.areas_followed import PATH, PURPOSE
from web.base_map import base_map
from web.clock import now
from web.filing_fields import number
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.locales import language
from web.navigation import centre_words
from web.public.pages import communes_today, today
from web.signed_links import ref_in, signed_ref

bp = Blueprint("areas", __name__)

LONGEST = 120


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen in the form, as it was typed."""

    where: str = "area"
    area: str = ""
    latitude: str = ""
    longitude: str = ""
    radius: str = "1000"
    field: str = ""
    rhythm: str = "weekly"

    @property
    def point(self) -> tuple[float, float] | None:
        latitude, longitude = number(self.latitude, 90), number(self.longitude, 180)
        return (latitude, longitude) if latitude is not None and longitude is not None else None


@bp.record_once
def _take_from_mail_programs(state: Any) -> None:
    """Exempt from the CSRF check: a mail program that sends `List-Unsubscribe=One-Click` (RFC 8058) has no form token, and the signed
    address is proof enough."""
    protection: CSRFProtect = state.app.extensions["csrf"]
    protection.exempt(f"{__name__}.{followed.__name__}")


@bp.route("/area", methods=["GET", "POST"])
@performs(Action.FOLLOW_AREA)
def area() -> ResponseReturnValue:
    """The form. Nothing is kept when it is sent: the choice waits sealed in the browser until the code has come back."""
    if request.method == "GET":
        return _form(_offered())
    wish = Wish(**{name: request.form.get(name, "")[:LONGEST] for name in Wish.__slots__})
    typed = request.form.get("contact", "")
    given = contact_typed(typed) if len(typed) <= LONGEST else None
    scope, fault = _scope(wish)
    faults = {"where": fault} if fault else {}
    if wish.rhythm not in RHYTHMS:
        faults["rhythm"] = _("Please choose when to be told.")
    if given is None:
        faults["contact"] = _("Please type a telephone number such as 0912 345 678, or an e-mail address.")
    if given is None or scope is None or faults:
        return _form(wish, typed=typed, faults=faults), 422
    refusal = request_code(given, purpose=Purpose.FOLLOW_AREA)
    if refusal:
        return _form(wish, typed=typed, faults={"contact": refusal}), 422
    keep_asked(ASKED_KEY, ContactProof(given, Purpose.FOLLOW_AREA, now(), json.dumps(asdict(wish))))
    return redirect(url_for(".code"))


@bp.route("/area/code", methods=["GET", "POST"])
@performs(Action.FOLLOW_AREA)
def code() -> ResponseReturnValue:
    """“Đồng ý nhận tin”: the code proves the contact, and pressing agrees. Before that nothing begins."""
    asked, form = kept_asked(ASKED_KEY, Purpose.FOLLOW_AREA), CodeForm()
    wish = Wish(**json.loads(asked.target)) if asked is not None else Wish()
    scope, _fault = _scope(wish)
    if asked is None or scope is None:
        return redirect(url_for(".area"))
    if request.method == "POST" and request.form.get("act") == AGAIN:
        refusal = request_code(asked.contact, purpose=Purpose.FOLLOW_AREA)
        if refusal:
            return _code_page(asked, wish, scope, CodeForm(formdata=None), refusal), 429
        keep_asked(ASKED_KEY, replace(asked, at=now()))
        flash(_("A code is on its way."))
        return redirect(url_for(".code"))
    if not form.validate_on_submit():
        return _code_page(asked, wish, scope, form), 422 if form.errors else 200
    if not is_right(asked.contact, form.digits.data or "", purpose=Purpose.FOLLOW_AREA):
        return _code_page(asked, wish, scope, form, wrong_words()), 422
    try:
        ref = _begin(scope, asked.contact, wish.rhythm)
    except AreaRefused as refused:
        return _code_page(asked, wish, scope, CodeForm(formdata=None), local(refused.text)), 422
    forget_asked(ASKED_KEY)
    flash(_("You will be told. The link to end it stands in every message."), "success")
    return redirect(url_for(".followed", token=signed_ref(ref, purpose=PURPOSE)))


@bp.route(f"{PATH}<token>", methods=["GET", "POST"])
@performs(Action.FOLLOW_AREA)
def followed(token: str) -> ResponseReturnValue:
    """What is followed and what is new there, for whoever holds a message; the button ends it, and so does a mail program."""
    ref = found(ref_in(token, purpose=PURPOSE))
    if request.method == "POST":
        with unit_of_work():
            unsubscribe(ref, by=actor(), now=now())
    row = db.session.scalars(select(AreaSubscription).where(AreaSubscription.ref == ref)).one_or_none()
    if row is None:
        return render_template("areas/ended.html")
    newest = db.session.scalar(select(func.max(AreaNews.number))) or 0
    return render_template(
        "areas/followed.html", token=token, place=place_of_subscription(row, now()), rhythm=rhythm_words(row.rhythm),
        since=row.confirmed_at, new=what_is_new(row, after=0, up_to=newest), months=value_of("area_months"),
    )  # fmt: skip


def rhythm_words(rhythm: str) -> str:
    words = {
        "weekly": _("Every week, on Monday morning"), "daily": _("Every day, in the morning"),
        "at_once": _("As soon as an answer is public, once an hour at most"),
    }  # fmt: skip
    return str(words[rhythm])


def _begin(scope: Scope, contact: Contact, rhythm: str) -> str:
    way = Contact(phone=contact.phone, email=contact.email)
    for _attempt in (1, 2):
        try:
            with unit_of_work():
                return subscribe(scope, way, rhythm=rhythm, language=language(), by=actor(), now=now()).ref
        except IntegrityError:
            # the same form in two windows: the second time it is there
            continue
    raise AreaRefused("Chưa lưu được. Vui lòng thử lại.", "It could not be kept. Please try again.")


def _offered() -> Wish:
    """What the address proposes: a commune, a field, or the place of a public case."""
    wish = Wish(area=request.args.get("area", ""), field=request.args.get("field", ""))
    near = public_case(request.args["near"].upper()[:LONGEST]) if request.args.get("near") else None
    if near is None:
        return wish
    area_ref = db.session.scalar(select(Area.ref).join(Case, Case.area_id == Area.id).where(Case.code == near.item.code))
    wish = replace(wish, area=area_ref or "")
    if near.latitude is None or near.longitude is None:
        return wish
    return replace(wish, where="circle", latitude=f"{near.latitude:.3f}", longitude=f"{near.longitude:.3f}")


def _scope(wish: Wish) -> tuple[Scope | None, str]:
    """The chosen area, or why it is none."""
    known = {each.service_code for each in fields_of(None, now=now())}
    field = wish.field if wish.field in known else None
    if wish.where == "field":
        return (Scope(field_code=field), "") if field else (None, _("Please choose a field, or a place."))
    if wish.where == "circle":
        if wish.point is None:
            return None, _("Please take your place first, or choose a commune.")
        radius = int(wish.radius) if wish.radius in {str(each) for each in RADII} else RADII[1]
        return circle(*wish.point, radius, field), ""
    area_row = next((each for each in communes_today() if each.ref == wish.area), None)
    return (Scope(area_id=area_row.id, field_code=field), "") if area_row is not None else (None, _("Please choose a commune."))


def _form(wish: Wish, *, typed: str = "", faults: dict[str, str] | None = None) -> str:
    told = position_in_words(*wish.point, on=today()) if wish.point is not None else None
    return render_template(
        "areas/area.html", wish=wish, typed=typed, faults=faults or {}, communes=communes_today(), fields=fields_of(None, now=now()),
        radii=[(str(each), radius_words(each)) for each in RADII], rhythms=[(each, rhythm_words(each)) for each in RHYTHMS],
        located=told.words if told else None, sample=newest_published(size=2), months=value_of("area_months"),
        base=base_map(centre_words()),
    )  # fmt: skip


def _code_page(asked: ContactProof, wish: Wish, scope: Scope, form: CodeForm, refusal: str = "") -> str:
    name = next((each.name for each in fields_of(None, now=now()) if each.service_code == scope.field_code), None)
    return render_template(
        "areas/confirm.html", form=form, refusal=refusal, place=scope_words(scope, on=today(), field=name),
        rhythm=rhythm_words(wish.rhythm), first=_first(wish.rhythm), **code_page(asked),
    )  # fmt: skip


def _first(rhythm: str) -> datetime | None:
    """When the first message may come; None for at once."""
    return next_morning(now(), weekly=rhythm == "weekly") if rhythm != "at_once" else None


