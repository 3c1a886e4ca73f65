"""Rules.md, section 2, outside the house: whatever leaves holds a code, days and names of bodies, and no mark of the reporter."""
from __future__ import annotations

import json
import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.messages.kinds import KINDS, Audience
from casework.models import HouseSetting, MessageChoice, VisibilityReason
from casework.outbox import tell_account, tell_reporter
from casework.privacy.identity import Contact
from tests import build
from tests.messages.house import House, gateways_to, has_zns, with_mail
from tests.messages.test_push import Browser
from tests.outside import Outside
from tests.system.canary import CLEARED, EMAIL, FULL_NAME, MARKS, PHONE, WORDS
from tests.system.marks import Mark, found_in
from web.gateways.push import PushGateway, kept_key

STAFF = ("operator", "officer_PTNMT", "confidential_reader")
WITHIN = (Mark("cleared words", CLEARED[10:30]), Mark("title", "Rác đổ ven suối"), Mark("answer", "2 m³ rác ven"),
          Mark("place", "Păng Tiêng"), Mark("why it was redone", "Chụp lại ảnh"),
          Mark("why it was set apart", "Tố cáo một cán bộ"))  # fmt: skip
"""What agencies, the centre and its leaders wrote: it is read on pages alone."""

PARAMETERS = {"due_at": "2026-03-09T17:00:00+00:00", "lead": "PTNMT", "agency": "PTNMT", "main": "LD-2026-000001",
              "former": "LD-2026-000001", "reason": "khong_ro_noi_dung"}  # fmt: skip


def tell_every_kind(house: House, case_id: int, *, step: int = 1) -> None:
    """A message of every kind there is (or each so many), to the sender and to an operator, as the acts write them."""
    with unit_of_work():
        case = lock_case(case_id)
        for kind in list(KINDS.values())[::step]:
            if kind.audience is Audience.REPORTER:
                tell_reporter(case.main_report, kind.key, case=case, at=house.now, **PARAMETERS)
            elif kind.audience is Audience.STAFF:
                tell_account(house.world.people["operator"].id, kind.key, case=case, at=house.now, **PARAMETERS)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("contact", [Contact(FULL_NAME, None, EMAIL), Contact(FULL_NAME, PHONE, None)], ids=["by e-mail", "by telephone"])
def test_no_message_tells_who_reported_or_what_anybody_wrote(
    sqlite_app: Flask, mail: Outside, gateway: Outside, tmp_path: Path, contact: Contact
) -> None:
    push = PushGateway(lambda: kept_key(tmp_path / "vapid_key"), "mailto:phananh@trung-tam.example", inside={"127.0.0.1"})
    house = House(sqlite_app, gateways_to(mail, gateway) | {"push": push})
    with_mail(house.world, *STAFF)
    browsers = {f"/push/{name}": Browser(house, name, gateway, name) for name in (*STAFF, "citizen_2")}
    with unit_of_work():
        for name in (*STAFF, "citizen_2"):
            db.session.add(MessageChoice(account_id=house.world.people[name].id, channel="push", takes="all", changed_at=build.NOON))
    has_zns("report_accepted", "report_distributed")
    with unit_of_work():
        for channel in house.gateways:
            db.session.add(HouseSetting(key=f"most_{channel}", value=6_000, changed_at=build.NOON))
    case = build.file_report(house.world, by="guest", contact=contact, words=WORDS).case
    build.act(house.world, case, "follow", "citizen_2")
    build.advance(house.world, case, "approval")
    build.redo(house.world, case, house.world.agencies["PTNMT"])
    house.now = build.next_moment(case)
    tell_every_kind(house, case.id, step=2 if contact.email else 5)
    leave(house)
    with unit_of_work():
        lock_case(case.id).visibility_reason_id = db.session.query(VisibilityReason).first().id    # type: ignore[union-attr]
    house.wait(minutes=1)
    tell_every_kind(house, case.id, step=9)
    leave(house)
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo một cán bộ.", now=house.now)
    house.wait(hours=1)
    leave(house)
    envelope = EMAIL if contact.email else PHONE
    notices = [json.dumps(browsers[request["path"]].read(request["body"]), ensure_ascii=False) for request in gateway.requests
               if request["path"] in browsers]
    assert sum(case.code in notice for notice in notices) > 10
    told = [_without_address(letter) for letter in mail.letters] + notices
    told += [str(request["body"]) for request in gateway.requests if request["path"] not in browsers]
    assert sum(1 for text in told if case.code in text) > (30 if contact.email else 12)
    everything = "\n".join(told).replace(envelope, "").replace(envelope.removeprefix("+"), "")
    assert found_in(everything, (*MARKS, *WITHIN)) == set()
    assert "thủ tục riêng" not in everything, "that a case was set apart is said on its page alone"
    assert found_in(f"{everything} {EMAIL}", MARKS) == {"e-mail in the words", "e-mail in the request"}, "the scanner finds what is there"


def leave(house: House) -> None:
    """All that is due leaves."""
    while house.route():
        pass
    for _ in range(200):
        if not sum(house.send(channel) for channel in house.gateways):
            break
        house.wait(seconds=10)


def _without_address(letter: EmailMessage) -> str:
    """All of a letter, opened, but the envelope's own line."""
    heads = "\n".join(f"{name}: {value}" for name, value in letter.items() if name != "To")
    parts = [part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"]
    return "\n".join([heads, *parts, re.sub(r"(?m)^To:.*$", "", letter.as_string())])
