"""What a message says, in the language of whoever reads it and in no other."""
from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.area_news.matching import number_news
from casework.area_news.scopes import Scope
from casework.area_news.subscribing import subscribe
from casework.area_news.telling import tell_areas
from casework.area_news.words import TEMPLATE as AREA_NEWS
from casework.contacts.codes import Purpose, send_code
from casework.contacts.former import tell_former_contact
from casework.db import db, unit_of_work
from casework.doors.links.telling import TEMPLATE as REPLY_LINK
from casework.messages.digests import DIGEST, WHOLE
from casework.messages.kinds import KINDS
from casework.messages.rendering import COMPOSED, TEST_MESSAGE, MessageWords, Page, words_of
from casework.models import Agency, Case, Delivery, OutboxMessage, RefusalReason, VisibilityReason
from casework.permissions import SYSTEM
from casework.telling.due_reasons import REASONS
from tests import build, links
from tests.messages.house import BY_MAIL
from workflows.desks import digests  # noqa: F401  (enters what it composes)

GIVEN: dict[str, Any] = {
    "code": "LD-2026-000123", "main": "LD-2026-000087", "former": "LD-2026-000087", "report": "LD-2026-000123", "number": 3,
    "codes": [f"LD-2026-{number:06}" for number in range(30)], "due_at": build.NOON.isoformat(), "lead": "PTNMT", "agency": "PTNMT",
    "handler": ["Ủy ban xã", "The committee"], "document": ["Báo cáo kỳ", "Report of a period"], "period": ["Tháng ba", "March"],
    "change": ["đã thêm một khóa", "a passkey was added"],
}  # fmt: skip
"""Everything a message may be given, in both languages where it has two."""


NAMES = ("Lâm Đồng", "Xã Lát", "Rác đổ ven suối")
"""What is called alike in both languages: in the telephone number the rules give for advice, and in the standard world."""


def address(page: Page, of: str) -> str:
    return f"https://phan-anh.example/{page}"


def is_vietnamese(text: str) -> bool:
    """Whether it has a letter that English has not; the standard world's office and all we give here are written without in English."""
    for name in NAMES:
        text = text.replace(name, "")
    return "đ" in text.lower() or any(unicodedata.combining(sign) for sign in unicodedata.normalize("NFD", text))


def rendered(template: str, parameters: dict[str, Any], case: Case | None, language: str) -> MessageWords:
    delivery = Delivery(recipient="account:1", channel="email", template=template, created_at=build.NOON)
    message = OutboxMessage(recipient="account:1", channel="page", template=template, parameters=parameters)
    return words_of(delivery, message, case, language=language, now=build.NOON, pages=address)


def composed(template: str, world: build.World, language: str) -> MessageWords:
    """The words of a message that is put together when it is sent."""
    if template == DIGEST:
        delivery = Delivery(recipient=f"account:{world.people['operator'].id}", channel="email", template=DIGEST, created_at=build.NOON)
        delivery.parameters = {"of": WHOLE}
    elif template == REPLY_LINK:
        links.opened(world)
        links.sent(world, links.referred(world), email=BY_MAIL_ALONE.email)
    else:
        with unit_of_work():
            if template == AREA_NEWS:
                subscribe(Scope(area_id=world.area.id), BY_MAIL_ALONE, rhythm="at_once", language=language, by=SYSTEM, now=build.NOON)
            elif template == "one_time_code":
                send_code(BY_MAIL_ALONE, purpose=Purpose.SIGN_IN, now=build.NOON, configured=("email",), language=language)
            else:
                tell_former_contact(BY_MAIL_ALONE, language=language, configured=("email",), now=build.NOON)
        if template == AREA_NEWS:
            later = build.next_moment(build.case_at(world, "rating")) + timedelta(hours=1)
            with unit_of_work():
                number_news(later, 100)
            tell_areas(later, configured=("email",))
    if template != DIGEST:
        delivery = db.session.scalars(select(Delivery).where(Delivery.template == template).order_by(Delivery.id.desc())).first()
        assert delivery is not None
    return words_of(delivery, None, None, language=language, now=build.NOON, pages=address)


BY_MAIL_ALONE = BY_MAIL.__class__(email=BY_MAIL.email)


def said(words: MessageWords) -> str:
    return "\n".join((words.subject, words.body, words.short, words.line, *words.zns_data.values()))


def variants(template: str) -> Iterator[dict[str, Any]]:
    """What a kind of message may be given: each reason there is, and none."""
    reasons = {"report_refused": [*db.session.scalars(select(RefusalReason.key)), "no such"], "due_moved": [*REASONS, "no such"]}
    for reason in reasons.get(template, [""]):
        yield {**GIVEN, "reason": reason}
    yield {"code": GIVEN["code"], "due_at": None, "agency": "no such", "lead": "no such", "handler": GIVEN["handler"]}


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def test_every_message_speaks_its_readers_language_whatever_it_is_filled_with(world: build.World) -> None:
    with unit_of_work():
        for row in db.session.scalars(select(Agency)):
            assert row.key != "PTNMT" or not is_vietnamese(row.name_en)
    case, number = build.case_at(world, "handling"), 0
    for template in KINDS:
        if template in COMPOSED:
            continue
        for parameters in variants(template):
            vietnamese, english = (rendered(template, parameters, case, language) for language in ("vi", "en"))
            number += 1
            assert not is_vietnamese(said(english)), (template, parameters.get("reason"), said(english))
            for one, other in zip(said(vietnamese).splitlines(), said(english).splitlines(), strict=True):
                assert not one.strip() or one != other, (template, one)
            assert is_vietnamese(vietnamese.subject + vietnamese.body), template
    assert number > 150


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_put_together_when_it_is_sent_speaks_its_readers_language(world: build.World, language: str) -> None:
    build.case_at(world, "to_verify", urgent=True)
    assert {"one_time_code", "sign_in_changed", DIGEST} <= set(COMPOSED)
    for template in sorted(COMPOSED):
        assert is_vietnamese(said(composed(template, world, language))) is (language == "vi"), template
    test = Delivery(recipient="account:1", channel="email", template=TEST_MESSAGE, created_at=build.NOON)
    words = words_of(test, None, None, language=language, now=build.NOON, pages=address)
    assert is_vietnamese(said(words)) is (language == "vi")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_of_a_case_that_is_not_for_the_public_a_message_says_nothing_but_that_there_is_news(world: build.World, language: str) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        db.session.merge(case).visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
    told = {(words.subject, words.body, words.short) for template in KINDS if template not in COMPOSED
            for words in [rendered(template, {**GIVEN, "reason": ""}, case, language)]}  # fmt: skip
    assert len(told) == 2, "one to people outside, one to staff"
    assert all(GIVEN["code"] in subject and is_vietnamese(subject + body) is (language == "vi") for subject, body, _short in told)
