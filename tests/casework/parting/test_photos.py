"""Photos that went along with a part: never shown with less covered than their case shows them."""
from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from casework.casefile.photo_access import private_copy, public_copy
from casework.casefile.views import publications_of
from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import Case, File, Photo
from casework.parting.photos import PhotoNotReleased, prepare_carried
from casework.parts import parts_of
from casework.photos.images import Rectangle
from casework.photos.records import PreparedCopies, add_copies, photos_of_report, prepare_copies, start_of
from casework.public.cases import public_case
from casework.publishing.acts import PublicationRefused
from tests import build
from tests.casework.parting.family import answer, finish_agencies, form
from tests.with_photos import pictured_case
from web.steps.publication_photos import photo_choices

UPPER_HALF, LOWER_HALF = Rectangle(0.0, 0.0, 1.0, 0.5), Rectangle(0.0, 0.5, 1.0, 1.0)


class Family:
    """A case with one photo, and a part to which it went along."""

    def __init__(self, files: Path) -> None:
        self.world, self.store = build.standard_world(), LocalFileStore(files)
        filed = pictured_case(self.world, files, "handling")
        self.case = filed.case
        [self.photo] = photos_of_report(filed.report)
        build.act(self.world, self.case, "divide", "operator", **form(self.world, photos=(prepare_carried(self.photo, store=self.store),)))
        [self.part] = parts_of(self.case)
        [self.copy] = photos_of_report(self.part.main_report)

    def copies(self, photo: Photo, covered: Iterable[Rectangle] = (), audience: str = "public") -> tuple[tuple[Photo, PreparedCopies], ...]:
        return ((photo, prepare_copies(photo, covered, audience=audience, store=self.store)),)

    def publish_part(self, **given: object) -> None:
        answer(self.world, self.part, **{"photos": self.copies(self.copy), **given})

    def publish_case(self, photos: tuple[tuple[Photo, PreparedCopies], ...] = ()) -> None:
        finish_agencies(self.world, self.case)
        build.do(self.world, self.case, "publish", "operator", title="Rác", question="Rác ven suối.", checked=True, photos=photos)
        db.session.expire_all()

    def correct(self, case: Case, photos: tuple[tuple[Photo, PreparedCopies], ...]) -> None:
        [publication] = publications_of(case)
        build.act(self.world, case, "correct_publication", "operator", publication=publication, version_seen=publication.current.version,
                  title="Rác", question="Rác ven suối.", checked=True, reason="Che thêm một biển số.", photos=photos)
        db.session.expire_all()

    def release_anew(self) -> None:
        """The case lets agencies see its photo with the upper half covered."""
        with unit_of_work():
            [(photo, copies)] = self.copies(self.photo, [UPPER_HALF], "agencies")
            add_copies(photo, copies, audience="agencies", by=self.world.actor("operator"), now=build.NOON)
        db.session.expire_all()

    def shown_of_part(self) -> tuple[str, ...]:
        shown = public_case(self.case.code)
        assert shown is not None
        return tuple(photo.ref for part in shown.parts for photo in part.photos)

    def covered(self, file: File | None) -> tuple[bool, bool]:
        """Whether the upper and the lower half are painted over."""
        assert file is not None
        with self.store.open(file.stored_name, sealed=file.key_id is not None) as opened:
            picture = Image.open(io.BytesIO(opened.read())).convert("RGB")
        width, height = picture.size
        seen = [picture.getpixel((width // 2, at)) for at in (height // 4, height * 3 // 4)]
        upper, lower = (max(abs(value - 64) for value in pixel) < 12 for pixel in seen if isinstance(pixel, tuple))
        return upper, lower


@pytest.fixture
def family(app: Flask) -> Family:
    return Family(Path(app.config["FILES"]))


@pytest.mark.exhaustive
def test_what_the_case_publishes_with_more_covered_hides_what_the_part_published_before(family: Family) -> None:
    family.publish_part()
    family.publish_case(family.copies(family.photo, [UPPER_HALF]))
    assert (family.shown_of_part(), public_copy(family.copy.ref, "view")) == ((), None)
    assert family.covered(public_copy(family.photo.ref, "view")) == (True, False), "it is seen where the case shows it"


@pytest.mark.exhaustive
def test_a_photo_the_case_does_not_show_stays_with_the_part(family: Family) -> None:
    family.publish_part(photos=family.copies(family.copy, [LOWER_HALF]))
    family.publish_case()
    assert family.shown_of_part() == (family.copy.ref,)
    assert family.covered(public_copy(family.copy.ref, "view")) == (False, True)


def test_what_the_part_publishes_later_starts_from_what_the_case_shows(family: Family) -> None:
    family.publish_part(photos=())
    family.publish_case(family.copies(family.photo, [UPPER_HALF]))
    assert family.covered(start_of(family.copy, "public")) == (True, False)
    family.correct(family.part, family.copies(family.copy, [LOWER_HALF]))
    assert family.shown_of_part() == (family.copy.ref,)
    assert family.covered(public_copy(family.copy.ref, "view")) == (True, True)


def test_the_form_of_a_correction_offers_the_photo_anew_as_the_case_shows_it(family: Family) -> None:
    family.publish_part()
    [told] = publications_of(family.part)
    [choice] = photo_choices(family.part, None, told.current, answers=())
    assert (choice.is_shown, choice.audience) == (True, "public")
    family.publish_case(family.copies(family.photo, [UPPER_HALF]))
    [choice] = photo_choices(family.part, None, told.current, answers=())
    assert (choice.is_shown, choice.audience) == (False, "agencies"), "it has to be chosen again"
    family.correct(family.part, family.copies(family.copy))
    assert family.covered(public_copy(family.copy.ref, "view")) == (True, False)


def test_a_photo_the_case_takes_out_by_a_correction_is_gone_from_the_part_and_not_offered(family: Family) -> None:
    family.publish_part(photos=())
    family.publish_case(family.copies(family.photo))
    family.correct(family.part, family.copies(family.copy))
    assert family.shown_of_part() == (family.copy.ref,)
    family.correct(family.case, ())
    assert (family.shown_of_part(), public_copy(family.copy.ref, "view"), start_of(family.copy, "public")) == ((), None, None)
    [told] = publications_of(family.part)
    assert photo_choices(family.part, None, told.current, answers=()) == []
    with pytest.raises(LookupError):
        family.copies(family.copy)


def test_copies_made_before_the_case_covered_the_photo_are_refused(family: Family) -> None:
    family.publish_part(photos=())
    early = family.copies(family.copy)
    family.publish_case(family.copies(family.photo, [UPPER_HALF]))
    with pytest.raises(PublicationRefused, match="anew"):
        family.correct(family.part, early)


def test_what_the_case_releases_to_agencies_anew_holds_for_those_of_the_part(family: Family) -> None:
    family.release_anew()
    commune = family.world.actor("officer_UBND-LAT", build.next_moment(family.part))
    assert family.covered(private_copy(commune, family.copy.ref, "agencies", "view")) == (True, False)
    assert family.covered(start_of(family.copy, "public")) == (True, False)


def test_a_photo_released_anew_while_the_form_was_open_does_not_go_along_as_it_was(family: Family) -> None:
    early = prepare_carried(family.photo, store=family.store)
    family.release_anew()
    with pytest.raises(PhotoNotReleased):
        build.act(family.world, family.case, "divide", "operator", **form(family.world, photos=(early,), parts_seen=1))
