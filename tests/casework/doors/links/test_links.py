"""One-time links as rows: who may make one, when it holds, and what becomes of it when its case goes elsewhere."""
from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import String, cast, select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.doors.gates import CLOSED_DOOR
from casework.doors.links.answering import LinkAnswer, LinkAnswerRefused, LinkGone, answer_link, try_code
from casework.doors.links.holding import holds
from casework.doors.links.reading import body_of, link_seen, links_seen, to_tell
from casework.doors.links.secrets import code_of, digest_of, link_by_secret, secret_of
from casework.doors.links.sending import LinkRefused, email_before, revoke_link
from casework.doors.links.taking_up import link_to_take_up
from casework.erasure.quarantine import HandOverInput, hand_over
from casework.messages.recipients import contact_of
from casework.messages.rendering import NothingToSay, Page, words_of
from casework.models import Account, Assignment, Case, Delivery, Deputy, Event, OutboxMessage, ReplyLink
from casework.permissions import NotAllowed
from casework.sealing.keyring import Keyring, current_keyring, use_keyring
from casework.settings.people import PersonRefused
from tests import build, links, merged, reorganised
from tests.build import NOON, World
from tests.casework.acting import events, payload, told
from tests.second_centre import second_world


@pytest.fixture
def world(app: Flask) -> World:
    made = build.standard_world()
    links.opened(made)
    return made


def answer(link: ReplyLink, *, after: timedelta = timedelta(hours=2), **changes: object) -> ReplyLink:
    with unit_of_work(keeps_rows=True):
        return answer_link(db.session.get_one(ReplyLink, link.id), LinkAnswer(**{**links.ANSWER, **changes}), now=NOON + after)


def is_open_still(link: ReplyLink, *, days: int = 1) -> bool:
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    return holds(row, db.session.get_one(Case, row.case_id, populate_existing=True), NOON + timedelta(days=days))


def without_people(world: World, key: str) -> None:
    """Nobody of an agency signs in any more."""
    with unit_of_work():
        for name, account in world.people.items():
            if name.endswith(f"_{key}"):
                db.session.get_one(Account, account.id).disabled_at = NOON


def test_the_address_has_256_bits_and_only_its_keyed_digest_is_kept(world: World) -> None:
    link = links.sent(world, links.referred(world))
    secret = secret_of(link.ref)
    assert len(secret) == 43
    assert link.digest == digest_of(secret)
    assert link_by_secret(secret) is not None
    kept = [*db.session.scalars(select(cast(Event.payload, String))), *db.session.scalars(select(cast(OutboxMessage.parameters, String)))]
    assert not any(secret in words for words in kept if words)


def test_it_holds_for_the_days_set_and_no_longer(world: World) -> None:
    link = links.sent(world, links.referred(world))
    assert is_open_still(link, days=14)
    assert not is_open_still(link, days=15)


@pytest.mark.parametrize("given", [{"days": 0}, {"days": 31}, {"asked": " "}, {"asked": "x" * 2_001}])
def test_days_and_words_have_bounds(world: World, given: dict[str, object]) -> None:
    case = links.referred(world)
    with pytest.raises(LinkRefused):
        links.sent(world, case, **given)  # type: ignore[arg-type]


def test_a_newer_link_revokes_the_one_before_with_an_event_each(world: World) -> None:
    case = links.referred(world)
    first = links.sent(world, case)
    second = links.sent(world, case)
    assert not is_open_still(first)
    assert is_open_still(second)
    assert events(case)[-3:] == ["send_link", "revoke_link", "send_link"]


def test_a_closed_door_makes_no_link_and_opens_none(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    links.opened(world, CLOSED_DOOR)
    assert not is_open_still(link)
    with pytest.raises(LinkRefused):
        links.sent(world, case)


def test_only_whoever_refers_may_make_or_revoke_one(world: World) -> None:
    case = links.referred(world)
    with pytest.raises(NotAllowed):
        links.sent(world, case, by="officer_PTNMT")
    link = links.sent(world, case)
    with unit_of_work(), pytest.raises(NotAllowed):
        revoke_link(db.session.get_one(ReplyLink, link.id), lock_case(case.id), by=world.actor("leader_PTNMT"), now=NOON)
    with unit_of_work():
        revoke_link(db.session.get_one(ReplyLink, link.id), lock_case(case.id), by=world.actor("operator"), now=NOON)
    assert not is_open_still(link)


def test_it_takes_one_answer_which_approves_nothing(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    answer(link)
    again = answer(link, findings="Khác hẳn.")
    assert again.findings == links.ANSWER["findings"]
    assert events(case).count("answer_link") == 1
    assert told("link_answered") == [f"desk:operator@c{world.centre.id}"]
    state = db.session.get_one(Case, case.id, populate_existing=True)
    assert (state.state, state.closed_at, state.answered_at) == ("referred", None, None)
    assert "findings" not in payload(case)


def test_an_answer_says_what_came_of_it_and_by_whom_and_each_outcome_its_own(world: World) -> None:
    link = links.sent(world, links.referred(world))
    today = NOON.date()
    later = today + timedelta(days=5)
    wrong: list[tuple[str, dict[str, object]]] = [
        *((part, {part: " "}) for part in ("findings", "actions", "name", "position")),
        ("outcome", {"outcome": ""}), ("outcome", {"outcome": "approved"}), ("phone", {"phone": "0" * 41}),
        ("findings", {"findings": "x" * 5_001}),
        ("reason", {"outcome": "not_ours"}), ("reason", {"outcome": "longer", "ready_on": later}),
        ("ready_on", {"outcome": "longer", "reason": "Chờ."}),
        *(("ready_on", {"outcome": "longer", "reason": "Chờ.", "ready_on": today + timedelta(days=days)}) for days in (-1, 400)),
    ]  # fmt: skip
    for about, given in wrong:
        with pytest.raises(LinkAnswerRefused) as refused:
            answer(link, **given)
        assert refused.value.about == about
    assert db.session.get_one(ReplyLink, link.id).answered_at is None


def test_who_needs_longer_says_why_and_by_which_day_and_the_telephone_is_sealed_for_the_centre(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    day = NOON.date() + timedelta(days=5)
    answer(link, outcome="longer", reason="Chờ cột mới.", ready_on=day, findings="", actions="")
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    assert (row.outcome, row.reason, row.ready_on, row.findings) == ("longer", "Chờ cột mới.", day, None)
    assert links.ANSWER["phone"].encode() not in (row.sealed_signed or b"")
    [seen] = links_seen(db.session.get_one(Case, case.id), world.actor("operator"), NOON)
    assert (seen.parts, seen.signed and seen.signed.phone) == ({"reason": "Chờ cột mới.", "remaining": "Thay cột trong tuần."},
                                                               links.ANSWER["phone"])  # fmt: skip
    assert links.ANSWER["phone"] not in payload(case)


def test_five_wrong_codes_revoke_it_and_the_centre_is_told(world: World) -> None:
    link = links.sent(world, links.referred(world), with_code=True)
    wrong = "000000" if code_of(link.ref) != "000000" else "000001"
    for _ in range(5):
        with unit_of_work():
            assert try_code(db.session.get_one(ReplyLink, link.id), wrong, now=NOON) is False
    assert told("link_revoked") == [f"desk:operator@c{world.centre.id}"]
    with unit_of_work(), pytest.raises(LinkGone):
        try_code(db.session.get_one(ReplyLink, link.id), code_of(link.ref), now=NOON)


def test_an_urgent_matter_has_a_code_whatever_was_ticked(world: World) -> None:
    assert links.sent(world, links.referred(world, urgent=True)).with_code is True


def test_it_ends_with_the_referral(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    build.do(world, case, "close_referral", "operator", act="take_back", result="Không thuộc công ty.")
    assert not is_open_still(link)
    with pytest.raises(LinkGone):
        answer(link)


def test_an_agency_of_which_somebody_signs_in_gets_none(world: World) -> None:
    case = build.case_at(world, "handling")
    with pytest.raises(LinkRefused):
        links.sent(world, case, assignment=case.assignments[0])


def test_an_agency_nobody_of_which_signs_in_answers_while_its_work_goes_on(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    link = links.sent(world, case, assignment=case.assignments[0])
    assert is_open_still(link)
    build.act(world, case, "quarantine", "operator", reason="Tố cáo.")
    assert not is_open_still(link)


def taken_up(world: World, case: Case, **given: object) -> Assignment:
    """What came by the link is the agency's answer."""
    build.act(world, case, "take_up_answer", "operator", assignment=case.assignments[0],
              **{"contact": "Điện lực Lâm Đồng, 0263 3822 822", "no_photo_reason": "Việc trên cột cao.", **given})  # fmt: skip
    return db.session.get_one(Assignment, case.assignments[0].id, populate_existing=True)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("state", ["at_agency", "handling"])
def test_its_answer_is_taken_up_unchanged_and_the_next_leader_up_decides(world: World, state: str) -> None:
    case = build.case_at(world, state)
    without_people(world, "PTNMT")
    answer(links.sent(world, case, assignment=case.assignments[0]))
    work = taken_up(world, case)
    assert (work.state, work.approval_desk) == ("submitted", f"committee_leader@c{world.centre.id}")
    [submitted] = work.answers
    parts = ("findings", "actions", "remaining")
    assert [getattr(submitted, part) for part in parts] == [links.ANSWER[part] for part in parts]
    assert submitted.author_id == world.people["operator"].id
    accepted = ["accept_assignment"] if state == "at_agency" else []
    assert events(case)[-2 - len(accepted) :] == ["take_up_answer", *accepted, "submit_answer"]
    build.do(world, case, "approve_answer", "committee_leader", act="approve_answer")
    assert db.session.get_one(Case, case.id, populate_existing=True).state == "to_publish"


@pytest.mark.exhaustive
def test_an_answer_is_taken_up_once_and_after_a_redo_a_new_link_brings_another(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    answer(links.sent(world, case, assignment=case.assignments[0]))
    work = taken_up(world, case)
    with pytest.raises(LinkRefused):
        taken_up(world, case)
    build.do(world, case, "approve_answer", "committee_leader", act="redo_answer", instructions="Ghi ngày thay cột.")
    with pytest.raises(LinkRefused):
        taken_up(world, case)
    second = links.sent(world, case, assignment=work)
    answer(second, remaining="Thay cột ngày 20/3.", after=timedelta(days=2))
    assert [each.remaining for each in taken_up(world, case).answers] == [links.ANSWER["remaining"], "Thay cột ngày 20/3."]


def test_only_work_that_is_done_is_taken_up_and_the_newest_answer_counts(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    work = case.assignments[0]
    answer(links.sent(world, case, assignment=work))
    assert link_to_take_up(work) is not None
    answer(links.sent(world, case, assignment=work), after=timedelta(hours=3), outcome="not_ours", reason="Của Viettel.")
    assert link_to_take_up(work) is None
    with pytest.raises(LinkRefused):
        taken_up(world, case)


def test_where_somebody_signs_in_by_now_the_agency_submits_it_itself(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    answer(links.sent(world, case, assignment=case.assignments[0]))
    with unit_of_work():
        db.session.get_one(Account, world.people["officer_PTNMT"].id).disabled_at = None
    with pytest.raises(LinkRefused):
        taken_up(world, case)


MAIL = "vanthu@dienluc-lamdong.example"


def pages(page: Page, of: str) -> str:
    return f"https://phananh.example/{page}/{of}"


def words_sent(now: datetime = NOON) -> str:
    """What the one delivery says when it leaves."""
    row = db.session.scalars(select(Delivery)).one()
    words = words_of(row, None, None, language="vi", now=now, pages=pages)
    return f"{words.subject} {words.body} {words.choices}"


def test_a_link_leaves_by_e_mail_with_its_address_put_in_at_the_last_moment_and_without_its_code(world: World) -> None:
    case = links.referred(world, urgent=True, words="Tôi là Nguyễn Văn Kín, cột điện đổ.")
    link = links.sent(world, case, email=f" {MAIL.upper()} ")
    row = db.session.scalars(select(Delivery)).one()
    assert (row.channel, row.recipient, row.case_id, contact_of(row.recipient).email) == ("email", f"body:{link.ref}", case.id, MAIL)
    said = words_sent()
    assert f"https://phananh.example/reply/{secret_of(link.ref)}" in said
    assert case.code in said
    for hidden in (code_of(link.ref), "Nguyễn Văn Kín", links.ASKED, "choices"):
        assert hidden not in said
    kept = [str(value) for row in db.session.scalars(select(Delivery)) for value in vars(row).values()]
    assert not [value for value in kept if secret_of(link.ref) in value or MAIL in value]


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("what", ["ended", "revoked", "answered", "run out", "closed door", "set apart"])
def test_a_link_that_opens_nothing_any_more_is_not_sent(world: World, what: str) -> None:
    case = links.referred(world)
    link = links.sent(world, case, email=MAIL)
    now = NOON + timedelta(days=40 if what == "run out" else 0)
    if what == "revoked":
        with unit_of_work():
            revoke_link(db.session.get_one(ReplyLink, link.id), lock_case(case.id), by=world.actor("operator"), now=NOON)
    elif what == "answered":
        answer(link)
    elif what == "closed door":
        links.opened(world, CLOSED_DOOR)
    elif what == "ended":
        build.do(world, case, "close_referral", "operator", act="take_back", result="Không thuộc công ty.")
    elif what == "set apart":
        build.act(world, case, "quarantine", "operator", reason="Tố cáo.")
        assert db.session.get_one(ReplyLink, link.id, populate_existing=True).sealed_contact is None
        assert not [row for row in db.session.scalars(select(Delivery)) if row.sent_at is None and row.dropped_at is None]
        return
    with pytest.raises(NothingToSay):
        words_sent(now)


@pytest.mark.exhaustive
def test_a_link_of_an_agency_whose_work_ended_is_not_sent(world: World) -> None:
    case = build.case_at(world, "handling", agencies=2)
    ended = next(row for row in case.assignments if row.agency_id != case.lead_agency_id)
    without_people(world, ended.agency.key)
    links.sent(world, case, assignment=ended, email=MAIL)
    assert secret_of(links.newest().ref) in words_sent()
    build.act(world, case, "remove_agency", "operator", assignment=ended, reason="Không cần nữa.")
    with pytest.raises(NothingToSay):
        words_sent()


def test_an_address_that_is_none_is_refused_and_the_last_one_is_offered_again(world: World) -> None:
    case = build.case_at(world, "handling")
    without_people(world, "PTNMT")
    with pytest.raises(PersonRefused) as refused:
        links.sent(world, case, assignment=case.assignments[0], email="dienluc")
    assert refused.value.about == "email"
    links.sent(world, case, assignment=case.assignments[0], email=MAIL)
    assert email_before(referral=None, assignment=case.assignments[0]) == MAIL


def test_a_case_set_apart_takes_words_answer_and_link_with_it(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    answer(link, outcome="not_ours", reason="Của Viettel.")
    build.act(world, case, "quarantine", "operator", reason="Tố cáo.")
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    assert (row.asked, row.findings, row.actions, row.remaining, row.reason, row.sealed_signed) == ("", None, None, None, None, None)
    assert row.revoked_for == "apart"
    assert links_seen(db.session.get_one(Case, case.id), world.actor("operator"), NOON) == []
    with pytest.raises(LinkGone):
        answer(link)
    with unit_of_work():
        handed = HandOverInput(receipt="Biên bản 12")
        hand_over(lock_case(case.id), handed, by=world.actor("confidential_reader"), now=NOON + timedelta(hours=3))
    with pytest.raises(LinkGone):
        answer(link)


def test_work_that_moves_to_another_case_takes_its_link_along(world: World) -> None:
    into, case = build.case_at(world, "handling"), build.case_at(world, "handling", agencies=2, by="citizen_2")
    moves = next(row for row in case.assignments if row.agency_id != into.assignments[0].agency_id)
    without_people(world, moves.agency.key)
    link = links.sent(world, case, assignment=moves)
    merged.merge(world, case, into)
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    assert row.case_id == into.id
    assert is_open_still(link)


def test_a_reorganisation_and_the_link_of_a_referral_do_not_meet(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case)
    reorganised.carried_out(world, reorganised.planned(world))
    assert is_open_still(link, days=3)


def test_work_that_goes_on_in_the_agency_that_follows_keeps_its_link_under_the_new_name(world: World) -> None:
    case = build.case_at(world, "handling")
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    without_people(world, "PTNMT")
    link = links.sent(world, case, assignment=case.assignments[0], days=30)
    reorganised.carried_out(world, plan)
    assert is_open_still(link, days=3)
    row = db.session.get_one(ReplyLink, link.id, populate_existing=True)
    assert row.assignment is not None
    assert body_of(row) == row.assignment.agency.name
    assert row.assignment.agency.key in ("PKT-LD", "UBND-LB")


def test_a_deputy_makes_a_link_for_as_long_as_they_stand_in_and_it_outlives_that(world: World) -> None:
    case = links.referred(world)
    with unit_of_work():
        stands_in = world.people["officer_HKL"].id
        db.session.add(Deputy(principal_id=world.people["operator"].id, deputy_id=stands_in, starts_at=NOON - timedelta(hours=1),
                              ends_at=NOON + timedelta(hours=1), created_by_id=stands_in))  # fmt: skip
    link = links.sent(world, case, by="officer_HKL")
    assert is_open_still(link)
    later = NOON + timedelta(hours=2)
    assert to_tell(link, case, later) is not None
    with unit_of_work(), pytest.raises(NotAllowed):
        revoke_link(db.session.get_one(ReplyLink, link.id), lock_case(case.id), by=world.actor("officer_HKL", later), now=later)


def test_another_centre_sees_no_link_and_no_agency_that_of_another(world: World) -> None:
    other = second_world(world)
    case = links.referred(world)
    link = links.sent(world, case)
    answer(link)
    seen = db.session.get_one(Case, case.id)
    for actor in (other.actor("operator"), world.actor("officer_PTNMT"), world.actor("administrator")):
        assert link_seen(seen, link.ref, actor) is None
        assert links_seen(seen, actor, NOON) == []
    assert [each.ref for each in links_seen(seen, world.actor("operator"), NOON)] == [link.ref]


def test_another_centre_revokes_no_link(world: World) -> None:
    other = second_world(world)
    link = links.sent(world, links.referred(world))
    with unit_of_work(), pytest.raises(NotAllowed):
        revoke_link(db.session.get_one(ReplyLink, link.id), lock_case(link.case_id), by=other.actor("operator"), now=NOON)
    assert is_open_still(link)


def test_a_new_lookup_key_ends_every_open_link_and_no_address_is_read_out_or_sent(world: World) -> None:
    case = links.referred(world)
    link = links.sent(world, case, email=MAIL)
    before = secret_of(link.ref)
    kept = current_keyring()
    use_keyring(Keyring.fresh())
    try:
        assert link_by_secret(before) is None
        assert not is_open_still(link)
        assert to_tell(db.session.get_one(ReplyLink, link.id), db.session.get_one(Case, case.id), NOON) is None
        with pytest.raises(NothingToSay):
            words_sent()
    finally:
        use_keyring(kept)
    assert is_open_still(link)
