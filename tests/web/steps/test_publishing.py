"""Publishing, answering in private, and reviewing a rating: through the pages."""
from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from casework.db import db
from casework.models import Case, Publication, VisibilityReason
from casework.photos.records import copy_for
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office, step
from tests.web.pages import words_of

WORDS = {"title": "Rác ven suối đã được dọn", "question": "Người dân phản ánh rác ven suối.", "summary": "", "place": "Thôn Păng Tiêng"}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def publish(office: Office, case: Case, **form: Any) -> Any:
    return office.post("operator", step(case, "publish"), **{"act": "publish", **WORDS, **form})


def test_what_is_previewed_is_what_would_be_published_and_nothing_is_written(office: Office) -> None:
    case = build.case_at(office.world, "to_publish", agencies=2)
    answer = publish(office, case, act="preview", title="Tiêu đề thử")
    assert answer.status_code == 200
    page = words_of(answer)
    assert "Tiêu đề thử" in page
    assert "Phòng Tài nguyên và Môi trường" in page
    assert "UBND xã Lát" in page
    assert db.session.query(Publication).count() == 0


def test_the_preview_is_the_public_page_itself(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_publish", agencies=2)
    ref = pictured.after_photo(filed).ref
    form = {**WORDS, "summary": "Đã dọn xong hai điểm.", f"show-{ref}": "yes", f"cover-{ref}": "0,0,0.5,1"}
    page = publish(office, filed.case, act="preview", **form).get_data(as_text=True)
    preview = re.search(r'<article class="card preview[^>]*>(.*)</article>\s*</section>', page, re.DOTALL)
    assert preview
    assert f'/photos/{ref}?cover=0,0,0.5,1"' in preview[1].replace("%2C", ",")
    assert publish(office, filed.case, checked="y", **form).status_code == 302
    public = office.app.test_client().get(f"/reports/{filed.case.code}").get_data(as_text=True)
    shown = [re.sub(r'\b(?:src|class|id|aria-labelledby)="[^"]*"|</?h\d|\s+', " ", part).strip()
             for part in re.split(r"(?=<section|<header)", preview[1]) if part.strip()]
    flat = re.sub(r'\b(?:src|class|id|aria-labelledby)="[^"]*"|</?h\d|\s+', " ", public)
    missing = [piece for part in shown for piece in re.findall(r">([^<>]+)<", part) if piece.strip() and piece not in flat]
    assert not missing, missing
    assert all(words in preview[1] for words in ("Đúng hạn", "Đã dọn xong hai điểm.", "2 đơn vị trả lời"))


@pytest.mark.exhaustive
def test_what_is_said_of_a_rating_is_what_happened(office: Office) -> None:
    def said(by: str, **report: Any) -> str:
        case = build.case_at(office.world, "to_publish", by=by, **report)
        assert publish(office, case, checked="y").status_code == 302
        return f"{office.words('operator', '/inbox')} {case.state}"

    words = said("operator", source="camera", contact=None)
    assert "không có người gửi để mời đánh giá" in words
    assert words.endswith("closed")
    assert "đánh giá" in (words := said("citizen"))
    assert "không có người gửi" not in words


def test_personal_data_left_in_the_words_has_to_be_confirmed_as_it_stands(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    form = {"checked": "y", "question": "Người dân báo rác, gọi 0912 345 678, nhà ở số nhà 12."}
    refused = publish(office, case, **form)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert all(f'<mark class="personal">{text}</mark>' in page for text in ("0912 345 678", "12"))
    mark = re.search(r'name="leftovers" value="([0-9a-f]+)"', page)
    assert mark
    more = {**form, "question": f"{form['question']} Tôi tên là Nguyễn Văn An."}
    assert publish(office, case, **more, leftovers=mark[1]).status_code == 422, "confirmed were other words"
    assert db.session.query(Publication).count() == 0
    assert publish(office, case, act="answer_privately", **{**form, "question": ""}).status_code == 422
    assert publish(office, case, **form, leftovers=mark[1]).status_code == 302
    assert case.is_public


def test_publishing_needs_the_tick_and_keeps_the_words(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    answer = publish(office, case)
    assert answer.status_code == 422
    assert "Rác ven suối đã được dọn" in answer.get_data(as_text=True)
    assert publish(office, case, checked="y").status_code == 302
    assert case.is_public


@pytest.mark.exhaustive(but=2)
def test_only_ticked_photos_are_published_and_covered_as_drawn(app: Flask) -> None:
    office = Office(app)
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_publish")
    before, after = pictured.scene_photo(filed), pictured.after_photo(filed)
    ref = before.ref
    publish(office, filed.case, checked="y", **{f"show-{ref}": "yes", f"cover-{ref}": "0,0,0.5,1"})
    assert copy_for(pictured.scene_photo(filed), "public", "view") is not None
    assert copy_for(after, "public", "view") is None
    with office.app.test_client().get(f"/photos/{ref}/public/view") as answer:
        picture = answer.data
    assert halves_covered(picture) == (True, False)


def test_the_preview_of_a_photo_is_covered_and_for_the_centre_alone(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_publish")
    ref = pictured.scene_photo(filed).ref
    address = f"{step(filed.case, 'publish')}/photos/{ref}?cover=0,0,0.5,1"
    answer = office.get("operator", address)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert halves_covered(answer.data) == (True, False)
    assert halves_covered(office.get("operator", address + "&all=yes").data) == (True, True)
    assert halves_covered(office.get("operator", address.replace("0,0,0.5,1", "nonsense")).data) == (True, True)
    assert office.get("officer_PTNMT", address).status_code == 403
    assert office.get("operator", address.replace(ref, "0" * 16)).status_code == 404


def test_the_exact_place_is_shown_only_when_ticked_and_known(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    publish(office, case, checked="y", shows_exact_place="y")
    assert db.session.query(Publication).one().current.shows_exact_place is False


def test_a_sensitive_case_is_only_answered_in_private(office: Office) -> None:
    case = build.case_at(office.world, "to_classify")
    reason = db.session.query(VisibilityReason).first()
    build.do(office.world, case, "classify", "operator", field=office.world.field(), urgency="normal", complexity="ordinary",
             area=office.world.area, visibility_reason=reason)
    build.advance(office.world, case, "to_publish")
    page = office.get("operator", step(case, "publish")).get_data(as_text=True)
    assert 'value="publish"' not in page
    assert publish(office, case, checked="y").status_code == 422
    assert publish(office, case, act="answer_privately").status_code == 302
    assert not case.is_public
    assert db.session.query(Publication).one().kind == "private"


def test_the_photos_of_a_private_answer_reach_its_sender_and_nobody_else(app: Flask) -> None:
    office = Office(app)
    filed = pictured.pictured_case(office.world, app.config["FILES"], "to_publish")
    before, after = pictured.scene_photo(filed).ref, pictured.after_photo(filed).ref
    chosen = {f"show-{before}": "yes", f"show-{after}": "yes", f"cover-{after}": "0,0,0.5,1"}
    assert publish(office, filed.case, act="answer_privately", **chosen).status_code == 302
    page = office.get("citizen", f"/mine/{filed.report.code}").get_data(as_text=True)
    address = re.search(rf'src="(/photos/{after}/sender/view[^"]*)"', page)
    assert address
    with office.get("citizen", address[1]) as answer:
        assert halves_covered(answer.data) == (True, False)
        assert "no-store" in answer.headers["Cache-Control"]
    for name in ("citizen_2", "operator"):
        assert office.get(name, address[1]).status_code == 404
    for ref in (before, after):
        assert office.app.test_client().get(f"/photos/{ref}/public/view").status_code == 404


def reviewed(office: Office) -> Case:
    case = build.case_at(office.world, "rating")
    build.rate(office.world, case, level="dissatisfied")
    return case


def test_the_operations_lead_reads_the_reason_and_explains(office: Office) -> None:
    case = reviewed(office)
    address = step(case, "review_rating")
    assert "Chưa dọn hết." in office.words("ops_lead", address)
    assert office.get("operator", address).status_code == 404
    assert office.post("ops_lead", address, outcome="explained", words="").status_code == 422
    assert office.post("ops_lead", address, words="Đã kiểm tra lại.").status_code == 422
    office.post("ops_lead", address, outcome="explained", words="Đã kiểm tra lại.")
    assert case.state == "closed"


def test_a_reopened_case_is_distributed_again(office: Office) -> None:
    case = reviewed(office)
    answer = office.post("ops_lead", step(case, "review_rating"), outcome="reopened", words="Sẽ làm lại.")
    assert answer.headers["Location"] == step(case, "distribute")
    assert case.reopened == 1


def halves_covered(data: bytes) -> tuple[bool, bool]:
    """Whether the left and the right half of an olive photo are grey."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    pixels = [picture.getpixel((picture.width * part // 4, picture.height // 2)) for part in (1, 3)]
    return max(pixels[0]) - min(pixels[0]) < 20, max(pixels[1]) - min(pixels[1]) < 20  # type: ignore[arg-type,type-var]
