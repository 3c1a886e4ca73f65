"""The editor of drafts: who may open it, what saving answers, and the table without scripts."""
from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.local_time import local_day
from casework.models import Agency
from casework.permissions import Role
from tests import build
from tests.web.desk import Office
from tests.web.pages import words_of
from web.locales import LANGUAGE_COOKIE
from web.studio.editor import MOST_SENT
from web.studio.words import WORDS
from workflows.definitions.parsed import text_of
from workflows.definitions.process import shipped_model, shipped_table
from workflows.drafting.drafts import hand_in, start_draft
from workflows.models import ProcessVersion
from workflows.routing.rows import rows_of
from workflows.versions.live import FIELD_REPORT, ROUTING

STATIC = Path(__file__).parents[3] / "web/static"
SCRIPTS, SENTENCES = STATIC / "js/studio", STATIC / "vendor/bpmn-js/bpmn-editor-sentences.json"
"""The second is what the drawing library says by itself, found in its sources when the bundle was made."""
MODEL, TABLE = shipped_model().decode(), shipped_table().decode()
UNNAMED = MODEL.replace('name="Phân loại"', 'name=""')
"""A text in which something is to be mended: then the check does not run the model, which takes its time."""


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def draft(office: Office, key: str = FIELD_REPORT, xml: str = "") -> ProcessVersion:
    """A draft of the centre, drawn by its administrator."""
    text = xml or {FIELD_REPORT: MODEL, ROUTING: TABLE}[key]
    with unit_of_work():
        by, centre_id = office.world.actor("administrator"), office.world.centre.id
        return start_draft(by=by, now=build.NOON, key=key, centre_id=centre_id, xml=text.encode())


def put(office: Office, ref: str, *, who: str = "administrator", **sent: Any) -> TestResponse:
    body = {"xml": UNNAMED, "revision": 1, "touched": [], **sent}
    return office.browser(who).put(f"/studio/versions/{ref}/text", json=body)


def another_administrator(office: Office) -> str:
    with unit_of_work():
        build.staff(office.world, "administrator_2", Role.ADMINISTRATOR)
    return "administrator_2"


def stored(ref: str) -> ProcessVersion:
    db.session.rollback()
    return db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one()


def told(answer: TestResponse) -> dict[str, Any]:
    """What the page itself tells its scripts; the rest they fetch."""
    found = re.search(r'<script type="application/json" id="studio-data">(.*?)</script>', answer.text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def source(office: Office, ref: str, who: str = "administrator") -> dict[str, Any]:
    """What the scripts fetch."""
    answer = office.get(who, f"/studio/versions/{ref}/source")
    assert answer.status_code == 200
    data: dict[str, Any] = answer.get_json()
    return data


# -- the page ------------------------------------------------------------------------------------------------------------


def test_the_editor_is_told_the_text_and_everything_a_diagram_may_name(office: Office) -> None:
    ref = draft(office).ref
    answer, data = office.get("administrator", f"/studio/versions/{ref}/edit"), source(office, ref)
    assert (data["xml"], data["revision"], data["findings"]) == (MODEL, 1, [])
    assert data["vocabulary"]["facts"]["held"] == {
        "label": "Hồ sơ tạm dừng", "process": "case", "gives": {"until": {"type": "moment", "label": "Đến lúc", "choices": []}},
    }
    assert [each["id"] for each in data["vocabulary"]["steps"]["approve_answer"]["outcomes"]] == ["approve", "redo"]
    assert "style-src-attr 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
    assert "token" in told(answer)
    address = f"/studio/versions/{ref}/source"
    pressed = office.browser("administrator").get(address, headers={"Accept-Encoding": "gzip"})
    assert pressed.headers["Content-Encoding"] == "gzip"
    assert told(answer)["token"].encode() not in gzip.decompress(pressed.data), "what is pressed holds no secret of the session"
    assert pressed.headers["Cache-Control"] == "no-store"
    assert office.get("administrator", address.replace(ref, draft(office, ROUTING).ref)).status_code == 404


def test_only_administrators_edit(office: Office) -> None:
    ref = draft(office).ref
    for who in ("operator", "process_approver", "inspector"):
        assert office.get(who, f"/studio/versions/{ref}/edit").status_code == 403
        assert office.get(who, f"/studio/versions/{ref}/source").status_code == 403
        assert put(office, ref, who=who).status_code == 403
        assert office.post(who, f"/studio/versions/{ref}/table").status_code == 403
    assert stored(ref).revision == 1


def test_what_belongs_to_the_installation_is_not_for_a_centres_administrator(office: Office) -> None:
    live = db.session.scalars(select(ProcessVersion.ref).where(ProcessVersion.state == "live", ProcessVersion.key == FIELD_REPORT)).one()
    assert office.get("administrator", f"/studio/versions/{live}/edit").status_code == 404
    assert put(office, live, xml=UNNAMED + " ").status_code == 404
    assert put(office, "nowhere").status_code == 404


def test_what_is_handed_in_is_read_and_not_edited(office: Office) -> None:
    version = draft(office)
    with unit_of_work():
        hand_in(version, by=office.world.actor("administrator"), now=build.NOON, note="Thử")
    answer = office.get("administrator", f"/studio/versions/{version.ref}/edit")
    assert (answer.status_code, answer.location) == (302, f"/studio/versions/{version.ref}")
    assert "Chỉ sửa được bản nháp" in office.words("administrator", answer.location or "")


# -- saving --------------------------------------------------------------------------------------------------------------


def test_saving_keeps_the_text_and_says_what_the_check_finds(office: Office) -> None:
    ref = draft(office).ref
    answer = put(office, ref)
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["revision"], answer.json["saved_at"]) == (2, "10:00 02/03/2026")
    assert [(each["element"], each["is_error"]) for each in answer.json["findings"]] == [("classify", True)]
    assert text_of(stored(ref)) == UNNAMED.encode()


def test_a_readable_text_with_a_malicious_condition_is_saved_and_found(office: Office) -> None:
    ref = draft(office).ref
    evil = MODEL.replace(">has_rater<", ">__import__(&quot;os&quot;).system(&quot;id&quot;)<")
    answer = put(office, ref, xml=evil)
    assert answer.json is not None
    assert answer.json["revision"] == 2
    assert "is_rateable_to_rate" in {each["element"] for each in answer.json["findings"] if each["is_error"]}


@pytest.mark.exhaustive
def test_who_comes_second_loses_nothing(office: Office) -> None:
    ref = draft(office).ref
    first, second = UNNAMED.replace("Có phản ánh mới", "Phản ánh mới"), UNNAMED.replace("Có phản ánh mới", "Nhận phản ánh")
    assert put(office, ref, xml=first).status_code == 200
    other = another_administrator(office)
    answer = put(office, ref, who=other, xml=second)
    assert answer.status_code == 409
    assert answer.json is not None
    kept, current = answer.json["kept"], answer.json["current"]
    assert (text_of(stored(ref)), text_of(stored(kept["ref"]))) == (first.encode(), second.encode())
    assert (current["number"], current["saved_at"], current["url"]) == (stored(ref).number, "10:00 02/03/2026", f"/studio/versions/{ref}")
    assert current["saved_by"] == office.world.people["administrator"].full_name
    again = put(office, kept["ref"], who=other, xml=second + " ", revision=kept["revision"])
    assert again.status_code == 200, "the editor goes on in the draft that was kept"


def test_an_editor_that_never_got_the_answer_to_a_save_goes_on_saving(office: Office) -> None:
    ref = draft(office).ref
    page = "0123456789abcdef01234567"
    assert put(office, ref, page=page).status_code == 200
    answer = put(office, ref, xml=UNNAMED + " ", page=page)
    assert (answer.status_code, stored(ref).revision) == (200, 3)
    assert answer.json is not None
    assert answer.json["revision"] == 3
    assert text_of(stored(ref)) == f"{UNNAMED} ".encode()


def test_who_finds_the_draft_saved_is_told_by_whom_though_another_handed_it_in(office: Office) -> None:
    version, other = draft(office), another_administrator(office)
    with unit_of_work():
        hand_in(version, by=office.world.actor(other), now=build.NOON, note="Thử")
    answer = put(office, version.ref, who=other)
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["current"]["saved_by"] == office.world.people["administrator"].full_name


def test_what_is_no_text_is_refused_in_words(office: Office) -> None:
    ref = draft(office).ref
    texts = (7, "", "<a", "\ud800", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    others = ({"revision": "1"}, {"revision": None}, {"touched": "classify"}, {"touched": ["x"] * 5000})
    for sent in (*({"xml": text} for text in texts), *others):
        answer = put(office, ref, **sent)
        assert answer.status_code == 422, sent
        assert answer.json is not None
        assert answer.json["refusal"]
    for body in (b"", b"[1]", b"{", b"\xff\xfe", b"null"):
        address = f"/studio/versions/{ref}/text"
        assert office.browser("administrator").put(address, data=body, content_type="application/json").status_code == 422
    assert stored(ref).revision == 1


def test_what_is_too_large_is_not_read(office: Office) -> None:
    ref = draft(office).ref
    assert put(office, ref, xml="x" * 1_000_001).status_code == 413
    address, body = f"/studio/versions/{ref}/text", b"x" * (MOST_SENT + 1)
    answer = office.browser("administrator").put(address, data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (413, "application/json")


def test_settings_nobody_touched_may_not_get_lost(office: Office) -> None:
    ref = draft(office).ref
    label = '<spiffworkflow:property name="label_en" value="Classify" />'
    assert label in MODEL
    answer = put(office, ref, xml=UNNAMED.replace(label, ""))
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["elements"] == ["classify"]
    assert stored(ref).revision == 1
    assert put(office, ref, xml=UNNAMED.replace(label, ""), touched=["classify", 7]).status_code == 200


def test_saving_wants_the_token_of_the_page(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = True
    ref = draft(office).ref
    assert put(office, ref, xml=UNNAMED + " ").status_code == 400
    token = told(office.get("administrator", f"/studio/versions/{ref}/edit"))["token"]
    answer = office.browser("administrator").put(
        f"/studio/versions/{ref}/text", json={"xml": UNNAMED + " ", "revision": 1}, headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 200


# -- the words of the scripts --------------------------------------------------------------------------------------------


def asked_for() -> set[str]:
    """The names of sentences in the scripts; those put together there are named here."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js"))
    kinds = re.findall(r"^  (\w+): \{ attributes:", (SCRIPTS / "kinds.js").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(kinds) == 9
    states = ("unsaved", "saving", "saved", "waiting", "refused", "signed_out", "conflict")
    made = {f"kind_{kind}" for kind in kinds} | {f"state_{state}" for state in states} | {"field_min", "field_max", "and", "or"}
    made |= {"findings_block", "findings_clear", "buttons_none", "buttons_read", "rows_unread", "rows_unread_none",
             }  # fmt: skip
    keys = (SCRIPTS / "keys.js").read_text(encoding="utf-8")
    groups = re.findall(r"^  (keys_\w+): \{", keys, re.MULTILINE)
    made |= {*groups, *(f"key_{each}" for each in re.findall(r"(\w+): \[\"", keys))}
    made |= set(json.loads(SENTENCES.read_text(encoding="utf-8")))
    rows = {name for name in WORDS if name.startswith(("append_", "attach_", "connect_", "insert_")) and f'"{name}"' in text}
    made |= rows | {f"{name.split('_')[0]}_do" for name in rows - {"insert_step"}}
    signs = re.findall(r'"[=!<>]=?": "(\w+)"', text)
    assert len(signs) == 10
    return made | set(signs) | set(re.findall(r'(?:say|translate)\("([^"]+)"', text)) | set(re.findall(r'tool\("[^"]+", "(\w+)"', text))


def test_every_sentence_of_the_scripts_has_words_and_none_is_idle() -> None:
    assert asked_for() == set(WORDS)


def test_both_languages_fill_the_same_places(office: Office) -> None:
    ref = draft(office).ref
    vi = source(office, ref)["vocabulary"]["words"]
    office.browser("administrator").set_cookie(LANGUAGE_COOKIE, "en")
    en = source(office, ref)["vocabulary"]["words"]
    assert vi["who"] != en["who"]
    assert [key for key in WORDS if sorted(re.findall(r"\{\w+\}", vi[key])) != sorted(re.findall(r"\{\w+\}", en[key]))] == []


# -- the table, without scripts ------------------------------------------------------------------------------------------


def typed(page: str) -> dict[str, list[str]]:
    """The form of the table as a browser would send it."""
    form = page[page.index("data-once") : page.index("<template")]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("name") and (given.get("type") != "checkbox" or " checked" in tag):
            sent.setdefault(given["name"], []).append(unescape(given.get("value", "")))
    for name, options in re.findall(r'<select\b[^>]*?name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        sent[name] = [unescape(chosen[1]) if chosen else ""]
    return sent


def test_the_table_comes_back_as_it_was_when_nothing_is_changed(office: Office) -> None:
    ref = draft(office, ROUTING).ref
    sent = typed(office.get("administrator", f"/studio/versions/{ref}/edit").text)
    answer = office.post("administrator", f"/studio/versions/{ref}/table", act="save", **sent)
    assert (answer.status_code, answer.location) == (302, f"/studio/versions/{ref}/edit")
    assert rows_of(text_of(stored(ref))) == rows_of(TABLE.encode())


def test_a_row_is_added_moved_filled_and_saved_without_scripts(office: Office) -> None:
    ref = draft(office, ROUTING).ref
    address = f"/studio/versions/{ref}/table"
    sent = typed(office.get("administrator", f"/studio/versions/{ref}/edit").text)
    added = office.post("administrator", address, act="add", **sent)
    assert "Chưa lưu" in words_of(added)
    sent = typed(office.post("administrator", address, act="up:12", **typed(added.text)).text)
    assert sent["row"] == [f"r{number}" for number in range(1, 13)]
    sent |= {"r11-field": ["kinh_te"], "r11-lead": ["area"], "r11-cooperating": ["HKL", "area"], "r11-vi": ["Rừng"], "r11-en": ["Forest"]}
    assert stored(ref).revision == 1, "nothing is saved before it is asked for"
    assert office.post("administrator", address, act="save", **sent).status_code == 302
    row = rows_of(text_of(stored(ref)))[10]
    assert row.cells == {"field": '"kinh_te"', "area": "-", "urgency": "-", "lead": "area", "cooperating": '["HKL", area]'}
    assert (row.id, row.reason.vi, row.reason.en) == ("rule_12", "Rừng", "Forest")
    sent = typed(office.get("administrator", f"/studio/versions/{ref}/edit").text)
    removed = office.post("administrator", address, act="remove:1", **sent)
    assert typed(removed.text)["r1-id"] == ["rule_2"]


def test_an_agency_that_is_no_longer_there_keeps_its_name_in_the_table(office: Office) -> None:
    ref = draft(office, ROUTING).ref
    with unit_of_work():
        agency = db.session.scalars(select(Agency).where(Agency.key == "HKL")).one()
        agency.valid_to = local_day(build.NOON) - timedelta(days=900)
        agency.valid_from = agency.valid_to - timedelta(days=1)
        name = agency.short_name.vi
    page = office.get("administrator", f"/studio/versions/{ref}/edit").text
    assert f'<option value="HKL" selected>{name} (HKL)</option>' in page
    assert ">HKL<" not in page


def test_a_cell_no_control_can_show_is_shown_as_text_and_kept(office: Office) -> None:
    odd = TABLE.replace('<text>"HKL"</text>', '<text>["HKL"][0]</text>')
    ref = draft(office, ROUTING, odd).ref
    page = office.get("administrator", f"/studio/versions/{ref}/edit").text
    assert '<code class="kept">[&#34;HKL&#34;][0]</code>' in page
    office.post("administrator", f"/studio/versions/{ref}/table", act="save", **typed(page))
    assert rows_of(text_of(stored(ref))) == rows_of(odd.encode())


def test_two_who_save_the_table_both_keep_their_rows(office: Office) -> None:
    ref = draft(office, ROUTING).ref
    address = f"/studio/versions/{ref}/table"
    sent = typed(office.get("administrator", f"/studio/versions/{ref}/edit").text)
    assert office.post("administrator", address, act="save", **{**sent, "r1-vi": ["Một"]}).status_code == 302
    other = another_administrator(office)
    answer = office.post(other, address, act="save", **{**sent, "r1-vi": ["Hai"]})
    assert answer.status_code == 409
    assert "Cả hai bản đều được giữ" in words_of(answer)
    kept = db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == ROUTING).order_by(ProcessVersion.id.desc())).first()
    assert kept is not None
    assert f'action="/studio/versions/{kept.ref}/table"' in answer.text
    assert [rows_of(text_of(stored(each)))[0].reason.vi for each in (ref, kept.ref)] == ["Một", "Hai"]
    assert office.post(other, f"/studio/versions/{kept.ref}/table", act="save", **typed(answer.text)).status_code == 302


def test_a_table_with_other_columns_says_how_to_change_it(office: Office) -> None:
    ref = draft(office, ROUTING, TABLE.replace('name="lead"', 'name="chief"')).ref
    page = office.words("administrator", f"/studio/versions/{ref}/edit")
    assert "Xin tải tệp về, sửa rồi tải lên" in page
    assert office.post("administrator", f"/studio/versions/{ref}/table", act="save", revision="1").status_code == 422


def test_a_table_form_that_is_none_changes_nothing(office: Office) -> None:
    ref = draft(office, ROUTING).ref
    assert office.post("administrator", f"/studio/versions/{ref}/table", act="save").status_code == 422
    for act in ("up:99", "up:" + "9" * 5000):
        assert office.post("administrator", f"/studio/versions/{ref}/table", act=act, row="r1").status_code == 200
    assert office.post("administrator", f"/studio/versions/{ref}/table", act="save", revision="9" * 5000).status_code == 422
    assert office.post("administrator", f"/studio/versions/{draft(office).ref}/table", act="save", revision="1").status_code == 404
    assert stored(ref).revision == 1
