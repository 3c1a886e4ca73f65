"""The scanner of the canary must itself be trusted: it finds a mark in every dress, and none where none is."""
from __future__ import annotations

import base64
import gzip
import html
import io
import json
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
import zstandard

from tests.system.canary import IN_FILE, IN_PHOTO, IN_VOICE, marked_photo, marked_voice
from tests.system.marks import Mark, found_in

NAME, PHONE = Mark("name", "Quách Tỉnh Zýndar"), Mark("phone", "976543219")
MARKS = (NAME, PHONE)


def zipped(text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", text)
    return target.getvalue()


def tarred(text: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("inner.txt")
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


DRESSES: dict[str, Callable[[str], bytes | str]] = {
    "as written": str, "upper case": str.upper, "lower case": str.lower,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "JSON": json.dumps, "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "in an address": quote, "in a form": quote_plus,
    "HTML": html.escape, "HTML numbers": lambda text: "".join(f"&#x{ord(sign):x};" for sign in text),
    "UTF-16": lambda text: text.encode("utf-16"), "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()), "base64 shifted": lambda text: base64.b64encode(b"x" + text.encode() + b"yy"),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(b"xy" + text.encode()),
    "hexadecimal": lambda text: text.encode().hex(), "gzip": lambda text: gzip.compress(text.encode()),
    "zstd": lambda text: zstandard.compress(text.encode()), "zip": zipped, "tar": tarred,
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_finds_a_name_in_every_dress(dress: str) -> None:
    assert found_in(DRESSES[dress]("Gửi lúc 10:00 bởi Quách Tỉnh Zýndar, Xã Lát."), MARKS) == {"name"}


@pytest.mark.parametrize("phone", ["0976543219", "+84976543219", "0976 543 219", "0976.543.219", "+84 976-543-219", "(0976) 543 219"])
def test_finds_a_phone_number_however_it_is_grouped(phone: str) -> None:
    assert found_in(f"Gọi {phone} trước 17:00", MARKS) == {"phone"}


@pytest.mark.parametrize("text", ["Quách Tỉnh nhận lúc 9:00", "0976 543 218", "LD-2026-000123", "", "Zyndar"])
def test_finds_nothing_where_there_is_nothing(text: str) -> None:
    assert found_in(text, MARKS) == set()


def test_the_marked_photo_holds_every_mark_of_a_file() -> None:
    assert found_in(marked_photo(), IN_FILE) == {mark.name for mark in IN_PHOTO}


def test_the_marked_voice_note_holds_every_mark_of_it() -> None:
    assert found_in(marked_voice(), IN_VOICE) == {mark.name for mark in IN_VOICE}
