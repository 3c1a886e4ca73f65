"""What is new in an area, found when it is told: public titles, places and states, with links, and nothing of whoever sent a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from casework.area_news.matching import ANSWERED_STEPS
from casework.area_news.scopes import areas_meant, cells_around, scope_of, scope_words
from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.messages.rendering import COMPOSED, Addresses, MessageWords, NothingToSay, NoWords, Page, fill, template_of
from casework.models import AreaNews, AreaSubscription, Case, Delivery, Field
from casework.places.geometry import metres_between
from casework.privacy.area_contacts import subscription_of
from casework.public.cases import PublicItem, public_items
from casework.public.publication import public_publications

TEMPLATE = "area_news"
LOOKED_AT = 200
"""News looked at for one message, the newest."""
MOST_TOLD = 10
"""Cases named in one message; the others are a number."""


@dataclass(frozen=True, slots=True)
class WhatIsNew:
    """The public cases with news, newest first, MOST_TOLD at most, and how many there are."""

    items: Sequence[PublicItem]
    number: int


def what_is_new(row: AreaSubscription, *, after: int, up_to: int) -> WhatIsNew:
    """What somebody who follows an area is told: of each case its newest step, if the public may know of it now."""
    steps = ANSWERED_STEPS if row.rhythm == "at_once" else None
    query = select(AreaNews.case_id, AreaNews.step).where(AreaNews.number > after, AreaNews.number <= up_to, *_of(row))
    if steps is not None:
        query = query.where(AreaNews.step.in_(steps))
    newest: dict[int, str] = {}
    for case_id, step in db.session.execute(query.order_by(AreaNews.number.desc()).limit(LOOKED_AT)):
        newest.setdefault(case_id, step)
    ids = _within(row, list(newest)) if row.kind == "circle" else list(newest)
    query = select(Case.id, Case.code).where(Case.id.in_(ids), *_still_of(row))
    codes = {code: newest[id_] for id_, code in db.session.execute(query)} if ids else {}
    # an answer that was taken back is not told of
    shown = [
        item for item in public_items(ids, as_given=True)
        if item.code in codes and (item.title or codes[item.code] not in ANSWERED_STEPS)
    ]  # fmt: skip
    return WhatIsNew(shown[:MOST_TOLD], len(shown))


def place_of_subscription(row: AreaSubscription, now: datetime) -> Bilingual:
    """What is followed, in words."""
    scope = scope_of(row)
    field = None
    if scope.field_code:
        query = select(Field).where(Field.service_code == scope.field_code).order_by(Field.valid_from.desc(), Field.id).limit(1)
        field = next((each.name for each in db.session.scalars(query)), None)
    return scope_words(scope, on=local_day(now), field=field)


def _of(row: AreaSubscription) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if row.kind == "area" and row.area_id is not None:
        found.append(AreaNews.area_id.in_(areas_meant(row.area_id)))
    if row.kind == "circle" and row.cell is not None:
        found.append(AreaNews.cell.in_(cells_around(row.cell)))
    if row.field_code is not None:
        found.append(AreaNews.field_code == row.field_code)
    return found


def _still_of(row: AreaSubscription) -> list[ColumnElement[bool]]:
    """That the case has not been given another commune or field since its news was numbered."""
    found: list[ColumnElement[bool]] = []
    if row.kind == "area" and row.area_id is not None:
        found.append(Case.area_id.in_(areas_meant(row.area_id)))
    if row.field_code is not None:
        found.append(Case.field_id.in_(select(Field.id).where(Field.service_code == row.field_code)))
    return found


def _within(row: AreaSubscription, case_ids: Sequence[int]) -> list[int]:
    """The cases whose exact place is public now and lies in the circle."""
    cases = list(db.session.scalars(select(Case).where(Case.id.in_(case_ids)))) if case_ids else []
    published = public_publications(cases)
    inside = {
        case.id for case in cases
        if case.id in published and published[case.id].current.shows_exact_place and case.latitude is not None
        and case.longitude is not None and row.latitude is not None and row.longitude is not None
        and metres_between(row.latitude, row.longitude, case.latitude, case.longitude) <= (row.radius_m or 0)
    }  # fmt: skip
    return [each for each in case_ids if each in inside]


def _words(delivery: Delivery, language: str, now: datetime, pages: Addresses) -> MessageWords:
    """The message. Raises NothingToSay where nothing of it is public any more, or the person follows nothing any more."""
    row, told = subscription_of(delivery.recipient), delivery.parameters or {}
    new = what_is_new(row, after=int(told.get("after", 0)), up_to=int(told.get("up_to", 0))) if row is not None else None
    if row is None or new is None or not new.items:
        raise NothingToSay
    template = template_of(TEMPLATE, None, now)
    if template is None:
        raise NoWords
    link = pages(Page.AREA, row.ref)
    lines = [_line(item, language, pages) for item in new.items]
    if new.number > len(lines):
        left = new.number - len(lines)
        lines.append(Bilingual(f"… và {left} phản ánh khác", f"… and {left} more").in_language(language))
    places = {"place": place_of_subscription(row, now).in_language(language), "number": str(new.number), "items": "\n\n".join(lines)}
    linked = {**places, "link": link}
    subject, body, short = (getattr(template, f"{part}_{language}") or "" for part in ("subject", "body", "short"))
    data = {name: linked.get(place, "") for name, place in (template.zns_parameters or {}).items()}
    return MessageWords(
        language, fill(subject, places), fill(body, linked).strip(), fill(short or subject, places), link, topic=TEMPLATE,
        line=fill(short or subject, linked), zns_template=template.zns_template, zns_data=data,
    )  # fmt: skip


def _line(item: PublicItem, language: str, pages: Addresses) -> str:
    """Code, title, place, state, link."""
    where = ", ".join(part for part in (item.village, item.area.in_language(language) if item.area else None) if part)
    title = item.title or (item.field.in_language(language) if item.field else "")
    told = " · ".join(part for part in (title, where, item.progress.label.in_language(language)) if part)
    return f"{item.code}: {told}\n{pages(Page.PUBLIC, item.code)}"


COMPOSED[TEMPLATE] = _words
