"""What is read in the letters of people and of mail servers."""

import pytest

from casework.mail_in import Bounce, bounce_of, is_proven, read_letter, token_of
from tests.casework.mail_in.hostile import OURS, SERVER, TOKEN, letter

PASSED = f"Authentication-Results: {SERVER} 1; spf=none; dmarc=pass (p=reject) header.from=ngoai.example\r\n"
REPORT = "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n"
FAILED = "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
RETURNED = "--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ours@xa.example>\r\n\r\n--r--\r\n"


@pytest.mark.parametrize(
    "history",
    [
        "On Mon, 1 Dec 2026 at 08:00, Xã <xa@xa.example> wrote:\r\n> cũ",
        "On Mon, 1 Dec 2026 at 08:00, Uỷ ban nhân dân xã\r\n<xa@xa.example> wrote:\r\n> cũ",
        "Vào Th 2, 1 thg 12, 2026 vào lúc 08:00 Xã <xa@xa.example> đã viết:\r\n> cũ",
        "-----Original Message-----\r\nFrom: Xã\r\ncũ",
        "________________________________\r\nTừ: Xã\r\ncũ",
        "From: Xã\r\nSent: Monday\r\ncũ",
        "*Từ:* Xã\r\n*Đã gửi:* Thứ Hai\r\ncũ",
        "> cũ\r\n> cũ hơn",
    ],
)
def test_only_what_the_person_wrote_is_kept(history: str) -> None:
    assert read_letter(letter(f"Đèn đã sáng.\r\nCảm ơn.\r\n\r\n{history}")).words == "Đèn đã sáng.\nCảm ơn."


def test_a_sentence_that_only_begins_like_history_stays() -> None:
    words = "Từ: hôm qua nước vẫn ngập.\nOn the road it is dry."
    assert read_letter(letter(words)).words == words


def test_a_letter_of_html_alone_is_read_as_text() -> None:
    html = "<style>p{}</style><p>Đèn <b>sáng</b> &amp; tốt</p><script>x()</script><div class='gmail_quote'><div>cũ</div></div>Xong"
    read = read_letter(letter(html, head="Content-Type: text/html; charset=utf-8\r\n"))
    assert read.words == "Đèn sáng & tốt\nXong"


def test_pictures_come_with_their_content_and_other_files_are_listed() -> None:
    files = "".join(
        f"--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename={name}\r\n\r\nabc\r\n"
        for kind, name in [("image/jpeg", "a.jpg"), ("application/zip", "b.zip"), *[("image/png", "c.png")] * 10]
    )
    read = read_letter(letter(f"--b\r\n\r\nXem ảnh\r\n{files}--b--", head="Content-Type: multipart/mixed; boundary=b\r\n"))
    assert read.words == "Xem ảnh"
    assert [(file.name, file.size, file.content) for file in read.attachments[:2]] == [("a.jpg", 3, b"abc"), ("b.zip", 3, None)]
    assert (len(read.attachments), read.left_out) == (10, 2)


@pytest.mark.parametrize("to", [f"phanhoi+{TOKEN}@xa.example", f"Xã <PhanHoi+{TOKEN.upper()}@XA.example>, x@y.example"])
def test_the_reply_address_is_found_however_it_is_written(to: str) -> None:
    assert token_of(read_letter(letter(to=to)), mailbox=OURS) == TOKEN


def test_a_letter_is_proven_by_our_own_server_alone() -> None:
    assert is_proven(read_letter(letter(first=PASSED)), server=SERVER)
    assert not is_proven(read_letter(letter(first=PASSED)), server="mx.ac.example")
    assert not is_proven(read_letter(letter(first=PASSED + "From: x@ac.example\r\n")), server=SERVER)
    assert not is_proven(read_letter(letter(first=PASSED + PASSED)), server=SERVER)


@pytest.mark.parametrize(
    ("head", "by_machine"),
    [
        ("", False),
        ("Auto-Submitted: no\r\n", False),
        ("Auto-Submitted: auto-replied; x=y\r\n", True),
        ("Precedence: Bulk\r\n", True),
        ("Return-Path: <>\r\n", True),
        ("Return-Path: <dan@ngoai.example>\r\n", False),
        ("List-Id: <a.example>\r\n", True),
        (REPORT, True),
    ],
)
def test_letters_of_machines_are_known_so_that_no_loop_begins(head: str, by_machine: bool) -> None:
    assert read_letter(letter(head=head)).by_machine is by_machine


def test_a_bounce_names_the_letter_it_returns() -> None:
    read = read_letter(letter(FAILED.format(action="failed", status="5.1.1") + RETURNED, head=REPORT))
    assert bounce_of(read) == Bounce("5.1.1", ("<ours@xa.example>",))


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("failed", "4.4.1"), ("delivered", "2.0.0"), ("delayed", "5.1.1")])
def test_what_may_still_arrive_is_no_bounce(action: str, status: str) -> None:
    assert bounce_of(read_letter(letter(FAILED.format(action=action, status=status) + RETURNED, head=REPORT))) is None


def test_a_bounce_that_returns_nothing_means_nothing() -> None:
    assert bounce_of(read_letter(letter(FAILED.format(action="failed", status="5.1.1") + "--r--\r\n", head=REPORT))) is None
