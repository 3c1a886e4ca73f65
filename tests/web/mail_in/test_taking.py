"""What becomes of letters: a proven answer is added as on the sender's own page; nothing else reaches a case by itself."""
from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.erasure.erase import erase_derived, erase_originals
from casework.mail_in.keeping import CLAIMED_FOR
from casework.messages.recipients import recipient_of
from casework.models import Case, Delivery, Event, OutboxMessage, Photo, Question, Report
from casework.pausing.questions import answer_words
from casework.states import CaseState
from tests import beside, build
from tests.casework.mail_in.hostile import hostile
from tests.merged import merge
from tests.messages.house import BY_MAIL, quiet_case
from tests.system.canary import plain_photo
from tests.web.mail_in.post import ADDRESS, OURS, VOUCHED, Post, said_in, told_to


def with_files(post: Post, to: str, *files: tuple[str, str, bytes], words: str = "Gửi thêm ảnh") -> bytes:
    """A proven letter with files: name, type, content."""
    letter = EmailMessage()
    letter.set_content(words)
    for name, media_type, content in files:
        letter.add_attachment(content, maintype=media_type.partition("/")[0], subtype=media_type.partition("/")[2], filename=name)
    return post.written(to, letter.as_bytes(), is_whole=True)


def the_case(case: Case) -> Case:
    db.session.rollback()
    return db.session.get_one(Case, case.id, populate_existing=True)


def types(case: Case) -> list[str]:
    return list(db.session.scalars(select(Event.type).where(Event.case_id == case.id).order_by(Event.id)))


def test_a_proven_answer_is_added_to_the_case_without_what_it_quotes(post: Post) -> None:
    case = quiet_case(post.house.world)
    words = "Cột thứ hai cũng đổ.\r\n\r\nVào 10:00, Trung tâm đã viết:\r\n> Đã nhận phản ánh"
    row = post.receive(post.written(told_to(case, post.house), words))
    assert (row.state, row.why, row.sealed_raw) == ("taken", None, None)
    assert said_in(case) == ["Cột thứ hai cũng đổ."]
    assert the_case(case).has_unread_words
    event = db.session.scalars(select(Event).where(Event.case_id == case.id, Event.type == "write_to_centre")).one()
    assert (event.actor_id, event.payload) == (None, {"report": case.code})
    assert db.session.scalar(select(func.count()).where(OutboxMessage.template == "reporter_wrote"))


def test_it_answers_the_one_open_question_and_the_clock_goes_on(post: Post) -> None:
    world = post.house.world
    case = beside.ask(world, build.case_at(world, "handling", by="guest", contact=BY_MAIL))
    assert the_case(case).state == CaseState.WAITING_REPORTER
    address = told_to(case, post.house)
    post.house.now += timedelta(hours=1)
    row = post.receive(post.written(address, "Ở đoạn gần cầu."))
    assert (row.state, row.why) == ("taken", None)
    question = db.session.scalars(select(Question).where(Question.case_id == case.id)).one()
    assert (answer_words(question), question.ended_at is not None) == ("Ở đoạn gần cầu.", True)
    assert the_case(case).state != CaseState.WAITING_REPORTER
    assert post.receive(post.written(address, "Thêm một ý.")).state == "taken"
    assert said_in(case) == ["Thêm một ý."]


def test_images_are_examined_like_uploads_and_other_files_are_named_and_not_kept(post: Post) -> None:
    case = quiet_case(post.house.world)
    files = [("mot.png", "image/png", plain_photo(1)), ("gia.jpg", "image/jpeg", b"MZ"), ("don.pdf", "application/pdf", b"%PDF-1.7")]
    assert post.receive(with_files(post, told_to(case, post.house), *files)).state == "taken"
    [words] = said_in(case)
    assert words is not None
    assert words.startswith("Gửi thêm ảnh\n\n[Thư có tệp không được giữ lại: don.pdf (application/pdf, 1 KB); 1 ảnh không đọc được]")
    [photo] = db.session.scalars(select(Photo).where(Photo.report_id == case.main_report.id, Photo.addition_id.is_not(None)))
    assert (photo.state, len(photo.files)) == ("linked", 3)


def test_long_words_are_kept_whole(sqlite_post: Post) -> None:
    case = quiet_case(sqlite_post.house.world)
    words = " ".join(f"từ{number}" for number in range(1_500))
    assert sqlite_post.receive(sqlite_post.written(told_to(case, sqlite_post.house), words)).state == "taken"
    assert "".join(each or "" for each in said_in(case)).replace(" ", "") == words.replace(" ", "")


def test_nothing_but_a_proven_letter_reaches_a_case(post: Post) -> None:
    case = quiet_case(post.house.world)
    address, before = told_to(case, post.house), types(case)
    for raw, end in (
        (post.written(address, head=""), ("unclear", "unproven")),
        (post.written(address, sender="khac@nguoi-dan.example"), ("unclear", "sender")),
        (post.written(OURS), ("unclear", "address")),
        (post.written(f"phanhoi+{'a' * 22}@xa.example"), ("unclear", "address")),
        (post.written(address, ""), ("unclear", "empty")),
        (post.written(address, head=f"{VOUCHED}Auto-Submitted: auto-replied\r\n"), ("machine", None)),
    ):
        row = post.receive(raw)
        assert (row.state, row.why) == end
        assert (row.sealed_raw is None) == (row.state == "machine")
    assert (types(case), said_in(case)) == (before, [])


def test_no_letter_is_ever_answered_by_the_program(sqlite_post: Post) -> None:
    """What a letter brings is told to operators alone, so that two programs cannot talk to each other without end."""
    case = quiet_case(sqlite_post.house.world)
    address = told_to(case, sqlite_post.house)
    loops = ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated", "Precedence: bulk", "Precedence: list",
             "List-Id: <a.example>", "X-Autoreply: yes", "Return-Path: <>")  # fmt: skip
    for line in loops:
        sqlite_post.receive(sqlite_post.written(address, head=f"{VOUCHED}{line}\r\n"))
    sqlite_post.receive(sqlite_post.written(address))
    sqlite_post.receive(sqlite_post.written(OURS))
    to_senders = select(func.count()).where(OutboxMessage.recipient.startswith("reporter:"), OutboxMessage.routed_at.is_(None))
    assert db.session.scalar(to_senders) == 0
    assert sqlite_post.house.deliveries == []
    assert [row.state for row in sqlite_post.letters] == ["machine"] * len(loops) + ["taken", "unclear"]


def test_the_same_letter_again_is_added_once(sqlite_post: Post) -> None:
    case = quiet_case(sqlite_post.house.world)
    raw = sqlite_post.written(told_to(case, sqlite_post.house))
    for _ in range(3):
        sqlite_post.receive(raw)
    assert (len(sqlite_post.letters), len(said_in(case))) == (1, 1)


def test_a_worker_that_died_while_adding_neither_loses_nor_doubles(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    case = quiet_case(post.house.world)
    post.deliver(post.written(told_to(case, post.house)))
    post.fetch()

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("web.mail_in.taking.mark_handled", dies)
        with pytest.raises(KeyboardInterrupt):
            post.take()
    assert (said_in(case), post.take()) == ([], 0)
    assert post.take(after=CLAIMED_FOR + timedelta(seconds=9)) == 1
    assert (said_in(case), post.ends) == (["Tôi bổ sung: cột thứ hai"], [("taken", None)])


def test_a_letter_to_a_busy_case_is_taken_up_again(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    case = quiet_case(sqlite_post.house.world)
    sqlite_post.deliver(sqlite_post.written(told_to(case, sqlite_post.house)))
    sqlite_post.fetch()

    def is_busy(*_: object, **__: object) -> None:
        raise CaseBusy

    with monkeypatch.context() as patched:
        patched.setattr("web.mail_in.taking.add_letter", is_busy)
        assert sqlite_post.take() == 1
    assert sqlite_post.ends == [("waiting", None)]
    assert sqlite_post.take() == 1
    assert said_in(case) == ["Tôi bổ sung: cột thứ hai"]


def test_one_report_takes_no_more_letters_in_an_hour_than_acts_on_its_page(sqlite_post: Post) -> None:
    from web.reporters.acts import ACTS

    case = quiet_case(sqlite_post.house.world)
    address = told_to(case, sqlite_post.house)
    for number in range(ACTS.allowed + 1):
        sqlite_post.deliver(sqlite_post.written(address, f"Ý thứ {number}"))
    while sqlite_post.fetch():
        while sqlite_post.take():
            pass
    assert sqlite_post.ends[-1] == ("unclear", "often")
    assert len(said_in(case)) == ACTS.allowed


def test_what_comes_after_a_merge_goes_where_the_report_is(post: Post) -> None:
    world = post.house.world
    case, main = quiet_case(world), quiet_case(world)
    address = told_to(case, post.house)
    merge(world, the_case(case), the_case(main))
    assert post.receive(post.written(address)).state == "taken"
    assert (said_in(case), said_in(main)) == ([], ["Tôi bổ sung: cột thứ hai"])


@pytest.mark.parametrize("how", ["closed", "withdrawn"])
def test_a_case_that_takes_nothing_more_lets_the_letter_wait_for_a_person(post: Post, how: str) -> None:
    case = quiet_case(post.house.world)
    address = told_to(case, post.house)
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        if how == "closed":
            row.state, row.closed_at = "closed", post.house.now
        else:
            row.reports[0].left_at = post.house.now
    done = post.receive(post.written(address))
    assert (done.state, done.why, said_in(case)) == ("unclear", "closed", [])


def test_a_letter_to_a_case_set_apart_is_kept_for_its_readers_and_goes_with_it(post: Post) -> None:
    case = quiet_case(post.house.world)
    address = told_to(case, post.house)
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        row.quarantined_at = post.house.now
        erase_derived([row], at=post.house.now)
    kept = post.receive(post.written(address))
    assert (kept.state, kept.why, kept.report_id, kept.sealed_raw is None) == ("unclear", "closed", case.main_report.id, False)
    with unit_of_work():
        erase_originals([db.session.get_one(Case, case.id)], at=post.house.now)
    assert [row.sealed_raw for row in post.letters] == [None]
    assert post.receive(post.written(address)).why == "address"


def test_our_letter_that_comes_back_closes_the_address_by_the_job(post: Post) -> None:
    case = quiet_case(post.house.world)
    ref, now = "<0123456789abcdef@trung-tam.example>", post.house.now
    with unit_of_work():
        reporter_id = db.session.get_one(Report, case.main_report.id).reporter_id
        db.session.add(Delivery(recipient=f"reporter:{reporter_id}", case_id=case.id, channel="email", template="report_accepted",
                                dedupe_key="1:email", created_at=now, due_at=now, sent_at=now, gateway_ref=ref))  # fmt: skip
    notice = (
        f"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {ADDRESS}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {ref}\r\n\r\nx\r\n--b--\r\n"
    ).encode()
    assert post.receive(notice).state == "bounce"
    person = recipient_of(f"reporter:{reporter_id}")
    assert person is not None
    assert "email" not in person.reached
    assert post.house.delivery().given_up_at is not None


def numbered(raw: bytes, number: int) -> bytes:
    """With a Message-ID of its own, so that each is read."""
    return raw.replace(b"<x@ngoai.example>", b"<%d@ngoai.example>" % number, 1)


@pytest.mark.exhaustive
def test_two_hundred_hostile_letters_reach_no_case_and_begin_no_loop(sqlite_post: Post) -> None:
    case = quiet_case(sqlite_post.house.world)
    told_to(case, sqlite_post.house)
    before, letters = types(case), hostile()
    for number, raw in enumerate(letters.values()):
        sqlite_post.deliver(numbered(raw, number))
    while sqlite_post.fetch():
        while sqlite_post.take():
            pass
    while sqlite_post.take(after=timedelta(hours=1)):
        pass
    assert len(letters) >= 200
    assert list(sqlite_post.there.values()) == [{"\\Flagged"}], "what is too large stays there"
    ends = sqlite_post.ends
    assert {state for state, _why in ends} <= {"unclear", "machine", "bounce"}
    assert ("unclear", "fault") not in ends, "none crashes"
    assert (types(case), said_in(case), sqlite_post.house.deliveries) == (before, [], [])
    assert sum(row.attempts for row in sqlite_post.letters) <= len(letters)


@pytest.mark.exhaustive
def test_the_same_letters_from_a_proven_sender_reach_their_own_case_alone(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.mail_in.taking.count_attempt", lambda *_, **__: None)
    case, other = quiet_case(sqlite_post.house.world), quiet_case(sqlite_post.house.world)
    own = told_to(case, sqlite_post.house)
    told_to(other, sqlite_post.house)
    before, letters = types(other), hostile()
    for number, raw in enumerate(letters.values()):
        given = VOUCHED.encode() + raw.replace(b"dan@ngoai.example", ADDRESS.encode(), 1).replace(OURS.encode(), own.encode(), 1)
        sqlite_post.deliver(numbered(given, number))
    while sqlite_post.fetch():
        while sqlite_post.take():
            pass
    ends = sqlite_post.ends
    assert len([state for state, _why in ends if state == "taken"]) > 50, "most are harmless words by then"
    assert ("unclear", "fault") not in ends
    assert {state for state, _why in ends} <= {"taken", "unclear", "machine", "bounce"}
    assert (types(other), said_in(other), sqlite_post.house.deliveries) == (before, [], [])
    assert all(len(words or "") <= 4_000 for words in said_in(case))
