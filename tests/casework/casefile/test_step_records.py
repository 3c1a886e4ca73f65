"""What is written in steps that administrators drew: judged, kept, shown to whom, moved and erased with its case."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.casefile.history import staff_steps
from casework.casefile.photo_access import private_copy, public_copy
from casework.casefile.step_records import StepInput, StepRecordRefused, record_step, step_records_seen
from casework.db import db, unit_of_work
from casework.erasure.quarantine import original_photo, quarantine
from casework.files.local import LocalFileStore
from casework.models import Assignment, Case, File, Photo, StepRecord, StepValue
from casework.permissions import NotAllowed
from casework.photos.records import stage_photo, staged_photos
from casework.steps.fields import FITTERS, FieldRefused, fitted, kept_as, number_words
from tests import build
from tests import merged as joined
from tests.casework.acting import events, run
from tests.with_photos import staged
from workflows.definitions.step_forms import TYPE_IN_CONDITIONS, FieldType, FormField
from workflows.definitions.variables import Choice

EVERYBODY = ("guest", "citizen", "citizen_2", "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "officer_HKL",
             "committee_leader", "administrator", "confidential_reader", "inspector", "records_clerk", "process_approver")
CENTRE = {"operator", "ops_lead", "committee_leader"}
LABEL = Bilingual("Thẩm định", "Review")
AGREE = Choice("agree", Bilingual("Đồng ý", "Agree"))
RETURN = Choice("return", Bilingual("Trả lại", "Return"))
NOW = build.NOON + timedelta(days=1)


def field(type_: FieldType, id_: str = "x", *, required: bool = False, **bounds: Any) -> FormField:
    return FormField(id_, type_, Bilingual("Mục", "Item"), Bilingual("", ""), required, **bounds)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def recorded(world: build.World, case: Case, assignment: Assignment | None = None, *, by: str = "ops_lead", **given: Any) -> dict[str, Any]:
    """A step done in a case, or in an agency's work on it."""
    wanted = {"element": "review", "label": LABEL, **given}

    def do(locked: Case, **wanted: Any) -> dict[str, Any]:
        part = next((row for row in locked.assignments if assignment is not None and row.id == assignment.id), None)
        filled = StepInput(**{name: wanted.pop(name) for name in ("button", "values", "photos") if name in wanted})
        return record_step(part or locked, filled, **wanted)

    return dict(run(do, case, world.actor(by), now=NOW, **wanted))


# -- fields -------------------------------------------------------------------------------------------------------------


def test_every_type_a_model_may_declare_is_judged() -> None:
    assert {*FITTERS, "photo"} == set(FieldType)


def test_conditions_read_the_types_the_model_says_they_read() -> None:
    from casework.steps.fields import IN_CONDITIONS

    assert set(TYPE_IN_CONDITIONS) == IN_CONDITIONS


@pytest.mark.parametrize(("asked", "given", "kept"), [
    (field(FieldType.TEXT), "  Thôn 1\x00 ", "Thôn 1"),
    (field(FieldType.TEXT), "   ", None),
    (field(FieldType.TEXT), "x" * 200, "x" * 200),
    (field(FieldType.LONG_TEXT), "một\r\nhai", "một\nhai"),
    (field(FieldType.LONG_TEXT), "x" * 5000, "x" * 5000),
    (field(FieldType.NUMBER), 12.0, 12),
    (field(FieldType.NUMBER), -0.5, -0.5),
    (field(FieldType.NUMBER, minimum=0, maximum=10), 10, 10),
    (field(FieldType.CHOICE, choices=(AGREE, RETURN)), "return", "return"),
    (field(FieldType.YES_NO), False, False),
    (field(FieldType.YES_NO, required=True), False, False),
    (field(FieldType.DATE), date(2026, 3, 2), date(2026, 3, 2)),
    *((field(each), None, None) for each in FieldType),
])  # fmt: skip
def test_what_fits_is_kept(asked: FormField, given: Any, kept: Any) -> None:
    value = fitted(asked, given)
    assert (value, type(value)) == (kept, type(kept))


@pytest.mark.parametrize(("asked", "given", "reason"), [
    (field(FieldType.TEXT), "x" * 201, "At most 200 characters are taken."),
    (field(FieldType.LONG_TEXT), "x" * 5001, "At most 5000 characters are taken."),
    (field(FieldType.TEXT, required=True), " \n ", "Please fill this in."),
    (field(FieldType.NUMBER, minimum=0), -0.1, "Not less than 0."),
    (field(FieldType.NUMBER, maximum=9.5), 9.6, "Not more than 9.5."),
    (field(FieldType.NUMBER), float("nan"), "Please write a number."),
    (field(FieldType.NUMBER), float("inf"), "Please write a number."),
    (field(FieldType.NUMBER), 10**16, "Please write a number."),
    (field(FieldType.NUMBER), True, "Please write a number."),
    (field(FieldType.NUMBER), "12", "Please write a number."),
    (field(FieldType.CHOICE, choices=(AGREE,)), "return", "Please choose one of the list."),
    (field(FieldType.CHOICE, choices=(AGREE,)), ["agree"], "Please choose one of the list."),
    (field(FieldType.YES_NO), "true", "Please choose yes or no."),
    (field(FieldType.YES_NO), 1, "Please choose yes or no."),
    (field(FieldType.DATE), NOW, "Please choose a day."),
    (field(FieldType.DATE), "2026-03-02", "Please choose a day."),
    *((field(each, required=True), None, "Please fill this in.") for each in FieldType),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_name_of_the_field(asked: FormField, given: Any, reason: str) -> None:
    with pytest.raises(FieldRefused) as refusal:
        fitted(asked, given)
    assert (refusal.value.en, refusal.value.reason.en, refusal.value.field_id) == (f"Item: {reason}", reason, "x")
    assert refusal.value.vi.startswith("Mục: ")


def test_numbers_are_kept_and_said_without_an_exponent() -> None:
    assert [kept_as(each) for each in (10**15, 0.00001, -2.5, True)] == ["1000000000000000", "0.00001", "-2.5", "true"]
    assert number_words(1250.5) == Bilingual("1250,5", "1250.5")
    assert number_words(100.0) == Bilingual("100", "100")


# -- doing a step -------------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive(but=2)
def test_a_step_keeps_its_labels_and_values_and_tells_gateways_the_small_ones(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_publish")
    fields = (field(FieldType.TEXT, "words"), field(FieldType.NUMBER, "cost"), field(FieldType.CHOICE, "kind", choices=(AGREE, RETURN)),
              field(FieldType.YES_NO, "sure"), field(FieldType.DATE, "day"), field(FieldType.NUMBER, "empty"))
    values = {"words": "Căn cứ", "cost": 2.5, "kind": "return", "sure": True, "day": date(2026, 3, 9)}
    result = recorded(world, case, fields=fields, buttons=(AGREE, RETURN), button="agree", values=values)
    assert result == {"outcome": "agree", "cost": 2.5, "kind": "return", "sure": True, "day": "2026-03-09", "empty": None}
    (row,) = db.session.scalars(select(StepRecord))
    assert (row.case_id, row.assignment_id, row.element, row.label_vi, row.outcome, row.outcome_en) == (
        case.id, None, "review", "Thẩm định", "agree", "Agree")
    assert [(each.field, each.type, each.value, each.shown_vi) for each in row.values] == [
        ("words", "text", "Căn cứ", None), ("cost", "number", "2.5", None), ("kind", "choice", "return", "Trả lại"),
        ("sure", "yes_no", "true", None), ("day", "date", "2026-03-09", None), ("empty", "number", None, None)]
    assert events(case)[-1] == "do_step"
    (seen,) = step_records_seen(case, world.actor("ops_lead"))
    assert [each.words.vi if each.words else None for each in seen.values] == ["Căn cứ", "2,5", "Trả lại", "Có", "09/03/2026", None]


def test_a_step_without_buttons_has_one_way_to_go(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    assert recorded(world, case, button="anything") == {"outcome": None}
    assert step_records_seen(case, world.actor("operator"))[0].pressed is None


def test_a_field_called_outcome_does_not_press_a_button(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    asked = (field(FieldType.CHOICE, "outcome", choices=(RETURN,)),)
    assert recorded(world, case, fields=asked, buttons=(AGREE,), button="agree", values={"outcome": "return"}) == {"outcome": "agree"}


def test_a_button_the_step_does_not_have_is_refused_and_nobody_signs_without_an_account(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    for button in (None, "", "approve", "Agree"):
        with pytest.raises(StepRecordRefused, match="one of the buttons"):
            recorded(world, case, buttons=(AGREE, RETURN), button=button)
    with pytest.raises(NotAllowed):
        recorded(world, case, by="guest")
    assert "do_step" not in events(case)


def test_a_case_that_is_over_or_rests_takes_no_step(world: build.World) -> None:
    closed, held = build.case_at(world, "closed"), build.case_at(world, "to_publish")
    build.act(world, held, "hold", "ops_lead", reason="Chờ.", until=date(2026, 3, 6))
    for case in (closed, held):
        with pytest.raises(StepRecordRefused):
            recorded(world, case)


# -- who reads it -------------------------------------------------------------------------------------------------------


def readers(world: build.World, case: Case) -> set[str]:
    return {name for name in EVERYBODY if step_records_seen(case, world.actor(name))}


def test_the_centre_and_the_committee_read_all_an_agency_what_is_of_its_work(world: build.World) -> None:
    case = build.case_at(world, "to_publish", agencies=2)
    recorded(world, case)
    assert readers(world, case) == CENTRE
    recorded(world, case, case.assignments[0])
    assert readers(world, case) == CENTRE | {"officer_PTNMT", "leader_PTNMT"}
    assert [each.assignment for each in step_records_seen(case, world.actor("officer_PTNMT"))] == [case.assignments[0]]


def test_who_has_a_step_there_reads_what_the_steps_before_it_wrote(world: build.World) -> None:
    case = build.case_at(world, "to_publish", agencies=2)
    recorded(world, case)
    recorded(world, case, case.assignments[0])
    clerk = world.actor("records_clerk")
    assert step_records_seen(case, clerk) == []
    assert [each.assignment for each in step_records_seen(case, clerk, at_step_of=(None,))] == [None]
    assert [each.assignment for each in step_records_seen(case, clerk, at_step_of=(case.assignments[0],))] == [case.assignments[0]]


def test_the_history_tells_how_it_went_to_the_centre_and_the_committee_alone(world: build.World) -> None:
    case = build.case_at(world, "to_publish")
    recorded(world, case, case.assignments[0], buttons=(AGREE,), button="agree")
    for name, told in (("operator", True), ("committee_leader", True), ("officer_PTNMT", False), ("administrator", False)):
        newest = staff_steps(case, by=world.actor(name))[0].words
        assert newest.vi.startswith("Thực hiện bước “Thẩm định”")
        assert ("Đồng ý" in newest.vi, "Agree" in newest.en) == (told, told)


# -- photos -------------------------------------------------------------------------------------------------------------


PICTURES = field(FieldType.PHOTO, "pictures", required=True)


def pictured(world: build.World, app: Flask, case: Case, assignment: Assignment | None = None) -> Photo:
    """A step with one photo."""
    token = staged(world, LocalFileStore(app.config["FILES"]), "step-token", by="ops_lead", purpose="step")
    assert recorded(world, case, assignment, fields=(PICTURES,), photos={"pictures": token}) == {"outcome": None}
    return db.session.scalars(select(Photo).where(Photo.step_value_id.is_not(None))).one()


def test_photos_of_a_step_belong_to_its_field_and_must_have_been_sent_where_they_are_asked_for(
    world: build.World, sqlite_app: Flask
) -> None:
    case = build.case_at(world, "to_publish")
    with pytest.raises(FieldRefused, match="fill this in"):
        recorded(world, case, fields=(PICTURES,), photos={"pictures": "no-such-token"})
    photo = pictured(world, sqlite_app, case)
    assert (photo.state, staged_photos("step-token")) == ("linked", [])
    (seen,) = step_records_seen(case, world.actor("operator"))
    assert [each.ref for each in seen.values[0].photos] == [photo.ref]
    (words,) = step_records_seen(case, world.actor("records_clerk"), at_step_of=(None,))
    assert words.values[0].photos == (), "who only has a step there reads words and no photos"


def test_photos_of_a_step_are_served_to_whom_its_words_are(world: build.World, sqlite_app: Flask) -> None:
    case = build.case_at(world, "to_publish", agencies=2)
    photo = pictured(world, sqlite_app, case, case.assignments[0])
    seers = {name for name in EVERYBODY if private_copy(world.actor(name), photo.ref, "centre", "view") is not None}
    assert seers == readers(world, case) == CENTRE | {"officer_PTNMT", "leader_PTNMT"}
    assert [private_copy(world.actor("operator"), photo.ref, audience, "view") for audience in ("agencies", "sender")] == [None, None]
    assert public_copy(photo.ref, "view") is None


def test_no_more_photos_than_any_form_takes(world: build.World, sqlite_app: Flask) -> None:
    from casework.photos.records import MOST_PHOTOS, TooManyPhotos, prepare_photo
    from tests.with_photos import jpeg

    prepared = prepare_photo(jpeg(), "a.jpg", store=LocalFileStore(sqlite_app.config["FILES"]), max_bytes=10_000_000)
    photo = {"purpose": "step", "state": "staged", "staged_token": "many", "sha256": prepared.sha256, "sealed_name": b""}
    with unit_of_work():
        db.session.add_all([Photo(position=number, uploaded_at=NOW, **photo) for number in range(MOST_PHOTOS)])
    with pytest.raises(TooManyPhotos), unit_of_work():
        stage_photo(prepared, token="many", purpose="step", by=world.actor("ops_lead"), now=NOW)


# -- moved and erased ---------------------------------------------------------------------------------------------------


def test_what_was_written_goes_with_the_agency_and_comes_back(world: build.World) -> None:
    main = build.case_at(world, "handling")
    case = build.case_at(world, "handling", by="citizen_2", agencies=2)
    moving = joined.assignment_of(case, "UBND-LAT")
    recorded(world, case, moving)
    recorded(world, case)
    joined.merge(world, case, main, now=NOW + timedelta(hours=1))
    assert [each.assignment for each in step_records_seen(main, world.actor("operator"))] == [moving]
    assert len(step_records_seen(case, world.actor("operator"))) == 1
    report = next(link.report for link in main.reports if not link.is_main)
    joined.split(world, main, report, now=NOW + timedelta(hours=2))
    assert step_records_seen(main, world.actor("operator")) == []
    assert len(step_records_seen(case, world.actor("operator"))) == 2


def test_quarantine_erases_what_was_written_and_shown(world: build.World, sqlite_app: Flask) -> None:
    case = build.case_at(world, "to_publish")
    photo = pictured(world, sqlite_app, case, case.assignments[0])
    recorded(world, case, fields=(field(FieldType.TEXT, "words"),), values={"words": "Ông A nhận tiền."})
    ref = photo.ref
    run(quarantine, case, world.actor("operator"), now=NOW + timedelta(hours=1), reason="Tố cáo.")
    db.session.expire_all()
    assert {(row.value, row.shown_vi, row.shown_en) for row in db.session.scalars(select(StepValue))} == {(None, None, None)}
    left = db.session.scalars(select(File.audience).join(File.photo).where(Photo.ref == ref, File.erased_at.is_(None))).all()
    assert left == ["sealed"]
    assert readers(world, case) == set()
    assert step_records_seen(case, world.actor("operator"), at_step_of=(None,)) == []
    assert {name for name in EVERYBODY if private_copy(world.actor(name), ref, "centre", "view") is not None} == set()
    assert original_photo(ref, by=world.actor("operator")) is None
    assert original_photo(ref, by=world.actor("confidential_reader")) is not None
