"""Fetching from a real server: each letter once, whatever breaks in between, and nothing without an end."""
from __future__ import annotations

import signal
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import func, select

from casework.db import db
from casework.mail_in import keeping
from casework.models import IncomingLetter
from tests.messages.house import quiet_case
from tests.messages.worker import started
from tests.outside import Outside, imap, running
from tests.web.mail_in.post import OURS, SERVER, Post, reader_of, said_in, told_to
from web.gateways import imap as gateway
from web.gateways.imap import MailboxAway, SignInRefused
from web.jobs.worker import jobs_of
from web.mail_in.fetching import AT_ONCE, TooManyUnclear
from web.watching.jobs import perform


def test_a_letter_is_kept_sealed_and_then_deleted_in_the_mailbox(post: Post) -> None:
    raw = post.written(OURS)
    post.deliver(raw)
    assert post.fetch() == 1
    [row] = post.letters
    assert (row.state, row.size, post.there) == ("waiting", len(raw), {})
    assert "cột".encode() not in (row.sealed_raw or b"")
    assert post.fetch() == 0


def test_a_letter_somebody_has_read_in_the_mailbox_is_fetched_all_the_same(sqlite_post: Post) -> None:
    uid = sqlite_post.deliver(sqlite_post.written(OURS))
    (sqlite_post.mailbox.folder / f"{uid}.flags").write_text("\\Seen", encoding="utf-8")
    assert sqlite_post.fetch() == 1


def test_no_more_than_some_letters_are_fetched_at_once_and_the_others_next_time(sqlite_post: Post) -> None:
    for _ in range(AT_ONCE + 3):
        sqlite_post.deliver(sqlite_post.written(OURS))
    assert (sqlite_post.fetch(), sqlite_post.fetch(), sqlite_post.fetch()) == (AT_ONCE, 3, 0)


def test_a_letter_that_is_too_large_stays_where_it_is_and_is_listed(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.mail_in.fetching.MAX_BYTES", 1_000)
    uid = sqlite_post.deliver(sqlite_post.written(OURS, "x" * 1_000))
    small = sqlite_post.deliver(sqlite_post.written(OURS))
    assert sqlite_post.fetch() == 2
    assert sqlite_post.ends == [("waiting", None), ("unclear", "size")]
    assert (sqlite_post.there, small > uid) == ({uid: {"\\Flagged"}}, True)
    assert sqlite_post.fetch() == 0


def test_a_size_that_was_a_lie_is_found_out(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MAX_BYTES", 500)
    monkeypatch.setattr("web.mail_in.fetching.MAX_BYTES", 500)
    monkeypatch.setattr(gateway, "_SIZE", gateway.re.compile(rb"SIZE (\d)"))
    sqlite_post.deliver(sqlite_post.written(OURS, "x" * 1_000))
    sqlite_post.fetch()
    assert sqlite_post.ends == [("unclear", "size")]


BREAKS = ("LOGIN hang up", "SELECT no", "SEARCH no", "FETCH hang up", "STORE hang up", "STORE no", "EXPUNGE hang up")


@pytest.mark.parametrize("order", BREAKS)
def test_a_line_that_breaks_loses_nothing_and_doubles_nothing(sqlite_post: Post, order: str) -> None:
    case = quiet_case(sqlite_post.house.world)
    sqlite_post.deliver(sqlite_post.written(told_to(case, sqlite_post.house)))
    sqlite_post.mailbox.order(order)
    with pytest.raises(MailboxAway):
        sqlite_post.fetch()
    sqlite_post.take()
    sqlite_post.fetch()
    sqlite_post.take()
    assert (sqlite_post.ends, sqlite_post.there) == ([("taken", None)], {})
    assert said_in(case) == ["Tôi bổ sung: cột thứ hai"]


def test_a_letter_its_server_does_not_give_holds_back_no_other(sqlite_post: Post) -> None:
    sqlite_post.deliver(sqlite_post.written(OURS))
    sqlite_post.deliver(sqlite_post.written(OURS, "Thư thứ hai, dài hơn một chút"))
    sqlite_post.mailbox.order("FETCH ", "FETCH no")
    assert sqlite_post.fetch() == 2
    assert sorted(sqlite_post.ends) == [("unclear", "not_given"), ("waiting", None)]


@pytest.mark.parametrize("order", ["FETCH huge", "SEARCH garbage", "SEARCH endless"])
def test_an_answer_that_is_none_or_has_no_end_is_not_listened_to(sqlite_post: Post, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "LONGEST_ANSWER", 1_000_000)
    sqlite_post.deliver(sqlite_post.written(OURS))
    sqlite_post.mailbox.order(*(["FETCH "] if order == "FETCH huge" else []), order)
    if order == "SEARCH garbage":
        assert sqlite_post.fetch() == 0
    else:
        with pytest.raises(MailboxAway):
            sqlite_post.fetch()
    assert sqlite_post.fetch() == 1


def test_a_server_that_says_nothing_is_left_in_time(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "FETCHED_WITHIN", 0.2)
    sqlite_post.mailbox.order("SELECT hold")
    with pytest.raises(MailboxAway):
        sqlite_post.fetch()


def test_after_a_refused_sign_in_the_server_is_left_alone_for_a_while(sqlite_post: Post) -> None:
    sqlite_post.house.app.extensions["mailbox"] = reader_of(sqlite_post.mailbox, password="letmein")
    sqlite_post.deliver(sqlite_post.written(OURS))
    for _ in range(2):
        with pytest.raises(SignInRefused) as refused:
            sqlite_post.fetch()
        assert "letmein" not in repr(refused.value)
        assert refused.value.__cause__ is None
    assert len(sqlite_post.there) == 1
    assert "letmein" not in repr(gateway.ImapServer("a", 1, "no", "b", "letmein"))


def test_the_run_of_the_job_says_what_failed_for_the_page_of_health(sqlite_post: Post) -> None:
    app = sqlite_post.house.app
    app.extensions["mailbox"] = reader_of(sqlite_post.mailbox, password="letmein")
    [job] = [job for job in jobs_of(app) if job.name == "fetch_letters"]
    ran = perform(app, job)
    assert (ran.has_failed, ran.error) == (True, "SignInRefused")
    app.extensions["mailbox"] = None
    assert not perform(app, job).has_failed


def test_where_as_many_wait_as_people_can_look_through_the_others_stay(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    for _ in range(3):
        sqlite_post.deliver(sqlite_post.written(OURS))
    with pytest.raises(TooManyUnclear):
        sqlite_post.fetch()
    assert (len(sqlite_post.letters), len(sqlite_post.there)) == (2, 1)


def test_without_tls_nothing_is_said_to_a_server_that_should_speak_it(sqlite_post: Post) -> None:
    for tls in ("tls", "starttls"):
        sqlite_post.house.app.extensions["mailbox"] = reader_of(sqlite_post.mailbox, tls=tls)
        with pytest.raises(MailboxAway):
            sqlite_post.fetch()


def test_a_server_is_believed_by_its_certificate_alone(sqlite_post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = tmp_path / "imap.pem"
    pem.write_bytes(certificate())
    with running("imap", tmp_path / "imap") as there:
        sqlite_post.house.app.extensions["mailbox"] = reader_of(there, tls="tls")
        imap.put(there, sqlite_post.written(OURS))
        with pytest.raises(MailboxAway):
            sqlite_post.fetch()
        trusting = ssl.create_default_context(cafile=pem)
        monkeypatch.setattr(gateway.ssl, "create_default_context", lambda: trusting)
        assert sqlite_post.fetch() == 1


def certificate() -> bytes:
    """A certificate of this machine, signed by itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imap")])
    now, here = datetime.now(UTC), x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).add_extension(here, critical=False)
    written = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    return written + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_worker_killed_between_keeping_and_deleting_loses_nothing_and_doubles_nothing(
    sqlite_environment: dict[str, str], sqlite_post: Post, tmp_path: Path
) -> None:
    case = quiet_case(sqlite_post.house.world)
    sqlite_post.deliver(sqlite_post.written(told_to(case, sqlite_post.house)))
    for _ in range(2):
        sqlite_post.mailbox.order("STORE hold")
        kill_when_held(sqlite_environment, sqlite_post.mailbox, tmp_path)
        assert len(sqlite_post.there) == 1
    sqlite_post.house.now += timedelta(hours=1)
    sqlite_post.fetch()
    sqlite_post.take()
    assert (sqlite_post.ends, sqlite_post.there) == ([("taken", None)], {})
    assert said_in(case) == ["Tôi bổ sung: cột thứ hai"]
    assert db.session.scalar(select(func.count()).select_from(IncomingLetter)) == 1


def kill_when_held(variables: dict[str, str], mailbox: Outside, folder: Path) -> None:
    """Until the mailbox holds the order to delete; then SIGKILL."""
    own = variables | {
        "LANGBIANG_IMAP_URL": f"imap://{imap.USER}:m%E1%BA%ADt%20kh%E1%BA%A9u@127.0.0.1:{mailbox.port}?tls=no",
        "LANGBIANG_MAILBOX": OURS, "LANGBIANG_AUTHSERV_ID": SERVER,
    }  # fmt: skip
    (mailbox.folder / "held").unlink(missing_ok=True)
    nowhere = Outside(folder, 9)
    worker = started(own, nowhere, nowhere)
    try:
        mailbox.wait_for_file("held")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
