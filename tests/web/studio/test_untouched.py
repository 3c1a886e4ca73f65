"""No draft is made of a form nobody has written or chosen anything in: sent as the page shows it, it leaves none behind."""
from __future__ import annotations

import lxml.html
import pytest
from flask import Flask

from casework.db import db
from casework.models import Draft
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office, step

BUTTONS = {"act", "take", "remove", "template", "template_keep", "draft_do"}


def as_a_browser_sends(page: str) -> list[tuple[str, str]]:
    form = lxml.html.fromstring(page).xpath("//form[@data-draft]")[0]
    for template in form.xpath(".//template"):
        template.drop_tree()
    return [(name, value or "") for name, value in form.form_values() if name not in BUTTONS and name != "csrf_token"]


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize(("state", "element", "by"), [
    ("to_verify", "verify", "operator"), ("to_classify", "classify", "operator"), ("to_distribute", "distribute", "operator"),
    ("at_agency", "accept_assignment", "officer_PTNMT"), ("handling", "submit_answer", "officer_PTNMT"),
    ("approval", "approve_answer", "leader_PTNMT"), ("to_publish", "publish", "operator"),
])  # fmt: skip
def test_a_form_sent_untouched_is_no_draft_and_one_word_is(sqlite_app: Flask, state: str, element: str, by: str) -> None:
    office = Office(sqlite_app)
    if state == "to_verify":
        token = pictured.staged(office.world, office.app.extensions["file_store"], "scene", by="citizen")
        case = build.file_report(office.world, photos_token=token).case
    else:
        case = pictured.pictured_case(office.world, office.app.config["FILES"], state).case
    address = step(case, element)
    fields = as_a_browser_sends(office.get(by, address).get_data(as_text=True))

    def save(**more: str) -> dict[str, object]:
        sent = {**dict(fields), **more}
        return office.browser(by).post(f"{address}/draft", data=sent, headers={"Accept": "application/json"}).json

    assert save() == {"untouched": True, "words": ""}
    office.post(by, f"{address}/draft", **{**dict(fields), "draft_do": "keep"})
    again = office.words(by, address)
    assert "Chưa có gì để lưu nháp" in again
    assert "Đây là bản nháp" not in again
    assert db.session.query(Draft).count() == 0
    name = next(name for name, value in fields if not name.startswith(("draft_", "photos_", "cover-", "show-")))
    assert save(**{name: "khác"})["ref"]
    assert db.session.query(Draft).count() == 1
