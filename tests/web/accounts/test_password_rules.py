"""New passwords: which are refused, why, and how lists of stolen ones are looked into."""
from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from flask import Flask

from tests import build
from tests.web.desk import Office
from tests.web.pages import words_of
from web.accounts.breached_passwords import OURS, ListUnusable, PasswordList
from web.accounts.password_lists import open_lists
from web.accounts.password_rules import weakness_of
from web.config import Config, SettingRefused

NUMBERS = random.Random(7).sample(range(10**6), 60)
WORDS = sorted({f"{word}{number}" for word in ("hoa", "matkhau", "zzz", "A", "Đà Lạt ") for number in NUMBERS}, key=str.encode)


def digest(word: str) -> str:
    return hashlib.sha1(word.encode()).hexdigest().upper()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_every_password_of_a_list_is_found_and_no_other(tmp_path: Path, end: str, last: bool) -> None:
    lists = {"words": WORDS, "digests": sorted(f"{digest(word)}:{len(word) ** 3}" for word in WORDS),
             "bare": sorted(digest(word).lower() for word in WORDS)}  # fmt: skip
    for name, lines in lists.items():
        path = tmp_path / name
        path.write_bytes((end.join(lines) + (end if last else "")).encode())
        found = PasswordList(path)
        assert [word for word in WORDS if word not in found] == []
        assert [word for word in WORDS if f"{word}x" in found or word[:-1] + "~" in found] == []
        assert "" not in found
    one = tmp_path / "one"
    one.write_text("matkhau-duy-nhat", encoding="utf-8")
    assert "Matkhau-Duy-Nhat" in PasswordList(one), "of words, capitals hide nothing"


def test_a_file_that_hides_what_is_in_it_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "list"
    for content, words in (("\n".join(random.Random(3).sample(WORDS, len(WORDS))), "not sorted"), ("", "empty")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ListUnusable, match=words):
            PasswordList(path)
    for value in (path, tmp_path / "nowhere"):
        with pytest.raises(SettingRefused, match="LANGBIANG_BREACHED_PASSWORDS"):
            open_lists(Config.from_environment({"LANGBIANG_DATA": str(tmp_path), "LANGBIANG_BREACHED_PASSWORDS": str(value)}))


def test_our_own_list_holds_the_three_thousand_most_used_and_none_that_is_too_short() -> None:
    lines = OURS.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 3_000
    assert min(map(len, lines)) >= 8
    assert all(word in PasswordList(OURS) for word in ("password", "12345678", "qwertyuiop", "Matkhau123", "anhyeuem"))


@pytest.mark.parametrize("password", [
    "langbiang", "LangBiang2026!", "phananh-12345", "tran-thi-mai-1", "TrầnThịMai88", "0912345678", "mai0912345678", "operator1",
    "lacduong2026", "aaaaaaaa", "abababab"])  # fmt: skip
def test_names_of_person_and_place_with_digits_are_refused(sqlite_app: Flask, password: str) -> None:
    with sqlite_app.test_request_context():
        assert weakness_of(password, about=["Trần Thị Mai", "operator", "0912 345 678", "Trung tâm Điều hành Lạc Dương"])


@pytest.mark.parametrize("password", ["mưa rừng đầu mùa", "khong co chu hoa nao", "tôi thích cà phê", "Mai đi chợ phiên", "xk-2jp-9qd"])
def test_nothing_else_is_asked_of_a_password(sqlite_app: Flask, password: str) -> None:
    with sqlite_app.test_request_context():
        assert not weakness_of(password, about=["Trần Thị Mai"], lists=[PasswordList(OURS)])


def test_every_page_that_takes_a_new_password_says_why_not(sqlite_app: Flask, tmp_path: Path) -> None:
    office = Office(sqlite_app)
    stolen = tmp_path / "stolen"
    stolen.write_text(digest("Mưa rừng 2024") + ":12\n", encoding="ascii")
    office.app.extensions["password_lists"] = (PasswordList(OURS), PasswordList(stolen))
    new = {"name": "Ha Lem", "phone": "0905111222", "consent": "y"}
    register = {**new, "password": "Mưa rừng 2024", "password_again": "Mưa rừng 2024"}
    page = words_of(office.app.test_client().post("/register", data=register))
    assert "Mật khẩu này đã lộ" in page
    assert "Ha Lem" in office.app.test_client().post("/register", data=register).text, "what was typed stays"
    change = {"present": build.PASSWORD, "password": "trustno1", "password_again": "trustno1"}
    assert "Mật khẩu này đã lộ" in words_of(office.post("operator", "/account/password", **change))
