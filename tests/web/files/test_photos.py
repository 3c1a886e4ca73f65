"""Photos over HTTP: public copies may be kept and asked about, private ones by nobody, and no name tells anything."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Publication
from casework.photos.records import copy_for
from casework.public.photos import mark_of
from tests import build
from tests.web.pages import at, signed_in
from tests.with_photos import after_photo, pictured_case, scene_photo

NOON = build.NOON


def got(client: FlaskClient, address: str, **arguments: Any) -> TestResponse:
    """The whole answer, its file closed."""
    return client.get(address, buffered=True, **arguments)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON + timedelta(hours=3))
    return build.standard_world()


def test_a_published_photo_may_be_kept_for_a_day_under_the_mark_of_its_bytes(
    world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient
) -> None:
    filed = pictured_case(world, sqlite_app.config["FILES"], "rating")
    photo = scene_photo(filed)
    file = copy_for(photo, "public", "view")
    assert file is not None
    address = f"/photos/{photo.ref}/public/view"
    marked = got(sqlite_client, f"{address}?v={mark_of(file.sha256)}")
    assert marked.headers["Cache-Control"] == "public, max-age=86400, immutable"
    assert got(sqlite_client, address).headers["Cache-Control"] == "public, no-cache"
    assert got(sqlite_client, f"{address}?v=000000000000").status_code == 404
    assert "Set-Cookie" not in marked.headers


def test_a_browser_that_has_a_published_photo_is_told_that_it_is_still_the_same(
    world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient
) -> None:
    ref = scene_photo(pictured_case(world, sqlite_app.config["FILES"], "rating")).ref
    first = got(sqlite_client, f"/photos/{ref}/public/thumb")
    again = got(sqlite_client, f"/photos/{ref}/public/thumb", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert first.headers["Content-Length"] == str(len(first.data))


def test_photos_have_a_neutral_name_and_a_fixed_type(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    ref = scene_photo(pictured_case(world, sqlite_app.config["FILES"], "rating")).ref
    for rendition, media_type, name in (("view", "image/jpeg", "view.jpg"), ("thumb", "image/webp", "thumb.webp")):
        answer = got(sqlite_client, f"/photos/{ref}/public/{rendition}")
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Disposition"] == f"inline; filename={name}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert b"anh-olive" not in answer.data


def test_a_private_photo_is_kept_by_nobody(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    filed = pictured_case(world, sqlite_app.config["FILES"], "handling")
    ref = scene_photo(filed).ref
    assert got(sqlite_client, f"/photos/{ref}/centre/view").status_code == 404
    signed_in(sqlite_app, sqlite_client, world.people["operator"], now=NOON)
    answer = got(sqlite_client, f"/photos/{ref}/centre/view")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers


def test_a_photo_damaged_on_the_disk_is_answered_by_a_page(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    folder = sqlite_app.config["FILES"]
    photo = scene_photo(pictured_case(world, folder, "handling"))
    file = copy_for(photo, "centre", "view")
    assert file is not None
    path = folder / file.stored_name
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-40] + bytes(byte ^ 1 for byte in sealed[-40:]))
    operator = signed_in(sqlite_app, sqlite_client, world.people["operator"], now=NOON)
    answer = got(operator, f"/photos/{photo.ref}/centre/view")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "niêm phong" in answer.text
    path.unlink()
    assert got(operator, f"/photos/{photo.ref}/centre/view").status_code == 422


def test_an_officer_gets_the_cleared_copy_and_not_the_centres(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    ref = scene_photo(pictured_case(world, sqlite_app.config["FILES"], "handling")).ref
    signed_in(sqlite_app, sqlite_client, world.people["officer_PTNMT"], now=NOON)
    assert got(sqlite_client, f"/photos/{ref}/agencies/view").status_code == 200
    for hidden in ("centre/view", "centre/thumb", "public/view", "sealed/original", "sealed/view"):
        assert got(sqlite_client, f"/photos/{ref}/{hidden}").status_code == 404


def test_an_unpublished_photo_is_gone_at_once(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    filed = pictured_case(world, sqlite_app.config["FILES"], "rating")
    addresses = [f"/photos/{photo.ref}/public/view" for photo in (scene_photo(filed), after_photo(filed))]
    assert [got(sqlite_client, address).status_code for address in addresses] == [200, 200]
    with unit_of_work():
        db.session.get_one(Publication, 1).unpublished_at = NOON
        db.session.merge(filed.case).is_public = False
    assert [got(sqlite_client, address).status_code for address in addresses] == [404, 404]


@pytest.mark.parametrize("address", [
    "nobody/public/view", "nobody/centre/view", "x/other/view", "x/public/original", "x/public/.."])
def test_what_is_not_there_is_not_found(world: build.World, sqlite_client: FlaskClient, address: str) -> None:
    assert got(sqlite_client, f"/photos/{address}").status_code == 404
