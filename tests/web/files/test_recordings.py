"""Recordings and blocked senders over HTTP: served in parts and to nobody else, heard, written down at the desk, read by agencies."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.intake.file_report import Filed, cleared_words
from casework.models import BlockedSender, Recording
from tests import build
from tests.web.desk import Office, named, statements_of, step
from tests.with_recordings import FILE_NAME, prepare, send, video, wav

SAID = "Xe tải đổ đất xuống suối lúc nửa đêm."
WHY = "Gửi hơn bốn mươi phản ánh giống nhau trong một buổi."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def spoken_report(office: Office, *kinds: str, **report: Any) -> tuple[Filed, list[Recording]]:
    filed, files = build.file_report(office.world, **report), Path(office.app.config["FILES"])
    made = [send(filed, files, kind=kind, data=wav(30) if kind == "voice" else video()) for kind in kinds]
    return filed, made


def got(office: Office, name: str, address: str, **headers: str) -> TestResponse:
    return office.browser(name).get(address, headers={key.replace("_", "-"): value for key, value in headers.items()}, buffered=True)


def test_a_recording_is_served_whole_or_in_one_part_and_kept_by_nobody(office: Office) -> None:
    _filed, (voice,) = spoken_report(office, "voice")
    address, data = f"/recordings/{voice.ref}/original", wav(30)
    whole = got(office, "operator", address)
    assert (whole.status_code, whole.data, whole.headers["Content-Length"]) == (200, data, str(len(data)))
    assert {name: whole.headers[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control", "Accept-Ranges",
                                                   "X-Content-Type-Options", "Content-Security-Policy")} == {
        "Content-Type": "audio/wav", "Content-Disposition": "inline; filename=audio.wav", "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox"}  # fmt: skip
    assert "ETag" not in whole.headers
    size = len(data)
    for asked, start, stop in (("bytes=0-99", 0, 100), ("bytes=1000-", 1000, size), ("bytes=-7", size - 7, size),
                               ("bytes=470000-99999999", 470_000, size)):
        part = got(office, "operator", address, Range=asked)
        assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes {start}-{stop - 1}/{size}")
        assert part.data == data[start:stop]
    beyond = got(office, "operator", address, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"], beyond.data) == (416, f"bytes */{size}", b"")
    for whole_again in ({"Range": "bytes=0-1,5-6"}, {"Range": "lines=0-1"}, {"Range": "bytes=0-1", "If_Range": '"x"'},
                        {"Range": "bytes=x"}):
        assert got(office, "operator", address, **whole_again).status_code == 200
    head = office.browser("operator").head(address)
    assert (head.headers["Content-Length"], head.data) == (str(size), b"")


def test_nobody_else_is_told_that_it_is_there(office: Office) -> None:
    filed, (voice, moving) = spoken_report(office, "voice", "video")
    build.advance(office.world, filed.case, "handling")
    prepare(office.app)
    for ref in (voice.ref, moving.ref):
        assert {name: got(office, name, f"/recordings/{ref}/play").status_code for name in (
            "operator", "ops_lead", "citizen", "officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "citizen_2")} == {
            "operator": 200, "ops_lead": 200, "citizen": 200, "officer_PTNMT": 404, "leader_PTNMT": 404, "committee_leader": 404,
            "administrator": 404, "citizen_2": 404}  # fmt: skip
        assert office.app.test_client().get(f"/recordings/{ref}/play").status_code == 404
    assert got(office, "operator", f"/recordings/{moving.ref}/original").status_code == 404
    assert got(office, "operator", f"/recordings/{voice.ref}/thumb").status_code == 404
    assert got(office, "operator", "/recordings/0000000000000000/play").status_code == 404
    played = got(office, "operator", f"/recordings/{moving.ref}/play")
    assert (played.headers["Content-Type"], played.headers["Content-Disposition"]) == ("video/mp4", "inline; filename=video.mp4")


@pytest.mark.exhaustive
def test_at_verification_it_is_heard_and_written_down_and_agencies_read_it(office: Office) -> None:
    filed, (voice, moving) = spoken_report(office, "voice", "video")
    address = step(filed.case, "verify")
    page = office.get("operator", address).get_data(as_text=True)
    assert f'<audio class="player" controls preload="metadata" src="/recordings/{voice.ref}/original"' in page
    assert "autoplay" not in page
    assert "Chưa ai ghi lại" in page
    assert f"/recordings/{moving.ref}" not in page, "a video is not shown before its copy is made"
    assert "Video sẽ hiện ra" in page
    form = {"title": "Đổ đất xuống suối", "place": "", named(page, "words-")[0]: "", f"said-{voice.ref}": f"{SAID} Tôi là Nguyễn Văn Hoa."}
    neutral = office.post("operator", address, act="neutral", **form).get_data(as_text=True)
    assert f"{SAID} Tôi là [tên người gửi]." in neutral
    again = office.post("operator", address, act="verify", **{**form, "title": ""})
    assert (again.status_code, f"{SAID} Tôi là" in again.get_data(as_text=True)) == (422, True)
    office.post("operator", address, act="verify", **{**form, f"said-{voice.ref}": SAID})
    assert cleared_words(filed.report) == SAID, "what was only spoken stands where the words would"
    prepare(office.app)
    build.classify(office.world, filed.case)
    build.distribute(office.world, filed.case)
    for name, where in (("officer_PTNMT", step(filed.case, "accept_assignment", "PTNMT", office)),
                        ("committee_leader", f"/cases/{filed.case.ref}")):
        read = office.get(name, where).get_data(as_text=True)
        assert SAID in read
        assert "/recordings/" not in read
        assert "<audio" not in read
    found = office.words("officer_PTNMT", "/search?q=xe+tai+nua+dem")
    assert filed.report.code in found
    heard = office.get("operator", f"/cases/{filed.case.ref}?tab=all").get_data(as_text=True)
    assert heard.count(f"/recordings/{voice.ref}/play") == 3, "player, file to fetch, list of files"
    assert f'<video class="player" controls playsinline preload="metadata" src="/recordings/{moving.ref}/play"' in heard
    assert FILE_NAME not in heard
    printed = office.get("operator", f"/cases/{filed.case.ref}/print").get_data(as_text=True)
    assert ("/recordings/" in printed, SAID in printed) == (False, True)


def test_verification_says_that_nobody_wrote_it_down_and_goes_on(office: Office) -> None:
    filed, (voice,) = spoken_report(office, "voice")
    address = step(filed.case, "verify")
    page = office.get("operator", address)
    done = office.post("operator", address, act="verify", title="Đất đổ xuống suối", **{named(page, "words-")[0]: "Có đất."})
    assert "đơn vị không nghe được" in office.words("operator", done.headers["Location"])
    assert filed.case.state == "to_classify"
    office.post("operator", f"/cases/{filed.case.ref}/recordings/{voice.ref}", words=SAID)
    build.classify(office.world, filed.case)
    build.distribute(office.world, filed.case)
    build.accept(office.world, filed.case)
    read = office.words("officer_PTNMT", step(filed.case, "submit_answer", "PTNMT", office))
    assert "Có đất." in read
    assert SAID in read, "what was spoken beside the words stands where the answer is written"


def test_the_words_are_changed_on_a_page_of_their_own(office: Office) -> None:
    filed, (voice,) = spoken_report(office, "voice")
    address = f"/cases/{filed.case.ref}/recordings/{voice.ref}"
    assert address in office.get("operator", f"/cases/{filed.case.ref}?tab=all").get_data(as_text=True)
    refused = office.post("operator", address, words="  ")
    assert (refused.status_code, "Vui lòng ghi lại nội dung nghe được" in refused.get_data(as_text=True)) == (422, True)
    marked = office.post("operator", address, act="neutral", words="Gọi tôi số 0912345678.").get_data(as_text=True)
    assert "Gọi tôi số [số điện thoại]." in marked
    assert office.post("operator", address, words=SAID).status_code == 302
    assert db.session.scalars(select(Recording.transcript)).one() == SAID
    assert "ghi lại lời ghi âm" in office.words("operator", f"/cases/{filed.case.ref}?tab=all").lower()
    for name in ("officer_PTNMT", "committee_leader", "administrator"):
        assert office.get(name, address).status_code == 403
    other = build.file_report(office.world, words="Việc khác.", by="citizen_2", contact=None)
    assert office.get("operator", f"/cases/{other.case.ref}/recordings/{voice.ref}").status_code == 404


def test_a_copy_that_was_given_up_is_asked_for_again_on_its_page_and_typed_words_stay(office: Office) -> None:
    filed, (voice, moving) = spoken_report(office, "voice", "video")
    with unit_of_work():
        for each in (voice, moving):
            db.session.get_one(Recording, each.id).refused = "failed"
    for each, says in ((voice, "đang nghe bản gốc"), (moving, "Không xem được video này")):
        page = f"/cases/{filed.case.ref}/recordings/{each.ref}"
        shown = office.get("operator", page).get_data(as_text=True)
        assert (says in shown, 'name="act" value="copy"' in shown) == (True, True)
        assert office.post("officer_PTNMT", page, act="copy", words="").status_code in (403, 404)
        again = office.post("operator", page, act="copy", words=SAID).get_data(as_text=True)
        assert (SAID in again, "Tệp sẽ có sau giây lát" in again, 'value="copy"' in again) == (True, True, False)
        assert 'value="copy"' not in office.get("operator", page).get_data(as_text=True)
    prepare(office.app)
    assert got(office, "operator", f"/recordings/{moving.ref}/play").status_code == 200


def test_the_sender_hears_their_own_and_only_they(office: Office) -> None:
    filed, (voice, moving) = spoken_report(office, "voice", "video")
    page = office.get("citizen", f"/mine/{filed.report.code}").get_data(as_text=True)
    assert f'preload="none" src="/recordings/{voice.ref}/original"' in page
    assert f"/recordings/{moving.ref}" not in page
    prepare(office.app)
    page = office.get("citizen", f"/mine/{filed.report.code}").get_data(as_text=True)
    assert f'preload="none" src="/recordings/{moving.ref}/play"' in page
    assert SAID not in page


def test_a_page_asks_no_more_for_more_recordings(office: Office) -> None:
    one, _first = spoken_report(office, "voice")
    two, _more = spoken_report(office, "voice", "video", words="Đèn hỏng.", by="citizen_2", contact=None)
    office.get("operator", "/inbox")
    counts = [statements_of(lambda ref=filed.case.ref: office.get("operator", f"/cases/{ref}")) for filed in (one, two, one)]
    assert counts[1] == counts[2]


def test_a_sender_is_blocked_from_the_case_told_and_taken_back(office: Office) -> None:
    filed = build.file_report(office.world)
    case_page, list_page = f"/cases/{filed.case.ref}", "/blocked-senders"
    address = f"{case_page}/reports/{filed.report.ref}/block"
    assert address not in office.get("operator", case_page).get_data(as_text=True)
    assert address in office.get("ops_lead", case_page).get_data(as_text=True)
    assert address not in office.get("ops_lead", f"{case_page}/print").get_data(as_text=True)
    assert "Chưa có người gửi nào bị chặn" in office.words("ops_lead", list_page)
    for wrong, words in (({"reason": "ngắn", "days": "3"}, "từ 10 đến 300 ký tự"), ({"reason": WHY, "days": "366"}, "từ 1 đến 365"),
                         ({"reason": WHY, "days": "ba"}, WHY)):
        refused = office.post("ops_lead", address, **wrong)
        assert (refused.status_code, words in refused.get_data(as_text=True)) == (422, True), words
    assert office.post("ops_lead", address, reason=WHY, days="30").status_code == 302
    for page in (list_page, f"{case_page}?tab=history", address):
        assert "01/04/2026" in office.words("ops_lead", page)
    listed = office.words("ops_lead", list_page)
    assert WHY in listed
    for secret in (build.PHONE, "912345678", "Nguyễn Thị Thử"):
        assert secret not in listed
    own = office.words("citizen", f"/mine/{filed.report.code}")
    assert WHY in own
    assert "01/04/2026" in own
    for name in ("operator", "administrator", "committee_leader", "officer_PTNMT"):
        assert office.get(name, list_page).status_code == 403
    ref = db.session.scalars(select(BlockedSender.ref).order_by(BlockedSender.id)).first()
    assert office.post("operator", f"{list_page}/{ref}/lift").status_code == 403
    assert office.post("ops_lead", f"{list_page}/{ref}/lift").status_code == 302
    assert office.post("ops_lead", f"{list_page}/{ref}/lift").status_code == 404
    assert WHY not in office.words("citizen", f"/mine/{filed.report.code}")
