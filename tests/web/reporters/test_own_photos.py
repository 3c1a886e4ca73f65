"""Photos senders add on their own page, alone or with an answer: kept while another is refused, for agencies only once cleared."""
from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from casework.db import db
from casework.models import Addition, Event
from casework.photos.records import copy_for, photos_of_report
from casework.recordings.staging import recordings_of_report
from tests import build
from tests.conftest import client_of
from tests.system.canary import marked_voice
from tests.web.pages import at, hidden, signed_in, words_of
from tests.with_photos import jpeg

LATER = build.NOON + timedelta(hours=3)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, LATER)
    return build.standard_world()


def sender(app: Flask, world: build.World, name: str = "citizen") -> FlaskClient:
    return signed_in(app, client_of(app), world.people[name], now=build.NOON)


def status(client: FlaskClient, address: str) -> int:
    with client.get(address) as answer:
        return answer.status_code


def uploads(*files: tuple[bytes, str], **form: object) -> dict[str, object]:
    return {"photos": [(io.BytesIO(data), name) for data, name in files], **form}


def test_photos_added_later_are_kept_while_one_is_refused_and_reach_agencies_once_cleared(sqlite_app: Flask, world: build.World) -> None:
    case = build.case_at(world, "handling")
    client, address = sender(sqlite_app, world), f"/mine/{case.code}/additions"
    files = ((jpeg("olive"), "bờ suối.jpg"), (b"MZ, not a photo", "hoa-don.jpg"), (jpeg("navy"), "cầu.jpg"))
    answer = client.post(address, data=uploads(*files, words="Rác còn nhiều lờithêm."))
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "hoa-don.jpg" in page, "Rác còn nhiều lờithêm." in page) == (422, True, True)
    assert db.session.scalars(select(Addition)).all() == []
    token, kept = hidden(page, "files_token"), re.findall(r'name="remove" value="([^"]+)"', page)
    assert len(kept) == 2
    assert status(client, f"/photos/{kept[0]}/centre/thumb") == 200
    answer = client.post(address, data={"files_token": token, "remove": kept[1], "words": "Rác còn nhiều lờithêm."})
    assert (answer.status_code, kept[1] in answer.get_data(as_text=True)) == (200, False)
    form = {"files_token": token, "words": "Rác còn nhiều lờithêm.", "kept_file": re.findall(r'name="kept_file" value="([^"]+)"', page)[:1]}
    gone = client.post(address, data=form | {"kept_file": [*form["kept_file"], f"photos:{'0' * 64}", f"voice:{'0' * 64}"]})
    assert (gone.status_code, db.session.scalars(select(Addition)).all()) == (422, [])
    assert "Ảnh 2 đã hết hạn lưu tạm, vui lòng chọn lại." in words_of(gone)
    assert "Lời ghi âm đã hết hạn" in words_of(gone)
    assert client.post(address, data=form).status_code == 302
    assert "Rác còn nhiều lờithêm." in words_of(client.get(f"/mine/{case.code}"))

    [addition] = db.session.scalars(select(Addition))
    [photo] = photos_of_report(case.main_report)
    assert (photo.ref, photo.addition_id, photo.sha256) == (kept[0], addition.id, hashlib.sha256(files[0][0]).hexdigest())
    shown = f"/photos/{photo.ref}/centre/view"
    operator, officer = (sender(sqlite_app, world, name) for name in ("operator", "officer_PTNMT"))
    other, guest = sender(sqlite_app, world, "citizen_2"), client_of(sqlite_app)
    assert shown in client.get(f"/mine/{case.code}").get_data(as_text=True)
    for looker, expected in ((operator, 200), (client, 200), (officer, 404), (other, 404), (guest, 404)):
        found = [status(looker, address) for address in (shown, f"/photos/{photo.ref}/agencies/view", f"/photos/{photo.ref}/public/view")]
        assert found == [expected, 404, 404]
    assert photo.ref not in officer.get(f"/cases/{case.ref}?tab=all").get_data(as_text=True)
    assert "Có 1 ảnh gửi kèm" in words_of(operator.get(f"/cases/{case.ref}?tab=all"))

    task = f"/tasks/{build.waiting(case, 'clear_text').ref}"
    assert f'name="show-{photo.ref}"' in operator.get(task).get_data(as_text=True)
    form = {"act": "clear_text", "seen": addition.ref, "words": "", f"show-{photo.ref}": "yes"}
    refused_ = operator.post(task, data={**form, f"cover-{photo.ref}": "0.9,0,0.1,1"})
    assert (refused_.status_code, "Vùng cần che" in words_of(refused_)) == (422, True)
    operator.post(task, data={**form, f"cover-{photo.ref}": "0,0,0.5,1"})
    with officer.get(f"/photos/{photo.ref}/agencies/view") as copy, Image.open(io.BytesIO(copy.data)) as image:
        assert image.getpixel((10, 10)) != image.getpixel((300, 10)), "the left half is covered"
    assert officer.get(shown).status_code == 404
    assert photo.ref in officer.get(f"/cases/{case.ref}?tab=all").get_data(as_text=True)
    assert guest.get(f"/photos/{photo.ref}/public/view").status_code == 404
    told = db.session.scalars(select(Event).where(Event.type.in_(("write_to_centre", "clear_text"))).order_by(Event.id.desc())).all()
    assert [event.payload.get("photos") for event in told[:2]] == [1, 1]


def test_the_centres_question_is_answered_with_a_photo_alone_which_waits_for_the_operator(sqlite_app: Flask, world: build.World) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở bờ nào?", when_unanswered="continue")
    client = sender(sqlite_app, world)
    assert client.post(f"/mine/{case.code}/answer", data={"words": " "}).status_code == 422
    sent = uploads((jpeg(), "bờ.jpg"), words="", voice=(io.BytesIO(marked_voice()), "lời.wav"))
    answer = client.post(f"/mine/{case.code}/answer", data=sent)
    assert answer.status_code == 302, words_of(answer)
    [recording] = recordings_of_report(case.main_report)
    assert recording.addition_id == photos_of_report(case.main_report)[0].addition_id
    assert f"/recordings/{recording.ref}/" in client.get(f"/mine/{case.code}").get_data(as_text=True)
    assert case.state == "handling"
    assert [photo.addition_id is not None for photo in photos_of_report(case.main_report)] == [True]
    assert "Ông/Bà gửi thêm ảnh" in words_of(client.get(f"/mine/{case.code}"))
    build.do(world, case, "clear_text", "operator", now=LATER + timedelta(hours=1))
    assert copy_for(photos_of_report(case.main_report)[0], "agencies", "view") is None, "what was not ticked stays with the centre"


def test_a_report_takes_no_photo_beyond_its_bound_and_keeps_the_words(
    sqlite_app: Flask, world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = build.case_at(world, "to_verify")
    monkeypatch.setattr("casework.pausing.added_files.MOST_OF_A_REPORT", 1)
    client, address = sender(sqlite_app, world), f"/mine/{case.code}/additions"
    answer = client.post(address, data=uploads((jpeg(), "một.jpg"), (jpeg("navy"), "hai.jpg"), words="Hai ảnh lờigiữ."))
    assert (answer.status_code, "lờigiữ" in answer.get_data(as_text=True)) == (422, True)
    assert db.session.scalars(select(Addition)).all() == []
