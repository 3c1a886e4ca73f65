"""What is covered is gone: from the published file, its thumb, every other address, old addresses and the disk."""
from __future__ import annotations

import hashlib
import io
import random
import re
from itertools import product

import pytest
from flask import Flask
from PIL import Image, ImageChops

from casework.db import db, unit_of_work
from casework.erasure.files import remove_erased_files
from casework.files.local import LocalFileStore
from casework.models import File, Photo, Publication
from casework.photos.records import copy_for, photos_of_report, prepare_copies, prepare_photo, stage_photo
from casework.triage.acts import ClearedReport
from tests import build
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, step

SIZE, FACE = (480, 360), (0.3, 0.25, 0.55, 0.6)
COVER = ",".join(map(str, FACE))
WORDS = {"title": "Rác ven suối đã được dọn", "question": "Người dân phản ánh rác ven suối.", "summary": "", "place": "Thôn Păng Tiêng"}
AUDIENCES, RENDITIONS = ("sealed", "centre", "agencies", "sender", "public"), ("original", "view", "thumb")


def scene(seed: int) -> bytes:
    """A photo with much to see everywhere. Two seeds give the same place with another face in it."""
    picture = noise(7, *SIZE)
    left, top, right, bottom = (round(at * side) for at, side in zip(FACE, SIZE * 2, strict=True))
    picture.paste(noise(seed, right - left, bottom - top), (left, top))
    target, exif = io.BytesIO(), Image.Exif()
    exif[0x9003] = exif[0x010F] = "CANARY"
    picture.save(target, "PNG", exif=exif.tobytes(), icc_profile=None)
    return target.getvalue()


def noise(seed: int, width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))


def filed_with(office: Office, *photos: bytes) -> tuple[build.Filed, list[str]]:
    """A case that waits to be published, its report with these photos, which agencies may see as they are."""
    store = LocalFileStore(office.app.config["FILES"])
    for data in photos:
        prepared = prepare_photo(data, "nha-toi.png", store=store, max_bytes=10_000_000)
        with unit_of_work():
            stage_photo(prepared, token="scene", purpose="scene", by=office.world.actor("citizen"), now=build.NOON)
    filed = build.file_report(office.world, photos_token="scene")
    sent = photos_of_report(filed.report)
    copies = tuple((photo, prepare_copies(photo, [], audience="agencies", store=store)) for photo in sent)
    cleared = ClearedReport(report=filed.report, words="Có đống rác ven suối, mùi nặng.", copies=copies)
    build.do(office.world, filed.case, "verify", "operator", title="Rác đổ ven suối", cleared=[cleared])
    build.advance(office.world, filed.case, "to_publish")
    return filed, [photo.ref for photo in photos_of_report(filed.report)]


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def got(office: Office, name: str, address: str) -> tuple[int, bytes, str]:
    """Status, bytes and what may be kept, for a signed-in person or a guest."""
    browser = client_of(office.app) if name == "guest" else office.browser(name)
    with browser.get(address, buffered=True) as answer:
        return answer.status_code, answer.data, answer.headers.get("Cache-Control", "")


def addresses_shown(office: Office, code: str) -> dict[str, str]:
    """The addresses of photos on the public page, by photo."""
    page = got(office, "guest", f"/reports/{code}")[1].decode()
    return {ref: f"/photos/{ref}/public/view?v={mark}" for ref, mark in re.findall(r"/photos/([^/]+)/public/view\?v=([0-9a-f]+)", page)}


def test_two_photos_that_differ_only_where_they_are_covered_are_published_as_the_very_same_file(office: Office) -> None:
    filed, refs = filed_with(office, scene(1), scene(2))
    photos = [db.session.query(Photo).filter_by(ref=ref).one() for ref in refs]
    agencies = [copy_for(photo, "agencies", "view") for photo in photos]
    assert len({file.sha256 for file in agencies if file}) == 2, "uncovered they are two pictures"
    fields = {f"{part}-{ref}": value for ref in refs for part, value in (("show", "yes"), ("cover", COVER))}
    assert office.post("operator", step(filed.case, "publish"), act="publish", checked="y", **WORDS, **fields).status_code == 302
    for rendition in ("view", "thumb"):
        files = {got(office, "guest", f"/photos/{ref}/public/{rendition}")[1] for ref in refs}
        assert len(files) == 1, f"the {rendition} tells something of what is covered"
        [data] = files
        shown = Image.open(io.BytesIO(data))
        assert b"CANARY" not in data
        assert not set(shown.info) & {"exif", "icc_profile", "comment", "xmp", "photoshop"}
        inner = [round(at * side) for at, side in zip((0.33, 0.29, 0.52, 0.56), shown.size * 2, strict=True)]
        assert all(high - 64 < 14 and 64 - low < 14 for low, high in shown.convert("RGB").crop(tuple(inner)).getextrema())
    view, agency = (Image.open(io.BytesIO(got(office, "operator", f"/photos/{refs[0]}/{audience}/view")[1])).convert("RGB")
                    for audience in ("public", "agencies"))
    for outside in ((0, 0, 128, 360), (0, 0, 480, 72), (280, 0, 480, 360), (0, 232, 480, 360)):
        away = ImageChops.difference(view.crop(outside), agency.crop(outside)).convert("L")
        assert away.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) < 20, "the rest is the same picture"


def test_nobody_outside_reaches_another_copy_and_no_copy_but_the_public_one_is_kept(office: Office) -> None:
    other = second_world(office.world)
    office.world.people |= {f"{name}_dn": person for name, person in other.people.items() if name.startswith(("operator", "officer"))}
    filed, [ref] = filed_with(office, scene(1))
    photo = db.session.query(Photo).filter_by(ref=ref).one()
    mine = [got(office, "operator", f"/photos/{photo.ref}/{audience}/view")[1] for audience in ("centre", "agencies")]
    private = {hashlib.sha256(data).digest() for data in mine}
    fields = {f"show-{ref}": "yes", f"cover-{ref}": COVER}
    office.post("operator", step(filed.case, "publish"), act="publish", checked="y", **WORDS, **fields)
    outsiders = ("guest", "citizen_2", "officer_HKL", "operator_dn", "officer_PTNMT_dn", "administrator")
    for name, audience, rendition in product(outsiders, AUDIENCES, RENDITIONS):
        status, data, kept = got(office, name, f"/photos/{ref}/{audience}/{rendition}")
        is_public = audience == "public" and rendition != "original"
        assert status == (200 if is_public else 404), (name, audience, rendition)
        assert not is_public or ("public" in kept and hashlib.sha256(data).digest() not in private), name
    for name, audience in (("operator", "centre"), ("officer_PTNMT", "agencies"), ("citizen", "centre")):
        status, _data, kept = got(office, name, f"/photos/{ref}/{audience}/view")
        assert (status, kept) == (200, "private, no-store"), name
    for name in outsiders:
        for address in (f"/cases/{filed.case.ref}/publication-photos/{ref}", f"/tasks/{'0' * 16}/photos/{ref}"):
            assert got(office, name, address)[0] in (302, 403, 404), (name, address)


def test_what_is_covered_further_is_gone_at_its_old_address_and_from_the_disk(office: Office) -> None:
    filed, [ref] = filed_with(office, scene(1))
    office.post("operator", step(filed.case, "publish"), act="publish", checked="y", **WORDS, **{f"show-{ref}": "yes"})
    old = addresses_shown(office, filed.case.code)[ref]
    status, too_much, kept = got(office, "guest", old)
    assert (status, kept) == (200, "public, max-age=86400, immutable")
    before = {file.id: file.stored_name for file in db.session.query(File).filter_by(audience="public")}
    publication = db.session.query(Publication).one()
    act = f"/cases/{filed.case.ref}/acts/correct_publication?publication={publication.ref}"
    form = {**WORDS, "checked": "y", "version": "1", "reason": "Che thêm khuôn mặt.", f"show-{ref}": "yes", f"cover-{ref}": COVER}
    preview = office.post("operator", act, **{**form, "act": "preview", "title": "Rác ven suối đã dọn xong"})
    page = preview.get_data(as_text=True)
    assert "Nội dung đính chính thay đổi" in page
    assert '<ins class="chg">xong</ins>' in page.replace("dọn xong</ins>", "xong</ins>") or "<ins" in page
    assert "Một ảnh được che thêm" in page
    assert office.post("operator", act, act="correct_publication", **form).status_code == 302
    new = addresses_shown(office, filed.case.code)[ref]
    assert new != old
    assert got(office, "guest", old)[0] == 404
    assert got(office, "guest", new)[1] != too_much
    store = LocalFileStore(office.app.config["FILES"])
    assert remove_erased_files(store, now=office.moment) == len(before) == 2
    assert not any(store.exists(name) for name in before.values())
    assert got(office, "guest", new)[0] == 200
    act = f"/cases/{filed.case.ref}/acts/unpublish?publication={publication.ref}"
    assert office.post("operator", act, act="unpublish", reason="Lộ người.").status_code == 302
    for address in (new, new.partition("?")[0], new.replace("view", "thumb").partition("?")[0]):
        assert got(office, "guest", address)[0] == 404
