"""What letters say stands nowhere but where it may: from, subject, words and names of files, whatever becomes of the letter."""
from __future__ import annotations

from email.message import EmailMessage

import pytest
from sqlalchemy import select

from casework.contacts.report_links import links_of
from casework.db import db, unit_of_work
from casework.models import Case, Report
from casework.privacy.identity import Contact
from casework.rights.erasing_people import erase_report
from casework.verification.resealing import PURPOSES
from tests import build
from tests.messages.house import told_of_everything
from tests.system.canary import plain_photo
from tests.system.marks import Mark, found_in
from tests.system.test_canary import rows
from tests.web.mail_in.post import OURS, SERVER, Post, told_to
from tests.web.mail_in.test_unclear import REASON, as_

ADDRESS = "kimtuocxq@hopthu-vanzuk.vn"
MARKS = (
    Mark("address", "kimtuocxq"), Mark("domain", "hopthu-vanzuk"), Mark("name", "Zýndar"), Mark("subject", "chủđềqjz"),
    Mark("words", "bịmậtbom"), Mark("file", "tệpriêngwq"), Mark("Message-ID", "sốthưxkv"),
)  # fmt: skip
WORDS = Mark("words", "bịmậtbom")
VOUCHED = f"Authentication-Results: {SERVER}; dmarc=pass header.from=hopthu-vanzuk.vn\r\n"
OTHERS = ("officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "inspector", "confidential_reader", "citizen_2")


def letter(to: str, number: int, *, head: str = VOUCHED) -> bytes:
    made = EmailMessage()
    made["From"] = f'"Zýndar" <{ADDRESS}>'
    made["To"] = to
    made["Subject"] = "chủđềqjz"
    made.set_content("Ven suối có rác bịmậtbom.")
    made.add_attachment(plain_photo(1), maintype="image", subtype="png", filename="tệpriêngwq.png")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="tệpriêngwq.pdf")
    return f"{head}Message-ID: <sothuxkv{number}@hopthu-vanzuk.vn>\r\n".encode() + made.as_bytes()


def known_sender(post: Post) -> Case:
    """A case of the marked sender whose first messages were told; what stands on its own form is no matter of letters."""
    case = build.file_report(post.house.world, by="guest", contact=Contact(email=ADDRESS), words="Có đống rác ven suối.").case
    build.advance(post.house.world, case, "handling")
    told_of_everything()
    post.house.now = build.next_moment(case)
    return case


@pytest.mark.exhaustive
def test_what_letters_say_stands_nowhere_but_where_it_may(
    sqlite_post: Post, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    post = sqlite_post
    case = known_sender(post)
    own = told_to(case, post.house)
    _taken, unproven, stray, filed, thrown = (
        post.receive(raw)
        for raw in (letter(own, 1), letter(own, 2, head=""), letter(OURS, 3), letter(OURS, 4), letter(OURS, 5))
    )
    post.receive(letter(own, 6, head=f"{VOUCHED}Auto-Submitted: auto-replied\r\n"))
    assert [row.state for row in post.letters] == ["taken", *["unclear"] * 4, "machine"]
    break_at(post, letter(own, 7), monkeypatch)
    operator = as_(post, "operator")
    assert operator.post(f"/unclear-letters/{stray.ref}/sender", {"reason": REASON}).status == 200
    assert operator.post(f"/unclear-letters/{unproven.ref}/attach", {"code": case.code}).status == 302
    assert operator.post(f"/unclear-letters/{thrown.ref}/throw", {"reason": REASON}).status == 302
    form = {"letter": filed.ref, "words": "Rác bịmậtbom", "place": "Ven suối", "urgent": "y", "source": "officer", "told": "none",
            "language": "vi", "idempotency_key": "k" * 22, "act": "send"}  # fmt: skip
    assert operator.post("/intake/call", form).status == 302
    db.session.rollback()
    found = {place: names for place, value in rows() if (names := found_in(value, MARKS))}
    assert found == {}, "a column that is not sealed"
    said = capfd.readouterr()
    assert found_in("".join([caplog.text, said.out, said.err]), MARKS) == set(), "a log"
    assert_others_read_nothing(post, case, [stray.ref, unproven.ref])
    page = operator.get(f"/unclear-letters/{stray.ref}").text
    assert found_in(page, MARKS) == {"words", "file"}, "operators read words, and what of the files was not kept"
    assert found_in(operator.get("/unclear-letters").text, MARKS) == set()


def break_at(post: Post, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter at which the program fails with everything it says in the fault."""
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(raw.decode(errors="replace"))

    with monkeypatch.context() as patched:
        patched.setattr("web.mail_in.taking.judge", fails)
        assert post.receive(raw).state == "waiting"


def assert_others_read_nothing(post: Post, case: Case, refs: list[str]) -> None:
    """Pages of everybody who is no operator: of the case, of its history, the letters themselves, the search, exports, the public."""
    ref, code = case.ref, case.code
    places = [f"/cases/{ref}?tab=all", f"/cases/{ref}/print", "/inbox", f"/reports/{code}", "/search?q=b%E1%BB%8Bm%E1%BA%ADtbom",
              "/unclear-letters", *(f"/unclear-letters/{each}" for each in refs), "/settings/events", "/looks"]  # fmt: skip
    for name in OTHERS:
        browser = as_(post, name)
        for place in places:
            found = found_in(browser.get(place).text, MARKS)
            assert found <= ({"words"} if place.startswith("/search") else set()), (name, place)


def test_what_the_search_finds_by_words_of_a_letter_is_nothing(sqlite_post: Post) -> None:
    case = known_sender(sqlite_post)
    sqlite_post.receive(letter(told_to(case, sqlite_post.house), 1))
    sqlite_post.receive(letter(OURS, 2))
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        assert case.code not in as_(sqlite_post, name).get("/search?q=b%E1%BB%8Bm%E1%BA%ADtbom").text


def test_a_letter_is_sealed_for_a_purpose_of_its_own_that_is_sealed_anew_with_a_new_key() -> None:
    assert "letter that came" in str(PURPOSES)


def test_an_erasure_on_request_takes_the_letters_of_that_sender_along(post: Post) -> None:
    case = known_sender(post)
    row = post.receive(letter(told_to(case, post.house), 1, head=""))
    assert row.sealed_raw is not None
    with unit_of_work():
        report = db.session.get_one(Report, case.main_report.id)
        erase_report(report, links_of(report)[-1], at=post.house.now)
    assert [(each.state, each.sealed_raw) for each in post.letters] == [("thrown", None)]
    assert as_(post, "operator").get(f"/unclear-letters/{row.ref}").status == 404
    assert post.receive(letter(told_to_nobody(case), 2)).why == "address"


def told_to_nobody(case: Case) -> str:
    """An address whose token leads to no report any more."""
    assert db.session.scalar(select(Report.id).where(Report.id == case.main_report.id)) is not None
    return f"phanhoi+{'a' * 22}@xa.example"
